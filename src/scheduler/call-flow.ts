/**
 * Calls of a run that go to the pool: JavaScript functions, and the js bodies of kernels. It fills in the arguments and
 * counts what is out; what becomes of a call is reported to the run.
 */

import { runJsBody } from '../devices/bodies.js';
import type { CallLane, FunctionCall, HeapCallArrays, KernelCall } from '../devices/lanes.js';
import { fillArgs } from '../graph/evaluate.js';
import type { AnyFunction, KernelLike, TaskNode } from '../graph/node.js';
import type { Kernel } from '../kernels/contract.js';
import { kernels } from '../kernels/registry.js';
import type { Handle } from '../memory/handle.js';
import { followerOf, MAX_CHAIN } from './chain.js';
import type { Results } from './results.js';
import { STARTED, type TaskTable } from './table.js';
import { secondsOf } from './ways.js';

/** What the calls ask of their run. */
export interface CallHost {
  /** False once the run has failed or was stopped. */
  readonly isGoing: boolean;
  /** Milliseconds a task may take. */
  limitOf(task: number): number | undefined;
  inputsOf(task: number): unknown[];
}

export class CallFlow {
  readonly #host: CallHost;
  readonly #table: TaskTable;
  readonly #results: Results;
  readonly #lane: CallLane | undefined;
  /** Of tasks that do not say it themselves. */
  readonly #retries: number;
  #inFlight = 0;
  /** What js bodies are run by, where that cannot be sent. */
  readonly #unsent = new Set<AnyFunction>();

  constructor(options: {
    readonly host: CallHost;
    readonly table: TaskTable;
    readonly results: Results;
    readonly lane: CallLane | undefined;
    readonly retries: number;
  }) {
    this.#host = options.host;
    this.#table = options.table;
    this.#results = options.results;
    this.#lane = options.lane;
    this.#retries = options.retries;
  }

  /** Calls handed to the pool and not reported. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sends calls that are ready, as many as the lane wants. @param fail is told of those that cannot be made. */
  send(fail: (task: number, error: unknown) => void): void {
    const { callable, program } = this.#table;
    const lane = this.#lane;
    if (lane === undefined || callable.size === 0) return;
    while (callable.size > 0 && this.#host.isGoing) {
      const task = this.#table.pick(callable);
      const node = program.nodes[task];
      if (node === undefined || !hasRoomFor(lane, node)) break;
      callable.remove(task);
      this.#table.start(task);
      try {
        this.#submit(lane, task, node);
      } catch (error) {
        fail(task, error);
        continue;
      }
      this.#sendFollowers(lane, task);
    }
    lane.flush();
  }

  /** The calls that can follow this one in its thread. */
  #sendFollowers(lane: CallLane, task: number): void {
    const isSingle = ({ settings }: TaskNode): boolean =>
      (settings.retries ?? this.#retries) > 0 || settings.memory !== undefined;
    const { state, program } = this.#table;
    // A call that was given back (its function cannot be sent) is not STARTED any more: nothing can follow it there.
    for (let at = task, length = 1; length < MAX_CHAIN && state[at] === STARTED; length++) {
      const next = followerOf(at, this.#table, this.#results, isSingle);
      if (next === undefined) return;
      const { follower, position } = next;
      if (this.#table.keeper?.isStrict) return;
      this.#table.start(follower);
      try {
        this.#submit(lane, follower, program.nodes[follower] as TaskNode, { task: at, position });
      } catch {
        // A cost hint that cannot do without the argument: it is asked again when that is there.
        this.#table.stop(follower);
        return;
      }
      at = follower;
    }
  }

  #submit(lane: CallLane, task: number, node: TaskNode, previous?: FunctionCall['previous']): void {
    if (node.op.kind !== 'call') return;
    const args = fillArgs(node, this.#host.inputsOf(task));
    const seconds = secondsOf(node, args);
    lane.submit({
      task,
      name: node.op.name,
      fn: node.op.fn,
      args,
      timeout: this.#host.limitOf(task),
      memory: node.settings.memory ?? 0,
      milliseconds: seconds === undefined ? undefined : seconds * 1000,
      previous,
    });
    this.#inFlight++;
  }

  /** Sends the js body of a kernel; false when it has to run on the main thread. */
  sendKernel({ task, kernel, params, inputs, outputs }: KernelCall): boolean {
    const lane = this.#lane;
    const isOwn = kernels.get(kernel.name) === kernel;
    const fn = isOwn ? runJsBody : kernel.bodies.js;
    if (lane === undefined || this.#unsent.has(fn)) return false;
    const views = (arrays: HeapCallArrays): unknown[] => arrays.map((array) => (array as Handle).view());
    this.#inFlight++;
    lane.submit({
      task,
      name: kernel.name,
      fn,
      args: isOwn ? [kernel.name, params, views(inputs), views(outputs)] : [views(inputs), views(outputs), params],
      timeout: this.#host.limitOf(task),
      memory: 0,
      milliseconds: undefined,
      previous: undefined,
    });
    lane.flush();
    return true;
  }

  /** A call was reported. @param unsent the kernel whose js body turned out to be one that cannot be sent */
  ended(unsent?: KernelLike): void {
    this.#inFlight--;
    if (unsent === undefined) return;
    const kernel = unsent as Kernel;
    this.#unsent.add(kernels.get(kernel.name) === kernel ? runJsBody : kernel.bodies.js);
  }

  /** Stops what runs; nothing is reported any more. Resolves when all of it has stopped; undefined without a pool. */
  abort(): Promise<void> | undefined {
    return this.#lane?.abort();
  }
}

function hasRoomFor(lane: CallLane, { op, settings }: TaskNode): boolean {
  const seconds = typeof settings.cost === 'object' ? settings.cost.seconds : undefined;
  return op.kind !== 'call' || lane.hasRoomFor(op.fn, seconds === undefined ? undefined : seconds * 1000);
}
