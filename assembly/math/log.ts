/**
 * Natural logarithm: x = 2^k·m with m in [√½, √2), f = m − 1, s = f/(2 + f), log m = f − (f²/2 − s·(f²/2 + R(s²))),
 * with R minimax of degree 8 in s² without constant (error 2^-61.5 of log m, scripts/minimax.py); log x adds k·ln 2 in
 * two parts, the first of which times k is exact. Near 1, k is 0 and f exact.
 * Special: all but the positive normal numbers.
 */
import { lanes, unary, unaryThroughWide } from './block';

const TABLE: usize = memory.data<u64>([
  0x0010000000000000, 0x0010000000000000, // 0: the least normal number
  0x7fefffffffffffff, 0x7fefffffffffffff, // 1: and the largest
  0xfff6a09e667f3bcd, 0xfff6a09e667f3bcd, // 2: √½ with the exponent less by 1023, around the corner
  0x000fffffffffffff, 0x000fffffffffffff, // 3: the fraction
  0x4330000000000000, 0x4330000000000000, // 4: 2^52
  0x3fe6a09e667f3bcd, 0x3fe6a09e667f3bcd, // 5: √½
], 16);

const NUMBERS: usize = memory.data<f64>([
  1.0, 1.0, // 0
  2.0, 2.0,
  0.5, 0.5, // 2
  4503599627371519.0, 4503599627371519.0, // 3: 2^52 + 1023
  0.6931471803691238, 0.6931471803691238, // 4: ln 2, the high 33 bits
  1.9082149292705877e-10, 1.9082149292705877e-10, // 5: ln 2, the rest
  0.6666666666666666, 0.6666666666666666, // 6: coefficients of s², s⁴ …
  0.4000000000000633, 0.4000000000000633,
  0.2857142856905849, 0.2857142856905849,
  0.22222222650943194, 0.22222222650943194,
  0.1818177533214981, 0.1818177533214981,
  0.15387105400162418, 0.15387105400162418,
  0.13249786491420312, 0.13249786491420312,
  0.13254357986650292, 0.13254357986650292,
], 16);

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(NUMBERS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** R(s²) of the header. */
// @ts-ignore: decorator
@inline export function logTail(z: v128): v128 {
  const w = f64x2.mul(z, z);
  const low = madd(w, madd(z, at(9), at(8)), madd(z, at(7), at(6)));
  const high = madd(w, madd(z, at(13), at(12)), madd(z, at(11), at(10)));
  return f64x2.mul(z, madd(f64x2.mul(w, w), high, low));
}

/** log of positive normal x; `shift` is 2^52 + 1023, and what is to be taken from the exponent. */
// @ts-ignore: decorator
@inline function logarithm(x: v128, shift: v128): v128 {
  // the distance from √½·2^-1023 in bits: its exponent field is k + 1023, its fraction that of m less √½'s
  const t = i64x2.sub(x, bits(2));
  const m = i64x2.add(v128.and(t, bits(3)), bits(5));
  // k as a number: put into the low bits of 2^52
  const k = f64x2.sub(v128.or(i64x2.shr_u(t, 52), bits(4)), shift);
  const f = f64x2.sub(m, at(0));
  const s = f64x2.div(f, f64x2.add(f, at(1)));
  const half = f64x2.mul(f64x2.mul(f, at(2)), f);
  const r = logTail(f64x2.mul(s, s));
  const low = madd(s, f64x2.add(half, r), f64x2.mul(k, at(5)));
  return f64x2.sub(f64x2.mul(k, at(4)), f64x2.sub(f64x2.sub(half, low), f));
}

@final @unmanaged export class Log {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    return logarithm(x, at(3));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return v128.or(i64x2.lt_s(x, bits(0)), i64x2.gt_s(x, bits(1)));
  }

  /** Denormals times 2^54; −∞ for ±0, NaN for the negative, ∞ and NaN stay. */
  careful(x: v128): v128 {
    const scaled = f64x2.mul(x, f64x2.splat(18014398509481984));
    const denormal = logarithm(scaled, f64x2.add(at(3), f64x2.splat(54)));
    const zero = f64x2.eq(x, f64x2.splat(0));
    const below = f64x2.lt(x, f64x2.splat(0));
    let y = v128.bitselect(x, denormal, v128.or(f64x2.eq(x, f64x2.splat(Infinity)), f64x2.ne(x, x)));
    y = v128.bitselect(f64x2.splat(-Infinity), y, zero);
    return v128.bitselect(f64x2.splat(NaN), y, below);
  }
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
  unaryThroughWide<Log>(out, x, n);
}
