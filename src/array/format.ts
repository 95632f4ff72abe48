/**
 * How an array is shown, as NumPy shows it: rows in brackets, numbers in columns, eight digits at most, and of a large
 * array only the ends of every axis.
 */
import type { DType } from './dtype.js';

/** What of an array is needed to show it. */
interface Shown {
  readonly shape: readonly number[];
  readonly ndim: number;
  readonly size: number;
  readonly dtype: DType;
  get(): number | boolean;
  at(index: number): Shown | number | boolean;
}

/** Beyond this many elements only the ends are shown. */
const THRESHOLD = 1000;
/** How many items of each end. */
const EDGE = 3;
const DIGITS = 8;
const LINE = 75;

/**
 * The elements of `array` as text.
 *
 * @example
 * formatArray(new NDArray(Float64Array.of(1, 2.5, -3), { shape: [3], dtype: 'float64' })); // '[ 1.   2.5 -3. ]'
 */
export function formatArray(array: Shown): string {
  const isShort = array.size > THRESHOLD;
  const shown: (number | boolean)[] = [];
  visit(array, isShort, (value) => shown.push(value));
  const format = formatter(shown, array.dtype === 'float64' || array.dtype === 'float32');
  return render(array, isShort, format, 1);
}

/** The positions of an axis that are shown; −1 stands for what is left out. */
function positions(length: number, isShort: boolean): number[] {
  const all = Array.from({ length: isShort ? Math.min(length, 2 * EDGE + 1) : length }, (_, i) => i);
  if (!isShort || length <= 2 * EDGE) return all;
  return [...all.slice(0, EDGE), -1, ...all.slice(0, EDGE).map((i) => length - EDGE + i)];
}

function visit(array: Shown, isShort: boolean, see: (value: number | boolean) => void): void {
  if (array.ndim === 0) {
    see(array.get());
    return;
  }
  for (const i of positions(array.shape[0]!, isShort)) {
    if (i < 0) continue;
    const item = array.at(i);
    if (typeof item === 'object') visit(item, isShort, see);
    else see(item);
  }
}

function render(array: Shown, isShort: boolean, format: (value: number | boolean) => string, depth: number): string {
  if (array.ndim === 0) return format(array.get()).trim();
  const items = positions(array.shape[0]!, isShort).map((i) => {
    if (i < 0) return '...';
    const item = array.at(i);
    return typeof item === 'object' ? render(item, isShort, format, depth + 1) : format(item);
  });
  const indent = ' '.repeat(depth);
  if (array.ndim > 1) return `[${items.join('\n'.repeat(array.ndim - 1) + indent)}]`;
  let text = '';
  let line = depth;
  items.forEach((item, i) => {
    if (i > 0) {
      const fits = line + 1 + item.length < LINE;
      text += fits ? ' ' : `\n${indent}`;
      line = fits ? line + 1 : depth;
    }
    text += item;
    line += item.length;
  });
  return `[${text}]`;
}

/** One format for all shown values: equally wide, with the point in one column. */
function formatter(values: readonly (number | boolean)[], isFloat: boolean): (value: number | boolean) => string {
  const format = isFloat ? floatFormat(values.map(Number).filter(Number.isFinite)) : String;
  const width = values.reduce((most: number, value) => Math.max(most, format(value as number).length), 0);
  return (value) => format(value as number).padStart(width);
}

function floatFormat(finite: readonly number[]): (value: number) => string {
  const sizes = finite.map(Math.abs).filter((value) => value > 0);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const isScientific = sizes.length > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1e3);
  const special = (value: number): string => (Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');
  if (isScientific && finite.some((value) => !Number.isInteger(value) || Math.abs(value) >= 1e8)) {
    const digits = finite.map((value) => /\.?0*e/.exec(value.toExponential(DIGITS))!.index);
    const decimals = finite.reduce(
      (most_, value, i) => Math.max(most_, digits[i]! - (value < 0 || Object.is(value, -0) ? 3 : 2)),
      0,
    );
    return (value) => (Number.isFinite(value) ? exponential(value, Math.max(0, decimals)) : special(value));
  }
  const decimals = finite.reduce((most_, value) => Math.max(most_, fraction(value).length), 0);
  return (value) => {
    if (!Number.isFinite(value)) return special(value);
    const sign = Object.is(value, -0) ? '-' : '';
    const text = `${sign}${value.toFixed(Math.min(DIGITS, decimals))}`;
    const [whole = '', digits = ''] = text.split('.');
    return `${whole}.${digits.replace(/0+$/, '').padEnd(decimals)}`;
  };
}

/** The digits after the point, at most eight, without zeros at the end. */
function fraction(value: number): string {
  return (value.toFixed(DIGITS).split('.')[1] ?? '').replace(/0+$/, '');
}

function exponential(value: number, decimals: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(decimals).split('e');
  const sign = Object.is(value, -0) ? '-' : '';
  const digits = exponent.slice(1).padStart(2, '0');
  return `${sign}${mantissa}${decimals === 0 ? '.' : ''}e${exponent[0]}${digits}`;
}
