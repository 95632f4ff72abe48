/** Seconds and bytes as people read them: about three digits and the unit that fits. */

const TIMES = [
  ['s', 1],
  ['ms', 1e-3],
  ['µs', 1e-6],
] as const;

/** `1.25 s`, `12.5 ms`, `3.10 µs`. */
export function time(seconds: number): string {
  if (seconds === 0) return '0 ms';
  const [unit, scale] = TIMES.find(([, scale]) => Math.abs(seconds) >= 0.9995 * scale) ?? TIMES[2];
  return `${digits(seconds / scale)} ${unit}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `512 bytes`, `1.50 MiB`. */
export function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value.toFixed(0) : digits(value)} ${UNITS[power]}`;
}

function digits(value: number): string {
  const whole = Math.abs(value);
  return value.toFixed(whole >= 99.95 ? 0 : whole >= 9.995 ? 1 : 2);
}

/** Columns that are as wide as their widest cell; those named in `right` end at one edge. */
export function columns(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, c) => {
      widths[c] = Math.max(widths[c] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, c) => (right.has(c) ? cell.padStart(widths[c] as number) : cell.padEnd(widths[c] as number)))
      .join('  ')
      .trimEnd(),
  );
}

/** A key longer than this loses its middle. */
const MOST_LETTERS = 44;

/** A key as it stands in a table. */
export function short(text: string): string {
  if (text.length <= MOST_LETTERS) return text;
  const half = (MOST_LETTERS - 1) >> 1;
  return `${text.slice(0, MOST_LETTERS - 1 - half)}…${text.slice(-half)}`;
}
