/** Calls of the kernel `assemble`: what is seen of arrays, put into places of a new one. */
import { sizeOf } from '../array/ndarray.js';
import { type View, viewStrides } from '../array/view.js';
import { assemble as assembleKernel, assembleParams } from '../kernels/assemble.js';
import type { Piece } from '../kernels/piece.js';
import { kernelResult, type LazyArray } from './lazy-array.js';
import { lookThrough } from './seen.js';

/** How a box of elements lies in memory, counted in elements. */
interface Walk {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A box of elements of `array`, written to the result from element `to` on with `strides` (in elements). */
export interface Part {
  readonly array: LazyArray;
  readonly shape: readonly number[];
  /** Where the box is in an array with these strides. */
  readonly walk: (strides: readonly number[]) => Walk;
  readonly to: number;
  readonly strides: readonly number[];
}

/** What `view` shows of `array`. */
export function viewPart(array: LazyArray, view: View, to: number, strides: readonly number[]): Part {
  const walk = (own: readonly number[]): Walk => ({
    strides: view.axes.map((axis, i) => (axis === null ? 0 : view.steps[i]! * own[axis]!)),
    offset: view.start.reduce((sum, index, axis) => sum + index * own[axis]!, 0),
  });
  return { array, shape: view.shape, walk, to, strides };
}

/** One number everywhere. */
export function fillPart(number: LazyArray, shape: readonly number[], to: number, strides: readonly number[]): Part {
  return { array: number, shape, walk: () => ({ strides: shape.map(() => 0), offset: 0 }), to, strides };
}

/**
 * An array of `shape` put together from parts, which have one dtype and together write every element once. Parts of
 * views are read from what these are views of. O(parts), nothing runs.
 */
export function assembleParts(name: string, shape: readonly number[], parts: readonly Part[]): LazyArray {
  const inputs: LazyArray[] = [];
  const numbers = new Map<string, number>();
  const pieces: Piece[] = [];
  for (const { array, shape: box, walk, to, strides } of parts) {
    if (sizeOf(box) === 0) continue;
    const { base, view } = lookThrough(array);
    let input = numbers.get(base.key);
    if (input === undefined) {
      input = inputs.push(base) - 1;
      numbers.set(base.key, input);
    }
    const own = viewStrides(view, base.shape);
    const from = walk(own.strides);
    pieces.push([input, own.offset + from.offset, to, box, from.strides, strides]);
  }
  // the dtype is that of the inputs, so there has to be one
  if (inputs.length === 0) inputs.push(parts[0]!.array);
  return kernelResult(assembleKernel, inputs, assembleParams(shape, pieces), { shape, dtype: inputs[0]!.dtype }, name);
}
