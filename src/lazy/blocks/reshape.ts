/**
 * Other shapes of arrays in blocks. Axes fall into groups with as many elements before as after; within a group only the
 * first axis stays cut, at places where whole rows end in both shapes, so that a block of the one is, byte for byte, a
 * block of the other. Where the blocks do not lie so, they are put together differently first.
 */
import type { LazyArray } from '../lazy-array.js';
import { blocksOf, fromBlocks, sizesOf } from './blocked.js';
import { type Sizes, startsOf } from './grid.js';
import { rechunked } from './rechunk.js';

interface Group {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The axes of both shapes in groups of equal products. Sizes are equal and not 0. */
function groupsOf(before: readonly number[], after: readonly number[]): Group[] {
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [first, second] = [i, j];
    let [a, b] = [i < before.length ? before[i++]! : 1, j < after.length ? after[j++]! : 1];
    while (a !== b) {
      if (a < b) a *= before[i++]!;
      else b *= after[j++]!;
    }
    const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, k) => from + k);
    groups.push({ before: range(first, i), after: range(second, j) });
  }
  return groups;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const product = (list: readonly number[]): number => list.reduce((result, one) => result * one, 1);

/** The first axis of several that is longer than 1 (the last one where none is), and how many elements a step along it is. */
function leading(shape: readonly number[], axes: readonly number[]): { axis: number | undefined; inner: number } {
  const at = Math.max(
    0,
    axes.findIndex((axis) => shape[axis] !== 1),
  );
  return { axis: axes[at], inner: product(axes.slice(at + 1).map((axis) => shape[axis]!)) };
}

/** Where the elements of a group may be cut, counted in elements. */
function bordersOf(own: Sizes, shape: readonly number[], group: Group, unit: number): number[] {
  const total = product(group.before.map((axis) => shape[axis]!));
  const { axis, inner } = leading(shape, group.before);
  const isAligned = group.before.every((other) => other === axis || own[other]!.length === 1);
  const borders =
    axis !== undefined && isAligned
      ? startsOf(own[axis]!).map((start) => Math.floor((start * inner) / unit) * unit)
      : every(total, unit, product(group.before.map((one) => Math.max(...own[one]!))));
  return [...new Set([0, ...borders.filter((border) => border < total), total])];
}

/** Borders so far apart that about `wanted` elements lie between them. */
function every(total: number, unit: number, wanted: number): number[] {
  const step = Math.max(1, Math.floor(wanted / unit)) * unit;
  return Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
}

/**
 * `x` in another shape with as many elements. O(blocks).
 *
 * @param shaped gives one block another shape
 */
export function reshapeBlocks(
  x: LazyArray,
  shape: readonly number[],
  shaped: (block: LazyArray, shape: readonly number[]) => LazyArray,
): LazyArray {
  if (x.size === 0) return shaped(x.whole(), shape);
  const own = sizesOf(x);
  const before: (readonly number[])[] = x.shape.map((length) => [length]);
  const after: (readonly number[])[] = shape.map((length) => [length]);
  for (const group of groupsOf(x.shape, shape)) {
    const [from, to] = [leading(x.shape, group.before), leading(shape, group.after)];
    if (from.axis === undefined || to.axis === undefined) continue;
    const unit = (from.inner / gcd(from.inner, to.inner)) * to.inner;
    const borders = bordersOf(own, x.shape, group, unit);
    const lengths = borders.slice(1).map((border, i) => border - borders[i]!);
    before[from.axis] = lengths.map((length) => length / from.inner);
    after[to.axis] = lengths.map((length) => length / to.inner);
  }
  const aligned = blocksOf(rechunked(x, before));
  const counts = after.map((sizes) => sizes.length);
  const index = after.map(() => 0);
  const blocks = aligned.map((block) => {
    const result = shaped(
      block,
      index.map((i, axis) => after[axis]![i]!),
    );
    for (let axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < counts[axis]!) break;
      index[axis] = 0;
    }
    return result;
  });
  return fromBlocks(after, blocks);
}
