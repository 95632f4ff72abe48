/**
 * QR and singular values of one matrix in blocks, whatever the blocks are: taken together to blocks of whole rows, a tall
 * matrix has them by TSQR (Demmel, Grigori, Hoemmen & Langou 2012) and the SVD of its R (Chan, ACM TOMS 8(1), 1982), a wide
 * one by those of its transpose; the QR of a wide one by that of its first columns.
 *
 * Flops, graph and memory are TSQR's (tall-qr.ts), and those of one SVD of n × n: 2mn² + ⁸⁄₃n³ flops for the singular values,
 * 6mn² + 22n³ with vectors.
 */

import { qr as qrKernel } from '../../kernels/linalg/factor.js';
import { svd as svdKernel, svdvals as svdvalsKernel } from '../../kernels/linalg/spectral.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import { kernelCall, kernelCall1, type LazyArray } from '../../lazy/lazy-array.js';
import { tallQr, tallR } from './tall-qr.js';

interface QR {
  readonly q: LazyArray;
  readonly r: LazyArray;
}

interface SVD {
  readonly u: LazyArray;
  readonly s: LazyArray;
  readonly vt: LazyArray;
}

const isWide = ({ shape: [m, n] }: LazyArray): boolean => m! < n!;
const transposed = (x: LazyArray): LazyArray => nd.transpose(x);

/** The first m columns of a wide matrix in one block, and the others. */
function split(x: LazyArray): [LazyArray, LazyArray] {
  const m = x.shape[0]!;
  const first = nd.slice(x, [[], [0, m]]);
  return [rechunked(first, [[m], [m]]), nd.slice(x, [[], [m, null]])];
}

/** Reduced QR: of a tall matrix q in its blocks of rows, of a wide one r in its blocks of columns. */
export function blockedQr(x: LazyArray): QR {
  if (!isWide(x)) {
    const { q, r } = tallQr(x);
    return { q: q(), r };
  }
  const [first, rest] = split(x);
  const [q, r] = kernelCall(qrKernel, [first]) as [LazyArray, LazyArray];
  return { q, r: nd.concat([r, nd.matmul(transposed(q), rest)], { axis: 1 }) };
}

/** The R of `blockedQr`; of a tall matrix without Q. */
export function blockedR(x: LazyArray): LazyArray {
  return isWide(x) ? blockedQr(x).r : tallR(x);
}

/** Reduced SVD: of a tall matrix u in its blocks of rows, of a wide one vt in its blocks of columns. */
export function blockedSvd(x: LazyArray): SVD {
  if (isWide(x)) {
    const { u, s, vt } = blockedSvd(transposed(x));
    return { u: transposed(vt), s, vt: transposed(u) };
  }
  const { r, times } = tallQr(x);
  const [u, s, vt] = kernelCall(svdKernel, [r]) as [LazyArray, LazyArray, LazyArray];
  return { u: times(u), s, vt };
}

/** Singular values alone: no Q is formed. */
export function blockedSvdvals(x: LazyArray): LazyArray {
  return kernelCall1(svdvalsKernel, [tallR(isWide(x) ? transposed(x) : x)]);
}
