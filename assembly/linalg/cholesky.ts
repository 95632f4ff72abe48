/**
 * A = L·Lᵀ for A symmetric positive definite, n × n row-major, by halving (LAPACK's potrf, recursive as potrf2): factor
 * the leading half, solve for the block below it, subtract its product with itself (lower tiles only), go on with the rest
 * (Higham, Accuracy and Stability of Numerical Algorithms, 10.1; blocks of 32 by dot products, algorithm 10.2).
 *
 * Only A's lower triangle is read; L overwrites it. n³/3 flops, nearly all in the packed product; no workspace.
 * A pivot that is not positive ends it: its number (from 1) is the answer, 0 is success, −1 cancelled.
 */
import { wideProduct } from '../gemm';
import { solveRight } from './triangular';

const BASE: i32 = 32;

export function choleskyFactor<T>(work: usize, n: i32, a: usize, lda: i32): i32 {
  if (n <= BASE) return factorBase<T>(n, a, lda);
  const half = n / 2 / 8 * 8;
  const rest = n - half;
  const first = choleskyFactor<T>(work, half, a, lda);
  if (first != 0) return first;
  const a21 = a + <usize>(half * lda) * sizeof<T>();
  const a22 = a21 + <usize>half * sizeof<T>();
  if (!solveRight<T>(work, half, rest, false, a, lda, 1, a21, lda)) return -1;
  if (!wideProduct<T>(work, rest, rest, half, <T>-1, a21, lda, 1, a21, 1, lda, a22, lda, true, true)) return -1;
  const second = choleskyFactor<T>(work, rest, a22, lda);
  return second > 0 ? second + half : second;
}

/** Row by row, each element by a dot product of two rows of L. */
function factorBase<T>(n: i32, a: usize, lda: i32): i32 {
  const row = <usize>lda * sizeof<T>();
  for (let i = 0; i < n; i++) {
    const ai = a + <usize>i * row;
    for (let j = 0; j <= i; j++) {
      const aj = a + <usize>j * row;
      let sum = load<T>(ai + <usize>j * sizeof<T>());
      for (let k = 0; k < j; k++) {
        sum -= load<T>(ai + <usize>k * sizeof<T>()) * load<T>(aj + <usize>k * sizeof<T>());
      }
      if (j < i) {
        sum /= load<T>(aj + <usize>j * sizeof<T>());
      } else {
        // written so that NaN fails too
        if (!(sum > <T>0)) return i + 1;
        sum = sqrt<T>(sum);
      }
      store<T>(ai + <usize>j * sizeof<T>(), sum);
    }
  }
  return 0;
}
