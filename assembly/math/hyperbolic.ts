/**
 * sinh, cosh and tanh. With x = n·ln 2 + r, a = 2ⁿ, b = 2⁻ⁿ: 2·sinh x = (a − b)·cosh r + (a + b)·sinh r and
 * 2·cosh x = (a + b)·cosh r + (a − b)·sinh r; the sums are added with their errors, and with n = 0 the polynomials
 * alone are left. tanh near 0 by a polynomial, else 1 − 2/(e^2|x| + 1) with the quotient in two parts. Minimax
 * polynomials: scripts/minimax.py, errors 2^-60 and less.
 * Special: NaN and |x| ≥ 708 for sinh and cosh, where 2ⁿ is no normal number.
 */
import { lanes, unary, unaryThroughWide } from './block';
import { cubic, fastSumError, half, madd, one, signOf, two } from './double';

const BITS: usize = memory.data<u64>([
  0xfffffffff8000000, 0xfffffffff8000000, // 0: the upper 26 bits of a number
], 16);

const TABLE: usize = memory.data<f64>([
  1.4426950408889634, 1.4426950408889634, // 0: 1 / ln 2
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52
  0.6931471804855391, 0.6931471804855391, // 2: ln 2, the high 33 bits
  7.440617110012397e-11, 7.440617110012397e-11, // 3: ln 2, the rest
  6755399441056767.0, 6755399441056767.0, // 4: 1.5 · 2^52 + 1023
  0.16666666666666677, 0.16666666666666677, // 5: sinh r: coefficients of r³, r⁵ …
  0.008333333333321615, 0.008333333333321615,
  0.0001984126988615992, 0.0001984126988615992,
  2.7557244180408448e-06, 2.7557244180408448e-06,
  2.5109045442971905e-08, 2.5109045442971905e-08, // 9
  0.041666666666666685, 0.041666666666666685, // 10: cosh r: coefficients of r⁴, r⁶ …
  0.0013888888888873463, 0.0013888888888873463,
  2.4801587348791997e-05, 2.4801587348791997e-05,
  2.7557252207295973e-07, 2.7557252207295973e-07,
  2.0921640286989035e-09, 2.0921640286989035e-09, // 14
  -0.3333333333333235, -0.3333333333333235, // 15: tanh x: coefficients of x³, x⁵ …
  0.13333333333173278, 0.13333333333173278,
  -0.053968253878147264, -0.053968253878147264,
  0.02186948602067035, 0.02186948602067035,
  -0.008863195079408083, -0.008863195079408083,
  0.0035917240547522, 0.0035917240547522,
  -0.0014532370824314948, -0.0014532370824314948,
  0.0005791941355647849, 0.0005791941355647849,
  -0.00021039108163438476, -0.00021039108163438476,
  5.107990633695789e-05, 5.107990633695789e-05, // 24
  0.16666666666666677, 0.16666666666666677, // 25: e^r: coefficients of r³, r⁴ …
  0.04166666666666669, 0.04166666666666669,
  0.008333333333321697, 0.008333333333321697,
  0.001388888888887018, 0.001388888888887018,
  0.00019841269885985125, 0.00019841269885985125,
  2.4801587356050707e-05, 2.4801587356050707e-05,
  2.75572443363643e-06, 2.75572443363643e-06,
  2.7557245630086466e-07, 2.7557245630086466e-07,
  2.510899615959923e-08, 2.510899615959923e-08,
  2.0923743387794605e-09, 2.0923743387794605e-09, // 34
  708.0, 708.0, // 35
  0.5000000046411808, 0.5000000046411808, // 36: e^r for float32: coefficients of r², r³ …
  0.16666666817364975, 0.16666666817364975,
  0.04166635466168484, 0.04166635466168484,
  0.008333272986761392, 0.008333272986761392,
  0.0013941008688903758, 0.0013941008688903758,
  0.0001991420272861847, 0.0001991420272861847, // 41
  45.0, 45.0, // 42: 2x beyond which tanh is 1
  0.55, 0.55, // 43: below this |x| tanh is the polynomial
  22.0, 22.0, // 44: above this it is 1
], 16);

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** 2ⁿ for the shifted n. */
// @ts-ignore: decorator
@inline function powerOfTwo(t: v128): v128 {
  return i64x2.shl(f64x2.add(f64x2.sub(t, at(1)), at(4)), 52);
}

