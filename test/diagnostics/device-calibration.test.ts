/** The measured speeds of devices outside the pool: which are kept, for what, and who reads them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceName } from '../../dist/config.js';
import { noGpu } from '../support/software-gpu.js';

process.env.LAZULI_CACHE = mkdtempSync(join(tmpdir(), 'lazuli-cache-'));

const { measureDevice } = await import('../../dist/diagnostics/device-calibration.js');
const { SimulatedSource } = await import('../../dist/devices/simulated.js');
const { installSource, sourceOf } = await import('../../dist/devices/sources.js');
const { closeIdleDevices } = await import('../../dist/devices/leases.js');
const { knowledgeOf } = await import('../../dist/scheduler/knowledge.js');
const { buildOf } = await import('../../dist/devices/wasm-module.js');
const { CostModel, speedKey } = await import('../../dist/scheduler/model.js');
const { devices, createRuntime, nd } = await import('../../dist/index.js');

const slow = { overhead: 1e-3, flops: 1e6, bandwidth: 1e6 };
const fast = { overhead: 1e-6, flops: 1e12, bandwidth: 1e12 };

describe('measured speeds of devices', () => {
  it.skipIf(noGpu !== undefined)(
    `of the GPU${noGpu === undefined ? '' : `: ${noGpu}`}`,
    { timeout: 60_000 },
    async () => {
      const found = await measureDevice(sourceOf('gpu')!);
      expect(found).toMatchObject({ name: 'gpu', dtype: 'float32' });
      for (const value of Object.values(found!.speed)) expect(value).toBeGreaterThan(0);
      const info = devices().find(({ name }) => name === 'gpu')!;
      expect(found!.key).toBe(speedKey('gpu', info.description!));
      expect(info.speed).toBeUndefined();
      knowledgeOf(buildOf(false)).calibrated({ [found!.key]: found!.speed });
      const { flops, bandwidth, overhead } = found!.speed;
      expect(devices().find(({ name }) => name === 'gpu')!.speed).toEqual({
        dtype: 'float32',
        gflops: flops / 1e9,
        gbps: bandwidth / 1e9,
        overhead,
      });
      await closeIdleDevices();
    },
  );

  it('has none of a device that is not there', async () => {
    expect(await measureDevice(new SimulatedSource('absent', { reason: 'gone' }))).toBeUndefined();
  });

  it('counts for what it was measured of, not for another device under the same name', () => {
    const model = new CostModel(new Map([[speedKey('gpu', 'one adapter'), slow]]));
    model.assume('gpu', 'another adapter', fast);
    expect(model.speedOf('gpu')).toEqual(fast);
    model.assume('gpu', 'one adapter', fast);
    expect(model.speedOf('gpu')).toEqual(slow);
  });

  it('is what plans reckon with', async () => {
    const source = new SimulatedSource('measured');
    const remove = installSource(source);
    const runtime = createRuntime({ workers: 1 });
    try {
      const square = nd.array(
        Float64Array.from({ length: 4096 }, (_, i) => i),
        { shape: [64, 64] },
      );
      const device = 'measured' as DeviceName;
      await runtime.compute(nd.add(square, 1), { device });
      const product = nd.matmul(square, square);
      const found = source.discover();
      if (!found.available) throw new Error(found.reason);
      const before = runtime.plan(product, { device }).makespan;
      const knowledge = knowledgeOf(buildOf(false));
      knowledge.calibrated({ [speedKey('measured', found.description)]: slow });
      const after = runtime.plan(product, { device }).makespan;
      // 2·64³ operations at half of 1e6 a second
      expect(after).toBeGreaterThan(1);
      expect(before).toBeLessThan(after);
      expect(devices().find(({ name }) => name === device)!.speed!.gflops).toBe(1e-3);
    } finally {
      await runtime.close();
      remove();
    }
  });
});
