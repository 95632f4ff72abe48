/**
 * Kernel matrices, element by element: the Gaussian one from squared distances, polynomial and sigmoid from a Gram
 * matrix. Two lanes of float64 at a time also for float32, whose results are then rounded once. gamma is an address.
 */
import { expV } from './math/exp';
import { tanhV } from './math/hyperbolic';
import { OK } from './status';

// @ts-ignore: decorator
@inline function loadPair<T>(p: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(p);
  return f64x2.promote_low_f32x4(v128.load64_zero(p));
}

// @ts-ignore: decorator
@inline function storePair<T>(p: usize, value: v128): void {
  if (sizeof<T>() == 8) v128.store(p, value);
  else v128.store_lane<f64>(p, f32x4.demote_f64x2_zero(value), 0);
}

// @ts-ignore: decorator
@inline function loadOne<T>(p: usize): v128 {
  return f64x2.splat(<f64>load<T>(p));
}

// @ts-ignore: decorator
@inline function storeOne<T>(p: usize, value: v128): void {
  store<T>(p, <T>f64x2.extract_lane(value, 0));
}

function rbf<T>(count: usize, from: usize, gamma: f64, to: usize): void {
  const factor = f64x2.splat(-gamma);
  const end = from + count * sizeof<T>();
  for (; from + 4 * sizeof<T>() <= end; from += 4 * sizeof<T>()) {
    const a = expV(f64x2.mul(factor, loadPair<T>(from)));
    const b = expV(f64x2.mul(factor, loadPair<T>(from + 2 * sizeof<T>())));
    storePair<T>(to, a);
    storePair<T>(to + 2 * sizeof<T>(), b);
    to += 4 * sizeof<T>();
  }
  for (; from < end; from += sizeof<T>()) {
    storeOne<T>(to, expV(f64x2.mul(factor, loadOne<T>(from))));
    to += sizeof<T>();
  }
}

/** exp(−gamma · D) for `count` elements. */
export function rbfKernel(work: usize, wide: i32, count: usize, from: usize, gamma: usize, to: usize): i32 {
  if (wide) rbf<f64>(count, from, load<f64>(gamma), to);
  else rbf<f32>(count, from, load<f64>(gamma), to);
  return OK;
}

/** base^degree by repeated squaring, the factors in libsvm's order. */
// @ts-ignore: decorator
@inline function power(base: v128, degree: i32): v128 {
  let result = f64x2.splat(1);
  for (let t = degree; t > 0; t >>= 1) {
    if (t & 1) result = f64x2.mul(result, base);
    base = f64x2.mul(base, base);
  }
  return result;
}

function polynomial<T>(count: usize, from: usize, gamma: f64, coef0: f64, degree: i32, to: usize): void {
  const g = f64x2.splat(gamma), c = f64x2.splat(coef0);
  const end = from + count * sizeof<T>();
  for (; from + 2 * sizeof<T>() <= end; from += 2 * sizeof<T>()) {
    storePair<T>(to, power(f64x2.add(f64x2.mul(g, loadPair<T>(from)), c), degree));
    to += 2 * sizeof<T>();
  }
  if (from < end) storeOne<T>(to, power(f64x2.add(f64x2.mul(g, loadOne<T>(from)), c), degree));
}

/** (gamma · G + coef0)^degree for `count` elements and a whole degree ≥ 0. */
export function polynomialKernel(
  work: usize, wide: i32, count: usize, from: usize, gamma: usize, coef0: f64, degree: i32, to: usize,
): i32 {
  if (wide) polynomial<f64>(count, from, load<f64>(gamma), coef0, degree, to);
  else polynomial<f32>(count, from, load<f64>(gamma), coef0, degree, to);
  return OK;
}

function sigmoid<T>(count: usize, from: usize, gamma: f64, coef0: f64, to: usize): void {
  const g = f64x2.splat(gamma), c = f64x2.splat(coef0);
  const end = from + count * sizeof<T>();
  for (; from + 2 * sizeof<T>() <= end; from += 2 * sizeof<T>()) {
    storePair<T>(to, tanhV(f64x2.add(f64x2.mul(g, loadPair<T>(from)), c)));
    to += 2 * sizeof<T>();
  }
  if (from < end) storeOne<T>(to, tanhV(f64x2.add(f64x2.mul(g, loadOne<T>(from)), c)));
}

/** tanh(gamma · G + coef0) for `count` elements. */
export function sigmoidKernel(
  work: usize, wide: i32, count: usize, from: usize, gamma: usize, coef0: f64, to: usize,
): i32 {
  if (wide) sigmoid<f64>(count, from, load<f64>(gamma), coef0, to);
  else sigmoid<f32>(count, from, load<f64>(gamma), coef0, to);
  return OK;
}
