// The first frame as a picture, drawn by the engines that were just built: what a reader sees
// until they run in the browser.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Loads the engines from a built page's folder. */
async function engines(folder) {
  // Node takes a file for a module by its name.
  const place = mkdtempSync(join(tmpdir(), 'pushpull-'));
  try {
    const file = join(place, 'pushpull.mjs');
    writeFileSync(file, readFileSync(join(folder, 'pushpull.js')));
    const module = await import(pathToFileURL(file));
    module.initSync({ module: readFileSync(join(folder, 'pushpull_bg.wasm')) });
    return module;
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** The stills by file name: a wide and a narrow one, in both themes. */
export async function stills(folder, lesson) {
  const { still } = await engines(folder);
  const sizes = { wide: [1100, 640], narrow: [390, 560] };
  return Object.fromEntries(Object.entries(sizes).flatMap(([size, [width, height]]) =>
    ['light', 'dark'].map((theme) => [`still-${size}-${theme}.svg`, still(lesson, AT_MS, width, height, theme === 'dark')])));
}

/** When the first messages are under way, in milliseconds of virtual time. */
const AT_MS = 260;
