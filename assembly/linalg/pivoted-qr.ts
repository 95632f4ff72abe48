/**
 * A·P = Q·R with column pivoting (Businger & Golub, Numer. Math. 7, 1965), A m × n row-major, in panels of 32 columns (Quintana-
 * Ortí, Sun & Bischof, SIAM J. Sci. Comput. 19(5), 1998; LAPACK's geqp3 and laqps): each step takes the column whose rest is
 * longest. Of the rest of the matrix a step updates only its own column and its own row, from what the panel's reflectors
 * are known to do, A ← A − V·Fᵀ with F = AᵀV·T; the rest follows at the panel's end in one product.
 *
 * Norms are brought forward by what each step takes off them, and made anew when that has cost too many digits, which ends the
 * panel early (Drmač & Bujanović, ACM TOMS 35(2), 2008, algorithm 4).
 *
 * R and the reflectors overwrite A. 2mn² − ⅔n³ flops, half in the product, half in AᵀV of one vector at a time, which reads the
 * rest of the matrix once a step. Workspace: `pivotedSpace` elements.
 */
import { isCancelled } from '../arena';
import { EDGE, wideProduct } from '../gemm';
import { Body, parallelFor } from '../team';
import { reflector } from './householder';

const BLOCK: i32 = 32;
/** Columns of an iteration of Aᵀx; rows are then read in runs that the hardware follows. */
const STRIP: i32 = 256;
/** Elements from which on sharing Aᵀx pays. */
const WIDE_LEAST: i32 = 1 << 16;
/** Where Aᵀx says what it is, behind what products and triangles say. */
const CONTEXT: usize = EDGE + 896;

/** y (n) = Aᵀ·x, A m × n, strides in bytes. */
@unmanaged class Multiply {
  m: i32; n: i32;
  a: usize; row: usize;
  x: usize; y: usize;
}

/** Elements of workspace: V, F, a column, a list of the panel's width, and a row. */
export function pivotedSpace(m: i32, n: i32): usize {
  return <usize>((m + n) * BLOCK + m + n + BLOCK);
}

/**
 * `order` (n int32) is the column of A that each column of A·P was; `tau` min(m, n), `norms` 2n elements. False when
 * cancelled.
 */
export function pivotedFactor<T>(
  work: usize, m: i32, n: i32, a: usize, lda: i32, tau: usize, order: usize, norms: usize, space: usize,
): bool {
  const row = <usize>lda * sizeof<T>();
  const exact = norms + <usize>n * sizeof<T>();
  for (let j = 0; j < n; j++) store<i32>(order + (<usize>j << 2), j);
  columnNorms<T>(m, n, a, row, norms, exact);
  memory.copy(exact, norms, <usize>n * sizeof<T>());
  for (let j = 0; j < min(m, n);) {
    const done = panel<T>(work, m, n, j, a, lda, tau, order, norms, exact, space);
    if (done == 0) return false;
    j += done;
  }
  return true;
}

