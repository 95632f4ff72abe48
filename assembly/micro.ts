/**
 * The micro-kernels of the matrix product, after BLIS (Van Zee & van de Geijn, ACM TOMS 41(3), 2015): C (=, +=) A·B for
 * one panel of each, MR rows of A by NRB bytes of B's columns, all of C's tile in registers. One source for float32 and
 * float64, and for both builds: the micro-tile is 2 rows × 64 bytes on plain SIMD (8 accumulators: more would spill in V8
 * before Node 24) and 6 rows × 32 bytes with relaxed SIMD's multiply-add.
 *
 * The third build, `revectorized`, has 6 rows × 64 bytes and imports its micro-kernels (revectorized.ts), which the
 * engine compiles apart from the rest, for registers twice as wide.
 */
const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;
/** Whether this is that build: asconfig.json defines the constant for it. */
// @ts-ignore: a constant of the compiler's options
const IMPORTED: bool = isDefined(REVECTORIZED);
/** Rows of the micro-tile. */
export const MR: i32 = RELAXED ? 6 : 2;
/** Bytes of one row of the micro-tile. */
export const NRB: i32 = RELAXED && !IMPORTED ? 32 : 64;

// @ts-ignore: decorator
@external('micro', 'setF64') declare function importedF64(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void;
// @ts-ignore: decorator
@external('micro', 'setF32') declare function importedF32(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void;
// @ts-ignore: decorator
@external('micro', 'addF64') declare function importedAddF64(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void;
// @ts-ignore: decorator
@external('micro', 'addF32') declare function importedAddF32(kc: i32, a: usize, b: usize, c: usize, ldc: usize): void;

// @ts-ignore: decorator
@inline function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(c, v128.mul<T>(a, b));
}

// @ts-ignore: decorator
@inline function put<T>(c: usize, value: v128, accumulate: bool): void {
  v128.store(c, accumulate ? v128.add<T>(value, v128.load(c)) : value);
}

/**
 * The 2 × 64 bytes micro-kernel: C (=, +=) A·B for one panel of each, `kc` steps long.
 * Four copies of the step with an exit after each: unrolled straight, V8 sinks the loads within the block and loses
 * a third of the speed.
 */
function micro2<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
  let c00 = v128.splat<T>(<T>0), c01 = c00, c02 = c00, c03 = c00;
  let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  const end = b + (<usize>kc << 6);
  while (b < end) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const a0 = v128.load_splat<T>(a);
      c00 = madd<T>(a0, b0, c00); c01 = madd<T>(a0, b1, c01); c02 = madd<T>(a0, b2, c02); c03 = madd<T>(a0, b3, c03);
      const a1 = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(a1, b0, c10); c11 = madd<T>(a1, b1, c11); c12 = madd<T>(a1, b2, c12); c13 = madd<T>(a1, b3, c13);
    }
    a += 2 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const a0 = v128.load_splat<T>(a);
      c00 = madd<T>(a0, b0, c00); c01 = madd<T>(a0, b1, c01); c02 = madd<T>(a0, b2, c02); c03 = madd<T>(a0, b3, c03);
      const a1 = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(a1, b0, c10); c11 = madd<T>(a1, b1, c11); c12 = madd<T>(a1, b2, c12); c13 = madd<T>(a1, b3, c13);
    }
    a += 2 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const a0 = v128.load_splat<T>(a);
      c00 = madd<T>(a0, b0, c00); c01 = madd<T>(a0, b1, c01); c02 = madd<T>(a0, b2, c02); c03 = madd<T>(a0, b3, c03);
      const a1 = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(a1, b0, c10); c11 = madd<T>(a1, b1, c11); c12 = madd<T>(a1, b2, c12); c13 = madd<T>(a1, b3, c13);
    }
    a += 2 * sizeof<T>(); b += 64;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const a0 = v128.load_splat<T>(a);
      c00 = madd<T>(a0, b0, c00); c01 = madd<T>(a0, b1, c01); c02 = madd<T>(a0, b2, c02); c03 = madd<T>(a0, b3, c03);
      const a1 = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(a1, b0, c10); c11 = madd<T>(a1, b1, c11); c12 = madd<T>(a1, b2, c12); c13 = madd<T>(a1, b3, c13);
    }
    a += 2 * sizeof<T>(); b += 64;
  }
  put<T>(c, c00, accumulate); put<T>(c + 16, c01, accumulate);
  put<T>(c + 32, c02, accumulate); put<T>(c + 48, c03, accumulate);
  c += ldc;
  put<T>(c, c10, accumulate); put<T>(c + 16, c11, accumulate);
  put<T>(c + 32, c12, accumulate); put<T>(c + 48, c13, accumulate);
}

