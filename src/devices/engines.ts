/**
 * The engines of a runtime, one for each number of threads that its calls ask for: made when first used, shared by the
 * runs of the same time, and a few of them kept for those to come.
 */
import type { Heap } from '../memory/heap.js';
import type { KernelCode } from '../workers/kernel-code.js';
import { Engine } from './engine.js';

/** More engines than this are not kept: the one unused for longest is closed. */
const MOST = 2;

export class Engines {
  /** By the number of their threads; the last is the one used last. */
  readonly #engines = new Map<number, { readonly engine: Engine; users: number }>();
  /** Those on their way out. */
  readonly #closing = new Set<Promise<void>>();

  /** An engine with that many threads, in use until `done` is called. */
  take(threads: number, heap: Heap, code: KernelCode): { readonly engine: Engine; readonly done: () => void } {
    const entry = this.#engines.get(threads) ?? { engine: new Engine(heap, code, threads), users: 0 };
    this.#engines.delete(threads);
    this.#engines.set(threads, entry);
    entry.users++;
    const done = (): void => {
      entry.users--;
      for (const [count, { engine, users }] of this.#engines) {
        if (this.#engines.size <= MOST) break;
        if (users > 0) continue;
        this.#engines.delete(count);
        this.#close(engine);
      }
    };
    return { engine: entry.engine, done };
  }

  /** Ends all threads, whoever uses them. */
  async close(): Promise<void> {
    for (const { engine } of this.#engines.values()) this.#close(engine);
    this.#engines.clear();
    await Promise.all(this.#closing);
  }

  #close(engine: Engine): void {
    const closing = engine.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
