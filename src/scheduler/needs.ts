/**
 * What the tasks of a program need of memory, before it runs: kernels say what they give and work in (`infer`) wherever
 * the shapes of their inputs are known; JavaScript functions by their `memory` hints. What shows an array in another way
 * (an alias, one of several outputs) has no bytes of its own and keeps what it shows.
 *
 * Bytes are those on the shared heap, rounded up as they are allocated. A JavaScript array takes some only where a kernel
 * takes it.
 */
import { itemSize } from '../array/dtype.js';
import { type ArraySpec, NDArray, sizeOf } from '../array/ndarray.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { Inferred, KernelOp } from '../kernels/contract.js';
import { Persisted } from './persisted.js';
import { isAlias, kernelOf, outputOf } from './ways.js';
import { usersOf, type Workload } from './workload.js';

export interface Needs {
  /** What each task gives, where it is known to be arrays. */
  readonly specs: readonly (readonly ArraySpec[] | undefined)[];
  /** What `infer` said of each kernel, where its inputs were computed by kernels or are arrays that are there. */
  readonly inferred: readonly (Inferred | undefined)[];
  /** For what shows another task's arrays that task, else −1. */
  readonly shown: Int32Array;
  /** What each task gives and what it works in, in bytes. */
  readonly bytes: Float64Array;
  readonly scratch: Float64Array;
  /** Whether the result outlives the run, by itself or by what shows it. */
  readonly kept: Uint8Array;
  /** Bytes when everything is there at once. */
  readonly total: number;
  /** Whether the sizes of all kernels are known. */
  readonly isKnown: boolean;
}

/** Whether any task of a program has to do with the heap, or said what it needs. */
export function takesMemory({ nodes }: Program): boolean {
  return nodes.some(({ op, settings }) => op.kind === 'kernel' || settings.memory !== undefined);
}

/** O(tasks + inputs), and what the kernels' `infer` takes. */
export function needsOf(program: Program): Needs {
  const { nodes, targets } = program;
  const count = nodes.length;
  const specs = new Array<readonly ArraySpec[] | undefined>(count);
  const inferred = new Array<Inferred | undefined>(count);
  const isSure = new Uint8Array(count);
  const shown = new Int32Array(count).fill(-1);
  const bytes = new Float64Array(count);
  const scratch = new Float64Array(count);
  const kept = new Uint8Array(count);
  let total = 0;
  let isKnown = true;
  for (let task = 0; task < count; task++) {
    const node = nodes[task] as TaskNode;
    scratch[task] = node.settings.memory ?? 0;
    if (node.op.kind === 'kernel') {
      const inputs = inputSpecs(program, task, specs);
      const found = inputs === undefined ? undefined : tryInfer(node, inputs);
      specs[task] = found?.outputs;
      if (found !== undefined && hasSureInputs(program, task, isSure)) {
        inferred[task] = found;
        isSure[task] = 1;
      }
      if (isAlias(node)) {
        shown[task] = program.deps[program.depStart[task] as number] as number;
      } else {
        isKnown &&= found !== undefined;
        bytes[task] = bytesOf(found?.outputs);
        (scratch[task] as number) += rounded(found?.scratch ?? 0);
      }
    } else if (node.op.kind === 'value') {
      const value = node.args[0];
      specs[task] = specsOfValue(value);
      isSure[task] = specs[task] === undefined ? 0 : 1;
      if (value instanceof Persisted) bytes[task] = bytesOf(value.specs);
      else if (value instanceof NDArray && isForKernel(program, task)) bytes[task] = bytesOf(specs[task]);
    } else if (node.op.kind === 'item') {
      const output = outputOf(program, task);
      const spec = output === undefined ? undefined : specs[output.source]?.[output.output];
      if (output !== undefined) shown[task] = output.source;
      if (output !== undefined && spec !== undefined) {
        specs[task] = [spec];
        isSure[task] = isSure[output.source] as number;
      }
    }
    total += (bytes[task] as number) + (scratch[task] as number);
  }
  for (const target of targets) for (let at = target; at >= 0; at = shown[at] as number) kept[at] = 1;
  return { specs, inferred, shown, bytes, scratch, kept, total, isKnown };
}

/** The program as planning sees it: whoever takes what shows an array takes that array. Times are not in it. */
export function workloadOf({ nodes, depStart, deps }: Program, { shown, bytes, scratch, kept }: Needs): Workload {
  const size = nodes.length;
  const inputStart = new Int32Array(size + 1);
  const list: number[] = [];
  const seen = new Int32Array(size).fill(-1);
  for (let task = 0; task < size; task++) {
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      for (let at = deps[e] as number; at >= 0 && seen[at] !== task; at = shown[at] as number) {
        seen[at] = task;
        list.push(at);
      }
    }
    inputStart[task + 1] = list.length;
  }
  const inputs = Int32Array.from(list);
  const users = usersOf(size, size, inputStart, inputs);
  return { size, inputStart, inputs, ...users, bytes, scratch, kept, devices: 0, seconds: new Float64Array(0) };
}

/** The specs of a kernel's inputs, hole by hole; undefined where one is not known. */
export function inputSpecs(
  { nodes, depStart, deps }: Program,
  task: number,
  specs: Needs['specs'],
): readonly ArraySpec[] | undefined {
  const said = (nodes[task] as TaskNode).op as KernelOp;
  const first = depStart[task] as number;
  const inputs: ArraySpec[] = [];
  for (let e = first; e < (depStart[task + 1] as number); e++) {
    const spec = specs[deps[e] as number]?.[0] ?? said.specs?.[e - first];
    if (spec === undefined || spec.shape.some(Number.isNaN)) return undefined;
    inputs.push(spec);
  }
  return inputs;
}

/** Whether what a task takes was computed by kernels or is there, rather than only said to be so. */
function hasSureInputs({ depStart, deps }: Program, task: number, isSure: Uint8Array): boolean {
  for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
    if (isSure[deps[e] as number] === 0) return false;
  }
  return true;
}

/** What is wrong with a task's inputs is reported when its turn comes, with its key. */
function tryInfer(node: TaskNode, inputs: readonly ArraySpec[]): Inferred | undefined {
  const { kernel, params } = kernelOf(node);
  try {
    return kernel.infer(inputs, params);
  } catch {
    return undefined;
  }
}

function specsOfValue(value: unknown): readonly ArraySpec[] | undefined {
  if (value instanceof NDArray) return [value];
  if (value instanceof Persisted) return value.spec === undefined ? undefined : [value.spec];
  if (typeof value === 'number') return [{ dtype: 'float64', shape: [] }];
  return undefined;
}

function isForKernel({ nodes, succStart, succs }: Program, task: number): boolean {
  for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
    if (nodes[succs[e] as number]?.op.kind === 'kernel') return true;
  }
  return false;
}

/** As the heap allocates. */
const rounded = (bytes: number): number => (bytes === 0 ? 0 : 64 * Math.ceil(bytes / 64));

/** Bytes of arrays on the heap. */
export function bytesOf(outputs: readonly ArraySpec[] | undefined): number {
  let bytes = 0;
  for (const { dtype, shape } of outputs ?? []) bytes += Math.max(64, rounded(sizeOf(shape) * itemSize(dtype)));
  return bytes;
}
