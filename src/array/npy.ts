/**
 * NumPy's `.npy` format, versions 1.0 to 3.0 (numpy.lib.format): a magic string, a header that is a Python dictionary
 * with `descr`, `fortran_order` and `shape`, then the elements. A header is read and checked against the size of the
 * file on its own, so that what is wrong with a file is known before its data is read.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DTypeError, NpyError } from '../errors.js';
import { type DType, itemSize, type TypedArray, viewOf } from './dtype.js';
import { fromHalves } from './half.js';
import { type ArraySpec, NDArray, rowMajorStrides, sizeOf } from './ndarray.js';

export interface NpyHeader {
  readonly shape: readonly number[];
  /** What the array will be: NumPy's own dtype where there is one, else the one documented at `readNpy`. */
  readonly dtype: DType;
  /** NumPy's type of the elements without the byte order: 'f8', 'i2', … */
  readonly kind: Kind;
  readonly isLittleEndian: boolean;
  readonly isFortran: boolean;
  /** Where the elements begin. */
  readonly offset: number;
}

/** For each of NumPy's types its size and what becomes of it. */
const kinds = {
  f8: [8, 'float64'],
  f4: [4, 'float32'],
  f2: [2, 'float32'],
  i8: [8, 'float64'],
  u8: [8, 'float64'],
  i4: [4, 'int32'],
  u4: [4, 'uint32'],
  i2: [2, 'int32'],
  u2: [2, 'int32'],
  i1: [1, 'int32'],
  u1: [1, 'uint8'],
  b1: [1, 'bool'],
} as const satisfies Record<string, readonly [number, DType]>;
type Kind = keyof typeof kinds;

const written: Readonly<Record<DType, string>> = {
  float64: '<f8',
  float32: '<f4',
  int32: '<i4',
  uint32: '<u4',
  uint8: '|u1',
  bool: '|b1',
};

const MAGIC = '\x93NUMPY';
/** NumPy aligns the data to this many bytes. */
const ALIGNMENT = 64;
/** More than NumPy ever writes for an array of numbers; what claims more is no header. */
const MAX_HEADER = 1 << 20;

// Reading ------------------------------------------------------------------------------------------------------------

/**
 * The header of `bytes`, which hold at least the header; `name` is how messages call the file.
 *
 * @throws NpyError for what is no .npy file or a malformed one, DTypeError for elements that are no real numbers
 */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const [start, length] = headerExtent(bytes, name);
  if (bytes.length < start + length) throw new NpyError(`${name} ends within its header: it is cut short`);
  const version = bytes[6]!;
  const text = Buffer.from(bytes.subarray(start, start + length)).toString(version >= 3 ? 'utf8' : 'latin1');
  const { descr, fortran, shape } = parseDictionary(text, name);
  const { kind, isLittleEndian } = parseDescr(descr, name);
  return { shape, dtype: kinds[kind][1], kind, isLittleEndian, isFortran: fortran, offset: start + length };
}

/** Where the dictionary begins and how long it is. */
function headerExtent(bytes: Uint8Array, name: string): [start: number, length: number] {
  if (bytes.length < 10 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== MAGIC) {
    throw new NpyError(`${name} is no .npy file: it does not begin with NumPy's magic string`);
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw new NpyError(`${name} is of .npy version ${version}.${bytes[7]!}; versions 1.0 to 3.0 are read`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version === 1) return [10, view.getUint16(8, true)];
  if (bytes.length < 12) throw new NpyError(`${name} ends within its header: it is cut short`);
  const length = view.getUint32(8, true);
  if (length > MAX_HEADER) throw new NpyError(`${name} is malformed: its header claims to have ${length} bytes`);
  return [12, length];
}

function parseDictionary(text: string, name: string): { descr: string; fortran: boolean; shape: number[] } {
  const shown = text.trim().slice(0, 200);
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[))/.exec(text);
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text);
  if (descr?.[3] !== undefined) {
    throw new DTypeError(`${name} holds records with named fields (${shown}); save each field as an array of its own`);
  }
  if (!/^\s*\{[\s\S]*\}\s*$/.test(text) || descr === null || fortran === null || shape === null) {
    throw new NpyError(
      `${name} is malformed: its header is not a dictionary of descr, fortran_order and shape: ${shown}`,
    );
  }
  const items = shape[1]!.split(',').map((item) => item.trim().replace(/L$/, ''));
  // a tuple of one ends in a comma
  if (items.at(-1) === '') items.pop();
  const lengths = items.map(Number);
  if (items.some((item) => !/^\d+$/.test(item)) || !Number.isSafeInteger(sizeOf(lengths))) {
    throw new NpyError(`${name} is malformed: (${shape[1]}) is no shape`);
  }
  return { descr: descr[1] ?? descr[2] ?? '', fortran: fortran[1] === 'True', shape: lengths };
}

