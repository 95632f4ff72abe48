/**
 * The drivers of linear algebra as kernels call them: batches of row-major matrices, `wide` 1 for float64 and 0 for
 * float32. Factorisations of triangles work in the precision of their input; eigenvalues and singular values are
 * computed in float64, on a matrix scaled by a power of two, and rounded at the end.
 */
import { product } from '../gemm';
import { CANCELLED, NOT_CONVERGED, NOT_FINITE, NOT_POSITIVE, OK, SINGULAR } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report, scratchOf } from './batch';
import { choleskyFactor } from './cholesky';
import { copyLower, copyUpper, narrow, real, scaleOf, setReal, transposeInto, widen } from './copy';
import { jacobiFactor } from './jacobi';
import { exchangeRows, luFactor } from './lu';
import { pivotedFactor } from './pivoted-qr';
import { qrApplyTransposed, qrFactor, qrForm, qrFormFrom, qrSpace } from './qr';
import { svdFactor } from './svd';
import { tridiagonalBack, tridiagonalise } from './symmetric';
import { solveLeft } from './triangular';
import { tridiagonalEigen } from './tridiagonal';

// @ts-ignore: decorator
@inline function size(wide: i32): usize {
  return wide ? 8 : 4;
}

// ---- Cholesky

/** L (n × n) of A = L·Lᵀ; A's lower triangle is read. NOT_POSITIVE when a pivot is not. Scratch: none. */
export function cholesky(work: usize, wide: i32, batch: i32, n: i32, a: usize, l: usize): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = l;
  call.s0 = call.s1 = <usize>n * <usize>n * size(wide);
  const body: Body = wide ? choleskyF64 : choleskyF32;
  return launch(work, batch, body, call, 0, 0);
}

function choleskyOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const l = call.p1 + <usize>index * call.s1;
  copyLower<T>(n, n, call.p0 + <usize>index * call.s0, n, l, n, false);
  const failed = choleskyFactor<T>(work, n, l, n);
  if (failed != 0) {
    report(call, failed > 0 ? NOT_POSITIVE : CANCELLED);
    return;
  }
  // products on the diagonal's tiles reach above it
  for (let i = 0; i < n - 1; i++) {
    memory.fill(l + <usize>(i * n + i + 1) * sizeof<T>(), 0, <usize>(n - i - 1) * sizeof<T>());
  }
}
function choleskyF64(work: usize, index: i32, context: usize): void {
  choleskyOne<f64>(work, index, changetype<Call>(context));
}
function choleskyF32(work: usize, index: i32, context: usize): void {
  choleskyOne<f32>(work, index, changetype<Call>(context));
}

// ---- LU

/** A = P·L·U: p (m × m), l (m × k), u (k × n), k = min(m, n). Scratch: (m·n) elements, and 2m int32. */
export function lu(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, a: usize, p: usize, l: usize, u: usize, scratch: usize,
): i32 {
  const k = min(m, n);
  const call = newCall(work, m, n, k);
  call.p0 = a; call.p1 = p; call.p2 = l; call.p3 = u;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>m * size(wide);
  call.s2 = <usize>m * <usize>k * size(wide); call.s3 = <usize>k * <usize>n * size(wide);
  const body: Body = wide ? luF64 : luF32;
  return launch(work, batch, body, call, scratch, call.s0 + 8 * <usize>m + 64);
}

function luOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const pivots = scratchOf(work, call), order = pivots + (<usize>m << 2), f = order + (<usize>m << 2);
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!luFactor<T>(work, m, n, f, n, pivots)) {
    report(call, CANCELLED);
    return;
  }
  copyLower<T>(m, k, f, n, call.p2 + <usize>index * call.s2, k, true);
  copyUpper<T>(k, n, f, n, call.p3 + <usize>index * call.s3, n);
  // row i of P·(L·U) is row order⁻¹[i]: P has a one at (order[i], i)
  permutation(m, k, pivots, order);
  const p = call.p1 + <usize>index * call.s1;
  memory.fill(p, 0, call.s1);
  for (let i = 0; i < m; i++) {
    setReal<T>(p, <usize>load<i32>(order + (<usize>i << 2)) * <usize>m + <usize>i, 1);
  }
}
function luF64(work: usize, index: i32, context: usize): void {
  luOne<f64>(work, index, changetype<Call>(context));
}
function luF32(work: usize, index: i32, context: usize): void {
  luOne<f32>(work, index, changetype<Call>(context));
}

