/**
 * What a program will take, before it runs: the workload that plans are made from. Its memory is that of needs.ts; the
 * seconds are the cost model's answers: kernels say what they cost wherever the shapes of their inputs are known,
 * JavaScript functions by their hints, or by what was seen of them.
 */
import type { ArraySpec } from '../array/ndarray.js';
import { hasWasmBody } from '../devices/bodies.js';
import { singleCall } from '../devices/single-precision.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import { bytesOfSpecs, functionCall, kernelCall, type Surroundings } from './calls.js';
import { NEXT_TO_NOTHING } from './lessons.js';
import type { CallCost, CostModel } from './model.js';
import { inputSpecs, needsOf, workloadOf } from './needs.js';
import { isAlias, kernelOf } from './ways.js';
import type { Workload } from './workload.js';

/** A device that tasks of a program may run on: the bodies of this machine's threads by name, any other by what it says. */
export type ForecastDevice = 'wasm' | 'js' | OtherDevice;

export interface OtherDevice {
  readonly name: string;
  /** Whether it has a body for a kernel; `inputs` is undefined where their shapes are not known. */
  can(kernel: Kernel, inputs: readonly ArraySpec[] | undefined, params: KernelParams): boolean;
  /** Whether it calls JavaScript functions. */
  readonly callsFunctions: boolean;
  /** It computes float64 as float32: the model is asked of that. */
  readonly isSingle?: boolean;
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

/**
 * The workload of a program. O(tasks · devices + inputs), and what the kernels' `infer` and `cost` take.
 *
 * @param allowed names of devices, where kernels that do not say themselves may not go to all
 * @param threads those that share the loops of wide kernels
 */
export function forecast(
  program: Program,
  devices: readonly ForecastDevice[],
  model: CostModel,
  allowed?: readonly string[],
  threads = 1,
): Forecast {
  const surroundings: Surroundings = { code: model.code, threads };
  const { nodes } = program;
  const needs = needsOf(program);
  const base = workloadOf(program, needs);
  const calls: (CallCost | undefined)[] = [];
  const seconds = new Float64Array(nodes.length * devices.length);
  for (let task = 0; task < nodes.length; task++) {
    const node = nodes[task] as TaskNode;
    const known = needs.specs[task] && inputSpecs(program, task, needs.specs);
    const call = costOf(program, task, known, needs.specs, allowed, surroundings);
    devices.forEach((device, d) => {
      const asked = call(device);
      const at = task * devices.length + d;
      calls[at] = asked;
      if (asked !== undefined)
        seconds[at] = (typeof device === 'string' ? model : (device.model ?? model)).predict(asked);
      else seconds[at] = isAnywhere(node, needs.shown[task] as number) ? NEXT_TO_NOTHING : Number.POSITIVE_INFINITY;
    });
  }
  return {
    work: { ...base, devices: devices.length, seconds },
    keys: nodes.map(({ key }) => key),
    specs: needs.specs,
    calls: (task, device) => calls[task * devices.length + device],
  };
}

/** What every device could do: it is there whenever its inputs are. */
function isAnywhere({ op }: TaskNode, shown: number): boolean {
  return shown >= 0 || (op.kind !== 'kernel' && op.kind !== 'call' && op.kind !== 'method');
}

/** What the model is asked of a task, by device. */
function costOf(
  { nodes, depStart, deps }: Program,
  task: number,
  known: readonly ArraySpec[] | undefined,
  specs: readonly (readonly ArraySpec[] | undefined)[],
  allowed: readonly string[] | undefined,
  surroundings: Surroundings,
): (device: ForecastDevice) => CallCost | undefined {
  const node = nodes[task] as TaskNode;
  const { op, settings } = node;
  if (op.kind === 'kernel') {
    if (isAlias(node)) return () => undefined;
    const { kernel, params } = kernelOf(node);
    const own = settings.device === undefined || settings.device === 'auto' ? allowed : [settings.device].flat();
    return (device) => {
      const name = nameOf(device);
      if (own !== undefined && !own.includes(name) && !own.includes('auto')) return undefined;
      const can =
        typeof device === 'string' ? hasBody(device, kernel, known, params) : device.can(kernel, known, params);
      if (!can) return undefined;
      const isSingle = typeof device === 'object' && device.isSingle === true;
      const seen = (isSingle && known !== undefined && singleCall(kernel, known, params)) || { inputs: known, params };
      const isDescribed = typeof device === 'object' && device.model !== undefined;
      const where = isDescribed ? { ...surroundings, isDescribed } : surroundings;
      return kernelCall(kernel, seen.inputs, seen.params, name, where);
    };
  }
  if (op.kind !== 'call' && op.kind !== 'method') return () => undefined;
  const asked = functionCall(node, (input) => {
    const given = specs[deps[(depStart[task] as number) + input] as number];
    return given === undefined ? Number.NaN : bytesOfSpecs(given);
  });
  return (device) => {
    const calls = device === 'js' || (typeof device === 'object' && device.callsFunctions);
    return calls ? { ...asked, device: nameOf(device) } : undefined;
  };
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
