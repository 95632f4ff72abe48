/**
 * LazyArray: a delayed array that knows its shape and dtype before it is computed. It is a thin view of a task node;
 * computing, persisting and drawing are those of any delayed value. `kernelCall` makes them: shapes are checked when
 * the call is made, and kernels are pure, so equal calls are one task.
 */
import { type ArraySource, toNDArray } from '../array/convert.js';
import { type DType, itemSize } from '../array/dtype.js';
import { NDArray, rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { viewStrides } from '../array/view.js';
import { ArgumentError } from '../errors.js';
import { wrap } from '../graph/delayed.js';
import { computeFirst, refuseJson, refusePrimitive, useError } from '../graph/misuse.js';
import { NODE, nodeOf, type Params, TaskNode, type TaskSettings } from '../graph/node.js';
import { itemNode, wrapperWith } from '../graph/proxy.js';
import { holesFor } from '../graph/template.js';
import type { ComputeOptions, Delayed, Pending, PersistedDelayed, RESULT, VisualizeOptions } from '../graph/types.js';
import { assemble, assembleParams } from '../kernels/assemble.js';
import type { ArraySpec, Kernel, KernelOp } from '../kernels/contract.js';
import type { Piece } from '../kernels/piece.js';
import { forEachBlock, type Sizes, startsOf } from './blocks/grid.js';
import { arrayKey, kernelKey } from './keys.js';
import { lookThrough } from './seen.js';

type Awaitable<T> = T | Promise<T>;

/**
 * A delayed NDArray with a known shape.
 *
 * @example
 * const product = nd.matmul(nd.ones([2, 3]), nd.eye(3));
 * product.shape; // [2, 3]
 * (await product.compute()).toNested(); // [[1, 1, 1], [1, 1, 1]]
 */
export class LazyArray implements ArraySpec, Pending<NDArray> {
  declare readonly [RESULT]: NDArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The sizes of the blocks along every axis; null where the array is one block. */
  readonly chunks: Sizes | null;
  /** @internal The blocks in row-major order; null where the array is one block. */
  readonly blocks: readonly LazyArray[] | null;
  /** Of an array in blocks the task that puts them together, made when it is asked for. */
  #node: TaskNode | undefined;
  /** The same array as one block, once it was asked for. */
  #whole: LazyArray | undefined;

  /** @internal Use `nd.array`. */
  constructor(node: TaskNode | undefined, spec: ArraySpec, chunks: Sizes | null = null, blocks?: readonly LazyArray[]) {
    this.#node = node;
    this.shape = spec.shape;
    this.dtype = spec.dtype;
    this.chunks = chunks;
    this.blocks = blocks ?? null;
  }

  /** @internal See blocks/blocked.ts. */
  static ofBlocks(chunks: Sizes, spec: ArraySpec, blocks: readonly LazyArray[]): LazyArray {
    return new LazyArray(undefined, spec, chunks, blocks);
  }

  get [NODE](): TaskNode {
    if (this.#node === undefined) {
      this.#node = wholeNode(this.shape, this.chunks!, this.blocks!);
      grids.set(this.#node, this);
    }
    return this.#node;
  }

  /** @internal The same array as one block. */
  whole(): LazyArray {
    if (this.blocks === null) return this;
    // an equal task of its own: by the other one is known that the array is in blocks
    this.#whole ??= new LazyArray(wholeNode(this.shape, this.chunks!, this.blocks), this);
    return this.#whole;
  }

  /** The key of the task that makes this array. */
  get key(): string {
    return this[NODE].key;
  }

  get ndim(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get nbytes(): number {
    return this.size * itemSize(this.dtype);
  }

  /** Runs what this array needs and answers it. */
  compute(options?: ComputeOptions): Promise<NDArray> {
    return this.#delayed().compute(options);
  }

  /** The same array, backed by a result that stays where it is until `release` is called. */
  async persist(options?: ComputeOptions): Promise<PersistedLazyArray> {
    const persisted = await (this.#delayed().persist(options) as Awaitable<PersistedDelayed<NDArray>>);
    if (persisted instanceof LazyArray) return persisted as unknown as PersistedLazyArray;
    return keptArrays.array(nodeOf(persisted) ?? this[NODE], this, () => persisted.release());
  }

  /** A drawing of the graph behind this array: SVG text, or the file that `filename` names. */
  visualize(options?: VisualizeOptions): Promise<string> {
    return this.#delayed().visualize(options);
  }

  /** A property of the computed array, delayed. */
  get<const K extends keyof NDArray>(name: K): Delayed<NDArray[K]> {
    return this.#delayed().get(name) as Delayed<NDArray[K]>;
  }

  /** A method call on the computed array, as one task. */
  call<const K extends 'get' | 'at' | 'toNested' | 'copy'>(
    method: K,
    ...args: readonly (number | Pending<number>)[]
  ): Delayed<ReturnType<NDArray[K]>> {
    const value = this.#delayed() as unknown as { call(name: K, ...rest: unknown[]): Delayed<ReturnType<NDArray[K]>> };
    return value.call(method, ...args);
  }

  /** The numbers of the computed array, delayed. */
  get data(): Delayed<NDArray['data']> {
    return this.get('data');
  }

  /** The computed array as nested arrays, delayed. */
  toNested(): Delayed<ReturnType<NDArray['toNested']>> {
    return this.call('toNested');
  }

  /** @throws DelayedUseError: there is no value yet. */
  toJSON(): never {
    return refuseJson(this[NODE])();
  }

  /** @throws DelayedUseError: `x + 1` is `nd.add(x, 1)`. */
  [Symbol.toPrimitive](hint: string): never {
    return refusePrimitive(this[NODE])(hint);
  }

  toString(): string {
    return `LazyArray '${this.key}' of shape [${this.shape.join(', ')}], ${this.dtype}, not computed yet`;
  }

  #delayed(): Delayed<NDArray> {
    return wrap(this[NODE]);
  }
}

// Not a member that the compiler knows of: it refuses to iterate a lazy array by itself.
Object.defineProperty(LazyArray.prototype, Symbol.iterator, {
  value(this: LazyArray): never {
    throw useError(this[NODE], 'iterated or destructured', computeFirst);
  },
});

/** A lazy array whose result stays where it is. */
export type PersistedLazyArray = LazyArray & {
  /** Gives the result up; computing with it afterwards is a ReleasedError. */
  release(): void;
  [Symbol.dispose](): void;
};

/** The arrays in blocks behind the tasks that would put them together. */
const grids = new WeakMap<TaskNode, LazyArray>();

/** How results are kept that are arrays: what `persist` of a runtime asks. */
export const keptArrays = {
  /** The tasks of the blocks of an array in blocks, which are kept as they are; undefined for other tasks. */
  blocks(node: TaskNode): readonly TaskNode[] | undefined {
    return grids.get(node)?.blocks?.map((block) => block[NODE]);
  },
  /** The array in blocks again, around those that are kept. */
  inBlocks(node: TaskNode, kept: readonly unknown[]): PersistedLazyArray {
    const array = grids.get(node)!;
    const blocks = kept as readonly PersistedLazyArray[];
    const release = (): void => {
      for (const block of blocks) block.release();
    };
    return Object.assign(LazyArray.ofBlocks(array.chunks!, array, blocks), { release, [Symbol.dispose]: release });
  },
  /** The lazy array around a result that is kept; `release` gives it up. */
  array(node: TaskNode, spec: ArraySpec, release: () => void): PersistedLazyArray {
    return Object.assign(new LazyArray(node, spec), { release, [Symbol.dispose]: release });
  },
};

/** The task that puts blocks together: each is copied to its place once, views from what they are views of. */
function wholeNode(shape: readonly number[], chunks: Sizes, blocks: readonly LazyArray[]): TaskNode {
  const strides = rowMajorStrides(shape);
  const starts = chunks.map(startsOf);
  const inputs: LazyArray[] = [];
  const numbers = new Map<string, number>();
  const pieces: Piece[] = [];
  forEachBlock(chunks, (index, at) => {
    const block = blocks[at]!;
    if (block.size === 0) return;
    const { base, view } = lookThrough(block);
    let input = numbers.get(base.key);
    if (input === undefined) {
      input = inputs.push(base) - 1;
      numbers.set(base.key, input);
    }
    const from = viewStrides(view, base.shape);
    const to = index.reduce((sum, i, axis) => sum + starts[axis]![i]! * strides[axis]!, 0);
    pieces.push([input, from.offset, to, block.shape, from.strides, strides]);
  });
  if (inputs.length === 0) inputs.push(blocks[0]!);
  return kernelNode(assemble, inputs, assembleParams(shape, pieces), undefined, 'assemble');
}

/** Whether two arrays are the same one: equal tasks, or the same blocks. */
export function isSame(a: LazyArray, b: LazyArray): boolean {
  if (a === b) return true;
  if (a.chunks !== null || b.chunks !== null) return a.blocks === b.blocks;
  return a.key === b.key;
}

/**
 * A zero-dimensional lazy array: a delayed number or boolean that knows its dtype, with the methods that read well.
 *
 * @example
 * const total = nd.array([1, 2, 3]).sum();
 * total.dtype; // 'float64'
 * await total.div(2).compute(); // 3
 */
export type LazyScalar<R = number> = Delayed<R> & ScalarMembers;

/** What a zero-dimensional array knows and does beside what every delayed value does. */
export interface ScalarMembers
  extends Pick<LazyArray, 'shape' | 'dtype' | 'chunks' | 'ndim' | 'size' | 'nbytes'>,
    ScalarMethods {}

/** Filled where the methods are, in methods.ts. */
// biome-ignore lint/suspicious/noEmptyInterface: what it has is declared where the methods are
export interface ScalarMethods {}

/** What array functions take: anything that holds numbers, there already or delayed. */
export type ArrayInput = ArraySource | LazyArray | Pending<number>;

/** What is known of delayed scalars and other delayed values that are not LazyArrays. */
const specs = new WeakMap<TaskNode, ArraySpec>();

export function specOf(node: TaskNode): ArraySpec | undefined {
  return specs.get(node);
}

/** The spec of a delayed JavaScript number: no array is behind it, and beside one it takes that one's dtype. */
export const PLAIN_NUMBER: ArraySpec = { shape: [], dtype: 'float64' };

/** The spec of a delayed JavaScript boolean. */
export const PLAIN_BOOLEAN: ArraySpec = { shape: [], dtype: 'bool' };

/** Remembers that a task makes a plain number or boolean. */
export function markPlain(node: TaskNode, spec: ArraySpec): void {
  specs.set(node, spec);
}

/** `value` as a LazyArray. Delayed values of unknown shape are refused: `fromDelayed` says what they will be. */
export function asLazy(value: ArrayInput, where: string, dtype?: DType): LazyArray {
  if (value instanceof LazyArray) return value;
  const node = nodeOf(value);
  if (node !== undefined) {
    const spec = specs.get(node);
    if (spec !== undefined) return new LazyArray(node, spec);
    throw new ArgumentError(
      `${where}: the shape of '${node.key}' is not known before it is computed; say it with nd.fromDelayed(value, { shape, dtype })`,
    );
  }
  return leaf(toNDArray(value, { where, dtype }));
}

/** A node that holds an array which is there already. */
export function leaf(array: NDArray, name = 'array'): LazyArray {
  const node = new TaskNode({ kind: 'value', name }, [array], [], undefined, arrayKey(array), true);
  return new LazyArray(node, array);
}

/** The array itself where `lazy` is one that is there already. */
export function leafValue(lazy: LazyArray): NDArray | undefined {
  const node = lazy[NODE];
  if (node.op.kind !== 'value' || node.deps.length > 0) return undefined;
  const [value] = node.args;
  return value instanceof NDArray ? value : undefined;
}

/** A number, there already or delayed, as a zero-dimensional float64 input of a kernel. */
export function scalarInput(value: number | Pending<number>, where: string): LazyArray {
  if (typeof value === 'number') {
    const array = new NDArray(Float64Array.of(value), { shape: [], dtype: 'float64' });
    const name = 'number';
    return new LazyArray(
      new TaskNode({ kind: 'value', name }, [array], [], undefined, `float64-${value}`, true),
      PLAIN_NUMBER,
    );
  }
  const node = nodeOf(value);
  if (node === undefined) throw new ArgumentError(`${where}: expected a number or a delayed number`);
  return new LazyArray(node, PLAIN_NUMBER);
}

/** What a zero-dimensional array answers as such, though it is a delayed number: methods.ts adds the methods. */
const scalarMembers = new Set(['shape', 'dtype', 'chunks', 'ndim', 'size', 'nbytes']);

/** Makes methods and properties of LazyArray members of zero-dimensional ones too. */
export function addScalarMembers(names: Iterable<string>): void {
  for (const name of names) scalarMembers.add(name);
}

const wrapScalar = wrapperWith((node, name) => {
  const spec = scalarMembers.has(name) ? specs.get(node) : undefined;
  if (spec === undefined) return undefined;
  const lazy = new LazyArray(node, spec);
  const member: unknown = Reflect.get(lazy, name);
  return typeof member === 'function' ? member.bind(lazy) : member;
});

/** A zero-dimensional array as the delayed number that it computes to. */
export function asScalar(lazy: LazyArray): LazyScalar {
  specs.set(lazy[NODE], lazy);
  return wrapScalar(lazy[NODE]) as LazyScalar;
}

/**
 * The outputs of a kernel on arrays. O(inputs), nothing runs.
 *
 * @param name what the task is called in its key and in reports; default: the kernel's name
 * @throws what the kernel's `infer` throws for shapes and dtypes it does not take
 */
export function kernelCall(
  kernel: Kernel,
  inputs: readonly LazyArray[],
  params: Params = {},
  settings?: TaskSettings,
  name = kernel.name,
): LazyArray[] {
  const { outputs } = kernel.infer(inputs, params);
  const node = kernelNode(kernel, inputs, params, settings, name);
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return [new LazyArray(node, only)];
  return outputs.map((spec, i) => new LazyArray(itemNode(node, i), spec));
}

function kernelNode(
  kernel: Kernel,
  inputs: readonly LazyArray[],
  params: Params,
  settings: TaskSettings | undefined,
  name: string,
): TaskNode {
  const deps = inputs.map((input) => input[NODE]);
  const key = kernelKey(
    kernel,
    params,
    deps.map((dep) => dep.key),
    name,
  );
  // `specs`: the passes over a graph know by them what the inputs are (kernels/fuse.ts).
  const op: KernelOp = { kind: 'kernel', name, kernel, params, specs: inputs };
  return new TaskNode(op, holesFor(deps.length), deps, settings, key, true);
}

/** As `kernelCall`, for kernels with one output whose spec is known without asking the kernel. */
export function kernelResult(
  kernel: Kernel,
  inputs: readonly LazyArray[],
  params: Params,
  spec: ArraySpec,
  name: string,
): LazyArray {
  return new LazyArray(kernelNode(kernel, inputs, params, undefined, name), spec);
}

/** As `kernelCall`, for kernels with one output. */
export function kernelCall1(
  kernel: Kernel,
  inputs: readonly LazyArray[],
  params: Params = {},
  name?: string,
): LazyArray {
  return kernelCall(kernel, inputs, params, undefined, name)[0]!;
}
