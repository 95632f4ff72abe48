/**
 * Sorting on the GPU against the reference, to the bit: by workgroups, as a GPU does it, and by threads alone, as one does
 * that a processor plays. Lengths lie around the borders of what a thread sorts (8), merges (64) and a workgroup (2048).
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate, type DType } from '../../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import type { GpuDevice } from '../../../dist/devices/gpu/device.js';
import { openGpu } from '../../../dist/devices/gpu/open.js';
import { canInSingle } from '../../../dist/devices/single-precision.js';
import { gpuFactor, type Kernel } from '../../../dist/kernels/contract.js';
import { matmul } from '../../../dist/kernels/matmul.js';
import { argsort, sort } from '../../../dist/kernels/sort.js';
import { kernelWork } from '../../../dist/scheduler/calls.js';
import { CostModel } from '../../../dist/scheduler/model.js';
import { generator } from '../../kernels/numbers.js';
import { noGpu } from '../../support/software-gpu.js';
import { put, run, submit } from './support.js';

const kinds = ['float32', 'int32', 'uint32'] as const;
const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, -1e-45, 3.4e38];
const { NaN: nan } = Number;

/** Numbers of both signs and many sizes, among them what is special and what comes again and again. */
function mixture(shape: readonly number[], dtype: DType, seed: number): NDArray {
  const random = generator(seed);
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const which = random();
    const wide = (random() - 0.5) * (dtype === 'float32' ? Math.exp(80 * (random() - 0.5)) : 2 ** 33);
    data[i] =
      which < 0.1 ? special[Math.floor(random() * special.length)]! : which < 0.4 ? Math.round(6 * random() - 3) : wide;
  }
  return new NDArray(data, { shape, dtype });
}

const vector = (values: readonly number[], dtype: DType = 'float32'): NDArray => {
  const data = allocate(dtype, values.length);
  data.set(values);
  return new NDArray(data, { shape: [values.length], dtype });
};

/** The bits; those of a NaN, which the reference takes over as they are, are all the same. */
const bits = ({ data }: NDArray): Uint32Array =>
  new Uint32Array(
    data instanceof Float32Array
      ? data.map((value) => (Number.isNaN(value) ? nan : value)).buffer
      : data.slice().buffer,
  );

const line = (length: number): readonly [shape: readonly number[], axis: number] => [[length], 0];

