/**
 * float64 on a device that has none: its 64 bits in two words, the lower one first. They can be moved, chosen between and
 * converted, rounding as IEEE 754 says, all in integers; arithmetic on them is that of double.ts.
 */
import type { Definition } from './definition.js';

export const conversions: Readonly<Record<string, Definition>> = {
  /** To the nearest float32, ties to even. */
  float_of_double: {
    code: `fn float_of_double(a: vec2<u32>) -> f32 {
  let sign = a.y & 0x80000000u;
  let e = i32((a.y >> 20u) & 0x7ffu) - 1023;
  let high = a.y & 0xfffffu;
  if (e == 1024) { return bitcast<f32>(sign | select(0x7f800000u, p.nan, (high | a.x) != 0u)); }
  if (e > 127) { return bitcast<f32>(sign | 0x7f800000u); }
  if (e < -150) { return bitcast<f32>(sign); }
  let fraction = (high << 3u) | (a.x >> 29u);
  if (e < -126) {
    let n = u32(-126 - e);
    let whole = fraction | 0x800000u;
    let word = whole >> n;
    let rest = whole & ((1u << n) - 1u);
    let half = 1u << (n - 1u);
    let isMore = (a.x & 0x1fffffffu) != 0u || (word & 1u) == 1u;
    return bitcast<f32>(sign | (word + u32(rest > half || (rest == half && isMore))));
  }
  let word = (u32(e + 127) << 23u) | fraction;
  let isUp = (a.x & 0x10000000u) != 0u && ((a.x & 0xfffffffu) != 0u || (word & 1u) == 1u);
  return bitcast<f32>(sign | (word + u32(isUp)));
}`,
  },
  /** Towards zero, modulo 2³²; 0 for what is not finite. */
  word_of_double: {
    code: `fn word_of_double(a: vec2<u32>) -> u32 {
  let e = i32((a.y >> 20u) & 0x7ffu) - 1023;
  if (e < 0 || e > 83) { return 0u; }
  let high = (a.y & 0xfffffu) | 0x100000u;
  var v = 0u;
  if (e > 52) {
    v = a.x << u32(e - 52);
  } else if (e <= 20) {
    v = high >> u32(20 - e);
  } else {
    let n = u32(52 - e);
    v = select((a.x >> n) | (high << (32u - n)), a.x, n == 0u);
  }
  return select(v, 0u - v, (a.y >> 31u) == 1u);
}`,
  },
  double_of_float: {
    code: `fn double_of_float(x: f32) -> vec2<u32> {
  let word = bits_of(x);
  let sign = word & 0x80000000u;
  var e = i32((word >> 23u) & 255u);
  var fraction = word & 0x7fffffu;
  if (e == 255) { return vec2<u32>(fraction << 29u, sign | 0x7ff00000u | (fraction >> 3u)); }
  if (e == 0) {
    if (fraction == 0u) { return vec2<u32>(0u, sign); }
    let n = countLeadingZeros(fraction) - 8u;
    fraction = (fraction << n) & 0x7fffffu;
    e = 1 - i32(n);
  }
  return vec2<u32>(fraction << 29u, sign | (u32(e + 896) << 20u) | (fraction >> 3u));
}`,
  },
  double_of_word: {
    code: `fn double_of_word(x: u32) -> vec2<u32> {
  if (x == 0u) { return vec2<u32>(); }
  let n = countLeadingZeros(x);
  let fraction = (x << n) & 0x7fffffffu;
  return vec2<u32>(fraction << 21u, ((1054u - n) << 20u) | (fraction >> 11u));
}`,
  },
  double_of_int: {
    code: `fn double_of_int(x: i32) -> vec2<u32> {
  let word = bitcast<u32>(x);
  let a = double_of_word(select(word, 0u - word, x < 0));
  return vec2<u32>(a.x, a.y | (word & 0x80000000u));
}`,
    uses: ['double_of_word'],
  },
};
