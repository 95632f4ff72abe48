/**
 * A = Q·R for A m × n with many more rows than columns (TSQR: Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci. Comput. 34(1),
 * 2012): chunks of rows that fit the second-level cache are factored by themselves, on all threads, and then the chunks' R,
 * one above the other, in the same way. Chunks do not depend on the number of threads. Q's chunk is the chunk's own Q times
 * its part of the Q of what is above.
 *
 * R's signs are whatever the tree made them; `fixSigns` turns them into LAPACK's, which are those of the Householder vectors
 * that would have made this Q: L·U = Q − S for the diagonal S of signs that elimination chooses on its way (Ballard,
 * Demmel, Grigori, Jacquelin, Knight & Nguyen, J. Parallel Distrib. Comput. 85, 2015, algorithm 5).
 *
 * A and columns beside it (right-hand sides, which become Qᵀ times what they were) are overwritten. 2mn² flops and some
 * n/h of that more for chunks of h rows, 4mn² for Q. Workspace: `tallSpace` elements.
 */
import { isCancelled } from '../arena';
import { EDGE } from '../gemm';
import { Body, parallelFor } from '../team';
import { copyUpper, real, setReal } from './copy';
import { qrApply, qrFactor, qrForm, qrSpace } from './qr';

/** Where a loop says what it is, behind what products and triangles say. */
const CONTEXT: usize = EDGE + 896;
const MOST_COLUMNS: i32 = 256;
const LEAST_ROWS: i32 = 256;

/** What a level of the tree is: `width` columns, of which n are factored. */
@unmanaged class Level {
  m: i32; n: i32; width: i32; chunks: i32; rows: i32;
  a: usize; stack: usize; spaces: usize; above: usize; q: usize;
}

/** Rows of a chunk; the last has up to twice as many. */
// @ts-ignore: decorator
@inline function chunkRows(n: i32): i32 {
  return max(LEAST_ROWS, 8 * n);
}

/** Whether chunks save time. */
export function isTall(m: i32, n: i32): bool {
  return n > 1 && n <= MOST_COLUMNS && m >= 4 * chunkRows(n);
}

/** Rows that `tallForm` makes of the first chunk alone. */
export function firstRows(n: i32): usize {
  return <usize>chunkRows(n);
}

/** Of every level the chunks' R, the Q of what is above, and their workspace; then the QR of the last, and a chunk of Q. */
export function tallSpace(m: i32, n: i32, width: i32): usize {
  let total: usize = 0;
  while (isTall(m, n)) {
    const chunks = m / chunkRows(n);
    total += <usize>chunks * (<usize>(n * width + n * n) + qrSpace(2 * chunkRows(n), n, width));
    m = chunks * n;
  }
  return total + qrSpace(m, n, width) + firstRows(n) * <usize>n;
}

function levelAt<T>(work: usize, m: i32, n: i32, width: i32, a: usize, space: usize): Level {
  const level = changetype<Level>(work + CONTEXT);
  level.m = m; level.n = n; level.width = width; level.a = a;
  level.rows = chunkRows(n);
  level.chunks = m / level.rows;
  const chunks = <usize>level.chunks;
  level.stack = space;
  level.above = space + chunks * <usize>(n * width) * sizeof<T>();
  level.spaces = level.above + chunks * <usize>(n * n) * sizeof<T>();
  return level;
}

// @ts-ignore: decorator
@inline function spaceOf<T>(level: Level, chunk: i32): usize {
  return level.spaces + <usize>chunk * qrSpace(2 * level.rows, level.n, level.width) * sizeof<T>();
}

/** The workspace of the level above. */
// @ts-ignore: decorator
@inline function nextSpace<T>(level: Level): usize {
  return spaceOf<T>(level, level.chunks);
}

/**
 * R, with what Qᵀ makes of the first rows of the columns beside it: where it lies, with leading dimension `width`; 0 when
 * cancelled. a m × width, contiguous; below R's diagonal lies what is not R.
 */
export function tallFactor<T>(work: usize, m: i32, n: i32, width: i32, a: usize, space: usize): usize {
  if (!isTall(m, n)) return qrFactor<T>(work, m, n, a, width, space, width - n) ? a : 0;
  const level = levelAt<T>(work, m, n, width, a, space);
  const body: Body = sizeof<T>() == 8 ? factorF64 : factorF32;
  const stack = level.stack, rows = level.chunks * n, next = nextSpace<T>(level);
  if (!parallelFor(work, level.chunks, body.index, work + CONTEXT) || isCancelled(work)) return 0;
  return tallFactor<T>(work, rows, n, width, stack, next);
}

// @ts-ignore: decorator
@inline function rowsOf(level: Level, chunk: i32): i32 {
  return chunk + 1 < level.chunks ? level.rows : level.m - chunk * level.rows;
}

