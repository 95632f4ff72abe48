/** What the functions of `random` share: their shapes, seeds and chunks. */
import { checkShape, sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import type { Chunks } from './blocks/grid.js';

export type { Chunks } from './blocks/grid.js';

/** How long each axis is; a number for one axis. */
export type RandomShape = number | readonly number[];

export interface RandomOptions {
  /** A whole number from 0 to 2 ** 53 - 1; default: drawn by the system's generator when the call is made. */
  readonly seed?: number;
  /** Make the array in blocks, as tasks of their own; the numbers are the same. */
  readonly chunks?: Chunks;
}

/** @throws ShapeError for lengths that are no whole numbers ≥ 0 */
export function shapeOf(where: string, shape: RandomShape): readonly number[] {
  if (typeof shape !== 'number' && !Array.isArray(shape)) {
    throw new ShapeError(`${where}: the shape is a length or a list of lengths, got ${typeof shape}`);
  }
  const lengths = checkShape(typeof shape === 'number' ? [shape] : [...(shape as readonly number[])], where);
  if (sizeOf(lengths) > 2 ** 32) {
    throw new ShapeError(
      `${where}: an array of shape [${lengths.join(', ')}] does not fit into memory; make blocks of it`,
    );
  }
  return lengths;
}

/** The seed, or one from the system's generator. @throws OptionError for one that is no whole number in range */
export function seedOr(where: string, seed: number | undefined): number {
  if (seed === undefined) {
    const [low, high] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
    return low + (high % 2 ** 21) * 2 ** 32;
  }
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new OptionError('seed', `${where}: seed must be a whole number from 0 to 2 ** 53 - 1, not ${String(seed)}`);
}
