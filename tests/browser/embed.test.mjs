// <push-pull> in the sizes that Share offers, in a page of somebody else: what its reader needs is in
// sight.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seek } from './story.mjs';
import { call, frames, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

/** A page with a widget of this size, paused two seconds into the first lesson. */
async function embed(width, height) {
  const opened = await house.open({
    path: 'embedding.html',
    size: { width: width + 100, height: height + 100 },
    context: { reducedMotion: 'no-preference' },
    before: (page) => page.route('**/embedding.html', (route) => route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Elsewhere</title><link rel="icon" href="icon.svg"><script type="module" src="push-pull.js"></script>
        <push-pull lesson="one-plug" style="display: block; width: ${width}px; height: ${height}px"></push-pull>`,
    })),
  });
  await call(opened.page, 'pause');
  await seek(opened.page, 2_000);
  return opened;
}

/** Whether things of the stage lie in the part of it that can be seen, above what is docked there. */
async function inSight(page, ...things) {
  const stage = await page.getByRole('region', { name: 'What happens' }).boundingBox();
  const dock = page.getByRole('button', { name: /: show it$/ });
  const end = await dock.count() > 0 ? (await dock.boundingBox()).y : stage.y + stage.height;
  for (const thing of things) {
    const box = await thing.boundingBox();
    assert.ok(box.y >= stage.y && box.y + box.height <= end, `${thing}: ${JSON.stringify({ box, stage, end })}`);
  }
}

test('a small widget shows the plug and who reads, and says what its signs mean', async () => {
  const { page, check } = await embed(400, 620);
  const subscriber = page.locator('.stage').getByRole('button', { name: /^Redis subscriber billing/ });
  await inSight(page, page.getByRole('switch', { name: /^Plug of billing/ }), subscriber);
  for (const name of ['Journal', 'Tables', 'Light or dark']) assert.ok(!await page.getByRole('button', { name }).isVisible(), name);
  await page.getByRole('button', { name: 'Unplug billing' }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Signs and keys' }).click();
  const signs = page.getByRole('list', { name: 'Signs' });
  assert.ok(await signs.getByText('struck through: lost').isVisible());
  await page.keyboard.press('Escape');
  // The text is behind a tap, and covers neither the action nor the time.
  await page.getByRole('button', { name: 'More' }).click();
  assert.ok(await page.getByText('What will billing have missed?').isVisible());
  await page.getByRole('button', { name: 'Less' }).click();
  await frames(page, 2);
  await check();
});

for (const [width, height] of [[720, 780], [900, 780], [1100, 640]]) {
  test(`a widget of ${width} by ${height} px shows both lanes`, async () => {
    const { page, check } = await embed(width, height);
    const stage = page.locator('.stage');
    await inSight(page, stage.getByRole('button', { name: /^Redis server redis-1/ }), stage.getByRole('button', { name: /^Partition orders-0/ }));
    await check();
  });
}
