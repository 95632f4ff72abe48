/** Arrays into files: computed, written beside the place under another name, and moved there when complete. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toNDArray } from '../array/convert.js';
import { type CsvWriteOptions, checkCsv, csvParts } from '../array/csv-write.js';
import { npyParts } from '../array/npy.js';
import { ArgumentError } from '../errors.js';
import { type ArrayInput, asLazy } from './lazy-array.js';
import { checkNames } from './options.js';

/**
 * Computes `x` and writes it to a `.npy` file (version 1.0, little-endian, row-major, any dtype and shape) or a `.csv`
 * file (at most two axes; `columns` names them, numbers are written with as many digits as they need to be read back
 * the same). The file is complete or not there: what was there before stays until the new one is written.
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
  const array = toNDArray(await lazy.compute(), { where: 'nd.save', dtype: lazy.dtype });
  await replaceFile(file, isCsv ? csvParts(array, options) : npyParts(array));
}

/** Writes to a new file in the same folder, then puts it in the place of `path` in one step. */
async function replaceFile(path: string, parts: Iterable<Uint8Array | string>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const part of parts) await writeWhole(file, typeof part === 'string' ? Buffer.from(part) : part);
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

/** A single write takes less than 2 GiB and may write less than it is given. */
async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, Math.min(bytes.length - written, 1 << 30));
    written += bytesWritten;
  }
}
