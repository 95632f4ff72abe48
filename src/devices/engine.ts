/** An engine: a pool of threads and the window that its kernels are pulled from. One per number of threads in use. */
import type { Heap } from '../memory/heap.js';
import type { KernelCode } from '../workers/kernel-code.js';
import { ThreadPool } from '../workers/pool.js';
import { Window } from '../workers/window.js';
import { PoolCalls } from './call-lane.js';
import { CodeRegistry } from './code-registry.js';
import type { CallLane, KernelLane, LaneSink } from './lanes.js';
import { createWindowLane } from './window-lane.js';

export class Engine {
  readonly threads: number;
  readonly #pool: ThreadPool;
  readonly #window: Window;
  readonly #heap: Heap;
  readonly #codes: CodeRegistry;
  readonly #exportIndex: ReadonlyMap<string, number>;

  constructor(heap: Heap, { module, micro }: KernelCode, threads: number) {
    this.threads = threads;
    this.#heap = heap;
    this.#codes = new CodeRegistry(heap);
    const pool = new ThreadPool({ threads });
    this.#pool = pool;
    this.#window = new Window({
      heap,
      module,
      micro,
      threads,
      startPuller: (message) => pool.runPull(message),
      onPullerLost: (error) => {
        process.emitWarning(`a thread was lost: ${error instanceof Error ? error.message : String(error)}`, {
          code: 'LAZULI_WORKER_LOST',
        });
      },
    });
    this.#exportIndex = new Map(WebAssembly.Module.exports(module).map(({ name }, index) => [name, index]));
  }

  lanes(sink: LaneSink): { readonly calls: CallLane; readonly kernels: KernelLane } {
    return {
      calls: new PoolCalls(this.#pool, sink, () => this.#window.yieldThread()),
      kernels: createWindowLane(
        { window: this.#window, heap: this.#heap, codes: this.#codes, exportIndex: this.#exportIndex },
        sink,
      ),
    };
  }

  /** Ends the threads; what they were at is reported as failed or cancelled. */
  async close(): Promise<void> {
    this.#window.close();
    await this.#pool.close();
    this.#window.dispose();
    this.#codes.dispose();
  }
}
