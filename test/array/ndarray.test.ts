/** What an array tells of itself, how it is shown, and where else it can be used. */
import { inspect } from 'node:util';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { toNDArray } from '../../dist/array/convert.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, ShapeError } from '../../dist/errors.js';

const matrix = (): NDArray =>
  toNDArray([
    [1, 2.5, 3],
    [4, 5, 6],
  ]);

describe('NDArray', () => {
  it('reads and writes elements', () => {
    const x = matrix();
    expect([x.get(1, -1), x.get(0, 1)]).toEqual([6, 2.5]);
    expect(x.set(-1, 0, 9).get(1, 0)).toBe(9);
    const flags = toNDArray([true, false]);
    expect(flags.set(1, true).toNested()).toEqual([true, true]);
    expect(flags.set(0, 0).get(0)).toBe(false);
    expect(() => x.get(2, 0)).toThrow('get: index 2 is outside axis 0 of length 2');
    expect(() => x.get(0, 0.5)).toThrow(ArgumentError);
    expect(() => x.set(0, 1)).toThrow('set: 1 indices for an array of shape [2, 3]');
  });

  it('gives its one element', () => {
    expect(toNDArray([[[7]]]).item()).toBe(7);
    expect(toNDArray(true).item()).toBe(true);
    expect(() => matrix().item()).toThrow('item: an array of shape [2, 3] has 6 elements, not one');
  });

  it('iterates over the first axis', () => {
    expect([...matrix()].map((row) => (row as NDArray).toNested())).toEqual(matrix().toNested());
    expect([...toNDArray([1, 2])]).toEqual([1, 2]);
    expect(() => [...toNDArray(1)]).toThrow(ShapeError);
  });

  it('has the fields and methods of an ndarray of stdlib', () => {
    const x = matrix();
    expect([x.ndims, x.length, x.order, x.offset, x.strides, x.dtype]).toEqual([
      2,
      6,
      'row-major',
      0,
      [3, 1],
      'float64',
    ]);
    expect(x.flags).toEqual({ ROW_MAJOR_CONTIGUOUS: true, COLUMN_MAJOR_CONTIGUOUS: false });
    const columns = new NDArray(x.data, { shape: [3, 2], strides: [1, 3], dtype: 'float64' });
    expect(columns.flags).toEqual({ ROW_MAJOR_CONTIGUOUS: false, COLUMN_MAJOR_CONTIGUOUS: true });
    expect([typeof x.get, typeof x.set]).toEqual(['function', 'function']);
  });

  it('goes into a matrix of ml-matrix and comes back', () => {
    const x = matrix();
    const there = Matrix.from1DArray(x.shape[0]!, x.shape[1]!, [...x.data]);
    expect(toNDArray(there.mmul(there.transpose())).shape).toEqual([2, 2]);
    expect(toNDArray(there).toNested()).toEqual(x.toNested());
    expect(new Matrix(x.toNested() as number[][]).get(1, 2)).toBe(6);
  });
});

describe('how an array is shown', () => {
  const shown = (value: unknown): string => `${toNDArray(value)}`;

  it.each<[unknown, string]>([
    [[1, 2, 3], '[1. 2. 3.]'],
    [[0.1, 0.25, -1], '[ 0.1   0.25 -1.  ]'],
    [[1e10, 1], '[1.e+10 1.e+00]'],
    [[1e-5, 1], '[1.e-05 1.e+00]'],
    [[123456789, 1], '[1.23456789e+08 1.00000000e+00]'],
    [[Number.NaN, Infinity, -1.5], '[ nan  inf -1.5]'],
    [[-0, 0], '[-0.  0.]'],
    [[1 / 3, 2 / 3], '[0.33333333 0.66666667]'],
    [[1e5, 0.1], '[1.e+05 1.e-01]'],
    [[true, false], '[ true false]'],
    [Int32Array.of(1, -20), '[  1 -20]'],
    [5, '5.'],
    [[], '[]'],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
      '[[[1. 2.]\n  [3. 4.]]\n\n [[5. 6.]\n  [7. 8.]]]',
    ],
  ])('%j', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it('leaves out the middle of what is large, and breaks long lines', () => {
    expect(shown(Array.from({ length: 2000 }, (_, i) => i))).toBe('[   0.    1.    2. ... 1997. 1998. 1999.]');
    const large = shown(Array.from({ length: 500 }, (_, i) => [i, 0, 0]));
    expect(large.split('\n')).toEqual([
      '[[  0.   0.   0.]',
      ' [  1.   0.   0.]',
      ' [  2.   0.   0.]',
      ' ...',
      ' [497.   0.   0.]',
      ' [498.   0.   0.]',
      ' [499.   0.   0.]]',
    ]);
    const lines = shown(Array.from({ length: 30 }, (_, i) => i)).split('\n');
    expect(lines.length).toBe(2);
    expect(lines.every((line) => line.length <= 75)).toBe(true);
  });

  it('says dtype and shape on the console', () => {
    expect(inspect(toNDArray([1, 2]))).toBe('NDArray float64 [2] [1. 2.]');
    expect(inspect(matrix())).toBe('NDArray float64 [2, 3]\n[[1.  2.5 3. ]\n [4.  5.  6. ]]');
  });
});

describe('copies of views', () => {
  it.each([3, 31, 32, 100])('have every element in its place, for rows of %i', (length) => {
    const data = Float64Array.from({ length: 5 * 120 }, (_, i) => i);
    for (const step of [1, -1]) {
      const strides = [120, step];
      const offset = step === 1 ? 7 : 7 + length - 1;
      const copy = new NDArray(data, { shape: [4, length], dtype: 'float64', strides, offset }).copy();
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < length; j++) expect(copy.get(i, j)).toBe(120 * i + offset + step * j);
      }
    }
  });
});
