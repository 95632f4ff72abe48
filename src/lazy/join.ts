/** Arrays joined and split. Joining is one task that writes every element of its result once; the parts of a split are views. */
import { rowMajorStrides } from '../array/ndarray.js';
import { promoteTypes } from '../array/promote.js';
import { wholeView } from '../array/view.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { assembleParts, viewPart } from './assemble.js';
import { axisOf, wholeNumber } from './axes.js';
import { someChunked } from './blocks/blocked.js';
import { concatBlocks } from './blocks/join.js';
import { astype } from './cast.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { expandDims } from './manipulate.js';
import { checkNames } from './options.js';
import { slice } from './slice.js';

export interface AxisOption {
  /** Negative ones count from the end. */
  readonly axis?: number;
}

/** The arrays of a list, in the dtype that holds them all. */
function listOf(arrays: readonly ArrayInput[], where: string): LazyArray[] {
  if (!Array.isArray(arrays)) throw new ArgumentError(`${where}: give a list of arrays: ${where}([a, b])`);
  if (arrays.length === 0) throw new ArgumentError(`${where}: the list of arrays is empty`);
  const list = arrays.map((one: ArrayInput) => asLazy(one, where));
  const dtype = list.map((one) => one.dtype).reduce(promoteTypes);
  // (a cast of a single number is a delayed number)
  return list.map((one) => asLazy(astype(one, dtype), where));
}

function shown(shape: readonly number[]): string {
  return `[${shape.map((length) => (Number.isNaN(length) ? '?' : length)).join(', ')}]`;
}

/**
 * Arrays joined along an axis that they have; default 0. Their dtypes are promoted as in arithmetic.
 *
 * @throws ShapeError when they differ in another axis, ArgumentError for an empty list
 *
 * @example
 * await nd.concat([[[1, 2]], [[3, 4], [5, 6]]]).compute(); // [[1, 2], [3, 4], [5, 6]]
 * await nd.concat([[[1], [2]], [[3], [4]]], { axis: 1 }).compute(); // [[1, 3], [2, 4]]
 */
export function concat(arrays: readonly ArrayInput[], options: AxisOption = {}): LazyArray {
  const where = 'nd.concat';
  checkNames(where, options, ['axis']);
  const list = listOf(arrays, where);
  const first = list[0]!;
  if (first.ndim === 0) throw new ShapeError(`${where}: single numbers have no axis to join along; use nd.stack`);
  const axis = axisOf(options.axis ?? 0, first, where);
  list.forEach(({ shape }, i) => {
    const fits = shape.length === first.ndim && shape.every((length, k) => k === axis || same(length, first.shape[k]!));
    if (fits) return;
    throw new ShapeError(
      `${where}: array ${i} of shape ${shown(shape)} does not fit the first, of shape ${shown(first.shape)}: all lengths but that of axis ${axis} must be equal`,
    );
  });
  const total = list.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.with(axis, total);
  if (list.some(isUnknown)) {
    return late('concat', list, (...known) => concat(known, { axis }), { shape, dtype: first.dtype });
  }
  if (list.length === 1) return first;
  if (someChunked(list)) return concatBlocks(list, axis);
  const strides = rowMajorStrides(shape);
  let to = 0;
  const parts = list.map((array) => {
    const part = viewPart(array, wholeView(array.shape), to, strides);
    to += array.shape[axis]! * strides[axis]!;
    return part;
  });
  return assembleParts('concat', shape, parts);
}

function same(a: number, b: number): boolean {
  return a === b || Number.isNaN(a) || Number.isNaN(b);
}

/**
 * Arrays of one shape joined along a new axis, which is the result's axis `axis`; default 0.
 *
 * @throws ShapeError when the shapes differ, ArgumentError for an empty list
 *
 * @example
 * await nd.stack([[1, 2], [3, 4]]).compute(); // [[1, 2], [3, 4]]
 * await nd.stack([[1, 2], [3, 4]], { axis: 1 }).compute(); // [[1, 3], [2, 4]]
 */
export function stack(arrays: readonly ArrayInput[], options: AxisOption = {}): LazyArray {
  const where = 'nd.stack';
  checkNames(where, options, ['axis']);
  const list = listOf(arrays, where);
  const first = list[0]!;
  const axis = axisOf(options.axis ?? 0, first.ndim + 1, where);
  list.forEach(({ shape }, i) => {
    if (shape.length === first.ndim && shape.every((length, k) => same(length, first.shape[k]!))) return;
    throw new ShapeError(
      `${where}: array ${i} has the shape ${shown(shape)} and the first ${shown(first.shape)}; all must have the same`,
    );
  });
  const shape = first.shape.toSpliced(axis, 0, list.length);
  if (list.some(isUnknown)) {
    return late('stack', list, (...known) => stack(known, { axis }), { shape, dtype: first.dtype });
  }
  if (someChunked(list)) {
    return concatBlocks(
      list.map((one) => expandDims(one, axis)),
      axis,
    );
  }
  const all = rowMajorStrides(shape);
  const strides = all.toSpliced(axis, 1);
  const parts = list.map((array, i) => viewPart(array, wholeView(array.shape), i * all[axis]!, strides));
  return assembleParts('stack', shape, parts);
}

/**
 * The parts of an array along an axis (default 0): `parts` equal ones, or those between the indices of a list. Nothing
 * is copied where the consumers can walk over the original.
 *
 * @throws ShapeError when the axis does not divide into so many equal parts
 *
 * @example
 * await compute(nd.split([1, 2, 3, 4], 2)); // [[1, 2], [3, 4]]
 * await compute(nd.split([0, 1, 2, 3, 4], [1, 3])); // [[0], [1, 2], [3, 4]]
 */
export function split(x: ArrayInput, parts: number | readonly number[], options: AxisOption = {}): LazyArray[] {
  const where = 'nd.split';
  checkNames(where, options, ['axis']);
  const array = asLazy(x, where);
  const axis = axisOf(options.axis ?? 0, array, where);
  const length = array.shape[axis]!;
  return bordersOf(parts, length, axis, where).map(([start, end]) => between(array, axis, start, end));
}

/** Where the parts begin and end; null is the end of the axis. */
function bordersOf(
  parts: number | readonly number[],
  length: number,
  axis: number,
  where: string,
): (readonly [number, number | null])[] {
  if (typeof parts !== 'number') {
    if (!Array.isArray(parts)) throw new ArgumentError(`${where}: parts must be a number or a list of indices`);
    const starts = [0, ...parts.map((index: number) => wholeNumber(index, 'an index of the list', where))];
    return starts.map((start, i) => [start, starts[i + 1] ?? null] as const);
  }
  const count = wholeNumber(parts, 'the number of parts', where, 1);
  if (Number.isNaN(length)) {
    throw new ShapeError(`${where}: the length of axis ${axis} is not known before it is computed; give indices`);
  }
  if (length % count !== 0) {
    throw new ShapeError(
      `${where}: axis ${axis} of length ${length} does not divide into ${count} equal parts; give the indices where it is to be cut`,
    );
  }
  return Array.from({ length: count }, (_, i) => [(i * length) / count, ((i + 1) * length) / count] as const);
}

function between(array: LazyArray, axis: number, start: number, end: number | null): LazyArray {
  const items = array.shape.map((_, k) => (k === axis ? ([start, end] as const) : null));
  return slice(array, items);
}
