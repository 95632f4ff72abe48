/** The window where its positions wrap, under storms of cancels, and when its threads are lost. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CANCELLED } from '../../dist/kernels/contract.js';
import { Heap } from '../../dist/memory/heap.js';
import { Window, type WindowOptions, type WindowOutcome } from '../../dist/workers/window.js';
import { SLOTS } from '../../dist/workers/window-layout.js';
import { NO_THREAD, pull } from '../../dist/workers/window-worker.js';
import { exportNames, tinyModule } from './tiny-module.js';
import { runOn, Threads } from './window-harness.js';

const [ADD, WAIT] = [exportNames.indexOf('add'), exportNames.indexOf('wait')];
const module = new WebAssembly.Module(tinyModule());
const threads = new Threads(3);
afterAll(threads.close);

const heap = new Heap({ base: 4096 });
const makeWindow = (options: Partial<WindowOptions> = {}): Window =>
  new Window({
    heap,
    module,
    threads: 3,
    startPuller: threads.start,
    onPullerLost: (error) => {
      throw error;
    },
    ...options,
  });
const ones = heap.address(heap.allocate(16));
new Float64Array(heap.buffer, ones, 2).fill(1);

/** n tasks, each of which adds the results of two among the fifty before it. */
function graph(n: number, base: number) {
  return Array.from({ length: n }, (_, i) => {
    const inputs = i < 50 ? [] : [i - 50, i - 1 - ((i * 7) % 49)];
    const address = (k: number): number => (inputs[k] === undefined ? ones : base + 8 * inputs[k]);
    return { callee: ADD, args: [address(0), address(1), base + 8 * i, -1], inputs };
  });
}

describe('window under stress', () => {
  it.each([0, 2 ** 31 - 9000, 2 ** 31 - 1, 2 ** 32 - 9000, 2 ** 32 - SLOTS, 2 ** 32 - 1])(
    'starting at position %i, runs every task once and after its inputs',
    async (position) => {
      const window = makeWindow({ position });
      const n = 20_000;
      const block = heap.allocate(8 * n);
      const base = heap.address(block);
      new Float64Array(heap.buffer, base, n).fill(Number.NaN);
      const tasks = graph(n, base);
      const outcomes = await runOn(window, tasks);
      expect(outcomes.filter(({ status }) => status === 0)).toHaveLength(n);
      const expected = new Float64Array(n);
      tasks.forEach(({ inputs: [a, b] }, i) => {
        expected[i] =
          (a === undefined ? 1 : (expected[a] as number)) + (b === undefined ? 1 : (expected[b] as number)) - 1;
      });
      expect(new Float64Array(heap.buffer, base, n)).toEqual(expected);
      expect(window.inFlight).toBe(0);
      heap.free(block);
      window.close();
      window.dispose();
    },
  );

  it('reports every task of a storm of cancels, loses no cancel, and lets the others be', async () => {
    const window = makeWindow();
    const out = heap.address(heap.allocate(8));
    for (let round = 0; round < 400; round++) {
      const statuses: number[] = [];
      const kept: number[] = [];
      const count = 1 + (round % 9);
      await new Promise<void>((resolve) => {
        let left = 2 * count;
        const end = (list: number[]) => (outcome: WindowOutcome) => {
          list.push(outcome.status);
          if (--left === 0) resolve();
        };
        const slots: number[] = [];
        for (let i = 0; i < count; i++) {
          // Each waits until it is cancelled: a lost cancel hangs the test.
          slots.push(
            window.admit({
              callee: WAIT,
              args: [],
              after: i % 3 === 2 ? slots.slice(-1) : [],
              notify: true,
              onDone: end(statuses),
            }),
          );
          window.admit({ callee: ADD, args: [ones, ones, out, 1], after: [], notify: false, onDone: end(kept) });
        }
        window.flush(false);
        const cancel = (): void => window.cancel(slots);
        if (round % 3 === 0) cancel();
        else if (round % 3 === 1) setImmediate(cancel);
        else {
          for (let i = 0; i < (round % 50) * 200; i++) Atomics.load(new Int32Array(heap.buffer, 0, 1), 0);
          cancel();
        }
      });
      expect(statuses).toEqual(new Array(count).fill(CANCELLED));
      expect(kept).toEqual(new Array(count).fill(0));
    }
    window.close();
    window.dispose();
  });

  it('heeds a cancel that comes just when a thread clears its cancel word', async () => {
    const window = makeWindow({ startPuller: async (message) => pull(message) });
    const out = heap.address(heap.allocate(8));
    const { store } = Atomics;
    let slot = -1;
    const spy = vi.spyOn(Atomics, 'store').mockImplementation(((array: Int32Array, index: number, value: number) => {
      if (array.buffer === heap.buffer && value === 0 && slot >= 0) {
        spy.mockRestore();
        window.cancel([slot]);
      }
      return store(array, index, value);
    }) as typeof Atomics.store);
    const outcome = await new Promise<WindowOutcome>((resolve) => {
      slot = window.admit({ callee: ADD, args: [ones, ones, out, 1], after: [], notify: true, onDone: resolve });
      window.flush(false);
    });
    expect(outcome.status).toBe(CANCELLED);
    window.close();
    window.dispose();
  });

  it('fails its tasks when no thread can run them, and works again when one can', async () => {
    let broken = true;
    const lost: unknown[] = [];
    const window = makeWindow({
      startPuller: (message) => (broken ? Promise.reject(new Error('no thread')) : threads.start(message)),
      onPullerLost: (error) => lost.push(error),
    });
    const out = heap.address(heap.allocate(8));
    const tasks = Array.from({ length: 30 }, (_, i) => ({
      callee: ADD,
      args: [ones, ones, out, i],
      inputs: i === 0 ? [] : [i - 1],
    }));
    const outcomes = await runOn(window, tasks);
    expect(outcomes.map(({ status }) => status)).toEqual(new Array(30).fill(NO_THREAD));
    expect(lost.length).toBeGreaterThan(0);
    broken = false;
    expect((await runOn(window, tasks)).map(({ status }) => status)).toEqual(new Array(30).fill(0));
    window.close();
    window.dispose();
  });

  it('reports what was in flight when it is disposed of, and gives its memory back', async () => {
    const before = heap.used;
    const window = makeWindow({ startPuller: () => new Promise(() => {}) });
    const outcomes: number[] = [];
    for (let i = 0; i < 5; i++) {
      window.admit({
        callee: ADD,
        args: [ones, ones, ones, 0],
        after: [],
        notify: false,
        onDone: ({ status }) => outcomes.push(status),
      });
    }
    window.flush(false);
    expect(heap.used).toBeGreaterThan(before);
    window.close();
    expect(() => window.hasRoomFor(0)).toThrow('closed');
    window.dispose();
    expect(outcomes).toEqual(new Array(5).fill(CANCELLED));
    expect(heap.used).toBe(before);
    heap.check();
  });
});
