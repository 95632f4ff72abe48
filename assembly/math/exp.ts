/**
 * e^x, 2^x and e^x − 1. e^x by Cody and Waite: x = n·ln 2 + r with |r| ≤ ln 2 / 2, e^r by a minimax polynomial of
 * degree 12 (error 2^-60, scripts/minimax.py), 2ⁿ by adding n to the exponent. The constants lie doubled in a table
 * because a splat in a loop costs a fifth of the speed.
 * Special: NaN and |x| ≥ 708 (2^x: 1022), where 2ⁿ is no normal number.
 */
import { lanes, unary, unaryQuad, unaryThroughWide } from './block';
import { cubic, fastSumError, madd, signOf } from './double';

const TABLE: usize = memory.data<f64>([
  1.4426950408889634, 1.4426950408889634, // 0: 1 / ln 2
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52; adding it rounds to the nearest integer, in the low bits
  0.6931471804855391, 0.6931471804855391, // 2: ln 2, the high 33 bits
  7.440617110012397e-11, 7.440617110012397e-11, // 3: ln 2, the rest
  1.0, 1.0, // 4
  0.5, 0.5, // 5
  0.1666666666666668, 0.1666666666666668, // 6: e^r: coefficients of r³, r⁴ …
  0.04166666666666641, 0.04166666666666641,
  0.00833333333331853, 0.00833333333331853,
  0.0013888888889033197, 0.0013888888889033197,
  0.00019841269893337415, 0.00019841269893337415,
  2.4801587025729328e-05, 2.4801587025729328e-05,
  2.7557237456765284e-06, 2.7557237456765284e-06,
  2.7557526001661296e-07, 2.7557526001661296e-07,
  2.5111246084321794e-08, 2.5111246084321794e-08,
  2.0838536689540032e-09, 2.0838536689540032e-09, // 15
  708.0, 708.0, // 16: below this |x| the result is a normal number
  0.6931471805599453, 0.6931471805599453, // 17: ln 2
  0.24022650695910072, 0.24022650695910072, // 18: 2^r: coefficients of r², r³ …
  0.05550410866482164, 0.05550410866482164,
  0.009618129107628345, 0.009618129107628345,
  0.0013333558146402381, 0.0013333558146402381,
  0.00015403530393632954, 0.00015403530393632954,
  1.5252733846406596e-05, 1.5252733846406596e-05,
  1.321548659040499e-06, 1.321548659040499e-06,
  1.017805486116492e-07, 1.017805486116492e-07,
  7.0549788510966e-09, 7.0549788510966e-09,
  4.456170910878625e-10, 4.456170910878625e-10,
  2.561675941542212e-11, 2.561675941542212e-11, // 28
  1022.0, 1022.0, // 29
  0.16666666666666663, 0.16666666666666663, // 30: e^r − 1: coefficients of r³, r⁴ …
  0.041666666666667476, 0.041666666666667476,
  0.008333333333337817, 0.008333333333337817,
  0.0013888888888186268, 0.0013888888888186268,
  0.00019841269828047595, 0.00019841269828047595,
  2.480158939965392e-05, 2.480158939965392e-05,
  2.7557324873884323e-06, 2.7557324873884323e-06,
  2.755468999018462e-07, 2.755468999018462e-07,
  2.507073183701156e-08, 2.507073183701156e-08,
  2.2070214328627344e-09, 2.2070214328627344e-09, // 39
  6755399441056767.0, 6755399441056767.0, // 40: 1.5 · 2^52 + 1023
  -0.08496250072115619, -0.08496250072115619, // 41
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

const QUADS: usize = memory.data<f32>([
  1.442695, 1.442695, 1.442695, 1.442695, // 0: 1 / ln 2
  1.2582912e+07, 1.2582912e+07, 1.2582912e+07, 1.2582912e+07, // 1: 1.5 · 2^23
  0.69311523, 0.69311523, 0.69311523, 0.69311523, // 2: ln 2, the high 14 bits
  3.1946183e-05, 3.1946183e-05, 3.1946183e-05, 3.1946183e-05, // 3: ln 2, the rest
  0.5, 0.5, 0.5, 0.5, // 4
  0.16666535, 0.16666535, 0.16666535, 0.16666535, // 5: coefficients of r³, r⁴ …
  0.041667238, 0.041667238, 0.041667238, 0.041667238, // 6
  0.008367482, 0.008367482, 0.008367482, 0.008367482, // 7
  0.0013863769, 0.0013863769, 0.0013863769, 0.0013863769, // 8
  1.0, 1.0, 1.0, 1.0, // 9
  87.0, 87.0, 87.0, 87.0, // 10: below this |x| the result is a normal number
], 16);

// @ts-ignore: decorator
@inline function quad(i: i32): v128 {
  return v128.load(QUADS + (<usize>i << 4));
}

/** e^r from the shifted quotient t, for |x| within the reduction's range. */
// @ts-ignore: decorator
@inline function reduced(x: v128, t: v128): v128 {
  const n = f64x2.sub(t, at(1));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const q0 = cubic(r, r2, at(5), at(6), at(7), at(8)), q1 = cubic(r, r2, at(9), at(10), at(11), at(12));
  const q2 = madd(at(15), r2, madd(at(14), r, at(13)));
  const p = madd(madd(q2, r4, q1), r4, q0);
  return f64x2.add(madd(p, r2, r), at(4));
}

/** y·2ⁿ for the shifted t = n + 1.5 · 2^52, −1080 < n < 1030: in two factors, so that results underflow gradually. */
// @ts-ignore: decorator
@inline export function scaled(y: v128, t: v128): v128 {
  // n fits in the low 32 bits of each lane
  const half = i32x4.shr_s(t, 1), rest = i32x4.sub(t, half);
  const low = i64x2.shl(i64x2.add(half, i64x2.splat(1023)), 52);
  const high = i64x2.shl(i64x2.add(rest, i64x2.splat(1023)), 52);
  return f64x2.mul(f64x2.mul(y, low), high);
}

@final @unmanaged export class Exp {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const t = madd(x, at(0), at(1));
    return i64x2.add(reduced(x, t), i64x2.shl(t, 52));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(16));
  }

  /** The whole range: underflows gradually and overflows to infinity; NaN stays. */
  careful(x: v128): v128 {
    const clamped = f64x2.pmax(f64x2.splat(-746), f64x2.pmin(f64x2.splat(710), x));
    const t = madd(clamped, at(0), at(1));
    return v128.bitselect(scaled(reduced(clamped, t), t), x, f64x2.eq(x, x));
  }
}

