/**
 * Singular values by one-sided Jacobi (Demmel & Veselić, SIAM J. Matrix Anal. 13(4), 1992): rows of W are turned two by
 * two until all are orthogonal; their norms are the singular values, each right to many digits however small. For small
 * matrices, batches of them, and where relative accuracy is asked for. About 6n²m flops a sweep, 6 to 10 sweeps.
 */
import { addScaled, dot } from './symmetric';
import { rotate } from './tridiagonal';

const EPS: f64 = 2.220446049250313e-16;
const MAX_SWEEPS: i32 = 60;

// @ts-ignore: decorator
@inline function at(p: usize, i: i32): f64 {
  return load<f64>(p + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline function set(p: usize, i: i32, value: f64): void {
  store<f64>(p + (<usize>i << 3), value);
}

/**
 * w (n rows of m ≥ n elements: the columns of A) → rows of norm one in w, the left vectors; v (n × n) gets the right
 * vectors as rows; s (n) descending. 2 when it did not converge, else 0.
 */
export function jacobiSvd(m: i32, n: i32, w: usize, v: usize, s: usize): i32 {
  const row = <usize>m << 3, rowV = <usize>n << 3;
  memory.fill(v, 0, <usize>n * rowV);
  for (let i = 0; i < n; i++) set(v, i * n + i, 1);
  const limit = EPS * sqrt(<f64>m);
  let sweep = 0;
  for (; sweep < MAX_SWEEPS; sweep++) {
    let turned = false;
    for (let i = 0; i < n; i++) set(s, i, dot(m, w + <usize>i * row, w + <usize>i * row));
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const x = w + <usize>p * row, y = w + <usize>q * row;
        const alpha = at(s, p), beta = at(s, q);
        const gamma = dot(m, x, y);
        if (gamma == 0 || abs(gamma) <= limit * sqrt(alpha) * sqrt(beta)) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta >= 0 ? 1.0 : -1.0) / (abs(zeta) + (abs(zeta) > 1e150 ? abs(zeta) : sqrt(1 + zeta * zeta)));
        const c = 1 / sqrt(1 + t * t), sine = c * t;
        rotate(m, x, y, c, sine);
        rotate(n, v + <usize>p * rowV, v + <usize>q * rowV, c, sine);
        set(s, p, max(alpha - t * gamma, 0));
        set(s, q, beta + t * gamma);
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
      swap(m, w + <usize>i * row, w + <usize>best * row);
      swap(n, v + <usize>i * rowV, v + <usize>best * rowV);
    }
  }
  const largest = n > 0 ? at(s, 0) : 0;
  for (let i = 0; i < n; i++) {
    const x = w + <usize>i * row;
    const size = at(s, i);
    if (size > 0 && size >= largest * 1e-290) for (let k = 0; k < m; k++) set(x, k, at(x, k) / size);
    else complete(m, i, w, row);
  }
  return sweep == MAX_SWEEPS ? 2 : 0;
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

function swap(n: i32, x: usize, y: usize): void {
  for (let k = 0; k < n; k++) {
    const value = at(x, k);
    set(x, k, at(y, k));
    set(y, k, value);
  }
}
