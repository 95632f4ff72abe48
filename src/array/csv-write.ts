/**
 * Tables as CSV text, read back by `parseCsv` to the same numbers: every number is written with the fewest digits that
 * its dtype needs, a missing one as nan.
 */
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { DType } from './dtype.js';
import type { NDArray } from './ndarray.js';

export interface CsvWriteOptions {
  /** Default ','. */
  readonly delimiter?: string;
  /** Names of the columns, written as the first line; default: none. */
  readonly columns?: readonly string[];
}

const ROWS_PER_PART = 4096;

/**
 * A matrix as CSV text, one row a line; a vector is one column, a single number one cell. The text comes in parts, so
 * that a large table is never one string. Booleans are 1 and 0. O(size).
 *
 * @throws ShapeError for more than two axes, or `columns` that are not one per column
 *
 * @example
 * const table = new NDArray(Float64Array.of(1, 0.5), { shape: [1, 2], dtype: 'float64' });
 * [...csvParts(table, { columns: ['a', 'b'] })]; // ['a,b\n', '1,0.5\n']
 */
export function* csvParts(array: NDArray, options: CsvWriteOptions = {}): Generator<string> {
  checkCsv(array.shape, options, 'csvParts');
  const { delimiter = ',', columns } = options;
  const [rows = 1, width = 1] = array.shape;
  const { data, offset } = array.isContiguous ? array : array.copy();
  const format = formatter(array.dtype);
  if (columns !== undefined) yield `${columns.map((name) => quoted(name, delimiter)).join(delimiter)}\n`;
  for (let start = 0; start < rows; start += ROWS_PER_PART) {
    const lines: string[] = [];
    for (let row = start; row < Math.min(rows, start + ROWS_PER_PART); row++) {
      const cells = new Array<string>(width);
      for (let j = 0; j < width; j++) cells[j] = format(data[offset + row * width + j]!);
      lines.push(cells.join(delimiter), '\n');
    }
    yield lines.join('');
  }
}

/** @throws what `csvParts` throws for the shape and the options, before there is an array. */
export function checkCsv(shape: readonly number[], options: CsvWriteOptions, where: string): void {
  if (shape.length > 2) {
    throw new ShapeError(`${where}: CSV holds rows and columns, not shape [${shape.join(', ')}]; save it as .npy`);
  }
  const { delimiter = ',', columns } = options;
  if (typeof delimiter !== 'string' || !/^[^\d\s.+\-"a-z]$|^\t$/i.test(delimiter)) {
    throw new OptionError(
      'delimiter',
      `${where}: delimiter ${JSON.stringify(delimiter)} is no single character that separates numbers`,
    );
  }
  if (columns === undefined) return;
  const width = shape[1] ?? 1;
  if (!Array.isArray(columns) || columns.some((name) => typeof name !== 'string')) {
    throw new OptionError('columns', `${where}: columns must be a list of names`);
  }
  if (!Number.isNaN(width) && columns.length !== width) {
    throw new ShapeError(`${where}: ${columns.length} names of columns are given for ${width} columns`);
  }
  if (new Set(columns).size < columns.length) {
    throw new ArgumentError(`${where}: two columns have the same name: ${columns.join(', ')}`);
  }
}

function quoted(name: string, delimiter: string): string {
  return name.includes(delimiter) || /["\r\n]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

function formatter(dtype: DType): (value: number) => string {
  return dtype === 'float32' ? shortestSingle : shortest;
}

function shortest(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** The fewest digits that give this float32 back: nine are always enough. */
export function shortestSingle(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return shortest(value);
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(9)));
}
