/**
 * Systems, inverses and determinants of matrices in blocks. Triangles by substitution, right-looking by tiles (Golub & Van Loan,
 * Matrix Computations, 3.1): a tile of x is solved for with the tile on the diagonal, then subtracted from all that are left.
 * Positive definite systems by tiled Cholesky, general ones by LU with tournament pivoting, without a step of refinement.
 *
 * n²k flops for a triangle beside the factors'; with p tiles a side and r of them beside each other in b, p·r solves and
 * p(p − 1)/2·r products, p of them one after the other at least. Memory: the factors, b, and a tile for each thread.
 */
import { sizesOf } from '../../lazy/blocks/blocked.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import type { LazyArray } from '../../lazy/lazy-array.js';
import { choleskyTiles } from './cholesky.js';
import { type Factors, factorsOf } from './lu.js';
import { minusProduct, ofTiles, solveTile, squared, squareSizes, type Tiles, type Triangle, tilesOf } from './tiles.js';

/** Tiles of x with t·x = b; `tile` answers t's tile (i, j), which is asked for in the triangle only. */
function substituted(
  sizes: readonly number[],
  tile: (i: number, j: number) => LazyArray,
  b: Tiles,
  triangle: Triangle,
): Tiles {
  const { assume, transposed = false } = triangle;
  const x = b.map((row) => [...row]);
  const isForward = (assume === 'lower') !== transposed;
  const count = sizes.length;
  for (let step = 0; step < count; step++) {
    const k = isForward ? step : count - 1 - step;
    x[k] = x[k]!.map((side) => solveTile(tile(k, k), side, triangle));
    for (let next = step + 1; next < count; next++) {
      const i = isForward ? next : count - 1 - next;
      const t = transposed ? tile(k, i) : tile(i, k);
      x[i] = x[i]!.map((side, c) => minusProduct(side, t, x[k]![c]!, transposed ? { transposeA: true } : {}));
    }
  }
  return x;
}

/** b in tiles whose rows are cut so. */
function sidesIn(
  sizes: readonly number[],
  b: LazyArray,
): { readonly columns: readonly number[]; readonly tiles: Tiles } {
  const columns = sizesOf(b)[1]!;
  return { columns, tiles: tilesOf(rechunked(b, [sizes, columns])) };
}

/** x with a·x = b for a (n, n) and b (n, k), one of them or both in blocks. */
export function blockedSolve(
  a: LazyArray,
  b: LazyArray,
  assume: 'general' | 'positive' | 'lower' | 'upper',
  flags: Pick<Triangle, 'transposed' | 'unit'> = {},
): LazyArray {
  if (assume === 'general') return solveGeneral(a, b);
  // a whole matrix is cut as b's rows are
  const cut = a.chunks === null ? rechunked(a, [sizesOf(b)[0]!, sizesOf(b)[0]!]) : a;
  const { sizes, tiles } = squared(cut);
  const { columns, tiles: sides } = sidesIn(sizes, b);
  if (assume !== 'positive') {
    const x = substituted(sizes, (i, j) => tiles[i]![j]!, sides, { assume, ...flags });
    return ofTiles(sizes, columns, x);
  }
  const l = choleskyTiles(sizes, tiles);
  const tile = (i: number, j: number): LazyArray => l[i]![j]!;
  const y = substituted(sizes, tile, sides, { assume: 'lower' });
  return ofTiles(sizes, columns, substituted(sizes, tile, y, { assume: 'lower', transposed: true }));
}

function solveGeneral(a: LazyArray, b: LazyArray): LazyArray {
  const { inner: sizes, l, u, order } = factorsOf(a);
  const columns = sizesOf(b)[1]!;
  // every column of blocks whole, its rows in the order of the pivots
  const permuted = tilesOf(rechunked(b, [[b.shape[0]!], columns]))[0]!.map((side) => nd.take(side, order, { axis: 0 }));
  const { tiles: sides } = sidesIn(sizes, ofTiles([b.shape[0]!], columns, [permuted]));
  const y = substituted(sizes, (i, j) => l[i]![j]!, sides, { assume: 'lower', unit: true });
  const x = substituted(sizes, (i, j) => u[i]![j - i]!, y, { assume: 'upper' });
  return ofTiles(sizes, columns, x);
}

/** x⁻¹ in blocks as x's: x·x⁻¹ = 1. */
export function blockedInv(x: LazyArray): LazyArray {
  const sizes = squareSizes(x);
  const identity = nd.eye(x.shape[0]!, x.shape[0]!, { dtype: x.dtype, chunks: [sizes, sizes] });
  return solveGeneral(rechunked(x, [sizes, sizes]), identity);
}

/** The diagonal of u, and of each column of blocks whether its exchanges are odd: −1 or 1. */
function pivots(x: LazyArray): { readonly diagonal: LazyArray; readonly signs: LazyArray } {
  const { u, chosen } = factorsOf(x);
  return {
    diagonal: nd.concat(u.map(([top]) => nd.diagonal(top!))),
    signs: nd.astype(nd.stack(chosen.map(signOf)), x.dtype),
  };
}

/** −1 for an odd number of pairs that are not in order when the chosen rows go first, else 1. */
function signOf(chosen: Factors['order']): LazyArray {
  const count = chosen.shape[0]!;
  const places = nd.astype(chosen, 'float64');
  const isAfter = nd.greater(nd.expandDims(places, 1), nd.expandDims(places, 0));
  const among = nd.sum(nd.triu(nd.astype(isAfter as LazyArray, 'float64'), 1));
  const pairs = nd.add(nd.sum(places), nd.add(among, -(count * (count - 1)) / 2));
  return nd.sub(1, nd.mul(2, nd.mod(pairs, 2))) as unknown as LazyArray;
}

/** The product of the pivots. */
export function blockedDet(x: LazyArray): LazyArray {
  const { diagonal, signs } = pivots(x);
  return nd.mul(nd.prod(signs), nd.prod(diagonal)) as unknown as LazyArray;
}

/** The sign and the logarithm of the magnitude. */
export function blockedSlogdet(x: LazyArray): [sign: LazyArray, logdet: LazyArray] {
  const { diagonal, signs } = pivots(x);
  const sign = nd.mul(nd.prod(signs), nd.prod(nd.sign(diagonal) as LazyArray));
  return [sign as unknown as LazyArray, nd.sum(nd.log(nd.abs(diagonal)) as LazyArray) as unknown as LazyArray];
}
