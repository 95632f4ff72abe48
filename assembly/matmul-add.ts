/**
 * C (m × n) = S + alpha·op(A)·op(B), all row-major and contiguous: S is copied once and the product of gemm.ts added to it
 * in place, so that a sum of products over blocks holds one of them at a time. With `symmetric` B is A, transposed where A
 * is not, S is symmetric, and what is above the diagonal is copied from below it.
 */
import { mirror, wideProduct } from './gemm';
import { CANCELLED, OK } from './status';

function run<T>(
  work: usize, m: i32, n: i32, k: i32, alpha: T, s: usize, a: usize, rA: i32, cA: i32, b: usize, rB: i32, cB: i32,
  c: usize, symmetric: bool,
): bool {
  memory.copy(c, s, <usize>m * <usize>n * sizeof<T>());
  if (!wideProduct<T>(work, m, n, k, alpha, a, rA, cA, b, rB, cB, c, n, true, symmetric)) return false;
  if (symmetric) mirror<T>(n, c);
  return true;
}

/** `wide`: 1 for float64, 0 for float32. */
export function matmulAdd(
  work: usize, wide: i32, m: i32, n: i32, k: i32, alpha: f64, s: usize, a: usize, transposeA: i32, b: usize,
  transposeB: i32, c: usize, symmetric: i32,
): i32 {
  const rA = transposeA ? 1 : k, cA = transposeA ? m : 1;
  const rB = transposeB ? 1 : n, cB = transposeB ? k : 1;
  const isDone = wide
    ? run<f64>(work, m, n, k, alpha, s, a, rA, cA, b, rB, cB, c, symmetric != 0)
    : run<f32>(work, m, n, k, <f32>alpha, s, a, rA, cA, b, rB, cB, c, symmetric != 0);
  return isDone ? OK : CANCELLED;
}
