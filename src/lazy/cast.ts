/** Casts: numeric kernels take floating-point numbers, and data often comes as integers. */
import { toNDArray } from '../array/convert.js';
import type { DType } from '../array/dtype.js';
import type { NDArray } from '../array/ndarray.js';
import { inline, lazyResult } from './inline.js';
import { type LazyArray, leaf, leafValue } from './lazy-array.js';
import { rowsLeaf, takenFrom, takeRows } from './take.js';

/** @internal The body of a cast. */
export function castArray(array: NDArray, dtype: DType): NDArray {
  return toNDArray(array, { dtype, where: 'cast' });
}

const castTask = inline('cast', castArray, import.meta.url);

const casts = new WeakMap<NDArray, LazyArray>();

/** `array` as float64: itself where it is, a leaf where its values are there, rows of such a cast, else a task. */
export function asFloat64(array: LazyArray): LazyArray {
  if (array.dtype === 'float64') return array;
  const { base, rows } = takenFrom(array);
  if (rows !== undefined) return takeRows(asFloat64(base), rowsLeaf(rows));
  const value = leafValue(array);
  if (value === undefined) return lazyResult(castTask(array, 'float64'), { shape: array.shape, dtype: 'float64' });
  let cast = casts.get(value);
  if (cast === undefined) {
    cast = leaf(castArray(value, 'float64'));
    casts.set(value, cast);
  }
  return cast;
}
