/**
 * Whether the kernels of a program are done sooner on this thread than by waking others. Waking them and hearing of the
 * end takes a few hundred microseconds, as long as a product of two matrices of 100 rows.
 *
 * The rule: here if the predicted work, one kernel after the other, ends no later than waking plus the same work shared
 * perfectly among the threads; and never above HERE_SECONDS, since this thread has other things to do. Wide kernels are
 * counted like all others: shared perfectly. Functions of the user's stay on the threads, whatever was seen of them: one
 * that was always short and blocks today could not be stopped here.
 *
 * Does badly on: a chain, which threads would not do faster either; it goes to them as soon as it could be shared.
 */

import { hasWasmBody } from '../devices/bodies.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { kernels } from '../kernels/registry.js';
import { kernelWork, type Surroundings } from './calls.js';
import type { Knowledge } from './knowledge.js';
import { specsOf } from './lessons.js';
import { isAlias, kernelOf } from './ways.js';

/** More than this is never done here, in seconds. */
const HERE_SECONDS = 0.5e-3;
/** What a kernel takes here besides its own work: memory for it, its bookkeeping. */
const TASK_SECONDS = 3e-6;
/** Deciding takes about half a microsecond for a kernel: programs of more tasks are not even looked at. */
const MOST_TASKS = 512;
/** So much of this thread's time may go by in kernels done here until it had a turn for other things, in milliseconds. */
const TURN_MS = 8;
/** So much without even a promise's turn: computations that were begun together are to run side by side. */
const STRETCH_MS = 1;

/** Whether all kernels of a program should run on this thread. False also for programs without any. */
export function belongsHere(
  { nodes }: Program,
  knowledge: Knowledge,
  devices: readonly ('wasm' | 'js')[],
  threads: number,
): boolean {
  if (nodes.length > MOST_TASKS || spent.stretch > STRETCH_MS || spent.turn > TURN_MS) return false;
  const { model, waking } = knowledge;
  const shared = threads > 1 ? waking / (1 - 1 / threads) : Number.POSITIVE_INFINITY;
  const limit = Math.min(HERE_SECONDS, shared);
  const surroundings: Surroundings = { code: model.code, threads: 1 };
  let seconds = 0;
  for (let task = 0; task < nodes.length; task++) {
    const node = nodes[task] as TaskNode;
    if (node.op.kind !== 'kernel' || isAlias(node)) continue;
    const specs = specsOf(node);
    if (specs === undefined) return false;
    const { kernel, params } = kernelOf(node);
    const isWasm = devices[0] === 'wasm' && hasWasmBody(kernel, specs, params);
    // A js body of the user's is as little to be trusted with this thread as any function
    if (!isWasm && kernels.get(kernel.name) !== kernel) return false;
    const work = kernelWork(kernel, specs, params, isWasm ? 'wasm' : 'js', surroundings);
    seconds += TASK_SECONDS + model.estimate(work);
    if (seconds > limit) return false;
  }
  return seconds > 0;
}

/** Milliseconds that went into kernels done here, since a promise had its turn and since messages and timers had theirs. */
const spent = { stretch: 0, turn: 0, isCounted: false };

/** Tells how long a run whose kernels were done here kept this thread. */
export function didHere(milliseconds: number): void {
  spent.stretch += milliseconds;
  spent.turn += milliseconds;
  queueMicrotask(() => {
    spent.stretch = 0;
  });
  if (spent.isCounted) return;
  spent.isCounted = true;
  setImmediate(() => {
    spent.turn = 0;
    spent.isCounted = false;
  });
}
