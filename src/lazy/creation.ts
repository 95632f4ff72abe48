/**
 * Arrays out of nothing: constants as tasks, so that a large one is made where it is used, and evenly spaced numbers as
 * values, with the bits NumPy gives.
 */
import { toNDArray } from '../array/convert.js';
import { allocate, checkDType, type DType } from '../array/dtype.js';
import { checkShape, NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError, OptionError } from '../errors.js';
import { type InlineTask, inline, lazyResult } from './inline.js';
import { type ArrayInput, asLazy, LazyArray, leaf } from './lazy-array.js';

export interface ArrayOptions {
  /** Default: the data's own, float64 for plain numbers. */
  readonly dtype?: DType;
  /** Another shape with as many elements. */
  readonly shape?: readonly number[];
}

/**
 * A lazy array of data that is there. Typed arrays and NDArrays are taken without a copy and must not be changed until
 * what is built on them has been computed.
 *
 * @throws ShapeError for ragged data, ArgumentError for what is not numbers
 *
 * @example
 * nd.array([[1, 2], [3, 4]]).shape; // [2, 2]
 */
export function array(data: ArrayInput, options: ArrayOptions = {}): LazyArray {
  checkNames('nd.array', options, ['dtype', 'shape']);
  if (data instanceof LazyArray && options.dtype === undefined && options.shape === undefined) return data;
  if (data instanceof LazyArray) {
    throw new ArgumentError('nd.array: a delayed array cannot be given another dtype or shape here');
  }
  return leaf(toNDArray(data, { ...options, where: 'nd.array' }));
}

/** @internal The body of the constant arrays. */
export function fillArray(shape: readonly number[], value: number, dtype: DType): NDArray {
  return new NDArray(allocate(dtype, sizeOf(shape)).fill(value), { shape, dtype });
}

/** @internal The body of `eye`. */
export function identityMatrix(rows: number, columns: number, dtype: DType): NDArray {
  const data = allocate(dtype, rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = 1;
  return new NDArray(data, { shape: [rows, columns], dtype });
}

const filled: InlineTask = inline('full', fillArray, import.meta.url);
const identity: InlineTask = inline('eye', identityMatrix, import.meta.url);

type Shape = number | readonly number[];
type DTypeOption = { readonly dtype?: DType };

/** An array with `value` everywhere. @throws ShapeError for lengths that are no whole numbers ≥ 0 */
export function full(shape: Shape, value: number, options: DTypeOption = {}): LazyArray {
  return constant('nd.full', shape, value, options);
}

/** An array of zeros. */
export function zeros(shape: Shape, options: DTypeOption = {}): LazyArray {
  return constant('nd.zeros', shape, 0, options);
}

/** An array of ones. */
export function ones(shape: Shape, options: DTypeOption = {}): LazyArray {
  return constant('nd.ones', shape, 1, options);
}

/** The identity: ones where row and column are equal. `columns` defaults to `rows`. */
export function eye(rows: number, columns = rows, options: DTypeOption = {}): LazyArray {
  checkNames('nd.eye', options, ['dtype']);
  const shape = checkShape([rows, columns], 'nd.eye');
  const dtype = checkDType(options.dtype ?? 'float64', 'nd.eye');
  return lazyResult(identity(rows, columns, dtype), { shape, dtype });
}

function constant(where: string, shape: Shape, value: number, options: DTypeOption): LazyArray {
  checkNames(where, options, ['dtype']);
  const lengths = checkShape(typeof shape === 'number' ? [shape] : [...shape], where);
  const dtype = checkDType(options.dtype ?? 'float64', where);
  return lazyResult(filled(lengths, value, dtype), { shape: lengths, dtype });
}

/**
 * start, start + step, … up to but without stop; `arange(stop)` counts from 0. float64.
 *
 * @throws ArgumentError for a step of 0 or numbers that are not finite
 */
export function arange(start: number, stop?: number, step = 1): LazyArray {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  finite('nd.arange', { start: from, stop: to, step });
  if (step === 0) throw new ArgumentError('nd.arange: the step is 0');
  const length = Math.max(0, Math.ceil((to - from) / step));
  // NumPy multiplies the difference of the first two elements, which rounds differently from `step`.
  const delta = from + step - from;
  return vector(Float64Array.from({ length }, (_, i) => from + i * delta));
}

/** `count` evenly spaced numbers from start to stop, both included. */
export function linspace(start: number, stop: number, count = 50): LazyArray {
  return vector(spaced('nd.linspace', start, stop, count));
}

/** `count` numbers evenly spaced on a logarithmic scale: base ** start to base ** stop. */
export function logspace(start: number, stop: number, count = 50, options: { readonly base?: number } = {}): LazyArray {
  checkNames('nd.logspace', options, ['base']);
  const base = options.base ?? 10;
  return vector(spaced('nd.logspace', start, stop, count).map((exponent) => base ** exponent));
}

function spaced(where: string, start: number, stop: number, count: number): Float64Array {
  finite(where, { start, stop });
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ArgumentError(`${where}: the number of values must be a whole number ≥ 0, got ${count}`);
  }
  const step = (stop - start) / (count - 1);
  const values = Float64Array.from({ length: count }, (_, i) => i * step + start);
  if (count === 1) values[0] = start;
  else if (count > 1) values[count - 1] = stop;
  return values;
}

function vector(data: Float64Array): LazyArray {
  return asLazy(new NDArray(data, { shape: [data.length], dtype: 'float64' }), 'nd');
}

function finite(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new ArgumentError(`${where}: ${name} must be a finite number, got ${value}`);
  }
}

function checkNames(where: string, options: object, names: readonly string[]): void {
  for (const option of Object.keys(options)) {
    if (!names.includes(option)) {
      throw new OptionError(option, `${where}: there is no option '${option}'; use ${names.join(' or ')}`);
    }
  }
}
