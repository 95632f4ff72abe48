/**
 * What functions of linear algebra take: arrays whose last two axes are matrices and whose axes before them count them.
 * Integers and booleans become float64, two arrays the dtype that holds both. Checked when the call is made.
 */
import { floatType, promoteTypes } from '../array/promote.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { nd } from '../lazy/index.js';
import { isUnknown } from '../lazy/late.js';
import { type ArrayInput, asLazy, type LazyArray } from '../lazy/lazy-array.js';
import { scalarOrArray } from '../lazy/reduce.js';

/**
 * What is one number for each matrix: a delayed number for a single matrix, a lazy array for a stack, for which the call
 * says so: `det<LazyArray>(stack)`.
 */
export type PerMatrix = Delayed<number> | LazyArray;

export const shown = ({ shape, dtype }: Pick<LazyArray, 'shape' | 'dtype'>): string => `${dtype} [${shape.join(', ')}]`;

/** An array of floats. @throws ArgumentError when its shape is not known yet */
export function floats(value: ArrayInput, where: string, argument = 'x'): LazyArray {
  const array = asLazy(value, where);
  if (isUnknown(array)) {
    throw new ArgumentError(
      `${where}: the shape of ${argument}, [${array.shape.join(', ')}], is known only when it is computed; compute it first, or say its shape with nd.fromDelayed`,
    );
  }
  return nd.astype(array, floatType(array.dtype));
}

/** A matrix, or a stack of them. @throws ShapeError for fewer than two axes */
export function matrices(value: ArrayInput, where: string, argument = 'x'): LazyArray {
  const array = floats(value, where, argument);
  if (array.ndim < 2) {
    throw new ShapeError(`${where}: ${argument} must be a matrix, or a stack of them, not ${shown(array)}`);
  }
  return array;
}

/** @throws ShapeError as `matrices`, and where they are not square */
export function squares(value: ArrayInput, where: string, argument = 'x'): LazyArray {
  const array = matrices(value, where, argument);
  const [m, n] = sides(array);
  if (m !== n) throw new ShapeError(`${where}: ${argument} must be square, not ${shown(array)}`);
  return array;
}

/** Rows and columns. */
export const sides = ({ shape }: LazyArray): [number, number] => [shape.at(-2)!, shape.at(-1)!];

/** Both in the dtype that holds both. */
export function promoted(a: LazyArray, b: LazyArray): [LazyArray, LazyArray] {
  const dtype = promoteTypes(a.dtype, b.dtype);
  return [nd.astype(a, dtype), nd.astype(b, dtype)];
}

/** The matrices of a stack with rows and columns exchanged. */
export const flipped = (x: LazyArray): LazyArray => nd.swapaxes(x, -1, -2);

export const perMatrix = <R extends PerMatrix>(x: LazyArray): R => scalarOrArray(x) as R;

export function epsilon({ dtype }: LazyArray): number {
  return dtype === 'float32' ? 2 ** -23 : 2 ** -52;
}

/** @throws OptionError for what is not a number of at least 0 */
export function checkTolerance(where: string, option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return;
  throw new OptionError(option, `${where}: ${option} must be a number of at least 0, not ${String(value)}`);
}
