/** The GPU under the scheduler: what stays on it, what is brought back, room, loss, release, and what is said of it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { DeviceSource, DeviceTraits } from '../../../dist/devices/contract.js';
import { acquire, release } from '../../../dist/devices/gpu/context.js';
import type { GpuDevice } from '../../../dist/devices/gpu/device.js';
import { type GpuOptions, openGpu } from '../../../dist/devices/gpu/open.js';
import { gpuSource } from '../../../dist/devices/gpu/source.js';
import { closeIdleDevices } from '../../../dist/devices/leases.js';
import { installSource } from '../../../dist/devices/sources.js';
import {
  createRuntime,
  DeviceUnsupportedError,
  type LazyArray,
  type NDArray,
  nd,
  type RunOptions,
  random,
} from '../../../dist/index.js';
import { noGpu } from '../../support/software-gpu.js';
import { error, floats, noise } from './support.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const runtime = createRuntime({ workers: 2 });
const removals: (() => void)[] = [];
const opened: GpuDevice[] = [];

/** The device `gpu`, of which the test sees what is opened; with limits of its own, or by another name and said to be fast. */
function watched(options: GpuOptions = {}, name = 'gpu', traits: Partial<DeviceTraits> = {}): void {
  const source: DeviceSource = {
    name,
    discover: () => gpuSource.discover(),
    might: (kernel, inputs) => gpuSource.might?.(kernel, inputs) ?? true,
    async open() {
      const device = await openGpu({ productTile: 6, ...options });
      Object.assign(device, { traits: { ...device.traits, ...traits } });
      opened.push(device);
      return device;
    },
  };
  removals.push(installSource(source));
}

afterEach(async () => {
  await closeIdleDevices();
  for (const remove of removals.splice(0)) remove();
  opened.length = 0;
});
afterAll(() => runtime.close());

/** A name that only tests have is none that the types know. */
const on = (names: string | readonly string[]): RunOptions => ({ device: names as RunOptions['device'] });

const square = (n: number, seed = 0): NDArray => floats([n, n], (i) => noise(i + seed));

async function reference(target: LazyArray): Promise<NDArray> {
  return (await runtime.compute(target, { device: 'js', scheduler: 'sync' })) as NDArray;
}

/** Runs a program in a process of its own. */
function program(text: string, env: Record<string, string> = {}) {
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { stdout: stdout.trim(), stderr, end: [signal, status] };
}

