// Splits the engines in two files: what the first lesson needs, and the rest, fetched when it is
// needed or about to be.
//
// Every function of the rest that the first file may reach has a slot in the table, and in the first
// file a stub, which has the rest loaded if it is not yet there and then calls through the slot. So
// nothing in the sources knows of it, and a function that is in the wrong file costs time, not truth.

import { Reader, SECTION, KIND, code, file, joined, limitsBytes, list, number, parse, signed, sized, walk, write } from './wasm.mjs';
import { plain } from './names.mjs';

const END = 0x0b;
/** The names that the two files and glue.js have agreed on. */
const LINK = { module: 'first', load: 'load', loaded: '$loaded' };

/**
 * Bytes of a function that is never moved. From one build to the next the compiler may put so small
 * a function into its callers or take it out again, and merge it with another of the same code: that
 * it had no call of its own says little.
 */
export const SMALL = 200;

/** The functions that a body calls, by index. */
function calls(body, each) {
  const reader = new Reader(body, code(body));
  walk(reader, (callee, _from, _to, instruction) => {
    // A reference would have to be declared in the file that has it; the compiler writes none.
    if (instruction === 0xd2) throw new Error('a function refers to another');
    each(callee);
  });
}

/** A body with other indices for the functions it calls. */
function renumbered(body, index) {
  const pieces = [];
  let done = 0;
  walk(new Reader(body, code(body)), (callee, from, to) => {
    pieces.push(body.subarray(done, from), number(index(callee)));
    done = to;
  });
  return sized(joined([...pieces, body.subarray(done)]));
}