/** Up to BLOCK steps from column `first` on, and what they do to the rest. How many there were; 0 when cancelled. */
function panel<T>(
  work: usize, m: i32, n: i32, first: i32, a: usize, lda: i32, tau: usize, order: usize, norms: usize, exact: usize,
  space: usize,
): i32 {
  const bytes = <i32>sizeof<T>(), row = <usize>lda * sizeof<T>();
  const steps = min(BLOCK, min(m, n) - first);
  const limit = sqrt<T>(sizeof<T>() == 8 ? <T>2.220446049250313e-16 : <T>1.1920929e-7);
  // Vᵀ and Fᵀ: a reflector, and what it does, are rows, at the columns that rows and columns of A have
  const rowV = <usize>m * sizeof<T>(), rowF = <usize>n * sizeof<T>();
  const v = space, f = v + <usize>BLOCK * rowV, x = f + <usize>BLOCK * rowF, list = x + rowV, y = list + <usize>(BLOCK * bytes);
  let k = 0;
  let isWorn = false;
  for (; k < steps && !isWorn; k++) {
    if (isCancelled(work)) return 0;
    const i = first + k;
    const at = <usize>(i * bytes);
    const best = longest<T>(i, n, norms);
    if (best != i) {
      for (let r = 0; r < m; r++) swap<T>(a + <usize>r * row, i, best);
      for (let c = 0; c < k; c++) swap<T>(f + <usize>c * rowF, i, best);
      const index = load<i32>(order + (<usize>i << 2));
      store<i32>(order + (<usize>i << 2), load<i32>(order + (<usize>best << 2)));
      store<i32>(order + (<usize>best << 2), index);
      // column i is done with its norms
      store<T>(norms + <usize>(best * bytes), load<T>(norms + at));
      store<T>(exact + <usize>(best * bytes), load<T>(exact + at));
    }
    // the column as the steps before leave it, and its reflector
    for (let r = i; r < m; r++) store<T>(x + <usize>(r * bytes), load<T>(a + <usize>r * row + at));
    const xi = x + at;
    for (let c = 0; c < k; c++) store<T>(list + <usize>(c * bytes), -load<T>(f + <usize>c * rowF + at));
    addRows<T>(k, m - i, v + at, rowV, list, xi);
    const t = reflector<T>(m - i - 1, xi, xi + sizeof<T>(), sizeof<T>());
    store<T>(tau + at, t);
    for (let r = i; r < m; r++) store<T>(a + <usize>r * row + at, load<T>(x + <usize>(r * bytes)));
    store<T>(xi, 1);
    const vk = v + <usize>k * rowV;
    memory.copy(vk + at, xi, rowV - at);
    const right = n - i - 1;
    if (right == 0) continue;
    // row k of Fᵀ: τ·(xᵀA − (xᵀV)·Fᵀ)
    const next = at + sizeof<T>();
    const ai = a + <usize>i * row + next;
    if (t != <T>0) {
      if (!multiplyTransposed<T>(work, m - i, right, ai, row, xi, y)) return 0;
      for (let c = 0; c < k; c++) {
        store<T>(list + <usize>(c * bytes), -dotOf<T>(m - i, v + <usize>c * rowV + at, xi));
      }
      addRows<T>(k, right, f + next, rowF, list, y);
      for (let j = 0; j < right; j++) {
        const value = y + <usize>(j * bytes);
        store<T>(value, t * load<T>(value));
      }
    } else {
      memory.fill(y, 0, <usize>(right * bytes));
    }
    memory.copy(f + <usize>k * rowF + next, y, <usize>(right * bytes));
    // the row that this step ends
    for (let c = 0; c <= k; c++) store<T>(list + <usize>(c * bytes), -load<T>(v + <usize>c * rowV + at));
    addRows<T>(k + 1, right, f + next, rowF, list, ai);
    for (let j = 0; j < right; j++) {
      const head = load<T>(ai + <usize>(j * bytes));
      isWorn = shorten<T>(head, norms, exact, next + <usize>(j * bytes), limit) || isWorn;
    }
  }
  const next = first + k;
  if (next < n && next < m) {
    const at = <usize>(next * bytes);
    const rest = a + <usize>next * row + at;
    if (!wideProduct<T>(work, m - next, n - next, k, <T>-1, v + at, 1, m, f + at, n, 1, rest, lda, true, false)) return 0;
  }
  if (isWorn) {
    for (let j = next; j < n; j++) {
      const at = <usize>(j * bytes);
      if (load<T>(exact + at) >= <T>0) continue;
      const fresh = next < m ? columnNorm<T>(m - next, a + <usize>next * row + at, row) : <T>0;
      store<T>(norms + at, fresh);
      store<T>(exact + at, fresh);
    }
  }
  return k;
}

// @ts-ignore: decorator
@inline function longest<T>(i: i32, n: i32, norms: usize): i32 {
  let best = i;
  let most = load<T>(norms + <usize>i * sizeof<T>());
  for (let j = i + 1; j < n; j++) {
    const size = load<T>(norms + <usize>j * sizeof<T>());
    if (size > most) {
      most = size;
      best = j;
    }
  }
  return best;
}

/** A column's norm without its element `head`; when too few digits are left, its exact norm is marked by −1 and it is true. */
// @ts-ignore: decorator
@inline function shorten<T>(head: T, norms: usize, exact: usize, at: usize, limit: T): bool {
  const size = load<T>(norms + at), known = load<T>(exact + at);
  if (size == <T>0) return false;
  if (known < <T>0) return true;
  const ratio = abs<T>(head) / size;
  const left = max<T>(<T>0, (<T>1 + ratio) * (<T>1 - ratio));
  const since = size / known;
  if (left * since * since <= limit) {
    store<T>(exact + at, -1);
    return true;
  }
  store<T>(norms + at, size * sqrt<T>(left));
  return false;
}