function parseDescr(descr: string, name: string): { kind: Kind; isLittleEndian: boolean } {
  const [, order = '', code = ''] = /^([<>=|]?)(\w+|\?)$/.exec(descr) ?? [];
  const kind = code === '?' ? 'b1' : code;
  if (Object.hasOwn(kinds, kind)) return { kind: kind as Kind, isLittleEndian: order !== '>' };
  const what = { c: 'complex numbers', O: 'Python objects', U: 'text', S: 'text', M: 'dates', m: 'time spans' };
  const meaning = what[code[0] as keyof typeof what] ?? 'elements of a kind that lazuli has no dtype for';
  throw new DTypeError(`${name} holds ${meaning} (${descr}); save numbers, for example x.astype('float64')`);
}

/**
 * The header of a file, checked against the file's size.
 *
 * @throws NpyError for a malformed file and for one that is cut short; the file system's own error when it cannot be read
 */
export function readNpyHeader(path: string | URL): NpyHeader {
  const name = String(path);
  const file = openSync(path, 'r');
  try {
    const { size } = statSync(path);
    let bytes = readStart(file, 256);
    const [start, length] = headerExtent(bytes, name);
    if (bytes.length < start + length) bytes = readStart(file, start + length);
    const header = parseNpyHeader(bytes, name);
    checkSize(header, size, name);
    return header;
  } finally {
    closeSync(file);
  }
}

function readStart(file: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, readFully(file, bytes, 0));
}

