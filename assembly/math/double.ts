/**
 * What the functions of this folder share: multiply-add (two roundings in both builds, so that they give the same
 * bits), polynomials by Estrin's scheme (short chains: rounds overlap only as far as the processor looks ahead), and
 * the pieces of arithmetic on unevaluated sums of two float64 (Dekker 1971, Knuth).
 */

const TABLE: usize = memory.data<f64>([
  -0.0, -0.0, // 0: the sign
  134217729.0, 134217729.0, // 1: 2^27 + 1
  1.0, 1.0, // 2
  0.5, 0.5, // 3
  2.0, 2.0, // 4
], 16);

// @ts-ignore: decorator
@inline function at(i: i32): v128 {
  return v128.load(TABLE + (<usize>i << 4));
}

// @ts-ignore: decorator
@inline export function one(): v128 {
  return at(2);
}

// @ts-ignore: decorator
@inline export function half(): v128 {
  return at(3);
}

// @ts-ignore: decorator
@inline export function two(): v128 {
  return at(4);
}

/** The sign bits of x. */
// @ts-ignore: decorator
@inline export function signOf(x: v128): v128 {
  return v128.and(x, at(0));
}

/** a·b + c, rounded twice. */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** c0 + c1·x + c2·x² + c3·x³ */
// @ts-ignore: decorator
@inline export function cubic(x: v128, x2: v128, c0: v128, c1: v128, c2: v128, c3: v128): v128 {
  return madd(x2, madd(x, c3, c2), madd(x, c1, c0));
}

/** a + b − s for s = a + b rounded, where |a| ≥ |b| or a is 0: exact. */
// @ts-ignore: decorator
@inline export function fastSumError(a: v128, b: v128, s: v128): v128 {
  return f64x2.add(f64x2.sub(a, s), b);
}

/** a + b − s for s = a + b rounded: exact. */
// @ts-ignore: decorator
@inline export function sumError(a: v128, b: v128, s: v128): v128 {
  const t = f64x2.sub(s, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(s, t)), f64x2.sub(b, t));
}

/** The upper 26 bits of a; |a| < 2^996. */
// @ts-ignore: decorator
@inline export function upper(a: v128): v128 {
  const c = f64x2.mul(a, at(1));
  return f64x2.sub(c, f64x2.sub(c, a));
}

/** a·b − p for p = a·b rounded: exact unless it is below the least number. */
// @ts-ignore: decorator
@inline export function productError(a: v128, b: v128, p: v128): v128 {
  const a1 = upper(a), a0 = f64x2.sub(a, a1), b1 = upper(b), b0 = f64x2.sub(b, b1);
  const e = f64x2.add(f64x2.sub(f64x2.mul(a1, b1), p), f64x2.mul(a1, b0));
  return f64x2.add(f64x2.add(e, f64x2.mul(a0, b1)), f64x2.mul(a0, b0));
}

/** a² − p for p = a² rounded. */
// @ts-ignore: decorator
@inline export function squareError(a: v128, p: v128): v128 {
  const a1 = upper(a), a0 = f64x2.sub(a, a1);
  const cross = f64x2.mul(a1, a0);
  return f64x2.add(f64x2.add(f64x2.sub(f64x2.mul(a1, a1), p), f64x2.add(cross, cross)), f64x2.mul(a0, a0));
}
