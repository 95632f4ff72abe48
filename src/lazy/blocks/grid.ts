/**
 * The grid of an array in blocks: how long the blocks are along each axis, and where they lie. Blocks are counted in
 * row-major order. No block is empty, except the only one of an axis of length 0.
 */
import { OptionError } from '../../errors.js';

/** The lengths of the blocks along each axis. */
export type Sizes = readonly (readonly number[])[];

/** One size for all axes, a size per axis, or the exact sizes along each axis. */
export type Chunks = number | readonly (number | readonly number[])[];

/** The sizes of the blocks along each axis. @throws OptionError for sizes that do not add up to the length */
export function chunkSizes(where: string, chunks: Chunks, shape: readonly number[]): number[][] {
  const perAxis = typeof chunks === 'number' ? shape.map(() => chunks) : chunks;
  if (!Array.isArray(perAxis) || perAxis.length !== shape.length) {
    throw new OptionError(
      'chunks',
      `${where}: chunks is one size, or one entry for each axis of [${shape.join(', ')}]; got ${JSON.stringify(chunks)}`,
    );
  }
  return (perAxis as readonly (number | readonly number[])[]).map((entry, axis) => {
    const length = shape[axis]!;
    if (typeof entry === 'number' && Number.isInteger(entry) && entry > 0) return evenly(length, entry);
    const isList = Array.isArray(entry) && entry.every((size) => Number.isInteger(size) && size >= 0);
    if (isList && entry.reduce((sum, size) => sum + size, 0) === length) return withoutEmpty(entry);
    throw new OptionError(
      'chunks',
      `${where}: chunks of axis ${axis} must be a whole number > 0 or sizes that add up to ${length}; got ${JSON.stringify(entry)}`,
    );
  });
}

/** The blocks that were asked for, or else those of `otherwise`. @throws OptionError as `chunkSizes` */
export function chosenSizes(
  where: string,
  chunks: Chunks | undefined,
  shape: readonly number[],
  otherwise: Sizes | undefined,
): Sizes | undefined {
  return chunks === undefined ? otherwise : chunkSizes(where, chunks, shape);
}

/** `length` in blocks of `size`, the last as long as what is left. */
export function evenly(length: number, size: number): number[] {
  const sizes = new Array<number>(Math.floor(length / size)).fill(size);
  if (length % size !== 0 || length === 0) sizes.push(length % size);
  return sizes;
}

/** The sizes that are not 0; [0] where there are none. */
export function withoutEmpty(sizes: readonly number[]): number[] {
  const kept = sizes.filter((size) => size > 0);
  return kept.length === 0 ? [0] : kept;
}

/** How many blocks there are. */
export function blockCount(chunks: Sizes): number {
  return chunks.reduce((count, sizes) => count * sizes.length, 1);
}

/** Where each block begins along an axis, and at last where the axis ends. */
export function startsOf(sizes: readonly number[]): number[] {
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1)! + size);
  return starts;
}

/** The lengths of the axes. */
export function shapeOfChunks(chunks: Sizes): number[] {
  return chunks.map((sizes) => sizes.reduce((sum, size) => sum + size, 0));
}

/** How many blocks lie between neighbours along each axis. */
export function blockStrides(chunks: Sizes): number[] {
  const strides = new Array<number>(chunks.length);
  for (let axis = chunks.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= chunks[axis]!.length;
  }
  return strides;
}

/** Calls `visit` for each block in order; `index` is the block's place along each axis and is reused. */
export function forEachBlock(chunks: Sizes, visit: (index: readonly number[], at: number) => void): void {
  const index = new Array<number>(chunks.length).fill(0);
  const count = blockCount(chunks);
  for (let at = 0; at < count; at++) {
    visit(index, at);
    for (let axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < chunks[axis]!.length) break;
      index[axis] = 0;
    }
  }
}

/** The sizes between all borders of lists that add up to the same length. */
export function commonSizes(lists: Sizes): number[] {
  const [first = [0]] = lists;
  if (lists.every((list) => list === first || sameSizes(list, first))) return [...first];
  const borders = [...new Set(lists.flatMap((list) => startsOf(list)))].sort((a, b) => a - b);
  return withoutEmpty(borders.slice(1).map((border, i) => border - borders[i]!));
}

export function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

export function sameChunks(a: Sizes, b: Sizes): boolean {
  return a.length === b.length && a.every((sizes, axis) => sizes === b[axis] || sameSizes(sizes, b[axis]!));
}
