/**
 * The execution loop: drives one program to its results. Every way of running is this loop; they differ in the lanes
 * that tasks leave by (ways.ts) and in nothing else. Of the tasks that are ready, the first in the program's order
 * starts first.
 */

import { type LocalKernels, runJsBody } from '../devices/bodies.js';
import type { CallLane, HeapCallArrays, KernelLane, LaneSink } from '../devices/lanes.js';
import { cancelled } from '../devices/window-lane.js';
import { ComputationAbortedError, TaskError, TaskTimeoutError } from '../errors.js';
import { evaluate, fillArgs } from '../graph/evaluate.js';
import { Hole, type TaskNode } from '../graph/node.js';
import { type Program, pathTo } from '../graph/program.js';
import type { HeapMark } from '../memory/detach.js';
import type { Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import { KernelFlow } from './kernel-flow.js';
import { Persisted } from './persisted.js';
import type { Recorder } from './recorder.js';
import { Results } from './results.js';
import { DONE, STARTED, TaskTable, WAITING } from './table.js';
import { CALL, KERNEL, OUTPUT, secondsOf, waysOf } from './ways.js';

/** What a run needs of its surroundings. */
export interface RunContext {
  readonly heap: Heap;
  readonly mark: HeapMark;
  readonly local: LocalKernels;
  /** Lanes to other threads; undefined for `sync`. They report to `sink`. */
  readonly lanes: ((sink: LaneSink) => { readonly calls: CallLane; readonly kernels: KernelLane }) | undefined;
  readonly threads: number;
  readonly retries: number;
  /** Milliseconds a task may take. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Where kernels may run, best first. */
  readonly kernelDevices: readonly ('wasm' | 'js')[];
  readonly recorder: Recorder;
}

/** How long this thread works on its own tasks before it lets messages and timers through, in milliseconds. */
const TURN_MS = 12;
/** Calls that follow each other in one thread go together, up to this many. */
const MAX_CHAIN = 256;
/** How long a run waits before it tries again, when the room it lacks is taken by another run. */
const RETRY_MS = 2;

/**
 * Runs a program and hands its results to `collect` before they are released.
 *
 * @throws DeviceUnsupportedError before anything runs; TaskError when a task fails; ComputationAbortedError.
 */
export function run<T>(program: Program, context: RunContext, collect: (results: Results) => T): Promise<T> {
  return new Run(program, context, collect).promise;
}

class Run<T> implements LaneSink {
  readonly promise: Promise<T>;
  readonly #context: RunContext;
  readonly #collect: (results: Results) => T;
  readonly #program: Program;
  readonly #results: Results;
  readonly #table: TaskTable;
  readonly #kernels: KernelFlow;
  readonly #calls: CallLane | undefined;
  readonly #attempts = new Map<number, number>();
  #left: number;
  /** Promises of tasks on this thread that are not settled. */
  #pendingHere = 0;
  #isPumping = false;
  #pumpAgain = false;
  #pumpScheduled = false;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  /** Resolves when the calls of a failed run have stopped. */
  #callsStopped = true;
  #resolve: (value: T) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #onAbort = (): void => this.#fail(new ComputationAbortedError(this.#context.signal?.reason));

  constructor(program: Program, context: RunContext, collect: (results: Results) => T) {
    this.#program = program;
    this.#context = context;
    this.#collect = collect;
    const ways = waysOf(program, context.lanes !== undefined, context.kernelDevices);
    this.#table = new TaskTable(program, ways);
    this.#results = new Results(program, context.heap);
    const lanes = context.lanes?.(this);
    this.#calls = lanes?.calls;
    this.#kernels = new KernelFlow({
      table: this.#table,
      results: this.#results,
      heap: context.heap,
      recorder: context.recorder,
      devices: context.kernelDevices,
      lane: lanes?.kernels,
      threads: context.threads,
    });
    this.#left = program.nodes.length;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#start();
  }

  #start(): void {
    const { signal } = this.#context;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const { blocking } = this.#table;
    for (let task = 0; task < blocking.length; task++) if (blocking[task] === 0) this.#table.makeReady(task);
    this.#pump();
  }

  // The loop.

  /** Starts whatever can start. Lanes may report from within. */
  #pump(): void {
    if (this.#isPumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#isPumping = true;
    const turnEnds = performance.now() + TURN_MS;
    do {
      this.#pumpAgain = false;
      const wanting = this.#kernels.admit((task, error) => this.#failedHere(task, error));
      // Another run has the room; nothing of this one will end and bring us back.
      if (wanting && this.#kernels.inFlight === 0) setTimeout(() => this.#pump(), RETRY_MS);
      this.#sendCalls();
      if (!this.#runHere(turnEnds)) {
        setImmediate(() => this.#pump());
        break;
      }
    } while (this.#pumpAgain && this.#failure === undefined);
    this.#isPumping = false;
    if (this.#left === 0 && this.#failure === undefined) this.#succeed();
  }

  /** Reports come in groups: one pump after the group. */
  #pumpSoon(): void {
    if (this.#isPumping) {
      this.#pumpAgain = true;
    } else if (!this.#pumpScheduled) {
      this.#pumpScheduled = true;
      queueMicrotask(() => {
        this.#pumpScheduled = false;
        if (this.#failure === undefined) this.#pump();
      });
    }
  }

  /** Tasks of this thread, in order. False when the turn is over and there is more to do. */
  #runHere(turnEnds: number): boolean {
    const { here, callable, admissible } = this.#table;
    const alone = this.#calls === undefined;
    // Kernels that were left for want of room are no reason to try again; new ones are.
    const left = admissible.size;
    for (let count = 1; here.size > 0 && this.#failure === undefined; count++) {
      // Under sync the next task waits until the one before it has its result.
      if (alone && this.#pendingHere > 0) return true;
      this.#step(here.takeFirst());
      if ((count & 63) === 0 && performance.now() > turnEnds) return false;
      // What came free goes to the threads before this one does more of its own work.
      if ((count & 15) === 0 && (callable.size > 0 || admissible.size > left)) this.#pumpAgain = true;
      if (this.#pumpAgain) return true;
    }
    if (callable.size > 0 || admissible.size > left) this.#pumpAgain = true;
    return true;
  }

  #step(task: number): void {
    const node = this.#program.nodes[task] as TaskNode;
    const { recorder } = this.#context;
    this.#table.state[task] = STARTED;
    const start = recorder.now();
    recorder.started(task, start, 0);
    try {
      if (node.op.kind === 'kernel') {
        if (this.#kernelHere(task)) return;
      } else if (this.#table.way[task] === OUTPUT) {
        this.#kernels.takeOutput(task);
      } else if (node.op.kind === 'value' && node.args[0] instanceof Persisted) {
        node.args[0].putInto(this.#results, task, node.key);
      } else {
        const value = evaluate(node, this.#inputs(task));
        if (isThenable(value)) {
          this.#await(task, value, start);
          return;
        }
        this.#setValue(task, value);
      }
      this.#checkTime(task, start);
    } catch (error) {
      this.failed(task, error, start, recorder.now(), 0);
      return;
    }
    this.#ended(task, start, recorder.now(), 0);
  }

  #inputs(task: number): unknown[] {
    const { depStart, deps } = this.#program;
    const first = depStart[task] as number;
    const inputs = new Array<unknown>((depStart[task + 1] as number) - first);
    for (let i = 0; i < inputs.length; i++) inputs[i] = this.#results.valueOf(deps[first + i] as number);
    return inputs;
  }

  /** A result that may contain views of inputs on the heap gets copies of them: it outlives its inputs. */
  #setValue(task: number, value: unknown): void {
    const { depStart, deps } = this.#program;
    let result = value;
    if (typeof value === 'object' && value !== null) {
      for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
        if (this.#results.held(deps[e] as number) === undefined) continue;
        result = this.#context.mark.detach(value);
        break;
      }
    }
    this.#results.setValue(task, result);
  }

  #await(task: number, value: PromiseLike<unknown>, start: number): void {
    const limit = this.#timeoutOf(task);
    const { recorder } = this.#context;
    this.#pendingHere++;
    let isSettled = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (finish: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      this.#pendingHere--;
      if (this.#failure !== undefined) return;
      finish();
      this.#pump();
    };
    const fail = (error: unknown): void => settle(() => this.failed(task, error, start, recorder.now(), 0));
    if (limit !== undefined) timer = setTimeout(() => fail(new TaskTimeoutError(limit)), limit);
    value.then(
      (result) =>
        settle(() => {
          this.#setValue(task, result);
          this.#ended(task, start, recorder.now(), 0);
        }),
      fail,
    );
  }

  #timeoutOf(task: number): number | undefined {
    return this.#program.nodes[task]?.settings.timeout ?? this.#context.timeout;
  }

  /** What is synchronous cannot be stopped on this thread, but its result comes too late all the same. */
  #checkTime(task: number, start: number): void {
    const limit = this.#timeoutOf(task);
    if (limit !== undefined && this.#context.recorder.now() - start > limit) throw new TaskTimeoutError(limit);
  }

  #sendCalls(): void {
    const { callable, state } = this.#table;
    const lane = this.#calls;
    if (lane === undefined || callable.size === 0) return;
    for (let task = callable.takeFirst(); task >= 0; task = callable.takeFirst()) {
      const node = this.#program.nodes[task] as TaskNode;
      if (node.op.kind !== 'call') continue;
      state[task] = STARTED;
      try {
        this.#submit(lane, task, node, undefined);
      } catch (error) {
        this.#failedHere(task, error);
        continue;
      }
      // What only this task leads to goes along, so that results between them need not travel.
      for (let at = task, length = 1; length < MAX_CHAIN; length++) {
        const next = this.#follower(at);
        if (next === undefined) break;
        const { successor, position } = next;
        try {
          this.#submit(lane, successor, this.#program.nodes[successor] as TaskNode, position);
        } catch {
          // A cost hint that cannot do without the argument: it goes alone, later.
          break;
        }
        state[successor] = STARTED;
        at = successor;
      }
    }
    lane.flush();
  }

  #submit(lane: CallLane, task: number, node: TaskNode, previous: number | undefined): void {
    if (node.op.kind !== 'call') return;
    const args = fillArgs(node, this.#inputs(task));
    const seconds = secondsOf(node, args);
    lane.submit({
      task,
      name: node.op.name,
      fn: node.op.fn,
      args,
      timeout: this.#timeoutOf(task),
      memory: node.settings.memory ?? 0,
      milliseconds: seconds === undefined ? undefined : seconds * 1000,
      previous,
    });
  }

  /** The one call that waits for `task` alone and is alone in needing its result, as an argument of its own. */
  #follower(task: number): { readonly successor: number; readonly position: number } | undefined {
    const { way, state, blocking } = this.#table;
    const { nodes, depStart, deps, succStart, succs } = this.#program;
    const edge = succStart[task] as number;
    if ((succStart[task + 1] as number) - edge !== 1 || this.#results.uses(task) !== 1) return undefined;
    const successor = succs[edge] as number;
    if (way[successor] !== CALL || state[successor] !== WAITING || blocking[successor] !== 1) return undefined;
    const node = nodes[successor] as TaskNode;
    // Neither could be tried again without the other, and memory is asked for by single calls.
    for (const { settings } of [nodes[task] as TaskNode, node]) {
      if ((settings.retries ?? this.#context.retries) > 0 || settings.memory !== undefined) return undefined;
    }
    const first = depStart[successor] as number;
    const position = node.args.findIndex((arg) => arg instanceof Hole && deps[first + arg.index] === task);
    return position < 0 ? undefined : { successor, position };
  }

  /** Runs a kernel on this thread; or sends its js body to the pool, then the answer is true: it is not over. */
  #kernelHere(task: number): boolean {
    const { call, device } = this.#kernels.prepare(task);
    if (device === 'wasm' || this.#calls === undefined) {
      this.#context.local.run(call, device);
      this.#kernels.ended(task);
      return false;
    }
    const views = (arrays: HeapCallArrays): unknown[] => arrays.map((array) => (array as Handle).view());
    this.#calls.submit({
      task,
      name: call.kernel.name,
      fn: runJsBody,
      args: [call.kernel.name, call.params, views(call.inputs), views(call.outputs)],
      timeout: this.#timeoutOf(task),
      memory: 0,
      milliseconds: undefined,
      previous: undefined,
    });
    this.#calls.flush();
    return true;
  }

  // What became of a task.

  succeeded(task: number, value: unknown, start: number, end: number, thread: number): void {
    const isKernel = this.#program.nodes[task]?.op.kind === 'kernel';
    const wasAdmitted = this.#table.way[task] === KERNEL;
    if (isKernel) this.#kernels.ended(task);
    if (this.#failure !== undefined) {
      this.#settleFailure();
      return;
    }
    if (!isKernel) this.#setValue(task, value);
    this.#context.recorder.started(task, start, thread);
    this.#ended(task, start, end, thread, wasAdmitted);
    this.#pumpSoon();
  }

  failed(task: number, error: unknown, start: number, end: number, thread: number): void {
    const node = this.#program.nodes[task] as TaskNode;
    const isKernel = node.op.kind === 'kernel';
    if (isKernel) this.#kernels.ended(task);
    if (this.#failure !== undefined) {
      this.#settleFailure();
      return;
    }
    // Cancelled because an input failed: that one is reported too, and the run fails with its error.
    if (error === cancelled) return;
    if (thread > 0) this.#context.recorder.started(task, start, thread);
    const attempt = (this.#attempts.get(task) ?? 0) + 1;
    // A kernel is a function of its inputs: it would fail the same way again.
    const isRetrying = !isKernel && attempt <= (node.settings.retries ?? this.#context.retries);
    this.#context.recorder.failed(task, error, end, isRetrying);
    if (!isRetrying) {
      this.#fail(new TaskError(node.key, pathTo(this.#program, task), error));
      return;
    }
    this.#attempts.set(task, attempt);
    this.#table.state[task] = WAITING;
    this.#table.makeReady(task);
    this.#pumpSoon();
  }

  returned(task: number): void {
    if (this.#failure !== undefined) return;
    this.#table.state[task] = WAITING;
    if (this.#table.blocking[task] === 0) this.#table.makeReady(task);
    this.#pumpSoon();
  }

  #failedHere(task: number, error: unknown): void {
    const now = this.#context.recorder.now();
    this.failed(task, error, now, now, 0);
  }

  /** @param wasAdmitted whether kernels that wait for this task were unblocked when it was admitted. */
  #ended(task: number, start: number, end: number, thread: number, wasAdmitted = false): void {
    const { way, state, ticket } = this.#table;
    const { succStart, succs } = this.#program;
    ticket[task] = -1;
    state[task] = DONE;
    this.#left--;
    this.#context.recorder.ended(task, start, end, thread, this.#results);
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const successor = succs[e] as number;
      if (!wasAdmitted) {
        this.#table.unblock(successor);
        if (way[successor] !== KERNEL) this.#kernels.approach(successor);
      } else if (way[successor] === OUTPUT && state[successor] === STARTED)
        this.#ended(successor, end, end, thread, true);
      else if (way[successor] !== KERNEL && state[successor] === WAITING) this.#table.unblock(successor);
    }
    this.#results.consumed(task);
  }

  // The end.

  #succeed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.signal?.removeEventListener('abort', this.#onAbort);
    try {
      const answer = this.#collect(this.#results);
      this.#results.releaseAll();
      this.#context.recorder.finished(undefined);
      this.#resolve(answer);
    } catch (error) {
      this.#results.releaseAll();
      this.#context.recorder.finished({ error });
      this.#reject(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver || this.#failure !== undefined) return;
    this.#failure = { error };
    this.#context.signal?.removeEventListener('abort', this.#onAbort);
    if (this.#calls !== undefined) {
      this.#callsStopped = false;
      void this.#calls.abort().then(() => {
        this.#callsStopped = true;
        this.#settleFailure();
      });
    }
    this.#kernels.cancel();
    this.#settleFailure();
  }

  /** A failed run is over when nothing of it writes to memory any more. */
  #settleFailure(): void {
    if (this.#isOver || this.#failure === undefined || this.#kernels.inFlight > 0 || !this.#callsStopped) return;
    this.#isOver = true;
    this.#kernels.close();
    this.#results.releaseAll();
    this.#context.recorder.finished(this.#failure);
    this.#reject(this.#failure.error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
