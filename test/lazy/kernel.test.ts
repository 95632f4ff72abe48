/** nd.kernel: scalar functions as element-wise operations, on every device, against the functions themselves. */
import { afterAll, describe, expect, it } from 'vitest';
import { createRuntime, type Delayed, delayed, KernelSourceError, NDArray, nd } from '../../dist/index.js';
import { generator, ulps } from '../kernels/numbers.js';
import {
  compileScalar,
  functions,
  isApproximate,
  type Scalar,
  specials,
} from '../kernels/scalar-function/functions.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

/** Operands of every pair of special values, and random ones. */
function operands(): readonly [NDArray, NDArray] {
  const random = generator(3);
  const values = [...specials, ...Array.from({ length: 60 }, () => (random() - 0.5) * 10 ** Math.floor(random() * 6))];
  const pairs = values.flatMap((x) => [...specials, ...values.slice(-3)].map((y) => [x, y] as const));
  const column = (k: 0 | 1): NDArray =>
    new NDArray(
      Float64Array.from(pairs, (pair) => pair[k]),
      { shape: [pairs.length], dtype: 'float64' },
    );
  return [column(0), column(1)];
}

describe.each(['js', 'wasm'] as const)('nd.kernel on %s', (device) => {
  const [x, y] = operands();

  it.each(Object.entries(functions))('%s', async (title, text) => {
    const fn = compileScalar(text);
    const kernel = nd.kernel(title, fn as Scalar);
    const inputs = [x, y].slice(0, kernel.parameters.length);
    const result = await runtime.compute(kernel(...inputs), { device });
    expect(result.shape).toEqual([x.size]);
    // An ulp or two for each function called; sums and products of them magnify that where they cancel
    const tolerance = isApproximate(text) ? 1e-14 : 0;
    for (let i = 0; i < x.size; i++) {
      const args = inputs.map((input) => input.data[i]!);
      const expected = Number(fn(...args));
      const actual = result.data[i]!;
      if (Object.is(expected, actual) || (tolerance > 0 && ulps(expected, actual) <= 8)) continue;
      const scale = Math.max(1, Math.abs(expected), ...args.map(Math.abs));
      if (tolerance > 0 && Math.abs(expected - actual) <= tolerance * scale) continue;
      expect.fail(`f(${args.join(', ')}) is ${expected}, not ${actual}`);
    }
  });
});

