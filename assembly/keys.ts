/**
 * Unsigned keys in the order of floating-point values: negative ones have all bits flipped, others the sign bit. All
 * NaNs are one key above infinity. `zero` is added first: 0 makes −0 and 0 one key, −0 keeps −0 below 0.
 */
export const SIGN: u64 = 0x8000_0000_0000_0000;
const NAN_KEY: u64 = 0xfff8_0000_0000_0000;
export const SIGN32: u32 = 0x8000_0000;
const NAN_KEY32: u32 = 0xffc0_0000;
/** SIGN and NAN_KEY, twice each. */
export const constants = memory.data<u64>([SIGN, SIGN, NAN_KEY, NAN_KEY], 16);

// @ts-ignore: decorator
@inline export function key64(x: f64, zero: f64): u64 {
  const bits = reinterpret<u64>(x + zero);
  return x != x ? NAN_KEY : bits ^ (<u64>(<i64>bits >> 63) | SIGN);
}

// @ts-ignore: decorator
@inline export function value64(key: u64): f64 {
  return reinterpret<f64>(key ^ (<u64>(~<i64>key >> 63) | SIGN));
}

// @ts-ignore: decorator
@inline export function key32(x: f32, zero: f32): u32 {
  const bits = reinterpret<u32>(x + zero);
  return x != x ? NAN_KEY32 : bits ^ (<u32>(<i32>bits >> 31) | SIGN32);
}

// @ts-ignore: decorator
@inline export function value32(key: u32): f32 {
  return reinterpret<f32>(key ^ (<u32>(~<i32>key >> 31) | SIGN32));
}
