/**
 * Logarithms: x = 2^k·m with m in [√½, √2), f = m − 1, s = f/(2 + f), log m = f − (f²/2 − s·(f²/2 + R(s²))), with
 * R minimax of degree 8 in s² without constant (error 2^-61.5 of log m, scripts/minimax.py); log x adds k·ln 2 in two
 * parts, the first of which times k is exact. Near 1, k is 0 and f exact. log2 and log10 multiply log m, in two parts,
 * by a constant in two parts; log1p carries what 1 + x loses.
 * Special: all but the positive normal numbers; log1p: x ≤ −1, x ≥ 2^1000 and NaN.
 */
import { lanes, unary, unaryQuad, unaryThroughWide } from './block';
import { cubic, fastSumError, half, madd, one, signOf, sumError, two } from './double';

const BITS: usize = memory.data<u64>([
  0x8010000000000000, 0x8010000000000000, // 0: the least normal number, moved to the least integer
  0xffdfffffffffffff, 0xffdfffffffffffff, // 1: and the largest, moved as far
  0xfff6a09e667f3bcd, 0xfff6a09e667f3bcd, // 2: √½ with the exponent less by 1023, around the corner
  0x000fffffffffffff, 0x000fffffffffffff, // 3: the fraction
  0x4330000000000000, 0x4330000000000000, // 4: 2^52
  0x3fe6a09e667f3bcd, 0x3fe6a09e667f3bcd, // 5: √½
  0xfffffffff8000000, 0xfffffffff8000000, // 6: the upper 26 bits of a number
  2046, 2046, // 7: twice the exponents' bias
], 16);

const TABLE: usize = memory.data<f64>([
  4503599627371519.0, 4503599627371519.0, // 0: 2^52 + 1023
  0.6931471804855391, 0.6931471804855391, // 1: ln 2, the high 33 bits
  7.440617110012397e-11, 7.440617110012397e-11, // 2: ln 2, the rest
  0.6666666666666666, 0.6666666666666666, // 3: R: coefficients of s², s⁴ …
  0.4000000000000633, 0.4000000000000633,
  0.2857142856905849, 0.2857142856905849,
  0.22222222650943194, 0.22222222650943194,
  0.1818177533214981, 0.1818177533214981,
  0.15387105400162418, 0.15387105400162418,
  0.13249786491420312, 0.13249786491420312,
  0.13254357986650292, 0.13254357986650292, // 10
  1.4426950216293335, 1.4426950216293335, // 11: log2 e, the high 26 bits
  1.9259629911266175e-08, 1.9259629911266175e-08, // 12: log2 e, the rest
  0.4342944771051407, 0.4342944771051407, // 13: log10 e, the high 26 bits
  4.798111141615973e-09, 4.798111141615973e-09, // 14: log10 e, the rest
  0.30102999566361177, 0.30102999566361177, // 15: log10 2, the high 40 bits
  3.694239077158931e-13, 3.694239077158931e-13, // 16: log10 2, the rest
  1.0715086071862673e+301, 1.0715086071862673e+301, // 17: 2^1000
  -1.0, -1.0, // 18
], 16);

const QUADS: usize = memory.data<f32>([
  0.69311523, 0.69311523, 0.69311523, 0.69311523, // 0: ln 2, the high 14 bits
  3.1946183e-05, 3.1946183e-05, 3.1946183e-05, 3.1946183e-05, // 1: ln 2, the rest
  1.0, 1.0, 1.0, 1.0, // 2
  0.5, 0.5, 0.5, 0.5, // 3
  8.388735e+06, 8.388735e+06, 8.388735e+06, 8.388735e+06, // 4: 2^23 + 127
  0.3333331, 0.3333331, 0.3333331, 0.3333331, // 5: coefficients of f³, f⁴ …
  -0.24999987, -0.24999987, -0.24999987, -0.24999987, // 6
  0.20002227, 0.20002227, 0.20002227, 0.20002227, // 7
  -0.16669251, -0.16669251, -0.16669251, -0.16669251, // 8
  0.14218661, 0.14218661, 0.14218661, 0.14218661, // 9
  -0.123843506, -0.123843506, -0.123843506, -0.123843506, // 10
  0.11872957, 0.11872957, 0.11872957, 0.11872957, // 11
  -0.11789791, -0.11789791, -0.11789791, -0.11789791, // 12
  0.06915393, 0.06915393, 0.06915393, 0.06915393, // 13
], 16);

