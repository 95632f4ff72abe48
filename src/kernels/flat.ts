/**
 * How the js bodies read their inputs: as one row-major typed array, in place where the elements already lie that way
 * and gathered where they do not, so that a body is plain loops over indices.
 */
import { allocate, type TypedArray } from '../array/dtype.js';
import { gather, type NDArray } from '../array/ndarray.js';

/** The elements of `x` in row-major order; not to be written. */
export function flat(x: NDArray): TypedArray {
  if (x.isContiguous) return x.data.subarray(x.offset, x.offset + x.size);
  const copy = allocate(x.dtype, x.size);
  gather(x, copy);
  return copy;
}
