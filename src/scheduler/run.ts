/**
 * The execution loop: drives one program to its results. Every way of running is this loop; they differ in the lanes
 * that tasks leave by. Tasks start in the program's order among those that are ready.
 *
 * A task goes one of four ways. `here`: on this thread (values, items, structures, functions that asked for it or cannot
 * be sent, and everything under `sync`). `call`: a JavaScript function on the pool. `kernel`: a WebAssembly kernel in the
 * window, admitted as soon as its inputs are there *or admitted themselves*, so that threads go from one kernel to the
 * next without asking. `output`: one of several outputs of a kernel; it is there whenever its kernel is.
 */
import { ComputationAbortedError, DeviceUnsupportedError, HeapExhaustedError, TaskError, TaskTimeoutError } from '../errors.js';
import { evaluate, fillArgs, pathTo, type Program } from '../graph/program.js';
import type { TaskNode } from '../graph/node.js';
import { hasWasmBody, type LocalKernels, runJsBody } from '../devices/bodies.js';
import type { CallLane, KernelCall, KernelLane, LaneSink } from '../devices/lanes.js';
import { cancelled } from '../devices/window-lane.js';
import type { ArraySpec, Kernel, KernelParams } from '../kernels/contract.js';
import type { Block, Heap } from '../memory/heap.js';
import { Handle } from '../memory/handle.js';
import { Persisted } from './persisted.js';
import { ReadySet } from './ready-set.js';
import type { Recorder } from './recorder.js';
import { Results } from './results.js';

/** What a run needs of its surroundings. */
export interface RunContext {
  readonly heap: Heap;
  readonly local: LocalKernels;
  /** Lanes to other threads; undefined for `sync`. They report to `sink`. */
  readonly lanes: ((sink: LaneSink) => { readonly calls: CallLane; readonly kernels: KernelLane }) | undefined;
  readonly threads: number;
  readonly retries: number;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Which of the bodies a kernel has may run; the first one that fits does. */
  readonly kernelDevices: readonly ('wasm' | 'js')[];
  readonly recorder: Recorder;
}

const HERE = 0;
const CALL = 1;
const KERNEL = 2;
const OUTPUT = 3;

const WAITING = 0;
const STARTED = 1;
const DONE = 2;

/** How long this thread works on its own tasks before it lets messages and timers through, in milliseconds. */
const TURN_MS = 12;
/** Kernels are admitted ahead of time up to this many bytes of results beyond what keeps the threads busy. */
const LOOKAHEAD_BYTES = 64 << 20;

export type RunResult = Pick<Results, 'take' | 'held' | 'valueOf'>;

/**
 * Runs a program and hands its results to `collect` before they are released.
 * @throws TaskError when a task fails, ComputationAbortedError when the signal says so.
 */
export function run<T>(program: Program, context: RunContext, collect: (results: Results) => T): Promise<T> {
  return new Run(program, context, collect).promise;
}

class Run<T> implements LaneSink {
  readonly promise: Promise<T>;
  readonly #program: Program;
  readonly #context: RunContext;
  readonly #collect: (results: Results) => T;
  readonly #results: Results;
  readonly #calls: CallLane | undefined;
  readonly #kernels: KernelLane | undefined;
  readonly #way: Uint8Array;
  readonly #state: Uint8Array;
  /** Dependencies that still keep a task from starting. */
  readonly #blocking: Int32Array;
  /** The ticket of an admitted kernel (or of the kernel behind an output), -1 when there is none in flight. */
  readonly #ticket: Int32Array;
  readonly #attempts = new Map<number, number>();
  readonly #scratch = new Map<number, Block>();
  readonly #here: ReadySet;
  readonly #callable: ReadySet;
  readonly #admissible: ReadySet;
  #left: number;
  #kernelsInFlight = 0;
  #kernelBytes = 0;
  #pendingHere = 0;
  #pumping = false;
  #pumpAgain = false;
  #ending = false;
  #failure: { readonly error: unknown } | undefined;
  #resolve: (value: T) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  readonly #onAbort = (): void => this.#fail(new ComputationAbortedError(this.#context.signal?.reason));

