/**
 * A = U·B·Vᵀ with B upper bidiagonal, A m × n row-major, m ≥ n (LAPACK's gebrd and labrd): within a panel of 32 columns
 * the matrix stays as it is and what the panel has done to it is kept as U·Yᵀ + X·Vᵀ, subtracted as a matrix product at
 * the end. A is destroyed. 4mn² − ⁴⁄₃n³ flops, half of them in products with vectors, which are bound by loads.
 * Workspace: 97(m + n) + mn/64.
 *
 * Each column needs Aᵀu and then A·v, where v follows from Aᵀu. Both are made in one pass: v is linear in w, the row to
 * be eliminated as it then is, so while a block of 64 columns of A is in the cache, w's part and A·w of it are made
 * (Howell et al., ACM TOMS 34(3), 2008); A·v follows from A·w at the end.
 *
 * Vectors lie as rows: row j of `us` (n × m) and `vs` (n × n) is a reflector with its zeros and its one.
 */
import { wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { reflector } from './householder';
import { addScaled, at, dot, dots, fourDots, gather, scaleBy, set, subtractRows } from './vector';

const BLOCK: i32 = 32;
const CONTEXT: usize = 64 + 896;
/** Columns of one iteration of the pass, and from how many elements on threads share it. */
const STRIP: i32 = 64;
const WIDE_ELEMENTS: i32 = 1 << 16;

@unmanaged class Pass {
  a: usize; row: usize;
  u: usize;
  /** What to add to Aᵀu, and the row before it is changed. */
  offset: usize; before: usize;
  /** The row as it is then, and A·w strip by strip, m elements each. */
  w: usize; parts: usize; y: usize;
  tau: f64;
  m: i32; n: i32; lead: i32;
}

/** float64 elements of workspace of `bidiagonalise`. */
export function bidiagonaliseSpace(m: i32, n: i32): usize {
  const strips = stripsOf(n + 1);
  return <usize>(3 * BLOCK) * <usize>(m + n) + <usize>strips * <usize>(m + 1) + <usize>m + 3 * <usize>(n + 1) + BLOCK;
}

// @ts-ignore: decorator
@inline function stripsOf(n: i32): i32 {
  return (n + STRIP - 1) / STRIP;
}

/** d (n), e (n − 1), reflectors and their taus (n each). False when cancelled. */
export function bidiagonalise(
  work: usize, m: i32, n: i32, a: usize, lda: i32, d: usize, e: usize,
  us: usize, tauU: usize, vs: usize, tauV: usize, space: usize,
): bool {
  // rows of x: m elements, of y: n
  const xs = space, ys = xs + (<usize>(BLOCK * m) << 3), column = ys + (<usize>(BLOCK * n) << 3);
  const list = <usize>(n + 1) << 3;
  const row = column + (<usize>m << 3), offset = row + list, w = offset + list, factors = w + list;
  const parts = factors + (<usize>max(BLOCK, stripsOf(n + 1)) << 3);
  const left = parts + (<usize>stripsOf(n + 1) * <usize>m << 3), right = left + (<usize>(2 * BLOCK * m) << 3);
  const stepA = <usize>lda << 3, stepU = <usize>m << 3, stepV = <usize>n << 3;
  memory.fill(us, 0, <usize>n * stepU);
  memory.fill(vs, 0, <usize>n * stepV);
  for (let first = 0; first < n; first += BLOCK) {
    const b = min(BLOCK, n - first);
    for (let j = 0; j < b; j++) {
      const i = first + j;
      const height = m - i, width = n - i - 1;
      const corner = a + (<usize>i * <usize>(lda + 1) << 3);
      // the panel's vectors from row or column i on
      const panelU = us + (<usize>first * <usize>m + <usize>i << 3), panelX = xs + (<usize>i << 3);
      const panelV = vs + (<usize>first * <usize>n + <usize>i << 3), panelY = ys + (<usize>i << 3);
      // within a panel, the column before has left it here
      if (j == 0) gather(height, corner, stepA, column);
      gather(j, panelY, stepV, factors);
      subtractRows(height, column, j, factors, panelU, stepU);
      gather(j, panelV, stepV, factors);
      subtractRows(height, column, j, factors, panelX, stepU);
      const tau = reflector<f64>(height - 1, column, column + 8, 8);
      set(d, i, at(column, 0));
      set(tauU, i, tau);
      set(column, 0, 1);
      const u = us + (<usize>i * <usize>m + <usize>i << 3);
      memory.copy(u, column, <usize>height << 3);
      if (width == 0) continue;
      // columns are taken from an even one on, as loads that are not aligned are slow: `lead` of them are not meant
      const lead = (i + 1) & 1;
      const leadBytes = <usize>lead << 3;
      memory.fill(offset, 0, <usize>(lead + width) << 3);
      memory.copy(row + leadBytes, corner + 8, <usize>width << 3);
      // what the panel has changed of Aᵀu, and of row i before this column's own part
      dots(height, j, panelU, stepU, u, factors);
      subtractRows(width, offset + leadBytes, j, factors, panelY + 8, stepV);
      dots(height, j, panelX, stepU, u, factors);
      subtractRows(width, offset + leadBytes, j, factors, panelV + 8, stepV);
      gather(j, panelU, stepU, factors);
      subtractRows(width, row + leadBytes, j, factors, panelY + 8, stepV);
      gather(j, panelX, stepU, factors);
      subtractRows(width, row + leadBytes, j, factors, panelV + 8, stepV);
      const y = panelY + <usize>j * stepV + 8 - leadBytes;
      const x = panelX + <usize>j * stepU + 8;
      if (!onePass(work, height, width + lead, lead, corner + 8 - leadBytes, stepA, u, offset, row, w, parts, y, tau)) return false;
      // A·w, from the strips
      const rest = height - 1;
      const strips = stripsOf(width + lead);
      memory.copy(x, parts + 8, <usize>rest << 3);
      for (let p = 1; p < strips; p++) set(factors, p, -1);
      subtractRows(rest, x, strips - 1, factors + 8, parts + (<usize>(height + 1) << 3), <usize>height << 3);
      const v = panelV + <usize>j * stepV + 8;
      memory.copy(v, w + leadBytes, <usize>width << 3);
      const head = at(v, 0);
      const tauRow = reflector<f64>(width - 1, v, v + 8, 8);
      const beta = at(v, 0);
      set(e, i, beta);
      set(tauV, i, tauRow);
      set(v, 0, 1);
      if (rest == 0) continue;
      // the next column
      const below = corner + stepA + 8;
      gather(rest, below, stepA, column);
      if (tauRow == 0) {
        memory.fill(x, 0, <usize>rest << 3);
        continue;
      }
      // v = (w − β·e₁) / (w₁ − β), so A·v likewise
      const factor = 1 / (head - beta);
      if (abs(factor) < 1e290) {
        addScaled(rest, x, -beta, column);
        scaleBy(rest, x, factor);
      } else {
        for (let r = 0; r < rest; r++) set(x, r, dot(width, below + <usize>r * stepA, v));
      }
      dots(width, j + 1, panelY + 8, stepV, v, factors);
      subtractRows(rest, x, j + 1, factors, panelU + 8, stepU);
      dots(width, j, panelV + 8, stepV, v, factors);
      subtractRows(rest, x, j, factors, panelX + 8, stepU);
      scaleBy(rest, x, tauRow);
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

/** y = τ·(Aᵀu + offset), w = before − y, zero in the first `lead` columns, and A·w by strips of columns. */
function onePass(
  work: usize, m: i32, n: i32, lead: i32, a: usize, row: usize, u: usize, offset: usize, before: usize, w: usize,
  parts: usize, y: usize, tau: f64,
): bool {
  const pass = changetype<Pass>(work + CONTEXT);
  pass.a = a; pass.row = row; pass.u = u; pass.offset = offset; pass.before = before;
  pass.w = w; pass.parts = parts; pass.y = y; pass.tau = tau; pass.m = m; pass.n = n; pass.lead = lead;
  const strips = stripsOf(n);
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
    const value = pass.tau * (at(y, c) + at(pass.offset + shift, c));
    set(y, c, value);
    set(w, c, at(pass.before + shift, c) - value);
  }
  if (strip == 0 && pass.lead > 0) set(w, 0, 0);
  const out = pass.parts + (<usize>(strip * m) << 3);
  for (r = 0; r + 4 <= m; r += 4) fourDots(count, a + <usize>r * row, row, w, out + (<usize>r << 3));
  for (; r < m; r++) set(out, r, dot(count, a + <usize>r * row, w));
}

/** y += four rows of A, each times its element of u. */
function transposedRows(n: i32, r0: usize, row: usize, u: usize, y: usize): void {
  let r1 = r0 + row, r2 = r1 + row, r3 = r2 + row;
  const u0 = v128.load64_splat(u), u1 = v128.load64_splat(u, 8), u2 = v128.load64_splat(u, 16), u3 = v128.load64_splat(u, 24);
  const end = y + (<usize>n << 3), whole = y + (<usize>(n & ~3) << 3);
  while (y < whole) {
    {
      const left = f64x2.add(f64x2.mul(v128.load(r0), u0), f64x2.mul(v128.load(r1), u1));
      const right = f64x2.add(f64x2.mul(v128.load(r2), u2), f64x2.mul(v128.load(r3), u3));
      v128.store(y, f64x2.add(v128.load(y), f64x2.add(left, right)));
    }
    {
      const left = f64x2.add(f64x2.mul(v128.load(r0, 16), u0), f64x2.mul(v128.load(r1, 16), u1));
      const right = f64x2.add(f64x2.mul(v128.load(r2, 16), u2), f64x2.mul(v128.load(r3, 16), u3));
      v128.store(y, f64x2.add(v128.load(y, 16), f64x2.add(left, right)), 16);
    }
    r0 += 32; r1 += 32; r2 += 32; r3 += 32; y += 32;
  }
  while (y < end) {
    const left = load<f64>(r0) * load<f64>(u) + load<f64>(r1) * load<f64>(u, 8);
    const right = load<f64>(r2) * load<f64>(u, 16) + load<f64>(r3) * load<f64>(u, 24);
    store<f64>(y, load<f64>(y) + (left + right));
    r0 += 8; r1 += 8; r2 += 8; r3 += 8; y += 8;
  }
}
