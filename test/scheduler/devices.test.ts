/** Kernels on devices outside the pool, in real runs: simulated devices, which compute what the js bodies compute. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import type { DeviceTraits } from '../../dist/devices/contract.js';
import { closeIdleDevices } from '../../dist/devices/leases.js';
import { type SimulatedOptions, SimulatedSource } from '../../dist/devices/simulated.js';
import { installSource } from '../../dist/devices/sources.js';
import {
  ComputationAbortedError,
  DeviceLostError,
  DeviceUnavailableError,
  DeviceUnsupportedError,
  HeapExhaustedError,
  TaskError,
} from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { createRuntime, type LazyArray, nd, type RunOptions } from '../../dist/index.js';
import { Dispatch } from '../../dist/scheduler/dispatch.js';
import { CostModel } from '../../dist/scheduler/model.js';
import type { TransferEvent } from '../../dist/scheduler/observer.js';
import { sparing } from '../../dist/scheduler/policy.js';
import { ranksOf } from '../../dist/scheduler/rank.js';
import { simulate } from '../../dist/scheduler/simulate.js';
import { workload } from '../../dist/scheduler/workload.js';
import { call, plain, randomGraph, randomOf } from './graphs.js';
import { Bench } from './harness.js';

const uninstall: (() => void)[] = [];
const runtime = createRuntime({ workers: 2 });

function device(name: string, options: SimulatedOptions = {}): SimulatedSource {
  const source = new SimulatedSource(name, options);
  uninstall.push(installSource(source));
  return source;
}

afterEach(async () => {
  for (const remove of uninstall.splice(0)) remove();
  await closeIdleDevices();
});
afterAll(() => runtime.close());

const memory = { capacity: 64 << 20 };
/** A name that only tests have is none that the types know. */
const on = (names: string | readonly string[]): RunOptions => ({ device: names as RunOptions['device'] });
const reference: RunOptions = { scheduler: 'sync', device: 'js' };

const matrix = (n: number, seed = 1): NDArray => {
  const random = randomOf(seed);
  return new NDArray(
    Float64Array.from({ length: n * n }, () => random() - 0.5),
    { shape: [n, n], dtype: 'float64' },
  );
};

/** Products one after the other. */
function chain(length: number, n = 16): unknown {
  let x: unknown = matrix(n);
  for (let i = 0; i < length; i++) x = call('matmul', [x, matrix(n, i + 2)]);
  return x;
}

/** The outputs of a kernel, as items of it. */
function outputs(value: unknown, count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => (value as unknown[])[i]);
}

/** A model in which the threads' bodies take long. */
const slowThreads = (seconds: number): CostModel => {
  const speed = { overhead: seconds, flops: 1e12, bandwidth: 1e12 };
  return new CostModel(
    new Map([
      ['wasm', speed],
      ['js', speed],
    ]),
  );
};

/** What a run tells of transfers, and where its kernels ran. */
function watch() {
  const transfers: TransferEvent[] = [];
  const ran = new Map<string, number>();
  const observer = {
    onTransfer: (event: TransferEvent) => transfers.push(event),
    onTaskEnd: ({ device: name, name: what }: { device: string; name: string }) => {
      if (what !== 'array' && what !== 'constant') ran.set(name, (ran.get(name) ?? 0) + 1);
    },
  };
  return { transfers, ran, observers: [observer] };
}

