/**
 * A profile in Chrome's trace-event format ("Trace Event Format", the JSON object form): complete events (`X`) for
 * tasks, transfers and spills, counters (`C`) for memory, instants (`i`) for errors, metadata (`M`) for names.
 * Times there are in microseconds.
 */
import { threadName } from './colour.js';
import { describeError } from './format.js';
import type { Profile } from './profile.js';

export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'C' | 'i' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly s?: 'g';
  readonly args: Readonly<Record<string, string | number>>;
}

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string | number>>;
}

const pid = 1;
/** Lanes of their own, beyond any thread's number. */
const transferLane = 1_000_001;
const spillLane = 1_000_002;

export function toTrace({ start, tasks, transfers, spills, errors }: Profile): Trace {
  const micro = (seconds: number) => seconds * 1e6;
  const span = (from: number, to: number) => ({ ts: micro(from), dur: Math.max(0, micro(to - from)) });
  const events: TraceEvent[] = [{ name: 'process_name', ph: 'M', pid, tid: 0, args: { name: 'lazuli' } }];
  const lane = (tid: number, name: string) => events.push({ name: 'thread_name', ph: 'M', pid, tid, args: { name } });
  const threads = [...new Set(tasks.map((task) => task.thread))].sort((a, b) => a - b);
  for (const thread of threads) lane(thread, threadName(thread) ?? '');
  if (transfers.length > 0) lane(transferLane, 'transfers');
  if (spills.length > 0) lane(spillLane, 'disk');

  for (const task of tasks) {
    const { name, key, device, thread, bytes } = task;
    events.push({
      name,
      cat: 'task',
      ph: 'X',
      pid,
      tid: thread,
      ...span(task.start, task.end),
      args: { key, device, bytes },
    });
    if (task.used !== undefined) {
      events.push({ name: 'memory', ph: 'C', pid, tid: 0, ts: micro(task.end), args: { bytes: task.used } });
    }
  }
  for (const { key, from, to, bytes, ...time } of transfers) {
    events.push({
      name: `${from} to ${to}`,
      cat: 'transfer',
      ph: 'X',
      pid,
      tid: transferLane,
      ...span(time.start, time.end),
      args: { key, bytes },
    });
  }
  for (const { key, direction, bytes, ...time } of spills) {
    const name = direction === 'out' ? 'spill' : 'reload';
    events.push({
      name,
      cat: 'spill',
      ph: 'X',
      pid,
      tid: spillLane,
      ...span(time.start, time.end),
      args: { key, bytes },
    });
  }
  for (const { key, name, error, time, retrying } of errors) {
    const args = { key, error: describeError(error), outcome: retrying ? 'retried' : 'failed' };
    events.push({ name: `error in ${name}`, cat: 'error', ph: 'i', s: 'g', pid, tid: 0, ts: micro(time), args });
  }
  const otherData =
    start === undefined
      ? {}
      : { tasks: start.tasks, scheduler: start.scheduler, workers: start.workers, startedAt: start.startedAt };
  return { traceEvents: events, displayTimeUnit: 'ms', otherData };
}