function dotOf<T>(n: i32, x: usize, y: usize): T {
  let s0 = v128.splat<T>(<T>0), s1 = s0, s2 = s0, s3 = s0;
  const end = x + <usize>n * sizeof<T>();
  for (; x + 64 <= end; x += 64, y += 64) {
    s0 = v128.add<T>(s0, v128.mul<T>(v128.load(x), v128.load(y)));
    s1 = v128.add<T>(s1, v128.mul<T>(v128.load(x, 16), v128.load(y, 16)));
    s2 = v128.add<T>(s2, v128.mul<T>(v128.load(x, 32), v128.load(y, 32)));
    s3 = v128.add<T>(s3, v128.mul<T>(v128.load(x, 48), v128.load(y, 48)));
  }
  const s = v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3));
  let total: T;
  if (sizeof<T>() == 8) total = <T>(f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));
  else total = <T>((f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2)) + (f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3)));
  for (; x < end; x += sizeof<T>(), y += sizeof<T>()) total += load<T>(x) * load<T>(y);
  return total;
}

/** y (n) = Aᵀ·x on all threads: strips of columns, each summed over rows in their order. */
function multiplyTransposed<T>(work: usize, m: i32, n: i32, a: usize, row: usize, x: usize, y: usize): bool {
  memory.fill(y, 0, <usize>n * sizeof<T>());
  if (<i64>m * <i64>n < WIDE_LEAST) {
    addRows<T>(m, n, a, row, x, y);
    return true;
  }
  const call = changetype<Multiply>(work + CONTEXT);
  call.m = m; call.n = n; call.a = a; call.row = row; call.x = x; call.y = y;
  const strip: Body = sizeof<T>() == 8 ? stripF64 : stripF32;
  return parallelFor(work, (n + STRIP - 1) / STRIP, strip.index, work + CONTEXT);
}
function stripF64(work: usize, index: i32, context: usize): void {
  stripOf<f64>(index, changetype<Multiply>(context));
}
function stripF32(work: usize, index: i32, context: usize): void {
  stripOf<f32>(index, changetype<Multiply>(context));
}
// @ts-ignore: decorator
@inline function stripOf<T>(index: i32, call: Multiply): void {
  const from = <usize>(index * STRIP) * sizeof<T>();
  addRows<T>(call.m, min(STRIP, call.n - index * STRIP), call.a + from, call.row, call.x, call.y + from);
}