describe('a device that was asked for', () => {
  it('runs a chain of 20 tasks as one batch, with one fetch; the bits are those of the js bodies', async () => {
    const sim = device('sim', { memory });
    const target = chain(20);
    const expected = await runtime.compute(target, reference);
    const { transfers, ran, observers } = watch();
    const result = await runtime.compute(target, { ...on('sim'), observers });
    expect(plain(result)).toEqual(plain(expected));
    expect(sim.counts).toMatchObject({ opened: 1, batches: 1, calls: 20, reads: 1, writes: 21, arrays: 0, bytes: 0 });
    expect(ran.get('sim')).toBe(20);
    expect(transfers.filter(({ to }) => to === 'sim')).toHaveLength(21);
    expect(transfers.filter(({ to }) => to === 'host')).toEqual([
      expect.objectContaining({ from: 'sim', bytes: 16 * 16 * 8 }),
    ]);
  });

  it('gets each input once, however many take it', async () => {
    const sim = device('sim', { memory });
    const x = nd.array(matrix(8));
    const target = [x.add(1), x.mul(x), nd.matmul(x, x)];
    const expected = await runtime.compute(target, reference);
    expect(plain(await runtime.compute(target, { ...on('sim'), optimize: false }))).toEqual(plain(expected));
    expect(sim.counts).toMatchObject({ writes: 1, reads: 3, arrays: 0 });
  });

  it('computes on the heap where it has no memory of its own: nothing is copied', async () => {
    const sim = device('sim');
    const target = chain(20);
    const { transfers, observers } = watch();
    const result = await runtime.compute(target, { ...on('sim'), observers });
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(sim.counts).toMatchObject({ batches: 1, calls: 20, reads: 0, writes: 0 });
    expect(transfers).toEqual([]);
  });

  it('may keep no order: each call waits for those whose results it takes', async () => {
    const sim = device('sim', { memory, traits: { isOrdered: false, slots: 3 } });
    const target = [chain(6), chain(6), chain(5)];
    const result = await runtime.compute(target, on('sim'));
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(sim.counts.arrays).toBe(0);
  });

  it.each([true, false])('shows arrays in other shapes, with aliases of its own: %s', async (hasAliases) => {
    const sim = device('sim', { memory, hasAliases });
    const x = nd.array(matrix(6)).mul(2).reshape([4, 9]).add(1).reshape([36]).mul(3);
    const target = { x, shown: x.reshape([2, 18]) };
    const expected = await runtime.compute(target, reference);
    const result = await runtime.compute(target, { ...on('sim'), optimize: false });
    expect(plain(result)).toEqual(plain(expected));
    expect(sim.counts.arrays).toBe(0);
    // The answer, and what it takes to show an array elsewhere
    expect(sim.counts.reads).toBe(hasAliases ? 1 : 3);
  });

  it('gives results to functions, which wait for the fetch, and takes theirs', async () => {
    const sim = device('sim', { memory, scale: 1, traits: { overhead: 0.002 } });
    const sum = delayed((m: NDArray) => Float64Array.from(m.copy().data).reduce((a, b) => a + b, 0));
    const shift = delayed((m: NDArray, by: number) => {
      const copy = m.copy();
      copy.data.forEach((value, i) => {
        copy.data[i] = value + by;
      });
      return copy;
    });
    const x = chain(3) as NDArray;
    const shifted = shift(x, sum(x));
    const target = { sum: sum(x), more: call('matmul', [shifted, shifted]) };
    const expected = await runtime.compute(target, reference);
    expect(plain(await runtime.compute(target, on('sim')))).toEqual(plain(expected));
    expect(sim.counts).toMatchObject({ reads: 2, arrays: 0 });
  });

  it('gives several outputs, each of which goes its own way', async () => {
    const sim = device('sim', { memory });
    const [q, r] = outputs(call('qr', [matrix(5)]), 2);
    const target = { q, product: call('matmul', [q, r]) };
    const expected = await runtime.compute(target, reference);
    expect(plain(await runtime.compute(target, on('sim')))).toEqual(plain(expected));
    expect(sim.counts.arrays).toBe(0);
  });

  it('keeps what persist keeps', async () => {
    const sim = device('sim', { memory });
    const kept = (await runtime.persist(chain(3), on('sim'))) as { release(): void };
    expect(sim.counts).toMatchObject({ reads: 1, arrays: 0 });
    const again = call('matmul', [kept, matrix(16)]);
    expect(plain(await runtime.compute(again, on('sim')))).toEqual(plain(await runtime.compute(again, reference)));
    kept.release();
  });

  it('takes zero-dimensional and empty arrays', async () => {
    device('sim', { memory });
    const target = [nd.sum(nd.array(matrix(4))), nd.array([]).add(1), nd.sum(nd.array([]))];
    expect(plain(await runtime.compute(target, on('sim')))).toEqual(plain(await runtime.compute(target, reference)));
  });

  it('is used under sync too', async () => {
    const sim = device('sim', { memory });
    const target = chain(3);
    const result = await runtime.compute(target, { ...on('sim'), scheduler: 'sync' });
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(sim.counts.calls).toBe(3);
  });

  it('may be named by configure, by the environment, by a task', async () => {
    const sim = device('sim', { memory });
    const own = createRuntime({ workers: 1, ...on('sim') });
    await own.compute(chain(2));
    expect(sim.counts.calls).toBe(2);
    await own.compute(chain(2), { device: 'wasm' });
    expect(sim.counts.calls).toBe(2);
    await own.close();
    process.env.LAZULI_DEVICE = 'sim';
    const other = createRuntime({ workers: 1 });
    await other.compute(chain(2));
    await other.close();
    delete process.env.LAZULI_DEVICE;
    expect(sim.counts.calls).toBe(4);
  });
});

