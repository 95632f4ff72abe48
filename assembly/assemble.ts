/**
 * Copies of boxes between arrays. A unit is a record of float64s: the address it is read from, the address it is
 * written to, then for each axis its length, for each axis the bytes of one step on the reading side, and on the
 * writing side. Units write to disjoint places; a share of them is one iteration of a loop that threads may share.
 */
import { ARENA_START } from './arena';
import { CANCELLED, OK } from './status';
import { parallelFor } from './team';

/** Below this many bytes a loop is faster than a call of memory.copy. */
const SHORT_RUN: usize = 64;

// The context: what every share reads.
const BYTES: usize = 0;
const RANK: usize = 4;
const COUNT: usize = 8;
const SHARES: usize = 12;
const RECORDS: usize = 16;
/** Where a thread counts the rounds of the outer axes. */
const COUNTERS: usize = ARENA_START + 64;

// @ts-ignore: decorator
@inline function word(record: usize, i: i32): isize {
  return <isize>load<f64>(record + (<usize>i << 3));
}

/** One row: `count` elements with steps of `fromStep` and `toStep` bytes. */
// @ts-ignore: decorator
@inline function copyRow<T>(count: i32, from: usize, fromStep: isize, to: usize, toStep: isize): void {
  const size = <isize>sizeof<T>();
  if (fromStep == size && toStep == size) {
    const bytes = <usize>count * sizeof<T>();
    if (bytes >= SHORT_RUN) {
      memory.copy(to, from, bytes);
      return;
    }
    for (let p: usize = 0; p < bytes; p += sizeof<T>()) store<T>(to + p, load<T>(from + p));
    return;
  }
  if (fromStep == 0 && toStep == size) {
    const value = load<T>(from);
    const bytes = <usize>count * sizeof<T>();
    if (sizeof<T>() == 1) {
      memory.fill(to, <u8>value, bytes);
      return;
    }
    for (let p: usize = 0; p < bytes; p += sizeof<T>()) store<T>(to + p, value);
    return;
  }
  for (let i = 0; i < count; i++) {
    store<T>(to, load<T>(from));
    from += fromStep;
    to += toStep;
  }
}

function copyUnit<T>(work: usize, record: usize, rank: i32): void {
  const lengths = record + 16, fromSteps = lengths + (<usize>rank << 3), toSteps = fromSteps + (<usize>rank << 3);
  const inner = rank - 1, rows = rank - 2;
  const count = <i32>word(lengths, inner), fromStep = word(fromSteps, inner), toStep = word(toSteps, inner);
  const height = <i32>word(lengths, rows), fromRow = word(fromSteps, rows), toRow = word(toSteps, rows);
  const counters = work + COUNTERS;
  for (let axis = 0; axis < rows; axis++) store<i32>(counters + (<usize>axis << 2), 0);
  // addresses have 32 bits without a sign
  let from = <usize>load<f64>(record), to = <usize>load<f64>(record, 8);
  while (true) {
    // (tiles of 16 × 16 where rows of one side are columns of the other were no faster: units fit the cache)
    let a = from, b = to;
    for (let i = 0; i < height; i++) {
      copyRow<T>(count, a, fromStep, b, toStep);
      a += fromRow;
      b += toRow;
    }
    let axis = rows - 1;
    for (; axis >= 0; axis--) {
      const counter = counters + (<usize>axis << 2);
      const length = <i32>word(lengths, axis), next = load<i32>(counter) + 1;
      from += word(fromSteps, axis);
      to += word(toSteps, axis);
      if (next < length) {
        store<i32>(counter, next);
        break;
      }
      from -= <isize>next * word(fromSteps, axis);
      to -= <isize>next * word(toSteps, axis);
      store<i32>(counter, 0);
    }
    if (axis < 0) return;
  }
}

function copyShare(work: usize, share: i32, context: usize): void {
  const bytes = load<i32>(context, BYTES), rank = load<i32>(context, RANK);
  const count = <i64>load<i32>(context, COUNT), shares = <i64>load<i32>(context, SHARES);
  const size = <usize>(2 + 3 * rank) << 3;
  const start = <i32>(share * count / shares), end = <i32>((share + 1) * count / shares);
  let record = load<usize>(context, RECORDS) + <usize>start * size;
  for (let unit = start; unit < end; unit++) {
    if (bytes == 8) copyUnit<u64>(work, record, rank);
    else if (bytes == 4) copyUnit<u32>(work, record, rank);
    else copyUnit<u8>(work, record, rank);
    record += size;
  }
}

/** Copies `count` units of elements of `bytes` bytes, in `shares` shares. */
export function assemble(work: usize, bytes: i32, rank: i32, count: i32, shares: i32, records: usize): i32 {
  const context = work + ARENA_START;
  store<i32>(context, bytes, BYTES);
  store<i32>(context, rank, RANK);
  store<i32>(context, count, COUNT);
  store<i32>(context, shares, SHARES);
  store<usize>(context, records, RECORDS);
  return parallelFor(work, shares, copyShare.index, context) ? OK : CANCELLED;
}

/** `bytes` bytes as they are. */
export function copyBytes(_work: usize, bytes: i32, from: usize, to: usize): i32 {
  memory.copy(to, from, bytes);
  return OK;
}
