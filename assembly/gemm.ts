/**
 * Matrix product in BLIS's five loops (Van Zee & van de Geijn, ACM TOMS 41(3), 2015): blocks of B (KC × NC) and of A
 * (MC × KC) are packed into panels (pack.ts) that the micro-kernel (micro.ts) reads front to back. Transposes are
 * strides, paid while packing.
 *
 * Block sizes: a micro-panel of B (KC × 64 bytes = 16 KB) stays in L1 while A's panels (MC × KC × 8 = 256 KB) stream
 * from L2; the packed B (KC × NC × 8 = 2 MB) stays in L3 and, with A's block, in the thread's arena.
 */
import { ARENA_START, isCancelled } from './arena';
import { micro, MR, NRB } from './micro';
import { packA, packB } from './pack';
import { OK } from './status';
import { Body, parallelFor } from './team';

const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;
const KC: i32 = 256;
const MC: i32 = RELAXED ? 132 : 128;
/** Bytes of one row of a packed block of B. */
const NCB: i32 = 8192;

export const EDGE: usize = ARENA_START;
const PANEL_B: usize = ARENA_START + 1024;
const PANEL_A: usize = PANEL_B + <usize>KC * <usize>NCB;
/** The first arena byte that the product leaves alone. */
export const GEMM_END: usize = PANEL_A + <usize>MC * <usize>KC * 8;

/** All micro-tiles of an mc × nc block of C. `above`: how far C's block lies right of the diagonal, for `lower`. */
function macroKernel<T>(
  mc: i32, nc: i32, kc: i32, ap: usize, bp: usize, c: usize, ldc: usize,
  accumulate: bool, edge: usize, lower: bool, above: i32,
): void {
  const NR = NRB / <i32>sizeof<T>();
  for (let j = 0; j < nc; j += NR) {
    const n = min(NR, nc - j);
    const bq = bp + <usize>j * <usize>kc * sizeof<T>();
    for (let i = 0; i < mc; i += MR) {
      if (lower && i + MR - 1 < above + j) continue;
      const m = min(MR, mc - i);
      const tile = c + <usize>i * ldc + <usize>j * sizeof<T>();
      const aq = ap + <usize>i * <usize>kc * sizeof<T>();
      if (m == MR && n == NR) {
        micro<T>(kc, aq, bq, tile, ldc, accumulate);
        continue;
      }
      micro<T>(kc, aq, bq, edge, NRB, false);
      for (let r = 0; r < m; r++) {
        for (let s = 0; s < n; s++) {
          const to = tile + <usize>r * ldc + <usize>s * sizeof<T>();
          const value = load<T>(edge + <usize>r * NRB + <usize>s * sizeof<T>());
          store<T>(to, accumulate ? load<T>(to) + value : value);
        }
      }
    }
  }
}

/**
 * C (m × n, row-major, leading dimension n) = A·B. `rows` and `columns` are the element strides of A and B.
 * `lower`: only the micro-tiles that touch the lower triangle are computed (C square, B = Aᵀ).
 */
export function gemm<T>(
  work: usize, m: i32, n: i32, k: i32,
  a: usize, rowsA: i32, columnsA: i32, b: usize, rowsB: i32, columnsB: i32, c: usize, lower: bool,
): void {
  product<T>(work, m, n, k, <T>1, a, rowsA, columnsA, b, rowsB, columnsB, c, n, false, lower);
}

/**
 * C (m × n, leading dimension ldc) = alpha·A·B, or C += alpha·A·B with `accumulate`, on this thread. `lower` (C square):
 * only micro-tiles that touch the lower triangle are written; those on the diagonal reach a little above it.
 */
export function product<T>(
  work: usize, m: i32, n: i32, k: i32, alpha: T, a: usize, rowsA: i32, columnsA: i32,
  b: usize, rowsB: i32, columnsB: i32, c: usize, ldc: i32, accumulate: bool, lower: bool,
): void {
  const rA = <usize>rowsA * sizeof<T>(), cA = <usize>columnsA * sizeof<T>();
  const rB = <usize>rowsB * sizeof<T>(), cB = <usize>columnsB * sizeof<T>();
  const rC = <usize>ldc * sizeof<T>();
  if (k == 0) {
    if (!accumulate) clearRows<T>(m, n, c, rC);
    return;
  }
  const NC = NCB / <i32>sizeof<T>();
  const bp = work + PANEL_B;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = min(KC, k - pc);
      packB<T>(kc, nc, b + <usize>pc * rB + <usize>jc * cB, rB, cB, bp);
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic);
        if (lower && ic + mc - 1 < jc) continue;
        const block = c + <usize>ic * rC + <usize>jc * sizeof<T>();
        const from = a + <usize>ic * rA + <usize>pc * cA;
        blockProduct<T>(work, mc, nc, kc, alpha, from, rA, cA, bp, block, rC, accumulate || pc > 0, lower, jc - ic);
      }
    }
  }
}