/** Reads until `bytes` are full or the file ends; how many were read. */
function readFully(file: number, bytes: Uint8Array, position: number): number {
  let read = 0;
  while (read < bytes.length) {
    const count = readSync(file, bytes, read, Math.min(bytes.length - read, 1 << 30), position + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}

function dataBytes({ shape, kind }: NpyHeader): number {
  return sizeOf(shape) * kinds[kind][0];
}

function checkSize(header: NpyHeader, size: number, name: string): void {
  const expected = header.offset + dataBytes(header);
  if (size === expected) return;
  const elements = `an array of shape (${header.shape.join(', ')}) and type ${header.kind}`;
  const how = size < expected ? 'it is cut short' : 'something else follows the array';
  throw new NpyError(`${name} has ${size} bytes where ${elements} needs ${expected}: ${how}`);
}

/**
 * The array of a `.npy` file. float64, float32, int32, uint32, uint8 and bool are what they are; float16 becomes
 * float32, int8, int16 and uint16 become int32, int64 and uint64 become float64. Fortran order becomes row-major, and
 * big-endian numbers are turned round. O(size).
 *
 * @throws NpyError as `readNpyHeader`, and for a 64-bit integer beyond 2⁵³ that float64 does not hold exactly
 */
export function readNpy(path: string | URL, header = readNpyHeader(path)): NDArray {
  const name = String(path);
  const bytes = new Uint8Array(dataBytes(header));
  const file = openSync(path, 'r');
  try {
    if (readFully(file, bytes, header.offset) < bytes.length)
      throw new NpyError(`${name} was cut short while it was read`);
  } finally {
    closeSync(file);
  }
  return decode(bytes, header, name);
}

/**
 * A block of the array of a `.npy` file: `shape` elements from index `start` on. Nothing but its own bytes is read, in as
 * few pieces as it lies in. O(size of the block).
 *
 * @throws NpyError as `readNpy`
 */
export function readNpyBlock(
  path: string | URL,
  header: NpyHeader,
  start: readonly number[],
  shape: readonly number[],
): NDArray {
  const name = String(path);
  const [size] = kinds[header.kind];
  const bytes = new Uint8Array(sizeOf(shape) * size);
  const turned = (list: readonly number[]): readonly number[] => (header.isFortran ? list.toReversed() : list);
  const [all, first, lengths] = [turned(header.shape), turned(start), turned(shape)];
  const strides = rowMajorStrides(all);
  // axes from `whole` on lie in one piece
  let whole = lengths.length;
  while (whole > 0 && lengths[whole - 1] === all[whole - 1]) whole--;
  whole = Math.max(0, whole - 1);
  const run = sizeOf(lengths.slice(whole)) * size;
  const file = openSync(path, 'r');
  try {
    let written = 0;
    const read = (axis: number, from: number): void => {
      const at = from + first[axis]! * strides[axis]!;
      if (axis >= whole) {
        const inner = first.slice(axis + 1).reduce((sum, index, i) => sum + index * strides[axis + 1 + i]!, 0);
        const part = bytes.subarray(written, written + run);
        if (readFully(file, part, header.offset + (at + inner) * size) < run) {
          throw new NpyError(`${name} was cut short while it was read`);
        }
        written += run;
        return;
      }
      for (let i = 0; i < lengths[axis]!; i++) read(axis + 1, at + i * strides[axis]!);
    };
    if (bytes.length > 0) read(0, 0);
  } finally {
    closeSync(file);
  }
  return decode(bytes, { ...header, shape }, name);
}

/** The array in the bytes of a `.npy` file; as `readNpy`. */
export function parseNpy(bytes: Uint8Array, name = 'the .npy data'): NDArray {
  const header = parseNpyHeader(bytes, name);
  checkSize(header, bytes.length, name);
  return decode(new Uint8Array(bytes.subarray(header.offset)), header, name);
}

/** `bytes` are the elements alone, at the start of a buffer of their own, which the array may keep. */
function decode(bytes: Uint8Array<ArrayBuffer>, header: NpyHeader, name: string): NDArray {
  const { kind, dtype, shape, isFortran } = header;
  const [size] = kinds[kind];
  if (!header.isLittleEndian && size > 1) swapBytes(bytes, size);
  const data = elements(bytes, kind, name);
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) data[i] = data[i] === 0 ? 0 : 1;
  if (!isFortran || shape.length < 2) return new NDArray(data, { shape, dtype });
  const strides: number[] = [];
  shape.reduce((stride, length) => {
    strides.push(stride);
    return stride * length;
  }, 1);
  return new NDArray(data, { shape, dtype, strides }).copy();
}

function swapBytes(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const buffer = Buffer.from(bytes.buffer);
  if (size === 8) buffer.swap64();
  else if (size === 4) buffer.swap32();
  else buffer.swap16();
}

function elements({ buffer }: Uint8Array<ArrayBuffer>, kind: Kind, name: string): TypedArray {
  switch (kind) {
    case 'i1':
      return Int32Array.from(new Int8Array(buffer));
    case 'i2':
      return Int32Array.from(new Int16Array(buffer));
    case 'u2':
      return Int32Array.from(new Uint16Array(buffer));
    case 'f2':
      return fromHalves(new Uint16Array(buffer));
    case 'i8':
      return fromBigIntegers(new BigInt64Array(buffer), name);
    case 'u8':
      return fromBigIntegers(new BigUint64Array(buffer), name);
    default:
      return viewOf(kinds[kind][1], buffer, 0, buffer.byteLength / kinds[kind][0]);
  }
}

/** 64-bit integers as float64s. @throws NpyError for one that float64 does not hold exactly */
function fromBigIntegers(integers: BigInt64Array | BigUint64Array, name: string): Float64Array {
  const numbers = new Float64Array(integers.length);
  for (let i = 0; i < numbers.length; i++) {
    const number = Number(integers[i]!);
    if (!Number.isSafeInteger(number) && BigInt(number) !== integers[i]) {
      throw new NpyError(
        `${name}: element ${i}, ${integers[i]}, is a 64-bit integer that float64 does not hold exactly; save it as float64 or split it`,
      );
    }
    numbers[i] = number;
  }
  return numbers;
}

// Writing ------------------------------------------------------------------------------------------------------------

/**
 * The bytes of a `.npy` file of version 1.0 (2.0 where the header is long), little-endian and row-major, in the parts
 * that are written one after the other: header and elements. Contiguous elements are not copied.
 *
 * @example
 * const [header, data] = npyParts(new NDArray(Float64Array.of(1, 2), { shape: [2], dtype: 'float64' }));
 */
export function npyParts(array: NDArray): [header: Uint8Array, data: Uint8Array] {
  const { dtype } = array;
  const header = npyHeader(array);
  const { data, offset } = array.isContiguous ? array : array.copy();
  const bytes = array.size * itemSize(dtype);
  return [header, new Uint8Array(data.buffer, data.byteOffset + offset * itemSize(dtype), bytes)];
}

/** What a `.npy` file of a row-major array begins with; the elements follow. */
export function npyHeader({ dtype, shape }: ArraySpec): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${written[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const isLong = text.length + 1 + ALIGNMENT > 0xffff;
  const start = isLong ? 12 : 10;
  // the header ends in a line feed, at a multiple of the alignment
  const total = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(total, ' ');
  header.write(MAGIC, 0, 'latin1');
  header[6] = isLong ? 2 : 1;
  header[7] = 0;
  if (isLong) header.writeUInt32LE(total - start, 8);
  else header.writeUInt16LE(total - start, 8);
  header.write(text, start, 'latin1');
  header[total - 1] = 10;
  return header;
}

/** The bytes of a `.npy` file. */
export function encodeNpy(array: NDArray): Uint8Array {
  return Buffer.concat(npyParts(array));
}
