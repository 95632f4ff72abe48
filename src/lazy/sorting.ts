/**
 * Sorting and searching: `sort`, `argsort`, `unique`, `searchsorted`, `bincount`. NaN is last everywhere, and −0 and 0
 * are equal. Positions and counts are int32. What has a length that only values tell is cut on the main thread.
 */
import { allocate, type DType } from '../array/dtype.js';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../errors.js';
import type { Kernel } from '../kernels/contract.js';
import { flat } from '../kernels/flat.js';
import { bincount as bincountKernel, searchsorted as searchsortedKernel } from '../kernels/search.js';
import { argsort as argsortKernel, sort as sortKernel } from '../kernels/sort.js';
import { unique as uniqueKernel } from '../kernels/unique.js';
import { axisOf } from './axes.js';
import { blocksOf, fromBlocks, isChunked, sizesOf } from './blocks/blocked.js';
import { withWhole } from './blocks/lines.js';
import { rechunked } from './blocks/rechunk.js';
import { sortedInBlocks } from './blocks/sort.js';
import { type InlineTask, inline, lazyResult } from './inline.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall, kernelCall1, type LazyArray, leaf, leafValue } from './lazy-array.js';
import { checkChoice, checkNames } from './options.js';

export interface SortOptions {
  /** The axis to sort along, negative ones counted from the end; null sorts all of x as one line. Default −1. */
  readonly axis?: number | null;
}

function sorted(kernel: Kernel, x: ArrayInput, options: SortOptions, dtype?: DType): LazyArray {
  const where = `nd.${kernel.name}`;
  checkNames(where, options, ['axis']);
  const { axis = -1 } = options;
  const array = asLazy(x, where);
  const params = axis === null ? {} : { axis: axisOf(axis, array, where) };
  if (kernel === sortKernel && isChunked(array) && array.size > 0 && (axis === null || array.ndim === 1)) {
    const line = sortedInBlocks(blocksOf(array), (vector) => kernelCall1(kernel, [vector], { axis: 0 }));
    return array.ndim === 1 ? rechunked(line, sizesOf(array)) : line;
  }
  if (isChunked(array) && params.axis !== undefined) {
    const lines = withWhole(array, [params.axis]);
    return fromBlocks(
      sizesOf(lines),
      blocksOf(lines).map((block) => kernelCall1(kernel, [block], params)),
    );
  }
  if (!isUnknown(array)) return kernelCall1(kernel, [array], params);
  const shape = axis === null ? [Number.NaN] : array.shape;
  const spec = { shape, dtype: dtype ?? array.dtype };
  return late(kernel.name, [array], (value) => kernelCall1(kernel, [leaf(value)], params), spec);
}

/**
 * x in ascending order along an axis, NaN last; x's shape and dtype (with `axis: null` one axis). O(n) a line, times
 * the digits that tell its values apart: a radix sort. A line in k blocks is sorted in them, by about k·log²k / 4 merges of
 * two. Where −0 and 0 meet, −0 may come first.
 *
 * @throws ShapeError for an axis that x does not have
 *
 * @example
 * await nd.sort([3, 1, 2]).compute(); // [1, 2, 3]
 * await nd.sort([[3, 1], [2, 4]], { axis: 0 }).compute(); // [[2, 1], [3, 4]]
 */
export function sort(x: ArrayInput, options: SortOptions = {}): LazyArray {
  return sorted(sortKernel, x, options);
}

/**
 * The positions (int32) that put x in ascending order along an axis, NaN last. Stable: equal elements keep their order.
 *
 * @throws ShapeError for an axis that x does not have
 *
 * @example
 * await nd.argsort([3, 1, 2, 1]).compute(); // [1, 3, 2, 0]
 */
export function argsort(x: ArrayInput, options: SortOptions = {}): LazyArray {
  return sorted(argsortKernel, x, options, 'int32');
}

export interface UniqueOptions {
  /** Where in x (flattened) each value is first. */
  readonly returnIndex?: boolean;
  /** For each element of x the place of its value among `values`, in x's shape. */
  readonly returnInverse?: boolean;
  /** How often each value is in x. */
  readonly returnCounts?: boolean;
}

/** What `nd.unique` with options answers: the values and what was asked for. */
export type UniqueResult<O extends UniqueOptions> = { readonly values: LazyArray } & (O extends { returnIndex: true }
  ? { readonly index: LazyArray }
  : unknown) &
  (O extends { returnInverse: true } ? { readonly inverse: LazyArray } : unknown) &
  (O extends { returnCounts: true } ? { readonly counts: LazyArray } : unknown);

