/**
 * How the cost model knows a task: who it is (a name and a hash of what it does, so that a changed kernel or function is
 * another one), what it was called on (its signature), and its operations and bytes. Forecasts, runs and what is learned
 * from runs all ask here, so that what was learned of a call is found again.
 *
 * Two functions of the same text are one, whatever they captured: on functions whose time depends on that, the history
 * is as wide as they are.
 */
import { createHash } from 'node:crypto';
import { itemSize } from '../array/dtype.js';
import { type ArraySpec, NDArray, sizeOf } from '../array/ndarray.js';
import { type AnyFunction, Hole, type TaskNode } from '../graph/node.js';
import { gpuFactor, type Kernel, type KernelParams } from '../kernels/contract.js';
import type { CallCost } from './model.js';

/** Hex digits of an identity's hash. */
const DIGITS = 10;

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, DIGITS);
}

const functionIds = new WeakMap<AnyFunction, string>();

/** The name of a function and a hash of its text. */
export function functionIdentity(fn: AnyFunction, name: string = fn.name): string {
  let hash = functionIds.get(fn);
  if (hash === undefined) {
    hash = digest(Function.prototype.toString.call(fn));
    functionIds.set(fn, hash);
  }
  return `${name}@${hash}`;
}

const kernelIds = new WeakMap<Kernel, { readonly code: string; readonly wasm: string; readonly js: string }>();

/**
 * The name of a kernel and a hash of what a device runs of it: the text of its functions, and for `wasm` also the
 * compiled code that they call.
 * @param code a hash of the compiled kernels
 */
export function kernelIdentity(kernel: Kernel, device: string, code: string): string {
  let known = kernelIds.get(kernel);
  if (known?.code !== code) {
    const { js, wasm } = kernel.bodies;
    const texts = [kernel.infer, kernel.cost, js, wasm?.args, wasm?.block, wasm?.code].map((fn) => String(fn));
    const own = texts.join('\n');
    known = {
      code,
      wasm: `${kernel.name}@${digest(`${own}\n${wasm?.export}\n${code}`)}`,
      js: `${kernel.name}@${digest(own)}`,
    };
    kernelIds.set(kernel, known);
  }
  return device === 'js' ? known.js : known.wasm;
}

/** Where kernels of a run are computed. */
export interface Surroundings {
  /** A hash of the compiled kernels. */
  readonly code: string;
  /** Threads that share the loops of a wide kernel; 1 on the thread that computes by itself. */
  readonly threads: number;
  /** The device is one that somebody described: its speed is that of the kernel's own operations. Default false. */
  readonly isDescribed?: boolean;
}

/** Whether a kernel's loops are shared among threads, so that its time depends on how many there are. */
function isShared(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams, threads: number): boolean {
  return threads > 1 && (kernel.bodies.wasm?.isWide?.(inputs, params) ?? false);
}

/**
 * What the model is asked of a kernel, without the signature: enough for an estimate from its operations and bytes.
 * @param inputs undefined where they are not known before it runs
 */
export function kernelWork(
  kernel: Kernel,
  inputs: readonly ArraySpec[] | undefined,
  params: KernelParams,
  device: string,
  { code, threads, isDescribed = false }: Surroundings,
): CallCost {
  const own = kernelIdentity(kernel, device, code);
  if (inputs === undefined) return { kernel: own, device, signature: '?', flops: Number.NaN, bytes: Number.NaN };
  const { flops, bytes } = kernel.cost(inputs, params);
  const shared = device === 'wasm' && isShared(kernel, inputs, params, threads);
  const times = device === 'gpu' && !isDescribed ? gpuFactor(kernel, inputs, params) : 1;
  return { kernel: shared ? `${own}×${threads}` : own, device, signature: '', flops: flops * times, bytes };
}

/** What the model is asked of a kernel. */
export function kernelCall(
  kernel: Kernel,
  inputs: readonly ArraySpec[] | undefined,
  params: KernelParams,
  device: string,
  surroundings: Surroundings,
): CallCost {
  const call = kernelWork(kernel, inputs, params, device, surroundings);
  if (inputs === undefined) return call;
  let signature = '';
  for (const { dtype, shape } of inputs) signature += `${dtype}(${shape.join(',')}) `;
  for (const name in params) signature += `${name}=${brief(String(params[name]))} `;
  return { ...call, signature };
}

/**
 * What the model is asked of a JavaScript function or a method: known by its plain arguments, numbers to two digits, and
 * by the bytes of those that were computed.
 * @param bytesOf the bytes of the i-th dependency's result; NaN where they are not known before it is there
 */
export function functionCall(node: TaskNode, bytesOf: (dependency: number) => number): CallCost {
  const { op, args, settings } = node;
  const hint = typeof settings.cost === 'function' ? undefined : settings.cost;
  let bytes = 0;
  let signature = '';
  const most = Math.min(args.length, MOST_ARGS);
  for (let i = 0; i < most; i++) {
    let arg = args[i];
    if (arg instanceof Hole) {
      const { op: source, args: given } = node.deps[arg.index] as TaskNode;
      if (source.kind === 'value') arg = given[0];
    }
    if (arg instanceof Hole) {
      const own = bytesOf(arg.index);
      bytes += own;
      signature += Number.isNaN(own) ? '? ' : `${rounded(own)}b `;
    } else {
      const own = plainBytes(arg);
      bytes += own;
      signature += own > 0 ? `${rounded(own)}b ` : `${describe(arg)} `;
    }
  }
  const { flops = 0, seconds } = hint ?? {};
  const own = op.kind === 'call' ? functionIdentity(op.fn, op.name) : `.${op.name}`;
  // Of two functions of one text, somebody said that they take different times
  const kernel = seconds === undefined ? own : `${own}~${seconds}`;
  return { kernel, device: 'js', signature, flops, bytes: hint?.bytes ?? bytes, hint: seconds };
}

/** Arguments beyond these do not tell calls apart. */
const MOST_ARGS = 8;
/** Longer texts are known by their hash. */
const LONG = 24;

const rounded = (bytes: number): string => (bytes < 100 ? String(bytes) : bytes.toPrecision(2));

function plainBytes(arg: unknown): number {
  if (typeof arg !== 'object' || arg === null) return 0;
  if (arg instanceof NDArray) return arg.nbytes;
  return ArrayBuffer.isView(arg) ? arg.byteLength : 0;
}

/** Numbers to two digits: what takes about as long shares a history. */
function describe(arg: unknown): string {
  switch (typeof arg) {
    case 'number':
      return Math.abs(arg) < 100 && Number.isInteger(arg) ? String(arg) : arg.toPrecision(2);
    case 'string':
      return brief(arg);
    case 'object':
      return Array.isArray(arg) ? `[${rounded(arg.length)}]` : arg === null ? 'null' : '{}';
    default:
      return typeof arg;
  }
}

function brief(text: string): string {
  return text.length <= LONG ? text : digest(text);
}

/** Bytes of arrays, as many as their elements have. */
export function bytesOfSpecs(specs: readonly ArraySpec[]): number {
  let bytes = 0;
  for (const { dtype, shape } of specs) bytes += sizeOf(shape) * itemSize(dtype);
  return bytes;
}