/** The row of A that each row of the exchanged matrix was. */
function permutation(m: i32, steps: i32, pivots: usize, order: usize): void {
  for (let i = 0; i < m; i++) store<i32>(order + (<usize>i << 2), i);
  for (let i = 0; i < steps; i++) {
    const at = order + (<usize>i << 2), other = order + (<usize>load<i32>(pivots + (<usize>i << 2)) << 2);
    const row = load<i32>(at);
    store<i32>(at, load<i32>(other));
    store<i32>(other, row);
  }
}

/** The sign and log|det| of n × n matrices (both in T; 0 and −∞ when singular). Scratch: n·n elements and n int32. */
export function slogdet(
  work: usize, wide: i32, batch: i32, n: i32, a: usize, sign: usize, logdet: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = sign; call.p2 = logdet;
  call.s0 = <usize>n * <usize>n * size(wide); call.s1 = call.s2 = size(wide);
  const body: Body = wide ? slogdetF64 : slogdetF32;
  return launch(work, batch, body, call, scratch, call.s0 + 4 * <usize>n + 64);
}

function slogdetOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = scratchOf(work, call), pivots = f + call.s0;
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!luFactor<T>(work, n, n, f, n, pivots)) {
    report(call, CANCELLED);
    return;
  }
  let sign: f64 = 1, sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const pivot = <f64>real<T>(f, <usize>i * <usize>(n + 1));
    if (load<i32>(pivots + (<usize>i << 2)) != i) sign = -sign;
    if (pivot < 0) sign = -sign;
    // keeps a NaN
    if (!(abs(pivot) > 0)) sign *= pivot;
    sum += NativeMath.log(abs(pivot));
  }
  setReal<T>(call.p1, <usize>index, <T>sign);
  setReal<T>(call.p2, <usize>index, <T>(sign == 0 ? -Infinity : sum));
}
function slogdetF64(work: usize, index: i32, context: usize): void {
  slogdetOne<f64>(work, index, changetype<Call>(context));
}
function slogdetF32(work: usize, index: i32, context: usize): void {
  slogdetOne<f32>(work, index, changetype<Call>(context));
}

/** det of n × n matrices, the product of the pivots. Scratch as for `slogdet`. */
export function det(work: usize, wide: i32, batch: i32, n: i32, a: usize, out: usize, scratch: usize): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = out;
  call.s0 = <usize>n * <usize>n * size(wide);
  const body: Body = wide ? detF64 : detF32;
  return launch(work, batch, body, call, scratch, call.s0 + 4 * <usize>n + 64);
}

function detOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = scratchOf(work, call), pivots = f + call.s0;
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!luFactor<T>(work, n, n, f, n, pivots)) {
    report(call, CANCELLED);
    return;
  }
  let value: f64 = 1;
  for (let i = 0; i < n; i++) {
    value *= <f64>real<T>(f, <usize>i * <usize>(n + 1));
    if (load<i32>(pivots + (<usize>i << 2)) != i) value = -value;
  }
  setReal<T>(call.p1, <usize>index, <T>value);
}
function detF64(work: usize, index: i32, context: usize): void {
  detOne<f64>(work, index, changetype<Call>(context));
}
function detF32(work: usize, index: i32, context: usize): void {
  detOne<f32>(work, index, changetype<Call>(context));
}

// ---- Systems

/** `form` of `solve`. */
const GENERAL: i32 = 0;
const POSITIVE: i32 = 1;
const LOWER: i32 = 2;
/** Bits beside LOWER and UPPER: the matrix is used transposed, its diagonal is ones. */
const UPPER: i32 = 3;
const TRANSPOSED: i32 = 4;
const UNIT: i32 = 8;

/**
 * A·X = B, A n × n, B and X n × k. General systems by LU with one step of refinement where the residual is larger than
 * a backward stable one; SINGULAR when a pivot is zero. Scratch: n·n + n·k elements and 2n int32.
 */
