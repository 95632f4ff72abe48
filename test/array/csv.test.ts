import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv, readCsv } from '../../dist/array/csv.js';
import { CsvError, OptionError } from '../../dist/errors.js';

const data = new URL('../../data/', import.meta.url);

function errorOf(text: string, options = {}): CsvError {
  try {
    parseCsv(text, options);
  } catch (error) {
    if (error instanceof CsvError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('parseCsv', () => {
  it('reads a header and numbers, quoted or not', () => {
    const table = parseCsv('a,"b, c",target\n1,"2",0\n-3.5e2, 4 ,1\n');
    expect(table.columns).toEqual(['a', 'b, c', 'target']);
    expect(table.data.toNested()).toEqual([
      [1, 2, 0],
      [-350, 4, 1],
    ]);
  });

  it('reads other line ends, a byte order mark, empty lines, missing values that say so', () => {
    const table = parseCsv('\ufeffa,b\r\n1,nan\r\n\r\ninf,-Inf\r\n');
    expect(table.columns).toEqual(['a', 'b']);
    expect(table.data.toNested()).toEqual([
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ]);
  });

  it('reads without a header and with another delimiter when told', () => {
    const table = parseCsv('1;2\n3;4', { header: false, delimiter: ';' });
    expect(table.columns).toEqual(['0', '1']);
    expect(table.data.shape).toEqual([2, 2]);
    expect(() => parseCsv('1', { separator: ';' } as object)).toThrow(OptionError);
  });

  it('gives columns by name', () => {
    const table = parseCsv('a,b,target\n1,2,0\n3,4,1\n');
    expect(table.column('target').toNested()).toEqual([0, 1]);
    expect(table.select('b', 'a').toNested()).toEqual([
      [2, 1],
      [4, 3],
    ]);
    expect(table.without('target').toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => table.column('taget')).toThrow("there is no column 'taget'; did you mean 'target'?");
    expect(() => table.without('x')).toThrow(OptionError);
  });

  it.each([
    ['an unclosed quote', 'a,b\n1,2\n3,"4\n5,6\n', 3, 2, 'never closed'],
    ['text after a quote', 'a,b\n1,2\n3,"4"x\n', 3, 2, 'Invalid Closing Quote'],
    ['too few cells', 'a,b\n1,2\n3\n', 3, 2, 'the row has 1 cells, the first one has 2'],
    ['too many cells', 'a,b\n1,2,9\n', 2, 3, 'the row has 3 cells'],
    ['text', 'a,b\n1,2\n3,four\n', 3, 2, "(b): 'four' is not a number"],
    ['an empty cell', 'a,b\n,2\n', 2, 1, 'the cell is empty'],
    ['an empty file', '', 1, 1, 'is empty'],
    ['a header alone', 'a,b\n', 2, 1, 'has a header and no rows'],
    ['a repeated column', 'a,a\n1,2\n', 1, 2, "two columns are called 'a'"],
    ['numbers for a header', '1,2\n3,4\n', 1, 1, 'give { header: false }'],
  ])('reports %s with line and column', (_what, text, line, column, message) => {
    const error = errorOf(text);
    expect([error.line, error.column]).toEqual([line, column]);
    expect(error.message).toContain(message);
    expect(error.code).toBe('LAZULI_CSV');
  });
});

describe('readCsv', () => {
  it.each([
    ['breast_cancer', 569, 30],
    ['wine', 178, 13],
    ['digits', 1797, 64],
    ['diabetes', 442, 10],
  ])('reads %s', (name, rows, features) => {
    const table = readCsv(new URL(`${name}.csv`, data));
    expect(table.without('target').shape).toEqual([rows, features]);
    expect(table.column('target').data.every(Number.isFinite)).toBe(true);
  });

  it('names the file in errors', () => {
    const folder = mkdtempSync(join(tmpdir(), 'csv-'));
    try {
      const path = join(folder, 'bad.csv');
      writeFileSync(path, 'a\nx\n');
      expect(() => readCsv(path)).toThrow(`${path}, line 2, column 1 (a): 'x' is not a number`);
      expect(() => readCsv(join(folder, 'none.csv'))).toThrow('ENOENT');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
