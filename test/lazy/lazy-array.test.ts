/** Lazy arrays as delayed values of the package: computing, keeping, drawing, reaching into the result. */
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createRuntime, type Delayed, delayed, LazyArray, type LazyScalar, NDArray, nd } from '../../dist/index.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

const product = () => nd.matmul(nd.array([[1, 2]]), nd.array([[3], [4]]));

describe('a lazy array', () => {
  it('is awaited without being computed', async () => {
    const array = product();
    expect(await array).toBe(array);
  });

  it.each(['sync', 'threads'] as const)('computes on %s, alone and inside structures', async (scheduler) => {
    const alone = await product().compute({ scheduler });
    expectTypeOf(alone).toEqualTypeOf<NDArray>();
    expect(alone.toNested()).toEqual([[11]]);
    const found = await runtime.compute({ array: product(), total: nd.sum(product()), list: [1] }, { scheduler });
    expect(found.array).toBeInstanceOf(NDArray);
    expect(found.total).toBe(11);
    expect(found.list).toEqual([1]);
  });

  it('reaches into the result', async () => {
    const array = product();
    expect(await runtime.compute(array.get('shape'))).toEqual([1, 1]);
    expect(await runtime.compute(array.call('get', 0, 0))).toBe(11);
    expect(await runtime.compute(array.call('toNested'))).toEqual([[11]]);
    expect(await runtime.compute(array.toNested())).toEqual([[11]]);
    expect(await runtime.compute(array.data)).toEqual(Float64Array.of(11));
  });

  it('says what to do when it is used as if it were there', () => {
    const array = product() as unknown as number & Iterable<number>;
    const uses: readonly (() => unknown)[] = [() => array + 1, () => `${array}`, () => [...array], () => +array];
    for (const use of uses) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow('no value before it is computed; ');
    }
    expect(() => JSON.stringify({ array })).toThrow('turned into JSON');
  });

  it('goes into delayed functions, and comes out of them with a shape that is said', async () => {
    const double = delayed((x: NDArray) => x.toNested());
    expect(await runtime.compute(double(product()))).toEqual([[11]]);
    const made = delayed(() => [
      [1, 0],
      [0, 2],
    ])();
    const known = nd.fromDelayed(made, { shape: [2, 2] });
    const result = await runtime.compute(nd.matmul(known, [[3], [4]]));
    expect(result.toNested()).toEqual([[3], [8]]);
  });

  it('stays where it is when persisted, and keeps its shape', async () => {
    const kept = await product().persist();
    expect(kept).toBeInstanceOf(LazyArray);
    expect(kept.shape).toEqual([1, 1]);
    expect((await kept.compute()).toNested()).toEqual([[11]]);
    const more = nd.matmul(kept, [[2]]);
    expect((await more.compute()).toNested()).toEqual([[22]]);
    kept.release();
    await expect(kept.compute()).rejects.toThrow('released');
  });

  it('draws the graph behind it', async () => {
    const svg = await product().visualize();
    expect(svg).toContain('<svg');
    expect(svg).toContain('matmul');
  });
});

describe('types', () => {
  it('say what is lazy', () => {
    expectTypeOf(nd.add(1, 2)).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(nd.add(nd.zeros([2]), 2)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.sum(nd.zeros([2]))).toEqualTypeOf<LazyScalar>();
    expectTypeOf(nd.sum(nd.zeros([2]), { axis: 0 })).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.expr`${1} + ${nd.add(1, 2)}`).toEqualTypeOf<Delayed<number>>();
    // @ts-expect-error: text is no array
    expect(() => nd.add('1', 2)).toThrow();
    // @ts-expect-error: nor is a list of texts
    expect(() => nd.array(['1'])).toThrow();
  });
});
