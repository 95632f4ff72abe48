/**
 * A = U·B·Vᵀ with B upper bidiagonal, A m × n row-major, m ≥ n (LAPACK's gebrd and labrd): within a panel of 32 columns
 * the matrix stays as it is and what the panel has done to it is kept as U·Yᵀ + X·Vᵀ, subtracted as a matrix product at
 * the end. A is destroyed. 4mn² − ⁴⁄₃n³ flops, half of them in products with vectors, bound by memory.
 *
 * Each column needs Aᵀu and then A·v, where v follows from Aᵀu. Both are made in one pass: v is linear in w, the row to
 * be eliminated as it then is, so while a block of 64 columns of A is in the cache, w's part and A·w of it are made
 * (Howell et al., ACM TOMS 34(3), 2008); A·v follows from A·w at the end.
 *
 * Vectors lie as rows: row j of `us` (n × m) and `vs` (n × n) is a reflector with its zeros and its one.
 */
import { wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { applyBlock, blockFactorRows, reflector } from './householder';
import { addScaled, at, dot, set, sum } from './vector';

const BLOCK: i32 = 32;
const CONTEXT: usize = 64 + 896;
/** Columns of one iteration of the pass, and from how many elements on threads share it. */
const STRIP: i32 = 64;
const WIDE_ELEMENTS: i32 = 1 << 16;

@unmanaged class Pass {
  a: usize; row: usize;
  u: usize;
  /** What to subtract from Aᵀu, and the row before it is changed. */
  correction: usize; before: usize;
  /** The row as it is then, and A·w strip by strip, m elements each. */
  w: usize; parts: usize; y: usize;
  tau: f64;
  m: i32; n: i32;
}

/** float64 elements of workspace of `bidiagonalise`; `formSpace` is that of applying the reflectors. */
export function bidiagonaliseSpace(m: i32, n: i32): usize {
  const strips = (n + STRIP - 1) / STRIP;
  return <usize>(3 * BLOCK) * <usize>(m + n) + <usize>strips * <usize>m + <usize>m + 3 * <usize>n;
}

export function formSpace(columns: i32): usize {
  return <usize>(2 * BLOCK) * <usize>columns + 2 * <usize>(BLOCK * BLOCK);
}

/** d (n), e (n − 1), reflectors and their taus (n each). False when cancelled. */
export function bidiagonalise(
  work: usize, m: i32, n: i32, a: usize, lda: i32, d: usize, e: usize,
  us: usize, tauU: usize, vs: usize, tauV: usize, space: usize,
): bool {
  // rows of x: m elements, of y: n
  const xs = space, ys = xs + (<usize>(BLOCK * m) << 3), column = ys + (<usize>(BLOCK * n) << 3);
  const row = column + (<usize>m << 3), correction = row + (<usize>n << 3), scratch = correction + (<usize>n << 3);
  const parts = scratch + (<usize>n << 3), left = parts + (<usize>((n + STRIP - 1) / STRIP) * <usize>m << 3);
  const right = left + (<usize>(2 * BLOCK * m) << 3);
  const stepA = <usize>lda << 3;
  memory.fill(us, 0, <usize>n * <usize>m << 3);
  memory.fill(vs, 0, <usize>n * <usize>n << 3);
  for (let first = 0; first < n; first += BLOCK) {
    const b = min(BLOCK, n - first);
    for (let j = 0; j < b; j++) {
      const i = first + j;
      const height = m - i, width = n - i - 1;
      const corner = a + (<usize>i * <usize>(lda + 1) << 3);
      for (let r = 0; r < height; r++) set(column, r, load<f64>(corner + <usize>r * stepA));
      for (let p = 0; p < j; p++) {
        addScaled(height, column, -at(ys, p * n + i), us + (<usize>(first + p) * <usize>m + <usize>i << 3));
        addScaled(height, column, -at(vs, (first + p) * n + i), xs + (<usize>p * <usize>m + <usize>i << 3));
      }
      const tau = reflector<f64>(height - 1, column, column + 8, 8);
      set(d, i, at(column, 0));
      set(tauU, i, tau);
      set(column, 0, 1);
      const u = us + (<usize>i * <usize>m + <usize>i << 3);
      memory.copy(u, column, <usize>height << 3);
      if (width == 0) continue;
      // what the panel has changed of Aᵀu, and of row i before this column's own part
      memory.fill(correction, 0, <usize>width << 3);
      memory.copy(row, corner + 8, <usize>width << 3);
      for (let p = 0; p < j; p++) {
        const up = us + (<usize>(first + p) * <usize>m + <usize>i << 3), xp = xs + (<usize>p * <usize>m + <usize>i << 3);
        const yp = ys + (<usize>p * <usize>n + <usize>(i + 1) << 3);
        const vp = vs + (<usize>(first + p) * <usize>n + <usize>(i + 1) << 3);
        addScaled(width, correction, dot(height, up, u), yp);
        addScaled(width, correction, dot(height, xp, u), vp);
        addScaled(width, row, -at(up, 0), yp);
        addScaled(width, row, -at(xp, 0), vp);
      }
      const y = ys + (<usize>j * <usize>n + <usize>(i + 1) << 3);
      const x = xs + (<usize>j * <usize>m + <usize>(i + 1) << 3);
      if (!onePass(work, height, width, corner + 8, stepA, u, correction, row, scratch, parts, y, tau)) return false;
      // A·w, from the strips
      const rest = height - 1;
      memory.fill(x, 0, <usize>rest << 3);
      const strips = (width + STRIP - 1) / STRIP;
      for (let p = 0; p < strips; p++) addScaled(rest, x, 1, parts + (<usize>(p * height + 1) << 3));
      const v = vs + (<usize>i * <usize>n + <usize>(i + 1) << 3);
      memory.copy(v, scratch, <usize>width << 3);
      const head = at(v, 0);
      const tauRow = reflector<f64>(width - 1, v, v + 8, 8);
      const beta = at(v, 0);
      set(e, i, beta);
      set(tauV, i, tauRow);
      set(v, 0, 1);
      if (rest == 0) continue;
      if (tauRow == 0) {
        memory.fill(x, 0, <usize>rest << 3);
        continue;
      }
      // v = (w − β·e₁) / (w₁ − β), so A·v likewise
      const below = corner + stepA + 8;
      const factor = 1 / (head - beta);
      if (abs(factor) < 1e290) {
        for (let r = 0; r < rest; r++) set(x, r, (at(x, r) - beta * load<f64>(below + <usize>r * stepA)) * factor);
      } else {
        for (let r = 0; r < rest; r++) set(x, r, dot(width, below + <usize>r * stepA, v));
      }
      for (let p = 0; p <= j; p++) {
        const up = us + (<usize>(first + p) * <usize>m + <usize>(i + 1) << 3);
        addScaled(rest, x, -dot(width, ys + (<usize>p * <usize>n + <usize>(i + 1) << 3), v), up);
      }
      for (let p = 0; p < j; p++) {
        const vp = vs + (<usize>(first + p) * <usize>n + <usize>(i + 1) << 3);
        addScaled(rest, x, -dot(width, vp, v), xs + (<usize>p * <usize>m + <usize>(i + 1) << 3));
      }
      for (let r = 0; r < rest; r++) set(x, r, at(x, r) * tauRow);
    }
    const next = first + b;
    const height = m - next, width = n - next;
    if (width <= 0) break;
    // [U X]·[Y V]ᵀ as one product of depth 2b
    for (let p = 0; p < b; p++) {
      const u = us + (<usize>(first + p) * <usize>m + <usize>next << 3), v = vs + (<usize>(first + p) * <usize>n + <usize>next << 3);
      memory.copy(left + (<usize>(p * height) << 3), u, <usize>height << 3);
      memory.copy(left + (<usize>((b + p) * height) << 3), xs + (<usize>(p * m + next) << 3), <usize>height << 3);
      memory.copy(right + (<usize>(p * width) << 3), ys + (<usize>(p * n + next) << 3), <usize>width << 3);
      memory.copy(right + (<usize>((b + p) * width) << 3), v, <usize>width << 3);
    }
    const corner = a + (<usize>next * <usize>(lda + 1) << 3);
    if (!wideProduct<f64>(work, height, width, 2 * b, -1, left, 1, height, right, width, 1, corner, lda, true, false)) return false;
  }
  return true;
}

/** y = τ·(Aᵀu − correction), w = before − y, and A·w by strips of columns. */
function onePass(
  work: usize, m: i32, n: i32, a: usize, row: usize, u: usize, correction: usize, before: usize, w: usize,
  parts: usize, y: usize, tau: f64,
): bool {
  const pass = changetype<Pass>(work + CONTEXT);
  pass.a = a; pass.row = row; pass.u = u; pass.correction = correction; pass.before = before;
  pass.w = w; pass.parts = parts; pass.y = y; pass.tau = tau; pass.m = m; pass.n = n;
  const strips = (n + STRIP - 1) / STRIP;
  const body: Body = passStrip;
  if (m * n >= WIDE_ELEMENTS) return parallelFor(work, strips, body.index, work + CONTEXT);
  for (let i = 0; i < strips; i++) passStrip(work, i, work + CONTEXT);
  return true;
}

function passStrip(work: usize, strip: i32, context: usize): void {
  const pass = changetype<Pass>(context);
  const first = strip * STRIP;
  const count = min(STRIP, pass.n - first);
  const m = pass.m, row = pass.row, u = pass.u;
  const shift = <usize>first << 3;
  const a = pass.a + shift, y = pass.y + shift, w = pass.w + shift;
  memory.fill(y, 0, <usize>count << 3);
  let r = 0;
  for (; r + 4 <= m; r += 4) transposedRows(count, a + <usize>r * row, row, u + (<usize>r << 3), y);
  for (; r < m; r++) addScaled(count, y, at(u, r), a + <usize>r * row);
  for (let c = 0; c < count; c++) {
    const value = pass.tau * (at(y, c) - at(pass.correction + shift, c));
    set(y, c, value);
    set(w, c, at(pass.before + shift, c) - value);
  }
  const out = pass.parts + (<usize>(strip * m) << 3);
  for (r = 0; r + 4 <= m; r += 4) timesRows(count, a + <usize>r * row, row, w, out + (<usize>r << 3));
  for (; r < m; r++) set(out, r, dot(count, a + <usize>r * row, w));
}

/** y += four rows of A, each times its element of u. */
function transposedRows(n: i32, r0: usize, row: usize, u: usize, y: usize): void {
  const r1 = r0 + row, r2 = r1 + row, r3 = r2 + row;
  const u0 = v128.load64_splat(u), u1 = v128.load64_splat(u, 8), u2 = v128.load64_splat(u, 16), u3 = v128.load64_splat(u, 24);
  const bytes = <usize>n << 3;
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) {
    const left = f64x2.add(f64x2.mul(v128.load(r0 + c), u0), f64x2.mul(v128.load(r1 + c), u1));
    const right = f64x2.add(f64x2.mul(v128.load(r2 + c), u2), f64x2.mul(v128.load(r3 + c), u3));
    v128.store(y + c, f64x2.add(v128.load(y + c), f64x2.add(left, right)));
  }
  if (c < bytes) {
    const left = load<f64>(r0 + c) * load<f64>(u) + load<f64>(r1 + c) * load<f64>(u, 8);
    const right = load<f64>(r2 + c) * load<f64>(u, 16) + load<f64>(r3 + c) * load<f64>(u, 24);
    store<f64>(y + c, load<f64>(y + c) + (left + right));
  }
}

