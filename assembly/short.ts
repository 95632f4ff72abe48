/**
 * Short lines are sorted without a branch that data decides: an element's place is the number of elements before it,
 * counted two at a time. O(n²), and up to SHORT elements faster than what is O(n log n) but mispredicts.
 */
import { key32, key64 } from './keys';

/** The longest line that is sorted here. */
export const SHORT: i32 = 64;

/** Elements as signed 64-bit keys in their order; NaN is last, −0 equals 0. */
// @ts-ignore: decorator
@inline function signedKey<T>(p: usize): i64 {
  if (isFloat<T>() && sizeof<T>() == 8) return <i64>(key64(load<f64>(p), 0) ^ 0x8000_0000_0000_0000);
  if (isFloat<T>()) return <i64>key32(load<f32>(p), 0);
  return <i64>load<T>(p);
}

/** The place of element `i`: how many keys are below its own, and how many equal ones come before it. */
// @ts-ignore: decorator
@inline function placeOf(keys: usize, n: i32, i: i32): usize {
  const key = load<i64>(keys + (<usize>i << 3));
  const keyTwice = v128.load64_splat(keys + (<usize>i << 3));
  const pair = keys + (<usize>(i & ~1) << 3), end = keys + (<usize>n << 3);
  let count = i64x2.splat(0);
  let p = keys;
  // masks are −1: what is above is subtracted from all that there are
  for (; p < pair; p += 16) count = i64x2.sub(count, i64x2.gt_s(v128.load(p), keyTwice));
  let below = <i64>(i & ~1) - (i64x2.extract_lane(count, 0) + i64x2.extract_lane(count, 1));
  count = i64x2.splat(0);
  for (p += 16; p < end; p += 16) count = i64x2.sub(count, i64x2.gt_s(keyTwice, v128.load(p)));
  below += i64x2.extract_lane(count, 0) + i64x2.extract_lane(count, 1);
  const partner = load<i64>(keys + (<usize>(i ^ 1) << 3));
  return <usize>below + <usize>(i & 1 ? partner <= key : partner < key);
}

/** Sorts n ≤ SHORT elements; `keys` is room for SHORT + 1 words. */
export function sortShort<T>(x: usize, n: i32, out: usize, isIndex: bool, keys: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) store<i64>(keys + (i << 3), signedKey<T>(x + i * sizeof<T>()));
  // an odd one's partner is above all: it is nobody's predecessor
  store<i64>(keys + (<usize>n << 3), i64.MAX_VALUE);
  if (isIndex) {
    for (let i = 0; i < n; i++) store<i32>(out + (placeOf(keys, n, i) << 2), i);
  } else {
    for (let i = 0; i < n; i++) {
      store<T>(out + placeOf(keys, n, i) * sizeof<T>(), load<T>(x + <usize>i * sizeof<T>()));
    }
  }
}
