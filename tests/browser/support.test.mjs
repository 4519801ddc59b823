// The record of problems must see problems: otherwise every clean page below proves nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { frames, start } from './support.mjs';

let house;
before(async () => {
  house = await start({ folders: [fileURLToPath(new URL('pages/', import.meta.url))] });
});
after(() => house.close());

test('a page that does everything wrong is seen through', async () => {
  const { page, problems, close } = await house.open({ path: 'bad.html', ready: false });
  await frames(page, 2);
  const seen = (pattern) => assert.ok(problems.some((words) => pattern.test(words)), `${pattern} in:\n${problems.join('\n')}`);
  seen(/^CSP: style-src-attr blocked inline/);
  seen(/^CSP: script-src-elem blocked inline/);
  seen(/^CSP: img-src blocked http:\/\/127\.0\.0\.1:9\//);
  seen(/^404: .*missing\.png$/);
  seen(/^console error: said on purpose$/);
  seen(/^uncaught: Error: thrown on purpose/);
  assert.equal(await page.evaluate(() => window.inline), undefined);
  await close();
});
