/**
 * Products of two whole matrices, each as it lies or transposed: what most contractions come down to, and what the kernel
 * `matmul` is for. A matrix and itself transposed are one input of it, and half of the work.
 */
import { matmul } from '../kernels/matmul.js';
import { kernelCall1, type LazyArray } from './lazy-array.js';

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
