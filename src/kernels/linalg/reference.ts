/**
 * The readable reference of linear algebra: textbook algorithms on row-major matrices of numbers, one element at a time.
 * What the WebAssembly bodies answer is tested against these, by value where it is unique and by residual where not.
 */

/** A row-major matrix: element (i, j) is data[i · columns + j]. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function matrix(rows: number, columns: number, data = new Float64Array(rows * columns)): Matrix {
  return { rows, columns, data };
}

export function identity(n: number): Matrix {
  const result = matrix(n, n);
  for (let i = 0; i < n; i++) result.data[i * n + i] = 1;
  return result;
}

export function transposed({ rows, columns, data }: Matrix): Matrix {
  const result = matrix(columns, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j]!;
  return result;
}

export function times(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const value = a.data[i * a.columns + k]!;
      for (let j = 0; j < b.columns; j++) result.data[i * b.columns + j]! += value * b.data[k * b.columns + j]!;
    }
  }
  return result;
}

/** L of A = L·Lᵀ from A's lower triangle, or undefined when A is not positive definite. */
export function choleskyReference({ rows: n, data: a }: Matrix): Matrix | undefined {
  const l = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l.data[i * n + k]! * l.data[j * n + k]!;
      if (i === j && !(sum > 0)) return undefined;
      l.data[i * n + j] = i === j ? Math.sqrt(sum) : sum / l.data[j * n + j]!;
    }
  }
  return l;
}

/** L and U in one matrix, the row of A that each row of it was, and the sign of that permutation. */
export function luReference(a: Matrix): { readonly lu: Matrix; readonly order: Int32Array; readonly sign: number } {
  const { rows: m, columns: n } = a;
  const lu = matrix(m, n, a.data.slice());
  const order = Int32Array.from({ length: m }, (_, i) => i);
  const f = lu.data;
  let sign = 1;
  for (let j = 0; j < Math.min(m, n); j++) {
    let best = j;
    for (let i = j + 1; i < m; i++) {
      const size = Math.abs(f[i * n + j]!);
      const largest = Math.abs(f[best * n + j]!);
      if (size > largest || (Number.isNaN(size) && !Number.isNaN(largest))) best = i;
    }
    if (best !== j) {
      for (let k = 0; k < n; k++) [f[j * n + k], f[best * n + k]] = [f[best * n + k]!, f[j * n + k]!];
      [order[j], order[best]] = [order[best]!, order[j]!];
      sign = -sign;
    }
    const pivot = f[j * n + j]!;
    if (pivot === 0) continue;
    for (let i = j + 1; i < m; i++) {
      const factor = f[i * n + j]! / pivot;
      f[i * n + j] = factor;
      for (let k = j + 1; k < n; k++) f[i * n + k]! -= factor * f[j * n + k]!;
    }
  }
  return { lu, order, sign };
}

/** X of T·X = B for a triangular T; undefined when an element of its diagonal is zero. */
export function solveTriangleReference(
  t: Matrix,
  b: Matrix,
  { lower = false, unit = false }: { readonly lower?: boolean; readonly unit?: boolean } = {},
): Matrix | undefined {
  const n = t.rows;
  const x = matrix(n, b.columns, b.data.slice());
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step;
    const pivot = unit ? 1 : t.data[i * n + i]!;
    if (pivot === 0) return undefined;
    for (let c = 0; c < b.columns; c++) {
      let sum = x.data[i * b.columns + c]!;
      for (let j = lower ? 0 : i + 1; j < (lower ? i : n); j++) sum -= t.data[i * n + j]! * x.data[j * b.columns + c]!;
      x.data[i * b.columns + c] = sum / pivot;
    }
  }
  return x;
}

/** X of A·X = B by LU; undefined when A is singular. */
export function solveReference(a: Matrix, b: Matrix): Matrix | undefined {
  const { lu, order } = luReference(a);
  const permuted = matrix(b.rows, b.columns);
  order.forEach((row, i) => {
    permuted.data.set(b.data.subarray(row * b.columns, (row + 1) * b.columns), i * b.columns);
  });
  const y = solveTriangleReference(lu, permuted, { lower: true, unit: true });
  return y && solveTriangleReference(lu, y);
}

