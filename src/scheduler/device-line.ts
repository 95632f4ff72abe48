/**
 * One device outside the pool's threads, as a run sees it: what it was given and has not sent, what is on its way, and
 * its memory. Arrays are brought in when the first call there takes them and stay; when its memory is full, copies of
 * what is on the host go first, then what nobody needs for longest, by way of the host.
 *
 * Calls go out in the order in which they were given, those that wait for an array passed by. All that can go goes in
 * one batch.
 */
import { type ArraySpec, NDArray } from '../array/ndarray.js';
import type { Precision } from '../config.js';
import { BoundedMemory } from '../devices/bounded-memory.js';
import type { Device, DeviceArray, DeviceCall, DeviceMemory, DeviceSource } from '../devices/contract.js';
import { type Lease, takeDevice } from '../devices/leases.js';
import { ArgumentError, DeviceLostError, HeapExhaustedError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import { Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import { bytesOf } from './needs.js';
import { unsupported } from './placing.js';
import type { Recorder } from './recorder.js';
import { type Remote, RemoteArray, type RemoteCopy } from './remote.js';
import type { Results } from './results.js';
import { STARTED, type TaskTable } from './table.js';
import { kernelOf } from './ways.js';

/** What a line asks of the flow that it is part of. */
export interface LineHost {
  /** Whether a result is on the host, or is given there. */
  isOnHost(task: number): boolean;
  /** Has a result brought to the host, as soon as it is made; nothing where nobody makes it yet. */
  want(task: number): void;
  /** The first task that will take a result; Infinity where none will. */
  nextUse(task: number): number;
  /** A call is on its way: what shows its result is, too. */
  sent(task: number, device: number): void;
  ended(task: number, device: number, start: number, end: number): void;
  failed(task: number, error: unknown, start: number, end: number): void;
  /** The device has no body for the task's inputs, which were not known before. */
  refused(task: number, device: number, error: Error): void;
  /** The device cannot be opened, or is gone, and these tasks have not run. */
  lost(device: number, error: unknown, tasks: readonly number[]): void;
  wake(): void;
}

interface Flight {
  readonly call: DeviceCall;
  readonly inputs: readonly RemoteArray[];
  readonly deps: readonly number[];
}

/** How many calls that wait for an array are passed by. */
const LOOKS = 64;

export class DeviceLine {
  readonly index: number;
  readonly source: DeviceSource;
  readonly inFlight = new Map<number, Flight>();
  /** Given and not sent, in order. */
  queue: number[] = [];
  /** A task that waits for room on the host's heap. */
  lack: { readonly task: number; readonly error: HeapExhaustedError } | undefined;
  /** Calls that were sent since the last flush. */
  #sent = 0;
  #lease: Lease | undefined;
  /** The device's memory, within the run's budget. */
  #memory: BoundedMemory | undefined;
  #isOpening = false;
  #isClosed = false;
  /** Why the device is gone, while calls that were out have not all been told. */
  #lost: unknown;
  #redo: number[] = [];
  /** How many calls in flight take or make each result. */
  readonly #busy = new Map<number, number>();
  readonly #options: LineOptions;

  constructor(options: LineOptions) {
    this.#options = options;
    this.index = options.index;
    this.source = options.source;
  }

  get device(): Device | undefined {
    return this.#lease?.device;
  }

  get isBusy(): boolean {
    return this.inFlight.size > 0 || (this.#isOpening && !this.#isClosed);
  }

  /** Sends what can be sent. */
  pump(): void {
    this.lack = undefined;
    if (this.queue.length === 0 || this.#lost !== undefined) return;
    const { device } = this;
    if (device === undefined) {
      this.#open();
      return;
    }
    const head = this.queue.indexOf(this.#options.table.keeper?.head ?? -1);
    if (head > 0) this.queue.unshift(...this.queue.splice(head, 1));
    const rest: number[] = [];
    let looks = LOOKS;
    for (let i = 0; i < this.queue.length; i++) {
      const task = this.queue[i] as number;
      let isSent = false;
      if (looks > 0) {
        isSent = this.#trySend(task, device);
        // What follows may be given another way meanwhile
        if (this.#lease?.device !== device) return;
        if (!isSent) looks--;
      }
      if (!isSent) rest.push(task);
    }
    this.queue = rest;
    if (this.#sent === 0) return;
    this.#sent = 0;
    device.flush();
  }

  #leased(lease: Lease): void {
    this.#lease = lease;
    const { memory } = lease.device;
    if (memory !== undefined) this.#memory = new BoundedMemory(memory, this.#options.budget);
  }

  /** Its memory, as this run sees it; undefined for one that computes on the heap, or is not open. */
  get memory(): BoundedMemory | undefined {
    return this.#memory;
  }

  #open(): void {
    if (this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    const { host } = this.#options;
    takeDevice(this.source, this.#options.precision).then(
      (lease) => {
        this.#isOpening = false;
        if (this.#isClosed) lease.release();
        else this.#leased(lease);
        host.wake();
      },
      (error: unknown) => {
        this.#isOpening = false;
        if (!this.#isClosed) host.lost(this.index, error, this.queue.splice(0));
        host.wake();
      },
    );
  }

  /** Whether the task has left the queue, one way or another. */
  #trySend(task: number, device: Device): boolean {
    const { table, host, recorder } = this.#options;
    if (table.keeper !== undefined && !table.keeper.mayStart(task)) return false;
    try {
      return this.#memory === undefined
        ? this.#sendOnHeap(task, device)
        : this.#sendToMemory(task, device, this.#memory);
    } catch (error) {
      if (error instanceof HeapExhaustedError && this.#memory === undefined) {
        this.lack ??= { task, error };
        return false;
      }
      const now = recorder.now();
      host.failed(task, error, now, now);
      return true;
    }
  }

  #depsOf(task: number): number[] {
    const { depStart, deps } = this.#options.table.program;
    return Array.from(deps.subarray(depStart[task], depStart[task + 1]));
  }

  /** For a device that computes on the heap. */
  #sendOnHeap(task: number, device: Device): boolean {
    const { table, results, host, heap } = this.#options;
    const deps = this.#depsOf(task);
    for (const dep of deps) {
      if (host.isOnHost(dep) || (table.state[dep] === STARTED && this.#busy.has(dep))) continue;
      host.want(dep);
      return false;
    }
    const inputs = deps.map((dep) => results.handleOf(dep));
    const specs = this.#infer(task, device, inputs);
    if (specs === undefined) return true;
    results.keeper?.claim(bytesOf(specs));
    const outputs: Handle[] = [];
    try {
      for (const spec of specs) outputs.push(Handle.create(heap, spec));
    } catch (error) {
      for (const handle of outputs) handle.release();
      throw error;
    }
    results.setHeld(task, outputs.length === 1 ? (outputs[0] as Handle) : outputs);
    const views = (handles: readonly Handle[]): NDArray[] => handles.map((handle) => handle.view());
    this.#submit(task, device, deps, views(inputs), views(outputs), []);
    return true;
  }

  /** For a device with a memory of its own. */
  #sendToMemory(task: number, device: Device, memory: DeviceMemory): boolean {
    const { results, host, remote, table } = this.#options;
    const deps = this.#depsOf(task);
    for (const dep of deps) {
      if (remote.at(dep, this.index) !== undefined) {
        // Only where the order is kept may it still be on its way
        if (device.traits.isOrdered || !this.inFlight.has(this.#makerOf(dep))) continue;
        return false;
      }
      if (host.isOnHost(dep)) continue;
      host.want(dep);
      return false;
    }
    const pinned = new Set(deps);
    const known = deps.map((dep): ArraySpec => {
      const copy = remote.at(dep, this.index);
      if (copy === undefined) return results.arrayOf(dep);
      if (copy.length === 1) return (copy[0] as RemoteArray).array;
      const key = table.program.nodes[dep]?.key ?? '';
      throw new ArgumentError(`'${key}' has ${copy.length} outputs; a kernel takes one of them: index it`);
    });
    const specs = this.#infer(task, device, known);
    if (specs === undefined) return true;
    for (const dep of pinned) {
      if (remote.at(dep, this.index) === undefined && !this.#bring(dep, memory, pinned, task)) return false;
    }
    const outputs: RemoteArray[] = [];
    for (const spec of specs) {
      const array = this.#allocate(spec, memory, pinned, task);
      if (array !== undefined) {
        outputs.push(new RemoteArray(memory, array));
        continue;
      }
      for (const output of outputs) output.release();
      return false;
    }
    const inputs = deps.map((dep) => {
      const [input] = remote.at(dep, this.index) as RemoteCopy;
      return (input as RemoteArray).retain();
    });
    remote.put(task, this.index, outputs);
    const arrays = (all: readonly RemoteArray[]): DeviceArray[] => all.map(({ array }) => array);
    this.#submit(task, device, deps, arrays(inputs), arrays(outputs), inputs);
    return true;
  }

  /** The task that makes what a task shows. */
  #makerOf(task: number): number {
    const { kinds, table } = this.#options;
    let at = task;
    while (kinds[at] === 2) at = table.program.deps[table.program.depStart[at] as number] as number;
    return at;
  }

  /** What the task gives; undefined when the device has no body for it. */
  #infer(task: number, device: Device, inputs: readonly ArraySpec[]): readonly ArraySpec[] | undefined {
    const { table, host } = this.#options;
    const node = table.program.nodes[task] as TaskNode;
    const { kernel, params } = kernelOf(node);
    const specs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
    if (device.can(kernel, specs, params)) return kernel.infer(specs, params).outputs;
    host.refused(task, this.index, unsupported(node, [device.name], specs));
    return undefined;
  }

  #submit(
    task: number,
    device: Device,
    deps: readonly number[],
    inputs: DeviceCall['inputs'],
    outputs: DeviceCall['outputs'],
    retained: readonly RemoteArray[],
  ): void {
    const { table, recorder, host } = this.#options;
    const { kernel, params } = kernelOf(table.program.nodes[task] as TaskNode);
    const call: DeviceCall = {
      kernel,
      params,
      inputs,
      outputs,
      onDone: (error, start, end) => this.#done(task, error, start, end),
    };
    this.inFlight.set(task, { call, inputs: retained, deps });
    for (const dep of [task, ...deps]) this.#busy.set(dep, (this.#busy.get(dep) ?? 0) + 1);
    table.start(task);
    recorder.device(task, device.name);
    device.submit(call);
    this.#sent++;
    host.sent(task, this.index);
  }

  #done(task: number, error: unknown, start: number, end: number): void {
    const { host } = this.#options;
    const flight = this.inFlight.get(task);
    if (flight === undefined) return;
    this.inFlight.delete(task);
    for (const dep of [task, ...flight.deps]) {
      const left = (this.#busy.get(dep) as number) - 1;
      if (left === 0) this.#busy.delete(dep);
      else this.#busy.set(dep, left);
    }
    for (const input of flight.inputs) input.release();
    if (error instanceof DeviceLostError || this.#lost !== undefined) {
      this.#isGone(task, this.#lost ?? error);
      return;
    }
    if (error === undefined) host.ended(task, this.index, start, end);
    else host.failed(task, error, start, end);
    host.wake();
  }

  /** What was out is told, call by call; then all that has not run is to go elsewhere. */
  #isGone(task: number, error: unknown): void {
    this.#redo.push(task);
    this.gone(error);
  }

  /** The device is gone. */
  gone(error: unknown): void {
    const { host } = this.#options;
    if (this.#lease === undefined) return;
    this.#lost = error;
    if (this.inFlight.size > 0) return;
    const tasks = [...this.#redo.splice(0), ...this.queue.splice(0)];
    this.#lost = undefined;
    this.#lease?.lose();
    this.#lease = undefined;
    host.lost(this.index, error, tasks);
    host.wake();
  }

  // Its memory.

  /** Copies what is on the host into its memory. False when there is no room now. */
  #bring(dep: number, memory: DeviceMemory, pinned: ReadonlySet<number>, task: number): boolean {
    const { results, recorder, remote } = this.#options;
    const source = results.arrayOf(dep);
    const array = this.#allocate({ dtype: source.dtype, shape: source.shape }, memory, pinned, task);
    if (array === undefined) return false;
    const start = recorder.now();
    memory.write(array, source);
    remote.put(dep, this.index, [new RemoteArray(memory, array)]);
    recorder.transferred(dep, 'host', this.source.name, array.nbytes, start, recorder.now());
    return true;
  }

  /** Room in its memory; undefined when it takes a while. @throws HeapExhaustedError when there will be none */
  #allocate(spec: ArraySpec, memory: DeviceMemory, pinned: ReadonlySet<number>, task: number): DeviceArray | undefined {
    const { host } = this.#options;
    for (;;) {
      const array = memory.allocate(spec);
      if (array !== undefined) return array;
      if (!this.#dropCopy(pinned)) break;
    }
    const victim = this.#furthest(pinned, false);
    if (victim >= 0) {
      host.want(victim);
      return undefined;
    }
    if (this.inFlight.size > 0) return undefined;
    return this.#noRoom(spec, memory, task);
  }

  #noRoom(spec: ArraySpec, memory: DeviceMemory, task: number): never {
    const key = this.#options.table.program.nodes[task]?.key ?? '';
    const bytes = new NDArray(new Uint8Array(0), { ...spec }).nbytes;
    throw new HeapExhaustedError(
      bytes,
      `the memory of device '${this.source.name}' has no room for ${bytes} bytes that task '${key}' needs, beside what ` +
        `it takes and what others have there: it holds ${memory.capacity}; work on smaller blocks, or let the task run elsewhere`,
    );
  }

  /** Drops the copy of what is on the host too and is needed last. False where there is none. */
  #dropCopy(pinned: ReadonlySet<number>): boolean {
    const victim = this.#furthest(pinned, true);
    if (victim < 0) return false;
    this.#options.remote.drop(victim, this.index);
    return true;
  }

  /** What is needed last of what may leave: of copies, or of what is nowhere else; -1 when there is none. */
  #furthest(pinned: ReadonlySet<number>, isCopy: boolean): number {
    const { remote, host, table } = this.#options;
    let victim = -1;
    let last = -1;
    for (const task of remote.tasksIn(this.index)) {
      if (pinned.has(task) || this.#busy.has(task) || table.state[task] === STARTED) continue;
      if (host.isOnHost(task) !== isCopy) continue;
      const next = host.nextUse(task);
      if (next <= last) continue;
      last = next;
      victim = task;
    }
    return victim;
  }

  // The end.

  /** Asks that nothing begins any more. Calls that are out are still told. */
  cancel(): void {
    this.queue = [];
    this.device?.cancel(Array.from(this.inFlight.values(), ({ call }) => call));
  }

  close(): void {
    this.#isClosed = true;
    this.#lease?.release();
    this.#lease = undefined;
  }
}

export interface LineOptions {
  readonly index: number;
  readonly source: DeviceSource;
  readonly host: LineHost;
  readonly table: TaskTable;
  readonly results: Results;
  readonly remote: Remote;
  readonly heap: Heap;
  readonly recorder: Recorder;
  readonly kinds: Uint8Array;
  readonly precision: Precision;
  /** Bytes that the run may take of the device's own memory; undefined for all there is. */
  readonly budget: number | undefined;
}
