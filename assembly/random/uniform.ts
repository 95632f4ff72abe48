/**
 * Uniform numbers low + u·(high − low) with u a multiple of 2⁻⁵³ (2⁻²⁴ in float32) in [0, 1). Rounding may carry the
 * sum to `high`; `below`, the largest number under it, is the most it answers.
 */

const TABLE: usize = memory.data<u64>([
  0x00000000ffffffff, 0x00000000ffffffff, // 0
  0x4330000000000000, 0x4330000000000000, // 1: 2⁵²
  0x4530000000000000, 0x4530000000000000, // 2: 2⁸⁴
  0x4530000000100000, 0x4530000000100000, // 3: 2⁸⁴ + 2⁵²
  0x3ca0000000000000, 0x3ca0000000000000, // 4: 2⁻⁵³
  0x3380000033800000, 0x3380000033800000, // 5: 2⁻²⁴, in float32
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** The 53 high bits of each lane as a multiple of 2⁻⁵³. */
// @ts-ignore: decorator
@inline function fraction(word: v128): v128 {
  const whole = i64x2.shr_u(word, 11);
  const high = f64x2.sub(v128.or(i64x2.shr_u(whole, 32), at(2)), at(3));
  return f64x2.mul(f64x2.add(high, v128.or(v128.and(whole, at(0)), at(1))), at(4));
}

/** 8 numbers from 4 blocks, for each of `count` groups. */
export function uniforms64(from: usize, count: i32, low: f64, range: f64, below: f64, to: usize): void {
  const base = f64x2.splat(low), width = f64x2.splat(range), most = f64x2.splat(below);
  const end = from + (<usize>count << 6);
  for (; from < end; from += 16) {
    const value = f64x2.add(f64x2.mul(fraction(v128.load(from)), width), base);
    v128.store(to, f64x2.pmin(value, most));
    to += 16;
  }
}

/** 16 numbers from 4 blocks, for each of `count` groups; every step in float32. */
export function uniforms32(from: usize, count: i32, low: f32, range: f32, below: f32, to: usize): void {
  const base = f32x4.splat(low), width = f32x4.splat(range), most = f32x4.splat(below);
  const end = from + (<usize>count << 6);
  for (; from < end; from += 16) {
    const u = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(from), 8)), at(5));
    v128.store(to, f32x4.pmin(f32x4.add(f32x4.mul(u, width), base), most));
    to += 16;
  }
}
