/**
 * P·A = L·U with partial pivoting, A m × n row-major, by halving the columns (Toledo, SIAM J. Matrix Anal. 18(4), 1997;
 * LAPACK's getrf2): factor the left half, apply its exchanges and its triangle to the right half, subtract the product,
 * factor what is left of the right half. Panels of 8 columns are factored one column at a time, lying by columns in the arena.
 *
 * L (unit, below the diagonal) and U overwrite A; pivots[i] is the row that step i exchanged with row i. mn² − n³/3 flops
 * for m ≥ n, nearly all in the packed product; no workspace. A zero pivot is left as it is, and U then has it; a NaN is the
 * largest of its column.
 *
 * Did not help: panels of 16 columns (2 % slower), and searching for the next pivot while updating by rows (its branches cost
 * more than the second pass over a column).
 */
import { EDGE, GEMM_END, wideProduct } from '../gemm';
import { solveLeft } from './triangular';

const BASE: i32 = 8;
/** Where a panel lies, in the arena's part for products, and how large it may be. */
const PANEL: usize = EDGE + 1024;
const PANEL_BYTES: usize = GEMM_END - PANEL;

/** False when cancelled. `pivots`: min(m, n) int32, rows counted from `a`. */
export function luFactor<T>(work: usize, m: i32, n: i32, a: usize, lda: i32, pivots: usize): bool {
  const steps = min(m, n);
  if (n <= BASE || steps <= BASE) {
    factorBase<T>(work, m, n, a, lda, pivots);
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

/** The row of A that each row of the exchanged matrix was: m int32 in `order`. */
export function permutation(m: i32, steps: i32, pivots: usize, order: usize): void {
  for (let i = 0; i < m; i++) store<i32>(order + (<usize>i << 2), i);
  for (let i = 0; i < steps; i++) {
    const at = order + (<usize>i << 2), other = order + (<usize>load<i32>(pivots + (<usize>i << 2)) << 2);
    const row = load<i32>(at);
    store<i32>(at, load<i32>(other));
    store<i32>(other, row);
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

/**
 * A panel of few columns, copied into the arena, which no product uses meanwhile: there its columns lie together, so that
 * factors, updates and the search for the next pivot are whole vectors.
 */
function factorBase<T>(work: usize, m: i32, n: i32, a: usize, lda: i32, pivots: usize): void {
  const row = <usize>lda * sizeof<T>();
  const steps = min(m, n);
  const column = (<usize>m * sizeof<T>() + 15) & ~15;
  const isCopied = <usize>n * column <= PANEL_BYTES;
  if (!isCopied) {
    factorRows<T>(m, n, a, row, pivots);
    return;
  }
  const panel = work + PANEL;
  for (let i = 0; i < m; i++) {
    const from = a + <usize>i * row;
    let to = panel + <usize>i * sizeof<T>();
    for (let at: usize = 0; at < <usize>n * sizeof<T>(); at += sizeof<T>()) {
      store<T>(to, load<T>(from + at));
      to += column;
    }
  }
  for (let j = 0; j < steps; j++) {
    const x = panel + <usize>j * column;
    const best = largestOf<T>(j, m, x);
    store<i32>(pivots + (<usize>j << 2), best);
    if (best != j) {
      for (let c = 0; c < n; c++) {
        const p = panel + <usize>c * column + <usize>j * sizeof<T>();
        const q = panel + <usize>c * column + <usize>best * sizeof<T>();
        const value = load<T>(p);
        store<T>(p, load<T>(q));
        store<T>(q, value);
      }
    }
    const pivot = load<T>(x + <usize>j * sizeof<T>());
    if (pivot == <T>0 || j + 1 == m) continue;
    const below = <usize>(j + 1) * sizeof<T>(), rest = m - j - 1;
    divide<T>(rest, x + below, pivot);
    let y = x + column;
    for (let c = j + 1; c < n; c++) {
      subtractScaled<T>(rest, y + below, load<T>(y + <usize>j * sizeof<T>()), x + below);
      y += column;
    }
  }
  for (let i = 0; i < m; i++) {
    const to = a + <usize>i * row;
    let from = panel + <usize>i * sizeof<T>();
    for (let at: usize = 0; at < <usize>n * sizeof<T>(); at += sizeof<T>()) {
      store<T>(to + at, load<T>(from));
      from += column;
    }
  }
}

/** The first i from `from` on with the largest |x[i]|, or with a NaN, which so reaches the result. */
function largestOf<T>(from: i32, m: i32, x: usize): i32 {
  const lanes = 16 / <i32>sizeof<T>();
  let most: T = 0;
  let i = from;
  if (i + 4 * lanes <= m) {
    let p = x + <usize>i * sizeof<T>();
    let s0 = v128.abs<T>(v128.load(p)), s1 = s0;
    for (; i + 2 * lanes <= m; i += 2 * lanes, p += 32) {
      s0 = v128.max<T>(s0, v128.abs<T>(v128.load(p)));
      s1 = v128.max<T>(s1, v128.abs<T>(v128.load(p, 16)));
    }
    s0 = v128.max<T>(s0, s1);
    if (sizeof<T>() == 8) {
      most = <T>max(f64x2.extract_lane(s0, 0), f64x2.extract_lane(s0, 1));
    } else {
      s0 = f32x4.max(s0, v128.shuffle<f32>(s0, s0, 2, 3, 0, 1));
      most = <T>max(f32x4.extract_lane(s0, 0), f32x4.extract_lane(s0, 1));
    }
  }
  for (; i < m; i++) most = max<T>(most, abs<T>(load<T>(x + <usize>i * sizeof<T>())));
  i = from;
  if (most != most) {
    while (i + 1 < m && load<T>(x + <usize>i * sizeof<T>()) == load<T>(x + <usize>i * sizeof<T>())) i++;
  } else {
    while (i + 1 < m && abs<T>(load<T>(x + <usize>i * sizeof<T>())) != most) i++;
  }
  return i;
}

function divide<T>(n: i32, x: usize, divisor: T): void {
  const end = x + <usize>n * sizeof<T>();
  const d = v128.splat<T>(divisor);
  for (; x + 16 <= end; x += 16) v128.store(x, v128.div<T>(v128.load(x), d));
  for (; x < end; x += sizeof<T>()) store<T>(x, load<T>(x) / divisor);
}

/** y ← y − factor·x. */
function subtractScaled<T>(n: i32, y: usize, factor: T, x: usize): void {
  const end = x + <usize>n * sizeof<T>();
  const s = v128.splat<T>(factor);
  for (; x + 32 <= end; x += 32, y += 32) {
    v128.store(y, v128.sub<T>(v128.load(y), v128.mul<T>(s, v128.load(x))));
    v128.store(y, v128.sub<T>(v128.load(y, 16), v128.mul<T>(s, v128.load(x, 16))), 16);
  }
  for (; x < end; x += sizeof<T>(), y += sizeof<T>()) store<T>(y, load<T>(y) - factor * load<T>(x));
}

/** The same where it lies, for columns too long for the arena. */
function factorRows<T>(m: i32, n: i32, a: usize, row: usize, pivots: usize): void {
  const bytes = <usize>n * sizeof<T>();
  for (let j = 0; j < min(m, n); j++) {
    const at = <usize>j * sizeof<T>();
    let best = j;
    let largest = abs<T>(load<T>(a + <usize>j * row + at));
    for (let i = j + 1; i < m; i++) {
      const size = abs<T>(load<T>(a + <usize>i * row + at));
      if (size > largest || (size != size && largest == largest)) {
        largest = size;
        best = i;
      }
    }
    store<i32>(pivots + (<usize>j << 2), best);
    const pivotRow = a + <usize>j * row;
    if (best != j) exchange<T>(pivotRow, a + <usize>best * row, bytes);
    const pivot = load<T>(pivotRow + at);
    if (pivot == <T>0) continue;
    for (let i = j + 1; i < m; i++) {
      const ai = a + <usize>i * row;
      const factor = load<T>(ai + at) / pivot;
      store<T>(ai + at, factor);
      for (let c = at + sizeof<T>(); c < bytes; c += sizeof<T>()) {
        store<T>(ai + c, load<T>(ai + c) - factor * load<T>(pivotRow + c));
      }
    }
  }
}
