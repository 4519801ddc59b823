// A module that says of each of its functions whether it has been called.

import { Reader, SECTION, KIND, code, file, joined, limitsBytes, list, number, parse, sized, write } from './wasm.mjs';
import { plain } from './names.mjs';

/** What an export is called that is 1 when the function has run. */
const CALLED = '$called';

/** The module with one more global and export for each function: 0, or 1 once it was called. */
export function counting(bytes) {
  const module = parse(bytes);
  const globals = module.globals.length;
  // i32.const 1; global.set
  const counted = (body, n) => {
    const from = code(body);
    return sized(joined([body.subarray(0, from), [0x41, 1, 0x24], number(globals + n), body.subarray(from)]));
  };
  return file(new Map([
    [SECTION.type, write.types(module.types)],
    [SECTION.import, list(module.imports.map(write.functionImport))],
    [SECTION.function, list(module.functions.map(number))],
    [SECTION.table, list(module.tables.map(write.table))],
    [SECTION.memory, list(module.memories.map(limitsBytes))],
    [SECTION.global, list([...module.globals.map(write.global), ...module.bodies.map(() => [0x7f, 1, 0x41, 0, 0x0b])])],
    [SECTION.export, list([
      ...module.exports,
      ...module.bodies.map((_, n) => ({ name: CALLED + n, kind: KIND.global, index: globals + n })),
    ].map(write.export))],
    [SECTION.start, module.start === undefined ? [] : number(module.start)],
    [SECTION.element, list(module.elements.map(write.element))],
    [SECTION.dataCount, module.others.get(SECTION.dataCount) ?? []],
    [SECTION.code, list(module.bodies.map(counted))],
    [SECTION.data, module.others.get(SECTION.data) ?? []],
  ]));
}

/** Each function's name, length in bytes and whether it was called, by the exports of the module that counts. */
export function* called(bytes, wasCalled) {
  const { imports, bodies, names } = parse(bytes);
  for (const [n, body] of bodies.entries()) {
    const name = names.get(imports.length + n);
    if (name) yield { name: plain(name), length: body.length, was: wasCalled(CALLED + n) };
  }
}
