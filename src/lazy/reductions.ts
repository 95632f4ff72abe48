/**
 * Reductions over all elements or along axes, with NumPy's options and dtypes. Sums are pairwise, so their error grows
 * with the logarithm of the number of terms, and the same for every number of threads.
 */
import type { Reduction as ReductionName } from '../kernels/reduction-form.js';
import { type ReduceOptions, type Reduction, reduce, type VarianceOptions } from './reduce.js';

function reduction<R = number, O extends ReduceOptions = ReduceOptions>(name: ReductionName): Reduction<R, O> {
  return ((x: unknown, options?: VarianceOptions) => reduce(name, x, options)) as Reduction<R, O>;
}

/** One axis, or none for all elements. */
export interface ArgOptions extends ReduceOptions {
  readonly axis?: number | null | undefined;
}

/**
 * The sum over all elements or along `axis`; of whole numbers and booleans it is float64. Takes lists with delayed
 * numbers inside, too. Added in pairs: the error is at most about log₂(n) · 2⁻⁵³ · Σ|x|, and the same for every number
 * of threads. O(size).
 *
 * @throws ShapeError for an axis that does not exist or is named twice, OptionError for an unknown option
 *
 * @example
 * await nd.sum([[1, 2], [3, 4]]).compute(); // 10
 * await nd.sum([[1, 2], [3, 4]], { axis: 0 }).compute(); // [4, 6]
 */
export const sum: Reduction = reduction('sum');

/**
 * The product over all elements or along `axis`, as `sum`.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.prod([[1, 2], [3, 4]], { axis: 1 }).compute(); // [2, 12]
 */
export const prod: Reduction = reduction('prod');

/**
 * The arithmetic mean, as `sum`; NaN of nothing.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.mean([[1, 2], [3, 4]], { axis: 1, keepdims: true }).compute(); // [[1.5], [3.5]]
 */
export const mean: Reduction = reduction('mean');

/**
 * The variance: the mean squared distance from the mean, which is taken first (two passes, so a large mean costs no
 * digits). `ddof` is subtracted from the count.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.var([1, 2, 3, 4], { ddof: 0 }).compute(); // 1.25
 */
const variance: Reduction<number, VarianceOptions> = reduction('var');

export { variance as var };

/**
 * The standard deviation: the square root of the variance.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.std([1, 3]).compute(); // 1
 */
export const std: Reduction<number, VarianceOptions> = reduction('std');

/**
 * The smallest element; NaN where there is one.
 *
 * @throws ShapeError where there are no elements
 *
 * @example
 * await nd.min([[3, 2], [1, 4]], { axis: 0 }).compute(); // [1, 2]
 */
export const min: Reduction = reduction('min');

/**
 * The largest element; NaN where there is one.
 *
 * @throws ShapeError where there are no elements
 *
 * @example
 * await nd.max([[3, 2], [1, 4]], { axis: 0 }).compute(); // [3, 4]
 */
export const max: Reduction = reduction('max');

/**
 * Where the smallest element is: the first of equal ones, or the first NaN. Without `axis` its place in row-major
 * order. int32 along an axis.
 *
 * @throws ShapeError for an axis out of range and where there are no elements
 *
 * @example
 * await nd.argmin([[3, 2], [1, 4]], { axis: 1 }).compute(); // [1, 0]
 */
export const argmin: Reduction<number, ArgOptions> = reduction('argmin');

/**
 * Where the largest element is, as `argmin`. int32 along an axis.
 *
 * @throws ShapeError for an axis out of range and where there are no elements
 *
 * @example
 * await nd.argmax([3, 2, 5, 4]).compute(); // 2
 */
export const argmax: Reduction<number, ArgOptions> = reduction('argmax');

/**
 * Whether some element is true, that is not 0; false of nothing.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.any([[0, 1], [0, 0]], { axis: 1 }).compute(); // [true, false]
 */
export const any: Reduction<boolean> = reduction('any');

/**
 * Whether all elements are true, that is not 0; true of nothing.
 *
 * @throws ShapeError, OptionError as `sum`
 *
 * @example
 * await nd.all([[0, 1], [2, 3]], { axis: 1 }).compute(); // [false, true]
 */
export const all: Reduction<boolean> = reduction('all');
