// Makes the pictures that stand for the page elsewhere, from the first lesson in the built page while
// billing's plug is out: www/social.png, which a link to the site carries, and docs/first.png of the
// README.
//
//   . scripts/env.sh && node scripts/social.mjs      after make build

import { fileURLToPath } from 'node:url';
import { call, frames, start } from '../tests/browser/support.mjs';

const PICTURES = {
  // 1200 x 630 pixels, of a page that is somewhat larger.
  'www/social.png': { size: { width: 1440, height: 756 }, colorScheme: 'light', deviceScaleFactor: 1200 / 1440 },
  'docs/first.png': { size: { width: 1440, height: 900 }, colorScheme: 'dark', deviceScaleFactor: 1 },
};

const house = await start();
for (const [path, { size, ...context }] of Object.entries(PICTURES)) {
  const { page, close } = await house.open({ size, context: { reducedMotion: 'reduce', ...context } });
  await call(page, 'seek', 2400);
  await call(page, 'command', { unplug: { consumer: 'billing' } });
  await call(page, 'seek', 4600.4);
  await frames(page, 30);
  await page.screenshot({ path: fileURLToPath(new URL(`../${path}`, import.meta.url)) });
  await close();
}
await house.close();