describe('a scalar kernel', () => {
  const saxpy = nd.kernel('saxpy', (a: number, x: number, y: number) => a * x + y);

  it('takes delayed numbers, which leave the dtype to the arrays', async () => {
    const two = delayed(() => 2)();
    expect(await saxpy(two, 10, 1).compute()).toBe(21);
    const result = saxpy(two, Float32Array.of(1, 2), nd.add(1, 2));
    expect(result.dtype).toBe('float32');
    expect((await result.compute()).toNested()).toEqual([5, 7]);
    const list = delayed(() => [1, 2])() as unknown as Delayed<number>;
    await expect(saxpy(list, [1], 0).compute()).rejects.toThrow('saxpy: a delayed value counted as a number');
  });

  it('takes what nd.add takes, and broadcasts', async () => {
    const x = nd.array([[1], [2]]);
    const result = saxpy(10, x, Float32Array.of(1, 2, 3));
    expect([result.shape, result.dtype, result.key.startsWith('saxpy-')]).toEqual([[2, 3], 'float64', true]);
    expect((await result.compute()).toNested()).toEqual([
      [11, 12, 13],
      [21, 22, 23],
    ]);
    expect(() => saxpy(1, nd.zeros([2]), nd.zeros([3]))).toThrow(/saxpy: the shapes .*\[2\].*\[3\].* do not broadcast/);
  });

  it('computes in float32 when all arrays are float32, else in float64', async () => {
    const third = nd.kernel('third', (x) => x / 3);
    const dtypes = ['float64', 'float32', 'int32', 'uint32', 'uint8', 'bool'] as const;
    const results = dtypes.map((dtype) => third(nd.ones([1], { dtype })));
    expect(results.map(({ dtype }) => dtype)).toEqual(dtypes.map((one) => (one === 'float32' ? one : 'float64')));
    const values = (await runtime.compute(results)) as NDArray[];
    expect(values.map((value) => value.get(0))).toEqual([1 / 3, Math.fround(1 / 3), 1 / 3, 1 / 3, 1 / 3, 1 / 3]);
    const add = nd.kernel('add', (x, y) => x + y);
    const single = nd.ones([2], { dtype: 'float32' });
    expect([add(single, 1).dtype, add(single, nd.ones([2])).dtype, add(1, 2).dtype]).toEqual([
      'float32',
      'float64',
      'float64',
    ]);
  });

  it('answers booleans, or the dtype that it is asked for', async () => {
    expect(nd.kernel('positive', (x) => x > 0)([1, -1]).dtype).toBe('bool');
    const whole = nd.kernel('whole', (x) => x * 2, { dtype: 'int32' })([1.3, -1.3]);
    expect([whole.dtype, (await whole.compute()).toNested()]).toEqual(['int32', [2, -2]]);
    const flag = nd.kernel('flag', (x) => x, { dtype: 'bool' })([0, 2]);
    expect((await flag.compute()).toNested()).toEqual([false, true]);
  });

  it('is one task for equal calls, another for another function of the name', () => {
    const x = nd.array([1, 2]);
    const make = (text: string) => nd.kernel('same', compileScalar(text) as Scalar);
    expect(make('(x) => x + 1')(x).key).toBe(make('(t) => { const one = 1; return t + one; }')(x).key);
    expect(make('(x) => x + 1')(x).key).not.toBe(make('(x) => x + 2')(x).key);
  });

  it('finds numbers, booleans and functions around it, as they are when it is made', async () => {
    const constants = { rate: 0.5, deeper: { rate: 1 } };
    let count = 2;
    const isOn = true;
    const half = (t: number) => t * constants.rate;
    function twice(t: number): number {
      return half(t) * 4;
    }
    const kernel = nd.kernel('around', (x) => (isOn ? twice(x) + count * constants.rate : 0));
    count = 100;
    expect((await kernel([1, 2]).compute()).toNested()).toEqual([3, 5]);
    expect(count).toBe(100);
    const table = [1, 2, 3];
    const bad = () => nd.kernel('bad', (x) => x + table[0]!);
    expect(bad).toThrow(KernelSourceError);
    expect(() => nd.kernel('bad', (x) => x + Number(table))).toThrow(/'table', which is of class Array, from outside/);
    expect(() => nd.kernel('bad', (x) => x * constants.deeper.rate)).toThrow(/a property cannot be part of a kernel/);
  });

  it('may be a method', async () => {
    class Model {
      static square(x: number): number {
        return x * x;
      }
      cube(x: number): number {
        return x * x * x;
      }
    }
    const { square } = Model;
    const { cube } = new Model();
    expect(await runtime.compute([nd.kernel('square', square)(3), nd.kernel('cube', cube)(3)])).toEqual([9, 27]);
  });

  it('refuses what it cannot take', () => {
    const call = saxpy as (...args: unknown[]) => unknown;
    expect(() => call(1, 2)).toThrow('saxpy: 2 arguments given; the kernel takes 3: a, x, y');
    expect(() => call(1, 2, 'x')).toThrow('saxpy: the string "x" is not an array');
    expect(() => nd.kernel('', (x) => x)).toThrow('the first argument is its name');
    expect(() => nd.kernel('f', 1 as never)).toThrow("nd.kernel('f'): the second argument is a function");
    expect(() => nd.kernel('f', (x) => x, { dType: 'float32' } as never)).toThrow(
      "no option 'dType'; did you mean 'dtype'?",
    );
    expect(() => nd.kernel('f', (x) => x, { dtype: 'float16' as never })).toThrow("nd.kernel('f'): dtype");
    expect(() => nd.kernel('f', Math.exp)).toThrow('native or bound');
  });
});
