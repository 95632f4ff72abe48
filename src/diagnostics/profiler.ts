/**
 * What happened in a run, kept for looking at afterwards: an observer that collects events as they are and answers
 * questions about them. Times are seconds since the start of the run, sizes bytes.
 */
import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { OptionError } from '../errors.js';
import type {
  Observer,
  RunFinishEvent,
  RunStartEvent,
  SpillEvent,
  TaskEndEvent,
  TaskErrorEvent,
  TransferEvent,
} from '../scheduler/observer.js';
import { type FunctionSummary, type Profile, summarise } from './profile.js';
import { toReport } from './report.js';
import { type Trace, toTrace } from './trace.js';

/**
 * Records a run.
 *
 * ```ts
 * const profiler = new Profiler();
 * await compute(result, { observers: [profiler] });
 * profiler.summary()[0];            // { name: 'score', count: 80, total: 1.9, … }
 * await profiler.report('run.html');
 * ```
 *
 * A profiler holds one run, the last that started; `visualize(x, { color: 'time', run: profiler })` takes it too.
 */
export class Profiler implements Observer {
  #start: RunStartEvent | undefined;
  #finish: RunFinishEvent | undefined;
  #tasks: TaskEndEvent[] = [];
  #transfers: TransferEvent[] = [];
  #spills: SpillEvent[] = [];
  #errors: TaskErrorEvent[] = [];

  onStart(run: RunStartEvent): void {
    this.#start = run;
    this.#finish = undefined;
    this.#tasks = [];
    this.#transfers = [];
    this.#spills = [];
    this.#errors = [];
  }

  onTaskEnd(task: TaskEndEvent): void {
    this.#tasks.push(task);
  }

  onTransfer(transfer: TransferEvent): void {
    this.#transfers.push(transfer);
  }

  onSpill(spill: SpillEvent): void {
    this.#spills.push(spill);
  }

  onError(failure: TaskErrorEvent): void {
    this.#errors.push(failure);
  }

  onFinish(run: RunFinishEvent): void {
    this.#finish = run;
  }

  /** The tasks that have a result, in the order in which they finished. */
  get tasks(): readonly TaskEndEvent[] {
    return this.#tasks;
  }

  /** All events of the run. */
  get profile(): Profile {
    return {
      start: this.#start,
      finish: this.#finish,
      tasks: this.#tasks,
      transfers: this.#transfers,
      spills: this.#spills,
      errors: this.#errors,
    };
  }

  /** Per function, the most expensive first. O(tasks). */
  summary(): FunctionSummary[] {
    return summarise(this.#tasks);
  }

  /**
   * The run in Chrome's trace-event format; write it with `JSON.stringify` and open it in Perfetto or
   * `chrome://tracing`.
   */
  toTrace(): Trace {
    return toTrace(this.profile);
  }

  /**
   * Writes one HTML file that works offline: what ran when on which thread, a table by function, and memory over time
   * where the run told it.
   *
   * @returns the absolute path of the file
   */
  async report(filename: string): Promise<string> {
    if (typeof filename !== 'string' || extname(filename).toLowerCase() !== '.html') {
      throw new OptionError('filename', `a report is an .html file, such as 'run.html'; got ${String(filename)}`);
    }
    const path = resolve(filename);
    await writeFile(path, toReport(this.profile, this.summary()));
    return path;
  }
}
