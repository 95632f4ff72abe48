/** `nd.rechunk`: the same array in other blocks. */
import { ShapeError } from '../errors.js';
import { gathered } from './blocks/blocked.js';
import { type Chunks, chunkSizes } from './blocks/grid.js';
import { rechunked } from './blocks/rechunk.js';
import { isUnknown } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';

/** The blocks as an option, for those who like them named. */
export interface ChunkOptions {
  readonly chunks: Chunks | null;
}

/**
 * The same array in blocks: `chunks` is one size for all axes, a size per axis, or the exact sizes along each axis; null
 * makes one block of it. `{ chunks }` says the same. A new block that lies within an old one costs nothing until it is used. O(blocks).
 *
 * @throws OptionError for sizes that do not add up to the lengths, ShapeError for an array of unknown shape
 *
 * @example
 * const x = nd.rechunk(nd.arange(10), 4);
 * x.chunks; // [[4, 4, 2]]
 * nd.rechunk(x, [[3, 7]]).chunks; // [[3, 7]]
 * nd.rechunk(x, null).chunks; // null
 */
export function rechunk(x: ArrayInput, into: Chunks | ChunkOptions | null): LazyArray {
  const where = 'nd.rechunk';
  const chunks = blocksAsked(into, where);
  const array = asLazy(x, where);
  if (chunks === null) return gathered(array);
  if (isUnknown(array)) {
    throw new ShapeError(
      `${where}: the shape of x is not known before it is computed, so it cannot be cut into blocks`,
    );
  }
  return rechunked(array, chunkSizes(where, chunks, array.shape));
}

function blocksAsked(into: Chunks | ChunkOptions | null, where: string): Chunks | null {
  if (into === null || typeof into !== 'object' || Array.isArray(into)) return into as Chunks | null;
  checkNames(where, into, ['chunks']);
  return (into as ChunkOptions).chunks;
}
