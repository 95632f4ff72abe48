/**
 * Triangular systems with many right-hand sides (LAPACK's trsm), by halving: two solves of half the size and a product
 * between them, so that nearly all work is the packed product. A triangle is seen through its row and column strides,
 * which may be negative: upper triangles, transposes and reversals are the same lower triangle seen otherwise.
 *
 * Solve T·X = B, T n × n lower, X n × m: n²m flops. Golub & Van Loan, Matrix Computations, 3.1.
 */
import { EDGE, GEMM_END, wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';

/** Rows of a triangle that is solved directly. */
const BASE: i32 = 64;
/** Rows of a triangle that is inverted directly. */
const INVERT_BASE: i32 = 16;
/** Columns of X (or rows, on the right side) that one iteration solves. */
const STRIP: i32 = 64;
const CONTEXT: usize = EDGE + 768;
/** Where a strip lies transposed, in the arena of the thread that solves it: BASE × STRIP elements. */
const TRANSPOSED: usize = GEMM_END;
/** The first arena byte that these solves leave alone. */
export const TRIANGULAR_END: usize = TRANSPOSED + <usize>(BASE * STRIP) * 8;

/** A triangle and right-hand sides, strides in bytes. */
@unmanaged class Solve {
  t: usize; rT: usize; cT: usize;
  x: usize; rX: usize; cX: usize;
  n: i32; m: i32;
  unit: bool;
}

/**
 * T·X = B in place of B: T n × n lower triangular (`unit`: with a diagonal of ones that is not read) at strides rT and
 * cT, X n × m with row stride rX and adjacent columns; strides in elements. False when cancelled.
 */
export function solveLeft<T>(
  work: usize, n: i32, m: i32, unit: bool, t: usize, rT: i32, cT: i32, x: usize, rX: i32,
): bool {
  if (n == 0 || m == 0) return true;
  if (n <= BASE) return solveBase<T>(work, n, m, unit, t, rT, cT, x, rX, 1, <i32>(sizeof<T>() == 8));
  const half = n / 2 / 8 * 8;
  const rest = n - half;
  if (!solveLeft<T>(work, half, m, unit, t, rT, cT, x, rX)) return false;
  const below = x + <usize>(half * rX) * sizeof<T>();
  const t21 = t + <usize>(half * rT) * sizeof<T>();
  if (!wideProduct<T>(work, rest, m, half, <T>-1, t21, rT, cT, x, rX, 1, below, rX, true, false)) return false;
  return solveLeft<T>(work, rest, m, unit, t + <usize>(half * (rT + cT)) * sizeof<T>(), rT, cT, below, rX);
}

/**
 * X·Tᵀ = B in place of B: T n × n lower triangular as in `solveLeft`, X m × n with row stride rX and adjacent columns.
 */
export function solveRight<T>(
  work: usize, n: i32, m: i32, unit: bool, t: usize, rT: i32, cT: i32, x: usize, rX: i32,
): bool {
  if (n == 0 || m == 0) return true;
  if (n <= BASE) return solveBase<T>(work, n, m, unit, t, rT, cT, x, 1, rX, <i32>(sizeof<T>() == 8) | 2);
  const half = n / 2 / 8 * 8;
  const rest = n - half;
  if (!solveRight<T>(work, half, m, unit, t, rT, cT, x, rX)) return false;
  const right = x + <usize>half * sizeof<T>();
  const t21 = t + <usize>(half * rT) * sizeof<T>();
  // (T21)ᵀ as the right factor: its rows are T21's columns
  if (!wideProduct<T>(work, m, rest, half, <T>-1, x, rX, 1, t21, cT, rT, right, rX, true, false)) return false;
  return solveRight<T>(work, rest, m, unit, t + <usize>(half * (rT + cT)) * sizeof<T>(), rT, cT, right, rX);
}

/**
 * X·T = B in place of B: T n × n lower triangular at strides rT and cT, X m × n with row stride rX and adjacent columns.
 * The transposed triangle read from its end is a lower one again.
 */
export function solveRightBack<T>(
  work: usize, n: i32, m: i32, unit: bool, t: usize, rT: i32, cT: i32, x: usize, rX: i32,
): bool {
  if (n == 0 || m == 0) return true;
  if (n <= BASE) {
    const corner = t + <usize>((n - 1) * (rT + cT)) * sizeof<T>(), end = x + <usize>(n - 1) * sizeof<T>();
    return solveBase<T>(work, n, m, unit, corner, -cT, -rT, end, -1, rX, <i32>(sizeof<T>() == 8) | 2);
  }
  const half = n / 2 / 8 * 8;
  const rest = n - half;
  const right = x + <usize>half * sizeof<T>();
  const t21 = t + <usize>(half * rT) * sizeof<T>();
  if (!solveRightBack<T>(work, rest, m, unit, t + <usize>(half * (rT + cT)) * sizeof<T>(), rT, cT, right, rX)) return false;
  if (!wideProduct<T>(work, m, half, rest, <T>-1, right, rX, 1, t21, rT, cT, x, rX, true, false)) return false;
  return solveRightBack<T>(work, half, m, unit, t, rT, cT, x, rX);
}

/**
 * U⁻¹ in place of U, n × n upper triangular; below the diagonal nothing is read or written (LAPACK's trtri, by halving). n³/3
 * flops. False when cancelled.
 */
export function invertUpper<T>(work: usize, n: i32, u: usize, ldu: i32): bool {
  if (n <= INVERT_BASE) {
    invertBase<T>(n, u, ldu);
    return true;
  }
  const half = n / 2 / 8 * 8;
  const rest = n - half;
  const u12 = u + <usize>half * sizeof<T>();
  const u22 = u12 + <usize>(half * ldu) * sizeof<T>();
  // −U11⁻¹·U12·U22⁻¹, while the triangles are still there
  const last = <usize>(half - 1) * <usize>ldu * sizeof<T>();
  const corner = u + last + <usize>(half - 1) * sizeof<T>();
  if (!solveLeft<T>(work, half, rest, false, corner, -ldu, -1, u12 + last, -ldu)) return false;
  if (!solveRight<T>(work, rest, half, false, u22, 1, ldu, u12, ldu)) return false;
  for (let i = 0; i < half; i++) {
    for (let j = 0; j < rest; j++) {
      const at = u12 + <usize>(i * ldu + j) * sizeof<T>();
      store<T>(at, -load<T>(at));
    }
  }
  return invertUpper<T>(work, half, u, ldu) && invertUpper<T>(work, rest, u22, ldu);
}

/** Column by column from the left: those before it are inverted already. */
function invertBase<T>(n: i32, u: usize, ldu: i32): void {
  const row = <usize>ldu * sizeof<T>();
  for (let j = 0; j < n; j++) {
    const column = u + <usize>j * sizeof<T>();
    const inverse = <T>1 / load<T>(column + <usize>j * row);
    store<T>(column + <usize>j * row, inverse);
    for (let i = 0; i < j; i++) {
      let sum: T = 0;
      const ui = u + <usize>i * row;
      for (let k = i; k < j; k++) sum += load<T>(ui + <usize>k * sizeof<T>()) * load<T>(column + <usize>k * row);
      store<T>(column + <usize>i * row, -inverse * sum);
    }
  }
}

/** `kind`: bit 0 for float64, bit 1 for the right side, where strips are transposed first. */
function solveBase<T>(
  work: usize, n: i32, m: i32, unit: bool, t: usize, rT: i32, cT: i32, x: usize, rX: i32, cX: i32, kind: i32,
): bool {
  const solve = changetype<Solve>(work + CONTEXT);
  solve.t = t; solve.rT = <usize>rT * sizeof<T>(); solve.cT = <usize>cT * sizeof<T>();
  solve.x = x; solve.rX = <usize>rX * sizeof<T>(); solve.cX = <usize>cX * sizeof<T>();
  solve.n = n; solve.m = m; solve.unit = unit;
  const strip: Body = kind == 3 ? rightF64 : kind == 2 ? rightF32 : kind == 1 ? leftF64 : leftF32;
  return parallelFor(work, (m + STRIP - 1) / STRIP, strip.index, work + CONTEXT);
}

function leftStrip<T>(index: i32, solve: Solve): void {
  const first = index * STRIP;
  const x = solve.x + <usize>first * sizeof<T>();
  forward<T>(solve.n, min(STRIP, solve.m - first), solve.unit, solve.t, solve.rT, solve.cT, x, solve.rX);
}

function rightStrip<T>(work: usize, index: i32, solve: Solve): void {
  const n = solve.n;
  const first = index * STRIP;
  const width = min(STRIP, solve.m - first);
  const from = solve.x + <usize>first * solve.cX;
  const to = work + TRANSPOSED;
  const row = <usize>width * sizeof<T>();
  turn<T>(width, n, from, solve.cX, solve.rX, to, row, sizeof<T>());
  forward<T>(n, width, solve.unit, solve.t, solve.rT, solve.cT, to, row);
  turn<T>(n, width, to, row, sizeof<T>(), from, solve.cX, solve.rX);
}

/** to[j, i] = from[i, j] for i < m and j < n, strides of rows and columns in bytes; in squares where elements are adjacent. */
function turn<T>(m: i32, n: i32, from: usize, rF: usize, cF: usize, to: usize, rT: usize, cT: usize): void {
  let i = 0;
  if (sizeof<T>() == 8 && cF == 8 && cT == 8) {
    for (; i + 2 <= m; i += 2) {
      let p = from + <usize>i * rF, q = to + <usize>i * cT, j = 0;
      for (; j + 2 <= n; j += 2) {
        const x = v128.load(p), y = v128.load(p + rF);
        v128.store(q, v128.shuffle<f64>(x, y, 0, 2));
        v128.store(q + rT, v128.shuffle<f64>(x, y, 1, 3));
        p += 2 * cF; q += 2 * rT;
      }
      if (j < n) {
        store<T>(q, load<T>(p));
        store<T>(q + cT, load<T>(p + rF));
      }
    }
  }
  for (; i < m; i++) {
    let p = from + <usize>i * rF, q = to + <usize>i * cT;
    for (let j = 0; j < n; j++) {
      store<T>(q, load<T>(p));
      p += cF; q += rT;
    }
  }
}

function leftF64(work: usize, index: i32, context: usize): void {
  leftStrip<f64>(index, changetype<Solve>(context));
}
function leftF32(work: usize, index: i32, context: usize): void {
  leftStrip<f32>(index, changetype<Solve>(context));
}
function rightF64(work: usize, index: i32, context: usize): void {
  rightStrip<f64>(work, index, changetype<Solve>(context));
}
function rightF32(work: usize, index: i32, context: usize): void {
  rightStrip<f32>(work, index, changetype<Solve>(context));
}

/** Forward substitution on `width` adjacent columns; strides in bytes. Two rows at a time, 4 vectors of each. */
function forward<T>(n: i32, width: i32, unit: bool, t: usize, rT: usize, cT: usize, x: usize, rX: usize): void {
  for (let i = 0; i < n; i += 2) {
    const xi = x + <usize>i * rX, ti = t + <usize>i * rT;
    const last = i + 1 == n;
    const di = unit ? <T>1 : load<T>(ti + <usize>i * cT);
    // a last row alone is solved twice over, the second time into itself
    const xk = last ? xi : xi + rX, tk = last ? ti : ti + rT;
    const between = last ? <T>0 : load<T>(tk + <usize>i * cT);
    const dk = unit ? <T>1 : last ? di : load<T>(tk + <usize>(i + 1) * cT);
    let c: usize = 0;
    const bytes = <usize>width * sizeof<T>();
    for (; c + 64 <= bytes; c += 64) forwardPair<T>(i, ti, tk, cT, x + c, rX, xi + c, xk + c, di, dk, between, last);
    for (; c < bytes; c += sizeof<T>()) {
      let a = load<T>(xi + c), b = load<T>(xk + c);
      for (let j = 0; j < i; j++) {
        const value = load<T>(x + <usize>j * rX + c);
        a -= load<T>(ti + <usize>j * cT) * value;
        b -= load<T>(tk + <usize>j * cT) * value;
      }
      a /= di;
      store<T>(xi + c, a);
      if (!last) store<T>(xk + c, (b - between * a) / dk);
    }
  }
}

/** Rows i and k = i + 1 of one block of 64 bytes of columns. */
function forwardPair<T>(
  i: i32, ti: usize, tk: usize, cT: usize, x: usize, rX: usize, xi: usize, xk: usize,
  di: T, dk: T, between: T, last: bool,
): void {
  let a0 = v128.load(xi), a1 = v128.load(xi, 16), a2 = v128.load(xi, 32), a3 = v128.load(xi, 48);
  let b0 = v128.load(xk), b1 = v128.load(xk, 16), b2 = v128.load(xk, 32), b3 = v128.load(xk, 48);
  for (let j = 0; j < i; j++) {
    const s = v128.load_splat<T>(ti), r = v128.load_splat<T>(tk);
    const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
    a0 = v128.sub<T>(a0, v128.mul<T>(s, x0)); a1 = v128.sub<T>(a1, v128.mul<T>(s, x1));
    a2 = v128.sub<T>(a2, v128.mul<T>(s, x2)); a3 = v128.sub<T>(a3, v128.mul<T>(s, x3));
    b0 = v128.sub<T>(b0, v128.mul<T>(r, x0)); b1 = v128.sub<T>(b1, v128.mul<T>(r, x1));
    b2 = v128.sub<T>(b2, v128.mul<T>(r, x2)); b3 = v128.sub<T>(b3, v128.mul<T>(r, x3));
    ti += cT; tk += cT; x += rX;
  }
  const d = v128.splat<T>(di);
  a0 = v128.div<T>(a0, d); a1 = v128.div<T>(a1, d); a2 = v128.div<T>(a2, d); a3 = v128.div<T>(a3, d);
  v128.store(xi, a0); v128.store(xi, a1, 16); v128.store(xi, a2, 32); v128.store(xi, a3, 48);
  if (last) return;
  const s = v128.splat<T>(between), e = v128.splat<T>(dk);
  v128.store(xk, v128.div<T>(v128.sub<T>(b0, v128.mul<T>(s, a0)), e));
  v128.store(xk, v128.div<T>(v128.sub<T>(b1, v128.mul<T>(s, a1)), e), 16);
  v128.store(xk, v128.div<T>(v128.sub<T>(b2, v128.mul<T>(s, a2)), e), 32);
  v128.store(xk, v128.div<T>(v128.sub<T>(b3, v128.mul<T>(s, a3)), e), 48);
}

/**
 * T·X = B in place of B for a contiguous n × n triangle of a, `lower` or upper, used `transposed` or not; X n × k. False when
 * cancelled.
 */
export function solveTriangle<T>(
  work: usize, n: i32, k: i32, lower: bool, transposed: bool, unit: bool, a: usize, x: usize,
): bool {
  const rT = transposed ? 1 : n, cT = transposed ? n : 1;
  if (lower != transposed) return solveLeft<T>(work, n, k, unit, a, rT, cT, x, k);
  // an upper triangle read from its last row is a lower one
  const last = <usize>(n - 1);
  const corner = a + last * <usize>(n + 1) * sizeof<T>();
  return solveLeft<T>(work, n, k, unit, corner, -rT, -cT, x + last * <usize>k * sizeof<T>(), -k);
}
