/**
 * Contractions of arrays in blocks: axes of one label are cut at the same places, and every block of the result is the
 * sum of the products of the blocks that meet in it, added one after the other in the order of the summed blocks.
 */
import type { LazyArray } from '../lazy-array.js';
import { blocksOf, fromBlocks, sizesOf } from './blocked.js';
import { blockStrides, commonSizes, forEachBlock, type Sizes } from './grid.js';
import { rechunked } from './rechunk.js';

/** An operand and the label of each of its axes. */
export interface LabelledBlocks {
  readonly array: LazyArray;
  readonly labels: readonly string[];
}

/** The product of blocks with their labels, added to what there is already. */
export type MultiplyAdd = (
  blocks: readonly LabelledBlocks[],
  lengths: ReadonlyMap<string, number>,
  sum: LazyArray | undefined,
) => LazyArray;

/** The sizes of the blocks along each label. */
function sizesByLabel(
  operands: readonly LabelledBlocks[],
  lengths: ReadonlyMap<string, number>,
): Map<string, readonly number[]> {
  const result = new Map<string, readonly number[]>();
  for (const [label, length] of lengths) {
    const lists = operands.flatMap(({ array, labels }) =>
      labels.flatMap((own, axis) =>
        own === label && array.shape[axis] === length && array.chunks !== null ? [array.chunks[axis]!] : [],
      ),
    );
    result.set(label, lists.length === 0 ? [length] : commonSizes(lists));
  }
  return result;
}

/** The sum over the labels that `out` lacks of the products of `operands`. O(blocks of all labels) */
export function contractBlocks(
  operands: readonly LabelledBlocks[],
  out: readonly string[],
  lengths: ReadonlyMap<string, number>,
  multiplyAdd: MultiplyAdd,
): LazyArray {
  const used = new Set(operands.flatMap(({ labels }) => labels));
  const sizes = sizesByLabel(operands, new Map([...lengths].filter(([label]) => used.has(label))));
  const aligned = operands.map(({ array, labels }) => {
    const chunks = labels.map((label, axis) => (array.shape[axis] === lengths.get(label) ? sizes.get(label)! : [1]));
    return { array: rechunked(array, chunks), labels };
  });
  const summed = [...sizes.keys()].filter((label) => !out.includes(label));
  const kept: Sizes = out.map((label) => sizes.get(label)!);
  const inner: Sizes = summed.map((label) => sizes.get(label)!);
  const order = [...out, ...summed];
  // how far a step along each label goes in the blocks of each operand
  const steps = aligned.map(({ array, labels }) => {
    const own = sizesOf(array);
    const strides = blockStrides(own);
    return order.map((label) =>
      labels.reduce((sum, other, axis) => sum + (other === label && own[axis]!.length > 1 ? strides[axis]! : 0), 0),
    );
  });
  const lists = aligned.map(({ array }) => blocksOf(array));
  const result: LazyArray[] = [];
  forEachBlock(kept, (outer) => {
    let sum: LazyArray | undefined;
    forEachBlock(inner, (along) => {
      const index = [...outer, ...along];
      const blocks = lists.map((list, i) => ({
        array: list[index.reduce((at, place, k) => at + place * steps[i]![k]!, 0)]!,
        labels: aligned[i]!.labels,
      }));
      const own = new Map(order.map((label, k) => [label, sizes.get(label)![index[k]!]!]));
      sum = multiplyAdd(blocks, own, sum);
    });
    result.push(sum!);
  });
  return fromBlocks(kept, result);
}
