/**
 * Least squares: x (n × k) of least norm with least ‖A·x − b‖, A m × n, b m × k. What LAPACK's gels and gelsd do, in one:
 *
 * 1. A = Q·R (qr.ts, or tall-qr.ts), or Aᵀ = Q·R where A is wide, b's columns beside A's, so that they become Qᵀb on the way.
 * 2. Independent columns need no singular values: σ₁ ≤ ‖R‖ and σₙ ≥ 1/‖R⁻¹‖ in Frobenius' norm, so with R⁻¹ (n³/3 flops)
 *    ‖R‖·‖R⁻¹‖·limit < ½ proves all of them to be above limit·σ₁. R⁻¹ is right to κ·n·ε/2 (Higham, Accuracy and Stability of
 *    Numerical Algorithms, 14.2), so the proof asks for κ·4nε < ½ as well. Then x = R⁻¹·Qᵀb, or Q·R⁻ᵀ·b where A is wide.
 * 3. Where that proves nothing R = U·S·Vᵀ (svd.ts) tells the rank, and x = V·S⁺·Uᵀ·Qᵀb, or Q·U·S⁺·Vᵀ·b.
 *
 * In float64, A and b scaled by powers of two to near 1. 2mn² − ⅓n³ + 4mnk flops of full rank for m ≥ n, some 20n³ more else.
 * Workspace: `lstsqSpace` of src/kernels/linalg/workspace.ts. Inputs are not overwritten.
 */
import { product } from '../gemm';
import { CANCELLED, NOT_FINITE, OK } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report } from './batch';
import { copyUpper, narrow, real, scaleOf, setReal, widen } from './copy';
import { qrApply, qrFactor, qrSpace } from './qr';
import { svdFactor } from './svd';
import { isTall, tallFactor, tallRest, tallSpace } from './tall-qr';
import { invertUpper, solveTriangle } from './triangular';
import { dot } from './vector';

const EPSILON: f64 = 2.220446049250313e-16;

/**
 * `residuals` (k) are the squared norms of b − A·x; rank (int32) counts singular values above `limit` times the largest; r
 * (min(m, n) square) is R, whose singular values are A's.
 */
export function lstsq(
  work: usize, wide: i32, m: i32, n: i32, k: i32, limit: f64,
  a: usize, b: usize, x: usize, residuals: usize, rank: usize, r: usize, scratch: usize,
): i32 {
  const call = newCall(work, m, n, k);
  call.limit = limit;
  call.p0 = a; call.p1 = b; call.p2 = x; call.p3 = residuals; call.p4 = rank; call.p5 = r;
  const body: Body = wide ? lstsqF64 : lstsqF32;
  return launch(work, 1, body, call, scratch, ~0);
}

/** Elements of workspace of the QR. */
function factorSpace(m: i32, n: i32, width: i32): usize {
  const large = max(m, n), small = min(m, n);
  return isTall(large, small) ? tallSpace(large, small, width) : qrSpace(large, small, width);
}

function lstsqOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const isWide = m < n;
  const large = max(m, n), small = min(m, n);
  const extra = isWide ? 0 : k, lda = small + extra;
  const square = <usize>small * <usize>small << 3;
  const f = call.scratch, c = f + (<usize>large * <usize>lda << 3), r = c + (<usize>large * <usize>k << 3);
  const spare = r + square, values = spare + square;
  const space = values + (<usize>small << 3), rest = space + (factorSpace(m, n, lda) << 3);

  const scale = scaleOf<T>(<usize>m * <usize>n, call.p0), scaleB = scaleOf<T>(<usize>m * <usize>k, call.p1);
  if (scale != scale || scaleB != scaleB) {
    report(call, NOT_FINITE);
    return;
  }
  const factor = scale == 0 ? 1 : scale, factorB = scaleB == 0 ? 1 : scaleB;
  // the solution of the scaled system is x times this
  const factorX = factorB / factor;
  if (isWide) {
    widenTransposed<T>(m, n, call.p0, f, factor);
  } else {
    for (let i = 0; i < m; i++) {
      const row = f + (<usize>i * <usize>lda << 3);
      widen<T>(<usize>n, call.p0 + <usize>i * <usize>n * sizeof<T>(), row, factor);
      widen<T>(<usize>k, call.p1 + <usize>i * <usize>k * sizeof<T>(), row + (<usize>n << 3), factorB);
    }
  }
  const isSplit = !isWide && isTall(m, n);
  let factored = f;
  if (isSplit) factored = tallFactor<f64>(work, m, n, lda, f, space);
  else if (!qrFactor<f64>(work, large, small, f, lda, space, extra)) factored = 0;
  if (factored == 0) {
    report(call, CANCELLED);
    return;
  }
  copyUpper<f64>(small, small, factored, lda, r, small);
  // what the small system's right-hand sides are: b itself, or the first rows of Qᵀb
  if (isWide) {
    widen<T>(<usize>m * <usize>k, call.p1, c, factorB);
    memory.fill(c + (<usize>m * <usize>k << 3), 0, <usize>(n - m) * <usize>k << 3);
  } else {
    const row = <usize>k << 3;
    for (let i = 0; i < n; i++) memory.copy(c + <usize>i * row, factored + (<usize>i * <usize>lda + <usize>n << 3), row);
  }

  let known = small;
  let status = OK;
  const isCertain = isFullRank(work, small, r, spare, call.limit);
  if (isCertain) {
    if (!solveTriangle<f64>(work, small, k, false, isWide, false, r, c)) status = CANCELLED;
  } else {
    memory.copy(spare, r, square);
    status = solveBySvd(work, small, k, isWide, call.limit, spare, c, values, rest);
    known = rankOf(small, values, call.limit);
  }
  if (status == OK && isWide && !qrApply<f64>(work, n, m, f, m, space, k, c, k)) status = CANCELLED;
  if (status != OK) {
    report(call, status);
    return;
  }
  narrow<T>(<usize>n * <usize>k, c, call.p2, factorX);
  narrow<T>(<usize>small * <usize>small, r, call.p5, factor);
  store<i32>(call.p4, known);
  if (isCertain && !isWide) {
    for (let j = 0; j < k; j++) {
      const sum = tallRest(work, m, n, lda, j, f, space);
      setReal<T>(call.p3, <usize>j, <T>(sum / factorB / factorB));
    }
  } else residualNorms<T>(work, m, n, k, call, space);
}
function lstsqF64(work: usize, index: i32, context: usize): void {
  lstsqOne<f64>(work, index, changetype<Call>(context));
}
function lstsqF32(work: usize, index: i32, context: usize): void {
  lstsqOne<f32>(work, index, changetype<Call>(context));
}

