/** Arrays repeated and shifted: each call is one task that writes every element of its result once. */
import { type ArraySource, toNDArray } from '../array/convert.js';
import { rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { type View, wholeView } from '../array/view.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { assembleParts, type Part, viewPart } from './assemble.js';
import { axisOf, wholeNumber } from './axes.js';
import { fromBlocks, isChunked } from './blocks/blocked.js';
import { takeAxis } from './index-arrays.js';
import { type AxisOption, concat } from './join.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { ravel, reshape } from './manipulate.js';
import { checkNames } from './options.js';
import { slice } from './slice.js';

/**
 * The array repeated like tiles: `counts` times along each axis (a number, or a list that is aligned with the last
 * axes).
 *
 * @throws ArgumentError for counts that are no whole numbers ≥ 0
 *
 * @example
 * await nd.tile([1, 2], 2).compute(); // [1, 2, 1, 2]
 * await nd.tile([1, 2], [2, 2]).compute(); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export function tile(x: ArrayInput, counts: number | readonly number[]): LazyArray {
  const where = 'nd.tile';
  const array = asLazy(x, where);
  const given = typeof counts === 'number' ? [counts] : counts;
  if (!Array.isArray(given)) throw new ArgumentError(`${where}: counts must be a number or a list of numbers`);
  for (const count of given) wholeNumber(count, 'a count', where, 0);
  const ndim = Math.max(array.ndim, given.length);
  const times = Array.from({ length: ndim }, (_, i): number => given[i - ndim + given.length] ?? 1);
  const shapeOf = (own: readonly number[]): number[] =>
    times.map((count, i) => count * (own[i - ndim + own.length] ?? 1));
  if (isUnknown(array)) {
    return late('tile', [array], (known) => tile(known!, counts), { shape: shapeOf(array.shape), dtype: array.dtype });
  }
  if (ndim === array.ndim && times.every((count) => count === 1)) return array;
  if (isChunked(array)) {
    const full = reshape(array, [...new Array<number>(ndim - array.ndim).fill(1), ...array.shape]);
    return times.reduce((result, count, axis) => copies(result, count, axis), full);
  }
  // every axis is walked as (round, index): rounds stay where they are in the array
  const shape = shapeOf(array.shape);
  const out = rowMajorStrides(shape);
  const lead = ndim - array.ndim;
  const length = (i: number): number => (i < lead ? 1 : array.shape[i - lead]!);
  const view: View = {
    shape: times.flatMap((count, i) => [count, length(i)]),
    axes: times.flatMap((_, i) => [null, i < lead ? null : i - lead]),
    steps: times.flatMap((_, i) => [0, i < lead ? 0 : 1]),
    start: array.shape.map(() => 0),
  };
  const strides = times.flatMap((_, i) => [length(i) * out[i]!, out[i]!]);
  return assembleParts('tile', shape, [viewPart(array, view, 0, strides)]);
}

/** `count` times the same array in blocks along an axis. */
function copies(array: LazyArray, count: number, axis: number): LazyArray {
  if (count === 0)
    return slice(
      array,
      array.shape.map((_, k) => (k === axis ? [0, 0] : null)),
    );
  return concat(new Array<LazyArray>(count).fill(array), { axis });
}

/** Every element along `axis` `count` times: an axis of its own after it, that stays where it is in the array. */
function repeated(array: LazyArray, axis: number, count: number): LazyArray {
  const { shape: own, ndim } = array;
  if (isChunked(array)) {
    if (count === 0) return copies(array, 0, axis);
    const chunks = array.chunks.map((sizes, k) => (k === axis ? sizes.map((size) => size * count) : sizes));
    return fromBlocks(
      chunks,
      array.blocks!.map((block) => repeated(block, axis, count)),
    );
  }
  const shape = own.with(axis, own[axis]! * count);
  const out = rowMajorStrides(shape);
  const all = Array.from({ length: ndim }, (_, i) => i);
  const view: View = {
    shape: own.toSpliced(axis + 1, 0, count),
    axes: (all as (number | null)[]).toSpliced(axis + 1, 0, null),
    steps: all.map(() => 1).toSpliced(axis + 1, 0, 0),
    start: own.map(() => 0),
  };
  const strides = out.with(axis, out[axis]! * count).toSpliced(axis + 1, 0, out[axis]!);
  return assembleParts('repeat', shape, [viewPart(array, view, 0, strides)]);
}

/**
 * Every element along `axis` as many times as `counts` says: one number for all, or one for each. Without `axis` the
 * elements of all axes in row-major order.
 *
 * @throws ArgumentError for counts that are no whole numbers ≥ 0, ShapeError when there is not one for each element
 *
 * @example
 * await nd.repeat([1, 2], 2).compute(); // [1, 1, 2, 2]
 * await nd.repeat([[1, 2], [3, 4]], [1, 2], { axis: 0 }).compute(); // [[1, 2], [3, 4], [3, 4]]
 */
export function repeat(x: ArrayInput, counts: number | ArraySource, options: AxisOption = {}): LazyArray {
  const where = 'nd.repeat';
  checkNames(where, options, ['axis']);
  const given = asLazy(x, where);
  const array = options.axis === undefined ? ravel(given) : given;
  const axis = axisOf(options.axis ?? 0, array, where);
  const times = typeof counts === 'number' ? [counts] : countsOf(counts, where);
  for (const count of times) wholeNumber(count, 'a count', where, 0);
  if (isUnknown(array)) {
    const shape = array.shape.with(axis, Number.NaN);
    return late('repeat', [array], (known) => repeat(known!, counts, { axis }), { shape, dtype: array.dtype });
  }
  const length = array.shape[axis]!;
  if (times.length === 1) return times[0] === 1 ? array : repeated(array, axis, times[0]!);
  if (times.length !== length) {
    throw new ShapeError(`${where}: ${times.length} counts are given for axis ${axis} of length ${length}`);
  }
  const indices = new Int32Array(times.reduce((sum, count) => sum + count, 0));
  let written = 0;
  times.forEach((count, i) => {
    indices.fill(i, written, written + count);
    written += count;
  });
  return takeAxis(array, indices, axis, 'repeat');
}

function countsOf(counts: ArraySource, where: string): number[] {
  const array = toNDArray(counts, { where });
  if (array.ndim <= 1) return Array.from(array.ndim === 0 ? [array.get()] : array, Number);
  throw new ShapeError(`${where}: counts have one axis, got the shape [${array.shape.join(', ')}]`);
}

/**
 * The elements shifted along `axis` (one or a list, each with its own shift or all with one), those that fall off the
 * end coming in at the start; without `axis` in row-major order over all axes.
 *
 * @throws ArgumentError for a shift that is no whole number, ShapeError for an axis out of range
 *
 * @example
 * await nd.roll([1, 2, 3, 4], 1).compute(); // [4, 1, 2, 3]
 * await nd.roll([[1, 2], [3, 4]], 1, { axis: 0 }).compute(); // [[3, 4], [1, 2]]
 */
export function roll(
  x: ArrayInput,
  shift: number | readonly number[],
  options: { readonly axis?: number | readonly number[] } = {},
): LazyArray {
  const where = 'nd.roll';
  checkNames(where, options, ['axis']);
  const array = asLazy(x, where);
  const shifts = typeof shift === 'number' ? [shift] : shift;
  if (!Array.isArray(shifts)) throw new ArgumentError(`${where}: shift must be a number or a list of numbers`);
  for (const one of shifts) wholeNumber(one, 'a shift', where);
  if (isUnknown(array)) return late('roll', [array], (known) => roll(known!, shift, options), array);
  if (options.axis === undefined) {
    const flat = ravel(array);
    const total = shifts.reduce((sum: number, one: number) => sum + one, 0);
    return reshape(rolled(flat, [total]), array.shape);
  }
  const axes = (typeof options.axis === 'number' ? [options.axis] : options.axis).map((axis) =>
    axisOf(axis, array, where),
  );
  if (shifts.length !== 1 && axes.length !== 1 && shifts.length !== axes.length) {
    throw new ArgumentError(`${where}: ${shifts.length} shifts for ${axes.length} axes`);
  }
  const perAxis = array.shape.map(() => 0);
  // an axis may be named more than once: its shifts add up, as in NumPy
  for (let i = 0; i < Math.max(axes.length, shifts.length); i++) {
    const axis = axes[axes.length === 1 ? 0 : i]!;
    perAxis[axis] = perAxis[axis]! + shifts[shifts.length === 1 ? 0 : i]!;
  }
  return rolled(array, perAxis);
}

function rolled(array: LazyArray, shifts: readonly number[]): LazyArray {
  const { shape } = array;
  const places = shifts.map((shift, axis) => (shape[axis] ? ((shift % shape[axis]) + shape[axis]) % shape[axis] : 0));
  if (sizeOf(shape) === 0 || places.every((place) => place === 0)) return array;
  if (isChunked(array)) {
    return places.reduce((result: LazyArray, place, axis) => {
      if (place === 0) return result;
      const part = (range: readonly (number | null)[]): LazyArray =>
        slice(
          result,
          shape.map((_, k) => (k === axis ? range : null)),
        );
      return concat([part([-place, null]), part([null, -place])], { axis });
    }, array);
  }
  const strides = rowMajorStrides(shape);
  const parts: Part[] = [];
  const cut = (axis: number, box: readonly number[], start: readonly number[], to: number): void => {
    if (axis === shape.length) {
      parts.push(viewPart(array, { ...wholeView(box), start }, to, strides));
      return;
    }
    const [length, place] = [shape[axis]!, places[axis]!];
    cut(axis + 1, [...box, length - place], [...start, 0], to + place * strides[axis]!);
    if (place > 0) cut(axis + 1, [...box, place], [...start, length - place], to);
  };
  cut(0, [], [], 0);
  return assembleParts('roll', shape, parts);
}
