/**
 * Whatever holds numbers becomes an NDArray: nested arrays, typed arrays, and the arrays of other libraries,
 * recognised by their fields and never by their class, so none of them is a dependency. Typed arrays and NDArrays are
 * taken without a copy where their dtype fits; everything else is copied once.
 */
import { ArgumentError, DTypeError, ShapeError } from '../errors.js';
import { allocate, checkDType, type DType, dtypeOf, type TypedArray } from './dtype.js';
import { fromHalves } from './half.js';
import { checkShape, gather, NDArray, type Nested, sizeOf } from './ndarray.js';

/** An array of stdlib (`strides`) or scijs (`stride`): a buffer with a shape. */
export interface StridedLike {
  readonly data: ArrayLike<number>;
  readonly shape: ArrayLike<number>;
  readonly strides?: ArrayLike<number>;
  readonly stride?: ArrayLike<number>;
  readonly offset: number;
  readonly dtype?: unknown;
}

/** A matrix of ml-matrix; `data` are its rows where it is no view of another matrix. */
export interface MatrixLike {
  readonly rows: number;
  readonly columns: number;
  readonly data?: unknown;
  get(row: number, column: number): number;
}

/** A vector of Apache Arrow. */
export interface VectorLike {
  readonly length: number;
  readonly type?: unknown;
  readonly nullCount: number;
  toArray(): unknown;
}

export type AnyTypedArray =
  | TypedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint8ClampedArray
  | BigInt64Array
  | BigUint64Array;

/** Nested arrays whose rows may be typed arrays or NDArrays. */
export type NestedRows = readonly (NDArray | AnyTypedArray | Nested<number | boolean> | NestedRows)[];

/** Everything `toNDArray` takes. */
export type ArraySource =
  | NDArray
  | AnyTypedArray
  | Nested<number | boolean>
  | NestedRows
  | StridedLike
  | MatrixLike
  | VectorLike;

export interface ConvertOptions {
  readonly dtype?: DType | undefined;
  readonly shape?: readonly number[] | undefined;
  /** The function on whose behalf this is, for messages. */
  readonly where?: string;
}

/**
 * The NDArray of a value. Without `dtype`: a typed array's own (8- and 16-bit integers become int32, 64-bit ones
 * float64, half precision float32), `bool` for booleans alone, else float64. A change of dtype follows JavaScript's typed arrays (fractions are cut off, integers
 * wrap); to `bool`, everything but 0 is true. O(size), or O(1) when nothing has to be copied.
 *
 * @throws ShapeError for a ragged nested array (naming the position) or a `shape` that does not fit
 * @throws ArgumentError for what is not a number, naming its position, and for a 64-bit integer beyond 2⁵³ that float64
 * does not hold exactly
 * @throws DTypeError for a dtype that does not exist
 *
 * @example
 * toNDArray([[1, 2], [3, 4]]).shape; // [2, 2]
 * toNDArray(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] }).dtype; // 'float32'
 */
export function toNDArray(value: unknown, options: ConvertOptions = {}): NDArray {
  const where = options.where ?? 'toNDArray';
  const dtype = options.dtype === undefined ? undefined : checkDType(options.dtype, where);
  const array = withDType(recognise(value, dtype, where), dtype);
  return options.shape === undefined ? array : reshaped(array, checkShape(options.shape, where), where);
}

