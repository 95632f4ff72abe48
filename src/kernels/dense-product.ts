/**
 * Contractions whose operands are whole arrays: all their elements, axes in any order, repeated along the stacked axes
 * at most. Those are what libraries have products for. Each operand is given to them with its axes as they lie in memory,
 * to be transposed where the product cannot read it so; slices stay with our own bodies.
 */
import type { ArraySpec } from '../array/ndarray.js';
import { sizeOf } from '../array/ndarray.js';
import type { Contraction } from './contraction-form.js';

/** How an operand lies: the shape that is seen, its axes as they lie in memory, and where in it each axis of the product is. */
export interface Layout {
  readonly shape: readonly number[];
  readonly permutation: readonly number[];
}

type Axis = readonly [length: number, step: number];

/** Of an operand with these axes; undefined where they do not walk over the whole array, each element once. */
function layoutOf(axes: readonly Axis[], size: number, from: number): Layout | undefined {
  if (from !== 0) return undefined;
  const isRepeated = ([length, step]: Axis): boolean => step === 0 || length === 1;
  const order = axes.map((_, i) => i).filter((i) => !isRepeated(axes[i]!));
  // the one with the longest step is the first in memory
  const inMemory = order.toSorted((i, j) => axes[j]![1] - axes[i]![1]);
  let step = size;
  for (const i of inMemory) {
    step /= axes[i]![0];
    if (axes[i]![1] !== step) return undefined;
  }
  if (step !== 1) return undefined;
  // axes of length 1 may be anywhere: where all others lie in order nothing has to move
  const isInOrder = inMemory.every((i, place) => i === order[place]);
  const placed = isInOrder
    ? axes.map((_, i) => i)
    : [...axes.keys()].filter((i) => !order.includes(i)).concat(inMemory);
  return {
    shape: placed.map((i) => (isRepeated(axes[i]!) ? 1 : axes[i]![0])),
    permutation: axes.map((_, i) => placed.indexOf(i)),
  };
}

/** The operands of a product that a library can make. */
export interface DenseProduct {
  readonly a: Layout;
  readonly b: Layout;
}

/** Undefined where an operand is a part of an array, or walks over it more than once other than along `items`. */
export function denseProduct(
  { items, m, n, k, fromA, fromB }: Contraction,
  inputs: readonly ArraySpec[],
): DenseProduct | undefined {
  // the lengths of a product must be there, in the operands that have them
  if (m[2] !== 0 || (m[1] === 0 && m[0] !== 1) || (n[2] === 0 && n[0] !== 1)) return undefined;
  if (k[0] !== 1 && (k[1] === 0 || k[2] === 0)) return undefined;
  if (items.some(([length, stepA, stepB]) => length > 1 && stepA === 0 && stepB === 0)) return undefined;
  if (sizeOf([...items, m, n, k].map(([length]) => length)) === 0) return undefined;
  const [sizeA, sizeB] = inputs.map(({ shape }) => sizeOf(shape)) as [number, number];
  const a = layoutOf(
    [...items, m, k].map(([length, step]) => [length, step] as const),
    sizeA,
    fromA,
  );
  const b = layoutOf(
    [...items, k, n].map(([length, , step]) => [length, step] as const),
    sizeB,
    fromB,
  );
  return a === undefined || b === undefined ? undefined : { a, b };
}

/** Whether no axis has changed places. */
export const isOrdered = (order: readonly number[]): boolean => order.every((axis, i) => axis === i);

/** Whether only the last two axes have changed places. */
export function isTransposed(order: readonly number[]): boolean {
  const last = order.length - 1;
  return isOrdered([...order.slice(0, -2), order[last]!, order[last - 1]!]);
}
