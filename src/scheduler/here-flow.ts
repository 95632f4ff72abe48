/**
 * Tasks of a run that stay on the main thread: values, items, methods, small functions, everything under `sync`, and
 * whatever cannot be sent elsewhere. One runs after the other, in the program's order, for a turn of bounded length.
 */

import type { LocalKernels } from '../devices/bodies.js';
import { HeapExhaustedError, TaskTimeoutError } from '../errors.js';
import { evaluate } from '../graph/evaluate.js';
import type { TaskNode } from '../graph/node.js';
import type { CallFlow, CallHost } from './call-flow.js';
import type { KernelFlow, Lack } from './kernel-flow.js';
import { Persisted } from './persisted.js';
import type { Recorder } from './recorder.js';
import type { Results } from './results.js';
import type { TaskTable } from './table.js';
import { OUTPUT } from './ways.js';

/** What the tasks of this thread ask of their run. */
export interface HereHost extends CallHost {
  setValue(task: number, value: unknown): void;
  endedHere(task: number, start: number, end: number): void;
  failedHere(task: number, error: unknown, start: number, end: number): void;
  pump(): void;
}

export class HereFlow {
  readonly #host: HereHost;
  readonly #table: TaskTable;
  readonly #results: Results;
  readonly #kernels: KernelFlow;
  readonly #calls: CallFlow;
  readonly #local: LocalKernels;
  readonly #recorder: Recorder;
  /** Under `sync` the next task waits until the one before it has its result. */
  readonly #oneByOne: boolean;
  #postponed: Lack[] = [];
  /** Tasks whose promises are not settled. */
  #pending = 0;
  #clock = 0;

  constructor(options: {
    readonly host: HereHost;
    readonly table: TaskTable;
    readonly results: Results;
    readonly kernels: KernelFlow;
    readonly calls: CallFlow;
    readonly local: LocalKernels;
    readonly recorder: Recorder;
    readonly oneByOne: boolean;
  }) {
    this.#host = options.host;
    this.#table = options.table;
    this.#results = options.results;
    this.#kernels = options.kernels;
    this.#calls = options.calls;
    this.#local = options.local;
    this.#recorder = options.recorder;
    this.#oneByOne = options.oneByOne;
  }

  /** Tasks that have begun and will end by themselves. */
  get pending(): number {
    return this.#pending;
  }

  /** A kernel that waits for memory. */
  get lack(): Lack | undefined {
    return this.#postponed[0];
  }

  /** Kernels that lacked memory are ready again. */
  resume(): void {
    const postponed = this.#postponed;
    if (postponed.length === 0) return;
    this.#postponed = [];
    for (const { task } of postponed) this.#table.here.add(task);
  }

  /**
   * Runs tasks until `until` (milliseconds since the epoch) has passed, or `hasOther()` says, now and then, that there
   * is work for the other lanes. False when the time is over and there is more to do.
   */
  run(until: number, hasOther: () => boolean): boolean {
    const { here } = this.#table;
    for (let count = 1; here.size > 0 && this.#host.isGoing; count++) {
      if (this.#oneByOne && this.#pending > 0) return true;
      const task = this.#table.pick(here);
      if (task < 0) return true;
      here.remove(task);
      this.#step(task);
      if (this.#clock > until) return here.size === 0;
      if ((count & 15) === 0 && hasOther()) return true;
    }
    return true;
  }

  #step(task: number): void {
    const node = this.#table.program.nodes[task] as TaskNode;
    this.#table.start(task);
    let start = this.#recorder.now();
    this.#clock = start;
    try {
      if (this.#table.way[task] === OUTPUT) {
        if (!this.#hasMemory(task, () => this.#kernels.takeOutput(task))) return;
        this.#recorder.started(task, start, 0);
      } else if (node.op.kind === 'kernel') {
        const began = this.#kernel(task);
        if (began === undefined) return;
        start = began;
      } else {
        this.#recorder.started(task, start, 0);
        if (node.op.kind === 'value' && node.args[0] instanceof Persisted) {
          node.args[0].putInto(this.#results, task, node.key);
        } else {
          const value = evaluate(node, this.#host.inputsOf(task));
          if (isThenable(value)) {
            this.#await(task, value, start);
            return;
          }
          this.#host.setValue(task, value);
        }
      }
      this.#clock = this.#recorder.now();
      // What is synchronous cannot be stopped on this thread, but its result comes too late all the same.
      const limit = this.#host.limitOf(task);
      if (limit !== undefined && this.#clock - start > limit) throw new TaskTimeoutError(limit);
    } catch (error) {
      this.#clock = this.#recorder.now();
      this.#host.failedHere(task, error, start, this.#clock);
      return;
    }
    this.#host.endedHere(task, start, this.#clock);
  }

  /** When it began to run; undefined when it is not over: sent to the pool, or postponed until there is memory. */
  #kernel(task: number): number | undefined {
    let prepared: ReturnType<KernelFlow['prepare']> | undefined;
    const prepare = (): void => {
      prepared = this.#kernels.prepare(task);
    };
    if (!this.#hasMemory(task, prepare) || prepared === undefined) return undefined;
    const { call, device } = prepared;
    if (device === 'js' && this.#calls.sendKernel(call)) return undefined;
    // As on threads, what comes before is not the kernel's time
    const start = this.#recorder.now();
    this.#recorder.started(task, start, 0);
    this.#local.run(call, device);
    this.#kernels.ended(task);
    return start;
  }

  /** Does what takes memory; postpones the task when there is none. */
  #hasMemory(task: number, take: () => void): boolean {
    try {
      take();
      return true;
    } catch (error) {
      if (!(error instanceof HeapExhaustedError)) throw error;
      this.#table.stop(task);
      this.#postponed.push({ task, error });
      return false;
    }
  }

  #await(task: number, value: PromiseLike<unknown>, start: number): void {
    const limit = this.#host.limitOf(task);
    let isSettled = false;
    let timer: NodeJS.Timeout | undefined;
    this.#pending++;
    const settle = (finish: (end: number) => void): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      this.#pending--;
      if (!this.#host.isGoing) return;
      finish(this.#recorder.now());
      this.#host.pump();
    };
    const fail = (error: unknown): void => settle((end) => this.#host.failedHere(task, error, start, end));
    const succeed = (result: unknown): void =>
      settle((end) => {
        try {
          this.#host.setValue(task, result);
        } catch (error) {
          this.#host.failedHere(task, error, start, end);
          return;
        }
        this.#host.endedHere(task, start, end);
      });
    if (limit !== undefined) timer = setTimeout(() => fail(new TaskTimeoutError(limit)), limit);
    // A thenable of the user's own may throw, or call back twice.
    Promise.resolve(value).then(succeed, fail);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
