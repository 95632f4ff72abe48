/** Casts: numeric kernels take floating-point numbers, and data often comes as integers. */
import { toNDArray } from '../array/convert.js';
import { checkDType, type DType } from '../array/dtype.js';
import type { NDArray } from '../array/ndarray.js';
import type { Pending } from '../graph/types.js';
import { arrayCall } from './elementwise.js';
import { type ArrayInput, asLazy, type LazyArray, leaf, leafValue } from './lazy-array.js';
import { toValue } from './operations.js';
import { rowsLeaf, takenFrom, takeRows } from './take.js';

/**
 * The same numbers as another dtype. Fractions are cut off towards 0; what an integer dtype does not hold wraps around
 * as JavaScript's typed arrays do; to `bool`, everything but 0 is true.
 *
 * @throws DTypeError for a dtype that does not exist
 *
 * @example
 * await nd.astype([1.7, -1.7], 'int32').compute(); // [1, -1]
 */
export function astype(x: ArrayInput | Pending<boolean>, dtype: DType): LazyArray {
  checkDType(dtype, 'nd.astype');
  const lazy = asLazy(x as ArrayInput, 'nd.astype');
  if (lazy.dtype === dtype) return lazy;
  const array = { kind: 'array', value: lazy, lazy } as const;
  return arrayCall('astype', `astype ${dtype}`, [array], (builder, [operand]) => ({
    kind: 'strong',
    id: toValue(builder, operand!, dtype, 'nd.astype'),
    dtype,
  })) as LazyArray;
}

const casts = new WeakMap<NDArray, LazyArray>();

/** `array` as float64: itself where it is, a leaf where its values are there, rows of such a cast, else a task. */
export function asFloat64(array: LazyArray): LazyArray {
  if (array.dtype === 'float64') return array;
  const { base, rows } = takenFrom(array);
  if (rows !== undefined) return takeRows(asFloat64(base), rowsLeaf(rows));
  const value = leafValue(array);
  if (value === undefined) return astype(array, 'float64');
  let cast = casts.get(value);
  if (cast === undefined) {
    cast = leaf(toNDArray(value, { dtype: 'float64', where: 'cast' }));
    casts.set(value, cast);
  }
  return cast;
}
