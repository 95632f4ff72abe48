/** `precision`: float64 tasks on the GPU in single precision, where a run allows it, and there alone. */

import { afterAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import { gpuSource } from '../../../dist/devices/gpu/source.js';
import { knownDevice } from '../../../dist/devices/leases.js';
import { inSingle } from '../../../dist/devices/single-precision.js';
import { DeviceUnsupportedError } from '../../../dist/errors.js';
import { createRuntime, linalg, nd, random } from '../../../dist/index.js';
import { matmul } from '../../../dist/kernels/matmul.js';
import { noGpu } from '../../support/software-gpu.js';

/** Numbers that no float32 is. */
const noise = (i: number): number => Math.sin(i * 1.7 + 1) + 2 ** -40;

function numbers(shape: readonly [number, number], value = noise): NDArray {
  const data = Float64Array.from({ length: shape[0] * shape[1] }, (_, i) => value(i));
  return new NDArray(data, { shape, dtype: 'float64' });
}

const rounded = ({ data, shape }: NDArray): NDArray =>
  new NDArray(Float32Array.from(data), { shape, dtype: 'float32' });

const areSingle = ({ data }: NDArray): boolean => Array.from(data).every((value) => Math.fround(value) === value);

describe.skipIf(noGpu !== undefined)('precision', { timeout: 60_000 }, () => {
  const runtime = createRuntime({ workers: 1, device: 'gpu', precision: 'float32' });
  const exact = createRuntime({ workers: 1 });
  afterAll(async () => {
    await runtime.close();
    await exact.close();
  });

  /** Where the tasks of the last run were, without those that only move references. */
  const places = (): string[] =>
    (runtime.lastRun?.tasks ?? [])
      .filter(({ device }) => device === 'gpu')
      .map(({ key }) => key.replace(/-[^-]*$/, ''));

  it('float32 runs a float64 product on the GPU, with the values of a float32 one', async () => {
    const [a, b] = [numbers([33, 20]), numbers([20, 17], (i) => noise(i + 1000))];
    const product = await runtime.compute(nd.matmul(nd.array(a), nd.array(b)));
    expect(product.dtype).toBe('float64');
    expect(places()).toEqual(['matmul']);
    expect(areSingle(product)).toBe(true);
    // Of the rounded arrays it is as exact as float32 allows; of the given ones it is not float64's
    const [reference] = runJs(matmul, [a, b], {}) as [NDArray];
    const errors = Array.from(product.data, (value, i) => Math.abs(value - (reference.data[i] as number)));
    expect(Math.max(...errors)).toBeLessThan(20 * 24 * 2 ** -24);
    expect(Math.max(...errors)).toBeGreaterThan(2 ** -40);
  });

  it('float64, the default, does not round', async () => {
    const x = nd.array(numbers([9, 9]));
    const doubled = nd.exp(x);
    await expect(exact.compute(doubled, { device: 'gpu' })).rejects.toThrow(DeviceUnsupportedError);
    expect(areSingle(await exact.compute(doubled))).toBe(false);
    expect(areSingle(await runtime.compute(doubled))).toBe(true);
    await expect(runtime.compute(doubled, { precision: 'float64' })).rejects.toThrow(DeviceUnsupportedError);
  });

  it('float32 is what the error proposes where it would do, and only there', async () => {
    const on = { device: 'gpu', precision: 'float64' } as const;
    const x = nd.array(numbers([4, 4]));
    await expect(runtime.compute(nd.exp(x), on)).rejects.toThrow(
      /float64\[4, 4\]; let it run elsewhere too, .*, or in single precision, with precision: 'float32'$/,
    );
    await expect(runtime.compute(linalg.cholesky(x), on)).rejects.toThrow(/, as with device: 'auto' or a list$/);
  });

  it('float32 arrays stay on the GPU between tasks, and take half the bytes there', async () => {
    const x = nd.array(numbers([64, 32]));
    const chain = nd.sum(nd.exp(nd.mul(nd.matmul(x, x.transpose()), 0.1)), { axis: 0 });
    const result = await runtime.compute(chain, { optimize: false });
    expect(areSingle(result)).toBe(true);
    const expected = await exact.compute(chain);
    result.data.forEach((value, i) => {
      expect(Math.abs(value / (expected.data[i] as number) - 1)).toBeLessThan(1e-5);
    });
    const peak = runtime.lastRun?.peak as Record<string, number>;
    // the source, its product (twice at most with what comes of it)
    expect(peak.gpu).toBeLessThanOrEqual(4 * (64 * 32 * 2 + 64 * 64 * 3 + 64));
  });

  it('float32 has comparisons on the GPU, and keeps from it what is no rounding of the same thing', async () => {
    const x = nd.array(numbers([12, 12]));
    const compared = await runtime.compute(nd.greater(x, 0.25));
    expect(places()).toEqual(['greater']);
    expect(compared.data).toEqual((await exact.compute(nd.greater(x, 0.25))).data);
    await expect(runtime.compute(nd.argmax(x, { axis: 0 }))).rejects.toThrow(DeviceUnsupportedError);
    await expect(runtime.compute(x.astype('int32'))).rejects.toThrow(DeviceUnsupportedError);
    await expect(runtime.compute(random.uniform([8], { seed: 1 }))).rejects.toThrow(DeviceUnsupportedError);
    const both = await runtime.compute(nd.argmax(x, { axis: 0 }), { device: ['gpu', 'wasm'] });
    expect(both.data).toEqual((await exact.compute(nd.argmax(x, { axis: 0 }))).data);
  });

  it('float32 is known to plan', async () => {
    const x = nd.array(numbers([30, 30]));
    const product = nd.exp(x);
    await runtime.compute(product);
    const planned = (precision: 'float32' | 'float64') => runtime.plan(product, { precision });
    expect(planned('float32').tasks.find(({ key }) => key.startsWith('exp'))?.device).toBe('gpu');
    expect(() => planned('float64')).toThrow(DeviceUnsupportedError);
  });

  it('float32 brings strided arrays there and back', async () => {
    const device = inSingle(await gpuSource.open());
    const { memory } = device;
    if (memory === undefined) throw new Error('the GPU has a memory');
    try {
      const source = numbers([5, 7]);
      const turned = new NDArray(source.data, { shape: [7, 5], strides: [1, 7], dtype: 'float64' });
      const array = memory.allocate(turned);
      if (array === undefined) throw new Error('no room');
      expect([array.dtype, array.nbytes]).toEqual(['float64', 35 * 4]);
      memory.write(array, turned);
      const into = new NDArray(new Float64Array(35), { shape: [7, 5], strides: [1, 7], dtype: 'float64' });
      await memory.read(array, into);
      expect(into.data).toEqual(Float64Array.from(rounded(source).data));
      memory.free(array);
    } finally {
      await device.close();
    }
  });

  it('is what known devices are asked with', () => {
    const spec = { dtype: 'float64', shape: [8, 8] } as const;
    const kernel = matmul;
    expect(knownDevice(gpuSource, 'float32')?.can(kernel, [spec, spec], {})).toBe(true);
    expect(knownDevice(gpuSource, 'float32')?.can(kernel, [spec, { ...spec, shape: [7, 8] }], {})).toBe(false);
  });
});