describe.skipIf(noGpu !== undefined)(
  `runs on the gpu${noGpu === undefined ? '' : `: ${noGpu}`}`,
  { timeout: 60_000 },
  () => {
    it('a chain of 20 tasks is one submission and one read-back, and nothing else leaves the GPU', async () => {
      watched();
      const [a, b] = [square(32), square(32, 5)];
      let target = nd.matmul(a, b);
      for (let i = 1; i < 20; i++) target = nd.matmul(target, b);
      const run = (): Promise<unknown> => runtime.compute(target, { device: 'gpu' });
      await run();
      const [device] = opened;
      const before = [device!.submissions, device!.memory.reads];
      const result = (await run()) as NDArray;
      expect([device!.submissions - before[0]!, device!.memory.reads - before[1]!]).toEqual([1, 1]);
      expect(opened.length).toBe(1);
      const devices = runtime.lastRun?.tasks.map((task) => task.device);
      // beside them the two arrays that it begins with
      expect([devices?.length, devices?.filter((name) => name === 'gpu').length]).toEqual([22, 20]);
      expect(error(await reference(target), result)).toBeLessThan(20 * 8 * 32 * 2 ** -23);
    });

    it('what is shaped, joined, summed and drawn on the way stays there too', async () => {
      watched();
      const x = random.normal([40, 30], { seed: 3, dtype: 'float32' });
      const y = nd.concat([x, random.uniform([40, 30], { seed: 4, dtype: 'float32' })], { axis: 1 });
      const z = nd.reshape(nd.cumsum(nd.matmul(nd.transpose(y), y), { axis: 1 }), [30, 120]);
      const target = nd.sum(
        nd.tanh(
          nd.mul(
            z.slice([
              [1, 29],
              [null, null, 2],
            ]),
            nd.array(1e-3, { dtype: 'float32' }),
          ),
        ),
      );
      const expected = await runtime.compute(target, { device: 'js' });
      const value = await runtime.compute(target, { device: 'gpu' });
      expect(Math.abs(Number(value) - Number(expected))).toBeLessThan(1e-3);
      const elsewhere = runtime.lastRun?.tasks
        .filter((task) => task.device !== 'gpu')
        .map(({ key }) => key.split('-')[0]);
      // the number that is multiplied with, and what shows an array in another shape, wherever that is
      expect(elsewhere?.sort()).toEqual(['array', 'reshape']);
      expect(opened[0]!.memory.reads).toBe(1);
      expect(opened[0]!.memory.pool.used).toBe(0);
    });

    it('sizes over a binding limit are split', async () => {
      watched({ maxBinding: 64 * 4 * 160 });
      const [a, b] = [square(150), square(150, 3)];
      const target = nd.add(nd.matmul(a, b), nd.matmul(b, a));
      const big = nd.exp(floats([300_000], noise));
      const [product, values] = (await runtime.compute([target, big], { device: 'gpu' })) as NDArray[];
      expect(runtime.lastRun?.tasks.filter((task) => task.device === 'gpu').length).toBeGreaterThanOrEqual(4);
      expect(error(await reference(target), product!)).toBeLessThan(8 * 150 * 2 ** -23);
      expect(error(await reference(big), values!)).toBeLessThan(8 * 2 ** -23);
    });

    it('more threads than one dimension of workgroups has are laid out in two', async () => {
      watched();
      const n = 65_535 * 64 + 4097;
      const target = nd.sum(nd.abs(nd.full([n], -1, { dtype: 'float32' })));
      const values = (await runtime.compute(nd.neg(nd.full([n], 2, { dtype: 'float32' })), {
        device: 'gpu',
      })) as NDArray;
      expect([values.data[0], values.data[65_535 * 64], values.data[n - 1]]).toEqual([-2, -2, -2]);
      expect(Number(await runtime.compute(target, { device: 'gpu' }))).toBe(n);
    });

    it('with little room arrays go to the host and come back; what cannot fit is an error, or goes elsewhere', async () => {
      watched();
      const bytes = 4 * 64 * 64;
      const products = Array.from({ length: 10 }, (_, i) => nd.matmul(square(64, i), square(64, i + 30)));
      const target = products.reduce((sum, one) => nd.matmul(sum, one));
      const expected = await reference(target);
      const tight = { device: 'gpu', memory: { gpu: 6 * bytes } } as const;
      expect(error(expected, (await runtime.compute(target, tight)) as NDArray)).toBeLessThan(8 * 64 * 10 * 2 ** -23);
      expect(Number(runtime.lastRun?.peak.gpu)).toBeLessThanOrEqual(6 * bytes);
      await expect(runtime.compute(target, { device: 'gpu', memory: { gpu: bytes } })).rejects.toThrow(
        /no room for 16384 bytes/,
      );
      const either = await runtime.compute(target, { device: ['gpu', 'wasm'], memory: { gpu: bytes } });
      expect(error(expected, either as NDArray)).toBeLessThan(8 * 64 * 10 * 2 ** -23);
    });

    it('when it is lost in the middle of a run the rest is computed elsewhere, and the next run opens it again', async () => {
      watched({}, 'fast', { flops: 1e15, bandwidth: 1e15, overhead: 1e-9 });
      const fresh = createRuntime({ workers: 2 });
      const b = square(400, 5);
      let target = nd.matmul(square(400), b);
      for (let i = 1; i < 5; i++) target = nd.matmul(target, b);
      const expected = (await runtime.compute(target, { device: 'wasm' })) as NDArray;
      await fresh.compute(nd.matmul(square(4), square(4)), on('fast'));
      const device = opened[0]!;
      const context = await acquire();
      const { flush } = device;
      let batches = 0;
      // the first batch is under way when the device goes
      device.flush = () => {
        flush.call(device);
        if (batches++ === 0) context.device.destroy();
      };
      const both = (await fresh.compute(target, on(['fast', 'wasm']))) as NDArray;
      await release(context);
      expect(batches).toBeGreaterThan(0);
      expect(error(expected, both)).toBeLessThan(5 * 8 * 400 * 2 ** -23);
      expect(fresh.lastRun?.tasks.some((task) => task.device === 'wasm')).toBe(true);
      const again = (await fresh.compute(target, on('fast'))) as NDArray;
      expect(error(expected, again)).toBeLessThan(5 * 8 * 400 * 2 ** -23);
      expect(opened.length).toBe(2);
      await fresh.close();
    });

    it('when it is lost and nothing else may compute, the error says so', async () => {
      watched();
      const target = nd.matmul(square(64), square(64, 5));
      await runtime.compute(target, { device: 'gpu' });
      const device = opened[0]!;
      const context = await acquire();
      const { flush } = device;
      device.flush = () => {
        flush.call(device);
        context.device.destroy();
      };
      await expect(runtime.compute(target, { device: 'gpu' })).rejects.toThrow(/device 'gpu' was lost/);
      await release(context);
      expect(((await runtime.compute(target, { device: 'gpu' })) as NDArray).shape).toEqual([64, 64]);
    });

    it('float64 but for products is not computed there: an error names the task', async () => {
      const root = nd.sqrt(nd.array([1, 4]));
      await expect(runtime.compute(root, { device: 'gpu' })).rejects.toThrow(DeviceUnsupportedError);
      await expect(runtime.compute(root, { device: 'gpu' })).rejects.toThrow(/sqrt.*'gpu'/);
    });

    it('a process that used it is idle while a timer runs, and ends by itself', () => {
      const { stdout, end, stderr } = program(`
      import { nd, compute } from './dist/index.js';
      const x = nd.ones([64, 64], { dtype: 'float32' });
      const sum = await compute(nd.sum(nd.matmul(x, x)), { device: 'gpu' });
      const used = async (ms) => {
        const before = process.cpuUsage();
        await new Promise((resolve) => setTimeout(resolve, ms));
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1e6;
      };
      const open = await used(900);
      await used(400);
      const released = await used(1000);
      console.log(JSON.stringify({ sum: Number(sum), open, released }));`);
      expect(end, stderr).toEqual([null, 0]);
      const { sum, open, released } = JSON.parse(stdout) as Record<string, number>;
      expect(sum).toBe(64 ** 3);
      // of a core, over about a second each
      expect(open).toBeLessThan(0.3);
      expect(released).toBeLessThan(0.3);
    });

    it('devices() says what it is; without a driver why not, as does a run that asks for it', () => {
      const text = `
      import { compute, devices, nd } from './dist/index.js';
      const gpu = devices().find(({ name }) => name === 'gpu');
      const x = nd.ones([2, 2], { dtype: 'float32' });
      const outcome = await compute(nd.matmul(x, x), { device: 'gpu' }).then(() => 'computed', (error) => [error.name, error.message]);
      console.log(JSON.stringify({ gpu, outcome }));`;
      const there = JSON.parse(program(text).stdout) as { gpu: Record<string, unknown>; outcome: unknown };
      expect(there.outcome).toBe('computed');
      expect(there.gpu).toMatchObject({
        available: true,
        description: expect.stringMatching(/driver .*WebGPU by Dawn/),
      });
      expect(Number(there.gpu.memory)).toBeGreaterThan(0);
      const away = JSON.parse(program(text, { VK_ICD_FILENAMES: '/nowhere.json' }).stdout) as typeof there;
      expect(away.gpu).toMatchObject({ available: false, reason: expect.stringMatching(/no GPU|Vulkan|adapter/i) });
      expect(away.outcome).toEqual([
        'DeviceUnavailableError',
        expect.stringMatching(/'gpu' is not available: .*devices\(\)/),
      ]);
    });
  },
);
