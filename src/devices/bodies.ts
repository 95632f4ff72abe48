/**
 * Running a kernel's body right here: the js body over views of the heap, or the WebAssembly body on this thread's
 * instance. Threads do the same from shared memory (workers/window-worker.ts).
 */

import { allocate, viewOf } from '../array/dtype.js';
import { NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import {
  type ArraySpec,
  CANCELLED,
  type HeapArray,
  type Kernel,
  type KernelParams,
  SCRATCH_BYTES,
} from '../kernels/contract.js';
import { kernels } from '../kernels/registry.js';
import type { Heap } from '../memory/heap.js';
import type { KernelCall } from './lanes.js';
import { instantiate, type KernelExports } from './wasm-module.js';

/** The array itself, without a copy. */
export function viewOfHeap(buffer: ArrayBufferLike, array: HeapArray): NDArray {
  const data = viewOf(array.dtype, buffer, array.pointer, sizeOf(array.shape));
  return new NDArray(data, { shape: array.shape, dtype: array.dtype });
}

/** Whether a kernel has a WebAssembly body for these inputs. */
export function hasWasmBody(kernel: Kernel, inputs: readonly ArraySpec[], params: KernelParams): boolean {
  const body = kernel.bodies.wasm;
  return body !== undefined && (body.can?.(inputs, params) ?? true);
}

/** The error that a kernel's status stands for. */
export function statusError(kernel: Kernel, status: number, params: KernelParams): Error {
  if (status === CANCELLED) return new Error(`kernel '${kernel.name}' was cancelled`);
  const own = kernel.failure?.(status, params);
  return own ?? new Error(`kernel '${kernel.name}' failed in WebAssembly (status ${status})`);
}

/** Runs kernels on the calling thread, over the heap. */
export class LocalKernels {
  readonly #heap: Heap;
  readonly #module: WebAssembly.Module;
  #exports: KernelExports | undefined;
  #arena = 0;

  constructor(heap: Heap, module: WebAssembly.Module) {
    this.#heap = heap;
    this.#module = module;
  }

  run({ kernel, params, inputs, outputs, scratch }: KernelCall, device: 'js' | 'wasm'): void {
    const { buffer } = this.#heap;
    if (device === 'js') {
      const views = (arrays: readonly HeapArray[]): NDArray[] => arrays.map((array) => viewOfHeap(buffer, array));
      kernel.bodies.js(views(inputs), views(outputs), params);
      return;
    }
    const body = kernel.bodies.wasm;
    if (this.#exports === undefined) {
      this.#arena = this.#heap.address(this.#heap.allocate(SCRATCH_BYTES));
      // The heap gives out memory as its last user left it, and nobody cancels a kernel of this thread.
      new Int32Array(this.#heap.buffer, this.#arena, 1)[0] = 0;
      this.#exports = instantiate(this.#module, this.#heap.memory);
    }
    const callee = body === undefined ? undefined : this.#exports[body.export];
    if (body === undefined || callee === undefined) throw new Error(`kernel '${kernel.name}' has no WebAssembly body`);
    const status = callee(this.#arena, ...body.args(inputs, outputs, params, scratch));
    if (status !== 0) throw statusError(kernel, status, params);
  }
}

/**
 * The js body of a built-in kernel as an ordinary function, for pool threads: it is shipped by reference, and the
 * views it gets lie in shared memory.
 */
export function runJsBody(
  name: string,
  params: KernelParams,
  inputs: readonly NDArray[],
  outputs: readonly NDArray[],
): void {
  const kernel = kernels.get(name);
  if (kernel === undefined) throw new ArgumentError(`there is no kernel '${name}'`);
  kernel.bodies.js(inputs, outputs, params);
}

/** A kernel run on plain arrays, for tests and for callers without a heap: allocates its outputs. */
export function applyKernel(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[] {
  const outputs = kernel
    .infer(inputs, params)
    .outputs.map(({ dtype, shape }) => new NDArray(allocate(dtype, sizeOf(shape)), { dtype, shape }));
  kernel.bodies.js(inputs, outputs, params);
  return outputs;
}
