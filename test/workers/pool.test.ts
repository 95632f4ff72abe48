import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import {
  CaptureError,
  ComputationAbortedError,
  ResultTransferError,
  RuntimeClosedError,
  TaskTimeoutError,
  WorkerLostError,
} from '../../dist/errors.js';
import type { AnyFunction } from '../../dist/graph/node.js';
import { type CallOutcome, ThreadPool } from '../../dist/workers/pool.js';
import { ship, shipReference } from '../../dist/workers/ship.js';
import { isLazuliThread } from '../../dist/workers/thread.js';

const pool = new ThreadPool({ threads: 2 });
const single = new ThreadPool({ threads: 1 });
afterAll(async () => {
  await pool.close();
  await single.close();
});
// A pool that was hurt must work again.
afterEach(async () => {
  expect(await one((x: number) => x + 1, [1])).toMatchObject({ status: 'done', value: 2 });
});

async function one(fn: AnyFunction, args: readonly unknown[], timeout?: number): Promise<CallOutcome> {
  const call = { fn: ship(fn), args, ...(timeout === undefined ? {} : { timeout }) };
  const { calls } = await single.runBatch({ calls: [call] });
  return calls[0] as CallOutcome;
}

async function failure(fn: AnyFunction, args: readonly unknown[] = []): Promise<Error> {
  const outcome = await one(fn, args);
  expect(outcome.status).toBe('failed');
  return (outcome as { error: Error }).error;
}

const statuses = (calls: readonly CallOutcome[]): string[] => calls.map(({ status }) => status);

