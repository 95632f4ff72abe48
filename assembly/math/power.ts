/**
 * pow, hypot and cbrt. x^y = e^(y·log x) with log x in two parts: x = 2^k·m, s = (m − 1)/(m + 1) in two parts,
 * log m = 2s + s·z·(2/3 + z·p(z)), z = s², where all but p is in two parts: relative error about 2^-64, so that results
 * are within 1 ulp to the ends of the range, and exact powers of integers are exact. hypot squares and takes the root in
 * two parts. cbrt starts from a third of the exponent, corrected to 23 bits by a polynomial and to all by a step of
 * Newton's that is exact but for its last sum (0.67 ulp).
 * Special: for pow, where x is no positive normal number or |y·log x| is 708 or more; for hypot, where a size is not in
 * 2^-450 … 2^500; for cbrt all but normal numbers.
 */
import { binary, binaryThroughWide, unary, unaryThroughWide } from './block';
import { cubic, fastSumError, half, madd, one, productError, signOf, squareError, two } from './double';
import { Exp, scaled } from './exp';
import { Log, logExponent, logMantissa, logParts } from './log';

const BITS: usize = memory.data<u64>([
  0x0000000080000000, 0x0000000080000000, // 0: rounds to 23 bits with the next
  0xffffffffc0000000, 0xffffffffc0000000, // 1: the upper 23 bits of a number
  0x000fffffffffffff, 0x000fffffffffffff, // 2: the largest denormal number
  0x7fefffffffffffff, 0x7fefffffffffffff, // 3: the largest number
  0x4330000000000000, 0x4330000000000000, // 4: 2^52
], 16);

const TABLE: usize = memory.data<f64>([
  1.4426950408889634, 1.4426950408889634, // 0: 1 / ln 2
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52
  0.6931471804855391, 0.6931471804855391, // 2: ln 2, the high 33 bits
  7.440617110012397e-11, 7.440617110012397e-11, // 3: ln 2, the rest
  0.16666666666666677, 0.16666666666666677, // 4: e^r: coefficients of r³, r⁴ …
  0.04166666666666669, 0.04166666666666669,
  0.008333333333321697, 0.008333333333321697,
  0.001388888888887018, 0.001388888888887018,
  0.00019841269885985125, 0.00019841269885985125,
  2.4801587356050707e-05, 2.4801587356050707e-05,
  2.75572443363643e-06, 2.75572443363643e-06,
  2.7557245630086466e-07, 2.7557245630086466e-07,
  2.510899615959923e-08, 2.510899615959923e-08,
  2.0923743387794605e-09, 2.0923743387794605e-09, // 13
  708.0, 708.0, // 14
  0.39999999999999974, 0.39999999999999974, // 15: log m: coefficients of s⁵, s⁷ …
  0.2857142857144534, 0.2857142857144534,
  0.2222222221748144, 0.2222222221748144,
  0.1818181887706969, 0.1818181887706969,
  0.1538455640989172, 0.1538455640989172,
  0.13336335169641228, 0.13336335169641228,
  0.11674457950103358, 0.11674457950103358,
  0.11992018038361285, 0.11992018038361285, // 22
  0.6666666666666666, 0.6666666666666666, // 23: 2/3
  3.700743415417188e-17, 3.700743415417188e-17, // 24: and the rest
  3.4395525670743494e-136, 3.4395525670743494e-136, // 25: 2^-450
  3.273390607896142e+150, 3.273390607896142e+150, // 26: 2^500
  1.8753114797125785, 1.8753114797125785, // 27: r^(−1/3)
  -1.8819935427115937, -1.8819935427115937,
  1.616315454707835, 1.616315454707835,
  -0.7545691640762188, -0.7545691640762188,
  0.14493577079691597, 0.14493577079691597, // 31
  0.3333333333333333, 0.3333333333333333, // 32: 1/3
  4503600342464659.0, 4503600342464659.0, // 33: 2^52 + the word that a third of an exponent of 0 wants
  4503599627370496.0, 4503599627370496.0, // 34: 2^52
], 16);

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/**
 * x^y for positive normal x times 2^-less. Outside |y·log x| < 708: NaN, or where it is `isCareful` the result.
 */