describe.skipIf(noGpu !== undefined)(`sorting on the gpu${noGpu === undefined ? '' : `: ${noGpu}`}`, () => {
  describe.each([
    ['by workgroups', 0],
    ['by threads', 6],
  ] as const)('%s', (way, productTile) => {
    let device: GpuDevice;
    beforeAll(async () => {
      device = await openGpu({ productTile });
    }, 60_000);
    afterAll(() => device.close());

    async function sorts(kernel: Kernel, x: NDArray, axis: number | undefined): Promise<void> {
      const params = axis === undefined ? {} : { axis };
      const actual = await run(device, kernel, params, [x]);
      const expected = runJs(kernel, [x], params)[0]!;
      expect(actual.shape).toEqual(expected.shape);
      const [found, wanted] = [bits(actual), bits(expected)];
      const wrong = wanted.findIndex((word, i) => word !== found[i]);
      expect(wrong, `${kernel.name} ${x.dtype} [${x.shape}] axis ${axis}: ${actual.data[wrong]}`).toBe(-1);
    }

    const borders = [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 129, 1000, 2047, 2048, 2049, 4095, 4096, 4097, 6145];
    it.each(kinds)('lines of %s, of lengths around all borders', { timeout: 60_000 }, async (dtype) => {
      for (const length of borders) {
        for (const kernel of [sort, argsort]) await sorts(kernel, mixture([length], dtype, length), 0);
      }
    });

    it('many short lines, few long ones, along every axis', { timeout: 60_000 }, async () => {
      for (const [shape, axis] of [
        [[300, 5], 1],
        [[5, 300], 0],
        [[1100, 1], 1],
        [[40, 3, 33], 1],
        [[2, 2100, 3], 1],
        [[3, 2049], 1],
        [[0, 4], 0],
        [[4, 0], 0],
        [[6, 50, 7], undefined],
      ] as const) {
        for (const kernel of [sort, argsort]) await sorts(kernel, mixture(shape, 'float32', 5), axis);
      }
    });

    it('one long line', { timeout: 60_000 }, async () => {
      const length = way === 'by threads' ? 100_003 : 20_011;
      for (const dtype of kinds) await sorts(sort, mixture([length], dtype, 3), 0);
      await sorts(argsort, mixture([length], 'float32', 4), 0);
      for (const value of [(i: number): number => i, (i: number): number => -i, (): number => 3]) {
        const x = vector(Array.from({ length: 9001 }, (_, i) => value(i)));
        for (const kernel of [sort, argsort]) await sorts(kernel, x, 0);
      }
    });

    it('shapes that nobody chose', { timeout: 60_000 }, async () => {
      const property = fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 3 }),
        fc.nat(2),
        fc.constantFrom(...kinds),
        fc.constantFrom(sort, argsort),
        fc.nat(1000),
        async (lengths, at, dtype, kernel, seed) => {
          const shape = lengths.map((length, axis) => (axis === at % lengths.length ? length * 7 : length % 9));
          await sorts(kernel, mixture(shape, dtype, seed), at % lengths.length);
        },
      );
      await fc.assert(property, { numRuns: 25, seed: 7 });
    });

    it('puts NaN last, whatever its sign and the rest of its bits, and −0 before 0', async () => {
      const words = Uint32Array.of(0x7f800001, 0xffc00000, 0x00000000, 0x80000000, 0xffffffff, 0x7f800000, 0x80000001);
      const x = new NDArray(new Float32Array(words.buffer), { shape: [7], dtype: 'float32' });
      const values = (await run(device, sort, {}, [x])).data;
      expect(Array.from(values)).toEqual([-(2 ** -149), -0, 0, Number.POSITIVE_INFINITY, nan, nan, nan]);
      expect(Array.from((await run(device, argsort, {}, [x])).data)).toEqual([6, 2, 3, 5, 0, 1, 4]);
    });

    it('keeps equal elements as they come, −0 and 0 and NaN among them', async () => {
      const values = [2, 0, nan, -0, 1];
      const x = vector(Array.from({ length: 5000 }, (_, i) => values[i % 5]!));
      const { data } = await run(device, argsort, {}, [x]);
      const those = (...of: readonly number[]): number[] =>
        Array.from({ length: 5000 }, (_, i) => i).filter((i) => of.includes(i % 5));
      expect(Array.from(data)).toEqual([...those(1, 3), ...those(4), ...those(0), ...those(2)]);
    });

    it('sends all passes at once, and sorts what was made on the GPU', async () => {
      const x = mixture([9000], 'float32', 8);
      const given = put(device, x);
      const before = device.submissions;
      const first = submit(device, sort, {}, [given]);
      const second = submit(device, argsort, {}, [first.output]);
      device.flush();
      expect(device.submissions - before).toBe(1);
      expect([await first.done, await second.done]).toEqual([undefined, undefined]);
      const into = NDArray.zeros([9000], 'int32');
      await device.memory.read(second.output, into);
      const sorted = runJs(sort, [x], {})[0]!;
      expect(into.data).toEqual(runJs(argsort, [sorted], {})[0]!.data);
      for (const array of [given, first.output, second.output]) device.memory.free(array);
    });

    it('lays workgroups out in rows where there are more than fit one', async () => {
      for (const kernel of [sort, argsort]) {
        const gpu = kernel.bodies.gpu!;
        const plan: typeof gpu.plan = (inputs, outputs, params, traits) =>
          gpu.plan(inputs, outputs, params, { ...traits, maxWorkgroups: 3 });
        const narrow: Kernel = { ...kernel, bodies: { ...kernel.bodies, gpu: { ...gpu, plan } } };
        for (const [shape, axis] of [line(10_000), [[3000, 4], 1]] as const) {
          const x = mixture(shape, 'float32', 2);
          const { passes } = narrow.bodies.gpu!.plan([x], [], { axis }, device.gpu);
          expect(passes.every(({ workgroups: [across] }) => across <= 3)).toBe(true);
          expect(passes.some(({ workgroups: [, rows] }) => rows > 1)).toBe(true);
          await sorts(narrow, x, axis);
        }
      }
    });

    it('fits the memory that every GPU gives a workgroup', () => {
      for (const kernel of [sort, argsort]) {
        const { passes } = kernel.bodies.gpu!.plan([mixture([9000], 'float32', 1)], [], {}, device.gpu);
        for (const { code } of passes) {
          const arrays = [...code.matchAll(/var<workgroup> \w+: array<u32, (\d+)>/g)];
          expect(arrays.length > 0).toBe(way === 'by workgroups');
          expect(arrays.reduce((sum, [, length]) => sum + 4 * Number(length), 0)).toBeLessThanOrEqual(16384);
        }
      }
    });

    it('takes values of float64 where a run allows single precision, and never their positions', () => {
      const can = canInSingle((kernel, inputs, params) => device.can(kernel, inputs, params));
      const x = { dtype: 'float64', shape: [10] } as const;
      expect([sort, argsort].map((kernel) => can(kernel, [x], {}))).toEqual([true, false]);
    });

    it('takes what has words and can be bound', async () => {
      const spec = (dtype: DType, length: number) => ({ dtype, shape: [length] });
      const most = device.gpu.maxBinding / 4;
      for (const kernel of [sort, argsort]) {
        for (const dtype of kinds) expect(device.can(kernel, [spec(dtype, most)], {})).toBe(true);
        for (const dtype of ['float64', 'uint8', 'bool'] as const) {
          expect(device.can(kernel, [spec(dtype, 10)], {})).toBe(false);
        }
        expect(device.can(kernel, [spec('float32', most + 1)], {})).toBe(false);
      }
    });
  });
});

