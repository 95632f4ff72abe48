/**
 * `nd.gpuKernel`: gpu.js's own form as a function of arrays that makes tasks. The function is translated by gpu.js when a
 * task is made of it (kernels/gpu-js/translate.ts), so what it cannot translate is an error before anything runs.
 */
import { ArgumentError, OptionError } from '../errors.js';
import { NODE } from '../graph/node.js';
import type { Pending } from '../graph/types.js';
import { gpuKernel as kernel } from '../kernels/gpu-js/kernel.js';
import { parametersOf } from '../kernels/gpu-js/translate.js';
import { argument, numberInput } from './argument.js';
import { astype } from './cast.js';
import { isUnknown } from './late.js';
import { type ArrayInput, kernelCall1, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';

/** What `this` is in such a function. */
export interface GpuKernelThis<C = Readonly<Record<string, number>>> {
  /** Which element of the result is to be answered. */
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: C;
  /** The lengths of the result. */
  readonly output: { readonly x: number; readonly y: number; readonly z: number };
}

export interface GpuKernelOptions<C extends Readonly<Record<string, number>> = Readonly<Record<string, number>>> {
  /**
   * The lengths of the result in gpu.js's order, [x], [x, y] or [x, y, z], or by name, { x, y }: an array of shape [x],
   * [y, x] or [z, y, x].
   */
  readonly output: readonly number[] | { readonly x: number; readonly y?: number; readonly z?: number };
  /** Numbers that the function reads as `this.constants.name`. */
  readonly constants?: C;
  /** The prefix of its tasks' keys; default the function's own name. */
  readonly name?: string;
  /** Operations for each element of the result, by which a first run is placed; default 100. */
  readonly flops?: number;
}

/** Arguments of a function in gpu.js's form: numbers, and arrays of one to three axes. */
// biome-ignore lint/suspicious/noExplicitAny: what an argument is depends on the call: a number, or arrays of numbers
export type GpuFunction<C> = (this: GpuKernelThis<C>, ...args: any[]) => number | readonly number[];

/** What `nd.gpuKernel` answers. */
export interface GpuKernel {
  (...args: readonly (ArrayInput | Pending<number>)[]): LazyArray;
  readonly kernelName: string;
  /** The names of the parameters. */
  readonly parameters: readonly string[];
}

/**
 * A function in gpu.js's form as a kernel: it answers one element of the result, that of `this.thread.x`, `.y` and `.z`, from
 * arrays (indexed `a[z][y][x]`) and numbers. The result is float32 of shape [y, x] for `output: [x, y]`; a function that
 * answers a list of two to four numbers has an axis more. Arrays of other dtypes are made float32 first.
 *
 * gpu.js translates it for each device, and `lastRun.tasks[].device` says which of them ran it:
 *
 * - `gpu`: WGSL, on arrays that stay there between tasks.
 * - `wasm`: its WebAssembly, on arrays where they are; all idle threads share a call that is large enough. Some functions it
 *   cannot translate, as those that write elements of lists: they run on `js` where that is allowed, else the error says why.
 * - `js`: its JavaScript, on one thread; it rounds to float32 what is answered, the others every operation.
 *
 * What it finds at an index outside an array is not the same on all of them: NaN on `js`, the nearest element on `wasm`.
 * Arguments that are numbers may be assigned to; elements of arrays may not.
 *
 * @throws ArgumentError, OptionError; calls throw KernelSourceError naming the function and the line of what gpu.js cannot
 * translate, and ArgumentError for as many arguments as there are not; runs throw DeviceUnsupportedError where no device
 * that they may use has a body for it
 *
 * @example
 * const product = nd.gpuKernel(
 *   function (a, b) {
 *     let sum = 0;
 *     for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
 *     return sum;
 *   },
 *   { output: [2, 2], constants: { n: 2 } },
 * );
 * await product([[1, 2], [3, 4]], [[1, 0], [0, 1]]).compute(); // [[1, 2], [3, 4]]
 */
export function gpuKernel<const C extends Readonly<Record<string, number>>>(
  fn: GpuFunction<C>,
  options: GpuKernelOptions<C>,
): GpuKernel {
  if (typeof fn !== 'function') throw new ArgumentError('nd.gpuKernel: the first argument is a function (a, b) { … }');
  const name = options?.name ?? (fn.name === '' ? 'gpuKernel' : fn.name);
  const where = `nd.gpuKernel('${name}')`;
  checkNames(where, options, ['output', 'constants', 'name', 'flops']);
  const output = checkedOutput(options.output, where);
  const constants = checkedConstants(options.constants ?? {}, where);
  const flops = options.flops ?? 100;
  if (!(Number.isFinite(flops) && flops >= 0)) {
    throw new OptionError('flops', `${where}: flops must be a number ≥ 0, not ${JSON.stringify(flops)}`);
  }
  const source = Function.prototype.toString.call(fn);
  const parameters = parametersOf({ text: source, where });

  const call = (...args: readonly (ArrayInput | Pending<number>)[]): LazyArray => {
    if (args.length !== parameters.length) {
      const names = parameters.length === 0 ? '' : `: ${parameters.join(', ')}`;
      throw new ArgumentError(`${where}: ${args.length} arguments given; it takes ${parameters.length}${names}`);
    }
    const inputs: LazyArray[] = [];
    const numbers = args.map((arg, i) => {
      const own = `${where}: ${parameters[i]}`;
      const given = argument(arg, own);
      if (given.kind === 'number') return finite(given.value, own);
      inputs.push(single(given.kind === 'unknown' ? numberInput(given.value, own) : given.lazy, own));
      return null;
    });
    const params = {
      name: where,
      source,
      output: JSON.stringify(output),
      constants: JSON.stringify(constants),
      numbers: JSON.stringify(numbers),
      flops,
    };
    return kernelCall1(kernel, inputs, params, name);
  };
  return Object.assign(call, { kernelName: name, parameters });
}

/** An array in float32, of at most three axes. */
function single(array: LazyArray, where: string): LazyArray {
  if (isUnknown(array)) {
    throw new ArgumentError(
      `${where}: the shape of '${array[NODE].key}' is not known before it is computed; compute it first`,
    );
  }
  if (array.ndim > 3)
    throw new ArgumentError(`${where}: an array has at most three axes, not shape [${array.shape.join(', ')}]`);
  return astype(array, 'float32');
}

function finite(value: number, where: string): number {
  if (Number.isFinite(value)) return value;
  throw new ArgumentError(`${where} must be a finite number, not ${value}`);
}

function checkedOutput(output: unknown, where: string): readonly number[] {
  const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
  if (Array.isArray(output) && output.length >= 1 && output.length <= 3 && output.every(isLength)) return [...output];
  if (typeof output === 'object' && output !== null && 'x' in output) {
    const { x, y, z, ...others } = output as Readonly<Record<string, unknown>>;
    const named = z === undefined ? (y === undefined ? [x] : [x, y]) : [x, y ?? 1, z];
    if (Object.keys(others).length === 0 && named.every(isLength)) return named as number[];
  }
  throw new OptionError(
    'output',
    `${where}: output must be the lengths of the result along x, y and z, one to three whole numbers > 0, not ${JSON.stringify(output)}`,
  );
}

function checkedConstants(constants: unknown, where: string): Readonly<Record<string, number>> {
  if (typeof constants !== 'object' || constants === null) {
    throw new OptionError('constants', `${where}: constants must be an object of numbers`);
  }
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    throw new OptionError('constants', `${where}: constant '${name}' must be a finite number; arrays are arguments`);
  }
  return constants as Readonly<Record<string, number>>;
}
