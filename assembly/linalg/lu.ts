/**
 * P·A = L·U with partial pivoting, A m × n row-major, by halving the columns (Toledo, SIAM J. Matrix Anal. 18(4), 1997;
 * LAPACK's getrf2): factor the left half, apply its exchanges and its triangle to the right half, subtract the product,
 * factor what is left of the right half.
 *
 * L (unit, below the diagonal) and U overwrite A; pivots[i] is the row that step i exchanged with row i. mn² − n³/3
 * flops for m ≥ n, nearly all in the packed product; no workspace. A zero pivot is left as it is, and U then has it.
 */
import { wideProduct } from '../gemm';
import { solveLeft } from './triangular';

const BASE: i32 = 8;

/** False when cancelled. `pivots`: min(m, n) int32, rows counted from `a`. */
export function luFactor<T>(work: usize, m: i32, n: i32, a: usize, lda: i32, pivots: usize): bool {
  const steps = min(m, n);
  if (n <= BASE || steps <= BASE) {
    factorBase<T>(m, n, a, lda, pivots);
    return true;
  }
  const left = max(BASE, steps / 2 / 8 * 8);
  const right = n - left;
  if (!luFactor<T>(work, m, left, a, lda, pivots)) return false;
  const a12 = a + <usize>left * sizeof<T>();
  exchangeRows<T>(right, a12, lda, pivots, 0, left);
  if (!solveLeft<T>(work, left, right, true, a, lda, 1, a12, lda)) return false;
  const a21 = a + <usize>(left * lda) * sizeof<T>();
  const a22 = a21 + <usize>left * sizeof<T>();
  if (!wideProduct<T>(work, m - left, right, left, <T>-1, a21, lda, 1, a12, lda, 1, a22, lda, true, false)) return false;
  const later = pivots + (<usize>left << 2);
  if (!luFactor<T>(work, m - left, right, a22, lda, later)) return false;
  exchangeRows<T>(left, a21, lda, later, 0, steps - left);
  for (let i = 0; i < steps - left; i++) {
    store<i32>(later + (<usize>i << 2), load<i32>(later + (<usize>i << 2)) + left);
  }
  return true;
}

/** The exchanges first … end − 1 of `pivots` on `n` columns. */
export function exchangeRows<T>(n: i32, a: usize, lda: i32, pivots: usize, first: i32, end: i32): void {
  const row = <usize>lda * sizeof<T>();
  const bytes = <usize>n * sizeof<T>();
  for (let i = first; i < end; i++) {
    const other = load<i32>(pivots + (<usize>i << 2));
    if (other != i) exchange<T>(a + <usize>i * row, a + <usize>other * row, bytes);
  }
}

function exchange<T>(p: usize, q: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(p + at);
    v128.store(p + at, v128.load(q + at));
    v128.store(q + at, value);
  }
  for (; at < bytes; at += sizeof<T>()) {
    const value = load<T>(p + at);
    store<T>(p + at, load<T>(q + at));
    store<T>(q + at, value);
  }
}

function factorBase<T>(m: i32, n: i32, a: usize, lda: i32, pivots: usize): void {
  const row = <usize>lda * sizeof<T>();
  const bytes = <usize>n * sizeof<T>();
  for (let j = 0; j < min(m, n); j++) {
    const column = a + <usize>j * sizeof<T>();
    let best = j;
    let largest = abs<T>(load<T>(column + <usize>j * row));
    for (let i = j + 1; i < m; i++) {
      const size = abs<T>(load<T>(column + <usize>i * row));
      // a NaN wins and stays, so that it reaches the result
      if (size > largest || (size != size && largest == largest)) {
        largest = size;
        best = i;
      }
    }
    store<i32>(pivots + (<usize>j << 2), best);
    const pivotRow = a + <usize>j * row;
    if (best != j) exchange<T>(pivotRow, a + <usize>best * row, bytes);
    const pivot = load<T>(column + <usize>j * row);
    if (pivot == <T>0) continue;
    for (let i = j + 1; i < m; i++) {
      const ai = a + <usize>i * row;
      const factor = load<T>(ai + <usize>j * sizeof<T>()) / pivot;
      store<T>(ai + <usize>j * sizeof<T>(), factor);
      for (let k = j + 1; k < n; k++) {
        const at = <usize>k * sizeof<T>();
        store<T>(ai + at, load<T>(ai + at) - factor * load<T>(pivotRow + at));
      }
    }
  }
}
