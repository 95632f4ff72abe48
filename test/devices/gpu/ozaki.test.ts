/**
 * float64 products on the GPU: as exact as the processor's, element by element, on whatever is multiplied, against exact
 * sums of integers; and the float64 made of integers that stands behind them, bit for bit.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NDArray, sizeOf } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import type { Device, DeviceArray } from '../../../dist/devices/contract.js';
import { openGpu } from '../../../dist/devices/gpu/open.js';
import { createRuntime, nd } from '../../../dist/index.js';
import type { KernelParams } from '../../../dist/kernels/contract.js';
import { linearKernel } from '../../../dist/kernels/distances.js';
import { matmul } from '../../../dist/kernels/matmul.js';
import { exactElement, relativeError } from '../../support/exact-product.js';
import { noGpu } from '../../support/software-gpu.js';

/** Numbers in [−1, 1), the same every time. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function filled(shape: readonly [number, number], value: (i: number, j: number) => number): NDArray {
  const [rows, columns] = shape;
  const data = Float64Array.from({ length: rows * columns }, (_, at) => value(Math.floor(at / columns), at % columns));
  return new NDArray(data, { shape, dtype: 'float64' });
}

const transposed = (x: NDArray): NDArray =>
  filled([x.shape[1]!, x.shape[0]!], (i, j) => x.data[j * x.shape[1]! + i] as number);

async function multiply(device: Device, inputs: readonly NDArray[], params: KernelParams = {}, kernel = matmul) {
  const { memory } = device;
  if (memory === undefined) throw new Error('the GPU has a memory');
  expect(device.can(kernel, inputs, params)).toBe(true);
  const [spec] = kernel.infer(inputs, params).outputs;
  const places = [...inputs, spec!].map((each) => memory.allocate(each) as DeviceArray);
  inputs.forEach((input, i) => {
    memory.write(places[i]!, input);
  });
  const output = places.at(-1)!;
  const done = new Promise<unknown>((resolve) => {
    device.submit({ kernel, params, inputs: places.slice(0, -1), outputs: [output], onDone: resolve });
  });
  device.flush();
  expect(await done).toBeUndefined();
  const into = NDArray.zeros(spec!.shape, 'float64');
  await memory.read(output, into);
  for (const place of places) memory.free(place);
  return into;
}

/** The largest error of any element, in 2^-53 of |a|·|b|, beside that of rounding to numbers below the normal ones. */
function worst(a: NDArray, b: NDArray, c: NDArray): number {
  const n = b.shape[1]!;
  let largest = 0;
  for (let at = 0; at < sizeOf(c.shape); at++) {
    const exact = exactElement(a, b, Math.floor(at / n), at % n);
    largest = Math.max(largest, relativeError(c.data[at] as number, exact, b.shape[0]));
  }
  return largest;
}

/** What rows may look like, by the place and a random number in [−1, 1). */
const hard: Readonly<Record<string, (l: number, x: number, y: number) => number>> = {
  'of one size': (_, x) => x,
  'of small integers': (_, x) => Math.round(9 * x),
  'graded along the sum': (l, x) => x * 2 ** (-3 * l),
  'graded the other way': (l, x) => x * 2 ** (3 * l),
  'of sizes from 1e-20 to 1e20': (_, x, y) => x * 10 ** (20 * y),
  'of sizes from 1e-150 to 1e150': (_, x, y) => x * 10 ** (150 * y),
  'that almost cancel': (l, x) => (l % 2 === 0 ? 1 : -1) * (1 + x * 2 ** -40),
  'mostly of zeros': (l, x, y) => (y > -0.8 ? 0 : x * 2 ** (l % 50)),
  'near the least numbers': (_, x, y) => x * 2 ** (-530 + 8 * y),
  'of subnormal numbers': (_, x) => x * 2 ** -1030,
  'of subnormal numbers and large ones': (l, x) => x * (l % 2 === 0 ? 2 ** -1030 : 2 ** 100),
};

