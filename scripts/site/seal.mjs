// The last step of a release build: names the build in the files that must know it, so that a
// browser's caches never mix two of them, and writes down what belongs to it.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The engines: two files that fit each other alone. */
const ENGINES = ['pushpull.js', 'pushpull_bg.wasm'];
/** Not kept for a reader without a network: the keeper itself, and what only others fetch. */
const NOT_KEPT = new Set(['sw.js', 'social.png', '404.html']);

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Replaces in a file what must stand there exactly once. */
function change(path, from, to) {
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${path} should have ${from} once`);
  writeFileSync(path, text.replace(from, () => to));
}

/** Every file beneath a folder, with its hash, by its address. */
export function files(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length).replaceAll('\\', '/').replace(/^\//, ''))
    .filter((name) => !NOT_KEPT.has(name) && !name.endsWith('.schema.json'));
  return Object.fromEntries(names.sort().map((name) => [name, sha256(readFileSync(join(folder, name)))]));
}

/** Seals a built page. */
export function seal(folder) {
  const engines = sha256(ENGINES.map((name) => sha256(readFileSync(join(folder, name)))).join()).slice(0, 12);
  for (const name of ['push-pull.js', 'site/offline.js']) change(join(folder, name), "const BUILD = ''", `const BUILD = '${engines}'`);
  for (const name of [...ENGINES, 'push-pull.js']) change(join(folder, 'index.html'), `href="${name}"`, `href="${name}?v=${engines}"`);
  change(join(folder, 'index.html'), 'src="push-pull.js"', `src="push-pull.js?v=${engines}"`);
  const all = files(folder);
  change(join(folder, 'sw.js'), "const BUILD = '';", `const BUILD = '${sha256(JSON.stringify(all)).slice(0, 12)}';`);
  change(join(folder, 'sw.js'), 'const FILES = {};', `const FILES = ${JSON.stringify(all)};`);
}
