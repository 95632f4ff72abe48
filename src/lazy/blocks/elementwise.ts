/**
 * Element-wise calls on arrays in blocks: the operands are brought to common blocks along each axis, and every block of
 * the result is one task of the blocks that meet there. Axes of length 1 and missing ones stay as they are.
 */
import type { LazyArray } from '../lazy-array.js';
import { blocksOf, fromBlocks, sizesOf } from './blocked.js';
import { blockStrides, commonSizes, forEachBlock, type Sizes } from './grid.js';
import { rechunked } from './rechunk.js';

/** The operands in blocks that fit each other, and the blocks of what they broadcast to. */
export function unified(
  inputs: readonly LazyArray[],
  shape: readonly number[],
): { arrays: LazyArray[]; chunks: Sizes } {
  const chunks = shape.map((length, axis) => {
    const lists: (readonly number[])[] = [];
    for (const input of inputs) {
      const own = axis - shape.length + input.ndim;
      if (own >= 0 && input.shape[own] === length && input.chunks !== null) lists.push(input.chunks[own]!);
    }
    return lists.length === 0 ? [length] : commonSizes(lists);
  });
  const arrays = inputs.map((input) => {
    const lead = shape.length - input.ndim;
    return rechunked(
      input,
      input.shape.map((length, axis) => (length === shape[axis + lead] ? chunks[axis + lead]! : [length])),
    );
  });
  return { arrays, chunks };
}

/** What `call` makes of the blocks of operands that broadcast to `shape`. O(blocks × operands) */
export function elementwiseBlocks(
  inputs: readonly LazyArray[],
  shape: readonly number[],
  call: (blocks: readonly LazyArray[]) => LazyArray,
): LazyArray {
  const { chunks, arrays } = unified(inputs, shape);
  const result: LazyArray[] = [];
  forEachMeeting(arrays, chunks, (blocks) => result.push(call(blocks)));
  return fromBlocks(chunks, result);
}

/**
 * Calls `visit` with the blocks of `unified` operands that meet in each block of what they broadcast to, in row-major
 * order; `index` is the block's place along each axis and is reused. O(blocks × operands)
 */
export function forEachMeeting(
  arrays: readonly LazyArray[],
  chunks: Sizes,
  visit: (blocks: readonly LazyArray[], index: readonly number[]) => void,
): void {
  // how far a step along each axis of the result goes in the operand's blocks
  const steps = arrays.map((array) => {
    const sizes = sizesOf(array);
    const strides = blockStrides(sizes);
    const lead = chunks.length - array.ndim;
    return chunks.map((_, axis) => (axis < lead || sizes[axis - lead]!.length === 1 ? 0 : strides[axis - lead]!));
  });
  const lists = arrays.map(blocksOf);
  forEachBlock(chunks, (index) => {
    const blocks = lists.map((list, i) => {
      let at = 0;
      for (let axis = 0; axis < index.length; axis++) at += index[axis]! * steps[i]![axis]!;
      return list[at]!;
    });
    visit(blocks, index);
  });
}
