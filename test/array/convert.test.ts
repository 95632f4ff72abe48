import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { toNDArray } from '../../dist/array/convert.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError, ShapeError } from '../../dist/errors.js';

describe('toNDArray: nested arrays', () => {
  it('takes numbers at any depth, float64', () => {
    const array = toNDArray([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8.5],
      ],
    ]);
    expect(array.shape).toEqual([2, 2, 2]);
    expect(array.dtype).toBe('float64');
    expect(array.get(1, 1, 1)).toBe(8.5);
  });

  it('takes a number as zero dimensions, and lists without items', () => {
    expect(toNDArray(3).shape).toEqual([]);
    expect(toNDArray([]).shape).toEqual([0]);
    expect(toNDArray([[], []]).shape).toEqual([2, 0]);
  });

  it('takes booleans alone as bool, and among numbers as 0 and 1', () => {
    expect(toNDArray([true, false]).toNested()).toEqual([true, false]);
    expect(toNDArray([true, 2]).toNested()).toEqual([1, 2]);
  });

  it('takes rows that are typed arrays or NDArrays', () => {
    const row = new NDArray(Float64Array.of(0, 3, 4), { shape: [2], offset: 1, dtype: 'float64' });
    expect(toNDArray([Float64Array.of(1, 2), row]).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('round-trips through toNested', () => {
    const rows = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
      .chain(([m, n]) =>
        fc.array(fc.array(fc.double({ noNaN: true }), { minLength: n, maxLength: n }), { minLength: m, maxLength: m }),
      );
    fc.assert(
      fc.property(rows, (nested) => {
        expect(toNDArray(nested).toNested()).toEqual(nested);
      }),
    );
  });

  it.each([
    [[[1, 2], [3]], '[1] has 1 item where 2 were expected'],
    [[[1], 2], '[1] is a single value where 1 were expected'],
    [[1, [2]], '[1] is an array where a number was expected'],
    [
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      '[1][1] has 2 items',
    ],
  ])('names the position where %j is ragged', (nested, message) => {
    expect(() => toNDArray(nested, { where: 'nd.array' })).toThrow(ShapeError);
    expect(() => toNDArray(nested, { where: 'nd.array' })).toThrow(`nd.array: the nested array is ragged: ${message}`);
  });

  it('names what is not a number, and where it stands', () => {
    expect(() => toNDArray([[1, 'x']])).toThrow(ArgumentError);
    expect(() => toNDArray([[1, 'x']])).toThrow('the string "x" at [0][1] is not a number');
    expect(() => toNDArray([1, null])).toThrow('null at [1] is not a number');
    expect(() => toNDArray('text')).toThrow('the string "text" is not an array');
    expect(() => toNDArray({ a: 1 })).toThrow('an object of class Object is not an array');
  });
});

describe('toNDArray: dtypes and shapes', () => {
  it('takes typed arrays without a copy, small integers as int32', () => {
    const data = Float32Array.of(1, 2);
    expect(toNDArray(data).data).toBe(data);
    expect(toNDArray(Int8Array.of(-3)).dtype).toBe('int32');
    expect(toNDArray(Uint8ClampedArray.of(3)).dtype).toBe('uint8');
  });

  it('takes 64-bit integers as float64 where that is exact', () => {
    const exact = toNDArray(BigInt64Array.of(-1n, 2n ** 53n, 2n ** 62n));
    expect([exact.dtype, exact.toNested()]).toEqual(['float64', [-1, 2 ** 53, 2 ** 62]]);
    expect(() => toNDArray(BigUint64Array.of(1n, 2n ** 53n + 1n), { where: 'nd.array' })).toThrow(
      'nd.array: the 64-bit integer 9007199254740993 at [1] is not exact as float64',
    );
  });

  it('refuses dtypes that do not exist', () => {
    expect(() => toNDArray([1], { dtype: 'float16' as 'float32' })).toThrow(DTypeError);
    expect(() => toNDArray(new DataView(new ArrayBuffer(8)))).toThrow(DTypeError);
  });

  it('converts, everything but 0 being true', () => {
    expect(toNDArray([0, 2, -1], { dtype: 'bool' }).toNested()).toEqual([false, true, true]);
    expect(toNDArray([0, 256], { dtype: 'bool' }).toNested()).toEqual([false, true]);
    expect(toNDArray([1.9, -1.9], { dtype: 'int32' }).toNested()).toEqual([1, -1]);
  });

  it('gives another shape, and refuses one that does not fit', () => {
    expect(toNDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2] }).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => toNDArray([1, 2, 3], { shape: [2, 2] })).toThrow('3 elements do not fill the shape [2, 2]');
  });

  it('reads strided views in their own order', () => {
    const transposed = new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2], strides: [1, 2], dtype: 'float64' });
    expect(toNDArray(transposed, { shape: [4] }).toNested()).toEqual([1, 3, 2, 4]);
    expect(toNDArray(transposed, { dtype: 'bool' }).toNested()).toEqual([
      [true, true],
      [true, true],
    ]);
  });
});