// @ts-ignore: decorator
@inline function power(x: v128, y: v128, less: v128, isCareful: bool): v128 {
  const parts = logParts(x);
  const k = f64x2.sub(logExponent(parts), less), m = logMantissa(parts);
  const f = f64x2.sub(m, one()), d = f64x2.add(one(), m), dLow = f64x2.sub(m, f64x2.sub(d, one()));
  const inverse = f64x2.div(one(), d), s = f64x2.mul(f, inverse), sd = f64x2.mul(s, d);
  const left = f64x2.sub(f64x2.sub(f64x2.sub(f, sd), productError(s, d, sd)), f64x2.mul(s, dLow));
  const sLow = f64x2.mul(left, inverse), s2 = f64x2.add(s, s);
  const z = f64x2.mul(s, s), zLow = madd(s2, sLow, squareError(s, z));
  const w = f64x2.mul(z, z);
  const tail = madd(f64x2.mul(w, w), cubic(z, w, at(19), at(20), at(21), at(22)), cubic(z, w, at(15), at(16), at(17), at(18)));
  const t1 = f64x2.mul(z, tail), q = f64x2.add(at(23), t1), qLow = f64x2.add(fastSumError(at(23), t1, q), at(24));
  const u = f64x2.mul(z, q), uLow = madd(zLow, q, madd(z, qLow, productError(z, q, u)));
  const v = f64x2.mul(s, u), vLow = madd(sLow, u, madd(s, uLow, productError(s, u, v)));
  const l = f64x2.add(s2, v), lLow = f64x2.add(fastSumError(s2, v, l), madd(sLow, two(), vLow));
  const whole = f64x2.mul(k, at(2)), log0 = f64x2.add(whole, l);
  const log1 = f64x2.add(fastSumError(whole, l, log0), madd(k, at(3), lLow));
  const log = f64x2.add(log0, log1), logLow = fastSumError(log0, log1, log);
  const product = f64x2.mul(y, log);
  let high = product, low = madd(y, logLow, productError(y, log, product));
  if (isCareful) {
    high = f64x2.pmax(f64x2.splat(-746), f64x2.pmin(f64x2.splat(710), product));
    low = v128.and(low, f64x2.eq(high, product));
  }
  // e^(high + low)
  const t = madd(high, at(0), at(1)), n = f64x2.sub(t, at(1));
  const r0 = f64x2.sub(high, f64x2.mul(n, at(2))), nLow = f64x2.sub(f64x2.mul(n, at(3)), low);
  const r = f64x2.sub(r0, nLow), rest = f64x2.sub(f64x2.sub(r0, r), nLow);
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const e0 = cubic(r, r2, half(), at(4), at(5), at(6)), e1 = cubic(r, r2, at(7), at(8), at(9), at(10));
  const e = madd(madd(madd(at(13), r2, madd(at(12), r, at(11))), r4, e1), r4, e0);
  const sum = f64x2.add(one(), r);
  const small = f64x2.add(madd(e, r2, fastSumError(one(), r, sum)), madd(rest, r, rest));
  const result = f64x2.add(sum, small);
  if (isCareful) return scaled(result, t);
  return v128.or(i64x2.add(result, i64x2.shl(t, 52)), i64x2.gt_s(f64x2.abs(high), at(14)));
}

/** The sign of x^y for x < 0, and NaN where y is no integer. */
// @ts-ignore: decorator
@inline function withSign(x: v128, y: v128, result: v128): v128 {
  const middle = f64x2.mul(y, half()), negative = f64x2.lt(x, f64x2.sub(one(), one()));
  const isOdd = f64x2.ne(f64x2.trunc(middle), middle), isBroken = f64x2.ne(f64x2.trunc(y), y);
  return v128.or(v128.xor(result, v128.and(signOf(x), isOdd)), v128.and(negative, isBroken));
}

/** Lanes whose size is no normal number, or whose result is none. */
// @ts-ignore: decorator
@inline function unusual(x: v128, result: v128): v128 {
  const size = f64x2.abs(x);
  return v128.or(f64x2.ne(result, result), notNormal(size));
}

