/**
 * Scratch that the exports of assembly/linalg need, in elements: each formula is that of the file named beside it, which
 * says what lies there. The conformance suite runs every kernel with exactly so much, and a guard behind it.
 */

/** Columns of a panel in pivoted-qr.ts, symmetric.ts, bidiagonalise.ts and reflect-rows.ts. */
const BLOCK = 32;
const SQUARE = BLOCK * BLOCK;

/** `JACOBI_MOST` of spectral.ts. */
const JACOBI_MOST = 16;

/** Elements of `Block` of dqds.ts. */
const DQDS = 8;

/** Columns of a panel in qr.ts. */
const WIDE = 48;

/** `qrSpace` of qr.ts. */
export function qrSpace(m: number, n: number, columns: number): number {
  const factors = Math.ceil(Math.min(m, n) / WIDE) * WIDE * WIDE;
  return factors + WIDE * WIDE + WIDE + m * WIDE + 2 * WIDE * Math.max(n, columns);
}

/** `rowLength` times `rowCount` of reflect-rows.ts: n rows of `length` elements. */
function rowSpace(n: number, length: number): number {
  return 2 * Math.ceil(n / 2) * 8 * Math.ceil(length / 8);
}

/** `reflectSpace` of reflect-rows.ts. */
function reflectSpace(n: number): number {
  return 3 * BLOCK * 8 * Math.ceil(n / 8) + 2 * SQUARE;
}

const chunkRows = (n: number): number => Math.max(256, 8 * n);

/** `isTall` of tall-qr.ts. */
export const isTall = (m: number, n: number): boolean => n > 1 && n <= 256 && m >= 4 * chunkRows(n);

/** `tallSpace` of tall-qr.ts where A is tall, else `qrSpace`. */
export function tallSpace(m: number, n: number, width: number): number {
  if (!isTall(m, n)) return qrSpace(m, n, width);
  let [total, rows] = [chunkRows(n) * n, m];
  while (isTall(rows, n)) {
    const chunks = Math.floor(rows / chunkRows(n));
    total += chunks * (n * width + n * n + qrSpace(2 * chunkRows(n), n, width));
    rows = chunks * n;
  }
  return total + qrSpace(rows, n, width);
}

/** `refineSpace` of refine.ts. */
export const refineSpace = (n: number, k: number): number => 2 * Math.min(k, 8) * n + Math.ceil(n / 64);

/** `pivotedSpace` of pivoted-qr.ts. */
export const pivotedSpace = (m: number, n: number): number => (m + n) * (BLOCK + 1) + BLOCK;

/** `eighSpace` of spectral.ts, with `symmetricSpace` (symmetric.ts) and `tridiagonalSpace` (tridiagonal.ts). */
export function eighSpace(n: number): number {
  const symmetric = (4 * BLOCK + 9) * n + BLOCK;
  const tridiagonal = 2 * n * n + 7 * n;
  return rowSpace(n, n) + n * n + 3 * (n + 1) + Math.max(symmetric, tridiagonal, reflectSpace(n));
}

/** `svdSpace` of svd.ts, with those of bidiagonalise.ts and bidiagonal.ts; m ≥ n. */
export function svdSpace(m: number, n: number, hasVectors: boolean): number {
  const isTall = m > 1.6 * n;
  const height = isTall ? n : m;
  const own = 4 * n + (isTall ? qrSpace(m, n, n) : 0);
  const strips = Math.ceil((n + 1) / 64);
  const bidiagonalise = 3 * BLOCK * (height + n) + strips * (height + 1) + height + 3 * (n + 1) + BLOCK;
  if (!hasVectors) return own + (height + n) * n + Math.max(bidiagonalise, 4 * n + DQDS);
  const bidiagonal = n * n + n * (Math.floor(n / 2) + 1) + 7 * (n + 1);
  const merging = 2 * rowSpace(n, height) + Math.max(bidiagonal, reflectSpace(height));
  return own + (isTall ? m * n : 0) + Math.max(bidiagonalise, merging);
}

/** `svdScratch` of spectral.ts, with `jacobiSpace` of jacobi.ts. */
export function svdScratch(m: number, n: number, isWide: boolean, hasVectors: boolean, isRelative: boolean): number {
  const [large, small] = [Math.max(m, n), Math.min(m, n)];
  const jacobi = 4 * small + 2 * small * small + large * small + qrSpace(large, small, small);
  const own = m * n + small + (hasVectors && !isWide ? m * n + small * small : 0);
  const rest = Math.max(
    isRelative ? 0 : svdSpace(large, small, hasVectors),
    isRelative || small <= JACOBI_MOST ? jacobi : 0,
    hasVectors ? 0 : m * n,
  );
  return own + rest;
}

/**
 * What least-squares.ts lays out: A with b beside it, b, R twice, values, and the QR; then what it needs without certainty of
 * the rank, the SVD of R with its vectors and a product, or a residual.
 */
export function lstsqSpace(m: number, n: number, k: number): number {
  const [large, small] = [Math.max(m, n), Math.min(m, n)];
  const columns = small + (m < n ? 0 : k);
  const rest = Math.max(2 * small * small + small * k + svdSpace(small, small, true), m * k);
  return large * (columns + k) + 2 * small * small + small + tallSpace(large, small, columns) + rest;
}