/** A block of C from a block of A and packed B: packs A into this thread's arena and multiplies. Strides in bytes. */
function blockProduct<T>(
  work: usize, mc: i32, nc: i32, kc: i32, alpha: T, a: usize, rA: usize, cA: usize,
  bp: usize, c: usize, rC: usize, accumulate: bool, lower: bool, above: i32,
): void {
  const ap = work + PANEL_A;
  packA<T>(mc, kc, a, rA, cA, ap);
  if (alpha != <T>1) scale<T>((mc + MR - 1) / MR * MR * kc, alpha, ap);
  macroKernel<T>(mc, nc, kc, ap, bp, c, rC, accumulate, work + EDGE, lower, above);
}

function scale<T>(count: i32, alpha: T, x: usize): void {
  const end = x + <usize>count * sizeof<T>();
  const factor = v128.splat<T>(alpha);
  while (x + 16 <= end) {
    v128.store(x, v128.mul<T>(v128.load(x), factor));
    x += 16;
  }
  while (x < end) {
    store<T>(x, load<T>(x) * alpha);
    x += sizeof<T>();
  }
}

function clearRows<T>(m: i32, n: i32, c: usize, rC: usize): void {
  for (let i = 0; i < m; i++) {
    memory.fill(c, 0, <usize>n * sizeof<T>());
    c += rC;
  }
}

/** Where `wideProduct` keeps what its iterations read, within the arena's edge block. */
const CONTEXT: usize = EDGE + 512;
/** Rows of an iteration of `wideProduct`, a multiple of both micro-tiles' heights. */
const WIDE_ROWS: i32 = RELAXED ? 66 : 64;
/** Panels of B that one iteration packs. */
const WIDE_PANELS: i32 = 8;
/** Multiply-adds below which sharing costs more than it gains. */
const WIDE_LEAST: f64 = 1e6;

/** What one (jc, pc) round of `wideProduct` is; sizes in elements, strides in bytes. */
@unmanaged class Round {
  leader: usize;
  a: usize; rA: usize; cA: usize;
  b: usize; rB: usize; cB: usize;
  c: usize; rC: usize;
  m: i32; nc: i32; kc: i32; jc: i32;
  /** Iterations along n, and columns of each. */
  parts: i32; columns: i32;
  accumulate: bool; lower: bool;
  alpha: f64;
}

/**
 * As `product`, shared by all idle threads: B's blocks are packed once, together, into the leader's arena, then blocks
 * of rows of A are taken one by one. The arithmetic is that of `product`, to the bit, for every number of threads. Must
 * not be called from within a parallel loop. False when the task was cancelled.
 */
export function wideProduct<T>(
  work: usize, m: i32, n: i32, k: i32, alpha: T, a: usize, rowsA: i32, columnsA: i32,
  b: usize, rowsB: i32, columnsB: i32, c: usize, ldc: i32, accumulate: bool, lower: bool,
): bool {
  if (k == 0 || <f64>m * <f64>n * <f64>k < WIDE_LEAST) {
    product<T>(work, m, n, k, alpha, a, rowsA, columnsA, b, rowsB, columnsB, c, ldc, accumulate, lower);
    return !isCancelled(work);
  }
  const round = changetype<Round>(work + CONTEXT);
  round.leader = work;
  round.rA = <usize>rowsA * sizeof<T>(); round.cA = <usize>columnsA * sizeof<T>();
  round.rB = <usize>rowsB * sizeof<T>(); round.cB = <usize>columnsB * sizeof<T>();
  round.rC = <usize>ldc * sizeof<T>();
  round.m = m; round.lower = lower; round.alpha = <f64>alpha;
  const pack: Body = sizeof<T>() == 8 ? packF64 : packF32;
  const multiply: Body = sizeof<T>() == 8 ? multiplyF64 : multiplyF32;
  const NR = NRB / <i32>sizeof<T>();
  const NC = NCB / <i32>sizeof<T>();
  const blocks = (m + WIDE_ROWS - 1) / WIDE_ROWS;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    // Few blocks of rows are cut along n as well, so that there is enough to share.
    const most = max(1, nc / 128);
    round.parts = min(most, max(1, 16 / blocks));
    round.columns = ((nc + round.parts - 1) / round.parts + NR - 1) / NR * NR;
    round.jc = jc; round.nc = nc;
    for (let pc = 0; pc < k; pc += KC) {
      round.kc = min(KC, k - pc);
      round.a = a + <usize>pc * round.cA;
      round.b = b + <usize>pc * round.rB + <usize>jc * round.cB;
      round.c = c + <usize>jc * sizeof<T>();
      round.accumulate = accumulate || pc > 0;
      const panels = (nc + NR * WIDE_PANELS - 1) / (NR * WIDE_PANELS);
      if (!parallelFor(work, panels, pack.index, work + CONTEXT)) return false;
      if (!parallelFor(work, blocks * round.parts, multiply.index, work + CONTEXT)) return false;
    }
  }
  return true;
}