/** @internal The first `count` elements: the body of the cut. */
export function cutVector(array: NDArray, count: number): NDArray {
  const data = allocate(array.dtype, count);
  data.set(array.data.subarray(array.offset, array.offset + count));
  return new NDArray(data, { shape: [count], dtype: array.dtype });
}

const cut: InlineTask = inline('cut', cutVector, import.meta.url);

const uniqueParts = [
  ['returnIndex', 'index'],
  ['returnInverse', 'inverse'],
  ['returnCounts', 'counts'],
] as const;

/**
 * The distinct values of x, ascending, NaN once and last: a vector whose length (NaN until computed) the values tell.
 * With options an object: `values`, and `index`, `inverse`, `counts` (int32) where they were asked for. O(size), as sort.
 *
 * @throws OptionError for options that do not exist or are no booleans
 *
 * @example
 * await nd.unique([2, 1, 2, 3]).compute(); // [1, 2, 3]
 * const { counts } = nd.unique([2, 1, 2, 3], { returnCounts: true });
 * await counts.compute(); // [1, 2, 1]
 */
export function unique(x: ArrayInput): LazyArray;
export function unique<const O extends UniqueOptions>(x: ArrayInput, options: O): UniqueResult<O>;
export function unique(x: ArrayInput, options?: UniqueOptions): LazyArray | Record<string, LazyArray> {
  const where = 'nd.unique';
  const array = asLazy(x, where);
  checkNames(
    where,
    options ?? {},
    uniqueParts.map(([option]) => option),
  );
  for (const [option, value] of Object.entries(options ?? {})) {
    if (typeof value === 'boolean' || value === undefined) continue;
    throw new OptionError(option, `${where}: ${option} must be true or false, not ${JSON.stringify(value)}`);
  }
  const wanted = uniqueParts.filter(([option]) => options?.[option] === true).map(([, name]) => name);
  const lazily = isUnknown(array) ? lateUnique : uniqueOf;
  const parts = lazily(array, wanted);
  return options === undefined ? parts.values! : parts;
}

type UniquePart = (typeof uniqueParts)[number][1];

function uniqueOf(array: LazyArray, wanted: readonly UniquePart[]): Record<string, LazyArray> {
  const outputs = kernelCall(uniqueKernel, [array], Object.fromEntries(wanted.map((name) => [name, true])));
  const [values, count] = outputs as [LazyArray, LazyArray];
  const part = (output: LazyArray): LazyArray =>
    lazyResult(cut(output, count), { shape: [Number.NaN], dtype: output.dtype });
  const parts: Record<string, LazyArray> = { values: part(values) };
  wanted.forEach((name, i) => {
    const output = outputs[2 + i]!;
    parts[name] = name === 'inverse' ? output : part(output);
  });
  return parts;
}

/** `unique` of an array whose own length is not known yet: each part is found when it is. */
function lateUnique(array: LazyArray, wanted: readonly UniquePart[]): Record<string, LazyArray> {
  const part = (name: UniquePart | 'values'): LazyArray => {
    const spec = {
      shape: name === 'inverse' ? array.shape : [Number.NaN],
      dtype: name === 'values' ? array.dtype : 'int32',
    } as const;
    return late(`unique-${name}`, [array], (value) => uniqueOf(leaf(value), wanted)[name]!, spec);
  };
  return Object.fromEntries((['values', ...wanted] as const).map((name) => [name, part(name)]));
}

export interface SearchOptions {
  /** Before the elements equal to a value ('left', the default) or behind them. */
  readonly side?: 'left' | 'right';
}

/**
 * Where `values` would have to be put into the vector `sorted` so that it stays ascending: int32 positions of values'
 * shape (a plain number for a number). NaN belongs last. Dtypes may differ. O(values · log n). `sorted` is taken as it
 * is: of a vector that does not ascend, the answer means nothing.
 *
 * @throws ShapeError when `sorted` is no vector; OptionError for a side that does not exist
 *
 * @example
 * await nd.searchsorted([1, 2, 2, 3], [2, 2.5]).compute(); // [1, 3]
 * await nd.searchsorted([1, 2, 2, 3], [2], { side: 'right' }).compute(); // [3]
 */
