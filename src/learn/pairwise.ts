/**
 * Matrices between samples: squared distances and inner products, the costly part of a kernel machine. When both sides
 * are rows of one array, the matrix of the whole array is made once and every choice of rows is cut out of it: all
 * folds and all parameters share one task, since equal kernel calls have equal keys.
 *
 * That pays when the rows chosen are many. With k folds the whole matrix costs n², the cuts together about k·(1 − 1/k)·n²
 * otherwise, so it is done when the training rows are at least a quarter of the base's and the whole matrix stays
 * within SHARED_BYTES. A single fit on exactly a quarter of the rows is where this does badly: sixteen times the work.
 */
import { ShapeError } from '../errors.js';
import { linearKernel, squaredDistances } from '../kernels/distances.js';
import { takeGrid } from '../kernels/take.js';
import { kernelCall1, type LazyArray } from '../lazy/lazy-array.js';
import { rowsLeaf, takenFrom } from '../lazy/take.js';

export type Measure = 'distances' | 'products';

/** What becomes of a matrix between samples, element by element; `shareable` when it is the same for all rows. */
export interface Finish {
  readonly apply: (matrix: LazyArray) => LazyArray;
  readonly shareable: boolean;
}

/** A matrix (m, n), or a larger one with the rows (m) and columns (n) to use. */
export interface Block {
  readonly matrix: LazyArray;
  readonly rows?: LazyArray;
  readonly columns?: LazyArray;
}

const SHARED_BYTES = 512 << 20;
const LEAST_SHARE = 0.25;

/**
 * The matrix between the rows of `a` (m, d) and of `b` (n, d), finished element by element: (m, n); `b` are the
 * training rows. A shareable one is finished as a whole and not even cut: solver and prediction pick their rows.
 *
 * @throws ShapeError when the numbers of features differ
 */
export function between(measure: Measure, a: LazyArray, b: LazyArray, finish: Finish, where: string): Block {
  if (a.shape[1] !== b.shape[1]) {
    throw new ShapeError(`${where}: the model was fitted on ${b.shape[1]} features, these samples have ${a.shape[1]}`);
  }
  const left = takenFrom(a);
  const right = takenFrom(b);
  if (left.base.key !== right.base.key || !pays(right.base, b)) {
    return { matrix: finish.apply(direct(measure, a, b)) };
  }
  const whole = direct(measure, right.base, right.base);
  if (left.rows === undefined && right.rows === undefined) return { matrix: finish.apply(whole) };
  const rows = rowsOf(left.rows, a);
  const columns = rowsOf(right.rows, b);
  if (finish.shareable) return { matrix: finish.apply(whole), rows, columns };
  return { matrix: finish.apply(kernelCall1(takeGrid, [whole, rows, columns])) };
}

function pays(base: LazyArray, train: LazyArray): boolean {
  const n = base.shape[0] ?? 0;
  return n * n * 8 <= SHARED_BYTES && (train.shape[0] ?? 0) >= LEAST_SHARE * n;
}

function rowsOf(rows: Int32Array | undefined, array: LazyArray): LazyArray {
  return rowsLeaf(rows ?? Int32Array.from({ length: array.shape[0] ?? 0 }, (_, i) => i));
}

function direct(measure: Measure, a: LazyArray, b: LazyArray): LazyArray {
  const kernel = measure === 'distances' ? squaredDistances : linearKernel;
  return a.key === b.key ? kernelCall1(kernel, [a]) : kernelCall1(kernel, [a, b]);
}
