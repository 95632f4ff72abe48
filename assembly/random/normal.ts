/**
 * Normal numbers by Box and Muller (Ann. Math. Stat. 29, 1958): r = √(−2 ln u) and an angle give r·cos and r·sin, two
 * numbers for one block (float64) or half a block (float32), always as many, so that number i needs no other. u is an
 * odd multiple of 2⁻⁵³ (2⁻³³ in float32), never 0 or 1: the tails reach 8.57 (6.76) deviations.
 *
 * The angle's bits are used as they are: sign of the cosine, sign of the sine, which of the two is the larger, and the
 * place within an eighth of a turn, where short polynomials do. The polynomials are minimax fits; no step is fused,
 * so both builds and plain JavaScript give the same bits. Against exact values of the same bits: ≤ 5 ulp.
 */

const TABLE: usize = memory.data<f64>([
  1.0, 1.0, // 0
  0.9999999999999999, 0.9999999999999999, // 1: 1 − 2⁻⁵³
  0.6931471805599453, 0.6931471805599453, // 2: ln 2
  4503599627371519.0, 4503599627371519.0, // 3: 2⁵² + 1023
  2.0, 2.0, // 4
  // (ln((1 + s)/(1 − s)) − 2s)/s³ in s² up to (√2 − 1)²/(√2 + 1)²
  0.666666666666667, 0.666666666666667, // 5
  0.39999999999899444, 0.39999999999899444,
  0.2857142862600327, 0.2857142862600327,
  0.22222211130259878, 0.22222211130259878,
  0.18182889455674947, 0.18182889455674947,
  0.15331710618210773, 0.15331710618210773, // 10
  0.14616585424888623, 0.14616585424888623,
  // sin(πf/4)/f in f² up to 1
  0.7853981633974483, 0.7853981633974483, // 12
  -0.08074551218828077, -0.08074551218828077,
  0.0024903945701920073, 0.0024903945701920073,
  -3.6576204173860995e-05, -3.6576204173860995e-05, // 15
  3.133616535431528e-07, 3.133616535431528e-07,
  -1.7571791752800344e-09, -1.7571791752800344e-09,
  6.8874821400921975e-12, 6.8874821400921975e-12,
  // (cos(πf/4) − 1)/f² in f² up to 1
  -0.30842513753404244, -0.30842513753404244, // 19
  0.015854344243815488, 0.015854344243815488, // 20
  -0.0003259918869271996, -0.0003259918869271996,
  3.590860447448612e-06, 3.590860447448612e-06,
  -2.4611366238309744e-08, -2.4611366238309744e-08,
  1.1500679700940496e-10, 1.1500679700940496e-10,
  -3.863156948832656e-13, -3.863156948832656e-13, // 25
  4503599627370495.5, 4503599627370495.5, // 26: 2⁵² − ½
  2.3283064365386962890625e-10, 2.3283064365386962890625e-10, // 27: 2⁻³²
  -2.0, -2.0, // 28
], 16);

