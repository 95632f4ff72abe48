/** Quantiles, percentiles and medians over any axes, by NumPy's definitions; a NaN among the values answers NaN. */
import { NDArray } from '../array/ndarray.js';
import { floatType } from '../array/promote.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { flat } from '../kernels/flat.js';
import { type QuantileMethod, quantile as quantileKernel } from '../kernels/quantile.js';
import { div } from './arithmetic.js';
import { axesOf } from './axes.js';
import { blocksOf, fromBlocks, isChunked, sizesOf } from './blocks/blocked.js';
import { withWhole } from './blocks/lines.js';
import { asFloat64 } from './cast.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray, leaf, leafValue } from './lazy-array.js';
import { checkChoice, checkFlag, checkNames } from './options.js';

export interface MedianOptions {
  /** The axis or axes to go over, negative ones counted from the end; default: all. */
  readonly axis?: number | readonly number[] | null;
  /** Keep them with length 1; default false. */
  readonly keepdims?: boolean;
}

export interface QuantileOptions extends MedianOptions {
  /**
   * What a quantile between two elements is: interpolated (`'linear'`, the default), the one below or above, the nearer
   * one (at equal distance the one at the even position), or their mean.
   */
  readonly method?: 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint';
}

const methods = ['linear', 'lower', 'higher', 'nearest', 'midpoint'] as const;

function reduced(
  where: string,
  x: ArrayInput,
  q: LazyArray,
  options: MedianOptions,
  method: QuantileMethod,
): LazyArray {
  const keepdims = checkFlag(where, 'keepdims', options.keepdims ?? false);
  const array = asLazy(x, where);
  const axes = axesOf(options.axis, array, where).sort((a, b) => a - b);
  const length = axes.reduce((product, one) => product * array.shape[one]!, 1);
  if (length === 0 && method !== 'median') {
    throw new ShapeError(
      `${where}: x has the shape [${array.shape.join(', ')}]: there is nothing to take quantiles of`,
    );
  }
  // no axes of many: every element is its own quantile
  const params = { method, keepdims, ...(axes.length === array.ndim ? {} : { axes: axes.join(',') }) };
  if (isChunked(array) && axes.length < array.ndim) {
    const lines = withWhole(array, axes);
    const left = sizesOf(lines).flatMap((sizes, axis) => (axes.includes(axis) ? (keepdims ? [[1]] : []) : [sizes]));
    return fromBlocks(
      [...q.shape.map((own) => [own]), ...left],
      blocksOf(lines).map((block) => kernelCall1(quantileKernel, [block, q], params)),
    );
  }
  if (!isUnknown(array)) return kernelCall1(quantileKernel, [array, q], params);
  const kept = keepdims
    ? array.shape.map((own, i) => (axes.includes(i) ? 1 : own))
    : array.shape.filter((_, i) => !axes.includes(i));
  const isElement = method === 'lower' || method === 'higher' || method === 'nearest';
  const spec = { shape: [...q.shape, ...kept], dtype: isElement ? array.dtype : floatType(array.dtype) };
  return late(method, [array], (value) => kernelCall1(quantileKernel, [leaf(value), q], params), spec);
}

/** The fractions as a float64 input. @throws ArgumentError for one outside 0 … most */
function fractions(where: string, name: string, given: ArrayInput, most: number): LazyArray {
  const q = asFloat64(asLazy(given, where));
  const values = leafValue(q);
  const bad = values === undefined ? undefined : flat(values).find((value) => !(value >= 0 && value <= most));
  if (bad !== undefined) throw new ArgumentError(`${where}: ${name} must be from 0 to ${most}, got ${bad}`);
  return q;
}

/**
 * The quantiles `q` (numbers from 0 to 1, of any shape) of x over an axis, several, or all: of q's shape followed by
 * what is left of x's. Floats keep their dtype and all else gives float64, except that the methods that answer elements
 * of x (`lower`, `higher`, `nearest`) keep its dtype. float32 is interpolated in float64 and rounded. A NaN among the
 * values answers NaN. O(size) for each of a few quantiles; many share one sort.
 *
 * @throws ArgumentError for a q outside 0 … 1; ShapeError for an axis that x does not have, or no elements
 *
 * @example
 * await nd.quantile([1, 2, 3, 4], [0, 0.5]).compute(); // [1, 2.5]
 * await nd.quantile([[1, 2], [3, 4]], 0.5, { axis: 0, method: 'lower' }).compute(); // [1, 2]
 */
export function quantile(x: ArrayInput, q: ArrayInput, options: QuantileOptions = {}): LazyArray {
  const where = 'nd.quantile';
  const method = checkQuantileOptions(where, options);
  return reduced(where, x, fractions(where, 'q', q, 1), options, method);
}

/**
 * `quantile` with `p` from 0 to 100.
 *
 * @throws as `quantile`
 *
 * @example
 * await nd.percentile([1, 2, 3, 4, 5], 25).compute(); // 2
 */
export function percentile(x: ArrayInput, p: ArrayInput, options: QuantileOptions = {}): LazyArray {
  const where = 'nd.percentile';
  const method = checkQuantileOptions(where, options);
  const given = fractions(where, 'p', p, 100);
  const values = leafValue(given);
  if (values === undefined) return reduced(where, x, asLazy(div(given, 100), where), options, method);
  const data = Float64Array.from(flat(values), (value) => value / 100);
  return reduced(where, x, leaf(new NDArray(data, { shape: values.shape, dtype: 'float64' })), options, method);
}

function checkQuantileOptions(where: string, options: QuantileOptions): (typeof methods)[number] {
  checkNames(where, options, ['axis', 'keepdims', 'method']);
  return checkChoice(where, 'method', options.method ?? 'linear', methods);
}

const half = new NDArray(Float64Array.of(0.5), { shape: [], dtype: 'float64' });

/**
 * The median of x over an axis, several, or all: the middle element, or the mean of the two. Floats keep their dtype,
 * all else gives float64; NaN where there is a NaN, or nothing. O(size).
 *
 * @throws ShapeError for an axis that x does not have
 *
 * @example
 * await nd.median([3, 1, 2, 10]).compute(); // 2.5
 */
export function median(x: ArrayInput, options: MedianOptions = {}): LazyArray {
  checkNames('nd.median', options, ['axis', 'keepdims']);
  return reduced('nd.median', x, leaf(half), options, 'median');
}
