/** A result that outlives its run, for persist(): a JavaScript value or arrays that stay on the heap until released. */
import { type ArraySpec, NDArray } from '../array/ndarray.js';
import { HeapExhaustedError, ReleasedError } from '../errors.js';
import { Handle } from '../memory/handle.js';
import type { Held, Results } from './results.js';

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
      for (const handle of [held].flat()) (handle as Handle).retain();
      this.#held = held;
    }
  }

  /** What is known of a result that is one array. */
  get spec(): ArraySpec | undefined {
    if (this.#held instanceof Handle) return { dtype: this.#held.dtype, shape: this.#held.shape };
    return this.#value instanceof NDArray ? this.#value : undefined;
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
    if (this.#held instanceof Handle) this.#held.release();
    else for (const handle of this.#held ?? []) handle.release();
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
