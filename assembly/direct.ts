/**
 * Products of small matrices without packing: C = A·B where B (k × n) lies in L1 with rows that are contiguous. The tiles
 * are those of the packed product turned to what a small matrix has: 2 rows × 64 bytes, or 4 rows × 32 or 16 bytes where
 * it has fewer columns. A tile that would reach over the edge is moved back over columns that are there already, and
 * writes the same bits again: so nothing is padded, and nothing is added to C. Strides in bytes.
 */
import { ARENA_START } from './arena';

const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;

/** Bytes of B up to which reading it in place beats packing it: it stays in L1 beside what is read of A. */
const MOST_B: usize = 16384;
/** The most and the least steps of k that are made at a time, so that their rows of B stay in L1. */
const STEPS: i32 = 128;
const LEAST_STEPS: i32 = 64;
/** How many times longer than wide B must be for that many little sums to be worth it. */
const TALL: i32 = 8;
/** Where B is copied to when its rows are not contiguous, and where the sums of some steps lie before they are added. */
const COPY: usize = ARENA_START + 1024;
const SUMS: usize = COPY + 32768;
const MOST_SUMS: usize = 65536;
/** The first arena byte that these products leave alone. */
export const DIRECT_END: usize = SUMS + MOST_SUMS;

// @ts-ignore: decorator
@inline function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(c, v128.mul<T>(a, b));
}

/** One row or two (m) × 64 bytes of C. */
function tile64<T>(m: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, c: usize, rC: usize): void {
  let c00 = v128.splat<T>(<T>0), c01 = c00, c02 = c00, c03 = c00;
  let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let q = m > 1 ? a + rA : a;
  for (; k > 0; k--) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const x = v128.load_splat<T>(a);
      c00 = madd<T>(x, b0, c00); c01 = madd<T>(x, b1, c01); c02 = madd<T>(x, b2, c02); c03 = madd<T>(x, b3, c03);
      const y = v128.load_splat<T>(q);
      c10 = madd<T>(y, b0, c10); c11 = madd<T>(y, b1, c11); c12 = madd<T>(y, b2, c12); c13 = madd<T>(y, b3, c13);
    }
    a += cA; q += cA; b += rB;
    if (--k == 0) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const x = v128.load_splat<T>(a);
      c00 = madd<T>(x, b0, c00); c01 = madd<T>(x, b1, c01); c02 = madd<T>(x, b2, c02); c03 = madd<T>(x, b3, c03);
      const y = v128.load_splat<T>(q);
      c10 = madd<T>(y, b0, c10); c11 = madd<T>(y, b1, c11); c12 = madd<T>(y, b2, c12); c13 = madd<T>(y, b3, c13);
    }
    a += cA; q += cA; b += rB;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  if (m > 1) c += rC;
  v128.store(c, c10); v128.store(c, c11, 16); v128.store(c, c12, 32); v128.store(c, c13, 48);
}

/** One to four rows (m) × 32 bytes of C. */
function tile32<T>(m: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, c: usize, rC: usize): void {
  let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  // rows that are not there are the last one again
  let p = m > 1 ? a + rA : a;
  let q = m > 2 ? p + rA : p;
  let r = m > 3 ? q + rA : q;
  for (; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const x = v128.load_splat<T>(a), y = v128.load_splat<T>(p);
    c00 = madd<T>(x, b0, c00); c01 = madd<T>(x, b1, c01); c10 = madd<T>(y, b0, c10); c11 = madd<T>(y, b1, c11);
    const z = v128.load_splat<T>(q), w = v128.load_splat<T>(r);
    c20 = madd<T>(z, b0, c20); c21 = madd<T>(z, b1, c21); c30 = madd<T>(w, b0, c30); c31 = madd<T>(w, b1, c31);
    a += cA; p += cA; q += cA; r += cA; b += rB;
  }
  v128.store(c, c00); v128.store(c, c01, 16);
  if (m > 1) c += rC;
  v128.store(c, c10); v128.store(c, c11, 16);
  if (m > 2) c += rC;
  v128.store(c, c20); v128.store(c, c21, 16);
  if (m > 3) c += rC;
  v128.store(c, c30); v128.store(c, c31, 16);
}

/** One to four rows (m) × 16 bytes of C. */
function tile16<T>(m: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, c: usize, rC: usize): void {
  let c0 = v128.splat<T>(<T>0), c1 = c0, c2 = c0, c3 = c0;
  let p = m > 1 ? a + rA : a;
  let q = m > 2 ? p + rA : p;
  let r = m > 3 ? q + rA : q;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    c0 = madd<T>(v128.load_splat<T>(a), b0, c0); c1 = madd<T>(v128.load_splat<T>(p), b0, c1);
    c2 = madd<T>(v128.load_splat<T>(q), b0, c2); c3 = madd<T>(v128.load_splat<T>(r), b0, c3);
    a += cA; p += cA; q += cA; r += cA; b += rB;
  }
  v128.store(c, c0);
  if (m > 1) c += rC;
  v128.store(c, c1);
  if (m > 2) c += rC;
  v128.store(c, c2);
  if (m > 3) c += rC;
  v128.store(c, c3);
}

