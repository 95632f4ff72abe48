/**
 * e^x by Cody and Waite: x = n·ln 2 + r with |r| ≤ ln 2 / 2, e^r by a minimax polynomial of degree 12 (error 2^-60,
 * scripts/minimax.py), 2ⁿ by adding n to the exponent. The constants lie doubled in a table because a splat in a loop
 * costs a fifth of the speed. No fused multiply-add, even where there is one: both builds give the same bits.
 * Special: NaN and |x| ≥ 708, where 2ⁿ is no normal number.
 */
import { lanes, unary, unaryThroughWide } from './block';

const TABLE: usize = memory.data<f64>([
  1.4426950408889634, 1.4426950408889634, // 0: 1 / ln 2
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52; adding it rounds to the nearest integer, in the low bits
  0.6931471803691238, 0.6931471803691238, // 2: ln 2, the high 33 bits
  1.9082149292705877e-10, 1.9082149292705877e-10, // 3: ln 2, the rest
  1.0, 1.0, // 4
  0.5, 0.5, // 5: coefficients of r², r³ …
  0.1666666666666668, 0.1666666666666668,
  0.04166666666666641, 0.04166666666666641,
  0.00833333333331853, 0.00833333333331853,
  0.0013888888889033197, 0.0013888888889033197,
  0.00019841269893337415, 0.00019841269893337415, // 10
  2.4801587025729328e-05, 2.4801587025729328e-05,
  2.7557237456765284e-06, 2.7557237456765284e-06,
  2.7557526001661296e-07, 2.7557526001661296e-07,
  2.5111246084321794e-08, 2.5111246084321794e-08,
  2.0838536689540032e-09, 2.0838536689540032e-09, // 15
  708.0, 708.0, // 16
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** e^r from the shifted quotient t, for |x| within the reduction's range. */
// @ts-ignore: decorator
@inline function reduced(x: v128, t: v128): v128 {
  const n = f64x2.sub(t, at(1));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const q0 = madd(madd(at(8), r, at(7)), r2, madd(at(6), r, at(5)));
  const q1 = madd(madd(at(12), r, at(11)), r2, madd(at(10), r, at(9)));
  const q2 = madd(at(15), r2, madd(at(14), r, at(13)));
  const p = madd(madd(q2, r4, q1), r4, q0);
  return f64x2.add(madd(p, r2, r), at(4));
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

  /** The whole range: 2ⁿ in two factors, so that results underflow gradually and overflow to infinity; NaN stays. */
  careful(x: v128): v128 {
    const clamped = f64x2.pmax(f64x2.splat(-746), f64x2.pmin(f64x2.splat(710), x));
    const t = madd(clamped, at(0), at(1));
    const y = reduced(clamped, t);
    // n fits in the low 32 bits of each lane
    const half = i32x4.shr_s(t, 1), rest = i32x4.sub(t, half);
    const low = i64x2.shl(i64x2.add(half, i64x2.splat(1023)), 52);
    const high = i64x2.shl(i64x2.add(rest, i64x2.splat(1023)), 52);
    return v128.bitselect(f64x2.mul(f64x2.mul(y, low), high), x, f64x2.eq(x, x));
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
  unaryThroughWide<Exp>(out, x, n);
}
