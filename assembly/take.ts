/**
 * Picking rows, columns or a grid of a matrix by int32 indices; elements are moved by their size, whatever they mean.
 * Negative indices count from the end, as in NumPy. The indices are checked before anything is written.
 */
import { INDEX_RANGE, OK } from './status';

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

function takeRows(rowBytes: usize, length: i32, from: usize, count: i32, indices: usize, to: usize): void {
  for (let i = 0; i < count; i++) {
    const row = from + position(indices, i, length) * rowBytes;
    if (rowBytes == 8) store<u64>(to, load<u64>(row));
    else if (rowBytes == 4) store<u32>(to, load<u32>(row));
    else memory.copy(to, row, rowBytes);
    to += rowBytes;
  }
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

/** Rows (axis 0) or columns (axis 1) of an n × m matrix of elements of `bytes` bytes; a vector has m = 1. */
export function take(
  work: usize, axis: i32, bytes: i32, n: i32, m: i32, from: usize, count: i32, indices: usize, to: usize,
): i32 {
  if (outOfRange(count, indices, axis ? m : n)) return INDEX_RANGE;
  if (axis == 0) {
    takeRows(<usize>m * bytes, n, from, count, indices, to);
    return OK;
  }
  for (let i = 0; i < n; i++) {
    pickAny(bytes, from + <usize>i * <usize>m * bytes, count, indices, m, to + <usize>i * <usize>count * bytes);
  }
  return OK;
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