export function solve(
  work: usize, wide: i32, batch: i32, form: i32, n: i32, k: i32, a: usize, b: usize, x: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, k);
  call.option = form;
  call.p0 = a; call.p1 = b; call.p2 = x;
  call.s0 = <usize>n * <usize>n * size(wide);
  call.s1 = call.s2 = <usize>n * <usize>k * size(wide);
  const body: Body = wide ? solveF64 : solveF32;
  return launch(work, batch, body, call, scratch, call.s0 + call.s1 + 8 * <usize>n + 64);
}

function solveOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n, k = call.k, form = call.option & 3;
  const a = call.p0 + <usize>index * call.s0, b = call.p1 + <usize>index * call.s1, x = call.p2 + <usize>index * call.s2;
  memory.copy(x, b, call.s2);
  let isDone = true;
  if (form == LOWER || form == UPPER) {
    const isUnit = (call.option & UNIT) != 0;
    if (!isUnit && hasZeroPivot<T>(n, a)) {
      report(call, SINGULAR);
      return;
    }
    isDone = solveTriangle<T>(work, n, k, form == LOWER, (call.option & TRANSPOSED) != 0, isUnit, a, x);
  } else {
    const f = scratchOf(work, call), r = f + call.s0, pivots = r + call.s1;
    memory.copy(f, a, call.s0);
    if (form == POSITIVE) {
      const failed = choleskyFactor<T>(work, n, f, n);
      if (failed != 0) {
        report(call, failed > 0 ? NOT_POSITIVE : CANCELLED);
        return;
      }
      isDone = solveTriangle<T>(work, n, k, true, false, false, f, x)
        && solveTriangle<T>(work, n, k, true, true, false, f, x);
    } else {
      isDone = luFactor<T>(work, n, n, f, n, pivots);
      if (isDone && hasZeroPivot<T>(n, f)) {
        report(call, SINGULAR);
        return;
      }
      isDone = isDone && solveFactored<T>(work, n, k, f, pivots, x) && refine<T>(work, n, k, a, b, f, pivots, r, x);
    }
  }
  if (!isDone) report(call, CANCELLED);
}
function solveF64(work: usize, index: i32, context: usize): void {
  solveOne<f64>(work, index, changetype<Call>(context));
}
function solveF32(work: usize, index: i32, context: usize): void {
  solveOne<f32>(work, index, changetype<Call>(context));
}

function hasZeroPivot<T>(n: i32, a: usize): bool {
  for (let i = 0; i < n; i++) if (real<T>(a, <usize>i * <usize>(n + 1)) == <T>0) return true;
  return false;
}

function solveTriangle<T>(
  work: usize, n: i32, k: i32, lower: bool, transposed: bool, unit: bool, a: usize, x: usize,
): bool {
  const rT = transposed ? 1 : n, cT = transposed ? n : 1;
  if (lower != transposed) return solveLeft<T>(work, n, k, unit, a, rT, cT, x, k);
  // an upper triangle read from its last row is a lower one
  const last = <usize>(n - 1);
  const corner = a + last * <usize>(n + 1) * sizeof<T>();
  return solveLeft<T>(work, n, k, unit, corner, -rT, -cT, x + last * <usize>k * sizeof<T>(), -k);
}

function solveFactored<T>(work: usize, n: i32, k: i32, f: usize, pivots: usize, x: usize): bool {
  exchangeRows<T>(k, x, k, pivots, 0, n);
  return solveTriangle<T>(work, n, k, true, false, true, f, x) && solveTriangle<T>(work, n, k, false, false, false, f, x);
}

