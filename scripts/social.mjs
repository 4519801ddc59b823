// Makes www/social.png, the picture that a link to the site carries: the first lesson in the built
// page, while billing's plug is out.
//
//   . scripts/env.sh && node scripts/social.mjs      after make build

import { fileURLToPath } from 'node:url';
import { call, frames, start } from '../tests/browser/support.mjs';

const path = fileURLToPath(new URL('../www/social.png', import.meta.url));
const house = await start();
// 1200 x 630 pixels, of a page that is somewhat larger.
const context = { colorScheme: 'light', reducedMotion: 'reduce', deviceScaleFactor: 1200 / 1440 };
const { page } = await house.open({ size: { width: 1440, height: 756 }, context });
await call(page, 'seek', 2400);
await call(page, 'command', { unplug: { consumer: 'billing' } });
await call(page, 'seek', 4605);
await frames(page, 30);
await page.screenshot({ path });
await house.close();
