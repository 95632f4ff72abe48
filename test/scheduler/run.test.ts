/** The run loop over random graphs: results equal those of `sync`, every task once, and all memory comes back. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ComputationAbortedError, MemoryBudgetError, RuntimeClosedError, type TaskError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { call, plain, randomGraph, randomOf } from './graphs.js';
import { Bench } from './harness.js';

const sync = new Bench(0);
const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterAll(() => warnings.mockRestore());

const identity = new NDArray(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), { shape: [3, 3], dtype: 'float64' });

async function baselineOf(bench: Bench): Promise<number> {
  // Threads, arenas and the main thread's own arena are there from the first run on.
  await bench.compute(randomGraph(randomOf(1), 40, false).target);
  return bench.heap.used;
}

describe.each([1, 2, 3])('%i threads', (threads) => {
  const bench = new Bench(threads);
  let baseline = 0;
  beforeAll(async () => {
    await sync.compute(randomGraph(randomOf(1), 40, false).target);
    baseline = await baselineOf(bench);
  });
  afterAll(() => bench.close());

  it('computes what sync computes, every task once, and gives all memory back', async () => {
    const before = sync.heap.used;
    for (let seed = 0; seed < 120; seed++) {
      const size = 4 + (seed % 60);
      const mine = randomGraph(randomOf(seed), size, false);
      const theirs = randomGraph(randomOf(seed), size, false);
      const [expected, got] = await Promise.all([sync.compute(theirs.target), bench.compute(mine.target)]);
      expect(plain(got), `seed ${seed}`).toEqual(plain(expected));
      expect(Array.from(mine.counter.subarray(0, mine.calls)), `seed ${seed}`).toEqual(new Array(mine.calls).fill(1));
      expect(bench.heap.used, `seed ${seed}`).toBe(baseline);
      expect(sync.heap.used, `seed ${seed}`).toBe(before);
    }
    bench.heap.check();
  });

  it('gives all memory back after failures and aborts at any moment, also beside other runs', async () => {
    const random = randomOf(99);
    for (let seed = 0; seed < 80; seed++) {
      const outcomes = await Promise.all(
        Array.from({ length: 1 + (seed % 4) }, async (_, i) => {
          const graph = randomGraph(randomOf(1000 * seed + i), 4 + Math.floor(random() * 40), random() < 0.4);
          const controller = new AbortController();
          if (random() < 0.5) {
            const delay = random() * 4;
            if (delay < 1) queueMicrotask(() => controller.abort());
            else setTimeout(() => controller.abort(), delay);
          }
          const outcome = await bench.compute(graph.target, { signal: controller.signal }).catch((e: unknown) => e);
          return { graph, outcome, aborted: controller.signal.aborted };
        }),
      );
      for (const { graph, outcome, aborted } of outcomes) {
        if (outcome instanceof ComputationAbortedError) expect(aborted).toBe(true);
        else if (graph.willFail)
          expect((outcome as TaskError).cause, `seed ${seed}`).toMatchObject({ message: 'broken' });
        else expect(outcome, `seed ${seed}`).not.toBeInstanceOf(Error);
      }
      expect(bench.heap.used, `seed ${seed}`).toBe(baseline);
    }
    bench.heap.check();
  });
});

describe('memory', () => {
  const side = 400;
  const bytes = 8 * side * side;
  const big = (n: number): unknown => {
    const array = new NDArray(new Float64Array(side * side).fill(1 / side), { shape: [side, side], dtype: 'float64' });
    const parts = Array.from({ length: n }, () => call('matmul', [array, array]));
    return parts.reduce((a, b) => call('matmul', [a, b]));
  };
  // Room for the threads' scratch and, at one time, for the arrays of one such run.
  const limit = (8 << 20) + (2 << 20) + 12 * bytes;

  it('is waited for while another run has it', async () => {
    const bench = new Bench(2, limit);
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => bench.compute(big(6))));
    for (const outcome of outcomes) expect((outcome as NDArray).get(0, 0)).toBeCloseTo(1 / side, 10);
    await bench.close();
    bench.heap.check();
  }, 60_000);

  it('that is not there at all is an error, for sync and for threads, also for runs that wait for each other', async () => {
    for (const threads of [0, 2]) {
      const bench = new Bench(threads, limit);
      const hold = delayed((...arrays: NDArray[]) => arrays.length);
      const wide = (): unknown =>
        hold(...(Array.from({ length: 20 }, () => call('matmul', [big(1), big(1)])) as never[]));
      const attempt = async (): Promise<unknown> => bench.compute(wide());
      const errors = await Promise.all([1, 2, 3].map(() => attempt().catch((error: unknown) => error)));
      for (const error of errors) expect(error).toBeInstanceOf(MemoryBudgetError);
      const small = await bench.compute(call('matmul', [identity, identity]));
      expect((small as NDArray).get(2, 2)).toBe(1);
      await bench.close();
    }
  }, 60_000);
});

describe('the end', () => {
  it('stop() rejects a run at whatever it is, and nothing of it stays', async () => {
    const bench = new Bench(2);
    const baseline = await baselineOf(bench);
    for (let seed = 0; seed < 60; seed++) {
      const run = bench.start(randomGraph(randomOf(seed), 50, false).target);
      const outcome = run.promise.catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, seed % 4));
      run.stop(new RuntimeClosedError());
      const error = await outcome;
      if (error instanceof Error) expect(error).toBeInstanceOf(RuntimeClosedError);
      expect(bench.heap.used).toBe(baseline);
    }
    await bench.close();
  });
});
