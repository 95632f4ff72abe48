/** Arrays into files: computed, written beside the place under another name, and moved there when complete. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toNDArray } from '../array/convert.js';
import { type CsvWriteOptions, checkCsv, csvParts } from '../array/csv-write.js';
import { npyParts } from '../array/npy.js';
import { ArgumentError } from '../errors.js';
import { isChunked } from './blocks/blocked.js';
import { saveCsvBlocks, saveNpyBlocks, writeText } from './blocks/save.js';
import { type ArrayInput, asLazy } from './lazy-array.js';
import { checkNames } from './options.js';

/**
 * Computes `x` and writes it to a `.npy` file (version 1.0, little-endian, row-major, any dtype and shape) or a `.csv`
 * file (at most two axes; `columns` names them, numbers are written with as many digits as they need to be read back
 * the same). An array in blocks is written block by block, each as soon as it is computed, and is never in memory as a
 * whole. The file is complete or not there: what was there before stays until the new one is written.
 *
 * @throws (rejects with) ArgumentError for another kind of file, ShapeError for what CSV does not hold, OptionError;
 * the file system's own error when it cannot be written
 *
 * @example
 * await nd.save('out/three.npy', nd.arange(3));
 * await nd.load('out/three.npy').compute(); // [0, 1, 2]
 */
export async function save(path: string | URL, x: ArrayInput, options: CsvWriteOptions = {}): Promise<void> {
  const file = path instanceof URL ? fileURLToPath(path) : resolve(path);
  const isCsv = /\.csv$/i.test(file);
  if (!isCsv && !/\.npy$/i.test(file)) {
    throw new ArgumentError(`nd.save: '${String(path)}' is no .npy or .csv file, the kinds it writes`);
  }
  if (isCsv) checkNames('nd.save', options, ['delimiter', 'columns'], 'a .csv file takes delimiter and columns');
  else checkNames('nd.save', options, [], 'a .npy file takes none');
  const lazy = asLazy(x, 'nd.save');
  if (isCsv) checkCsv(lazy.shape, options, 'nd.save');
  if (isChunked(lazy)) {
    await replaceFile(file, (to) => (isCsv ? saveCsvBlocks(to, lazy, options) : saveNpyBlocks(to, lazy)));
    return;
  }
  const array = toNDArray(await lazy.compute(), { where: 'nd.save', dtype: lazy.dtype });
  await replaceFile(file, async (to) => {
    for (const part of isCsv ? csvParts(array, options) : npyParts(array)) await writeText(to, part);
  });
}

/** Writes to a new file in the same folder, then puts it in the place of `path` in one step. */
async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
