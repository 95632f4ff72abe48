/**
 * `nd.mapBlocks`: a JavaScript function of blocks, one task for each, and `nd.fromBlocks`: an array from a function of a
 * block's place. What a block will be is said before it is computed, and checked when it is there.
 */

import { broadcastShapes } from '../array/broadcast.js';
import { type ArraySource, toNDArray } from '../array/convert.js';
import { checkDType, type DType } from '../array/dtype.js';
import { checkShape, type NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { delayed } from '../graph/delayed.js';
import { NODE } from '../graph/node.js';
import type { TaskOptions } from '../graph/task-options.js';
import type { Delayed } from '../graph/types.js';
import { fromBlocks as ofBlocks } from './blocks/blocked.js';
import { forEachMeeting, unified } from './blocks/elementwise.js';
import { type Chunks, chunkSizes, forEachBlock, type Sizes, shapeOfChunks, startsOf } from './blocks/grid.js';
import { inline, lazyResult } from './inline.js';
import { isUnknown } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';

/** Where a block is in its array. */
export interface BlockPlace {
  /** Its place in the grid, along each axis. */
  readonly index: readonly number[];
  /** The indices of its first element. */
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** What a function of blocks may answer: an array, or what can be made one. */
export type BlockValue = ArraySource | Promise<ArraySource>;

/** Options of the tasks, but for those that only one task can have. */
export type BlockTaskOptions = Omit<TaskOptions, 'key' | 'nout' | 'cost'> & Pick<TaskOptions<never[]>, 'cost'>;

export interface MapBlocksOptions extends BlockTaskOptions {
  /** Of the result; default that of the first array. What the function answers is converted. */
  readonly dtype?: DType;
  /**
   * The sizes of the result's blocks, where they differ from the array's: for each axis one size, or one for each of the
   * blocks that there are.
   */
  readonly chunks?: readonly (number | readonly number[])[];
}

export interface FromBlocksOptions extends BlockTaskOptions {
  readonly shape: readonly number[];
  /** One size for all axes, a size per axis, or the exact sizes along each axis. */
  readonly chunks: Chunks;
  /** Default float64. */
  readonly dtype?: DType;
}

/** The names of `BlockTaskOptions`. */
export const blockTaskOptions = ['name', 'pure', 'device', 'cost', 'memory', 'retries', 'timeout', 'priority'] as const;

/**
 * What `fn` makes of each block: `fn(block, place)`, or of a list of arrays `fn(a, b, …, place)` with the blocks that meet,
 * after broadcasting. One JavaScript task a block, on the pool's threads where it can be sent there. The result has the
 * array's blocks, or as many of the sizes that `chunks` says.
 *
 * @throws ArgumentError, OptionError; ShapeError for arrays that do not broadcast, or of unknown shape; when computed
 * ShapeError naming the block for a block of another shape than was said
 *
 * @example
 * const x = nd.arange(6, { chunks: 2 });
 * const doubled = nd.mapBlocks((block) => Array.from(block.copy().data, (value) => 2 * value), x);
 * await doubled.compute(); // [0, 2, 4, 6, 8, 10]
 * const starts = x.mapBlocks((_block, { start: [first = 0] }) => [first], { chunks: [1], dtype: 'int32' });
 * await starts.compute(); // [0, 2, 4]
 */
export function mapBlocks<const A extends readonly ArrayInput[]>(
  fn: (...args: [...{ [K in keyof A]: NDArray }, BlockPlace]) => BlockValue,
  arrays: A,
  options?: MapBlocksOptions,
): LazyArray;
export function mapBlocks(
  fn: (block: NDArray, place: BlockPlace) => BlockValue,
  x: ArrayInput,
  options?: MapBlocksOptions,
): LazyArray;
export function mapBlocks(
  // biome-ignore lint/suspicious/noExplicitAny: as many blocks as there are arrays
  fn: (...args: any[]) => BlockValue,
  x: ArrayInput | readonly ArrayInput[],
  options: MapBlocksOptions = {},
): LazyArray {
  const where = 'nd.mapBlocks';
  checkNames(where, options, ['dtype', 'chunks', ...blockTaskOptions]);
  const { dtype, chunks: sizes, ...rest } = options;
  const list = (Array.isArray(x) ? (x as readonly ArrayInput[]) : [x as ArrayInput]).map((one) => known(one, where));
  if (list.length === 0) throw new ArgumentError(`${where}: give it an array, or a list of at least one`);
  const task = blockTask(fn, rest, where);
  const shape = broadcastShapes(
    list.map((array) => array.shape),
    where,
  );
  const { arrays, chunks } = unified(list, shape);
  const own = sizes === undefined ? chunks : resultSizes(sizes, chunks, where);
  const type = dtype === undefined ? list[0]!.dtype : checkDType(dtype, where);
  const places = placesIn(chunks);
  const blocks: LazyArray[] = [];
  forEachMeeting(arrays, chunks, (inputs, index) => {
    const place = places(index);
    const spec = { shape: index.map((i, axis) => own[axis]![i]!), dtype: type };
    blocks.push(expected(task(...inputs, place), spec, where, place.index));
  });
  return ofBlocks(own, blocks);
}

/**
 * An array whose blocks a function makes: `fn(place)` is called for each, as a task, when it is needed. O(blocks).
 *
 * @throws ArgumentError, OptionError; when computed ShapeError naming the block for a block of another shape
 *
 * @example
 * const squares = nd.fromBlocks(
 *   ({ start: [first = 0], shape: [length = 0] }) => Float64Array.from({ length }, (_, i) => (first + i) ** 2),
 *   { shape: [5], chunks: 2 },
 * );
 * await squares.compute(); // [0, 1, 4, 9, 16]
 */
export function fromBlocks(fn: (place: BlockPlace) => BlockValue, options: FromBlocksOptions): LazyArray {
  const where = 'nd.fromBlocks';
  checkNames(where, options, ['shape', 'chunks', 'dtype', ...blockTaskOptions]);
  const { shape, chunks, dtype = 'float64', ...rest } = options;
  if (!Array.isArray(shape)) throw new ArgumentError(`${where}: say the shape: { shape: [rows, columns], chunks: … }`);
  const sizes = chunkSizes(where, chunks, checkShape([...shape], where));
  const type = checkDType(dtype, where);
  const task = blockTask(fn, rest, where);
  const places = placesIn(sizes);
  const blocks: LazyArray[] = [];
  forEachBlock(sizes, (index) => {
    const place = places(index);
    blocks.push(expected(task(place), { shape: place.shape, dtype: type }, where, place.index));
  });
  return ofBlocks(sizes, blocks);
}

/** A task that takes blocks and their place. */
export type BlockTask = (...args: readonly unknown[]) => Delayed<unknown>;

/** @throws ArgumentError for what is no function, OptionError for options of tasks */
export function blockTask(fn: unknown, options: BlockTaskOptions, where: string): BlockTask {
  if (typeof fn !== 'function')
    throw new ArgumentError(`${where}: the first argument is a function of blocks, not ${fn}`);
  const name = options.name ?? (fn.name === '' ? where.slice('nd.'.length) : fn.name);
  return delayed(fn as (...args: never[]) => unknown, { ...options, name }) as unknown as BlockTask;
}

/** An array whose shape is known. */
export function known(x: ArrayInput, where: string): LazyArray {
  const array = asLazy(x, where);
  if (!isUnknown(array)) return array;
  throw new ShapeError(
    `${where}: the shape of '${array[NODE].key}' is not known before it is computed; compute it first`,
  );
}

/** What is known of the block at an index. */
export function placesIn(chunks: Sizes): (index: readonly number[]) => BlockPlace {
  const starts = chunks.map(startsOf);
  return (index) => ({
    index: [...index],
    start: index.map((i, axis) => starts[axis]![i]!),
    shape: index.map((i, axis) => chunks[axis]![i]!),
  });
}

function resultSizes(sizes: unknown, chunks: Sizes, where: string): Sizes {
  if (Array.isArray(sizes) && sizes.length === chunks.length) {
    const own = sizes.map((entry, axis) => {
      const { length } = chunks[axis]!;
      return typeof entry === 'number' ? new Array<number>(length).fill(entry) : entry;
    }) as readonly (readonly number[])[];
    const fits = (list: unknown, axis: number): boolean =>
      Array.isArray(list) &&
      list.length === chunks[axis]!.length &&
      list.every((size) => Number.isSafeInteger(size) && size >= 0);
    if (own.every(fits)) return own;
  }
  const counts = chunks.map((list) => list.length).join(' × ');
  throw new OptionError(
    'chunks',
    `${where}: chunks has an entry for each axis, a size or one for each block; there are ${counts} blocks of shape [${shapeOfChunks(chunks).join(', ')}]; got ${JSON.stringify(sizes)}`,
  );
}

/** The result of a block's task, which is checked when it is there. */
export function expected(
  value: Delayed<unknown>,
  spec: { readonly shape: readonly number[]; readonly dtype: DType },
  where: string,
  index: readonly number[],
): LazyArray {
  return lazyResult(checked(value, spec.shape, spec.dtype, where, index), spec);
}

/** @internal The body of `expected`. */
export function checkedBlock(
  value: unknown,
  shape: readonly number[],
  dtype: DType,
  where: string,
  index: readonly number[],
): NDArray {
  const array = toNDArray(value, { dtype, where });
  if (array.ndim === shape.length && shape.every((length, axis) => length === array.shape[axis])) return array;
  throw new ShapeError(
    `${where}: block [${index.join(', ')}] should have the shape [${shape.join(', ')}] and has [${array.shape.join(', ')}]`,
  );
}

const checked = inline('block', checkedBlock, import.meta.url);
