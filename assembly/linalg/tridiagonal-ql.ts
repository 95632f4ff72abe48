/**
 * Eigenvalues and vectors of a small symmetric tridiagonal matrix by implicit QL with Wilkinson's shift (EISPACK's tql2,
 * LAPACK's steqr; Golub & Van Loan, Matrix Computations, 8.3). About 3n³ flops on the vectors, which are rows.
 */
import { NOT_CONVERGED, OK } from '../status';
import { at, exchange, hypotenuse, rotate, set, swapRows } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const MAX_SWEEPS: i32 = 60;
/** What is nothing beside a matrix whose largest element is one. */
const TINY: f64 = 1e-17;

/**
 * d (n) and e (n − 1, destroyed; its last element is also written) → values ascending in d; q (n × n), which comes as the
 * identity, gets the vectors as rows. QL converges fast when entries grow downwards, so a matrix that shrinks is turned
 * upside down first. OK or NOT_CONVERGED.
 */
export function implicitQl(n: i32, d: usize, e: usize, q: usize, ldq: i32): i32 {
  if (n > 1 && abs(at(d, 0)) > abs(at(d, n - 1))) {
    for (let i = 0; i < n / 2; i++) exchange(d, i, n - 1 - i);
    for (let i = 0; i < (n - 1) / 2; i++) exchange(e, i, n - 2 - i);
    for (let i = 0; i < n; i++) {
      set(q, i * ldq + i, 0);
      set(q, i * ldq + n - 1 - i, 1);
    }
    if (n % 2 == 1) set(q, n / 2 * ldq + n / 2, 1);
  }
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = abs(at(d, m)) + abs(at(d, m + 1));
        if (abs(at(e, m)) <= EPS * size * 0.5 || abs(at(e, m)) < TINY) break;
      }
      if (m == l) break;
      if (sweep == MAX_SWEEPS) return NOT_CONVERGED;
      let g = (at(d, l + 1) - at(d, l)) / (2 * at(e, l));
      let r = hypotenuse(g, 1);
      g = at(d, m) - at(d, l) + at(e, l) / (g + (g >= 0 ? r : -r));
      let s: f64 = 1, c: f64 = 1, p: f64 = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        let f = s * at(e, i);
        const b = c * at(e, i);
        r = hypotenuse(f, g);
        set(e, i + 1, r);
        if (r == 0) {
          set(d, i + 1, at(d, i + 1) - p);
          set(e, m, 0);
          break;
        }
        s = f / r;
        c = g / r;
        g = at(d, i + 1) - p;
        r = (at(d, i) - g) * s + 2 * c * b;
        p = s * r;
        set(d, i + 1, g + p);
        g = c * r - b;
        rotate(n, q + (<usize>(i * ldq) << 3), q + (<usize>((i + 1) * ldq) << 3), c, s);
      }
      if (r == 0 && i >= l) continue;
      set(d, l, at(d, l) - p);
      set(e, l, g);
      set(e, m, 0);
    }
  }
  for (let i = 0; i < n - 1; i++) {
    let k = i;
    for (let j = i + 1; j < n; j++) if (at(d, j) < at(d, k)) k = j;
    if (k == i) continue;
    exchange(d, i, k);
    swapRows(n, q + (<usize>(i * ldq) << 3), q + (<usize>(k * ldq) << 3));
  }
  return OK;
}
