/**
 * Eigenvalues of symmetric matrices and singular values as kernels call them: batches of row-major matrices, `wide` 1 for
 * float64 and 0 for float32. Computed in float64 on a copy scaled by a power of two, and rounded at the end, so that no
 * square overflows or vanishes. NOT_FINITE for NaN and infinities. Scratch is what one matrix needs.
 */
import { CANCELLED, NOT_CONVERGED, NOT_FINITE, OK } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report, scratchOf, size } from './batch';
import { copyLower, narrow, scaleOf, transposeInto, widen } from './copy';
import { jacobiFactor, jacobiSpace } from './jacobi';
import { svdFactor, svdSpace } from './svd';
import { reflectRows, reflectSpace, rowCount, rowLength, transposeRows } from './reflect-rows';
import { symmetricSpace, tridiagonalise } from './symmetric';
import { tridiagonalEigen, tridiagonalSpace } from './tridiagonal';

/** float64 elements of scratch of `eigh`: A and then its vectors, reflectors, three lists, and what the steps need. */
function eighSpace(n: i32): usize {
  const own = <usize>rowCount(n) * <usize>rowLength(n) + <usize>n * <usize>n + 3 * <usize>(n + 1);
  return own + max<usize>(max<usize>(symmetricSpace(n), tridiagonalSpace(n)), reflectSpace(n));
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
  const ld = rowLength(n), list = <usize>(n + 1) << 3, vectorBytes = <usize>rowCount(n) * <usize>ld << 3;
  const f = scratchOf(work, call), vs = f + vectorBytes, d = vs + (<usize>n * <usize>n << 3), e = d + list, taus = e + list;
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
  if (status == OK) {
    // A is used up: the vectors take its place, as rows
    memory.fill(f, 0, vectorBytes);
    status = tridiagonalEigen(work, n, d, e, f, ld, space);
  }
  if (status == OK && !reflectRows(work, n - 1, n, 1, vs, taus, n, f, ld, space)) status = CANCELLED;
  if (status != OK) {
    report(call, status);
    return;
  }
  narrow<T>(<usize>n, d, call.p1 + <usize>index * call.s1, scale == 0 ? 1 : scale);
  transposeRows<T>(n, n, f, ld, vectors);
}
function eighF64(work: usize, index: i32, context: usize): void {
  eighOne<f64>(work, index, changetype<Call>(context));
}
function eighF32(work: usize, index: i32, context: usize): void {
  eighOne<f32>(work, index, changetype<Call>(context));
}

/** From this size on divide and conquer; below it, and where relative accuracy is asked for, Jacobi. */
const JACOBI_MOST: i32 = 16;

/** Whether Jacobi may be asked. */
// @ts-ignore: decorator
@inline function mayJacobi(k: i32, relative: bool): bool {
  return relative || k <= JACOBI_MOST;
}

/**
 * float64 elements of scratch of `svd`: A, values, U and V where they are not made in the results' own memory, and what
 * the algorithms need.
 */
function svdScratch(m: i32, n: i32, wide: bool, hasVectors: bool, relative: bool): usize {
  const large = max(m, n), small = min(m, n);
  const count = <usize>m * <usize>n;
  let own: usize = count + <usize>small;
  if (hasVectors && !wide) own += count + <usize>small * <usize>small;
  let rest: usize = relative ? 0 : svdSpace(large, small, hasVectors);
  if (mayJacobi(small, relative)) rest = max<usize>(rest, jacobiSpace(large, small));
  return hasVectors ? own + rest : own + max<usize>(rest, count);
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
  return launch(work, batch, body, call, scratch, svdScratch(m, n, wide != 0, vectors != 0, relative != 0) << 3);
}

function svdOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  if (k == 0) return;
  const hasVectors = (call.option & 1) != 0;
  const space = scratchOf(work, call);
  const rows = max(m, n);
  const count = <usize>m * <usize>n;
  const a = call.p0 + <usize>index * call.s0;
  const u = call.p1 + <usize>index * call.s1, vt = call.p3 + <usize>index * call.s3;
  // tall: A itself, or its transpose, with its vectors
  const tall = space, values = tall + (count << 3);
  let left = values + (<usize>k << 3), right = left + (count << 3), rest = right + (<usize>k * <usize>k << 3);
  if (!hasVectors || sizeof<T>() == 8) rest = left;
  if (hasVectors && sizeof<T>() == 8) {
    left = m < n ? vt : u;
    right = m < n ? u : vt;
  }
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
      const copy = hasVectors ? left : rest;
      widen<T>(count, a, copy, factor);
      transposeInto<f64>(m, n, copy, tall);
    } else {
      widen<T>(count, a, tall, factor);
    }
    if (attempt == 0 && mayJacobi(k, isRelative)) status = jacobiFactor(work, rows, k, tall, values, target, right, rest);
    else if (!isRelative) status = svdFactor(work, rows, k, tall, values, target, right, rest);
  }
  if (status == OK && hasVectors) {
    if (m < n) {
      // Aᵀ = L·S·R, so A = Rᵀ·S·Lᵀ
      transposeInto<f64>(rows, k, left, tall);
      narrow<T>(count, tall, vt, 1);
      transposeInto<f64>(k, k, right, tall);
      narrow<T>(<usize>k * <usize>k, tall, u, 1);
    } else if (left != u) {
      narrow<T>(count, left, u, 1);
      narrow<T>(<usize>k * <usize>k, right, vt, 1);
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
