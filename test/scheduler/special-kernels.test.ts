/** Kernels with generated code, with a block of numbers, with shared loops, and those that only show another shape. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { TaskError } from '../../dist/errors.js';
import { delayed, wrapPersisted } from '../../dist/graph/delayed.js';
import { nodeOf, type Params, TaskNode } from '../../dist/graph/node.js';
import { holeAt } from '../../dist/graph/template.js';
import { createRuntime, nd } from '../../dist/index.js';
import type { Kernel } from '../../dist/kernels/contract.js';
import { reshape } from '../../dist/kernels/reshape.js';
import { generatedModule, teamModule } from '../workers/team-module.js';
import { call } from './graphs.js';
import { Bench } from './harness.js';

function kernelCall(kernel: Kernel, inputs: readonly unknown[], params: Params): unknown {
  const deps = inputs.map((input) => nodeOf(input) ?? new TaskNode({ kind: 'value', name: 'array' }, [input], []));
  const op = { kind: 'kernel', name: kernel.name, kernel, params } as const;
  const holes = deps.map((_, i) => holeAt(i));
  return wrapPersisted(new TaskNode(op, holes, deps), () => {});
}

const array = (data: Float64Array | Int32Array, shape: readonly number[]): NDArray =>
  new NDArray(data, { shape, dtype: data instanceof Int32Array ? 'int32' : 'float64' });

const codes = new Map<number, Uint8Array<ArrayBuffer>>();
const none = (): never => {
  throw new Error('the js body is not used here');
};

/** 3 · factor · (i + 1) for i < n, by generated code on all threads. */
const multiples: Kernel = {
  name: 'multiples',
  infer: (_inputs, { n }) => ({ outputs: [{ dtype: 'float64', shape: [Number(n)] }] }),
  cost: () => ({ flops: 0, bytes: 0 }),
  bodies: {
    js: none,
    wasm: {
      export: 'generated',
      isWide: () => true,
      code: (_inputs, { factor }) => ({ key: String(factor), bytes: () => codes.get(Number(factor))! }),
      args: (_inputs, [out], { n }) => [Number(n), out!.pointer],
    },
  },
};

/** The sum of the numbers 0.5, 1.5, …, n of them, which travel as a block: more than an export has arguments. */
const blockSum: Kernel = {
  name: 'blockSum',
  infer: (_inputs, { n }) => ({ outputs: [{ dtype: 'float64', shape: [] }], scratch: 8 * Number(n) }),
  cost: () => ({ flops: 0, bytes: 0 }),
  bodies: {
    js: none,
    wasm: {
      export: 'sumBlock',
      block: (_inputs, _outputs, { n }) => Array.from({ length: Number(n) }, (_, i) => i + 0.5),
      args: (_inputs, [out], { n }, scratch) => [scratch, Number(n), out!.pointer],
    },
  },
};

const unusable: Kernel = {
  ...multiples,
  name: 'unusable',
  bodies: {
    js: none,
    wasm: { ...multiples.bodies.wasm!, code: () => ({ key: 'bad', bytes: () => Uint8Array.of(1, 2, 3, 4) }) },
  },
};

describe.each([0, 1, 2, 3])('special kernels on %i threads (0: sync)', (threads) => {
  let bench: Bench;
  beforeAll(async () => {
    const { module } = await teamModule();
    bench = new Bench(threads, undefined, module);
    for (let factor = 1; factor <= 30; factor++) codes.set(factor, await generatedModule(factor));
  }, 60_000);
  afterAll(() => bench.close());

  it('runs generated code, the same and other code, also after the heap grew', async () => {
    for (let round = 0; round < 4; round++) {
      const asked = Array.from({ length: 60 }, (_, i) => ({ factor: 1 + ((i * (round + 1)) % 30), n: 1 + (i % 50) }));
      const results = (await bench.compute(asked.map((params) => kernelCall(multiples, [], params)))) as NDArray[];
      asked.forEach(({ factor, n }, i) => {
        const expected = Array.from({ length: n }, (_, k) => 3 * factor * (k + 1));
        expect(Array.from(results[i]!.data), `factor ${factor}`).toEqual(expected);
      });
      bench.heap.allocate(40 << 20);
    }
  });

  it('writes the block of numbers before the call', async () => {
    const counts = [0, 1, 25, 1000];
    const results = await bench.compute(counts.map((n) => kernelCall(blockSum, [], { n })));
    expect(results).toEqual(counts.map((n) => (n * n) / 2));
  });

  it('lets functions through beside kernels that want every thread', async () => {
    const add = delayed((a: number, b: number) => a + b);
    const sums = Array.from({ length: 40 }, (_, i) => {
      // One call after the other, so that threads are asked for again and again.
      let sum: unknown = add(i, 0);
      for (let k = 1; k < 5; k++) sum = add(sum as number, k);
      return sum;
    });
    const many = Array.from({ length: 60 }, (_, i) => kernelCall(multiples, [], { factor: 1 + (i % 3), n: 20_000 }));
    const [numbers, arrays] = (await bench.compute([sums, many])) as [number[], NDArray[]];
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i + 10));
    arrays.forEach(({ data }, i) => {
      expect([data[0], data[19_999]]).toEqual([3 * (1 + (i % 3)), 60_000 * (1 + (i % 3))]);
    });
  });

  it('says why generated code cannot be used', async () => {
    const error = (await Promise.resolve(bench.compute(kernelCall(unusable, [], { n: 3, factor: 1 }))).catch(
      (reason: unknown) => reason,
    )) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    const { message, cause } = error.cause as Error;
    expect(`${message} ${String(cause)}`).toMatch(/magic/);
    expect(await bench.compute(kernelCall(blockSum, [], { n: 2 }))).toBe(2);
  });
});

