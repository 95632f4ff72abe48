/**
 * Scratch that the exports of assembly/linalg need, in elements: each formula is that of the file named beside it, which
 * says what lies there. The conformance suite runs every kernel with exactly so much, and a guard behind it.
 */

/** Columns of a panel in qr.ts, symmetric.ts, bidiagonalise.ts and reflect-rows.ts. */
const BLOCK = 32;
const SQUARE = BLOCK * BLOCK;

/** `qrSpace` of qr.ts. */
export function qrSpace(m: number, n: number, columns: number): number {
  const factors = Math.ceil(Math.min(m, n) / BLOCK) * SQUARE;
  return factors + SQUARE + BLOCK + m * BLOCK + 2 * BLOCK * Math.max(n, columns);
}

/** `rowLength` times `rowCount` of reflect-rows.ts: n rows of `length` elements. */
function rowSpace(n: number, length: number): number {
  return 2 * Math.ceil(n / 2) * 8 * Math.ceil(length / 8);
}

/** `reflectSpace` of reflect-rows.ts. */
function reflectSpace(n: number): number {
  return 3 * BLOCK * 8 * Math.ceil(n / 8) + 2 * SQUARE;
}

/** `eighSpace` of spectral.ts, with `symmetricSpace` (symmetric.ts) and `tridiagonalSpace` (tridiagonal.ts). */
export function eighSpace(n: number): number {
  const symmetric = (4 * BLOCK + 9) * n + BLOCK;
  const tridiagonal = 2 * n * n + 7 * n;
  return rowSpace(n, n) + n * n + 3 * (n + 1) + Math.max(symmetric, tridiagonal, reflectSpace(n));
}

/** `svdSpace` of svd.ts, with those of bidiagonalise.ts and bidiagonal.ts; m ≥ n. */
export function svdSpace(m: number, n: number): number {
  const isTall = m > 1.6 * n;
  const height = isTall ? n : m;
  const tall = isTall ? m * n + qrSpace(m, n, n) : 0;
  const strips = Math.ceil((n + 1) / 64);
  const bidiagonalise = 3 * BLOCK * (height + n) + strips * (height + 1) + height + 3 * (n + 1) + BLOCK;
  const bidiagonal = 3 * (n + 1) ** 2 + 7 * (n + 1);
  const own = 4 * n + height * n + n * n + 2 * rowSpace(n, height);
  return tall + own + Math.max(bidiagonalise, bidiagonal, reflectSpace(height));
}

/** `svdScratch` of spectral.ts, with `jacobiSpace` of jacobi.ts. */
export function svdScratch(m: number, n: number): number {
  const [large, small] = [Math.max(m, n), Math.min(m, n)];
  const jacobi = 4 * small + 2 * small * small + large * small + qrSpace(large, small, small);
  return 2 * m * n + small * small + small + Math.max(svdSpace(large, small), jacobi);
}

/** What least-squares.ts lays out: copies of A, b and R, values; then the QR, or the SVD with its vectors and products. */
export function lstsqSpace(m: number, n: number, k: number): number {
  const [large, small] = [Math.max(m, n), Math.min(m, n)];
  const vectors = large * small + small * small + (small + large) * k + svdSpace(large, small);
  return large * (small + k) + small * small + small + Math.max(qrSpace(large, small, k), vectors);
}
