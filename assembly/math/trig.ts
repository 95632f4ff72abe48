/**
 * sin, cos and tan: x = n·π/2 + r with |r| ≤ π/4, r in two parts, by Cody and Waite with π/2 in three parts: n times
 * the first two (35 bits each) is exact for |x| ≤ 2·10⁵, where no double comes so near a multiple of π/2 that the third
 * falls short (checked for every n: relative error of r below 2^-62). sin r and cos r by minimax polynomials (error
 * 2^-57 and 2^-60, scripts/minimax.py), one of them chosen by n. tan is their quotient, both and it in two parts.
 * Special: |x| > 2·10⁵ and NaN. There r comes from as much of 2/π as matters (Payne and Hanek).
 */
import { lanes, unary, unaryThroughWide } from './block';
import { fastSumError, half, madd, one, productError, signOf, cubic } from './double';

const BITS: usize = memory.data<u64>([
  1, 1, // 0: 1
  2, 2, // 1: 2
], 16);

const TABLE: usize = memory.data<f64>([
  0.6366197723675814, 0.6366197723675814, // 0: 2/π
  6755399441055744.0, 6755399441055744.0, // 1: 1.5 · 2^52
  1.5707963267923333, 1.5707963267923333, // 2: π/2, first part
  2.5633441515839558e-12, 2.5633441515839558e-12, // 3: second
  1.0562999066987428e-23, 1.0562999066987428e-23, // 4: third
  -0.16666666666666632, -0.16666666666666632, // 5: sin r: coefficients of r³, r⁵ …
  0.008333333333322413, 0.008333333333322413,
  -0.00019841269829807802, -0.00019841269829807802,
  2.7557313691891292e-06, 2.7557313691891292e-06,
  -2.505075810880838e-08, -2.505075810880838e-08,
  1.5896795190537075e-10, 1.5896795190537075e-10, // 10
  0.0416666666666666, 0.0416666666666666, // 11: cos r: coefficients of r⁴, r⁶ …
  -0.0013888888888874125, -0.0013888888888874125,
  2.4801587289482272e-05, 2.4801587289482272e-05,
  -2.755731435235087e-07, -2.755731435235087e-07,
  2.0875723274654536e-09, 2.0875723274654536e-09,
  -1.1359647827745044e-11, -1.1359647827745044e-11, // 16
  200000.0, 200000.0, // 17
  -0.16666666641608927, -0.16666666641608927, // 18: for float32: coefficients of r³, r⁵ …
  0.008333329383788775, 0.008333329383788775,
  -0.00019839334145072457, -0.00019839334145072457,
  2.7183047667499346e-06, 2.7183047667499346e-06, // 21
  0.041666646857144114, 0.041666646857144114, // 22: for float32: coefficients of r⁴, r⁶ …
  -0.0013887367028330817, -0.0013887367028330817,
  2.4438391767270113e-05, 2.4438391767270113e-05, // 24
], 16);

/** 64 zeros and then the 1280 bits of 2/π after the point. */
const TWO_OVER_PI: usize = memory.data<u64>([
  0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
  0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
  0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
  0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
  0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
  0xf0cfbc209af4361d,
], 16);

