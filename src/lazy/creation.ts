/**
 * Arrays out of nothing: constants and evenly spaced numbers, with the bits NumPy gives. Small ones are values; large
 * ones are element-wise tasks without an array behind them, which what uses them takes into its own loop.
 */
import { toNDArray } from '../array/convert.js';
import { allocate, checkDType, type DType } from '../array/dtype.js';
import { checkShape, NDArray, sizeOf } from '../array/ndarray.js';
import { isInteger } from '../array/promote.js';
import { broadcastView, wholeView } from '../array/view.js';
import { ArgumentError } from '../errors.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { wholeNumber } from './axes.js';
import { blocksBy } from './blocks/blocked.js';
import { chunksFor } from './blocks/budget.js';
import { type Chunks, chosenSizes, chunkSizes } from './blocks/grid.js';
import { leafBlocks } from './blocks/leaves.js';
import { rechunked } from './blocks/rechunk.js';
import { astype } from './cast.js';
import { elementwiseCall } from './expression-call.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, LazyArray, leaf } from './lazy-array.js';
import { reshape } from './manipulate.js';
import { checkNames } from './options.js';
import { rechunk } from './rechunk.js';
import { viewOf } from './view.js';

export interface ArrayOptions {
  /** Default: the data's own, float64 for plain numbers. */
  readonly dtype?: DType;
  /** Another shape with as many elements. */
  readonly shape?: readonly number[];
  /** Blocks: one size for all axes, a size per axis, or the exact sizes per axis. Default: one block. */
  readonly chunks?: Chunks;
}

/**
 * A lazy array of data that is there: nested arrays of numbers (float64) or booleans, typed arrays, NDArrays, and the
 * arrays of stdlib, scijs, ml-matrix and Arrow. int8, int16 and uint16 become int32, 64-bit integers float64. Typed
 * arrays and NDArrays are taken without a copy and must not be changed until what is built on them has been computed.
 *
 * @throws ShapeError for ragged data, ArgumentError for what is not numbers
 *
 * @example
 * nd.array([[1, 2], [3, 4]]).shape; // [2, 2]
 */
export function array(data: ArrayInput, options: ArrayOptions = {}): LazyArray {
  const where = 'nd.array';
  checkNames(where, options, ['dtype', 'shape', 'chunks']);
  const { chunks, ...rest } = options;
  if (data instanceof LazyArray) {
    const cast_ = cast(data, where, rest);
    const shaped = rest.shape === undefined ? cast_ : reshape(cast_, rest.shape);
    return chunks === undefined ? shaped : rechunk(shaped, chunks);
  }
  const values = toNDArray(data, { ...rest, where });
  return chunks === undefined ? leaf(values) : leafBlocks(values, chunkSizes(where, chunks, values.shape));
}

/** Constants of up to this many elements are values; larger ones are made where they are used. */
const SMALL = 1024;

type Shape = number | readonly number[];
type DTypeOption = { readonly dtype?: DType };

export interface CreationOptions extends DTypeOption {
  /**
   * Blocks: one size for all axes, a size per axis, or the exact sizes per axis. Default: one block up to 512 MiB, blocks
   * of 64 MiB beyond.
   */
  readonly chunks?: Chunks;
}

/**
 * An array with `value` everywhere. A large one takes no memory until something needs its elements.
 *
 * @throws ShapeError for lengths that are no whole numbers ≥ 0, DTypeError for a dtype that does not exist
 *
 * @example
 * await nd.full([2, 2], 7, { dtype: 'int32' }).compute(); // [[7, 7], [7, 7]]
 */
export function full(shape: Shape, value: number, options: CreationOptions = {}): LazyArray {
  return constant('full', shape, value, options);
}

/**
 * An array of zeros, as `full`.
 *
 * @throws ShapeError, DTypeError as `full`
 *
 * @example
 * await nd.zeros(3).compute(); // [0, 0, 0]
 */
export function zeros(shape: Shape, options: CreationOptions = {}): LazyArray {
  return constant('zeros', shape, 0, options);
}

/**
 * An array of ones, as `full`.
 *
 * @throws ShapeError, DTypeError as `full`
 *
 * @example
 * await nd.ones([1, 2]).compute(); // [[1, 1]]
 */
export function ones(shape: Shape, options: CreationOptions = {}): LazyArray {
  return constant('ones', shape, 1, options);
}

