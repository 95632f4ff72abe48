/**
 * Reductions of many columns at once: rows of a strip of columns are added to accumulators in memory. Eight
 * rows are added up before they meet the accumulators, which saves most of the traffic with those.
 *
 * Did not help: eight rows at once for variance and argmin of few columns, whose accumulators lie in the first-level
 * cache (they took up to twice as long as row by row); two rows at once for sums (a quarter slower than four or eight).
 */

/** From so many columns on variance and argmin take eight rows at once. */
const WIDE: i32 = 1024;

/** acc[j] += the sum of rows `from` on of column j; float64. */
export function addRowsF64(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  const end = acc + (<usize>columns << 3), step = <usize>stride;
  for (; rows >= 8; rows -= 8) {
    let p = from, q = acc;
    for (; q + 16 <= end; q += 16, p += 16) {
      const a = f64x2.add(v128.load(p), v128.load(p + step));
      const b = f64x2.add(v128.load(p + 2 * step), v128.load(p + 3 * step));
      const c = f64x2.add(v128.load(p + 4 * step), v128.load(p + 5 * step));
      const d = f64x2.add(v128.load(p + 6 * step), v128.load(p + 7 * step));
      v128.store(q, f64x2.add(v128.load(q), f64x2.add(f64x2.add(a, b), f64x2.add(c, d))));
    }
    for (; q < end; q += 8, p += 8) {
      const a = load<f64>(p) + load<f64>(p + step), b = load<f64>(p + 2 * step) + load<f64>(p + 3 * step);
      const c = load<f64>(p + 4 * step) + load<f64>(p + 5 * step);
      const d = load<f64>(p + 6 * step) + load<f64>(p + 7 * step);
      store<f64>(q, load<f64>(q) + ((a + b) + (c + d)));
    }
    from += 8 * step;
  }
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

/** The same of float32: eight rows are added in float32, the accumulators are float64. */
export function addRowsF32(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  const end = acc + (<usize>columns << 3), step = <usize>stride;
  for (; rows >= 8; rows -= 8) {
    let p = from, q = acc;
    for (; q + 32 <= end; q += 32, p += 16) {
      const a = f32x4.add(v128.load(p), v128.load(p + step));
      const b = f32x4.add(v128.load(p + 2 * step), v128.load(p + 3 * step));
      const c = f32x4.add(v128.load(p + 4 * step), v128.load(p + 5 * step));
      const d = f32x4.add(v128.load(p + 6 * step), v128.load(p + 7 * step));
      addWide(q, f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    }
    for (; q < end; q += 8, p += 4) {
      const a = load<f32>(p) + load<f32>(p + step), b = load<f32>(p + 2 * step) + load<f32>(p + 3 * step);
      const c = load<f32>(p + 4 * step) + load<f32>(p + 5 * step);
      const d = load<f32>(p + 6 * step) + load<f32>(p + 7 * step);
      store<f64>(q, load<f64>(q) + <f64>((a + b) + (c + d)));
    }
    from += 8 * step;
  }
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

// @ts-ignore: decorator
@inline function pickFast<T>(x: v128, y: v128, isMax: bool): v128 {
  if (isFloat<T>()) return isMax ? v128.pmax<T>(x, y) : v128.pmin<T>(x, y);
  return pick<T>(x, y, isMax);
}

/** One row, with every NaN passed on. */
// @ts-ignore: decorator
@inline function extremeRow<T>(acc: usize, end: usize, p: usize, isMax: bool): void {
  let q = acc;
  for (; q + 16 <= end; q += 16, p += 16) v128.store(q, pick<T>(v128.load(q), v128.load(p), isMax));
  for (; q < end; q += sizeof<T>(), p += sizeof<T>()) store<T>(q, pickOne<T>(load<T>(q), load<T>(p), isMax));
}

/**
 * acc[j] becomes the least or largest of itself and the rows of column j; NaN where there is one. Accumulators are T.
 * Four rows at a time by plain comparisons, which lose NaNs: whether there may have been one shows in the rows' sum,
 * and then they are taken in again, one by one.
 */
// @ts-ignore: decorator
@inline function extremeRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32, isMax: bool): void {
  const end = acc + <usize>columns * sizeof<T>(), step = <usize>stride;
  for (; rows >= 4; rows -= 4, from += 4 * step) {
    let p = from, q = acc, strange = i32x4.splat(0);
    for (; q + 16 <= end; q += 16, p += 16) {
      const w = v128.load(p), x = v128.load(p + step), y = v128.load(p + 2 * step), z = v128.load(p + 3 * step);
      const best = pickFast<T>(pickFast<T>(w, x, isMax), pickFast<T>(y, z, isMax), isMax);
      if (isFloat<T>()) {
        const sum = v128.add<T>(v128.add<T>(w, x), v128.add<T>(y, z));
        strange = v128.or(strange, v128.ne<T>(sum, sum));
      }
      v128.store(q, pickFast<T>(v128.load(q), best, isMax));
    }
    for (; q < end; q += sizeof<T>(), p += sizeof<T>()) {
      const a = pickOne<T>(load<T>(p), load<T>(p + step), isMax);
      const b = pickOne<T>(load<T>(p + 2 * step), load<T>(p + 3 * step), isMax);
      store<T>(q, pickOne<T>(load<T>(q), pickOne<T>(a, b, isMax), isMax));
    }
    if (isFloat<T>() && v128.any_true(strange)) {
      for (let r: usize = 0; r < 4; r++) extremeRow<T>(acc, end, from + r * step, isMax);
    }
  }
  for (; rows > 0; rows--, from += step) extremeRow<T>(acc, end, from, isMax);
}

export function minRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  extremeRows<T>(acc, from, stride, rows, columns, false);
}

export function maxRows<T>(acc: usize, from: usize, stride: i32, rows: i32, columns: i32): void {
  extremeRows<T>(acc, from, stride, rows, columns, true);
}

/** Two elements as float64. */
// @ts-ignore: decorator
@inline function pair<T>(p: usize): v128 {
  if (isFloat<T>()) return sizeof<T>() == 8 ? v128.load(p) : f64x2.promote_low_f32x4(v128.load64_zero(p));
  if (sizeof<T>() == 1) return f64x2.replace_lane(f64x2.splat(<f64>load<T>(p)), 1, <f64>load<T>(p, 1));
  const words = v128.load64_zero(p);
  return isSigned<T>() ? f64x2.convert_low_i32x4_s(words) : f64x2.convert_low_i32x4_u(words);
}

/** `bestRows` of two columns, whose best stays in registers: many rows one by one would wait for their stores. */
// @ts-ignore: decorator
@inline function bestOfTwo<T>(
  value: usize, index: usize, from: usize, stride: i32, rows: i32, isMax: bool, first: i32, step: i32,
): void {
  let best = v128.load(value), place = v128.load(index);
  for (; rows > 0; rows--, from += stride, first += step) {
    const x = pair<T>(from);
    let wins = isMax ? f64x2.gt(x, best) : f64x2.lt(x, best);
    if (isFloat<T>()) wins = v128.or(wins, v128.and(f64x2.ne(x, x), f64x2.eq(best, best)));
    best = v128.bitselect(x, best, wins);
    place = v128.bitselect(f64x2.splat(<f64>first), place, wins);
  }
  v128.store(value, best);
  v128.store(index, place);
}

/** values[j], indices[j] (float64): the best of column j so far and its index; the first NaN is the best. */
// @ts-ignore: decorator
@inline function bestRows<T>(
  values: usize, indices: usize, from: usize, stride: i32, rows: i32, columns: i32, isMax: bool, first: i32, step: i32,
): void {
  for (; rows >= 8 && columns >= WIDE; rows -= 8, from += 8 * stride, first += 8 * step) {
    // The best of eight rows is seldom better than what was found before, so rows are seldom looked at one by one
    let j: usize = 0;
    for (; j + 2 <= <usize>columns; j += 2) {
      const p = from + j * sizeof<T>();
      const s = pair<T>(p), t = pair<T>(p + stride), u = pair<T>(p + 2 * stride), v = pair<T>(p + 3 * stride);
      const w = pair<T>(p + 4 * stride), x = pair<T>(p + 5 * stride);
      const y = pair<T>(p + 6 * stride), z = pair<T>(p + 7 * stride);
      const a = pickFast<f64>(pickFast<f64>(s, t, isMax), pickFast<f64>(u, v, isMax), isMax);
      const b = pickFast<f64>(pickFast<f64>(w, x, isMax), pickFast<f64>(y, z, isMax), isMax);
      const best = v128.load(values + (j << 3)), found = pickFast<f64>(a, b, isMax);
      let wins = isMax ? f64x2.gt(found, best) : f64x2.lt(found, best);
      if (isFloat<T>()) {
        const one = f64x2.add(f64x2.add(s, t), f64x2.add(u, v)), two = f64x2.add(f64x2.add(w, x), f64x2.add(y, z));
        const sum = f64x2.add(one, two);
        wins = v128.or(wins, f64x2.ne(sum, sum));
      }
      if (v128.any_true(wins)) {
        bestOfTwo<T>(values + (j << 3), indices + (j << 3), p, stride, 8, isMax, first, step);
      }
    }
    if (j < <usize>columns) {
      // the last column once more, with the one before it
      j = <usize>columns - 2;
      bestOfTwo<T>(
        values + (j << 3), indices + (j << 3), from + j * sizeof<T>(), stride, 8, isMax, first, step,
      );
    }
  }
  for (; rows > 0; rows--, from += stride, first += step) {
    const index = f64x2.splat(<f64>first);
    let j: usize = 0;
    for (; j + 2 <= <usize>columns; j += 2) {
      const x = pair<T>(from + j * sizeof<T>()), at = j << 3, best = v128.load(values + at);
      let wins = isMax ? f64x2.gt(x, best) : f64x2.lt(x, best);
      if (isFloat<T>()) wins = v128.or(wins, v128.and(f64x2.ne(x, x), f64x2.eq(best, best)));
      v128.store(values + at, v128.bitselect(x, best, wins));
      v128.store(indices + at, v128.bitselect(index, v128.load(indices + at), wins));
    }
    for (; j < <usize>columns; j++) {
      const x = <f64>load<T>(from + j * sizeof<T>()), best = load<f64>(values + (j << 3));
      if ((isMax ? x > best : x < best) || (isFloat<T>() && x != x && best == best)) {
        store<f64>(values + (j << 3), x);
        store<f64>(indices + (j << 3), <f64>first);
      }
    }
  }
}

export function argRows<T>(
  values: usize, indices: usize, from: usize, stride: i32, rows: i32, columns: i32, isMax: bool, first: i32, step: i32,
): void {
  if (isMax) bestRows<T>(values, indices, from, stride, rows, columns, true, first, step);
  else bestRows<T>(values, indices, from, stride, rows, columns, false, first, step);
}

/** (x − mean)² */
// @ts-ignore: decorator
@inline function off(x: v128, mean: v128): v128 {
  const d = f64x2.sub(x, mean);
  return f64x2.mul(d, d);
}

// @ts-ignore: decorator
@inline function storeFirst(p: usize, x: v128): void {
  v128.store64_lane(p, x, 0);
}

/**
 * The update of means[j] and squares[j] = Σ (x − mean)², which hold `count` rows already: eight rows have a mean and
 * squares of their own, which are combined (Chan, Golub & LeVeque 1983); the last rows follow one by one (Welford).
 */
export function spreadRows<T>(
  means: usize, squares: usize, from: usize, stride: i32, rows: i32, columns: i32, count: i32,
): void {
  for (; rows >= 8 && columns >= WIDE; rows -= 8, from += 8 * stride) {
    const n = <f64>count, share = f64x2.splat(8 / (n + 8)), weight = f64x2.splat((8 * n) / (n + 8));
    const eighth = f64x2.splat(0.125);
    const last = columns - 2;
    for (let column = 0; ; column = min(column + 2, last)) {
      const p = from + <usize>column * sizeof<T>(), at = <usize>column << 3;
      const s = pair<T>(p), t = pair<T>(p + stride), u = pair<T>(p + 2 * stride), v = pair<T>(p + 3 * stride);
      const w = pair<T>(p + 4 * stride), x = pair<T>(p + 5 * stride);
      const y = pair<T>(p + 6 * stride), z = pair<T>(p + 7 * stride);
      const one = f64x2.add(f64x2.add(s, t), f64x2.add(u, v)), two = f64x2.add(f64x2.add(w, x), f64x2.add(y, z));
      const mean = f64x2.mul(f64x2.add(one, two), eighth);
      const a = f64x2.add(f64x2.add(off(s, mean), off(t, mean)), f64x2.add(off(u, mean), off(v, mean)));
      const b = f64x2.add(f64x2.add(off(w, mean), off(x, mean)), f64x2.add(off(y, mean), off(z, mean)));
      const m = v128.load(means + at), d = f64x2.sub(mean, m);
      const own = f64x2.add(f64x2.add(a, b), f64x2.mul(f64x2.mul(d, d), weight));
      const nextMean = f64x2.add(m, f64x2.mul(d, share)), next = f64x2.add(v128.load(squares + at), own);
      if (column == last - 1) {
        // an odd column is left: its pair has this column too, which must not be counted twice
        storeFirst(means + at, nextMean);
        storeFirst(squares + at, next);
      } else {
        v128.store(means + at, nextMean);
        v128.store(squares + at, next);
      }
      if (column == last) break;
    }
    count += 8;
  }
  for (; rows > 0; rows--, from += stride) {
    count++;
    const share = 1 / <f64>count, shares = f64x2.splat(share);
    let j: usize = 0;
    for (; j + 2 <= <usize>columns; j += 2) {
      const x = pair<T>(from + j * sizeof<T>());
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