function packRound<T>(index: i32, round: Round): void {
  const width = NRB / <i32>sizeof<T>() * WIDE_PANELS;
  const j = index * width;
  const to = round.leader + PANEL_B + <usize>j * <usize>round.kc * sizeof<T>();
  packB<T>(round.kc, min(width, round.nc - j), round.b + <usize>j * round.cB, round.rB, round.cB, to);
}

function multiplyRound<T>(work: usize, index: i32, round: Round): void {
  const blocks = (round.m + WIDE_ROWS - 1) / WIDE_ROWS;
  // of a triangle the longest rows first: the last pieces are then short, and no thread waits long for another
  const block = round.lower ? blocks - 1 - index / round.parts : index / round.parts;
  const i = block * WIDE_ROWS;
  const j = index % round.parts * round.columns;
  const mc = min(WIDE_ROWS, round.m - i), nc = min(round.columns, round.nc - j);
  if (nc <= 0 || (round.lower && i + mc - 1 < round.jc + j)) return;
  const bp = round.leader + PANEL_B + <usize>j * <usize>round.kc * sizeof<T>();
  blockProduct<T>(
    work, mc, nc, round.kc, <T>round.alpha, round.a + <usize>i * round.rA, round.rA, round.cA, bp,
    round.c + <usize>i * round.rC + <usize>j * sizeof<T>(), round.rC, round.accumulate, round.lower, round.jc + j - i,
  );
}

function packF64(work: usize, index: i32, context: usize): void {
  packRound<f64>(index, changetype<Round>(context));
}
function packF32(work: usize, index: i32, context: usize): void {
  packRound<f32>(index, changetype<Round>(context));
}
function multiplyF64(work: usize, index: i32, context: usize): void {
  multiplyRound<f64>(work, index, changetype<Round>(context));
}
function multiplyF32(work: usize, index: i32, context: usize): void {
  multiplyRound<f32>(work, index, changetype<Round>(context));
}

/** Copies the lower triangle of a square matrix to the upper one, in 32 × 32 tiles so that both sides stay in L1. */
export function mirror<T>(n: i32, c: usize): void {
  for (let i0 = 0; i0 < n; i0 += 32) {
    const iEnd = min(i0 + 32, n);
    for (let j0 = 0; j0 <= i0; j0 += 32) {
      for (let i = i0; i < iEnd; i++) {
        const jEnd = min(j0 + 32, i);
        for (let j = j0; j < jEnd; j++) {
          store<T>(
            c + (<usize>j * <usize>n + <usize>i) * sizeof<T>(),
            load<T>(c + (<usize>i * <usize>n + <usize>j) * sizeof<T>()),
          );
        }
      }
    }
  }
}

/**
 * The micro-kernel alone on panels in L1, for calibration: `rounds` rounds of 48 (float64) or 96 (float32) × kc
 * multiply-adds, the same work whichever micro-tile this build has. Writes the arena.
 */
export function microKernel(work: usize, wide: i32, rounds: i32, kc: i32): i32 {
  return wide ? runMicro<f64>(work, rounds, kc) : runMicro<f32>(work, rounds, kc);
}

function runMicro<T>(work: usize, rounds: i32, kc: i32): i32 {
  const ap = work + PANEL_A, bp = work + PANEL_B, edge = work + EDGE;
  for (let i = 0; i < kc * MR; i++) store<T>(ap + <usize>i * sizeof<T>(), <T>0.5);
  for (let i = 0; i < kc * NRB; i += <i32>sizeof<T>()) store<T>(bp + <usize>i, <T>0.25);
  memory.fill(edge, 0, MR * NRB);
  for (let round = 0; round < rounds; round++) {
    for (let done = 0; done < 384; done += MR * NRB) micro<T>(kc, ap, bp, edge, NRB, true);
  }
  return OK;
}
