/**
 * NDArray: a typed array with a shape, strides and an offset, all counted in elements, as in NumPy and stdlib.
 * It is plain data with a few accessors; numeric work belongs to kernels.
 */
import { ArgumentError, ShapeError } from '../errors.js';
import { allocate, type DType, itemSize, type TypedArray } from './dtype.js';
import { formatArray } from './format.js';

/** What is known of an array before it exists. */
export interface ArraySpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export type Nested<T> = T | readonly Nested<T>[];

/** The number of elements of a shape; 1 for the empty shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Row-major strides of a shape, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/** @throws ShapeError when a length is not a whole number ≥ 0. */
export function checkShape(shape: readonly number[], where: string): readonly number[] {
  if (!Array.isArray(shape) && !ArrayBuffer.isView(shape)) {
    throw new ShapeError(`${where}: a shape is a list of lengths, such as [2, 3], not ${String(shape)}`);
  }
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ShapeError(`${where}: shape [${shape.join(', ')}] is not a list of whole numbers ≥ 0`);
    }
  }
  return shape;
}

/**
 * An n-dimensional array. Its fields and methods have the names of stdlib's ndarray (`ndims`, `length` and `flags` are
 * there for that alone), so one can be passed where such an array is expected.
 *
 * @example
 * const a = new NDArray(Float64Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3], dtype: 'float64' });
 * a.get(1, 2); // 6
 */
export class NDArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
  readonly order = 'row-major';

  constructor(
    data: TypedArray,
    layout: { shape: readonly number[]; dtype: DType; strides?: readonly number[]; offset?: number },
  ) {
    this.data = data;
    this.shape = layout.shape;
    this.dtype = layout.dtype;
    this.strides = layout.strides ?? rowMajorStrides(layout.shape);
    this.offset = layout.offset ?? 0;
  }

  /** A new array of zeros. */
  static zeros(shape: readonly number[], dtype: DType = 'float64'): NDArray {
    return new NDArray(allocate(dtype, sizeOf(checkShape(shape, 'NDArray.zeros'))), { shape, dtype });
  }

  get ndim(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get nbytes(): number {
    return this.size * itemSize(this.dtype);
  }

  /** As `ndim`; stdlib's name. */
  get ndims(): number {
    return this.shape.length;
  }

  /** As `size`; stdlib's name. The length of the first axis is `shape[0]`. */
  get length(): number {
    return this.size;
  }

  /** What stdlib asks of the memory's layout. */
  get flags(): { readonly ROW_MAJOR_CONTIGUOUS: boolean; readonly COLUMN_MAJOR_CONTIGUOUS: boolean } {
    const columns = new NDArray(this.data, {
      shape: [...this.shape].reverse(),
      strides: [...this.strides].reverse(),
      dtype: this.dtype,
    });
    return { ROW_MAJOR_CONTIGUOUS: this.isContiguous, COLUMN_MAJOR_CONTIGUOUS: columns.isContiguous };
  }

  /** Whether the elements lie one after the other in row-major order. */
  get isContiguous(): boolean {
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const length = this.shape[axis] ?? 1;
      if (length !== 1 && this.strides[axis] !== stride) return false;
      stride *= length;
    }
    return true;
  }

  /** The element at an index per axis, negative ones counted from the end; a boolean where dtype is 'bool'. */
  get(...index: readonly number[]): number | boolean {
    const value = this.data[positionOf(this, index, 'get')] ?? Number.NaN;
    return this.dtype === 'bool' ? value !== 0 : value;
  }

  /**
   * Writes an element: an index per axis, then the value, which is converted as by a typed array. Views of the same data
   * see it. Not to be used on an array that a computation under way still reads.
   *
   * @example
   * NDArray.zeros([2, 2]).set(0, 1, 5).toNested(); // [[0, 5], [0, 0]]
   */
  set(...indexAndValue: readonly (number | boolean)[]): this {
    const value = indexAndValue.at(-1);
    const position = positionOf(this, indexAndValue.slice(0, -1) as number[], 'set');
    this.data[position] = this.dtype === 'bool' ? Number(Boolean(value)) : Number(value);
    return this;
  }

  /**
   * The one element of an array of size 1.
   *
   * @throws ShapeError for any other size
   */
  item(): number | boolean {
    if (this.size === 1) return this.get(...this.shape.map(() => 0));
    throw new ShapeError(`item: an array of shape [${this.shape.join(', ')}] has ${this.size} elements, not one`);
  }

  /** The sub-array (or, for one dimension, the element) at position `i` of the first axis, without a copy. */
  at(i: number): NDArray | number | boolean {
    if (this.shape.length === 1) return this.get(i);
    const length = this.shape[0] ?? 0;
    const row = i < 0 ? i + length : i;
    if (this.shape.length === 0 || !Number.isInteger(row) || row < 0 || row >= length) {
      throw new ArgumentError(`at: index ${i} is outside the first axis of shape [${this.shape.join(', ')}]`);
    }
    return new NDArray(this.data, {
      shape: this.shape.slice(1),
      strides: this.strides.slice(1),
      offset: this.offset + row * (this.strides[0] ?? 0),
      dtype: this.dtype,
    });
  }

  /** The sub-arrays (or, for one dimension, the elements) along the first axis. @throws ShapeError without an axis */
  *[Symbol.iterator](): Generator<NDArray | number | boolean> {
    if (this.shape.length === 0) throw new ShapeError('a zero-dimensional array cannot be iterated; use item()');
    for (let i = 0; i < (this.shape[0] ?? 0); i++) yield this.at(i);
  }

  /** Nested arrays with the same values; a number (or boolean) for zero dimensions. */
  toNested(): Nested<number | boolean> {
    if (this.shape.length === 0) return this.get();
    return Array.from(this, (item) => (item instanceof NDArray ? item.toNested() : item));
  }

  /** The elements as NumPy prints them; of more than 1000 only the ends of every axis. */
  toString(): string {
    return formatArray(this);
  }

  /** What console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const text = formatArray(this);
    const head = `NDArray ${this.dtype} [${this.shape.join(', ')}]`;
    return text.includes('\n') ? `${head}\n${text}` : `${head} ${text}`;
  }

  /** A row-major copy that shares nothing with this array. */
  copy(): NDArray {
    const result = allocate(this.dtype, this.size);
    gather(this, result);
    return new NDArray(result, { shape: this.shape, dtype: this.dtype });
  }
}

