/**
 * What a program will take, before it runs: the workload that plans are made from. Kernels say what they give and cost
 * (`infer`, `cost`) wherever the shapes of their inputs are known; JavaScript functions say it by their hints, or by what
 * was seen of them. What shows an array in another way (an alias, one of several outputs) has no bytes of its own and
 * keeps what it shows.
 */
import { itemSize } from '../array/dtype.js';
import { type ArraySpec, NDArray, sizeOf } from '../array/ndarray.js';
import { hasWasmBody } from '../devices/bodies.js';
import type { CostHint, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { Kernel, KernelOp, KernelParams } from '../kernels/contract.js';
import type { CallCost, CostModel } from './model.js';
import { Persisted } from './persisted.js';
import { isAlias, kernelOf, outputOf } from './ways.js';
import { type TaskSpec, type Workload, workload } from './workload.js';

/** A device that tasks of a program may run on: the bodies of this machine's threads by name, any other by what it says. */
export type ForecastDevice = 'wasm' | 'js' | OtherDevice;

export interface OtherDevice {
  readonly name: string;
  /** Whether it has a body for a kernel; `inputs` is undefined where their shapes are not known. */
  can(kernel: Kernel, inputs: readonly ArraySpec[] | undefined, params: KernelParams): boolean;
  /** Whether it calls JavaScript functions. */
  readonly callsFunctions: boolean;
  /** What predicts the times there; undefined for the model of all. */
  readonly model: CostModel | undefined;
}

export interface Forecast {
  readonly work: Workload;
  readonly keys: readonly string[];
  /** What each task gives, where it is known to be arrays. */
  readonly specs: readonly (readonly ArraySpec[] | undefined)[];
  /** By task and device: what the model was asked; undefined where the device has no body for it. */
  calls(task: number, device: number): CallCost | undefined;
}

/** Seconds of what only moves references: structures, items, values. */
const NEXT_TO_NOTHING = 1e-7;

/**
 * The workload of a program. O(tasks · devices + inputs), and what the kernels' `infer` and `cost` take.
 *
 * @param allowed names of devices, where kernels that do not say themselves may not go to all
 */
export function forecast(
  program: Program,
  devices: readonly ForecastDevice[],
  model: CostModel,
  allowed?: readonly string[],
): Forecast {
  const { nodes, targets } = program;
  const specs: (readonly ArraySpec[] | undefined)[] = [];
  const calls: (CallCost | undefined)[] = [];
  // For what shows another task's arrays: that task
  const shown = new Int32Array(nodes.length).fill(-1);
  const tasks: TaskSpec[] = [];
  const kept = new Set(targets);
  for (let task = 0; task < nodes.length; task++) {
    const node = nodes[task] as TaskNode;
    const own = inputsOf(program, task);
    const known = knownSpecs(program, task, specs);
    const call = costOf(node, known, own, specs, tasks, allowed);
    let outputs: readonly ArraySpec[] | undefined;
    let scratch = node.settings.memory ?? 0;
    let bytes = 0;
    if (node.op.kind === 'kernel' && known !== undefined) {
      const { kernel, params } = kernelOf(node);
      const inferred = kernel.infer(known, params);
      outputs = inferred.outputs;
      scratch += inferred.scratch ?? 0;
    } else if (node.op.kind === 'value') {
      outputs = specsOfValue(node.args[0]);
    }
    const output = outputOf(program, task);
    if (output !== undefined) {
      const spec = specs[output.source]?.[output.output];
      outputs = spec === undefined ? undefined : [spec];
      shown[task] = output.source;
    } else if (isAlias(node)) {
      shown[task] = own[0] as number;
    } else {
      bytes = bytesOf(outputs);
    }
    specs.push(outputs);
    const seconds = devices.map((device, d) => {
      const asked = call(device);
      calls[task * devices.length + d] = asked;
      if (asked === undefined)
        return isAnywhere(node, shown[task] as number) ? NEXT_TO_NOTHING : Number.POSITIVE_INFINITY;
      return (typeof device === 'string' ? model : (device.model ?? model)).predict(asked);
    });
    tasks.push({ inputs: withShown(own, shown), bytes, scratch, kept: kept.has(task), seconds });
  }
  // A result that only shows another keeps that one too
  for (const target of targets) {
    for (let at = target; (shown[at] as number) >= 0; ) {
      at = shown[at] as number;
      tasks[at] = { ...(tasks[at] as TaskSpec), kept: true };
    }
  }
  return {
    work: workload(tasks),
    keys: nodes.map(({ key }) => key),
    specs,
    calls: (task, device) => calls[task * devices.length + device],
  };
}

function inputsOf({ depStart, deps }: Program, task: number): number[] {
  return [...new Set(deps.subarray(depStart[task], depStart[task + 1]))];
}

/** Whoever takes what shows an array takes that array. */
function withShown(inputs: readonly number[], shown: Int32Array): number[] {
  const all = new Set<number>();
  for (const input of inputs) for (let at = input; at >= 0; at = shown[at] as number) all.add(at);
  return [...all];
}

/** The specs of a kernel's inputs, hole by hole; undefined where one is not known. */
function knownSpecs(
  { nodes, depStart, deps }: Program,
  task: number,
  specs: readonly (readonly ArraySpec[] | undefined)[],
): readonly ArraySpec[] | undefined {
  const node = nodes[task] as TaskNode;
  if (node.op.kind !== 'kernel') return undefined;
  const said = (node.op as KernelOp).specs;
  const found: ArraySpec[] = [];
  for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
    const spec = specs[deps[e] as number]?.[0] ?? said?.[e - (depStart[task] as number)];
    if (spec === undefined || spec.shape.some(Number.isNaN)) return undefined;
    found.push(spec);
  }
  return found;
}

