/** Axes as arguments: whole numbers, negative ones counted from the end. */
import { ArgumentError, ShapeError } from '../errors.js';

/** One axis as 0 ≤ axis < ndim. @throws ShapeError naming the function, the axis and how many there are */
export function axisOf(axis: number, ndim: number, where: string): number {
  const positive = axis < 0 ? axis + ndim : axis;
  if (Number.isInteger(positive) && positive >= 0 && positive < ndim) return positive;
  throw new ShapeError(`${where}: axis ${axis} is out of range for an array with ${ndim} axes`);
}

/** One axis or a list of different ones, in the order given; all of them when there is none. */
export function axesOf(axis: number | readonly number[] | undefined, ndim: number, where: string): number[] {
  if (axis === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const given = typeof axis === 'number' ? [axis] : axis;
  if (!Array.isArray(given)) throw new ArgumentError(`${where}: an axis is a whole number or a list of them`);
  const axes = given.map((one: number) => axisOf(one, ndim, where));
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
