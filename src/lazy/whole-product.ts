/**
 * Products of two whole matrices, each as it lies or transposed: what most contractions come down to, and what the kernel
 * `matmul` is for. A matrix and itself transposed are one input of it, and half of the work.
 */
import { matmul } from '../kernels/matmul.js';
import { kernelCall1, type LazyArray } from './lazy-array.js';
import { lookThrough } from './seen.js';

/** A matrix: `base`, which has two axes, or that transposed. */
export interface Matrix {
  readonly base: LazyArray;
  readonly isTransposed: boolean;
}

/** The product of two matrices of one floating dtype whose inner lengths fit. */
export function wholeProduct(left: Matrix, right: Matrix, name: string): LazyArray {
  const transposeA = left.isTransposed && { transposeA: true };
  const isSymmetric = left.base.key === right.base.key && left.isTransposed !== right.isTransposed;
  if (isSymmetric) return kernelCall1(matmul, [left.base], { ...transposeA, symmetric: true }, name);
  const params = { ...transposeA, ...(right.isTransposed && { transposeB: true }) };
  return kernelCall1(matmul, [left.base, right.base], params, name);
}

/** The matrix that `x` is, or is the transposed of. */
export function matrix(x: LazyArray): Matrix | undefined {
  const { base, view } = lookThrough(x);
  if (base === x) return { base, isTransposed: false };
  const isTransposed =
    base.ndim === 2 &&
    view.axes[0] === 1 &&
    view.axes[1] === 0 &&
    view.steps.every((step) => step === 1) &&
    view.start.every((index) => index === 0) &&
    view.shape[0] === base.shape[1] &&
    view.shape[1] === base.shape[0];
  return isTransposed ? { base, isTransposed } : undefined;
}