const reshaped = (x: unknown, shape: readonly number[]): unknown =>
  call('reshape', [x], { shape: JSON.stringify(shape) });
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const make = delayed(
  (n: number) =>
    new NDArray(
      Float64Array.from({ length: n }, (_, i) => i),
      { shape: [n], dtype: 'float64' },
    ),
);
const unit = array(Float64Array.of(1, 0, 0, 1), [2, 2]);

describe.each([0, 1, 2])('aliases on %i threads (0: sync)', (threads) => {
  const bench = new Bench(threads);
  let baseline = 0;
  beforeAll(async () => {
    await bench.compute(call('matmul', [unit, unit]));
    baseline = bench.heap.used;
  });
  afterAll(() => bench.close());

  const isClean = (): void => {
    expect(bench.heap.used).toBe(baseline);
    bench.heap.check();
  };

  it('shows results of kernels, functions and values in another shape, and chains of them', async () => {
    const product = call('matmul', [unit, array(Float64Array.of(1, 2, 3, 4), [2, 2])]);
    const value = array(Float64Array.from(range(6)), [3, 2]);
    const across = new NDArray(value.data, { shape: [2, 3], dtype: 'float64', strides: [1, 2] });
    const [flat, column, called, given, turned, source] = (await bench.compute([
      reshaped(product, [4]),
      reshaped(reshaped(reshaped(product, [4]), [1, 4]), [4, 1]),
      reshaped(make(6), [2, 3]),
      reshaped(value, [6]),
      reshaped(across, [6]),
      product,
    ])) as NDArray[];
    expect(flat!.toNested()).toEqual([1, 2, 3, 4]);
    expect(column!.toNested()).toEqual([[1], [2], [3], [4]]);
    expect(called!.toNested()).toEqual([[0, 1, 2], [3, 4, 5]]); // biome-ignore format: a matrix
    expect(given!.toNested()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(turned!.toNested()).toEqual([0, 2, 4, 1, 3, 5]);
    expect(source!.shape).toEqual([2, 2]);
    // What the caller gets is nobody else's.
    expect(flat!.data.buffer).not.toBe(source!.data.buffer);
    given!.data[0] = 77;
    expect(value.get(0, 0)).toBe(0);
    isClean();
  });

  it('feeds kernels and functions, and shares one of several outputs', async () => {
    const product = call('matmul', [unit, unit]);
    const column = reshaped(product, [4, 1]);
    const squared = call('matmul', [reshaped(column, [1, 4]), column]);
    const total = delayed((m: NDArray) => Array.from(m.data).reduce((sum, x) => sum + x, 0))(column as NDArray);
    const labels = array(Int32Array.of(1, -1), [2]);
    const one = array(Float64Array.of(1), []);
    // biome-ignore lint/suspicious/noExplicitAny: an item of a delayed value
    const [fit, again] = [0, 1].map(() => call('smo', [product, labels, one]) as any);
    const results = (await bench.compute([squared, total, reshaped(fit[0], [2, 1]), again[0]])) as NDArray[];
    expect(results[0]!.toNested()).toEqual([[2]]);
    expect(results[1]).toBe(2);
    expect(results[2]!.shape).toEqual([2, 1]);
    expect(results[2]!.data).toEqual(results[3]!.data);
    isClean();
  });

  it('takes no memory for another shape of a result', async () => {
    const n = 600;
    const tall = array(new Float64Array(n).fill(1), [n, 1]);
    const product = call('matmul', [tall, reshaped(tall, [1, n])]);
    let shown = product;
    for (let i = 0; i < 6; i++) shown = reshaped(shown, i % 2 === 0 ? [n * n] : [n, n]);
    bench.heap.resetPeak();
    const result = (await bench.compute(shown)) as NDArray;
    expect(result.shape).toEqual([n, n]);
    expect(bench.heap.peak - baseline).toBeLessThan(1.5 * 8 * n * n);
    isClean();
  });

  it('fails as a task where the array has another size, and where it is not one array', async () => {
    const product = call('matmul', [unit, unit]);
    for (const bad of [reshaped(product, [5]), reshaped(make(3), [5]), reshaped(reshaped(product, [4]), [3])]) {
      const error = await bench.compute([bad, product]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskError);
      expect(String((error as TaskError).cause)).toMatch(/does not have as many elements/);
    }
    const labels = array(Int32Array.of(1, -1), [2]);
    const one = array(Float64Array.of(1), []);
    const error = await bench.compute(reshaped(call('smo', [unit, labels, one]), [4])).catch((e: unknown) => e);
    expect(String((error as TaskError).cause)).toMatch(/index it/);
    isClean();
  });
});

describe('aliases that are kept', () => {
  it.each(['threads', 'sync'] as const)('outlive what they show, under %s and by the js bodies', async (scheduler) => {
    const runtime = createRuntime({ scheduler, workers: 2 });
    const product = nd.matmul([[1, 2]], [[3, 4], [5, 6]]); // biome-ignore format: a matrix
    for (const device of ['wasm', 'js'] as const) {
      const kept = (await runtime.persist(reshaped(product, [2]), { device })) as unknown;
      const again = reshaped(kept, [2, 1]);
      const both = (await runtime.compute([again, kept] as unknown[], { device })) as NDArray[];
      expect(both[0]!.toNested()).toEqual([[13], [16]]);
      expect(both[1]!.toNested()).toEqual([13, 16]);
      (kept as { release(): void }).release();
      await expect(runtime.compute(again, { device })).rejects.toThrow(/released/);
    }
    await runtime.close();
  });

  it('is what reshape is', () => {
    expect(reshape.isAlias).toBe(true);
  });
});
