/**
 * Means and variances in two passes with the correction for the mean's own rounding (Chan, Golub & LeVeque 1983):
 * the scale parameter of SVC, and standardised columns.
 */
import { INDEX_RANGE, OK } from './status';

// @ts-ignore: decorator
@inline function term<T>(p: usize, shift: f64, square: bool): f64 {
  const value = <f64>load<T>(p) - shift;
  return square ? value * value : value;
}

/**
 * Adds the sum of (x − shift)^(1 or 2) over one row to the pair (sum, compensation) at `sums`: plain sums of blocks of
 * 128 elements on four accumulators, the blocks added up with Neumaier's compensation.
 */
function addRow<T>(d: i32, row: usize, shift: f64, square: bool, sums: usize): void {
  let sum = load<f64>(sums), lost = load<f64>(sums, 8);
  for (let start = 0; start < d; start += 128) {
    const end = min(d, start + 128);
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    let p = row + <usize>start * sizeof<T>();
    let k = start;
    for (; k + 4 <= end; k += 4) {
      s0 += term<T>(p, shift, square);
      s1 += term<T>(p + sizeof<T>(), shift, square);
      s2 += term<T>(p + 2 * sizeof<T>(), shift, square);
      s3 += term<T>(p + 3 * sizeof<T>(), shift, square);
      p += 4 * sizeof<T>();
    }
    for (; k < end; k++) {
      s0 += term<T>(p, shift, square);
      p += sizeof<T>();
    }
    const value = s0 + s1 + (s2 + s3);
    const next = sum + value;
    lost += abs(sum) >= abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  store<f64>(sums, sum);
  store<f64>(sums, lost, 8);
}

/** Sum over all elements of the chosen rows; `rows` 0 for all of the first `count`. */
function total<T>(work: usize, d: i32, x: usize, count: i32, rows: usize, shift: f64, square: bool): f64 {
  const sums = work + 64;
  store<f64>(sums, 0);
  store<f64>(sums, 0, 8);
  for (let i = 0; i < count; i++) {
    const row = rows ? load<i32>(rows + (<usize>i << 2)) : i;
    addRow<T>(d, x + <usize>row * <usize>d * sizeof<T>(), shift, square, sums);
  }
  // an infinite sum has a meaningless compensation
  const sum = load<f64>(sums), lost = load<f64>(sums, 8);
  return isFinite(sum) ? sum + lost : sum;
}

function scale<T>(work: usize, d: i32, x: usize, count: i32, rows: usize): f64 {
  const size = <f64>count * <f64>d;
  const mean = total<T>(work, d, x, count, rows, 0, false) / size;
  const variance = total<T>(work, d, x, count, rows, mean, true) / size;
  return variance == 0 ? 1 : 1 / (<f64>d * variance);
}

/** 1 / (d · variance of all elements of the chosen rows of X (n × d)), or 1 where the variance is zero. */
export function svcGamma(work: usize, wide: i32, n: i32, d: i32, x: usize, count: i32, rows: usize, out: usize): i32 {
  if (rows) {
    for (let i = 0; i < count; i++) {
      const row = load<i32>(rows + (<usize>i << 2));
      if (row < 0 || row >= n) return INDEX_RANGE;
    }
  }
  store<f64>(out, wide ? scale<f64>(work, d, x, count, rows) : scale<f32>(work, d, x, count, rows));
  return OK;
}

/** (X − column mean) / population deviation; columns constant to rounding become 0. `scratch`: 24·d bytes. */
export function standardize(work: usize, n: i32, d: i32, x: usize, out: usize, scratch: usize): i32 {
  const columns = <usize>d << 3;
  const mean = scratch, sum = mean + columns, squares = sum + columns;
  const size = <f64>n;
  memory.fill(scratch, 0, 3 * columns);
  for (let i = 0; i < n; i++) {
    const row = x + <usize>i * columns;
    for (let p: usize = 0; p < columns; p += 8) store<f64>(mean + p, load<f64>(mean + p) + load<f64>(row + p));
  }
  for (let p: usize = 0; p < columns; p += 8) store<f64>(mean + p, load<f64>(mean + p) / size);
  for (let i = 0; i < n; i++) {
    const row = x + <usize>i * columns;
    for (let p: usize = 0; p < columns; p += 8) {
      const deviation = load<f64>(row + p) - load<f64>(mean + p);
      store<f64>(sum + p, load<f64>(sum + p) + deviation);
      store<f64>(squares + p, load<f64>(squares + p) + deviation * deviation);
    }
  }
  for (let p: usize = 0; p < columns; p += 8) {
    const rest = load<f64>(sum + p) / size;
    const centre = load<f64>(mean + p) + rest;
    const variance = load<f64>(squares + p) / size - rest * rest;
    const rounding = size * centre * f64.EPSILON;
    const constant = variance <= size * f64.EPSILON * variance + rounding * rounding;
    store<f64>(mean + p, centre);
    // the place of the squares now holds the deviation
    store<f64>(squares + p, constant ? 0 : sqrt(variance));
  }
  for (let i = 0; i < n; i++) {
    const row = x + <usize>i * columns, to = out + <usize>i * columns;
    for (let p: usize = 0; p < columns; p += 8) {
      const deviation = load<f64>(squares + p);
      store<f64>(to + p, deviation == 0 ? 0 : (load<f64>(row + p) - load<f64>(mean + p)) / deviation);
    }
  }
  return OK;
}
