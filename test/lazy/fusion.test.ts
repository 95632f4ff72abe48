/**
 * Fusion as a user meets it: random graphs of array operations give the same bits fused and node by node, on both
 * devices that are always there. Element-wise arithmetic is the same in both; sums may be added in another order where
 * a view is taken into the loop, so those have a tolerance.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { broadcastView, type View, wholeView } from '../../dist/array/view.js';
import { createRuntime, LazyArray, nd } from '../../dist/index.js';
import { viewOf } from '../../dist/lazy/view.js';
import { array, generator } from '../kernels/numbers.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** Functions whose every result is exact or rounded once, so that all devices agree on the bits. */
const unary = ['abs', 'square', 'sqrt', 'floor', 'ceil', 'round', 'trunc', 'isnan', 'logicalNot', 'isfinite'] as const;
const binary = ['add', 'mul', 'div', 'maximum', 'minimum', 'less', 'equal', 'logicalAnd', 'greaterEqual'] as const;
const dtypes: readonly DType[] = ['float64', 'float64', 'float32', 'int32', 'uint32', 'uint8', 'bool'];
const shapes = [[4, 3], [3], [4, 1], [1, 3], [4, 3]];

function leaf(random: Random): LazyArray {
  const dtype = pick(random, dtypes);
  const least = dtype.startsWith('float') || dtype === 'int32' ? -3 : 0;
  const span = dtype === 'bool' ? 2 : 6;
  const value = (): number => (dtype.startsWith('float') ? 6 * random() - 3 : Math.floor(span * random()) + least);
  return nd.array(array(random, pick(random, shapes), dtype, { value, strided: random() < 0.3 }));
}

/** A view of `x`: a flipped, transposed, shortened or stretched one. */
function someView(random: Random, x: LazyArray): LazyArray {
  const whole = wholeView(x.shape);
  const axis = Math.floor(random() * x.ndim);
  const length = x.shape[axis] ?? 0;
  switch (x.ndim === 0 || length === 0 ? 0 : Math.floor(random() * 4)) {
    case 1:
      return viewOf(x, { ...whole, steps: whole.steps.with(axis, -1), start: whole.start.with(axis, length - 1) });
    case 2: {
      const axes = whole.axes.toReversed();
      return viewOf(x, { ...whole, axes, shape: x.shape.toReversed() }, 'transpose');
    }
    case 3: {
      const start = Math.floor(random() * length);
      const shape = x.shape.with(axis, Math.min(1, length - start));
      return viewOf(x, { ...whole, shape, start: whole.start.with(axis, start) }, 'slice');
    }
    default: {
      const view: View = broadcastView(whole, [2, ...x.shape], 'test');
      return x.ndim > 2 ? x : viewOf(x, view, 'broadcast');
    }
  }
}

const fits = (a: LazyArray, b: LazyArray): boolean => {
  const lead = a.ndim - b.ndim;
  return (lead < 0 ? b : a).shape.every((_, i) => {
    const [m, n] = [a.shape[lead < 0 ? i + lead : i] ?? 1, b.shape[lead < 0 ? i : i - lead] ?? 1];
    return m === n || m === 1 || n === 1;
  });
};

/** A random graph: nodes are shared, seen through views, broadcast and of mixed dtypes. */
function someGraph(random: Random, size: number, functions: readonly string[] = unary): LazyArray[] {
  const pool = [leaf(random), leaf(random), leaf(random)];
  const late = (): LazyArray => pool[Math.max(0, pool.length - 1 - Math.floor(random() ** 2 * pool.length))]!;
  const call = nd as unknown as Record<string, (...args: unknown[]) => LazyArray>;
  while (pool.length < size) {
    const x = late();
    const kind = random();
    let made: unknown;
    if (kind < 0.3) made = call[pick(random, functions)]!(x);
    else if (kind < 0.5) made = someView(random, x);
    else if (kind < 0.6) made = nd.astype(x, pick(random, dtypes));
    else {
      const y = pool.filter((other) => fits(x, other))[Math.floor(random() * pool.length)] ?? x;
      if (kind < 0.7) made = nd.where(nd.less(x, 1), y, x);
      else if (kind < 0.8) made = call[pick(random, binary)]!(x, Math.floor(4 * random()));
      else made = call[pick(random, binary)]!(x, y);
    }
    if (made instanceof LazyArray) pool.push(made);
  }
  return pool;
}

const bits = (result: NDArray): unknown => {
  const { data, dtype, shape } = result.copy();
  // Which NaN it is differs between engines' instructions.
  const values = Array.from(data, (value) => (Number.isNaN(value) ? 'NaN' : Object.is(value, -0) ? '-0' : value));
  return { dtype, shape, values };
};

const run = (targets: readonly unknown[], options: object): Promise<readonly unknown[]> =>
  runtime.compute(targets, options) as Promise<readonly unknown[]>;

