/** Least squares and the pseudo-inverse: what systems have instead of a solution when they have none, or many. */
import { OptionError, ShapeError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { lstsq as lstsqKernel } from '../kernels/linalg/solve.js';
import { isChunked } from '../lazy/blocks/blocked.js';
import { nd } from '../lazy/index.js';
import { type ArrayInput, asScalar, kernelCall, type LazyArray } from '../lazy/lazy-array.js';
import { checkNames } from '../lazy/options.js';
import { blockedLstsq, type Solution } from './blocks/least-squares.js';
import { checkTolerance, epsilon, flipped, floats, matrices, promoted, shown, sides } from './input.js';
import { svd, svdvals } from './spectral.js';

export interface RcondOptions {
  /** Singular values up to so many times the largest count as zero; default: ε of the dtype times max(m, n). */
  readonly rcond?: number;
}

export interface LeastSquares {
  /** (n) or (n, k), as b is. */
  readonly x: LazyArray;
  /** The squared norm of b − a·x of each column: (k), or (1) where b is a vector. */
  readonly residuals: LazyArray;
  /** How many singular values count. */
  readonly rank: Delayed<number>;
  /** The singular values of a, descending: (min(m, n)). A task of its own: they cost nothing where nobody asks for them. */
  readonly s: LazyArray;
}

/**
 * The x for which ‖a·x − b‖ is least, and of those the one of least norm: a (m, n), b (m) or (m, k). By QR where a's
 * columns are provably independent, else by its singular values. Unlike NumPy's, `residuals` is there whatever the rank.
 * 2mn² − ⅓n³ + 4mnk flops for m ≥ n, more where the rank is not full. An a in blocks, m ≥ n, by TSQR, without Q.
 *
 * @throws ShapeError for stacks and where b has not as many rows; when computed, LinearAlgebraError for NaN or infinite elements
 *
 * @example
 * const { x, rank } = linalg.lstsq([[1, 0], [0, 2], [0, 0]], [3, 4, 5]);
 * await x.compute(); // [3, 2]
 * await rank.compute(); // 2
 */
export function lstsq(a: ArrayInput, b: ArrayInput, options: RcondOptions = {}): LeastSquares {
  const where = 'linalg.lstsq';
  checkNames(where, options, ['rcond']);
  checkTolerance(where, 'rcond', options.rcond);
  const [left, right] = promoted(matrices(a, where, 'a'), floats(b, where, 'b'));
  if (left.ndim !== 2) throw new ShapeError(`${where}: a must be one matrix, not ${shown(left)}`);
  const [m, n] = sides(left);
  if (right.ndim < 1 || right.ndim > 2 || right.shape[0] !== m) {
    throw new ShapeError(`${where}: a is ${shown(left)}, so b must be [${m}] or [${m}, k], and is ${shown(right)}`);
  }
  const isVector = right.ndim === 1;
  const limit = options.rcond ?? epsilon(left) * Math.max(m, n);
  const columns = isVector ? nd.expandDims(right, 1) : right;
  const [x, residuals, rank, r] =
    isChunked(left) && m >= n
      ? blockedLstsq(left, columns, limit)
      : (kernelCall(lstsqKernel, [left, columns], { limit }) as Solution);
  return { x: isVector ? nd.squeeze(x, { axis: -1 }) : x, residuals, rank: asScalar(rank), s: svdvals(r) };
}

/**
 * The pseudo-inverse of x (…, m, n): (…, n, m), from its singular values. About 10mn² + 9n³ flops for m ≥ n.
 *
 * @throws ShapeError for fewer than two axes; when computed, LinearAlgebraError for NaN or infinite elements
 *
 * @example
 * await nd.round(linalg.pinv([[2, 0], [0, 0], [0, 0]]), { decimals: 12 }).compute(); // [[0.5, 0, 0], [0, 0, 0]]
 */
export function pinv(x: ArrayInput, options: RcondOptions = {}): LazyArray {
  const where = 'linalg.pinv';
  checkNames(where, options, ['rcond']);
  const { rcond } = options;
  checkTolerance(where, 'rcond', rcond);
  if (rcond === Number.POSITIVE_INFINITY) throw new OptionError('rcond', `${where}: rcond must be finite`);
  const a = matrices(x, where);
  const [m, n] = sides(a);
  if (a.size === 0) return nd.zeros([...a.shape.slice(0, -2), n, m], { dtype: a.dtype });
  const { u, s, vt } = svd(a);
  const least = nd.mul(nd.slice(s, ['...', [0, 1]]), rcond ?? epsilon(a) * Math.max(m, n));
  const inverse = nd.where(nd.greater(s, least), nd.reciprocal(s), nd.mul(s, 0));
  return nd.matmul(flipped(vt), nd.mul(nd.expandDims(inverse, -1), flipped(u)));
}