/** A = Q·R by Householder reflections with LAPACK's signs; Q m × m, R m × n; `pivoted` takes the longest column first. */
export function qrReference(
  a: Matrix,
  pivoted = false,
): { readonly q: Matrix; readonly r: Matrix; readonly order: Int32Array } {
  const { rows: m, columns: n } = a;
  const r = matrix(m, n, a.data.slice());
  const q = identity(m);
  const order = Int32Array.from({ length: n }, (_, j) => j);
  const restOf = (j: number, from: number): number => {
    let sum = 0;
    for (let i = from; i < m; i++) sum = Math.hypot(sum, r.data[i * n + j]!);
    return sum;
  };
  for (let j = 0; j < Math.min(m, n); j++) {
    if (pivoted) {
      let best = j;
      for (let k = j + 1; k < n; k++) if (restOf(k, j) > restOf(best, j)) best = k;
      for (let i = 0; i < m; i++)
        [r.data[i * n + j], r.data[i * n + best]] = [r.data[i * n + best]!, r.data[i * n + j]!];
      [order[j], order[best]] = [order[best]!, order[j]!];
    }
    if (restOf(j, j + 1) === 0) continue;
    const alpha = r.data[j * n + j]!;
    const size = restOf(j, j);
    const beta = alpha < 0 ? size : -size;
    const v = new Float64Array(m);
    for (let i = j + 1; i < m; i++) v[i] = r.data[i * n + j]! / (alpha - beta);
    v[j] = 1;
    const tau = (beta - alpha) / beta;
    for (let k = j; k < n; k++) {
      let sum = 0;
      for (let i = j; i < m; i++) sum += v[i]! * r.data[i * n + k]!;
      for (let i = j; i < m; i++) r.data[i * n + k]! -= tau * sum * v[i]!;
    }
    for (let i = j + 1; i < m; i++) r.data[i * n + j] = 0;
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let k = j; k < m; k++) sum += q.data[i * m + k]! * v[k]!;
      for (let k = j; k < m; k++) q.data[i * m + k]! -= tau * sum * v[k]!;
    }
  }
  return { q, r, order };
}

const MAX_SWEEPS = 60;

/** Ascending eigenvalues and vectors (as columns) of a symmetric matrix, by Jacobi's rotations; undefined for NaN. */
export function eighReference(a: Matrix): { readonly values: Float64Array; readonly vectors: Matrix } | undefined {
  const n = a.rows;
  // its lower triangle, mirrored, as columns that become orthogonal: one-sided on a positive definite shift
  const symmetric = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      symmetric.data[i * n + j] = a.data[i * n + j]!;
      symmetric.data[j * n + i] = a.data[i * n + j]!;
    }
  }
  const scale = symmetric.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(scale)) return undefined;
  const w = symmetric.data.map((value) => (scale === 0 ? 0 : value / scale));
  const v = identity(n).data;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = w[p * n + q]!;
        off = Math.max(off, Math.abs(apq));
        if (Math.abs(apq) < 1e-300) continue;
        const theta = (w[q * n + q]! - w[p * n + p]!) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = c * t;
        for (let k = 0; k < n; k++) rotate(w, k * n + p, k * n + q, c, s);
        for (let k = 0; k < n; k++) rotate(w, p * n + k, q * n + k, c, s);
        for (let k = 0; k < n; k++) rotate(v, k * n + p, k * n + q, c, s);
      }
    }
    if (off < 1e-17) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => w[i * n + i]! - w[j * n + j]!);
  const vectors = matrix(n, n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) vectors.data[k * n + to] = v[k * n + from]!;
  });
  return { values: Float64Array.from(order, (i) => w[i * n + i]! * (scale === 0 ? 1 : scale)), vectors };
}

function rotate(x: Float64Array, i: number, j: number, c: number, s: number): void {
  const [a, b] = [x[i]!, x[j]!];
  x[i] = c * a - s * b;
  x[j] = s * a + c * b;
}

