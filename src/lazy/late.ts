/**
 * Arrays whose shape only their values tell (`unique`, `compress` by a mask that is computed): their unknown lengths
 * are NaN. What is done with such an array is decided when it is there: the operation is then made on its value.
 */
import { toNDArray } from '../array/convert.js';
import { NDArray } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import { delayed } from '../graph/delayed.js';
import type { Delayed } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { type InlineTask, lazyResult } from './inline.js';
import { nameByIdentity } from './keys.js';
import type { LazyArray } from './lazy-array.js';

/** Whether some length is not known before the array is computed. */
export function isUnknown({ shape }: Pick<ArraySpec, 'shape'>): boolean {
  for (let axis = 0; axis < shape.length; axis++) if (Number.isNaN(shape[axis])) return true;
  return false;
}

/**
 * What `build` makes of the computed `inputs`, as one task. Each comes as an array of the dtype that was known of it, a
 * zero-dimensional one too.
 *
 * @param spec what is known of the result already, with NaN for lengths that are not
 */
export function late(
  name: string,
  inputs: readonly LazyArray[],
  build: (...values: readonly NDArray[]) => LazyArray | Delayed<unknown>,
  spec: ArraySpec,
): LazyArray {
  const dtypes = inputs.map(({ dtype }) => dtype);
  const compute = (...values: readonly unknown[]): unknown => {
    const arrays = values.map((value, i) => {
      const array = value instanceof NDArray ? value : toNDArray(value, { dtype: dtypes[i], where: name });
      // Used here once and never again: its key need not be made of its content.
      nameByIdentity(array);
      return array;
    });
    return (build(...arrays) as Delayed<unknown>).compute();
  };
  const task = delayed(compute, { name, cost: { seconds: 1e-6 } }) as unknown as InlineTask;
  return lazyResult(task(...inputs), spec);
}

/** What is known of the shape that `inputs` broadcast to. @throws ShapeError where known lengths do not fit */
export function lateShape(inputs: readonly ArraySpec[], where: string): number[] {
  const ndim = Math.max(0, ...inputs.map(({ shape }) => shape.length));
  return Array.from({ length: ndim }, (_, axis) => {
    let result = 1;
    for (const { shape } of inputs) {
      const length = shape[axis - ndim + shape.length] ?? 1;
      // An unknown length that is not 1 must be the known one.
      if (length === 1 || length === result || (Number.isNaN(length) && result !== 1)) continue;
      if (result === 1 || Number.isNaN(result)) result = length;
      else throw new ShapeError(mismatch(inputs, where));
    }
    return result;
  });
}

function mismatch(inputs: readonly ArraySpec[], where: string): string {
  const list = inputs.map(
    ({ shape }) => `[${shape.map((length) => (Number.isNaN(length) ? '?' : length)).join(', ')}]`,
  );
  return `${where}: the shapes ${list.join(' and ')} do not broadcast: compared from the last axis, lengths must be equal or 1`;
}
