// The page as a stranger meets it: it loads, from its own files alone, and nothing complains.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accessibilityFaults, call, frames, picture, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

test('the page loads, plays and pauses without a complaint', async () => {
  const { page, check } = await house.open();
  assert.match(await page.title(), /^pushpull/);
  assert.ok(await page.locator('push-pull .push-pull > *').first().isVisible(), 'the widget drew nothing');
  await picture(page, 'first');
  await call(page, 'play');
  await frames(page, 10);
  await call(page, 'pause');
  await check();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the ${colorScheme} page is usable with assistive technology`, async () => {
    const { page, close } = await house.open({ context: { colorScheme } });
    await picture(page, `first-${colorScheme}`);
    // The checker itself offends against the page's policy, so complaints do not count here.
    assert.deepEqual(await accessibilityFaults(page), []);
    await close();
  });
}

test('a phone shows the page without scrolling sideways', async () => {
  const { page, check } = await house.open({ size: { width: 360, height: 740 } });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
  await picture(page, 'first-phone');
  await check();
});

test('without JavaScript the page says what it is', async () => {
  const { page, close } = await house.open({ ready: false, context: { javaScriptEnabled: false } });
  assert.ok(await page.getByRole('heading', { level: 1, name: 'pushpull' }).isVisible());
  const words = page.locator('noscript');
  assert.ok(await words.isVisible());
  assert.match(await words.textContent(), /needs JavaScript and WebAssembly/);
  await close();
});
