// Pictures of the built page for people to look at: `make pictures`, or `make pictures ONLY=poison`.
//
// Every lesson and template, in the widths and themes that count, at the beginning and with messages
// under way, into pictures/ (ignored). Nothing is compared: a picture is right when somebody who
// looks at it says so.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { call, frames, start } from '../tests/browser/support.mjs';
import { parse } from './site/jsonc.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = `${root}pictures`;
const SIZES = { wide: { width: 1440, height: 900 }, medium: { width: 1024, height: 768 }, phone: { width: 390, height: 844 } };
const THEMES = ['light', 'dark'];
/** When the readers of the pictures let the producers send, in virtual milliseconds. */
const BURST_MS = 4000;
/** Virtual milliseconds that a run goes on for before it is looked at in motion. */
const LATER_MS = 4001;
/** How much further it is looked for an instant at which something moves. */
const STRIDE_MS = 3;
const LOOKS = 60;

const names = (of) => readdirSync(`${root}www/${of}`)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json')).map((name) => name.slice(0, -5)).sort();

/** Everything worth a picture: its address, and the file that it opens. */
const places = [
  ...names('lessons').map((name) => ({ name, path: `?lesson=${name}`, file: `lessons/${name}` })),
  ...names('templates').map((name) => ({ name: `template-${name}`, path: `?template=${name}`, file: `templates/${name}` })),
];

/** Lets every producer send a few messages at once: many lessons wait for their reader to do so. */
async function burst(page, file) {
  const { producers = [] } = parse(readFileSync(`${root}www/${file}.json`, 'utf8')).topology;
  for (const { name: producer } of producers) {
    // Refused where the lesson does not allow it or the producer sends by itself.
    await call(page, 'command', { burst: { producer, messages: 4 } }).catch(() => {});
  }
}

/** Goes to an instant at which something is under way, or stays at the last one looked at. */
async function motion(page) {
  for (let look = 0; look < LOOKS; look += 1) {
    await call(page, 'seek', LATER_MS + look * STRIDE_MS);
    const { tokens } = await call(page, 'state');
    if (tokens.length > 1) return;
  }
}

const only = process.env.ONLY ?? '';
const wanted = places.filter(({ name }) => name.includes(only));
if (wanted.length === 0) throw new Error(`no lesson or template has "${only}" in its name`);
if (!only) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const house = await start();
try {
  for (const { name, path, file } of wanted) {
    for (const [width, size] of Object.entries(SIZES)) {
      for (const colorScheme of THEMES) {
        const { page, problems, close } = await house.open({ path, size, context: { colorScheme, reducedMotion: 'reduce' } });
        await call(page, 'pause');
        if (colorScheme === 'light') await page.screenshot({ path: `${folder}/${name}-${width}-begin.png` });
        await call(page, 'seek', BURST_MS);
        await burst(page, file);
        await motion(page);
        await frames(page, 3);
        await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png` });
        for (const problem of problems) console.log(`${name} ${width} ${colorScheme}: ${problem}`);
        await close();
      }
    }
    console.log(name);
  }
} finally {
  await house.close();
}
