/**
 * Powers of float32 in WGSL: 2^(y·log₂ x), with the logarithm and its product with y as sums of two float32, since what
 * they are off by is multiplied by up to 150. Every step whose rounding counts goes through `rounded` or through words, so
 * that no compiler puts it together with another.
 *
 * Sources: Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971), for products
 * and sums of two float32; the series of the inverse hyperbolic tangent for the logarithm; special values as C's pow.
 */
import type { Definition } from './definition.js';

export const powers: Readonly<Record<string, Definition>> = {
  /** a + b as what it rounds to and the rest. */
  sum_two: {
    code: `fn sum_two(a: f32, b: f32) -> vec2<f32> {
  let s = rounded(a + b);
  let part = rounded(s - a);
  return vec2<f32>(s, rounded(a - rounded(s - part)) + rounded(b - part));
}`,
    uses: ['rounded'],
  },
  /** a · b as what it rounds to and the rest: halves have 12 bits, so their products are exact. */
  product_two: {
    code: `fn product_two(a: f32, b: f32) -> vec2<f32> {
  let p = rounded(a * b);
  let ah = bitcast<f32>(bits_of(a) & 0xfffff000u);
  let bh = bitcast<f32>(bits_of(b) & 0xfffff000u);
  let al = rounded(a - ah);
  let bl = rounded(b - bh);
  let rest = rounded(rounded(rounded(ah * bh) - p) + rounded(ah * bl));
  return vec2<f32>(p, rounded(rest + rounded(al * bh)) + rounded(al * bl));
}`,
    uses: ['rounded'],
  },
  /** log₂ x of a finite x > 0, to some 2⁻³⁰ of it. */
  log2_two: {
    code: `fn log2_two(x: f32) -> vec2<f32> {
  let isTiny = bits_of(x) < 0x00800000u;
  let word = select(bits_of(x), bits_of(f32(bits_of(x))), isTiny);
  var e = i32(word >> 23u) - 127 - select(0, 149, isTiny);
  var m = bitcast<f32>((word & 0x7fffffu) | 0x3f800000u);
  if (m > 1.41421356) { m = m * 0.5; e += 1; }
  // s = (m − 1) / (m + 1), and log m = 2 · (s + s³/3 + s⁵/5 + …)
  let f = rounded(m - 1.0);
  let below = sum_two(2.0, f);
  let high = rounded(f / below.x);
  let back = product_two(high, below.x);
  let low = (rounded(rounded(f - back.x) - back.y) - rounded(high * below.y)) / below.x;
  let square = product_two(high, high);
  let z = square.x;
  var q = 0.0769230769;
  q = q * z + 0.0909090909;
  q = q * z + 0.111111111;
  q = q * z + 0.142857143;
  q = q * z + 0.2;
  // a third as two numbers, since its term is the largest
  let third = product_two(z, 0.333333343);
  let cubes = sum_two(third.x, rounded(rounded(q * z) * z));
  let tail = product_two(high, cubes.x);
  let rest = tail.y + high * (cubes.y + third.y - z * 9.93410776e-9 + square.y * 0.333333343) + low * (1.0 + 3.0 * cubes.x);
  let series = sum_two(high, tail.x);
  let logarithm = sum_two(series.x, series.y + rest);
  // 2 / ln 2 as two numbers
  let scaled = product_two(logarithm.x, 2.88539004);
  let fine = scaled.y + logarithm.x * 3.85192596e-8 + logarithm.y * 2.88539004;
  let whole = sum_two(f32(e), scaled.x);
  return sum_two(whole.x, whole.y + fine);
}`,
    uses: ['rounded', 'sum_two', 'product_two'],
  },
  pow_f: {
    code: `fn pow_f(x: f32, y: f32) -> f32 {
  let ax = bits_of(x) & 0x7fffffffu;
  let ay = bits_of(y) & 0x7fffffffu;
  if (ay == 0u || bits_of(x) == 0x3f800000u) { return 1.0; }
  if (ax > 0x7f800000u || ay > 0x7f800000u) { return nan(); }
  let isWhole = abs(y) >= 8388608.0 || y == floor(y);
  let isOdd = isWhole && abs(y) < 16777216.0 && (u32(abs(y)) & 1u) == 1u;
  let sign = select(0u, bits_of(x) & 0x80000000u, isOdd);
  if (ay == 0x7f800000u) {
    if (ax == 0x3f800000u) { return 1.0; }
    return select(0.0, inf(), (ax > 0x3f800000u) == (y > 0.0));
  }
  if (ax == 0u || ax == 0x7f800000u) {
    return bitcast<f32>(sign | select(0u, bits_of(inf()), (ax == 0u) != (y > 0.0)));
  }
  if (x < 0.0 && !isWhole) { return nan(); }
  let l = log2_two(bitcast<f32>(ax));
  let rough = l.x * y;
  if (rough > 129.0) { return bitcast<f32>(sign | bits_of(inf())); }
  if (rough < -151.0) { return bitcast<f32>(sign); }
  let t = product_two(l.x, y);
  let n = round(t.x);
  let r = rounded(t.x - n) + (t.y + l.y * y);
  var q = 1.53533619e-4;
  q = q * r + 1.33988744e-3;
  q = q * r + 9.61843736e-3;
  q = q * r + 5.55033982e-2;
  q = q * r + 2.40226462e-1;
  q = q * r + 6.93147182e-1;
  let size = times_power(1.0 + q * r, i32(n));
  return bitcast<f32>(bits_of(size) | sign);
}`,
    uses: ['nan', 'inf', 'rounded', 'log2_two', 'product_two', 'times_power'],
  },
};
