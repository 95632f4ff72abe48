/**
 * Whole numbers below n without bias. Up to 2³² by Lemire's multiplication (ACM TOMACS 29(1), 2019): the high half of
 * word·n, unless the low half is below 2³² mod n. Beyond by the leading bits of two words, unless they make n or more.
 * A word that is turned down is replaced by the one at its place in the same block with the next attempt number, so
 * what others drew does not matter.
 */
import { philox } from './philox';

/** 16 numbers low + 0 … n − 1 (modulo 2³²; n = 0 means 2³²) for each of `count` groups, int32. `again`: 128 bytes. */
export function integers32(
  keys: usize, kind: u32, group: u64, from: usize, count: i32, low: u32, n: u32, threshold: u32, again: usize, to: usize,
): void {
  const shift = i32x4.splat(low), factor = i32x4.splat(n), limit = i32x4.splat(threshold);
  for (let g = 0; g < count; g++) {
    let rejected = i32x4.splat(0);
    for (let p: usize = 0; p < 64; p += 16) {
      const word = v128.load(from + p);
      if (n == 0) {
        v128.store(to + p, i32x4.add(word, shift));
        continue;
      }
      const a = i64x2.extmul_low_i32x4_u(word, factor), b = i64x2.extmul_high_i32x4_u(word, factor);
      v128.store(to + p, i32x4.add(v128.shuffle<i32>(a, b, 1, 3, 5, 7), shift));
      rejected = v128.or(rejected, i32x4.lt_u(v128.shuffle<i32>(a, b, 0, 2, 4, 6), limit));
    }
    if (v128.any_true(rejected)) redraw32(keys, kind, group + g, from, low, n, threshold, again, to);
    from += 64;
    to += 64;
  }
}

function redraw32(
  keys: usize, kind: u32, group: u64, words: usize, low: u32, n: u32, threshold: u32, again: usize, to: usize,
): void {
  let rest: u32 = 0xffff;
  for (let attempt: u32 = 0; rest != 0; attempt++) {
    if (attempt > 0) {
      philox(keys, group, 1, kind, attempt, again);
      words = again;
    }
    for (let left = rest; left != 0; left &= left - 1) {
      const i = ctz(left);
      const product = <u64>load<u32>(words + (<usize>i << 2)) * n;
      if (<u32>product < threshold) continue;
      store<u32>(to + (<usize>i << 2), low + <u32>(product >> 32));
      rest &= ~(1 << i);
    }
  }
}

/** 8 numbers low + 0 … n − 1 with n ≤ 2⁵³, float64, for each of `count` groups; `shift` is 64 less the bits of n − 1. */
export function integers64(
  keys: usize, kind: u32, group: u64, from: usize, count: i32, low: f64, n: f64, shift: u64, again: usize, to: usize,
): void {
  const size = <u64>n;
  for (let g = 0; g < count; g++) {
    let words = from;
    let rest: u32 = 0xff;
    for (let attempt: u32 = 0; rest != 0; attempt++) {
      if (attempt > 0) {
        philox(keys, group + g, 1, kind, attempt, again);
        words = again;
      }
      for (let left = rest; left != 0; left &= left - 1) {
        const i = ctz(left);
        // a shift by 64 is one by 0 in WebAssembly; n = 1 has no bits
        const value = shift == 64 ? 0 : load<u64>(words + (<usize>i << 3)) >> shift;
        if (value >= size) continue;
        store<f64>(to + (<usize>i << 3), low + <f64>value);
        rest &= ~(1 << i);
      }
    }
    from += 64;
    to += 64;
  }
}

/** The low bytes of 16 · `count` int32s. */
export function narrow(from: usize, count: i32, to: usize): void {
  const mask = i32x4.splat(0xff);
  for (let g = 0; g < count; g++) {
    const a = v128.and(v128.load(from), mask), b = v128.and(v128.load(from, 16), mask);
    const c = v128.and(v128.load(from, 32), mask), d = v128.and(v128.load(from, 48), mask);
    v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
    from += 64;
    to += 16;
  }
}
