/** What the functions of `random` share: their shapes, seeds and chunks. */
import { checkShape, sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';

/** How long each axis is; a number for one axis. */
export type RandomShape = number | readonly number[];

/** One size for all axes, a size per axis, or the exact sizes along each axis. */
export type Chunks = number | readonly (number | readonly number[])[];

export interface RandomOptions {
  /** A whole number from 0 to 2 ** 53 - 1; default: drawn by the system's generator when the call is made. */
  readonly seed?: number;
  /** Make the array in blocks, as tasks of their own; the numbers are the same. */
  readonly chunks?: Chunks;
}

/** The sizes of the blocks along each axis. @throws OptionError for sizes that do not add up to the length */
export function chunkSizes(where: string, chunks: Chunks, shape: readonly number[]): number[][] {
  const perAxis = typeof chunks === 'number' ? shape.map(() => chunks) : chunks;
  if (!Array.isArray(perAxis) || perAxis.length !== shape.length) {
    throw new OptionError(
      'chunks',
      `${where}: chunks is one size, or one entry for each axis of [${shape.join(', ')}]; got ${JSON.stringify(chunks)}`,
    );
  }
  return (perAxis as readonly (number | readonly number[])[]).map((entry, axis) => {
    const length = shape[axis]!;
    if (typeof entry === 'number' && Number.isInteger(entry) && entry > 0) {
      const whole = Array.from({ length: Math.floor(length / entry) }, () => entry);
      return length % entry === 0 && length > 0 ? whole : [...whole, length % entry];
    }
    const isList = Array.isArray(entry) && entry.every((size) => Number.isInteger(size) && size >= 0);
    if (isList && entry.reduce((sum, size) => sum + size, 0) === length) return [...entry];
    throw new OptionError(
      'chunks',
      `${where}: chunks of axis ${axis} must be a whole number > 0 or sizes that add up to ${length}; got ${JSON.stringify(entry)}`,
    );
  });
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
