/**
 * Least squares (LAPACK's gelsd, of full rank as gels): A = Q·R where A is not wide, whose R has A's singular values. Where
 * they say that columns are independent x is R⁻¹·Qᵀb; else, and for wide A, it is V·S⁺·Uᵀ·b from the SVD. In float64, A and b
 * scaled by powers of two. 2mn² + ⁸⁄₃n³ + 4mnk flops of full rank, some 20n³ more else.
 */
import { product } from '../gemm';
import { CANCELLED, NOT_FINITE, OK } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report } from './batch';
import { copyUpper, narrow, real, scaleOf, setReal, transposeInto, widen } from './copy';
import { qrApplyTransposed, qrFactor } from './qr';
import { svdFactor } from './svd';
import { solveTriangle } from './triangular';

/**
 * x (n × k) of least norm with least ‖A·x − b‖, b m × k; residuals (k) are the squared norms of what is left; rank (int32)
 * counts singular values above `limit` times the largest; s (min(m, n)) has them. Of full rank by QR, else by the SVD.
 */
export function lstsq(
  work: usize, wide: i32, m: i32, n: i32, k: i32, limit: f64,
  a: usize, b: usize, x: usize, residuals: usize, rank: usize, s: usize, scratch: usize,
): i32 {
  const call = newCall(work, m, n, k);
  call.limit = limit;
  call.p0 = a; call.p1 = b; call.p2 = x; call.p3 = residuals; call.p4 = rank; call.p5 = s;
  const body: Body = wide ? lstsqF64 : lstsqF32;
  return launch(work, 1, body, call, scratch, ~0);
}

function lstsqOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const small = min(m, n);
  const countA = <usize>m * <usize>n, countB = <usize>m * <usize>k, square = <usize>small * <usize>small;
  const f = call.scratch, c = f + (countA << 3), r = c + (max<usize>(countB, <usize>n * <usize>k) << 3);
  const values = r + (square << 3), space = values + (<usize>small << 3);
  const scale = scaleOf<T>(countA, call.p0);
  const scaleB = scaleOf<T>(countB, call.p1);
  if (scale != scale || scaleB != scaleB) {
    report(call, NOT_FINITE);
    return;
  }
  const factor = scale == 0 ? 1 : scale;
  widen<T>(countA, call.p0, f, factor);
  const factorB = scaleB == 0 ? 1 : scaleB;
  widen<T>(countB, call.p1, c, factorB);
  // the solution of the scaled system is x times this
  const factorX = factorB / factor;
  let known = 0;
  let status = OK;
  if (m >= n) {
    // A = Q·R, and all else is a matter of R and Qᵀb
    let isDone = qrFactor<f64>(work, m, n, f, n, space);
    isDone = isDone && qrApplyTransposed<f64>(work, m, n, f, n, space, k, c, k);
    if (!isDone) {
      report(call, CANCELLED);
      return;
    }
    copyUpper<f64>(n, n, f, n, r, n);
    // the singular values of R are A's; svdFactor destroys its copy
    memory.copy(f, r, square << 3);
    status = svdFactor(work, n, n, f, values, 0, 0, space);
    if (status != OK) {
      report(call, status);
      return;
    }
    known = rankOf(n, values, call.limit);
    if (known == n) {
      isDone = solveTriangle<f64>(work, n, k, false, false, false, r, c);
      narrow<T>(<usize>n * <usize>k, c, call.p2, factorX);
    } else {
      memory.copy(f, r, square << 3);
      status = solveBySvd<T>(work, n, n, k, known, f, c, values, space, call.p2, factorX);
    }
    if (!isDone) status = CANCELLED;
  } else {
    // wide: the least norm needs the SVD of Aᵀ = L·S·R, A = Rᵀ·S·Lᵀ
    transposeInto<f64>(m, n, f, space);
    memory.copy(f, space, countA << 3);
    status = solveWide<T>(work, m, n, k, f, c, values, space, call, factorX);
    known = rankOf(small, values, call.limit);
  }
  if (status != OK) {
    report(call, status);
    return;
  }
  store<i32>(call.p4, known);
  narrow<T>(<usize>small, values, call.p5, factor);
  residualNorms<T>(work, m, n, k, call, space);
}
function lstsqF64(work: usize, index: i32, context: usize): void {
  lstsqOne<f64>(work, index, changetype<Call>(context));
}
function lstsqF32(work: usize, index: i32, context: usize): void {
  lstsqOne<f32>(work, index, changetype<Call>(context));
}

