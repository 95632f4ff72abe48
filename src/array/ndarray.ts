/**
 * NDArray: a typed array with a shape, strides and an offset, all counted in elements, as in NumPy and stdlib.
 * It is plain data with a few accessors; numeric work belongs to kernels.
 */
import { ArgumentError, ShapeError } from '../errors.js';
import { allocate, type DType, itemSize, type TypedArray } from './dtype.js';

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
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ShapeError(`${where}: shape [${shape.join(', ')}] is not a list of whole numbers ≥ 0`);
    }
  }
  return shape;
}

/**
 * An n-dimensional array. Field names are stdlib's ndarray's, so one can be passed there.
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
    if (index.length !== this.shape.length) {
      throw new ShapeError(`get: ${index.length} indices for an array of shape [${this.shape.join(', ')}]`);
    }
    let position = this.offset;
    for (let axis = 0; axis < index.length; axis++) {
      const length = this.shape[axis] ?? 0;
      const given = index[axis] ?? 0;
      const i = given < 0 ? given + length : given;
      if (!Number.isInteger(i) || i < 0 || i >= length) {
        throw new ArgumentError(`get: index ${given} is outside axis ${axis} of length ${length}`);
      }
      position += i * (this.strides[axis] ?? 0);
    }
    const value = this.data[position] ?? Number.NaN;
    return this.dtype === 'bool' ? value !== 0 : value;
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

  *[Symbol.iterator](): Generator<NDArray | number | boolean> {
    for (let i = 0; i < (this.shape[0] ?? 0); i++) yield this.at(i);
  }

  /** Nested arrays with the same values; a number (or boolean) for zero dimensions. */
  toNested(): Nested<number | boolean> {
    if (this.shape.length === 0) return this.get();
    return Array.from(this, (item) => (item instanceof NDArray ? item.toNested() : item));
  }

  /** A row-major copy that shares nothing with this array. */
  copy(): NDArray {
    const result = allocate(this.dtype, this.size);
    gather(this, result);
    return new NDArray(result, { shape: this.shape, dtype: this.dtype });
  }
}

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
    for (let i = 0; i < length; i++) target[written++] = data[position + i * step] ?? 0;
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
