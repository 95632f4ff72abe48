/** Reductions: what NumPy answers for nothing, ties, NaN and large offsets, on both bodies; and what is refused. */
import { describe, expect, it } from 'vitest';
import { allocate, type DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { ExpressionBuilder } from '../../dist/kernels/expression-builder.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines, runJs } from './harness.js';

const reduce = kernels.get('reduce')!;
const elementwise = kernels.get('elementwise')!;
const bodies = [{ build: 'js', run: runJs }, ...machines];

function identity(dtype: DType): string {
  const b = new ExpressionBuilder();
  return serialize(b.build(b.input(0, dtype)));
}

function filled(shape: readonly number[], f: (i: number) => number, dtype: DType = 'float64'): NDArray {
  return new NDArray(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
    { shape, dtype },
  );
}

const plain = (reduction: string, more: KernelParams = {}): KernelParams => ({
  expression: identity('float64'),
  reduction,
  ...more,
});

describe.each(bodies.map((body) => [body.build, body] as const))('%s', (_, { run }) => {
  const of = (x: NDArray, params: KernelParams): number[] => [...run(reduce, [x], params)[0]!.data];

  it('of nothing', () => {
    const none = filled([2, 0], () => 0);
    const axes = { axes: '[1]' };
    expect(of(none, plain('sum', axes))).toEqual([0, 0]);
    expect(of(none, plain('prod', axes))).toEqual([1, 1]);
    expect(of(none, plain('any', axes))).toEqual([0, 0]);
    expect(of(none, plain('all', axes))).toEqual([1, 1]);
    expect(of(none, plain('mean', axes))).toEqual([Number.NaN, Number.NaN]);
    expect(of(none, plain('min', { axes: '[0]' }))).toEqual([]);
  });

  it('the first of equals, and NaN before all else', () => {
    const ties = filled([40_000], (i) => (i === 20_123 || i === 39_999 ? -1 : 5));
    expect(of(ties, plain('argmin'))).toEqual([20_123]);
    expect(of(ties, plain('argmax'))).toEqual([0]);
    const holes = filled([40_000], (i) => (i === 17_001 || i === 30_000 ? Number.NaN : -i));
    for (const reduction of ['argmin', 'argmax']) expect(of(holes, plain(reduction))).toEqual([17_001]);
    for (const reduction of ['min', 'max', 'sum', 'var']) expect(of(holes, plain(reduction))).toEqual([Number.NaN]);
    const infinite = filled([100, 40], (i) => (i % 2 === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY));
    expect(of(infinite, plain('min', { axes: '[0]' }))[0]).toBe(Number.POSITIVE_INFINITY);
    expect(of(infinite, plain('max', { axes: '[0]' }))[1]).toBe(Number.NEGATIVE_INFINITY);
    expect(of(infinite, plain('max'))).toEqual([Number.POSITIVE_INFINITY]);
  });

  it.each(['[0]', '[1]', '[0,1]'])(
    'keeps the digits of small terms and of a spread beside a large mean, axes %s',
    (axes) => {
      const tenth = filled([300, 400], () => 0.1);
      const count = axes === '[0]' ? 300 : axes === '[1]' ? 400 : 120_000;
      for (const sum of of(tenth, plain('sum', { axes })))
        expect(Math.abs(sum / (0.1 * count) - 1)).toBeLessThan(1e-14);
      const far = filled([300, 400], (i) => 1e9 + ((i + Math.floor(i / 400)) % 2));
      for (const variance of of(far, plain('var', { axes }))) expect(Math.abs(variance - 0.25)).toBeLessThan(1e-6);
    },
  );

  it('ddof, and fewer values than that', () => {
    const x = filled([4], (i) => i);
    expect(of(x, plain('var', { ddof: 1 }))[0]).toBeCloseTo(5 / 3, 14);
    expect(of(x, plain('std', { ddof: 4 }))).toEqual([Number.POSITIVE_INFINITY]);
    expect(
      of(
        filled([1], () => 3),
        plain('var', { ddof: 1 }),
      ),
    ).toEqual([Number.NaN]);
  });
});

describe.each(machines.map((machine) => [machine.build, machine] as const))(
  '%s, many columns and long rows',
  (_, { run }) => {
    // Odd widths, several pieces, and rows that are no multiple of those taken at once.
    const shapes: readonly (readonly number[])[] = [
      [300, 1027],
      [8, 1025],
      [21, 4099],
      [3, 40_001],
    ];
    const cases = shapes.flatMap((shape) => ['[0]', '[1]', '[0,1]'].map((axes) => [shape, axes] as const));
    const random =
      (seed: number) =>
      (i: number): number =>
        (Math.imul(i ^ seed, 0x9e3779b1) >>> 8) % 1000;

    it.each(cases)('%j over %s', (shape, axes) => {
      for (const dtype of ['float64', 'float32', 'int32', 'uint8'] as const) {
        const isFloat = dtype.startsWith('float');
        const some = random(shape[1]!);
        for (const strange of isFloat ? ['none', 'NaN', 'infinities'] : ['none']) {
          const value = (i: number): number => {
            if (strange === 'NaN' && some(i + 7) < 1) return Number.NaN;
            if (strange === 'infinities' && some(i + 7) < 2) return some(i) < 500 ? -1 / 0 : 1 / 0;
            return some(i) % 200;
          };
          const data = allocate(dtype, sizeOf(shape));
          for (let i = 0; i < data.length; i++) data[i] = value(i);
          const x = new NDArray(data, { shape, dtype });
          for (const reduction of ['min', 'max', 'argmin', 'argmax', 'sum', 'var']) {
            const params = { expression: identity(dtype), reduction, axes };
            const [expected, found] = [runJs(reduce, [x], params)[0]!, run(reduce, [x], params)[0]!];
            if (reduction !== 'var')
              expect([...found.data], `${reduction} ${dtype} ${strange}`).toEqual([...expected.data]);
            else {
              found.data.forEach((one, i) => {
                const wanted = expected.data[i]!;
                if (Number.isNaN(wanted)) expect(one).toBeNaN();
                else expect(Math.abs(one - wanted)).toBeLessThanOrEqual((dtype === 'float32' ? 1e-5 : 1e-12) * wanted);
              });
            }
          }
        }
      }
    });
  },
);

describe('the answer’s dtype', () => {
  it.each<[string, DType, DType]>([
    ['sum', 'float32', 'float32'],
    ['sum', 'uint8', 'float64'],
    ['mean', 'float32', 'float32'],
    ['var', 'int32', 'float64'],
    ['max', 'uint8', 'uint8'],
    ['all', 'float32', 'bool'],
    ['argmax', 'float32', 'int32'],
  ])('%s of %s is %s', (reduction, from, to) => {
    const { outputs } = reduce.infer([{ dtype: from, shape: [3, 4] }], {
      expression: identity(from),
      reduction,
      axes: '[1]',
      keepdims: true,
    });
    expect(outputs).toEqual([{ dtype: to, shape: [3, 1] }]);
  });
});

describe('infer refuses', () => {
  const x = [{ dtype: 'float64' as const, shape: [3, 0] }];
  const view = { shape: [4], axes: [0], steps: [1], start: [0] };
  it.each<[string, () => unknown, string]>([
    ['the least of nothing', () => reduce.infer(x, plain('min', { axes: '[1]' })), 'min: there is none of no elements'],
    ['an axis that is not there', () => reduce.infer(x, plain('sum', { axes: '[2]' })), 'axes [2] of 2 axes'],
    ['an axis named twice', () => reduce.infer(x, plain('sum', { axes: '[1,1]' })), 'each once'],
    ['another reduction', () => reduce.infer(x, plain('median')), 'reduction "median" is none of sum'],
    [
      'argmin of two of three axes',
      () => reduce.infer([{ dtype: 'float64', shape: [2, 2, 2] }], plain('argmin', { axes: '[0,1]' })),
      'one axis or all',
    ],
    ['an unknown parameter', () => elementwise.infer(x, { expression: identity('float64'), view: '' }), "'views'"],
    ['another dtype', () => elementwise.infer(x, { expression: identity('int32') }), 'the expression reads int32'],
    ['a missing expression', () => elementwise.infer(x, {}), 'expression is missing'],
    [
      'a missing input',
      () => elementwise.infer([], { expression: identity('float64'), shape: '[2]' }),
      'reads input 0',
    ],
    [
      'a view beyond its input',
      () =>
        elementwise.infer([{ dtype: 'float64', shape: [3] }], {
          expression: identity('float64'),
          views: JSON.stringify([view]),
        }),
      'reaches beyond input float64 (3)',
    ],
    ['views that are no list', () => elementwise.infer(x, { expression: identity('float64'), views: '{}' }), 'a list'],
  ])('%s', (_, call, words) => {
    expect(call).toThrow(words);
  });
});
