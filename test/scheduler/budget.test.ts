/** The memory budget in real runs: never exceeded, never stuck, and the results are those of a run without one. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { MemoryBudgetError } from '../../dist/errors.js';
import { collect } from '../../dist/graph/collect.js';
import { delayed } from '../../dist/graph/delayed.js';
import { buildProgram } from '../../dist/graph/program.js';
import * as nd from '../../dist/lazy/nd.js';
import * as linalg from '../../dist/linalg/index.js';
import { needsOf, workloadOf } from '../../dist/scheduler/needs.js';
import type { SpillEvent } from '../../dist/scheduler/observer.js';
import { safeOrder } from '../../dist/scheduler/order.js';
import { plain, type Random, randomGraph, randomOf } from './graphs.js';
import { Bench } from './harness.js';

const sync = new Bench(0);
const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterAll(() => warnings.mockRestore());

const spillFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`lazuli-spill-${process.pid}-`));

/** A graph of kernels on vectors and matrices of several sizes, all known beforehand. */
function arrays(random: Random, count: number): unknown {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const sides = [2, 8, 20, 40];
  const made = sides.flatMap((side) =>
    [0, 1].map(() => {
      const data = Float64Array.from({ length: side * side }, () => Math.round(8 * random()) / 8);
      return { side, value: nd.array(new NDArray(data, { shape: [side, side], dtype: 'float64' })) };
    }),
  );
  const reach = 4 + Math.floor(random() * 20);
  while (made.length < count) {
    const one = pick(made.slice(-reach));
    const other = pick(made.slice(-reach).filter(({ side }) => side === one.side));
    const kind = random();
    if (kind < 0.5) made.push({ side: one.side, value: nd.sub(one.value, nd.mul(0.5, other.value)) });
    else if (kind < 0.7) made.push({ side: one.side, value: nd.sin(nd.matmul(one.value, other.value)) });
    else if (kind < 0.8) made.push({ side: one.side, value: linalg.qr(nd.add(one.value, nd.eye(one.side))).q });
    else if (kind < 0.9) {
      const flat = nd.reshape(one.value, [-1]);
      made.push({ side: one.side, value: nd.reshape(nd.sort(flat), [one.side, one.side]) });
    } else {
      const side = pick(sides);
      const row = nd.mul(nd.sum(one.value), nd.ones([side, 1]));
      made.push({ side, value: nd.add(row, nd.zeros([side, side])) });
    }
  }
  return made.slice(-6).map(({ value }) => value);
}

/** The bytes of the task that needs most by itself, of all at once, and of the safe order. */
function sizesOf(target: unknown): { readonly least: number; readonly most: number; readonly safe: number } {
  const program = buildProgram(collect(target).nodes);
  const needs = needsOf(program);
  const work = workloadOf(program, needs);
  let least = 0;
  for (let task = 0; task < work.size; task++) {
    let whole = (work.bytes[task] as number) + (work.scratch[task] as number);
    for (const datum of work.inputs.subarray(work.inputStart[task], work.inputStart[task + 1])) {
      whole += work.bytes[datum] as number;
    }
    least = Math.max(least, whole);
  }
  return { least, most: needs.total, safe: safeOrder(work).peak };
}