/** The 6 × 32 bytes micro-kernel: 12 accumulators and one splat each for 6 rows; wants fused multiply-add. */
function micro6<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
  let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  const end = b + (<usize>kc << 5);
  while (b < end) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load_splat<T>(a);
      c00 = madd<T>(s, b0, c00); c01 = madd<T>(s, b1, c01);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(s, b0, c10); c11 = madd<T>(s, b1, c11);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = madd<T>(s, b0, c20); c21 = madd<T>(s, b1, c21);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = madd<T>(s, b0, c30); c31 = madd<T>(s, b1, c31);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = madd<T>(s, b0, c40); c41 = madd<T>(s, b1, c41);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = madd<T>(s, b0, c50); c51 = madd<T>(s, b1, c51);
    }
    a += 6 * sizeof<T>(); b += 32;
    if (b >= end) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load_splat<T>(a);
      c00 = madd<T>(s, b0, c00); c01 = madd<T>(s, b1, c01);
      s = v128.load_splat<T>(a, sizeof<T>());
      c10 = madd<T>(s, b0, c10); c11 = madd<T>(s, b1, c11);
      s = v128.load_splat<T>(a, 2 * sizeof<T>());
      c20 = madd<T>(s, b0, c20); c21 = madd<T>(s, b1, c21);
      s = v128.load_splat<T>(a, 3 * sizeof<T>());
      c30 = madd<T>(s, b0, c30); c31 = madd<T>(s, b1, c31);
      s = v128.load_splat<T>(a, 4 * sizeof<T>());
      c40 = madd<T>(s, b0, c40); c41 = madd<T>(s, b1, c41);
      s = v128.load_splat<T>(a, 5 * sizeof<T>());
      c50 = madd<T>(s, b0, c50); c51 = madd<T>(s, b1, c51);
    }
    a += 6 * sizeof<T>(); b += 32;
  }
  put<T>(c, c00, accumulate); put<T>(c + 16, c01, accumulate); c += ldc;
  put<T>(c, c10, accumulate); put<T>(c + 16, c11, accumulate); c += ldc;
  put<T>(c, c20, accumulate); put<T>(c + 16, c21, accumulate); c += ldc;
  put<T>(c, c30, accumulate); put<T>(c + 16, c31, accumulate); c += ldc;
  put<T>(c, c40, accumulate); put<T>(c + 16, c41, accumulate); c += ldc;
  put<T>(c, c50, accumulate); put<T>(c + 16, c51, accumulate);
}

// @ts-ignore: decorator
@inline function microImported<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
  if (sizeof<T>() == 8) {
    if (accumulate) importedAddF64(kc, a, b, c, ldc);
    else importedF64(kc, a, b, c, ldc);
  } else {
    if (accumulate) importedAddF32(kc, a, b, c, ldc);
    else importedF32(kc, a, b, c, ldc);
  }
}

// @ts-ignore: decorator
@inline
export function micro<T>(kc: i32, a: usize, b: usize, c: usize, ldc: usize, accumulate: bool): void {
  if (IMPORTED) microImported<T>(kc, a, b, c, ldc, accumulate);
  else if (RELAXED) micro6<T>(kc, a, b, c, ldc, accumulate);
  else micro2<T>(kc, a, b, c, ldc, accumulate);
}
