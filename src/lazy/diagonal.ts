/** Diagonals and triangles of matrices. */
import { rowMajorStrides } from '../array/ndarray.js';
import { broadcastView, wholeView } from '../array/view.js';
import { ShapeError } from '../errors.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { assembleParts, fillPart, type Part, viewPart } from './assemble.js';
import { axisOf, wholeNumber } from './axes.js';
import { blocksOf, type Chunked, fromBlocks, isChunked, sizesOf } from './blocks/blocked.js';
import { forEachBlock, startsOf } from './blocks/grid.js';
import { elementwiseCall } from './expression-call.js';
import { concat } from './join.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';
import { pad } from './pad.js';
import { slice } from './slice.js';
import { viewOf } from './view.js';

/**
 * Of a matrix the `k`-th diagonal (above the main one for k > 0); of a vector the square matrix with it on its k-th
 * diagonal and zeros elsewhere.
 *
 * @throws ShapeError for other than one or two axes
 *
 * @example
 * await nd.diag([[1, 2], [3, 4]]).compute(); // [1, 4]
 * await nd.diag([1, 2], 1).compute(); // [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
 */
export function diag(x: ArrayInput, k = 0): LazyArray {
  const where = 'nd.diag';
  const array = asLazy(x, where);
  wholeNumber(k, 'k', where);
  if (array.ndim === 2) return diagonal(array, { offset: k });
  if (array.ndim !== 1) {
    throw new ShapeError(`${where}: takes a vector or a matrix, not shape [${array.shape.join(', ')}]`);
  }
  const n = array.shape[0]! + Math.abs(k);
  if (!isUnknown(array)) return withDiagonal(array, k, n);
  return late('diag', [array], (known) => diag(known!, k), { shape: [n, n], dtype: array.dtype });
}

/** The elements of a square matrix in row-major order: zeros, then each element of the diagonal with zeros after it. */
function withDiagonal(array: LazyArray, k: number, n: number): LazyArray {
  if (isChunked(array)) return blocksOnDiagonal(array, k);
  const count = array.shape[0]!;
  const zero = asLazy(0, 'nd.diag', array.dtype);
  const zeros = (shape: readonly number[], to: number, strides: readonly number[]): Part =>
    fillPart(zero, shape, to, strides);
  if (count === 0) return assembleParts('diag', [n, n], [zeros([n * n], 0, [1])]);
  const first = k > 0 ? k : -k * n;
  const last = first + (count - 1) * (n + 1);
  return assembleParts(
    'diag',
    [n, n],
    [
      viewPart(array, wholeView([count]), first, [n + 1]),
      zeros([first], 0, [1]),
      zeros([count - 1, n], first + 1, [n + 1, 1]),
      zeros([n * n - last - 1], last + 1, [1]),
    ],
  );
}

/** The same of a vector in blocks: a block of the diagonal on each place of the grid's diagonal. */
function blocksOnDiagonal(array: Chunked, k: number): LazyArray {
  const [sizes] = array.chunks as [readonly number[]];
  const zero = asLazy(0, 'nd.diag', array.dtype);
  const square = fromBlocks(
    [sizes, sizes],
    sizes.flatMap((rows, i) =>
      sizes.map((columns, j) =>
        i === j
          ? withDiagonal(array.blocks![i]!, 0, rows)
          : viewOf(zero, broadcastView(wholeView([]), [rows, columns], 'nd.diag'), 'zeros'),
      ),
    ),
  );
  const [above, below] = [Math.max(0, k), Math.max(0, -k)];
  return pad(square, [
    [below, above],
    [above, below],
  ]);
}

export interface DiagonalOptions {
  /** Which diagonal: 0 is the main one, positive ones are above it. */
  readonly offset?: number;
  /** The axes of the rows and of the columns; default 0 and 1. */
  readonly axes?: readonly [number, number];
}

/**
 * A diagonal of a matrix, or of all matrices that two axes of an array make; it is the last axis of the result.
 *
 * @throws ShapeError for fewer than two axes
 *
 * @example
 * await nd.diagonal([[1, 2, 3], [4, 5, 6]], { offset: 1 }).compute(); // [2, 6]
 */
export function diagonal(x: ArrayInput, options: DiagonalOptions = {}): LazyArray {
  return diagonalOf('nd.diagonal', x, options);
}

