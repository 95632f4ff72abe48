/**
 * Arrays from files. What is wrong with a file is found when the call is made: a table is read then, of a `.npy` file
 * the header and the size, while its data is read by a task when the array is computed.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CsvOptions, parseCsv } from '../array/csv.js';
import type { NDArray } from '../array/ndarray.js';
import { type NpyHeader, readNpy, readNpyBlock, readNpyHeader } from '../array/npy.js';
import { ArgumentError, NpyError } from '../errors.js';
import { blocksBy } from './blocks/blocked.js';
import { chunksFor } from './blocks/budget.js';
import { loadCsvBlocks, startsWithNumbers } from './blocks/csv.js';
import { blockCount, type Chunks, chosenSizes } from './blocks/grid.js';
import { type InlineTask, inlineTask, lazyResult } from './inline.js';
import { type LazyArray, leaf } from './lazy-array.js';
import { checkNames } from './options.js';

export interface LoadOptions extends CsvOptions {
  /**
   * Blocks: one size for all axes, a size per axis, or the exact sizes per axis; of a table the rows alone are cut where
   * it is read. Each block is read by a task of its own, and only it. Default: one block up to 512 MiB.
   */
  readonly chunks?: Chunks;
}

/**
 * The array in a file. A `.npy` file (versions 1.0 to 3.0) keeps its shape and dtype: int8, int16 and uint16 become
 * int32, int64 and uint64 become float64 (an error where that is not exact), float16 becomes float32. A `.csv` file is
 * a float64 array of shape (rows, columns); a first line that does not hold numbers names the columns and is left out,
 * `header` says so outright. For columns by name see `readCsv`.
 *
 * @throws CsvError with line and column, or NpyError, for a malformed file; DTypeError for a `.npy` file of what is no
 * real numbers; ArgumentError for another kind of file; the file system's own error when it cannot be read
 *
 * @example
 * nd.load('data/wine.csv').shape; // [178, 14]
 */
export function load(path: string | URL, options: LoadOptions = {}): LazyArray {
  const name = String(path);
  if (/\.npy$/i.test(name)) return loadNpy(path, options);
  if (!/\.csv$/i.test(name)) throw new ArgumentError(`nd.load: '${name}' is no .npy or .csv file, the kinds it reads`);
  checkNames('nd.load', options, ['header', 'delimiter', 'chunks'], 'a .csv file takes header, delimiter and chunks');
  const { chunks, ...rest } = options;
  if (chunks !== undefined)
    return loadCsvBlocks(path instanceof URL ? fileURLToPath(path) : resolve(path), chunks, rest);
  const text = readFileSync(path, 'utf8');
  const header = options.header ?? !startsWithNumbers(text, options.delimiter ?? ',');
  return leaf(parseCsv(text, { ...rest, header }, name).data, 'load');
}

function loadNpy(path: string | URL, options: LoadOptions): LazyArray {
  checkNames('nd.load', options, ['chunks'], 'a .npy file takes chunks');
  const file = path instanceof URL ? fileURLToPath(path) : resolve(path);
  const header = readNpyHeader(file);
  const { shape, dtype } = header;
  const modified = statSync(file).mtimeMs;
  const sizes = chosenSizes('nd.load', options.chunks, shape, chunksFor(shape, dtype));
  if (sizes === undefined || blockCount(sizes) === 1) return lazyResult(npyTask(file, header, modified), header);
  return blocksBy(sizes, (own, start) =>
    lazyResult(npyBlockTask(file, header, modified, start, own), { shape: own, dtype }),
  );
}

/** @internal The body of a task that reads a block of a `.npy` file, which must be the one whose header is known. */
export function readKnownNpyBlock(
  path: string,
  header: NpyHeader,
  modified: number,
  start: readonly number[],
  shape: readonly number[],
): NDArray {
  checkUnchanged(path, modified);
  return readNpyBlock(path, header, start, shape);
}

function checkUnchanged(path: string, modified: number): void {
  if (statSync(path).mtimeMs === modified) return;
  throw new NpyError(`${path} was changed since nd.load was called; load it again`);
}

/** @internal The body of a task that reads a `.npy` file, which must be the one whose header is known. */
export function readKnownNpy(path: string, header: NpyHeader, modified: number): NDArray {
  checkUnchanged(path, modified);
  return readNpy(path, header);
}

/** Seconds for a file from the disk's cache: about a gigabyte a second. */
const cost = (shape: readonly number[]): { seconds: number } => ({
  seconds: 2e-5 + shape.reduce((bytes, length) => bytes * length, 8e-9),
});

const npyTask: InlineTask = inlineTask('load', readKnownNpy, import.meta.url, (_path: string, header: NpyHeader) =>
  cost(header.shape),
);

const npyBlockTask: InlineTask = inlineTask(
  'load',
  readKnownNpyBlock,
  import.meta.url,
  (_path: string, _header: NpyHeader, _modified: number, _start: readonly number[], shape: readonly number[]) =>
    cost(shape),
);