describe('batches', () => {
  test('run in order, with their times', async () => {
    const square = ship((x: number) => x * x);
    const negate = ship(async (x: number) => -x);
    const calls = Array.from({ length: 1000 }, (_, i) => ({ fn: i % 3 === 0 ? negate : square, args: [i] }));
    const before = performance.timeOrigin + performance.now();
    const outcome = await pool.runBatch({ calls });
    expect(outcome.threadId).toBeGreaterThan(0);
    let last = before - 1000;
    outcome.calls.forEach((call, i) => {
      if (call.status !== 'done') throw new Error(call.status);
      expect(call.value).toBe(i % 3 === 0 ? -i : i * i);
      expect(call.start).toBeGreaterThanOrEqual(last);
      expect(call.end).toBeGreaterThanOrEqual(call.start);
      last = call.end - 1e-3;
    });
    expect(last).toBeLessThan(performance.timeOrigin + performance.now() + 1000);
  });

  test('on different threads at the same time, and never on more than `threads`', async () => {
    // Each task waits for another to arrive, so one thread alone would wait for ever.
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const meet = ship(async (count: number) => {
      Atomics.add(gate, 0, 1);
      while (Atomics.load(gate, 0) < count) await new Promise((resolve) => setTimeout(resolve, 1));
      return (await import('node:worker_threads')).threadId;
    });
    const batches = [2, 2, 3, 4, 5].map((count) => pool.runBatch({ calls: [{ fn: meet, args: [count] }] }));
    const outcomes = await Promise.all(batches);
    const threads = outcomes.map(({ calls: [call] }) => (call as { value: number }).value);
    expect(threads).toEqual(outcomes.map(({ threadId }) => threadId));
    expect(new Set(threads).size).toBe(2);
    expect(pool.size).toBe(2);
    expect(pool.idle).toBe(2);
  });

  test('the budget ends a batch early, but never before its first call', async () => {
    const busy = ship((ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      return ms;
    });
    const { calls } = await single.runBatch({
      calls: Array.from({ length: 50 }, () => ({ fn: busy, args: [5] })),
      budget: 1,
    });
    expect(statuses(calls)).toEqual(['done', ...new Array(49).fill('not-started')]);
  });

  test('an empty batch', async () => {
    expect((await pool.runBatch({ calls: [] })).calls).toEqual([]);
  });

  test('a captured variable is read when the function is shipped', async () => {
    let factor = 2;
    const fn = (x: number): number => x * factor;
    expect(await one(fn, [5])).toMatchObject({ value: 10 });
    factor = 3;
    expect(await one(fn, [5])).toMatchObject({ value: 15 });
  });

  test('more functions than a thread keeps', async () => {
    for (let round = 0; round < 2; round++) {
      for (let k = 0; k < 300; k++) expect(await one((x: number) => x + k, [1])).toMatchObject({ value: 1 + k });
    }
  });

  test('tasks know that they run in a thread', async () => {
    expect(isLazuliThread()).toBe(false);
    expect(await one(isLazuliThread, [])).toMatchObject({ value: true });
  });

  test('process.exitCode stays as it is', async () => {
    const before = process.exitCode;
    await one(() => {
      process.exitCode = 5;
    }, []);
    expect(process.exitCode).toBe(before);
  });

  test('a pull loop', async () => {
    // The loop of this build answers at once when there is nothing to pull.
    await expect(pool.runPull({ some: 'message' }, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
      ComputationAbortedError,
    );
  });
});

describe('values', () => {
  test('shared memory is the same memory on both sides', async () => {
    const shared = new Float64Array(new SharedArrayBuffer(32));
    const outcome = await one(
      (x: Float64Array) => {
        x[1] = 7;
        return { back: x.subarray(1) };
      },
      [shared],
    );
    expect(shared[1]).toBe(7);
    const { back } = (outcome as { value: { back: Float64Array } }).value;
    expect(back.buffer).toBeInstanceOf(SharedArrayBuffer);
    shared[1] = 8;
    expect(back[0]).toBe(8);
  });

  test('an NDArray keeps dtype, shape, strides and offset', async () => {
    const x = new NDArray(Uint8Array.of(0, 1, 1, 0, 1, 0), {
      shape: [2, 2],
      strides: [1, 2],
      offset: 1,
      dtype: 'bool',
    });
    const outcome = await one((a: NDArray, rest: unknown) => [a, rest], [x, { list: [x] }]);
    const [back, rest] = (outcome as { value: [NDArray, { list: NDArray[] }] }).value;
    expect(back).toBeInstanceOf(NDArray);
    expect(back).toMatchObject({ dtype: 'bool', shape: [2, 2], strides: [1, 2], offset: 1 });
    expect(back.toNested()).toEqual(x.toNested());
    expect(rest.list[0]?.toNested()).toEqual(x.toNested());
  });

  test('one row of a large array does not bring all of it', async () => {
    const x = NDArray.zeros([1000, 1000]);
    const row = x.at(3) as NDArray;
    const outcome = await one((a: NDArray) => a.data.buffer.byteLength, [row]);
    expect(outcome).toMatchObject({ value: 8000 });
  });

  test('getters, cycles and shared parts survive', async () => {
    const part = { n: 1 };
    const value = {
      part,
      again: part,
      f: (x: number) => x + 1,
      get double() {
        return this.part.n * 2;
      },
    };
    const outcome = await one((v: typeof value) => [v.part === v.again, v.f(1), v.double], [value]);
    expect(outcome).toMatchObject({ value: [true, 2, 2] });
  });

  test('a result that cannot travel fails alone', async () => {
    const fn = ship((i: number) =>
      i === 1 ? { deep: [() => i] } : i === 2 ? Promise.resolve({ p: [new WeakMap()] }) : i,
    );
    const { calls } = await pool.runBatch({ calls: [0, 1, 2, 3].map((i) => ({ fn, args: [i] })) });
    expect(statuses(calls)).toEqual(['done', 'failed', 'failed', 'done']);
    const first = (calls[1] as { error: Error }).error;
    expect(first).toBeInstanceOf(ResultTransferError);
    expect(first.message).toContain("'result.deep[0]'");
    expect((calls[2] as { error: Error }).error.message).toContain('WeakMap');
  });

  test('arguments of one batch share what they share, and one that cannot travel leaves no trace', async () => {
    const x = NDArray.zeros([3]);
    const bad = { x, list: [new WeakMap()] };
    const fn = ship((a: NDArray, other?: { x: NDArray; list: unknown[] }) => [
      a.size,
      other?.x === a,
      other?.list.length,
    ]);
    const calls = [[x], [x, bad], [x, bad], [x, { x, list: [] }]].map((args) => ({ fn, args }));
    const outcome = await single.runBatch({ calls });
    expect(statuses(outcome.calls)).toEqual(['done', 'refused', 'refused', 'done']);
    expect(outcome.calls[3]).toMatchObject({ value: [3, true, 0] });
  });

  test('functions as arguments arrive by name', async () => {
    const missing = (await import('node:path')).join;
    const fn = ship((f: unknown, x: number) => [typeof f, x]);
    const { calls } = await single.runBatch({
      calls: [
        { fn, args: [missing, 1] },
        { fn, args: [Math.max, 2] },
      ],
    });
    expect(calls.map((call) => (call as { value: unknown }).value)).toEqual([
      ['function', 1],
      ['function', 2],
    ]);
  });

  test('a detached buffer as a result fails alone', async () => {
    const error = await failure(() => {
      const buffer = new ArrayBuffer(8);
      structuredClone(buffer, { transfer: [buffer] });
      return [buffer];
    });
    expect(error).toBeInstanceOf(ResultTransferError);
  });

  test('an instance of a class that the caller did not send', async () => {
    const error = await failure(
      () =>
        new (class Hidden {
          x = 1;
        })(),
    );
    expect(error).toBeInstanceOf(ResultTransferError);
    expect(error.message).toContain('Hidden');
  });

  test('arguments that cannot travel are refused, and the rest runs', async () => {
    const fn = ship((x: unknown) => typeof x);
    const { calls } = await pool.runBatch({
      calls: [
        { fn, args: [1] },
        { fn, args: [new WeakSet()] },
        { fn, args: ['a'] },
      ],
    });
    expect(statuses(calls)).toEqual(['done', 'refused', 'done']);
    expect((calls[1] as { error: Error }).error).toBeInstanceOf(CaptureError);
    expect((calls[1] as { error: Error }).error.message).toContain('WeakSet');
  });
});

describe('errors', () => {
  test('built-in classes, message, stack, cause and properties', async () => {
    const error = await failure(() => {
      throw Object.assign(new TypeError('bad', { cause: new RangeError('inner') }), {
        code: 'E_BAD',
        detail: { n: 1 },
      });
    });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'TypeError', message: 'bad', code: 'E_BAD', detail: { n: 1 } });
    expect(error.stack).toContain('pool.test.ts');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('classes of the user keep their name', async () => {
    class FitError extends Error {
      readonly step: number;
      constructor(step: number) {
        super(`step ${step}`);
        this.step = step;
      }
    }
    const error = await failure(async () => {
      throw new FitError(3);
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'FitError', message: 'step 3', step: 3 });
  });

  test('values that are no errors', async () => {
    expect(
      await failure(() => {
        throw 'text';
      }),
    ).toBe('text');
    expect(
      await failure(() => {
        throw { a: 1 };
      }),
    ).toEqual({ a: 1 });
    expect(
      await failure(() => {
        throw undefined;
      }),
    ).toBeUndefined();
    expect(
      await failure(() => {
        throw Symbol('s');
      }),
    ).toBe('Symbol(s)');
  });

  test('aggregates and circular causes', async () => {
    const error = await failure(() => {
      throw new AggregateError([new TypeError('a'), 2], 'several');
    });
    expect((error as AggregateError).errors[0]).toBeInstanceOf(TypeError);
    expect((error as AggregateError).errors[1]).toBe(2);
    const circular = await failure(() => {
      const error = new Error('round');
      error.cause = error;
      throw error;
    });
    expect(circular.message).toBe('round');
  });
});

describe('lost threads', () => {
  const busy = (x: number): number => x;
  const batchWith = (bad: AnyFunction) => {
    const good = ship(busy);
    return {
      calls: [
        { fn: good, args: [0] },
        { fn: good, args: [1] },
        { fn: ship(bad), args: [] },
        { fn: good, args: [3] },
      ],
    };
  };

  test('process.exit in a task', async () => {
    const { calls } = await single.runBatch(
      batchWith(function leave() {
        process.exit(3);
      }),
    );
    expect(statuses(calls)).toEqual(['lost', 'lost', 'failed', 'not-started']);
    const { error } = calls[2] as { error: Error };
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error.message).toMatch(/'leave'.*exit code 3.*process\.exit/);
  });

  test('an uncaught error of a callback', async () => {
    const { calls } = await single.runBatch(
      batchWith(async () => {
        setTimeout(() => {
          throw new TypeError('stray');
        }, 1);
        await new Promise((resolve) => setTimeout(resolve, 5000));
      }),
    );
    expect(statuses(calls)).toEqual(['lost', 'lost', 'failed', 'not-started']);
    expect((calls[2] as { error: Error }).error.message).toMatch(/uncaught error: TypeError: stray/);
  });

  test('out of memory', async () => {
    const small = new ThreadPool({ threads: 1, heapMiB: 32 });
    const { calls } = await small.runBatch(
      batchWith(function hungry() {
        const kept: number[][] = [];
        for (;;) kept.push(new Array<number>(1 << 16).fill(kept.length + 0.5));
      }),
    );
    expect(statuses(calls)).toEqual(['lost', 'lost', 'failed', 'not-started']);
    const { error } = calls[2] as { error: Error };
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error.message).toMatch(/'hungry' ran out of memory/);
    expect(statuses((await small.runBatch({ calls: [{ fn: ship(busy), args: [1] }] })).calls)).toEqual(['done']);
    await small.close();
  });

  test('a thread that never comes to its first call is tried again, but not for ever', async () => {
    const deadly = shipReference({ url: `data:text/javascript,process.exit(7)`, export: 'f' });
    await expect(single.runBatch({ calls: [{ fn: deadly, args: [] }] })).rejects.toThrow(/exit code 7/);
    await expect(single.runBatch({ calls: [{ fn: deadly, args: [] }] })).rejects.toBeInstanceOf(WorkerLostError);
  });

  test('other batches are not touched', async () => {
    const slow = ship(async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return 'fine';
    });
    const [hurt, fine] = await Promise.all([
      pool.runBatch({ calls: [{ fn: ship(() => process.exit(1)), args: [] }] }),
      pool.runBatch({ calls: [{ fn: slow, args: [200] }] }),
    ]);
    expect(statuses(hurt.calls)).toEqual(['failed']);
    expect(fine.calls[0]).toMatchObject({ status: 'done', value: 'fine' });
  });
});

