/** Every element-wise function and reduction once against plain JavaScript, and what calls refuse. */
import { afterAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import { createRuntime, delayed, type LazyArray, nd } from '../../dist/index.js';
import { isUnknown, late } from '../../dist/lazy/late.js';
import { asLazy, leaf } from '../../dist/lazy/lazy-array.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

async function nested(value: unknown): Promise<unknown> {
  const result: unknown = await runtime.compute(value);
  return result instanceof NDArray ? result.toNested() : result;
}

const values = [-2.5, -1, -0.5, 0, 0.25, 0.5, 1, 2, 3.5];
const call = nd as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

const unary: Readonly<Record<string, (x: number) => number | boolean>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  logicalNot: (x) => x === 0,
  isnan: Number.isNaN,
  isfinite: Number.isFinite,
  isinf: (x) => Math.abs(x) === Number.POSITIVE_INFINITY,
};

const binary: Readonly<Record<string, (a: number, b: number) => number | boolean>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floorDivide: (a, b) => (b === 0 ? a / b : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? Number.NaN : a - b * Math.floor(a / b)),
  pow: (a, b) => a ** b,
  atan2: Math.atan2,
  hypot: Math.hypot,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
  logicalAnd: (a, b) => a !== 0 && b !== 0,
  logicalOr: (a, b) => a !== 0 || b !== 0,
  logicalXor: (a, b) => (a !== 0) !== (b !== 0),
};

const bits: Readonly<Record<string, (a: number, b: number) => number>> = {
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  bitwiseNot: (a) => ~a,
  shiftLeft: (a, b) => a << b,
  shiftRight: (a, b) => a >> b,
};

/** Equal, or within two units in the last place where both compute a transcendental function. */
function expectClose(found: unknown, expected: readonly (number | boolean)[]): void {
  expect(found).toHaveLength(expected.length);
  (found as (number | boolean)[]).forEach((one, i) => {
    const other = expected[i]!;
    if (typeof one === 'boolean' || typeof other === 'boolean' || !Number.isFinite(other)) expect(one).toBe(other);
    else expect(Math.abs(one - other), `element ${i}`).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(other));
  });
}

