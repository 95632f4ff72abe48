/** Axes as arguments: whole numbers, negative ones counted from the end. */
import { ArgumentError, ShapeError } from '../errors.js';
import type { ArraySpec } from '../kernels/contract.js';

/** What axes are those of: an array, or as many as a result will have. */
type Axes = Pick<ArraySpec, 'shape'> | number;

/** One axis as 0 ≤ axis < ndim. @throws ShapeError naming the function, the axis, and the shape of `x` */
export function axisOf(axis: number, of: Axes, where: string, x = 'x'): number {
  const ndim = typeof of === 'number' ? of : of.shape.length;
  const positive = axis < 0 ? axis + ndim : axis;
  if (Number.isInteger(positive) && positive >= 0 && positive < ndim) return positive;
  const what = typeof of === 'number' ? `an array with ${of} axes` : `${x} of shape [${of.shape.join(', ')}]`;
  throw new ShapeError(`${where}: axis ${axis} is out of range for ${what}`);
}

/** One axis or a list of different ones, in the order given; all of them when there is none. */
export function axesOf(axis: number | readonly number[] | null | undefined, of: Axes, where: string): number[] {
  if (axis === undefined || axis === null) {
    return Array.from({ length: typeof of === 'number' ? of : of.shape.length }, (_, i) => i);
  }
  const given = typeof axis === 'number' ? [axis] : axis;
  if (!Array.isArray(given)) {
    throw new ArgumentError(`${where}: axes are a whole number or a list of them, not ${JSON.stringify(axis)}`);
  }
  const axes = given.map((one: number) => axisOf(one, of, where));
  if (new Set(axes).size < axes.length) {
    throw new ShapeError(`${where}: an axis is named twice in [${given.join(', ')}]`);
  }
  return axes;
}

/** A whole number. @throws ArgumentError naming the function and the argument */
export function wholeNumber(value: unknown, what: string, where: string, least = Number.MIN_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  const range = least === Number.MIN_SAFE_INTEGER ? '' : ` ≥ ${least}`;
  throw new ArgumentError(`${where}: ${what} must be a whole number${range}, got ${String(value)}`);
}