/** Columns that are fewer than a vector has lanes. */
function narrow<T>(
  m: i32, n: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, cB: usize, c: usize, rC: usize,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let p = a, q = b + <usize>j * cB;
      let sum: T = 0;
      for (let l = 0; l < k; l++) {
        sum += load<T>(p) * load<T>(q);
        p += cA; q += rB;
      }
      store<T>(c + <usize>j * sizeof<T>(), sum);
    }
    a += rA; c += rC;
  }
}

/** C = A·B, the rows of B contiguous and at least a vector long. */
function tiles<T>(
  m: i32, n: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, c: usize, rC: usize,
): void {
  const W = <i32>(16 / sizeof<T>());
  for (let j = 0; j < n;) {
    const rest = n - j;
    const width = rest > 2 * W && n >= 4 * W ? 4 * W : rest > W && n >= 2 * W ? 2 * W : W;
    const from = <usize>min(j, n - width) * sizeof<T>();
    const height = width == 4 * W ? 2 : 4;
    for (let i = 0; i < m; i += height) {
      const first = max(0, min(i, m - height)), rows = m - first;
      const p = a + <usize>first * rA, to = c + <usize>first * rC + from;
      if (width == 4 * W) tile64<T>(rows, k, p, rA, cA, b + from, rB, to, rC);
      else if (width == 2 * W) tile32<T>(rows, k, p, rA, cA, b + from, rB, to, rC);
      else tile16<T>(rows, k, p, rA, cA, b + from, rB, to, rC);
    }
    j += width;
  }
}

/** B with contiguous rows, in the arena. */
function copied<T>(work: usize, n: i32, k: i32, b: usize, rB: usize, cB: usize): usize {
  let to = work + COPY;
  for (let l = 0; l < k; l++) {
    let p = b + <usize>l * rB;
    for (let j = 0; j < n; j++) {
      store<T>(to, load<T>(p));
      p += cB; to += sizeof<T>();
    }
  }
  return work + COPY;
}

/** Whether `direct` takes a product and is the faster way to it; as in src/kernels/contraction.ts. */
export function isDirect<T>(m: i32, n: i32, k: i32): bool {
  const row = <usize>n * sizeof<T>();
  if (n > 1024) return false;
  if (k <= STEPS) return row * <usize>k <= MOST_B;
  const steps = k >= TALL * n ? LEAST_STEPS : STEPS;
  return row * <usize>steps <= MOST_B && <usize>m * row <= MOST_SUMS;
}

/** C (m × n, leading dimension n) = A·B for a product that `isDirect`. Writes the arena up to DIRECT_END. */
export function direct<T>(
  work: usize, m: i32, n: i32, k: i32, a: usize, rA: usize, cA: usize, b: usize, rB: usize, cB: usize, c: usize,
): void {
  const rC = <usize>n * sizeof<T>();
  if (n < <i32>(16 / sizeof<T>())) {
    narrow<T>(m, n, k, a, rA, cA, b, rB, cB, c, rC);
    return;
  }
  const most = k <= STEPS ? STEPS : max(LEAST_STEPS, min(STEPS, <i32>(MOST_B / rC) & ~7));
  for (let l = 0; ; l += most) {
    const steps = min(most, k - l);
    let q = b + <usize>l * rB, stride = rB;
    if (cB != sizeof<T>()) {
      q = copied<T>(work, n, steps, q, rB, cB);
      stride = rC;
    }
    const p = a + <usize>l * cA;
    if (l == 0) tiles<T>(m, n, steps, p, rA, cA, q, stride, c, rC);
    else {
      tiles<T>(m, n, steps, p, rA, cA, q, stride, work + SUMS, rC);
      addTo<T>(m * n, work + SUMS, c);
    }
    if (l + most >= k) return;
  }
}

/** y += x. */
export function addTo<T>(count: i32, x: usize, y: usize): void {
  const end = x + <usize>count * sizeof<T>();
  for (; x + 16 <= end; x += 16) {
    v128.store(y, v128.add<T>(v128.load(y), v128.load(x)));
    y += 16;
  }
  for (; x < end; x += sizeof<T>()) {
    store<T>(y, load<T>(y) + load<T>(x));
    y += sizeof<T>();
  }
}
