// Finds what the first lesson needs of the engines, and writes the rest into later.txt: `make split`.
//
// It plays the lesson in a browser, in a page that counts, and as readers may meet it: wide and
// narrow, light and dark, playing by itself, still, and inside another page; their pointers pass over
// it, for that is when the second file is fetched. Run it after larger changes, or when the test says
// that the first lesson has asked for the second file.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { start } from '../../tests/browser/support.mjs';
import { called, counting } from './count.mjs';
import { lines } from './names.mjs';
import { SMALL } from './split.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Real time for which the lesson is watched: it comes to its first task long before. */
const WATCHED_MS = 20_000;

const READERS = [
  { size: { width: 1280, height: 800 } },
  { size: { width: 1920, height: 1080 }, context: { colorScheme: 'dark' } },
  { size: { width: 390, height: 844 }, context: { hasTouch: true } },
  { context: { reducedMotion: 'reduce', forcedColors: 'active' } },
  { path: 'widget.html', size: { width: 700, height: 500 } },
];

/** Kept in the first file whatever was called: a defect is told without a network. */
const TOLD = /panick|core::fmt|core::num::fmt|embed::failure|panic_hook|alloc_error|raw_vec.*handle_error/;

/** What a reader's first signs of life call, while the second file is on its way. */
async function touch(page) {
  const { width, height } = page.viewportSize();
  for (let y = 5; y < height; y += 40) await page.mouse.move(width, y).then(() => page.mouse.move(0, y + 20, { steps: 20 }));
  await page.mouse.wheel(0, 50);
  for (let n = 0; n < 12; n += 1) await page.keyboard.press('Tab');
  for (const method of ['pause', 'play']) await page.evaluate((name) => document.querySelector('push-pull')[name](), method);
  for (const key of [' ', ' ']) await page.keyboard.press(key);
}

/** The names of the functions that a reader's page has called. */
async function watch(house, bytes, reader) {
  const { page, close } = await house.open(reader);
  await page.evaluate(() => document.querySelector('push-pull').play());
  await page.waitForTimeout(WATCHED_MS);
  await touch(page);
  const names = await page.evaluate(async () => {
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    const module = await import(loaded.find((name) => new URL(name).pathname.endsWith('/pushpull.js')));
    const exports = await module.default();
    return Object.entries(exports).filter(([, value]) => value instanceof WebAssembly.Global && value.value === 1).map(([name]) => name);
  });
  await close();
  const yes = new Set(names);
  return [...called(bytes, (name) => yes.has(name))].filter(({ was }) => was).map(({ name }) => name);
}

execFileSync(join(root, 'scripts/build'), { env: { ...process.env, PUSHPULL_SPLIT: 'no' }, stdio: 'inherit' });
const folder = mkdtempSync(join(tmpdir(), 'pushpull-'));
const bytes = readFileSync(join(root, 'dist/pushpull_bg.wasm'));
writeFileSync(join(folder, 'pushpull_bg.wasm'), counting(bytes));
writeFileSync(join(folder, 'widget.html'), '<!doctype html><title>widget</title><script type="module" src="push-pull.js"></script><push-pull lesson="one-plug" autoplay></push-pull>');
const house = await start({ folders: [folder] });
try {
  const all = [...called(bytes, () => false)];
  const early = new Set(all.map(({ name }) => name).filter((name) => TOLD.test(name)));
  for (const reader of READERS) for (const name of await watch(house, bytes, reader)) early.add(name);
  const later = new Set(all.filter(({ name, length }) => length >= SMALL && !early.has(name)).map(({ name }) => name));
  writeFileSync(new URL('later.txt', import.meta.url), `${lines(later, early).join('\n')}\n`);
  console.log(`${early.size} functions are needed first, ${later.size} later; now run make build`);
} finally {
  await house.close();
  rmSync(folder, { recursive: true });
}