// @ts-ignore: decorator
@inline function bits(i: i32): v128 {
  return v128.load(BITS + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

/** The shifted quotient of x by π/2: n in its low bits. */
// @ts-ignore: decorator
@inline function quotient(x: v128): v128 {
  return madd(x, at(0), at(1));
}

/** sin or cos of r = high + low, by the lowest bit of n, with the sign by the next. */
// @ts-ignore: decorator
@inline function sineOrCosine(r: v128, low: v128, n: v128): v128 {
  const z = f64x2.mul(r, r), w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
  const ps = madd(madd(at(10), z, at(9)), w2, cubic(z, w, at(5), at(6), at(7), at(8)));
  const pc = madd(madd(at(16), z, at(15)), w2, cubic(z, w, at(11), at(12), at(13), at(14)));
  const h = f64x2.mul(z, half()), c = f64x2.sub(one(), h);
  const sine = f64x2.add(r, madd(f64x2.mul(r, z), ps, f64x2.mul(low, c)));
  const rest = f64x2.sub(f64x2.sub(f64x2.sub(one(), c), h), f64x2.mul(r, low));
  const cosine = f64x2.add(c, madd(w, pc, rest));
  const isOdd = i64x2.eq(v128.and(n, bits(0)), bits(0));
  return v128.xor(v128.bitselect(cosine, sine, isOdd), i64x2.shl(v128.and(n, bits(1)), 62));
}

/** tan of r = high + low, or −1/tan where n is odd. */
// @ts-ignore: decorator
@inline function tangent(r: v128, low: v128, n: v128): v128 {
  const z = f64x2.mul(r, r), w = f64x2.mul(z, z), w2 = f64x2.mul(w, w);
  const ps = madd(madd(at(10), z, at(9)), w2, cubic(z, w, at(5), at(6), at(7), at(8)));
  const pc = madd(madd(at(16), z, at(15)), w2, cubic(z, w, at(11), at(12), at(13), at(14)));
  const h = f64x2.mul(z, half()), c = f64x2.sub(one(), h);
  // sine and cosine as sums of two
  const s1 = madd(f64x2.mul(r, z), ps, f64x2.mul(low, c));
  const sine = f64x2.add(r, s1), sineLow = fastSumError(r, s1, sine);
  const c1 = madd(w, pc, f64x2.sub(f64x2.sub(f64x2.sub(one(), c), h), f64x2.mul(r, low)));
  const cosine = f64x2.add(c, c1), cosineLow = fastSumError(c, c1, cosine);
  const isOdd = i64x2.eq(v128.and(n, bits(0)), bits(0));
  const top = v128.bitselect(f64x2.neg(cosine), sine, isOdd);
  const topLow = v128.bitselect(f64x2.neg(cosineLow), sineLow, isOdd);
  const bottom = v128.bitselect(sine, cosine, isOdd), bottomLow = v128.bitselect(sineLow, cosineLow, isOdd);
  const q = f64x2.div(top, bottom), p = f64x2.mul(q, bottom);
  const left = f64x2.sub(f64x2.sub(f64x2.sub(top, p), productError(q, bottom, p)), f64x2.mul(q, bottomLow));
  return f64x2.add(q, f64x2.div(f64x2.add(left, topLow), bottom));
}

/** sin or cos for float32: r in one part, polynomials of errors 2^-37 and 2^-33. */
// @ts-ignore: decorator
@inline function single(size: v128, t: v128, quarter: v128): v128 {
  const n = f64x2.sub(t, at(1));
  const r = f64x2.sub(f64x2.sub(size, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
  const z = f64x2.mul(r, r), w = f64x2.mul(z, z);
  const sine = madd(f64x2.mul(r, z), cubic(z, w, at(18), at(19), at(20), at(21)), r);
  const cosine = madd(w, madd(w, at(24), madd(z, at(23), at(22))), f64x2.sub(one(), f64x2.mul(z, half())));
  const isOdd = i64x2.eq(v128.and(quarter, bits(0)), bits(0));
  return v128.xor(v128.bitselect(cosine, sine, isOdd), i64x2.shl(v128.and(quarter, bits(1)), 62));
}

/** tan for float32. */
// @ts-ignore: decorator
@inline function singleTangent(size: v128, t: v128): v128 {
  const n = f64x2.sub(t, at(1));
  const r = f64x2.sub(f64x2.sub(size, f64x2.mul(n, at(2))), f64x2.mul(n, at(3)));
  const z = f64x2.mul(r, r), w = f64x2.mul(z, z);
  const sine = madd(f64x2.mul(r, z), cubic(z, w, at(18), at(19), at(20), at(21)), r);
  const cosine = madd(w, madd(w, at(24), madd(z, at(23), at(22))), f64x2.sub(one(), f64x2.mul(z, half())));
  const isOdd = i64x2.eq(v128.and(t, bits(0)), bits(0));
  return f64x2.div(v128.bitselect(f64x2.neg(cosine), sine, isOdd), v128.bitselect(sine, cosine, isOdd));
}

/** The upper half of a·b. */
function highProduct(a: u64, b: u64): u64 {
  const a1 = a >> 32, a0 = a & 0xffffffff, b1 = b >> 32, b0 = b & 0xffffffff;
  const middle = a1 * b0 + (a0 * b0 >> 32);
  const cross = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (cross >> 32);
}

/**
 * Lane by lane for any finite x ≥ 2^17: the product of its 53-bit integer and 256 bits of 2/π without the words that
 * make multiples of 4 (64 bits), then n, and the fraction times π/2 in two parts.
 */
function large(x: f64, what: i32): f64 {
  if (!(abs(x) < Infinity)) return NaN;
  const raw = reinterpret<u64>(x);
  const whole = (raw & 0x000fffffffffffff) | 0x0010000000000000;
  // x = whole · 2^exponent; bit `first` of 2/π after the point weighs 4 in the product
  const exponent = <i32>((raw >> 52) & 0x7ff) - 1075;
  const first = max(exponent - 2, -64) + 64;
  const from = TWO_OVER_PI + ((first >> 6) << 3), by = <u64>(first & 63);
  const w0 = load<u64>(from), w1 = load<u64>(from, 8), w2 = load<u64>(from, 16), w3 = load<u64>(from, 24);
  const v0 = by ? w0 << by | w1 >> (64 - by) : w0;
  const v1 = by ? w1 << by | w2 >> (64 - by) : w1;
  const v2 = by ? w2 << by | w3 >> (64 - by) : w2;
  // the low 192 bits of whole · (v0 v1 v2), which are x·2/π modulo 4, scaled by 2^190
  const p2 = whole * v2, carry2 = highProduct(whole, v2);
  const low1 = whole * v1, p1 = low1 + carry2;
  const carry1 = highProduct(whole, v1) + (p1 < low1 ? 1 : 0);
  let f0 = whole * v0 + carry1, f1 = p1, f2 = p2;
  // for a small exponent the point stands further right
  const back = exponent - 2 < -64 ? -64 - (exponent - 2) : 0;
  if (back) {
    f0 = f0 << back | f1 >> (64 - back);
    f1 = f1 << back | f2 >> (64 - back);
    f2 <<= back;
  }
  // round to the nearest multiple: n, and a fraction in [−1/2, 1/2)
  let n = f0 >> 62;
  const up = f0 >> 61 & 1;
  n += up;
  f0 <<= 2;
  f0 |= f1 >> 62;
  f1 = f1 << 2 | f2 >> 62;
  const negative = up != 0;
  if (negative) {
    f1 = ~f1;
    f0 = ~f0;
  }
  // the leading one to the top, then 53 bits and 53 more
  let shift = 0;
  if (f0 == 0) {
    f0 = f1;
    f1 = 0;
    shift = 64;
  }
  const zeros = clz(f0);
  if (zeros) {
    f0 = f0 << zeros | f1 >> (64 - zeros);
    f1 <<= zeros;
  }
  shift += <i32>zeros;
  const scale = reinterpret<f64>(<u64>(1023 - 64 - shift) << 52);
  const high = <f64>(f0 & ~0x7ff) * scale;
  const low = <f64>((f0 & 0x7ff) << 42 | f1 >> 22) * (scale * reinterpret<f64>(<u64>(1023 - 42) << 52));
  // times π/2 = a + b
  const a = 1.5707963267948966, b = 6.123233995736766e-17;
  const u = f64x2.splat(high), v = f64x2.splat(a), uv = f64x2.mul(u, v);
  const e = f64x2.add(productError(u, v, uv), f64x2.splat(high * b + low * a));
  let r = f64x2.add(uv, e), rest = fastSumError(uv, e, r);
  // the signs of the fraction and of x; n turns with x
  const isTurned = negative != (x < 0);
  if (isTurned) {
    r = f64x2.neg(r);
    rest = f64x2.neg(rest);
  }
  if (x < 0) n = 0 - n;
  return f64x2.extract_lane(
    what == 2 ? tangent(r, rest, i64x2.splat(n)) : sineOrCosine(r, rest, i64x2.splat(n + what)), 0,
  );
}

function largeLanes(x: v128, what: i32): v128 {
  const a = f64x2.extract_lane(x, 0), b = f64x2.extract_lane(x, 1);
  // the other lane may be an ordinary one
  const y = abs(a) < 131072 ? 0 : large(a, what), z = abs(b) < 131072 ? 0 : large(b, what);
  return f64x2.replace_lane(f64x2.splat(y), 1, z);
}

@final @unmanaged export class Sin {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const t = quotient(size), n = f64x2.sub(t, at(1));
    const r0 = f64x2.sub(size, f64x2.mul(n, at(2))), w = f64x2.mul(n, at(3));
    const r1 = f64x2.sub(r0, w);
    const w1 = f64x2.sub(f64x2.mul(n, at(4)), f64x2.sub(f64x2.sub(r0, r1), w));
    const r = f64x2.sub(r1, w1), low = f64x2.sub(f64x2.sub(r1, r), w1);
    return v128.xor(sineOrCosine(r, low, t), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 0);
  }
}

@final @unmanaged export class Cos {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const t = quotient(x), n = f64x2.sub(t, at(1));
    const r0 = f64x2.sub(x, f64x2.mul(n, at(2))), w = f64x2.mul(n, at(3));
    const r1 = f64x2.sub(r0, w);
    const w1 = f64x2.sub(f64x2.mul(n, at(4)), f64x2.sub(f64x2.sub(r0, r1), w));
    const r = f64x2.sub(r1, w1), low = f64x2.sub(f64x2.sub(r1, r), w1);
    return sineOrCosine(r, low, i64x2.add(t, bits(0)));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 1);
  }
}

@final @unmanaged export class Tan {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x);
    const t = quotient(size), n = f64x2.sub(t, at(1));
    const r0 = f64x2.sub(size, f64x2.mul(n, at(2))), w = f64x2.mul(n, at(3));
    const r1 = f64x2.sub(r0, w);
    const w1 = f64x2.sub(f64x2.mul(n, at(4)), f64x2.sub(f64x2.sub(r0, r1), w));
    const r = f64x2.sub(r1, w1), low = f64x2.sub(f64x2.sub(r1, r), w1);
    return v128.xor(tangent(r, low, t), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 2);
  }
}