const QUAD_BITS: usize = memory.data<u32>([
  0x80800000, 0x80800000, 0x80800000, 0x80800000, // 0: the least normal number, moved to the least integer
  0xfeffffff, 0xfeffffff, 0xfeffffff, 0xfeffffff, // 1: and the largest, moved as far
  0xffb504f3, 0xffb504f3, 0xffb504f3, 0xffb504f3, // 2: √½ with the exponent less by 127
  0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff, // 3: the fraction
  0x3f3504f3, 0x3f3504f3, 0x3f3504f3, 0x3f3504f3, // 4: √½
  0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000, // 5: 2^23
], 16);

// @ts-ignore: decorator
@inline function quad(i: i32): v128 {
  return v128.load(QUADS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function quadBits(i: i32): v128 {
  return v128.load(QUAD_BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** R(z) of the header, z = s² ≤ 0.0295. */
// @ts-ignore: decorator
@inline export function logTail(z: v128): v128 {
  const w = f64x2.mul(z, z);
  const low = cubic(z, w, at(3), at(4), at(5), at(6)), high = cubic(z, w, at(7), at(8), at(9), at(10));
  return madd(f64x2.mul(f64x2.mul(w, w), z), high, f64x2.mul(z, low));
}

/** x's bits less √½'s and more 1023 exponents: the exponent field is k + 1023, the fraction that of m less √½'s. */
// @ts-ignore: decorator
@inline export function logParts(x: v128): v128 {
  return i64x2.sub(x, bits(2));
}

/** m of the header, from the parts. */
// @ts-ignore: decorator
@inline export function logMantissa(parts: v128): v128 {
  return i64x2.add(v128.and(parts, bits(3)), bits(5));
}

/** k as a number, from the parts. `shift` is 2^52 + 1023, and what is to be taken from k. */
// @ts-ignore: decorator
@inline function exponent(parts: v128, shift: v128): v128 {
  return f64x2.sub(v128.or(i64x2.shr_u(parts, 52), bits(4)), shift);
}

/** k as a number, from the parts. */
// @ts-ignore: decorator
@inline export function logExponent(parts: v128): v128 {
  return exponent(parts, at(0));
}

/** log of positive normal x; for `shift` see above. */
// @ts-ignore: decorator
@inline function natural(x: v128, shift: v128): v128 {
  const parts = logParts(x);
  const k = exponent(parts, shift), f = f64x2.sub(logMantissa(parts), one());
  const s = f64x2.div(f, f64x2.add(f, two()));
  const square = f64x2.mul(f64x2.mul(f, half()), f);
  const low = madd(s, f64x2.add(square, logTail(f64x2.mul(s, s))), f64x2.mul(k, at(2)));
  return f64x2.sub(f64x2.mul(k, at(1)), f64x2.sub(f64x2.sub(square, low), f));
}

/** log(u + c) of positive normal u < 2^1000 and |c| ≤ an ulp of u. */
// @ts-ignore: decorator
@inline export function logOfSum(u: v128, c: v128): v128 {
  const parts = logParts(u);
  const k = exponent(parts, at(0)), f0 = f64x2.sub(logMantissa(parts), one());
  const part = f64x2.mul(c, i64x2.shl(i64x2.sub(bits(7), i64x2.shr_u(parts, 52)), 52));
  const f = f64x2.add(f0, part), rest = fastSumError(f0, part, f);
  const s = f64x2.div(f, f64x2.add(f, two()));
  const square = f64x2.mul(f64x2.mul(f, half()), f);
  // the rest counts 1/(1 + f) times, about 1 − f
  const small = madd(k, at(2), f64x2.sub(rest, f64x2.mul(rest, f)));
  const low = madd(s, f64x2.add(square, logTail(f64x2.mul(s, s))), small);
  return f64x2.sub(f64x2.mul(k, at(1)), f64x2.sub(f64x2.sub(square, low), f));
}

/** log2 of positive normal x. */
// @ts-ignore: decorator
@inline function binaryLog(x: v128, shift: v128): v128 {
  const parts = logParts(x);
  const k = exponent(parts, shift), f = f64x2.sub(logMantissa(parts), one());
  const s = f64x2.div(f, f64x2.add(f, two()));
  const square = f64x2.mul(f64x2.mul(f, half()), f);
  const r = f64x2.mul(s, f64x2.add(square, logTail(f64x2.mul(s, s))));
  const high = v128.and(f64x2.sub(f, square), bits(6));
  const low = f64x2.add(f64x2.sub(f64x2.sub(f, high), square), r);
  const a = f64x2.mul(high, at(11));
  const b = madd(f64x2.add(low, high), at(12), f64x2.mul(low, at(11)));
  const y = f64x2.add(k, a);
  return f64x2.add(y, f64x2.add(fastSumError(k, a, y), b));
}

/** log10 of positive normal x. */
// @ts-ignore: decorator
@inline function decimalLog(x: v128, shift: v128): v128 {
  const parts = logParts(x);
  const k = exponent(parts, shift), f = f64x2.sub(logMantissa(parts), one());
  const s = f64x2.div(f, f64x2.add(f, two()));
  const square = f64x2.mul(f64x2.mul(f, half()), f);
  const r = f64x2.mul(s, f64x2.add(square, logTail(f64x2.mul(s, s))));
  const high = v128.and(f64x2.sub(f, square), bits(6));
  const low = f64x2.add(f64x2.sub(f64x2.sub(f, high), square), r);
  const a = f64x2.mul(high, at(13)), whole = f64x2.mul(k, at(15));
  const b = madd(f64x2.add(low, high), at(14), f64x2.mul(low, at(13)));
  const y = f64x2.add(whole, a);
  return f64x2.add(y, f64x2.add(fastSumError(whole, a, y), madd(k, at(16), b)));
}

// @ts-ignore: decorator
@inline function notPositiveNormal(x: v128): v128 {
  return i64x2.gt_s(i64x2.sub(x, bits(0)), bits(1));
}

/** What log makes of ±0, the negative, ∞ and NaN; `denormal` for what else there is. */
// @ts-ignore: decorator
@inline function extremes(x: v128, denormal: v128): v128 {
  const zero = f64x2.splat(0);
  let y = v128.bitselect(denormal, x, f64x2.lt(x, f64x2.splat(Infinity)));
  y = v128.bitselect(f64x2.splat(-Infinity), y, f64x2.eq(x, zero));
  return v128.bitselect(f64x2.splat(NaN), y, f64x2.lt(x, zero));
}

/** Denormals are multiplied by 2^54, and 54 is taken from k. */
// @ts-ignore: decorator
@inline function raised(x: v128): v128 {
  return f64x2.mul(x, f64x2.splat(18014398509481984));
}

// @ts-ignore: decorator
@inline function lowered(): v128 {
  return f64x2.add(at(0), f64x2.splat(54));
}

@final @unmanaged export class Log {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    return natural(x, at(0));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return notPositiveNormal(x);
  }

  careful(x: v128): v128 {
    return extremes(x, natural(raised(x), lowered()));
  }
}

/** log in four lanes of float32: f − f²/2 + f³·p(f), p of degree 8, without a division. */
@final @unmanaged class LogSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const parts = i32x4.sub(x, quadBits(2));
    const k = f32x4.sub(v128.or(i32x4.shr_u(parts, 23), quadBits(5)), quad(4));
    const f = f32x4.sub(i32x4.add(v128.and(parts, quadBits(3)), quadBits(4)), quad(2));
    const f2 = f32x4.mul(f, f), f4 = f32x4.mul(f2, f2);
    const a = pair(f, quad(5), quad(6)), b = pair(f, quad(7), quad(8));
    const c = pair(f, quad(9), quad(10)), d = pair(f, quad(11), quad(12));
    const high = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(quad(13), f2), d), f2), c);
    const p = f32x4.add(f32x4.mul(high, f4), f32x4.add(f32x4.mul(b, f2), a));
    const tail = f32x4.add(f32x4.mul(f32x4.mul(f, f2), p), f32x4.mul(k, quad(1)));
    const whole = f32x4.mul(k, quad(0)), y = f32x4.add(whole, f);
    const rest = f32x4.add(f32x4.sub(whole, y), f);
    return f32x4.add(y, f32x4.add(rest, f32x4.sub(tail, f32x4.mul(f2, quad(3)))));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i32x4.gt_s(i32x4.sub(x, quadBits(0)), quadBits(1));
  }
}

