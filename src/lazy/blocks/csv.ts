/**
 * Tables from CSV files in blocks of rows. When the call is made the file is walked through once, a piece at a time, to
 * find where its rows begin; each block is then read and parsed by a task of its own, which touches no other bytes.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { type CsvOptions, parseCsv } from '../../array/csv.js';
import type { NDArray } from '../../array/ndarray.js';
import { CsvError } from '../../errors.js';
import { type InlineTask, inlineTask, lazyResult } from '../inline.js';
import type { LazyArray } from '../lazy-array.js';
import { blocksBy } from './blocked.js';
import { type Chunks, chunkSizes, type Sizes } from './grid.js';
import { rechunked } from './rechunk.js';

const PIECE = 1 << 20;
const [QUOTE, FEED, RETURN] = [34, 10, 13];

/** Where the rows of a file begin, and on which lines (from 1); empty lines are no rows. */
interface Rows {
  readonly starts: readonly number[];
  readonly lines: readonly number[];
  /** The bytes of the file. */
  readonly end: number;
}

/** O(bytes), a piece of the file in memory at a time. */
function findRows(path: string): Rows {
  const starts: number[] = [];
  const lines: number[] = [];
  const piece = Buffer.allocUnsafe(PIECE);
  const file = openSync(path, 'r');
  let [position, line, start] = [0, 1, 0];
  let [isQuoted, isEmpty] = [false, true];
  try {
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) {
      for (let i = 0; i < count; i++, position++) {
        const byte = piece[i]!;
        if (byte === QUOTE) isQuoted = !isQuoted;
        if (byte === FEED) {
          line++;
          if (isQuoted) continue;
          start = position + 1;
          isEmpty = true;
        } else if (isEmpty && byte !== RETURN) {
          isEmpty = false;
          starts.push(start);
          lines.push(line);
        }
      }
    }
  } finally {
    closeSync(file);
  }
  return { starts, lines, end: position };
}

function textBetween(path: string, from: number, to: number): string {
  const bytes = Buffer.allocUnsafe(to - from);
  const file = openSync(path, 'r');
  try {
    for (let read = 0; read < bytes.length; ) {
      const count = readSync(file, bytes, read, bytes.length - read, from + read);
      if (count === 0) throw new CsvError(`${path} was cut short while it was read`, 1, 1);
      read += count;
    }
  } finally {
    closeSync(file);
  }
  // one kind of line end, whatever the block begins with
  return bytes.toString('utf8').replaceAll('\r\n', '\n');
}

/** Whether the first line holds numbers: then it names no columns. */
export function startsWithNumbers(text: string, delimiter: string): boolean {
  const [line = ''] = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/\r?\n/, 1);
  return line.split(delimiter).every((cell) => cell.trim() !== '' && Number.isFinite(Number(cell)));
}

/**
 * The table in a file, in blocks. Columns are cut after reading: a row is read whole.
 *
 * @throws CsvError for a file without rows; what is wrong with a row is found when its block is computed
 */
export function loadCsvBlocks(path: string, chunks: Chunks, options: CsvOptions): LazyArray {
  const { delimiter = ',' } = options;
  const { starts, lines, end } = findRows(path);
  if (starts.length === 0) throw new CsvError(`${path} is empty`, 1, 1);
  const first = textBetween(path, starts[0]!, starts[1] ?? end);
  const header = options.header ?? !startsWithNumbers(first, delimiter);
  const skipped = header ? 1 : 0;
  const rows = starts.length - skipped;
  if (rows === 0) throw new CsvError(`${path} has a header and no rows`, lines[0]! + 1, 1);
  const from = (row: number): number => starts[row + skipped] ?? end;
  const sample = textBetween(path, from(0), from(1));
  const width = atLine(lines[skipped]!, () => parseCsv(sample, { header: false, delimiter }, path).columns.length);
  const modified = statSync(path).mtimeMs;
  const sizes: Sizes = chunkSizes('nd.load', chunks, [rows, width]);
  const read = blocksBy([sizes[0]!, [width]], ([count], [row]) => {
    const [begin, stop] = [from(row!), from(row! + count!)];
    const block = csvTask(path, modified, begin, stop, lines[row! + skipped], width, delimiter);
    return lazyResult(block, { shape: [count!, width], dtype: 'float64' });
  });
  return rechunked(read, sizes);
}

/** @internal The body of a task that reads the rows between two bytes of a file. */
export function readCsvRows(
  path: string,
  modified: number,
  from: number,
  to: number,
  line: number,
  width: number,
  delimiter: string,
): NDArray {
  if (statSync(path).mtimeMs !== modified) {
    throw new CsvError(`${path} was changed since nd.load was called; load it again`, 1, 1);
  }
  const { data, columns } = atLine(line, () =>
    parseCsv(textBetween(path, from, to), { header: false, delimiter }, path),
  );
  if (columns.length === width) return data;
  throw new CsvError(
    `${path}, line ${line}, column ${Math.min(width, columns.length) + 1}: the row has ${columns.length} cells, the first one has ${width}; every row must have as many`,
    line,
    Math.min(width, columns.length) + 1,
  );
}

/** What `read` reads of a file from a line on; its errors count the lines from there. */
function atLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const own = error.line + line - 1;
    throw new CsvError(error.message.replace(/, line \d+/, `, line ${own}`), own, error.column, { cause: error });
  }
}

/** Seconds for parsing: about 20 megabytes a second. */
const cost = (_path: string, _modified: number, from: number, to: number): { seconds: number } => ({
  seconds: 2e-5 + (to - from) * 5e-8,
});

const csvTask: InlineTask = inlineTask('load', readCsvRows, import.meta.url, cost);
