/**
 * The first step of the radix sort: values become keys, alone or (32-bit types of an argsort) packed above their index,
 * and each piece notes which bits vary and whether its values ascend already.
 */
import { constants, key32, key64 } from './keys';
import { first, Plan } from './plan';

/** The key of the 32-bit element at `p`. */
// @ts-ignore: decorator
@inline function single<T>(plan: Plan, p: usize): u32 {
  if (isFloat<T>()) return key32(load<f32>(p), <f32>plan.zero);
  return load<u32>(p) ^ plan.flip;
}

// @ts-ignore: decorator
@inline function noteFacts(plan: Plan, piece: i32, varying: u64, ascending: bool): void {
  store<u64>(plan.facts + (<usize>piece << 4), varying);
  store<i32>(plan.facts + (<usize>piece << 4), ascending, 8);
}

/** Keys of a piece of float64s, two at a time: which bits vary, and whether they ascend from the element before. */
export function loadDouble(_work: usize, piece: i32, context: usize): void {
  const plan = changetype<Plan>(context);
  const zero = f64x2.splat(plan.zero), sign = v128.load(constants), nan = v128.load(constants, 16);
  const none = i64x2.splat(0);
  const begin = first(plan, piece), end = first(plan, piece + 1);
  const reference = key64(load<f64>(plan.source), plan.zero);
  const firstKey = i64x2.splat(<i64>reference);
  let varying = none, ascending = i64x2.splat(-1);
  let p = plan.source + (<usize>begin << 3), q = plan.from + (<usize>begin << 3);
  const stop = plan.source + (<usize>end << 3);
  let isAscending = true;
  let rest: u64 = 0;
  if (begin == 0 && p < stop) {
    store<u64>(q, reference);
    isAscending = load<f64>(p) == load<f64>(p);
    p += 8;
    q += 8;
  }
  for (; p + 16 <= stop; p += 16, q += 16) {
    const x = v128.load(p);
    const bits = f64x2.add(x, zero);
    let key = v128.xor(bits, v128.or(i64x2.lt_s(bits, none), sign));
    key = v128.bitselect(key, nan, f64x2.eq(x, x));
    ascending = v128.and(ascending, f64x2.le(v128.load(p - 8), x));
    varying = v128.or(varying, v128.xor(key, firstKey));
    v128.store(q, key);
  }
  for (; p < stop; p += 8, q += 8) {
    const x = load<f64>(p), key = key64(x, plan.zero);
    isAscending = isAscending && load<f64>(p - 8) <= x;
    rest |= key ^ reference;
    store<u64>(q, key);
  }
  rest |= <u64>i64x2.extract_lane(varying, 0) | <u64>i64x2.extract_lane(varying, 1);
  noteFacts(plan, piece, rest, isAscending && i64x2.all_true(ascending));
}

/** Keys of a piece of 32-bit elements, as words of type K: alone, or (64 bits) above the index. */
function loadSingles<T, K>(piece: i32, plan: Plan): void {
  const begin = first(plan, piece), end = first(plan, piece + 1);
  const reference = single<T>(plan, plan.source);
  let varying: u32 = 0, ascending = 1;
  let before: u32 = begin == 0 ? 0 : single<T>(plan, plan.source + (<usize>(begin - 1) << 2));
  for (let i = begin; i < end; i++) {
    const key = single<T>(plan, plan.source + (<usize>i << 2));
    varying |= key ^ reference;
    ascending &= <i32>(before <= key);
    before = key;
    if (sizeof<K>() == 8) store<u64>(plan.from + (<usize>i << 3), (<u64>key << 32) | <u64>i);
    else store<u32>(plan.from + (<usize>i << 2), key);
  }
  noteFacts(plan, piece, sizeof<K>() == 8 ? <u64>varying << 32 : <u64>varying, ascending != 0);
}

export function loadFloat(_work: usize, piece: i32, context: usize): void {
  loadSingles<f32, u32>(piece, changetype<Plan>(context));
}
export function loadInteger(_work: usize, piece: i32, context: usize): void {
  loadSingles<u32, u32>(piece, changetype<Plan>(context));
}
export function loadFloatIndex(_work: usize, piece: i32, context: usize): void {
  loadSingles<f32, u64>(piece, changetype<Plan>(context));
}
export function loadIntegerIndex(_work: usize, piece: i32, context: usize): void {
  loadSingles<u32, u64>(piece, changetype<Plan>(context));
}

/** Whether the line ascends as it is. */
export function isAscending(plan: Plan): bool {
  for (let piece = 0; piece < plan.pieces; piece++) {
    if (!load<i32>(plan.facts + (<usize>piece << 4), 8)) return false;
  }
  return true;
}

/** Bits in which keys differ. */
export function varyingBits(plan: Plan): u64 {
  let bits: u64 = 0;
  for (let piece = 0; piece < plan.pieces; piece++) bits |= load<u64>(plan.facts + (<usize>piece << 4));
  return bits;
}
