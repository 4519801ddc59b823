// The site without a network: it is kept whole once it was loaded, and a newer build never mixes
// with an older one. Served beneath a folder, as many hosts do.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { files } from '../../scripts/site/seal.mjs';
import { start } from './support.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let house;
let place;
let site;
before(async () => {
  place = mkdtempSync(join(tmpdir(), 'pushpull-'));
  site = join(place, 'some', 'folder');
  mkdirSync(site, { recursive: true });
  cpSync(`${root}dist`, site, { recursive: true });
  house = await start({ folders: [place] });
});
after(async () => {
  await house.close();
  rmSync(place, { recursive: true });
});

const PATH = 'some/folder/';
/** Resolves when the site's keeper has everything and answers for the page. */
const kept = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => { navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }); });
  }
});
const place1 = (page) => page.evaluate(() => document.querySelector('push-pull').progress());

test('once it was loaded it needs no network, lessons and pages included', async () => {
  const { page, close } = await house.open({ path: PATH, offline: true });
  await kept(page);
  await page.context().setOffline(true);
  await page.goto(`${house.address}${PATH}?lesson=one-plug`);
  await page.evaluate(() => document.querySelector('push-pull').ready);
  assert.equal((await place1(page)).lesson, 'one-plug');
  await page.goto(`${house.address}${PATH}lessons.html`);
  assert.ok(await page.getByRole('link', { name: 'One plug, both lanes' }).isVisible());
  await close();
});

test('the keeper knows every file of the build', () => {
  const text = readFileSync(join(site, 'sw.js'), 'utf8');
  const listed = JSON.parse(/^const FILES = (\{.*\});$/m.exec(text)[1]);
  assert.deepEqual(listed, files(site));
  assert.ok('pushpull_bg.wasm' in listed && 'index.html' in listed && 'lessons/one-plug.json' in listed);
});

test('a newer build is offered, and comes whole with a reload', async () => {
  const { page, close } = await house.open({ path: PATH, offline: true });
  await kept(page);
  const change = (name, from, to) => writeFileSync(join(site, name), readFileSync(join(site, name), 'utf8').replace(from, to));
  const before = readFileSync(join(site, 'sw.js'), 'utf8');
  const [title, was] = ['<title>pushpull: newer</title>', readFileSync(join(site, 'index.html'), 'utf8')];
  change('index.html', /<title>.*<\/title>/, title);
  try {
    // Files that are not those of their build are not kept at all: the deployment is under way.
    change('sw.js', /const BUILD = '\w+'/, "const BUILD = 'half'");
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
      const worker = registration.installing;
      if (worker) await new Promise((resolve) => { worker.addEventListener('statechange', () => { if (worker.state === 'redundant') resolve(); }); });
    });
    assert.equal(await page.evaluate(async () => (await caches.keys()).filter((name) => name.endsWith('half')).length), 0);
    await page.reload();
    assert.equal(await page.title(), 'pushpull: how messages really travel');
    // Now it is whole.
    change('sw.js', /const BUILD = '\w+'/, "const BUILD = 'newer'");
    change('sw.js', /const FILES = .*;/, `const FILES = ${JSON.stringify(files(site))};`);
    await page.reload();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.waitForFunction(() => document.title === 'pushpull: newer');
    assert.deepEqual(await page.evaluate(async () => (await caches.keys()).map((name) => name.split(' ').at(-1))), ['newer']);
  } finally {
    writeFileSync(join(site, 'index.html'), was);
    writeFileSync(join(site, 'sw.js'), before);
  }
  await close();
});

test('a widget in somebody else\'s page keeps nothing for it', async () => {
  const { page, check } = await house.open({
    path: `${PATH}elsewhere.html`,
    offline: true,
    before: (page) => page.route('**/elsewhere.html', (route) => route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>Elsewhere</title><script type="module" src="push-pull.js"></script><push-pull lesson="one-plug"></push-pull>',
    })),
  });
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  await check();
});