/** to (n × m, float64) = factor·aᵀ, in tiles so that both sides stay in L1. */
function widenTransposed<T>(m: i32, n: i32, a: usize, to: usize, factor: f64): void {
  for (let i0 = 0; i0 < m; i0 += 16) {
    for (let j0 = 0; j0 < n; j0 += 16) {
      const iEnd = min(m, i0 + 16), jEnd = min(n, j0 + 16);
      for (let i = i0; i < iEnd; i++) {
        for (let j = j0; j < jEnd; j++) {
          setReal<f64>(to, <usize>j * <usize>m + <usize>i, <f64>real<T>(a, <usize>i * <usize>n + <usize>j) * factor);
        }
      }
    }
  }
}

/** Whether R⁻¹ proves every singular value to be above `limit` times the largest. `spare`: n × n, for R⁻¹. */
function isFullRank(work: usize, n: i32, r: usize, spare: usize, limit: f64): bool {
  let least = Infinity, most: f64 = 0;
  for (let i = 0; i < n; i++) {
    const size = abs(load<f64>(r + (<usize>(i * n + i) << 3)));
    least = min(least, size);
    most = max(most, size);
  }
  const tightest = max(limit, 4 * <f64>n * EPSILON);
  // σₙ is at most the least, σ₁ at least the largest of the diagonal
  if (n > 0 && least <= tightest * most) return false;
  const square = <usize>n * <usize>n;
  memory.copy(spare, r, square << 3);
  if (!invertUpper<f64>(work, n, spare, n)) return false;
  const sizes = sqrt(dot(<i32>square, r, r)) * sqrt(dot(<i32>square, spare, spare));
  return sizes * tightest < 0.5;
}

function rankOf(n: i32, values: usize, limit: f64): i32 {
  let rank = 0;
  const least = n > 0 ? load<f64>(values) * limit : 0;
  for (let i = 0; i < n; i++) if (load<f64>(values + (<usize>i << 3)) > least) rank++;
  return rank;
}

/** c ← R⁺·c, or (Rᵀ)⁺·c when `transposed`, for R (n × n, destroyed) = U·S·Vᵀ, from the values above `limit` times the first. */
function solveBySvd(
  work: usize, n: i32, k: i32, transposed: bool, limit: f64, r: usize, c: usize, values: usize, space: usize,
): i32 {
  const square = <usize>n * <usize>n << 3;
  const u = space, vt = u + square, t = vt + square, rest = t + (<usize>n * <usize>k << 3);
  const status = svdFactor(work, n, n, r, values, u, vt, rest);
  if (status != OK) return status;
  const rank = rankOf(n, values, limit);
  if (transposed) product<f64>(work, rank, k, n, 1, vt, n, 1, c, k, 1, t, k, false, false);
  else product<f64>(work, rank, k, n, 1, u, 1, n, c, k, 1, t, k, false, false);
  for (let i = 0; i < rank; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    for (let j = 0; j < k; j++) setReal<f64>(t, <usize>(i * k + j), real<f64>(t, <usize>(i * k + j)) / value);
  }
  if (transposed) product<f64>(work, n, k, rank, 1, u, n, 1, t, k, 1, c, k, false, false);
  else product<f64>(work, n, k, rank, 1, vt, 1, n, t, k, 1, c, k, false, false);
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
