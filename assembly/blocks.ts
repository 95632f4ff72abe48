/**
 * Reductions of one block of numbers that lie one after the other: eight accumulators or more, added up as a tree, so
 * that a block of 512 has the error of about 64 additions. float32 is added in float32 within a block, in float64 beyond.
 *
 * Did not help extremes: eight accumulators instead of four, finding NaNs by integer comparisons of the high words
 * instead of by sums (16 % faster on data in cache, slower or equal beyond). Without any search for NaNs they would be
 * 1.6 times as fast.
 */

// Eight vectors at a time. Reading two or four pages side by side is slower by a half on data in memory.

export function sumF64(p: usize, n: i32): f64 {
  let rest: f64 = 0;
  const end = p + (<usize>n << 3);
  if (n >= 16) {
    let a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48);
    let e = v128.load(p, 64), f = v128.load(p, 80), g = v128.load(p, 96), h = v128.load(p, 112);
    p += 128;
    for (const last = end - 128; p <= last; p += 128) {
      a = f64x2.add(a, v128.load(p));
      b = f64x2.add(b, v128.load(p, 16));
      c = f64x2.add(c, v128.load(p, 32));
      d = f64x2.add(d, v128.load(p, 48));
      e = f64x2.add(e, v128.load(p, 64));
      f = f64x2.add(f, v128.load(p, 80));
      g = f64x2.add(g, v128.load(p, 96));
      h = f64x2.add(h, v128.load(p, 112));
    }
    a = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
    e = f64x2.add(f64x2.add(e, f), f64x2.add(g, h));
    a = f64x2.add(a, e);
    rest = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  }
  let tail: f64 = 0;
  for (; p < end; p += 8) tail += load<f64>(p);
  return rest + tail;
}

export function sumF32(p: usize, n: i32): f64 {
  let rest: f64 = 0;
  const end = p + (<usize>n << 2);
  if (n >= 32) {
    let a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48);
    let e = v128.load(p, 64), f = v128.load(p, 80), g = v128.load(p, 96), h = v128.load(p, 112);
    p += 128;
    for (const last = end - 128; p <= last; p += 128) {
      a = f32x4.add(a, v128.load(p));
      b = f32x4.add(b, v128.load(p, 16));
      c = f32x4.add(c, v128.load(p, 32));
      d = f32x4.add(d, v128.load(p, 48));
      e = f32x4.add(e, v128.load(p, 64));
      f = f32x4.add(f, v128.load(p, 80));
      g = f32x4.add(g, v128.load(p, 96));
      h = f32x4.add(h, v128.load(p, 112));
    }
    const one = f64x2.add(f64x2.add(wide(a), wide(b)), f64x2.add(wide(c), wide(d)));
    const two = f64x2.add(f64x2.add(wide(e), wide(f)), f64x2.add(wide(g), wide(h)));
    const sum = f64x2.add(one, two);
    rest = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  }
  let tail: f64 = 0;
  for (; p < end; p += 4) tail += <f64>load<f32>(p);
  return rest + tail;
}

/** Four float32 as two float64: the sums of the lower and the upper pair. */
// @ts-ignore: decorator
@inline function wide(x: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(high(x)));
}

