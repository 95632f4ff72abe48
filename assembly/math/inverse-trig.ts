/**
 * asin, acos, atan and atan2. asin of |x| < 1/2 by a minimax polynomial, else from π/2 − 2·asin √((1 − |x|)/2), the root
 * in two parts; acos by the same two ways. atan by a polynomial on |t| ≤ tan π/8 (errors 2^-57, scripts/minimax.py),
 * elsewhere from π/4 + atan((y − x)/(y + x)) and π/2 − atan(x/y), the quotient in two parts.
 * Special: for atan2, where a size is not in 2^-450 … 2^500, which is also where there are zeros, ∞ and NaN.
 */
import { binary, binaryThroughWide, unary, unaryThroughWide } from './block';
import { cubic, fastSumError, half, madd, one, productError, signOf, squareError, sumError, two } from './double';

const TABLE: usize = memory.data<f64>([
  0.16666666666666763, 0.16666666666666763, // 0: asin: coefficients of x³, x⁵ …
  0.07499999999970096, 0.07499999999970096,
  0.04464285717528865, 0.04464285717528865,
  0.030381942675156853, 0.030381942675156853,
  0.022372215909278428, 0.022372215909278428,
  0.017351595442040135, 0.017351595442040135,
  0.013981019191444385, 0.013981019191444385,
  0.01139728804829167, 0.01139728804829167,
  0.010789347081288337, 0.010789347081288337,
  0.003672094867236857, 0.003672094867236857,
  0.021790848638403807, 0.021790848638403807,
  -0.0211169801934631, -0.0211169801934631,
  0.0327023107902627, 0.0327023107902627, // 12
  -0.333333333333332, -0.333333333333332, // 13: atan: coefficients of t³, t⁵ …
  0.19999999999953236, 0.19999999999953236,
  -0.14285714280158895, -0.14285714280158895,
  0.11111110781463548, 0.11111110781463548,
  -0.09090897697029184, -0.09090897697029184,
  0.07692059076231922, 0.07692059076231922,
  -0.06663090431830758, -0.06663090431830758,
  0.05847785318825014, 0.05847785318825014,
  -0.05038814321825971, -0.05038814321825971,
  0.03805155886564255, 0.03805155886564255,
  -0.017892393225629487, -0.017892393225629487, // 23
  1.5707963267948966, 1.5707963267948966, // 24: π/2
  6.123233995736766e-17, 6.123233995736766e-17, // 25: and the rest
  3.141592653589793, 3.141592653589793, // 26: π
  1.2246467991473532e-16, 1.2246467991473532e-16, // 27: and the rest
  0.7853981633974483, 0.7853981633974483, // 28: π/4
  3.061616997868383e-17, 3.061616997868383e-17, // 29: and the rest
  9.332636185032189e-302, 9.332636185032189e-302, // 30: 2^-1000
  3.4395525670743494e-136, 3.4395525670743494e-136, // 31: 2^-450
  3.273390607896142e+150, 3.273390607896142e+150, // 32: 2^500
  -2.0, -2.0, // 33
  -1.0, -1.0, // 34
  2.414213562373095, 2.414213562373095, // 35: tan 3π/8
  0.41421356237309503, 0.41421356237309503, // 36: tan π/8
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** asin(√z)/√z − 1 for z ≤ 1/4. */
// @ts-ignore: decorator
@inline function sineTail(z: v128): v128 {
  const w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
  const low = cubic(z, w, at(0), at(1), at(2), at(3)), middle = cubic(z, w, at(4), at(5), at(6), at(7));
  const high = madd(at(12), w2, cubic(z, w, at(8), at(9), at(10), at(11)));
  return f64x2.mul(z, madd(madd(high, w2, middle), w2, low));
}

/** √z − s for s = √z rounded. */
// @ts-ignore: decorator
@inline function rootRest(z: v128, s: v128): v128 {
  const p = f64x2.mul(s, s);
  const left = f64x2.sub(f64x2.sub(z, p), squareError(s, p));
  return f64x2.div(left, f64x2.pmax(f64x2.add(s, s), at(30)));
}

/** base + baseLow + factor·(y + yLow + y·tail), where |base| ≥ |factor·y| or base is 0; factor is ±1, ±2. */
// @ts-ignore: decorator
@inline function around(base: v128, baseLow: v128, factor: v128, y: v128, yLow: v128, tail: v128): v128 {
  const turned = f64x2.mul(factor, y), sum = f64x2.add(base, turned);
  const rest = madd(factor, madd(y, tail, yLow), baseLow);
  return f64x2.add(sum, f64x2.add(fastSumError(base, turned, sum), rest));
}

@final @unmanaged class Asin {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), isNear = f64x2.lt(size, half());
    const far = f64x2.mul(f64x2.sub(one(), size), half()), root = f64x2.sqrt(far);
    const z = v128.bitselect(f64x2.mul(size, size), far, isNear), y = v128.bitselect(size, root, isNear);
    const yLow = v128.andnot(rootRest(far, root), isNear);
    const base = v128.andnot(at(24), isNear), baseLow = v128.andnot(at(25), isNear);
    const factor = v128.bitselect(one(), at(33), isNear);
    return v128.or(around(base, baseLow, factor, y, yLow, sineTail(z)), signOf(x));
  }
}

