/**
 * What is known of one run, as plain data, and the table by function made from it. Times are seconds since the start
 * of the run, sizes bytes.
 */
import type {
  RunFinishEvent,
  RunStartEvent,
  SpillEvent,
  TaskEndEvent,
  TaskErrorEvent,
  TransferEvent,
} from '../scheduler/observer.js';

/** Everything a profiler knows of one run, plain data. */
export interface Profile {
  readonly start: RunStartEvent | undefined;
  readonly finish: RunFinishEvent | undefined;
  readonly tasks: readonly TaskEndEvent[];
  readonly transfers: readonly TransferEvent[];
  readonly spills: readonly SpillEvent[];
  readonly errors: readonly TaskErrorEvent[];
}

/** One row of `summary()`: all tasks with one name. Seconds and bytes. */
export interface FunctionSummary {
  readonly name: string;
  readonly count: number;
  readonly total: number;
  readonly mean: number;
  readonly max: number;
  readonly bytes: number;
  readonly devices: readonly string[];
}

/** Groups tasks by name, the most expensive first. O(tasks). */
export function summarise(tasks: readonly TaskEndEvent[]): FunctionSummary[] {
  const rows = new Map<string, { count: number; total: number; max: number; bytes: number; devices: Set<string> }>();
  for (const task of tasks) {
    let row = rows.get(task.name);
    if (row === undefined) {
      row = { count: 0, total: 0, max: 0, bytes: 0, devices: new Set() };
      rows.set(task.name, row);
    }
    const seconds = task.end - task.start;
    row.count++;
    row.total += seconds;
    row.max = Math.max(row.max, seconds);
    row.bytes += task.bytes;
    row.devices.add(task.device);
  }
  return Array.from(rows, ([name, row]) => ({
    ...row,
    name,
    mean: row.total / row.count,
    devices: [...row.devices].sort(),
  })).sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}
