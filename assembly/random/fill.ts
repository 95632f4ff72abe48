/**
 * Arrays of random numbers. Number i of a stream is a function of the key and of i alone; a block of a larger array
 * takes the numbers at its elements' row-major places in that array, so chunks do not change what is drawn. Groups of
 * four Philox blocks are made whole; where a run begins or ends within one, it is made beside and cut.
 */
import { ARENA_START } from '../arena';
import { CANCELLED, OK } from '../status';
import { parallelFor } from '../team';
import { integers32, integers64, narrow } from './integers';
import { normals32, normals64 } from './normal';
import { philox, schedule } from './philox';
import { uniforms32, uniforms64 } from './uniform';

/** What is drawn; src/kernels/random.ts has the same numbers. Also word 2 of the counters, so that kinds share nothing. */
const UNIFORM64: i32 = 0, UNIFORM32: i32 = 1, NORMAL64: i32 = 2, NORMAL32: i32 = 3, INTEGERS: i32 = 4;
const BYTES: i32 = 5, WIDE: i32 = 6;

/** Elements of an iteration of the shared loop. */
const PIECE: f64 = 16384;
/** Groups made at a time: their words (8 KB) and what becomes of them stay in L1. */
const SLAB: i32 = 128;

/** In the caller's arena, read by all threads: what to draw, as float64s at these places. */
const CONTEXT: usize = ARENA_START;
const KIND: usize = 0, OUT: usize = 8, COUNT: usize = 16, FIRST: usize = 24, A: usize = 32, B: usize = 40, C: usize = 48;
const RUN: usize = 56, LENGTHS: usize = 64, STRIDES: usize = 104, KEY: usize = 144;
/** Axes of a block besides that of its runs. */
const LEVELS: i32 = 5;
/** In each thread's own arena. */
const KEYS: usize = ARENA_START + 192, AGAIN: usize = KEYS + 320, CUT: usize = AGAIN + 128;
const WORDS: usize = CUT + 128, VALUES: usize = WORDS + 8192 + 64;

/** The elements of one group: a number of 64 bits takes half a block, others a quarter. */
// @ts-ignore: decorator
@inline function perGroup(kind: i32): i32 {
  return kind == UNIFORM64 || kind == NORMAL64 || kind == WIDE ? 8 : 16;
}

// @ts-ignore: decorator
@inline function itemShift(kind: i32): i32 {
  return kind == BYTES ? 0 : kind == UNIFORM64 || kind == NORMAL64 || kind == WIDE ? 3 : 2;
}

/** `count` ≤ SLAB whole groups to `to`. */
function groups(work: usize, context: usize, kind: i32, group: u64, count: i32, to: usize): void {
  const keys = work + KEYS, words = work + WORDS, again = work + AGAIN;
  const a = load<f64>(context, A), b = load<f64>(context, B), c = load<f64>(context, C);
  // bytes are the low ones of the int32s
  const stream = kind == BYTES ? INTEGERS : kind;
  philox(keys, group, count, stream, 0, words);
  if (kind == UNIFORM64) uniforms64(words, count, a, b, c, to);
  else if (kind == UNIFORM32) uniforms32(words, count, <f32>a, <f32>b, <f32>c, to);
  // through the table, or it is inlined here, where V8 spills its registers and takes half as long again
  else if (kind == NORMAL64) call_indirect<void>(normals64.index, words, count, a, b, to);
  else if (kind == NORMAL32) normals32(words, count, a, b, to);
  else if (kind == WIDE) integers64(keys, stream, group, words, count, a, b, <u64>c, again, to);
  else {
    const values = kind == BYTES ? work + VALUES : to;
    integers32(keys, stream, group, words, count, <u32>a, <u32>b, <u32>c, again, values);
    if (kind == BYTES) narrow(values, count, to);
  }
}

/** Numbers first … first + count − 1 of the stream to `to`. */
function run(work: usize, context: usize, kind: i32, first: u64, count: i64, to: usize): void {
  const per = perGroup(kind), shift = itemShift(kind);
  while (count > 0) {
    const group = first / per, skip = <i32>(first % per);
    let taken: i32;
    if (skip == 0 && count >= per) {
      const whole = <i32>min<i64>(count / per, SLAB);
      taken = whole * per;
      groups(work, context, kind, group, whole, to);
    } else {
      taken = <i32>min<i64>(per - skip, count);
      groups(work, context, kind, group, 1, work + CUT);
      memory.copy(to, work + CUT + (<usize>skip << shift), <usize>taken << shift);
    }
    first += taken;
    count -= taken;
    to += <usize>taken << shift;
  }
}

/** Elements index·PIECE … of the block. */
function piece(work: usize, index: i32, context: usize): void {
  schedule(work + KEYS, load<u32>(context, KEY), load<u32>(context, KEY + 4));
  const kind = <i32>load<f64>(context, KIND), out = <usize>load<f64>(context, OUT);
  const shift = itemShift(kind);
  const length = <i64>load<f64>(context, RUN);
  let at = <i64>(<f64>index * PIECE);
  const end = <i64>min(load<f64>(context, COUNT), <f64>(index + 1) * PIECE);
  while (at < end) {
    const within = at % length;
    let rest = at / length, place = <i64>load<f64>(context, FIRST) + within;
    for (let level = LEVELS - 1; level >= 0; level--) {
      const p = context + (<usize>level << 3);
      const size = <i64>load<f64>(p, LENGTHS);
      if (size == 1) continue;
      place += (rest % size) * <i64>load<f64>(p, STRIDES);
      rest /= size;
    }
    const count = min(length - within, end - at);
    run(work, context, kind, place, count, out + (<usize>at << shift));
    at += count;
  }
}

/**
 * Fills `out` with `count` numbers. The block is runs of `length` elements, n0 × … × n4 of them, whose starts lie
 * s0 … s4 elements of the whole array apart, the first at `first`. a, b, c by kind: low, range, largest; mean,
 * deviation; low, n, 2³² mod n; low, n, shift.
 */
export function randomFill(
  work: usize, kind: i32, keyLow: i32, keyHigh: i32, out: usize, count: f64, first: f64, a: f64, b: f64, c: f64,
  length: f64, n0: f64, n1: f64, n2: f64, n3: f64, n4: f64, s0: f64, s1: f64, s2: f64, s3: f64, s4: f64,
): i32 {
  const context = work + CONTEXT;
  store<f64>(context, kind, KIND);
  store<f64>(context, <f64>out, OUT);
  store<f64>(context, count, COUNT);
  store<f64>(context, first, FIRST);
  store<f64>(context, a, A);
  store<f64>(context, b, B);
  store<f64>(context, c, C);
  store<f64>(context, length, RUN);
  store<f64>(context, n0, LENGTHS);
  store<f64>(context, n1, LENGTHS + 8);
  store<f64>(context, n2, LENGTHS + 16);
  store<f64>(context, n3, LENGTHS + 24);
  store<f64>(context, n4, LENGTHS + 32);
  store<f64>(context, s0, STRIDES);
  store<f64>(context, s1, STRIDES + 8);
  store<f64>(context, s2, STRIDES + 16);
  store<f64>(context, s3, STRIDES + 24);
  store<f64>(context, s4, STRIDES + 32);
  store<i32>(context, keyLow, KEY);
  store<i32>(context, keyHigh, KEY + 4);
  return parallelFor(work, <i32>ceil(count / PIECE), piece.index, context) ? OK : CANCELLED;
}
