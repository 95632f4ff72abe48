import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, CsvError, nd } from '../../dist/index.js';

const folder = mkdtempSync(join(tmpdir(), 'lazuli-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('nd.load', () => {
  it('reads real data, leaving out the names of the columns', async () => {
    const wine = nd.load(new URL('../../data/wine.csv', import.meta.url));
    expect(wine.shape).toEqual([178, 14]);
    expect((await wine.compute()).get(0, 0)).toBe(14.23);
  });

  it('takes a first line of numbers for data, unless told otherwise', async () => {
    const path = file('numbers.csv', '\uFEFF1,2\n3,4\n');
    expect((await nd.load(path).compute()).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => nd.load(path, { header: true })).toThrow('the header holds only numbers');
    const named = file('named.csv', 'a;b\n3;4\n');
    expect((await nd.load(named, { delimiter: ';' }).compute()).toNested()).toEqual([[3, 4]]);
  });

  it('says line and column of what is wrong, when the call is made', () => {
    for (const [name, text, line, column] of [
      ['cell.csv', 'a,b\n1,2\n3,x\n', 3, 2],
      ['rows.csv', 'a,b\n1,2\n3\n', 3, 2],
      ['quote.csv', 'a,b\n"1,2\n', 2, 1],
    ] as const) {
      let error: unknown;
      try {
        nd.load(file(name, text));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(CsvError);
      expect(error).toMatchObject({ line, column });
    }
    expect(() => nd.load('matrix.npy')).toThrow(ArgumentError);
  });
});
