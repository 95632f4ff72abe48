/**
 * What a program will take, before it runs: the workload that plans are made from. Its memory is that of needs.ts; the
 * seconds are the cost model's answers: kernels say what they cost wherever the shapes of their inputs are known,
 * JavaScript functions by their hints, or by what was seen of them.
 */
import type { ArraySpec } from '../array/ndarray.js';
import { hasWasmBody } from '../devices/bodies.js';
import type { CostHint, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { CallCost, CostModel } from './model.js';
import { bytesOf, inputSpecs, needsOf, workloadOf } from './needs.js';
import { isAlias, kernelOf } from './ways.js';
import type { Workload } from './workload.js';

/** A device that tasks of a program may run on. */
export type ForecastDevice = 'wasm' | 'js';

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
 */
export function forecast(program: Program, devices: readonly ForecastDevice[], model: CostModel): Forecast {
  const { nodes } = program;
  const needs = needsOf(program);
  const base = workloadOf(program, needs);
  const calls: (CallCost | undefined)[] = [];
  const seconds = new Float64Array(nodes.length * devices.length);
  for (let task = 0; task < nodes.length; task++) {
    const node = nodes[task] as TaskNode;
    const inputs = base.inputs.subarray(base.inputStart[task], base.inputStart[task + 1]);
    const call = costOf(node, needs.specs[task] && inputSpecs(program, task, needs.specs), inputs, needs.specs);
    devices.forEach((device, d) => {
      const asked = call(device);
      const at = task * devices.length + d;
      calls[at] = asked;
      if (asked !== undefined) seconds[at] = model.predict(asked);
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
  node: TaskNode,
  known: readonly ArraySpec[] | undefined,
  inputs: Int32Array,
  specs: readonly (readonly ArraySpec[] | undefined)[],
): (device: ForecastDevice) => CallCost | undefined {
  const { op, settings } = node;
  if (op.kind === 'kernel') {
    if (isAlias(node)) return () => undefined;
    const { kernel, params } = kernelOf(node);
    const signature = `${known?.map(describe).join(' ') ?? '?'} ${JSON.stringify(params)}`;
    const cost = known === undefined ? { flops: 0, bytes: 0 } : kernel.cost(known, params);
    const own = settings.device === undefined || settings.device === 'auto' ? undefined : [settings.device].flat();
    return (device) => {
      if (own !== undefined && !own.includes(device) && !own.includes('auto')) return undefined;
      if (device === 'wasm') {
        if (kernel.bodies.wasm === undefined) return undefined;
        if (known !== undefined && !hasWasmBody(kernel, known, params)) return undefined;
      }
      return { kernel: kernel.name, device, signature, ...cost };
    };
  }
  if (op.kind !== 'call' && op.kind !== 'method') return () => undefined;
  const hint: CostHint | undefined = typeof settings.cost === 'function' ? undefined : settings.cost;
  let bytes = hint?.bytes ?? 0;
  if (hint?.bytes === undefined) for (const input of inputs) bytes += bytesOf(specs[input]);
  const signature = Array.from(inputs, (input) => specs[input]?.map(describe).join(' ') ?? '?').join(', ');
  return (device) =>
    device === 'js'
      ? { kernel: op.name, device, signature, flops: hint?.flops ?? 0, bytes, hint: hint?.seconds }
      : undefined;
}

const describe = ({ dtype, shape }: ArraySpec): string => `${dtype}(${shape.join(',')})`;
