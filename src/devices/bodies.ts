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
  type WasmBody,
} from '../kernels/contract.js';
import { kernels } from '../kernels/registry.js';
import type { Heap } from '../memory/heap.js';
import { CodeTable } from '../workers/code-table.js';
import type { KernelCode } from '../workers/kernel-code.js';
import { clearHeader } from '../workers/team.js';
import { CodeRegistry } from './code-registry.js';
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

/** What follows the statement that devices have no body for these inputs: the reason, where one of them gives it. */
export function reasonOf(
  kernel: Kernel,
  devices: readonly string[],
  inputs: readonly ArraySpec[],
  params: KernelParams,
): string {
  const why = devices.includes('wasm') ? kernel.bodies.wasm?.why?.(inputs, params) : undefined;
  return why === undefined ? '' : `: ${why}`;
}

/** The error that a kernel's status stands for. */
export function statusError(kernel: Kernel, status: number, params: KernelParams): Error {
  if (status === CANCELLED) return new Error(`kernel '${kernel.name}' was cancelled`);
  const own = kernel.failure?.(status, params);
  return own ?? new Error(`kernel '${kernel.name}' failed in WebAssembly (status ${status})`);
}

/** Writes the numbers that a body wants at the start of its scratch; then its arguments. */
export function argsOf(
  body: WasmBody,
  { inputs, outputs, params, scratch }: KernelCall,
  buffer: ArrayBufferLike,
): readonly number[] {
  const block = body.block?.(inputs, outputs, params);
  if (block !== undefined && block.length > 0) new Float64Array(buffer, scratch, block.length).set(block);
  return body.args(inputs, outputs, params, scratch);
}

interface Instance {
  readonly exports: KernelExports;
  readonly codes: CodeTable;
  readonly arena: number;
  /** That of its micro-kernels. */
  readonly version: number;
}

/** Runs kernels on the calling thread, over the heap. */
export class LocalKernels {
  readonly #heap: Heap;
  readonly #code: KernelCode;
  readonly #registry: CodeRegistry;
  #instance: Instance | undefined;

  constructor(heap: Heap, code: KernelCode) {
    this.#heap = heap;
    this.#code = code;
    this.#registry = new CodeRegistry(heap);
  }

  run(call: KernelCall, device: 'js' | 'wasm'): void {
    const { kernel, params, inputs, outputs } = call;
    const { buffer } = this.#heap;
    if (device === 'js') {
      const views = (arrays: readonly HeapArray[]): NDArray[] => arrays.map((array) => viewOfHeap(buffer, array));
      kernel.bodies.js(views(inputs), views(outputs), params);
      return;
    }
    const body = kernel.bodies.wasm;
    const check = (status: number): void => {
      if (status !== 0) throw statusError(kernel, status, params);
    };
    const { exports, codes, arena } = this.#current();
    const callee = body === undefined ? undefined : exports[body.export];
    if (body === undefined || callee === undefined) throw new Error(`kernel '${kernel.name}' has no WebAssembly body`);
    const args = argsOf(body, call, buffer);
    const code = body.code?.(inputs, params);
    if (code === undefined) {
      check(callee(arena, ...args));
      return;
    }
    const place = this.#registry.take(code);
    try {
      codes.load(place);
      check(callee(arena, codes.at(place.index), ...args));
    } finally {
      this.#registry.release(place);
    }
  }

  /** The instance of the newest code. */
  #current(): Instance {
    const micro = this.#code.micro?.();
    const version = micro?.version ?? 0;
    if (this.#instance?.version === version) return this.#instance;
    const { memory } = this.#heap;
    const arena = this.#instance?.arena ?? this.#takeArena();
    const exports = instantiate(this.#code.module, memory, micro?.module);
    this.#instance = { exports, codes: new CodeTable(exports, memory), arena, version };
    return this.#instance;
  }

  /** An arena whose loops nobody shares: its header is all zeros. */
  #takeArena(): number {
    const heap = this.#heap;
    const arena = heap.address(heap.allocateFixed(SCRATCH_BYTES));
    clearHeader(new Int32Array(heap.buffer), arena, 0);
    return arena;
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