describe('a plan with a device', () => {
  it('gives a device that keeps order a whole chain: nothing waits for the host between two', () => {
    const seconds = [5, 1];
    const work = workload(Array.from({ length: 10 }, (_, i) => ({ inputs: i > 0 ? [i - 1] : [], bytes: 8, seconds })));
    const platform = (isOrdered: boolean) => ({
      devices: [
        { name: 'host', pool: 0, memory: 0, overhead: 0 },
        { name: 'sim', pool: 1, memory: 1, overhead: 0 },
      ],
      pools: [
        { name: 'threads', slots: 1, ahead: 0 },
        { name: 'sim', slots: 1, ahead: 9, isOrdered },
      ],
      memories: [
        { name: 'host', budget: Number.POSITIVE_INFINITY, link: undefined },
        { name: 'sim', budget: Number.POSITIVE_INFINITY, link: { latency: 1, bandwidth: 1e9 } },
      ],
    });
    const given = (isOrdered: boolean): number => {
      const dispatch = new Dispatch({
        work,
        platform: platform(isOrdered),
        policy: sparing(ranksOf(work, platform(true))),
      });
      dispatch.begin(0);
      return dispatch.next(0).length;
    };
    expect(given(true)).toBe(10);
    expect(given(false)).toBe(1);
    const { makespan, device: where, moved } = simulate(work, platform(true), sparing(ranksOf(work, platform(true))));
    expect(makespan).toBe(10);
    expect(Array.from(where)).toEqual(Array(10).fill(1));
    expect(moved).toBe(0);
  });

  it('takes the cores that a device occupies from the threads', () => {
    const never = Number.POSITIVE_INFINITY;
    const tasks = [{ seconds: [never, 4] }, ...Array.from({ length: 8 }, () => ({ seconds: [1, never] }))];
    const work = workload(tasks);
    const makespan = (cores: number): number => {
      const platform = {
        devices: [
          { name: 'host', pool: 0, memory: 0, overhead: 0 },
          { name: 'native', pool: 1, memory: 0, overhead: 0 },
        ],
        pools: [
          { name: 'threads', slots: 2, ahead: 0 },
          { name: 'native', slots: 1, ahead: 0, cores },
        ],
        memories: [{ name: 'host', budget: never, link: undefined }],
      };
      return simulate(work, platform, sparing(ranksOf(work, platform))).makespan;
    };
    expect(makespan(0)).toBe(4);
    // One thread, or none, for as long as it takes, and then two
    expect(makespan(1)).toBe(6);
    expect(makespan(2)).toBe(8);
  });

  it('where one kind of call takes longer than predicted, the others of its kind go elsewhere', async () => {
    // It says that it takes next to no time, and takes 30 ms
    const [quick, honest] = [
      device('quick', { memory, traits: { overhead: 1e-3, slots: 1, ahead: 0 }, scale: 30 }),
      device('honest', { memory, traits: { overhead: 5e-3, slots: 1, ahead: 0 }, scale: 1 }),
    ];
    const parts = Array.from({ length: 24 }, (_, i) => call('matmul', [matrix(4, i), matrix(4, i + 50)]));
    const bench = new Bench(1);
    const result = await bench.computeOn(parts, ['quick', 'honest']);
    await bench.close();
    expect(plain(result)).toEqual(plain(await runtime.compute(parts, reference)));
    expect(quick.counts.calls + honest.counts.calls).toBe(24);
    expect(honest.counts.calls).toBeGreaterThan(quick.counts.calls);
  });
});

