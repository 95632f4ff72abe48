/** Measures of how good predictions are; lazy, like what they measure. */

import type { NDArray } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { accuracy } from '../kernels/svc.js';
import { inline } from '../lazy/inline.js';
import { type ArrayInput, asLazy, asScalar, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';

/**
 * The share of labels that are predicted right.
 *
 * @throws ShapeError when the lengths differ
 *
 * @example
 * await accuracyScore([0, 1, 1, 0], [0, 1, 0, 0]).compute(); // 0.75
 */
export function accuracyScore(yTrue: ArrayInput, yPredicted: ArrayInput): Delayed<number> {
  const truth = asLazy(yTrue, 'accuracyScore', 'float64');
  const predicted = asLazy(yPredicted, 'accuracyScore', 'float64');
  if (truth.size === 0 || truth.ndim !== 1 || predicted.ndim !== 1 || truth.size !== predicted.size) {
    throw new ShapeError(
      `accuracyScore: two vectors of labels of one length, not empty, got the shapes [${truth.shape.join(', ')}] and [${predicted.shape.join(', ')}]`,
    );
  }
  return equalTask(predicted, truth) as Delayed<number>;
}

const equalTask = inline('accuracyScore', shareOfEqual, import.meta.url);

/** @internal The body of `accuracyScore`. */
export function shareOfEqual(predicted: NDArray, truth: NDArray): number {
  let hits = 0;
  for (let i = 0; i < predicted.size; i++) if (predicted.get(i) === truth.get(i)) hits++;
  return hits / predicted.size;
}

/** The accuracy of class places: int32, both of shape (n). */
export function accuracyOf(predicted: LazyArray, truth: LazyArray): Delayed<number> {
  return asScalar(kernelCall1(accuracy, [predicted, truth]));
}
