/**
 * float64 in WGSL, which has none: numbers are their bits, `vec2<u32>` with the low word first, and all is done with
 * integers, so that nothing depends on how a GPU rounds or orders operations. `dadd` and `dmul` are IEEE 754's, to the
 * nearest and ties to even, with subnormal numbers, infinities and NaN (always the same one); `dpack` is the float64
 * nearest to an integer of 128 bits times a power of two. Slow: some hundred instructions each.
 */
export const doubleCode = `
fn shl128(w: vec4<u32>, n: u32) -> vec4<u32> {
  var v = w;
  for (var i = n >> 5u; i > 0u; i--) { v = vec4<u32>(0u, v.xyz); }
  let s = n & 31u;
  if (s == 0u) { return v; }
  return (v << vec4<u32>(s)) | (vec4<u32>(0u, v.xyz) >> vec4<u32>(32u - s));
}
fn shr128(w: vec4<u32>, n: u32) -> vec4<u32> {
  if (n >= 128u) { return vec4<u32>(); }
  var v = w;
  for (var i = n >> 5u; i > 0u; i--) { v = vec4<u32>(v.yzw, 0u); }
  let s = n & 31u;
  if (s == 0u) { return v; }
  return (v >> vec4<u32>(s)) | (vec4<u32>(v.yzw, 0u) << vec4<u32>(32u - s));
}
// whether any of the n lowest bits is set
fn lost128(w: vec4<u32>, n: u32) -> bool {
  if (n >= 128u) { return any(w != vec4<u32>()); }
  return any(shl128(shr128(w, n), n) != w);
}
fn top128(w: vec4<u32>) -> i32 {
  if (w.w != 0u) { return 127 - i32(countLeadingZeros(w.w)); }
  if (w.z != 0u) { return 95 - i32(countLeadingZeros(w.z)); }
  if (w.y != 0u) { return 63 - i32(countLeadingZeros(w.y)); }
  return 31 - i32(countLeadingZeros(w.x));
}
fn add128(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  var sum = a + b;
  // at most one carry leaves a word: of the sum, or of a carry into a word of ones
  let x = u32(sum.x < a.x);
  var y = u32(sum.y < a.y);
  sum.y += x;
  y |= u32(sum.y < x);
  var z = u32(sum.z < a.z);
  sum.z += y;
  z |= u32(sum.z < y);
  sum.w += z;
  return sum;
}
fn neg128(a: vec4<u32>) -> vec4<u32> { return add128(~a, vec4<u32>(1u, 0u, 0u, 0u)); }
fn dpack(sign: u32, w: vec4<u32>, scale: i32) -> vec2<u32> {
  if (all(w == vec4<u32>())) { return vec2<u32>(0u, sign); }
  let top = top128(w);
  let e = top + scale + 1023;
  if (e >= 2047) { return vec2<u32>(0u, sign | 0x7ff00000u); }
  let drop = select(top - 52, -1074 - scale, e < 1);
  if (drop > 128) { return vec2<u32>(0u, sign); }
  var q: vec2<u32>;
  if (drop <= 0) {
    q = shl128(w, u32(-drop)).xy;
  } else {
    let n = u32(drop);
    q = shr128(w, n).xy;
    let half = (shr128(w, n - 1u).x & 1u) == 1u;
    if (half && ((q.x & 1u) == 1u || lost128(w, n - 1u))) {
      q.x += 1u;
      q.y += u32(q.x == 0u);
    }
  }
  // the leading bit of q counts as one of the exponent, and what rounding carries does too
  return vec2<u32>(q.x, (q.y + (u32(max(e - 1, 0)) << 20u)) | sign);
}
const NAN = vec2<u32>(0u, 0x7ff80000u);
fn disnan(a: vec2<u32>) -> bool {
  let high = a.y & 0x7fffffffu;
  return high > 0x7ff00000u || (high == 0x7ff00000u && a.x != 0u);
}
fn dexponent(a: vec2<u32>) -> u32 { return (a.y >> 20u) & 0x7ffu; }
fn diszero(a: vec2<u32>) -> bool { return (a.x | (a.y & 0x7fffffffu)) == 0u; }
// the integer m of |a| = m · 2^(max(exponent, 1) − 1075)
fn dmantissa(a: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(a.x, (a.y & 0xfffffu) | select(0u, 0x100000u, dexponent(a) != 0u));
}
fn mul32(a: u32, b: u32) -> vec2<u32> {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return vec2<u32>((other << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (other >> 16u));
}
fn dmul(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let sign = (a.y ^ b.y) & 0x80000000u;
  let ea = dexponent(a);
  let eb = dexponent(b);
  if (ea == 2047u || eb == 2047u) {
    if (disnan(a) || disnan(b) || diszero(a) || diszero(b)) { return NAN; }
    return vec2<u32>(0u, sign | 0x7ff00000u);
  }
  let x = dmantissa(a);
  let y = dmantissa(b);
  let ll = mul32(x.x, y.x);
  let lh = mul32(x.x, y.y);
  let hl = mul32(x.y, y.x);
  let hh = mul32(x.y, y.y);
  var product = vec4<u32>(ll, hh);
  product = add128(product, vec4<u32>(0u, lh, 0u));
  product = add128(product, vec4<u32>(0u, hl, 0u));
  return dpack(sign, product, i32(max(ea, 1u)) + i32(max(eb, 1u)) - 2150);
}
fn dadd(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  var x = a;
  var y = b;
  if (max(dexponent(x), 1u) < max(dexponent(y), 1u)) { x = b; y = a; }
  let ex = dexponent(x);
  if (ex == 2047u) {
    if (disnan(x) || disnan(y)) { return NAN; }
    if (dexponent(y) == 2047u && x.y != y.y) { return NAN; }
    return x;
  }
  let sx = x.y & 0x80000000u;
  let sy = y.y & 0x80000000u;
  let apart = max(ex, 1u) - max(dexponent(y), 1u);
  let wx = vec4<u32>(0u, 0u, dmantissa(x));
  let whole = vec4<u32>(0u, 0u, dmantissa(y));
  var wy = shr128(whole, apart);
  // what is far below the last place matters only by being there
  wy.x |= u32(lost128(whole, apart));
  let scale = i32(max(ex, 1u)) - 1139;
  if (sx == sy) { return dpack(sx, add128(wx, wy), scale); }
  let difference = add128(wx, neg128(wy));
  if (all(difference == vec4<u32>())) { return vec2<u32>(); }
  if ((difference.w & 0x80000000u) != 0u) { return dpack(sy, neg128(difference), scale); }
  return dpack(sx, difference, scale);
}
`;
