/**
 * What algorithms on tiles share: matrices cut so that the tiles on the diagonal are square, and the kernels that work on
 * tiles as functions. Everything builds a graph; nothing runs.
 */

import { solve as solveKernel } from '../../kernels/linalg/solve.js';
import { solveRight as solveRightKernel } from '../../kernels/linalg/solve-right.js';
import { matmulAdd } from '../../kernels/matmul-add.js';
import { blocksOf, fromBlocks, isChunked, sizesOf } from '../../lazy/blocks/blocked.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import { kernelCall1, type LazyArray } from '../../lazy/lazy-array.js';

/** Whether it is one matrix in blocks. Stacks of them, and matrices without elements, are put together. */
export const isBlockedMatrix = (x: LazyArray): boolean => isChunked(x) && x.ndim === 2 && x.size > 0;

/** Tiles by row and column. */
export type Tiles = LazyArray[][];

/** The blocks of a matrix by row and column. */
export function tilesOf(x: LazyArray): Tiles {
  const [rows, columns] = sizesOf(x) as [readonly number[], readonly number[]];
  const blocks = blocksOf(x);
  return rows.map((_, i) => blocks.slice(i * columns.length, (i + 1) * columns.length));
}

/** The matrix that is made of tiles. */
export function ofTiles(rows: readonly number[], columns: readonly number[], tiles: Tiles): LazyArray {
  return fromBlocks([rows, columns], tiles.flat());
}

/**
 * One list of sizes for both sides of a square matrix: those of its rows and columns where they agree, else of the side with
 * fewer blocks, unless that is one.
 */
export function squareSizes(x: LazyArray): readonly number[] {
  const [rows, columns] = sizesOf(x).slice(-2) as [readonly number[], readonly number[]];
  if (rows.length === 1) return columns;
  if (columns.length === 1 || rows.length <= columns.length) return rows;
  return columns;
}

/** A square matrix with square tiles on the diagonal. */
export function squared(x: LazyArray): { readonly sizes: readonly number[]; readonly tiles: Tiles } {
  const sizes = squareSizes(x);
  return { sizes, tiles: tilesOf(rechunked(x, [sizes, sizes])) };
}

/** s − a·b, or with `transposeB` s − a·bᵀ. */
export function minusProduct(
  s: LazyArray,
  a: LazyArray,
  b: LazyArray,
  flags: { readonly transposeA?: true; readonly transposeB?: true } = {},
): LazyArray {
  return kernelCall1(matmulAdd, [s, a, b], { ...flags, alpha: -1 });
}

/** s − a·aᵀ for a symmetric s of which the lower triangle counts. */
export function minusSquare(s: LazyArray, a: LazyArray): LazyArray {
  return kernelCall1(matmulAdd, [s, a], { symmetric: true, alpha: -1 });
}

/** x with x·lᵀ = b. */
export const solveRightLower = (l: LazyArray, b: LazyArray): LazyArray => kernelCall1(solveRightKernel, [l, b]);

/** The multipliers x of elimination: x·u = b, zero where u's pivot is. */
export const multipliers = (u: LazyArray, b: LazyArray): LazyArray =>
  kernelCall1(solveRightKernel, [u, b], { triangle: 'upper', singular: 'zero' });

export interface Triangle {
  readonly assume: 'lower' | 'upper';
  readonly transposed?: boolean;
  readonly unit?: boolean;
}

/** x with t·x = b for a triangular tile, of which the other triangle is not read. */
export function solveTile(t: LazyArray, b: LazyArray, { assume, transposed, unit }: Triangle): LazyArray {
  return kernelCall1(solveKernel, [t, b], {
    assume,
    ...(transposed && { transposed }),
    ...(unit && { unit }),
  });
}

/** Zeros, one task for each shape. */
export const zeros = (rows: number, columns: number, like: LazyArray): LazyArray =>
  nd.zeros([rows, columns], { dtype: like.dtype });