@final @unmanaged class Acos {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), isNear = f64x2.lt(size, half());
    const far = f64x2.mul(f64x2.sub(one(), size), half()), root = f64x2.sqrt(far);
    const z = v128.bitselect(f64x2.mul(size, size), far, isNear), y = v128.bitselect(x, root, isNear);
    const yLow = v128.andnot(rootRest(far, root), isNear);
    const isBelow = f64x2.lt(x, f64x2.sub(one(), one()));
    const base = v128.bitselect(at(24), v128.and(at(26), isBelow), isNear);
    const baseLow = v128.bitselect(at(25), v128.and(at(27), isBelow), isNear);
    const factor = v128.bitselect(at(34), v128.bitselect(at(33), two(), isBelow), isNear);
    return around(base, baseLow, factor, y, yLow, sineTail(z));
  }
}

/** atan(√z)/√z − 1 for z ≤ tan² π/8. */
// @ts-ignore: decorator
@inline function tangentTail(z: v128): v128 {
  const w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
  const low = cubic(z, w, at(13), at(14), at(15), at(16)), middle = cubic(z, w, at(17), at(18), at(19), at(20));
  const high = madd(at(23), w, madd(at(22), z, at(21)));
  return f64x2.mul(z, madd(madd(high, w2, middle), w2, low));
}

/** The angle of (x, y), both ≥ 0; π less that where `isBehind`. */
// @ts-ignore: decorator
@inline function angle(y: v128, x: v128, isBehind: v128): v128 {
  const isSteep = f64x2.gt(y, f64x2.mul(x, at(35))), isFlat = f64x2.le(y, f64x2.mul(x, at(36)));
  const less = f64x2.sub(y, x), more = f64x2.add(y, x);
  const lessLow = sumError(y, f64x2.neg(x), less), moreLow = sumError(y, x, more);
  const isDiagonal = v128.not(v128.or(isSteep, isFlat));
  const top = v128.bitselect(less, v128.bitselect(f64x2.neg(x), y, isSteep), isDiagonal);
  const bottom = v128.bitselect(more, v128.bitselect(y, x, isSteep), isDiagonal);
  const t = f64x2.div(top, bottom), p = f64x2.mul(t, bottom);
  const rest = v128.and(f64x2.sub(lessLow, f64x2.mul(t, moreLow)), isDiagonal);
  const left = f64x2.sub(f64x2.sub(top, p), productError(t, bottom, p));
  const low = f64x2.div(f64x2.add(left, rest), bottom);
  const z = f64x2.mul(t, t);
  const front = v128.bitselect(at(28), v128.and(at(24), isSteep), isDiagonal);
  const frontLow = v128.bitselect(at(29), v128.and(at(25), isSteep), isDiagonal);
  const base = v128.bitselect(f64x2.sub(at(26), front), front, isBehind);
  const baseLow = v128.bitselect(f64x2.sub(at(27), frontLow), frontLow, isBehind);
  return around(base, baseLow, v128.bitselect(at(34), one(), isBehind), t, low, tangentTail(z));
}

/** The same for float32: one quotient of one part. */
// @ts-ignore: decorator
@inline function singleAngle(y: v128, x: v128, isBehind: v128): v128 {
  const isSteep = f64x2.gt(y, f64x2.mul(x, at(35))), isFlat = f64x2.le(y, f64x2.mul(x, at(36)));
  const isDiagonal = v128.not(v128.or(isSteep, isFlat));
  const top = v128.bitselect(f64x2.sub(y, x), v128.bitselect(f64x2.neg(x), y, isSteep), isDiagonal);
  const bottom = v128.bitselect(f64x2.add(y, x), v128.bitselect(y, x, isSteep), isDiagonal);
  const t = f64x2.div(top, bottom);
  const front = v128.bitselect(at(28), v128.and(at(24), isSteep), isDiagonal);
  const angle = f64x2.add(front, madd(t, tangentTail(f64x2.mul(t, t)), t));
  return v128.bitselect(f64x2.sub(at(26), angle), angle, isBehind);
}

@final @unmanaged class AtanSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.pmin(f64x2.abs(x), at(32));
    return v128.or(singleAngle(size, one(), v128.xor(one(), one())), signOf(x));
  }
}

