/**
 * `nd.mapOverlap`: a JavaScript function of blocks with some elements of their neighbours around them, for stencils; what it
 * made of those elements is cut off again. Every block with its borders is put together by one task from what it needs.
 */
import { checkDType, type DType } from '../array/dtype.js';
import type { NDArray } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { fromBlocks, gathered, sizesOf } from './blocks/blocked.js';
import { forEachBlock } from './blocks/grid.js';
import type { ArrayInput, LazyArray } from './lazy-array.js';
import {
  type BlockPlace,
  type BlockTaskOptions,
  type BlockValue,
  blockTask,
  blockTaskOptions,
  expected,
  known,
  placesIn,
} from './map-blocks.js';
import { checkFlag, checkNames } from './options.js';
import { type PadMode, pad } from './pad.js';
import { slice } from './slice.js';

/**
 * What lies beyond the array: nothing, so that blocks at its borders are smaller; its elements mirrored, the last one
 * twice; its last element; its other end; or one number.
 */
export type Boundary = 'none' | 'reflect' | 'nearest' | 'periodic' | number;

export interface MapOverlapOptions extends BlockTaskOptions {
  /** How many elements of the neighbours each side of a block has: for all axes, or one for each. */
  readonly depth: number | readonly number[];
  /** Default 'none'. */
  readonly boundary?: Boundary;
  /** Whether what the function makes of the neighbours' elements is cut off (the default), or is so already. */
  readonly trim?: boolean;
  /** Of the result; default the array's. */
  readonly dtype?: DType;
}

const modes: Readonly<Record<string, PadMode>> = { reflect: 'symmetric', nearest: 'edge', periodic: 'wrap' };

/**
 * What `fn(block, place)` makes of each block with `depth` elements around it, which must have the shape of what it was
 * given (or with `trim: false` of the block alone). `place` is that of the block without its borders. The same for every
 * chunking where `fn` looks no further than `depth`. O(blocks) tasks.
 *
 * @throws OptionError for a depth or boundary that there is not; ShapeError where the array is shorter than the depth to
 * be mirrored; when computed ShapeError naming the block for a result of another shape
 *
 * @example
 * const x = nd.array([1, 4, 9, 16, 25], { chunks: 2 });
 * const sums = x.mapOverlap(
 *   (block) => {
 *     const data = Float64Array.from(block.copy().data, Number);
 *     return data.map((value, i) => (data[i - 1] ?? 0) + value + (data[i + 1] ?? 0));
 *   },
 *   { depth: 1, boundary: 0 },
 * );
 * await sums.compute(); // [5, 14, 29, 50, 41]
 */
export function mapOverlap(
  fn: (block: NDArray, place: BlockPlace) => BlockValue,
  x: ArrayInput,
  options: MapOverlapOptions,
): LazyArray {
  const where = 'nd.mapOverlap';
  checkNames(where, options, ['depth', 'boundary', 'trim', 'dtype', ...blockTaskOptions]);
  const { depth, boundary = 'none', trim = true, dtype, ...rest } = options;
  const array = known(x, where);
  checkFlag(where, 'trim', trim);
  const depths = depthsOf(depth, array, where);
  const hasBorders = boundary !== 'none';
  const surrounded = hasBorders ? withBorders(array, depths, boundary, where) : array;
  const task = blockTask(fn, rest, where);
  const type = dtype === undefined ? array.dtype : checkDType(dtype, where);
  const chunks = sizesOf(array);
  const places = placesIn(chunks);
  const blocks: LazyArray[] = [];
  forEachBlock(chunks, (index) => {
    const place = places(index);
    // in the array as it is, or shifted by its borders
    const from = place.start.map((start, axis) => (hasBorders ? start : Math.max(0, start - depths[axis]!)));
    const end = place.shape.map((length, axis) => {
      const last = place.start[axis]! + length + depths[axis]! * (hasBorders ? 2 : 1);
      return Math.min(surrounded.shape[axis]!, last);
    });
    const before = place.start.map((start, axis) => start + (hasBorders ? depths[axis]! : 0) - from[axis]!);
    const block = gathered(
      slice(
        surrounded,
        from.map((start, axis) => [start, end[axis]!]),
      ),
    );
    const result = expected(
      task(block, place),
      { shape: trim ? block.shape : place.shape, dtype: type },
      where,
      place.index,
    );
    const own = before.map((start, axis): [number, number] => [start, start + place.shape[axis]!]);
    blocks.push(trim ? slice(result, own) : result);
  });
  return fromBlocks(chunks, blocks);
}

function depthsOf(depth: unknown, array: LazyArray, where: string): readonly number[] {
  const list = typeof depth === 'number' ? array.shape.map(() => depth) : depth;
  const isDepth = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  if (Array.isArray(list) && list.length === array.ndim && list.every(isDepth)) return list;
  throw new OptionError(
    'depth',
    `${where}: depth is a whole number ≥ 0, or one for each axis of [${array.shape.join(', ')}]; got ${JSON.stringify(depth)}`,
  );
}

function withBorders(array: LazyArray, depths: readonly number[], boundary: Boundary, where: string): LazyArray {
  const widths = depths.map((depth) => [depth, depth]);
  if (typeof boundary === 'number') return pad(array, widths, { value: boundary });
  const mode = Object.hasOwn(modes, boundary) ? modes[boundary] : undefined;
  if (mode === undefined) {
    throw new OptionError(
      'boundary',
      `${where}: boundary must be 'none', 'reflect', 'nearest', 'periodic' or a number, not ${JSON.stringify(boundary)}`,
    );
  }
  array.shape.forEach((length, axis) => {
    if (depths[axis]! <= length) return;
    throw new ShapeError(
      `${where}: axis ${axis} has ${length} elements, and depth ${depths[axis]} wants as many of them beyond it`,
    );
  });
  return pad(array, widths, { mode });
}