describe('functions of one array', () => {
  it.each(Object.entries(unary))('nd.%s', async (name, f) => {
    const all = [...values, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    expectClose(
      await nested(call[name]!(all)),
      all.map((x) => f(x)),
    );
    // A delayed number is computed by the same function.
    expectClose([await nested(call[name]!(nd.add(2, 1.5)))], [f(3.5)]);
  });

  it('nd.round to decimals', async () => {
    expect(await nested(nd.round([2.675, -1.25, 1234.5], { decimals: 1 }))).toEqual([2.7, -1.2, 1234.5]);
    expect(await nested(nd.round([15, 25, 1250], { decimals: -1 }))).toEqual([20, 20, 1250]);
    expect(await nested(nd.round(1.25, { decimals: 1 }))).toBe(1.2);
    const whole = nd.round(Int32Array.of(15, 25), { decimals: -1 });
    expect(whole.dtype).toBe('int32');
    expect(await nested(whole)).toEqual([20, 20]);
    expect(nd.round(Int32Array.of(15), { decimals: 2 }).dtype).toBe('int32');
    expect(() => nd.round([1], { decimals: 0.5 })).toThrow(OptionError);
    expect(() => nd.round([1], { digits: 1 } as object)).toThrow("there is no option 'digits'");
  });

  it('nd.astype', async () => {
    expect(await nested(nd.astype([1.9, -1.9], 'int32'))).toEqual([1, -1]);
    expect(await nested(nd.astype([0.5, 0, Number.NaN], 'bool'))).toEqual([true, false, true]);
    expect(await nested(nd.astype([true, false], 'float64'))).toEqual([1, 0]);
    expect(await nested(nd.astype([0.1], 'float32'))).toEqual([Math.fround(0.1)]);
    expect(await nested(nd.astype(nd.sum([1.5, 2.25]), 'int32'))).toBe(3);
    expect(() => nd.astype([1], 'int64' as 'int32')).toThrow(DTypeError);
  });
});

describe('functions of two arrays', () => {
  it.each(Object.entries(binary))('nd.%s', async (name, f) => {
    const column = values.map((x) => [x]);
    const expected = values.map((a) => values.map((b) => f(a, b)));
    const found = (await nested(call[name]!(column, values))) as number[][];
    for (const [i, row] of expected.entries()) expectClose(found[i], row);
    expectClose([await nested(call[name]!(nd.add(2, 1.5), -2))], [f(3.5, -2)]);
  });

  it.each(Object.entries(bits))('nd.%s', async (name, f) => {
    const [a, b] = [
      [5, -3, 12, 0],
      [1, 2, 3, 4],
    ];
    const args = [Int32Array.from(a), Int32Array.from(b)].slice(0, f.length);
    expect(await nested(call[name]!(...args))).toEqual(a.map((one, i) => f(one, b[i]!)));
    expect(() => call[name]!(...args.map(() => [0.5]))).toThrow(DTypeError);
  });

  it('wrap integers around, and give 0 where they are divided by 0', async () => {
    const bytes = Uint8Array.of(200, 100, 0);
    expect(await nested(nd.add(bytes, 100))).toEqual([44, 200, 100]);
    expect(await nested(nd.mul(Int32Array.of(2 ** 30), 2))).toEqual([-(2 ** 31)]);
    expect(await nested(nd.neg(bytes))).toEqual([56, 156, 0]);
    expect(await nested(nd.floorDivide(bytes, 0))).toEqual([0, 0, 0]);
    expect(await nested(nd.mod(Int32Array.of(7, -7), 0))).toEqual([0, 0]);
    expect(await nested(nd.mod(Int32Array.of(7, -7), -3))).toEqual([-2, -1]);
  });

  it('choose and clip', async () => {
    expect(
      await nested(
        nd.where([true, false], 1, [
          [2, 3],
          [4, 5],
        ]),
      ),
    ).toEqual([
      [1, 3],
      [1, 5],
    ]);
    expect(await nested(nd.where(nd.less(1, 2), 'x'.length, 5))).toBe(1);
    expect(await nested(nd.clip([1, 5, 9, Number.NaN], 2, 6))).toEqual([2, 5, 6, Number.NaN]);
    expect(await nested(nd.clip([1, 5, 9], null, 6))).toEqual([1, 5, 6]);
    expect(await nested(nd.clip([1, 5, 9], 2))).toEqual([2, 5, 9]);
    expect(await nested(nd.clip(7, 2, nd.add(1, 2)))).toBe(3);
    expect(() => nd.clip([1])).toThrow('both bounds are missing');
  });

  it('refuse shapes that do not broadcast, showing both', () => {
    expect(() => nd.add([[1, 2, 3]], [1, 2])).toThrow(ShapeError);
    expect(() => nd.add([[1, 2, 3]], [1, 2])).toThrow('nd.add: the shapes [1, 3] and [2] do not broadcast');
    expect(() => nd.where([true, false], [1, 2, 3], 0)).toThrow('nd.where: the shapes [2] and [3] do not broadcast');
  });

  it('refuse what is no array, and a wrong number of operands', () => {
    expect(() => nd.add([1], 'a' as never)).toThrow(ArgumentError);
    expect(() => nd.exp({} as never)).toThrow('nd.exp: an object of class Object is not an array');
    expect(() => (nd.add as unknown as (x: number) => unknown)(1)).toThrow('nd.add: takes 2 arguments, got 1');
  });
});

describe('reductions', () => {
  const x = [
    [3, -1, 2],
    [0, 4, -5],
  ];
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  const variance = (list: readonly number[], ddof = 0): number => {
    const mean = sum(list) / list.length;
    return sum(list.map((one) => (one - mean) ** 2)) / (list.length - ddof);
  };
  const reducers: Readonly<Record<string, (list: readonly number[]) => number | boolean>> = {
    sum,
    prod: (list) => list.reduce((a, b) => a * b, 1),
    mean: (list) => sum(list) / list.length,
    var: (list) => variance(list),
    std: (list) => Math.sqrt(variance(list)),
    min: (list) => Math.min(...list),
    max: (list) => Math.max(...list),
    argmin: (list) => list.indexOf(Math.min(...list)),
    argmax: (list) => list.indexOf(Math.max(...list)),
    any: (list) => list.some((one) => one !== 0),
    all: (list) => list.every((one) => one !== 0),
    norm: (list) => Math.hypot(...list),
  };

  it.each(Object.entries(reducers))('nd.%s over everything, an axis, and lists of delayed numbers', async (name, f) => {
    const columns = [0, 1, 2].map((j) => x.map((row) => row[j]!));
    expectClose([await nested(call[name]!(x))] as unknown, [f(x.flat())]);
    expectClose(await nested(call[name]!(x, { axis: 0 })), columns.map(f));
    expectClose(await nested(call[name]!(x, { axis: -1 })), x.map(f));
    const kept = call[name]!(x, { axis: 1, keepdims: true }) as LazyArray;
    expect(kept.shape).toEqual([2, 1]);
    expectClose(((await nested(kept)) as (number | boolean)[][]).flat(), x.map(f));
    expect((call[name]!(x, { keepdims: true }) as LazyArray).shape).toEqual([1, 1]);
    const list = [nd.add(1, 2), -1, nd.sub(4, 2)];
    expectClose([await nested(call[name]!(list))] as unknown, [f([3, -1, 2])]);
    // Of a delayed value whose shape is not known.
    expectClose([await nested(call[name]!(delayed(() => x)()))] as unknown, [f(x.flat())]);
  });

  it('take degrees of freedom from the count', async () => {
    expectClose([await nested(nd.var([1, 2, 4], { ddof: 1 }))] as unknown, [variance([1, 2, 4], 1)]);
    expectClose(await nested(nd.std([[1, 2, 4]], { axis: 1, ddof: 1 })), [Math.sqrt(variance([1, 2, 4], 1))]);
    expectClose([await nested(nd.var([nd.add(1, 0), 2, 4], { ddof: 1 }))] as unknown, [variance([1, 2, 4], 1)]);
  });

  it.each([
    [{ ord: 1 }, 6],
    [{ ord: Number.POSITIVE_INFINITY }, 3],
    [{ ord: Number.NEGATIVE_INFINITY }, 0],
    [{ ord: 0 }, 3],
    [{ ord: 3 }, (27 + 1 + 8) ** (1 / 3)],
    [{ ord: 2 }, Math.sqrt(14)],
  ])('measure vectors by %j', async (options, expected) => {
    expectClose([await nested(nd.norm([3, -1, 2, 0], options))] as unknown, [expected]);
    expectClose(await nested(nd.norm([[3, -1, 2, 0]], { ...options, axis: 1 })), [expected]);
  });

  it.each([
    ['fro', Math.sqrt(55)],
    [1, 7],
    [-1, 3],
    [Number.POSITIVE_INFINITY, 9],
    [Number.NEGATIVE_INFINITY, 6],
  ] as const)('measure matrices by %s', async (ord, expected) => {
    expectClose([await nested(nd.norm(x, { ord }))] as unknown, [expected]);
    expectClose(await nested(nd.norm([x], { ord, axis: [1, 2] })), [expected]);
    expect((nd.norm(x, { ord, keepdims: true }) as LazyArray).shape).toEqual([1, 1]);
  });

  it('refuse axes and options that there are not', () => {
    expect(() => nd.sum(x, { axis: 2 })).toThrow('nd.sum: axis 2 is out of range for x of shape [2, 3]');
    expect(() => nd.sum(x, { axis: [0, -2] })).toThrow('nd.sum: an axis is named twice in [0, -2]');
    expect(() => nd.sum(x, { axis: 'x' as never })).toThrow(OptionError);
    expect(() => nd.sum(x, { axes: 0 } as object)).toThrow("did you mean 'axis'?");
    expect(() => nd.sum(x, 0 as never)).toThrow('options come as one object');
    expect(() => nd.sum(x, { axis: 0, keepdims: 1 as never })).toThrow('keepdims must be true or false, not 1');
    expect(() => nd.std(x, { ddof: 'a' as never })).toThrow('ddof must be a finite number');
    expect(() => nd.sum(x, { ddof: 1 } as object)).toThrow("there is no option 'ddof'");
    expect(() => nd.argmax(x, { axis: [0] as never })).toThrow('takes one axis');
    expect(() => nd.max([])).toThrow(ShapeError);
    expect(() => nd.max([[]], { axis: 1 })).toThrow('has no elements along axis 1');
    expect(() => nd.norm(x, { ord: 2 })).toThrow(OptionError);
    expect(() => nd.norm(x, { ord: 'nuc' as never })).toThrow(OptionError);
    expect(() => nd.norm([1], { ord: 'fro' })).toThrow("'fro' is a norm of matrices");
    expect(() => nd.norm([[[1]]], { ord: 1 })).toThrow('for vectors or matrices');
  });
});

describe('arrays of unknown length', () => {
  const unknown = (): LazyArray =>
    late(
      'some',
      [asLazy([1, 2, 3, 4], 'test')],
      (x) => leaf(new NDArray(Float64Array.of(1, 2, 3), { shape: [x.size - 1], dtype: 'float64' })),
      {
        shape: [Number.NaN],
        dtype: 'float64',
      },
    );

  it('are computed with once they are there', async () => {
    const x = unknown();
    expect(isUnknown(x)).toBe(true);
    const sum = nd.add(x, nd.array([[1], [2]], { dtype: 'int32' }));
    expect([sum.shape, sum.dtype]).toEqual([[2, Number.NaN], 'float64']);
    expect(await nested(sum)).toEqual([
      [2, 3, 4],
      [3, 4, 5],
    ]);
    expect(await nested(nd.sum(nd.square(x)))).toBe(14);
    expect(await nested(nd.max(sum, { axis: 1 }))).toEqual([4, 5]);
    expect(await nested(nd.exp(nd.sub(x, x)).T)).toEqual([1, 1, 1]);
    expect(nd.add(x, [1, 2, 3]).shape).toEqual([3]);
  });

  it('fail where known lengths do not fit, and later where the unknown do not', async () => {
    const x = unknown();
    expect(() => nd.add(nd.add(x, [[1, 2, 3]]), [[1, 2]])).toThrow(ShapeError);
    await expect(runtime.compute(nd.add(x, [1, 2]))).rejects.toThrow('the shapes [3] and [2] do not broadcast');
  });
});
