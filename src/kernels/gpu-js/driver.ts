/**
 * The function by which a thread does a piece of a call in gpu.js's form. Of the module's functions, `run(start, end, seed)`
 * computes elements one by one and `run_simd` four by four, which must lie in one row.
 *
 * The context: status, elements in a piece, a number for each argument (an address, or its value), the result's address; each
 * a float64.
 */
import { Bytes, I32, plain } from '../emit/encoder.js';
import { F32, memoryFill, op } from './binary.js';
import type { ArgumentKind } from './library.js';

export interface Relocation {
  readonly kinds: readonly ArgumentKind[];
  /** Elements of each argument that is an array. */
  readonly sizes: readonly number[];
  /** Elements of the result, of a row of it, and the numbers that each has. */
  readonly cells: number;
  readonly row: number;
  readonly components: number;
}

export const WORD = 8;
/** Words of the context before those of the arguments. */
export const HEAD = 2;
/** The type of a block without a result. */
const EMPTY = 0x40;

/** The globals that say where arguments and the result are, or what they are. */
export interface Places {
  /** By argument; behind them that of the result. */
  readonly of: readonly number[];
  readonly globals: readonly Uint8Array[];
}

export function placesOf({ kinds }: Relocation, first: number): Places {
  const address = Uint8Array.of(I32, 1, op.i32Const, 0, op.end);
  const value = Uint8Array.of(F32, 1, op.f32Const, 0, 0, 0, 0, op.end);
  const globals = [...kinds.map((kind) => (kind === 'array' ? address : value)), address];
  return { of: globals.map((_, i) => first + i), globals };
}

/**
 * The function that a thread calls for a piece: it reads the context, clears its part of the result (of what the function
 * leaves out every run must answer the same), and computes it.
 */
export function driver(
  { kinds, cells, row, components }: Relocation,
  { of }: Places,
  run: number,
  runFour: number,
): Uint8Array<ArrayBuffer> {
  const [INDEX, CONTEXT, CELL, END, LAST, QUADS] = [1, 2, 3, 4, 5, 6];
  const code = new Bytes();
  const put = (opcode: number, index: number): void => {
    code.byte(opcode);
    code.unsigned(index);
  };
  const get = (local: number): void => put(op.localGet, local);
  const set = (local: number): void => put(op.localSet, local);
  const i32 = (value: number): void => {
    code.byte(op.i32Const);
    code.signed(value);
  };
  const word = (index: number): void => {
    get(CONTEXT);
    code.raw([op.f64Load, 3]);
    code.unsigned(index * WORD);
  };
  /** The smaller of what is on the stack and a bound. */
  const lesser = (bound: () => void): void => {
    put(op.localTee, LAST);
    bound();
    get(LAST);
    bound();
    code.raw([plain.i32LtU, plain.select]);
  };
  const call = (callee: number, from: number, to: number): void => {
    get(from);
    get(to);
    i32(0);
    put(op.call, callee);
  };

  code.raw([1, 4, I32]);
  of.forEach((global, i) => {
    word(HEAD + i);
    if (kinds[i] === undefined || kinds[i] === 'array') code.byte(op.i32TruncF64U);
    else if (kinds[i] === 'number') code.byte(plain.f32DemoteF64);
    else code.raw([op.i32TruncF64U, op.f32Load, 2, 0]);
    put(op.globalSet, global);
  });
  // from where to where
  get(INDEX);
  word(1);
  code.raw([op.i32TruncF64U, plain.i32Mul]);
  put(op.localTee, CELL);
  word(1);
  code.raw([op.i32TruncF64U, plain.i32Add]);
  lesser(() => i32(cells));
  set(END);
  // zeros
  const bytes = components * 4;
  put(op.globalGet, of.at(-1)!);
  get(CELL);
  i32(bytes);
  code.raw([plain.i32Mul, plain.i32Add]);
  i32(0);
  get(END);
  get(CELL);
  code.byte(plain.i32Sub);
  i32(bytes);
  code.byte(plain.i32Mul);
  code.raw(memoryFill);
  if (row % 4 === 0) {
    call(runFour, CELL, END);
  } else {
    // what of each row is four by four, then the rest of it
    code.raw([op.loop, EMPTY]);
    get(CELL);
    i32(row);
    code.byte(op.i32DivU);
    i32(1);
    code.byte(plain.i32Add);
    i32(row);
    code.byte(plain.i32Mul);
    lesser(() => get(END));
    set(LAST);
    get(CELL);
    get(LAST);
    get(CELL);
    code.byte(plain.i32Sub);
    i32(-4);
    code.raw([op.i32And, plain.i32Add]);
    set(QUADS);
    call(runFour, CELL, QUADS);
    call(run, QUADS, LAST);
    get(LAST);
    put(op.localTee, CELL);
    get(END);
    code.byte(plain.i32LtU);
    put(op.brIf, 0);
    code.byte(op.end);
  }
  code.byte(op.end);
  return code.done();
}
