/** `nd.defineKernel`: a kernel of the user's own, with the whole contract (kernels/contract.ts), as a function of arrays. */
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { ArraySpec, Kernel, KernelParams } from '../kernels/contract.js';
import { type KernelDefinition, kernelFrom } from '../kernels/define.js';
import { isUnknown } from './late.js';
import { type ArrayInput, asLazy, kernelCall, type LazyArray } from './lazy-array.js';

/** One lazy array, or as many as there are outputs. */
type Outputs<O extends readonly ArraySpec[]> = O extends readonly [ArraySpec, ArraySpec, ...ArraySpec[]]
  ? { readonly [K in keyof O]: LazyArray }
  : LazyArray;

/** What `nd.defineKernel` answers. */
export interface UserKernel<O extends readonly ArraySpec[] = readonly ArraySpec[]> {
  /** A JavaScript array is the list of the inputs; a single input that is none may stand by itself. */
  (inputs: ArrayInput | readonly ArrayInput[], params?: KernelParams): Outputs<O>;
  readonly kernelName: string;
  /** The contract behind it. */
  readonly kernel: Kernel;
}

/**
 * A kernel of your own, as a function of arrays that makes tasks. The `js` body is the reference: it reads `inputs` (any
 * strides), writes every element of `outputs` (row-major) and answers nothing; it runs on the pool's threads if it can be
 * sent there, else on the main thread, with one warning. The optional `wasm` body is a WebAssembly module of yours.
 *
 * Its `run(work, index, context)` is called once for every chunk, by any threads in any order, and must write what
 * depends on its index alone. `work` is the thread's own scratch arena (4 MiB, its first 64 bytes are not yours), and
 * `context` the address of float64s: [0] the status, [1] the number of chunks, [2] how many bytes behind the context the
 * call's scratch begins, then the addresses of the inputs, those of the outputs, and what `values` answers. To fail it
 * writes a positive i32 to `context`, which `failure` turns into an error. `testKernel` holds the two against each other.
 *
 * The optional `gpu` body is WGSL: its `plan` answers the passes of a call, `{ code, operands, numbers, workgroups }`.
 * Operand i is binding i of group 0, an array `{ of: 'input' | 'output' | 'scratch', index }` (inputs as
 * `var<storage, read>`, all else `read_write`, row-major) or `{ of: 'status' }`, an `atomic<u32>` to write what failed to;
 * the next binding is a uniform of `numbers`, 32-bit words. Arrays stay on the GPU between it and other kernels.
 *
 * A kernel is pure: equal inputs and parameters are one task. `params` are numbers, strings and booleans.
 *
 * @throws OptionError, ArgumentError for a definition that is none; calls throw what `infer` throws
 *
 * @example
 * const sizeOf = ({ shape }: { shape: readonly number[] }) => shape.reduce((a, b) => a * b, 1);
 * const rowSums = nd.defineKernel({
 *   name: 'rowSums',
 *   infer: ([x]) => ({ outputs: [{ dtype: 'float64', shape: x!.shape.slice(0, 1) }] }),
 *   cost: ([x]) => ({ flops: sizeOf(x!), bytes: 8 * sizeOf(x!) }),
 *   bodies: {
 *     js: ([x], [sums]) => {
 *       sums!.data.fill(0);
 *       for (let i = 0; i < x!.shape[0]!; i++) {
 *         for (let j = 0; j < x!.shape[1]!; j++) sums!.data[i]! += Number(x!.get(i, j));
 *       }
 *     },
 *   },
 * });
 * await rowSums([[[1, 2], [3, 4]]]).compute(); // [3, 7]
 */
export function defineKernel<const O extends readonly ArraySpec[]>(definition: KernelDefinition<O>): UserKernel<O> {
  const kernel = kernelFrom(definition);
  const { name } = kernel;
  const call = (inputs: ArrayInput | readonly ArrayInput[], params: KernelParams = {}): LazyArray | LazyArray[] => {
    const list = Array.isArray(inputs) ? (inputs as readonly ArrayInput[]) : [inputs as ArrayInput];
    const arrays = list.map((input) => asLazy(input, name));
    checkParams(name, params);
    const unknown = arrays.find(isUnknown);
    if (unknown !== undefined) {
      throw new ArgumentError(
        `${name}: the shape of '${unknown.key}' is not known before it is computed; compute or persist it first`,
      );
    }
    const outputs = kernelCall(kernel, arrays, params);
    return outputs.length === 1 ? (outputs[0] as LazyArray) : outputs;
  };
  return Object.assign(call, { kernelName: name, kernel }) as unknown as UserKernel<O>;
}

function checkParams(name: string, params: unknown): void {
  const isPlain = typeof params === 'object' && params !== null && !Array.isArray(params);
  if (!isPlain || params instanceof NDArray || nodeOf(params) !== undefined) {
    throw new ArgumentError(`${name}: the second argument is an object of parameters; give the inputs in one list`);
  }
  for (const [key, value] of Object.entries(params as object)) {
    if (['number', 'string', 'boolean'].includes(typeof value)) continue;
    throw new OptionError(
      key,
      `${name}: the parameter ${key} must be a number, a string or a boolean; what is computed, or an array, is an input`,
    );
  }
}