  constructor(program: Program, context: RunContext, collect: (results: Results) => T) {
    const n = program.nodes.length;
    this.#program = program;
    this.#context = context;
    this.#collect = collect;
    this.#results = new Results(program, context.heap);
    this.#way = new Uint8Array(n);
    this.#state = new Uint8Array(n);
    this.#blocking = program.pending.slice();
    this.#ticket = new Int32Array(n).fill(-1);
    this.#here = new ReadySet(n);
    const lanes = context.lanes?.(this);
    this.#calls = lanes?.calls;
    this.#kernels = lanes?.kernels;
    this.#callable = lanes === undefined ? this.#here : new ReadySet(n);
    this.#admissible = lanes === undefined ? this.#here : new ReadySet(n);
    this.#left = n;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#start();
  }

  #start(): void {
    const { signal } = this.#context;
    const n = this.#program.nodes.length;
    try {
      for (let task = 0; task < n; task++) this.#way[task] = this.#wayOf(task);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    for (let task = 0; task < n; task++) if (this.#blocking[task] === 0) this.#makeReady(task);
    this.#pump();
  }

  // Which way a task goes.

  #wayOf(task: number): number {
    const node = this.#program.nodes[task] as TaskNode;
    const { op, settings } = node;
    switch (op.kind) {
      case 'kernel': {
        const device = this.#kernelDevice(node, undefined);
        return this.#kernels !== undefined && device === 'wasm' ? KERNEL : HERE;
      }
      case 'item':
        return this.#outputOf(task) === undefined ? HERE : OUTPUT;
      case 'call': {
        const device = settings.device;
        const fine = device === undefined || device === 'auto' || device === 'js' || (Array.isArray(device) && device.includes('js'));
        if (!fine) {
          const named = Array.isArray(device) ? device.join("', '") : String(device);
          throw new DeviceUnsupportedError(
            node.key,
            `task '${node.key}' was asked to run on '${named}', but a JavaScript function runs on 'js' only`,
          );
        }
        return this.#calls === undefined || settings.inline === true ? HERE : CALL;
      }
      default:
        return HERE;
    }
  }

  /** The first device that may run a kernel and has a body for it. With `specs` unknown, the kernel's word is taken. */
  #kernelDevice(node: TaskNode, specs: readonly ArraySpec[] | undefined): 'wasm' | 'js' {
    const { op, settings } = node;
    const kernel = (op as { kernel: unknown }).kernel as Kernel;
    const params = (op as { params: KernelParams }).params;
    const own = settings.device;
    const allowed = own === undefined || own === 'auto' ? this.#context.kernelDevices : ([own].flat() as ('wasm' | 'js')[]);
    for (const device of allowed) {
      if (device === 'js') return 'js';
      if (device !== 'wasm' || kernel.bodies.wasm === undefined) continue;
      if (specs === undefined || hasWasmBody(kernel, specs, params)) return 'wasm';
    }
    throw new DeviceUnsupportedError(
      node.key,
      `task '${node.key}': kernel '${kernel.name}' has no body for device '${allowed.join("', '")}'` +
        (specs === undefined ? '' : ` with inputs ${specs.map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`).join(', ')}`),
    );
  }

  /** For an item of a kernel with several outputs: the kernel's task and which output. */
  #outputOf(task: number): { readonly source: number; readonly output: number } | undefined {
    const { nodes, depStart, deps } = this.#program;
    const node = nodes[task] as TaskNode;
    if (node.op.kind !== 'item' || node.deps.length !== 1) return undefined;
    const source = deps[depStart[task] as number] as number;
    if (nodes[source]?.op.kind !== 'kernel') return undefined;
    const output = Number(node.args[1]);
    return Number.isInteger(output) && output >= 0 ? { source, output } : undefined;
  }

  // The loop.

  #makeReady(task: number): void {
    switch (this.#way[task]) {
      case KERNEL:
        this.#admissible.add(task);
        break;
      case CALL:
        this.#callable.add(task);
        break;
      default:
        this.#here.add(task);
    }
  }

  /** Starts whatever can start. Lanes report back at any time, also from within. */
  #pump(): void {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    const turnEnds = performance.now() + TURN_MS;
    do {
      this.#pumpAgain = false;
      if (this.#kernels !== undefined) this.#admit(this.#kernels);
      if (this.#calls !== undefined) this.#sendCalls(this.#calls);
      if (!this.#runHere(turnEnds)) {
        this.#pumping = false;
        setImmediate(() => this.#pump());
        return;
      }
    } while (this.#pumpAgain && this.#failure === undefined);
    this.#pumping = false;
    if (this.#failure === undefined && this.#left === 0) this.#succeed();
  }

  /** Tasks of this thread, in order. False when the turn is over and there is more to do. */
  #runHere(turnEnds: number): boolean {
    const alone = this.#kernels === undefined;
    for (let count = 0; this.#here.size > 0 && this.#failure === undefined; count++) {
      // Under sync the next task waits until the one before it has its result.
      if (alone && this.#pendingHere > 0) return true;
      // Others wait for what finished meanwhile: keep the threads busy first.
      if (!alone && this.#pumpAgain) return true;
      if ((count & 63) === 63 && performance.now() > turnEnds) return false;
      this.#step(this.#here.takeFirst());
    }
    return true;
  }

  #step(task: number): void {
    const node = this.#program.nodes[task] as TaskNode;
    const { recorder } = this.#context;
    this.#state[task] = STARTED;
    const start = recorder.now();
    recorder.started(task, start, 0);
    try {
      if (node.op.kind === 'kernel') {
        if (this.#kernelHere(task, node, start)) return;
      } else if (this.#way[task] === OUTPUT) {
        this.#takeOutput(task);
      } else if (node.op.kind === 'value' && node.args[0] instanceof Persisted) {
        node.args[0].putInto(this.#results, task, node.key);
      } else {
        const value = evaluate(node, this.#inputs(task));
        if (isThenable(value)) {
          this.#await(task, value, start);
          return;
        }
        this.#checkTime(node, start);
        this.#results.setValue(task, value);
      }
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

  #await(task: number, value: PromiseLike<unknown>, start: number): void {
    const limit = this.#timeoutOf(task);
    const { recorder } = this.#context;
    this.#pendingHere++;
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
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
          this.#results.setValue(task, result);
          this.#ended(task, start, recorder.now(), 0);
        }),
      fail,
    );
  }

  #timeoutOf(task: number): number | undefined {
    return this.#program.nodes[task]?.settings.timeout ?? this.#context.timeout;
  }

  /** A synchronous function cannot be stopped on this thread, but its result comes too late all the same. */
  #checkTime(node: TaskNode, start: number): void {
    const limit = node.settings.timeout ?? this.#context.timeout;
    if (limit !== undefined && this.#context.recorder.now() - start > limit) throw new TaskTimeoutError(limit);
  }

  #sendCalls(lane: CallLane): void {
    if (this.#callable.size === 0) return;
    for (let task = this.#callable.takeFirst(); task >= 0; task = this.#callable.takeFirst()) {
      const node = this.#program.nodes[task] as TaskNode;
      if (node.op.kind !== 'call') continue;
      this.#state[task] = STARTED;
      try {
        const args = fillArgs(node, this.#inputs(task));
        lane.submit({ task, name: node.op.name, fn: node.op.fn, args, timeout: this.#timeoutOf(task) });
      } catch (error) {
        const now = this.#context.recorder.now();
        this.failed(task, error, now, now, 0);
      }
    }
    lane.flush();
  }

  // Kernels.

  #admit(lane: KernelLane): void {
    let admitted = false;
    while (this.#admissible.size > 0 && this.#failure === undefined) {
      const busy = this.#kernelsInFlight >= 4 * this.#context.threads;
      if (busy && this.#kernelBytes > LOOKAHEAD_BYTES) break;
      const task = this.#admissible.first();
      const outcome = this.#tryAdmit(task, lane);
      if (outcome === 'later') break;
      if (this.#admissible.first() === task) this.#admissible.remove(task);
      admitted ||= outcome === 'admitted';
    }
    if (admitted) lane.flush(this.#admissible.size > 0);
  }

  /** `later`: no room now, but there will be when something ends. `elsewhere`: it runs here, or has failed. */
  #tryAdmit(task: number, lane: KernelLane): 'admitted' | 'later' | 'elsewhere' {
    const { depStart, deps, succStart, succs, nodes } = this.#program;
    const node = nodes[task] as TaskNode;
    const after: number[] = [];
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const ticket = this.#ticket[deps[e] as number] as number;
      if (ticket >= 0) after.push(ticket);
    }
    if (!lane.hasRoomFor(after.length)) return 'later';
    let call: KernelCall | undefined;
    try {
      const inputs = this.#kernelInputs(task);
      if (this.#kernelDevice(node, inputs) !== 'wasm') {
        this.#sendHere(task);
        return 'elsewhere';
      }
      call = this.#prepare(task, node, inputs);
    } catch (error) {
      if (error instanceof HeapExhaustedError && this.#kernelsInFlight > 0) return 'later';
      const now = this.#context.recorder.now();
      this.#admissible.remove(task);
      this.failed(task, error, now, now, 0);
      return 'elsewhere';
    }
    let notify = false;
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      if (this.#waitsOutside(succs[e] as number)) notify = true;
    }
    this.#state[task] = STARTED;
    const ticket = lane.admit(call, after, notify);
    this.#admissible.remove(task);
    this.#ticket[task] = ticket;
    this.#kernelsInFlight++;
    this.#kernelBytes += bytesOf(call);
    this.#announce(task, ticket);
    return 'admitted';
  }

  /** Whether a successor of a kernel is something that only this thread can start. */
  #waitsOutside(successor: number): boolean {
    const way = this.#way[successor];
    if (way !== OUTPUT) return way !== KERNEL;
    const { succStart, succs } = this.#program;
    for (let e = succStart[successor] as number; e < (succStart[successor + 1] as number); e++) {
      if (this.#way[succs[e] as number] !== KERNEL) return true;
    }
    return false;
  }

  /** Kernels that wait for an admitted kernel may be admitted too; its outputs are there at once. */
  #announce(task: number, ticket: number): void {
    const { succStart, succs } = this.#program;
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const successor = succs[e] as number;
      if (this.#way[successor] === KERNEL) this.#unblock(successor);
      else if (this.#way[successor] === OUTPUT && this.#state[successor] === WAITING) {
        this.#takeOutput(successor);
        this.#state[successor] = STARTED;
        this.#ticket[successor] = ticket;
        this.#announce(successor, ticket);
      }
    }
  }

  #takeOutput(task: number): void {
    const { source, output } = this.#outputOf(task) as { source: number; output: number };
    const held = this.#results.held(source);
    const handle = held instanceof Handle ? undefined : held?.[output];
    if (handle === undefined) {
      const count = held instanceof Handle ? 1 : (held?.length ?? 0);
      throw new RangeError(`output ${output} was asked for, but the kernel has ${count}`);
    }
    this.#results.setHeld(task, handle.retain());
  }

  #kernelInputs(task: number): Handle[] {
    const { depStart, deps } = this.#program;
    const inputs: Handle[] = [];
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      inputs.push(this.#results.handleOf(deps[e] as number));
    }
    return inputs;
  }

  /** Makes room for a kernel's outputs and scratch: all or nothing. @throws HeapExhaustedError */
  #prepare(task: number, node: TaskNode, inputs: readonly Handle[]): KernelCall {
    const { heap } = this.#context;
    const kernel = (node.op as { kernel: unknown }).kernel as Kernel;
    const params = (node.op as { params: KernelParams }).params;
    const { outputs: specs, scratch = 0 } = kernel.infer(inputs, params);
    const outputs: Handle[] = [];
    try {
      for (const spec of specs) outputs.push(Handle.create(heap, spec));
      if (scratch > 0) this.#scratch.set(task, heap.allocate(scratch));
    } catch (error) {
      for (const handle of outputs) handle.release();
      throw error;
    }
    this.#results.setHeld(task, outputs.length === 1 ? (outputs[0] as Handle) : outputs);
    const block = this.#scratch.get(task);
    return { task, kernel, params, inputs, outputs, scratch: block === undefined ? 0 : heap.address(block) };
  }

  #freeScratch(task: number): void {
    const block = this.#scratch.get(task);
    if (block === undefined) return;
    this.#scratch.delete(task);
    this.#context.heap.free(block);
  }

  /** A kernel whose WebAssembly body does not take these inputs goes by its js body, once the inputs are computed. */
  #sendHere(task: number): void {
    const { depStart, deps } = this.#program;
    this.#admissible.remove(task);
    this.#way[task] = HERE;
    let blocking = 0;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      if (this.#state[deps[e] as number] !== DONE) blocking++;
    }
    this.#blocking[task] = blocking;
    if (blocking === 0) this.#makeReady(task);
  }

  /** Runs a kernel on this thread, or its js body on the pool (then the answer is true: it is not over yet). */
  #kernelHere(task: number, node: TaskNode, start: number): boolean {
    const inputs = this.#kernelInputs(task);
    const device = this.#kernelDevice(node, inputs);
    const call = this.#prepare(task, node, inputs);
    if (device === 'js' && this.#calls !== undefined) {
      const views = (handles: readonly unknown[]): unknown[] => handles.map((handle) => (handle as Handle).view());
      const args = [call.kernel.name, call.params, views(call.inputs), views(call.outputs)];
      this.#calls.submit({ task, name: call.kernel.name, fn: runJsBody, args, timeout: this.#timeoutOf(task) });
      this.#calls.flush();
      return true;
    }
    this.#context.local.run(call, device);
    this.#checkTime(node, start);
    this.#freeScratch(task);
    return false;
  }

  // What became of a task.

  succeeded(task: number, value: unknown, start: number, end: number, thread: number): void {
    const kernel = this.#way[task] === KERNEL;
    if (kernel) this.#kernelOver(task);
    else if (this.#program.nodes[task]?.op.kind === 'kernel') this.#freeScratch(task);
    else this.#results.setValue(task, value);
    if (this.#failure !== undefined) {
      this.#settleFailure();
      return;
    }
    this.#context.recorder.started(task, start, thread);
    this.#ended(task, start, end, thread);
    this.#pumpSoon();
  }

  failed(task: number, error: unknown, start: number, end: number, thread: number): void {
    const kernel = this.#way[task] === KERNEL && (this.#ticket[task] as number) >= 0;
    if (kernel) this.#kernelOver(task);
    else this.#freeScratch(task);
    if (this.#failure !== undefined) {
      this.#settleFailure();
      return;
    }
    if (error === cancelled) return;
    const node = this.#program.nodes[task] as TaskNode;
    const attempt = (this.#attempts.get(task) ?? 0) + 1;
    const retries = node.settings.retries ?? this.#context.retries;
    // A kernel is a function of its inputs: it would fail the same way again.
    const retrying = attempt <= retries && node.op.kind !== 'kernel';
    this.#context.recorder.failed(task, error, end, retrying);
    if (retrying) {
      this.#attempts.set(task, attempt);
      this.#state[task] = WAITING;
      this.#makeReady(task);
      this.#pumpSoon();
      return;
    }
    this.#fail(new TaskError(node.key, pathTo(this.#program, task), error));
  }

  #kernelOver(task: number): void {
    this.#kernelsInFlight--;
    this.#ticket[task] = -1;
    this.#freeScratch(task);
    const held = this.#results.held(task);
    if (held !== undefined) for (const handle of [held].flat()) this.#kernelBytes -= (handle as Handle).nbytes;
  }

  #ended(task: number, start: number, end: number, thread: number): void {
    const { succStart, succs } = this.#program;
    const wasAdmitted = this.#way[task] === KERNEL || (this.#way[task] === OUTPUT && (this.#ticket[task] as number) >= 0);
    this.#ticket[task] = -1;
    this.#state[task] = DONE;
    this.#left--;
    this.#context.recorder.ended(task, start, end, thread, this.#results);
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const successor = succs[e] as number;
      if (this.#state[successor] === STARTED && this.#way[successor] === OUTPUT) this.#ended(successor, end, end, thread);
      // A kernel was unblocked already when this one was admitted.
      else if (!(wasAdmitted && this.#way[successor] === KERNEL)) this.#unblock(successor);
    }
    this.#results.consumed(task);
  }

  #unblock(task: number): void {
    if (--this.#blocking[task]! === 0) this.#makeReady(task);
  }

  #pumpScheduled = false;

  /** Reports come in groups: one pump after the group. */
  #pumpSoon(): void {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      if (this.#failure === undefined) this.#pump();
    });
  }

  // The end.

  #succeed(): void {
    if (this.#ending) return;
    this.#ending = true;
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
    if (this.#ending || this.#failure !== undefined) return;
    this.#failure = { error };
    this.#context.signal?.removeEventListener('abort', this.#onAbort);
    this.#calls?.abort();
    if (this.#kernels !== undefined && this.#kernelsInFlight > 0) {
      const tickets: number[] = [];
      for (let task = 0; task < this.#ticket.length; task++) {
        if (this.#way[task] === KERNEL && (this.#ticket[task] as number) >= 0) tickets.push(this.#ticket[task] as number);
      }
      this.#kernels.cancel(tickets);
    }
    this.#settleFailure();
  }

  /** The run is over when no kernel writes to its memory any more. */
  #settleFailure(): void {
    if (this.#ending || this.#failure === undefined || this.#kernelsInFlight > 0) return;
    this.#ending = true;
    for (const task of [...this.#scratch.keys()]) this.#freeScratch(task);
    this.#results.releaseAll();
    this.#context.recorder.finished(this.#failure);
    this.#reject(this.#failure.error);
  }
}

function bytesOf(call: KernelCall): number {
  let bytes = 0;
  for (const output of call.outputs) bytes += (output as Handle).nbytes;
  return bytes;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