function specsOfValue(value: unknown): readonly ArraySpec[] | undefined {
  if (value instanceof NDArray) return [value];
  if (value instanceof Persisted) return value.spec === undefined ? undefined : [value.spec];
  if (typeof value === 'number') return [{ dtype: 'float64', shape: [] }];
  return undefined;
}

function bytesOf(outputs: readonly ArraySpec[] | undefined): number {
  let bytes = 0;
  for (const { dtype, shape } of outputs ?? [])
    bytes += 64 * Math.max(1, Math.ceil((sizeOf(shape) * itemSize(dtype)) / 64));
  return bytes;
}

/** What every device could do: it is there whenever its inputs are. */
function isAnywhere({ op }: TaskNode, shown: number): boolean {
  return shown >= 0 || (op.kind !== 'kernel' && op.kind !== 'call' && op.kind !== 'method');
}

/** What the model is asked of a task, by device. */
function costOf(
  node: TaskNode,
  known: readonly ArraySpec[] | undefined,
  inputs: readonly number[],
  specs: readonly (readonly ArraySpec[] | undefined)[],
  tasks: readonly TaskSpec[],
  allowed: readonly string[] | undefined,
): (device: ForecastDevice) => CallCost | undefined {
  const { op, settings } = node;
  if (op.kind === 'kernel') {
    if (isAlias(node)) return () => undefined;
    const { kernel, params } = kernelOf(node);
    const signature = `${known?.map(describe).join(' ') ?? '?'} ${JSON.stringify(params)}`;
    const cost = known === undefined ? { flops: 0, bytes: 0 } : kernel.cost(known, params);
    const own = settings.device === undefined || settings.device === 'auto' ? allowed : [settings.device].flat();
    return (device) => {
      const name = nameOf(device);
      if (own !== undefined && !own.includes(name) && !own.includes('auto')) return undefined;
      const can =
        typeof device === 'string' ? hasBody(device, kernel, known, params) : device.can(kernel, known, params);
      return can ? { kernel: kernel.name, device: name, signature, ...cost } : undefined;
    };
  }
  if (op.kind !== 'call' && op.kind !== 'method') return () => undefined;
  const hint: CostHint | undefined = typeof settings.cost === 'function' ? undefined : settings.cost;
  let bytes = hint?.bytes ?? 0;
  if (hint?.bytes === undefined) for (const input of inputs) bytes += tasks[input]?.bytes ?? 0;
  const signature = inputs.map((input) => specs[input]?.map(describe).join(' ') ?? '?').join(', ');
  return (device) =>
    device === 'js' || (typeof device === 'object' && device.callsFunctions)
      ? { kernel: op.name, device: nameOf(device), signature, flops: hint?.flops ?? 0, bytes, hint: hint?.seconds }
      : undefined;
}

const nameOf = (device: ForecastDevice): string => (typeof device === 'string' ? device : device.name);

/** Whether the threads of this machine have a body for a kernel. */
export function hasBody(
  device: 'wasm' | 'js',
  kernel: Kernel,
  inputs: readonly ArraySpec[] | undefined,
  params: KernelParams,
): boolean {
  if (device === 'js') return true;
  return kernel.bodies.wasm !== undefined && (inputs === undefined || hasWasmBody(kernel, inputs, params));
}

const describe = ({ dtype, shape }: ArraySpec): string => `${dtype}(${shape.join(',')})`;
