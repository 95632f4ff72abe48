/** Windows over bare threads, for tests: nothing of the pool is needed. */
import { Worker } from 'node:worker_threads';
import type { Window, WindowOutcome, WindowTask } from '../../dist/workers/window.js';
import type { PullMessage } from '../../dist/workers/window-worker.js';

/** Bare threads, each with at most one puller. */
export class Threads {
  readonly workers: Worker[] = [];
  readonly idle: Worker[] = [];
  readonly queue: { message: PullMessage; resolve: (n: unknown) => void }[] = [];

  constructor(n: number) {
    for (let i = 0; i < n; i++) {
      const worker = new Worker(new URL('./puller.js', import.meta.url));
      this.workers.push(worker);
      this.idle.push(worker);
    }
  }

  start = (message: PullMessage): Promise<unknown> =>
    new Promise((resolve) => {
      this.queue.push({ message, resolve });
      this.#next();
    });

  #next(): void {
    const worker = this.idle.pop();
    if (worker === undefined) return;
    const job = this.queue.shift();
    if (job === undefined) {
      this.idle.push(worker);
      return;
    }
    worker.once('message', (ran) => {
      this.idle.push(worker);
      job.resolve(ran);
      this.#next();
    });
    worker.postMessage(job.message);
  }

  close = (): Promise<unknown> => Promise.all(this.workers.map((worker) => worker.terminate()));
}

/** Admits tasks in order, waiting for room, and resolves with every outcome. */
export async function runOn(
  window: Window,
  tasks: readonly (Omit<WindowTask, 'after' | 'onDone' | 'notify'> & { inputs: readonly number[]; notify?: boolean })[],
): Promise<WindowOutcome[]> {
  const slots = new Map<number, number>();
  const outcomes: WindowOutcome[] = [];
  let next = 0;
  let done = 0;
  await new Promise<void>((resolve) => {
    let draining = false;
    const admit = (): void => {
      for (; next < tasks.length; next++) {
        const task = tasks[next];
        if (task === undefined) break;
        const after = task.inputs.flatMap((input) => slots.get(input) ?? []);
        if (!window.hasRoomFor(after.length)) break;
        const index = next;
        const slot = window.admit({
          callee: task.callee,
          args: task.args,
          after,
          notify: task.notify ?? false,
          onDone: (outcome) => {
            outcomes[index] = outcome;
            slots.delete(index);
            done++;
            if (done === tasks.length) resolve();
            else if (!draining) {
              draining = true;
              queueMicrotask(() => {
                draining = false;
                admit();
              });
            }
          },
        });
        slots.set(index, slot);
      }
      window.flush(next < tasks.length);
    };
    admit();
  });
  return outcomes;
}
