/** Arrays in blocks from files and into them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../../dist/array/npy.js';
import { CsvError, NDArray, NpyError, nd, OptionError } from '../../../dist/index.js';
import { arrayInChunks, nested, sizesOf } from './arrays.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'blocks-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('.npy files in blocks', () => {
  it('are written block by block to the bytes of the whole array', async () => {
    await fc.assert(
      fc.asyncProperty(arrayInChunks(), async ({ whole, chunked }) => {
        await nd.save(join(folder, 'whole.npy'), whole);
        await nd.save(join(folder, 'blocks.npy'), chunked);
        expect(readFileSync(join(folder, 'blocks.npy'))).toEqual(readFileSync(join(folder, 'whole.npy')));
      }),
      { numRuns: 30 },
    );
  });

  it('are read block by block, for any blocks', async () => {
    const call = arrayInChunks().chain((x) => fc.tuple(fc.constant(x), fc.tuple(...x.shape.map(sizesOf))));
    await fc.assert(
      fc.asyncProperty(call, async ([{ whole }, chunks]) => {
        const path = join(folder, 'read.npy');
        await nd.save(path, whole);
        const read = nd.load(path, { chunks });
        expect(read.shape).toEqual(whole.shape);
        expect(nested(await read.compute())).toEqual(nested(await whole.compute()));
      }),
      { numRuns: 30 },
    );
  });

  it('in Fortran order are read block by block too', async () => {
    const values = Float64Array.from({ length: 24 }, (_, i) => i);
    const bytes = Buffer.from(encodeNpy(new NDArray(values, { shape: [4, 6], dtype: 'float64' })));
    const path = join(folder, 'fortran.npy');
    writeFileSync(path, Buffer.from(bytes.toString('latin1').replace('False, ', 'True,  '), 'latin1'));
    const whole = await nd.load(path).compute();
    expect(whole.get(1, 0)).toBe(1);
    expect(nested(await nd.load(path, { chunks: [3, 4] }).compute())).toEqual(nested(whole));
  });

  it('are read as far as they are needed, and not after they were changed', async () => {
    const path = join(folder, 'changed.npy');
    await nd.save(path, nd.arange(100));
    const read = nd.load(path, { chunks: 10 });
    expect(read.chunks).toEqual([new Array(10).fill(10)]);
    expect(await nd.sum(nd.slice(read, [[95, null]])).compute()).toBe(485);
    await nd.save(path, nd.zeros(100));
    await expect(nd.sum(read).compute()).rejects.toMatchObject({ cause: { code: new NpyError('').code } });
  });

  it('refuse blocks that do not add up', () => {
    expect(() => nd.load(join(folder, 'changed.npy'), { chunks: [[50, 49]] })).toThrow(OptionError);
  });
});

describe('.csv files in blocks', () => {
  const text = 'a,b,c\n1,2,3\n\n4,5,6\r\n7,8,9\n10,11,12';

  it('are read by rows and columns, empty lines left out', async () => {
    const path = join(folder, 'table.csv');
    writeFileSync(path, text);
    for (const chunks of [1, 2, 3, [3, 2], [[1, 3], [3]]] as const) {
      const read = nd.load(path, { chunks });
      expect(read.shape).toEqual([4, 3]);
      expect(nested(await read.compute())).toEqual(nested(await nd.load(path).compute()));
    }
  });

  it('are written in blocks as they are in one', async () => {
    const x = nd.reshape(nd.arange(12), [6, 2]);
    const columns = ['x', 'y'];
    await nd.save(join(folder, 'one.csv'), x, { columns });
    await nd.save(join(folder, 'many.csv'), nd.rechunk(x, [4, 1]), { columns });
    expect(readFileSync(join(folder, 'many.csv'), 'utf8')).toBe(readFileSync(join(folder, 'one.csv'), 'utf8'));
  });

  it('say in which line of the file something is wrong', async () => {
    const path = join(folder, 'bad.csv');
    writeFileSync(path, 'a,b\n1,2\n3,4\n5,x\n');
    const error: unknown = await nd
      .load(path, { chunks: 2 })
      .compute()
      .catch((reason: unknown) => (reason as Error).cause ?? reason);
    expect((error as Error).message).toContain('line 4, column 2');
    writeFileSync(path, '1,2\n3,4\n5\n6\n');
    await expect(nd.load(path, { chunks: 2 }).compute()).rejects.toThrow('line 3, column 2');
    writeFileSync(path, '');
    expect(() => nd.load(path, { chunks: 2 })).toThrow(CsvError);
  });
});
