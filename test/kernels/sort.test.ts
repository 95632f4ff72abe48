/**
 * Long lines of the radix sort, one for each of its ways: insertion that stays short, stretches that are merge-sorted,
 * keys whose low bits do not fit beside the index, digits that are constant, lines that are sorted already.
 */
import { describe, expect, it } from 'vitest';
import { allocate, type DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines, runJs } from './harness.js';
import { generator } from './numbers.js';

type Draw = (random: () => number, i: number) => number;

const distributions: Readonly<Record<string, Draw>> = {
  uniform: (random) => random() - 0.5,
  'wide range': (random) => (random() < 0.5 ? -1 : 1) * Math.exp(80 * (random() - 0.5)),
  'few values': (random) => Math.floor(random() * 1000) / 7,
  'two heaps that differ in low bits': (random) => (random() < 0.5 ? 1 + random() * 1e-9 : -1e5 - random() * 1e-7),
  'a heap that the sample hardly meets': (random) => (random() < 0.004 ? 1 + random() * 1e-10 : 1e3 * random()),
  'a heap backwards': (random, i) => (i % 2 === 0 ? 1e3 * random() : i < 2000 ? 1 - i * 2e-16 : random()),
  ascending: (_, i) => i,
  descending: (_, i) => -i,
  constant: () => 3,
  'nothing but NaN': () => Number.NaN,
  'many NaNs': (random) => (random() < 0.4 ? Number.NaN : random()),
  zeros: (random) => (random() < 0.3 ? -0 : random() < 0.5 ? 0 : 1),
  'ends alone': (random, i) => (i === 0 ? 1e300 : i === 1 ? -1e300 : 1 + random()),
};

function line(draw: Draw, dtype: DType, n: number): NDArray {
  const random = generator(n);
  const data = allocate(dtype, n);
  const scale = dtype === 'float64' || dtype === 'float32' ? 1 : 2e4;
  for (let i = 0; i < n; i++) data[i] = draw(random, i) * scale;
  return new NDArray(data, { shape: [n], dtype });
}

const equal = (a: number, b: number): boolean => a === b || Object.is(a, b);

describe.each(machines.map((machine) => [machine.build, machine] as const))('%s', (_build, machine) => {
  describe.each(Object.keys(distributions))('%s', (name) => {
    it.each([
      ['float64', 100_003],
      ['float64', 20_000],
      ['float64', 300],
      ['float32', 66_000],
      ['int32', 66_000],
      ['uint32', 5000],
    ] as const)('%s %d: sort, argsort, unique and medians', (dtype, n) => {
      const x = line(distributions[name]!, dtype, n);
      for (const kernel of ['sort', 'argsort', 'unique'] as const) {
        const expected = runJs(kernels.get(kernel)!, [x], {});
        const actual = machine.run(kernels.get(kernel)!, [x], {});
        expected.forEach((output, which) => {
          const found = actual[which]!.data;
          const wrong = output.data.findIndex((value, i) => !equal(value, found[i]!));
          expect(wrong, `${kernel}, output ${which}: ${found[wrong]} instead of ${output.data[wrong]}`).toBe(-1);
        });
      }
      const q = new NDArray(Float64Array.of(0.5, 0, 1, 0.001), { shape: [4], dtype: 'float64' });
      for (const method of ['median', 'linear', 'nearest']) {
        const [expected] = runJs(kernels.get('quantile')!, [x, q], { method });
        const [actual] = machine.run(kernels.get('quantile')!, [x, q], { method });
        expect([...actual!.data].map((value) => value + 0)).toEqual([...expected!.data].map((value) => value + 0));
      }
    });
  });
});

describe('infer', () => {
  const spec = (dtype: DType, ...shape: number[]) => ({ dtype, shape });
  const infer = (name: string, inputs: ReturnType<typeof spec>[], params: Record<string, number | string | boolean>) =>
    kernels.get(name)!.infer(inputs, params).outputs;
  const x = spec('float32', 2, 3);

  it('tells what comes out', () => {
    expect(infer('sort', [x], { axis: 0 })).toEqual([x]);
    expect(infer('sort', [x], {})).toEqual([spec('float32', 6)]);
    expect(infer('argsort', [x], { axis: 1 })).toEqual([spec('int32', 2, 3)]);
    expect(infer('unique', [x], { inverse: true, counts: true })).toEqual([
      spec('float32', 6),
      spec('int32'),
      spec('int32', 2, 3),
      spec('int32', 6),
    ]);
    expect(infer('cumsum', [spec('uint8', 4)], {})).toEqual([spec('float64', 4)]);
    expect(infer('quantile', [x, spec('float64', 5)], { axes: '1', keepdims: true })).toEqual([
      spec('float32', 5, 2, 1),
    ]);
  });

  it.each([
    ['sort', [x], { axis: 2 }, 'sort: axis 2 does not exist in x float32 (2, 3)'],
    ['argsort', [x], { axes: 0 }, "argsort: there is no parameter 'axes' (did you mean 'axis'?)"],
    ['unique', [x], { counts: 1 }, 'unique: counts must be true or false, not 1'],
    ['searchsorted', [x, x], {}, 'searchsorted: sorted must be a vector, not float32 (2, 3)'],
    ['bincount', [x], { length: 2 }, 'bincount: x must be a vector, not float32 (2, 3)'],
    ['bincount', [spec('int32', 2), spec('float64', 3)], { length: 2 }, 'weights is float64 (3), expected shape (2)'],
    ['bincount', [spec('int32', 2)], { length: -2 }, 'bincount: length must be a whole number ≥ 0, not -2'],
    ['cumprod', [x], { axis: -1 }, 'cumprod: axis -1 does not exist in x float32 (2, 3)'],
    ['quantile', [x, x], {}, 'quantile: q is float32 (2, 3); its dtype must be float64'],
    [
      'quantile',
      [x, spec('float64')],
      { axes: '1,0' },
      "quantile: axes '1,0' are not ascending axes of x float32 (2, 3)",
    ],
    ['quantile', [x, spec('float64')], { method: 'mode' }, 'quantile: there is no method mode; use linear'],
    ['quantile', [spec('float64', 0), spec('float64')], {}, 'there are no elements along axis 0'],
  ] as const)('%s refuses %j %j', (name, inputs, params, message) => {
    expect(() => infer(name, [...inputs], params)).toThrow(message);
  });
});
