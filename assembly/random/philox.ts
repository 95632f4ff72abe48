/**
 * Philox 4×32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): block number c
 * of a stream is a function of c and of the key alone, so any thread can make any part of it. Four blocks are made at
 * a time, word w of all four in one vector, and written one after the other.
 *
 * The four words of a counter are the block's number (64 bits), the kind of the stream, and how often this block was
 * asked for again (where values are drawn until one is accepted). The two words of the key are the seed.
 */
import { ARENA_START } from '../arena';
import { OK } from '../status';

const TABLE: usize = memory.data<u32>([
  0xD2511F53, 0xD2511F53, 0xD2511F53, 0xD2511F53, // the multipliers of words 0 and 2
  0xCD9E8D57, 0xCD9E8D57, 0xCD9E8D57, 0xCD9E8D57,
  0, 1, 2, 3,
], 16);

/** Bytes of the round keys. */
export const KEY_BYTES: usize = 320;

/** Writes the keys of the ten rounds, each word in all lanes, to `keys`. */
export function schedule(keys: usize, low: u32, high: u32): void {
  for (let round = 0; round < 10; round++) {
    v128.store(keys, i32x4.splat(low));
    v128.store(keys, i32x4.splat(high), 16);
    keys += 32;
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
}

/** Four blocks, word w of all in `w`, to `to`, 16 bytes each. */
// @ts-ignore: decorator
@inline function put(w0: v128, w1: v128, w2: v128, w3: v128, to: usize): void {
  const low01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}

/**
 * Writes blocks 4·group … 4·(group + count) − 1 of a stream to `to`, 16 bytes each, word 0 first. Groups are made in
 * pairs, since one alone waits for its own products (6.6 instead of 4.7 ns a block): an odd count writes one group more.
 */
export function philox(keys: usize, group: u64, count: i32, kind: u32, attempt: u32, to: usize): void {
  const end = to + (<usize>count << 6), last = keys + KEY_BYTES, lanes = v128.load(TABLE, 32);
  while (to < end) {
    const next = group + 1;
    let x0 = i32x4.add(i32x4.splat(<u32>(group << 2)), lanes), y0 = i32x4.add(i32x4.splat(<u32>(next << 2)), lanes);
    let x1 = i32x4.splat(<u32>(group >> 30)), y1 = i32x4.splat(<u32>(next >> 30));
    let x2 = i32x4.splat(kind), x3 = i32x4.splat(attempt), y2 = x2, y3 = x3;
    const m0 = v128.load(TABLE), m1 = v128.load(TABLE, 16);
    for (let key = keys; key < last; key += 32) {
      const k0 = v128.load(key), k1 = v128.load(key, 16);
      const a = i64x2.extmul_low_i32x4_u(x0, m0), b = i64x2.extmul_high_i32x4_u(x0, m0);
      const c = i64x2.extmul_low_i32x4_u(x2, m1), d = i64x2.extmul_high_i32x4_u(x2, m1);
      x0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), x1), k0);
      x2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), x3), k1);
      x1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
      x3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      const e = i64x2.extmul_low_i32x4_u(y0, m0), f = i64x2.extmul_high_i32x4_u(y0, m0);
      const g = i64x2.extmul_low_i32x4_u(y2, m1), h = i64x2.extmul_high_i32x4_u(y2, m1);
      y0 = v128.xor(v128.xor(v128.shuffle<i32>(g, h, 1, 3, 5, 7), y1), k0);
      y2 = v128.xor(v128.xor(v128.shuffle<i32>(e, f, 1, 3, 5, 7), y3), k1);
      y1 = v128.shuffle<i32>(g, h, 0, 2, 4, 6);
      y3 = v128.shuffle<i32>(e, f, 0, 2, 4, 6);
    }
    put(x0, x1, x2, x3, to);
    put(y0, y1, y2, y3, to + 64);
    to += 128;
    group += 2;
  }
}

/** `count` groups from block `low` (a multiple of 4), `high` on: for the known answers of other libraries' tests. */
export function philoxGroups(
  work: usize, keyLow: i32, keyHigh: i32, low: i32, high: i32, kind: i32, attempt: i32, count: i32, out: usize,
): i32 {
  schedule(work + ARENA_START, keyLow, keyHigh);
  philox(work + ARENA_START, (<u64><u32>low >> 2) | (<u64><u32>high << 30), count, kind, attempt, out);
  return OK;
}
