/** `nd.slice`: Python's slices as lists, turned into a view. */
import type { View } from '../array/view.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { viewOf } from './view.js';

/**
 * What is taken along one axis: an index; a range `[start, stop, step]`, open where an end is null or missing; null for
 * all of it; '...' for all axes that are not named.
 */
export type SliceItem = number | null | '...' | readonly (number | null)[];

/**
 * Part of an array, as `x[...]` in Python: for each axis an index, which drops it, or a range `[start, stop, step]`.
 * Null is open, negative numbers count from the end, a negative step goes backwards, and ranges are cut off at the ends
 * of the axis. An item that is null takes the whole axis, '...' stands for the axes left out in the middle; axes after
 * the last item are whole. Nothing is copied where the consumer can walk over the original.
 *
 * @throws ArgumentError for an index that does not exist, a step of 0, or what is no whole number; ShapeError for more
 * items than axes
 *
 * @example
 * await nd.slice([[1, 2, 3], [4, 5, 6]], [1, [null, null, -1]]).compute(); // [6, 5, 4]
 * await nd.slice([0, 1, 2, 3, 4, 5], [[1, -1, 2]]).compute(); // [1, 3]
 * await nd.slice([[[1, 2], [3, 4]]], ['...', -1]).compute(); // [[2, 4]]
 */
export function slice(x: ArrayInput, items: readonly SliceItem[]): LazyArray {
  const where = 'nd.slice';
  const array = asLazy(x, where);
  if (!Array.isArray(items)) {
    throw new ArgumentError(`${where}: give a list with an index or a range for each axis, such as [0, [null, 10]]`);
  }
  const view = sliceView(array.shape, items, where);
  if (!isUnknown(array)) return viewOf(array, view, 'slice');
  return late('slice', [array], (known) => slice(known!, items), { shape: view.shape, dtype: array.dtype });
}

/** The view that `items` take of an array of shape `shape`; lengths that are not known stay NaN. */
export function sliceView(shape: readonly number[], items: readonly SliceItem[], where: string): View {
  const all = withoutEllipsis(shape, items, where);
  const view = { shape: [] as number[], axes: [] as number[], steps: [] as number[], start: [] as number[] };
  shape.forEach((length, axis) => {
    const item = all[axis] ?? null;
    if (typeof item === 'number') {
      view.start.push(indexOf(item, shape, axis, where));
      return;
    }
    const { start, count, step } = rangeOf(item ?? [], length, axis, where);
    view.start.push(count === 0 ? 0 : start);
    view.shape.push(count);
    view.axes.push(axis);
    view.steps.push(step);
  });
  return view;
}

/** The items with whole axes in the place of the ellipsis. */
function withoutEllipsis(
  shape: readonly number[],
  items: readonly SliceItem[],
  where: string,
): Exclude<SliceItem, '...'>[] {
  const at = items.indexOf('...');
  if (at >= 0 && items.includes('...', at + 1)) throw new ArgumentError(`${where}: there can be one '...' only`);
  const named = at < 0 ? items.length : items.length - 1;
  if (named > shape.length) {
    throw new ShapeError(
      `${where}: ${named} items for an array with ${shape.length} axes, shape [${shape.join(', ')}]`,
    );
  }
  const whole = new Array<null>(shape.length - named).fill(null);
  const list = at < 0 ? items : [...items.slice(0, at), ...whole, ...items.slice(at + 1)];
  return list as Exclude<SliceItem, '...'>[];
}

function indexOf(given: number, shape: readonly number[], axis: number, where: string): number {
  const length = shape[axis]!;
  const index = given < 0 ? given + length : given;
  if (!Number.isInteger(given)) throw new ArgumentError(`${where}: index ${given} of axis ${axis} is no whole number`);
  if (index >= 0 && index < length) return index;
  // an axis of unknown length is looked at again when it is known
  if (Number.isNaN(length)) return 0;
  throw new ArgumentError(
    `${where}: index ${given} is outside axis ${axis} of length ${length}, of shape [${shape.join(', ')}]`,
  );
}

function rangeOf(
  item: readonly (number | null)[],
  length: number,
  axis: number,
  where: string,
): { start: number; count: number; step: number } {
  if (!Array.isArray(item) || item.length > 3 || item.some((end) => end != null && !Number.isSafeInteger(end))) {
    throw new ArgumentError(
      `${where}: axis ${axis} takes an index, null, or [start, stop, step] of whole numbers or null, not ${JSON.stringify(item)}`,
    );
  }
  const [from, to, by] = item as readonly (number | null | undefined)[];
  const step = by ?? 1;
  if (step === 0) throw new ArgumentError(`${where}: the step of axis ${axis} is 0`);
  const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
  const clip = (end: number): number => Math.min(most, Math.max(least, end < 0 ? end + length : end));
  const start = from == null ? (step > 0 ? least : most) : clip(from);
  const stop = to == null ? (step > 0 ? most : least) : clip(to);
  return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)) };
}