// @ts-ignore: decorator
@inline function pair(x: v128, c0: v128, c1: v128): v128 {
  return f32x4.add(f32x4.mul(c1, x), c0);
}

@final @unmanaged export class Log2 {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    return binaryLog(x, at(0));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return notPositiveNormal(x);
  }

  careful(x: v128): v128 {
    return extremes(x, binaryLog(raised(x), lowered()));
  }
}

@final @unmanaged export class Log10 {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    return decimalLog(x, at(0));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return notPositiveNormal(x);
  }

  careful(x: v128): v128 {
    return extremes(x, decimalLog(raised(x), lowered()));
  }
}

@final @unmanaged export class Log1p {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const u = f64x2.add(x, one());
    return v128.or(logOfSum(u, sumError(x, one(), u)), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return v128.not(v128.and(f64x2.gt(x, at(18)), f64x2.lt(x, at(17))));
  }

  careful(x: v128): v128 {
    const y = extremes(f64x2.add(x, one()), f64x2.splat(0));
    return v128.bitselect(natural(x, at(0)), y, v128.and(f64x2.gt(x, one()), f64x2.lt(x, f64x2.splat(Infinity))));
  }
}

/** log(x) + ln 2 for positive normal x. */
// @ts-ignore: decorator
@inline export function logOfTwice(x: v128): v128 {
  return natural(x, f64x2.sub(at(0), one()));
}