/** y (n) += Aᵀ·x, A m × n: eight rows at a time, then four, then single ones. */
function addRows<T>(m: i32, n: i32, a: usize, row: usize, x: usize, y: usize): void {
  const bytes = <usize>n * sizeof<T>();
  const whole = bytes & ~15;
  let i = 0;
  for (; i + 8 <= m; i += 8) {
    const a1 = a + row, a2 = a1 + row, a3 = a2 + row, a4 = a3 + row, a5 = a4 + row, a6 = a5 + row, a7 = a6 + row;
    const s0 = v128.load_splat<T>(x), s1 = v128.load_splat<T>(x, sizeof<T>());
    const s2 = v128.load_splat<T>(x, 2 * sizeof<T>()), s3 = v128.load_splat<T>(x, 3 * sizeof<T>());
    const s4 = v128.load_splat<T>(x, 4 * sizeof<T>()), s5 = v128.load_splat<T>(x, 5 * sizeof<T>());
    const s6 = v128.load_splat<T>(x, 6 * sizeof<T>()), s7 = v128.load_splat<T>(x, 7 * sizeof<T>());
    for (let c: usize = 0; c < whole; c += 16) {
      const p = v128.add<T>(v128.mul<T>(s0, v128.load(a + c)), v128.mul<T>(s1, v128.load(a1 + c)));
      const q = v128.add<T>(v128.mul<T>(s2, v128.load(a2 + c)), v128.mul<T>(s3, v128.load(a3 + c)));
      const r = v128.add<T>(v128.mul<T>(s4, v128.load(a4 + c)), v128.mul<T>(s5, v128.load(a5 + c)));
      const s = v128.add<T>(v128.mul<T>(s6, v128.load(a6 + c)), v128.mul<T>(s7, v128.load(a7 + c)));
      v128.store(y + c, v128.add<T>(v128.load(y + c), v128.add<T>(v128.add<T>(p, q), v128.add<T>(r, s))));
    }
    addTails<T>(8, whole, bytes, a, row, x, y);
    a = a7 + row; x += 8 * sizeof<T>();
  }
  if (i + 4 <= m) {
    const a1 = a + row, a2 = a1 + row, a3 = a2 + row;
    const s0 = v128.load_splat<T>(x), s1 = v128.load_splat<T>(x, sizeof<T>());
    const s2 = v128.load_splat<T>(x, 2 * sizeof<T>()), s3 = v128.load_splat<T>(x, 3 * sizeof<T>());
    for (let c: usize = 0; c < whole; c += 16) {
      const p = v128.add<T>(v128.mul<T>(s0, v128.load(a + c)), v128.mul<T>(s1, v128.load(a1 + c)));
      const q = v128.add<T>(v128.mul<T>(s2, v128.load(a2 + c)), v128.mul<T>(s3, v128.load(a3 + c)));
      v128.store(y + c, v128.add<T>(v128.load(y + c), v128.add<T>(p, q)));
    }
    addTails<T>(4, whole, bytes, a, row, x, y);
    a = a3 + row; x += 4 * sizeof<T>(); i += 4;
  }
  for (; i < m; i++) {
    const s = v128.load_splat<T>(x);
    for (let c: usize = 0; c < whole; c += 16) {
      v128.store(y + c, v128.add<T>(v128.load(y + c), v128.mul<T>(s, v128.load(a + c))));
    }
    addTails<T>(1, whole, bytes, a, row, x, y);
    a += row; x += sizeof<T>();
  }
}

/** The columns that fill no vector. */
// @ts-ignore: decorator
@inline function addTails<T>(m: i32, from: usize, end: usize, a: usize, row: usize, x: usize, y: usize): void {
  for (let c = from; c < end; c += sizeof<T>()) {
    let sum = load<T>(y + c);
    for (let i = 0; i < m; i++) sum += load<T>(x + <usize>i * sizeof<T>()) * load<T>(a + <usize>i * row + c);
    store<T>(y + c, sum);
  }
}

function swap<T>(p: usize, i: i32, j: i32): void {
  const x = p + <usize>i * sizeof<T>(), y = p + <usize>j * sizeof<T>();
  const value = load<T>(x);
  store<T>(x, load<T>(y));
  store<T>(y, value);
}

/** The norms of all columns, row by row where squares are safe. `most`: n elements, for the columns' largest. */
function columnNorms<T>(m: i32, n: i32, a: usize, row: usize, norms: usize, most: usize): void {
  memory.fill(norms, 0, <usize>n * sizeof<T>());
  memory.fill(most, 0, <usize>n * sizeof<T>());
  for (let i = 0; i < m; i++) {
    const ai = a + <usize>i * row;
    let at: usize = 0;
    for (; at + 16 <= <usize>n * sizeof<T>(); at += 16) {
      const value = v128.load(ai + at);
      v128.store(most + at, v128.max<T>(v128.load(most + at), v128.abs<T>(value)));
      v128.store(norms + at, v128.add<T>(v128.load(norms + at), v128.mul<T>(value, value)));
    }
    for (; at < <usize>n * sizeof<T>(); at += sizeof<T>()) {
      const value = load<T>(ai + at);
      store<T>(most + at, max<T>(load<T>(most + at), abs<T>(value)));
      store<T>(norms + at, load<T>(norms + at) + value * value);
    }
  }
  const large: T = sizeof<T>() == 8 ? <T>1e140 : <T>1e15, small = <T>1 / large;
  for (let j = 0; j < n; j++) {
    const at = <usize>j * sizeof<T>(), size = load<T>(most + at);
    const isSafe = size < large && size > small;
    store<T>(norms + at, isSafe ? sqrt<T>(load<T>(norms + at)) : columnNorm<T>(m, a + at, row));
  }
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
