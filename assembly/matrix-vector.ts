/**
 * Products of a matrix and a vector, and of two vectors: what reads every element once and is as fast as the memory. Rows
 * that are contiguous are multiplied with the vector (`dot`, `fourRows`), columns that are contiguous are added up
 * (`columns`). Sums of float32 go to float64 sums run by run. Steps in elements unless they are said to be in bytes.
 */
// @ts-ignore: decorator
@inline function get<T>(p: usize, stride: i32, i: i32): T {
  return load<T>(p + <usize>(stride * i) * sizeof<T>());
}

// @ts-ignore: decorator
@inline function lanes<T>(v: v128): T {
  if (sizeof<T>() == 8) return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
  return <T>(f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)));
}

/** Σ a·b: in blocks of 64 vectors on four accumulators where both are contiguous, the blocks added up in float64. */
export function dot<T>(a: usize, stepA: i32, b: usize, stepB: i32, count: i32): f64 {
  const WIDTH = <i32>(16 / sizeof<T>());
  let total: f64 = 0;
  let i = 0;
  if (stepA == 1 && stepB == 1) {
    while (i + 4 * WIDTH <= count) {
      const blockEnd = a + <usize>(min((count - i) / (4 * WIDTH), 16) << 6);
      let s0 = v128.splat<T>(<T>0), s1 = s0, s2 = s0, s3 = s0;
      i += <i32>((blockEnd - a) / sizeof<T>());
      while (a < blockEnd) {
        s0 = v128.add<T>(s0, v128.mul<T>(v128.load(a), v128.load(b)));
        s1 = v128.add<T>(s1, v128.mul<T>(v128.load(a, 16), v128.load(b, 16)));
        s2 = v128.add<T>(s2, v128.mul<T>(v128.load(a, 32), v128.load(b, 32)));
        s3 = v128.add<T>(s3, v128.mul<T>(v128.load(a, 48), v128.load(b, 48)));
        a += 64;
        b += 64;
      }
      total += <f64>lanes<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)));
    }
    let rest: f64 = 0;
    for (; i < count; i++) {
      rest += <f64>load<T>(a) * <f64>load<T>(b);
      a += sizeof<T>();
      b += sizeof<T>();
    }
    return total + rest;
  }
  while (i < count) {
    let s0: f64 = 0, s1: f64 = 0;
    const end = min(i + 128, count);
    for (; i + 2 <= end; i += 2) {
      s0 += <f64>get<T>(a, stepA, i) * <f64>get<T>(b, stepB, i);
      s1 += <f64>get<T>(a, stepA, i + 1) * <f64>get<T>(b, stepB, i + 1);
    }
    if (i < end) {
      s0 += <f64>get<T>(a, stepA, i) * <f64>get<T>(b, stepB, i);
      i++;
    }
    total += s0 + s1;
  }
  return total;
}

/** Elements that `fourRows` adds up before they go to the float64 sums. */
const RUN: i32 = 512;

/**
 * Up to four dot products with the same b, all contiguous, rowA bytes apart: b is read once for them, and four streams
 * use more of the memory's speed than one. Rows beyond `count` are the last one again, and are not stored: each sum has
 * the same bits wherever its row stands.
 */
