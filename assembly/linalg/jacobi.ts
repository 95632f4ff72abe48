/**
 * Singular values by one-sided Jacobi (Demmel & Veselić, SIAM J. Matrix Anal. 13(4), 1992): rows of W are turned two by
 * two until all are orthogonal; their norms are the singular values, each right to many digits however small. For small
 * matrices, batches of them, and where relative accuracy is asked for. About 6n²m flops a sweep, 6 to 10 sweeps.
 */
import { isCancelled } from '../arena';
import { wideProduct } from '../gemm';
import { CANCELLED, NOT_CONVERGED, OK } from '../status';
import { copyUpper } from './copy';
import { pivotedFactor } from './pivoted-qr';
import { qrFormFrom, qrSpace } from './qr';
import { addScaled, at, dot, rotate, set, swapRows } from './vector';

const EPS: f64 = 2.220446049250313e-16;
const MAX_SWEEPS: i32 = 60;
/** Rows so much shorter than the longest are left: their digits run out. They count as zero but for their norms. */
const NOTHING: f64 = 1e-290;
/** Norms above this have products of elements that do not vanish. */
const SAFE: f64 = 1e-130;

/** float64 elements of workspace of `jacobiFactor`. */
export function jacobiSpace(m: i32, n: i32): usize {
  return 4 * <usize>n + 2 * <usize>n * <usize>n + <usize>m * <usize>n + qrSpace(m, n, n);
}

/**
 * A = U·diag(s)·Vᵀ for a (m × n, m ≥ n, destroyed): A·P = Q·R with column pivoting first, then the rows of R are turned,
 * which are few, short and nearly in order (Drmač & Veselić, SIAM J. Matrix Anal. 29(4), 2008). s (n) descending, u
 * (m × n) and vt (n × n), or neither when u is 0. OK, NOT_CONVERGED or CANCELLED.
 */
export function jacobiFactor(work: usize, m: i32, n: i32, a: usize, s: usize, u: usize, vt: usize, space: usize): i32 {
  const tau = space, norms = tau + (<usize>n << 3), order = norms + (<usize>n << 4);
  const w = order + (<usize>n << 3), v = w + (<usize>n * <usize>n << 3), q = v + (<usize>n * <usize>n << 3);
  if (!pivotedFactor<f64>(work, m, n, a, n, tau, order, norms, w)) return CANCELLED;
  copyUpper<f64>(n, n, a, n, w, n);
  const status = jacobiSvd(work, n, n, w, v, s);
  if (status != OK) return status;
  if (u == 0) return OK;
  // J·R = diag(s)·W, so A = Q·Jᵀ·diag(s)·W·Pᵀ
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) set(vt, i * n + load<i32>(order + (<usize>j << 2)), at(w, i * n + j));
  }
  if (!qrFormFrom<f64>(work, m, n, a, tau, q + (<usize>m * <usize>n << 3), q)) return CANCELLED;
  return wideProduct<f64>(work, m, n, n, 1, q, n, 1, v, 1, n, u, n, false, false) ? OK : CANCELLED;
}

/**
 * w (n rows of m ≥ n elements: the columns of A) → rows of norm one in w, the left vectors; v (n × n) gets the right
 * vectors as rows; s (n) descending. OK, NOT_CONVERGED or CANCELLED.
 */