// @ts-ignore: decorator
@inline function notNormal(size: v128): v128 {
  return v128.or(i64x2.gt_s(size, bits(3)), i64x2.le_s(size, bits(2)));
}

@final @unmanaged class Pow {
  // @ts-ignore: decorator
  @inline fast(x: v128, y: v128): v128 {
    return withSign(x, y, power(f64x2.abs(x), y, f64x2.sub(one(), one()), false));
  }

  // @ts-ignore: decorator
  @inline special(x: v128, y: v128, result: v128): v128 {
    return unusual(x, result);
  }

  careful(x: v128, y: v128): v128 {
    const a = specialPower(f64x2.extract_lane(x, 0), f64x2.extract_lane(y, 0));
    return f64x2.replace_lane(f64x2.splat(a), 1, specialPower(f64x2.extract_lane(x, 1), f64x2.extract_lane(y, 1)));
  }
}

/** For float32 the logarithm of one part is enough. */
@final @unmanaged class PowSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128, y: v128): v128 {
    const product = f64x2.mul(y, changetype<Log>(0).fast(f64x2.abs(x)));
    const result = changetype<Exp>(0).fast(product);
    return withSign(x, y, v128.or(result, i64x2.gt_s(f64x2.abs(product), at(14))));
  }

  // @ts-ignore: decorator
  @inline special(x: v128, y: v128, result: v128): v128 {
    return unusual(x, result);
  }

  careful(x: v128, y: v128): v128 {
    return changetype<Pow>(0).careful(x, y);
  }
}

/** C99's table of special cases, and results that are no normal numbers. */
function specialPower(x: f64, y: f64): f64 {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return NaN;
  const size = abs(x);
  if (abs(y) == Infinity) return size == 1 ? 1 : size > 1 == y > 0 ? Infinity : 0;
  const isInteger = trunc(y) == y, isOdd = isInteger && trunc(y * 0.5) != y * 0.5;
  let result: f64;
  if (size == 0) result = y > 0 ? 0 : Infinity;
  else if (size == Infinity) result = y > 0 ? Infinity : 0;
  else if (x < 0 && !isInteger) return NaN;
  else {
    const isDenormal = size < 2.2250738585072014e-308;
    const base = isDenormal ? size * 18014398509481984.0 : size;
    // beyond 2^64 every power of what is not 1 over- or underflows
    const exponent = min(max(y, -18446744073709551616.0), 18446744073709551616.0);
    result = f64x2.extract_lane(
      power(f64x2.splat(base), f64x2.splat(exponent), f64x2.splat(isDenormal ? 54.0 : 0.0), true), 0,
    );
  }
  return isOdd ? copysign(result, x) : result;
}

@final @unmanaged class Hypot {
  // @ts-ignore: decorator
  @inline fast(x: v128, y: v128): v128 {
    return length(f64x2.abs(x), f64x2.abs(y));
  }

  // @ts-ignore: decorator
  @inline special(x: v128, y: v128, result: v128): v128 {
    const a = f64x2.abs(y), b = f64x2.abs(x);
    const low = f64x2.pmin(a, b), high = f64x2.pmax(a, b);
    return v128.not(v128.and(f64x2.ge(low, at(25)), f64x2.le(high, at(26))));
  }

  careful(x: v128, y: v128): v128 {
    const a = specialLength(f64x2.extract_lane(x, 0), f64x2.extract_lane(y, 0));
    return f64x2.replace_lane(f64x2.splat(a), 1, specialLength(f64x2.extract_lane(x, 1), f64x2.extract_lane(y, 1)));
  }
}

/** √(x² + y²) for float32: the squares are exact and in range. */
@final @unmanaged class HypotSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128, y: v128): v128 {
    return f64x2.sqrt(madd(x, x, f64x2.mul(y, y)));
  }

  // @ts-ignore: decorator
  @inline special(x: v128, y: v128, result: v128): v128 {
    return f64x2.ne(result, result);
  }

  careful(x: v128, y: v128): v128 {
    return changetype<Hypot>(0).careful(x, y);
  }
}