describe('devices that cannot be used', () => {
  it('are named with the reason', async () => {
    device('gone', { reason: 'somebody took it' });
    const failing = runtime.compute(chain(1), on('gone'));
    await expect(failing).rejects.toBeInstanceOf(DeviceUnavailableError);
    await expect(runtime.compute(chain(1), on('gone'))).rejects.toThrow("'gone' is not available: somebody took it");
    // Of a list, those that are there are used
    const result = await runtime.compute(chain(1), on(['gone', 'js']));
    expect(plain(result)).toEqual(plain(await runtime.compute(chain(1), reference)));
  });

  it('have no body: the task is named before anything runs', async () => {
    let calls = 0;
    const sim = device('sim', { memory, can: ({ name }) => name === 'matmul' });
    const count = delayed((m: NDArray) => {
      calls++;
      return m;
    });
    const target = [count(nd.array(matrix(3)) as never), nd.array(matrix(3)).add(1)];
    const failing = runtime.compute(target, { ...on('sim'), scheduler: 'sync' });
    await expect(failing).rejects.toBeInstanceOf(DeviceUnsupportedError);
    await expect(runtime.compute(target, on('sim'))).rejects.toThrow(
      /task '.*add.*' has no body for device 'sim'|'sim'/,
    );
    expect(calls).toBe(0);
    expect(sim.counts.calls).toBe(0);
  });

  it('have no body, which shows only when the shapes are known', async () => {
    device('sim', { memory, can: (_, [x]) => (x?.shape[0] ?? 0) < 3 });
    const made = delayed(() => matrix(4));
    const failing = runtime.compute(call('matmul', [made(), matrix(4)]), on('sim'));
    await expect(failing).rejects.toMatchObject({ cause: expect.any(DeviceUnsupportedError) });
    // Elsewhere it goes where it can
    const result = await runtime.compute(call('matmul', [made(), matrix(4)]), on(['sim', 'js']));
    expect(plain(result)).toEqual(plain(await runtime.compute(call('matmul', [made(), matrix(4)]), reference)));
  });
});

describe('auto and lists', () => {
  const slow = { overhead: 1e-4, flops: 1e6, bandwidth: 1e12 };
  const fast = { overhead: 1e-6, flops: 1e13, bandwidth: 1e13 };

  /** Products that do not depend on each other, large enough to be worth a look. */
  const work = (count: number, n: number): unknown[] =>
    Array.from({ length: count }, (_, i) => call('matmul', [matrix(n, i), matrix(n, i + 50)]));

  it('takes the faster device', async () => {
    device('fast', { memory, traits: fast });
    device('slow', { memory, traits: slow });
    const bench = new Bench(2);
    const target = work(8, 20);
    const { ran, observers } = watch();
    const result = await bench.computeOn(target, ['fast', 'slow', 'js'], { observers }, slowThreads(1));
    await bench.close();
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(ran.get('fast')).toBe(8);
    expect(ran.get('slow')).toBeUndefined();
  });

  it('counts what it takes to bring arrays there', async () => {
    device('far', { memory: { ...memory, latency: 0.5, bandwidth: 1e5 }, traits: fast });
    const { ran, observers } = watch();
    await runtime.compute(work(4, 64), { ...on(['far', 'wasm']), observers });
    expect(ran.get('far')).toBeUndefined();
    expect(ran.get('wasm')).toBe(4);
  });

  it('auto uses a device where that is worth opening it, and does not look for small work', async () => {
    const sim = device('sim', { memory, traits: fast });
    const bench = new Bench(2);
    const target = work(12, 20);
    await bench.computeOn(target, 'auto', {}, slowThreads(1e-4));
    expect(bench.placing).toBeUndefined();
    expect(sim.counts.opened).toBe(0);
    const { ran, observers } = watch();
    await bench.computeOn(target, 'auto', { observers }, slowThreads(1));
    await bench.close();
    expect(sim.counts.opened).toBe(1);
    expect(ran.get('sim')).toBe(12);
  });

  it('auto opens a device again when it would have saved more than that takes', async () => {
    const sim = device('sim', { memory, traits: fast, opening: 0.1 });
    const bench = new Bench(2);
    const target = work(12, 20);
    // it is looked at once, and then known
    await bench.computeOn(target, 'auto', {}, slowThreads(1));
    await closeIdleDevices();
    expect(sim.counts.opened).toBe(1);
    // 12 products of 10 ms on two threads would save some 60 ms each time
    const opened: number[] = [];
    for (let run = 0; run < 12; run++) {
      await bench.computeOn(target, 'auto', {}, slowThreads(0.01));
      opened.push(sim.counts.opened);
    }
    await bench.close();
    expect(opened[0]).toBe(1);
    expect(opened.at(-1)).toBe(2);
  });

  it('mixes: each kernel where it has a body, arrays going to and fro', async () => {
    const sim = device('sim', { memory, traits: fast, can: ({ name }) => name === 'matmul' });
    let x: unknown = matrix(8);
    for (let i = 0; i < 4; i++) x = call('standardize', [call('matmul', [x, x])]);
    const { ran, observers } = watch();
    const bench = new Bench(2);
    const result = await bench.computeOn(x, ['sim', 'js'], { observers }, slowThreads(1));
    await bench.close();
    expect(plain(result)).toEqual(plain(await runtime.compute(x, reference)));
    expect(ran.get('sim')).toBe(4);
    expect(ran.get('js')).toBe(4);
    expect(sim.counts).toMatchObject({ reads: 4, writes: 5, arrays: 0 });
  });

  it('two devices work at the same time, arrays going over the host', async () => {
    const traits = { ...fast, overhead: 0.005 };
    const [a, b] = [device('a', { memory, traits, scale: 1 }), device('b', { memory, traits, scale: 1 })];
    const parts = work(12, 24);
    const target = parts.reduce((sum, part) => call('matmul', [sum, part]));
    const bench = new Bench(2);
    const result = await bench.computeOn(target, ['a', 'b']);
    await bench.close();
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(Math.min(a.counts.calls, b.counts.calls)).toBeGreaterThan(0);
    expect(a.counts.calls + b.counts.calls).toBe(23);
    expect(a.counts.arrays + b.counts.arrays).toBe(0);
  });
});

