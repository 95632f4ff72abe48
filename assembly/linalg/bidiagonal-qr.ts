/**
 * Singular values of an upper bidiagonal matrix by implicit QR (Golub & Kahan; Golub & Van Loan, Matrix Computations,
 * 8.6; the cases are LINPACK's): the leaves of divide and conquer. Vectors are rows, so that rotations work on adjacent
 * elements: rows of `u` and `v` that belong to the matrix's rows and columns. About 6n³ flops on each of them.
 */
import { NOT_CONVERGED, OK } from '../status';
import { at, hypotenuse, rotate, set, swapRows } from './vector';

const EPS: f64 = 2.220446049250313e-16;
/** What is nothing beside a matrix whose largest element is one. */
const TINY: f64 = 1e-17;
const MAX_SWEEPS: i32 = 60;

/** Rows i and j: i ← c·i + s·j, j ← c·j − s·i. */
// @ts-ignore: decorator
@inline function turn(count: i32, x: usize, ld: i32, i: i32, j: i32, c: f64, s: f64): void {
  rotate(count, x + (<usize>(i * ld) << 3), x + (<usize>(j * ld) << 3), c, -s);
}

/**
 * d (n) and e (n − 1, or n with one column more than rows when `extra`) → values ascending in d, rows of u and v likewise;
 * with `extra` row n of v spans the null space. The rows have `countU` and `countV` elements. OK or
 * NOT_CONVERGED.
 */
export function bidiagonalQr(
  n: i32, extra: bool, d: usize, e: usize, countU: i32, u: usize, ldu: i32, countV: i32, v: usize, ldv: i32,
): i32 {
  if (extra) chaseColumn(n, n, 0, d, e, at(e, n - 1), countV, v, ldv);
  let p = n;
  for (let sweep = 0; p > 0; ) {
    let k = p - 2;
    for (; k >= 0; k--) {
      if (abs(at(e, k)) <= TINY + EPS * (abs(at(d, k)) + abs(at(d, k + 1)))) {
        set(e, k, 0);
        break;
      }
    }
    k++;
    if (k == p - 1) {
      const value = at(d, k);
      if (value < 0) {
        set(d, k, -value);
        for (let i = 0; i < countV; i++) set(v, k * ldv + i, -at(v, k * ldv + i));
      }
      sweep = 0;
      p--;
      continue;
    }
    // a diagonal element that is nothing
    let zero = p - 1;
    for (; zero >= k; zero--) {
      const size = (zero < p - 1 ? abs(at(e, zero)) : 0) + (zero > k ? abs(at(e, zero - 1)) : 0);
      if (abs(at(d, zero)) <= TINY + EPS * size) {
        set(d, zero, 0);
        break;
      }
    }
    if (zero == p - 1) {
      const f = at(e, p - 2);
      set(e, p - 2, 0);
      chaseColumn(p - 1, p - 1, k, d, e, f, countV, v, ldv);
      continue;
    }
    if (zero >= k) {
      // its row is turned into the ones below it
      let f = at(e, zero);
      set(e, zero, 0);
      for (let j = zero + 1; j < p; j++) {
        const t = hypotenuse(at(d, j), f);
        if (t == 0) break;
        const c = at(d, j) / t, s = f / t;
        set(d, j, t);
        f = -s * at(e, j);
        if (j < p - 1) set(e, j, c * at(e, j));
        turn(countU, u, ldu, j, zero, c, s);
        if (j == p - 1) break;
      }
      continue;
    }
    if (sweep++ == MAX_SWEEPS) return NOT_CONVERGED;
    step(k, p, d, e, countU, u, ldu, countV, v, ldv);
  }
  sortRows(n, d, countU, u, ldu, countV, v, ldv);
  return OK;
}

/** Turns the element f right of row `rows` − 1 in column `column` upwards and out, down to row `least`. */
function chaseColumn(
  rows: i32, column: i32, least: i32, d: usize, e: usize, f: f64, countV: i32, v: usize, ldv: i32,
): void {
  for (let j = rows - 1; j >= least; j--) {
    const t = hypotenuse(at(d, j), f);
    if (t == 0) return;
    const c = at(d, j) / t, s = f / t;
    set(d, j, t);
    if (j > least) {
      f = -s * at(e, j - 1);
      set(e, j - 1, c * at(e, j - 1));
    }
    turn(countV, v, ldv, j, column, c, s);
  }
}

function step(
  k: i32, p: i32, d: usize, e: usize, countU: i32, u: usize, ldu: i32, countV: i32, v: usize, ldv: i32,
): void {
  const last = at(d, p - 1), previous = at(d, p - 2), between = at(e, p - 2), first = at(d, k), next = at(e, k);
  const scale = max(max(abs(last), abs(previous)), max(abs(between), max(abs(first), abs(next))));
  const sp = last / scale, sm = previous / scale, em = between / scale, sk = first / scale, ek = next / scale;
  const b = ((sm + sp) * (sm - sp) + em * em) * 0.5;
  const c2 = sp * em * (sp * em);
  let shift: f64 = 0;
  if (b != 0 || c2 != 0) {
    const root = sqrt(b * b + c2);
    shift = c2 / (b + (b < 0 ? -root : root));
  }
  let f = (sk + sp) * (sk - sp) + shift, g = sk * ek;
  for (let j = k; j < p - 1; j++) {
    let t = hypotenuse(f, g);
    let c = t == 0 ? 1 : f / t, s = t == 0 ? 0 : g / t;
    if (j > k) set(e, j - 1, t);
    const dj = at(d, j), ej = at(e, j), dn = at(d, j + 1);
    f = c * dj + s * ej;
    const bent = c * ej - s * dj;
    g = s * dn;
    const lower = c * dn;
    turn(countV, v, ldv, j, j + 1, c, s);
    t = hypotenuse(f, g);
    c = t == 0 ? 1 : f / t;
    s = t == 0 ? 0 : g / t;
    set(d, j, t);
    f = c * bent + s * lower;
    set(d, j + 1, c * lower - s * bent);
    if (j < p - 2) {
      g = s * at(e, j + 1);
      set(e, j + 1, c * at(e, j + 1));
    }
    turn(countU, u, ldu, j, j + 1, c, s);
  }
  set(e, p - 2, f);
}

/** Ascending, by insertion of rows: few are out of order. */
function sortRows(n: i32, d: usize, countU: i32, u: usize, ldu: i32, countV: i32, v: usize, ldv: i32): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (at(d, j) < at(d, least)) least = j;
    if (least == i) continue;
    const value = at(d, i);
    set(d, i, at(d, least));
    set(d, least, value);
    swapRows(countU, u + (<usize>(i * ldu) << 3), u + (<usize>(least * ldu) << 3));
    swapRows(countV, v + (<usize>(i * ldv) << 3), v + (<usize>(least * ldv) << 3));
  }
}
