/** Element types: names, sizes and the typed array of each. NumPy's names; the default is float64. */
import { DTypeError } from '../errors.js';

export type DType = 'float64' | 'float32' | 'int32' | 'uint32' | 'uint8' | 'bool';

export type TypedArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
};

const constructors: Readonly<Record<DType, TypedArrayConstructor>> = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export const dtypes = Object.keys(constructors) as readonly DType[];

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(constructors, value);
}

/** @throws DTypeError when `value` is no dtype; `where` names the function in the message. */
export function checkDType(value: unknown, where: string): DType {
  if (isDType(value)) return value;
  throw new DTypeError(`${where}: dtype ${JSON.stringify(value)} does not exist; use one of ${dtypes.join(', ')}`);
}

/** A new, zeroed typed array of `length` elements. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new constructors[dtype](length);
}

/** A typed array over `length` elements of `buffer` from `byteOffset` on, without a copy. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return new constructors[dtype](buffer, byteOffset, length);
}

/** The dtype that a typed array stands for, or undefined for one that lazuli has no dtype for (Int8Array, BigInt64Array …). */
export function dtypeOf(data: ArrayBufferView): DType | undefined {
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  if (data instanceof Uint8Array) return 'uint8';
  return undefined;
}
