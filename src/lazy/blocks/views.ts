/**
 * Views of arrays in blocks: slices, other orders of axes, flips, broadcasts. A view meets the blocks along each axis on
 * its own, so every block of the result is a view of one block, and blocks that it does not meet are left alone.
 */
import type { View } from '../../array/view.js';
import type { LazyArray } from '../lazy-array.js';
import { fromBlocks } from './blocked.js';
import { blockStrides, forEachBlock, type Sizes, startsOf } from './grid.js';

/** What a view sees of one block along an axis: `count` elements from `start` on, counted in the block. */
interface Stretch {
  readonly block: number;
  readonly start: number;
  readonly count: number;
}

/** What `count` elements from `start` on, `step` apart, meet of the blocks of an axis. O(blocks) */
function stretches(sizes: readonly number[], start: number, step: number, count: number): Stretch[] {
  const starts = startsOf(sizes);
  if (count === 0 || starts.at(-1) === 0) return [{ block: 0, start: 0, count: 0 }];
  const found: Stretch[] = [];
  let position = start;
  let block = starts.findIndex((from, i) => from <= position && position < (starts[i + 1] ?? Number.POSITIVE_INFINITY));
  for (let left = count; left > 0; ) {
    const [from, to] = [starts[block]!, starts[block + 1]!];
    const inside = step > 0 ? Math.ceil((to - position) / step) : Math.floor((position - from) / -step) + 1;
    const taken = Math.max(0, Math.min(left, inside));
    if (taken > 0) found.push({ block, start: position - from, count: taken });
    left -= taken;
    position += taken * step;
    block += step > 0 ? 1 : -1;
  }
  return found;
}

/**
 * What `view` shows of an array in blocks. O(blocks that it meets).
 *
 * @param seen makes the view of one block
 */
export function viewBlocks(
  chunks: Sizes,
  blocks: readonly LazyArray[],
  view: View,
  seen: (block: LazyArray, view: View) => LazyArray,
): LazyArray {
  const { shape, axes, steps } = view;
  const walks = axes.map((axis, i) =>
    axis === null || steps[i] === 0 ? undefined : stretches(chunks[axis]!, view.start[axis]!, steps[i]!, shape[i]!),
  );
  const sizes = shape.map((length, i) => walks[i]?.map(({ count }) => count) ?? [length]);
  const strides = blockStrides(chunks);
  // axes that are not walked along are met at one place
  const fixed = chunks.map((own, axis) => stretches(own, Math.min(view.start[axis]!, lastOf(own)), 1, 1)[0]!);
  const result: LazyArray[] = [];
  forEachBlock(sizes, (index) => {
    const start = fixed.map((stretch) => stretch.start);
    const places = fixed.map(({ block }) => block);
    axes.forEach((axis, i) => {
      if (axis === null || walks[i] === undefined) return;
      const stretch = walks[i]![index[i]!]!;
      start[axis] = stretch.start;
      places[axis] = stretch.block;
    });
    const at = places.reduce((sum, place, axis) => sum + place * strides[axis]!, 0);
    result.push(seen(blocks[at]!, { shape: sizes.map((own, i) => own[index[i]!]!), axes, steps, start }));
  });
  return fromBlocks(sizes, result);
}

/** The last index of an axis, 0 where it has none. */
function lastOf(sizes: readonly number[]): number {
  return Math.max(0, sizes.reduce((sum, size) => sum + size, 0) - 1);
}
