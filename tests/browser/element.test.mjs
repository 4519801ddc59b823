// <push-pull> as an element of somebody's page: it comes, goes, and fails in words.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, frames, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

/** How many elements the first widget has drawn. */
const drawn = (page) => page.evaluate(() => document.querySelector('push-pull').shadowRoot.querySelectorAll('.push-pull *').length);

test('it can be taken out and put back', async () => {
  const { page, check } = await house.open();
  const before = await drawn(page);
  assert.ok(before > 0);
  const empty = await page.evaluate(async () => {
    const widget = document.querySelector('push-pull');
    widget.remove();
    const left = widget.shadowRoot.querySelectorAll('.push-pull *').length;
    document.body.append(widget);
    await widget.ready;
    return left;
  });
  assert.equal(empty, 0);
  assert.ok(await drawn(page) > 0);
  await check();
});

test('two widgets on one page load the engines once', async () => {
  const engines = [];
  const { page, check } = await house.open({
    before: async (page) => {
      page.on('request', (request) => {
        if (new URL(request.url()).pathname.endsWith('.wasm')) engines.push(request.url());
      });
    },
  });
  const second = await page.evaluate(async () => {
    const widget = document.createElement('push-pull');
    document.body.append(widget);
    await widget.ready;
    return widget.shadowRoot.querySelectorAll('.push-pull *').length;
  });
  assert.ok(second > 0);
  assert.equal(engines.length, 1);
  await check();
});

test('a widget that was taken out while it loaded does not start', async () => {
  const { page, check } = await house.open();
  const left = await page.evaluate(async () => {
    const widget = document.createElement('push-pull');
    document.body.append(widget);
    widget.remove();
    await document.querySelector('push-pull').ready;
    await new Promise((resolve) => { requestAnimationFrame(resolve); });
    return widget.shadowRoot.querySelectorAll('.push-pull').length;
  });
  assert.equal(left, 0);
  await check();
});

test('the theme attribute is the widget\'s, and may change', async () => {
  const { page, check } = await house.open();
  const themes = await page.evaluate(() => {
    const widget = document.querySelector('push-pull');
    const root = widget.shadowRoot.querySelector('.push-pull');
    return ['dark', 'light', 'sepia'].map((theme) => {
      widget.setAttribute('theme', theme);
      return root.dataset.theme ?? null;
    });
  });
  assert.deepEqual(themes, ['dark', 'light', null]);
  await check();
});

test('a program that fails gives the run back up to the last deed', async () => {
  // Engines that fail as src/embed/failure.rs tells it, once a deed is done.
  const engines = `export default async () => {};
    export async function mount(root) {
      let commands = 0;
      root.innerHTML = '<p>It runs.</p>';
      return {
        progress: () => ({ lesson: 'one-plug', step: 1, steps: 1, done: [false], commands }),
        link: () => 'pp1.given-back',
        command: () => { commands += 1; root.append('.'); },
        pause: () => { root.innerHTML = '<div class="notice defect" role="alert"><h1>It stopped.</h1><p>Reload.</p><pre>why</pre></div>'; },
        unmount: () => {},
      };
    }`;
  const { page, check } = await house.open({
    before: (page) => page.route('**/pushpull.js*', (route) => route.fulfill({ body: engines, contentType: 'text/javascript' })),
  });
  await page.evaluate(() => new Promise((resolve) => {
    const widget = document.querySelector('push-pull');
    widget.addEventListener('progress', ({ detail }) => { if (detail.commands === 1) resolve(); });
    widget.command({});
  }));
  await page.evaluate(() => document.querySelector('push-pull').pause());
  const link = page.getByRole('link', { name: 'Go on from your last deed' });
  assert.match(await link.getAttribute('href'), /#pp1\.given-back$/);
  await check();
});

test('the style sheet is asked for once, and tokens have its colours however late it comes', async () => {
  const asked = [];
  let compiled;
  const engines = new Promise((resolve) => { compiled = resolve; });
  let ready;
  const shown = new Promise((resolve) => { ready = resolve; });
  const { page, check } = await house.open({
    ready: false,
    before: async (page) => {
      page.on('response', (response) => { if (response.url().includes('.wasm')) compiled(); });
      await page.route('**/push-pull.css*', async (route) => {
        asked.push(route.request().url());
        // The first comes after the engines; one that is asked for again comes too late.
        await (asked.length === 1 ? engines : shown);
        await route.continue();
      });
    },
  });
  await page.evaluate(() => document.querySelector('push-pull').ready);
  await call(page, 'pause');
  await call(page, 'seek', 2_000);
  await frames(page, 3);
  const colours = await page.evaluate(() => {
    const canvas = document.querySelector('push-pull').shadowRoot.querySelector('.stage canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let n = 0; n < data.length; n += 4) if (data[n + 3] === 255) found.add(data.slice(n, n + 3).join());
    return [...found];
  });
  ready();
  // Of Okabe and Ito's palette (www/css/1-base.css), as the first lesson's keys have them.
  const keys = ['230,159,0', '86,180,233', '204,121,167', '213,94,0'];
  assert.ok(keys.some((key) => colours.includes(key)), colours.slice(0, 8).join(' '));
  assert.equal(asked.length, 1);
  await check();
});

test('where only the engines are refused, a reader is led to the page', async () => {
  const { page, close } = await house.open({
    path: 'embedding.html', ready: false,
    before: async (page) => {
      await page.route('**/embedding.html', (route) => route.fulfill({
        contentType: 'text/html',
        body: '<script type="module" src="push-pull.js"></script><push-pull lesson="poison"><p>Poison</p></push-pull>',
      }));
      await page.route('**/pushpull.js*', (route) => route.abort());
    },
  });
  const link = page.getByRole('alert').getByRole('link', { name: 'See it on its own page.' });
  assert.match(await link.getAttribute('href'), /\/\?lesson=poison$/);
  assert.ok(await page.getByText('Poison', { exact: true }).isVisible());
  await close();
});

test('engines that cannot be loaded are said in words, beside the static text', async () => {
  const { page, close } = await house.open({
    ready: false,
    before: (page) => page.route('**/*.wasm*', (route) => route.fulfill({ status: 404, body: '' })),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /^This animation could not start: ./);
  assert.ok(await page.getByRole('heading', { level: 1, name: 'pushpull' }).isVisible());
  assert.equal(await page.evaluate(() => document.querySelector('push-pull').ready.then(() => 'kept', () => 'broken')), 'broken');
  await close();
});
