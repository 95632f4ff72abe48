/** `nd`: arrays that are computed later. Everything here takes values or lazy arrays and does no numeric work itself. */
import { toNDArray } from '../array/convert.js';
import { checkDType } from '../array/dtype.js';
import { checkShape, type NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Pending } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { inline, lazyResult } from './inline.js';
import type { LazyArray } from './lazy-array.js';

export * from './arithmetic.js';
export { astype } from './cast.js';
export {
  arange,
  array,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  zeros,
  zerosLike,
} from './creation.js';
export { defineKernel } from './define-kernel.js';
export { diag, diagonal, tril, triu } from './diagonal.js';
export * from './functions.js';
export { compress, take } from './index-arrays.js';
export { concat, split, stack } from './join.js';
export { kernel } from './kernel.js';
export { load } from './load.js';
export * from './logic.js';
export {
  atleast1d,
  atleast2d,
  broadcastTo,
  expandDims,
  flatten,
  flip,
  moveaxis,
  ravel,
  reshape,
  squeeze,
  swapaxes,
  transpose,
} from './manipulate.js';
export { norm } from './norm.js';
export { pad } from './pad.js';
export * from './products.js';
export { median, percentile, quantile } from './quantiles.js';
export * from './reductions.js';
export { repeat, roll, tile } from './repeat.js';
export { save } from './save.js';
export { cumprod, cumsum } from './scans.js';
export { slice } from './slice.js';
export { argsort, bincount, searchsorted, sort, unique } from './sorting.js';
export { expr } from './template.js';

/**
 * A delayed value of unknown shape (the result of a delayed function) as a lazy array: its shape and dtype are said
 * here and checked when it has been computed.
 *
 * @example
 * const x = nd.fromDelayed(delayed(readMatrix)('x.bin'), { shape: [569, 30] });
 */
export function fromDelayed(
  value: Pending<unknown>,
  options: { readonly shape: readonly number[]; readonly dtype?: ArraySpec['dtype'] },
): LazyArray {
  const where = 'nd.fromDelayed';
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`${where}: say the shape: { shape: [rows, columns] }`);
  }
  for (const option of Object.keys(options)) {
    if (option !== 'shape' && option !== 'dtype') {
      throw new OptionError(option, `${where}: there is no option '${option}'; use shape or dtype`);
    }
  }
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
