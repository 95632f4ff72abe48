/** Factorisations of matrices and stacks of them: QR, Cholesky, LU. Signs and pivots are LAPACK's. */

import { cholesky as choleskyKernel, lu as luKernel, qr as qrKernel, qrPivoted } from '../kernels/linalg/factor.js';
import { isChunked } from '../lazy/blocks/blocked.js';
import { nd } from '../lazy/index.js';
import { type ArrayInput, kernelCall, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';
import { checkChoice, checkFlag, checkNames } from '../lazy/options.js';
import { blockedCholesky } from './blocks/cholesky.js';
import { blockedQr, blockedR } from './blocks/factors.js';
import { blockedLu } from './blocks/lu.js';
import { isBlockedMatrix } from './blocks/tiles.js';
import { matrices, sides, squares } from './input.js';

export interface QrOptions {
  /**
   * `'reduced'` (the default): q (m, k) and r (k, n) with k = min(m, n); `'complete'`: q (m, m) and r (m, n); `'r'`: r (k, n)
   * alone, in half the time.
   */
  readonly mode?: 'reduced' | 'complete' | 'r';
  /** Take the longest column that is left each time: x[:, p] = q·r, and |r|'s diagonal descends. Default false. */
  readonly pivoting?: boolean;
}

/** x = q·r. */
export interface QR {
  readonly q: LazyArray;
  readonly r: LazyArray;
}

/** x[:, p] = q·r. */
export interface PivotedQR extends QR {
  /** The columns of x in the order of r: (…, n) int32. */
  readonly p: LazyArray;
}

/**
 * q·r = x with orthonormal columns in q and r upper triangular, for x (…, m, n), by blocked Householder reflections
 * (Schreiber & Van Loan 1989); with `pivoting` by Businger & Golub's choice of columns. Signs are LAPACK's: r's diagonal
 * may be negative. 4mn² − ⁴⁄₃n³ flops for m ≥ n. One matrix in blocks, tall: by TSQR (Demmel et al. 2012), q in its blocks of rows;
 * the signs then depend on the blocks. It is put together first for `'complete'` and for `pivoting`.
 *
 * @throws ShapeError for fewer than two axes, OptionError for an option that there is not
 *
 * @example
 * const { q, r } = linalg.qr([[3, 1], [4, 2]]);
 * q.shape; // [2, 2]
 * const values = await nd.round(nd.matmul(q, r)).compute(); // [[3, 1], [4, 2]]
 */
export function qr(
  x: ArrayInput,
  options: QrOptions & { readonly mode: 'r'; readonly pivoting: true },
): Pick<PivotedQR, 'r' | 'p'>;
export function qr(x: ArrayInput, options: QrOptions & { readonly mode: 'r' }): Pick<QR, 'r'>;
export function qr(x: ArrayInput, options: QrOptions & { readonly pivoting: true }): PivotedQR;
export function qr(x: ArrayInput, options?: QrOptions): QR;
export function qr(x: ArrayInput, options: QrOptions = {}): Partial<PivotedQR> {
  const where = 'linalg.qr';
  checkNames(where, options, ['mode', 'pivoting']);
  const { mode = 'reduced', pivoting = false } = options;
  checkChoice(where, 'mode', mode, ['reduced', 'complete', 'r']);
  checkFlag(where, 'pivoting', pivoting);
  const a = matrices(x, where);
  if (isChunked(a) && a.ndim === 2 && !pivoting && mode !== 'complete') {
    return mode === 'r' ? { r: blockedR(a) } : blockedQr(a);
  }
  if (!pivoting) {
    if (mode === 'r') return { r: kernelCall1(qrKernel, [a], { mode }) };
    const [q, r] = kernelCall(qrKernel, [a], mode === 'complete' ? { mode } : {}) as [LazyArray, LazyArray];
    return { q, r };
  }
  const [q, r, p] = kernelCall(qrPivoted, [a]) as [LazyArray, LazyArray, LazyArray];
  if (mode === 'r') return { r, p };
  const [m, n] = sides(a);
  if (mode === 'reduced' || m <= n) return { q, r, p };
  const below = nd.zeros([...a.shape.slice(0, -2), m - n, n], { dtype: a.dtype });
  return { q: completed(q), r: nd.concat([r, below], { axis: -2 }), p };
}

/** Orthonormal columns q (…, m, k) with m − k more, so that they span everything. */
export function completed(q: LazyArray): LazyArray {
  const [m, k] = sides(q);
  if (m === k) return q;
  const [all] = kernelCall(qrKernel, [q], { mode: 'complete' }) as [LazyArray];
  return nd.concat([q, nd.slice(all, ['...', [k, null]])], { axis: -1 });
}

/**
 * The lower triangular l with l·lᵀ = x for a symmetric positive definite x (…, n, n), of which the lower triangle is read.
 * n³/3 flops. A matrix with `chunks` is factored tile by tile, and l has chunks too.
 *
 * @throws ShapeError where x is not square; when computed, LinearAlgebraError where x is not positive definite: it says which
 * leading minor is not
 *
 * @example
 * await linalg.cholesky([[4, 2], [2, 5]]).compute(); // [[2, 0], [1, 2]]
 */
export function cholesky(x: ArrayInput): LazyArray {
  const a = squares(x, 'linalg.cholesky');
  if (isBlockedMatrix(a)) return blockedCholesky(a);
  return kernelCall1(choleskyKernel, [a]);
}

/** x = p·l·u. */
export interface LU {
  /** A permutation: (…, m, m), one 1 in every row and column. */
  readonly p: LazyArray;
  /**
   * Ones on the diagonal and nothing above it: (…, m, k), k = min(m, n). No element is larger than 1; of an x in blocks few
   * are, and little.
   */
  readonly l: LazyArray;
  /** Nothing below the diagonal: (…, k, n). */
  readonly u: LazyArray;
}

/**
 * p·l·u = x for x (…, m, n), by Gaussian elimination with partial pivoting, halving the columns (Toledo 1997). A singular
 * matrix has zeros on u's diagonal. mn² − n³/3 flops for m ≥ n. A matrix with `chunks` is factored by columns of blocks, with
 * pivots from all of its rows by tournament (Grigori, Demmel & Xiang 2011), and the factors have chunks too.
 *
 * @throws ShapeError for fewer than two axes
 *
 * @example
 * const { p, l, u } = linalg.lu([[1, 2], [4, 4]]);
 * await p.compute(); // [[0, 1], [1, 0]]
 * await l.compute(); // [[1, 0], [0.25, 1]]
 * await u.compute(); // [[4, 4], [0, 1]]
 */
export function lu(x: ArrayInput): LU {
  const a = matrices(x, 'linalg.lu');
  if (isBlockedMatrix(a)) return blockedLu(a);
  const [p, l, u] = kernelCall(luKernel, [a]) as [LazyArray, LazyArray, LazyArray];
  return { p, l, u };
}
