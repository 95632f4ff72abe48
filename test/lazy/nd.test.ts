/** Lazy arrays and arithmetic, evaluated by the smallest evaluator there is. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { installHooks } from '../../dist/graph/hooks.js';
import { LazyArray, nd } from '../../dist/lazy/index.js';
import { evaluate, taskOf } from '../support/evaluate.js';

// What is decided late is computed by the same evaluator.
installHooks({ compute: (target) => evaluate(target) });

async function nested(value: unknown): Promise<unknown> {
  const result = await evaluate(value);
  return result instanceof NDArray ? result.toNested() : result;
}

interface Spacing {
  readonly linspace?: [number, number, number];
  readonly arange?: [number, number, number];
  readonly logspace?: [number, number, number];
  readonly values: readonly number[];
}

const { cases } = JSON.parse(readFileSync(new URL('../references/spacing.json', import.meta.url), 'utf8')) as {
  cases: Spacing[];
};

describe('making arrays', () => {
  it('takes lists of typed arrays and NDArrays, in its types too', async () => {
    const rows = nd.array([Float64Array.of(1, 2), Int32Array.of(3, 4)]);
    expect(await nested(rows)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const row = NDArray.zeros([2]);
    expect(nd.add([[row], [[5, 6]]], 1).shape).toEqual([2, 1, 2]);
  });

  it('knows shape and dtype without computing', () => {
    const array = nd.array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(array).toBeInstanceOf(LazyArray);
    expect([array.shape, array.dtype, array.ndim, array.size, array.nbytes]).toEqual([[2, 3], 'float64', 2, 6, 48]);
    expect(array.chunks).toBeNull();
    expect(nd.array([1, 2], { dtype: 'int32' }).nbytes).toBe(8);
    expect(nd.array(Float64Array.of(1, 2, 3, 4), { shape: [2, 2] }).shape).toEqual([2, 2]);
  });

  it('is no promise, and shows what it is', () => {
    const array = nd.zeros([2]);
    expect('then' in array).toBe(false);
    expect(array.toString()).toContain('of shape [2], float64, not computed yet');
  });

  it('fills', async () => {
    expect(await nested(nd.zeros([2, 2]))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(await nested(nd.ones(3, { dtype: 'int32' }))).toEqual([1, 1, 1]);
    expect(await nested(nd.full([1, 2], 7))).toEqual([[7, 7]]);
    expect(await nested(nd.eye(2, 3))).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });

  it.each(cases)('spaces numbers as NumPy does: %j', async ({ linspace, arange, logspace, values }) => {
    const array = linspace ? nd.linspace(...linspace) : arange ? nd.arange(...arange) : nd.logspace(...logspace!);
    const found = (await nested(array)) as number[];
    expect(found.length).toBe(values.length);
    // Bit for bit; NumPy's and V8's powers may differ in the last bit.
    const slack = logspace ? 4e-16 : 0;
    for (const [i, value] of values.entries()) {
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(slack * Math.abs(value));
    }
  });

  it('refuses what cannot be', () => {
    expect(() => nd.zeros([-1])).toThrow(ShapeError);
    expect(() => nd.full([2], 0, { dtype: 'int64' as 'int32' })).toThrow(DTypeError);
    expect(() => nd.zeros([2], { type: 'int32' } as object)).toThrow(OptionError);
    expect(() => nd.arange(0, 1, 0)).toThrow('the step is 0');
    expect(() => nd.linspace(0, Number.NaN)).toThrow(ArgumentError);
    expect(() => nd.linspace(0, 1, 2.5)).toThrow(ArgumentError);
    expect(() => nd.array([[1], [2, 3]])).toThrow('nd.array: the nested array is ragged');
  });
});

describe('keys', () => {
  it('are equal for equal calls on equal content, and only then', () => {
    const a = () => nd.array([1, 2, 3]);
    expect(a().key).toBe(a().key);
    expect(nd.array([1, 2, 4]).key).not.toBe(a().key);
    expect(nd.array([[1, 2, 3]]).key).not.toBe(a().key);
    expect(nd.array([1, 2, 3], { dtype: 'float32' }).key).not.toBe(a().key);
    expect(nd.take(a(), [0, 1]).key).toBe(nd.take([1, 2, 3], Int32Array.of(0, 1)).key);
    expect(nd.take(a(), [1, 0]).key).not.toBe(nd.take(a(), [0, 1]).key);
    expect(nd.add(a(), 1).key).toBe(nd.add([1, 2, 3], 1).key);
    expect(nd.add(a(), 1).key).not.toBe(nd.sub(a(), 1).key);
    expect(nd.zeros([2]).key).toBe(nd.zeros([2]).key);
  });

  it('of strided arrays go by what they show', () => {
    const square = new NDArray(Float64Array.of(1, 3, 2, 4), { shape: [2, 2], strides: [1, 2], dtype: 'float64' });
    const plain = nd.array([
      [1, 2],
      [3, 4],
    ]);
    expect(nd.array(square).key).toBe(plain.key);
  });

  it('let equal calls run once', async () => {
    const counted = { ran: new Map<string, number>() };
    const product = () => nd.matmul(nd.array([[2]]), nd.array([[3]]));
    expect(await evaluate([nd.sum(product()), nd.sum(product())], counted)).toEqual([6, 6]);
    expect(counted.ran.get('matmul')).toBe(1);
    expect(counted.ran.get('sum')).toBe(1);
  });
});

describe('kernel calls', () => {
  it('multiply matrices, and fail at once when they do not fit', async () => {
    const product = nd.matmul(
      [
        [1, 2],
        [3, 4],
      ],
      [[1], [10]],
    );
    expect(product.shape).toEqual([2, 1]);
    expect(await nested(product)).toEqual([[21], [43]]);
    expect(() => nd.matmul([[1, 2]], [[1, 2]])).toThrow(ShapeError);
  });

  it('take rows, and rows of rows as one task', async () => {
    const x = nd.array([[0], [10], [20], [30]]);
    const rows = nd.take(nd.take(x, [3, -3, 0]), [1, 0, 0]);
    expect(await nested(rows)).toEqual([[10], [30], [30]]);
    expect(taskOf(rows).deps[0]?.key).toBe(x.key);
    expect(await nested(nd.take(x, nd.array([2, 0], { dtype: 'int32' })))).toEqual([[20], [0]]);
  });

  it('refuse rows that do not exist', async () => {
    expect(() => nd.take([1, 2, 3], [3])).toThrow('nd.take: index 3 is outside the axis, which has length 3');
    expect(() => nd.take([1, 2, 3], [-4])).toThrow(ArgumentError);
    expect(() => nd.take([1, 2, 3], [0.5])).toThrow(DTypeError);
    expect(await nested(nd.take([1, 2, 3], [[0]]))).toEqual([[1]]);
    expect(() => nd.take(nd.array(1), [0])).toThrow(ShapeError);
  });
});

describe('arithmetic', () => {
  it('on numbers, there or delayed, gives delayed numbers', async () => {
    const three = delayed((n: number) => n)(3);
    expect(await evaluate(nd.add(1, 2))).toBe(3);
    expect(await evaluate(nd.div(nd.sub(three, 1), 4))).toBe(0.5);
    expect(await evaluate(nd.neg(nd.pow(three, 2)))).toBe(-9);
    // A zero has the divisor's sign, as NumPy's has.
    expect(await evaluate([nd.mod(-7, 3), nd.mod(7, -3), nd.mod(-6, 3), nd.mod(6, -3)])).toEqual([2, -2, 0, -0]);
    expect(await evaluate([nd.sqrt(9), nd.exp(0), nd.log(1), nd.abs(-2), nd.square(three)])).toEqual([3, 1, 0, 2, 9]);
    expect(await evaluate([nd.maximum(1, Number.NaN), nd.minimum(1, 2)])).toEqual([Number.NaN, 1]);
    expect(await evaluate([nd.pow(1, Number.NaN), nd.pow(-1, Number.POSITIVE_INFINITY)])).toEqual([1, 1]);
  });

  it('broadcasts arrays, with the shape known before', async () => {
    const sum = nd.add([[1], [2]], [10, 20, 30]);
    expect(sum.shape).toEqual([2, 3]);
    expect(await nested(sum)).toEqual([
      [11, 21, 31],
      [12, 22, 32],
    ]);
    expect(() => nd.add([1, 2], [1, 2, 3])).toThrow(ShapeError);
  });

  it('keeps dtypes as NumPy does', async () => {
    const ints = nd.array([5, 7], { dtype: 'int32' });
    const floats = nd.array([1, 2], { dtype: 'float32' });
    expect(nd.add(ints, 1).dtype).toBe('int32');
    expect(nd.add(ints, 0.5).dtype).toBe('float64');
    expect(nd.div(ints, 2).dtype).toBe('float64');
    expect(nd.mul(floats, 0.1).dtype).toBe('float32');
    expect(nd.mul(floats, ints).dtype).toBe('float64');
    expect(nd.sqrt(ints).dtype).toBe('float64');
    expect(nd.add(nd.array([true, true]), nd.array([true, false])).dtype).toBe('bool');
    for (const array of [nd.add(ints, 1), nd.add(ints, 0.5), nd.mul(floats, 0.1), nd.div(ints, 2)]) {
      expect((await evaluate<NDArray>(array)).dtype).toBe(array.dtype);
    }
    const delayedNumber = delayed((n: number) => n)(1);
    const withDelayed = nd.add(ints, delayedNumber);
    expect(withDelayed.dtype).toBe('float64');
    expect((await evaluate<NDArray>(withDelayed)).dtype).toBe('float64');
  });

  it('sums and averages over axes', async () => {
    const x = nd.array([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ]);
    expect(await evaluate(nd.sum(x))).toBe(36);
    expect(await evaluate(nd.mean(x))).toBe(4.5);
    const over = nd.sum(x, { axis: [0, -1] });
    expect(over.shape).toEqual([2]);
    expect(await nested(over)).toEqual([14, 22]);
    const kept = nd.mean(x, { axis: 1, keepdims: true });
    expect(kept.shape).toEqual([2, 1, 2]);
    expect(await nested(kept)).toEqual([[[2, 3]], [[6, 7]]]);
    expect(() => nd.sum(x, { axis: 3 })).toThrow('axis 3 is out of range');
    expect(() => nd.sum(x, { axis: [1, -2] })).toThrow('named twice');
    expect(() => nd.sum(x, { axes: 1 } as object)).toThrow(OptionError);
  });

  it('sums lists with delayed numbers inside', async () => {
    const one = delayed((n: number) => n)(1);
    expect(await evaluate(nd.sum([one, 2, nd.add(one, 2)]))).toBe(6);
    expect(await evaluate(nd.mean([one, one]))).toBe(1);
  });

  it('sums pairwise', async () => {
    const n = 1 << 16;
    const tenths = new NDArray(new Float64Array(n).fill(0.1), { shape: [n], dtype: 'float64' });
    const total = await evaluate<number>(nd.sum(tenths));
    expect(Math.abs(total - n * 0.1)).toBeLessThan(n * 0.1 * 16 * 2 ** -53);
  });

  it('agrees with JavaScript on any numbers', async () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 6 }), async (pairs) => {
        const a = pairs.map(([left]) => left);
        const b = pairs.map(([, right]) => right);
        const found = await nested(nd.expr`${a} * ${b} - ${a} / 2`);
        expect(found).toEqual(pairs.map(([left, right]) => left * right - left / 2));
      }),
      { numRuns: 50 },
    );
  });
});

describe('nd.expr', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ** 3 ** 2', 512],
    ['-2 ** 2', -4],
    ['2 ** -1', 0.5],
    ['7 % 4 / 3', 1],
    ['10 - 4 - 3', 3],
    ['1 - -2', 3],
    ['1.5e2 + .5', 150.5],
    ['+3', 3],
    ['maximum(1, sqrt(16)) + abs(-1)', 5],
  ])('%s is %d', async (text, value) => {
    expect(await evaluate(nd.expr(Object.assign([text], { raw: [text] })))).toBe(value);
  });

  it('takes delayed values and arrays as one task', async () => {
    const [a, b] = [delayed((n: number) => n)(5), 3];
    expect(await evaluate(nd.expr`(${a} + ${b}) / ${4}`)).toBe(2);
    const x = nd.array([1, 2, 3]);
    const scaled = nd.expr`(${x} - ${2}) / ${a}`;
    expect(scaled.shape).toEqual([3]);
    expect(await nested(scaled)).toEqual([-0.2, 0, 0.2]);
    expect(taskOf(scaled).deps.map((dep) => dep.key)).toContain(x.key);
    expect(() => nd.expr`${x} + ${[1, 2]}`).toThrow(ShapeError);
  });

  it.each([
    [['1 +'], 'nd.expr: expected a value, found the end, at character 4 of `1 +`'],
    [['1 2'], "expected an operator, found '2', at character 3"],
    [['(1 + 2'], "expected ')', found the end"],
    [['1 ? 2'], "'?' is not part of an expression, at character 3"],
    [['foo + 1'], "'foo' is not a function here"],
    [['1 + ) 2'], "found ')', at character 5"],
    [['', ' ', ''], 'expected an operator, found a value, at character 6'],
    [['sqrt(1, 2)'], "expected ')', found ','"],
    [[''], 'expected a value, found the end, at character 1'],
  ])('names the place of a mistake in %j', (texts, message) => {
    const strings = Object.assign([...texts], { raw: texts });
    const values = texts.slice(1).map(() => 1);
    expect(() => nd.expr(strings, ...values)).toThrow(ArgumentError);
    expect(() => nd.expr(strings, ...values)).toThrow(message);
  });
});

describe('delayed values of unknown shape', () => {
  const load = delayed(() => new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2], dtype: 'float64' }));

  it('are refused by kernels until their shape is said', async () => {
    expect(() => nd.matmul(load() as unknown as number, [[1]])).toThrow('say it with nd.fromDelayed');
    const known = nd.fromDelayed(load(), { shape: [2, 2] });
    expect(await nested(nd.matmul(known, nd.eye(2)))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('are checked when they are there', async () => {
    await expect(evaluate(nd.fromDelayed(load(), { shape: [4] }))).rejects.toThrow(
      'the shape was said to be [4] and is [2, 2]',
    );
    expect(() => nd.fromDelayed(load(), {} as { shape: number[] })).toThrow(ArgumentError);
  });

  it('count as numbers beside an array of known shape, and are refused when they are none', async () => {
    const shifted = nd.sub([1, 2], delayed(() => 1)());
    expect(shifted.shape).toEqual([2]);
    expect(await nested(shifted)).toEqual([0, 1]);
    const wrong = nd.add([1, 2], load() as unknown as number);
    await expect(evaluate(wrong)).rejects.toThrow('say its shape with nd.fromDelayed');
  });

  it('take part in arithmetic', async () => {
    expect(await nested(nd.add(load(), 1))).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(await evaluate(nd.sum(load()))).toBe(10);
  });
});