function positionOf({ shape, strides, offset }: NDArray, index: readonly number[], where: string): number {
  if (index.length !== shape.length) {
    throw new ShapeError(`${where}: ${index.length} indices for an array of shape [${shape.join(', ')}]`);
  }
  let position = offset;
  for (let axis = 0; axis < index.length; axis++) {
    const length = shape[axis] ?? 0;
    const given = index[axis] ?? 0;
    const i = given < 0 ? given + length : given;
    if (!Number.isInteger(i) || i < 0 || i >= length) {
      throw new ArgumentError(`${where}: index ${given} is outside axis ${axis} of length ${length}`);
    }
    position += i * (strides[axis] ?? 0);
  }
  return position;
}

/** Writes elements in row-major order to where those of `into` lie. O(size). */
export function scatter(values: TypedArray, into: NDArray): void {
  const { shape, strides, data } = into;
  if (into.isContiguous) {
    data.set(values, into.offset);
    return;
  }
  for (let i = 0; i < values.length; i++) {
    let [rest, at] = [i, into.offset];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      at += (rest % length) * (strides[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    data[at] = values[i] ?? 0;
  }
}

/** Elements of a row from which on copying it in one go is faster than one by one. */
const LONG_ROW = 32;

/** Writes the elements of `source` one after the other, in row-major order, into `target`. O(size). */
export function gather(source: NDArray, target: TypedArray): void {
  const { data, shape, strides, offset } = source;
  if (source.isContiguous) {
    target.set(data.subarray(offset, offset + source.size));
    return;
  }
  const inner = shape.length - 1;
  const length = shape[inner] ?? 1;
  const step = strides[inner] ?? 0;
  const index = new Array<number>(inner).fill(0);
  let position = offset;
  for (let written = 0; written < target.length; ) {
    if (step === 1 && length >= LONG_ROW) {
      target.set(data.subarray(position, position + length), written);
      written += length;
    } else {
      for (let i = 0; i < length; i++) target[written++] = data[position + i * step] ?? 0;
    }
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      position += strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      position -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
}