/** `[first, rest]`: the two files of a module whose functions have names. `isLater` knows names. */
export function split(bytes, isLater) {
  const module = parse(bytes);
  const { imports, bodies, functions, names } = module;
  const typeOf = (index) => (index < imports.length ? imports[index].type : functions[index - imports.length]);
  const all = bodies.map((_, n) => imports.length + n);
  const body = (index) => bodies[index - imports.length];
  const later = new Set(all.filter((index) => body(index).length >= SMALL && names.has(index) && isLater(plain(names.get(index)))));
  if (module.start !== undefined) later.delete(module.start);
  const [early, late] = [all.filter((index) => !later.has(index)), [...later]];

  // What the first file may reach of the rest, and the rest of the first file.
  const stubs = new Set();
  const wanted = new Set();
  for (const index of early) calls(body(index), (callee) => later.has(callee) && stubs.add(callee));
  for (const { functions: entries } of module.elements) for (const index of entries) if (later.has(index)) stubs.add(index);
  for (const { kind, index } of module.exports) if (kind === KIND.function && later.has(index)) stubs.add(index);
  for (const index of late) calls(body(index), (callee) => later.has(callee) || wanted.add(callee));

  return [first(), rest()];

  function first() {
    const load = imports.length;
    const nothing = module.types.findIndex(({ parameters, results }) => parameters + results === 0);
    if (nothing < 0) throw new Error('no type for a function of nothing');
    const order = [...early, ...stubs];
    const numbers = new Map(order.map((index, n) => [index, load + 1 + n]));
    const renumber = (index) => (index < imports.length ? index : numbers.get(index));
    const ready = load + 1 + order.length;
    const loaded = module.globals.length;
    const size = module.tables[0].limits.min;
    // local.get of each parameter, i32.const of the slot, call_indirect
    const stub = (index, slot) => sized(joined([[0, 0x10], number(ready),
      ...Array.from({ length: module.types[typeOf(index)].parameters }, (_, n) => [0x20, ...number(n)]),
      [0x41], signed(slot), [0x11], number(typeOf(index)), [0, END]]));
    // global.get; i32.eqz; if; call; end
    const check = sized(joined([[0, 0x23], number(loaded), [0x45, 0x04, 0x40, 0x10], number(load), [END, END]]));
    const shared = [
      ...module.tables.map((_, index) => ({ name: `$t${index}`, kind: KIND.table, index })),
      ...module.memories.map((_, index) => ({ name: `$m${index}`, kind: KIND.memory, index })),
      ...module.globals.map((_, index) => ({ name: `$g${index}`, kind: KIND.global, index })),
      ...[...wanted].map((index, n) => ({ name: n.toString(36), kind: KIND.function, index: renumber(index) })),
      { name: LINK.loaded, kind: KIND.global, index: loaded },
    ];
    const own = module.exports.map((entry) => (entry.kind === KIND.function ? { ...entry, index: renumber(entry.index) } : entry));
    return file(new Map([
      [SECTION.type, write.types(module.types)],
      [SECTION.import, list([...imports, { module: LINK.module, name: LINK.load, type: nothing }].map(write.functionImport))],
      [SECTION.function, list([...order.map((index) => number(typeOf(index))), number(nothing)])],
      [SECTION.table, list(module.tables.map(({ type, limits: { min, max } }, n) => {
        const more = n === 0 ? stubs.size : 0;
        return write.table({ type, limits: { min: min + more, max: max === undefined ? max : max + more } });
      }))],
      [SECTION.memory, list(module.memories.map(limitsBytes))],
      [SECTION.global, list([...module.globals, { type: 0x7f, mutable: 1, value: [0x41, 0, END] }].map(write.global))],
      [SECTION.export, list([...own, ...shared].map(write.export))],
      [SECTION.start, module.start === undefined ? [] : number(renumber(module.start))],
      [SECTION.element, list(module.elements.map(({ place, functions: entries }) => write.element({ place, functions: entries.map(renumber) })))],
      [SECTION.dataCount, module.others.get(SECTION.dataCount) ?? []],
      [SECTION.code, list([...early.map((index) => renumbered(body(index), renumber)), ...[...stubs].map((index, n) => stub(index, size + n)), check])],
      [SECTION.data, module.others.get(SECTION.data) ?? []],
    ]));
  }

  function rest() {
    const from = (name, description) => joined([sized([...new TextEncoder().encode(LINK.module)]), sized([...new TextEncoder().encode(name)]), description]);
    const numbers = new Map([...[...wanted].map((index, n) => [index, n]), ...late.map((index, n) => [index, wanted.size + n])]);
    const renumber = (index) => numbers.get(index);
    const table = module.tables[0].limits;
    // The slots of the stubs, and for what is called through the table the way past its stub.
    const places = module.elements.flatMap(({ place, functions: entries }) => entries.flatMap((index, n) => (later.has(index) ? [[place + n, index]] : [])));
    const runs = [];
    for (const [place, index] of [...places.sort(([a], [b]) => a - b), ...[...stubs].map((index, n) => [table.min + n, index])]) {
      const last = runs.at(-1);
      if (last && last.place + last.functions.length === place) last.functions.push(renumber(index));
      else runs.push({ place, functions: [renumber(index)] });
    }
    return file(new Map([
      [SECTION.type, write.types(module.types)],
      [SECTION.import, list([
        ...[...wanted].map((index, n) => from(n.toString(36), [KIND.function, ...number(typeOf(index))])),
        ...module.tables.map(({ type, limits }, n) => from(`$t${n}`, [KIND.table, type, ...limitsBytes({ min: limits.min + (n === 0 ? stubs.size : 0), max: limits.max === undefined || n > 0 ? limits.max : limits.max + stubs.size })])),
        ...module.memories.map((limits, n) => from(`$m${n}`, [KIND.memory, ...limitsBytes(limits)])),
        ...module.globals.map(({ type, mutable }, n) => from(`$g${n}`, [KIND.global, type, mutable])),
      ])],
      [SECTION.function, list(late.map((index) => number(typeOf(index))))],
      [SECTION.element, list(runs.map(write.element))],
      [SECTION.code, list(late.map((index) => renumbered(body(index), renumber)))],
    ]));
  }
}
