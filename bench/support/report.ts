/** What a bench prints: the machine, and tables in Markdown that go into README.md as they are. */
import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine in one line. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${model}), ${gib} GiB, Node ${process.version}, ${process.platform}`;
}

export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(line(header));
  console.log(line(header.map(() => '---')));
  for (const row of rows) console.log(line(row));
  console.log();
}

/** Microseconds with about three digits; a dash where there is nothing. */
export function micros(seconds: number | undefined, count: number): string {
  if (seconds === undefined || Number.isNaN(seconds)) return '–';
  const value = (seconds * 1e6) / count;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** How many times as long `theirs` takes as `ours`. */
export function times(theirs: number | undefined, ours: number | undefined): string {
  if (theirs === undefined || ours === undefined) return '–';
  const ratio = theirs / ours;
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
}

/** Thousands and millions in short: 1k, 1M. */
export function short(count: number): string {
  return count >= 1_000_000 ? `${count / 1_000_000}M` : count >= 1000 ? `${Math.round(count / 1000)}k` : String(count);
}
