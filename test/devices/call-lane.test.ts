/** The lane of JavaScript calls: batches, what comes back to the main thread, memory that calls declare, lost pools. */
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { PoolCalls } from '../../dist/devices/call-lane.js';
import type { FunctionCall, LaneSink } from '../../dist/devices/lanes.js';
import { RuntimeClosedError } from '../../dist/errors.js';
import { ThreadPool } from '../../dist/workers/pool.js';

const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => warnings.mockClear());
afterAll(() => warnings.mockRestore());

class Sink implements LaneSink {
  readonly values = new Map<number, unknown>();
  readonly errors = new Map<number, unknown>();
  readonly back: number[] = [];
  readonly threads = new Set<number>();
  #left: number;
  #resolve: () => void = () => {};
  readonly done: Promise<void>;

  constructor(expected: number) {
    this.#left = expected;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #one(): void {
    if (--this.#left === 0) this.#resolve();
    if (this.#left < 0) throw new Error('reported more often than submitted');
  }

  succeeded(task: number, value: unknown, start: number, end: number, thread: number): void {
    expect(end).toBeGreaterThanOrEqual(start);
    this.values.set(task, value);
    this.threads.add(thread);
    this.#one();
  }

  failed(task: number, error: unknown): void {
    this.errors.set(task, error);
    this.#one();
  }

  returned(task: number): void {
    this.back.push(task);
    this.#one();
  }

  unchained(task: number): void {
    throw new Error(`call ${task} follows no other`);
  }
}

const call = (
  task: number,
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  more: Partial<FunctionCall> = {},
): FunctionCall => ({
  task,
  name: fn.name,
  fn,
  args,
  timeout: undefined,
  memory: 0,
  milliseconds: undefined,
  previous: undefined,
  ...more,
});

const pool = new ThreadPool({ threads: 2 });
afterAll(() => pool.close());

describe('PoolCalls', () => {
  it('reports every call once, many to a message', async () => {
    const runBatch = vi.spyOn(pool, 'runBatch');
    const sink = new Sink(3000);
    const lane = new PoolCalls(pool, sink, () => {});
    const twice = (n: number): number => 2 * n;
    for (let i = 0; i < 3000; i++) lane.submit(call(i, twice, [i], { milliseconds: 0.01 }));
    lane.flush();
    await sink.done;
    expect(sink.values.get(2999)).toBe(5998);
    expect(sink.values.size).toBe(3000);
    expect(runBatch.mock.calls.length).toBeLessThan(300);
    runBatch.mockRestore();
  });

  it('returns what cannot be sent, with one warning for each function', async () => {
    class Secret {
      readonly #n = 4;
      get(): number {
        return this.#n;
      }
    }
    const secret = new Secret();
    const captures = (x: number): number => x + secret.get();
    const plain = (): number => 1;
    const takes = (s: Secret): number => s.get();
    const sink = new Sink(5);
    const lane = new PoolCalls(pool, sink, () => {});
    lane.submit(call(0, captures, [1]));
    lane.submit(call(1, captures, [2]));
    lane.submit(call(2, plain, []));
    lane.submit(call(3, takes, [secret]));
    lane.submit(call(4, takes, [secret]));
    lane.flush();
    await sink.done;
    expect(sink.back.toSorted()).toEqual([0, 1, 3, 4]);
    expect(sink.values.get(2)).toBe(1);
    expect(warnings).toHaveBeenCalledTimes(2);
    expect(warnings.mock.calls[0]?.[1]).toMatchObject({ code: 'LAZULI_MAIN_THREAD' });
  });

  it('keeps calls that declare more than there is from running side by side', async () => {
    const running = new Int32Array(new SharedArrayBuffer(8));
    const large = (state: Int32Array): number => {
      const now = Atomics.add(state, 0, 1) + 1;
      Atomics.wait(state, 1, 0, 5);
      Atomics.sub(state, 0, 1);
      return now;
    };
    const sink = new Sink(6);
    const lane = new PoolCalls(pool, sink, () => {});
    for (let i = 0; i < 6; i++) lane.submit(call(i, large, [running], { memory: Number.MAX_SAFE_INTEGER / 4 }));
    lane.flush();
    await sink.done;
    expect([...sink.values.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('reports nothing after abort(), which resolves when all has stopped', async () => {
    const sink = new Sink(Number.POSITIVE_INFINITY);
    const lane = new PoolCalls(pool, sink, () => {});
    const sleep = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 600_000));
    for (let i = 0; i < 10; i++) lane.submit(call(i, sleep, []));
    lane.flush();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await lane.abort();
    lane.submit(call(11, sleep, []));
    lane.flush();
    expect([sink.values.size, sink.errors.size, sink.back.length]).toEqual([0, 0, 0]);
    expect(pool.idle).toBe(2);
  });

  it('fails its calls when the pool is closed', async () => {
    const own = new ThreadPool({ threads: 1 });
    await own.close();
    const sink = new Sink(3);
    const lane = new PoolCalls(own, sink, () => {});
    for (let i = 0; i < 3; i++) lane.submit(call(i, () => 1, []));
    lane.flush();
    await sink.done;
    for (const error of sink.errors.values()) expect(error).toBeInstanceOf(RuntimeClosedError);
    expect(sink.errors.size).toBe(3);
  });
});
