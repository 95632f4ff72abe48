/** Windows over bare threads, for tests: nothing of the pool is needed. */
import { Worker } from 'node:worker_threads';
import type { Window, WindowOutcome, WindowTask } from '../../dist/workers/window.js';
import type { PullMessage } from '../../dist/workers/window-worker.js';

interface Job {
  readonly message: PullMessage;
  readonly resolve: (ran: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Bare threads, each with at most one puller. One that is ended is replaced. */
export class Threads {
  readonly workers = new Set<Worker>();
  readonly #idle: Worker[] = [];
  readonly #queue: Job[] = [];
  readonly #busy = new Map<Worker, Job>();
  #isClosing = false;

  constructor(n: number) {
    for (let i = 0; i < n; i++) this.#add();
  }

  start = (message: PullMessage): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.#queue.push({ message, resolve, reject });
      this.#next();
    });

  /** Ends the thread that pulls for this lane, wherever it is. */
  lose = async (lane: number): Promise<void> => {
    const busy = [...this.#busy].filter(([, { message }]) => message.lane === lane);
    await Promise.all(busy.map(([worker]) => worker.terminate()));
  };

  #add(): void {
    const worker = new Worker(new URL('./puller.js', import.meta.url));
    this.workers.add(worker);
    this.#idle.push(worker);
    worker.on('message', (ran) => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      job?.resolve(ran);
      this.#next();
    });
    worker.once('exit', () => {
      this.workers.delete(worker);
      if (this.#isClosing) return;
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#add();
      job?.reject(new Error('the thread was ended'));
      this.#next();
    });
  }

  #next(): void {
    const worker = this.#idle.pop();
    if (worker === undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) {
      this.#idle.push(worker);
      return;
    }
    this.#busy.set(worker, job);
    worker.postMessage(job.message);
  }

  close = (): Promise<unknown> => {
    this.#isClosing = true;
    return Promise.all([...this.workers].map((worker) => worker.terminate()));
  };
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
          isWide: task.isWide ?? false,
          code: task.code,
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
