/**
 * searchsorted and bincount. A search halves the range without branches, and eight go side by side, so that their cache
 * misses overlap. All element types are exact in float64, which is what is compared; NaN is above everything.
 */
import { isCancelled } from './arena';
import { element } from './arrays';
import { BAD_COUNT, CANCELLED, OK } from './status';
import { parallelFor } from './team';

/** Values that one iteration of the shared loop looks up. */
const SHARE: i32 = 1 << 13;

@unmanaged
class Search {
  type: i32;
  n: i32;
  sorted: usize;
  valueType: i32;
  m: i32;
  values: usize;
  right: bool;
  out: usize;
}

/** Whether a sorted element lies before the place of `value`. */
// @ts-ignore: decorator
@inline function isBelow<T>(p: usize, value: f64, right: bool): bool {
  const x = <f64>load<T>(p);
  return right ? x <= value : x < value;
}

/** Where NaN belongs: before the first NaN, or behind all. */
function placeOfNaN<T>(sorted: usize, n: i32, right: bool): i32 {
  if (right) return n;
  let low = 0, high = n;
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    const x = <f64>load<T>(sorted + <usize>middle * sizeof<T>());
    if (x == x) low = middle + 1;
    else high = middle;
  }
  return low;
}

// @ts-ignore: decorator
@inline function half<T>(base: usize, step: usize, value: f64, right: bool): usize {
  return base + (isBelow<T>(base + step - sizeof<T>(), value, right) ? step : 0);
}

function locate<T>(search: Search, begin: i32, end: i32, right: bool): void {
  const sorted = search.sorted, values = search.values, type = search.valueType;
  const n = search.n;
  let i = <usize>begin;
  for (; i + 8 <= <usize>end; i += 8) {
    const v0 = element(type, values, i), v1 = element(type, values, i + 1);
    const v2 = element(type, values, i + 2), v3 = element(type, values, i + 3);
    const v4 = element(type, values, i + 4), v5 = element(type, values, i + 5);
    const v6 = element(type, values, i + 6), v7 = element(type, values, i + 7);
    let b0 = sorted, b1 = sorted, b2 = sorted, b3 = sorted, b4 = sorted, b5 = sorted, b6 = sorted, b7 = sorted;
    for (let length = n; length > 0; ) {
      const step = <usize>((length + 1) >> 1) * sizeof<T>();
      b0 = half<T>(b0, step, v0, right);
      b1 = half<T>(b1, step, v1, right);
      b2 = half<T>(b2, step, v2, right);
      b3 = half<T>(b3, step, v3, right);
      b4 = half<T>(b4, step, v4, right);
      b5 = half<T>(b5, step, v5, right);
      b6 = half<T>(b6, step, v6, right);
      b7 = half<T>(b7, step, v7, right);
      length >>= 1;
    }
    put<T>(search, i, v0, b0, right);
    put<T>(search, i + 1, v1, b1, right);
    put<T>(search, i + 2, v2, b2, right);
    put<T>(search, i + 3, v3, b3, right);
    put<T>(search, i + 4, v4, b4, right);
    put<T>(search, i + 5, v5, b5, right);
    put<T>(search, i + 6, v6, b6, right);
    put<T>(search, i + 7, v7, b7, right);
  }
  for (; i < <usize>end; i++) {
    const value = element(type, values, i);
    let base = sorted;
    for (let length = n; length > 0; length >>= 1) {
      base = half<T>(base, <usize>((length + 1) >> 1) * sizeof<T>(), value, right);
    }
    put<T>(search, i, value, base, right);
  }
}

// @ts-ignore: decorator
@inline function put<T>(search: Search, i: usize, value: f64, base: usize, right: bool): void {
  store<i32>(
    search.out + (i << 2),
    value == value ? <i32>((base - search.sorted) / sizeof<T>()) : placeOfNaN<T>(search.sorted, search.n, right),
  );
}

function locateIn<T>(search: Search, begin: i32, end: i32): void {
  if (search.right) locate<T>(search, begin, end, true);
  else locate<T>(search, begin, end, false);
}

function locateShare(_work: usize, share: i32, context: usize): void {
  const search = changetype<Search>(context);
  const begin = share * SHARE, end = min(search.m, begin + SHARE);
  const type = search.type;
  if (type == 0) locateIn<f64>(search, begin, end);
  else if (type == 1) locateIn<f32>(search, begin, end);
  else if (type == 2) locateIn<i32>(search, begin, end);
  else if (type == 3) locateIn<u32>(search, begin, end);
  else locateIn<u8>(search, begin, end);
}

/** For each of m values how many of the n ascending elements lie before it: those below, with `right` also its equals. */
export function searchsorted(
  work: usize, type: i32, n: i32, sorted: usize, valueType: i32, m: i32, values: usize, right: i32, out: usize,
  scratch: usize,
): i32 {
  const search = changetype<Search>(scratch);
  search.type = type;
  search.n = n;
  search.sorted = sorted;
  search.valueType = valueType;
  search.m = m;
  search.values = values;
  search.right = right != 0;
  search.out = out;
  return parallelFor(work, (m + SHARE - 1) / SHARE, locateShare.index, scratch) ? OK : CANCELLED;
}

/** Counts (int32) or sums weights (float64) by place. Every element must be a whole number from 0 to length − 1. */
function tally<T>(n: i32, x: usize, weightType: i32, weights: usize, length: i32, out: usize): i32 {
  for (let i: usize = 0; i < <usize>n; i++) {
    const value = load<T>(x + i * sizeof<T>());
    let place: u32;
    if (isFloat<T>()) {
      if (!(value >= 0 && value < <T>length) || trunc<T>(value) != value) return BAD_COUNT;
      place = <u32>value;
    } else {
      place = <u32>value;
      if (place >= <u32>length) return BAD_COUNT;
    }
    if (weightType < 0) {
      const p = out + (<usize>place << 2);
      store<i32>(p, load<i32>(p) + 1);
    } else {
      const p = out + (<usize>place << 3);
      store<f64>(p, load<f64>(p) + element(weightType, weights, i));
    }
  }
  return OK;
}

/** out[k] = how often k occurs in x, or the sum of the weights where it does, for 0 ≤ k < length. */
export function bincount(
  work: usize, type: i32, n: i32, x: usize, weightType: i32, weights: usize, length: i32, out: usize,
): i32 {
  if (isCancelled(work)) return CANCELLED;
  memory.fill(out, 0, <usize>length << (weightType < 0 ? 2 : 3));
  if (type == 0) return tally<f64>(n, x, weightType, weights, length, out);
  if (type == 1) return tally<f32>(n, x, weightType, weights, length, out);
  if (type == 2) return tally<i32>(n, x, weightType, weights, length, out);
  if (type == 3) return tally<u32>(n, x, weightType, weights, length, out);
  return tally<u8>(n, x, weightType, weights, length, out);
}
