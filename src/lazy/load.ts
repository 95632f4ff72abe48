/** Arrays from files. A file is read and checked when the call is made, so that a malformed one is found before any work. */
import { readFileSync } from 'node:fs';
import { type CsvOptions, parseCsv } from '../array/csv.js';
import { ArgumentError } from '../errors.js';
import { type LazyArray, leaf } from './lazy-array.js';

/**
 * The numbers of a `.csv` file as a float64 array of shape (rows, columns). A first line that does not hold numbers
 * names the columns and is left out; `header` says so outright. For columns by name see `readCsv`.
 *
 * @throws CsvError with line and column for a malformed file; ArgumentError for another kind of file; the file
 * system's own error when it cannot be read
 *
 * @example
 * nd.load('data/wine.csv').shape; // [178, 14]
 */
export function load(path: string | URL, options: CsvOptions = {}): LazyArray {
  const name = String(path);
  if (!/\.csv$/i.test(name)) throw new ArgumentError(`nd.load: '${name}' is no .csv file, the only kind it reads`);
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
