/**
 * What a run tells: events to observers while it goes, and the record of the last run afterwards. Times are taken in
 * typed arrays, and the record's objects are made only when somebody reads them, so that a million tasks cost little.
 */
import type { Program } from '../graph/program.js';
import { Handle } from '../memory/handle.js';
import type { Observer } from './observer.js';
import type { Results } from './results.js';

/** One task of the last run. Times are seconds since its start. */
export interface TaskRecord {
  readonly key: string;
  readonly device: string;
  /** 0 is the main thread, 1 and up are the pool's. */
  readonly thread: number;
  readonly start: number;
  readonly end: number;
  /** Size of the result in bytes; 0 for what is not an array. */
  readonly bytes: number;
}

/** What is known of a run after its end: plain data. */
export interface RunRecord {
  /** Seconds from start to end. */
  readonly makespan: number;
  /** No schedule of these tasks, taking the time they took, on this many threads can be shorter. Seconds. */
  readonly lowerBound: number;
  /** The most bytes that were in use at one time, by memory. */
  readonly peak: { readonly host: number };
  readonly tasks: readonly TaskRecord[];
}

const deviceOf = ['js', 'wasm'] as const;

export class Recorder {
  readonly #program: Program;
  readonly #observers: readonly Observer[];
  readonly #scheduler: string;
  readonly #workers: number;
  readonly #peak: () => number;
  readonly #startedAt: number;
  #finishedAt: number;
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  readonly #bytes: Float64Array;
  readonly #thread: Int32Array;
  readonly #device: Uint8Array;
  #done = 0;
  #peakBytes = 0;

  constructor(
    program: Program,
    options: {
      readonly observers: readonly Observer[];
      readonly scheduler: string;
      readonly workers: number;
      /** The most bytes in use so far. */
      readonly peak: () => number;
    },
  ) {
    const n = program.nodes.length;
    this.#program = program;
    this.#observers = options.observers;
    this.#scheduler = options.scheduler;
    this.#workers = options.workers;
    this.#peak = options.peak;
    this.#start = new Float64Array(n);
    this.#end = new Float64Array(n);
    this.#bytes = new Float64Array(n);
    this.#thread = new Int32Array(n);
    this.#device = new Uint8Array(n);
    this.#startedAt = this.now();
    this.#finishedAt = this.#startedAt;
  }

