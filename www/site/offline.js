// Keeps the site for a reader without a network, and says when there is a newer one.

import { offer } from './offer.js';

/** Filled in by a release build; while the site is being written, every file comes fresh. */
const BUILD = '';

async function register() {
  const registration = await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url));
  const had = Boolean(navigator.serviceWorker.controller);
  const newer = (worker) => {
    offer('There is a newer version.', {
      Reload: () => {
        navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
        worker.postMessage('now');
      },
    });
  };
  if (registration.waiting && had) newer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker.addEventListener('statechange', () => {
      if (worker.state === 'installed' && had) newer(worker);
    });
  });
}

if (BUILD && 'serviceWorker' in navigator) {
  // After the page itself: what it needs comes first.
  const begin = () => { register().catch(() => {}); };
  if (document.readyState === 'complete') begin();
  else addEventListener('load', begin, { once: true });
}