@final @unmanaged class Atan2Single {
  // @ts-ignore: decorator
  @inline fast(y: v128, x: v128): v128 {
    const zero = f64x2.sub(one(), one());
    return v128.or(singleAngle(f64x2.abs(y), f64x2.abs(x), f64x2.lt(x, zero)), signOf(y));
  }

  // @ts-ignore: decorator
  @inline special(y: v128, x: v128, angle: v128): v128 {
    return changetype<Atan2>(0).special(y, x, angle);
  }

  careful(y: v128, x: v128): v128 {
    return changetype<Atan2>(0).careful(y, x);
  }
}

@final @unmanaged class Atan {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.pmin(f64x2.abs(x), at(32));
    return v128.or(angle(size, one(), v128.xor(one(), one())), signOf(x));
  }
}

@final @unmanaged class Atan2 {
  // @ts-ignore: decorator
  @inline fast(y: v128, x: v128): v128 {
    const zero = f64x2.sub(one(), one());
    return v128.or(angle(f64x2.abs(y), f64x2.abs(x), f64x2.lt(x, zero)), signOf(y));
  }

  // @ts-ignore: decorator
  @inline special(y: v128, x: v128, angle: v128): v128 {
    const a = f64x2.abs(y), b = f64x2.abs(x);
    const low = f64x2.pmin(a, b), high = f64x2.pmax(a, b);
    return v128.not(v128.and(f64x2.ge(low, at(31)), f64x2.le(high, at(32))));
  }

  careful(y: v128, x: v128): v128 {
    const a = specialAngle(f64x2.extract_lane(y, 0), f64x2.extract_lane(x, 0));
    return f64x2.replace_lane(f64x2.splat(a), 1, specialAngle(f64x2.extract_lane(y, 1), f64x2.extract_lane(x, 1)));
  }
}

/** 2 to the power that makes the size of x ≥ 2^-1022 at least 1 and less than 2; denormals less. */
function raise(x: f64): f64 {
  const exponent = <i32>((reinterpret<u64>(x) >> 52) & 0x7ff);
  return reinterpret<f64>(<u64>max(2046 - max(exponent, 1), 1) << 52);
}

function specialAngle(y: f64, x: f64): f64 {
  if (x != x || y != y) return NaN;
  const isBehind = (reinterpret<u64>(x) >> 63) != 0;
  const b = abs(x);
  let a = abs(y);
  if (b == Infinity) {
    const isDiagonal = a == Infinity;
    a = isBehind ? (isDiagonal ? 2.356194490192345 : 3.141592653589793) : isDiagonal ? 0.7853981633974483 : 0;
  } else if (a == 0) {
    a = isBehind ? 3.141592653589793 : 0;
  } else if (a == Infinity || b == 0) {
    a = 1.5707963267948966;
  } else {
    // one of them of about 1; what then underflows is too small to matter, except as the result
    const factor = raise(max(a, b)), again = max(a, b) < 2.2250738585072014e-308 ? 4503599627370496.0 : 1.0;
    const p = a * factor * again, q = b * factor * again;
    if (!isBehind && p < q * 1e-10) a = a / b;
    else {
      const mask = i64x2.splat(isBehind ? -1 : 0);
      a = f64x2.extract_lane(angle(f64x2.splat(p), f64x2.splat(q), mask), 0);
    }
  }
  return copysign(a, y);
}

/** out[i] = asin(x[i]), within 1 ulp; NaN for |x| > 1. */
export function asinF64(out: usize, x: usize, n: i32): void {
  unary<Asin>(out, x, n);
}

/** out[i] = asin(x[i]), float32 within 1 ulp. */
export function asinF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Asin>(out, x, n);
}

/** out[i] = acos(x[i]), within 1 ulp; NaN for |x| > 1. */
export function acosF64(out: usize, x: usize, n: i32): void {
  unary<Acos>(out, x, n);
}

/** out[i] = acos(x[i]), float32 within 1 ulp. */
export function acosF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Acos>(out, x, n);
}

/** out[i] = atan(x[i]), within 1 ulp. */
export function atanF64(out: usize, x: usize, n: i32): void {
  unary<Atan>(out, x, n);
}

/** out[i] = atan(x[i]), float32 within 1 ulp. */
export function atanF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<AtanSingle>(out, x, n);
}

/** out[i] = atan2(y[i], x[i]), within 1 ulp; zeros and infinities with their signs as in C99. */
export function atan2F64(out: usize, y: usize, x: usize, n: i32): void {
  binary<Atan2>(out, y, x, n);
}

/** out[i] = atan2(y[i], x[i]), float32 within 1 ulp. */
export function atan2F32(out: usize, y: usize, x: usize, n: i32): void {
  binaryThroughWide<Atan2Single>(out, y, x, n);
}
