/**
 * A·P = Q·R with column pivoting (Businger & Golub, Numer. Math. 7, 1965; LAPACK's geqp3): each step takes the column
 * whose rest is longest. Norms are brought forward by what each step takes off them and made anew when that has cost too
 * many digits (Drmač & Bujanović, ACM TOMS 35(2), 2008). 4mn² flops with products of vectors.
 */
import { applyOne, reflector } from './householder';

/** `order` (n int32) is the column of A that each column of A·P was; `norms` 2n elements. R and reflectors in a. */
export function pivotedFactor<T>(m: i32, n: i32, a: usize, lda: i32, tau: usize, order: usize, norms: usize): void {
  const row = <usize>lda * sizeof<T>();
  const exact = norms + <usize>n * sizeof<T>();
  const limit = sqrt<T>(sizeof<T>() == 8 ? <T>2.220446049250313e-16 : <T>1.1920929e-7);
  for (let j = 0; j < n; j++) {
    store<i32>(order + (<usize>j << 2), j);
    const size = columnNorm<T>(m, a + <usize>j * sizeof<T>(), row);
    store<T>(norms + <usize>j * sizeof<T>(), size);
    store<T>(exact + <usize>j * sizeof<T>(), size);
  }
  for (let i = 0; i < min(m, n); i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) {
      if (load<T>(norms + <usize>j * sizeof<T>()) > load<T>(norms + <usize>best * sizeof<T>())) best = j;
    }
    if (best != i) {
      for (let k = 0; k < m; k++) swap<T>(a + <usize>k * row, i, best);
      const index = load<i32>(order + (<usize>i << 2));
      store<i32>(order + (<usize>i << 2), load<i32>(order + (<usize>best << 2)));
      store<i32>(order + (<usize>best << 2), index);
      swap<T>(norms, i, best);
      swap<T>(exact, i, best);
    }
    const head = a + <usize>i * (row + sizeof<T>());
    const t = reflector<T>(m - i - 1, head, head + row, row);
    store<T>(tau + <usize>i * sizeof<T>(), t);
    if (i + 1 == n) break;
    if (t != <T>0) applyOne<T>(m - i, n - i - 1, t, head, row, head + sizeof<T>());
    for (let j = i + 1; j < n; j++) {
      const at = <usize>j * sizeof<T>();
      const size = load<T>(norms + at);
      if (size == <T>0) continue;
      const ratio = abs<T>(load<T>(a + <usize>i * row + at)) / size;
      const left = max<T>(<T>0, (<T>1 + ratio) * (<T>1 - ratio));
      const since = size / load<T>(exact + at);
      if (left * since * since <= limit) {
        const fresh = i + 1 < m ? columnNorm<T>(m - i - 1, a + <usize>(i + 1) * row + at, row) : <T>0;
        store<T>(norms + at, fresh);
        store<T>(exact + at, fresh);
      } else {
        store<T>(norms + at, size * sqrt<T>(left));
      }
    }
  }
}

function swap<T>(p: usize, i: i32, j: i32): void {
  const x = p + <usize>i * sizeof<T>(), y = p + <usize>j * sizeof<T>();
  const value = load<T>(x);
  store<T>(x, load<T>(y));
  store<T>(y, value);
}

function columnNorm<T>(m: i32, x: usize, row: usize): T {
  let largest: T = 0;
  for (let i = 0; i < m; i++) largest = max<T>(largest, abs<T>(load<T>(x + <usize>i * row)));
  if (largest == <T>0) return 0;
  let sum: T = 0;
  for (let i = 0; i < m; i++) {
    const value = load<T>(x + <usize>i * row) / largest;
    sum += value * value;
  }
  return largest * sqrt<T>(sum);
}
