/**
 * What functions that work along an axis check when they are called: that their options exist, and that the axis does.
 * The messages name the function, the argument and the shape.
 */
import { nearest, OptionError, ShapeError } from '../errors.js';
import type { LazyArray } from './lazy-array.js';
import { checkIsObject } from './options.js';

/** @throws OptionError for an option that is not one of `names` */
export function checkOptionNames(where: string, options: object, names: readonly string[]): void {
  checkIsObject(where, options, names);
  for (const option of Object.keys(options)) {
    if (names.includes(option)) continue;
    const guess = nearest(option, names);
    const hint = guess === undefined ? '' : `; did you mean '${guess}'?`;
    throw new OptionError(option, `${where}: there is no option '${option}'${hint} It has: ${names.join(', ')}`);
  }
}

/** `value`, one of `choices`. @throws OptionError */
export function checkChoice<T extends string>(where: string, option: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  const list = choices.map((choice) => `'${choice}'`).join(', ');
  throw new OptionError(option, `${where}: ${option} must be one of ${list}, not ${JSON.stringify(value)}`);
}

/** The axis counted from the front. @throws ShapeError for one that `x` does not have */
export function checkAxis(where: string, x: LazyArray, axis: number): number {
  const positive = axis < 0 ? axis + x.ndim : axis;
  if (Number.isInteger(positive) && positive >= 0 && positive < x.ndim) return positive;
  throw new ShapeError(`${where}: axis ${axis} is out of range for x of shape [${x.shape.join(', ')}]`);
}

/** The axes counted from the front, ascending. @throws ShapeError for one that `x` does not have or that comes twice */
export function checkAxes(where: string, x: LazyArray, axis: number | readonly number[]): number[] {
  const axes = (typeof axis === 'number' ? [axis] : [...axis]).map((one) => checkAxis(where, x, one));
  if (new Set(axes).size < axes.length) {
    throw new ShapeError(
      `${where}: an axis is named twice in [${String(axis)}] for x of shape [${x.shape.join(', ')}]`,
    );
  }
  return axes.sort((a, b) => a - b);
}
