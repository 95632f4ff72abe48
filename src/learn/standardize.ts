/** Features brought to mean 0 and variance 1. */
import { ShapeError } from '../errors.js';
import { standardize as standardizeKernel } from '../kernels/statistics.js';
import { asFloat64 } from '../lazy/cast.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';

/**
 * Every column of `x` (n, d) less its mean and divided by its population standard deviation, of shape (n, d); a column
 * that does not vary is only centred. What scikit-learn's StandardScaler gives for the whole of `x`.
 *
 * @throws ShapeError when `x` is not a matrix
 *
 * @example
 * (await standardize([[1], [3]]).compute()).toNested(); // [[-1], [1]]
 */
export function standardize(x: ArrayInput): LazyArray {
  const samples = asFloat64(asLazy(x, 'standardize'));
  if (samples.ndim !== 2) {
    throw new ShapeError(
      `standardize: expected a matrix (samples, features), got the shape [${samples.shape.join(', ')}]`,
    );
  }
  return kernelCall1(standardizeKernel, [samples]);
}