describe('the memory of a device', () => {
  const n = 32;
  const bytes = n * n * 8;

  it('is never overdrawn: what is on the host goes first, then what is needed last, by way of the host', async () => {
    const sim = device('sim', { memory: { capacity: 6 * bytes } });
    // Results that are each needed twice, the first one last
    const parts = Array.from({ length: 10 }, (_, i) => call('matmul', [matrix(n, i), matrix(n, i + 20)]));
    const there = parts.reduce((product, part) => call('matmul', [product, part]));
    const target = parts.reduceRight((product, part) => call('matmul', [product, part]), there);
    const result = await runtime.compute(target, on('sim'));
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
    expect(sim.counts.peak).toBeLessThanOrEqual(6 * bytes);
    expect(sim.counts.reads).toBeGreaterThan(1);
    expect(sim.counts).toMatchObject({ calls: 29, arrays: 0, bytes: 0 });
  });

  it('is too small for a task: the task says so before anything runs, or goes elsewhere', async () => {
    const sim = device('sim', { memory: { capacity: 2 * bytes } });
    const target = call('matmul', [matrix(n), matrix(n, 2)]);
    await expect(runtime.compute(target, on('sim'))).rejects.toBeInstanceOf(DeviceUnsupportedError);
    expect(sim.counts.calls).toBe(0);
    const result = await runtime.compute(target, on(['sim', 'js']));
    expect(plain(result)).toEqual(plain(await runtime.compute(target, reference)));
  });

  it('is too small for a task whose size shows late: an error that says how much it lacks', async () => {
    const sim = device('sim', { memory: { capacity: 2 * bytes } });
    const made = delayed(() => matrix(n));
    const failing = runtime.compute(call('matmul', [made(), made()]), on('sim'));
    await expect(failing).rejects.toMatchObject({ cause: expect.any(HeapExhaustedError) });
    await expect(failing).rejects.toThrow(/the memory of device 'sim' has no room for 8192 bytes/);
    expect(sim.counts.arrays).toBe(0);
  });
});