/**
 * An array of zeros with the shape and, unless another is given, the dtype of `x`.
 *
 * @throws DTypeError for a dtype that does not exist
 *
 * @example
 * nd.zerosLike(nd.ones([2, 3], { dtype: 'int32' })).dtype; // 'int32'
 */
export function zerosLike(x: ArrayInput, options: DTypeOption = {}): LazyArray {
  return like('zerosLike', x, 0, options);
}

/**
 * An array of ones, as `zerosLike`.
 *
 * @throws DTypeError for a dtype that does not exist
 *
 * @example
 * await nd.onesLike([1.5, 2.5]).compute(); // [1, 1]
 */
export function onesLike(x: ArrayInput, options: DTypeOption = {}): LazyArray {
  return like('onesLike', x, 1, options);
}

/**
 * An array with `value` everywhere, as `zerosLike`.
 *
 * @throws DTypeError for a dtype that does not exist
 *
 * @example
 * await nd.fullLike([1, 2], 5).compute(); // [5, 5]
 */
export function fullLike(x: ArrayInput, value: number, options: DTypeOption = {}): LazyArray {
  return like('fullLike', x, value, options);
}

function like(name: string, x: ArrayInput, value: number, options: DTypeOption): LazyArray {
  const array = asLazy(x, `nd.${name}`);
  const dtype = options.dtype ?? array.dtype;
  checkNames(`nd.${name}`, options, ['dtype']);
  if (!isUnknown(array))
    return constant(name, array.shape, value, { dtype, ...(array.chunks && { chunks: array.chunks }) });
  checkDType(dtype, `nd.${name}`);
  return late(name, [array], (known) => constant(name, known!.shape, value, { dtype }), { shape: array.shape, dtype });
}

function constant(name: string, shape: Shape, value: number, options: CreationOptions): LazyArray {
  const where = `nd.${name}`;
  checkNames(where, options, ['dtype', 'chunks']);
  const lengths = [...checkShape(typeof shape === 'number' ? [shape] : shape, where)];
  const dtype = checkDType(options.dtype ?? 'float64', where);
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    throw new ArgumentError(`${where}: the value must be a number, got ${String(value)}`);
  }
  const number = toNDArray(value, { dtype, where });
  const block = (of: readonly number[]): LazyArray => constantBlock(name, of, number);
  const sizes = chosenSizes(where, options.chunks, lengths, chunksFor(lengths, dtype));
  if (sizes === undefined) return block(lengths);
  // blocks of one shape are one task
  const made = new Map<string, LazyArray>();
  return blocksBy(sizes, (of) => {
    const key = of.join();
    const known = made.get(key) ?? block(of);
    made.set(key, known);
    return known;
  });
}

function constantBlock(name: string, shape: readonly number[], number: NDArray): LazyArray {
  const { dtype } = number;
  const size = sizeOf(shape);
  if (size <= SMALL) return leaf(new NDArray(allocate(dtype, size).fill(number.data[0]!), { shape, dtype }));
  return viewOf(leaf(number), broadcastView(wholeView([]), shape, `nd.${name}`), name);
}

/** Options of `nd.eye`. */
export interface EyeOptions extends CreationOptions {
  /** The diagonal of the ones: 0 the main one, above it > 0, below it < 0. Default 0. */
  readonly k?: number;
}

/**
 * The identity: ones where row and column are equal, or on the diagonal `k` above that. `columns` defaults to `rows`.
 *
 * @throws ShapeError for lengths that are no whole numbers ≥ 0
 *
 * @example
 * await nd.eye(2, { dtype: 'float32' }).compute(); // [[1, 0], [0, 1]]
 * await nd.eye(2, 3, { k: 1, dtype: 'int32' }).compute(); // [[0, 1, 0], [0, 0, 1]]
 */
export function eye(rows: number, options?: EyeOptions): LazyArray;
export function eye(rows: number, columns?: number, options?: EyeOptions): LazyArray;
export function eye(rows: number, second: number | EyeOptions = rows, third: EyeOptions = {}): LazyArray {
  const where = 'nd.eye';
  const [columns, options] = typeof second === 'object' ? [rows, second] : [second, third];
  checkNames(where, options, ['dtype', 'k', 'chunks']);
  const shape = checkShape([rows, columns], where);
  const dtype = checkDType(options.dtype ?? 'float64', where);
  const k = wholeNumber(options.k ?? 0, 'k', where);
  const sizes = chosenSizes(where, options.chunks, shape, chunksFor(shape, dtype));
  if (sizes === undefined) return eyeBlock(rows, columns, k, dtype);
  return blocksBy(sizes, ([height, width], [top, left]) => eyeBlock(height!, width!, k + top! - left!, dtype));
}

