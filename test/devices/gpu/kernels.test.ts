/** Kernels on the GPU against exact values and the reference: functions, products that are added, contractions, scans. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate, type DType } from '../../../dist/array/dtype.js';
import { NDArray } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import type { GpuDevice } from '../../../dist/devices/gpu/device.js';
import { openGpu } from '../../../dist/devices/gpu/open.js';
import { assemble, assembleParams } from '../../../dist/kernels/assemble.js';
import { contract, contractionParams } from '../../../dist/kernels/contraction.js';
import type { Contraction } from '../../../dist/kernels/contraction-form.js';
import { squaredDistances } from '../../../dist/kernels/distances.js';
import { elementwise } from '../../../dist/kernels/elementwise.js';
import type { BinaryOperation, UnaryOperation } from '../../../dist/kernels/expression.js';
import { ExpressionBuilder } from '../../../dist/kernels/expression-builder.js';
import { serialize } from '../../../dist/kernels/expression-text.js';
import { matmulAdd } from '../../../dist/kernels/matmul-add.js';
import type { Piece } from '../../../dist/kernels/piece.js';
import { randomNormal } from '../../../dist/kernels/random.js';
import { cumprod, cumsum } from '../../../dist/kernels/scan.js';
import { noGpu } from '../../support/software-gpu.js';
import { EPS32, error, floats, noise, run } from './support.js';

const f32 = Math.fround;

function unary(name: UnaryOperation): { readonly expression: string } {
  const builder = new ExpressionBuilder();
  return { expression: serialize(builder.build(builder.unary(name, builder.input(0, 'float32')))) };
}

function binary(name: BinaryOperation): { readonly expression: string } {
  const builder = new ExpressionBuilder();
  const [a, b] = [builder.input(0, 'float32'), builder.input(1, 'float32')];
  return { expression: serialize(builder.build(builder.binary(name, a, b))) };
}

/** The largest relative error, in units of float32's ε. */
function ulps(expected: (i: number) => number, actual: NDArray): number {
  let worst = 0;
  for (let i = 0; i < actual.size; i++) {
    const exact = expected(i);
    worst = Math.max(worst, Math.abs(actual.data[i]! - exact) / Math.max(2 ** -126, Math.abs(exact)));
  }
  return worst / EPS32;
}

const same = (a: number, b: number): boolean => Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b));

/** What functions of floats have to be told apart. */
const special = [0, -0, 1, -1, 0.5, -2, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e30, -1e30];

