/**
 * The same array in other blocks. A new block that lies within an old one is a view of it, which what uses it takes into
 * its own loop; one that spans several is put together from the parts of them that it has, and from nothing else.
 */
import { rowMajorStrides } from '../../array/ndarray.js';
import { wholeView } from '../../array/view.js';
import { assembleParts, type Part, viewPart } from '../assemble.js';
import type { LazyArray } from '../lazy-array.js';
import { viewOf } from '../view.js';
import { blocksOf, fromBlocks, sizesOf } from './blocked.js';
import { blockStrides, forEachBlock, type Sizes, sameChunks, startsOf } from './grid.js';

/** What a new block has of an old one along an axis. */
interface Overlap {
  readonly block: number;
  /** Where it begins in the old block and in the new one. */
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** For each of the new blocks of an axis what it has of which old ones. O(old + new) */
function overlaps(old: readonly number[], wanted: readonly number[]): Overlap[][] {
  const starts = startsOf(old);
  let block = 0;
  let begin = 0;
  return wanted.map((length) => {
    const end = begin + length;
    const found: Overlap[] = [];
    if (length === 0) found.push({ block: 0, from: 0, to: 0, length: 0 });
    for (let position = begin; position < end; ) {
      while (starts[block + 1]! <= position) block++;
      const next = Math.min(end, starts[block + 1]!);
      found.push({ block, from: position - starts[block]!, to: position - begin, length: next - position });
      position = next;
    }
    begin = end;
    return found;
  });
}

/** `x` in blocks of these sizes, which add up to its lengths. O(old + new blocks); nothing runs. */
export function rechunked(x: LazyArray, chunks: Sizes): LazyArray {
  const own = sizesOf(x);
  if (sameChunks(own, chunks)) return x;
  const blocks = blocksOf(x);
  const strides = blockStrides(own);
  const along = chunks.map((sizes, axis) => overlaps(own[axis]!, sizes));
  const result: LazyArray[] = [];
  forEachBlock(chunks, (index) => {
    const shape = index.map((i, axis) => chunks[axis]![i]!);
    result.push(
      blockFrom(
        blocks,
        strides,
        index.map((i, axis) => along[axis]![i]!),
        shape,
      ),
    );
  });
  return fromBlocks(chunks, result);
}

/** A block put together from what it has of others along each axis. */
function blockFrom(
  blocks: readonly LazyArray[],
  strides: readonly number[],
  along: readonly (readonly Overlap[])[],
  shape: readonly number[],
): LazyArray {
  const isOne = along.every((list) => list.length === 1);
  const out = rowMajorStrides(shape);
  const parts: Part[] = [];
  const visit = (axis: number, chosen: readonly Overlap[]): LazyArray | undefined => {
    if (axis < along.length) {
      let last: LazyArray | undefined;
      for (const overlap of along[axis]!) last = visit(axis + 1, [...chosen, overlap]);
      return last;
    }
    const source = blocks[chosen.reduce((sum, { block }, k) => sum + block * strides[k]!, 0)]!;
    const view = { ...wholeView(chosen.map(({ length }) => length)), start: chosen.map(({ from }) => from) };
    if (isOne) return viewOf(source, view, 'block');
    parts.push(
      viewPart(
        source,
        view,
        chosen.reduce((sum, { to }, k) => sum + to * out[k]!, 0),
        out,
      ),
    );
    return undefined;
  };
  return visit(0, []) ?? assembleParts('rechunk', shape, parts);
}