/** One step of refinement when ‖b − Ax‖ is more than 4 √n ε ‖A‖‖x‖ in some column (max norms). `r`: n × k elements. */
function refine<T>(
  work: usize, n: i32, k: i32, a: usize, b: usize, f: usize, pivots: usize, r: usize, x: usize,
): bool {
  const count = <usize>n * <usize>k;
  memory.copy(r, b, count * sizeof<T>());
  product<T>(work, n, k, n, <T>-1, a, n, 1, x, k, 1, r, k, true, false);
  let largestA: T = 0, largestX: T = 0, largestR: T = 0;
  for (let i: usize = 0; i < <usize>n * <usize>n; i++) largestA = max<T>(largestA, abs<T>(real<T>(a, i)));
  for (let i: usize = 0; i < count; i++) {
    largestX = max<T>(largestX, abs<T>(real<T>(x, i)));
    largestR = max<T>(largestR, abs<T>(real<T>(r, i)));
  }
  const eps: T = sizeof<T>() == 8 ? <T>2.220446049250313e-16 : <T>1.1920929e-7;
  const stable = <T>4 * sqrt<T>(<T>n) * eps * largestA * largestX;
  if (!(largestR > stable) || !(largestR < <T>Infinity)) return true;
  if (!solveFactored<T>(work, n, k, f, pivots, r)) return false;
  for (let i: usize = 0; i < count; i++) setReal<T>(x, i, real<T>(x, i) + real<T>(r, i));
  return true;
}

/** A⁻¹, n × n; SINGULAR when a pivot is zero. Scratch: n·n elements and n int32. */
export function inv(work: usize, wide: i32, batch: i32, n: i32, a: usize, out: usize, scratch: usize): i32 {
  const call = newCall(work, n, n, n);
  call.p0 = a; call.p1 = out;
  call.s0 = call.s1 = <usize>n * <usize>n * size(wide);
  const body: Body = wide ? invF64 : invF32;
  return launch(work, batch, body, call, scratch, call.s0 + 8 * <usize>n + 64);
}

function invOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  const f = scratchOf(work, call), pivots = f + call.s0, x = call.p1 + <usize>index * call.s1;
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!luFactor<T>(work, n, n, f, n, pivots)) {
    report(call, CANCELLED);
    return;
  }
  if (hasZeroPivot<T>(n, f)) {
    report(call, SINGULAR);
    return;
  }
  memory.fill(x, 0, call.s1);
  for (let i = 0; i < n; i++) setReal<T>(x, <usize>i * <usize>(n + 1), 1);
  if (!solveFactored<T>(work, n, n, f, pivots, x)) report(call, CANCELLED);
}
function invF64(work: usize, index: i32, context: usize): void {
  invOne<f64>(work, index, changetype<Call>(context));
}
function invF32(work: usize, index: i32, context: usize): void {
  invOne<f32>(work, index, changetype<Call>(context));
}

// ---- QR

/** A = Q·R: q (m × c), r (c × n), c = `columns` of Q: min(m, n), or m. Scratch: m·n + qrSpace(m, n, c). */
export function qr(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, columns: i32, a: usize, q: usize, r: usize, scratch: usize,
): i32 {
  const call = newCall(work, m, n, columns);
  call.p0 = a; call.p1 = q; call.p2 = r;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>columns * size(wide);
  call.s2 = <usize>columns * <usize>n * size(wide);
  const body: Body = wide ? qrF64 : qrF32;
  return launch(work, batch, body, call, scratch, call.s0 + qrSpace(m, n, columns) * size(wide));
}

function qrOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, c = call.k;
  const f = scratchOf(work, call), space = f + call.s0;
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  const isDone = qrFactor<T>(work, m, n, f, n, space)
    && qrForm<T>(work, m, n, f, n, space, c, call.p1 + <usize>index * call.s1);
  if (!isDone) report(call, CANCELLED);
  const r = call.p2 + <usize>index * call.s2;
  const rows = min(m, n);
  copyUpper<T>(rows, n, f, n, r, n);
  memory.fill(r + <usize>rows * <usize>n * sizeof<T>(), 0, <usize>(c - rows) * <usize>n * sizeof<T>());
}
function qrF64(work: usize, index: i32, context: usize): void {
  qrOne<f64>(work, index, changetype<Call>(context));
}
function qrF32(work: usize, index: i32, context: usize): void {
  qrOne<f32>(work, index, changetype<Call>(context));
}

