/**
 * Squared Euclidean distances as ‖x‖² + ‖y‖² − 2 x·y, so that the work is a packed product; and Gram matrices X·Yᵀ.
 * Where both inputs are the same array only the lower triangle is computed and then mirrored. Rounding can leave a
 * small negative number, clipped to zero; a row's distance to itself is exactly zero.
 */
import { gemm, mirror } from './gemm';
import { OK } from './status';

/** ‖row‖² of every row of X (n × d). */
function squaredNorms<T>(n: i32, d: i32, x: usize, to: usize): void {
  const lanes = 16 / <i32>sizeof<T>();
  for (let i = 0; i < n; i++) {
    let k = 0;
    let s0 = v128.splat<T>(<T>0), s1 = s0;
    for (; k + 2 * lanes <= d; k += 2 * lanes) {
      const u = v128.load(x), v = v128.load(x, 16);
      s0 = v128.add<T>(s0, v128.mul<T>(u, u));
      s1 = v128.add<T>(s1, v128.mul<T>(v, v));
      x += 32;
    }
    s0 = v128.add<T>(s0, s1);
    let sum: T;
    if (sizeof<T>() == 8) sum = <T>(f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1));
    else {
      sum = <T>(f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) +
        (f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3)));
    }
    for (; k < d; k++) {
      const value = load<T>(x);
      sum += value * value;
      x += sizeof<T>();
    }
    store<T>(to + <usize>i * sizeof<T>(), sum);
  }
}

/** One row of products x·y becomes one row of squared distances. */
function finishRow<T>(m: i32, row: usize, xx: T, yy: usize): void {
  const two = v128.splat<T>(<T>-2), xs = v128.splat<T>(xx), zero = v128.splat<T>(<T>0);
  const end = row + <usize>m * sizeof<T>();
  for (; row + 16 <= end; row += 16) {
    const value = v128.add<T>(v128.add<T>(v128.mul<T>(two, v128.load(row)), xs), v128.load(yy));
    v128.store(row, v128.max<T>(zero, value));
    yy += 16;
  }
  for (; row < end; row += sizeof<T>()) {
    store<T>(row, max<T>(<T>0, <T>-2 * load<T>(row) + xx + load<T>(yy)));
    yy += sizeof<T>();
  }
}

function distances<T>(
  work: usize, n: i32, m: i32, d: i32, x: usize, y: usize, same: bool, out: usize, scratch: usize,
): void {
  const xx = scratch, yy = same ? xx : scratch + <usize>n * 8;
  squaredNorms<T>(n, d, x, xx);
  if (!same) squaredNorms<T>(m, d, y, yy);
  gemm<T>(work, n, m, d, x, d, 1, y, 1, d, out, same);
  for (let i = 0; i < n; i++) {
    const row = out + <usize>i * <usize>m * sizeof<T>();
    finishRow<T>(same ? i : m, row, load<T>(xx + <usize>i * sizeof<T>()), yy);
    if (same) store<T>(row + <usize>i * sizeof<T>(), <T>0);
  }
  if (same) mirror<T>(n, out);
}

/** (n × d), (m × d) → (n × m); `same` 1 when y is x. `scratch`: 8·(n + m) bytes. */
export function squaredDistances(
  work: usize, wide: i32, n: i32, m: i32, d: i32, x: usize, y: usize, same: i32, out: usize, scratch: usize,
): i32 {
  if (wide) distances<f64>(work, n, m, d, x, y, same != 0, out, scratch);
  else distances<f32>(work, n, m, d, x, y, same != 0, out, scratch);
  return OK;
}

function gramOf<T>(work: usize, n: i32, m: i32, d: i32, x: usize, y: usize, same: bool, out: usize): void {
  gemm<T>(work, n, m, d, x, d, 1, y, 1, d, out, same);
  if (same) mirror<T>(n, out);
}

/** (n × d), (m × d) → X·Yᵀ (n × m); `same` 1 when y is x. */
export function gram(
  work: usize, wide: i32, n: i32, m: i32, d: i32, x: usize, y: usize, same: i32, out: usize,
): i32 {
  if (wide) gramOf<f64>(work, n, m, d, x, y, same != 0, out);
  else gramOf<f32>(work, n, m, d, x, y, same != 0, out);
  return OK;
}