function eyeBlock(rows: number, columns: number, k: number, dtype: DType): LazyArray {
  const shape = [rows, columns];
  if (sizeOf(shape) <= SMALL) {
    const data = allocate(dtype, rows * columns);
    for (let i = Math.max(0, -k); i < rows && i + k < columns; i++) data[i * columns + i + k] = 1;
    return leaf(new NDArray(data, { shape, dtype }));
  }
  const b = new ExpressionBuilder();
  const above = b.binary('sub', b.index(1), b.index(0));
  const isDiagonal = b.binary('equal', above, b.constant(Math.max(-(2 ** 30), Math.min(2 ** 30, k)), 'int32'));
  return indexed('eye', shape, b, b.where(isDiagonal, b.input(0, dtype), b.constant(0, dtype)), 1);
}

/** An array whose elements are made of their indices, and of the number `value` as input 0. */
function indexed(
  name: string,
  shape: readonly number[],
  b: ExpressionBuilder,
  result: number,
  value: number,
): LazyArray {
  const dtype = b.dtype(result);
  const input = leaf(toNDArray(value, { dtype }));
  const view = broadcastView(wholeView([]), shape, `nd.${name}`);
  return elementwiseCall(name, { text: serialize(b.build(result)), dtype }, [input], [view]);
}

/**
 * start, start + step, … up to but without stop; `arange(stop)` counts from 0. The numbers NumPy gives, to the bit.
 *
 * @throws ArgumentError for a step of 0 or numbers that are not finite
 *
 * @example
 * await nd.arange(3).compute(); // [0, 1, 2]
 * await nd.arange(10, 0, -4).compute(); // [10, 6, 2]
 * nd.arange(10, { chunks: 4 }).chunks; // [[4, 4, 2]]
 */
export function arange(stop: number, options?: CreationOptions): LazyArray;
export function arange(start: number, stop: number | null | undefined, options?: CreationOptions): LazyArray;
export function arange(start: number, stop?: number | null, step?: number, options?: CreationOptions): LazyArray;
export function arange(
  start: number,
  second?: number | null | CreationOptions,
  third?: number | CreationOptions,
  fourth?: CreationOptions,
): LazyArray {
  const where = 'nd.arange';
  // options come last, wherever that is
  const isOptions = (value: unknown): value is CreationOptions => typeof value === 'object' && value !== null;
  const options = [second, third, fourth].find(isOptions) ?? {};
  const stop = isOptions(second) ? undefined : second;
  const step = isOptions(third) || third === undefined ? 1 : third;
  checkNames(where, options, ['dtype', 'chunks']);
  const [from, to] = stop === undefined || stop === null ? [0, start] : [start, stop];
  finite(where, { start: from, stop: to, step });
  if (step === 0) throw new ArgumentError(`${where}: the step is 0`);
  const length = Math.max(0, Math.ceil((to - from) / step));
  checkShape([length], where);
  // NumPy multiplies the difference of the first two elements, which rounds differently from `step`.
  const delta = from + step - from;
  const sizes = chosenSizes(where, options.chunks, [length], chunksFor([length], options.dtype ?? 'float64'));
  return blocksBy(sizes ?? [[length]], ([count], [first]) => {
    if (count! <= SMALL) {
      const values = Float64Array.from({ length: count! }, (_, i) => from + (first! + i) * delta);
      return vector(values, where, options);
    }
    const b = new ExpressionBuilder();
    const index = indexFrom(b, first!);
    const along = delta === 1 ? index : b.binary('mul', index, b.constant(delta, 'float64'));
    return cast(indexed('arange', [count!], b, b.binary('add', b.input(0, 'float64'), along), from), where, options);
  });
}

/** The index of an element of a vector of which a block begins at `first`. */
function indexFrom(b: ExpressionBuilder, first: number): number {
  const index = b.index(0, 'float64');
  return first === 0 ? index : b.binary('add', index, b.constant(first, 'float64'));
}

export interface SpacingOptions extends CreationOptions {
  /** Whether `stop` is the last number; default true. */
  readonly endpoint?: boolean;
}

