/** float64 vectors and int32 lists in memory, and the few operations on them that algorithms of linear algebra share. */

// @ts-ignore: decorator
@inline export function at(p: usize, i: i32): f64 {
  return load<f64>(p + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline export function set(p: usize, i: i32, value: f64): void {
  store<f64>(p + (<usize>i << 3), value);
}

// @ts-ignore: decorator
@inline export function index(p: usize, i: i32): i32 {
  return load<i32>(p + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline export function setIndex(p: usize, i: i32, value: i32): void {
  store<i32>(p + (<usize>i << 2), value);
}

// @ts-ignore: decorator
@inline export function sum(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

export function dot(n: i32, x: usize, y: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    x += 64; y += 64;
  }
  let total = sum(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)));
  for (; i < n; i++) {
    total += load<f64>(x) * load<f64>(y);
    x += 8; y += 8;
  }
  return total;
}

/** x ← x + factor·y. */
export function addScaled(n: i32, x: usize, factor: f64, y: usize): void {
  const f = f64x2.splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(x, f64x2.add(v128.load(x), f64x2.mul(f, v128.load(y))));
    v128.store(x, f64x2.add(v128.load(x, 16), f64x2.mul(f, v128.load(y, 16))), 16);
    x += 32; y += 32;
  }
  for (; i < n; i++) {
    store<f64>(x, load<f64>(x) + factor * load<f64>(y));
    x += 8; y += 8;
  }
}

/** out[p] = rowₚ·x for `count` rows of n elements, `step` bytes apart: four at a time, so that x is read once for them. */
export function dots(n: i32, count: i32, rows: usize, step: usize, x: usize, out: usize): void {
  let p = 0;
  for (; p + 4 <= count; p += 4) {
    fourDots(n, rows, step, x, out);
    rows += 4 * step; out += 32;
  }
  for (; p < count; p++) {
    store<f64>(out, dot(n, rows, x));
    rows += step; out += 8;
  }
}

/** The products of four rows with x. */
export function fourDots(n: i32, r0: usize, step: usize, x: usize, out: usize): void {
  let r1 = r0 + step, r2 = r1 + step, r3 = r2 + step;
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = x + (<usize>n << 3), whole = x + (<usize>(n & ~3) << 3);
  while (x < whole) {
    {
      const v = v128.load(x);
      s0 = f64x2.add(s0, f64x2.mul(v128.load(r0), v)); s1 = f64x2.add(s1, f64x2.mul(v128.load(r1), v));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(r2), v)); s3 = f64x2.add(s3, f64x2.mul(v128.load(r3), v));
    }
    {
      const v = v128.load(x, 16);
      s0 = f64x2.add(s0, f64x2.mul(v128.load(r0, 16), v)); s1 = f64x2.add(s1, f64x2.mul(v128.load(r1, 16), v));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(r2, 16), v)); s3 = f64x2.add(s3, f64x2.mul(v128.load(r3, 16), v));
    }
    r0 += 32; r1 += 32; r2 += 32; r3 += 32; x += 32;
  }
  let t0 = sum(s0), t1 = sum(s1), t2 = sum(s2), t3 = sum(s3);
  while (x < end) {
    const v = load<f64>(x);
    t0 += load<f64>(r0) * v; t1 += load<f64>(r1) * v; t2 += load<f64>(r2) * v; t3 += load<f64>(r3) * v;
    r0 += 8; r1 += 8; r2 += 8; r3 += 8; x += 8;
  }
  store<f64>(out, t0); store<f64>(out, t1, 8); store<f64>(out, t2, 16); store<f64>(out, t3, 24);
}

/** x ← x − Σ factors[p]·rowₚ for `count` rows of n elements, `step` bytes apart, four at a time. */
export function subtractRows(n: i32, x: usize, count: i32, factors: usize, rows: usize, step: usize): void {
  let p = 0;
  for (; p + 4 <= count; p += 4) {
    subtractFour(n, x, factors, rows, step);
    rows += 4 * step; factors += 32;
  }
  for (; p < count; p++) {
    addScaled(n, x, -load<f64>(factors), rows);
    rows += step; factors += 8;
  }
}

function subtractFour(n: i32, x: usize, factors: usize, r0: usize, step: usize): void {
  let r1 = r0 + step, r2 = r1 + step, r3 = r2 + step;
  const f0 = v128.load64_splat(factors), f1 = v128.load64_splat(factors, 8);
  const f2 = v128.load64_splat(factors, 16), f3 = v128.load64_splat(factors, 24);
  const end = x + (<usize>n << 3), even = end - 8;
  while (x < even) {
    const left = f64x2.add(f64x2.mul(v128.load(r0), f0), f64x2.mul(v128.load(r1), f1));
    const right = f64x2.add(f64x2.mul(v128.load(r2), f2), f64x2.mul(v128.load(r3), f3));
    v128.store(x, f64x2.sub(v128.load(x), f64x2.add(left, right)));
    r0 += 16; r1 += 16; r2 += 16; r3 += 16; x += 16;
  }
  if (x < end) {
    const left = load<f64>(r0) * load<f64>(factors) + load<f64>(r1) * load<f64>(factors, 8);
    const right = load<f64>(r2) * load<f64>(factors, 16) + load<f64>(r3) * load<f64>(factors, 24);
    store<f64>(x, load<f64>(x) - (left + right));
  }
}