/** log in two float64 lanes, within 1 ulp. */
// @ts-ignore: decorator
@inline export function logV(x: v128): v128 {
  return lanes<Log>(x);
}

/** out[i] = log(x[i]), within 1 ulp; −∞ for ±0, NaN for the negative. */
export function logF64(out: usize, x: usize, n: i32): void {
  unary<Log>(out, x, n);
}

/** out[i] = log(x[i]), float32 within 1 ulp. */
export function logF32(out: usize, x: usize, n: i32): void {
  unaryQuad<LogSingle, Log>(out, x, n);
}

/** out[i] = log2(x[i]), within 1 ulp, exact for powers of two. */
export function log2F64(out: usize, x: usize, n: i32): void {
  unary<Log2>(out, x, n);
}

/** out[i] = log2(x[i]), float32 within 1 ulp. */
export function log2F32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Log2>(out, x, n);
}

/** out[i] = log10(x[i]), within 1 ulp, exact for powers of ten. */
export function log10F64(out: usize, x: usize, n: i32): void {
  unary<Log10>(out, x, n);
}

/** out[i] = log10(x[i]), float32 within 1 ulp. */
export function log10F32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Log10>(out, x, n);
}

/** out[i] = log(1 + x[i]), within 1 ulp also near 0. */
export function log1pF64(out: usize, x: usize, n: i32): void {
  unary<Log1p>(out, x, n);
}

/** out[i] = log(1 + x[i]), float32 within 1 ulp. */
export function log1pF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Log1p>(out, x, n);
}