/** A·P = Q·R with column pivoting; `order` (n int32): the columns of A in the order of R. Scratch as `qr` + 3n. */
export function qrPivoted(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, a: usize, q: usize, r: usize, order: usize, scratch: usize,
): i32 {
  const k = min(m, n);
  const call = newCall(work, m, n, k);
  call.p0 = a; call.p1 = q; call.p2 = r; call.p3 = order;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>k * size(wide);
  call.s2 = <usize>k * <usize>n * size(wide); call.s3 = <usize>n << 2;
  const body: Body = wide ? qrPivotedF64 : qrPivotedF32;
  return launch(work, batch, body, call, scratch, call.s0 + (qrSpace(m, n, n) + 3 * <usize>n) * size(wide));
}

function qrPivotedOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const f = scratchOf(work, call), tau = f + call.s0, norms = tau + <usize>n * sizeof<T>();
  const space = norms + 2 * <usize>n * sizeof<T>();
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  pivotedFactor<T>(m, n, f, n, tau, call.p3 + <usize>index * call.s3, norms);
  copyUpper<T>(k, n, f, n, call.p2 + <usize>index * call.s2, n);
  if (!qrFormFrom<T>(work, m, n, f, tau, space, call.p1 + <usize>index * call.s1)) report(call, CANCELLED);
}
function qrPivotedF64(work: usize, index: i32, context: usize): void {
  qrPivotedOne<f64>(work, index, changetype<Call>(context));
}
function qrPivotedF32(work: usize, index: i32, context: usize): void {
  qrPivotedOne<f32>(work, index, changetype<Call>(context));
}

// ---- Eigenvalues and singular values

/** float64 elements of scratch of `eigh`; as in src. */
// @ts-ignore: decorator
@inline export function eighSpace(n: i32): usize {
  const square = <usize>n * <usize>n;
  return 5 * square + 220 * <usize>n + 4096;
}

/** Ascending values (n) and vectors as columns (n × n) of symmetric matrices, whose lower triangle is read. */
export function eigh(
  work: usize, wide: i32, batch: i32, n: i32, a: usize, values: usize, vectors: usize, scratch: usize,
): i32 {
  const call = newCall(work, n, n, 0);
  call.p0 = a; call.p1 = values; call.p2 = vectors;
  call.s0 = call.s2 = <usize>n * <usize>n * size(wide); call.s1 = <usize>n * size(wide);
  const body: Body = wide ? eighF64 : eighF32;
  return launch(work, batch, body, call, scratch, eighSpace(n) << 3);
}

function eighOne<T>(work: usize, index: i32, call: Call): void {
  const n = call.n;
  if (n == 0) return;
  const square = <usize>n * <usize>n << 3, list = <usize>(n + 1) << 3;
  const f = scratchOf(work, call), vs = f + square, q = vs + square, d = q + square, e = d + list, taus = e + list;
  const space = taus + list;
  const a = call.p0 + <usize>index * call.s0, vectors = call.p2 + <usize>index * call.s2;
  copyLower<T>(n, n, a, n, vectors, n, false);
  const scale = scaleOf<T>(<usize>n * <usize>n, vectors);
  if (scale != scale) {
    report(call, NOT_FINITE);
    return;
  }
  widen<T>(<usize>n * <usize>n, vectors, f, scale == 0 ? 1 : scale);
  let status = tridiagonalise(work, n, f, n, d, e, vs, taus, space) ? OK : CANCELLED;
  if (status == OK) status = tridiagonalEigen(work, n, d, e, q, space);
  if (status == OK) {
    transposeInto<f64>(n, n, q, f);
    if (!tridiagonalBack(work, n, vs, taus, n, f, space)) status = CANCELLED;
  }
  if (status != OK) {
    report(call, status);
    return;
  }
  narrow<T>(<usize>n, d, call.p1 + <usize>index * call.s1, scale == 0 ? 1 : scale);
  narrow<T>(<usize>n * <usize>n, f, vectors, 1);
}
function eighF64(work: usize, index: i32, context: usize): void {
  eighOne<f64>(work, index, changetype<Call>(context));
}
function eighF32(work: usize, index: i32, context: usize): void {
  eighOne<f32>(work, index, changetype<Call>(context));
}

/** From this size on divide and conquer; below it, and where relative accuracy is asked for, Jacobi. */
const JACOBI_MOST: i32 = 16;

