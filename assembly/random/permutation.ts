/**
 * A random order of 0 … n − 1 (Rao 1961; Sandelius 1962): every number goes to a bucket of its own choice, and each
 * bucket, small enough for the cache, is put into a random order by Fisher and Yates. Number i chooses by word i of one
 * stream, place j is filled by word j of another: all orders are equally likely, and threads change nothing.
 */
import { ARENA_START } from '../arena';
import { CANCELLED, OK } from '../status';
import { parallelFor } from '../team';
import { philox, schedule } from './philox';

const BUCKET: i32 = 7, PLACE: i32 = 8;

/** In the caller's arena, int32s read by all threads. */
const CONTEXT: usize = ARENA_START;
const KEY: usize = 0, N: usize = 8, OUT: usize = 12, BITS: usize = 16, PIECES: usize = 20, PIECE: usize = 24;
const COUNTS: usize = 28, STARTS: usize = 32;
/** In each thread's own arena. */
const KEYS: usize = ARENA_START + 64, AGAIN: usize = KEYS + 320, WORDS: usize = AGAIN + 128;
/** Groups of words made at a time: 8 KB. */
const SLAB: i32 = 128;

/** Counts the buckets of one piece (pass 0), or sends its numbers to their places. */
// @ts-ignore: decorator
@inline function visit(work: usize, index: i32, context: usize, isCount: bool): void {
  const keys = work + KEYS, words = work + WORDS;
  schedule(keys, load<u32>(context, KEY), load<u32>(context, KEY + 4));
  const size = load<i32>(context, PIECE), shift = 32 - load<i32>(context, BITS);
  const end = min(load<i32>(context, N), (index + 1) * size);
  const counts = load<usize>(context, COUNTS) + (<usize>index << (load<i32>(context, BITS) + 2));
  const out = load<usize>(context, OUT);
  for (let from = index * size; from < end; from += 16 * SLAB) {
    const count = min(end - from, 16 * SLAB);
    philox(keys, <u64>from >> 4, (count + 15) >> 4, BUCKET, 0, words);
    for (let i = 0; i < count; i++) {
      const p = counts + (<usize>(load<u32>(words + (<usize>i << 2)) >> shift) << 2);
      const value = load<i32>(p);
      store<i32>(p, value + 1);
      if (!isCount) store<i32>(out + (<usize>value << 2), from + i);
    }
  }
}

function count(work: usize, index: i32, context: usize): void {
  const bytes = 4 << load<i32>(context, BITS);
  memory.fill(load<usize>(context, COUNTS) + <usize>(index * bytes), 0, bytes);
  visit(work, index, context, true);
}

function scatter(work: usize, index: i32, context: usize): void {
  visit(work, index, context, false);
}

/** A number ≤ t, from word i of `words`, which are those of the stream from `group` on; by Lemire's multiplication. */
// @ts-ignore: decorator
@inline function below(keys: usize, t: u32, words: usize, i: i32, group: u64, again: usize): u32 {
  const bound = t + 1;
  let product = <u64>load<u32>(words + (<usize>i << 2)) * bound;
  if (<u32>product < bound) {
    const threshold = (<u32>0 - bound) % bound;
    for (let attempt: u32 = 1; <u32>product < threshold; attempt++) {
      philox(keys, group + (i >> 4), 1, PLACE, attempt, again);
      product = <u64>load<u32>(again + (<usize>(i & 15) << 2)) * bound;
    }
  }
  return <u32>(product >> 32);
}

/** Puts places start … end − 1 of `out` into a random order. */
function shuffle(work: usize, start: i32, end: i32, out: usize): void {
  const keys = work + KEYS, words = work + WORDS;
  const bucket = out + (<usize>start << 2);
  for (let from = start & ~15; from < end; from += 16 * SLAB) {
    const stop = min(end, from + 16 * SLAB);
    const group = <u64>from >> 4;
    philox(keys, group, (stop - from + 15) >> 4, PLACE, 0, words);
    for (let j = max(from, start); j < stop; j++) {
      const t = j - start;
      const p = bucket + (<usize>below(keys, t, words, j - from, group, work + AGAIN) << 2);
      const q = bucket + (<usize>t << 2);
      const value = load<i32>(p);
      store<i32>(p, load<i32>(q));
      store<i32>(q, value);
    }
  }
}

function order(work: usize, index: i32, context: usize): void {
  schedule(work + KEYS, load<u32>(context, KEY), load<u32>(context, KEY + 4));
  const starts = load<usize>(context, STARTS) + (<usize>index << 2);
  shuffle(work, load<i32>(starts), load<i32>(starts, 4), load<usize>(context, OUT));
}

/**
 * Writes the order to `out` (int32). 2^bits buckets, and the numbers in `pieces` pieces of `size` (a multiple of 16);
 * `scratch`: (pieces + 1)·2^bits + 1 int32s. Without bits there is one bucket, and no scratch.
 */
export function randomPermutation(
  work: usize, keyLow: i32, keyHigh: i32, n: i32, bits: i32, pieces: i32, size: i32, out: usize, scratch: usize,
): i32 {
  const context = work + CONTEXT;
  if (bits == 0) {
    for (let i = 0; i < n; i++) store<i32>(out + (<usize>i << 2), i);
    schedule(work + KEYS, keyLow, keyHigh);
    shuffle(work, 0, n, out);
    return OK;
  }
  const buckets = 1 << bits;
  const starts = scratch + (<usize>pieces << (bits + 2));
  store<i32>(context, keyLow, KEY);
  store<i32>(context, keyHigh, KEY + 4);
  store<i32>(context, n, N);
  store<usize>(context, out, OUT);
  store<i32>(context, bits, BITS);
  store<i32>(context, pieces, PIECES);
  store<i32>(context, size, PIECE);
  store<usize>(context, scratch, COUNTS);
  store<usize>(context, starts, STARTS);
  if (!parallelFor(work, pieces, count.index, context)) return CANCELLED;
  let next = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    store<i32>(starts + (<usize>bucket << 2), next);
    for (let piece = 0; piece < pieces; piece++) {
      const p = scratch + (<usize>((piece << bits) + bucket) << 2);
      const here = load<i32>(p);
      store<i32>(p, next);
      next += here;
    }
  }
  store<i32>(starts + (<usize>buckets << 2), n);
  if (!parallelFor(work, pieces, scatter.index, context)) return CANCELLED;
  return parallelFor(work, buckets, order.index, context) ? OK : CANCELLED;
}
