// The engines' two files: the second one comes when it is needed, and not before.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start } from './support.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let house;
before(async () => { house = await start(); });
after(() => house.close());

/** A page that keeps a list of its requests for the second file. */
async function open(options) {
  const asked = [];
  const opened = await house.open({
    ...options,
    before: async (page) => page.on('request', (request) => {
      if (new URL(request.url()).pathname.endsWith('/pushpull_rest.wasm')) asked.push(request.resourceType());
    }),
  });
  return { ...opened, asked };
}

test('the first lesson plays without the second file', async () => {
  const { page, check, asked } = await open();
  await page.waitForTimeout(6000);
  assert.deepEqual(asked, [], 'functions it needs are in the second file: run make split');
  await check();
});

test('a reader who is about to do something is given it, once', async () => {
  const { page, check, asked } = await open();
  await page.mouse.move(500, 300);
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('pushpull_rest.wasm')));
  await page.mouse.click(500, 300);
  assert.equal(asked.length, 1);
  await check();
});

test('another lesson has it from the start', async () => {
  const { check, asked } = await open({ path: '?lesson=poison' });
  assert.deepEqual(asked, ['fetch']);
  await check();
});

test('engines that come to need it fetch it themselves', async () => {
  const { page, check, asked } = await open();
  const shop = readFileSync(`${root}benches/shop.json`, 'utf8');
  const events = await page.evaluate(async (lesson) => {
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    const { simulate } = await import(loaded.find((name) => new URL(name).pathname.endsWith('/pushpull.js')));
    return simulate(lesson, 1000);
  }, shop);
  assert.ok(events > 0);
  assert.deepEqual(asked, ['xhr']);
  await check();
});
