// Checks that each target carries its own dependencies only: what Cargo.toml gives to the native
// build alone must not reach the page's wasm, nor the page's crates the native build.

import { execFileSync } from 'node:child_process';

const cargo = (...values) => execFileSync('cargo', values, { encoding: 'utf8', maxBuffer: 1 << 26 });

const { packages } = JSON.parse(cargo('metadata', '--locked', '--no-deps', '--format-version', '1'));
const direct = packages[0].dependencies;
const only = (target) => direct.filter((entry) => entry.target === target && entry.kind === null).map((entry) => entry.name);
const nativeOnly = only('cfg(not(target_arch = "wasm32"))');
const pageOnly = only('cfg(target_arch = "wasm32")');

/**
 * The names of all crates in a build for `target`, but not what hangs below our own dependencies
 * in `below`: what a crate of the page needs is the page's, also when the native build names it.
 */
function tree(below, ...target) {
  const lines = cargo('tree', '--locked', '--edges', 'normal', '--prefix', 'depth', '--no-dedupe', '--format', ' {p}', ...target);
  const names = new Set();
  let skipping = false;
  for (const line of lines.split('\n').filter(Boolean)) {
    const [depth, name] = line.split(' ');
    if (depth === '1') skipping = below.includes(name);
    if (depth === '1' || !skipping) names.add(name);
  }
  return names;
}

const page = tree(pageOnly, '--target', 'wasm32-unknown-unknown');
const native = tree(nativeOnly);
const wrong = [
  ...nativeOnly.filter((name) => page.has(name)).map((name) => `${name} is native-only, and in the page's tree`),
  ...pageOnly.filter((name) => native.has(name)).map((name) => `${name} is the page's, and in the native tree`),
];
// Empty lists would make this check one that cannot fail.
if (nativeOnly.length === 0 || pageOnly.length === 0) wrong.push('Cargo.toml names no dependencies by target');
for (const line of wrong) console.error(line);
process.exitCode = wrong.length === 0 ? 0 : 1;
