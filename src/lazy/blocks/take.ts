/**
 * Elements of an array in blocks at known indices along an axis: of every block only what is asked for is read. What
 * comes from several blocks is put side by side and, where it is not in that order, into the order asked for.
 */
import type { LazyArray } from '../lazy-array.js';
import { type Chunked, fromBlocks } from './blocked.js';
import { blockStrides, evenly, forEachBlock, startsOf } from './grid.js';

/** Takes the elements at positions along an axis of one block. */
export type TakeBlock = (block: LazyArray, positions: Int32Array) => LazyArray;

/** Where the elements of a piece of the result come from. */
interface Source {
  /** Blocks along the axis and the positions in each. */
  readonly parts: readonly (readonly [block: number, positions: Int32Array])[];
  /** The order of the result among the parts side by side; undefined where that is it already. */
  readonly order: Int32Array | undefined;
}

function sourceOf(starts: readonly number[], indices: Int32Array): Source {
  const places = new Int32Array(indices.length);
  const positions = new Map<number, number[]>();
  const within = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const block = blockAt(starts, indices[i]!);
    places[i] = block;
    let list = positions.get(block);
    if (list === undefined) {
      list = [];
      positions.set(block, list);
    }
    within[i] = list.push(indices[i]! - starts[block]!) - 1;
  }
  const blocks = [...positions.keys()].sort((a, b) => a - b);
  const before = new Map<number, number>();
  let count = 0;
  for (const block of blocks) {
    before.set(block, count);
    count += positions.get(block)!.length;
  }
  const order = places.map((block, i) => before.get(block)! + within[i]!);
  const isInOrder = order.every((place, i) => place === i);
  return {
    parts: blocks.map((block) => [block, Int32Array.from(positions.get(block)!)] as const),
    order: isInOrder ? undefined : order,
  };
}

/** The block that has an index. O(log blocks) */
function blockAt(starts: readonly number[], index: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= index) low = middle;
    else high = middle;
  }
  return low;
}

/** The elements at `indices` (0 ≤ i < length) along `axis`. O(indices + blocks) */
export function takeBlocks(
  x: Chunked,
  indices: Int32Array,
  axis: number,
  take: TakeBlock,
  join: (parts: readonly LazyArray[]) => LazyArray,
): LazyArray {
  const own = x.chunks[axis]!;
  const starts = startsOf(own);
  const sizes = evenly(indices.length, Math.max(1, ...own));
  const borders = startsOf(sizes);
  const sources = sizes.map((size, i) => sourceOf(starts, indices.subarray(borders[i], borders[i]! + size)));
  const chunks = x.chunks.map((other, k) => (k === axis ? sizes : other));
  const strides = blockStrides(x.chunks);
  const result: LazyArray[] = [];
  forEachBlock(chunks, (index) => {
    const { parts, order } = sources[index[axis]!]!;
    const rest = index.reduce((sum, place, k) => sum + (k === axis ? 0 : place * strides[k]!), 0);
    const taken = parts.map(([block, positions]) => take(x.blocks![rest + block * strides[axis]!]!, positions));
    const joined = taken.length === 0 ? take(x.blocks![rest]!, new Int32Array(0)) : join(taken);
    result.push(order === undefined ? joined : take(joined, order));
  });
  return fromBlocks(chunks, result);
}
