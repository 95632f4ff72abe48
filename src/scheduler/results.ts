/**
 * The results of a run, from the moment a task has one until its last consumer ended: JavaScript values, and arrays on
 * the heap as handles. A result lives exactly as long as somebody needs it, then its memory goes back.
 */

import { toNDArray } from '../array/convert.js';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import type { Program } from '../graph/program.js';
import { type Copy, Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import type { Remote } from './remote.js';

/** One array of a kernel, or all of them for one with several outputs. */
export type Held = Handle | readonly Handle[];

/** Who is asked before arrays are taken from the heap, and told of those that were. */
export interface HeapKeeper {
  /** @throws HeapExhaustedError when there is no room for so many bytes */
  claim(bytes: number): void;
  held(task: number): void;
}

export class Results {
  keeper: HeapKeeper | undefined;
  /** What is in the memories of devices. */
  remote: Remote | undefined;
  readonly #heap: Heap;
  readonly #program: Program;
  readonly #values: unknown[];
  readonly #held: (Held | undefined)[];
  /** Consumers that have not ended yet, plus one when the caller asked for it. */
  readonly #uses: Int32Array;

  constructor(program: Program, heap: Heap) {
    const n = program.nodes.length;
    this.#heap = heap;
    this.#program = program;
    this.#values = new Array<unknown>(n);
    this.#held = new Array<Held | undefined>(n);
    this.#uses = new Int32Array(n);
    for (let e = 0; e < program.deps.length; e++) this.#uses[program.deps[e] as number]! += 1;
    for (const target of program.targets) this.#uses[target]! += 1;
  }

  /** How many still need the result of `task`. */
  uses(task: number): number {
    return this.#uses[task] as number;
  }

  /** Somebody needs the result of `task` once more. */
  neededAgain(task: number): void {
    (this.#uses[task] as number)++;
  }

  /** A JavaScript value as the result of `task`. */
  setValue(task: number, value: unknown): void {
    this.#values[task] = value;
  }

  /** Arrays on the heap as the result of `task`; they are released with it. */
  setHeld(task: number, held: Held): void {
    this.#held[task] = held;
    this.keeper?.held(task);
  }

  held(task: number): Held | undefined {
    return this.#held[task];
  }

  /** Kept arrays as the result of `task`; those of another heap are copied, since kernels see this one only. */
  adopt(task: number, held: Held): void {
    const handles = [held].flat() as readonly Handle[];
    if (handles.every((handle) => handle.heap === this.#heap)) {
      for (const handle of handles) handle.retain();
      this.setHeld(task, held);
    } else {
      this.#values[task] = copyOut(held);
    }
  }

  /** The result where it is a JavaScript value, also while a copy of it lies on the heap. */
  givenValue(task: number): unknown {
    return this.#values[task];
  }

  /** The result as a JavaScript task sees it: heap arrays as views (0-d ones as plain values), nothing copied. */
  valueOf(task: number): unknown {
    const held = this.#held[task];
    if (held === undefined || this.#values[task] !== undefined) return this.#values[task];
    return held instanceof Handle ? plain(held.view()) : held.map((handle) => plain(handle.view()));
  }

  /** The result as a kernel sees it: copied to the heap the first time a kernel asks. @throws HeapExhaustedError */
  handleOf(task: number): Handle {
    const held = this.#held[task];
    if (held instanceof Handle) return held;
    if (held !== undefined) {
      const key = this.#program.nodes[task]?.key ?? '';
      throw new ArgumentError(`'${key}' has ${held.length} outputs; a kernel takes one of them: index it`);
    }
    const array = toNDArray(this.#values[task], { where: 'kernel input' });
    this.keeper?.claim(array.nbytes);
    const handle = Handle.from(this.#heap, array);
    this.setHeld(task, handle);
    return handle;
  }

  /** The result as a device with a memory of its own reads it: an array on the host, wherever it lies there. */
  arrayOf(task: number): NDArray {
    const held = this.#held[task];
    return held instanceof Handle ? held.view() : toNDArray(this.#values[task], { where: 'kernel input' });
  }

  /** The result for the caller: ordinary JavaScript-owned data. */
  take(task: number): unknown {
    const held = this.#held[task];
    if (held === undefined || this.#values[task] !== undefined) return this.#values[task];
    return copyOut(held);
  }

  /** Gets results that are in files to JavaScript, for `take`. Undefined when there are none. */
  fetch(tasks: Iterable<number>): Promise<void> | undefined {
    const away = [...tasks].filter((task) => this.#values[task] === undefined && !isHere(this.#held[task]));
    return away.length === 0 ? undefined : this.#fetch(away);
  }

  async #fetch(tasks: readonly number[]): Promise<void> {
    for (const task of tasks) {
      const held = this.#held[task] as Held;
      if (held instanceof Handle) {
        this.#values[task] = plain(await fetched(held));
        continue;
      }
      const arrays: unknown[] = [];
      for (const handle of held) arrays.push(plain(await fetched(handle)));
      this.#values[task] = arrays;
    }
  }

  /** After a task ended: its inputs have one consumer less. */
  consumed(task: number): void {
    const { depStart, deps } = this.#program;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) this.#drop(deps[e] as number);
  }

  /** Gives everything back that is still held. */
  releaseAll(): void {
    for (let task = 0; task < this.#held.length; task++) this.release(task);
    this.#values.length = 0;
  }

  #drop(task: number): void {
    const left = (this.#uses[task] as number) - 1;
    this.#uses[task] = left;
    if (left === 0) {
      this.release(task);
      this.#values[task] = undefined;
    }
  }

  /** Gives the arrays of a result back. */
  release(task: number): void {
    this.remote?.release(task);
    const held = this.#held[task];
    if (held === undefined) return;
    this.#held[task] = undefined;
    if (held instanceof Handle) held.release();
    else for (const handle of held) handle.release();
  }
}

function isHere(held: Held | undefined): boolean {
  if (held === undefined) return true;
  return held instanceof Handle ? held.isHere : held.every((handle) => handle.isHere);
}

async function fetched(handle: Handle): Promise<NDArray> {
  if (handle.isHere) return handle.copyOut();
  const array = NDArray.zeros(handle.shape, handle.dtype);
  await (handle.copy as Copy).read(new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength));
  return array;
}

function copyOut(held: Held): unknown {
  return held instanceof Handle ? plain(held.copyOut()) : held.map((handle) => plain(handle.copyOut()));
}

/** A zero-dimensional array is a plain number or boolean to JavaScript. */
function plain(array: NDArray): unknown {
  return array.ndim === 0 ? array.get() : array;
}
