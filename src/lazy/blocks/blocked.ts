/**
 * Arrays in blocks: a lazy array with `chunks` is a grid of lazy arrays of one block each. Whatever asks for its task
 * gets one that puts the blocks together, so that every function works on it; those with an algorithm on blocks ask for
 * the blocks instead, and compute only those that the answer needs.
 */
import { LazyArray } from '../lazy-array.js';
import { blockCount, forEachBlock, type Sizes, shapeOfChunks, startsOf } from './grid.js';

/** A lazy array in more than one block. */
export type Chunked = LazyArray & { readonly chunks: Sizes };

export function isChunked(x: LazyArray): x is Chunked {
  return x.chunks !== null;
}

/** Whether some of them are in blocks. */
export function someChunked(list: readonly LazyArray[]): boolean {
  for (const x of list) if (x.chunks !== null) return true;
  return false;
}

/** The sizes of the blocks of any array. */
export function sizesOf(x: LazyArray): Sizes {
  return x.chunks ?? x.shape.map((length) => [length]);
}

/** The blocks of any array, in row-major order. */
export function blocksOf(x: LazyArray): readonly LazyArray[] {
  return x.blocks ?? [x];
}

/**
 * The array that is made of these blocks, in row-major order: of shape and dtype as `chunks` and the blocks say.
 * One block is itself the array.
 */
export function fromBlocks(chunks: Sizes, blocks: readonly LazyArray[]): LazyArray {
  if (blocks.length !== blockCount(chunks)) {
    throw new RangeError(`fromBlocks: ${blocks.length} blocks for a grid of ${blockCount(chunks)}`);
  }
  const [first] = blocks as [LazyArray];
  if (blocks.length === 1) return first;
  return LazyArray.ofBlocks(chunks, { shape: shapeOfChunks(chunks), dtype: first.dtype }, blocks);
}

/** The same array as one block: for functions without an algorithm on blocks. O(blocks); a copy when computed. */
export function gathered(x: LazyArray): LazyArray {
  return x.chunks === null ? x : x.whole();
}

/** The array whose blocks are what `make` makes of their shapes and the indices at which they begin. */
export function blocksBy(
  chunks: Sizes,
  make: (shape: readonly number[], start: readonly number[]) => LazyArray,
): LazyArray {
  const starts = chunks.map(startsOf);
  const blocks: LazyArray[] = [];
  forEachBlock(chunks, (index) => {
    blocks.push(
      make(
        index.map((i, axis) => chunks[axis]![i]!),
        index.map((i, axis) => starts[axis]![i]!),
      ),
    );
  });
  return fromBlocks(chunks, blocks);
}
