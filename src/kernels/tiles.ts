/**
 * How an iteration space is walked: axes of length 1 go, neighbours that every operand walks through without a gap
 * become one, and the operands get strides in bytes. The descriptor of assembly/elementwise.ts is made of it.
 */
import { itemSize } from '../array/dtype.js';
import type { ArraySpec } from '../array/ndarray.js';
import { rowMajorStrides } from '../array/ndarray.js';
import { type View, viewStrides } from '../array/view.js';
import type { HeapArray } from './contract.js';
import type { Program } from './emit/program.js';

/** How an operand lies along a row: assembly/elementwise.ts has the same numbers. */
export const CONTIGUOUS = 0;
export const SPLAT = 1;
export const GATHER = 2;
export const INDEX_F64 = 3;
export const INDEX_I32 = 4;

/** An operand's way through the iteration space. */
export interface Walk {
  /** The input, or −1 for an index. */
  readonly input: number;
  readonly bytes: number;
  /** Bytes from the array's start to the first element; for an index its first value. */
  readonly offset: number;
  /** In bytes for inputs, in steps for indices; one for each dimension. */
  readonly strides: readonly number[];
  /** INDEX_F64 or INDEX_I32 for an index. */
  readonly index: number | undefined;
}

export interface Space {
  readonly dims: readonly number[];
  /** The walk of each operand of the program, in its order. */
  readonly walks: readonly Walk[];
  /** The output's strides, in elements. */
  readonly out: readonly number[];
  /** For argmin: by how much the index grows along each dimension. */
  readonly index: readonly number[];
  /** For a reduction: whether each dimension is reduced. */
  readonly reduced: readonly boolean[];
}

/**
 * The iteration space of a call, with as few dimensions as its operands allow; at least one.
 *
 * @param outStrides the output's strides in elements along the axes of `shape`, 0 along reduced ones
 * @param reduced which axes are reduced
 * @param indexStrides by how much argmin's index grows along the axes
 */
export function spaceOf(
  program: Program,
  inputs: readonly ArraySpec[],
  views: readonly View[] | undefined,
  shape: readonly number[],
  outStrides: readonly number[],
  reduced: readonly boolean[] = shape.map(() => false),
  indexStrides: readonly number[] = shape.map(() => 0),
): Space {
  const all = program.operands.map((instruction): Walk => {
    if (instruction.op === 'index') {
      const index = instruction.dtype === 'float64' ? INDEX_F64 : INDEX_I32;
      const strides = shape.map((_, axis) => (axis === instruction.axis ? 1 : 0));
      return { input: -1, bytes: itemSize(instruction.dtype), offset: 0, strides, index };
    }
    const { input, dtype } = instruction;
    const bytes = itemSize(dtype);
    const view = views?.[input];
    const { strides, offset } =
      view === undefined ? { strides: rowMajorStrides(shape), offset: 0 } : viewStrides(view, inputs[input]!.shape);
    return { input, bytes, offset: offset * bytes, strides: strides.map((one) => one * bytes), index: undefined };
  });
  const ways = [...all.map(({ strides }) => strides), outStrides, indexStrides];
  const dims: number[] = [];
  const kinds: boolean[] = [];
  const merged: number[][] = ways.map(() => []);
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const isReduced = reduced[axis]!;
    const last = dims.length - 1;
    const joins =
      last >= 0 &&
      kinds[last] === isReduced &&
      ways.every((strides, i) => merged[i]![last] === strides[axis]! * length);
    if (joins) dims[last]! *= length;
    else {
      dims.push(length);
      kinds.push(isReduced);
    }
    ways.forEach((strides, i) => {
      merged[i]![dims.length - 1] = strides[axis]!;
    });
  });
  if (dims.length === 0) {
    dims.push(1);
    kinds.push(reduced.length > 0 && reduced.every(Boolean));
    for (const strides of merged) strides.push(0);
  }
  return {
    dims,
    walks: all.map((walk, i) => ({ ...walk, strides: merged[i]! })),
    out: merged.at(-2)!,
    index: merged.at(-1)!,
    reduced: kinds,
  };
}

/** The dimensions of a space in another order. */
export function reorder({ dims, walks, out, index, reduced }: Space, order: readonly number[]): Space {
  const pick = <T>(list: readonly T[]): T[] => order.map((axis) => list[axis]!);
  return {
    dims: pick(dims),
    walks: walks.map((walk) => ({ ...walk, strides: pick(walk.strides) })),
    out: pick(out),
    index: pick(index),
    reduced: pick(reduced),
  };
}

/** How a walk lies along dimension `axis`. */
export function modeAlong(walk: Walk, axis: number): number {
  if (walk.index !== undefined) return walk.index;
  const stride = walk.strides[axis]!;
  if (stride === walk.bytes) return CONTIGUOUS;
  return stride === 0 ? SPLAT : GATHER;
}

/** How a walk lies along the whole space in row-major order. */
export function modeOverall({ index, strides, bytes }: Walk, dims: readonly number[]): number {
  if (index !== undefined) return index;
  if (strides.every((stride) => stride === 0)) return SPLAT;
  const whole = rowMajorStrides(dims);
  return strides.every((stride, axis) => stride === whole[axis]! * bytes) ? CONTIGUOUS : GATHER;
}

/** What changes with a call's addresses: which word of the descriptor points into which array, −1 for the output. */
export interface Pointer {
  readonly word: number;
  readonly input: number;
}

const OUT_WORD = 5;
const HEADER = 24;

/**
 * The words of a descriptor: a header, the dimensions with their strides, the operands.
 *
 * @param header the words from KIND on that are not the same for all
 */
export function describeSpace(
  { dims, walks, out, index }: Space,
  modes: readonly number[],
  outBytes: number,
  header: Readonly<Record<number, number>>,
): { words: number[]; pointers: Pointer[] } {
  const words = new Array<number>(HEADER).fill(0);
  words[2] = walks.length;
  words[3] = dims.length;
  words[6] = outBytes;
  for (const [at, value] of Object.entries(header)) words[Number(at)] = value;
  words.push(...dims, ...out.map((one) => one * outBytes), ...index);
  const pointers: Pointer[] = [{ word: OUT_WORD, input: -1 }];
  walks.forEach((walk, i) => {
    if (walk.input >= 0) pointers.push({ word: words.length, input: walk.input });
    words.push(walk.offset, walk.bytes, modes[i]!, ...walk.strides);
  });
  return { words, pointers };
}

/** Bytes of what `descriptor` makes. */
export function descriptorBytes(plan: {
  readonly words: readonly number[];
  readonly constants: readonly number[];
}): number {
  return 8 * (plan.words.length + plan.constants.length);
}

/** The numbers of a call: words with the arrays' addresses (as signed 32-bit numbers), then constants. */
export function descriptor(
  { words, pointers }: { readonly words: readonly number[]; readonly pointers: readonly Pointer[] },
  inputs: readonly HeapArray[],
  out: HeapArray,
  constants: readonly number[],
): number[] {
  const all = [...words];
  for (const { word, input } of pointers) all[word] = (all[word]! + (input < 0 ? out : inputs[input]!).pointer) | 0;
  all.push(...constants);
  return all;
}
