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
  const own = rowNumbers(known, array.shape[0] ?? 0, where);
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

function rowNumbers(rows: NDArray, length: number, where: string): Int32Array {
  if (rows.ndim !== 1) {
    throw new ShapeError(`${where}: row numbers have one axis, got the shape [${rows.shape.join(', ')}]`);
  }
  if (rows.dtype === 'bool') throw new DTypeError(`${where}: row numbers are whole numbers, got booleans`);
  const { data, offset } = rows.isContiguous ? rows : rows.copy();
  const numbers = new Int32Array(rows.size);
  for (let i = 0; i < numbers.length; i++) {
    const given = data[offset + i]!;
    const row = given < 0 ? given + length : given;
    if (!Number.isInteger(given)) throw new DTypeError(`${where}: row numbers are whole numbers, got ${given}`);
    if (row < 0 || row >= length) {
      throw new ArgumentError(`${where}: row ${given} does not exist; there are ${length} rows`);
    }
    numbers[i] = row;
  }
  return numbers;
}
