/**
 * The execution loop: drives one program to its results. Every way of running is this loop; they differ in the lanes
 * that tasks leave by (ways.ts) and in nothing else. Of the tasks that are ready, the first in the program's order
 * starts first.
 */

import type { LocalKernels } from '../devices/bodies.js';
import type { CallLane, KernelLane, LaneSink } from '../devices/lanes.js';
import { cancelled } from '../devices/window-lane.js';
import { ComputationAbortedError, TaskError, TaskTimeoutError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import { type Program, pathTo } from '../graph/program.js';
import type { HeapMark } from '../memory/detach.js';
import type { Heap } from '../memory/heap.js';
import type { SpillStore } from '../memory/spill.js';
import { CallFlow } from './call-flow.js';
import type { Crowd } from './crowd.js';
import { DeviceFlow, type DeviceHost } from './device-flow.js';
import { HereFlow, type HereHost } from './here-flow.js';
import { Keeper } from './keeper.js';
import { KernelFlow, type Lack } from './kernel-flow.js';
import type { MemoryPlan } from './memory-plan.js';
import type { Placing } from './placing.js';
import type { Recorder } from './recorder.js';
import { Results } from './results.js';
import { runOrder } from './run-order.js';
import { STARTED, TaskTable, WAITING } from './table.js';
import { HERE, KERNEL, OUTPUT, waysOf } from './ways.js';

/** What a run needs of its surroundings. */
export interface RunContext {
  readonly heap: Heap;
  readonly mark: HeapMark;
  readonly local: LocalKernels;
  /** The runs over the same heap. */
  readonly crowd: Crowd;
  /** Lanes to other threads; undefined for `sync`. They report to `sink`. */
  readonly lanes: ((sink: LaneSink) => { readonly calls: CallLane; readonly kernels: KernelLane }) | undefined;
  readonly threads: number;
  readonly retries: number;
  /** Milliseconds a task may take. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Where kernels may run, best first. */
  readonly kernelDevices: readonly ('wasm' | 'js')[];
  /** Whether kernels stay on this thread although there are lanes: they take less than waking another. */
  readonly keepsKernels?: boolean | undefined;
  /** Where else they may, and by which policy; undefined where none does. */
  readonly placing?: Placing | undefined;
  readonly recorder: Recorder;
  /** Bytes that arrays may take on the heap, and how the program will keep within them. */
  readonly budget: number;
  readonly plan: MemoryPlan;
  /** Bytes of devices' own memories, by name. */
  readonly budgets?: Readonly<Record<string, number | undefined>> | undefined;
  /** Where arrays go that there is no room for; undefined where none may. */
  readonly store: SpillStore | undefined;
  /** Whether results stay where they are, rather than being handed to JavaScript. */
  readonly keepsResults?: boolean;
  /** Does what this run does on this thread, and knows meanwhile whose it is; default: just does it. */
  readonly within?: (<R>(work: () => R) => R) | undefined;
}

/** How long this thread works on its own tasks before it lets messages and timers through, in milliseconds. */
const TURN_MS = 12;
/** How long a run waits before it tries again, when the room it lacks is taken by another run. */
const RETRY_MS = 2;
/** Timers cannot wait longer than this, about 25 days: a longer limit is none. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs a program and hands its results to `collect` before they are released.
 *
 * @throws DeviceUnsupportedError before anything runs; TaskError when a task fails; ComputationAbortedError.
 */
export class Run<T> implements LaneSink, HereHost, DeviceHost {
  /** The answer of `collect`, once everything of the run is over. */
  readonly promise: Promise<T>;
  readonly #context: RunContext;
  readonly #collect: (results: Results) => T;
  readonly #program: Program;
  readonly #results: Results;
  readonly #table: TaskTable;
  readonly #kernels: KernelFlow;
  readonly #here: HereFlow;
  readonly #calls: CallFlow;
  readonly #keeper: Keeper | undefined;
  readonly #devices: DeviceFlow | undefined;
  readonly #attempts = new Map<number, number>();
  #left: number;
  #isPumping = false;
  #pumpAgain = false;
  #pumpScheduled = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** How many tasks were left when the run got stuck. */
  #leftWhenStuck = -1;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  /** Whether the calls of a failed run have stopped. */
  #callsStopped = true;
  #resolve: (value: T) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #onAbort = (): void => this.stop(new ComputationAbortedError(this.#context.signal?.reason));

  constructor(program: Program, context: RunContext, collect: (results: Results) => T) {
    this.#program = program;
    this.#context = context;
    this.#collect = collect;
    const { heap, recorder, threads } = context;
    const { plan, placing, keepsKernels, keepsResults = false } = context;
    const ways = waysOf(program, context.lanes !== undefined, context.kernelDevices, keepsKernels, placing?.kinds);
    const atOnce = context.lanes === undefined ? 1 : threads;
    const table = new TaskTable(program, ways, plan.safe?.sigma ?? runOrder(program, plan.needs, atOnce));
    const results = new Results(program, heap);
    if (plan.needs !== undefined) {
      this.#keeper = new Keeper({
        program,
        plan,
        budget: context.budget,
        heap,
        results,
        recorder,
        store: context.store,
        threads,
        wake: () => this.wake(),
        fail: (error) => this.#fail(error),
      });
      table.keeper = this.#keeper;
      results.keeper = this.#keeper;
    }
    const lanes = context.lanes?.(this);
    const lane = lanes?.kernels;
    const devices = context.kernelDevices;
    const { needs } = plan;
    const kernels = new KernelFlow({ table, results, heap, recorder, devices, lane, threads, needs });
    const oneByOne = lanes === undefined;
    const { local, retries } = context;
    const calls = new CallFlow({ host: this, table, results, lane: lanes?.calls, retries });
    this.#here = new HereFlow({ host: this, table, results, kernels, calls, local, recorder, oneByOne });
    this.#table = table;
    this.#results = results;
    this.#kernels = kernels;
    this.#calls = calls;
    this.#left = program.nodes.length;
    if (placing !== undefined) {
      const isThreaded = lanes !== undefined;
      const shared = { host: this, table, results, kernels, heap, recorder };
      this.#devices = new DeviceFlow({
        ...shared,
        placing,
        isThreaded,
        keepsResults,
        devices,
        budgets: context.budgets ?? {},
      });
    }
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the run with this error as soon as nothing of it is running any more. */
  stop(error: unknown): void {
    this.#fail(error);
  }

  /** Begins. Tasks of this thread may run before this returns. */
  start(): void {
    const { signal, crowd, recorder } = this.#context;
    crowd.enter();
    recorder.begun();
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const { blocking } = this.#table;
    for (let task = 0; task < blocking.length; task++) if (blocking[task] === 0) this.#table.makeReady(task);
    this.#devices?.begin();
    this.pump();
  }

  /** The most bytes that were in use at once, what running calls said they need included. */
  get peak(): number {
    return this.#keeper?.peak ?? 0;
  }

  /** The same of devices with memories of their own, by name. */
  get devicePeaks(): Readonly<Record<string, number>> {
    return this.#devices?.peaks ?? {};
  }

  // The loop.

  get isGoing(): boolean {
    return this.#failure === undefined && !this.#isOver;
  }

  /** Starts whatever can start. Lanes may report from within. */
  pump(): void {
    if (this.#isPumping) this.#pumpAgain = true;
    if (this.#isPumping || !this.isGoing) return;
    this.#isPumping = true;
    try {
      this.#turn();
    } catch (error) {
      // Nothing above throws for what a task does; whatever it was, the run must not hang.
      this.#fail(error);
    }
  }

  #turn(): void {
    const { admissible, callable } = this.#table;
    const turnEnds = this.#context.recorder.now() + TURN_MS;
    const fail = (task: number, error: unknown): void => this.#failedNow(task, error);
    let isTurnOver = false;
    this.#here.resume();
    do {
      this.#pumpAgain = false;
      this.#devices?.pump();
      this.#kernels.admit(fail);
      this.#calls.send(fail);
      // Those that were left for want of room are no reason to try again; new ones are.
      const kernelsLeft = admissible.size;
      const callsLeft = callable.size;
      const hasOther = (): boolean => this.#pumpAgain || callable.size > callsLeft || admissible.size > kernelsLeft;
      const turn = (): boolean => this.#here.run(turnEnds, hasOther);
      isTurnOver = !(this.#context.within?.(turn) ?? turn());
      if (hasOther()) this.#pumpAgain = true;
      if (this.#pumpAgain && this.#context.recorder.now() > turnEnds) isTurnOver = true;
    } while (this.#pumpAgain && !isTurnOver && this.isGoing);
    this.#isPumping = false;
    if (!this.isGoing) return;
    if (this.#left === 0 && !this.#keeper?.isBusy && !this.#devices?.owes) this.#succeed();
    else if (isTurnOver) this.#pumpLater();
    else if (this.#kernels.inFlight + this.#calls.inFlight > 0 || this.#keeper?.isBusy || this.#devices?.isBusy) {
      this.#context.crowd.goesOn(this);
    }
    // A task of this thread may itself wait for another run.
    else if (this.#here.pending > 0) this.#context.crowd.mayWait(this);
    else this.#stuck();
  }

  /** Reports come in groups: one pump after the group. */
  #pumpSoon(): void {
    if (this.#isPumping) {
      this.#pumpAgain = true;
    } else if (!this.#pumpScheduled) {
      this.#pumpScheduled = true;
      queueMicrotask(() => {
        this.#pumpScheduled = false;
        this.pump();
      });
    }
  }

  /** After whatever else this thread has to do. */
  #pumpLater(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.pump();
    });
  }

  /** Nothing of this run is going on, and what is left lacks memory, or a place in the window. */
  #stuck(): void {
    if (this.#left !== this.#leftWhenStuck) {
      // Something ended meanwhile: what it gave back may do.
      this.#leftWhenStuck = this.#left;
      this.#pumpLater();
      return;
    }
    const lack = this.#kernels.lack ?? this.#here.lack ?? this.#devices?.lack;
    const isHeld = lack !== undefined || (this.#keeper?.isStrict ?? false);
    if (isHeld && !this.#context.crowd.mayWait(this)) {
      this.#rescue(lack);
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.pump();
    }, RETRY_MS);
  }

  /** What lacks memory may get it from arrays of this run that are not needed now. */
  #rescue(lack: Lack | undefined): void {
    if (this.#keeper === undefined) {
      if (lack !== undefined) this.#failedNow(lack.task, lack.error);
      return;
    }
    try {
      this.#keeper.rescue(lack?.task ?? -1, lack?.error.bytes ?? 0);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#context.crowd.goesOn(this);
    if (!this.#keeper.isBusy) this.#pumpLater();
  }

  inputsOf(task: number): unknown[] {
    const { depStart, deps } = this.#program;
    const first = depStart[task] as number;
    const inputs = new Array<unknown>((depStart[task + 1] as number) - first);
    for (let i = 0; i < inputs.length; i++) inputs[i] = this.#results.valueOf(deps[first + i] as number);
    return inputs;
  }

  limitOf(task: number): number | undefined {
    const limit = this.#program.nodes[task]?.settings.timeout ?? this.#context.timeout;
    return limit === undefined || limit > LONGEST_MS ? undefined : limit;
  }

  /** A result that may contain views of inputs on the heap gets copies of them: it outlives its inputs. */
  setValue(task: number, value: unknown): void {
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

  // What became of a task.

  succeeded(task: number, value: unknown, start: number, end: number, thread: number): void {
    const isKernel = this.#program.nodes[task]?.op.kind === 'kernel';
    const wasAdmitted = this.#table.way[task] === KERNEL;
    if (isKernel) this.#kernels.ended(task);
    if (!wasAdmitted) this.#calls.ended();
    if (this.#failure !== undefined) {
      this.#settleFailure();
      return;
    }
    try {
      if (!isKernel) this.setValue(task, value);
      const limit = wasAdmitted ? this.limitOf(task) : undefined;
      if (limit !== undefined && end - start > limit) throw new TaskTimeoutError(limit);
    } catch (error) {
      this.#gaveUp(task, error, start, end, thread);
      return;
    }
    this.#context.recorder.started(task, start, thread);
    this.#ended(task, start, end, thread, wasAdmitted);
    this.#pumpSoon();
  }

  failed(task: number, error: unknown, start: number, end: number, thread: number): void {
    if (this.#program.nodes[task]?.op.kind === 'kernel') this.#kernels.ended(task);
    if (this.#table.way[task] !== KERNEL) this.#calls.ended();
    if (this.#failure !== undefined) this.#settleFailure();
    // Cancelled because an input failed: that one is reported too, and the run fails with its error.
    else if (error !== cancelled) this.#gaveUp(task, error, start, end, thread);
  }

  #gaveUp(task: number, error: unknown, start: number, end: number, thread: number): void {
    const node = this.#program.nodes[task] as TaskNode;
    if (thread > 0) this.#context.recorder.started(task, start, thread);
    const attempt = (this.#attempts.get(task) ?? 0) + 1;
    // A kernel is a function of its inputs: it would fail the same way again.
    const isRetrying = node.op.kind !== 'kernel' && attempt <= (node.settings.retries ?? this.#context.retries);
    this.#context.recorder.failed(task, error, end, isRetrying);
    if (!isRetrying) {
      this.#fail(new TaskError(node.key, pathTo(this.#program, task), error));
      return;
    }
    this.#attempts.set(task, attempt);
    this.#table.stop(task);
    this.#table.makeReady(task);
    this.#pumpSoon();
  }

  returned(task: number): void {
    const op = this.#program.nodes[task]?.op;
    const kernel = op?.kind === 'kernel' ? op.kernel : undefined;
    this.#calls.ended(kernel);
    if (!this.isGoing) return;
    if (kernel !== undefined) this.#kernels.undo(task);
    this.#table.stop(task);
    this.#table.reroute(task, HERE);
    this.#pumpSoon();
  }

  unchained(task: number): void {
    this.#calls.ended();
    if (!this.isGoing) return;
    this.#table.stop(task);
    if (this.#table.blocking[task] === 0) this.#table.makeReady(task);
    this.#pumpSoon();
  }

  failedHere(task: number, error: unknown, start: number, end: number): void {
    if (this.#program.nodes[task]?.op.kind === 'kernel') this.#kernels.ended(task);
    if (this.isGoing) this.#gaveUp(task, error, start, end, 0);
  }

  #failedNow(task: number, error: unknown): void {
    const now = this.#context.recorder.now();
    this.failedHere(task, error, now, now);
  }

  endedHere(task: number, start: number, end: number): void {
    this.#ended(task, start, end, 0, false);
    // What it gave back may be room for others.
    if (this.#keeper?.isStrict) this.#pumpAgain = true;
  }

  endedThere(task: number, start: number, end: number): void {
    this.#table.finish(task);
    this.#left--;
    this.#context.recorder.started(task, start, 0);
    this.#context.recorder.ended(task, start, end, 0, this.#results);
    this.#results.consumed(task);
  }

  repeats(count: number): void {
    this.#left += count;
  }

  failedThere(task: number, error: unknown, start: number, end: number): void {
    if (this.isGoing) this.#gaveUp(task, error, start, end, 0);
  }

  wake(): void {
    if (this.#failure === undefined) this.#pumpSoon();
    else this.#settleFailure();
  }

  /** @param wasAdmitted whether kernels that wait for this task were unblocked when it was admitted. */
  #ended(task: number, start: number, end: number, thread: number, wasAdmitted: boolean): void {
    const { way, state, ticket } = this.#table;
    const { succStart, succs } = this.#program;
    ticket[task] = -1;
    this.#table.finish(task);
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
    this.#devices?.endedOnHost(task, start, end);
  }

  // The end.

  #succeed(): void {
    const fetching = this.#context.keepsResults ? undefined : this.#results.fetch(this.#program.targets);
    if (fetching === undefined) this.#answer();
    else
      fetching.then(
        () => this.isGoing && this.#answer(),
        (error: unknown) => this.#fail(error),
      );
  }

  #answer(): void {
    try {
      const answer = this.#collect(this.#results);
      this.#close();
      this.#resolve(answer);
    } catch (error) {
      this.#failure = { error };
      this.#close();
      this.#reject(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver || this.#failure !== undefined) return;
    this.#failure = { error };
    const stopping = this.#calls.abort();
    this.#callsStopped = stopping === undefined;
    void stopping?.then(() => {
      this.#callsStopped = true;
      this.#settleFailure();
    });
    this.#kernels.cancel();
    this.#devices?.cancel();
    this.#settleFailure();
  }

  /** A failed run is over when nothing of it writes to memory any more. */
  #settleFailure(): void {
    if (this.#isOver || this.#failure === undefined || this.#kernels.inFlight > 0 || !this.#callsStopped) return;
    if (this.#keeper?.isBusy || this.#devices?.isBusy) return;
    this.#close();
    this.#reject(this.#failure.error);
  }

  #close(): void {
    this.#isOver = true;
    this.#context.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#kernels.close();
    this.#devices?.close();
    this.#results.releaseAll();
    this.#keeper?.close();
    this.#context.crowd.leave(this);
    this.#context.recorder.finished(this.#failure);
  }
}
