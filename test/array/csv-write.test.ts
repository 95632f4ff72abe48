import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toNDArray } from '../../dist/array/convert.js';
import { parseCsv } from '../../dist/array/csv.js';
import { csvParts, shortestSingle } from '../../dist/array/csv-write.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../../dist/errors.js';

const text = (value: unknown, options = {}): string => [...csvParts(toNDArray(value), options)].join('');

describe('csvParts', () => {
  it('writes rows, columns, single numbers and no rows at all', () => {
    expect(
      text([
        [1, 2.5],
        [3, -4],
      ]),
    ).toBe('1,2.5\n3,-4\n');
    expect(text([1, 2])).toBe('1\n2\n');
    expect(text(7)).toBe('7\n');
    expect(text([true, false])).toBe('1\n0\n');
    expect([...csvParts(NDArray.zeros([0, 2]), { columns: ['a', 'b'] })]).toEqual(['a,b\n']);
  });

  it('writes what is no number as the reader knows it', () => {
    expect(text([[Number.NaN, Infinity, -Infinity, -0]])).toBe('nan,inf,-inf,-0\n');
  });

  it('names columns, in quotes where they need them', () => {
    expect(text([[1, 2, 3]], { columns: ['a;b', 'a "b"', ' c'], delimiter: ';' })).toBe(
      '"a;b";"a ""b""";" c"\n1;2;3\n',
    );
  });

  it('writes strided arrays in their own order', () => {
    const transposed = new NDArray(Int32Array.of(1, 2, 3, 4), { shape: [2, 2], strides: [1, 2], dtype: 'int32' });
    expect(text(transposed)).toBe('1,3\n2,4\n');
  });

  it('is read back the same', () => {
    const cell = fc.double();
    const rows = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }))
      .chain(([n, m]) => fc.array(fc.array(cell, { minLength: m, maxLength: m }), { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(rows, (table) => {
        expect(parseCsv(text(table), { header: false }).data.toNested()).toEqual(table);
      }),
    );
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const written = shortestSingle(value);
        expect(Math.fround(Number(written.replace('inf', 'Infinity')))).toBe(value);
      }),
    );
  });

  it('writes float32s with no more digits than they have', () => {
    expect(text(Float32Array.of(0.1, 1 / 3, 1e-45, 16777216, 3.4e38))).toBe(
      '0.1\n0.33333334\n1e-45\n16777216\n3.4e+38\n',
    );
  });

  it('comes in parts', () => {
    const parts = [...csvParts(NDArray.zeros([10000]))];
    expect(parts.length).toBe(3);
    expect(parts.join('')).toBe('0\n'.repeat(10000));
  });

  it('says what cannot be', () => {
    expect(() => text([[[1]]])).toThrow(ShapeError);
    expect(() => text([[1, 2]], { columns: ['a'] })).toThrow('1 names of columns are given for 2 columns');
    expect(() => text([[1, 2]], { columns: ['a', 'a'] })).toThrow(ArgumentError);
    for (const delimiter of ['', '.', '--', '1', 'e', 3]) expect(() => text([1], { delimiter })).toThrow(OptionError);
  });
});