/** The same in four lanes of float32: degree 6, error 2^-28. */
@final @unmanaged class ExpSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const t = f32x4.add(f32x4.mul(x, quad(0)), quad(1)), n = f32x4.sub(t, quad(1));
    const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, quad(2))), f32x4.mul(n, quad(3)));
    const r2 = f32x4.mul(r, r);
    const low = f32x4.add(f32x4.mul(quad(5), r), quad(4)), high = f32x4.add(f32x4.mul(quad(7), r), quad(6));
    const p = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(quad(8), r2), high), r2), low);
    const y = f32x4.add(r, quad(9)), rest = f32x4.add(f32x4.sub(quad(9), y), r);
    return i32x4.add(f32x4.add(y, f32x4.add(f32x4.mul(p, r2), rest)), i32x4.shl(t, 23));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i32x4.gt_s(f32x4.abs(x), quad(10));
  }
}

/** 2^r with r exact. The sum 1 + r·ln 2 keeps its error: with the product's it would be too much. */
// @ts-ignore: decorator
@inline function reduced2(r: v128): v128 {
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const q0 = cubic(r, r2, at(18), at(19), at(20), at(21)), q1 = cubic(r, r2, at(22), at(23), at(24), at(25));
  const q2 = madd(at(28), r2, madd(at(27), r, at(26)));
  const p = madd(madd(q2, r4, q1), r4, q0);
  const a = f64x2.mul(r, at(17)), y = f64x2.add(a, at(4));
  return f64x2.add(y, madd(p, r2, fastSumError(at(4), a, y)));
}