export function fourRows<T>(count: i32, k: i32, a: usize, rowA: usize, b: usize, c: usize): void {
  const WIDTH = <i32>(16 / sizeof<T>());
  let p = a, q = count > 1 ? p + rowA : p;
  let r = count > 2 ? q + rowA : q;
  let s = count > 3 ? r + rowA : r;
  let t0: f64 = 0, t1: f64 = 0, t2: f64 = 0, t3: f64 = 0;
  let i = 0;
  while (i + 2 * WIDTH <= k) {
    const steps = min(RUN, k - i) / (2 * WIDTH);
    i += steps * 2 * WIDTH;
    const end = b + (<usize>steps << 5);
    let p0 = v128.splat<T>(<T>0), p1 = p0, q0 = p0, q1 = p0, r0 = p0, r1 = p0, s0 = p0, s1 = p0;
    // an exit between the halves: in one block V8 would multiply first and add later, and run out of registers
    for (;;) {
      {
        const x = v128.load(b);
        p0 = v128.add<T>(p0, v128.mul<T>(x, v128.load(p))); q0 = v128.add<T>(q0, v128.mul<T>(x, v128.load(q)));
        r0 = v128.add<T>(r0, v128.mul<T>(x, v128.load(r))); s0 = v128.add<T>(s0, v128.mul<T>(x, v128.load(s)));
      }
      b += 32; p += 32; q += 32; r += 32; s += 32;
      if (b > end) break;
      {
        const x = v128.load(b - 16);
        p1 = v128.add<T>(p1, v128.mul<T>(x, v128.load(p - 16))); q1 = v128.add<T>(q1, v128.mul<T>(x, v128.load(q - 16)));
        r1 = v128.add<T>(r1, v128.mul<T>(x, v128.load(r - 16))); s1 = v128.add<T>(s1, v128.mul<T>(x, v128.load(s - 16)));
      }
      if (b == end) break;
    }
    t0 += <f64>lanes<T>(v128.add<T>(p0, p1));
    t1 += <f64>lanes<T>(v128.add<T>(q0, q1));
    t2 += <f64>lanes<T>(v128.add<T>(r0, r1));
    t3 += <f64>lanes<T>(v128.add<T>(s0, s1));
  }
  for (; i < k; i++) {
    const x = <f64>load<T>(b);
    t0 += x * <f64>load<T>(p);
    t1 += x * <f64>load<T>(q);
    t2 += x * <f64>load<T>(r);
    t3 += x * <f64>load<T>(s);
    b += sizeof<T>(); p += sizeof<T>(); q += sizeof<T>(); r += sizeof<T>(); s += sizeof<T>();
  }
  store<T>(c, <T>t0);
  if (count > 1) store<T>(c, <T>t1, sizeof<T>());
  if (count > 2) store<T>(c, <T>t2, 2 * sizeof<T>());
  if (count > 3) store<T>(c, <T>t3, 3 * sizeof<T>());
}

