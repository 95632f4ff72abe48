/**
 * Reductions of many columns at once: rows of a strip of at most 512 columns are added to accumulators in memory. Four
 * rows are added up before they meet the accumulators, which saves most of the traffic with those.
 */

/** acc[j] += the sum of rows `from` on of column j; float64. */
export function addRowsF64(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  const end = acc + (<usize>columns << 3), step = <usize>stride;
  for (; rows >= 4; rows -= 4) {
    let p = from, q = acc;
    for (; q + 16 <= end; q += 16, p += 16) {
      const a = f64x2.add(v128.load(p), v128.load(p + step));
      const b = f64x2.add(v128.load(p + 2 * step), v128.load(p + 3 * step));
      v128.store(q, f64x2.add(v128.load(q), f64x2.add(a, b)));
    }
    for (; q < end; q += 8, p += 8) {
      const a = load<f64>(p) + load<f64>(p + step), b = load<f64>(p + 2 * step) + load<f64>(p + 3 * step);
      store<f64>(q, load<f64>(q) + (a + b));
    }
    from += 4 * step;
  }
  for (; rows > 0; rows--) {
    let p = from, q = acc;
    for (; q + 16 <= end; q += 16, p += 16) v128.store(q, f64x2.add(v128.load(q), v128.load(p)));
    for (; q < end; q += 8, p += 8) store<f64>(q, load<f64>(q) + load<f64>(p));
    from += step;
  }
}

// @ts-ignore: decorator
@inline function high(x: v128): v128 {
  return i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

// @ts-ignore: decorator
@inline function addWide(q: usize, x: v128): void {
  v128.store(q, f64x2.add(v128.load(q), f64x2.promote_low_f32x4(x)));
  v128.store(q, f64x2.add(v128.load(q, 16), f64x2.promote_low_f32x4(high(x))), 16);
}

/** The same of float32: four rows are added in float32, the accumulators are float64. */
export function addRowsF32(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  const end = acc + (<usize>columns << 3), step = <usize>stride;
  for (; rows >= 4; rows -= 4) {
    let p = from, q = acc;
    for (; q + 32 <= end; q += 32, p += 16) {
      const a = f32x4.add(v128.load(p), v128.load(p + step));
      const b = f32x4.add(v128.load(p + 2 * step), v128.load(p + 3 * step));
      addWide(q, f32x4.add(a, b));
    }
    for (; q < end; q += 8, p += 4) {
      const a = load<f32>(p) + load<f32>(p + step), b = load<f32>(p + 2 * step) + load<f32>(p + 3 * step);
      store<f64>(q, load<f64>(q) + <f64>(a + b));
    }
    from += 4 * step;
  }
  for (; rows > 0; rows--) {
    let p = from, q = acc;
    for (; q + 32 <= end; q += 32, p += 16) addWide(q, v128.load(p));
    for (; q < end; q += 8, p += 4) store<f64>(q, load<f64>(q) + <f64>load<f32>(p));
    from += step;
  }
}

export function multiplyRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  for (; rows > 0; rows--, from += stride) {
    for (let j: usize = 0; j < <usize>columns; j++) {
      store<f64>(acc + (j << 3), load<f64>(acc + (j << 3)) * <f64>load<T>(from + j * sizeof<T>()));
    }
  }
}

// @ts-ignore: decorator
@inline function pick<T>(x: v128, y: v128, isMax: bool): v128 {
  return isMax ? v128.max<T>(x, y) : v128.min<T>(x, y);
}

// @ts-ignore: decorator
@inline function pickOne<T>(x: T, y: T, isMax: bool): T {
  if (isFloat<T>()) return isMax ? max<T>(x, y) : min<T>(x, y);
  return (isMax ? x > y : x < y) ? x : y;
}

/** acc[j] becomes the least or largest of itself and the rows of column j; NaN where there is one. Accumulators are T. */
// @ts-ignore: decorator
@inline function extremeRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32, isMax: bool): void {
  const end = acc + <usize>columns * sizeof<T>(), step = <usize>stride;
  for (; rows >= 2; rows -= 2) {
    let p = from, q = acc;
    for (; q + 16 <= end; q += 16, p += 16) {
      v128.store(q, pick<T>(v128.load(q), pick<T>(v128.load(p), v128.load(p + step), isMax), isMax));
    }
    for (; q < end; q += sizeof<T>(), p += sizeof<T>()) {
      store<T>(q, pickOne<T>(load<T>(q), pickOne<T>(load<T>(p), load<T>(p + step), isMax), isMax));
    }
    from += 2 * step;
  }
  if (rows == 0) return;
  let p = from, q = acc;
  for (; q + 16 <= end; q += 16, p += 16) v128.store(q, pick<T>(v128.load(q), v128.load(p), isMax));
  for (; q < end; q += sizeof<T>(), p += sizeof<T>()) store<T>(q, pickOne<T>(load<T>(q), load<T>(p), isMax));
}

export function minRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  extremeRows<T>(acc, from, stride, rows, columns, false);
}

export function maxRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  extremeRows<T>(acc, from, stride, rows, columns, true);
}

/** values[j], indices[j] (float64): the best of column j so far and its index; the first NaN is the best. */
export function argRows<T>(
  values: usize, indices: usize, from: usize, stride: i32, rows: i32, columns: i32, isMax: bool, first: i32, step: i32,
  columnStep: i32,
): void {
  for (; rows > 0; rows--, from += stride, first += step) {
    let index = first;
    for (let j: usize = 0; j < <usize>columns; j++, index += columnStep) {
      const x = <f64>load<T>(from + j * sizeof<T>()), best = load<f64>(values + (j << 3));
      if ((isMax ? x > best : x < best) || (isFloat<T>() && x != x && best == best)) {
        store<f64>(values + (j << 3), x);
        store<f64>(indices + (j << 3), <f64>index);
      }
    }
  }
}

/** Welford's update of means[j] and squares[j] = Σ (x − mean)², which hold `count` rows already. */
export function spreadRows<T>(
  means: usize, squares: usize, from: usize, stride: i32, rows: i32, columns: i32, count: i32,
): void {
  for (; rows > 0; rows--, from += stride) {
    count++;
    const share = 1 / <f64>count, shares = f64x2.splat(share);
    let j: usize = 0;
    for (; j + 2 <= <usize>columns; j += 2) {
      const x = sizeof<T>() == 8 ? v128.load(from + (j << 3)) : f64x2.promote_low_f32x4(v128.load64_zero(from + (j << 2)));
      const m = v128.load(means + (j << 3));
      const d = f64x2.sub(x, m);
      const next = f64x2.add(m, f64x2.mul(d, shares));
      v128.store(means + (j << 3), next);
      const s = squares + (j << 3);
      v128.store(s, f64x2.add(v128.load(s), f64x2.mul(d, f64x2.sub(x, next))));
    }
    for (; j < <usize>columns; j++) {
      const x = <f64>load<T>(from + j * sizeof<T>()), m = means + (j << 3), s = squares + (j << 3);
      const d = x - load<f64>(m), next = load<f64>(m) + d * share;
      store<f64>(m, next);
      store<f64>(s, load<f64>(s) + d * (x - next));
    }
  }
}
