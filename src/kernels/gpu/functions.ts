/**
 * Functions of float32 in WGSL that are as exact as a library's: WGSL's own are allowed errors that arrays must not
 * have (its sine 2⁻¹¹, its exponential |x| units in the last place), and what they make of NaN is left open.
 *
 * Source of the polynomials: Moshier, "Methods and Programs for Mathematical Functions", 1989 (the Cephes library).
 */
import { conversions } from './conversions.js';
import type { Definition } from './definition.js';
import { moreFunctions } from './more-functions.js';
import { powers } from './power.js';

/** A constant that WGSL does not let one write, out of its bits, which the compiler may not see through. */
const bits = 'fn bits_of(x: f32) -> u32 { return bitcast<u32>(x); }';

const table: Readonly<Record<string, Definition>> = {
  ...moreFunctions,
  ...conversions,
  ...powers,
  bits_of: { code: bits },
  is_nan: { code: 'fn is_nan(x: f32) -> bool { return (bits_of(x) & 0x7fffffffu) > 0x7f800000u; }', uses: ['bits_of'] },
  is_inf: {
    code: 'fn is_inf(x: f32) -> bool { return (bits_of(x) & 0x7fffffffu) == 0x7f800000u; }',
    uses: ['bits_of'],
  },
  is_finite: {
    code: 'fn is_finite(x: f32) -> bool { return (bits_of(x) & 0x7f800000u) != 0x7f800000u; }',
    uses: ['bits_of'],
  },
  /** Of a word that the uniform brings, so that nothing is known of it when the code is compiled. */
  nan: { code: 'fn nan() -> f32 { return bitcast<f32>(p.nan); }' },
  inf: { code: 'fn inf() -> f32 { return bitcast<f32>(p.nan & 0x7f800000u); }' },
  /** x, rounded to float32: WGSL lets compilers reassociate, but not through a word they do not know. */
  rounded: {
    code: 'fn rounded(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ (p.nan ^ 0x7fc00000u)); }',
  },
  sign_f: {
    code: 'fn sign_f(x: f32) -> f32 { if (is_nan(x)) { return x; } return select(select(0.0, -1.0, x < 0.0), 1.0, x > 0.0); }',
    uses: ['is_nan'],
  },
  max_f: {
    code: `fn max_f(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bits_of(a) & bits_of(b)); }
  return select(b, a, a > b);
}`,
    uses: ['is_nan'],
  },
  min_f: {
    code: `fn min_f(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bits_of(a) | bits_of(b)); }
  return select(b, a, a < b);
}`,
    uses: ['is_nan'],
  },
  /** Towards zero, modulo 2³²; 0 for what is not finite. */
  wrap_f: {
    code: `fn wrap_f(x: f32) -> u32 {
  let word = bits_of(x);
  let e = i32((word >> 23u) & 255u) - 127;
  if (e < 0 || e == 128) { return 0u; }
  let m = (word & 0x7fffffu) | 0x800000u;
  var v = 0u;
  if (e <= 23) { v = m >> u32(23 - e); } else if (e < 55) { v = m << u32(e - 23); }
  return select(v, 0u - v, (word >> 31u) == 1u);
}`,
    uses: ['bits_of'],
  },
  /** value · 2^k for what k may be beyond an exponent's range, in two steps. */
  times_power: {
    code: `fn times_power(value: f32, k: i32) -> f32 {
  let half = k / 2;
  return value * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(k - half + 127) << 23u);
}`,
  },
  exp_f: {
    code: `fn exp_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let y = clamp(x, -104.0, 89.0);
  let n = round(y * 1.44269504);
  let r = rounded(y - n * 0.693359375) - n * -2.12194440e-4;
  var q = 1.9875691500e-4;
  q = q * r + 1.3981999507e-3;
  q = q * r + 8.3334519073e-3;
  q = q * r + 4.1665795894e-2;
  q = q * r + 1.6666665459e-1;
  q = q * r + 5.0000001201e-1;
  let value = 1.0 + (r + q * r * r);
  if (x > 88.8) { return inf(); }
  return times_power(value, i32(n));
}`,
    uses: ['is_nan', 'inf', 'rounded', 'times_power'],
  },
  log_f: {
    code: `fn log_f(x: f32) -> f32 {
  if (is_nan(x) || x < 0.0) { return nan(); }
  if (is_inf(x)) { return x; }
  if (bits_of(x) << 1u == 0u) { return -inf(); }
  let isTiny = bits_of(x) < 0x00800000u;
  // a subnormal number is so many times the least one
  let word = select(bits_of(x), bits_of(f32(bits_of(x))), isTiny);
  var e = i32(word >> 23u) - 126 - select(0, 149, isTiny);
  var m = bitcast<f32>((word & 0x7fffffu) | 0x3f000000u);
  if (m < 0.70710678) { m = m + m; e -= 1; }
  let z = m - 1.0;
  let z2 = z * z;
  var q = 7.0376836292e-2;
  q = q * z - 1.1514610310e-1;
  q = q * z + 1.1676998740e-1;
  q = q * z - 1.2420140846e-1;
  q = q * z + 1.4249322787e-1;
  q = q * z - 1.6668057665e-1;
  q = q * z + 2.0000714765e-1;
  q = q * z - 2.4999993993e-1;
  q = q * z + 3.3333331174e-1;
  let f = f32(e);
  let low = q * z * z2 + f * -2.12194440e-4 - 0.5 * z2;
  return (z + low) + f * 0.693359375;
}`,
    uses: ['is_nan', 'is_inf', 'nan', 'inf'],
  },
  exp2_f: {
    code: `fn exp2_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x >= 128.0) { return inf(); }
  let y = max(x, -151.0);
  let n = round(y);
  return times_power(exp_f((y - n) * 0.69314718), i32(n));
}`,
    uses: ['exp_f', 'times_power'],
  },
  log2_f: {
    code: `fn log2_f(x: f32) -> f32 {
  if (is_nan(x) || !(x > 0.0) || is_inf(x) || bits_of(x) < 0x00800000u) { return log_f(x) * 1.44269504; }
  let word = bits_of(x);
  var e = i32(word >> 23u) - 126;
  var m = bitcast<f32>((word & 0x7fffffu) | 0x3f000000u);
  if (m < 0.70710678) { m = m + m; e -= 1; }
  return f32(e) + log_f(m) * 1.44269504;
}`,
    uses: ['log_f'],
  },
  log10_f: { code: 'fn log10_f(x: f32) -> f32 { return log_f(x) * 0.434294482; }', uses: ['log_f'] },
  expm1_f: {
    code: `fn expm1_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (abs(x) < 0.5) {
    var q = 1.9875691500e-4;
    q = q * x + 1.3981999507e-3;
    q = q * x + 8.3334519073e-3;
    q = q * x + 4.1665795894e-2;
    q = q * x + 1.6666665459e-1;
    q = q * x + 5.0000001201e-1;
    return x + q * x * x;
  }
  return exp_f(x) - 1.0;
}`,
    uses: ['exp_f'],
  },
  /** The logarithm of the rounded sum, and what rounding took from it. */
  log1p_f: {
    code: `fn log1p_f(x: f32) -> f32 {
  let u = rounded(1.0 + x);
  if (!is_finite(u) || u <= 0.0) { return log_f(u); }
  if (u == 1.0) { return x; }
  let lost = select(x - rounded(u - 1.0), 1.0 - rounded(u - x), x > 1.0);
  return log_f(u) + lost / u;
}`,
    uses: ['log_f', 'is_finite', 'rounded'],
  },
  tanh_f: {
    code: `fn tanh_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let e = expm1_f(-2.0 * min(abs(x), 20.0));
  let t = -e / (e + 2.0);
  return select(t, -t, x < 0.0);
}`,
    uses: ['expm1_f'],
  },
  sinh_f: {
    code: `fn sinh_f(x: f32) -> f32 {
  let y = abs(x);
  if (y > 88.0) { let h = exp_f(0.5 * y); let s = 0.5 * h * h; return select(s, -s, x < 0.0); }
  let e = expm1_f(y);
  let s = 0.5 * (e + e / (e + 1.0));
  return select(s, -s, x < 0.0);
}`,
    uses: ['expm1_f'],
  },
  cosh_f: {
    code: `fn cosh_f(x: f32) -> f32 {
  let h = exp_f(0.5 * abs(x));
  let e = h * h;
  if (abs(x) > 88.0) { return 0.5 * h * h; }
  return 0.5 * e + 0.5 / e;
}`,
    uses: ['exp_f'],
  },
  /** x − q·π/2 in [−π/4, π/4] in .x, and q in .y; by the bits of 2/π where x is large. Source: Payne & Hanek, 1983. */
  quadrant: {
    code: `fn high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu; let a1 = a >> 16u; let b0 = b & 0xffffu; let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let other = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (other >> 16u);
}
fn quadrant(x: f32) -> vec2<f32> {
  if (abs(x) < 4096.0) {
    let q = round(x * 0.636619772);
    let r = rounded(rounded(x - q * 1.5703125) - q * 4.837512969970703e-4) - q * 7.549789954891882e-8;
    return vec2<f32>(r, q - 4.0 * floor(q * 0.25));
  }
  var digits = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let word = bits_of(x);
  let m = (word & 0x7fffffu) | 0x800000u;
  let s = ((word >> 23u) & 255u) - 120u;
  let at = s >> 5u;
  let shift = s & 31u;
  let w0 = select((digits[at] << shift) | (digits[at + 1u] >> (32u - shift)), digits[at], shift == 0u);
  let w1 = select((digits[at + 1u] << shift) | (digits[at + 2u] >> (32u - shift)), digits[at + 1u], shift == 0u);
  let low = m * w1;
  let top = m * w0 + high(m, w1);
  var q = top >> 30u;
  let part = (top << 2u) | (low >> 30u);
  var f = f32(bitcast<i32>(part)) * 2.3283064365386963e-10;
  if (part >= 0x80000000u) { q += 1u; }
  if (word >> 31u == 1u) { f = -f; q = 0u - q; }
  return vec2<f32>(f * 1.57079633, f32(q & 3u));
}`,
    uses: ['bits_of', 'rounded'],
  },
  sincos: {
    code: `fn sincos(x: f32, turn: u32) -> f32 {
  if (!is_finite(x)) { return nan(); }
  let reduced = quadrant(x);
  let q = (u32(reduced.y) + turn) & 3u;
  let r = reduced.x;
  let z = r * r;
  var v: f32;
  if ((q & 1u) == 0u) {
    v = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  } else {
    v = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  }
  return select(v, -v, q >= 2u);
}`,
    uses: ['quadrant', 'is_finite', 'nan'],
  },
  sin_f: { code: 'fn sin_f(x: f32) -> f32 { return select(sincos(x, 0u), x, x == 0.0); }', uses: ['sincos'] },
  cos_f: { code: 'fn cos_f(x: f32) -> f32 { return sincos(x, 1u); }', uses: ['sincos'] },
  div_i: {
    code: `fn div_i(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  let q = a / b;
  return select(q, q - 1, a % b != 0 && (a < 0) != (b < 0));
}`,
  },
  mod_i: {
    code: `fn mod_i(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}`,
  },
  rem_i: { code: 'fn rem_i(a: i32, b: i32) -> i32 { if (b == 0) { return 0; } return a % b; }' },
  div_u: { code: 'fn div_u(a: u32, b: u32) -> u32 { if (b == 0u) { return 0u; } return a / b; }' },
  mod_u: { code: 'fn mod_u(a: u32, b: u32) -> u32 { if (b == 0u) { return 0u; } return a % b; }' },
  shl: { code: 'fn shl(a: u32, b: u32) -> u32 { return select(0u, a << (b & 31u), b < 32u); }' },
  shr_u: { code: 'fn shr_u(a: u32, b: u32) -> u32 { return select(0u, a >> (b & 31u), b < 32u); }' },
  shr_i: { code: 'fn shr_i(a: i32, b: i32) -> i32 { return a >> select(31u, u32(b), b >= 0 && b < 32); }' },
  pow_u: {
    code: `fn pow_u(a: u32, b: u32) -> u32 {
  var result = 1u;
  var base = a;
  for (var rest = b; rest > 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) { result *= base; }
    base *= base;
  }
  return result;
}`,
  },
  pow_i: {
    code: `fn pow_i(a: i32, b: i32) -> i32 {
  if (b >= 0) { return bitcast<i32>(pow_u(bitcast<u32>(a), u32(b))); }
  if (a == 1) { return 1; }
  if (a == -1) { return select(-1, 1, (b & 1) == 0); }
  return 0;
}`,
    uses: ['pow_u'],
  },
};

/** WGSL of these functions and all that they use. */
export function functionsCode(names: Iterable<string>): string {
  const done = new Set<string>();
  const out: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const { code, uses = [] } = table[name] as Definition;
    if (name !== 'bits_of') add('bits_of');
    for (const other of uses) add(other);
    out.push(code);
  };
  for (const name of names) add(name);
  return out.join('\n');
}