/** to[place[i]] = factor·from[i]. */
export function scatter(count: i32, from: usize, factor: f64, place: usize, to: usize): void {
  const end = from + (<usize>count << 3);
  for (; from + 16 <= end; from += 16, place += 8) {
    store<f64>(to + (<usize>load<i32>(place) << 3), load<f64>(from) * factor);
    store<f64>(to + (<usize>load<i32>(place, 4) << 3), load<f64>(from, 8) * factor);
  }
  if (from < end) store<f64>(to + (<usize>load<i32>(place) << 3), load<f64>(from) * factor);
}

/** to[p] = the first element of row p of `count` rows, `step` bytes apart: a column gathered. */
export function gather(count: i32, from: usize, step: usize, to: usize): void {
  for (let p = 0; p < count; p++) {
    store<f64>(to, load<f64>(from));
    from += step; to += 8;
  }
}

/** x ← factor·x. */
export function scaleBy(n: i32, x: usize, factor: f64): void {
  const f = f64x2.splat(factor);
  const end = x + (<usize>n << 3);
  for (; x + 16 <= end; x += 16) v128.store(x, f64x2.mul(v128.load(x), f));
  if (x < end) store<f64>(x, load<f64>(x) * factor);
}

/** Elements i and j trade places. */
export function exchange(p: usize, i: i32, j: i32): void {
  const value = at(p, i);
  set(p, i, at(p, j));
  set(p, j, value);
}

/** √(a² + b²) without overflow. */
export function hypotenuse(a: f64, b: f64): f64 {
  const x = abs(a), y = abs(b);
  const large = max(x, y), small = min(x, y);
  if (large == 0) return 0;
  const ratio = small / large;
  return large * sqrt(1 + ratio * ratio);
}

/** Rows x and y of n elements: x ← c·x − s·y, y ← s·x + c·y. */
export function rotate(n: i32, x: usize, y: usize, c: f64, s: f64): void {
  const vc = f64x2.splat(c), vs = f64x2.splat(s);
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    const a = v128.load(x), b = v128.load(y);
    v128.store(x, f64x2.sub(f64x2.mul(vc, a), f64x2.mul(vs, b)));
    v128.store(y, f64x2.add(f64x2.mul(vs, a), f64x2.mul(vc, b)));
    x += 16; y += 16;
  }
  if (i < n) {
    const a = load<f64>(x), b = load<f64>(y);
    store<f64>(x, c * a - s * b);
    store<f64>(y, s * a + c * b);
  }
}

/** Rows x and y of n elements trade places. */
export function swapRows(n: i32, x: usize, y: usize): void {
  for (let k = 0; k < n; k++) {
    const value = at(x, k);
    set(x, k, at(y, k));
    set(y, k, value);
  }
}

/** Ascending order of `values` (k of them) in `order`, by merging; both ends of the list are ascending mostly. */
export function sortIndices(n: i32, order: usize, values: usize, spare: usize): void {
  let from = order, to = spare;
  for (let width = 1; width < n; width *= 2) {
    for (let low = 0; low < n; low += 2 * width) {
      const middle = min(low + width, n), high = min(low + 2 * width, n);
      let a = low, b = middle;
      for (let i = low; i < high; i++) {
        const takesFirst = b >= high || (a < middle && at(values, index(from, a)) <= at(values, index(from, b)));
        setIndex(to, i, index(from, takesFirst ? a++ : b++));
      }
    }
    const other = from;
    from = to;
    to = other;
  }
  if (from != order) memory.copy(order, from, <usize>n << 2);
}

/** n numbers ascending, in place. */
export function heapSort(n: i32, d: usize): void {
  for (let i = n / 2 - 1; i >= 0; i--) sink(i, n, d);
  for (let end = n - 1; end > 0; end--) {
    const value = at(d, 0);
    set(d, 0, at(d, end));
    set(d, end, value);
    sink(0, end, d);
  }
}

function sink(i: i32, n: i32, d: usize): void {
  const value = at(d, i);
  for (;;) {
    let child = 2 * i + 1;
    if (child >= n) break;
    if (child + 1 < n && at(d, child + 1) > at(d, child)) child++;
    if (at(d, child) <= value) break;
    set(d, i, at(d, child));
    i = child;
  }
  set(d, i, value);
}
