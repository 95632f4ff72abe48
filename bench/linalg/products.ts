/**
 * The kernel of the matrix product alone, beside its micro-kernel running in L1: what packing, edges and memory cost.
 * Called directly, on one thread and without the runtime.
 */
import { chosenBuild, instantiate, type KernelExports, kernelCode } from '../../dist/devices/wasm-module.js';
import { type HeapArray, SCRATCH_BYTES } from '../../dist/kernels/contract.js';
import { matmul } from '../../dist/kernels/matmul.js';
import type { Floats } from './rivals.js';

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536, shared: true });
const align = (address: number): number => Math.ceil(address / 64) * 64;
let exports: KernelExports = {};
let arena = 0;

/** Makes the kernels, with AVX2 where that is asked for and works, and answers which build it is. */
export function prepare(revectorize: boolean): string {
  const { module, micro } = kernelCode(revectorize);
  exports = instantiate(module, memory, micro?.().module);
  arena = align(exports.heapBase!());
  return micro === undefined ? chosenBuild() : 'revectorized';
}

/** The multiply-adds of one call of `microKernel`, for either micro-tile. */
const MICRO_ROUNDS = 2000;
const MICRO_DEPTH = 256;

/** Runs the micro-kernel once; the answer is its flops. */
export function microKernel(dtype: string): number {
  const isWide = dtype === 'float64';
  exports.microKernel!(arena, isWide ? 1 : 0, MICRO_ROUNDS, MICRO_DEPTH);
  return 2 * (isWide ? 48 : 96) * MICRO_DEPTH * MICRO_ROUNDS;
}

/** The product of two n × n matrices by the kernel alone: a call of it, and its elements afterwards. */
export function kernelAlone(n: number, a: Floats, b: Floats): { multiply(): void; elements(): Floats } {
  const dtype = a instanceof Float64Array ? 'float64' : 'float32';
  const shape = [n, n];
  let next = align(arena + SCRATCH_BYTES);
  const place = (bytes: number): number => {
    const pointer = next;
    next = align(pointer + bytes);
    return pointer;
  };
  const [x, y, z] = [0, 1, 2].map((): HeapArray => ({ dtype, shape, pointer: place(a.byteLength) }));
  const { scratch = 0 } = matmul.infer([x!, y!], {});
  const args = matmul.bodies.wasm!.args([x!, y!], [z!], {}, scratch > 0 ? place(scratch) : 0);
  const missing = next - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  const view = ({ pointer }: HeapArray): Floats =>
    dtype === 'float64'
      ? new Float64Array(memory.buffer, pointer, n * n)
      : new Float32Array(memory.buffer, pointer, n * n);
  view(x!).set(a);
  view(y!).set(b);
  const run = exports[matmul.bodies.wasm!.export]!;
  return {
    multiply() {
      const status = run(arena, ...args);
      if (status !== 0) throw new Error(`matmul: status ${status}`);
    },
    elements: () => view(z!).slice(),
  };
}
