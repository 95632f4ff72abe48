/**
 * A = Q·T·Qᵀ: a symmetric matrix to tridiagonal form (LAPACK's sytrd and latrd): within a panel of 32 columns every
 * reflector needs one product of the whole remaining matrix with a vector, and after it the rest is updated by
 * A − V·Wᵀ − W·Vᵀ, a matrix product. Of A (n × n row-major) only the lower triangle is read; it is destroyed. ⁴⁄₃n³
 * flops, half of them in the vector products, which are bound by loads: each element of the triangle is loaded once for
 * both of its products. Workspace: 137n.
 *
 * Vectors lie as rows: row j of `vs` (n × n) is reflector j, zero up to j, one at j + 1.
 */
import { wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { reflector } from './householder';
import { addScaled, at, dot, dots, gather, scaleBy, set, subtractRows, sum } from './vector';

const BLOCK: i32 = 32;
/** Where the arguments of the shared loop lie. */
const CONTEXT: usize = 64 + 960;
/** Rows of the triangle in one iteration of the product with a vector, and how many iterations at most. */
const MOST_PIECES: i32 = 8;
/** From this many rows on threads share it. */
const WIDE_ROWS: i32 = 352;

@unmanaged class Symv {
  a: usize;
  x: usize;
  /** One result for each piece, n elements each. */
  y: usize;
  n: i32; lda: i32; pieces: i32;
}

/** Elements of workspace of `tridiagonalise`. */
export function symmetricSpace(n: i32): usize {
  // the panel's W, the parts of a product, a column, three panels side by side, factors
  return <usize>(4 * BLOCK + MOST_PIECES + 1) * <usize>n + BLOCK;
}

/** The diagonal to d (n), the other to e (n − 1), reflectors to vs (n × n) and taus (n). False when cancelled. */
export function tridiagonalise(
  work: usize, n: i32, a: usize, lda: i32, d: usize, e: usize, vs: usize, taus: usize, space: usize,
): bool {
  const ws = space, y = ws + (<usize>(BLOCK * n) << 3), column = y + (<usize>(MOST_PIECES * n) << 3);
  const both = column + (<usize>n << 3), factors = both + (<usize>(3 * BLOCK * n) << 3);
  const step = <usize>n << 3;
  memory.fill(vs, 0, <usize>n * <usize>n << 3);
  for (let first = 0; first < n; first += BLOCK) {
    const b = min(BLOCK, n - first);
    for (let j = 0; j < b; j++) {
      const i = first + j;
      // this column with what the panel has changed of it
      const rest = n - i;
      for (let r = 0; r < rest; r++) set(column, r, load<f64>(a + (<usize>(i + r) * <usize>lda + <usize>i << 3)));
      const panelV = vs + (<usize>first * <usize>n + <usize>i << 3), panelW = ws + (<usize>i << 3);
      gather(j, panelW, step, factors);
      subtractRows(rest, column, j, factors, panelV, step);
      gather(j, panelV, step, factors);
      subtractRows(rest, column, j, factors, panelW, step);
      set(d, i, at(column, 0));
      if (rest == 1) break;
      const m = rest - 1;
      const tau = reflector<f64>(m - 1, column + 8, column + 16, 8);
      set(e, i, at(column, 1));
      set(taus, i, tau);
      set(column, 1, 1);
      const v = vs + (<usize>i * <usize>n + <usize>(i + 1) << 3);
      memory.copy(v, column + 8, <usize>m << 3);
      // w = τ·(A·v − V·(Wᵀv) − W·(Vᵀv)), then orthogonal to v
      const w = ws + (<usize>j * <usize>n + <usize>(i + 1) << 3);
      if (tau == 0) {
        memory.fill(w, 0, <usize>m << 3);
        continue;
      }
      const corner = a + (<usize>(i + 1) * <usize>(lda + 1) << 3);
      if (!symmetricTimes(work, m, corner, lda, v, w, y)) return false;
      dots(m, j, panelW + 8, step, v, factors);
      subtractRows(m, w, j, factors, panelV + 8, step);
      dots(m, j, panelV + 8, step, v, factors);
      subtractRows(m, w, j, factors, panelW + 8, step);
      scaleBy(m, w, tau);
      addScaled(m, w, -0.5 * tau * dot(m, w, v), v);
    }
    const next = first + b;
    const m = n - next;
    if (m <= 0) break;
    // [V W]·[W V]ᵀ as one product of depth 2b: rows of `both` are W then V, so that they pair with V and W
    const stride = <usize>m << 3;
    for (let p = 0; p < b; p++) {
      const v = vs + (<usize>(first + p) * <usize>n + <usize>next << 3), w = ws + (<usize>p * <usize>n + <usize>next << 3);
      memory.copy(both + <usize>p * stride, v, stride);
      memory.copy(both + <usize>(b + p) * stride, w, stride);
      memory.copy(both + <usize>(2 * b + p) * stride, v, stride);
    }
    const corner = a + (<usize>next * <usize>(lda + 1) << 3);
    const right = both + <usize>b * stride;
    if (!wideProduct<f64>(work, m, m, 2 * b, -1, both, 1, m, right, m, 1, corner, lda, true, true)) return false;
  }
  return true;
}

/** y = A·x from the lower triangle; `parts` has room for MOST_PIECES · n elements. */
export function symmetricTimes(work: usize, n: i32, a: usize, lda: i32, x: usize, y: usize, parts: usize): bool {
  const shared = changetype<Symv>(work + CONTEXT);
  const pieces = n >= WIDE_ROWS ? MOST_PIECES : 1;
  shared.a = a; shared.x = x; shared.y = parts; shared.n = n; shared.lda = lda; shared.pieces = pieces;
  const body: Body = symvPiece;
  if (n >= WIDE_ROWS) {
    if (!parallelFor(work, pieces, body.index, work + CONTEXT)) return false;
  } else {
    for (let i = 0; i < pieces; i++) symvPiece(work, i, work + CONTEXT);
  }
  memory.copy(y, parts, <usize>n << 3);
  for (let i = 1; i < pieces; i++) {
    const part = parts + (<usize>i * <usize>n << 3);
    // a piece reaches as far as its last row
    addScaled(pieceEnd(n, pieces, i), y, 1, part);
  }
  return true;
}

/** Rows are cut so that pieces have about as many elements of the triangle. */
function pieceEnd(n: i32, pieces: i32, piece: i32): i32 {
  if (piece + 1 >= pieces) return n;
  return <i32>(<f64>n * sqrt(<f64>(piece + 1) / <f64>pieces)) / 4 * 4;
}

function symvPiece(work: usize, piece: i32, context: usize): void {
  const s = changetype<Symv>(context);
  const first = piece == 0 ? 0 : pieceEnd(s.n, s.pieces, piece - 1), end = pieceEnd(s.n, s.pieces, piece);
  const y = s.y + (<usize>piece * <usize>s.n << 3);
  memory.fill(y, 0, <usize>(piece == 0 ? s.n : end) << 3);
  let i = first;
  for (; i + 4 <= end; i += 4) symvRows(i, s.a, s.lda, s.x, y);
  for (; i < end; i++) symvRow(i, s.a, s.lda, s.x, y);
}

/**
 * Rows i … i + 3 up to column i − 1, and the triangle between them. Each element is loaded once for both of its products.
 */
function symvRows(i: i32, a: usize, lda: i32, x: usize, y: usize): void {
  const row = <usize>lda << 3, start = <usize>i << 3;
  let r0 = a + <usize>i * row, r1 = r0 + row, r2 = r1 + row, r3 = r2 + row;
  const corner = r0 + start, px = x + start, py = y + start;
  const x0 = v128.load64_splat(x + start), x1 = v128.load64_splat(x + start, 8);
  const x2 = v128.load64_splat(x + start, 16), x3 = v128.load64_splat(x + start, 24);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let p = x, q = y;
  // i is a multiple of 4, as pieces begin at one
  const end = r0 + start;
  while (r0 < end) {
    {
      const xp = v128.load(p);
      let t = v128.load(q);
      let v = v128.load(r0);
      s0 = f64x2.add(s0, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x0));
      v = v128.load(r1);
      s1 = f64x2.add(s1, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x1));
      v = v128.load(r2);
      s2 = f64x2.add(s2, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x2));
      v = v128.load(r3);
      s3 = f64x2.add(s3, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x3));
      v128.store(q, t);
    }
    if (r0 + 16 >= end) break;
    {
      const xp = v128.load(p, 16);
      let t = v128.load(q, 16);
      let v = v128.load(r0, 16);
      s0 = f64x2.add(s0, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x0));
      v = v128.load(r1, 16);
      s1 = f64x2.add(s1, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x1));
      v = v128.load(r2, 16);
      s2 = f64x2.add(s2, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x2));
      v = v128.load(r3, 16);
      s3 = f64x2.add(s3, f64x2.mul(v, xp)); t = f64x2.add(t, f64x2.mul(v, x3));
      v128.store(q, t, 16);
    }
    r0 += 32; r1 += 32; r2 += 32; r3 += 32; p += 32; q += 32;
  }
  // the four on the diagonal with each other
  const u0 = load<f64>(px), u1 = load<f64>(px, 8), u2 = load<f64>(px, 16), u3 = load<f64>(px, 24);
  const a00 = load<f64>(corner);
  const a10 = load<f64>(corner + row), a11 = load<f64>(corner + row, 8);
  const a20 = load<f64>(corner + 2 * row), a21 = load<f64>(corner + 2 * row, 8), a22 = load<f64>(corner + 2 * row, 16);
  const a30 = load<f64>(corner + 3 * row), a31 = load<f64>(corner + 3 * row, 8);
  const a32 = load<f64>(corner + 3 * row, 16), a33 = load<f64>(corner + 3 * row, 24);
  store<f64>(py, load<f64>(py) + sum(s0) + (a00 * u0 + a10 * u1 + (a20 * u2 + a30 * u3)));
  store<f64>(py, load<f64>(py, 8) + sum(s1) + (a10 * u0 + a11 * u1 + (a21 * u2 + a31 * u3)), 8);
  store<f64>(py, load<f64>(py, 16) + sum(s2) + (a20 * u0 + a21 * u1 + (a22 * u2 + a32 * u3)), 16);
  store<f64>(py, load<f64>(py, 24) + sum(s3) + (a30 * u0 + a31 * u1 + (a32 * u2 + a33 * u3)), 24);
}

/** Row i up to the diagonal. */
function symvRow(i: i32, a: usize, lda: i32, x: usize, y: usize): void {
  const row = a + (<usize>i * <usize>lda << 3);
  const xi = at(x, i);
  let total = at(row, i) * xi;
  for (let j = 0; j < i; j++) {
    const value = at(row, j);
    total += value * at(x, j);
    set(y, j, at(y, j) + value * xi);
  }
  set(y, i, at(y, i) + total);
}
