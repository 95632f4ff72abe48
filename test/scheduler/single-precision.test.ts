/** Runs with `precision: 'float32'` on a simulated device of single precision: placing, transfers, memory, losing it. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import type { RunOptions } from '../../dist/config.js';
import { closeIdleDevices, takeDevice } from '../../dist/devices/leases.js';
import { type SimulatedOptions, SimulatedSource } from '../../dist/devices/simulated.js';
import { installSource } from '../../dist/devices/sources.js';
import { DeviceUnsupportedError } from '../../dist/errors.js';
import { createRuntime, nd } from '../../dist/index.js';
import type { TransferEvent } from '../../dist/scheduler/observer.js';

const uninstall: (() => void)[] = [];
const runtime = createRuntime({ workers: 2 });

/** Like a GPU: it takes everything but float64. */
function single(options: SimulatedOptions = {}, name = 'sim'): SimulatedSource {
  const source = new SimulatedSource(name, {
    isSingle: true,
    memory: { capacity: 64 << 20 },
    can: (kernel, inputs, params) =>
      [...inputs, ...kernel.infer(inputs, params).outputs].every(({ dtype }) => dtype !== 'float64'),
    ...options,
  });
  uninstall.push(installSource(source));
  return source;
}

afterEach(async () => {
  for (const remove of uninstall.splice(0)) remove();
  await closeIdleDevices();
});
afterAll(() => runtime.close());

const only = { device: 'sim' as RunOptions['device'] };
const N = 24;
const matrix = new NDArray(
  Float64Array.from({ length: N * N }, (_, i) => Math.sin(i) / N),
  { shape: [N, N], dtype: 'float64' },
);

/** A chain of five products; its value without rounding. */
function chain() {
  let x = nd.array(matrix);
  for (let i = 0; i < 5; i++) x = nd.matmul(x, nd.array(matrix));
  return x;
}
const areSingle = ({ data }: NDArray): boolean => Array.from(data).every((value) => Math.fround(value) === value);

describe('a run in single precision', () => {
  it('has float64 tasks on such a device, and no other run has', async () => {
    const source = single();
    await expect(runtime.compute(chain(), only)).rejects.toThrow(DeviceUnsupportedError);
    expect(source.counts.calls).toBe(0);
    const result = await runtime.compute(chain(), { ...only, precision: 'float32' });
    expect(source.counts.calls).toBe(5);
    expect(result.dtype).toBe('float64');
    expect(areSingle(result)).toBe(true);
    const exact = await runtime.compute(chain(), { device: 'wasm' });
    expect(areSingle(exact)).toBe(false);
    exact.data.forEach((value, i) => {
      expect(Math.abs(value - (result.data[i] as number))).toBeLessThan(1e-6);
    });
  });

  it('goes there, of a list of devices, where that is faster', async () => {
    // While it is open, and nobody knows but that it is fast, nothing speaks against it
    (await takeDevice(single({}, 'fast'), 'float32')).release();
    const a = nd.array(new NDArray(new Float64Array(256 * 256).fill(0.1), { shape: [256, 256], dtype: 'float64' }));
    let x = a;
    for (let i = 0; i < 25; i++) x = nd.matmul(x, a);
    const on = { workers: 1, device: ['fast', 'wasm'] as unknown as RunOptions['device'] };
    const isThere = (): boolean => (runtime.lastRun?.tasks ?? []).some(({ device }) => device === ('fast' as string));
    await runtime.compute(x, { ...on, precision: 'float64' });
    expect(isThere()).toBe(false);
    await runtime.compute(x, { ...on, precision: 'float32' });
    expect(isThere()).toBe(true);
  });

  it('moves and keeps half the bytes', async () => {
    const source = single();
    const transfers: TransferEvent[] = [];
    const observer = { onTransfer: (event: TransferEvent) => void transfers.push(event) };
    await runtime.compute(chain(), { ...only, precision: 'float32', observers: [observer] });
    expect(transfers.map(({ bytes }) => bytes)).toEqual(transfers.map(() => 4 * N * N));
    expect(transfers.length).toBeGreaterThanOrEqual(2);
    expect(source.counts.peak % (4 * N * N)).toBe(0);
    expect(source.counts.arrays).toBe(0);
  });

  it('fits a memory that has room for float32 only', async () => {
    // two inputs and a result, of 4 bytes
    const source = single({ memory: { capacity: 3 * 4 * N * N } });
    const result = await runtime.compute(chain(), { ...only, precision: 'float32' });
    expect(areSingle(result)).toBe(true);
    expect(source.counts.peak).toBeLessThanOrEqual(3 * 4 * N * N);
  });

  it('ends on the threads when the device is lost', async () => {
    const source = single({ loseAfter: 3 });
    const on = { device: ['sim', 'wasm'] as unknown as RunOptions['device'] };
    const result = await runtime.compute(chain(), { ...on, precision: 'float32' });
    const exact = await runtime.compute(chain(), { device: 'wasm' });
    exact.data.forEach((value, i) => {
      expect(Math.abs(value - (result.data[i] as number))).toBeLessThan(1e-6);
    });
    expect(source.counts.arrays).toBe(0);
  });

  it('shows what the device has in other shapes without fetching it', async () => {
    const source = single();
    const flat = nd.reshape(nd.matmul(nd.array(matrix), nd.array(matrix)), [N * N, 1]);
    const result = await runtime.compute(nd.matmul(nd.transpose(flat), flat), { ...only, precision: 'float32' });
    expect(areSingle(result)).toBe(true);
    expect(source.counts.reads).toBe(1);
  });
});