describe('errors and the end', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = new Bench(2);
    await bench.compute(randomGraph(randomOf(1), 40, false).target);
  });
  afterAll(() => bench.close());

  it('of a call fail the run with the task that made it; nothing is left', async () => {
    let calls = 0;
    const fail = (): Error | undefined => (++calls === 5 ? new RangeError('it broke') : undefined);
    const sim = device('sim', { memory, fail });
    const before = bench.heap.used;
    const failing = bench.computeOn(chain(12), ['sim']);
    await expect(failing).rejects.toMatchObject({ cause: expect.objectContaining({ message: 'it broke' }) });
    await expect(failing).rejects.toBeInstanceOf(TaskError);
    expect(sim.counts).toMatchObject({ arrays: 0, bytes: 0 });
    expect(bench.heap.used).toBe(before);
  });

  it('aborts in bounded time, and gives everything back', async () => {
    const sim = device('sim', { memory, scale: 1, traits: { overhead: 0.02 } });
    const before = bench.heap.used;
    const controller = new AbortController();
    const run = await bench.startOn(chain(400), ['sim'], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(run.promise).rejects.toBeInstanceOf(ComputationAbortedError);
    expect(sim.counts.cancelled).toBeGreaterThan(300);
    expect(sim.counts).toMatchObject({ arrays: 0, bytes: 0 });
    expect(bench.heap.used).toBe(before);
  });

  it('does not wait for a device that is being opened', async () => {
    const sim = device('sim', { memory, opening: 0.05 });
    // Known, but closed
    await bench.computeOn(chain(1), ['sim']);
    await closeIdleDevices();
    const controller = new AbortController();
    const run = await bench.startOn(chain(3), ['sim'], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(run.promise).rejects.toBeInstanceOf(ComputationAbortedError);
    expect(sim.counts.calls).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await closeIdleDevices();
    expect(sim.counts.opened).toBe(sim.counts.closed);
  });

  it('closes with the runtime', async () => {
    const sim = device('sim', { memory });
    const own = createRuntime({ workers: 1 });
    await own.compute(chain(2), on('sim'));
    expect(sim.counts).toMatchObject({ opened: 1, closed: 0 });
    await own.compute(chain(2), on('sim'));
    expect(sim.counts.opened).toBe(1);
    await own.close();
    expect(sim.counts).toMatchObject({ opened: 1, closed: 1 });
  });

  it('does not keep the process alive, and is closed before it ends', () => {
    const url = (file: string): string => JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href);
    const script = `
      import { SimulatedSource } from ${url('devices/simulated.js')};
      import { installSource } from ${url('devices/sources.js')};
      import { compute, nd } from ${url('index.js')};
      const sim = new SimulatedSource('sim', { memory: { capacity: 1 << 20 } });
      installSource(sim);
      process.on('exit', () => console.log(sim.counts.opened, sim.counts.closed));
      console.log(await compute(nd.sum(nd.array([1, 2, 3])), { device: 'sim' }));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 });
    expect(String(printed)).toBe('6\n1 1\n');
  });

  it('many runs at once share one device', async () => {
    const sim = device('sim', { memory });
    const targets = Array.from({ length: 8 }, (_, i) => chain(3 + i));
    const results = await Promise.all(targets.map((target) => runtime.compute(target, on('sim'))));
    for (let i = 0; i < targets.length; i++) {
      expect(plain(results[i])).toEqual(plain(await runtime.compute(targets[i], reference)));
    }
    expect(sim.counts).toMatchObject({ opened: 1, arrays: 0 });
  });
});

describe('a device that is lost', () => {
  it('is an error that says so where nothing else may be used; the next run opens it again', async () => {
    const sim = device('sim', { memory, loseAfter: 5 });
    const failing = runtime.compute(chain(12), on('sim'));
    await expect(failing).rejects.toMatchObject({ cause: expect.any(DeviceLostError) });
    await expect(failing).rejects.toThrow(/device 'sim' was lost/);
    expect(sim.counts).toMatchObject({ arrays: 0, bytes: 0 });
    const result = await runtime.compute(chain(3), on('sim'));
    expect(plain(result)).toEqual(plain(await runtime.compute(chain(3), reference)));
    expect(sim.counts).toMatchObject({ opened: 2 });
  });

  it('is done without where others may be used: what was nowhere else is computed again', async () => {
    const bench = new Bench(2);
    for (const loseAfter of [1, 4, 9, 12]) {
      const sim = device('sim', { memory, loseAfter, traits: { ahead: 3 } });
      const { ran, observers } = watch();
      const before = bench.heap.used;
      const result = await bench.computeOn(chain(12), ['sim', 'js'], { observers }, slowThreads(1));
      expect(plain(result)).toEqual(plain(await runtime.compute(chain(12), reference)));
      expect(ran.get('js')).toBeGreaterThan(0);
      expect(sim.counts).toMatchObject({ arrays: 0, bytes: 0 });
      expect(bench.heap.used).toBe(before);
      for (const remove of uninstall.splice(0)) remove();
    }
    await bench.close();
  });

  it('while its results are fetched: the same', async () => {
    const sim = device('sim', { memory: { ...memory, latency: 0.05 }, scale: 1 });
    const bench = new Bench(2);
    const run = await bench.startOn(chain(2), ['sim', 'js'], {}, slowThreads(1));
    const isReading = setInterval(() => {
      if (sim.counts.reads > 0) sim.lose();
    }, 5);
    const result = await run.promise;
    clearInterval(isReading);
    expect(plain(result)).toEqual(plain(await runtime.compute(chain(2), reference)));
    expect(sim.counts).toMatchObject({ reads: 1, arrays: 0 });
    await bench.close();
  });
});

describe('random graphs', () => {
  let sync: Bench;
  let bench: Bench;

  beforeAll(async () => {
    sync = new Bench(0);
    bench = new Bench(2);
    await bench.compute(randomGraph(randomOf(1), 40, false).target);
    await sync.compute(randomGraph(randomOf(1), 40, false).target);
  });
  afterAll(async () => {
    await bench.close();
    await sync.close();
  });

  const traits = (ordered: boolean, overhead: number): Partial<DeviceTraits> => ({
    isOrdered: ordered,
    slots: ordered ? 1 : 2,
    ahead: ordered ? 8 : 1,
    overhead,
  });

  it('on two devices and the threads: every call once, the results of sync, all memory back', async () => {
    let placed = 0;
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: 4, max: 60 }),
      fc.record({ small: fc.boolean(), ordered: fc.boolean(), own: fc.boolean(), aliases: fc.boolean() }),
      async (seed, size, { small, ordered, own, aliases }) => {
        const a = device('a', {
          memory: { capacity: small ? 800 : 1 << 20 },
          traits: traits(ordered, 0.3),
          hasAliases: aliases,
        });
        const b = device('b', {
          ...(own ? { memory: { capacity: 1 << 20, latency: 1e-6 } } : {}),
          traits: traits(true, 0.2),
          can: ({ name }) => name !== 'standardize',
        });
        const mine = randomGraph(randomOf(seed), size, false);
        const theirs = randomGraph(randomOf(seed), size, false);
        const before = bench.heap.used;
        const result = await bench.computeOn(mine.target, ['a', 'b', 'js'], {}, slowThreads(0.8));
        placed += a.counts.calls + b.counts.calls;
        const expected = await sync.computeOn(theirs.target, ['js']);
        expect(plain(result)).toEqual(plain(expected));
        expect(Array.from(mine.counter.subarray(0, mine.calls))).toEqual(Array(mine.calls).fill(1));
        expect([a.counts.arrays, a.counts.bytes, b.counts.arrays, b.counts.bytes]).toEqual([0, 0, 0, 0]);
        expect(bench.heap.used).toBe(before);
        for (const remove of uninstall.splice(0)) remove();
        await closeIdleDevices();
      },
    );
    await fc.assert(property, { numRuns: 60, seed: 20_261_123 });
    expect(placed).toBeGreaterThan(300);
  }, 120_000);

  it('on devices that are lost: no function is called twice, the results of sync or an error, all memory back', async () => {
    let rescued = 0;
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: 6, max: 50 }),
      fc.integer({ min: 1, max: 10 }),
      fc.boolean(),
      async (seed, size, loseAfter, aliases) => {
        const capacity = 1 << 20;
        const a = device('a', { memory: { capacity }, traits: traits(true, 0.2), loseAfter, hasAliases: aliases });
        const b = device('b', { memory: { capacity }, traits: traits(false, 0.3) });
        const mine = randomGraph(randomOf(seed), size, false);
        const before = bench.heap.used;
        const outcome = await bench.computeOn(mine.target, ['a', 'b', 'js'], {}, slowThreads(0.8)).then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        );
        if ('result' in outcome) {
          const expected = await sync.computeOn(randomGraph(randomOf(seed), size, false).target, ['js']);
          expect(plain(outcome.result)).toEqual(plain(expected));
          expect(Array.from(mine.counter.subarray(0, mine.calls))).toEqual(Array(mine.calls).fill(1));
          if (a.counts.calls >= loseAfter) rescued++;
        } else {
          expect(outcome.error).toMatchObject({ cause: expect.any(DeviceLostError) });
          expect(Math.max(0, ...mine.counter.subarray(0, mine.calls))).toBeLessThanOrEqual(1);
        }
        expect([a.counts.arrays, a.counts.bytes, b.counts.arrays, b.counts.bytes]).toEqual([0, 0, 0, 0]);
        expect(bench.heap.used).toBe(before);
        for (const remove of uninstall.splice(0)) remove();
        await closeIdleDevices();
      },
    );
    await fc.assert(property, { numRuns: 60, seed: 20_261_125 });
    expect(rescued).toBeGreaterThan(10);
  }, 120_000);

  it('with failures and aborts injected: an error, and all memory back', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: 6, max: 50 }),
      fc.constantFrom('call', 'function', 'abort'),
      async (seed, size, how) => {
        const random = randomOf(seed + 1);
        const at = 1 + Math.floor(random() * 6);
        let calls = 0;
        const fail = (): Error | undefined => (how === 'call' && ++calls === at ? new Error('it broke') : undefined);
        const sources = ['a', 'b'].map((name, i) =>
          device(name, { memory: { capacity: 1 << 20 }, traits: traits(i === 0, 0.3), fail }),
        );
        const graph = randomGraph(randomOf(seed), size, how === 'function');
        const before = bench.heap.used;
        const controller = new AbortController();
        const run = await bench.startOn(graph.target, ['a', 'b'], { signal: controller.signal });
        if (how === 'abort') setTimeout(() => controller.abort(new Error('enough')), random() * 10);
        const outcome = await run.promise.then(
          () => undefined,
          (error: unknown) => error,
        );
        if (how === 'function') expect(outcome).toBeInstanceOf(TaskError);
        if (how === 'call' && calls >= at) expect((outcome as Error).message).toMatch(/it broke/);
        if (how === 'call' && calls < at) expect(outcome).toBeUndefined();
        if (how === 'abort' && outcome !== undefined) expect(outcome).toBeInstanceOf(ComputationAbortedError);
        for (const { counts } of sources) expect([counts.arrays, counts.bytes]).toEqual([0, 0]);
        expect(bench.heap.used).toBe(before);
        for (const remove of uninstall.splice(0)) remove();
        await closeIdleDevices();
      },
    );
    await fc.assert(property, { numRuns: 60, seed: 20_261_124 });
  }, 120_000);
});

describe('options', () => {
  it('memory says how much of a device’s own a run may take, and the record how much it took', async () => {
    device('gpu', { memory });
    const xs = Array.from({ length: 12 }, (_, i) => call('matmul', [matrix(16, i), matrix(16, i + 20)]));
    const target = xs.reduce((a, b) => call('matmul', [a, b]));
    const expected = plain(await runtime.compute(target, reference));
    expect(plain(await runtime.compute(target, on('gpu')))).toEqual(expected);
    const free = Number(runtime.lastRun?.peak.gpu);
    const bytes = 6 * 2048;
    expect(free).toBeGreaterThan(bytes);
    expect(plain(await runtime.compute(target, { ...on('gpu'), memory: { gpu: bytes } }))).toEqual(expected);
    expect(Number(runtime.lastRun?.peak.gpu)).toBeLessThanOrEqual(bytes);
    expect(Number(runtime.lastRun?.peak.gpu)).toBeGreaterThan(0);
    await expect(runtime.compute(target, { ...on('gpu'), memory: { gpu: 4096 } })).rejects.toThrow(
      /no room for 2048 bytes/,
    );
  });

  it('a task may say itself where it runs', async () => {
    device('sim', { memory });
    const product = delayed((a: NDArray): number => a.size)(call('matmul', [matrix(8), matrix(8, 2)]) as never);
    const own = nd.add(nd.array([1, 2]), 1);
    await runtime.compute([product, own]);
    expect(runtime.lastRun?.tasks.some((task) => task.device === 'sim')).toBe(false);
    const there = call('matmul', [matrix(8), matrix(8, 2)], {}, { device: 'sim' });
    await runtime.compute([there, own]);
    const tasks = runtime.lastRun?.tasks ?? [];
    expect(tasks.find(({ key }) => key.startsWith('matmul'))?.device).toBe('sim');
    await runtime.compute([call('matmul', [matrix(8), matrix(8, 2)], {}, { device: 'wasm' }), own], on(['sim', 'js']));
    expect(runtime.lastRun?.tasks.find(({ key }) => key.startsWith('matmul'))?.device).toBe('wasm');
  });

  it('memory of the host is kept where a device computes, also by files', async () => {
    const random = randomOf(3);
    const xs = Array.from({ length: 10 }, () => {
      const data = Float64Array.from({ length: 4096 }, random);
      return nd.array(new NDArray(data, { shape: [64, 64], dtype: 'float64' }));
    });
    const mean = nd.div(
      xs.slice(1).reduce((a, b) => nd.add(a, b), xs[0] as LazyArray),
      10,
    );
    const target = xs.map((x) => nd.sum(nd.square(nd.sub(x, mean))));
    const expected = await runtime.compute(target, reference);
    for (const options of [{}, { memory }]) {
      for (const budget of [160_000, 250_000]) {
        device('sim', options);
        const spilled: unknown[] = [];
        const observers = [{ onSpill: (event: unknown) => spilled.push(event) }];
        const result = await runtime.compute(target, { ...on('sim'), memory: { host: budget }, observers });
        expect(result).toEqual(expected);
        expect(runtime.lastRun?.peak.host).toBeLessThanOrEqual(budget);
        expect(runtime.lastRun?.tasks.filter((task) => task.device === 'sim').length).toBeGreaterThan(10);
      }
    }
  });
});
