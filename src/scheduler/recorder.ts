/**
 * What a run tells: events to observers while it goes, and the record of the last run afterwards. Times are taken in
 * typed arrays, and the record's objects are made only when somebody reads them, so that a million tasks cost little.
 */
import type { ArraySpec } from '../array/ndarray.js';
import type { Precision } from '../config.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { Handle } from '../memory/handle.js';
import type { Knowledge } from './knowledge.js';
import { type Finished, type Predictions, specsOf } from './lessons.js';
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
  /**
   * Seconds that the cost model expected before it learned from this run. In runs of more than a thousand tasks those
   * that were not looked at have the number of the nearest task of the same name; undefined where there is none.
   */
  readonly predicted: number | undefined;
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
  readonly peak: { readonly host: number; readonly [memory: string]: number };
  readonly tasks: readonly TaskRecord[];
}

export class Recorder {
  readonly #program: Program;
  readonly #observers: readonly Observer[];
  readonly #scheduler: string;
  readonly #workers: number;
  readonly #peak: () => RunRecord['peak'];
  readonly #knowledge: Knowledge | undefined;
  readonly #startedAt: number;
  #finishedAt: number;
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  readonly #bytes: Float64Array;
  readonly #thread: Int32Array;
  readonly #device: Uint8Array;
  /** The names that `#device` counts. */
  readonly #devices: string[] = ['js', 'wasm'];
  /** Inputs of kernels whose shapes nobody knew before. */
  #inputs: Map<number, readonly ArraySpec[]> | undefined;
  readonly #precision: Precision | undefined;
  #done = 0;
  #peaks: RunRecord['peak'] = { host: 0 };

  constructor(
    program: Program,
    options: {
      readonly observers: readonly Observer[];
      readonly scheduler: string;
      readonly workers: number;
      /** The most bytes in use so far. */
      readonly peak: () => RunRecord['peak'];
      /** What the run is predicted from, and teaches. */
      readonly knowledge?: Knowledge | undefined;
      readonly precision?: Precision | undefined;
    },
  ) {
    const n = program.nodes.length;
    this.#program = program;
    this.#observers = options.observers;
    this.#scheduler = options.scheduler;
    this.#workers = options.workers;
    this.#peak = options.peak;
    this.#knowledge = options.knowledge;
    this.#precision = options.precision;
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

  /** Where a kernel runs, and on what. */
  device(task: number, device: string, inputs?: readonly ArraySpec[]): void {
    let index = this.#devices.indexOf(device);
    if (index < 0) index = this.#devices.push(device) - 1;
    this.#device[task] = index;
    if (inputs === undefined || specsOf(this.#program.nodes[task] as TaskNode) !== undefined) return;
    this.#inputs ??= new Map();
    this.#inputs.set(task, inputs);
  }

  /** A result went from one memory to another. */
  transferred(task: number, from: string, to: string, bytes: number, start: number, end: number): void {
    this.#tell('onTransfer', () => {
      const key = this.#program.nodes[task]?.key ?? '';
      return { key, from, to, bytes, start: this.#seconds(start), end: this.#seconds(end) };
    });
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
    this.#peaks = this.#peak();
    this.#tell('onFinish', () => ({
      ok: failure === undefined,
      tasks: this.#done,
      makespan: this.#seconds(this.#finishedAt),
      ...(failure === undefined ? {} : { error: failure.error }),
    }));
  }

  /** The record of this run, made when it is first read. Once the run is learned from it keeps no task's arguments. */
  toRecord(): () => RunRecord {
    const { nodes, depStart, deps } = this.#program;
    const names = nodes.map((node) => node.givenKey ?? node.op.name);
    const serials = Float64Array.from(nodes, (node) => (node.givenKey === undefined ? node.serial : 0));
    const starts = this.#start;
    const ends = this.#end;
    const bytes = this.#bytes;
    const threads = this.#thread;
    const device = this.#device;
    const devices = this.#devices;
    const origin = this.#startedAt;
    const workers = Math.max(1, this.#workers);
    const makespan = this.#seconds(this.#finishedAt);
    const peak = this.#peaks;
    const predictions = this.#learnLater();
    let record: RunRecord | undefined;
    return () => {
      if (record !== undefined) return record;
      const predicted = predictionOf(predictions(), names, serials);
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
          device: devices[device[task] as number] as string,
          thread: threads[task] as number,
          start: (start - origin) / 1000,
          end: (end - origin) / 1000,
          predicted: predicted(task),
          bytes: bytes[task] as number,
        });
      }
      record = { makespan, lowerBound: Math.min(makespan, Math.max(longest, work / workers)), peak, tasks };
      return record;
    };
  }

  /** The model learns of this run when this thread has time, or now when somebody asks what it had predicted. */
  #learnLater(): () => Predictions | undefined {
    const knowledge = this.#knowledge;
    if (knowledge === undefined) return () => undefined;
    const inputs = this.#inputs;
    const [device, devices] = [this.#device, this.#devices];
    let run: Finished | undefined = {
      program: this.#program,
      start: this.#start,
      end: this.#end,
      bytes: this.#bytes,
      thread: this.#thread,
      threads: Math.max(1, this.#workers),
      precision: this.#precision,
      device: (task) => devices[device[task] as number] as string,
      inputs: (task) => inputs?.get(task),
    };
    let predictions: Predictions | undefined;
    const learn = (): Predictions | undefined => {
      if (run !== undefined) predictions = knowledge.learn(run);
      run = undefined;
      return predictions;
    };
    knowledge.later(learn);
    return learn;
  }

  #begun(task: number, start: number, thread: number) {
    const node = this.#program.nodes[task];
    return {
      key: node?.key ?? '',
      name: node?.op.name ?? '',
      index: task,
      device: this.#devices[this.#device[task] as number] as string,
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

/** The prediction of a task: its own, or that of the nearest one of its name. */
function predictionOf(
  predictions: Predictions | undefined,
  names: readonly string[],
  serials: Float64Array,
): (task: number) => number | undefined {
  if (predictions === undefined) return () => undefined;
  const { tasks, seconds } = predictions;
  // What was given a key is named by it, up to the hash or number at its end
  const nameOf = (task: number): string =>
    serials[task] === 0 ? (names[task] as string).replace(/-[^-]*$/, '') : (names[task] as string);
  const byName = new Map<string, number[]>();
  const own = new Map<number, number>();
  for (let i = 0; i < tasks.length; i++) {
    const name = nameOf(tasks[i] as number);
    const alike = byName.get(name);
    if (alike === undefined) byName.set(name, [i]);
    else alike.push(i);
    own.set(tasks[i] as number, seconds[i] as number);
  }
  return (task) => {
    const exact = own.get(task);
    if (exact !== undefined) return exact;
    const alike = byName.get(nameOf(task));
    if (alike === undefined) return undefined;
    let [low, high] = [0, alike.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tasks[alike[middle] as number] as number) < task) low = middle + 1;
      else high = middle;
    }
    return seconds[alike[low] as number];
  };
}

function bytesOf(results: Results, task: number): number {
  const held = results.held(task);
  if (held instanceof Handle) return held.nbytes;
  if (held !== undefined) return held.reduce((sum, handle) => sum + handle.nbytes, 0);
  const value = results.valueOf(task);
  if (value === undefined && results.remote !== undefined) return results.remote.bytesOf(task);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === 'object' && value !== null) {
    const { nbytes } = value as { nbytes?: unknown };
    if (typeof nbytes === 'number') return nbytes;
  }
  return 0;
}
