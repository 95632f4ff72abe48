/** Systems of equations, inverses and determinants of matrices and stacks of them. */
import { broadcastShapes } from '../array/broadcast.js';
import { ShapeError } from '../errors.js';
import type { Params } from '../graph/node.js';
import type { Delayed } from '../graph/types.js';
import {
  det as detKernel,
  inv as invKernel,
  slogdet as slogdetKernel,
  solve as solveKernel,
} from '../kernels/linalg/solve.js';
import { someChunked } from '../lazy/blocks/blocked.js';
import { nd } from '../lazy/index.js';
import { type ArrayInput, kernelCall, kernelCall1, type LazyArray } from '../lazy/lazy-array.js';
import { checkChoice, checkFlag, checkNames } from '../lazy/options.js';
import { blockedDet, blockedInv, blockedSlogdet, blockedSolve } from './blocks/solve.js';
import { isBlockedMatrix } from './blocks/tiles.js';
import { floats, type PerMatrix, perMatrix, promoted, shown, squares } from './input.js';

export interface SolveOptions {
  /**
   * What is known of `a`: nothing (`'general'`, the default: LU), that it is symmetric and positive definite (`'positive'`:
   * Cholesky, the lower triangle is read), or that it is triangular (`'lower'`, `'upper'`: that triangle is read).
   */
  readonly assume?: 'general' | 'positive' | 'lower' | 'upper';
}

/**
 * x with a·x = b, for a (…, n, n) and b (n) or (…, n, k); stacks broadcast, and a vector b gives a vector x for each matrix.
 * General systems by LU with partial pivoting and, where the residual is not small at once, a step of refinement.
 * ⅔n³ + 2n²k flops, half for `'positive'`, n²k for triangles. Where a or b has `chunks`, so has x; general systems are then
 * solved without the step of refinement.
 *
 * @throws ShapeError where a is not square or b has not as many rows; when computed, LinearAlgebraError where a is singular
 * (a pivot is exactly zero) or not positive definite
 *
 * @example
 * await linalg.solve([[2, 0], [1, 4]], [2, 9]).compute(); // [1, 2]
 */
export function solve(a: ArrayInput, b: ArrayInput, options: SolveOptions = {}): LazyArray {
  const where = 'linalg.solve';
  checkNames(where, options, ['assume']);
  const { assume = 'general' } = options;
  checkChoice(where, 'assume', assume, ['general', 'positive', 'lower', 'upper']);
  return system(where, a, b, assume === 'general' ? {} : { assume });
}

export interface SolveTriangularOptions {
  /** Read the lower triangle of a; default false: the upper one. */
  readonly lower?: boolean;
  /** Solve with a's triangle transposed. Default false; SciPy's 0, 1, 2, 'N', 'T', 'C' mean the same. */
  readonly trans?: boolean | 0 | 1 | 2 | 'N' | 'T' | 'C';
  /** Take the diagonal as ones without reading it. Default false. */
  readonly unitDiagonal?: boolean;
}

/**
 * x with a·x = b for triangular a (…, n, n), of which the other triangle is not read; b as in `solve`. n²k flops.
 *
 * @throws ShapeError as `solve`; when computed, LinearAlgebraError where an element of the diagonal is zero
 *
 * @example
 * await linalg.solveTriangular([[2, 0], [1, 4]], [2, 9], { lower: true }).compute(); // [1, 2]
 */
export function solveTriangular(a: ArrayInput, b: ArrayInput, options: SolveTriangularOptions = {}): LazyArray {
  const where = 'linalg.solveTriangular';
  checkNames(where, options, ['lower', 'trans', 'unitDiagonal']);
  const { lower = false, trans = false, unitDiagonal = false } = options;
  checkFlag(where, 'lower', lower);
  checkChoice(where, 'trans', trans, [true, false, 0, 1, 2, 'N', 'T', 'C']);
  checkFlag(where, 'unitDiagonal', unitDiagonal);
  const isTransposed = trans !== false && trans !== 0 && trans !== 'N';
  const params = {
    assume: lower ? 'lower' : 'upper',
    ...(isTransposed && { transposed: true }),
    ...(unitDiagonal && { unit: true }),
  };
  return system(where, a, b, params);
}

