// Keeps the whole site for a reader without a network. Only the site's own pages register it
// (site/offline.js); a widget in somebody's page never does.
//
// A build is kept whole or not at all: each file is compared with the hash that its build wrote
// down, so the parts of two builds never meet. A newer build waits until the reader asks for it
// or the last page is closed.

/** Filled in by the build: its name, and each file's SHA-256 in hexadecimal digits. */
const BUILD = '';
const FILES = {};

const PREFIX = `pushpull ${new URL(self.registration.scope).pathname} `;
const CACHE = PREFIX + BUILD;
const HOME = new URL('index.html', self.registration.scope).href;

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Fetches one file and puts it into the cache, if it is the one of this build. */
async function take(cache, [name, hash]) {
  const address = new URL(name, self.registration.scope);
  const answer = await fetch(address, { cache: 'no-cache' });
  const bytes = await answer.clone().arrayBuffer();
  if (!answer.ok || hex(await crypto.subtle.digest('SHA-256', bytes)) !== hash) {
    throw new Error(`${name} is not of build ${BUILD}`);
  }
  await cache.put(address, answer);
}

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    try {
      await Promise.all(Object.entries(FILES).map((file) => take(cache, file)));
    } catch (error) {
      await caches.delete(CACHE);
      throw error;
    }
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener('message', ({ data }) => {
  if (data === 'now') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  // The query names a lesson, or the build; neither names another file.
  url.search = '';
  url.hash = '';
  const file = url.href === self.registration.scope ? HOME : url.href;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    return (await cache.match(file)) ?? fetch(request);
  })());
});