  /** Everything is checked and planned, nothing has run. */
  begun(): void {
    this.#tell('onStart', () => ({
      tasks: this.#program.nodes.length,
      scheduler: this.#scheduler,
      workers: this.#workers,
      startedAt: this.#startedAt,
    }));
  }

  /** Milliseconds since the epoch, monotonic within a process. */
  now(): number {
    return performance.timeOrigin + performance.now();
  }

  /** Which body of a kernel runs. */
  device(task: number, device: 'js' | 'wasm'): void {
    this.#device[task] = device === 'wasm' ? 1 : 0;
  }

  started(task: number, start: number, thread: number): void {
    if (this.#observers.length > 0) this.#tell('onTaskStart', () => this.#begun(task, start, thread));
  }

  ended(task: number, start: number, end: number, thread: number, results: Results): void {
    this.#start[task] = start;
    this.#end[task] = end;
    this.#thread[task] = thread;
    const bytes = bytesOf(results, task);
    if (bytes > 0) this.#bytes[task] = bytes;
    this.#done++;
    if (this.#observers.length > 0) {
      this.#tell('onTaskEnd', () => ({ ...this.#begun(task, start, thread), end: this.#seconds(end), bytes }));
    }
  }

  /** An array of a task went to a file, or came back; −1 for one that an earlier run kept. */
  spilled(task: number, direction: 'out' | 'in', bytes: number, start: number, end: number): void {
    this.#tell('onSpill', () => {
      const key = this.#program.nodes[task]?.key ?? '';
      return { key, direction, bytes, start: this.#seconds(start), end: this.#seconds(end) };
    });
  }

  failed(task: number, error: unknown, time: number, retrying: boolean): void {
    this.#tell('onError', () => {
      const { key, name, index } = this.#begun(task, time, 0);
      return { key, name, index, error, time: this.#seconds(time), retrying };
    });
  }

  finished(failure: { readonly error: unknown } | undefined): void {
    this.#finishedAt = this.now();
    this.#peakBytes = this.#peak();
    this.#tell('onFinish', () => ({
      ok: failure === undefined,
      tasks: this.#done,
      makespan: this.#seconds(this.#finishedAt),
      ...(failure === undefined ? {} : { error: failure.error }),
    }));
  }

  /** The record of this run, made when it is first read. Keeps what it needs of the tasks, not their arguments. */
  toRecord(): () => RunRecord {
    const { nodes, depStart, deps } = this.#program;
    const names = nodes.map((node) => node.givenKey ?? node.op.name);
    const serials = Float64Array.from(nodes, (node) => (node.givenKey === undefined ? node.serial : 0));
    const starts = this.#start;
    const ends = this.#end;
    const bytes = this.#bytes;
    const threads = this.#thread;
    const devices = this.#device;
    const origin = this.#startedAt;
    const workers = Math.max(1, this.#workers);
    const makespan = this.#seconds(this.#finishedAt);
    const host = this.#peakBytes;
    let record: RunRecord | undefined;
    return () => {
      if (record !== undefined) return record;
      const tasks: TaskRecord[] = [];
      const path = new Float64Array(names.length);
      let work = 0;
      let longest = 0;
      for (let task = 0; task < names.length; task++) {
        const start = starts[task] as number;
        const end = ends[task] as number;
        if (end === 0) continue;
        const seconds = Math.max(0, end - start) / 1000;
        let before = 0;
        for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
          before = Math.max(before, path[deps[e] as number] as number);
        }
        path[task] = before + seconds;
        longest = Math.max(longest, path[task] as number);
        work += seconds;
        tasks.push({
          key: serials[task] === 0 ? (names[task] as string) : `${names[task]}-${serials[task]}`,
          device: deviceOf[devices[task] as 0 | 1],
          thread: threads[task] as number,
          start: (start - origin) / 1000,
          end: (end - origin) / 1000,
          bytes: bytes[task] as number,
        });
      }
      record = { makespan, lowerBound: Math.min(makespan, Math.max(longest, work / workers)), peak: { host }, tasks };
      return record;
    };
  }

  #begun(task: number, start: number, thread: number) {
    const node = this.#program.nodes[task];
    return {
      key: node?.key ?? '',
      name: node?.op.name ?? '',
      index: task,
      device: deviceOf[this.#device[task] as 0 | 1],
      thread,
      start: this.#seconds(start),
    };
  }

  #seconds(time: number): number {
    return (time - this.#startedAt) / 1000;
  }

  /** Observers only look: what they throw becomes a warning and never reaches the run. */
  #tell<K extends keyof Observer>(name: K, event: () => Parameters<NonNullable<Observer[K]>>[0]): void {
    if (this.#observers.length === 0) return;
    const data = event();
    for (const observer of this.#observers) {
      try {
        (observer[name] as ((event: unknown) => void) | undefined)?.call(observer, data);
      } catch (error) {
        process.emitWarning(`an observer's ${name} threw: ${error instanceof Error ? error.stack : String(error)}`, {
          code: 'LAZULI_OBSERVER',
        });
      }
    }
  }
}

function bytesOf(results: Results, task: number): number {
  const held = results.held(task);
  if (held instanceof Handle) return held.nbytes;
  if (held !== undefined) return held.reduce((sum, handle) => sum + handle.nbytes, 0);
  const value = results.valueOf(task);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === 'object' && value !== null) {
    const { nbytes } = value as { nbytes?: unknown };
    if (typeof nbytes === 'number') return nbytes;
  }
  return 0;
}
