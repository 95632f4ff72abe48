/**
 * asinh, acosh and atanh. asinh of |x| ≤ 1/2 by a minimax polynomial (error 2^-58, scripts/minimax.py), else from
 * log(x + √(x² + 1)), as acosh from log(x + √(x² − 1)), with squares, roots and sums in two parts. atanh from the
 * series of the logarithm: (1 + x)/(1 − x) = 2^k·m, atanh x = k·ln 2/2 + atanh s, s = (m − 1)/(m + 1) in two parts; near
 * 0, k is 0 and s is x.
 * Special: for asinh and acosh sizes of 2^500 and more, ∞ and NaN; for acosh also x < 1, for atanh |x| ≥ 1.
 */
import { unary, unaryThroughWide } from './block';
import { cubic, fastSumError, half, madd, one, productError, signOf, squareError, sumError } from './double';
import { Log, logExponent, logOfSum, logOfTwice, logParts, logTail } from './log';

const TABLE: usize = memory.data<f64>([
  -0.1666666666666661, -0.1666666666666661, // 0: asinh: coefficients of x³, x⁵ …
  0.0749999999998456, 0.0749999999998456,
  -0.04464285712794344, -0.04464285712794344,
  0.030381943720746825, 0.030381943720746825,
  -0.022372138456628658, -0.022372138456628658,
  0.01735238835272957, 0.01735238835272957,
  -0.013960245252777956, -0.013960245252777956,
  0.01151306431607977, 0.01151306431607977,
  -0.009534468291193428, -0.009534468291193428,
  0.0074664349947815905, 0.0074664349947815905,
  -0.004748737986721385, -0.004748737986721385,
  0.0017188680166261596, 0.0017188680166261596, // 11
  3.273390607896142e+150, 3.273390607896142e+150, // 12: 2^500
  9.332636185032189e-302, 9.332636185032189e-302, // 13: 2^-1000
  0.34657359024276957, 0.34657359024276957, // 14: ln 2 / 2, the high 33 bits
  3.7203085550061984e-11, 3.7203085550061984e-11, // 15: and the rest
  6755399441056767.0, 6755399441056767.0, // 16: 1.5 · 2^52 + 1023
  0.0009765625, 0.0009765625, // 17: 2^-10
  0.3333333333333333, 0.3333333333333333, // 18: 1/3
  -0.16666666666666666, -0.16666666666666666, // 19: −1/6
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** log(x + √(x² + sign)), for `square` = x² + sign with its rest. */
// @ts-ignore: decorator
@inline function logWithRoot(x: v128, square: v128, rest: v128): v128 {
  const root = f64x2.sqrt(square), p = f64x2.mul(root, root);
  const left = f64x2.add(f64x2.sub(f64x2.sub(square, p), squareError(root, p)), rest);
  const low = f64x2.div(left, f64x2.pmax(f64x2.add(root, root), at(13)));
  const u = f64x2.add(x, root);
  return logOfSum(u, f64x2.add(sumError(x, root, u), low));
}

@final @unmanaged class Asinh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const z = f64x2.mul(size, size), w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
    const low = cubic(z, w, at(0), at(1), at(2), at(3)), middle = cubic(z, w, at(4), at(5), at(6), at(7));
    const tail = madd(madd(cubic(z, w, at(8), at(9), at(10), at(11)), w2, middle), w2, low);
    const near = madd(f64x2.mul(size, z), tail, size);
    const isFar = f64x2.gt(size, half());
    if (!v128.any_true(isFar)) return v128.or(near, signOf(x));
    const square = f64x2.add(z, one());
    const far = logWithRoot(size, square, f64x2.add(sumError(z, one(), square), squareError(size, z)));
    return v128.or(v128.bitselect(far, near, isFar), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(12));
  }

  careful(x: v128): v128 {
    return v128.or(logOfLarge(f64x2.abs(x)), signOf(x));
  }
}

/** log 2x; ∞ and NaN stay. */
// @ts-ignore: decorator
@inline function logOfLarge(x: v128): v128 {
  return v128.bitselect(logOfTwice(x), x, f64x2.lt(x, f64x2.splat(Infinity)));
}

@final @unmanaged class Acosh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const z = f64x2.mul(x, x), less = f64x2.sub(z, one());
    const rest = f64x2.add(fastSumError(z, f64x2.neg(one()), less), squareError(x, z));
    const square = f64x2.add(less, rest);
    return logWithRoot(x, square, fastSumError(less, rest, square));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return v128.not(v128.and(f64x2.ge(x, one()), f64x2.le(x, at(12))));
  }

  careful(x: v128): v128 {
    return v128.bitselect(f64x2.splat(NaN), logOfLarge(x), f64x2.lt(x, one()));
  }
}

