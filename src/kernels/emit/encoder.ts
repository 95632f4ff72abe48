/**
 * Writing WebAssembly: bytes, numbers in LEB128, one function's code with its locals, and a module around it. Only what
 * the generator needs; opcodes are the specification's.
 */

export const I32 = 0x7f;
export const V128 = 0x7b;
type ValueType = typeof I32 | typeof V128;

/** Growing bytes. */
export class Bytes {
  #data = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#data.length) this.#grow(this.#length + 1);
    this.#data[this.#length++] = value;
  }

  /** A whole number ≥ 0, as LEB128. */
  unsigned(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /** A signed 32-bit number, as LEB128. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  name(text: string): void {
    this.append(new TextEncoder().encode(text));
  }

  /** Bytes, their number before them. */
  append(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#data.length) this.#grow(this.#length + bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#data.slice(0, this.#length);
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, 2 * this.#data.length));
    larger.set(this.#data);
    this.#data = larger;
  }
}

/** Opcodes of plain instructions. */
export const plain = {
  return: 0x0f,
  i32GeS: 0x4e,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GeU: 0x4f,
  i32Eqz: 0x45,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32Shl: 0x74,
  i32TruncSatF64: 0xfc02,
  select: 0x1b,
  f32DemoteF64: 0xb6,
} as const;

/** Opcodes after the SIMD prefix. */
export const simd = {
  load: 0,
  load64Splat: 10,
  load32Splat: 9,
  load8Splat: 7,
  load32Zero: 92,
  store: 11,
  store32Lane: 90,
  const: 12,
  shuffle: 13,
  i8x16Abs: 96,
  i8x16NarrowS: 101,
  i8x16NarrowU: 102,
  i16x8NarrowS: 133,
  i16x8NarrowU: 134,
  i16x8ExtendLowU: 137,
  i32x4Splat: 17,
  f32x4Splat: 19,
  f64x2Splat: 20,
  i32x4Eq: 55,
  i32x4Ne: 56,
  i32x4LtS: 57,
  i32x4LtU: 58,
  i32x4GtS: 59,
  i32x4GtU: 60,
  i32x4LeS: 61,
  i32x4LeU: 62,
  i32x4GeS: 63,
  i32x4GeU: 64,
  f32x4Eq: 65,
  f32x4Ne: 66,
  f32x4Lt: 67,
  f32x4Gt: 68,
  f32x4Le: 69,
  f32x4Ge: 70,
  f64x2Eq: 71,
  f64x2Ne: 72,
  f64x2Lt: 73,
  f64x2Gt: 74,
  f64x2Le: 75,
  f64x2Ge: 76,
  not: 77,
  and: 78,
  andnot: 79,
  or: 80,
  xor: 81,
  bitselect: 82,
  anyTrue: 83,
  demote: 94,
  promoteLow: 95,
  f32x4Ceil: 103,
  f32x4Floor: 104,
  f32x4Trunc: 105,
  f32x4Nearest: 106,
  f64x2Ceil: 116,
  f64x2Floor: 117,
  f64x2Trunc: 122,
  f64x2Nearest: 148,
  i32x4ExtendLowU: 169,
  i32x4Abs: 160,
  i32x4Neg: 161,
  i32x4Shl: 171,
  i32x4ShrS: 172,
  i32x4ShrU: 173,
  i32x4Add: 174,
  i32x4Sub: 177,
  i32x4Mul: 181,
  i32x4MinS: 182,
  i32x4MinU: 183,
  i32x4MaxS: 184,
  i32x4MaxU: 185,
  i64x2ExtendLowS: 199,
  i64x2ExtendHighS: 200,
  f32x4Abs: 224,
  f32x4Neg: 225,
  f32x4Sqrt: 227,
  f32x4Add: 228,
  f32x4Sub: 229,
  f32x4Mul: 230,
  f32x4Div: 231,
  f32x4Min: 232,
  f32x4Max: 233,
  f64x2Abs: 236,
  f64x2Neg: 237,
  f64x2Sqrt: 239,
  f64x2Add: 240,
  f64x2Sub: 241,
  f64x2Mul: 242,
  f64x2Div: 243,
  f64x2Min: 244,
  f64x2Max: 245,
  f32x4ConvertS: 250,
  f32x4ConvertU: 251,
  truncSatZeroU: 253,
  f64x2ConvertLowS: 254,
  f64x2ConvertLowU: 255,
} as const;

const STRUCTURED_EMPTY = 0x40;

/** The code of one function: parameters are the first locals. */
export class Code {
  readonly #start = new Bytes();
  readonly #rest = new Bytes();
  #bytes = this.#rest;
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  local(type: ValueType): number {
    return this.#parameters + this.#locals.push(type) - 1;
  }

  /** Adds to what comes before everything else: where constants are read that turn out to be needed on the way. */
  atStart(write: () => void): void {
    const before = this.#bytes;
    this.#bytes = this.#start;
    write();
    this.#bytes = before;
  }

  op(opcode: number): void {
    if (opcode > 0xff) this.#bytes.byte(opcode >> 8);
    this.#bytes.byte(opcode & 0xff);
  }

  simd(opcode: number): void {
    this.#bytes.byte(0xfd);
    this.#bytes.unsigned(opcode);
  }

  i32(value: number): void {
    this.#bytes.byte(0x41);
    this.#bytes.signed(value);
  }

  get(local: number): void {
    this.#bytes.byte(0x20);
    this.#bytes.unsigned(local);
  }

  set(local: number): void {
    this.#bytes.byte(0x21);
    this.#bytes.unsigned(local);
  }

  tee(local: number): void {
    this.#bytes.byte(0x22);
    this.#bytes.unsigned(local);
  }

  /** Sixteen zero bytes. */
  zero(): void {
    this.simd(simd.const);
    this.#bytes.raw(new Uint8Array(16));
  }

  shuffle(lanes: readonly number[]): void {
    this.simd(simd.shuffle);
    this.#bytes.raw(lanes);
  }

  /** A SIMD load or store at an offset of the address on the stack. */
  simdMemory(opcode: number, offset: number, lane?: number): void {
    this.simd(opcode);
    this.#bytes.byte(0);
    this.#bytes.unsigned(offset);
    if (lane !== undefined) this.#bytes.byte(lane);
  }

  i32Load(offset: number): void {
    this.#bytes.byte(0x28);
    this.#bytes.byte(2);
    this.#bytes.unsigned(offset);
  }

  i32Load8(offset: number): void {
    this.#bytes.byte(0x2d);
    this.#bytes.byte(0);
    this.#bytes.unsigned(offset);
  }

  f64Load(offset: number): void {
    this.#bytes.byte(0x2b);
    this.#bytes.byte(3);
    this.#bytes.unsigned(offset);
  }

  block(inside: () => void): void {
    this.#structured(0x02, inside);
  }

  loop(inside: () => void): void {
    this.#structured(0x03, inside);
  }

  if(inside: () => void): void {
    this.#structured(0x04, inside);
  }

  br(depth: number): void {
    this.#bytes.byte(0x0c);
    this.#bytes.unsigned(depth);
  }

  brIf(depth: number): void {
    this.#bytes.byte(0x0d);
    this.#bytes.unsigned(depth);
  }

  call(index: number): void {
    this.#bytes.byte(0x10);
    this.#bytes.unsigned(index);
  }

  done(): Uint8Array {
    const body = new Bytes();
    const runs: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(type);
    }
    body.raw(this.#start.done());
    body.raw(this.#rest.done());
    body.byte(0x0b);
    return body.done();
  }

  #structured(opcode: number, inside: () => void): void {
    this.#bytes.byte(opcode);
    this.#bytes.byte(STRUCTURED_EMPTY);
    inside();
    this.#bytes.byte(0x0b);
  }
}

/** A function of `env` that takes `parameters` i32 and answers nothing. */
export interface ImportedFunction {
  readonly name: string;
  readonly parameters: number;
}

function section(module: Bytes, id: number, write: (bytes: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  module.byte(id);
  module.append(content.done());
}

/**
 * A module with the shared memory and these functions of `env` as imports, and one export `run` of three i32. Imported
 * functions have the indices 0, 1, … in `code`.
 */
export function writeModule(
  imports: readonly ImportedFunction[],
  maximumPages: number,
  code: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const module = new Bytes();
  module.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const counts = [3, 4].filter((count) => count === 3 || imports.some(({ parameters }) => parameters === count));
  section(module, 1, (types) => {
    types.unsigned(counts.length);
    for (const count of counts) types.raw([0x60, count, ...new Array<number>(count).fill(I32), 0]);
  });
  section(module, 2, (list) => {
    list.unsigned(imports.length + 1);
    list.name('env');
    list.name('memory');
    list.raw([0x02, 0x03]);
    list.unsigned(0);
    list.unsigned(maximumPages);
    for (const { name, parameters } of imports) {
      list.name('env');
      list.name(name);
      list.byte(0x00);
      list.unsigned(counts.indexOf(parameters));
    }
  });
  section(module, 3, (functions) => functions.raw([1, 0]));
  section(module, 7, (exports) => {
    exports.unsigned(1);
    exports.name('run');
    exports.byte(0x00);
    exports.unsigned(imports.length);
  });
  section(module, 10, (functions) => {
    functions.unsigned(1);
    functions.append(code);
  });
  return module.done();
}