function recognise(value: unknown, dtype: DType | undefined, where: string): NDArray {
  if (value instanceof NDArray) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return fromNested(value, dtype, where);
  if (Array.isArray(value)) return fromNested(value, dtype, where);
  if (ArrayBuffer.isView(value)) return fromTyped(value, where);
  if (isStrided(value)) return fromStrided(value, where);
  if (isMatrix(value)) return fromMatrix(value);
  if (isVector(value)) return fromVector(value, dtype, where);
  throw new ArgumentError(
    `${where}: ${describe(value)} is not an array; give nested arrays of numbers, a typed array, an NDArray, or an ndarray, matrix or vector of stdlib, scijs, ml-matrix or Apache Arrow`,
  );
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'null'}`;
  return `a ${typeof value}`;
}

// Nested arrays ------------------------------------------------------------------------------------------------------

/** Rows of a nested array may be arrays, typed arrays or NDArrays. */
type Row = readonly unknown[] | TypedArray | NDArray;

function isRow(value: unknown): value is Row {
  return (
    Array.isArray(value) || value instanceof NDArray || (ArrayBuffer.isView(value) && !(value instanceof DataView))
  );
}

function rowLength(row: Row): number {
  if (!(row instanceof NDArray)) return row.length;
  if (row.ndim === 0) throw new ShapeError('toNDArray: a zero-dimensional NDArray cannot be a row');
  return row.shape[0] ?? 0;
}

function rowItem(row: Row, i: number): unknown {
  return row instanceof NDArray ? row.at(i) : row[i];
}

function fromNested(value: unknown, dtype: DType | undefined, where: string): NDArray {
  const shape: number[] = [];
  for (let level: unknown = value; isRow(level); level = rowItem(level, 0)) {
    shape.push(rowLength(level));
    if (rowLength(level) === 0) break;
  }
  const out = new Float64Array(sizeOf(shape));
  const position: number[] = [];
  let written = 0;
  let onlyBooleans = out.length > 0;

  const visit = (item: unknown): void => {
    const axis = position.length;
    if (axis === shape.length) {
      if (typeof item === 'number') onlyBooleans = false;
      else if (typeof item !== 'boolean') throw notANumber(item, position, shape, where);
      out[written++] = Number(item);
      return;
    }
    const expected = shape[axis] ?? 0;
    if (!isRow(item)) throw ragged(position, expected, undefined, where);
    const length = rowLength(item);
    if (length !== expected) throw ragged(position, expected, length, where);
    for (let i = 0; i < length; i++) {
      position.push(i);
      visit(rowItem(item, i));
      position.pop();
    }
  };
  visit(value);
  return withDType(new NDArray(out, { shape, dtype: 'float64' }), dtype ?? (onlyBooleans ? 'bool' : 'float64'));
}

function at(position: readonly number[]): string {
  return position.map((i) => `[${i}]`).join('');
}

function ragged(position: readonly number[], expected: number, length: number | undefined, where: string): ShapeError {
  const found = length === undefined ? 'is a single value' : `has ${length} ${length === 1 ? 'item' : 'items'}`;
  return new ShapeError(
    `${where}: the nested array is ragged: ${at(position)} ${found} where ${expected} were expected, as in the first row; every row must have the same length`,
  );
}

function notANumber(item: unknown, position: readonly number[], shape: readonly number[], where: string): Error {
  if (isRow(item)) {
    return new ShapeError(
      `${where}: the nested array is ragged: ${at(position)} is an array where a number was expected (the first row is ${shape.length}-dimensional)`,
    );
  }
  const place = position.length === 0 ? '' : ` at ${at(position)}`;
  return new ArgumentError(`${where}: ${describe(item)}${place} is not a number`);
}

// Other libraries' arrays --------------------------------------------------------------------------------------------

function fromTyped(view: ArrayBufferView, where: string): NDArray {
  const dtype = dtypeOf(view);
  if (dtype !== undefined) {
    const data = view as TypedArray;
    return new NDArray(data, { shape: [data.length], dtype });
  }
  if (view instanceof Int8Array || view instanceof Int16Array || view instanceof Uint16Array) {
    return new NDArray(Int32Array.from(view), { shape: [view.length], dtype: 'int32' });
  }
  if (view instanceof Uint8ClampedArray) {
    return new NDArray(Uint8Array.from(view), { shape: [view.length], dtype: 'uint8' });
  }
  const name = view.constructor.name;
  if (name === 'Float16Array') {
    const data = Float32Array.from(view as unknown as ArrayLike<number>);
    return new NDArray(data, { shape: [data.length], dtype: 'float32' });
  }
  if (view instanceof BigInt64Array || view instanceof BigUint64Array) return fromBigIntegers(view, where);
  throw new DTypeError(`${where}: there is no dtype for a ${name}; give a typed array of numbers`);
}

function fromBigIntegers(integers: BigInt64Array | BigUint64Array, where: string): NDArray {
  const data = new Float64Array(integers.length);
  for (let i = 0; i < data.length; i++) {
    const number = Number(integers[i]!);
    if (!Number.isSafeInteger(number) && BigInt(number) !== integers[i]) {
      throw new ArgumentError(
        `${where}: the 64-bit integer ${integers[i]} at [${i}] is not exact as float64; round it first, for example with Float64Array.from(x, Number)`,
      );
    }
    data[i] = number;
  }
  return new NDArray(data, { shape: [data.length], dtype: 'float64' });
}

function isStrided(value: unknown): value is StridedLike {
  if (typeof value !== 'object' || value === null || !('data' in value) || !('shape' in value)) return false;
  return 'offset' in value && ('strides' in value || 'stride' in value);
}

function fromStrided(source: StridedLike, where: string): NDArray {
  const { data, offset } = source;
  const shape = checkShape(Array.from(source.shape), where);
  const strides = Array.from(source.strides ?? source.stride ?? []);
  const isBool = source.dtype === 'bool';
  const typed = ArrayBuffer.isView(data)
    ? fromTyped(data, where)
    : fromNested(Array.from(data), isBool ? 'bool' : 'float64', where);
  checkStrides(shape, strides, offset, typed.size, where);
  const dtype = isBool && typed.dtype === 'uint8' ? 'bool' : typed.dtype;
  return new NDArray(typed.data, { shape, strides: strides.slice(0, shape.length), offset, dtype });
}

/** @throws ShapeError when the strides lead out of the data. */
function checkStrides(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  size: number,
  where: string,
): void {
  let [least, most] = [offset, offset];
  shape.forEach((length, axis) => {
    const reach = (length - 1) * (strides[axis] ?? Number.NaN);
    if (reach < 0) least += reach;
    else most += reach;
  });
  if (sizeOf(shape) === 0 || (least >= 0 && most < size)) return;
  throw new ShapeError(
    `${where}: an ndarray of shape [${shape.join(', ')}] with strides [${strides.join(', ')}] and offset ${offset} does not lie within its ${size} elements`,
  );
}

function isMatrix(value: unknown): value is MatrixLike {
  if (typeof value !== 'object' || value === null || !('rows' in value) || !('columns' in value)) return false;
  return typeof value.rows === 'number' && typeof value.columns === 'number' && 'get' in value;
}

function fromMatrix(matrix: MatrixLike): NDArray {
  const { rows, columns, data: own } = matrix;
  const data = new Float64Array(rows * columns);
  if (Array.isArray(own) && own.length === rows && own.every((row) => row instanceof Float64Array)) {
    for (let i = 0; i < rows; i++) data.set(own[i] as Float64Array, i * columns);
  } else {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) data[i * columns + j] = matrix.get(i, j);
    }
  }
  return new NDArray(data, { shape: [rows, columns], dtype: 'float64' });
}

function isVector(value: unknown): value is VectorLike {
  if (typeof value !== 'object' || value === null || !('toArray' in value) || !('nullCount' in value)) return false;
  return typeof value.toArray === 'function' && typeof value.nullCount === 'number' && 'length' in value;
}

function fromVector(vector: VectorLike, dtype: DType | undefined, where: string): NDArray {
  if (vector.nullCount > 0) {
    throw new ArgumentError(`${where}: the vector has ${vector.nullCount} null values; fill or drop them first`);
  }
  const values = vector.toArray();
  if (values instanceof Uint16Array && String(vector.type) === 'Float16') {
    // Arrow gives the bits of half-precision numbers
    return fromTyped(fromHalves(values), where);
  }
  return ArrayBuffer.isView(values) ? fromTyped(values, where) : fromNested(values, dtype, where);
}

// Dtype and shape ----------------------------------------------------------------------------------------------------

function withDType(array: NDArray, dtype: DType | undefined): NDArray {
  if (dtype === undefined || dtype === array.dtype) return array;
  const data = allocate(dtype, array.size);
  if (dtype === 'bool') {
    const values = array.isContiguous ? array : array.copy();
    for (let i = 0; i < data.length; i++) data[i] = values.data[values.offset + i] === 0 ? 0 : 1;
  } else {
    gather(array, data);
  }
  return new NDArray(data, { shape: array.shape, dtype });
}

function reshaped(array: NDArray, shape: readonly number[], where: string): NDArray {
  if (sizeOf(shape) !== array.size) {
    throw new ShapeError(
      `${where}: ${array.size} elements do not fill the shape [${shape.join(', ')}], which has ${sizeOf(shape)}`,
    );
  }
  const source = array.isContiguous ? array : array.copy();
  return new NDArray(source.data, { shape: [...shape], offset: source.offset, dtype: source.dtype });
}
