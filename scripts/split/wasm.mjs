// A WebAssembly module as bytes: reading its sections, and writing them again.
//
// Knows the binary format (https://webassembly.github.io/spec/core/binary/) as far as the compiler
// of this project uses it, and fails on what it does not know. Knows nothing of what is in a module.

export const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11, dataCount: 12, tag: 13 };
export const KIND = { function: 0, table: 1, memory: 2, global: 3 };
const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** A cursor over bytes. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get done() { return this.at >= this.bytes.length; }

  byte() { return this.bytes[this.at++]; }

  /** An unsigned LEB128 number of at most 32 bits. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Passes a LEB128 number of any kind. */
  skipNumber() { while (this.byte() >= 0x80); }

  take(length) { return this.bytes.subarray(this.at, this.at += length); }

  text() { return new TextDecoder().decode(this.take(this.number())); }

  /** Whatever `read` passes, as bytes. */
  raw(read) {
    const from = this.at;
    read(this);
    return this.bytes.subarray(from, this.at);
  }

  list(read) { return Array.from({ length: this.number() }, () => read(this)); }
}

/** The bytes of an unsigned number as LEB128. */
export function number(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** The bytes of a signed 32-bit number as LEB128. */
export function signed(value) {
  const bytes = [];
  for (; value < -64 || value > 63; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value & 0x7f];
}

export const text = (words) => sized([...new TextEncoder().encode(words)]);

/** Bytes behind their length. */
export const sized = (bytes) => joined([number(bytes.length), bytes]);

/** Items, each as bytes, behind their count. */
export const list = (items) => joined([number(items.length), ...items]);

/** Many pieces as one. */
export function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function limits(reader) {
  const [flags, min] = [reader.number(), reader.number()];
  return { min, max: flags & 1 ? reader.number() : undefined };
}

export const limitsBytes = ({ min, max }) => [max === undefined ? 0 : 1, ...number(min), ...(max === undefined ? [] : number(max))];

function functionType(reader) {
  if (reader.byte() !== 0x60) throw new Error('a type that is no function\'s');
  return { parameters: reader.list((r) => r.byte()).length, results: reader.list((r) => r.byte()).length };
}

function imported(reader) {
  const [module, name, kind] = [reader.text(), reader.text(), reader.byte()];
  if (kind !== KIND.function) throw new Error(`${module}.${name}: an import that is no function`);
  return { module, name, type: reader.number() };
}

/** An instruction sequence that gives a constant, with its end. */
const constant = (reader) => reader.raw(() => walk(reader, () => {}));

/** Only the two kinds that the compiler writes: functions by index into a table, at a constant place. */
function element(reader) {
  const flag = reader.number();
  if (flag !== 0 && flag !== 2) throw new Error(`element segment of kind ${flag}`);
  if (flag === 2 && reader.number() !== 0) throw new Error('an element segment for another table');
  if (reader.byte() !== 0x41) throw new Error('an element segment at no constant place');
  const place = reader.number();
  if (reader.byte() !== 0x0b) throw new Error('an element segment at no constant place');
  if (flag === 2 && reader.byte() !== 0) throw new Error('an element segment of no functions');
  return { place, functions: reader.list((r) => r.number()) };
}

const READ = {
  [SECTION.type]: ['types', (r) => { let type; const raw = r.raw(() => { type = functionType(r); }); return { ...type, raw }; }],
  [SECTION.import]: ['imports', imported],
  [SECTION.function]: ['functions', (r) => r.number()],
  [SECTION.table]: ['tables', (r) => ({ type: r.byte(), limits: limits(r) })],
  [SECTION.memory]: ['memories', limits],
  [SECTION.global]: ['globals', (r) => ({ type: r.byte(), mutable: r.byte(), value: constant(r) })],
  [SECTION.export]: ['exports', (r) => ({ name: r.text(), kind: r.byte(), index: r.number() })],
  [SECTION.element]: ['elements', element],
  [SECTION.code]: ['bodies', (r) => r.take(r.number())],
};

/** A module's parts by name; what is kept as it is stands in `others`, and `names` are the functions'. */
export function parse(bytes) {
  if (!HEADER.every((byte, n) => bytes[n] === byte)) throw new Error('no WebAssembly module');
  const module = { types: [], imports: [], functions: [], tables: [], memories: [], globals: [], exports: [], elements: [], bodies: [], others: new Map(), names: new Map() };
  for (const file = new Reader(bytes, HEADER.length); !file.done;) {
    const [id, section] = [file.byte(), new Reader(file.take(file.number()))];
    if (READ[id]) {
      const [name, read] = READ[id];
      module[name] = section.list(read);
    } else if (id === SECTION.custom) {
      if (section.text() === 'name') module.names = names(section);
    } else if (id === SECTION.start) {
      module.start = section.number();
    } else if (id === SECTION.data || id === SECTION.dataCount) {
      module.others.set(id, section.bytes);
    } else {
      throw new Error(`section ${id}`);
    }
  }
  return module;
}

/** The functions' names out of the section of names. */
function names(section) {
  while (!section.done) {
    const [id, part] = [section.byte(), new Reader(section.take(section.number()))];
    if (id === 1) return new Map(part.list((r) => [r.number(), r.text()]));
  }
  return new Map();
}

/** The file of sections, each [id, bytes], in the order that the format wants; empty ones are left out. */
export function file(sections) {
  const order = [SECTION.type, SECTION.import, SECTION.function, SECTION.table, SECTION.memory, SECTION.global, SECTION.export, SECTION.start, SECTION.element, SECTION.dataCount, SECTION.code, SECTION.data];
  return joined([HEADER, ...order.flatMap((id) => {
    const bytes = sections.get(id);
    return bytes?.length ? [[id], sized(bytes)] : [];
  })]);
}

/** The bytes of the parts that are lists, as `parse` gave them. */
export const write = {
  types: (types) => list(types.map(({ raw }) => raw)),
  functionImport: ({ module, name, type }) => joined([text(module), text(name), [KIND.function], number(type)]),
  table: ({ type, limits: size }) => [type, ...limitsBytes(size)],
  global: ({ type, mutable, value }) => joined([[type, mutable], value]),
  export: ({ name, kind, index }) => joined([text(name), [kind], number(index)]),
  element: ({ place, functions }) => joined([[0, 0x41], signed(place), [0x0b], list(functions.map(number))]),
};

/**
 * Passes one instruction sequence with its end. Tells `call` of each function's index: where it
 * stands, where it ends, and which instruction has it.
 */
export function walk(reader, call) {
  for (let depth = 1; depth > 0;) {
    const code = reader.byte();
    const index = () => {
      const from = reader.at;
      call(reader.number(), from, reader.at, code);
    };
    if (code === 0x0b) depth -= 1;
    else if (code >= 0x02 && code <= 0x04) { depth += 1; reader.skipNumber(); }
    else if (code === 0x10 || code === 0x12 || code === 0xd2) index();
    else if (code === 0x11 || code === 0x13) { reader.skipNumber(); reader.skipNumber(); }
    else if (code === 0x0c || code === 0x0d || (code >= 0x20 && code <= 0x26) || (code >= 0x3f && code <= 0x42) || code === 0xd0) reader.skipNumber();
    else if (code === 0x0e) { reader.list((r) => r.skipNumber()); reader.skipNumber(); }
    else if (code === 0x1c) reader.list((r) => r.skipNumber());
    else if (code >= 0x28 && code <= 0x3e) { reader.skipNumber(); reader.skipNumber(); }
    else if (code === 0x43) reader.take(4);
    else if (code === 0x44) reader.take(8);
    else if (code === 0xfc) {
      const more = reader.number();
      const operands = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1][more];
      if (operands === undefined) throw new Error(`instruction 0xfc ${more}`);
      for (let n = 0; n < operands; n += 1) reader.skipNumber();
    } else if (!(code <= 0x01 || code === 0x05 || code === 0x0f || code === 0x1a || code === 0x1b || (code >= 0x45 && code <= 0xc4) || code === 0xd1)) {
      throw new Error(`instruction 0x${code.toString(16)}`);
    }
  }
}

/** Where the instructions of a function's body begin: behind its locals. */
export function code(body) {
  const reader = new Reader(body);
  reader.list((r) => { r.skipNumber(); r.byte(); });
  return reader.at;
}