describe.skipIf(noGpu !== undefined)(
  `gpu kernels${noGpu === undefined ? '' : `: ${noGpu}`}`,
  { timeout: 60_000 },
  () => {
    let device: GpuDevice;
    beforeAll(async () => {
      device = await openGpu({ productTile: 6 });
    }, 60_000);
    afterAll(() => device.close());

    describe('float64', () => {
      /** What rounding to float32 and cutting off to integers have to tell apart, and numbers of every size. */
      const hard = [
        ...special,
        ...[1, 1.5, 2 - 2 ** -52, 1 + 2 ** -24, 1 + 3 * 2 ** -24, 1 + 2 ** -24 + 2 ** -52, 1 - 2 ** -25].flatMap((m) =>
          [-1074, -151, -150, -149, -140, -127, -126, -1, 0, 20, 21, 31, 32, 52, 53, 83, 84, 127, 128].flatMap((e) => [
            m * 2 ** e,
            -m * 2 ** e,
          ]),
        ),
        ...Array.from({ length: 500 }, (_, i) => noise(i) * 2 ** (((i * 37) % 300) - 150)),
        ...Array.from({ length: 200 }, (_, i) => noise(i) * 2 ** ((i * 37) % 40)),
        2 ** 31,
        -(2 ** 31) - 1,
        4294967295.5,
        5e-324,
        Number.MAX_VALUE,
        3.4028235677973366e38,
        3.4028235677973362e38,
      ];
      const cast = (from: DType, to: DType): { readonly expression: string } => {
        const builder = new ExpressionBuilder();
        return { expression: serialize(builder.build(builder.cast(builder.input(0, from), to))) };
      };
      const arrayOf = (dtype: DType, values: readonly number[]): NDArray => {
        const data = allocate(dtype, values.length);
        data.set(dtype === 'bool' ? values.map((value) => Number(value !== 0)) : values);
        return new NDArray(data, { shape: [values.length], dtype });
      };

      const others = ['float32', 'int32', 'uint32', 'uint8', 'bool'] as const;
      it.each(others)('becomes %s as elsewhere, to the bit', async (dtype) => {
        const x = arrayOf('float64', hard);
        const [expected] = runJs(elementwise, [x], cast('float64', dtype));
        const actual = await run(device, elementwise, cast('float64', dtype), [x]);
        expect(Array.from(actual.data).findIndex((value, i) => !same(value, expected!.data[i]!))).toBe(-1);
      });

      it.each(others)('is made of %s, to the bit', async (dtype) => {
        const x = arrayOf(dtype, [...hard, 2 ** -149, -3 * 2 ** -149, 2 ** -127, 1 - 2 ** -24]);
        const [expected] = runJs(elementwise, [x], cast(dtype, 'float64'));
        const actual = await run(device, elementwise, cast(dtype, 'float64'), [x]);
        expect(actual.dtype).toBe('float64');
        expect(Array.from(actual.data).findIndex((value, i) => !same(value, expected!.data[i]!))).toBe(-1);
      });

      it('is moved and chosen between, whatever it is', async () => {
        const builder = new ExpressionBuilder();
        const [mask, x] = [builder.input(0, 'bool'), builder.input(1, 'float64')];
        const chosen = builder.where(mask, x, builder.constant(0.1, 'float64'));
        const params = { expression: serialize(builder.build(chosen)) };
        const inputs = [
          arrayOf(
            'bool',
            hard.map((_, i) => i % 3),
          ),
          arrayOf('float64', hard),
        ];
        const [expected] = runJs(elementwise, inputs, params);
        const actual = await run(device, elementwise, params, inputs);
        expect(Array.from(actual.data).findIndex((value, i) => !same(value, expected!.data[i]!))).toBe(-1);
      });

      it('is not computed with', () => {
        const builder = new ExpressionBuilder();
        const x = builder.input(0, 'float64');
        for (const value of [builder.unary('neg', x), builder.binary('add', x, x), builder.binary('less', x, x)]) {
          const params = { expression: serialize(builder.build(value)) };
          expect(device.can(elementwise, [arrayOf('float64', hard), arrayOf('float64', hard)], params)).toBe(false);
        }
      });
    });

    const functions: readonly [UnaryOperation, (x: number) => number, number, number, number][] = [
      ['tan', Math.tan, -100, 100, 8],
      ['asin', Math.asin, -1, 1, 4],
      ['acos', Math.acos, -1, 1, 4],
      ['atan', Math.atan, -30, 30, 4],
      ['asinh', Math.asinh, -1e4, 1e4, 8],
      ['asinh', Math.asinh, -1, 1, 8],
      ['acosh', Math.acosh, 1, 1.5, 8],
      ['acosh', Math.acosh, 1, 1e5, 8],
      ['atanh', Math.atanh, -1, 1, 8],
      ['cbrt', Math.cbrt, -1e6, 1e6, 4],
    ];
    it.each(functions)('%s is as exact as float32 allows', async (name, f, from, to, most) => {
      const x = floats([2000], (i) => from + ((to - from) * (i + 0.5)) / 2000);
      const actual = await run(device, elementwise, unary(name), [x]);
      expect(ulps((i) => f(x.data[i]!), actual)).toBeLessThan(most);
      const ends = floats([special.length], (i) => special[i]!);
      const [expected] = runJs(elementwise, [ends], unary(name));
      const edges = await run(device, elementwise, unary(name), [ends]);
      for (let i = 0; i < special.length; i++) {
        const [a, b] = [expected!.data[i]!, edges.data[i]!];
        // of 1e30 the tangent may be anything that the reduction's last bits make of it
        const isClose = Math.abs(a - b) <= most * EPS32 * Math.abs(a);
        expect(same(a, b) || (isClose && Math.sign(a) === Math.sign(b)), `${name}(${special[i]}) ${a} ${b}`).toBe(true);
      }
    });

    const pairs: readonly [BinaryOperation, (a: number, b: number) => number, number][] = [
      ['atan2', Math.atan2, 6],
      ['hypot', Math.hypot, 4],
      ['remainder', (a, b) => a % b, 0],
      ['mod', (a, b) => (a % b === 0 || a % b < 0 === b < 0 ? a % b : f32((a % b) + b)), 0],
      ['floorDivide', (a, b) => Math.floor(a / b), 4],
    ];
    it.each(pairs)('%s too, of numbers far apart', async (name, f, most) => {
      const scale = (i: number): number => 2 ** (((i * 7919) % 41) - 20);
      const a = floats([3000], (i) => noise(i) * scale(i));
      const b = floats([3000], (i) => (noise(i + 11) + (noise(i + 11) < 0 ? -0.01 : 0.01)) * scale(i + 3));
      const actual = await run(device, elementwise, binary(name), [a, b]);
      expect(ulps((i) => f(a.data[i]!, b.data[i]!), actual)).toBeLessThanOrEqual(most);
      const n = special.length;
      const [x, y] = [floats([n, n], (i) => special[Math.floor(i / n)]!), floats([n, n], (i) => special[i % n]!)];
      const [expected] = runJs(elementwise, [x, y], binary(name));
      const edges = await run(device, elementwise, binary(name), [x, y]);
      for (let i = 0; i < n * n; i++) {
        const [p, q] = [expected!.data[i]!, edges.data[i]!];
        const isClose = Math.abs(p - q) <= most * EPS32 * Math.abs(p) && Math.sign(p) === Math.sign(q);
        expect(same(p, q) || isClose, `${name}(${x.data[i]}, ${y.data[i]}): ${p}, ${q}`).toBe(true);
      }
    });

    it('distances are made in parts where they are larger than a binding', async () => {
      for (const [n, m, d] of [
        [300, 3, 5],
        [130, 2, 60],
        [200, 40, 4],
      ] as const) {
        // 64 rows of x, or of the distances
        const small = await openGpu({ productTile: 6, maxBinding: 64 * 4 * Math.max(m, d) });
        try {
          const [x, y] = [floats([n, d], noise), floats([m, d], (i) => noise(i + 1))];
          const [expected] = runJs(squaredDistances, [x, y], {});
          const actual = await run(small, squaredDistances, {}, [x, y]);
          expect(error(expected!, actual)).toBeLessThanOrEqual(8 * d * EPS32);
        } finally {
          await small.close();
        }
      }
      const own = await openGpu({ productTile: 6, maxBinding: 64 * 70 * 4 });
      try {
        const x = floats([70, 6], noise);
        const [expected] = runJs(squaredDistances, [x], {});
        const actual = await run(own, squaredDistances, {}, [x]);
        expect(error(expected!, actual)).toBeLessThanOrEqual(8 * 6 * EPS32);
        for (let i = 0; i < 70; i++) expect(actual.data[i * 71]).toBe(0);
      } finally {
        await own.close();
      }
    });

    it('powers are as exact as float32 allows, wherever they lead', async () => {
      // near one with large exponents, small and large bases, roots, negative bases, results near the ends of the range
      const bases = [
        ...[1e-7, 1e-4, 0.01, 0.2].flatMap((d) => [1 + d, 1 - d]),
        ...[0.1, 0.5, Math.SQRT1_2, Math.SQRT2, 2, 3, 10, 1e10, 1e30, 1e-10, 1e-30, 3e38, 1.2e-38, 1e-42],
        ...[-1, -2, -0.5, -3.5, -1e20],
      ];
      const exponents = [
        ...[1, 2, 3, 7, 15, 64, 126, 0.5, 1 / 3, 0.1, 1e-3, 1e-20, 12.345],
        ...[1e3, 1e5, 1e7, 8388609, 16777215, 16777216],
      ].flatMap((y) => [y, -y]);
      const random = Array.from({ length: 4000 }, (_, i) => {
        const x = 2 ** (((i * 7919) % 240) - 120) * (1.2 + noise(i) * 0.2);
        // to somewhere in the whole range of results
        return [x, (noise(i + 7) * 127) / Math.log2(x)] as const;
      });
      const ends = special.flatMap((x) => special.map((y) => [x, y] as const));
      const all = [...ends, ...bases.flatMap((x) => exponents.map((y) => [x, y] as const)), ...random];
      const [x, y] = [floats([all.length], (i) => all[i]![0]), floats([all.length], (i) => all[i]![1])];
      const actual = await run(device, elementwise, binary('pow'), [x, y]);
      const [expected] = runJs(elementwise, [x, y], binary('pow'));
      let worst = 0;
      for (let i = 0; i < all.length; i++) {
        const isSpecial = !Number.isFinite(expected!.data[i]!) || expected!.data[i]! === 0;
        if (isSpecial) expect(actual.data[i], `${x.data[i]} ** ${y.data[i]}`).toBe(expected!.data[i]);
        if (isSpecial) continue;
        // of 1 to the NaN, and −1 to infinity, JavaScript says NaN
        const power = x.data[i]! ** y.data[i]!;
        const exact = Number.isNaN(power) ? expected!.data[i]! : power;
        const value = actual.data[i]!;
        // below the normal numbers a GPU may take numbers for zero
        if (Math.abs(exact) < 2 ** -126) expect(Math.abs(value)).toBeLessThan(2 ** -125);
        else worst = Math.max(worst, Math.abs(value - exact) / Math.abs(exact) / EPS32);
      }
      expect(worst).toBeLessThan(4);
    });

    it('products are added to what there is, cut along the sum and in parts too', async () => {
      const small = await openGpu({ productTile: 6, maxBinding: 64 * 4 * 200 });
      try {
        for (const [m, k, n, where] of [
          [70, 36, 132, device],
          [7, 3001, 12, device],
          [1, 300, 70, device],
          [200, 130, 140, small],
          [5, 0, 6, device],
        ] as const) {
          const [s, a, b] = [
            floats([m, n], noise),
            floats([m, k], (i) => noise(i + 1)),
            floats([n, k], (i) => noise(i + 2)),
          ];
          const params = { alpha: -0.5, transposeB: true };
          const [expected] = runJs(matmulAdd, [s, a, b], params);
          expect(error(expected!, await run(where, matmulAdd, params, [s, a, b]))).toBeLessThanOrEqual(
            8 * (k + 1) * EPS32,
          );
        }
      } finally {
        await small.close();
      }
      const [s, a] = [floats([90, 90], noise), floats([90, 33], (i) => noise(i + 1))];
      const params = { alpha: -1, symmetric: true };
      const [expected] = runJs(matmulAdd, [s, a], params);
      const actual = await run(device, matmulAdd, params, [s, a]);
      expect(error(expected!, actual)).toBeLessThanOrEqual(8 * 34 * EPS32);
      for (let i = 0; i < 90; i++) {
        for (let j = 0; j < i; j++) expect(actual.data[i * 90 + j]).toBe(actual.data[j * 90 + i]);
      }
    });

    const contractions: readonly [string, readonly number[], readonly number[], Contraction][] = [
      [
        'a stack of products',
        [3, 33, 18],
        [3, 18, 40],
        {
          ...{ shape: [3, 33, 40], items: [[3, 33 * 18, 18 * 40]], m: [33, 18, 0], n: [40, 0, 1], k: [18, 1, 40] },
          ...{ fromA: 0, fromB: 0 },
        },
      ],
      [
        'parts of matrices, both turned, from an odd place',
        [60, 50],
        [70, 60],
        {
          ...{ shape: [41, 66], items: [], m: [41, 1, 0], n: [66, 0, 60], k: [53, 50, 1] },
          ...{ fromA: 3, fromB: 2 },
        },
      ],
      [
        'lengths that are no multiples of four in rows that are',
        [40, 32],
        [40, 32],
        { shape: [40, 40], items: [], m: [40, 32, 0], n: [40, 0, 32], k: [30, 1, 1], fromA: 0, fromB: 0 },
      ],
      [
        'a long inner product, one side backwards',
        [9000],
        [9000],
        { shape: [], items: [], m: [1, 0, 0], n: [1, 0, 0], k: [9000, 1, -1], fromA: 0, fromB: 8999 },
      ],
      [
        'an outer product',
        [50],
        [60],
        { shape: [50, 60], items: [], m: [50, 1, 0], n: [60, 0, 1], k: [1, 0, 0], fromA: 0, fromB: 0 },
      ],
      [
        'both along every other element',
        [40, 80],
        [80, 40],
        { shape: [40, 40], items: [], m: [40, 80, 0], n: [40, 0, 1], k: [40, 2, 80], fromA: 0, fromB: 0 },
      ],
    ];
    it.each(contractions)('contracts %s', async (_, first, second, contraction) => {
      const [a, b] = [floats(first, noise), floats(second, (i) => noise(i + 5))];
      const params = contractionParams(contraction);
      const [expected] = runJs(contract, [a, b], params);
      expect(error(expected!, await run(device, contract, params, [a, b]))).toBeLessThanOrEqual(
        8 * contraction.k[0] * EPS32,
      );
    });

    it('assembles pieces, turned and repeated ones too', async () => {
      const [a, b] = [floats([6, 5], noise), floats([7], (i) => noise(i + 9))];
      const pieces: Piece[] = [
        [0, 0, 0, [5, 6], [1, 5], [7, 1]],
        [1, 6, 6, [5], [-1], [7]],
        [1, 3, 35, [3, 7], [0, 0], [7, 1]],
      ];
      const params = assembleParams([8, 7], pieces);
      expect((await run(device, assemble, params, [a, b])).data).toEqual(runJs(assemble, [a, b], params)[0]!.data);
    });

    it('running sums of few long lines and of many short ones, running products', async () => {
      for (const [shape, axis] of [
        [[100_003], 0],
        [[3, 1000, 5], 1],
        [[5000, 7], 1],
        [[0, 4], 0],
      ] as const) {
        const x = floats(shape, noise);
        const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
        const exact = Float64Array.from(x.data);
        const isFirst = (i: number): boolean => Math.floor(i / inner) % shape[axis]! === 0;
        exact.forEach((value, i) => {
          if (!isFirst(i)) exact[i] = exact[i - inner]! + value;
        });
        const actual = await run(device, cumsum, { axis }, [x]);
        // a piece has about as many elements as there are pieces
        const most = Math.max(1, ...exact.filter((_, i) => i % 97 === 0).map(Math.abs));
        const bound = 4 * Math.sqrt(shape[axis]!) * EPS32 * most;
        let worst = 0;
        exact.forEach((value, i) => {
          worst = Math.max(worst, Math.abs(actual.data[i]! - value));
        });
        expect(worst).toBeLessThanOrEqual(bound);
      }
      const x = floats([40, 30], (i) => 1 + noise(i) / 8);
      expect((await run(device, cumprod, { axis: 0 }, [x])).data).toEqual(runJs(cumprod, [x], { axis: 0 })[0]!.data);
      expect(device.can(cumprod, [floats([100_000], noise)], { axis: 0 })).toBe(false);
    });

    it('draws the normal numbers of the processor, to a few units in the last place', async () => {
      const params = { shape: '[20001]', seed: 77, dtype: 'float32', loc: 0, scale: 1 };
      const [expected] = runJs(randomNormal, [], params);
      const actual = await run(device, randomNormal, params, []);
      expect(ulps((i) => expected!.data[i]!, actual)).toBeLessThan(12);
      expect(device.can(randomNormal, [], { ...params, dtype: 'float64' })).toBe(false);
    });
  },
);