/** Bit patterns. */
const BITS: usize = memory.data<u64>([
  0x3ff0000000000000, 0x3ff0000000000000, // 0: of 1
  0x00095f619980c433, 0x00095f619980c433, // 1: of 1, less those of √½
  0x3fe6a09e667f3bcd, 0x3fe6a09e667f3bcd, // 2: of √½
  0x000fffffffffffff, 0x000fffffffffffff, // 3: the fraction
  0x4330000000000000, 0x4330000000000000, // 4: of 2⁵²
  0x8000000000000000, 0x8000000000000000, // 5: the sign
  0x00000000ffffffff, 0x00000000ffffffff, // 6
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** √(−2 ln u) for 0 < u < 1. */
// @ts-ignore: decorator
@inline function radius(u: v128): v128 {
  // u = 2ᵏ·m with √½ ≤ m < √2; s = (m − 1)/(m + 1)
  const t = i64x2.add(u, bits(1));
  const k = f64x2.sub(v128.or(i64x2.shr_u(t, 52), bits(4)), at(3));
  const m = i64x2.add(v128.and(t, bits(3)), bits(2));
  const s = f64x2.div(f64x2.sub(m, at(0)), f64x2.add(m, at(0)));
  const z = f64x2.mul(s, s), z2 = f64x2.mul(z, z);
  const even = madd(madd(madd(at(11), z2, at(9)), z2, at(7)), z2, at(5));
  const odd = madd(madd(at(10), z2, at(8)), z2, at(6));
  const log = madd(s, madd(madd(odd, z, even), z, at(4)), f64x2.mul(k, at(2)));
  return f64x2.sqrt(f64x2.mul(log, at(28)));
}

// @ts-ignore: decorator
@inline function sine(f: v128): v128 {
  const z = f64x2.mul(f, f), z2 = f64x2.mul(z, z);
  const even = madd(madd(madd(at(18), z2, at(16)), z2, at(14)), z2, at(12));
  const odd = madd(madd(at(17), z2, at(15)), z2, at(13));
  return f64x2.mul(madd(odd, z, even), f);
}

// @ts-ignore: decorator
@inline function cosine(f: v128): v128 {
  const z = f64x2.mul(f, f), z2 = f64x2.mul(z, z);
  const even = madd(madd(madd(at(25), z2, at(23)), z2, at(21)), z2, at(19));
  const odd = madd(madd(at(24), z2, at(22)), z2, at(20));
  return madd(madd(odd, z, even), z, at(0));
}

/** 52 bits in the low part of each lane as (bits + ½)·2⁻⁵². */
// @ts-ignore: decorator
@inline function fraction(low: v128): v128 {
  return f64x2.sub(v128.or(low, bits(0)), at(1));
}

/** Whether the larger coordinate is the sine: the third bit of the angle. */
// @ts-ignore: decorator
@inline function isSteep(angle: v128): v128 {
  return i64x2.lt_s(i64x2.shl(angle, 2), i64x2.splat(0));
}

/** 8 numbers from 4 blocks, for each of `count` groups. */
export function normals64(from: usize, count: i32, loc: f64, scale: f64, to: usize): void {
  const shift = f64x2.splat(loc), spread = f64x2.splat(scale);
  const end = from + (<usize>count << 6);
  for (; from < end; from += 32) {
    const x = v128.load(from), y = v128.load(from, 16);
    const angle = v128.shuffle<i64>(x, y, 1, 3);
    const r = radius(fraction(i64x2.shr_u(v128.shuffle<i64>(x, y, 0, 2), 12)));
    const f = fraction(i64x2.shr_u(i64x2.shl(angle, 3), 12));
    const c = cosine(f), s = sine(f), steep = isSteep(angle);
    const p = v128.xor(v128.bitselect(s, c, steep), v128.and(angle, bits(5)));
    const q = v128.xor(v128.bitselect(c, s, steep), v128.and(i64x2.shl(angle, 1), bits(5)));
    const first = madd(f64x2.mul(r, p), spread, shift), second = madd(f64x2.mul(r, q), spread, shift);
    v128.store(to, v128.shuffle<i64>(first, second, 0, 2));
    v128.store(to, v128.shuffle<i64>(first, second, 1, 3), 16);
    to += 32;
  }
}

/** 16 numbers from 4 blocks, for each of `count` groups; computed in float64 and rounded once. */
export function normals32(from: usize, count: i32, loc: f64, scale: f64, to: usize): void {
  const shift = f64x2.splat(loc), spread = f64x2.splat(scale);
  const end = from + (<usize>count << 6);
  for (; from < end; from += 16) {
    const x = v128.load(from);
    // (word + ½)·2⁻³²
    const u = f64x2.mul(f64x2.sub(v128.or(v128.and(x, bits(6)), bits(4)), at(26)), at(27));
    const r = radius(u);
    const f = fraction(i64x2.shl(i64x2.shr_u(i64x2.shl(x, 3), 35), 23));
    const c = cosine(f), s = sine(f), steep = isSteep(x);
    const p = v128.xor(v128.bitselect(s, c, steep), v128.and(x, bits(5)));
    const q = v128.xor(v128.bitselect(c, s, steep), v128.and(i64x2.shl(x, 1), bits(5)));
    const first = f32x4.demote_f64x2_zero(madd(f64x2.mul(r, p), spread, shift));
    const second = f32x4.demote_f64x2_zero(madd(f64x2.mul(r, q), spread, shift));
    v128.store(to, v128.shuffle<i32>(first, second, 0, 4, 1, 5));
    to += 16;
  }
}
