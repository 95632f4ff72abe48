/**
 * What works along whole lines of an array in blocks: the lines are put together, and the other axes cut instead, so
 * that blocks stay about as large as they were. A vector has only one line: it becomes one block.
 */
import type { LazyArray } from '../lazy-array.js';
import { sizesOf } from './blocked.js';
import { commonSizes, evenly, type Sizes } from './grid.js';
import { rechunked } from './rechunk.js';

/** `x` in blocks that have all of the axes `axes`. O(blocks) */
export function withWhole(x: LazyArray, axes: readonly number[]): LazyArray {
  const own = sizesOf(x);
  let parts = axes.reduce((count, axis) => count * own[axis]!.length, 1);
  const chunks: Sizes = own.map((sizes, axis) => {
    const length = x.shape[axis]!;
    if (axes.includes(axis)) return [length];
    if (parts === 1 || length <= 1) return sizes;
    const pieces = Math.min(parts, length);
    parts = Math.ceil(parts / pieces);
    return commonSizes([sizes, evenly(length, Math.ceil(length / pieces))]);
  });
  return rechunked(x, chunks);
}
