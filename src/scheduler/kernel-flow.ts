/**
 * Kernels of a run: their memory, their admission to the window ahead of time, and their end. A kernel is admitted as
 * soon as its inputs are there *or admitted themselves*, so that threads go from one kernel to the next without asking
 * the main thread; that is held back only where results would pile up.
 *
 * Does badly on: a wide graph of large results that a late task needs all at once. They are made in order, each of them
 * before the memory of its predecessors is needed, and no order chosen here makes them fewer.
 */

import type { ArraySpec } from '../array/ndarray.js';
import type { KernelCall, KernelLane } from '../devices/lanes.js';
import { HeapExhaustedError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import { Handle } from '../memory/handle.js';
import type { Block, Heap } from '../memory/heap.js';
import { bytesOf, type Needs } from './needs.js';
import type { Recorder } from './recorder.js';
import type { Results } from './results.js';
import { type TaskTable, WAITING } from './table.js';
import { ELSEWHERE, HERE, isAlias, KERNEL, kernelDevice, kernelOf, OUTPUT, outputOf } from './ways.js';

/** Kernels are admitted ahead up to this many bytes of results and scratch, beyond what keeps the threads busy. */
const LOOKAHEAD_BYTES = 128 << 20;

/** A kernel that waits until somebody gives memory back. */
export interface Lack {
  readonly task: number;
  readonly error: HeapExhaustedError;
}

/** So many kernels are prepared in about a tenth of a millisecond. */
const FLUSH_EVERY = 32;

export class KernelFlow {
  readonly #table: TaskTable;
  readonly #results: Results;
  readonly #heap: Heap;
  readonly #recorder: Recorder;
  readonly #devices: readonly ('wasm' | 'js')[];
  readonly #lane: KernelLane | undefined;
  /** So many kernels in flight keep every thread busy. */
  readonly #enough: number;
  /** With one thread each kernel waits for the one admitted before, so that they run in the order of admission. */
  readonly #isInLine: boolean;
  #lastAdmitted = -1;
  readonly #needs: Needs | undefined;
  readonly #scratch = new Map<number, Block>();
  readonly #bytesOf = new Map<number, number>();
  #bytes = 0;
  #lack: Lack | undefined;
  #isCancelled = false;
  /** Whether the main thread is to hear of every kernel as soon as it ends: what comes next is decided by that. */
  hearsAll = false;

  constructor(options: {
    readonly table: TaskTable;
    readonly results: Results;
    readonly heap: Heap;
    readonly recorder: Recorder;
    readonly devices: readonly ('wasm' | 'js')[];
    readonly lane: KernelLane | undefined;
    readonly threads: number;
    readonly needs: Needs | undefined;
  }) {
    this.#table = options.table;
    this.#results = options.results;
    this.#heap = options.heap;
    this.#recorder = options.recorder;
    this.#devices = options.devices;
    this.#lane = options.lane;
    this.#enough = 16 * options.threads;
    this.#isInLine = options.threads === 1;
    this.#needs = options.needs;
  }

  /** Kernels in the window. */
  get inFlight(): number {
    return this.#bytesOf.size;
  }

  /** The kernel at which admission stopped for want of memory. */
  get lack(): Lack | undefined {
    return this.#lack;
  }

  /**
   * Admits what can be admitted, in order, until there is no room.
   * @param fail is told of tasks whose inputs make them impossible
   */
  admit(fail: (task: number, error: unknown) => void): void {
    const lane = this.#lane;
    const { admissible } = this.#table;
    this.#lack = undefined;
    if (lane === undefined || admissible.size === 0) return;
    let admitted = 0;
    while (admissible.size > 0 && !this.#isCancelled) {
      if (this.inFlight >= this.#enough && this.#bytes > LOOKAHEAD_BYTES) break;
      const task = this.#table.pick(admissible);
      if (task < 0) break;
      try {
        if (!this.#tryAdmit(task, lane)) break;
        // Threads begin while the rest is still being admitted
        if (++admitted % FLUSH_EVERY === 0) lane.flush(true);
      } catch (error) {
        if (error instanceof HeapExhaustedError) {
          this.#lack = { task, error };
          break;
        }
        admissible.remove(task);
        fail(task, error);
      }
    }
    lane.flush(admissible.size > 0);
  }

  /** False when the window has no room. */
  #tryAdmit(task: number, lane: KernelLane): boolean {
    const { program, ticket, admissible } = this.#table;
    const { depStart, deps, nodes } = program;
    const node = nodes[task] as TaskNode;
    const after: number[] = [];
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const before = ticket[deps[e] as number] as number;
      if (before >= 0) after.push(before);
    }
    const last = this.#isInLine ? (ticket[this.#lastAdmitted] ?? -1) : -1;
    if (last >= 0 && !after.includes(last)) after.push(last);
    if (!lane.hasRoomFor(after.length)) return false;
    const inputs = this.#inputs(task);
    if (kernelDevice(node, inputs, this.#devices) === 'js') {
      // Its WebAssembly body does not take these inputs: the js body does, once they are computed.
      admissible.remove(task);
      this.#table.reroute(task, HERE);
      if (this.#table.distant[task] === 0) this.#join(task);
      return true;
    }
    const call = this.#prepare(task, node, inputs);
    this.#recorder.device(task, 'wasm', inputs);
    try {
      ticket[task] = lane.admit(call, after);
      this.#lastAdmitted = task;
    } catch (error) {
      this.undo(task);
      throw error;
    }
    admissible.remove(task);
    this.#table.start(task);
    let bytes = 0;
    for (const output of call.outputs) bytes += (output as Handle).allocated;
    const scratch = this.#scratch.get(task);
    if (scratch !== undefined) bytes += this.#heap.bytes(scratch);
    this.#bytesOf.set(task, bytes);
    this.#bytes += bytes;
    this.#announce(task, ticket[task] as number);
    if (this.hearsAll) lane.join([ticket[task] as number]);
    return true;
  }

  /**
   * A dependency of a task outside the window is done or in flight. When that holds for all of them, one join has the
   * main thread woken when the last one ends; that each of them woke it would cost the threads a core again and again.
   */
  approach(task: number): void {
    const { distant } = this.#table;
    const left = (distant[task] as number) - 1;
    distant[task] = left;
    if (left === 0) this.#join(task);
  }

  #join(task: number): void {
    const { program, ticket } = this.#table;
    const { depStart, deps } = program;
    const after: number[] = [];
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const before = ticket[deps[e] as number] as number;
      if (before >= 0) after.push(before);
    }
    if (after.length > 0) this.#lane?.join(after);
  }

  /** Kernels that wait for an admitted one may be admitted too; its outputs are known at once. */
  #announce(task: number, ticket: number): void {
    const { way, state, program } = this.#table;
    const { succStart, succs } = program;
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const successor = succs[e] as number;
      if (way[successor] === KERNEL) {
        this.#table.unblock(successor);
      } else if (way[successor] === OUTPUT && state[successor] === WAITING) {
        // One that does not exist is an error of that task, when its turn comes.
        if (!this.#tryTakeOutput(successor)) continue;
        this.#table.start(successor);
        this.#table.ticket[successor] = ticket;
        this.#announce(successor, ticket);
      } else if (way[successor] !== OUTPUT && way[successor] !== ELSEWHERE) {
        this.approach(successor);
      }
    }
  }

  #tryTakeOutput(task: number): boolean {
    const { nodes, depStart } = this.#table.program;
    // An alias of what is announced; its other inputs, where there are any, may not be known yet.
    const inputs = (depStart[task + 1] as number) - (depStart[task] as number);
    if (isAlias(nodes[task] as TaskNode) && inputs > 1) return false;
    try {
      this.takeOutput(task);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Makes an output of a kernel the result of the task that stands for it, or an array the result of its alias.
   * @throws RangeError for an output that does not exist; what the alias' `infer` throws; HeapExhaustedError for the
   * alias of a JavaScript value, which is copied to the heap
   */
  takeOutput(task: number): void {
    const { program } = this.#table;
    const node = program.nodes[task] as TaskNode;
    if (isAlias(node)) {
      const { kernel, params } = kernelOf(node);
      const inputs = this.#inputs(task);
      const spec = kernel.infer(inputs, params).outputs[0] as ArraySpec;
      this.#results.setHeld(task, (inputs[0] as Handle).alias(spec));
      return;
    }
    const { source, output } = outputOf(program, task) as { source: number; output: number };
    const held = this.#results.held(source);
    const handles = held instanceof Handle ? [held] : (held ?? []);
    const handle = handles[output];
    if (handle === undefined)
      throw new RangeError(`output ${output} was asked for, but the kernel has ${handles.length}`);
    this.#results.setHeld(task, handle.retain());
  }

  /**
   * A kernel about to run on this thread, or by its js body on the pool: its inputs are there.
   * @throws what the kernel's `infer` throws; HeapExhaustedError
   */
  prepare(task: number): { readonly call: KernelCall; readonly device: 'wasm' | 'js' } {
    const node = this.#table.program.nodes[task] as TaskNode;
    const inputs = this.#inputs(task);
    const device = kernelDevice(node, inputs, this.#devices);
    this.#recorder.device(task, device, inputs);
    return { call: this.#prepare(task, node, inputs), device };
  }

  #inputs(task: number): Handle[] {
    const { depStart, deps } = this.#table.program;
    const inputs: Handle[] = [];
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      inputs.push(this.#results.handleOf(deps[e] as number));
    }
    return inputs;
  }

  /** Takes memory for a kernel's outputs and scratch: all of it or none. */
  #prepare(task: number, node: TaskNode, inputs: readonly Handle[]): KernelCall {
    const { kernel, params } = kernelOf(node);
    const { outputs: specs, scratch = 0 } = this.#needs?.inferred[task] ?? kernel.infer(inputs, params);
    this.#results.keeper?.claim(bytesOf(specs) + 64 * Math.ceil(scratch / 64));
    const outputs: Handle[] = [];
    let block: Block | undefined;
    try {
      for (const spec of specs) outputs.push(Handle.create(this.#heap, spec));
      if (scratch > 0) block = this.#heap.allocate(scratch);
    } catch (error) {
      for (const handle of outputs) handle.release();
      throw error;
    }
    if (block !== undefined) this.#scratch.set(task, block);
    this.#results.setHeld(task, outputs.length === 1 ? (outputs[0] as Handle) : outputs);
    return { task, kernel, params, inputs, outputs, scratch: block === undefined ? 0 : this.#heap.address(block) };
  }

  /** Gives back what `prepare` took for a kernel that did not run. */
  undo(task: number): void {
    this.ended(task);
    this.#results.release(task);
  }

  /** After a kernel ended, one way or the other. */
  ended(task: number): void {
    const bytes = this.#bytesOf.get(task);
    if (bytes !== undefined) {
      this.#bytesOf.delete(task);
      this.#bytes -= bytes;
      this.#table.ticket[task] = -1;
    }
    const block = this.#scratch.get(task);
    if (block === undefined) return;
    this.#scratch.delete(task);
    this.#heap.free(block);
  }

  /** Asks that no kernel of this run starts any more; those in flight are still reported. */
  cancel(): void {
    this.#isCancelled = true;
    const { ticket } = this.#table;
    this.#lane?.cancel(Array.from(this.#bytesOf.keys(), (task) => ticket[task] as number));
  }

  /** Gives back the scratch of kernels that will never end. */
  close(): void {
    for (const block of this.#scratch.values()) this.#heap.free(block);
    this.#scratch.clear();
  }
}