function factorChunk<T>(work: usize, index: i32, level: Level): void {
  const n = level.n, width = level.width, row = <usize>width * sizeof<T>();
  const chunk = level.a + <usize>(index * level.rows) * row;
  qrFactor<T>(work, rowsOf(level, index), n, chunk, width, spaceOf<T>(level, index), width - n);
  copyUpper<T>(n, width, chunk, width, level.stack + <usize>(index * n) * row, width);
}
function factorF64(work: usize, index: i32, context: usize): void {
  factorChunk<f64>(work, index, changetype<Level>(context));
}
function factorF32(work: usize, index: i32, context: usize): void {
  factorChunk<f32>(work, index, changetype<Level>(context));
}

/**
 * Q (m × n) of what `tallFactor` left, for width n; with `onlyFirst` its first chunk alone, firstRows(n) rows. False
 * when cancelled.
 */
export function tallForm<T>(work: usize, m: i32, n: i32, a: usize, space: usize, q: usize, onlyFirst: bool): bool {
  if (!isTall(m, n)) return qrForm<T>(work, m, n, a, n, space, n, q);
  let level = levelAt<T>(work, m, n, n, a, space);
  if (!tallForm<T>(work, level.chunks * n, n, level.stack, nextSpace<T>(level), level.above, onlyFirst)) return false;
  level = levelAt<T>(work, m, n, n, a, space);
  level.q = q;
  const body: Body = sizeof<T>() == 8 ? formF64 : formF32;
  return parallelFor(work, onlyFirst ? 1 : level.chunks, body.index, work + CONTEXT) && !isCancelled(work);
}

function formChunk<T>(work: usize, index: i32, level: Level): void {
  const n = level.n, row = <usize>n * sizeof<T>();
  const rows = rowsOf(level, index);
  const from = <usize>(index * level.rows) * row;
  const q = level.q + from, block = <usize>n * row;
  memory.copy(q, level.above + <usize>index * block, block);
  memory.fill(q + block, 0, <usize>rows * row - block);
  qrApply<T>(work, rows, n, level.a + from, n, spaceOf<T>(level, index), n, q, n);
}
function formF64(work: usize, index: i32, context: usize): void {
  formChunk<f64>(work, index, changetype<Level>(context));
}
function formF32(work: usize, index: i32, context: usize): void {
  formChunk<f32>(work, index, changetype<Level>(context));
}

/** The squares of what Qᵀ left below R in column `column` of those beside A, after `tallFactor`. */
export function tallRest(work: usize, m: i32, n: i32, width: i32, column: i32, a: usize, space: usize): f64 {
  let sum: f64 = 0;
  const row = <usize>width << 3;
  while (isTall(m, n)) {
    const level = levelAt<f64>(work, m, n, width, a, space);
    for (let chunk = 0; chunk < level.chunks; chunk++) {
      const first = chunk * level.rows;
      sum += squares(first + n, first + rowsOf(level, chunk), a + (<usize>(n + column) << 3), row);
    }
    a = level.stack; space = nextSpace<f64>(level); m = level.chunks * n;
  }
  return sum + squares(n, m, a + (<usize>(n + column) << 3), row);
}

function squares(from: i32, end: i32, column: usize, row: usize): f64 {
  let sum: f64 = 0;
  for (let i = from; i < end; i++) {
    const value = load<f64>(column + <usize>i * row);
    sum += value * value;
  }
  return sum;
}

/** Turns r (n × n) and the m rows of q (or none) to LAPACK's signs; `top` is a copy of Q's first n rows, and destroyed. */
export function fixSigns<T>(m: i32, n: i32, top: usize, q: usize, r: usize): void {
  for (let j = 0; j < n; j++) {
    const at = <usize>(j * n + j);
    const head = real<T>(top, at);
    let isUnit = abs<T>(head) == <T>1;
    for (let i = j + 1; i < n && isUnit; i++) isUnit = real<T>(top, <usize>(i * n + j)) == <T>0;
    // a column with nothing to reflect keeps its sign
    const sign: T = (head < <T>0) == isUnit ? <T>-1 : <T>1;
    const pivot = head - sign;
    for (let i = j + 1; i < n && !isUnit; i++) {
      const factor = real<T>(top, <usize>(i * n + j)) / pivot;
      for (let k = j + 1; k < n; k++) {
        const to = <usize>(i * n + k);
        setReal<T>(top, to, real<T>(top, to) - factor * real<T>(top, <usize>(j * n + k)));
      }
    }
    // a row is no longer needed once its step is over
    setReal<T>(top, <usize>j, sign);
    if (sign < <T>0) for (let k = j; k < n; k++) setReal<T>(r, <usize>(j * n + k), -real<T>(r, <usize>(j * n + k)));
  }
  const bytes = <usize>n * sizeof<T>();
  for (let i = 0; i < m; i++) {
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(q + at, v128.mul<T>(v128.load(q + at), v128.load(top + at)));
    for (; at < bytes; at += sizeof<T>()) store<T>(q + at, load<T>(q + at) * load<T>(top + at));
    q += bytes;
  }
}