/** A = U·diag(s)·Vᵀ by one-sided Jacobi: u m × k, s descending, vt k × n; undefined when an element is not finite. */
export function svdReference(
  a: Matrix,
): { readonly u: Matrix; readonly s: Float64Array; readonly vt: Matrix } | undefined {
  if (a.rows < a.columns) {
    const other = svdReference(transposed(a));
    return other && { u: transposed(other.vt), s: other.s, vt: transposed(other.u) };
  }
  const { rows: m, columns: n } = a;
  const scale = a.data.reduce((most, value) => (Number.isNaN(value) ? value : Math.max(most, Math.abs(value))), 0);
  if (!Number.isFinite(scale)) return undefined;
  // rows of w are A's columns
  const w = transposed(a).data.map((value) => (scale === 0 ? 0 : value / scale));
  const v = identity(n).data;
  const dot = (p: number, q: number): number => {
    let sum = 0;
    for (let k = 0; k < m; k++) sum += w[p * m + k]! * w[q * m + k]!;
    return sum;
  };
  for (let sweep = 0, turned = true; turned && sweep < MAX_SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const gamma = dot(p, q);
        const [alpha, beta] = [dot(p, p), dot(q, q)];
        if (gamma === 0 || Math.abs(gamma) <= 2 ** -52 * Math.sqrt(m) * Math.sqrt(alpha) * Math.sqrt(beta)) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (let k = 0; k < m; k++) rotate(w, p * m + k, q * m + k, c, c * t);
        for (let k = 0; k < n; k++) rotate(v, p * n + k, q * n + k, c, c * t);
      }
    }
  }
  const norms = Float64Array.from({ length: n }, (_, i) => Math.sqrt(dot(i, i)));
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => norms[j]! - norms[i]!);
  const [u, vt] = [matrix(m, n), matrix(n, n)];
  const done: Float64Array[] = [];
  order.forEach((from, to) => {
    vt.data.set(v.subarray(from * n, (from + 1) * n), to * n);
    const size = norms[from]!;
    const column =
      size > 1e-290 ? w.slice(from * m, (from + 1) * m).map((value) => value / size) : orthogonalTo(done, m);
    done.push(column);
    for (let k = 0; k < m; k++) u.data[k * n + to] = column[k]!;
  });
  return { u, s: Float64Array.from(order, (i) => norms[i]! * (scale === 0 ? 1 : scale)), vt };
}

/** A unit vector of m elements orthogonal to `others`. */
function orthogonalTo(others: readonly Float64Array[], m: number): Float64Array {
  for (let k = 0; k < m; k++) {
    const x = new Float64Array(m);
    x[k] = 1;
    for (let round = 0; round < 2; round++) {
      for (const other of others) {
        const along = other.reduce((sum, value, i) => sum + value * x[i]!, 0);
        other.forEach((value, i) => {
          x[i]! -= along * value;
        });
      }
    }
    const size = Math.hypot(...x);
    if (size * size * m >= 0.5) return x.map((value) => value / size);
  }
  throw new RangeError('there is no vector orthogonal to as many as there are dimensions');
}

/** x of least norm with least ‖A·x − b‖, the rank at `limit` times the largest singular value, R of A (Aᵀ where A is wide). */
export function lstsqReference(
  a: Matrix,
  b: Matrix,
  limit: number,
): { readonly x: Matrix; readonly rank: number; readonly r: Matrix } | undefined {
  const svd = svdReference(a);
  if (svd === undefined || b.data.some((value) => !Number.isFinite(value))) return undefined;
  const { u, s, vt } = svd;
  const rank = s.filter((value) => value > limit * s[0]!).length;
  const t = times(transposed(u), b);
  for (let i = 0; i < s.length; i++) {
    for (let j = 0; j < b.columns; j++) t.data[i * b.columns + j] = i < rank ? t.data[i * b.columns + j]! / s[i]! : 0;
  }
  const k = Math.min(a.rows, a.columns);
  const { r } = qrReference(a.rows < a.columns ? transposed(a) : a);
  return { x: times(transposed(vt), t), rank, r: matrix(k, k, r.data.slice(0, k * k)) };
}