/**
 * (a + b)·(cosh r or sinh r) + (a − b)·(the other), for r with its rest: the sum `whole` of a and ±b times 1, then a·r,
 * then ∓b·r, with their errors; what remains is small.
 */
// @ts-ignore: decorator
@inline function sumOfTwo(r: v128, rest: v128, a: v128, b: v128): v128 {
  const whole = f64x2.add(a, b), other = f64x2.sub(a, b);
  const z = f64x2.mul(r, r), w = f64x2.mul(z, z);
  const sinh = madd(f64x2.mul(r, z), madd(f64x2.mul(w, w), at(9), cubic(z, w, at(5), at(6), at(7), at(8))), rest);
  const cosh = madd(w, madd(f64x2.mul(w, w), at(14), cubic(z, w, at(10), at(11), at(12), at(13))), f64x2.mul(r, rest));
  const p = f64x2.mul(a, r), q = f64x2.mul(b, r);
  const first = f64x2.add(whole, p), second = f64x2.sub(first, q);
  const errors = f64x2.add(fastSumError(whole, p, first), fastSumError(first, f64x2.neg(q), second));
  const lost = f64x2.add(fastSumError(a, b, whole), errors);
  const small = madd(whole, cosh, madd(other, sinh, lost));
  return f64x2.add(second, madd(f64x2.mul(whole, half()), z, small));
}

// @ts-ignore: decorator
@inline function hyperbolic(size: v128, t: v128, a: v128, b: v128): v128 {
  const n = f64x2.sub(t, at(1));
  const r0 = f64x2.sub(size, f64x2.mul(n, at(2))), low = f64x2.mul(n, at(3));
  const r = f64x2.sub(r0, low);
  return f64x2.mul(half(), sumOfTwo(r, f64x2.sub(f64x2.sub(r0, r), low), a, b));
}

/** eˣ/2 for x ≥ 708, overflowing only where the result does: 2ⁿ in two factors. */
// @ts-ignore: decorator
@inline function halfExp(size: v128): v128 {
  // beyond 711 it is infinite
  const x = f64x2.pmin(size, f64x2.splat(711));
  const t = madd(x, at(0), at(1));
  const a = i64x2.shl(f64x2.add(f64x2.sub(t, at(1)), f64x2.sub(at(4), f64x2.splat(8))), 52);
  return f64x2.mul(hyperbolic(x, t, a, f64x2.splat(0)), f64x2.splat(256));
}

@final @unmanaged class Sinh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const t = madd(size, at(0), at(1));
    const a = powerOfTwo(t), b = f64x2.neg(powerOfTwo(f64x2.sub(at(1), f64x2.sub(t, at(1)))));
    return v128.or(hyperbolic(size, t, a, b), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(35));
  }

  careful(x: v128): v128 {
    return v128.bitselect(v128.or(halfExp(f64x2.abs(x)), signOf(x)), x, f64x2.eq(x, x));
  }
}

@final @unmanaged class Cosh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const t = madd(size, at(0), at(1));
    return hyperbolic(size, t, powerOfTwo(t), powerOfTwo(f64x2.sub(at(1), f64x2.sub(t, at(1)))));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(35));
  }

  careful(x: v128): v128 {
    return v128.bitselect(halfExp(f64x2.abs(x)), x, f64x2.eq(x, x));
  }
}