/** √(x² + y²) for sizes whose squares are in range. */
// @ts-ignore: decorator
@inline function length(x: v128, y: v128): v128 {
  const a = f64x2.pmax(x, y), b = f64x2.pmin(x, y);
  const p = f64x2.mul(a, a), q = f64x2.mul(b, b), sum = f64x2.add(p, q);
  const rest = f64x2.add(f64x2.add(squareError(a, p), squareError(b, q)), fastSumError(p, q, sum));
  const root = f64x2.sqrt(sum), again = f64x2.mul(root, root);
  const left = f64x2.add(f64x2.sub(f64x2.sub(sum, again), squareError(root, again)), rest);
  return f64x2.add(root, f64x2.div(left, f64x2.add(root, root)));
}

function specialLength(x: f64, y: f64): f64 {
  const a = max(abs(x), abs(y)), b = min(abs(x), abs(y));
  if (abs(x) == Infinity || abs(y) == Infinity) return Infinity;
  if (a != a) return NaN;
  if (b == 0 || a * 1.0e-20 > b) return a;
  // both near 1: nothing overflows, and of b nothing is lost that counts
  const isLarge = a > 1, up: f64 = isLarge ? reinterpret<f64>(0x1a70000000000000) : reinterpret<f64>(0x6570000000000000);
  const down: f64 = isLarge ? reinterpret<f64>(0x6570000000000000) : reinterpret<f64>(0x1a70000000000000);
  return f64x2.extract_lane(length(f64x2.splat(a * up), f64x2.splat(b * up)), 0) * down;
}

// @ts-ignore: decorator
@inline function cubeRoot(a: v128): v128 {
  const word = f64x2.sub(v128.or(i64x2.shr_u(a, 32), bits(4)), at(34));
  const t0 = i64x2.shl(madd(word, at(32), at(33)), 32);
  const r0 = f64x2.mul(f64x2.mul(t0, t0), f64x2.div(t0, a)), r2 = f64x2.mul(r0, r0);
  const t1 = f64x2.mul(t0, madd(at(31), f64x2.mul(r2, r2), cubic(r0, r2, at(27), at(28), at(29), at(30))));
  const t = v128.and(i64x2.add(t1, bits(0)), bits(1));
  const r = f64x2.div(a, f64x2.mul(t, t));
  return madd(t, f64x2.div(f64x2.sub(r, t), f64x2.add(f64x2.add(t, t), r)), t);
}

@final @unmanaged class Cbrt {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    return v128.or(cubeRoot(f64x2.abs(x)), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return notNormal(f64x2.abs(x));
  }

  /** Denormals times 2^54; ±0, ±∞ and NaN stay. */
  careful(x: v128): v128 {
    const size = f64x2.abs(x), zero = f64x2.splat(0);
    const y = f64x2.mul(cubeRoot(f64x2.mul(size, f64x2.splat(18014398509481984))), f64x2.splat(3.814697265625e-6));
    const isDenormal = v128.and(f64x2.gt(size, zero), f64x2.lt(size, f64x2.splat(1)));
    return v128.or(v128.bitselect(y, size, isDenormal), signOf(x));
  }
}

/** out[i] = ∛x[i], within 1 ulp, of negative numbers too. */
export function cbrtF64(out: usize, x: usize, n: i32): void {
  unary<Cbrt>(out, x, n);
}

/** out[i] = ∛x[i], float32 within 1 ulp. */
export function cbrtF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<Cbrt>(out, x, n);
}

/** out[i] = a[i]^b[i], within 1 ulp; special cases as in C99. */
export function powF64(out: usize, a: usize, b: usize, n: i32): void {
  binary<Pow>(out, a, b, n);
}

/** out[i] = a[i]^b[i], float32 within 1 ulp. */
export function powF32(out: usize, a: usize, b: usize, n: i32): void {
  binaryThroughWide<PowSingle>(out, a, b, n);
}

/** out[i] = √(a[i]² + b[i]²), within 1 ulp, without overflow on the way; ∞ where one is infinite, whatever the other. */
export function hypotF64(out: usize, a: usize, b: usize, n: i32): void {
  binary<Hypot>(out, a, b, n);
}

/** out[i] = √(a[i]² + b[i]²), float32 within 1 ulp. */
export function hypotF32(out: usize, a: usize, b: usize, n: i32): void {
  binaryThroughWide<HypotSingle>(out, a, b, n);
}
