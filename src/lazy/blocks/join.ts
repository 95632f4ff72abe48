/** Arrays in blocks side by side: where the blocks fit, joining them makes no task at all. */
import type { LazyArray } from '../lazy-array.js';
import { blocksOf, fromBlocks, sizesOf } from './blocked.js';
import { blockStrides, commonSizes, forEachBlock, withoutEmpty } from './grid.js';
import { rechunked } from './rechunk.js';

/** Arrays of one dtype joined along `axis`; those of length 0 there make no difference, and one at least is longer. */
export function concatBlocks(list: readonly LazyArray[], axis: number): LazyArray {
  const kept = list.filter(({ shape }) => shape[axis]! > 0);
  const parts = kept.length === 0 ? list.slice(0, 1) : kept;
  const aligned = parts.map((part) => {
    const chunks = part.shape.map((length, other) => {
      if (other === axis) return sizesOf(part)[axis]!;
      const lists = parts.flatMap((one) => (one.chunks === null ? [] : [one.chunks[other]!]));
      return lists.length === 0 ? [length] : commonSizes(lists);
    });
    return rechunked(part, chunks);
  });
  const owners: (readonly [part: number, place: number])[] = [];
  aligned.forEach((part, i) => {
    for (const place of sizesOf(part)[axis]!.keys()) owners.push([i, place]);
  });
  const sizes = aligned.flatMap((part) => [...sizesOf(part)[axis]!]);
  const chunks = sizesOf(aligned[0]!).map((own, other) => (other === axis ? withoutEmpty(sizes) : own));
  const strides = aligned.map((part) => blockStrides(sizesOf(part)));
  const lists = aligned.map(blocksOf);
  const blocks: LazyArray[] = [];
  forEachBlock(chunks, (index) => {
    const [part, place] = owners[index[axis]!]!;
    const at = index.reduce((sum, i, other) => sum + (other === axis ? place : i) * strides[part]![other]!, 0);
    blocks.push(lists[part]![at]!);
  });
  return fromBlocks(chunks, blocks);
}
