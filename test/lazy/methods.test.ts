/** Methods of lazy arrays: the same tasks as the functions, with types that infer. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Delayed } from '../../dist/index.js';
import { delayed, type LazyArray, type LazyScalar, type NDArray, nd } from '../../dist/index.js';
import { evaluate } from '../support/evaluate.js';

const x = nd.array([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('methods', () => {
  it('are the functions', () => {
    const call = nd as unknown as Readonly<Record<string, (...args: unknown[]) => LazyArray>>;
    const own = x as unknown as Readonly<Record<string, (...args: unknown[]) => LazyArray>>;
    const none = ['neg', 'abs', 'square', 'sqrt', 'exp', 'log', 'round', 'logicalNot', 'sum', 'prod', 'mean', 'var'];
    for (const name of [...none, 'std', 'min', 'max', 'argmin', 'argmax', 'any', 'all', 'norm']) {
      expect(own[name]!().key, name).toBe(call[name]!(x).key);
    }
    const one = ['add', 'sub', 'mul', 'div', 'floorDivide', 'mod', 'pow', 'maximum', 'minimum', 'clip', 'equal'];
    for (const name of [
      ...one,
      'notEqual',
      'less',
      'lessEqual',
      'greater',
      'greaterEqual',
      'logicalAnd',
      'logicalOr',
    ]) {
      expect(own[name]!([1, 2, 3]).key, name).toBe(call[name]!(x, [1, 2, 3]).key);
    }
    for (const name of ['cumsum', 'cumprod', 'sort', 'argsort']) {
      expect(own[name]!({ axis: 0 }).key, name).toBe(call[name]!(x, { axis: 0 }).key);
    }
    for (const name of ['transpose', 'ravel', 'squeeze', 'flip'])
      expect(own[name]!().key, name).toBe(call[name]!(x).key);
    expect(x.reshape([3, -1]).key).toBe(nd.reshape(x, [3, -1]).key);
    expect(x.slice([[0, 1]]).key).toBe(nd.slice(x, [[0, 1]]).key);
    expect(x.take([1]).key).toBe(nd.take(x, [1]).key);
    expect(x.expandDims(0).key).toBe(nd.expandDims(x, 0).key);
    expect(x.matmul(x.T).key).toBe(nd.matmul(x, x.T).key);
    expect(x.dot([1, 2, 3]).key).toBe(nd.dot(x, [1, 2, 3]).key);
    expect(x.astype('int32').key).toBe(nd.astype(x, 'int32').key);
    expect(x.sum({ axis: 0 }).key).toBe(nd.sum(x, { axis: 0 }).key);
  });

  it('are those of zero-dimensional arrays too, which know their shape and dtype', async () => {
    for (const total of [x.sum(), nd.sum([1, 2]), nd.max(x), nd.norm([3, 4]), x.sum().add(1)]) {
      expect([total.shape, total.dtype, total.chunks, total.ndim, total.size, total.nbytes]).toEqual([
        ...[[], 'float64', null, 0, 1, 8],
      ]);
    }
    expect([x.argmax().dtype, nd.any(x).dtype, nd.any(x).nbytes]).toEqual(['int32', 'bool', 1]);
    const mean: number = await x.sum().div(x.size).compute();
    expect(mean).toBe(3.5);
    const isLarge: boolean = await x.sum().mul(2).sub(1).greater(40).compute();
    expect(isLarge).toBe(true);
    expect(((await x.sum().mul([1, 2]).compute()) as NDArray).toNested()).toEqual([21, 42]);
    expect((await x.mean().reshape([1, 1]).compute()).toNested()).toEqual([[3.5]]);
    // those of the value stay the value's
    expect(await x.mean().toFixed(2).compute()).toBe('3.50');
    const scalar = nd.add(nd.array(5), 1) as unknown as LazyScalar;
    expect(
      await scalar
        .neg()
        .add(delayed(() => 2)())
        .compute(),
    ).toBe(-4);
    expect((await nd.stack([x.sum().mul(2), x.min()]).compute()).toNested()).toEqual([42, 1]);
  });

  it('chain, and their types infer', async () => {
    const columns = x.add([10, 20, 30]).sum({ axis: 0 });
    expectTypeOf(columns).toEqualTypeOf<LazyArray>();
    expect(((await evaluate(columns)) as NDArray).toNested()).toEqual([25, 47, 69]);
    const total = x.sub(1).square().mean();
    expectTypeOf(total).toEqualTypeOf<LazyScalar>();
    expectTypeOf(total).toExtend<Delayed<number>>();
    expect(await evaluate(total)).toBeCloseTo(55 / 6, 14);
    expectTypeOf(x.greater(2).any()).toEqualTypeOf<LazyScalar<boolean>>();
    expect(await evaluate(x.greater(2).any())).toBe(true);
    expectTypeOf(x.std({ ddof: 1 })).toEqualTypeOf<LazyScalar>();
    expectTypeOf(x.std({ axis: 1, ddof: 1 })).toEqualTypeOf<LazyArray>();
  });

  it('transpose without a copy that stays', async () => {
    expectTypeOf(x.T).toEqualTypeOf<LazyArray>();
    expect(x.T.shape).toEqual([3, 2]);
    expect(x.T.T).toBe(x);
    expect(((await evaluate(x.T)) as NDArray).toNested()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(nd.array([1, 2]).T.shape).toEqual([2]);
  });

  it('are no properties of their own', () => {
    expect(Object.keys(x)).not.toContain('sum');
    expect(x.sum.name).toBe('sum');
  });
});

describe('types of functions', () => {
  it('infer numbers, booleans and arrays', () => {
    expectTypeOf(nd.add(1, nd.sum(x))).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(nd.add(x, 1)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.less(1, 2)).toEqualTypeOf<Delayed<boolean>>();
    expectTypeOf(nd.less(x, 2)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.isnan(x)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.where(nd.less(1, 2), 1, 2)).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(nd.where(nd.less(x, 2), x, 2)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.any(x)).toEqualTypeOf<LazyScalar<boolean>>();
    expectTypeOf(nd.all(x, { axis: 0 })).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.norm(x)).toEqualTypeOf<LazyScalar>();
    expectTypeOf(nd.norm(x, { axis: 0 })).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.clip(x, null, 2)).toEqualTypeOf<LazyArray>();
    expectTypeOf(nd.round(1.5)).toEqualTypeOf<Delayed<number>>();
    const never = (): unknown[] => [
      // @ts-expect-error no such option
      nd.sum(x, { axes: 0 }),
      // @ts-expect-error no such dtype
      nd.astype(x, 'int64'),
      // @ts-expect-error no array
      nd.add(x, 'a'),
      // @ts-expect-error sums have no degrees of freedom
      x.sum({ ddof: 1 }),
      // @ts-expect-error one axis at most
      x.argmax({ axis: [0, 1] }),
    ];
    expect(never).toThrow();
  });
});