export function searchsorted(sorted: ArrayInput, values: ArrayInput, options: SearchOptions = {}): LazyArray {
  const where = 'nd.searchsorted';
  checkNames(where, options, ['side']);
  const right = checkChoice(where, 'side', options.side ?? 'left', ['left', 'right']) === 'right';
  const inputs = [asLazy(sorted, where), asLazy(values, where)] as const;
  const [vector, wanted] = inputs;
  if (vector.ndim !== 1) {
    throw new ShapeError(`${where}: sorted must be a vector, its shape is [${vector.shape.join(', ')}]`);
  }
  if (!inputs.some(isUnknown)) {
    const one = (block: LazyArray): LazyArray => kernelCall1(searchsortedKernel, [vector, block], { right });
    return fromBlocks(sizesOf(wanted), blocksOf(wanted).map(one));
  }
  const search = (...arrays: readonly NDArray[]): LazyArray =>
    kernelCall1(
      searchsortedKernel,
      // a zero-dimensional array arrives as a plain number
      arrays.map((array) => asLazy(array, where)),
      { right },
    );
  return late('searchsorted', inputs, search, { shape: wanted.shape, dtype: 'int32' });
}

export interface BincountOptions {
  /** What each element counts, of x's shape; the sums are float64. Default: 1, and int32 counts. */
  readonly weights?: ArrayInput;
  /** The least length of the result; default 0. */
  readonly minlength?: number;
}

/**
 * How often each whole number from 0 on is in the vector x, up to the largest one there is: of length max(x) + 1, known
 * at once where x is there already and NaN until computed where it is not. O(x + length).
 *
 * @throws ArgumentError for negative numbers and fractions, naming the element (when called where x is there already)
 * @throws ShapeError when x is no vector or weights have another shape
 *
 * @example
 * await nd.bincount([0, 2, 2, 1]).compute(); // [1, 1, 2]
 * await nd.bincount([0, 1, 1], { weights: [0.5, 1, 2], minlength: 3 }).compute(); // [0.5, 3, 0]
 */
export function bincount(x: ArrayInput, options: BincountOptions = {}): LazyArray {
  const where = 'nd.bincount';
  checkNames(where, options, ['weights', 'minlength']);
  const { weights, minlength = 0 } = options;
  if (!Number.isSafeInteger(minlength) || minlength < 0) {
    throw new OptionError('minlength', `${where}: minlength must be a whole number ≥ 0, not ${minlength}`);
  }
  const array = asLazy(x, where);
  if (array.ndim !== 1) throw new ShapeError(`${where}: x must be a vector, its shape is [${array.shape.join(', ')}]`);
  const inputs = weights === undefined ? [array] : [array, asLazy(weights, where)];
  const [, second] = inputs;
  if (second !== undefined && (second.ndim !== 1 || !agree(second.shape[0]!, array.shape[0]!))) {
    const [a, b] = [array, second].map(({ shape }) => `[${shape.join(', ')}]`);
    throw new ShapeError(`${where}: x has the shape ${a} and weights ${b}; there is one weight for each element`);
  }
  const known = leafValue(array);
  if (known !== undefined && !inputs.some(isUnknown)) {
    return kernelCall1(bincountKernel, inputs, { length: countLength(known, minlength, where) });
  }
  const count = (...arrays: readonly NDArray[]): LazyArray =>
    kernelCall1(
      bincountKernel,
      arrays.map((value) => leaf(value)),
      { length: countLength(arrays[0]!, minlength, where) },
    );
  return late('bincount', inputs, count, { shape: [Number.NaN], dtype: weights === undefined ? 'int32' : 'float64' });
}

function agree(a: number, b: number): boolean {
  return Number.isNaN(a) || Number.isNaN(b) || a === b;
}

/** The length of the counts of `x`: one more than its largest element. */
function countLength(x: NDArray, minlength: number, where: string): number {
  let length = minlength;
  const values = flat(x);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value)) {
      throw new DTypeError(`${where}: element ${i} of x is ${value}; it counts whole numbers`);
    }
    if (value < 0) throw new ArgumentError(`${where}: element ${i} of x is ${value}; it counts numbers ≥ 0`);
    if (value >= length) length = value + 1;
  }
  if (length > 2 ** 31) throw new ArgumentError(`${where}: x has ${length - 1}, too large to count up to`);
  return length;
}