@final @unmanaged class Atanh {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const a = f64x2.add(one(), size), aLow = fastSumError(one(), size, a);
    const b = f64x2.sub(one(), size), bLow = fastSumError(one(), f64x2.neg(size), b);
    const k = logExponent(logParts(f64x2.div(a, b)));
    const power = i64x2.shl(f64x2.add(k, at(16)), 52);
    const b2 = f64x2.mul(b, power), b2Low = f64x2.mul(bLow, power);
    // a and 2^k·b are within a factor of √2 of each other: their difference is exact
    const less = f64x2.sub(a, b2), lessRest = f64x2.sub(aLow, b2Low);
    const top = f64x2.add(less, lessRest);
    const more = f64x2.add(a, b2), moreLow = f64x2.add(sumError(a, b2, more), f64x2.add(aLow, b2Low));
    const s = f64x2.div(top, more), p = f64x2.mul(s, more);
    const left = f64x2.sub(f64x2.sub(f64x2.sub(top, p), productError(s, more, p)), f64x2.mul(s, moreLow));
    const topLow = sumError(less, lessRest, top);
    const low = madd(k, at(15), f64x2.div(f64x2.add(left, topLow), more));
    const whole = f64x2.mul(k, at(14)), y = f64x2.add(whole, s);
    const tail = madd(f64x2.mul(s, half()), logTail(f64x2.mul(s, s)), low);
    return v128.or(f64x2.add(y, f64x2.add(fastSumError(whole, s, y), tail)), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return v128.not(f64x2.lt(f64x2.abs(x), one()));
  }

  /** ±∞ for ±1, else NaN. */
  careful(x: v128): v128 {
    const infinite = v128.or(f64x2.splat(Infinity), signOf(x));
    return v128.bitselect(infinite, f64x2.splat(NaN), f64x2.eq(f64x2.abs(x), one()));
  }
}

/** For float32 the formulas will do, down to where two terms of the series do. */
// @ts-ignore: decorator
@inline function orSeries(x: v128, size: v128, y: v128, cube: v128): v128 {
  const series = madd(f64x2.mul(size, f64x2.mul(size, size)), cube, size);
  return v128.or(v128.bitselect(series, y, f64x2.lt(size, at(17))), signOf(x));
}

@final @unmanaged class AsinhSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), root = f64x2.sqrt(madd(size, size, one()));
    return orSeries(x, size, changetype<Log>(0).fast(f64x2.add(size, root)), at(19));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return changetype<Asinh>(0).special(x);
  }

  careful(x: v128): v128 {
    return changetype<Asinh>(0).careful(x);
  }
}

@final @unmanaged class AcoshSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const root = f64x2.sqrt(f64x2.sub(f64x2.mul(x, x), one()));
    return changetype<Log>(0).fast(f64x2.add(x, root));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return changetype<Acosh>(0).special(x);
  }

  careful(x: v128): v128 {
    return changetype<Acosh>(0).careful(x);
  }
}

@final @unmanaged class AtanhSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), ratio = f64x2.div(f64x2.add(one(), size), f64x2.sub(one(), size));
    return orSeries(x, size, f64x2.mul(half(), changetype<Log>(0).fast(ratio)), at(18));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return changetype<Atanh>(0).special(x);
  }

  careful(x: v128): v128 {
    return changetype<Atanh>(0).careful(x);
  }
}

/** out[i] = asinh(x[i]), within 1 ulp. */
export function asinhF64(out: usize, x: usize, n: i32): void {
  unary<Asinh>(out, x, n);
}

/** out[i] = asinh(x[i]), float32 within 1 ulp. */
export function asinhF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<AsinhSingle>(out, x, n);
}

/** out[i] = acosh(x[i]), within 1 ulp; NaN for x < 1. */
export function acoshF64(out: usize, x: usize, n: i32): void {
  unary<Acosh>(out, x, n);
}

/** out[i] = acosh(x[i]), float32 within 1 ulp. */
export function acoshF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<AcoshSingle>(out, x, n);
}

/** out[i] = atanh(x[i]), within 1 ulp; ±∞ for ±1, NaN beyond. */
export function atanhF64(out: usize, x: usize, n: i32): void {
  unary<Atanh>(out, x, n);
}

/** out[i] = atanh(x[i]), float32 within 1 ulp. */
export function atanhF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<AtanhSingle>(out, x, n);
}