describe('fusion', () => {
  it('gives the bits that each node alone gives, on both devices', async () => {
    const sizes = { fused: 0, alone: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 5, max: 40 }), async (seed, size) => {
        const random = generator(seed);
        const graph = someGraph(random, size);
        const targets = [graph.at(-1), ...graph.filter(() => random() < 0.15)] as LazyArray[];
        const alone = await run(targets, { optimize: false });
        sizes.alone += runtime.lastRun!.tasks.length;
        for (const device of ['wasm', 'js'] as const) {
          const fused = await run(targets, { optimize: true, device });
          expect(fused.map((one) => bits(one as NDArray))).toEqual(alone.map((one) => bits(one as NDArray)));
        }
        sizes.fused += runtime.lastRun!.tasks.length;
        const known = targets.map(({ shape, dtype }) => ({ shape, dtype }));
        expect(alone.map((one) => ({ shape: (one as NDArray).shape, dtype: (one as NDArray).dtype }))).toEqual(known);
      }),
      { seed: 7, numRuns: 150 },
    );
    // It did something.
    expect(sizes.fused).toBeLessThan(0.7 * sizes.alone);
  });

  it('gives the same bits of transcendental functions too, on one device', async () => {
    const functions = [...unary, 'exp', 'log1p', 'sin', 'tanh', 'atan', 'cbrt', 'exp2'];
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 5, max: 30 }), async (seed, size) => {
        const random = generator(seed);
        const graph = someGraph(random, size, functions);
        const targets = [graph.at(-1), ...graph.filter(() => random() < 0.1)] as LazyArray[];
        for (const device of ['wasm', 'js'] as const) {
          const [alone, fused] = [false, true].map((optimize) => run(targets, { optimize, device }));
          const expected = (await alone!).map((one) => bits(one as NDArray));
          expect((await fused!).map((one) => bits(one as NDArray))).toEqual(expected);
        }
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it('gives the same reductions, up to the order of additions', async () => {
    const reductions = ['sum', 'mean', 'max', 'min', 'argmax', 'any', 'all', 'std', 'prod'] as const;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 4, max: 20 }), async (seed, size) => {
        const random = generator(seed);
        const graph = someGraph(random, size).filter((x) => x.size > 0);
        const targets = reductions.map((name) => {
          const x = pick(random, graph);
          const axis = random() < 0.5 || x.ndim === 0 ? undefined : Math.floor(random() * x.ndim);
          return (nd[name] as (x: LazyArray, options: object) => LazyArray)(x, { axis });
        });
        const alone = await run(targets, { optimize: false });
        const fused = await run(targets, { optimize: true });
        alone.forEach((one, i) => {
          const [a, b] = [one, fused[i]].map((value) =>
            value instanceof NDArray ? Array.from(value.copy().data) : [Number(value)],
          );
          a!.forEach((expected, k) => {
            const close = Object.is(expected, b![k]) || Math.abs(expected - b![k]!) <= 1e-5 * Math.abs(expected);
            // A small difference of large terms keeps the error of those.
            const slack = reductions[i] === 'std' || reductions[i] === 'sum' || reductions[i] === 'mean' ? 1e-4 : 0;
            expect(close || Math.abs(expected - b![k]!) <= slack, `${reductions[i]}: ${expected} and ${b![k]}`).toBe(
              true,
            );
          });
        });
      }),
      { seed: 11, numRuns: 100 },
    );
  });

  it('is one task where the chain ends in a reduction, and node by node without', async () => {
    const [x, y] = [nd.array([1, 2, 3]), nd.array([0.5, 1, 2])];
    const total = nd.sum(nd.exp(nd.neg(nd.add(nd.square(x), nd.square(y)))));
    const fused = await runtime.compute(total);
    const names = (): string[] => runtime.lastRun!.tasks.map(({ key }) => key.replace(/-[0-9a-f]+$/, ''));
    expect(names()).toEqual(['array', 'array', 'sum']);
    expect(runtime.lastRun!.tasks.at(-1)!.key).toBe(total.key);
    const alone = await runtime.compute(total, { optimize: false });
    expect(names()).toEqual(['array', 'square', 'array', 'square', 'add', 'neg', 'exp', 'sum']);
    expect(fused).toBe(alone);
    await runtime.compute([total], { optimize: ['fuse'] });
    expect(names()).toEqual(['array', 'array', 'sum']);
  });

  it('names fused tasks that were not asked for after what they do', async () => {
    const x = nd.array([
      [1, 2],
      [3, 4],
    ]);
    const centred = nd.square(nd.sub(x, 1));
    await runtime.compute(nd.matmul(centred, x));
    expect(runtime.lastRun!.tasks.map(({ key }) => key)).toContainEqual(
      expect.stringMatching(/^sub-square-[0-9a-f]{20}$/),
    );
  });

  it('keeps what is asked for, persisted or used elsewhere', async () => {
    const x = nd.array([1, 4, 9]);
    const root = nd.sqrt(x);
    const twice = nd.mul(root, 2);
    const [first, second] = (await run([root, nd.add(twice, root)], {})) as NDArray[];
    expect([first!.toNested(), second!.toNested()]).toEqual([
      [1, 2, 3],
      [3, 6, 9],
    ]);
    const kept = await runtime.persist(root);
    expect(((await runtime.compute(nd.add(kept, 1))) as NDArray).toNested()).toEqual([2, 3, 4]);
    kept.release();
  });

  it('tells errors with the fused task', async () => {
    const bad = nd.fromDelayed(nd.array([1, 2, 3]).get('data') as never, { shape: [2] });
    const sum = nd.sum(nd.exp(nd.neg(bad)));
    await expect(runtime.compute(sum)).rejects.toThrow(`on the way ${bad.key} → ${sum.key}`);
  });
});
