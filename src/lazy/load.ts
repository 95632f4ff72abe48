/**
 * Arrays from files. What is wrong with a file is found when the call is made: a table is read then, of a `.npy` file
 * the header and the size, while its data is read by a task when the array is computed.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CsvOptions, parseCsv } from '../array/csv.js';
import type { NDArray } from '../array/ndarray.js';
import { type NpyHeader, readNpy, readNpyHeader } from '../array/npy.js';
import { ArgumentError, NpyError } from '../errors.js';
import { delayed } from '../graph/delayed.js';
import { REFERENCE } from '../graph/reference.js';
import { type InlineTask, lazyResult } from './inline.js';
import { type LazyArray, leaf } from './lazy-array.js';
import { checkNames } from './options.js';

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
export function load(path: string | URL, options: CsvOptions = {}): LazyArray {
  const name = String(path);
  if (/\.npy$/i.test(name)) return loadNpy(path, options);
  if (!/\.csv$/i.test(name)) throw new ArgumentError(`nd.load: '${name}' is no .npy or .csv file, the kinds it reads`);
  checkNames('nd.load', options, ['header', 'delimiter'], 'a .csv file takes header and delimiter');
  const text = readFileSync(path, 'utf8');
  const header = options.header ?? !startsWithNumbers(text, options.delimiter ?? ',');
  return leaf(parseCsv(text, { ...options, header }, name).data, 'load');
}

function startsWithNumbers(text: string, delimiter: string): boolean {
  const [line = ''] = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/\r?\n/, 1);
  return line.split(delimiter).every((cell) => cell.trim() !== '' && Number.isFinite(Number(cell)));
}

function loadNpy(path: string | URL, options: object): LazyArray {
  checkNames('nd.load', options, [], 'a .npy file takes none');
  const file = path instanceof URL ? fileURLToPath(path) : resolve(path);
  const header = readNpyHeader(file);
  return lazyResult(npyTask(file, header, statSync(file).mtimeMs), header);
}

/** @internal The body of a task that reads a `.npy` file, which must be the one whose header is known. */
export function readKnownNpy(path: string, header: NpyHeader, modified: number): NDArray {
  if (statSync(path).mtimeMs !== modified) {
    throw new NpyError(`${path} was changed since nd.load was called; load it again`);
  }
  return readNpy(path, header);
}

Object.defineProperty(readKnownNpy, REFERENCE, {
  value: Object.freeze({ url: import.meta.url, export: readKnownNpy.name }),
});

/** Seconds for a file from the disk's cache: about a gigabyte a second. */
const cost = (_path: string, { shape }: NpyHeader): { seconds: number } => ({
  seconds: 2e-5 + shape.reduce((bytes, length) => bytes * length, 8e-9),
});

const npyTask = delayed(readKnownNpy, { name: 'load', pure: true, cost }) as unknown as InlineTask;