function jacobiSvd(work: usize, m: i32, n: i32, w: usize, v: usize, s: usize): i32 {
  const row = <usize>m << 3, rowV = <usize>n << 3;
  memory.fill(v, 0, <usize>n * rowV);
  for (let i = 0; i < n; i++) set(v, i * n + i, 1);
  const limit = EPS * sqrt(<f64>m);
  let sweep = 0;
  for (; sweep < MAX_SWEEPS; sweep++) {
    let turned = false;
    // norms, not their squares, which vanish long before they do; each sweep begins with true ones
    let largest: f64 = 0;
    for (let i = 0; i < n; i++) {
      const size = norm(m, w + <usize>i * row);
      set(s, i, size);
      largest = max(largest, size);
    }
    const nothing = largest * NOTHING;
    for (let p = 0; p < n - 1; p++) {
      if (isCancelled(work)) return CANCELLED;
      for (let q = p + 1; q < n; q++) {
        const sizeP = at(s, p), sizeQ = at(s, q);
        if (sizeP <= nothing || sizeQ <= nothing) continue;
        const x = w + <usize>p * row, y = w + <usize>q * row;
        const cosine = cosineOf(m, x, y, sizeP, sizeQ);
        if (abs(cosine) <= limit) continue;
        turned = true;
        const ratio = sizeQ / sizeP, inverse = sizeP / sizeQ;
        const zeta = (ratio - inverse) / (2 * cosine);
        const t = (zeta >= 0 ? 1.0 : -1.0) / (abs(zeta) + (abs(zeta) > 1e150 ? abs(zeta) : sqrt(1 + zeta * zeta)));
        const c = 1 / sqrt(1 + t * t), sine = c * t;
        rotate(m, x, y, c, sine);
        rotate(n, v + <usize>p * rowV, v + <usize>q * rowV, c, sine);
        set(s, p, sizeP * sqrt(max(1 - t * cosine * ratio, 0)));
        set(s, q, sizeQ * sqrt(1 + t * cosine * inverse));
      }
    }
    if (!turned) break;
  }
  for (let i = 0; i < n; i++) set(s, i, norm(m, w + <usize>i * row));
  // descending, by selection
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) if (at(s, j) > at(s, best)) best = j;
    if (best != i) {
      const value = at(s, i);
      set(s, i, at(s, best));
      set(s, best, value);
      swapRows(m, w + <usize>i * row, w + <usize>best * row);
      swapRows(n, v + <usize>i * rowV, v + <usize>best * rowV);
    }
  }
  const largest = n > 0 ? at(s, 0) : 0;
  for (let i = 0; i < n; i++) {
    const x = w + <usize>i * row;
    const size = at(s, i);
    if (size > largest * NOTHING) for (let k = 0; k < m; k++) set(x, k, at(x, k) / size);
    else complete(m, i, w, row);
  }
  return sweep == MAX_SWEEPS ? NOT_CONVERGED : OK;
}

/** The cosine of the angle between two rows of these norms. */
function cosineOf(m: i32, x: usize, y: usize, sizeX: f64, sizeY: f64): f64 {
  if (sizeX > SAFE && sizeY > SAFE) return dot(m, x, y) / sizeX / sizeY;
  let sum: f64 = 0;
  for (let k = 0; k < m; k++) sum += at(x, k) / sizeX * (at(y, k) / sizeY);
  return sum;
}

/** Row i becomes a unit vector orthogonal to the rows before it. */
function complete(m: i32, i: i32, w: usize, row: usize): void {
  const x = w + <usize>i * row;
  for (let k = 0; k < m; k++) {
    memory.fill(x, 0, row);
    set(x, k, 1);
    // twice is enough (Kahan)
    for (let round = 0; round < 2; round++) {
      for (let j = 0; j < i; j++) addScaled(m, x, -dot(m, x, w + <usize>j * row), w + <usize>j * row);
    }
    const size = norm(m, x);
    if (size < 0.1 && size * size * <f64>m < 0.5) continue;
    for (let l = 0; l < m; l++) set(x, l, at(x, l) / size);
    return;
  }
}

function norm(m: i32, x: usize): f64 {
  let largest: f64 = 0;
  for (let k = 0; k < m; k++) largest = max(largest, abs(at(x, k)));
  if (largest == 0) return 0;
  if (largest > 1e-140 && largest < 1e140) return sqrt(dot(m, x, x));
  let sum: f64 = 0;
  for (let k = 0; k < m; k++) {
    const value = at(x, k) / largest;
    sum += value * value;
  }
  return largest * sqrt(sum);
}