@final @unmanaged export class Exp2 {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const t = f64x2.add(x, at(1));
    return i64x2.add(reduced2(f64x2.sub(x, f64x2.sub(t, at(1)))), i64x2.shl(t, 52));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(29));
  }

  careful(x: v128): v128 {
    const clamped = f64x2.pmax(f64x2.splat(-1076), f64x2.pmin(f64x2.splat(1025), x));
    const t = f64x2.add(clamped, at(1));
    const y = scaled(reduced2(f64x2.sub(clamped, f64x2.sub(t, at(1)))), t);
    return v128.bitselect(y, x, f64x2.eq(x, x));
  }
}

/**
 * e^x − 1 = (2ⁿ − 1) + 2ⁿ·r + 2ⁿ·(e^r − 1 − r): the first sum with its error, the last small. With n = 0 it is the
 * polynomial, whose error is relative to r. n is the integer nearest to x/ln 2 − 0.085, so that it changes where the
 * result passes −1/4 and 1/2: with a change at ±ln 2 / 2 the result was up to 1.01 ulp off.
 */
@final @unmanaged export class Expm1 {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const n = f64x2.sub(f64x2.add(madd(x, at(0), at(41)), at(1)), at(1));
    const r0 = f64x2.sub(x, f64x2.mul(n, at(2))), low = f64x2.mul(n, at(3));
    const r = f64x2.sub(r0, low);
    const rest = f64x2.sub(f64x2.sub(r0, r), low);
    const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
    const q0 = cubic(r, r2, at(30), at(31), at(32), at(33)), q1 = cubic(r, r2, at(34), at(35), at(36), at(37));
    const q = madd(madd(madd(at(39), r, at(38)), r4, q1), r4, q0);
    // the largest term last
    const p = madd(at(5), r2, madd(f64x2.mul(q, r), r2, rest));
    const scale = i64x2.shl(f64x2.add(n, at(40)), 52);
    const less = f64x2.sub(scale, at(4)), part = f64x2.mul(scale, r);
    // |2ⁿ − 1| ≥ 1/2 > |2ⁿ·r| for n < 0, and ≥ for n > 0
    const y = f64x2.add(less, part);
    return v128.or(f64x2.add(y, f64x2.add(fastSumError(less, part, y), f64x2.mul(scale, p))), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(16));
  }

  /** −1, or e^x where the 1 is long lost. */
  careful(x: v128): v128 {
    return v128.bitselect(f64x2.splat(-1), changetype<Exp>(0).careful(x), f64x2.lt(x, f64x2.splat(0)));
  }
}

/** e^x in two float64 lanes, within 1 ulp. */
// @ts-ignore: decorator
@inline export function expV(x: v128): v128 {
  return lanes<Exp>(x);
}

/** out[i] = e^x[i], within 1 ulp. */
export function expF64(out: usize, x: usize, n: i32): void {
  unary<Exp>(out, x, n);
}

/** out[i] = e^x[i], float32 within 1 ulp. */
export function expF32(out: usize, x: usize, n: i32): void {
  unaryQuad<ExpSingle, Exp>(out, x, n);
}

/** out[i] = 2^x[i], within 1 ulp; exact for integers. */
export function exp2F64(out: usize, x: usize, n: i32): void {
  unary<Exp2>(out, x, n);
}

/** out[i] = 2^x[i], float32 within 1 ulp. */
export function exp2F32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Exp2>(out, x, n);
}

/** out[i] = e^x[i] − 1, within 1 ulp also near 0. */
export function expm1F64(out: usize, x: usize, n: i32): void {
  unary<Expm1>(out, x, n);
}

/** out[i] = e^x[i] − 1, float32 within 1 ulp. */
export function expm1F32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Expm1>(out, x, n);
}