@final @unmanaged class SinSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), t = quotient(size);
    return v128.xor(single(size, t, t), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 0);
  }
}

@final @unmanaged class CosSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), t = quotient(size);
    return single(size, t, i64x2.add(t, bits(0)));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 1);
  }
}

@final @unmanaged class TanSingle {
  // @ts-ignore: decorator
  @inline fast(x: v128): v128 {
    const size = f64x2.abs(x), t = quotient(size);
    return v128.xor(singleTangent(size, t), signOf(x));
  }

  // @ts-ignore: decorator
  @inline special(x: v128): v128 {
    return i64x2.gt_s(f64x2.abs(x), at(17));
  }

  careful(x: v128): v128 {
    return largeLanes(x, 2);
  }
}

/** sin in two float64 lanes, within 1 ulp. */
// @ts-ignore: decorator
@inline export function sinV(x: v128): v128 {
  return lanes<Sin>(x);
}

/** cos in two float64 lanes, within 1 ulp. */
// @ts-ignore: decorator
@inline export function cosV(x: v128): v128 {
  return lanes<Cos>(x);
}

/** out[i] = sin(x[i]), within 1 ulp for every x; NaN for ±∞. */
export function sinF64(out: usize, x: usize, n: i32): void {
  unary<Sin>(out, x, n);
}

/** out[i] = sin(x[i]), float32 within 1 ulp. */
export function sinF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<SinSingle>(out, x, n);
}

/** out[i] = cos(x[i]), within 1 ulp for every x; NaN for ±∞. */
export function cosF64(out: usize, x: usize, n: i32): void {
  unary<Cos>(out, x, n);
}

/** out[i] = cos(x[i]), float32 within 1 ulp. */
export function cosF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<CosSingle>(out, x, n);
}

/** out[i] = tan(x[i]), within 1 ulp for every x; NaN for ±∞. */
export function tanF64(out: usize, x: usize, n: i32): void {
  unary<Tan>(out, x, n);
}

/** out[i] = tan(x[i]), float32 within 1 ulp. */
export function tanF32(out: usize, x: usize, n: i32): void {
  unaryThroughWide<TanSingle>(out, x, n);
}
