/**
 * Picking along an axis, or a grid of a matrix, by int32 indices; elements are moved by their size, whatever they mean.
 * Negative indices count from the end, as in NumPy. The indices are checked before anything is written.
 */
import { ARENA_START } from './arena';
import { CANCELLED, INDEX_RANGE, OK } from './status';
import { parallelFor } from './team';

function outOfRange(count: i32, indices: usize, length: i32): bool {
  for (let i = 0; i < count; i++) {
    const index = load<i32>(indices + (<usize>i << 2));
    if (index < -length || index >= length) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline function position(indices: usize, i: i32, length: i32): usize {
  const index = load<i32>(indices + (<usize>i << 2));
  return <usize>(index < 0 ? index + length : index);
}

function pick<T>(row: usize, count: i32, indices: usize, length: i32, to: usize): void {
  for (let j = 0; j < count; j++) {
    store<T>(to + <usize>j * sizeof<T>(), load<T>(row + position(indices, j, length) * sizeof<T>()));
  }
}

function pickAny(bytes: i32, row: usize, count: i32, indices: usize, length: i32, to: usize): void {
  if (bytes == 8) pick<u64>(row, count, indices, length, to);
  else if (bytes == 4) pick<u32>(row, count, indices, length, to);
  else pick<u8>(row, count, indices, length, to);
}

// The context of a shared take: what every share reads.
const BYTES: usize = 0;
const LENGTH: usize = 4;
const COUNT: usize = 8;
const ROWS: usize = 12;
const SHARES: usize = 16;
const FROM: usize = 20;
const INDICES: usize = 24;
const TO: usize = 28;

/** Below this many bytes a loop over words is faster than a call of memory.copy. */
const SHORT_RUN: usize = 64;

function takeWords<T>(words: i32, from: usize, length: i32, start: i32, end: i32, indices: usize, to: usize): void {
  const bytes = <usize>words * sizeof<T>();
  for (let i = start; i < end; i++) {
    const row = from + position(indices, i, length) * bytes;
    for (let p: usize = 0; p < bytes; p += sizeof<T>()) store<T>(to + p, load<T>(row + p));
    to += bytes;
  }
}

/** The rows start … end − 1 of one block: runs of `bytes` bytes of `from` at the indices. */
function takeRows(bytes: i32, from: usize, length: i32, start: i32, end: i32, indices: usize, to: usize): void {
  const some = indices + (<usize>start << 2);
  if (bytes == 8) pick<u64>(from, end - start, some, length, to);
  else if (bytes == 4) pick<u32>(from, end - start, some, length, to);
  else if (bytes == 1) pick<u8>(from, end - start, some, length, to);
  else if (<usize>bytes >= SHORT_RUN) {
    for (let i = start; i < end; i++) {
      memory.copy(to, from + position(indices, i, length) * <usize>bytes, bytes);
      to += bytes;
    }
  } else if ((bytes & 7) == 0) takeWords<u64>(bytes >> 3, from, length, start, end, indices, to);
  else if ((bytes & 3) == 0) takeWords<u32>(bytes >> 2, from, length, start, end, indices, to);
  else takeWords<u8>(bytes, from, length, start, end, indices, to);
}

function takeShare(work: usize, share: i32, context: usize): void {
  const bytes = load<i32>(context, BYTES), length = load<i32>(context, LENGTH), count = load<i32>(context, COUNT);
  const rows = load<i32>(context, ROWS), shares = <i64>load<i32>(context, SHARES), indices = load<usize>(context, INDICES);
  let row = <i32>(<i64>share * rows / shares);
  const last = <i32>(<i64>(share + 1) * rows / shares);
  while (row < last) {
    const block = row / count, start = row - block * count;
    const end = min(count, start + last - row);
    const from = load<usize>(context, FROM) + <usize>block * <usize>length * <usize>bytes;
    takeRows(bytes, from, length, start, end, indices, load<usize>(context, TO) + <usize>row * <usize>bytes);
    row += end - start;
  }
}

/** to (outer, count) = from (outer, length) at the indices along the second axis; elements have `bytes` bytes. */
export function take(
  work: usize, bytes: i32, outer: i32, length: i32, from: usize, count: i32, indices: usize, to: usize, shares: i32,
): i32 {
  if (outOfRange(count, indices, length)) return INDEX_RANGE;
  if (outer == 0 || count == 0 || bytes == 0) return OK;
  const context = work + ARENA_START;
  store<i32>(context, bytes, BYTES);
  store<i32>(context, length, LENGTH);
  store<i32>(context, count, COUNT);
  store<i32>(context, outer * count, ROWS);
  store<i32>(context, shares, SHARES);
  store<usize>(context, from, FROM);
  store<usize>(context, indices, INDICES);
  store<usize>(context, to, TO);
  return parallelFor(work, shares, takeShare.index, context) ? OK : CANCELLED;
}

/** out[i][j] = from[rows[i]][columns[j]] of an n × m matrix. */
export function takeGrid(
  work: usize, bytes: i32, n: i32, m: i32, from: usize, p: i32, rows: usize, q: i32, columns: usize, to: usize,
): i32 {
  if (outOfRange(p, rows, n) || outOfRange(q, columns, m)) return INDEX_RANGE;
  for (let i = 0; i < p; i++) {
    const row = from + position(rows, i, n) * <usize>m * bytes;
    pickAny(bytes, row, q, columns, m, to + <usize>i * <usize>q * bytes);
  }
  return OK;
}