function rankOf(n: i32, values: usize, limit: f64): i32 {
  let rank = 0;
  const least = n > 0 ? load<f64>(values) * limit : 0;
  for (let i = 0; i < n; i++) if (load<f64>(values + (<usize>i << 3)) > least) rank++;
  return rank;
}

/** x = V·S⁺·Uᵀ·c for a (rows × columns, rows ≥ columns, destroyed) = U·S·Vᵀ, from the first `rank` values. */
function solveBySvd<T>(
  work: usize, rows: i32, columns: i32, k: i32, rank: i32, a: usize, c: usize, values: usize, space: usize, x: usize, factorX: f64,
): i32 {
  const u = space, vt = u + (<usize>rows * <usize>columns << 3), t = vt + (<usize>columns * <usize>columns << 3);
  const out = t + (<usize>columns * <usize>k << 3), rest = out + (<usize>columns * <usize>k << 3);
  const status = svdFactor(work, rows, columns, a, values, u, vt, rest);
  if (status != OK) return status;
  product<f64>(work, rank, k, rows, 1, u, 1, columns, c, k, 1, t, k, false, false);
  for (let i = 0; i < rank; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    for (let j = 0; j < k; j++) setReal<f64>(t, <usize>(i * k + j), real<f64>(t, <usize>(i * k + j)) / value);
  }
  product<f64>(work, columns, k, rank, 1, vt, 1, columns, t, k, 1, out, k, false, false);
  narrow<T>(<usize>columns * <usize>k, out, x, factorX);
  return OK;
}

/** m < n: `at` is Aᵀ (n × m, destroyed) = L·S·R; x = L·S⁺·R·c. */
function solveWide<T>(
  work: usize, m: i32, n: i32, k: i32, at: usize, c: usize, values: usize, space: usize, call: Call, factorX: f64,
): i32 {
  const l = space, r = l + (<usize>n * <usize>m << 3), t = r + (<usize>m * <usize>m << 3);
  const out = t + (<usize>m * <usize>k << 3), rest = out + (<usize>n * <usize>k << 3);
  const status = svdFactor(work, n, m, at, values, l, r, rest);
  if (status != OK) return status;
  const rank = rankOf(m, values, call.limit);
  product<f64>(work, rank, k, m, 1, r, m, 1, c, k, 1, t, k, false, false);
  for (let i = 0; i < rank; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    for (let j = 0; j < k; j++) setReal<f64>(t, <usize>(i * k + j), real<f64>(t, <usize>(i * k + j)) / value);
  }
  product<f64>(work, n, k, rank, 1, l, m, 1, t, k, 1, out, k, false, false);
  narrow<T>(<usize>n * <usize>k, out, call.p2, factorX);
  return OK;
}

/** ‖b − A·x‖² of each column, from the arrays themselves. */
function residualNorms<T>(work: usize, m: i32, n: i32, k: i32, call: Call, space: usize): void {
  const r = space;
  memory.copy(r, call.p1, <usize>m * <usize>k * sizeof<T>());
  product<T>(work, m, k, n, <T>-1, call.p0, n, 1, call.p2, k, 1, r, k, true, false);
  for (let j = 0; j < k; j++) {
    let sum: f64 = 0;
    for (let i = 0; i < m; i++) {
      const value = <f64>real<T>(r, <usize>i * <usize>k + <usize>j);
      sum += value * value;
    }
    setReal<T>(call.p3, <usize>j, <T>sum);
  }
}
