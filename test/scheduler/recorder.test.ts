/** What a run tells: the order of its events, what is in them, and the record afterwards. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ComputationAbortedError, DeviceUnsupportedError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { call } from './graphs.js';
import { Bench } from './harness.js';

const benches = [0, 2].map((threads) => [threads, new Bench(threads)] as const);
afterAll(() => Promise.all(benches.map(([, bench]) => bench.close())));

const square = new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2], dtype: 'float64' });

function observer() {
  const events: { readonly kind: string; readonly event: Record<string, unknown> }[] = [];
  const note = (kind: string) => (event: object) => {
    events.push({ kind, event: structuredClone({ ...event, error: undefined }) as Record<string, unknown> });
  };
  return {
    events,
    onStart: note('start'),
    onTaskStart: note('begin'),
    onTaskEnd: note('end'),
    onError: note('error'),
    onFinish: note('finish'),
  };
}

describe.each(benches)('%i threads', (_threads, bench) => {
  it('begins and ends every task once, kernels of either body too, between start and finish', async () => {
    const seen = observer();
    const js = call(
      'polynomialKernel',
      [call('matmul', [square, square]), new NDArray(Float64Array.of(1), { shape: [], dtype: 'float64' })],
      { degree: 1.5, coef0: 1 },
    );
    await bench.compute([js, delayed((m: NDArray) => m.size)(js as never)], { observers: [seen] });
    const kinds = seen.events.map(({ kind }) => kind);
    expect([kinds[0], kinds.at(-1)]).toEqual(['start', 'finish']);
    const keys = (wanted: string): unknown[] =>
      seen.events
        .filter(({ kind }) => kind === wanted)
        .map(({ event }) => event.key)
        .toSorted();
    expect(keys('begin')).toEqual(keys('end'));
    expect(new Set(keys('begin')).size).toBe(seen.events[0]?.event.tasks);
    const ends = seen.events.filter(({ kind }) => kind === 'end');
    expect(ends.find(({ event }) => event.name === 'matmul')?.event).toMatchObject({ device: 'wasm', bytes: 32 });
    expect(ends.find(({ event }) => event.name === 'polynomialKernel')?.event).toMatchObject({
      device: 'js',
      bytes: 32,
    });
  });

  it('tells of every attempt, and of the end after a failure and after an abort', async () => {
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const flaky = delayed((state: Int32Array) => {
      if (Atomics.add(state, 0, 1) < 2) throw new Error('not yet');
      return 1;
    });
    const seen = observer();
    await bench.compute(flaky.with({ retries: 2 })(counter), { observers: [seen] });
    expect(seen.events.filter(({ kind }) => kind === 'error').map(({ event }) => event.retrying)).toEqual([true, true]);
    const failing = observer();
    Atomics.store(counter, 0, 0);
    await expect(bench.compute(flaky(counter), { observers: [failing] })).rejects.toThrow('not yet');
    expect(failing.events.at(-2)).toMatchObject({ kind: 'error', event: { retrying: false } });
    expect(failing.events.at(-1)).toMatchObject({ kind: 'finish', event: { ok: false } });
    const aborted = observer();
    const run = bench.compute(flaky(counter), { observers: [aborted], signal: AbortSignal.abort() });
    await expect(run).rejects.toBeInstanceOf(ComputationAbortedError);
    expect(aborted.events.map(({ kind }) => kind)).toEqual(['start', 'finish']);
  });

  it('tells nothing of a run that is refused', async () => {
    const seen = observer();
    const misplaced = delayed(() => 1, { device: 'wasm' });
    expect(() => bench.start(misplaced(), { observers: [seen] })).toThrow(DeviceUnsupportedError);
    expect(seen.events).toEqual([]);
  });

  it('keeps going when an observer throws', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const faulty = {
      onTaskEnd: () => {
        throw new Error('observer');
      },
    };
    expect(await bench.compute(delayed(() => 5)(), { observers: [faulty] })).toBe(5);
    expect(warnings).toHaveBeenCalledTimes(1);
    warnings.mockRestore();
  });
});
