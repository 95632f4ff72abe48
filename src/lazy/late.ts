/**
 * Arrays whose shape only their values tell (`unique`, `compress` by a mask that is computed): their unknown lengths
 * are NaN. What is done with such an array is decided when it is there: the operation is then made on its value.
 */
import type { NDArray } from '../array/ndarray.js';
import { delayed } from '../graph/delayed.js';
import type { ArraySpec } from '../kernels/contract.js';
import { type InlineTask, lazyResult } from './inline.js';
import type { LazyArray } from './lazy-array.js';

/** Whether some length is not known before the array is computed. */
export function isUnknown({ shape }: Pick<ArraySpec, 'shape'>): boolean {
  return shape.some((length) => Number.isNaN(length));
}

/**
 * What `build` makes of the computed `inputs`, as one task.
 *
 * @param spec what is known of it already, with NaN for lengths that are not
 */
export function late(
  name: string,
  inputs: readonly LazyArray[],
  build: (...values: readonly NDArray[]) => LazyArray,
  spec: ArraySpec,
): LazyArray {
  const compute = (...values: readonly NDArray[]): Promise<NDArray> => build(...values).compute();
  const task = delayed(compute, { name, cost: { seconds: 1e-6 } }) as unknown as InlineTask;
  return lazyResult(task(...inputs), spec);
}
