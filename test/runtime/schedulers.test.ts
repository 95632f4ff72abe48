/** One suite for every way of running: what a computation means does not depend on where its tasks run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  ComputationAbortedError,
  CycleError,
  createRuntime,
  DeviceUnavailableError,
  DuplicateKeyError,
  delayed,
  get,
  MissingKeyError,
  type NDArray,
  nd,
  OptionError,
  ReleasedError,
  type Runtime,
  type RuntimeOptions,
  TaskError,
  TaskTimeoutError,
  WorkerLostError,
} from '../../dist/index.js';
import { SVC } from '../../dist/learn.js';

const ways: readonly (readonly [string, RuntimeOptions])[] = [
  ['sync, wasm', { scheduler: 'sync', device: 'wasm' }],
  ['sync, js', { scheduler: 'sync', device: 'js' }],
  ['one thread', { scheduler: 'threads', workers: 1 }],
  ['two threads', { scheduler: 'threads', workers: 2 }],
  ['where it is quicker', { scheduler: 'auto', workers: 2 }],
  ['two threads, js', { scheduler: 'threads', workers: 2, device: 'js' }],
];

class Refusal extends Error {
  override name = 'Refusal';
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error as Error;
  throw new Error(`expected a rejection, got ${JSON.stringify(outcome.value)}`);
}

describe.each(ways)('%s', (_name, options) => {
  const runtime: Runtime = createRuntime(options);
  const threaded = options.scheduler !== 'sync';
  afterAll(() => runtime.close());

  const inc = delayed((n: number) => n + 1);
  const add = delayed((a: number, b: number) => a + b);

  it('answers the structure that was asked for, with results in place', async () => {
    const one = inc(0);
    const answer = await runtime.compute({
      list: [one, inc(one), 'plain'],
      map: new Map([['k', add(one, 41)]]),
      set: new Set([inc(5)]),
      nothing: null,
    });
    expect(answer).toEqual({ list: [1, 2, 'plain'], map: new Map([['k', 42]]), set: new Set([6]), nothing: null });
  });

  it('runs a shared task once', async () => {
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const count = delayed(() => Atomics.add(counter, 0, 1) + 1);
    const once = count();
    expect(await runtime.compute([once, once, add(once, 0)])).toEqual([1, 1, 1]);
    expect(counter[0]).toBe(1);
  });

  it('runs asynchronous functions, lazy properties, indices and methods', async () => {
    const load = delayed(async (text: string) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { text, words: text.split(' ') };
    });
    const file = load('one two three');
    expect(await runtime.compute([file.words[1], file.text.toUpperCase(), file.words.length])).toEqual([
      'two',
      'ONE TWO THREE',
      3,
    ]);
  });

  it('mixes kernels and functions, and copies what leaves the heap', async () => {
    const a = nd.array([
      [1, 2],
      [3, 4],
    ]);
    const product = nd.matmul(a, a);
    const total = delayed((m: NDArray) => [...m.data].reduce((sum, value) => sum + value, 0))(product);
    const passed = delayed((m: NDArray) => ({ inside: [m] }))(product);
    const again = nd.matmul(product, a);
    const [sum, kept, cube] = await runtime.compute([total, passed, again]);
    expect(sum).toBe(54);
    expect(kept.inside[0]?.toNested()).toEqual([
      [7, 10],
      [15, 22],
    ]);
    expect(cube.toNested()).toEqual([
      [37, 54],
      [81, 118],
    ]);
    // Were these views of the heap, the next run would write over them.
    for (let i = 0; i < 3; i++) await runtime.compute(nd.matmul(nd.full([2, 2], i + 9), a));
    expect(kept.inside[0]?.toNested()).toEqual([
      [7, 10],
      [15, 22],
    ]);
    expect(cube.toNested()).toEqual([
      [37, 54],
      [81, 118],
    ]);
    expect(cube.data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('runs a long chain and a wide fan of kernels', async () => {
    let power = nd.eye(3);
    const step = nd.array([
      [1, 1, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    for (let i = 0; i < 500; i++) power = nd.matmul(power, step);
    const fan = Array.from({ length: 300 }, (_, i) => nd.matmul(nd.full([2, 3], i), step));
    const [chain, leaves] = await runtime.compute([power, fan]);
    expect(chain.toNested()).toEqual([
      [1, 500, 124750],
      [0, 1, 500],
      [0, 0, 1],
    ]);
    expect(leaves.map((leaf) => leaf.get(1, 1))).toEqual(Array.from({ length: 300 }, (_, i) => 2 * i));
  });

  it('gives a failing task its key, the path to what was asked, and the original error', async () => {
    const refuse = delayed(
      (n: number) => {
        throw new RangeError(`refused ${n}`);
      },
      { name: 'refuse' },
    );
    const bad = refuse(3);
    const end = delayed((x: unknown) => x, { key: 'the end' })(delayed((x: unknown) => x, { key: 'between' })(bad));
    const error = await rejection(runtime.compute(end));
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ code: 'LAZULI_TASK', key: bad.key, path: [bad.key, 'between', 'the end'] });
    expect(error.message).toContain('RangeError: refused 3');
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((error.cause as Error).stack).toContain('refused 3');
    expect(await runtime.compute(inc(1))).toBe(2);
  });

  it('keeps the class name of an error of the user, and thrown values that are no errors', async () => {
    const named = await rejection(
      runtime.compute(
        delayed(() => {
          throw Object.assign(new Refusal('no'), { detail: 7 });
        })(),
      ),
    );
    expect(named.cause).toMatchObject({ name: 'Refusal', message: 'no', detail: 7 });
    const thrown = await rejection(
      runtime.compute(
        delayed(() => {
          throw 'just text';
        })(),
      ),
    );
    expect(thrown.cause).toBe('just text');
  });

  it('reports a kernel that refuses what it was given as the task that it is', async () => {
    const x = nd.array([[0], [1], [2], [3]]);
    const model = new SVC({ C: delayed(() => -1)(), gamma: 1 }).fit(x, [0, 0, 1, 1]);
    const error = await rejection(runtime.compute(model.predict(x)));
    expect(error).toBeInstanceOf(TaskError);
    expect((error as TaskError).key).toContain('svcFit');
    expect(error.cause).toMatchObject({ code: 'LAZULI_ARGUMENT' });
    expect(await runtime.compute(inc(1))).toBe(2);
  });

  it('tries again as often as it was told, and no more', async () => {
    const calls = new Int32Array(new SharedArrayBuffer(4));
    const flaky = delayed((limit: number) => {
      if (Atomics.add(calls, 0, 1) < limit) throw new Error('not yet');
      return 'at last';
    });
    expect(await runtime.compute(flaky.with({ retries: 3 })(3))).toBe('at last');
    Atomics.store(calls, 0, 0);
    expect(await runtime.compute(flaky(2), { retries: 2 })).toBe('at last');
    Atomics.store(calls, 0, 0);
    expect((await rejection(runtime.compute(flaky(5), { retries: 1 }))).message).toContain('not yet');
    expect(calls[0]).toBe(2);
  });

  it('stops a task at its timeout, and works on', async () => {
    const slow = delayed(() => new Promise((resolve) => setTimeout(resolve, 60_000)), { timeout: 60 });
    const error = await rejection(runtime.compute(slow()));
    expect(error.cause).toBeInstanceOf(TaskTimeoutError);
    expect(error.cause).toMatchObject({ timeout: 60 });
    expect(await runtime.compute(add(1, 2))).toBe(3);
  });

  it('is aborted by its signal, before and while it runs', async () => {
    const waiting = delayed(() => new Promise((resolve) => setTimeout(resolve, 60_000)))();
    const controller = new AbortController();
    const running = rejection(runtime.compute(waiting, { signal: controller.signal }));
    await sleep(60);
    controller.abort(new Error('enough'));
    const error = await running;
    expect(error).toBeInstanceOf(ComputationAbortedError);
    expect(error.message).toContain('enough');
    const before = await rejection(runtime.compute(inc(1), { signal: AbortSignal.abort() }));
    expect(before).toBeInstanceOf(ComputationAbortedError);
    expect(await runtime.compute(inc(1))).toBe(2);
  });

  it('runs what cannot be sent to a thread all the same, also class instances and functions as values', async () => {
    class Model {
      readonly #factor = 3;
      times(n: number): number {
        return n * this.#factor;
      }
    }
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const model = delayed(() => new Model())();
      const answer = delayed((m: Model, f: (n: number) => number) => f(m.times(4)))(model, (n) => n + 0.5);
      expect(await runtime.compute(answer)).toBe(12.5);
    } finally {
      warnings.mockRestore();
    }
  });

  it('persists: results are computed once and stay until they are released', async () => {
    const calls = new Int32Array(new SharedArrayBuffer(4));
    const count = delayed((x: number) => x + Atomics.add(calls, 0, 1));
    const kept = await runtime.persist({ n: count(10), m: nd.matmul([[2]], [[3]]) });
    expect(await runtime.compute([kept.n, inc(kept.n)])).toEqual([10, 11]);
    expect(calls[0]).toBe(1);
    expect((await runtime.compute(kept.m)).toNested()).toEqual([[6]]);
    expect((await runtime.compute(nd.matmul(kept.m, [[2]]))).toNested()).toEqual([[12]]);
    kept.n.release();
    (kept.m as unknown as { release(): void }).release();
    const error = await rejection(runtime.compute(inc(kept.n)));
    expect(error.cause).toBeInstanceOf(ReleasedError);
  });

  it('runs chains: long ones, slow ones, with what cannot travel in the middle, and says where one breaks', async () => {
    const calls = new Int32Array(new SharedArrayBuffer(4));
    const step = delayed((x: number) => {
      Atomics.add(calls, 0, 1);
      return x + 1;
    });
    let long = step(0);
    for (let i = 1; i < 700; i++) long = step(long);
    let slow = delayed(async (x: number) => x)(0);
    const pause = delayed(async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      return x + 1;
    });
    for (let i = 0; i < 12; i++) slow = pause(slow);
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const boxed = delayed((x: number) => ({ open: () => x * 2 }))(step(20));
      const opened = step(delayed((box: { open(): number }) => box.open())(boxed));
      expect(await runtime.compute([long, slow, opened])).toEqual([700, 12, 43]);
    } finally {
      warnings.mockRestore();
    }
    // What made the box may have run twice, once in a thread, which could not give it back; plain steps never do.
    expect(calls[0]).toBe(702);
    const refuse = delayed((x: number) => {
      if (x === 3) throw new RangeError('three');
      return x + 1;
    });
    let broken = refuse(0);
    for (let i = 0; i < 6; i++) broken = refuse(broken);
    const error = (await rejection(runtime.compute(broken))) as TaskError;
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'three' });
    expect(error.path).toHaveLength(4);
    expect(error.path.at(-1)).toBe(broken.key);
  });

  it('calls again what could not be sent back with what it was called with, though that had stayed in the thread', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      // Longer than a batch may take: what follows it is not begun there
      const boxed = delayed((x: number) => {
        const until = Date.now() + 15;
        while (Date.now() < until);
        return { open: () => x * 2 };
      })(inc(20));
      const again = delayed((box: { open(): number }) => ({ open: () => box.open() + 1 }))(boxed);
      const opened = inc(delayed((box: { open(): number }) => box.open())(again));
      const shared = delayed((x: number) => ({ open: () => x * 2 }))(inc(30));
      expect(await runtime.compute([opened, shared.open(), shared.call('open')])).toEqual([44, 62, 62]);
    } finally {
      warnings.mockRestore();
    }
  });

  it('has functions that can be taken off it, and draws its own last run', async () => {
    const { compute, visualize } = runtime;
    const sum = add(inc(1), 2);
    expect(await compute(sum)).toBe(4);
    expect(await visualize(sum, { color: 'time' })).toContain('<svg');
  });

  it('runs raw graphs with the nesting of the keys', async () => {
    const graph = {
      'load-1': [(name: string) => name.length, 'a file'],
      'load-2': [(name: string) => name.length, 'another file'],
      total: [(parts: number[]) => parts.reduce((a, b) => a + b, 0), ['load-1', 'load-2']],
    };
    expect(await runtime.get(graph, [['total'], 'load-1'])).toEqual([[18], 6]);
  });

  it('runs many computations at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => runtime.compute([add(i, inc(i)), nd.matmul(nd.full([4, 4], i), nd.eye(4))])),
    );
    answers.forEach(([sum, matrix], i) => {
      expect(sum).toBe(2 * i + 1);
      expect(matrix.get(3, 3)).toBe(i);
    });
  });

  it('tells its observers everything, in order, and survives one that throws', async () => {
    const seen: string[] = [];
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const faulty = {
        onTaskEnd: () => {
          throw new Error('observer');
        },
      };
      const observer = {
        onStart: (run: { tasks: number }) => seen.push(`start ${run.tasks}`),
        onTaskStart: (task: { name: string }) => seen.push(`> ${task.name}`),
        onTaskEnd: (task: { name: string; start: number; end: number }) => {
          expect(task.end).toBeGreaterThanOrEqual(task.start);
          seen.push(`< ${task.name}`);
        },
        onFinish: (run: { ok: boolean; tasks: number }) => seen.push(`finish ${run.ok} ${run.tasks}`),
      };
      const first = delayed((n: number) => n, { name: 'first' })(1);
      await runtime.compute(delayed((n: number) => n, { name: 'second' })(first), { observers: [faulty, observer] });
      expect(warnings).toHaveBeenCalled();
    } finally {
      warnings.mockRestore();
    }
    expect(seen).toEqual(['start 2', '> first', '< first', '> second', '< second', 'finish true 2']);
  });

  it('keeps a record of the last run that survives JSON', async () => {
    await runtime.compute(nd.matmul([[1, 2]], nd.matmul([[1], [2]], [[3]])));
    const record = JSON.parse(JSON.stringify(runtime.lastRun)) as NonNullable<Runtime['lastRun']>;
    expect(record.tasks.filter((task) => task.key.startsWith('matmul'))).toHaveLength(2);
    expect(record.makespan).toBeGreaterThan(0);
    expect(record.lowerBound).toBeLessThanOrEqual(record.makespan);
    expect(record.peak.host).toBeGreaterThan(0);
    for (const task of record.tasks) {
      expect(task.end).toBeGreaterThanOrEqual(task.start);
      expect(['js', 'wasm']).toContain(task.device);
    }
    if (options.device !== undefined) {
      expect(record.tasks.find((task) => task.key.startsWith('matmul'))?.device).toBe(options.device);
    }
  });

  if (threaded) {
    it('stops a loop that never yields, at its timeout', async () => {
      const forever = delayed((): number => {
        for (let n = 0; ; n++) if (n < 0) return n;
      });
      const error = await rejection(runtime.compute(forever(), { timeout: 80 }));
      expect(error.cause).toBeInstanceOf(TaskTimeoutError);
      expect(await runtime.compute(inc(1))).toBe(2);
    });
  }

  if (threaded && options.device === undefined && options.workers === 2) {
    it('survives a task that ends its thread, and a task that uses up its memory', async () => {
      const exit = await rejection(runtime.compute(delayed(() => process.exit(3), { name: 'leave' })()));
      expect(exit).toBeInstanceOf(TaskError);
      expect(exit.cause).toBeInstanceOf(WorkerLostError);
      const hog = delayed(
        () => {
          const all: number[][] = [];
          for (;;) all.push(new Array<number>(1e6).fill(all.length));
        },
        { name: 'hog' },
      );
      const memory = await rejection(runtime.compute(hog()));
      expect(memory.cause).toBeInstanceOf(WorkerLostError);
      expect(await runtime.compute([inc(1), nd.matmul([[2]], [[2]])])).toMatchObject([2, {}]);
    }, 120_000);

    it('uses its threads side by side', async () => {
      // Each waits for the other: on one thread alone they would never end.
      const met = new Int32Array(new SharedArrayBuffer(4));
      const meet = delayed((_n: number) => {
        Atomics.add(met, 0, 1);
        Atomics.notify(met, 0);
        for (let i = 0; i < 3000 && Atomics.load(met, 0) < 2; i++) Atomics.wait(met, 0, 1, 10);
        return Atomics.load(met, 0);
      });
      expect(await runtime.compute([meet(1), meet(2)])).toEqual([2, 2]);
    });
  }
});

describe('before anything runs', () => {
  const touched = new Int32Array(new SharedArrayBuffer(4));
  const touch = delayed((_x: unknown) => Atomics.add(touched, 0, 1));

  it('refuses unknown options and wrong values by name', async () => {
    const runtime = createRuntime({ scheduler: 'sync' });
    for (const [options, word] of [
      [{ worker: 2 }, "did you mean 'workers'"],
      [{ workers: 0 }, "'workers' must be a whole number"],
      [{ scheduler: 'thread' }, "'scheduler' must be 'auto', 'threads' or 'sync'"],
      [{ device: 'abacus' }, "'device' must be"],
      [{ retries: -1 }, "'retries'"],
      [{ timeout: 0 }, "'timeout'"],
      [{ signal: {} }, "'signal'"],
    ] as const) {
      const error = await rejection(runtime.compute(touch(1), options as never));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toContain(word);
    }
    expect(() => createRuntime({ signal: AbortSignal.abort() } as never)).toThrow("no option 'signal'");
    expect(touched[0]).toBe(0);
  });

  it('refuses cycles, missing keys and one key for two tasks', async () => {
    const same = delayed((n: number) => Atomics.add(touched, 0, n), { key: 'same' });
    const { compute } = await import('../../dist/index.js');
    expect(await rejection(compute([same(1), same(2)]))).toBeInstanceOf(DuplicateKeyError);
    const id = (x: unknown): unknown => x;
    expect(await rejection(get({ a: [id, 'b'], b: [id, 'a'] }, 'a'))).toBeInstanceOf(CycleError);
    expect(await rejection(get({ a: 1 }, 'b'))).toBeInstanceOf(MissingKeyError);
    expect(touched[0]).toBe(0);
  });

  it('refuses devices that are not there, with the reason for each', async () => {
    const runtime = createRuntime({ scheduler: 'sync' });
    const missing = runtime.devices().filter(({ available }) => !available);
    expect(missing.map(({ name }) => name)).toContain('tensorflow');
    const error = await rejection(runtime.compute(touch(1), { device: missing.map(({ name }) => name) }));
    expect(error).toBeInstanceOf(DeviceUnavailableError);
    expect((error as DeviceUnavailableError).reasons).toEqual(
      Object.fromEntries(missing.map(({ name, reason }) => [name, reason])),
    );
    expect(touched[0]).toBe(0);
  });

  it('refuses a function that was asked to run elsewhere than in JavaScript, naming the task', async () => {
    const runtime = createRuntime({ scheduler: 'sync' });
    const error = await rejection(runtime.compute(touch.with({ device: 'wasm', key: 'mine' })(1)));
    expect(error).toMatchObject({ code: 'LAZULI_DEVICE_UNSUPPORTED', key: 'mine' });
    expect(touched[0]).toBe(0);
  });
});
