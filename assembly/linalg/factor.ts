/**
 * Cholesky, LU and QR as kernels call them: batches of row-major matrices, `wide` 1 for float64 and 0 for float32, worked
 * on in that precision. Inputs are copied, not overwritten. Each answers a status; scratch is what one matrix needs.
 */
import { CANCELLED, NOT_POSITIVE } from '../status';
import { Body } from '../team';
import { Call, launch, newCall, report, scratchOf, size } from './batch';
import { choleskyFactor } from './cholesky';
import { copyLower, copyUpper, setReal } from './copy';
import { luFactor, permutation } from './lu';
import { pivotedFactor, pivotedSpace } from './pivoted-qr';
import { qrFactor, qrForm, qrFormFrom, qrSpace } from './qr';
import { firstRows, fixSigns, isTall, tallFactor, tallForm, tallSpace } from './tall-qr';

/** NOT_POSITIVE has the order of the leading minor that is not in the bits from here on. */
const MINOR_SHIFT: i32 = 8;

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
    report(call, failed > 0 ? NOT_POSITIVE | failed << MINOR_SHIFT : CANCELLED);
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


/**
 * A = P·L·U: p (m × m), l (m × k), u (k × n), k = min(m, n); with p 0, l gets P·L. Scratch: m·n elements and 2m int32, and
 * as many elements as l has where p is 0.
 */
export function lu(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, a: usize, p: usize, l: usize, u: usize, scratch: usize,
): i32 {
  const k = min(m, n);
  const call = newCall(work, m, n, k);
  call.p0 = a; call.p1 = p; call.p2 = l; call.p3 = u;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>m * size(wide);
  call.s2 = <usize>m * <usize>k * size(wide); call.s3 = <usize>k * <usize>n * size(wide);
  const body: Body = wide ? luF64 : luF32;
  return launch(work, batch, body, call, scratch, call.s0 + 8 * <usize>m + (p == 0 ? call.s2 : 0));
}

function luOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const pivots = scratchOf(work, call), order = pivots + (<usize>m << 2), f = order + (<usize>m << 2);
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!luFactor<T>(work, m, n, f, n, pivots)) {
    report(call, CANCELLED);
    return;
  }
  copyUpper<T>(k, n, f, n, call.p3 + <usize>index * call.s3, n);
  permutation(m, k, pivots, order);
  const l = call.p2 + <usize>index * call.s2;
  if (call.p1 == 0) {
    // row i of L goes where row i of the exchanged matrix came from
    const lower = f + call.s0;
    const bytes = <usize>k * sizeof<T>();
    copyLower<T>(m, k, f, n, lower, k, true);
    for (let i = 0; i < m; i++) {
      memory.copy(l + <usize>load<i32>(order + (<usize>i << 2)) * bytes, lower + <usize>i * bytes, bytes);
    }
    return;
  }
  copyLower<T>(m, k, f, n, l, k, true);
  // P has a one at (order[i], i)
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


/**
 * A = Q·R: q (m × c), r (c × n), c = `columns` of Q: min(m, n), or m; with q 0 only r is made. Much taller ones by tall-qr.ts.
 * Scratch: qrSpace(m, n, c) elements, or tallSpace(m, n, n); and m·n more for a copy of A where Q is not made in A's place.
 */
export function qr(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, columns: i32, a: usize, q: usize, r: usize, scratch: usize,
): i32 {
  const call = newCall(work, m, n, columns);
  call.p0 = a; call.p1 = q; call.p2 = r;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>columns * size(wide);
  call.s2 = <usize>columns * <usize>n * size(wide);
  const body: Body = wide ? qrF64 : qrF32;
  const space = isTall(m, n) && columns == n ? tallSpace(m, n, n) : qrSpace(m, n, columns);
  return launch(work, batch, body, call, scratch, (isInPlace(call) ? 0 : call.s0) + space * size(wide));
}

/** Whether A is factored where Q will be. */
// @ts-ignore: decorator
@inline function isInPlace(call: Call): bool {
  return call.p1 != 0 && call.k == call.n && !isTall(call.m, call.n);
}

function qrOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, c = call.k;
  const q = call.p1 + <usize>index * call.s1;
  let f = scratchOf(work, call), space = f + call.s0;
  if (isInPlace(call)) {
    space = f;
    f = q;
  }
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (c == n && isTall(m, n)) {
    if (!qrTall<T>(work, index, call, f, space)) report(call, CANCELLED);
    return;
  }
  if (!qrFactor<T>(work, m, n, f, n, space)) {
    report(call, CANCELLED);
    return;
  }
  const r = call.p2 + <usize>index * call.s2;
  const rows = min(m, n);
  copyUpper<T>(rows, n, f, n, r, n);
  memory.fill(r + <usize>rows * <usize>n * sizeof<T>(), 0, <usize>(c - rows) * <usize>n * sizeof<T>());
  if (call.p1 != 0 && !qrForm<T>(work, m, n, f, n, space, c, q)) report(call, CANCELLED);
}

/** `space`: tallSpace(m, n, n) elements; f is a copy of A. False when cancelled. */
function qrTall<T>(work: usize, index: i32, call: Call, f: usize, space: usize): bool {
  const m = call.m, n = call.n, square = <usize>(n * n) * sizeof<T>();
  const factor = tallFactor<T>(work, m, n, n, f, space);
  if (factor == 0) return false;
  const r = call.p2 + <usize>index * call.s2;
  copyUpper<T>(n, n, factor, n, r, n);
  const hasQ = call.p1 != 0;
  // without Q its first rows are made for the signs alone
  const q = hasQ ? call.p1 + <usize>index * call.s1 : space + tallSpace(m, n, n) * sizeof<T>() - firstRows(n) * square / <usize>n;
  if (!tallForm<T>(work, m, n, f, space, q, !hasQ)) return false;
  memory.copy(f, q, square);
  fixSigns<T>(hasQ ? m : 0, n, f, q, r);
  return true;
}
function qrF64(work: usize, index: i32, context: usize): void {
  qrOne<f64>(work, index, changetype<Call>(context));
}
function qrF32(work: usize, index: i32, context: usize): void {
  qrOne<f32>(work, index, changetype<Call>(context));
}

/**
 * A·P = Q·R with column pivoting; `order` (n int32): the columns of A in the order of R. Scratch: (m + 3)·n +
 * the larger of qrSpace(m, n, n) and pivotedSpace(m, n) elements.
 */
export function qrPivoted(
  work: usize, wide: i32, batch: i32, m: i32, n: i32, a: usize, q: usize, r: usize, order: usize, scratch: usize,
): i32 {
  const k = min(m, n);
  const call = newCall(work, m, n, k);
  call.p0 = a; call.p1 = q; call.p2 = r; call.p3 = order;
  call.s0 = <usize>m * <usize>n * size(wide); call.s1 = <usize>m * <usize>k * size(wide);
  call.s2 = <usize>k * <usize>n * size(wide); call.s3 = <usize>n << 2;
  const body: Body = wide ? qrPivotedF64 : qrPivotedF32;
  return launch(work, batch, body, call, scratch, call.s0 + (max<usize>(qrSpace(m, n, n), pivotedSpace(m, n)) + 3 * <usize>n) * size(wide));
}

function qrPivotedOne<T>(work: usize, index: i32, call: Call): void {
  const m = call.m, n = call.n, k = call.k;
  const f = scratchOf(work, call), tau = f + call.s0, norms = tau + <usize>n * sizeof<T>();
  const space = norms + 2 * <usize>n * sizeof<T>();
  memory.copy(f, call.p0 + <usize>index * call.s0, call.s0);
  if (!pivotedFactor<T>(work, m, n, f, n, tau, call.p3 + <usize>index * call.s3, norms, space)) {
    report(call, CANCELLED);
    return;
  }
  copyUpper<T>(k, n, f, n, call.p2 + <usize>index * call.s2, n);
  if (!qrFormFrom<T>(work, m, n, f, tau, space, call.p1 + <usize>index * call.s1)) report(call, CANCELLED);
}
function qrPivotedF64(work: usize, index: i32, context: usize): void {
  qrPivotedOne<f64>(work, index, changetype<Call>(context));
}
function qrPivotedF32(work: usize, index: i32, context: usize): void {
  qrPivotedOne<f32>(work, index, changetype<Call>(context));
}
