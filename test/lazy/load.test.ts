import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { toNDArray } from '../../dist/array/convert.js';
import { ArgumentError, CsvError, delayed, NDArray, NpyError, nd, ShapeError } from '../../dist/index.js';

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
    expect(() => nd.load('matrix.mat')).toThrow(ArgumentError);
    expect(() => nd.load(new URL('../../data/wine.csv', import.meta.url), { headers: true } as object)).toThrow(
      "nd.load: there is no option 'headers'; did you mean 'header'?",
    );
  });

  it('knows a .npy file by its header, and reads its data when it is computed', async () => {
    const path = join(folder, 'x.npy');
    await nd.save(path, nd.array([[1, 2, 3]], { dtype: 'int32' }));
    const x = nd.load(path);
    expect([x.shape, x.dtype]).toEqual([[1, 3], 'int32']);
    expect(x.key).toBe(nd.load(pathToFileURL(path)).key);
    const found = await x.compute();
    expect([found.dtype, found.toNested()]).toEqual(['int32', [[1, 2, 3]]]);
    expect(await nd.sum(nd.load(path)).compute()).toBe(6);
  });

  it('finds what is wrong with a .npy file when the call is made', async () => {
    const path = join(folder, 'short.npy');
    await nd.save(path, nd.arange(10));
    truncateSync(path, 150);
    expect(() => nd.load(path)).toThrow(NpyError);
    expect(() => nd.load(path)).toThrow('needs 208: it is cut short');
    expect(() => nd.load(join(folder, 'none.npy'))).toThrow(/ENOENT/);
    expect(() => nd.load(path, { header: true })).toThrow("there is no option 'header'; a .npy file takes chunks");
  });

  it('refuses a .npy file that was changed after the call', async () => {
    const path = join(folder, 'changing.npy');
    await nd.save(path, nd.arange(10));
    const x = nd.load(path);
    utimesSync(path, 1, 1);
    await expect(x.compute()).rejects.toThrow('was changed since nd.load was called');
  });
});

describe('nd.save', () => {
  it('writes any array to .npy', async () => {
    const path = join(folder, 'any.npy');
    for (const value of [7, [1.5, Number.NaN], [[true], [false]], Uint32Array.of(1, 2), []]) {
      await nd.save(path, value);
      const x = nd.load(path);
      expect([x.dtype, x.shape]).toEqual([nd.array(value).dtype, nd.array(value).shape]);
      const found: unknown = await x.compute();
      expect(found instanceof NDArray ? found.toNested() : found).toEqual(toNDArray(value).toNested());
    }
    await nd.save(path, nd.add(nd.arange(3), 1));
    expect((await nd.load(path).compute()).toNested()).toEqual([1, 2, 3]);
  });

  it('writes tables to .csv', async () => {
    const path = join(folder, 'table.csv');
    await nd.save(
      pathToFileURL(path),
      [
        [0.1, 1],
        [1e-7, Number.NaN],
      ],
      { columns: ['a', 'b'], delimiter: ';' },
    );
    expect(readFileSync(path, 'utf8')).toBe('a;b\n0.1;1\n1e-7;nan\n');
    expect((await nd.load(path, { delimiter: ';' }).compute()).toNested()).toEqual([
      [0.1, 1],
      [1e-7, Number.NaN],
    ]);
    await nd.save(path, nd.array([1, 2], { dtype: 'float32' }));
    expect(readFileSync(path, 'utf8')).toBe('1\n2\n');
  });

  it('leaves what was there when it fails, and nothing beside it', async () => {
    const path = join(folder, 'kept.npy');
    await nd.save(path, [1, 2]);
    const failing = nd.fromDelayed(
      delayed((): number[] => {
        throw new Error('no');
      })(),
      { shape: [2] },
    );
    await expect(nd.save(path, failing)).rejects.toThrow('no');
    await expect(nd.save(join(folder, 'no', 'such', 'folder.npy'), [1])).rejects.toThrow(/ENOENT/);
    expect((await nd.load(path).compute()).toNested()).toEqual([1, 2]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('refuses what it cannot write', async () => {
    await expect(nd.save('x.txt', [1])).rejects.toThrow("nd.save: 'x.txt' is no .npy or .csv file");
    await expect(nd.save('x.csv', [[[1]]])).rejects.toThrow(ShapeError);
    await expect(nd.save('x.csv', [[1, 2]], { columns: ['a'] })).rejects.toThrow(ShapeError);
    await expect(nd.save('x.npy', [1], { columns: ['a'] })).rejects.toThrow('a .npy file takes none');
    await expect(nd.save('x.csv', [1], { delimeter: ';' } as object)).rejects.toThrow("did you mean 'delimiter'?");
  });
});