/** float64 elements of scratch of an SVD of m × n; as in src. */
// @ts-ignore: decorator
@inline export function svdSpaceOf(m: i32, n: i32): usize {
  const large = <usize>max(m, n), small = <usize>min(m, n);
  return 6 * large * small + 9 * small * small + 300 * (large + small) + 8192 + large * small / 32;
}

/**
 * A = U·diag(s)·Vᵀ: u (m × k), s (k) descending, vt (k × n), k = min(m, n). With `vectors` 0 only s is made (u and vt are
 * not touched). `relative` 1: every singular value to high relative accuracy, by Jacobi.
 */
export function svd(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, vectors: i32, relative: i32,
  a: usize, u: usize, s: usize, vt: usize, scratch: usize,
): i32 {
  const k = min(m, n);
  const call = newCall(work, m, n, k);
  call.option = vectors | (relative << 1);
  call.p0 = a; call.p1 = u; call.p2 = s; call.p3 = vt;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>k * size(wide);
  call.s2 = <usize>k * size(wide); call.s3 = <usize>k * <usize>n * size(wide);
  const body: Body = wide ? svdF64 : svdF32;
  return launch(work, batch, body, call, scratch, svdSpaceOf(m, n) << 3);
}

function svdOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  if (k == 0) return;
  const hasVectors = (call.option & 1) != 0;
  const space = scratchOf(work, call);
  const rows = max(m, n);
  const count = <usize>m * <usize>n;
  const a = call.p0 + <usize>index * call.s0;
  // tall: A itself, or its transpose
  const tall = space, left = tall + (count << 3), right = left + (count << 3), values = right + (<usize>k * <usize>k << 3);
  const rest = values + (<usize>k << 3);
  const scale = scaleOf<T>(count, a);
  if (scale != scale) {
    report(call, NOT_FINITE);
    return;
  }
  const factor = scale == 0 ? 1 : scale;
  const isRelative = (call.option & 2) != 0;
  const target = hasVectors ? left : 0;
  let status = NOT_CONVERGED;
  for (let attempt = 0; attempt < 2 && status == NOT_CONVERGED; attempt++) {
    // the first attempt destroys its copy
    if (m < n) {
      widen<T>(count, a, left, factor);
      transposeInto<f64>(m, n, left, tall);
    } else {
      widen<T>(count, a, tall, factor);
    }
    if (attempt == 0 && (isRelative || k <= JACOBI_MOST)) status = jacobiFactor(work, rows, k, tall, values, target, right, rest);
    else if (!isRelative) status = svdFactor(work, rows, k, tall, values, target, right, rest);
  }
  if (status == OK && hasVectors) {
    const u = call.p1 + <usize>index * call.s1, vt = call.p3 + <usize>index * call.s3;
    if (m >= n) {
      narrow<T>(count, left, u, 1);
      narrow<T>(<usize>k * <usize>k, right, vt, 1);
    } else {
      // Aᵀ = L·S·R, so A = Rᵀ·S·Lᵀ
      transposeInto<f64>(rows, k, left, tall);
      narrow<T>(count, tall, vt, 1);
      transposeInto<f64>(k, k, right, left);
      narrow<T>(<usize>k * <usize>k, left, u, 1);
    }
  }
  if (status != OK) report(call, status);
  else narrow<T>(<usize>k, values, call.p2 + <usize>index * call.s2, factor);
}
function svdF64(work: usize, index: i32, context: usize): void {
  svdOne<f64>(work, index, changetype<Call>(context));
}
function svdF32(work: usize, index: i32, context: usize): void {
  svdOne<f32>(work, index, changetype<Call>(context));
}

// ---- Least squares

/** float64 elements of scratch of `lstsq`; as in src. */
// @ts-ignore: decorator
@inline export function lstsqSpace(m: i32, n: i32, k: i32): usize {
  const large = <usize>max(m, n), small = <usize>min(m, n);
  return svdSpaceOf(max(m, n), min(m, n)) + 2 * large * small + 2 * small * small + 2 * large * <usize>k + 64 * <usize>k
    + qrSpace(max(m, n), min(m, n), k) + 64 * large;
}

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
    const w = space + (qrSpace(m, n, n) << 3);
    isDone = isDone && qrApplyTransposed<f64>(work, m, n, f, n, space, k, c, k, w);
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
