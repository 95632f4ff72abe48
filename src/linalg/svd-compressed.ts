/**
 * The largest singular values of a large matrix by random projection (Halko, Martinsson & Tropp, SIAM Review 53(2), 2011,
 * algorithms 4.3, 4.4 and 5.1): x times a few random vectors spans what is large of it; the rest is a small SVD.
 */
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { lu as luKernel } from '../kernels/linalg/factor.js';
import { nd, random } from '../lazy/index.js';
import { type ArrayInput, kernelCall, type LazyArray } from '../lazy/lazy-array.js';
import { checkChoice, checkNames } from '../lazy/options.js';
import { qr } from './factor.js';
import { flipped, matrices, shown } from './input.js';
import { type SVD, svd } from './spectral.js';

export interface SvdCompressedOptions {
  /** How many random vectors more than `k`; more are more accurate. Default 10. */
  readonly oversampling?: number;
  /** How often the sample is multiplied by x·xᵀ: each makes small singular values count less. Default 0. */
  readonly powerIterations?: number;
  /** What keeps the sample's columns apart between multiplications. Default `'qr'`; `'lu'` is faster, `'none'` fastest. */
  readonly normalizer?: 'qr' | 'lu' | 'none';
  /** The same seed gives the same result; without one it differs from call to call. */
  readonly seed?: number;
}

/**
 * The k largest singular values of x (m, n) and their vectors, approximately: u (m, k), s (k), vt (k, n). The error in the
 * 2-norm is near the next singular value where `powerIterations` is 1 or more; values fall off fast enough without in
 * many applications. 4mn(k + oversampling)(1 + powerIterations) flops; x is read 2 + 2·powerIterations times. Of x in blocks
 * the samples are in blocks too, and their QR is TSQR (`'lu'` puts a sample together); u has its blocks of rows, vt of columns.
 * The component of largest magnitude in each row of vt is positive, so that signs are the same for any blocks.
 *
 * @throws ShapeError where x is not a matrix, ArgumentError where k is not a whole number from 1 to min(m, n)
 *
 * @example
 * const x = nd.outer([1, 2, 2], [3, 4]);
 * const { s } = linalg.svdCompressed(x, 1, { seed: 1 });
 * await nd.round(s, { decimals: 9 }).compute(); // [15]
 */
export function svdCompressed(x: ArrayInput, k: number, options: SvdCompressedOptions = {}): SVD {
  const where = 'linalg.svdCompressed';
  checkNames(where, options, ['oversampling', 'powerIterations', 'normalizer', 'seed']);
  const { oversampling = 10, powerIterations = 0, normalizer = 'qr', seed } = options;
  checkChoice(where, 'normalizer', normalizer, ['qr', 'lu', 'none']);
  checkCount(where, 'oversampling', oversampling);
  checkCount(where, 'powerIterations', powerIterations);
  const a = matrices(x, where);
  if (a.ndim !== 2) throw new ShapeError(`${where}: x must be one matrix, not ${shown(a)}`);
  const [m, n] = a.shape as [number, number];
  const most = Math.min(m, n);
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new ArgumentError(`${where}: k must be a whole number from 1 to ${most} for x ${shown(a)}, not ${k}`);
  }
  const columns = Math.min(k + oversampling, most);
  const dtype = a.dtype as 'float64' | 'float32';
  const sample = random.normal([n, columns], { dtype, ...(seed !== undefined && { seed }) });
  let y = nd.matmul(a, sample);
  for (let i = 0; i < powerIterations; i++) {
    const z = nd.matmul(flipped(a), normalized(y, normalizer));
    y = nd.matmul(a, normalized(z, normalizer));
  }
  const q = normalized(y, 'qr');
  const small = svd(nd.matmul(flipped(q), a));
  const first: readonly [null, number] = [null, k];
  const vt = nd.slice(small.vt, [first]);
  const signs = signsOf(vt);
  return {
    u: nd.matmul(q, nd.mul(nd.slice(small.u, [[], first]), signs) as LazyArray),
    s: nd.slice(small.s, [first]),
    vt: nd.mul(vt, nd.expandDims(signs, 1)) as LazyArray,
  };
}

/** The sign of the component of largest magnitude in each row of x (k, n): (k). */
function signsOf(x: LazyArray): LazyArray {
  const middle = nd.add(nd.max(x, { axis: 1 }), nd.min(x, { axis: 1 })) as LazyArray;
  return nd.sub(1, nd.mul(nd.astype(nd.less(middle, 0) as LazyArray, x.dtype), 2)) as LazyArray;
}

function checkCount(where: string, option: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 0) return;
  throw new OptionError(option, `${where}: ${option} must be a whole number of at least 0, not ${String(value)}`);
}

/** Other columns with the same span, well apart from each other. */
function normalized(y: LazyArray, normalizer: 'qr' | 'lu' | 'none'): LazyArray {
  if (normalizer === 'none') return y;
  if (normalizer === 'qr') return qr(y).q;
  const [first] = kernelCall(luKernel, [y], { permuted: true });
  return first as LazyArray;
}
