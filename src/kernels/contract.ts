/**
 * The contract of a kernel: what it makes of its inputs (`infer`), what that costs (`cost`), and one body per
 * device that can run it. The `js` body is the readable reference that every other body is tested against.
 *
 * Rules every body keeps: inputs are never written; every element of every output is written; nothing is
 * allocated on the heap by the body itself; the same inputs give the same bits.
 */
import type { ArraySpec, NDArray } from '../array/ndarray.js';
import type { Op, Params } from '../graph/node.js';
import type { Tensor, TensorFlow } from './tensorflow/tensors.js';

export type { ArraySpec } from '../array/ndarray.js';

/** A row-major array in the shared WebAssembly memory: `pointer` is the byte address of its first element. */
export interface HeapArray extends ArraySpec {
  readonly pointer: number;
}

/** Static parameters of a kernel call. */
export type KernelParams = Params;

export interface Inferred {
  readonly outputs: readonly ArraySpec[];
  /** Bytes of scratch this call needs beyond the thread's own arena (`SCRATCH_BYTES`); default 0. */
  readonly scratch?: number;
}

export interface KernelCost {
  readonly flops: number;
  /** Bytes read and written, each once. */
  readonly bytes: number;
}

/** Reads `inputs`, writes `outputs`; any strides and offsets in the inputs, row-major outputs. */
export type JsBody = (inputs: readonly NDArray[], outputs: readonly NDArray[], params: KernelParams) => void;

/**
 * WebAssembly code made for a call: a module that imports the memory and whatever it needs of the kernel module's
 * exports under `env`, and exports one function `run(work, index, context)`: what `parallelFor` of assembly/team.ts
 * calls. Every thread instantiates it once and puts it into its kernel module's table, everywhere at the same index.
 */
export interface GeneratedCode {
  /** Same key, same code. */
  readonly key: string;
  bytes(): Uint8Array<ArrayBuffer>;
}

/**
 * A call of one export of the AssemblyScript module. The export's first parameter is always the thread's scratch
 * arena (SCRATCH_BYTES long, 64-byte aligned); where there is `code` the next one is its index in the table; the rest
 * is what `args` gives. It returns a status, 0 for success.
 */
