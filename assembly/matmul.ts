/**
 * C (m × n) = op(A)·op(B), all row-major and contiguous, by the way that suits the shapes: `direct` where B is small,
 * rows of A shared among threads; in pieces along k, summed in their order, where C is small and k long; else the packed
 * product of gemm.ts. What depends on the shapes alone never depends on the threads. With `symmetric` both operands are A
 * and C is symmetric: tiles above the diagonal are skipped, then copied from below it.
 */
import { addTo, direct, isDirect } from './direct';
import { EDGE, product, wideProduct } from './gemm';
import { CANCELLED, OK } from './status';
import { Body, parallelFor } from './team';

/** Where the loops' context lies in the leader's arena, apart from what its own iterations write. */
const CONTEXT: usize = EDGE + 512;
/** Rows that `direct` makes at a time. */
const ROWS: i32 = 256;
/** Multiply-adds from which on pieces of rows are shared. */
const WIDE_LEAST: f64 = 262144;
/** Rows mirrored at a time, in tiles of TILE × TILE: a cache line of each row. */
const STRIP: i32 = 32;
const TILE: i32 = 8;

/** What the loops share. Strides in elements; `length`: of a piece, in rows of A or in steps of k. */
@unmanaged class Call {
  a: usize; rA: i32; cA: i32;
  b: usize; rB: i32; cB: i32;
  c: usize;
  m: i32; n: i32; k: i32;
  length: i32;
  lower: bool;
}

function directRows<T>(work: usize, index: i32, call: Call): void {
  const i = index * ROWS, m = min(ROWS, call.m - i);
  const S = sizeof<T>();
  direct<T>(
    work, m, call.n, call.k, call.a + <usize>i * <usize>call.rA * S, <usize>call.rA * S, <usize>call.cA * S,
    call.b, <usize>call.rB * S, <usize>call.cB * S, call.c + <usize>i * <usize>call.n * S,
  );
}

/** One piece along k, into its own place. */
function piece<T>(work: usize, index: i32, call: Call): void {
  const S = sizeof<T>();
  const l = index * call.length, k = min(call.length, call.k - l), m = call.m, n = call.n;
  const a = call.a + <usize>l * <usize>call.cA * S, b = call.b + <usize>l * <usize>call.rB * S;
  const to = call.c + <usize>index * <usize>m * <usize>n * S;
  if (isDirect<T>(m, n, k)) {
    direct<T>(work, m, n, k, a, <usize>call.rA * S, <usize>call.cA * S, b, <usize>call.rB * S, <usize>call.cB * S, to);
  } else product<T>(work, m, n, k, 1, a, call.rA, call.cA, b, call.rB, call.cB, to, n, false, call.lower);
}

/** The rows of a strip of the lower triangle, as columns of the upper one. */
function mirrorStrip<T>(index: i32, call: Call): void {
  const n = <usize>call.n * sizeof<T>(), c = call.c;
  const first = index * STRIP, end = min(first + STRIP, call.n);
  for (let i0 = first; i0 < end; i0 += TILE) {
    const iEnd = min(i0 + TILE, end);
    for (let j0 = 0; j0 <= i0; j0 += TILE) {
      for (let i = i0; i < iEnd; i++) {
        const jEnd = min(j0 + TILE, i);
        let from = c + <usize>i * n + <usize>j0 * sizeof<T>(), to = c + <usize>j0 * n + <usize>i * sizeof<T>();
        for (let j = j0; j < jEnd; j++) {
          store<T>(to, load<T>(from));
          from += sizeof<T>();
          to += n;
        }
      }
    }
  }
}

function directRowsF64(work: usize, index: i32, context: usize): void {
  directRows<f64>(work, index, changetype<Call>(context));
}
function directRowsF32(work: usize, index: i32, context: usize): void {
  directRows<f32>(work, index, changetype<Call>(context));
}
function pieceF64(work: usize, index: i32, context: usize): void {
  piece<f64>(work, index, changetype<Call>(context));
}
function pieceF32(work: usize, index: i32, context: usize): void {
  piece<f32>(work, index, changetype<Call>(context));
}
function mirrorF64(_work: usize, index: i32, context: usize): void {
  mirrorStrip<f64>(index, changetype<Call>(context));
}
function mirrorF32(_work: usize, index: i32, context: usize): void {
  mirrorStrip<f32>(index, changetype<Call>(context));
}

function run<T>(
  work: usize, m: i32, n: i32, k: i32, a: usize, rA: i32, cA: i32, b: usize, rB: i32, cB: i32, c: usize,
  symmetric: bool, length: i32, partials: usize,
): bool {
  const call = changetype<Call>(work + CONTEXT);
  const isDouble = sizeof<T>() == 8;
  const isSmall = isDirect<T>(m, n, k);
  if (length > 0) {
    const pieces = (k + length - 1) / length;
    call.a = a; call.rA = rA; call.cA = cA;
    call.b = b; call.rB = rB; call.cB = cB;
    call.c = partials; call.m = m; call.n = n; call.k = k;
    call.length = length; call.lower = symmetric;
    const body: Body = isDouble ? pieceF64 : pieceF32;
    if (!parallelFor(work, pieces, body.index, work + CONTEXT)) return false;
    const size = <usize>m * <usize>n * sizeof<T>();
    memory.copy(c, partials, size);
    for (let i = 1; i < pieces; i++) addTo<T>(m * n, partials + <usize>i * size, c);
  } else if (isSmall) {
    call.a = a; call.rA = rA; call.cA = cA;
    call.b = b; call.rB = rB; call.cB = cB;
    call.c = c; call.m = m; call.n = n; call.k = k;
    const body: Body = isDouble ? directRowsF64 : directRowsF32;
    const blocks = (m + ROWS - 1) / ROWS;
    if (<f64>m * <f64>n * <f64>k >= WIDE_LEAST) return parallelFor(work, blocks, body.index, work + CONTEXT);
    for (let i = 0; i < blocks; i++) directRows<T>(work, i, call);
    return true;
  } else if (!wideProduct<T>(work, m, n, k, 1, a, rA, cA, b, rB, cB, c, n, false, symmetric)) return false;
  if (!symmetric || (length > 0 && isSmall)) return true;
  call.c = c;
  call.n = n;
  const strips = (n + STRIP - 1) / STRIP;
  const body: Body = isDouble ? mirrorF64 : mirrorF32;
  if (n >= 8 * STRIP) return parallelFor(work, strips, body.index, work + CONTEXT);
  for (let i = 0; i < strips; i++) mirrorStrip<T>(i, call);
  return true;
}

/**
 * `wide`: 1 for float64, 0 for float32. `symmetric`: B is A, transposed where A is not, and m = n. `length`: of the pieces
 * along k, whose products lie at `partials`; 0 for one piece.
 */
export function matmul(
  work: usize, wide: i32, m: i32, n: i32, k: i32, a: usize, transposeA: i32, b: usize, transposeB: i32, c: usize,
  symmetric: i32, length: i32, partials: usize,
): i32 {
  const rA = transposeA ? 1 : k, cA = transposeA ? m : 1;
  const rB = transposeB ? 1 : n, cB = transposeB ? k : 1;
  const isDone = wide
    ? run<f64>(work, m, n, k, a, rA, cA, b, rB, cB, c, symmetric != 0, length, partials)
    : run<f32>(work, m, n, k, a, rA, cA, b, rB, cB, c, symmetric != 0, length, partials);
  return isDone ? OK : CANCELLED;
}
