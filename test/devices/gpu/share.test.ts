/** gpu.js on the shared device, through the door it knows. */

import { GPU } from 'gpu.js';
import { describe, expect, it } from 'vitest';
import { acquire, release } from '../../../dist/devices/gpu/context.js';
import { shareDevice } from '../../../dist/devices/gpu/share.js';
import { noGpu } from '../../support/software-gpu.js';

const door = (): unknown => (globalThis as { navigator?: { gpu?: unknown } }).navigator?.gpu;

describe.skipIf(noGpu !== undefined)(`gpu.js${noGpu === undefined ? '' : `: ${noGpu}`}`, { timeout: 60_000 }, () => {
  it('computes on the device that is open, twice, and the door is gone afterwards', async () => {
    for (let round = 0; round < 2; round++) {
      const before = door();
      const context = await acquire();
      const withdraw = await shareDevice(context);
      try {
        const adapter = await (door() as GPU_).requestAdapter();
        expect((await adapter.requestDevice()).queue).toBe(context.device.queue);
        expect(await (GPU as unknown as { isWebGPUAvailable(): Promise<boolean> }).isWebGPUAvailable()).toBe(true);
        const gpu = new GPU({ mode: 'webgpu' } as never);
        const kernel = gpu
          .createKernel(function (this: { thread: { x: number } }, a: number[]) {
            return a[this.thread.x]! * 2 + 1;
          } as never)
          .setOutput([4]);
        expect([...((await kernel([1, 2, 3, 4])) as Float32Array)]).toEqual([3, 5, 7, 9]);
        await gpu.destroy();
        expect(context.lost).toBeUndefined();
      } finally {
        withdraw();
        await release(context);
      }
      expect(door()).toBe(before);
    }
  });
});

type GPU_ = { requestAdapter(): Promise<{ requestDevice(): Promise<{ queue: unknown }> }> };
