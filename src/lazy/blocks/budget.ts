/**
 * How arrays are cut whose caller does not say: not at all up to a size that several of fit into the memory of kernels
 * (4 GiB, of WebAssembly); beyond it into blocks that many of fit into it at a time, whole rows where these are short
 * enough, so that a block lies in one piece in memory and in a file.
 */
import { type DType, itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import { evenly, type Sizes } from './grid.js';

/** Bytes of the memory that all arrays of a run share. */
const MEMORY = 2 ** 32;
/** Arrays of up to this many bytes are one block. */
export const LARGE_BYTES: number = MEMORY / 8;
/** Bytes of a block of a larger one, at most. */
export const BLOCK_BYTES: number = MEMORY / 64;

/** The blocks of an array that is made or read; undefined where one will do. */
export function chunksFor(shape: readonly number[], dtype: DType): Sizes | undefined {
  if (sizeOf(shape) * itemSize(dtype) <= LARGE_BYTES) return undefined;
  let left = BLOCK_BYTES / itemSize(dtype);
  const sizes = [...shape];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    sizes[axis] = Math.min(shape[axis]!, Math.max(1, Math.floor(left)));
    left /= sizes[axis]!;
  }
  return shape.map((length, axis) => evenly(length, sizes[axis]!));
}
