/**
 * The micro-kernels of the matrix product as a module of their own, for the build `revectorized` of the kernels: C = A·B
 * (`setF64`, `setF32`) and C += A·B (`addF64`, `addF32`) for one panel of each, 6 rows × 64 bytes, `kc` steps long, `ldc` in
 * bytes. Sums run over k in order, C's old value first, each step one multiply-add.
 *
 * V8 can be told to fuse pairs of 128-bit operations into 256-bit ones (src/devices/revectorize.ts). It starts from
 * stores to adjacent addresses and follows their operands up to adjacent loads, so: accumulators in pairs, all of them
 * loaded before the loop (the sum's old value as well) and all stored after it, with nothing else between the loads and
 * nothing between the stores. 24 accumulators of 128 bits spill where that is not done; this module is of no use there.
 */

/** C = A·B. */
// @ts-ignore: decorator
@inline function set<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  let c20 = zero, c21 = zero, c22 = zero, c23 = zero;
  let c30 = zero, c31 = zero, c32 = zero, c33 = zero;
  let c40 = zero, c41 = zero, c42 = zero, c43 = zero;
  let c50 = zero, c51 = zero, c52 = zero, c53 = zero;
  const end = b + (<usize>kc << 6);
  while (b < end) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10); v128.store(c, c11, 16); v128.store(c, c12, 32); v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20); v128.store(c, c21, 16); v128.store(c, c22, 32); v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30); v128.store(c, c31, 16); v128.store(c, c32, 32); v128.store(c, c33, 48);
  c += ldc;
  v128.store(c, c40); v128.store(c, c41, 16); v128.store(c, c42, 32); v128.store(c, c43, 48);
  c += ldc;
  v128.store(c, c50); v128.store(c, c51, 16); v128.store(c, c52, 32); v128.store(c, c53, 48);
}

/** C += A·B. */
// @ts-ignore: decorator
@inline function add<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  let p = c;
  let c00 = v128.load(p), c01 = v128.load(p, 16), c02 = v128.load(p, 32), c03 = v128.load(p, 48);
  p += ldc;
  let c10 = v128.load(p), c11 = v128.load(p, 16), c12 = v128.load(p, 32), c13 = v128.load(p, 48);
  p += ldc;
  let c20 = v128.load(p), c21 = v128.load(p, 16), c22 = v128.load(p, 32), c23 = v128.load(p, 48);
  p += ldc;
  let c30 = v128.load(p), c31 = v128.load(p, 16), c32 = v128.load(p, 32), c33 = v128.load(p, 48);
  p += ldc;
  let c40 = v128.load(p), c41 = v128.load(p, 16), c42 = v128.load(p, 32), c43 = v128.load(p, 48);
  p += ldc;
  let c50 = v128.load(p), c51 = v128.load(p, 16), c52 = v128.load(p, 32), c53 = v128.load(p, 48);
  const end = b + (<usize>kc << 6);
  while (b < end) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let s = v128.load_splat<T>(a);
      c00 = v128.relaxed_madd<T>(s, b0, c00); c01 = v128.relaxed_madd<T>(s, b1, c01);
      c02 = v128.relaxed_madd<T>(s, b2, c02); c03 = v128.relaxed_madd<T>(s, b3, c03);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = v128.relaxed_madd<T>(s, b0, c10); c11 = v128.relaxed_madd<T>(s, b1, c11);
      c12 = v128.relaxed_madd<T>(s, b2, c12); c13 = v128.relaxed_madd<T>(s, b3, c13);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = v128.relaxed_madd<T>(s, b0, c20); c21 = v128.relaxed_madd<T>(s, b1, c21);
      c22 = v128.relaxed_madd<T>(s, b2, c22); c23 = v128.relaxed_madd<T>(s, b3, c23);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = v128.relaxed_madd<T>(s, b0, c30); c31 = v128.relaxed_madd<T>(s, b1, c31);
      c32 = v128.relaxed_madd<T>(s, b2, c32); c33 = v128.relaxed_madd<T>(s, b3, c33);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = v128.relaxed_madd<T>(s, b0, c40); c41 = v128.relaxed_madd<T>(s, b1, c41);
      c42 = v128.relaxed_madd<T>(s, b2, c42); c43 = v128.relaxed_madd<T>(s, b3, c43);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = v128.relaxed_madd<T>(s, b0, c50); c51 = v128.relaxed_madd<T>(s, b1, c51);
      c52 = v128.relaxed_madd<T>(s, b2, c52); c53 = v128.relaxed_madd<T>(s, b3, c53);
    }
    a += 6 * sizeof<T>(); b += 64;
  }
  v128.store(c, c00); v128.store(c, c01, 16); v128.store(c, c02, 32); v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10); v128.store(c, c11, 16); v128.store(c, c12, 32); v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20); v128.store(c, c21, 16); v128.store(c, c22, 32); v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30); v128.store(c, c31, 16); v128.store(c, c32, 32); v128.store(c, c33, 48);
  c += ldc;
  v128.store(c, c40); v128.store(c, c41, 16); v128.store(c, c42, 32); v128.store(c, c43, 48);
  c += ldc;
  v128.store(c, c50); v128.store(c, c51, 16); v128.store(c, c52, 32); v128.store(c, c53, 48);
}

export function setF64(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  set<f64>(kc, a, b, c, ldc);
}

export function setF32(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  set<f32>(kc, a, b, c, ldc);
}

export function addF64(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  add<f64>(kc, a, b, c, ldc);
}

export function addF32(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  add<f32>(kc, a, b, c, ldc);
}
