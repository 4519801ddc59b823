// Functions by name: which stand in the engines' second file.
//
// later.txt lists the large ones that playing the first lesson does not call. A line is a whole name, or with
// * at its end the beginning of names, or after # the hash of a long name, as those of generic
// functions are. A function that is new is in no line unless its module is, so it stands in the
// first file.

import { createHash } from 'node:crypto';

/** A name that is longer stands as its hash. */
const LONG = 70;
const hashed = (name) => `#${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
const short = (name) => (name.length > LONG ? hashed(name) : name);

/** A name without what differs from one place or compiler to another. */
export const plain = (name) => name.replace(/\[[0-9a-f]{8,16}\]/g, '').replace(/::h[0-9a-f]{16}$/, '');

/** Whether a plain name is in a list of lines. */
export function among(text) {
  const lines = text.split('\n').filter(Boolean);
  const whole = new Set(lines.filter((line) => !line.endsWith('*')));
  const beginnings = lines.filter((line) => line.endsWith('*')).map((line) => line.slice(0, -1));
  return (name) => whole.has(short(name)) || beginnings.some((beginning) => name.startsWith(beginning));
}

/** The lines for the names in `later`, none of which is in `early`: as few as will do. */
export function lines(later, early) {
  const [sorted, others] = [[...later].sort(), [...early].sort()];
  const found = [];
  for (let n = 0; n < sorted.length;) {
    const beginning = cuts(sorted[n]).find((cut) => !others.some((name) => name.startsWith(cut)));
    const same = beginning ? sorted.slice(n).findIndex((name) => !name.startsWith(beginning)) : 1;
    const count = same < 0 ? sorted.length - n : same;
    found.push(count > 1 ? `${beginning}*` : short(sorted[n]));
    n += count;
  }
  return found.sort();
}

/** Where a name may be cut: behind a module inside a crate, the shortest first. */
const cuts = (name) => [...name.matchAll(/::/g)]
  .map(({ index }) => name.slice(0, index + 2))
  .filter((cut) => /^<?\w+::(\w+::)+$/.test(cut));
