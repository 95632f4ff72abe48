/** Small programs stay on the thread that asks for them; what it means does not depend on that. */
import { afterAll, describe, expect, it } from 'vitest';
import { collect } from '../../dist/graph/collect.js';
import { buildProgram } from '../../dist/graph/program.js';
import { createRuntime, delayed, type NDArray, nd, random } from '../../dist/index.js';
import { belongsHere } from '../../dist/scheduler/inline.js';
import { Knowledge, THREADS } from '../../dist/scheduler/knowledge.js';
import { call } from './graphs.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

const threadsOf = (name: string): number[] =>
  runtime.lastRun!.tasks.filter(({ key }) => key.startsWith(`${name}-`)).map(({ thread }) => thread);
const small = nd.matmul(random.normal([8, 8], { seed: 1 }), random.normal([8, 8], { seed: 2 }));

describe("scheduler 'auto'", () => {
  it('computes small kernels on this thread and large ones on others, with the same bits as both ways', async () => {
    const here = await runtime.compute(small);
    expect(threadsOf('matmul')).toEqual([0]);
    const there = await runtime.compute(small, { scheduler: 'threads' });
    expect(threadsOf('matmul')).not.toContain(0);
    expect(here.data).toEqual(there.data);
    const x = random.normal([700, 700], { seed: 3 });
    const large = await runtime.compute(nd.matmul(x, x));
    expect(threadsOf('matmul')).not.toContain(0);
    expect((await runtime.compute(nd.matmul(x, x), { scheduler: 'sync' })).data).toEqual(large.data);
  });

  it('calls functions on threads all the same, also between kernels', async () => {
    const double = delayed((m: NDArray) => (m.data as Float64Array).map((value) => 2 * value), {
      name: 'double',
    });
    const doubled = double(small);
    const total = nd.sum(nd.fromDelayed(doubled as never, { shape: [64] }));
    const [values, sum] = (await runtime.compute([doubled, total])) as [Float64Array, number];
    expect(threadsOf('matmul')).toEqual([0]);
    expect(threadsOf('double')).not.toContain(0);
    expect(sum).toBeCloseTo(
      values.reduce((a, b) => a + b, 0),
      10,
    );
  });

  it('shares what is begun together among the threads', async () => {
    // so small that it belongs here however slow the machine is today, and so often that all of it takes milliseconds
    const x = nd.array(await random.normal([32, 32], { seed: 4 }).compute());
    const product = nd.matmul(x, x);
    const threads = new Set<number>();
    const observer = {
      onTaskEnd: ({ name, thread }: { name: string; thread: number }) => name === 'matmul' && threads.add(thread),
    };
    await Promise.all(Array.from({ length: 2000 }, () => runtime.compute(product, { observers: [observer] })));
    expect(threads.has(0)).toBe(true);
    expect(threads.size).toBeGreaterThan(1);
  });

  it('lets timers through between small computations that follow each other', async () => {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
    }, 1);
    const sum = nd.sum(nd.exp(nd.array(new Float64Array(20_000))));
    for (let i = 0; i < 20_000 && !isOver; i++) await runtime.compute(sum);
    clearTimeout(timer);
    expect(isOver).toBe(true);
  });

  it('reports errors, aborts and results as ever', async () => {
    const singular = nd.array([
      [1, 2],
      [2, 4],
    ]);
    const { linalg } = await import('../../dist/index.js');
    await expect(runtime.compute(linalg.inv(singular))).rejects.toMatchObject({ name: 'TaskError' });
    await expect(runtime.compute(small, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'ComputationAbortedError',
    });
    const kept = await runtime.persist(small);
    expect((await kept.compute()).data).toEqual((await runtime.compute(small)).data);
    kept.release();
  });
});

describe('belongsHere', () => {
  const program = (target: unknown) => buildProgram(collect(target).nodes);
  const knowledge = (seconds: number, waking: number): Knowledge => {
    const known = new Knowledge(undefined);
    const speed = { overhead: seconds, flops: 1e15, bandwidth: 1e15 };
    known.calibrated({ wasm: speed, js: speed, [THREADS]: { ...speed, overhead: waking } });
    return known;
  };
  const one = program(nd.sort(nd.array([3, 1, 2])));
  const is = (of: ReturnType<typeof program>, known: Knowledge, threads = 2): boolean =>
    belongsHere(of, known, ['wasm', 'js'], threads);

  it('weighs the work against waking the threads and sharing it, below half a millisecond', () => {
    expect(is(one, knowledge(50e-6, 100e-6))).toBe(true);
    expect(is(one, knowledge(150e-6, 50e-6))).toBe(false);
    // Alone, a thread saves nothing …
    expect(is(one, knowledge(150e-6, 50e-6), 1)).toBe(true);
    // … but this one is kept free of long work
    expect(is(one, knowledge(600e-6, 1), 1)).toBe(false);
  });

  it('adds up all kernels, and needs to know their shapes', () => {
    const many = program(Array.from({ length: 12 }, (_, i) => nd.sort(nd.array([3, 1, i]))));
    expect(is(many, knowledge(20e-6, 1e-3))).toBe(true);
    expect(is(many, knowledge(50e-6, 1e-3))).toBe(false);
    expect(is(program(call('sort', [new Float64Array(3)])), knowledge(1e-6, 1e-3))).toBe(false);
    expect(is(program(delayed(() => 1)()), knowledge(1e-6, 1e-3))).toBe(false);
    const large = program(Array.from({ length: 400 }, (_, i) => nd.sort(nd.array([3, 1, i]))));
    expect(is(large, knowledge(1e-9, 1))).toBe(false);
  });
});
