/**
 * A = Q·R, A m × n row-major, by Householder reflections in blocks (LAPACK's geqrf and orgqr; Schreiber & Van Loan, SIAM J. Sci.
 * Stat. Comput. 10(1), 1989): panels of 48 columns (32 of few), factored where their rows lie together, each then applied to the columns
 * right of it as one block I − V·T·Vᵀ. Q by applying the blocks to the identity from the last to the first, each to the corner
 * that differs from it.
 *
 * R and the reflectors overwrite A. 2mn² − ⅔n³ flops for R, as many for Q of n columns. Workspace for both: `qrSpace` elements,
 * which also keep the blocks' T between them.
 *
 * Did not help: panels of 32 (3 % slower from 1000 on) or 64 (10 %), and panels by halving their columns (Elmroth & Gustavson,
 * IBM J. Res. Dev. 44(4), 2000), whose products are too thin to gain on sums that run in registers.
 */
import { copyMatrix } from './copy';
import { applyBlock, blockFactor, maskReflectors, panelFactor, unpackReflectors } from './householder';

const BLOCK: i32 = 48;
/** Those of panels of matrices with few columns, where the panels are most of the work. */
const NARROW: i32 = 32;
const FEW: i32 = 128;

// @ts-ignore: decorator
@inline function blockOf(k: i32): i32 {
  return k < FEW ? NARROW : BLOCK;
}

// @ts-ignore: decorator
@inline function blocksT(m: i32, n: i32): usize {
  return <usize>((min(m, n) + BLOCK - 1) / BLOCK * BLOCK * BLOCK);
}

/**
 * Elements of workspace for a QR of m × n and `columns` (at least n) of Q, or as many right-hand sides: T of every block,
 * a Gram matrix, τ, V, and the two products of `applyBlock`. As in src/kernels/linalg/workspace.ts.
 */
export function qrSpace(m: i32, n: i32, columns: i32): usize {
  return blocksT(m, n) + <usize>(BLOCK * BLOCK + BLOCK) + <usize>(m * BLOCK) + 2 * <usize>(BLOCK * max(n, columns));
}

/**
 * Rows from j on that reflectors of b columns from j on have: all, or those above the steps of a staircase of `step` rows for
 * each column.
 */
// @ts-ignore: decorator
@inline function heightOf(m: i32, j: i32, b: i32, step: i32): i32 {
  return (step == 0 ? m : min(m, (j + b) * step)) - j;
}

/**
 * R and the reflectors in place of a; the blocks' T stay in `space`. `extra` columns right of them become Qᵀ times what
 * they were; they count as columns in `qrSpace`. `stair`: where it is not 0, column j has nothing but zeros from row
 * (j + 1)·stair on. False when cancelled.
 */
export function qrFactor<T>(
  work: usize, m: i32, n: i32, a: usize, lda: i32, space: usize, extra: i32 = 0, stair: i32 = 0,
): bool {
  const k = min(m, n), step = blockOf(k);
  const gram = space + blocksT(m, n) * sizeof<T>();
  const tau = gram + <usize>(BLOCK * BLOCK) * sizeof<T>();
  const v = tau + <usize>BLOCK * sizeof<T>();
  const w = v + <usize>(m * BLOCK) * sizeof<T>();
  for (let j = 0; j < k; j += step) {
    const b = min(step, k - j);
    const rows = heightOf(m, j, b, stair);
    const panel = a + <usize>(j * lda + j) * sizeof<T>();
    // where its rows lie together: rows a power of two apart would share a few sets of the cache
    copyMatrix<T>(rows, b, panel, lda, v, b);
    panelFactor<T>(rows, b, v, b, tau);
    copyMatrix<T>(rows, b, v, b, panel, lda);
    maskReflectors<T>(rows, b, v);
    const t = space + <usize>(j * BLOCK) * sizeof<T>();
    blockFactor<T>(work, rows, b, v, tau, t, gram);
    const right = n + extra - j - b;
    if (right > 0 && !applyBlock<T>(work, rows, right, b, v, b, 1, t, true, panel + <usize>b * sizeof<T>(), lda, w)) return false;
  }
  return true;
}