describe.each([0, 1, 2, 3])('%i threads', (threads) => {
  const bench = new Bench(threads);
  afterAll(() => bench.close());

  const peakOf = async (target: unknown, memory: number, options: object = {}): Promise<unknown> => {
    bench.heap.resetPeak();
    const outcome = await (async () => bench.compute(target, { memory, ...options }))().catch(
      (error: unknown) => error,
    );
    expect(bench.heap.peak).toBeLessThanOrEqual(memory);
    expect(bench.heap.arrays).toBe(0);
    await bench.store.tidy();
    expect(bench.store.bytes).toBe(0);
    expect(bench.store.isOpen).toBe(false);
    return outcome;
  };

  it('computes the same within any budget that the largest task fits into, by files where it must', async () => {
    let spilled = 0;
    for (let seed = 0; seed < 16; seed++) {
      const random = randomOf(seed);
      const target = arrays(random, 20 + Math.floor(60 * random()));
      const { least, most, safe } = sizesOf(target);
      const expected = plain(await sync.compute(target));
      for (const memory of [least, least + (safe - least) * random(), safe, most]) {
        const events: SpillEvent[] = [];
        const observers = [{ onSpill: (event: SpillEvent) => events.push(event) }];
        const outcome = await peakOf(target, Math.ceil(memory), { observers });
        expect(plain(outcome), `seed ${seed}, ${memory} of ${safe} bytes`).toEqual(expected);
        if (memory >= safe) expect(events).toEqual([]);
        spilled += events.length;
      }
    }
    expect(spilled).toBeGreaterThan(0);
  }, 120_000);

  it('without files takes the safe order, and refuses less before anything runs', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = randomOf(seed);
      const target = arrays(random, 50);
      const { safe, most } = sizesOf(target);
      const expected = plain(await sync.compute(target));
      expect(plain(await peakOf(target, safe, { spill: false }))).toEqual(expected);
      expect(plain(await peakOf(target, Math.floor((safe + most) / 2), { spill: false }))).toEqual(expected);
      const started: unknown[] = [];
      const observers = [{ onTaskStart: (task: unknown) => started.push(task) }];
      const refused = await peakOf(target, safe - 64, { spill: false, observers });
      expect(refused, `seed ${seed}`).toBeInstanceOf(MemoryBudgetError);
      expect((refused as MemoryBudgetError).bytes).toBe(64);
      expect(started).toEqual([]);
    }
  }, 120_000);

  it('refuses a task that does not fit by itself, naming it and the bytes it lacks', async () => {
    const big = nd.ones([100, 100]);
    const product = nd.matmul(nd.add(big, 1), nd.sqrt(big));
    const { least } = sizesOf(product);
    const error = (await peakOf(product, least - 64)) as MemoryBudgetError;
    expect(error).toBeInstanceOf(MemoryBudgetError);
    expect(error.bytes).toBe(64);
    expect(error.key).toMatch(/matmul/);
  });

  it('holds where sizes only show while it runs: the same results, or an error that says what it lacks', async () => {
    let computed = 0;
    for (let seed = 100; seed < 120; seed++) {
      const random = randomOf(seed);
      const size = 20 + Math.floor(60 * random());
      const grow = (): unknown => randomGraph(randomOf(seed), size, false).target;
      const expected = plain(await sync.compute(grow()));
      for (const memory of [1 << 10, 1 << 11, 1 << 12, 1 << 14]) {
        const outcome = await peakOf(grow(), memory);
        if (outcome instanceof MemoryBudgetError) continue;
        if (outcome instanceof Error) throw outcome;
        expect(plain(outcome), `seed ${seed}, ${memory} bytes`).toEqual(expected);
        computed++;
      }
    }
    expect(computed).toBeGreaterThan(40);
  }, 120_000);

  it('gives everything back when a task fails or the run is aborted while arrays are in files', async () => {
    const fail = delayed((x: NDArray): NDArray => {
      if (x.size > 0) throw new Error('no');
      return x;
    });
    for (let seed = 0; seed < 12; seed++) {
      const target = arrays(randomOf(seed), 60) as unknown[];
      const { least } = sizesOf(target);
      const abort = new AbortController();
      setTimeout(() => abort.abort(), seed % 6);
      await peakOf(target, 2 * least, { signal: abort.signal });
      const failed = await peakOf([...target, fail(target[2] as never)], 2 * least);
      expect(failed).toMatchObject({ code: 'LAZULI_TASK' });
    }
  }, 120_000);
});

it('leaves no folder behind', async () => {
  const bench = new Bench(2);
  const target = arrays(randomOf(7), 80);
  const seen: number[] = [];
  const observers = [{ onSpill: () => seen.push(spillFolders().length) }];
  await bench.compute(target, { memory: sizesOf(target).least, observers });
  expect(Math.max(...seen)).toBeGreaterThan(0);
  await bench.close();
  expect(spillFolders()).toEqual([]);
});
