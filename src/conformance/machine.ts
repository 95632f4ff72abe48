/**
 * Runs one kernel body as the runtime would: inputs copied to contiguous places in a WebAssembly memory, a thread's
 * arena, scratch of the size that `infer` asked for. Everything the body may write starts as garbage, and everything
 * it must not write is checked afterwards: the inputs, and a guard after each array, the arena and the scratch.
 */
import { allocate, itemSize, viewOf } from '../array/dtype.js';
import { gather, NDArray, sizeOf } from '../array/ndarray.js';
import type { KernelBuild } from '../devices/build.js';
import { compileBuild, instantiate, type KernelExports } from '../devices/wasm-module.js';
import { type HeapArray, type Kernel, type KernelParams, MAX_WASM_ARGS, SCRATCH_BYTES } from '../kernels/contract.js';
import { CodeTable } from '../workers/code-table.js';
import { FIRST_CODE } from '../workers/team.js';

export interface Machine {
  readonly build: KernelBuild;
  /** Whether the kernel has a body for these inputs here. */
  has(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): boolean;
  run(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[];
  /** Raw calls, for what is no kernel. */
  readonly exports: KernelExports;
  readonly arena: number;
  readonly memory: WebAssembly.Memory;
}

/** A body did what no body may do: not an error of its own that another body could share. */
export class RuleBreach extends Error {
  override readonly name = 'RuleBreach';
}

const PAGE = 65536;
const GUARD = 64;

/** What unwritten memory holds; another byte every time, so that reading it shows as a different result. */
let garbage = 0x5b;

const align = (address: number): number => Math.ceil(address / 64) * 64;

/**
 * Runs the reference body. Outputs start as garbage there too, and inputs must be what they were.
 * @throws what the body throws; Error when it wrote an input
 */
export function runJs(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[] {
  const { outputs } = kernel.infer(inputs, params);
  garbage = (garbage * 5 + 77) & 0xff;
  const arrays = outputs.map(({ dtype, shape }) => {
    const data = allocate(dtype, sizeOf(shape));
    bytesOf(data).fill(garbage);
    return new NDArray(data, { shape, dtype });
  });
  const before = inputs.map(({ data }) => bytesOf(data).slice());
  kernel.bodies.js(inputs, arrays, params);
  inputs.forEach(({ data }, i) => {
    if (Buffer.compare(before[i]!, bytesOf(data)) !== 0)
      throw new RuleBreach(`${kernel.name}: the body wrote its input ${i}`);
  });
  return arrays;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What the runtime makes of a kernel without a copy: the elements of the input, in their order, as the output. */
function aliasOf(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray {
  const { dtype, shape } = kernel.infer(inputs, params).outputs[0]!;
  const input = inputs[0]!;
  const data = allocate(input.dtype, input.size);
  gather(input, data);
  return new NDArray(viewOf(dtype, data.buffer, 0, sizeOf(shape)), { dtype, shape });
}

/** A machine for one build of the module, or undefined where the engine does not accept it. */
export function createMachine(build: KernelBuild): Machine | undefined {
  const module = compileBuild(build);
  if (module === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 32768, shared: true });
  const exports = instantiate(module, memory);
  const codes = new CodeTable(exports, memory);
  const codeIds = new Map<string, number>();
  const base = exports.heapBase!();
  // a guard before the arena too
  const arena = align(base + GUARD);

  function run(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[] {
    if (kernel.isAlias === true) return [aliasOf(kernel, inputs, params)];
    const { outputs, scratch = 0 } = kernel.infer(inputs, params);
    const guards: number[] = [base];
    let next = arena;
    const place = (bytes: number): number => {
      const pointer = next;
      guards.push(pointer + bytes);
      next = align(pointer + bytes + GUARD);
      return pointer;
    };
    place(SCRATCH_BYTES);
    const heapInputs = inputs.map(({ dtype, shape, nbytes }): HeapArray => ({ dtype, shape, pointer: place(nbytes) }));
    const heapOutputs = outputs.map(
      ({ dtype, shape }): HeapArray => ({ dtype, shape, pointer: place(sizeOf(shape) * itemSize(dtype)) }),
    );
    const scratchPointer = scratch > 0 ? place(scratch) : 0;
    const body = kernel.bodies.wasm!;
    const code = body.code?.(inputs, params);
    const codeBytes = code?.bytes() ?? new Uint8Array(0);
    const codePointer = place(codeBytes.length);
    if (next > memory.buffer.byteLength) memory.grow(Math.ceil((next - memory.buffer.byteLength) / PAGE));

    const bytes = new Uint8Array(memory.buffer);
    garbage = (garbage * 5 + 77) & 0xff;
    bytes.fill(garbage, base, next);
    new Int32Array(memory.buffer, arena, 16).fill(0);
    inputs.forEach((input, i) => {
      const { dtype, pointer } = heapInputs[i]!;
      gather(input, viewOf(dtype, memory.buffer, pointer, input.size));
    });
    const before = heapInputs.map(({ pointer }, i) => bytes.slice(pointer, pointer + inputs[i]!.nbytes));

    const block = body.block?.(heapInputs, heapOutputs, params) ?? [];
    if (block.length * 8 > scratch) throw new Error(`${kernel.name}: its scratch has no room for its block of numbers`);
    new Float64Array(memory.buffer, scratchPointer, block.length).set(block);
    const given = body.args(heapInputs, heapOutputs, params, scratchPointer);
    if (given.length > MAX_WASM_ARGS || given.some((arg) => typeof arg !== 'number')) {
      throw new Error(`${kernel.name}: not a legal list of arguments: ${given.join(', ')}`);
    }
    const args = [...given];
    if (code !== undefined) {
      // Every key has a place of its own: the same code is found under the same key again.
      const id = codeIds.get(code.key) ?? FIRST_CODE + codeIds.size;
      codeIds.set(code.key, id);
      const index = id - FIRST_CODE;
      bytes.set(codeBytes, codePointer);
      codes.load({ id, index, address: codePointer, bytes: codeBytes.length });
      args.unshift(codes.at(index));
    }
    const call = exports[body.export];
    if (call === undefined) throw new Error(`${kernel.name}: the module has no export '${body.export}'`);
    if (call.length !== args.length + 1) {
      throw new Error(`${kernel.name}: ${body.export} takes ${call.length} arguments, not ${args.length + 1}`);
    }
    const status = call(arena, ...args);

    heapInputs.forEach(({ pointer }, i) => {
      const now = bytes.subarray(pointer, pointer + inputs[i]!.nbytes);
      if (Buffer.compare(before[i]!, now) !== 0) throw new RuleBreach(`${kernel.name}: the body wrote its input ${i}`);
    });
    for (const guard of guards) {
      for (let i = guard; i < guard + GUARD; i++) {
        if (bytes[i] !== garbage) throw new RuleBreach(`${kernel.name}: the body wrote outside its arrays`);
      }
    }
    if (status !== 0) throw kernel.failure?.(status, params) ?? new Error(`${kernel.name}: status ${status}`);
    return heapOutputs.map(({ dtype, shape, pointer }) => {
      const data = allocate(dtype, sizeOf(shape));
      data.set(viewOf(dtype, memory.buffer, pointer, data.length));
      return new NDArray(data, { shape, dtype });
    });
  }

  function has(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): boolean {
    if (kernel.isAlias === true) return true;
    const body = kernel.bodies.wasm;
    return body !== undefined && (body.can?.(inputs, params) ?? true);
  }

  return { build, has, run, exports, arena, memory };
}

let made: readonly Machine[] | undefined;

/** One for each build that this engine accepts, made when first asked for. */
export function allMachines(): readonly Machine[] {
  made ??= (['baseline', 'relaxed'] as const).map(createMachine).filter((machine) => machine !== undefined);
  return made;
}