/** Four elements of A·w. */
function timesRows(n: i32, r0: usize, row: usize, w: usize, out: usize): void {
  const r1 = r0 + row, r2 = r1 + row, r3 = r2 + row;
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const bytes = <usize>n << 3;
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) {
    const wc = v128.load(w + c);
    s0 = f64x2.add(s0, f64x2.mul(v128.load(r0 + c), wc));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(r1 + c), wc));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(r2 + c), wc));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(r3 + c), wc));
  }
  let t0 = sum(s0), t1 = sum(s1), t2 = sum(s2), t3 = sum(s3);
  if (c < bytes) {
    const last = load<f64>(w + c);
    t0 += load<f64>(r0 + c) * last;
    t1 += load<f64>(r1 + c) * last;
    t2 += load<f64>(r2 + c) * last;
    t3 += load<f64>(r3 + c) * last;
  }
  store<f64>(out, t0);
  store<f64>(out, t1, 8);
  store<f64>(out, t2, 16);
  store<f64>(out, t3, 24);
}

/**
 * C (rows × p, leading dimension p) ← H₀H₁…·C for `count` reflectors of `length` elements that lie as rows of `q`, the
 * first of them with its one at `shift`. `space`: formSpace(p) elements.
 */
export function applyReflectors(
  work: usize, count: i32, length: i32, shift: i32, q: usize, taus: usize, p: i32, c: usize, space: usize,
): bool {
  const t = space, gram = t + (<usize>(BLOCK * BLOCK) << 3), w = gram + (<usize>(BLOCK * BLOCK) << 3);
  for (let first = (count - 1) / BLOCK * BLOCK; first >= 0 && count > 0; first -= BLOCK) {
    const b = min(BLOCK, count - first);
    const start = first + shift;
    const v = q + (<usize>first * <usize>length + <usize>start << 3);
    const m = length - start;
    blockFactorRows<f64>(work, m, b, v, length, taus + (<usize>first << 3), t, gram);
    const from = c + (<usize>start * <usize>p << 3);
    if (!applyBlock<f64>(work, m, p, b, v, 1, length, t, false, from, p, w)) return false;
  }
  return true;
}