// @ts-ignore: decorator
@inline function high(x: v128): v128 {
  return i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Σ (x − mean)². */
export function squaresF64(p: usize, n: i32, mean: f64): f64 {
  const m = f64x2.splat(mean);
  let a = f64x2.splat(0), b = a, c = a, d = a;
  const end = p + (<usize>n << 3);
  for (const last = end - 64; p <= last; p += 64) {
    const w = f64x2.sub(v128.load(p), m), x = f64x2.sub(v128.load(p, 16), m);
    const y = f64x2.sub(v128.load(p, 32), m), z = f64x2.sub(v128.load(p, 48), m);
    a = f64x2.add(a, f64x2.mul(w, w));
    b = f64x2.add(b, f64x2.mul(x, x));
    c = f64x2.add(c, f64x2.mul(y, y));
    d = f64x2.add(d, f64x2.mul(z, z));
  }
  a = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  let tail: f64 = 0;
  for (; p < end; p += 8) {
    const x = load<f64>(p) - mean;
    tail += x * x;
  }
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + tail;
}

export function squaresF32(p: usize, n: i32, mean: f64): f64 {
  const m = f64x2.splat(mean);
  let a = f64x2.splat(0), b = a, c = a, d = a;
  const end = p + (<usize>n << 2);
  for (const last = end - 32; p <= last; p += 32) {
    const u = v128.load(p), v = v128.load(p, 16);
    const w = f64x2.sub(f64x2.promote_low_f32x4(u), m), x = f64x2.sub(f64x2.promote_low_f32x4(high(u)), m);
    const y = f64x2.sub(f64x2.promote_low_f32x4(v), m), z = f64x2.sub(f64x2.promote_low_f32x4(high(v)), m);
    a = f64x2.add(a, f64x2.mul(w, w));
    b = f64x2.add(b, f64x2.mul(x, x));
    c = f64x2.add(c, f64x2.mul(y, y));
    d = f64x2.add(d, f64x2.mul(z, z));
  }
  a = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  let tail: f64 = 0;
  for (; p < end; p += 4) {
    const x = <f64>load<f32>(p) - mean;
    tail += x * x;
  }
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + tail;
}

/** The product of a block, four lanes and more at a time; in float64. */
export function product<T>(p: usize, n: i32): f64 {
  let a: f64 = 1, b: f64 = 1, c: f64 = 1, d: f64 = 1;
  const end = p + <usize>n * sizeof<T>(), step = 4 * sizeof<T>();
  for (const last = end - step; p <= last; p += step) {
    a *= <f64>load<T>(p);
    b *= <f64>load<T>(p, sizeof<T>());
    c *= <f64>load<T>(p, 2 * sizeof<T>());
    d *= <f64>load<T>(p, 3 * sizeof<T>());
  }
  for (; p < end; p += sizeof<T>()) a *= <f64>load<T>(p);
  return a * b * (c * d);
}

function hasNaN<T>(p: usize, end: usize): bool {
  for (; p < end; p += sizeof<T>()) if (load<T>(p) != load<T>(p)) return true;
  return false;
}

/** The smallest or largest of a block; NaN where there is one. `tmp`: 16 bytes. */
// @ts-ignore: decorator
@inline function extreme<T>(p: usize, n: i32, tmp: usize, isMax: bool): f64 {
  const end = p + <usize>n * sizeof<T>();
  let best = load<T>(p);
  let isNaN_ = false;
  if (end - p >= 64) {
    let a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48);
    let strange = i32x4.splat(0);
    if (isFloat<T>()) {
      strange = v128.or(v128.or(v128.ne<T>(a, a), v128.ne<T>(b, b)), v128.or(v128.ne<T>(c, c), v128.ne<T>(d, d)));
    }
    p += 64;
    for (const last = end - 64; p <= last; p += 64) {
      const w = v128.load(p), x = v128.load(p, 16), y = v128.load(p, 32), z = v128.load(p, 48);
      if (isFloat<T>()) {
        a = isMax ? v128.pmax<T>(a, w) : v128.pmin<T>(a, w);
        b = isMax ? v128.pmax<T>(b, x) : v128.pmin<T>(b, x);
        c = isMax ? v128.pmax<T>(c, y) : v128.pmin<T>(c, y);
        d = isMax ? v128.pmax<T>(d, z) : v128.pmin<T>(d, z);
        const sum = v128.add<T>(v128.add<T>(w, x), v128.add<T>(y, z));
        strange = v128.or(strange, v128.ne<T>(sum, sum));
      } else {
        a = isMax ? v128.max<T>(a, w) : v128.min<T>(a, w);
        b = isMax ? v128.max<T>(b, x) : v128.min<T>(b, x);
        c = isMax ? v128.max<T>(c, y) : v128.min<T>(c, y);
        d = isMax ? v128.max<T>(d, z) : v128.min<T>(d, z);
      }
    }
    if (isFloat<T>()) {
      // a sum of infinities is NaN too: only then are all looked at
      isNaN_ = v128.any_true(strange) && hasNaN<T>(end - <usize>n * sizeof<T>(), end);
      a = isMax ? v128.pmax<T>(v128.pmax<T>(a, b), v128.pmax<T>(c, d)) : v128.pmin<T>(v128.pmin<T>(a, b), v128.pmin<T>(c, d));
    } else {
      a = isMax ? v128.max<T>(v128.max<T>(a, b), v128.max<T>(c, d)) : v128.min<T>(v128.min<T>(a, b), v128.min<T>(c, d));
    }
    if (sizeof<T>() == 8) {
      const one = v128.extract_lane<T>(a, 0), two = v128.extract_lane<T>(a, 1);
      best = (isMax ? two > one : two < one) ? two : one;
    } else {
      v128.store(tmp, a);
      best = load<T>(tmp);
      for (let i: usize = sizeof<T>(); i < 16; i += sizeof<T>()) {
        const x = load<T>(tmp + i);
        if (isMax ? x > best : x < best) best = x;
      }
    }
  }
  for (; p < end; p += sizeof<T>()) {
    const x = load<T>(p);
    if (isFloat<T>()) isNaN_ = isNaN_ || x != x;
    if (isMax ? x > best : x < best) best = x;
  }
  return isNaN_ ? NaN : <f64>best;
}

export function smallest<T>(p: usize, n: i32, tmp: usize): f64 {
  return extreme<T>(p, n, tmp, false);
}

export function largest<T>(p: usize, n: i32, tmp: usize): f64 {
  return extreme<T>(p, n, tmp, true);
}

// @ts-ignore: decorator
@inline function hits<T>(p: usize, wanted: v128, isNaN_: bool): v128 {
  const x = v128.load(p);
  return isNaN_ ? v128.ne<T>(x, x) : v128.eq<T>(x, wanted);
}

/** The first place of `value` in a block that has it; of the first NaN when it is NaN. */
export function find<T>(p: usize, n: i32, value: f64): i32 {
  const start = p, end = p + <usize>n * sizeof<T>();
  const isNaN_ = value != value, wanted = v128.splat<T>(<T>value);
  for (; p + 64 <= end; p += 64) {
    const a = hits<T>(p, wanted, isNaN_), b = hits<T>(p + 16, wanted, isNaN_);
    const c = hits<T>(p + 32, wanted, isNaN_), d = hits<T>(p + 48, wanted, isNaN_);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    // One bit for each byte: a loop over the elements would be mispredicted once per row
    const low = <u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16);
    const high = <u64>i8x16.bitmask(c) | (<u64>i8x16.bitmask(d) << 16);
    return <i32>((p - start + <usize>ctz<u64>(low | (high << 32))) / sizeof<T>());
  }
  for (; p < end; p += sizeof<T>()) {
    const x = <f64>load<T>(p);
    if (x == value || (x != x && isNaN_)) return <i32>((p - start) / sizeof<T>());
  }
  return 0;
}
