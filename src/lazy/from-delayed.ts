/** The way from delayed values to arrays: what they will be is said, and checked when they are there. */
import { toNDArray } from '../array/convert.js';
import { checkDType } from '../array/dtype.js';
import { checkShape, type NDArray } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import type { Pending } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { inline, lazyResult } from './inline.js';
import type { LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';

/**
 * A delayed value of unknown shape (the result of a delayed function) as a lazy array: its shape and dtype are said
 * here and checked when it has been computed.
 *
 * @throws ArgumentError without a shape; when computed ShapeError where the shape is another one
 *
 * @example
 * const x = nd.fromDelayed(delayed(readMatrix)('x.bin'), { shape: [569, 30] });
 */
export function fromDelayed(
  value: Pending<unknown>,
  options: { readonly shape: readonly number[]; readonly dtype?: ArraySpec['dtype'] },
): LazyArray {
  const where = 'nd.fromDelayed';
  checkNames(where, options, ['shape', 'dtype']);
  if (!Array.isArray(options.shape)) throw new ArgumentError(`${where}: say the shape: { shape: [rows, columns] }`);
  const shape = checkShape([...options.shape], where);
  const dtype = checkDType(options.dtype ?? 'float64', where);
  return lazyResult(checked(value, shape, dtype), { shape, dtype });
}

/** @internal The body of `fromDelayed`. */
export function checkedArray(value: unknown, shape: readonly number[], dtype: ArraySpec['dtype']): NDArray {
  const array = toNDArray(value, { dtype, where: 'nd.fromDelayed' });
  if (array.ndim === shape.length && shape.every((length, axis) => length === array.shape[axis])) return array;
  throw new ShapeError(
    `nd.fromDelayed: the shape was said to be [${shape.join(', ')}] and is [${array.shape.join(', ')}]`,
  );
}

const checked = inline('fromDelayed', checkedArray, import.meta.url);
