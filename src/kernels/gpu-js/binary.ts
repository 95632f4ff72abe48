/**
 * Reading WebAssembly as gpu.js writes it: the parts of a module, and instructions one after the other. What is not known is
 * an error, for nothing may be taken for something else.
 */
import { Bytes, plain, simd } from '../emit/encoder.js';

export const F32 = 0x7d;

/** Opcodes of the specification; those of SIMD follow its prefix as `SIMD + number`. */
export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  f32Load: 0x2a,
  f64Load: 0x2b,
  f32Store: 0x38,
  i32Const: 0x41,
  f32Const: 0x43,
  i32GtS: 0x4a,
  i32DivU: 0x6e,
  i32And: 0x71,
  i32TruncF64U: 0xab,
} as const;
const SATURATING = 0xfc;
export const memoryFill = [0xfc, 0x0b, 0] as const;
const SIMD_PREFIX = 0xfd;
export const SIMD = SIMD_PREFIX << 8;
/** A lane of a vector is read or replaced. */
const [FIRST_LANE, LAST_LANE] = [21, 34];

/** An instruction, with what follows its opcode. */
export interface Instruction {
  readonly opcode: number;
  /** The index of a local or the like; the offset of an access; a whole number; of four that are equal, that. */
  readonly value: number;
  /** Of an access. */
  readonly align: number;
  /** Its bytes. */
  readonly raw: Uint8Array;
}

export function nextInstruction(reader: Reader): Instruction {
  const from = reader.at;
  let opcode = reader.byte();
  let [value, align] = [0, 0];
  if (opcode === SATURATING) {
    if (reader.unsigned() > 7) throw unknownInstruction(opcode);
  } else if (opcode === SIMD_PREFIX) {
    const second = reader.unsigned();
    opcode = SIMD + second;
    if (second === simd.load || second === simd.store) {
      align = reader.unsigned();
      value = reader.unsigned();
    } else if (second === simd.const) {
      value = sameLane(reader.bytes(16));
    } else if (second === simd.shuffle) {
      reader.skip(16);
    } else if (second >= FIRST_LANE && second <= LAST_LANE) {
      value = reader.byte();
    } else if (second < simd.const) {
      throw unknownInstruction(opcode);
    }
  } else {
    switch (opcode) {
      case op.f32Load:
      case op.f32Store:
        align = reader.unsigned();
        value = reader.unsigned();
        break;
      case op.block:
      case op.loop:
      case op.if:
        reader.skip(1);
        break;
      case op.br:
      case op.brIf:
      case op.call:
      case op.localGet:
      case op.localSet:
      case op.localTee:
      case op.globalGet:
      case op.globalSet:
      case op.i32Const:
        value = reader.unsigned();
        break;
      case op.f32Const:
        reader.skip(4);
        break;
      default:
        if (!isPlain(opcode)) throw unknownInstruction(opcode);
    }
  }
  return { opcode, value, align, raw: reader.since(from) };
}

/** An instruction of one byte. */
function isPlain(opcode: number): boolean {
  const control = [0x00, 0x01, 0x05, op.end, plain.return, op.drop, plain.select];
  return control.includes(opcode) || (opcode >= 0x45 && opcode <= 0xc4);
}

function unknownInstruction(opcode: number): Error {
  return new Error(`it has an instruction that is not known: 0x${opcode.toString(16)}`);
}

/** The whole number that is in each of four lanes, or NaN. */
function sameLane(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const lanes = [0, 4, 8, 12].map((at) => view.getInt32(at, true));
  return lanes.every((lane) => lane === lanes[0]) ? lanes[0]! : Number.NaN;
}

/** What a module consists of. */
export interface Sections {
  readonly types: readonly { readonly parameters: number; readonly raw: Uint8Array }[];
  /** Functions that it imports. */
  readonly imports: readonly Uint8Array[];
  /** The type of each function of its own. */
  readonly functions: readonly number[];
  readonly globals: readonly Uint8Array[];
  readonly exports: ReadonlyMap<string, number>;
  readonly bodies: readonly Uint8Array[];
}

/** @throws Error for a module with other sections */
export function sectionsOf(module: Uint8Array): Sections {
  const types: { parameters: number; raw: Uint8Array }[] = [];
  const imports: Uint8Array[] = [];
  const functions: number[] = [];
  const globals: Uint8Array[] = [];
  const exports = new Map<string, number>();
  const bodies: Uint8Array[] = [];
  const file = new Reader(module);
  file.skip(8);
  while (!file.isDone) {
    const id = file.byte();
    const reader = new Reader(file.bytes(file.unsigned()));
    for (let count = reader.unsigned(); count > 0; count--) {
      const from = reader.at;
      switch (id) {
        case 1: {
          reader.skip(1);
          const parameters = reader.unsigned();
          reader.skip(parameters);
          reader.skip(reader.unsigned());
          types.push({ parameters, raw: reader.since(from) });
          break;
        }
        case 2:
          reader.skip(reader.unsigned());
          reader.skip(reader.unsigned());
          if (reader.byte() === 0x02) {
            const hasMaximum = (reader.byte() & 1) === 1;
            reader.unsigned();
            if (hasMaximum) reader.unsigned();
          } else {
            reader.unsigned();
            imports.push(reader.since(from));
          }
          break;
        case 3:
          functions.push(reader.unsigned());
          break;
        case 6: {
          reader.skip(2);
          const initial = reader.byte();
          if (initial === op.i32Const) reader.unsigned();
          else if (initial === op.f32Const) reader.skip(4);
          else if (initial === SIMD_PREFIX) reader.skip(17);
          else throw new Error('it has a global that is not known');
          reader.skip(1);
          globals.push(reader.since(from));
          break;
        }
        case 7: {
          const name = new TextDecoder().decode(reader.bytes(reader.unsigned()));
          reader.skip(1);
          exports.set(name, reader.unsigned());
          break;
        }
        case 10:
          bodies.push(reader.bytes(reader.unsigned()));
          break;
        default:
          throw new Error(`it has a section that is not known: ${id}`);
      }
    }
  }
  return { types, imports, functions, globals, exports, bodies };
}

/** Writes a section: a list of entries. */
export function section<T>(
  module: Bytes,
  id: number,
  entries: readonly T[],
  write: (bytes: Bytes, entry: T) => void,
): void {
  const content = new Bytes();
  content.unsigned(entries.length);
  for (const entry of entries) write(content, entry);
  module.byte(id);
  module.append(content.done());
}

/** Bytes read one after the other. */
export class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.at++] ?? 0;
  }

  skip(count: number): void {
    this.at += count;
  }

  bytes(count: number): Uint8Array {
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  since(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.at);
  }

  /** LEB128; of a signed number, as many bytes. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}
