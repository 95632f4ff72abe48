/**
 * Cholesky factors of a matrix in tiles, right-looking (Buttari, Langou, Kurzak & Dongarra, Parallel Computing 35, 2009): for each
 * tile on the diagonal its factor, the tiles below it solved with that (X·Lᵀ = A), and every tile to their right less their
 * product, in place of it as soon as nobody else reads it.
 *
 * n³/3 flops. With p tiles a side p factors, p(p − 1)/2 solves, p(p − 1)/2 symmetric and p(p − 1)(p − 2)/6 general updates; the
 * longest way through them has 3p − 2 tasks. Memory: the lower triangle's tiles, a tile more for each thread, and the result;
 * of x the lower triangle is read, tile by tile.
 */
import { cholesky as choleskyKernel } from '../../kernels/linalg/factor.js';
import { kernelCall1, type LazyArray } from '../../lazy/lazy-array.js';
import { minusProduct, minusSquare, ofTiles, solveRightLower, squared, type Tiles, zeros } from './tiles.js';

/** The tiles of l by row and column, those of the lower triangle. */
export function choleskyTiles(sizes: readonly number[], tiles: Tiles): Tiles {
  const l = tiles.map((row, i) => row.slice(0, i + 1));
  const count = sizes.length;
  let before = 0;
  for (let k = 0; k < count; k++) {
    const pivot = kernelCall1(choleskyKernel, [l[k]![k]!], before === 0 ? {} : { before });
    l[k]![k] = pivot;
    for (let i = k + 1; i < count; i++) l[i]![k] = solveRightLower(pivot, l[i]![k]!);
    for (let j = k + 1; j < count; j++) {
      const right = l[j]![k]!;
      l[j]![j] = minusSquare(l[j]![j]!, right);
      for (let i = j + 1; i < count; i++) l[i]![j] = minusProduct(l[i]![j]!, l[i]![k]!, right, { transposeB: true });
    }
    before += sizes[k]!;
  }
  return l;
}

/** l with l·lᵀ = x, in square tiles on the diagonal; zeros above it. */
export function blockedCholesky(x: LazyArray): LazyArray {
  const { sizes, tiles } = squared(x);
  const l = choleskyTiles(sizes, tiles);
  const whole = sizes.map((rows, i) => sizes.map((columns, j) => (j <= i ? l[i]![j]! : zeros(rows, columns, x))));
  return ofTiles(sizes, sizes, whole);
}