export interface WasmBody {
  readonly export: string;
  /** Whether all idle threads should help: the export splits its work with `parallelFor`, and there is enough of it. */
  isWide?(inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /** Code made for these inputs. */
  code?(inputs: readonly ArraySpec[], params: KernelParams): GeneratedCode;
  /** Numbers that are written as float64s to the start of `Inferred.scratch` (which has room for them) before the call. */
  block?(inputs: readonly HeapArray[], outputs: readonly HeapArray[], params: KernelParams): readonly number[];
  /** Whether this body takes these dtypes and shapes; default: always. Inputs are row-major and contiguous. */
  can?(inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /** Where `can` is false: the reason, for errors; default: none is given. */
  why?(inputs: readonly ArraySpec[], params: KernelParams): string | undefined;
  /** At most MAX_WASM_ARGS numbers. `scratch` is the address of `Inferred.scratch` bytes, 0 when none was asked for. */
  args(
    inputs: readonly HeapArray[],
    outputs: readonly HeapArray[],
    params: KernelParams,
    scratch: number,
  ): readonly number[];
}

/** A node of an ONNX graph: an operator of https://onnx.ai/onnx/operators with one output. */
export interface OnnxNode {
  readonly op: string;
  /** Default: ONNX's own operators. */
  readonly domain?: string;
  /** `in0`, `in1` … are the inputs of the kernel, others are outputs of nodes before. */
  readonly inputs: readonly string[];
  /** `out0`, `out1` … are the outputs of the kernel. */
  readonly output: string;
  /** Whole numbers, and lists of them. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A call as an ONNX graph. Calls with the same nodes, dtypes and numbers of axes share what is compiled of it. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  /** The shapes in which the graph sees the inputs and outputs: of as many elements, in the same order. */
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** A body that a runtime of ONNX models computes. */
export interface OnnxBody {
  /** Whether there is a graph for these dtypes and shapes. */
  can(inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /** The graph of a call for which `can` holds. */
  model(inputs: readonly ArraySpec[], params: KernelParams): OnnxModel;
}

/** A body made of TensorFlow.js's operators, on float32 and bool. */
export interface TensorFlowBody {
  /** Whether it takes these dtypes and shapes. */
  can(inputs: readonly ArraySpec[], params: KernelParams): boolean;
  /**
   * The outputs, from `tensors`, which hold `inputs` in their shapes; outputs may have any shape of as many elements.
   * Tensors made on the way need not be disposed of.
   */
  run(
    tf: TensorFlow,
    tensors: readonly Tensor[],
    inputs: readonly ArraySpec[],
    params: KernelParams,
  ): readonly Tensor[];
}

/** What a GPU body may count on. */
export interface GpuTraits {
  /** Bytes of an array that a shader sees through one binding; of the workgroup's memory. */
  readonly maxBinding: number;
  readonly workgroupMemory: number;
  /** Arrays that one shader binds; workgroups along one dimension. */
  readonly maxArrays: number;
  readonly maxWorkgroups: number;
  /** The tile that products are fastest with on this adapter: an index into `productTiles` of gpu/product.ts. */
  readonly productTile: number;
}

/**
 * What a pass reads or writes: bytes `offset … offset + bytes` (multiples of 256, default all) of an array. Inputs are
 * bound as `var<storage, read>`, all else as `read_write`; `status` is one `atomic<u32>`, the call's status.
 */
export type GpuOperand =
  | {
      readonly of: 'input' | 'output' | 'scratch';
      readonly index: number;
      readonly offset?: number;
      readonly bytes?: number;
    }
  | { readonly of: 'status' };

/** One dispatch of a shader. */
export interface GpuPass {
  /** WGSL with the entry point `main`: same text, same pipeline. Operand i is binding i of group 0, `numbers` the next. */
  readonly code: string;
  readonly operands: readonly GpuOperand[];
  /** 32-bit words of the uniform; see gpu/words.ts for those that are no unsigned numbers. */
  readonly numbers: readonly number[];
  readonly workgroups: readonly [number, number, number];
}

/** The dispatches of a call, in order. */
export interface GpuPlan {
  /** Bytes of the scratch arrays. */
  readonly scratch?: readonly number[];
  readonly passes: readonly GpuPass[];
}

/**
 * WGSL for a call. Arrays lie in the GPU's memory row-major, with the bytes they have on the heap (so that of uint8 and
 * bool there are four in a word); an array of no elements has a word nevertheless.
 */
export interface GpuBody {
  /** It takes float64 too, which a GPU does not have: by so many times the operations of the kernel. Default: it does not. */
  readonly doubles?: number;
  /** So many times the operations of the kernel's cost, where the GPU goes another way than the processor. Default: 1. */
  times?(inputs: readonly ArraySpec[], params: KernelParams): number;
  /** Whether it takes these dtypes and shapes. */
  can(inputs: readonly ArraySpec[], params: KernelParams, gpu: GpuTraits): boolean;
  plan(inputs: readonly ArraySpec[], outputs: readonly ArraySpec[], params: KernelParams, gpu: GpuTraits): GpuPlan;
}

export interface Kernel {
  readonly name: string;
  /** The one output has the bytes of the first input in the same order: another shape of it, which is never copied. */
  readonly isAlias?: boolean;
  /** @throws ShapeError | DTypeError | ArgumentError naming the function, the argument and the shapes. */
  infer(inputs: readonly ArraySpec[], params: KernelParams): Inferred;
  cost(inputs: readonly ArraySpec[], params: KernelParams): KernelCost;
  readonly bodies: {
    readonly js: JsBody;
    readonly wasm?: WasmBody;
    readonly gpu?: GpuBody;
    readonly onnx?: OnnxBody;
    readonly tensorflow?: TensorFlowBody;
  };
  /** What a non-zero status of the wasm body means; the js body throws the same error. */
  failure?(status: number, params: KernelParams): Error;
}

/** How many times its own operations a kernel takes on a GPU: by its way there, and where float64 is made of other numbers. */
export function gpuFactor({ bodies: { gpu } }: Kernel, inputs: readonly ArraySpec[], params: KernelParams): number {
  const isDouble = inputs.some(({ dtype }) => dtype === 'float64');
  return (isDouble ? (gpu?.doubles ?? 1) : 1) * (gpu?.times?.(inputs, params) ?? 1);
}

/** The op of a task whose maker knew what its inputs are. */
export type KernelOp = Extract<Op, { readonly kind: 'kernel' }> & {
  readonly kernel: Kernel;
  /** What is known of each input; lengths that are not are NaN. */
  readonly specs?: readonly ArraySpec[];
};

/** The most numbers a WasmBody may pass after the arena. */
export const MAX_WASM_ARGS = 24;

/** Bytes of every thread's scratch arena. Its first 64 bytes belong to the runtime: word 0 is non-zero when the running task should give up (status CANCELLED), the rest is for assembly/team.ts. */
export const SCRATCH_BYTES = 4 << 20;

/** The status of a kernel that saw its arena's cancel word and stopped. */
export const CANCELLED = -1;
