/** `nd`: arrays that are computed later. Everything here takes values or lazy arrays and does no numeric work itself. */
import type { ArraySource } from '../array/convert.js';
import { toNDArray } from '../array/convert.js';
import { checkDType } from '../array/dtype.js';
import { checkShape, type NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Pending } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { inline, lazyResult } from './inline.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { takeRows } from './take.js';

export {
  abs,
  add,
  div,
  exp,
  expr,
  log,
  maximum,
  mean,
  minimum,
  mod,
  mul,
  neg,
  pow,
  sqrt,
  square,
  sub,
  sum,
} from './arithmetic.js';
export { arange, array, eye, full, linspace, logspace, ones, zeros } from './creation.js';
export { defineKernel } from './define-kernel.js';
export { kernel } from './kernel.js';
export { load } from './load.js';
export {
  dot,
  einsum,
  inner,
  kron,
  matmul,
  outer,
  type TensordotOptions,
  type TraceOptions,
  tensordot,
  trace,
  vdot,
} from './products.js';
export { median, percentile, quantile } from './quantiles.js';
export { save } from './save.js';
export { cumprod, cumsum } from './scans.js';
export { argsort, bincount, searchsorted, sort, unique } from './sorting.js';

/**
 * The rows of `x` at `indices` (whole numbers, negative ones counted from the end).
 *
 * @throws ArgumentError for a row that does not exist
 *
 * @example
 * await nd.take([10, 20, 30], [2, 0]).compute(); // [30, 10]
 */
export function take(x: ArrayInput, indices: ArraySource | LazyArray): LazyArray {
  return takeRows(asLazy(x, 'nd.take'), indices, 'nd.take');
}

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