/**
 * `count` evenly spaced numbers from start to stop, both included. The numbers NumPy gives, to the bit.
 *
 * @throws ArgumentError for a count that is no whole number ≥ 0 or ends that are not finite
 *
 * @example
 * await nd.linspace(0, 1, 5).compute(); // [0, 0.25, 0.5, 0.75, 1]
 * await nd.linspace(0, 1, 4, { endpoint: false }).compute(); // [0, 0.25, 0.5, 0.75]
 */
export function linspace(start: number, stop: number, count = 50, options: SpacingOptions = {}): LazyArray {
  const where = 'nd.linspace';
  checkNames(where, options, ['dtype', 'endpoint', 'chunks']);
  return spaced('linspace', start, stop, count, options);
}

/**
 * `count` numbers evenly spaced on a logarithmic scale: base ** start to base ** stop; whole powers of ten are exact.
 *
 * @throws ArgumentError for a count that is no whole number ≥ 0 or numbers that are not finite
 *
 * @example
 * await nd.logspace(-1, 2, 4).compute(); // [0.1, 1, 10, 100]
 */
export function logspace(
  start: number,
  stop: number,
  count = 50,
  options: Omit<SpacingOptions, 'chunks'> & { readonly base?: number } = {},
): LazyArray {
  const where = 'nd.logspace';
  checkNames(where, options, ['base', 'dtype', 'endpoint']);
  const base = options.base ?? 10;
  finite(where, { start, stop, base });
  const length = wholeNumber(count, 'the number of values', where, 0);
  const exponents = spacing(start, stop, length, options.endpoint ?? true);
  return vector(
    exponents.map((exponent) => power(base, exponent)),
    where,
    options,
  );
}

/** V8's powers of ten are off by a bit for some whole exponents. */
function power(base: number, exponent: number): number {
  return base === 10 && Number.isInteger(exponent) ? Number(`1e${exponent}`) : base ** exponent;
}

function spaced(name: string, start: number, stop: number, count: number, options: SpacingOptions): LazyArray {
  const where = `nd.${name}`;
  finite(where, { start, stop });
  const length = wholeNumber(count, 'the number of values', where, 0);
  const endpoint = options.endpoint ?? true;
  const step = (stop - start) / (endpoint ? length - 1 : length);
  // a step of 0 is a tiny one that underflowed: NumPy then goes another way, as `spacing` does
  // integers are rounded down, as by NumPy
  const isWhole = options.dtype !== undefined && isInteger(options.dtype);
  const sizes = chosenSizes(where, options.chunks, [length], chunksFor([length], options.dtype ?? 'float64'));
  if (length <= SMALL || step === 0) {
    const values = spacing(start, stop, length, endpoint);
    const all = vector(isWhole ? values.map(Math.floor) : values, where, options);
    return sizes === undefined ? all : rechunked(all, sizes);
  }
  return blocksBy(sizes ?? [[length]], ([count], [first]) => {
    const b = new ExpressionBuilder();
    const index = indexFrom(b, first!);
    const inner = b.binary('add', b.binary('mul', index, b.constant(step, 'float64')), b.input(0, 'float64'));
    const isLast = b.binary('equal', index, b.constant(length - 1, 'float64'));
    const result = endpoint ? b.where(isLast, b.constant(stop, 'float64'), inner) : inner;
    return cast(indexed(name, [count!], b, isWhole ? b.unary('floor', result) : result, start), where, options);
  });
}

function spacing(start: number, stop: number, count: number, endpoint: boolean): Float64Array {
  const parts = endpoint ? count - 1 : count;
  const delta = stop - start;
  const step = delta / parts;
  const values = Float64Array.from({ length: count }, (_, i) => {
    if (parts === 0) return i * delta + start;
    return (step === 0 ? (i / parts) * delta : i * step) + start;
  });
  if (endpoint && count > 1) values[count - 1] = stop;
  return values;
}

function vector(data: Float64Array, where: string, options: DTypeOption): LazyArray {
  return leaf(toNDArray(data, { dtype: options.dtype, where }));
}

function cast(array: LazyArray, where: string, options: DTypeOption): LazyArray {
  return options.dtype === undefined ? array : asLazy(astype(array, checkDType(options.dtype, where)), where);
}

function finite(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new ArgumentError(`${where}: ${name} must be a finite number, got ${value}`);
  }
}
