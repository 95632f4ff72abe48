/**
 * Rows of an array. A take of a take is one take of the first array, and where rows come from is remembered: matrices
 * between samples (learn/pairwise.ts) can then be made once for the whole array and shared by every choice of rows.
 */
import { type ArraySource, toNDArray } from '../array/convert.js';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, DTypeError, ShapeError } from '../errors.js';
import { NODE, type TaskNode } from '../graph/node.js';
import { take as takeKernel } from '../kernels/take.js';
import { kernelCall1, LazyArray, leaf, leafValue } from './lazy-array.js';

/** Which rows of which array an array has; without `rows` it is the array itself. */
export interface Origin {
  readonly base: LazyArray;
  readonly rows: Int32Array | undefined;
}

const origins = new WeakMap<TaskNode, Origin>();

export function takenFrom(array: LazyArray): Origin {
  return origins.get(array[NODE]) ?? { base: array, rows: undefined };
}

/**
 * The rows of `array` at `rows` (n whole numbers, negative ones counted from the end), of shape (n, …). O(n) now; the
 * copy is one kernel.
 *
 * @throws ArgumentError for a row that does not exist, DTypeError for rows that are no whole numbers
 */
export function takeRows(array: LazyArray, rows: ArraySource | LazyArray, where = 'take'): LazyArray {
  if (array.ndim === 0) throw new ShapeError(`${where}: a zero-dimensional array has no rows to take`);
  const known = rows instanceof LazyArray ? leafValue(rows) : toNDArray(rows, { where });
  if (known === undefined) return kernelCall1(takeKernel, [array, rows as LazyArray]);
  if (known.ndim !== 1) {
    throw new ShapeError(`${where}: row numbers have one axis, got the shape [${known.shape.join(', ')}]`);
  }
  const own = positionsOf(known, array.shape[0] ?? 0, where);
  const { base, rows: before } = takenFrom(array);
  if (before !== undefined) for (let i = 0; i < own.length; i++) own[i] = before[own[i]!]!;
  const taken = kernelCall1(takeKernel, [base, rowsLeaf(own)]);
  origins.set(taken[NODE], { base, rows: own });
  return taken;
}

/** Row numbers as an int32 input of a kernel. */
export function rowsLeaf(rows: Int32Array): LazyArray {
  return leaf(new NDArray(rows, { shape: [rows.length], dtype: 'int32' }), 'rows');
}

/**
 * Known indices into an axis as positions 0 ≤ p < length, in row-major order. O(indices)
 *
 * @throws ArgumentError for an index that does not exist, DTypeError for what is no whole number
 */
export function positionsOf(indices: NDArray, length: number, where: string): Int32Array {
  if (indices.dtype === 'bool') {
    throw new DTypeError(`${where}: indices are whole numbers, these are booleans; nd.compress takes by booleans`);
  }
  const { data, offset } = indices.isContiguous ? indices : indices.copy();
  const positions = new Int32Array(indices.size);
  for (let i = 0; i < positions.length; i++) {
    const given = data[offset + i]!;
    const index = given < 0 ? given + length : given;
    if (!Number.isInteger(given)) throw new DTypeError(`${where}: indices are whole numbers, got ${given}`);
    if (index < 0 || index >= length) {
      throw new ArgumentError(`${where}: index ${given} is outside the axis, which has length ${length}`);
    }
    positions[i] = index;
  }
  return positions;
}