describe('timeouts and aborts', () => {
  const spin = (): never => {
    for (;;);
  };

  test('an endless loop is stopped by its timeout, alone', async () => {
    const good = ship((x: number) => x);
    const calls = [
      { fn: good, args: [0] },
      { fn: ship(spin), args: [], timeout: 50 },
      { fn: good, args: [2] },
    ];
    const outcome = await single.runBatch({ calls });
    expect(statuses(outcome.calls)).toEqual(['lost', 'failed', 'not-started']);
    const { error, start, end } = outcome.calls[1] as { error: Error; start: number; end: number };
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(end - start).toBeGreaterThanOrEqual(49);
  });

  test('a promise that never settles', async () => {
    const outcome = await one(() => new Promise(() => {}), [], 30);
    expect((outcome as { error: Error }).error).toBeInstanceOf(TaskTimeoutError);
  });

  test('a call with a timeout that is in time', async () => {
    expect(await one((x: number) => x, [4], 10_000)).toMatchObject({ status: 'done', value: 4 });
  });

  test('aborted before, while queued and while running', async () => {
    const controller = new AbortController();
    const late = new AbortController();
    const running = single.runBatch({ calls: [{ fn: ship(spin), args: [] }] }, { signal: controller.signal });
    const queued = single.runBatch({ calls: [{ fn: ship(spin), args: [] }] }, { signal: late.signal });
    const after = single.runBatch({ calls: [{ fn: ship((x: number) => x), args: [1] }] });
    late.abort(new Error('changed my mind'));
    expect(statuses((await queued).calls)).toEqual(['not-started']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    controller.abort(new Error('enough'));
    const [call] = (await running).calls;
    expect(call).toMatchObject({ status: 'failed' });
    const { error } = call as { error: Error };
    expect(error).toBeInstanceOf(ComputationAbortedError);
    expect(error.message).toContain('enough');
    expect(statuses((await after).calls)).toEqual(['done']);
    const before = await single.runBatch({ calls: [{ fn: ship(spin), args: [] }] }, { signal: controller.signal });
    expect(statuses(before.calls)).toEqual(['not-started']);
  });
});

describe('closing', () => {
  test('ends what runs and what waits, and takes nothing more', async () => {
    const own = new ThreadPool({ threads: 1 });
    const spin = ship(() => {
      for (;;);
    });
    const running = own.runBatch({ calls: [{ fn: spin, args: [] }] });
    const waiting = own.runBatch({ calls: [{ fn: spin, args: [] }] });
    const ended = Promise.allSettled([running, waiting]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await own.close();
    for (const result of await ended) expect((result as { reason: unknown }).reason).toBeInstanceOf(RuntimeClosedError);
    await expect(own.runBatch({ calls: [{ fn: spin, args: [] }] })).rejects.toBeInstanceOf(RuntimeClosedError);
    await own.close();
  });
});

describe('references', () => {
  test('an explicit one needs no inspector', async () => {
    const fn = shipReference({ url: 'node:path', export: 'basename' });
    const { calls } = await single.runBatch({ calls: [{ fn, args: ['/a/b.txt'] }] });
    expect(calls[0]).toMatchObject({ value: 'b.txt' });
  });

  test('one that leads nowhere fails by name, and the rest runs', async () => {
    const missing = shipReference({ url: new URL('./nowhere.js', import.meta.url), export: 'run' });
    const wrong = shipReference({ url: 'node:path', export: 'basenames' });
    const fine = ship((x: number) => x);
    const { calls } = await single.runBatch({ calls: [missing, wrong, fine].map((fn) => ({ fn, args: [1] })) });
    expect(statuses(calls)).toEqual(['failed', 'failed', 'done']);
    expect((calls[0] as { error: Error }).error.message).toContain('nowhere.js');
  });

  test('a relative one is refused at once', () => {
    expect(() => shipReference({ url: './tasks.js' })).toThrow(/absolute URL/);
  });
});