/** Nothing is special: beyond 22 the result is ±1, and NaN goes through. */
@final @unmanaged export class Tanh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.pmin(f64x2.abs(x), at(44));
    const z = f64x2.mul(size, size), w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
    const low = cubic(z, w, at(15), at(16), at(17), at(18)), high = cubic(z, w, at(19), at(20), at(21), at(22));
    const tail = madd(madd(madd(at(24), z, at(23)), w2, high), w2, low);
    const near = madd(f64x2.mul(size, z), tail, size);
    const isFar = f64x2.ge(size, at(43));
    // also keeps the constants of the two ways apart: all at once they would go through the stack
    if (!v128.any_true(isFar)) return v128.or(near, signOf(x));
    // e^2|x| + 1 = (2ⁿ + 1) + 2ⁿ·(r + p)
    const twice = f64x2.add(size, size);
    const t = madd(twice, at(0), at(1));
    const n = f64x2.sub(t, at(1));
    const r = f64x2.sub(f64x2.sub(twice, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
    const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
    const q0 = cubic(r, r2, half(), at(25), at(26), at(27)), q1 = cubic(r, r2, at(28), at(29), at(30), at(31));
    const p = madd(madd(madd(at(34), r2, madd(at(33), r, at(32))), r4, q1), r4, q0);
    const power = i64x2.shl(f64x2.add(n, at(4)), 52);
    const whole = f64x2.add(power, one()), part = f64x2.mul(power, madd(p, r2, r));
    const bottom = f64x2.add(whole, part);
    // the quotient of 26 bits, so that its products are exact, and what it leaves
    const quotient = f64x2.div(two(), bottom);
    const q = v128.and(quotient, bits(0)), b1 = v128.and(bottom, bits(0));
    const b0 = f64x2.add(f64x2.sub(bottom, b1), fastSumError(whole, part, bottom));
    const left = f64x2.sub(f64x2.sub(two(), f64x2.mul(b1, q)), f64x2.mul(b0, q));
    const far = f64x2.sub(f64x2.sub(one(), q), f64x2.mul(f64x2.mul(left, quotient), half()));
    return v128.or(v128.bitselect(far, near, isFar), signOf(x));
  }
}

/** For float32: d/(d + 2), d = e^2x − 1 = (2ⁿ − 1) + 2ⁿ·(e^r − 1), where 2^-31 of r is close enough. */
@final @unmanaged class TanhSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), twice = f64x2.pmin(f64x2.add(size, size), at(42));
    const t = madd(twice, at(0), at(1)), n = f64x2.sub(t, at(1));
    const r = f64x2.sub(f64x2.sub(twice, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
    const r2 = f64x2.mul(r, r);
    const p = madd(r2, madd(f64x2.mul(r2, r2), madd(r, at(41), at(40)), cubic(r, r2, at(36), at(37), at(38), at(39))), r);
    const power = i64x2.shl(f64x2.add(n, at(4)), 52);
    const d = madd(power, p, f64x2.sub(power, one()));
    return v128.or(f64x2.div(d, f64x2.add(d, two())), signOf(x));
  }
}

/** tanh in two float64 lanes, within 1 ulp. */
// @ts-ignore: decorator
@inline export function tanhV(x: v128): v128 {
  return lanes<Tanh>(x);
}

/** out[i] = sinh(x[i]), within 1 ulp. */
export function sinhF64(out: usize, x: usize, n: i32): void {
  unary<Sinh>(out, x, n);
}

/** out[i] = sinh(x[i]), float32 within 1 ulp. */
export function sinhF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Sinh>(out, x, n);
}

/** out[i] = cosh(x[i]), within 1 ulp. */
export function coshF64(out: usize, x: usize, n: i32): void {
  unary<Cosh>(out, x, n);
}

/** out[i] = cosh(x[i]), float32 within 1 ulp. */
export function coshF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Cosh>(out, x, n);
}

/** out[i] = tanh(x[i]), within 1 ulp. */
export function tanhF64(out: usize, x: usize, n: i32): void {
  unary<Tanh>(out, x, n);
}

/** out[i] = tanh(x[i]), float32 within 1 ulp. */
export function tanhF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<TanhSingle>(out, x, n);
}
