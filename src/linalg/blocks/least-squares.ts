/**
 * Least squares with a tall matrix in blocks: the R of [a b] by TSQR (Demmel, Grigori, Hoemmen & Langou 2012) holds the R of a,
 * Qᵀb beside it, and below that what no x explains (Golub & Van Loan 2013, §5.3.3); no Q is formed and no condition number
 * squared. What is left is the least squares of n × n.
 *
 * 2m(n + k)² flops for k right-hand sides; graph and memory are those of R alone (tall-qr.ts) with n + k columns.
 */
import { lstsq as lstsqKernel } from '../../kernels/linalg/solve.js';
import { nd } from '../../lazy/index.js';
import { kernelCall, type LazyArray } from '../../lazy/lazy-array.js';
import { tallR } from './tall-qr.js';

export type Solution = [x: LazyArray, residuals: LazyArray, rank: LazyArray, r: LazyArray];

/** x (n, k), residuals (k), rank and a matrix with a's singular values, for a (m, n), m ≥ n, and b (m, k). */
export function blockedLstsq(a: LazyArray, b: LazyArray, limit: number): Solution {
  const n = a.shape[1]!;
  const all = tallR(nd.concat([a, b], { axis: 1 }));
  const r = nd.slice(all, [
    [0, n],
    [0, n],
  ]);
  const c = nd.slice(all, [
    [0, n],
    [n, null],
  ]);
  const rest = nd.slice(all, [
    [n, null],
    [n, null],
  ]);
  const [x, residuals, rank, small] = kernelCall(lstsqKernel, [r, c], { limit }) as Solution;
  const beyond = nd.sum(nd.square(rest), { axis: 0 }) as unknown as LazyArray;
  return [x, nd.add(residuals, beyond) as LazyArray, rank, small];
}