/** A system as the kernel takes it: matrices on both sides, as many of each. */
function system(where: string, a: ArrayInput, b: ArrayInput, params: Params): LazyArray {
  const [left, right] = promoted(squares(a, where, 'a'), floats(b, where, 'b'));
  const isVector = right.ndim === 1;
  const sides = isVector ? nd.expandDims(right, 1) : right;
  const n = left.shape.at(-1)!;
  if (right.ndim === 0 || sides.shape.at(-2) !== n) {
    throw new ShapeError(`${where}: a is ${shown(left)}, so b needs ${n} rows, and is ${shown(right)}`);
  }
  if (left.ndim === 2 && sides.ndim === 2 && sides.size > 0 && someChunked([left, sides])) {
    const { assume = 'general', ...flags } = params as { assume?: NonNullable<SolveOptions['assume']> };
    const x = blockedSolve(left, sides, assume, flags);
    return isVector ? nd.squeeze(x, { axis: -1 }) : x;
  }
  const leads = [left, sides].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
  const lead = broadcastShapes(leads, `${where}: the stacks of a ${shown(left)} and b ${shown(right)}`);
  const stacked = (x: LazyArray): LazyArray => nd.broadcastTo(x, [...lead, ...x.shape.slice(-2)]);
  const x = kernelCall1(solveKernel, [stacked(left), stacked(sides)], params);
  return isVector ? nd.squeeze(x, { axis: -1 }) : x;
}

/**
 * The inverse of x (…, n, n). To solve a system use `solve`: it is faster and more accurate. 2n³ flops.
 *
 * @throws ShapeError where x is not square; when computed, LinearAlgebraError where it is singular (a pivot is exactly zero)
 *
 * @example
 * await linalg.inv([[2, 0], [0, 4]]).compute(); // [[0.5, 0], [0, 0.25]]
 */
export function inv(x: ArrayInput): LazyArray {
  const a = squares(x, 'linalg.inv');
  if (isBlockedMatrix(a)) return blockedInv(a);
  return kernelCall1(invKernel, [a]);
}

/**
 * The determinant of x (…, n, n): a delayed number, or an array of them for a stack (`det<LazyArray>(stack)`). The product of
 * LU's pivots, which may overflow where `slogdet` does not; 0 for an exactly singular matrix. ⅔n³ flops.
 *
 * @throws ShapeError where x is not square
 *
 * @example
 * await linalg.det([[1, 2], [4, 4]]).compute(); // -4
 */
export function det<R extends PerMatrix = Delayed<number>>(x: ArrayInput): R {
  const a = squares(x, 'linalg.det');
  return perMatrix(isBlockedMatrix(a) ? blockedDet(a) : kernelCall1(detKernel, [a]));
}

/** det = sign · exp(logdet). */
export interface SignAndLogarithm<R extends PerMatrix = Delayed<number>> {
  /** −1, 0 or 1. */
  readonly sign: R;
  /** The natural logarithm of the determinant's magnitude; −Infinity where that is 0. */
  readonly logdet: R;
}

/**
 * The sign and the logarithm of the magnitude of the determinant of x (…, n, n), for determinants that would overflow or
 * vanish. ⅔n³ flops.
 *
 * @throws ShapeError where x is not square
 *
 * @example
 * const { sign, logdet } = linalg.slogdet([[0, 1], [1, 0]]);
 * await compute([sign, logdet]); // [-1, 0]
 */
export function slogdet<R extends PerMatrix = Delayed<number>>(x: ArrayInput): SignAndLogarithm<R> {
  const a = squares(x, 'linalg.slogdet');
  const [sign, logdet] = isBlockedMatrix(a)
    ? blockedSlogdet(a)
    : (kernelCall(slogdetKernel, [a]) as [LazyArray, LazyArray]);
  return { sign: perMatrix(sign), logdet: perMatrix(logdet) };
}
