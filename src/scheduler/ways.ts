/**
 * Which way a task goes, decided before anything runs.
 *
 * `HERE`: on the main thread: values, items, structures, methods, functions that say they take next to no time, and
 * everything under `sync`. `CALL`: a JavaScript function on the pool. `KERNEL`: a WebAssembly kernel in the window.
 * `OUTPUT`: one of several outputs of a kernel, or an array in another shape; it is there whenever that is. `ELSEWHERE`:
 * a kernel that may go to a device outside the pool, as long as it is not decided to go another way.
 */

import { hasWasmBody, reasonOf } from '../devices/bodies.js';
import { DeviceUnsupportedError } from '../errors.js';
import type { CostHint, TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { ArraySpec, Kernel, KernelOp, KernelParams } from '../kernels/contract.js';

export const HERE = 0;
export const CALL = 1;
export const KERNEL = 2;
export const OUTPUT = 3;
/** A kernel that the dispatch has not placed, or has placed on a device of its own (device-flow.ts). */
export const ELSEWHERE = 4;

/** A function said to take less than this many seconds is done sooner here than sent. */
const INLINE_SECONDS = 5e-6;

/**
 * The way of every task.
 * @param keepsKernels whether kernels stay on this thread although there are others
 * @param placed 0 for the tasks that are placed while the program runs; undefined where none is
 * @throws DeviceUnsupportedError for a task that has no body where it was asked to run
 */
export function waysOf(
  program: Program,
  threaded: boolean,
  devices: readonly ('wasm' | 'js')[],
  keepsKernels = false,
  placed?: Uint8Array,
): Uint8Array {
  const ways = new Uint8Array(program.nodes.length);
  for (let task = 0; task < ways.length; task++) {
    ways[task] = placed?.[task] === 0 ? ELSEWHERE : wayOf(program, task, threaded, devices, keepsKernels);
  }
  return ways;
}

function wayOf(
  program: Program,
  task: number,
  threaded: boolean,
  devices: readonly ('wasm' | 'js')[],
  keepsKernels: boolean,
): number {
  const node = program.nodes[task] as TaskNode;
  switch (node.op.kind) {
    case 'kernel':
      if (isAlias(node)) return OUTPUT;
      return kernelDevice(node, specsToCheck(node, devices), devices) === 'wasm' && threaded && !keepsKernels
        ? KERNEL
        : HERE;
    case 'item':
      return outputOf(program, task) === undefined ? HERE : OUTPUT;
    case 'call': {
      const { cost, device } = node.settings;
      if (device !== undefined) checkCallDevice(node, device);
      const seconds = typeof cost === 'object' ? cost.seconds : undefined;
      return threaded && !(seconds !== undefined && seconds < INLINE_SECONDS) ? CALL : HERE;
    }
    default:
      return HERE;
  }
}

function checkCallDevice(node: TaskNode, device: string | readonly string[]): void {
  const asked = [device].flat();
  if (asked.includes('js') || asked.includes('auto')) return;
  throw new DeviceUnsupportedError(
    node.key,
    `task '${node.key}' was asked to run on '${asked.join("', '")}', but a JavaScript function runs on 'js' only`,
  );
}

/**
 * The first of `devices` (or of the task's own) that has a body for a kernel. While the inputs are not known yet
 * (`specs` undefined) having a body at all is enough.
 * @throws DeviceUnsupportedError
 */
export function kernelDevice(
  node: TaskNode,
  specs: readonly ArraySpec[] | undefined,
  devices: readonly ('wasm' | 'js')[],
): 'wasm' | 'js' {
  const { kernel, params } = kernelOf(node);
  const allowed = allowedOf(node, devices);
  for (const device of allowed) {
    if (device === 'js' || device === 'auto') return 'js';
    if (device !== 'wasm' || kernel.bodies.wasm === undefined) continue;
    if (specs === undefined || hasWasmBody(kernel, specs, params)) return 'wasm';
  }
  const inputs = specs?.map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`).join(', ');
  throw new DeviceUnsupportedError(
    node.key,
    `task '${node.key}': kernel '${kernel.name}' has no body for device '${allowed.join("', '")}'` +
      (specs === undefined ? '' : ` with inputs ${inputs}${reasonOf(kernel, allowed, specs, params)}`),
  );
}

function allowedOf({ settings: { device } }: TaskNode, devices: readonly ('wasm' | 'js')[]): readonly string[] {
  return device === undefined || device === 'auto' ? devices : [device].flat();
}

/** What can be said before anything runs of a task that cannot have its js body where it has no other. */
function specsToCheck(node: TaskNode, devices: readonly ('wasm' | 'js')[]): readonly ArraySpec[] | undefined {
  const allowed = allowedOf(node, devices);
  return allowed.includes('js') || allowed.includes('auto') ? undefined : saidSpecs(node);
}

/** What a task's maker knew of its inputs; undefined unless that is all of it. */
export function saidSpecs({ op }: TaskNode): readonly ArraySpec[] | undefined {
  const { specs } = op as KernelOp;
  return specs?.some(({ shape }) => shape.some(Number.isNaN)) ? undefined : specs;
}

/** Whether a task is a kernel whose output is its first input in another shape. */
export function isAlias(node: TaskNode): boolean {
  return node.op.kind === 'kernel' && (node.op.kernel as Kernel).isAlias === true;
}

/** The kernel and parameters of a kernel task. */
export function kernelOf(node: TaskNode): { readonly kernel: Kernel; readonly params: KernelParams } {
  if (node.op.kind !== 'kernel') throw new TypeError(`'${node.key}' is no kernel`);
  return { kernel: node.op.kernel as Kernel, params: node.op.params };
}

/** For an item of a kernel: the kernel's task and which of its outputs. */
export function outputOf(
  program: Program,
  task: number,
): { readonly source: number; readonly output: number } | undefined {
  const node = program.nodes[task] as TaskNode;
  if (node.op.kind !== 'item' || node.deps.length !== 1) return undefined;
  const source = program.deps[program.depStart[task] as number] as number;
  if (program.nodes[source]?.op.kind !== 'kernel') return undefined;
  const output = Number(node.args[1]);
  return Number.isInteger(output) && output >= 0 ? { source, output } : undefined;
}

/** The seconds a task was said to take. */
export function secondsOf(node: TaskNode, args: readonly unknown[]): number | undefined {
  const { cost } = node.settings;
  return (typeof cost === 'function' ? (cost as (...args: readonly unknown[]) => CostHint)(...args) : cost)?.seconds;
}