/** c += Σ x_l·(column l of A) over eight neighbours l, columns contiguous: c is read and written once for all of them. */
function eightColumns<T>(bytes: usize, a: usize, nextA: usize, b: usize, nextB: usize, c: usize): void {
  const x0 = load<T>(b), x1 = load<T>(b + nextB), x2 = load<T>(b + 2 * nextB), x3 = load<T>(b + 3 * nextB);
  b += 4 * nextB;
  const x4 = load<T>(b), x5 = load<T>(b + nextB), x6 = load<T>(b + 2 * nextB), x7 = load<T>(b + 3 * nextB);
  const v0 = v128.splat<T>(x0), v1 = v128.splat<T>(x1), v2 = v128.splat<T>(x2), v3 = v128.splat<T>(x3);
  const v4 = v128.splat<T>(x4), v5 = v128.splat<T>(x5), v6 = v128.splat<T>(x6), v7 = v128.splat<T>(x7);
  const end = a + bytes, pairs = a + (bytes & ~31);
  // The exits are never taken, but they make the sums where they stand: V8 would load everything first, and run out of
  // registers.
  for (; a < pairs; a += 32) {
    let q = a + nextA;
    let s = v128.add<T>(v128.load(c), v128.add<T>(v128.mul<T>(v0, v128.load(a)), v128.mul<T>(v1, v128.load(q))));
    let t = v128.add<T>(
      v128.load(c, 16), v128.add<T>(v128.mul<T>(v0, v128.load(a, 16)), v128.mul<T>(v1, v128.load(q, 16))),
    );
    if (bytes == 0) return keep(c, s, t);
    let p = q + nextA;
    q = p + nextA;
    s = v128.add<T>(s, v128.add<T>(v128.mul<T>(v2, v128.load(p)), v128.mul<T>(v3, v128.load(q))));
    t = v128.add<T>(t, v128.add<T>(v128.mul<T>(v2, v128.load(p, 16)), v128.mul<T>(v3, v128.load(q, 16))));
    if (bytes == 1) return keep(c, s, t);
    p = q + nextA;
    q = p + nextA;
    s = v128.add<T>(s, v128.add<T>(v128.mul<T>(v4, v128.load(p)), v128.mul<T>(v5, v128.load(q))));
    t = v128.add<T>(t, v128.add<T>(v128.mul<T>(v4, v128.load(p, 16)), v128.mul<T>(v5, v128.load(q, 16))));
    if (bytes == 2) return keep(c, s, t);
    p = q + nextA;
    q = p + nextA;
    s = v128.add<T>(s, v128.add<T>(v128.mul<T>(v6, v128.load(p)), v128.mul<T>(v7, v128.load(q))));
    t = v128.add<T>(t, v128.add<T>(v128.mul<T>(v6, v128.load(p, 16)), v128.mul<T>(v7, v128.load(q, 16))));
    v128.store(c, s);
    v128.store(c, t, 16);
    c += 32;
  }
  for (; a < end; a += sizeof<T>()) {
    let q = a + nextA;
    let sum = load<T>(c) + (x0 * load<T>(a) + x1 * load<T>(q));
    sum += x2 * load<T>(q + nextA) + x3 * load<T>(q + 2 * nextA);
    q += 3 * nextA;
    sum += x4 * load<T>(q) + x5 * load<T>(q + nextA);
    q += 2 * nextA;
    store<T>(c, sum + (x6 * load<T>(q) + x7 * load<T>(q + nextA)));
    c += sizeof<T>();
  }
}

function keep(c: usize, s: v128, t: v128): void {
  v128.store(c, s);
  v128.store(c, t, 16);
}

/** Bytes of a matrix from which on it does not come from a cache, and of a vector that stays in L1 beside a stream. */
const FAR: f64 = 16777216, NEAR: i32 = 16384;

/** Whether rows are read one by one: what comes from memory does so faster as one stream, if b need not come again. */
// @ts-ignore: decorator
@inline export function isStream<T>(rows: i32, k: i32): bool {
  return <f64>rows * <f64>k * <f64>sizeof<T>() > FAR && k * <i32>sizeof<T>() <= NEAR;
}

/** c = Σ_l x_l·(column l of A), columns contiguous; x moves with the rows where rowB is 1. */
export function columns<T>(count: i32, k: i32, a: usize, stepA: i32, b: usize, stepB: i32, rowB: i32, c: usize): void {
  const bytes = <usize>count * sizeof<T>(), nextA = <usize>stepA * sizeof<T>(), nextB = <usize>stepB * sizeof<T>();
  const vectors = bytes & ~15;
  let l = 0;
  memory.fill(c, 0, bytes);
  if (rowB == 0) {
    for (; l + 8 <= k; l += 8) {
      eightColumns<T>(bytes, a, nextA, b, nextB, c);
      a += 8 * nextA;
      b += 8 * nextB;
    }
  }
  for (; l < k; l++) {
    const x = load<T>(b);
    const v = v128.splat<T>(x);
    let p: usize = 0;
    for (; p < vectors; p += 16) {
      const factor = rowB == 0 ? v : v128.load(b + p);
      v128.store(c + p, v128.add<T>(v128.load(c + p), v128.mul<T>(factor, v128.load(a + p))));
    }
    for (; p < bytes; p += sizeof<T>()) {
      store<T>(c + p, load<T>(c + p) + (rowB == 0 ? x : load<T>(b + p)) * load<T>(a + p));
    }
    a += nextA;
    b += nextB;
  }
}
