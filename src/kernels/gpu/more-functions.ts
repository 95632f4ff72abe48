/**
 * More functions of float32 in WGSL, of those in functions.ts and by the same rules: inverse trigonometric and hyperbolic
 * functions, roots, and the exact remainder.
 *
 * Source of the polynomials: Moshier, "Methods and Programs for Mathematical Functions", 1989 (the Cephes library).
 */
import type { Definition } from './definition.js';

export const moreFunctions: Readonly<Record<string, Definition>> = {
  /** |x| with the sign of y. */
  signed: {
    code: 'fn signed(x: f32, y: f32) -> f32 { return bitcast<f32>((bits_of(x) & 0x7fffffffu) | (bits_of(y) & 0x80000000u)); }',
  },
  tan_f: {
    code: 'fn tan_f(x: f32) -> f32 { if (x == 0.0) { return x; } return sincos(x, 0u) / sincos(x, 1u); }',
    uses: ['sincos'],
  },
  /** For 0 ≤ x ≤ ½. */
  small_asin: {
    code: `fn small_asin(x: f32) -> f32 {
  let z = x * x;
  var q = 4.2163199048e-2;
  q = q * z + 2.4181311049e-2;
  q = q * z + 4.5470025998e-2;
  q = q * z + 7.4953002686e-2;
  q = q * z + 1.6666752422e-1;
  return q * z * x + x;
}`,
  },
  asin_f: {
    code: `fn asin_f(x: f32) -> f32 {
  let y = abs(x);
  if (is_nan(x) || y > 1.0) { return nan(); }
  if (y <= 0.5) { return signed(small_asin(y), x); }
  return signed(1.57079633 - 2.0 * small_asin(sqrt(0.5 * (1.0 - y))), x);
}`,
    uses: ['is_nan', 'nan', 'signed', 'small_asin'],
  },
  acos_f: {
    code: `fn acos_f(x: f32) -> f32 {
  let y = abs(x);
  if (is_nan(x) || y > 1.0) { return nan(); }
  if (y <= 0.5) { return 1.57079633 - signed(small_asin(y), x); }
  let a = 2.0 * small_asin(sqrt(0.5 * (1.0 - y)));
  return select(a, 3.14159265 - a, x < 0.0);
}`,
    uses: ['is_nan', 'nan', 'signed', 'small_asin'],
  },
  atan_f: {
    code: `fn atan_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  var y = abs(x);
  var begin = 0.0;
  if (y > 2.41421356) {
    begin = 1.57079633;
    y = select(-1.0 / y, 0.0, y > 1e30);
  } else if (y > 0.414213562) {
    begin = 0.785398163;
    y = (y - 1.0) / (y + 1.0);
  }
  let z = y * y;
  var q = 8.05374449538e-2;
  q = q * z - 1.38776856032e-1;
  q = q * z + 1.99777106478e-1;
  q = q * z - 3.33329491539e-1;
  return signed(begin + (q * z * y + y), x);
}`,
    uses: ['is_nan', 'signed'],
  },
  atan2_f: {
    code: `fn atan2_f(y: f32, x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  let scale = select(1.0, 0.0625, max(abs(x), abs(y)) > 1e37);
  let across = abs(x) * scale;
  let up = abs(y) * scale;
  let large = max(across, up);
  let small = min(across, up);
  var a = 0.0;
  if (is_inf(small)) { a = 0.785398163; } else if (large > 0.0 && !is_inf(large)) { a = atan_f(small / large); }
  if (up > across) { a = 1.57079633 - a; }
  if (bits_of(x) >> 31u == 1u) { a = 3.14159265 - a; }
  return signed(a, y);
}`,
    uses: ['is_nan', 'is_inf', 'atan_f', 'signed'],
  },
  asinh_f: {
    code: `fn asinh_f(x: f32) -> f32 {
  if (!is_finite(x)) { return x; }
  let y = abs(x);
  if (y > 4096.0) { return signed(log_f(y) + 0.693147181, x); }
  let z = y * y;
  return signed(log1p_f(y + z / (1.0 + sqrt(1.0 + z))), x);
}`,
    uses: ['is_finite', 'log_f', 'log1p_f', 'signed'],
  },
  acosh_f: {
    code: `fn acosh_f(x: f32) -> f32 {
  if (is_nan(x) || x < 1.0) { return nan(); }
  if (x > 4096.0) { return log_f(x) + 0.693147181; }
  let t = x - 1.0;
  return log1p_f(t + sqrt(2.0 * t + t * t));
}`,
    uses: ['is_nan', 'nan', 'log_f', 'log1p_f'],
  },
  atanh_f: {
    code: `fn atanh_f(x: f32) -> f32 {
  let y = abs(x);
  if (is_nan(x) || y > 1.0) { return nan(); }
  if (y == 1.0) { return signed(inf(), x); }
  return signed(0.5 * log1p_f(2.0 * (y + y * y / (1.0 - y))), x);
}`,
    uses: ['is_nan', 'nan', 'inf', 'log1p_f', 'signed'],
  },
  /** Three steps of Newton's, from a third of the exponent. */
  cbrt_f: {
    code: `fn cbrt_f(x: f32) -> f32 {
  let y = abs(x);
  if (!is_finite(x) || y < 1.17549435e-38) { return x; }
  var t = bitcast<f32>(bits_of(y) / 3u + 709921077u);
  for (var step = 0; step < 3; step++) { t = t - (t - y / (t * t)) * 0.333333333; }
  return signed(t, x);
}`,
    uses: ['is_finite', 'signed'],
  },
  hypot_f: {
    code: `fn hypot_f(a: f32, b: f32) -> f32 {
  if (is_inf(a) || is_inf(b)) { return inf(); }
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  let large = max(abs(a), abs(b));
  var by = 1.0;
  var back = 1.0;
  if (large > 1e15) { by = 7.888609052210118e-31; back = 1.2676506002282294e30; }
  if (large < 1e-15) { by = 1.2676506002282294e30; back = 7.888609052210118e-31; }
  let x = a * by;
  let y = b * by;
  return sqrt(x * x + y * y) * back;
}`,
    uses: ['is_inf', 'is_nan', 'inf'],
  },
  /** Exact: the digits of the quotient one after the other. */
  rem_f: {
    code: `fn rem_f(x: f32, y: f32) -> f32 {
  let a = bits_of(x) & 0x7fffffffu;
  let b = bits_of(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return nan(); }
  if (a < b) { return x; }
  var ex = max(1, i32(a >> 23u));
  let ey = max(1, i32(b >> 23u));
  var m = (a & 0x7fffffu) | select(0u, 0x800000u, a >= 0x800000u);
  let n = (b & 0x7fffffu) | select(0u, 0x800000u, b >= 0x800000u);
  m %= n;
  for (; ex > ey && m != 0u; ex--) { m = (m << 1u) % n; }
  if (m == 0u) { return signed(0.0, x); }
  let shift = i32(countLeadingZeros(m)) - 8;
  let e = ey - shift;
  let word = select(m << u32(ey - 1), ((m << u32(max(shift, 0))) & 0x7fffffu) | (u32(e) << 23u), e > 0);
  return signed(bitcast<f32>(word), x);
}`,
    uses: ['nan', 'signed'],
  },
  mod_f: {
    code: `fn mod_f(a: f32, b: f32) -> f32 {
  let rest = rem_f(a, b);
  if (is_nan(rest)) { return rest; }
  if (rest == 0.0) { return signed(0.0, b); }
  return select(rest + b, rest, (b < 0.0) == (rest < 0.0));
}`,
    uses: ['rem_f', 'is_nan', 'signed'],
  },
  floor_div_f: {
    code: `fn floor_div_f(a: f32, b: f32) -> f32 {
  if (is_nan(b)) { return b; }
  if (b == 0.0) {
    if (is_nan(a) || a == 0.0) { return nan(); }
    return bitcast<f32>(bits_of(inf()) | ((bits_of(a) ^ bits_of(b)) & 0x80000000u));
  }
  let rest = rem_f(a, b);
  if (is_nan(rest)) { return nan(); }
  var quotient = rounded(a - rest) / b;
  if (is_inf(b)) { quotient = 0.0; }
  if (rest != 0.0 && (b < 0.0) != (rest < 0.0)) { quotient -= 1.0; }
  if (quotient == 0.0) { return bitcast<f32>((bits_of(a) ^ bits_of(b)) & 0x80000000u); }
  let whole = floor(quotient);
  return select(whole, whole + 1.0, quotient - whole > 0.5);
}`,
    uses: ['is_nan', 'is_inf', 'nan', 'inf', 'rem_f', 'rounded'],
  },
};
