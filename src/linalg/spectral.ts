/** Eigenvalues of symmetric matrices, and singular values. Computed in float64 whatever the dtype, and then rounded. */
import { eigh as eighKernel, svd as svdKernel, svdvals as svdvalsKernel } from '../kernels/linalg/spectral.js';
import { isChunked } from '../lazy/blocks/blocked.js';
import { type ArrayInput, kernelCall, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';
import { checkChoice, checkFlag, checkNames } from '../lazy/options.js';
import { blockedSvd, blockedSvdvals } from './blocks/factors.js';
import { completed } from './factor.js';
import { flipped, matrices, squares } from './input.js';

export interface EighOptions {
  /** Read the lower triangle (the default) or the upper one. */
  readonly lower?: boolean;
}

export interface Eigen {
  /** Ascending: (…, n). */
  readonly values: LazyArray;
  /** Column i belongs to value i: (…, n, n), orthonormal. */
  readonly vectors: LazyArray;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices x (…, n, n): tridiagonal form, divide and conquer (Cuppen 1981; Gu &
 * Eisenstat 1995), back-transformation. About 4n³ flops, less where values are clustered.
 *
 * @throws ShapeError where x is not square; when computed, LinearAlgebraError for NaN or infinite elements
 *
 * @example
 * const { values } = linalg.eigh([[2, 1], [1, 2]]);
 * await nd.round(values, { decimals: 12 }).compute(); // [1, 3]
 */
export function eigh(x: ArrayInput, options: EighOptions = {}): Eigen {
  const where = 'linalg.eigh';
  checkNames(where, options, ['lower']);
  const { lower = true } = options;
  checkFlag(where, 'lower', lower);
  const a = squares(x, where);
  const [values, vectors] = kernelCall(eighKernel, [lower ? a : flipped(a)]) as [LazyArray, LazyArray];
  return { values, vectors };
}

export interface SvdValuesOptions {
  /**
   * `'absolute'` (the default): every value to rounding errors of the largest. `'relative'`: small ones to many digits of
   * their own, by one-sided Jacobi, at some times the cost.
   */
  readonly accuracy?: 'absolute' | 'relative';
}

export interface SvdOptions extends SvdValuesOptions {
  /** u (m, m) and vt (n, n) in full, not only what belongs to a singular value. Default false. */
  readonly fullMatrices?: boolean;
}

/** x = u·diag(s)·vt. */
export interface SVD {
  /** (…, m, k), orthonormal columns; k = min(m, n). */
  readonly u: LazyArray;
  /** Descending: (…, k). */
  readonly s: LazyArray;
  /** (…, k, n), orthonormal rows. */
  readonly vt: LazyArray;
}

/**
 * The singular value decomposition of x (…, m, n): bidiagonal form (QR first where x is tall), divide and conquer (Gu &
 * Eisenstat 1995), back-transformation; small matrices by one-sided Jacobi. About 8mn² + 9n³ flops for m ≥ n. One matrix in
 * blocks by TSQR (Demmel et al. 2012): the long one of u and vt is in blocks too; a column of u and its row of vt may both
 * have the other sign than those of the whole matrix, the same ones whenever the blocks are the same. For `fullMatrices` and
 * for `'relative'` the blocks are put together first.
 *
 * @throws ShapeError for fewer than two axes; when computed, LinearAlgebraError for NaN or infinite elements
 *
 * @example
 * const { u, s, vt } = linalg.svd([[3, 0], [0, 4], [0, 0]]);
 * await s.compute(); // [4, 3]
 * u.shape; // [3, 2]
 */
export function svd(x: ArrayInput, options: SvdOptions = {}): SVD {
  const where = 'linalg.svd';
  checkNames(where, options, ['fullMatrices', 'accuracy']);
  const { fullMatrices = false } = options;
  checkFlag(where, 'fullMatrices', fullMatrices);
  const params = accuracyOf(where, options);
  const a = matrices(x, where);
  if (hasBlocks(a) && !fullMatrices && params.accuracy === undefined) return blockedSvd(a);
  const [u, s, vt] = kernelCall(svdKernel, [a], params) as [LazyArray, LazyArray, LazyArray];
  return fullMatrices ? { u: completed(u), s, vt: flipped(completed(flipped(vt))) } : { u, s, vt };
}

/**
 * The singular values of x (…, m, n), descending: (…, min(m, n)). As `svd`, in about a third of the time.
 *
 * @throws as `svd`
 *
 * @example
 * await linalg.svdvals([[3, 0], [0, -4]]).compute(); // [4, 3]
 */
export function svdvals(x: ArrayInput, options: SvdValuesOptions = {}): LazyArray {
  const where = 'linalg.svdvals';
  checkNames(where, options, ['accuracy']);
  const params = accuracyOf(where, options);
  const a = matrices(x, where);
  if (hasBlocks(a) && params.accuracy === undefined) return blockedSvdvals(a);
  return kernelCall1(svdvalsKernel, [a], params);
}

/** One matrix in blocks; stacks are put together first. */
const hasBlocks = (x: LazyArray): boolean => isChunked(x) && x.ndim === 2;

function accuracyOf(where: string, { accuracy = 'absolute' }: SvdValuesOptions): { accuracy?: 'relative' } {
  checkChoice(where, 'accuracy', accuracy, ['absolute', 'relative']);
  return accuracy === 'relative' ? { accuracy } : {};
}