describe('what sorting on the gpu is expected to cost', () => {
  const spec = (length: number) => ({ dtype: 'float32', shape: [length] }) as const;

  it('is that of the merges, each of which passes over everything', () => {
    expect(gpuFactor(sort, [spec(1024)], { axis: 0 })).toBe(10);
    expect(gpuFactor(argsort, [{ dtype: 'int32', shape: [1 << 20, 4] }], { axis: 1 })).toBe(2);
    expect([0, 1].map((length) => gpuFactor(sort, [spec(length)], {}))).toEqual([1, 1]);
    expect(gpuFactor(matmul, [spec(2), spec(2)], {})).toBe(1);
  });

  it('keeps it off a GPU that a processor plays, and not off a real one', () => {
    const model = new CostModel();
    model.assume('played', 'a processor', { overhead: 50e-6, flops: 4e9, bandwidth: 2e9 });
    model.assume('real', 'a GPU', { overhead: 10e-6, flops: 5e12, bandwidth: 200e9 });
    for (const kernel of [sort, argsort]) {
      for (const length of [1e3, 1e4, 1e5, 1e6, 1e7]) {
        const expected = (device: string, name: string): number => {
          const call = kernelWork(kernel, [spec(length)], {}, name, { code: '', threads: 1 });
          return model.estimate({ ...call, device });
        };
        const processor = expected('wasm', 'wasm');
        expect(expected('played', 'gpu')).toBeGreaterThan(3 * processor);
        if (length >= 1e5) expect(expected('real', 'gpu')).toBeLessThan(processor / 3);
      }
    }
  });
});
