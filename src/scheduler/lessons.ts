/**
 * What a finished run teaches: what the model would have said of its tasks, and then what they took. Done after the run,
 * when this thread has nothing else to do, for a bounded number of tasks spread evenly over the program: a million tasks
 * cost no more than a thousand.
 */
import type { ArraySpec } from '../array/ndarray.js';
import type { Precision } from '../config.js';
import { isInSingle } from '../devices/leases.js';
import { singleCall } from '../devices/single-precision.js';
import { sourceOf } from '../devices/sources.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { KernelOp } from '../kernels/contract.js';
import { functionCall, kernelCall, type Surroundings } from './calls.js';
import type { CallCost, CostModel } from './model.js';
import { isAlias, kernelOf, outputOf } from './ways.js';

/** Tasks of a run that are predicted. */
const MOST_PREDICTED = 1024;
/** Tasks of a run that are learned from, and of those with one signature. */
const MOST_LEARNED = 512;
const MOST_ALIKE = 16;
/** Seconds of what only moves references: values, structures, items. */
export const NEXT_TO_NOTHING = 1e-7;

/** A finished run, as far as it can be learned from. */
export interface Finished {
  readonly program: Program;
  /** By task, milliseconds; `end` is 0 for what did not end. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Bytes of the results. */
  readonly bytes: Float64Array;
  readonly thread: Int32Array;
  device(task: number): string;
  /** The inputs of a kernel whose shapes nobody knew before it ran. */
  inputs(task: number): readonly ArraySpec[] | undefined;
  /** Threads of the run's pool. */
  readonly threads: number;
  /** What devices of single precision might compute. */
  readonly precision?: Precision | undefined;
}

/** What was known of some tasks before their run was learned from. */
export interface Predictions {
  readonly tasks: Int32Array;
  /** Seconds. */
  readonly seconds: Float64Array;
}

export class Lesson {
  readonly predictions: Predictions;
  readonly #calls: readonly (CallCost | undefined)[];
  readonly #took: Float64Array;

  constructor(run: Finished, model: CostModel) {
    const tasks = spread(run.end, MOST_PREDICTED);
    const seconds = new Float64Array(tasks.length);
    const calls = new Array<CallCost | undefined>(tasks.length);
    const took = new Float64Array(tasks.length);
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i] as number;
      const call = callOf(run, task, model.code);
      calls[i] = call;
      seconds[i] = call === undefined ? NEXT_TO_NOTHING : model.predict(call);
      took[i] = Math.max(0, (run.end[task] as number) - (run.start[task] as number)) / 1000;
    }
    this.predictions = { tasks, seconds };
    this.#calls = calls;
    this.#took = took;
  }

  /** Tells the model what the tasks took. Whether there was anything to tell. */
  teach(model: CostModel): boolean {
    const alike = new Map<string, number>();
    const step = Math.max(1, Math.ceil(this.#calls.length / MOST_LEARNED));
    let isAny = false;
    for (let i = 0; i < this.#calls.length; i += step) {
      const call = this.#calls[i];
      if (call === undefined) continue;
      const key = `${call.kernel} ${call.device} ${call.signature}`;
      const count = alike.get(key) ?? 0;
      if (count >= MOST_ALIKE) continue;
      alike.set(key, count + 1);
      model.observe(call, this.#took[i] as number);
      isAny = true;
    }
    return isAny;
  }
}

/** Tasks that ended, at most so many, evenly over the program; the last one is among them. */
function spread(end: Float64Array, most: number): Int32Array {
  const step = Math.max(1, Math.ceil(end.length / most));
  const found: number[] = [];
  for (let task = (end.length - 1) % step; task < end.length; task += step) if (end[task] !== 0) found.push(task);
  return Int32Array.from(found);
}

/** What the model is asked of a task of a finished run; undefined for what only moves references. */
function callOf(run: Finished, task: number, code: string): CallCost | undefined {
  const { nodes, depStart, deps } = run.program;
  const node = nodes[task] as TaskNode;
  const { kind } = node.op;
  if (kind === 'call' || kind === 'method') {
    return functionCall(node, (i) => run.bytes[deps[(depStart[task] as number) + i] as number] as number);
  }
  if (kind !== 'kernel' || isAlias(node) || outputOf(run.program, task) !== undefined) return undefined;
  const { kernel, params } = kernelOf(node);
  const surroundings: Surroundings = { code, threads: run.thread[task] === 0 ? 1 : run.threads };
  const device = run.device(task);
  const inputs = run.inputs(task) ?? specsOf(node);
  const source = run.precision === 'float32' ? sourceOf(device) : undefined;
  const isSingle = source !== undefined && isInSingle(source, 'float32');
  const seen = (isSingle && inputs !== undefined && singleCall(kernel, inputs, params)) || { inputs, params };
  return kernelCall(kernel, seen.inputs, seen.params, device, surroundings);
}

/** What the maker of a kernel's task said of its inputs; undefined when that is not all. */
export function specsOf(node: TaskNode): readonly ArraySpec[] | undefined {
  const { specs } = node.op as KernelOp;
  if (specs === undefined) return undefined;
  for (let i = 0; i < specs.length; i++) {
    const { shape } = specs[i] as ArraySpec;
    for (let axis = 0; axis < shape.length; axis++) if (Number.isNaN(shape[axis])) return undefined;
  }
  return specs;
}