describe.skipIf(noGpu !== undefined)('float64 on the GPU', { timeout: 120_000 }, () => {
  let device: Device;
  beforeAll(async () => {
    device = await openGpu({ productTile: 6 });
  }, 60_000);
  afterAll(() => device.close());

  it('is as exact as on the processor for numbers of one size, and more', async () => {
    const next = randoms(5);
    const a = filled([24, 300], next);
    const b = filled([300, 20], next);
    const [theirs] = runJs(matmul, [a, b], {});
    const ours = worst(a, b, await multiply(device, [a, b]));
    expect(ours).toBeLessThanOrEqual(worst(a, b, theirs!));
    // rounded once: half a place of the result, which is no larger than |a|·|b|
    expect(ours).toBeLessThanOrEqual(1.01);
  });

  it.each(Object.keys(hard))('of rows and columns %s is within the processor’s bound', async (name) => {
    const value = hard[name]!;
    const next = randoms(11);
    const [m, k, n] = [9, 33, 7];
    const rows = filled([m, k], (_, l) => value(l, next(), next()));
    const columns = filled([k, n], (l) => value(l, next(), next()));
    const even = filled([k, n], next);
    for (const [a, b] of [
      [rows, columns],
      [rows, even],
      [transposed(even), transposed(rows)],
    ] as const) {
      const product = await multiply(device, [a, b]);
      expect(worst(a, b, product)).toBeLessThanOrEqual(k + 1);
    }
  });

  it.each([
    ['panels', 1],
    ['none', 6],
  ])('with %s, in all ways to store the operands, is the same to the bit', async (_, productTile) => {
    const own = await openGpu({ productTile });
    try {
      const next = randoms(3);
      for (const [m, k, n] of [
        [1, 1, 1],
        [3, 16, 5],
        [65, 70, 66],
        [20, 131, 1],
        [4, 0, 3],
      ] as const) {
        const a = filled([m, k], next);
        const b = filled([k, n], next);
        const plain = await multiply(own, [a, b]);
        expect(k === 0 ? 0 : worst(a, b, plain)).toBeLessThanOrEqual(1.01);
        if (k === 0) expect(Array.from(plain.data)).toEqual(new Array(m * n).fill(0));
        for (const [transposeA, transposeB] of [
          [true, false],
          [false, true],
          [true, true],
        ] as const) {
          const given = [transposeA ? transposed(a) : a, transposeB ? transposed(b) : b];
          expect((await multiply(own, given, { transposeA, transposeB })).data).toEqual(plain.data);
        }
      }
    } finally {
      await own.close();
    }
  });

  it('of a matrix with itself is exactly symmetric, and the linear kernel is the same', async () => {
    const next = randoms(8);
    const x = filled([21, 40], (_, l) => next() * 2 ** (l % 30));
    const own = await multiply(device, [x], { symmetric: true });
    expect(own.data).toEqual(transposed(own).data);
    expect(worst(x, transposed(x), own)).toBeLessThanOrEqual(41);
    expect((await multiply(device, [x], {}, linearKernel)).data).toEqual(own.data);
  });

  it('sums more terms than one int32 holds', async () => {
    // every slice of −1 + 2^-50 and its like has digits of the largest size there are
    const k = 17_000;
    const a = filled([2, k], (i, l) => (i === 0 ? 1 - 2 ** -53 : -1 + (l % 7) * 2 ** -51));
    const b = filled([k, 2], (l, j) => (j === 0 ? 1 - 2 ** -53 : 0.5 + (l % 5) * 2 ** -50));
    const product = await multiply(device, [a, b]);
    expect(worst(a, b, product)).toBeLessThanOrEqual(1.01);
  });

  it('gives what IEEE 754 says of infinities and NaN', async () => {
    const special = [1, -2, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e308];
    const a = filled([8, 3], (i, l) => special[(i + 3 * l) % 8]!);
    const b = filled([3, 8], (l, j) => special[(j + 5 * l) % 8]!);
    const [expected] = runJs(matmul, [a, b], {});
    expect((await multiply(device, [a, b])).data).toEqual(expected!.data);
  });

  describe('made of integers', () => {
    /** Bit patterns of all kinds: any, with many zeros or ones, around the borders. */
    const words = new BigUint64Array(96);
    const numbers = new Float64Array(words.buffer);
    const next = randoms(17);
    const word = (): bigint => BigInt(Math.floor((next() + 1) * 2 ** 31));
    const borders = [0, 2 ** -1074, 2 ** -1022, 2 ** -1022 - 2 ** -1074, 1, 1 + 2 ** -52, 1 - 2 ** -53, 2 ** 1000];
    for (let i = 0; i < words.length; i++) {
      const any = (word() << 32n) | word();
      const run = ((1n << BigInt(i % 60)) - 1n) & 0xfffffffffffffn;
      words[i] = i % 3 === 0 ? any : i % 3 === 1 ? (any & 0xfff0000000000000n) | run : 0n;
      if (i % 3 === 2) numbers[i] = borders[((i / 3) % 8) | 0]! * (i % 2 === 0 ? -1 : 1) * (1 + (i % 5));
    }
    const huge = 2 ** 1023;

    it('multiplies bit for bit as a processor does', async () => {
      // The second term is 0, and larger than anything: no slice shows the first
      const a = filled([96, 2], (i, l) => (l === 0 ? numbers[i]! : huge));
      const b = filled([2, 96], (l, j) => (l === 0 ? numbers[j]! * (Math.abs(numbers[j]!) > 1e300 ? 2 ** -40 : 1) : 0));
      const [expected] = runJs(matmul, [a, b], {});
      const made = await multiply(device, [a, b]);
      for (let i = 0; i < made.size; i++) {
        const text = `${a.data[2 * Math.floor(i / 96)]} · ${b.data[i % 96]}`;
        expect(made.data[i], text).toBe(expected!.data[i]);
      }
    });

    it('adds bit for bit as a processor does', async () => {
      const a = filled([96, 3], (i, l) => (l === 0 ? numbers[i]! : l === 1 ? 1 : huge));
      const b = filled([3, 96], (l, j) => (l === 0 ? 1 : l === 1 ? numbers[j]! : 0));
      const [expected] = runJs(matmul, [a, b], {});
      const made = await multiply(device, [a, b]);
      for (let i = 0; i < made.size; i++) {
        expect(made.data[i], `${a.data[3 * Math.floor(i / 96)]} + ${b.data[96 + (i % 96)]}`).toBe(expected!.data[i]);
      }
    });
  });

  it('is where device says so, and stays there between products', async () => {
    const runtime = createRuntime({ workers: 1, device: 'gpu' });
    try {
      const next = randoms(2);
      const x = nd.array(filled([12, 12], next));
      const product = nd.matmul(nd.matmul(x, x), x);
      const result = await runtime.compute(product);
      expect(result.dtype).toBe('float64');
      const { tasks } = runtime.lastRun!;
      expect(tasks.filter(({ key }) => key.startsWith('matmul')).map(({ device: name }) => name)).toEqual([
        'gpu',
        'gpu',
      ]);
      const expected = await runtime.compute(product, { device: 'wasm' });
      result.data.forEach((value, i) => {
        expect(Math.abs(value - (expected.data[i] as number))).toBeLessThan(12 ** 3 * 2 ** -50);
      });
    } finally {
      await runtime.close();
    }
  });

  it('is made in parts where it does not fit a binding, and refused where no part would', async () => {
    // slices of 37 to 64 lines, sums of 42 × 42: parts of 32 rows and columns, and what is left over
    const small = await openGpu({ productTile: 6, maxBinding: 1 << 16 });
    try {
      const next = randoms(5);
      for (const [m, n, k, params] of [
        [100, 130, 60, {}],
        [97, 33, 40, { transposeB: true }],
        [33, 97, 60, { transposeA: true }],
        [260, 35, 64, {}],
        [20, 200, 60, { transposeB: true }],
      ] as const) {
        const a = filled('transposeA' in params ? [k, m] : [m, k], next);
        const b = filled('transposeB' in params ? [n, k] : [k, n], next);
        // an element that slices cannot hold, in the last part
        a.data[a.size - 1] = 1e300;
        b.data[b.size - 1] = 1e-300;
        const whole = await multiply(device, [a, b], params);
        const parts = await multiply(small, [a, b], params);
        expect(Array.from(parts.data).findIndex((value, i) => !Object.is(value, whole.data[i]))).toBe(-1);
      }
      // lines across the rows of an array that is larger than a binding; a line that is
      const spec = (...shape: number[]) => ({ dtype: 'float64', shape }) as const;
      expect(small.can(matmul, [spec(8, 100), spec(100, 128)], {})).toBe(false);
      expect(small.can(matmul, [spec(2, 10_000), spec(10_000, 2)], {})).toBe(false);
    } finally {
      await small.close();
    }
  });
});
