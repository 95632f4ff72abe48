/**
 * Numeric tables from CSV. Reading is csv-parse's work; here its errors get a line and a column, every cell must be a
 * number, and the table becomes one row-major float64 array whose columns have names.
 */
import { readFileSync } from 'node:fs';
import { CsvError as ParseError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { CsvError, nearest, OptionError } from '../errors.js';
import { NDArray } from './ndarray.js';

export interface CsvOptions {
  /** Whether the first line names the columns; default true. Without it they are called '0', '1', … */
  readonly header?: boolean;
  /** Default ','. */
  readonly delimiter?: string;
}

/**
 * A table of numbers: `data` is float64 of shape (rows, columns).
 *
 * @example
 * const table = parseCsv('a,b,target\n1,2,0\n3,4,1\n');
 * table.column('target').toNested(); // [0, 1]
 * table.without('target').toNested(); // [[1, 2], [3, 4]]
 */
export class CsvTable {
  readonly columns: readonly string[];
  readonly data: NDArray;

  constructor(columns: readonly string[], data: NDArray) {
    this.columns = columns;
    this.data = data;
  }

  /** The number of rows. */
  get rows(): number {
    return this.data.shape[0] ?? 0;
  }

  /** One column, of shape (rows). @throws OptionError when there is none of that name. */
  column(name: string): NDArray {
    const index = this.#index(name);
    const width = this.columns.length;
    const values = new Float64Array(this.rows);
    for (let row = 0; row < values.length; row++) values[row] = this.data.data[row * width + index] ?? 0;
    return new NDArray(values, { shape: [this.rows], dtype: 'float64' });
  }

  /** The columns of these names in this order, of shape (rows, names). */
  select(...names: string[]): NDArray {
    const indices = names.map((name) => this.#index(name));
    const width = this.columns.length;
    const values = new Float64Array(this.rows * indices.length);
    let written = 0;
    for (let row = 0; row < this.rows; row++) {
      for (const index of indices) values[written++] = this.data.data[row * width + index] ?? 0;
    }
    return new NDArray(values, { shape: [this.rows, indices.length], dtype: 'float64' });
  }

  /** All columns but these, in the file's order. */
  without(...names: string[]): NDArray {
    for (const name of names) this.#index(name);
    return this.select(...this.columns.filter((column) => !names.includes(column)));
  }

  #index(name: string): number {
    const index = this.columns.indexOf(name);
    if (index >= 0) return index;
    const guess = nearest(name, this.columns);
    const hint = guess === undefined ? `the columns are ${this.columns.join(', ')}` : `did you mean '${guess}'?`;
    throw new OptionError(name, `CsvTable: there is no column '${name}'; ${hint}`);
  }
}

/**
 * The table of a CSV file, read and checked at once.
 *
 * @throws CsvError with line and column (both from 1) for an unclosed quote, rows of unequal length, a cell that is
 * not a number, or a file without data; and the file system's own error when the file cannot be read
 */
export function readCsv(path: string | URL, options: CsvOptions = {}): CsvTable {
  return parseCsv(readFileSync(path, 'utf8'), options, String(path));
}

/** The table of CSV text; as `readCsv`. `name` is how messages call it. O(characters). */
export function parseCsv(text: string, options: CsvOptions = {}, name = 'the CSV text'): CsvTable {
  for (const option of Object.keys(options)) {
    if (option !== 'header' && option !== 'delimiter') {
      throw new OptionError(option, `parseCsv: there is no option '${option}'; use header or delimiter`);
    }
  }
  const records = read(text, options.delimiter ?? ',', name);
  const header = options.header ?? true;
  const first = records[0];
  if (first === undefined) throw new CsvError(`${name} is empty`, 1, 1);
  const columns = header ? first.record.map((column) => column.trim()) : first.record.map((_, j) => String(j));
  const start = header ? 1 : 0;
  const rows = records.length - start;
  if (rows === 0) throw new CsvError(`${name} has a header and no rows`, first.line + 1, 1);
  if (header) checkHeader(columns, first.line, name);
  const data = new Float64Array(rows * columns.length);
  let written = 0;
  for (let i = start; i < records.length; i++) {
    const { record, line } = records[i]!;
    for (let j = 0; j < columns.length; j++) data[written++] = toNumber(record[j] ?? '', line, j, columns, name);
  }
  return new CsvTable(columns, new NDArray(data, { shape: [rows, columns.length], dtype: 'float64' }));
}

interface Line {
  readonly record: readonly string[];
  readonly line: number;
}

function read(text: string, delimiter: string, name: string): Line[] {
  try {
    const parsed = parse(text, { info: true, bom: true, skip_empty_lines: true, delimiter }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw located(error, text, name);
  }
}

function located(error: ParseError, text: string, name: string): CsvError {
  let line = Number(error.lines ?? 1);
  let column = typeof error.column === 'number' ? error.column + 1 : 1;
  let message = error.message;
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    // The parser notices at the end of the text; the line where the record began is the one to look at.
    const before = Buffer.from(text).subarray(0, Number(error.bytes ?? 0));
    line = before.toString().split('\n').length;
    message = 'a quote is opened and never closed';
  } else if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    const found = Array.isArray(error.record) ? error.record.length : 0;
    const expected = Number(/expect (\d+)/.exec(error.message)?.[1] ?? found);
    column = Math.min(found, expected) + 1;
    message = `the row has ${found} cells, the first one has ${expected}; every row must have as many`;
  }
  return new CsvError(`${name}, line ${line}, column ${column}: ${message}`, line, column, { cause: error });
}

function checkHeader(columns: readonly string[], line: number, name: string): void {
  const seen = new Set<string>();
  columns.forEach((column, j) => {
    if (seen.has(column)) {
      throw new CsvError(`${name}, line ${line}, column ${j + 1}: two columns are called '${column}'`, line, j + 1);
    }
    seen.add(column);
  });
  if (columns.every((column) => column !== '' && Number.isFinite(Number(column)))) {
    const message = `${name}, line ${line}: the header holds only numbers; give { header: false } when there is none`;
    throw new CsvError(message, line, 1);
  }
}

const named = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

function toNumber(cell: string, line: number, j: number, columns: readonly string[], name: string): number {
  const trimmed = cell.trim();
  const value = trimmed === '' ? Number.NaN : Number(trimmed);
  if (!Number.isNaN(value)) return value;
  const special = named.get(trimmed.toLowerCase());
  if (special !== undefined) return special;
  const what = trimmed === '' ? 'the cell is empty' : `'${cell}' is not a number`;
  const hint = trimmed === '' ? '; write nan for a missing value' : '';
  throw new CsvError(`${name}, line ${line}, column ${j + 1} (${columns[j]}): ${what}${hint}`, line, j + 1);
}
