// The part of a release build that splits the engines: trunk's pushpull_bg.wasm becomes that and
// pushpull_rest.wasm, and pushpull.js learns to load the second (split.mjs says how it works).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { among } from './names.mjs';
import { split } from './split.mjs';

const beside = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Splits the engines in a built page's folder. */
export function splitEngines(folder) {
  const [module, script] = ['pushpull_bg.wasm', 'pushpull.js'].map((name) => join(folder, name));
  const [first, rest] = split(readFileSync(module), among(beside('later.txt')));
  writeFileSync(module, first);
  writeFileSync(join(folder, 'pushpull_rest.wasm'), rest);
  // What wasm-bindgen gives the first file, and what that wants besides.
  const imports = '"./pushpull_bg.js": import0,';
  const text = readFileSync(script, 'utf8');
  if (text.split(imports).length !== 2) throw new Error(`${script} should have ${imports} once`);
  writeFileSync(script, text.replace(imports, `${imports}\n        "first": { load: restNow },`) + beside('glue.js'));
}
