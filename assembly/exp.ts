/**
 * exp and tanh on two float64 lanes. exp by Cody and Waite: x = n·ln 2 + r with |r| ≤ ln 2 / 2, e^r by a polynomial of
 * degree 12 (minimax, ≤ 1 ulp together with the reduction), 2ⁿ by adding n to the exponent; the constants lie doubled
 * in a table because a splat in a loop costs a fifth of the speed. tanh by its continued fraction near zero, else from
 * exp.
 */
const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;

const TABLE: usize = memory.data<f64>([
  1.4426950408889634, 1.4426950408889634, // 0: 1 / ln 2
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52; adding it rounds to the nearest integer, in the low bits
  -6.93147180369123816490e-01, -6.93147180369123816490e-01, // 2: −ln 2, the high 33 bits
  -1.90821492927058770002e-10, -1.90821492927058770002e-10, // 3: −ln 2, the rest
  1.0, 1.0, // 4
  0.5, 0.5, // 5: coefficients of r², r³ …
  0.1666666666666667, 0.1666666666666667,
  0.04166666666666667, 0.04166666666666667,
  0.008333333333326112, 0.008333333333326112,
  0.0013888888888883603, 0.0013888888888883603,
  0.0001984126987490126, 0.0001984126987490126, // 10
  2.48015873258508e-05, 2.48015873258508e-05,
  2.7557255297969643e-06, 2.7557255297969643e-06,
  2.755727336593387e-07, 2.755727336593387e-07,
  2.5105259538448494e-08, 2.5105259538448494e-08,
  2.091477909078872e-09, 2.091477909078872e-09, // 15
  708.0, 708.0, // 16: below this |x| the result is a normal number
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(c, f64x2.mul(a, b));
}

/** e^r from the shifted quotient t, for |x| within the reduction's range. */
// @ts-ignore: decorator
@inline function reduced(x: v128, t: v128): v128 {
  const n = f64x2.sub(t, at(1));
  let r = madd(n, at(2), x);
  r = madd(n, at(3), r);
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const q0 = madd(madd(at(8), r, at(7)), r2, madd(at(6), r, at(5)));
  const q1 = madd(madd(at(12), r, at(11)), r2, madd(at(10), r, at(9)));
  const q2 = madd(at(15), r2, madd(at(14), r, at(13)));
  const p = madd(madd(q2, r4, q1), r4, q0);
  return f64x2.add(madd(p, r2, r), at(4));
}

/** The whole range: 2ⁿ in two factors, so that results underflow gradually and overflow to infinity; NaN stays. */
function careful(x: v128): v128 {
  const clamped = f64x2.pmax(f64x2.splat(-746), f64x2.pmin(f64x2.splat(710), x));
  const t = madd(clamped, at(0), at(1));
  const y = reduced(clamped, t);
  // n fits in the low 32 bits of each lane
  const half = i32x4.shr_s(t, 1), rest = i32x4.sub(t, half);
  const low = i64x2.shl(i64x2.add(half, i64x2.splat(1023)), 52);
  const high = i64x2.shl(i64x2.add(rest, i64x2.splat(1023)), 52);
  return v128.bitselect(f64x2.mul(f64x2.mul(y, low), high), x, f64x2.eq(x, x));
}

/** e^x in each lane, within 1 ulp. */
// @ts-ignore: decorator
@inline export function exp2lanes(x: v128): v128 {
  if (i64x2.all_true(f64x2.lt(f64x2.abs(x), at(16)))) {
    const t = madd(x, at(0), at(1));
    return i64x2.add(reduced(x, t), i64x2.shl(t, 52));
  }
  return careful(x);
}

/** tanh in each lane, within 3 ulp. */
// @ts-ignore: decorator
@inline export function tanh2lanes(x: v128): v128 {
  // x / (1 + x²/(3 + x²/(5 + …))) to eight levels: relative error 1.2e-17 up to 0.65
  const z = f64x2.mul(x, x);
  let p = madd(z, f64x2.splat(36), f64x2.splat(6930));
  p = madd(z, p, f64x2.splat(270270));
  p = madd(z, p, f64x2.splat(2027025));
  let q = f64x2.add(z, f64x2.splat(630));
  q = madd(z, q, f64x2.splat(51975));
  q = madd(z, q, f64x2.splat(945945));
  q = madd(z, q, f64x2.splat(2027025));
  const near = f64x2.mul(x, f64x2.div(p, q));
  const size = f64x2.abs(x);
  const isNear = f64x2.lt(size, f64x2.splat(0.65));
  if (i64x2.all_true(isNear)) return near;
  // 1 − 2/(e^{2|x|} + 1), with the sign of x
  const e = exp2lanes(f64x2.add(size, size));
  const far = f64x2.sub(f64x2.splat(1), f64x2.div(f64x2.splat(2), f64x2.add(e, f64x2.splat(1))));
  const signed = v128.or(far, v128.and(x, f64x2.splat(-0.0)));
  return v128.bitselect(near, signed, isNear);
}
