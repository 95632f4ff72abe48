import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CANCELLED } from '../../dist/kernels/contract.js';
import { Heap } from '../../dist/memory/heap.js';
import { Window, type WindowOutcome, type WindowTask } from '../../dist/workers/window.js';
import { type PullMessage, pull, TRAPPED } from '../../dist/workers/window-worker.js';
import { exportNames, tinyModule } from './tiny-module.js';

const ADD = exportNames.indexOf('add');
const module = new WebAssembly.Module(tinyModule());

/** Bare threads, each with at most one puller. */
class Threads {
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

const heap = new Heap({ base: 4096 });
const threads = new Threads(3);
const window = new Window({
  heap,
  module,
  threads: 3,
  startPuller: threads.start,
  onPullerLost: (error) => {
    throw error;
  },
});
afterAll(threads.close);

const value = (address: number): number => new Float64Array(heap.buffer, address, 1)[0] as number;
const cell = (): number => heap.address(heap.allocate(8));
const zero = cell();

/** Admits tasks in order, waiting for room, and resolves with every outcome. */
async function runAll(
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

describe('window', () => {
  it('runs a chain in order', async () => {
    const cells = Array.from({ length: 500 }, cell);
    const outcomes = await runAll(
      cells.map((out, i) => ({
        callee: ADD,
        args: [i === 0 ? zero : (cells[i - 1] ?? 0), zero, out, 1],
        inputs: i === 0 ? [] : [i - 1],
      })),
    );
    expect(outcomes.every((outcome) => outcome.status === 0 && outcome.end >= outcome.start)).toBe(true);
    expect(value(cells[499] ?? 0)).toBe(500);
  });

  it('runs more tasks than it has slots, every task once, after its inputs, on any graph', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        async (n, reach, seed) => {
          // out[i] = out[a] + out[b] + 1 with a, b shortly before i: the values tell whether inputs were there in time.
          let state = seed;
          const random = (): number => {
            state = (Math.imul(state, 1664525) + 1013904223) | 0;
            return (state >>> 8) / 2 ** 24;
          };
          const block = heap.allocate(n * 8);
          const base = heap.address(block);
          new Float64Array(heap.buffer, base, n).fill(Number.NaN);
          const tasks = Array.from({ length: n }, (_, i) => {
            const inputs = i === 0 ? [] : [0, 1].map(() => Math.max(0, i - 1 - Math.floor(random() * reach)));
            const [a, b] = inputs;
            const address = (j: number | undefined): number => (j === undefined ? zero : base + j * 8);
            return { callee: ADD, args: [address(a), address(b), base + i * 8, 1], inputs };
          });
          const outcomes = await runAll(tasks);
          expect(outcomes.length).toBe(n);
          expect(outcomes.every((outcome) => outcome.status === 0)).toBe(true);
          const got = new Float64Array(heap.buffer, base, n);
          const plain = new Float64Array(n);
          for (let i = 0; i < n; i++) {
            const [a, b] = tasks[i]?.inputs ?? [];
            plain[i] = (a === undefined ? 0 : (plain[a] ?? 0)) + (b === undefined ? 0 : (plain[b] ?? 0)) + 1;
          }
          expect(got).toEqual(plain);
          heap.free(block);
        },
      ),
      { numRuns: 25, seed: 11 },
    );
  });

  it('gives a failing task its status and cancels everything that waits for it, and nothing else', async () => {
    const [a, b, c, d] = [cell(), cell(), cell(), cell()];
    const outcomes = await runAll([
      { callee: exportNames.indexOf('refuse'), args: [7], inputs: [] },
      { callee: ADD, args: [zero, zero, a, 1], inputs: [0] },
      { callee: ADD, args: [a, zero, b, 1], inputs: [1] },
      { callee: ADD, args: [zero, zero, c, 3], inputs: [] },
      { callee: exportNames.indexOf('trap'), args: [], inputs: [3] },
      { callee: ADD, args: [c, zero, d, 1], inputs: [3] },
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([7, CANCELLED, CANCELLED, 0, TRAPPED, 0]);
    expect([value(c), value(d)]).toEqual([3, 4]);
  });

  it('stops a running task that polls its cancel word, and goes on with the next', async () => {
    const out = cell();
    const outcome = await new Promise<WindowOutcome>((resolve) => {
      const slot = window.admit({
        callee: exportNames.indexOf('wait'),
        args: [],
        after: [],
        notify: true,
        onDone: resolve,
      });
      window.flush(false);
      setTimeout(() => window.cancel([slot]), 30);
    });
    expect(outcome.status).toBe(CANCELLED);
    const [next] = await runAll([{ callee: ADD, args: [zero, zero, out, 5], inputs: [] }]);
    expect(next?.status).toBe(0);
    expect(value(out)).toBe(5);
  });

  it('wakes the main thread for a task it waits for, while others run on', async () => {
    const outcome = await new Promise<WindowOutcome>((resolve) => {
      const blocker = window.admit({
        callee: exportNames.indexOf('wait'),
        args: [],
        after: [],
        notify: false,
        onDone: () => {},
      });
      window.admit({
        callee: ADD,
        args: [zero, zero, cell(), 1],
        after: [],
        notify: true,
        onDone: (done) => {
          window.cancel([blocker]);
          resolve(done);
        },
      });
      window.flush(false);
    });
    expect(outcome.status).toBe(0);
  });

  it('gives a thread an arena that was made after the memory grew', async () => {
    const own = new Heap({ base: 4096 });
    let late: number | undefined;
    const here = new Window({
      heap: own,
      module,
      threads: 1,
      startPuller: async (message) => pull(late === undefined ? message : { ...message, arena: late }),
      onPullerLost: (error) => {
        throw error;
      },
    });
    const add = async (): Promise<number> => {
      const out = own.address(own.allocate(8));
      const args = [out + 64, out + 64, out, 7];
      const outcome = await new Promise<WindowOutcome>((resolve) => {
        here.admit({ callee: ADD, args, after: [], notify: true, onDone: resolve });
        here.flush(false);
      });
      expect(outcome.status).toBe(0);
      return new Float64Array(own.buffer, out, 1)[0] as number;
    };
    expect(await add()).toBe(7);
    own.allocate(64 << 20);
    late = own.address(own.allocate(4 << 20));
    expect(await add()).toBe(7);
  });
});