/**
 * Q (m × q, q ≥ min(m, n) columns of it, leading dimension q) of what `qrFactor` left in `a` and `space`; `out` may be `a`
 * itself where q = n = lda ≤ m. `stair`: as in `qrFactor`.
 */
export function qrForm<T>(
  work: usize, m: i32, n: i32, a: usize, lda: i32, space: usize, q: i32, out: usize, stair: i32 = 0,
): bool {
  const k = min(m, n), step = blockOf(k);
  const v = space + (blocksT(m, n) + <usize>(BLOCK * BLOCK + BLOCK)) * sizeof<T>();
  const w = v + <usize>(m * BLOCK) * sizeof<T>();
  if (out != a) identity<T>(0, m, 0, q, q, out);
  for (let j = (k - 1) / step * step; j >= 0 && k > 0; j -= step) {
    const b = min(step, k - j), rows = heightOf(m, j, b, stair);
    unpackReflectors<T>(rows, b, a + <usize>(j * lda + j) * sizeof<T>(), lda, v);
    const t = space + <usize>(j * BLOCK) * sizeof<T>();
    // before this block only columns from j on differ from the identity
    if (out == a) {
      identity<T>(j, j + b, j, q, q, out);
      identity<T>(j + b, m, j, j + b, q, out);
    }
    const corner = out + <usize>(j * q + j) * sizeof<T>();
    if (!applyBlock<T>(work, rows, q - j, b, v, b, 1, t, false, corner, q, w)) return false;
  }
  return true;
}

/** Elements of the identity in rows and columns [first, end) of `to`. */
function identity<T>(rowFirst: i32, rowEnd: i32, first: i32, end: i32, ld: i32, to: usize): void {
  for (let i = rowFirst; i < rowEnd; i++) {
    const row = to + (<usize>i * <usize>ld) * sizeof<T>();
    memory.fill(row + <usize>first * sizeof<T>(), 0, <usize>(end - first) * sizeof<T>());
    if (i >= first && i < end) store<T>(row + <usize>i * sizeof<T>(), 1);
  }
}

/** C (m × p, leading dimension ldc) ← Q·C. */
export function qrApply<T>(
  work: usize, m: i32, n: i32, a: usize, lda: i32, space: usize, p: i32, c: usize, ldc: i32,
): bool {
  const k = min(m, n), step = blockOf(k);
  const v = space + (blocksT(m, n) + <usize>(BLOCK * BLOCK + BLOCK)) * sizeof<T>();
  const w = v + <usize>(m * BLOCK) * sizeof<T>();
  for (let j = (k - 1) / step * step; j >= 0 && k > 0; j -= step) {
    const b = min(step, k - j);
    unpackReflectors<T>(m - j, b, a + <usize>(j * lda + j) * sizeof<T>(), lda, v);
    const t = space + <usize>(j * BLOCK) * sizeof<T>();
    if (!applyBlock<T>(work, m - j, p, b, v, b, 1, t, false, c + <usize>(j * ldc) * sizeof<T>(), ldc, w)) return false;
  }
  return true;
}

/** Q (m × min(m, n)) of reflectors made one by one, with their `tau`. `space`: as for `qrFactor`. */
export function qrFormFrom<T>(work: usize, m: i32, n: i32, a: usize, tau: usize, space: usize, out: usize): bool {
  const k = min(m, n), step = blockOf(k);
  const gram = space + blocksT(m, n) * sizeof<T>(), v = gram + <usize>(BLOCK * BLOCK + BLOCK) * sizeof<T>();
  for (let j = 0; j < k; j += step) {
    const b = min(step, k - j);
    unpackReflectors<T>(m - j, b, a + <usize>(j * n + j) * sizeof<T>(), n, v);
    blockFactor<T>(work, m - j, b, v, tau + <usize>j * sizeof<T>(), space + <usize>(j * BLOCK) * sizeof<T>(), gram);
  }
  return qrForm<T>(work, m, n, a, n, space, k, out);
}
