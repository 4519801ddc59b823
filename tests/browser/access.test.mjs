// The page with keys, with assistive technology, in forced colours and on a phone: what has a name,
// what a key means after a click, and what axe-core finds wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { onePlug, pull, putBack, quiet, seek, state } from './story.mjs';
import { accessibilityFaults, call, frames, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

const MOVING = { reducedMotion: 'no-preference' };
const PHONE = { size: { width: 390, height: 844 }, context: { hasTouch: true, isMobile: true, deviceScaleFactor: 2, ...MOVING } };
const WIDE = { size: { width: 1440, height: 900 }, context: MOVING };

const button = (page, name) => page.getByRole('button', { name, exact: true });
const item = (page, name) => page.getByRole('menuitem', { name });
const shape = (page, name) => page.locator('.stage').getByRole('button', { name });

/** A page at rest, two seconds into its lesson. */
async function open(options) {
  const opened = await house.open(options);
  await call(opened.page, 'pause');
  await seek(opened.page, 2_000);
  return opened;
}

// ------------------------------------------------------------------------------------------ Space

test('after a click Space plays and pauses; where keys have come it presses', async () => {
  const { page, check } = await open(WIDE);
  await pull(page).click();
  await putBack(page).waitFor();
  for (const playing of [true, false, true, false]) {
    await page.keyboard.press('Space');
    assert.equal((await state(page)).playing, playing);
  }
  assert.ok(await putBack(page).isVisible(), 'Space plugged it in again');
  // The plug on the stage is clicked, too.
  await page.getByRole('switch', { name: /^Plug of billing/ }).click();
  await pull(page).waitFor();
  await page.keyboard.press('Space');
  assert.equal((await state(page)).playing, true);
  assert.ok(await pull(page).isVisible());
  await page.keyboard.press('Space');
  // By keys: the button before the first choice.
  await page.getByRole('radio').first().focus();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await putBack(page).waitFor();
  assert.equal((await state(page)).playing, false);
  await check();
});

// -------------------------------------------------------------------------------------------- axe

const wrong = async (page) => (await accessibilityFaults(page)).filter((fault) => /^(serious|critical)/.test(fault));

for (const [what, options, then] of [
  ['a phone', PHONE, async (page) => { await onePlug(page, { press: (face) => face.tap() }); }],
  ['a phone with the lesson open', PHONE, async (page) => { await button(page, 'More').tap(); }],
  ['a form', WIDE, async (page) => {
    await shape(page, /^Producer shop/).focus();
    await page.keyboard.press('m');
    await item(page, 'Rate …').click();
    await page.getByRole('dialog').waitFor();
  }],
  ['the other futures', WIDE, async (page) => {
    await onePlug(page);
    await seek(page, 2_500);
    await call(page, 'command', { setRate: { producer: 'shop', rate: '20/s' } });
    await seek(page, 4_000);
    await button(page, '1 other future').click();
    await page.getByRole('region', { name: 'fork: Other futures' }).waitFor();
  }],
  ['replicas by broker', { ...WIDE, path: '?template=replicated-cluster' }, async (page) => {
    await button(page, 'Jump and more').click();
    await item(page, 'Replicas by broker').click();
    await page.getByRole('img', { name: /^Replicas by broker/ }).waitFor();
  }],
  ['an open panel in the dark', { ...WIDE, context: { colorScheme: 'dark', ...MOVING } }, async (page) => {
    await onePlug(page);
    await shape(page, 'Redis Pub/Sub: 10 lost').click();
    await page.getByRole('region', { name: 'score: Redis: lost' }).waitFor();
  }],
  ['the signs and keys', WIDE, async (page) => { await button(page, 'Signs and keys').click(); }],
]) {
  test(`nothing serious is wrong for assistive technology: ${what}`, async () => {
    const { page, close } = await open(options);
    await then(page);
    await frames(page, 3);
    assert.deepEqual(await wrong(page), []);
    await close();
  });
}

// ------------------------------------------------------------------------------------------ wires

test('a wire has a name, is come to by arrows, and has its commands', async () => {
  const { page, check } = await open(WIDE);
  const wire = shape(page, 'connection of billing to redis-1');
  assert.equal(await wire.count(), 1);
  await wire.focus();
  await page.keyboard.press('Enter');
  assert.match((await state(page)).selected, /^connection of billing to redis-1/);
  await wire.focus();
  await page.keyboard.press('m');
  await item(page, 'Close the connection of billing').click();
  await seek(page, 2_100);
  assert.equal(await shape(page, 'connection of billing to redis-1').getAttribute('aria-pressed').catch(() => 'gone'), 'gone');
  await check();
});

// ---------------------------------------------------------------------------------- forced colours

test('in forced colours a token keeps its colour and its number', async () => {
  const { page, check } = await open({ size: { width: 1440, height: 900 }, context: { forcedColors: 'active', ...MOVING } });
  const swatches = await page.evaluate(() => {
    const root = document.querySelector('push-pull').shadowRoot;
    return ['key-0', 'key-1', 'on-key'].map((name) => getComputedStyle(root.querySelector(`.swatches .${name}`)).color);
  });
  assert.equal(new Set(swatches).size, 3, swatches.join());
  await check();
});

// ------------------------------------------------------------------------------------------- menus

test('a jump that leads nowhere is greyed with the reason, and a long menu has groups', async () => {
  const { page, check } = await open(WIDE);
  await button(page, 'Jump and more').click();
  const back = item(page, /^Previous loss/);
  assert.equal(await back.getAttribute('aria-disabled'), 'true');
  assert.match(await back.innerText(), /There was none before this\.$/);
  // Nobody knows yet whether one comes.
  assert.equal(await item(page, /^Next loss/).getAttribute('aria-disabled'), null);
  await item(page, /^Next loss/).click();
  await page.getByText('No loss in the next 60 s.').first().waitFor();
  await button(page, 'Jump and more').click();
  assert.equal(await item(page, /^Next loss/).getAttribute('aria-disabled'), 'true');
  await page.keyboard.press('Escape');
  await shape(page, /^Kafka consumer billing/).focus();
  await page.keyboard.press('m');
  assert.ok(await page.getByRole('menu').getByRole('separator').count() >= 3);
  await check();
});

test('a phone offers the lane that is not shown, and says which one is', async () => {
  const { page, check } = await open(PHONE);
  await button(page, 'Jump and more').tap();
  assert.match(await item(page, /^Show Redis/).innerText(), /It is shown so now\.$/);
  await item(page, /^Show Kafka/).tap();
  await shape(page, /^Partition orders-0/).waitFor();
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await check();
});

// --------------------------------------------------------------------------------------- selection

test('what is selected stays legible: its commands stand beside it', async () => {
  const { page, check } = await open(WIDE);
  for (const name of [/^Producer shop/, /^Redis server redis-1/, /^Kafka consumer billing/]) {
    const thing = shape(page, name);
    await thing.focus();
    await page.keyboard.press('Escape');
    await thing.click({ position: { x: 12, y: 12 } });
    const [a, b] = [await thing.locator('.hit').boundingBox(), await shape(page, 'Commands').boundingBox()];
    const apart = b.x >= a.x + a.width || b.x + b.width <= a.x || b.y >= a.y + a.height || b.y + b.height <= a.y;
    assert.ok(apart, `${name}: ${JSON.stringify([a, b])}`);
  }
  // A figure has no commands, and its ring does not touch its digits.
  await page.keyboard.press('Escape');
  const score = shape(page, 'Redis Pub/Sub: 0 lost');
  await score.click();
  assert.equal(await shape(page, 'Commands').count(), 0);
  const ring = await score.locator('.hit').boundingBox();
  for (const text of await page.locator('.stage').getByText('lost', { exact: true }).all()) {
    const box = await text.boundingBox();
    if (box.y > ring.y + ring.height || box.y < ring.y) continue;
    assert.ok(box.x > ring.x + 2 && box.x + box.width < ring.x + ring.width - 2, JSON.stringify([ring, box]));
  }
  await check();
});

test('a struck-out number is that message', async () => {
  const { page, check } = await open(WIDE);
  await onePlug(page);
  const lying = shape(page, /\blost: /);
  const chip = lying.locator('xpath=following-sibling::*[1]').locator('text', { hasText: /^\s*\d+\s*$/ }).last();
  const number = (await chip.textContent()).trim();
  const { x, y, width, height } = await chip.boundingBox();
  await page.mouse.click(x + width / 2, y + height / 2);
  assert.match((await state(page)).selected, new RegExp(`No\\. ${number}\\b`));
  await check();
});
