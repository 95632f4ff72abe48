/**
 * Draws with given probabilities: where a uniform number falls among their running sums, found by bisection. Number i
 * of the draws takes number i of its stream.
 */
import { ARENA_START } from '../arena';
import { BAD_PROBABILITY, CANCELLED, OK } from '../status';
import { parallelFor } from '../team';
import { philox, schedule } from './philox';
import { uniforms64 } from './uniform';

const CHOICE: i32 = 9;
/** Draws of an iteration of the shared loop, and those made at a time. */
const PIECE: i32 = 8192;
const SLAB: i32 = 1024;

/** In the caller's arena, int32s read by all threads. */
const CONTEXT: usize = ARENA_START;
const KEY: usize = 0, N: usize = 8, SUMS: usize = 12, COUNT: usize = 16, OUT: usize = 20;
/** In each thread's own arena. */
const KEYS: usize = ARENA_START + 64, WORDS: usize = KEYS + 320, VALUES: usize = WORDS + 8192 + 64;

function piece(work: usize, index: i32, context: usize): void {
  const keys = work + KEYS, n = load<i32>(context, N), sums = load<usize>(context, SUMS);
  const out = load<usize>(context, OUT);
  const end = <i32>min<i64>(load<i32>(context, COUNT), (<i64>index + 1) * PIECE);
  schedule(keys, load<u32>(context, KEY), load<u32>(context, KEY + 4));
  for (let from = index * PIECE; from < end; from += SLAB) {
    const count = min(end - from, SLAB), groups = (count + 7) >> 3;
    philox(keys, <u64>from >> 3, groups, CHOICE, 0, work + WORDS);
    uniforms64(work + WORDS, groups, 0, 1, 1, work + VALUES);
    for (let i = 0; i < count; i++) {
      const u = load<f64>(work + VALUES + (<usize>i << 3));
      // the first sum above u; the last one is 1, above every u
      let low = 0, length = n;
      while (length > 0) {
        const half = length >> 1, isBelow = load<f64>(sums + (<usize>(low + half) << 3)) <= u;
        low = isBelow ? low + half + 1 : low;
        length = isBelow ? length - half - 1 : half;
      }
      store<i32>(out + (<usize>(from + i) << 2), low);
    }
  }
}

/** `count` numbers 0 … n − 1 (int32), with the probabilities at `p`. `sums`: 8·n bytes of scratch. */
export function randomChoice(
  work: usize, keyLow: i32, keyHigh: i32, n: i32, p: usize, count: i32, out: usize, sums: usize,
): i32 {
  let sum: f64 = 0;
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 8) {
    const value = load<f64>(p + i);
    if (!(value >= 0)) return BAD_PROBABILITY;
    sum += value;
    store<f64>(sums + i, sum);
  }
  if (!(abs(sum - 1) <= 1.5e-8)) return BAD_PROBABILITY;
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 8) store<f64>(sums + i, load<f64>(sums + i) / sum);
  const context = work + CONTEXT;
  store<i32>(context, keyLow, KEY);
  store<i32>(context, keyHigh, KEY + 4);
  store<i32>(context, n, N);
  store<usize>(context, sums, SUMS);
  store<i32>(context, count, COUNT);
  store<usize>(context, out, OUT);
  return parallelFor(work, <i32>((<i64>count + PIECE - 1) / PIECE), piece.index, context) ? OK : CANCELLED;
}
