/** Norms of vectors and matrices, rank and condition: one number for each. */
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { inv as invKernel } from '../kernels/linalg/solve.js';
import { nd } from '../lazy/index.js';
import { type ArrayInput, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';
import { checkFlag, checkNames } from '../lazy/options.js';
import { checkTolerance, epsilon, floats, matrices, type PerMatrix, shown, sides, squares } from './input.js';
import { svdvals } from './spectral.js';

/** What norms there are; `'nuc'` and `'fro'` for matrices only. */
export type NormOrder = number | 'fro' | 'nuc';

export interface NormOptions {
  /** One axis for norms of vectors, two for those of matrices (rows first); default: all axes. */
  readonly axis?: number | readonly number[] | null;
  /** Keep the axes with length 1; default false. */
  readonly keepdims?: boolean;
}

/**
 * The norm of x, or of the vectors or matrices along `axis`. Without `ord` the root of the sum of squares. Of vectors: 2, 1,
 * any p, Infinity, −Infinity, 0 (how many are not 0). Of matrices: 'fro', 'nuc' (the sum of the singular values), 2 and
 * −2 (the largest and smallest of them), 1 and −1 (the largest and smallest sum of a column's magnitudes), Infinity and
 * −Infinity (of a row's). All of x as one number is a delayed number; along axes say `norm<LazyArray>(…)`. One pass over
 * x; with 'nuc' and ±2 as `svdvals`.
 *
 * @throws OptionError for an `ord` that there is not, ShapeError for axes that do not exist
 *
 * @example
 * await linalg.norm([3, 4]).compute(); // 5
 * await linalg.norm([[1, -2], [3, 4]], 1).compute(); // 6
 * await linalg.norm([[3, 0], [0, -4]], 'nuc').compute(); // 7
 * await linalg.norm([[3, 4], [5, 12]], 2, { axis: 1 }).compute(); // [5, 13]
 */
export function norm<R extends PerMatrix = Delayed<number>>(
  x: ArrayInput,
  ord?: NormOrder | null,
  options: NormOptions = {},
): R {
  const where = 'linalg.norm';
  if (typeof ord === 'object' && ord !== null) {
    throw new ArgumentError(`${where}: options come third, after ord; leave ord undefined for the usual norm`);
  }
  checkNames(where, options, ['axis', 'keepdims']);
  const { axis, keepdims = false } = options;
  checkFlag(where, 'keepdims', keepdims);
  const array = floats(x, where);
  const count = axis === undefined || axis === null ? array.ndim : typeof axis === 'number' ? 1 : axis.length;
  if (ord !== 'nuc' && !(count === 2 && (ord === 2 || ord === -2))) {
    const given = axis === undefined || axis === null ? {} : { axis };
    return nd.norm(array, { ...(ord !== undefined && ord !== null && { ord }), ...given, keepdims }) as unknown as R;
  }
  if (count !== 2) {
    throw new OptionError(
      'ord',
      `${where}: '${ord}' is a norm of matrices, over two axes, not over ${count} of x ${shown(array)}`,
    );
  }
  const axes = Array.isArray(axis) ? (axis as readonly number[]) : [0, 1];
  const values = svdvals(nd.moveaxis(array, axes, [-2, -1]));
  if (ord === -2 && values.shape.at(-1) === 0) {
    throw new ShapeError(`${where}: x ${shown(array)} has no singular values, and nothing is the smallest of nothing`);
  }
  const result = reduced(values, ord as 'nuc' | 2 | -2);
  return (
    keepdims
      ? nd.expandDims(
          result as ArrayInput,
          axes.map((one) => (one < 0 ? one + array.ndim : one)),
        )
      : result
  ) as R;
}

function reduced(values: LazyArray, ord: 'nuc' | 2 | -2): unknown {
  const along = { axis: -1 };
  if (ord === -2) return nd.min(values, along);
  // The largest of nothing is 0, as the sum.
  return ord === 2 && values.shape.at(-1) !== 0 ? nd.max(values, along) : nd.sum(values, along);
}

export interface MatrixRankOptions {
  /** Singular values up to this count as zero. */
  readonly tol?: number;
  /** The same as a multiple of the largest one; default: ε of the dtype times max(m, n). */
  readonly rtol?: number;
}

/**
 * How many singular values of x (…, m, n) are not zero but for rounding errors. A vector has rank 1 where some element is not 0.
 * As `svdvals`.
 *
 * @throws OptionError where both tolerances are given; when computed, LinearAlgebraError for NaN or infinite elements
 *
 * @example
 * await linalg.matrixRank([[1, 2], [2, 4]]).compute(); // 1
 */
export function matrixRank<R extends PerMatrix = Delayed<number>>(x: ArrayInput, options: MatrixRankOptions = {}): R {
  const where = 'linalg.matrixRank';
  checkNames(where, options, ['tol', 'rtol']);
  const { tol, rtol } = options;
  checkTolerance(where, 'tol', tol);
  checkTolerance(where, 'rtol', rtol);
  if (tol !== undefined && rtol !== undefined) throw new OptionError('tol', `${where}: give tol or rtol, not both`);
  const array = floats(x, where);
  if (array.ndim < 2) return nd.minimum(nd.sum(nd.notEqual(nd.ravel(array), 0)), 1) as unknown as R;
  const s = svdvals(array);
  if (s.shape.at(-1) === 0) return nd.sum(s, { axis: -1 }) as unknown as R;
  const least = tol ?? nd.mul(nd.slice(s, ['...', [0, 1]]), rtol ?? epsilon(array) * Math.max(...sides(array)));
  return nd.sum(nd.greater(s, least) as ArrayInput, { axis: -1 }) as unknown as R;
}

/**
 * The condition of x (…, m, n) in the norm p, ‖x‖·‖x⁻¹‖: how much errors of a system's right-hand side may grow. Without p,
 * and for 2 and −2, the ratio of singular values, for which x need not be square. Infinity where x is singular.
 *
 * @throws ShapeError where x has no elements, or is not square and p asks for that; when computed, LinearAlgebraError for
 * NaN or infinite elements
 *
 * @example
 * await linalg.cond([[1, 0], [0, 4]]).compute(); // 4
 * await linalg.cond([[1, 1], [1, 1]], 1).compute() === Infinity; // true
 */
export function cond<R extends PerMatrix = Delayed<number>>(x: ArrayInput, p?: NormOrder): R {
  const where = 'linalg.cond';
  const usesValues = p === undefined || p === 2 || p === -2;
  const array = usesValues ? matrices(x, where) : squares(x, where);
  // A stack of no matrices has no conditions, which is no error.
  if (sides(array).includes(0)) throw new ShapeError(`${where}: x ${shown(array)} has no elements`);
  if (usesValues) {
    const s = svdvals(array);
    const [first, last] = [nd.max(s, { axis: -1 }), nd.min(s, { axis: -1 })];
    return finished(p === -2 ? nd.div(last, first) : nd.div(first, last)) as R;
  }
  const axis = [-2, -1];
  const inverse = kernelCall1(invKernel, [array], { singular: 'infinite' });
  const [own, other] = [norm(array, p, { axis }), norm(inverse, p, { axis })];
  const product = nd.mul(own as ArrayInput, other as ArrayInput);
  // 0 · ∞ is a singular matrix; what comes of NaN stays
  return nd.where(nd.isnan(own as ArrayInput) as ArrayInput, product, finished(product) as ArrayInput) as unknown as R;
}

/** NaN, which is 0/0 or 0·∞, as the Infinity that it stands for. */
function finished(ratio: unknown): unknown {
  return nd.where(nd.isnan(ratio as ArrayInput) as ArrayInput, Number.POSITIVE_INFINITY, ratio as ArrayInput);
}