describe('toNDArray: other libraries', () => {
  it('takes stdlib’s and scijs’ ndarrays', () => {
    const data = Float64Array.of(0, 1, 2, 3, 4);
    const stdlib = { data, shape: [2, 2], strides: [1, 2], offset: 1, dtype: 'float64', order: 'column-major' };
    expect(toNDArray(stdlib).toNested()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(toNDArray({ data: [1, 2, 3], shape: [3], stride: [-1], offset: 2 }).toNested()).toEqual([3, 2, 1]);
  });

  it('keeps the booleans of an ndarray, and refuses one that reaches out of its data', () => {
    const flags = { data: Uint8Array.of(1, 0), shape: [2], strides: [1], offset: 0, dtype: 'bool' };
    expect(toNDArray(flags).toNested()).toEqual([true, false]);
    expect(toNDArray({ ...flags, data: [true, false] }).dtype).toBe('bool');
    const numbers = { data: Float64Array.of(1, 2, 3), shape: [2], strides: [2], offset: 0 };
    expect(toNDArray(numbers).toNested()).toEqual([1, 3]);
    expect(() => toNDArray({ ...numbers, offset: 1 })).toThrow('does not lie within its 3 elements');
    expect(() => toNDArray({ ...numbers, strides: [-2] })).toThrow(ShapeError);
    expect(() => toNDArray({ ...numbers, shape: [1, 2] })).toThrow(ShapeError);
    expect(toNDArray({ ...numbers, shape: [0], offset: 9 }).shape).toEqual([0]);
  });

  it('takes a matrix of ml-matrix', () => {
    const matrix = new Matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(toNDArray(matrix).toNested()).toEqual(matrix.to2DArray());
    expect(toNDArray(matrix.transpose()).shape).toEqual([3, 2]);
  });

  it('takes Arrow vectors, and refuses nulls', () => {
    const vector = { length: 2, nullCount: 0, toArray: () => Float32Array.of(1, 2) };
    expect(toNDArray(vector).dtype).toBe('float32');
    expect(() => toNDArray({ ...vector, nullCount: 1 })).toThrow('1 null values');
    const halves = { ...vector, type: 'Float16', toArray: () => Uint16Array.of(0x3e00, 0xc000) };
    expect([toNDArray(halves).dtype, toNDArray(halves).toNested()]).toEqual(['float32', [1.5, -2]]);
    const big = { ...vector, toArray: () => BigInt64Array.of(1n, 2n) };
    expect(toNDArray(big).dtype).toBe('float64');
    const flags = { ...vector, toArray: () => [true, false] };
    expect(toNDArray(flags).dtype).toBe('bool');
    const words = { ...vector, toArray: () => ['a', 'b'] };
    expect(() => toNDArray(words)).toThrow('the string "a" at [0] is not a number');
  });
});
