/**
 * A result that outlives its run, for persist(): a JavaScript value, or arrays that stay on the heap until released, or
 * in files when the heap was needed for others.
 */
import { type ArraySpec, NDArray } from '../array/ndarray.js';
import { HeapExhaustedError, ReleasedError } from '../errors.js';
import { Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import type { Held, Results } from './results.js';

/** Kept arrays by heap, each with the number of runs that work on it: those that none does may leave the heap. */
const kept = new WeakMap<Heap, Map<Handle, number>>();

export function keptOn(heap: Heap): Map<Handle, number> {
  let handles = kept.get(heap);
  if (handles === undefined) {
    handles = new Map();
    kept.set(heap, handles);
  }
  return handles;
}

export class Persisted {
  #value: unknown;
  #held: Held | undefined;
  #released = false;

  /** Keeps the result of `task` beyond the run. */
  constructor(results: Results, task: number) {
    const value = results.givenValue(task);
    const held = value instanceof NDArray && value.ndim > 0 ? onHeap(results, task) : results.held(task);
    // Another JavaScript value stays one, also when kernels had it copied to the heap.
    if (held === undefined || (value !== undefined && !(value instanceof NDArray))) {
      this.#value = value;
    } else {
      this.#held = held;
      for (const handle of this.handles) {
        handle.retain();
        const all = keptOn(handle.heap);
        if (!all.has(handle.owner)) all.set(handle.owner, 0);
      }
    }
  }

  /** What is known of a result that is one array. */
  get spec(): ArraySpec | undefined {
    if (this.#held instanceof Handle) return { dtype: this.#held.dtype, shape: this.#held.shape };
    return this.#value instanceof NDArray ? this.#value : undefined;
  }

  /** Its arrays on the heap; none once it is released. */
  get handles(): readonly Handle[] {
    return this.#held === undefined ? [] : this.#held instanceof Handle ? [this.#held] : this.#held;
  }

  /** What is known of its arrays. */
  get specs(): readonly ArraySpec[] {
    return this.#held === undefined && this.#value instanceof NDArray ? [this.#value] : this.handles;
  }

  /** Makes it the result of a task of another run. @throws ReleasedError */
  putInto(results: Results, task: number, key: string): void {
    if (this.#released) throw new ReleasedError(key);
    if (this.#held === undefined) {
      results.setValue(task, this.#value);
      return;
    }
    results.adopt(task, this.#held);
  }

  /** Gives its memory back. Releasing twice does nothing. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const handle of this.handles) {
      handle.release();
      if (handle.owner.isReleased) keptOn(handle.heap).delete(handle.owner);
    }
    this.#held = undefined;
    this.#value = undefined;
  }
}

/** An array where kernels find it, so that not each of them copies it; undefined when there is no room. */
function onHeap(results: Results, task: number): Held | undefined {
  try {
    return results.handleOf(task);
  } catch (error) {
    if (error instanceof HeapExhaustedError) return undefined;
    throw error;
  }
}