function diagonalOf(where: string, x: ArrayInput, options: DiagonalOptions): LazyArray {
  checkNames(where, options, ['offset', 'axes']);
  const given = asLazy(x, where);
  const offset = wholeNumber(options.offset ?? 0, 'offset', where);
  if (given.ndim < 2) {
    throw new ShapeError(`${where}: takes a matrix or more axes, not shape [${given.shape.join(', ')}]`);
  }
  const [rows, columns] = (options.axes ?? [0, 1]).map((axis) => axisOf(axis, given, where)) as [number, number];
  if (rows === columns) throw new ShapeError(`${where}: axes ${options.axes?.join(' and ')} are the same axis`);
  const [n, m] = [given.shape[rows]!, given.shape[columns]!];
  const outer = given.shape.map((_, axis) => axis).filter((axis) => axis !== rows && axis !== columns);
  const [top, left] = [Math.max(0, -offset), Math.max(0, offset)];
  const count = Math.max(0, Math.min(n - top, m - left));
  const shape = [...outer.map((axis) => given.shape[axis]!), count];
  if (isUnknown(given)) {
    return late('diagonal', [given], (known) => diagonalOf(where, known!, options), { shape, dtype: given.dtype });
  }
  if (isChunked(given) && count > 0) return diagonalBlocks(given, [rows, columns], [top, left], count);
  // one step goes down and to the right
  const walk: Part['walk'] = (own) => ({
    strides: [...outer.map((axis) => own[axis]!), own[rows]! + own[columns]!],
    offset: top * own[rows]! + left * own[columns]!,
  });
  return assembleParts('diagonal', shape, [{ array: given, shape, walk, to: 0, strides: rowMajorStrides(shape) }]);
}

/** The same of matrices in blocks: piece by piece, each from the one block (for each of the outer ones) that has it. */
function diagonalBlocks(
  given: Chunked,
  [rows, columns]: readonly [number, number],
  [top, left]: readonly [number, number],
  count: number,
): LazyArray {
  const within = (axis: number, from: number): number[] =>
    startsOf(given.chunks[axis]!).map((start) => Math.min(count, Math.max(0, start - from)));
  const borders = [...new Set([...within(rows, top), ...within(columns, left), 0, count])].sort((a, b) => a - b);
  const pieces = borders.slice(1).map((end, i) => {
    const from = borders[i]!;
    const items = given.shape.map((_, axis) =>
      axis === rows ? [top + from, top + end] : axis === columns ? [left + from, left + end] : null,
    );
    const square = slice(given, items);
    const outer = sizesOf(square).filter((_, axis) => axis !== rows && axis !== columns);
    const parts = blocksOf(square).map((block) => diagonal(block, { axes: [rows, columns] }));
    return fromBlocks([...outer, [end - from]], parts);
  });
  return concat(pieces, { axis: -1 });
}

/**
 * The matrix with zeros above its `k`-th diagonal; of an array with more axes every matrix of its last two.
 *
 * @throws ShapeError for fewer than two axes
 *
 * @example
 * await nd.tril([[1, 2], [3, 4]]).compute(); // [[1, 0], [3, 4]]
 */
export function tril(x: ArrayInput, k = 0): LazyArray {
  return triangle('tril', x, k);
}

/**
 * The matrix with zeros below its `k`-th diagonal, as `tril`.
 *
 * @throws ShapeError for fewer than two axes
 *
 * @example
 * await nd.triu([[1, 2], [3, 4]], 1).compute(); // [[0, 2], [0, 0]]
 */
export function triu(x: ArrayInput, k = 0): LazyArray {
  return triangle('triu', x, k);
}

/** Element-wise, by the places' own indices, so that it fuses with what comes before and after. */
function triangle(name: 'tril' | 'triu', x: ArrayInput, k: number): LazyArray {
  const array = asLazy(x, `nd.${name}`);
  wholeNumber(k, 'k', `nd.${name}`);
  if (array.ndim < 2) {
    throw new ShapeError(`nd.${name}: takes a matrix or more axes, not shape [${array.shape.join(', ')}]`);
  }
  if (isUnknown(array)) return late(name, [array], (known) => triangle(name, known!, k), array);
  if (isChunked(array)) {
    // a block has the diagonal as far off as it lies from the array's own
    const starts = array.chunks.map(startsOf);
    const blocks: LazyArray[] = [];
    forEachBlock(array.chunks, (index, at) => {
      const [top, left] = [starts.at(-2)![index.at(-2)!]!, starts.at(-1)![index.at(-1)!]!];
      blocks.push(triangle(name, array.blocks![at]!, k + top - left));
    });
    return fromBlocks(array.chunks, blocks);
  }
  const b = new ExpressionBuilder();
  const [row, column] = [b.index(array.ndim - 2), b.index(array.ndim - 1)];
  // beyond the matrix it makes no difference how far
  const limit = Math.max(-(2 ** 30), Math.min(2 ** 30, k));
  const above = b.binary('sub', column, row);
  const kept = b.binary(name === 'tril' ? 'lessEqual' : 'greaterEqual', above, b.constant(limit, 'int32'));
  const element = b.where(kept, b.input(0, array.dtype), b.constant(0, array.dtype));
  return elementwiseCall(name, { text: serialize(b.build(element)), dtype: array.dtype }, [array]);
}
