/** plan() as a user has it: what compute would take, without running; what-if; reasons; errors before anything runs. */
import { describe, expect, it } from 'vitest';
import {
  createRuntime,
  type Delayed,
  DeviceUnavailableError,
  DeviceUnsupportedError,
  delayed,
  linalg,
  MemoryBudgetError,
  nd,
  type PlatformTable,
  plan,
} from '../../dist/index.js';

const step = delayed((...values: number[]) => values.length, { name: 'step', cost: { seconds: 0.25 } });
const square = (n: number, seed = 1) =>
  nd.array(
    Float64Array.from({ length: n * n }, (_, i) => Math.sin(seed * i)),
    { shape: [n, n] },
  );
/** A machine with an accelerator that is far faster and has a memory of its own. */
const withGpu = (platform: PlatformTable, gpu: object = {}): PlatformTable => ({
  ...platform,
  devices: { ...platform.devices, gpu: { overhead: 1e-5, flops: 1e14, bandwidth: 1e13, ...gpu } },
  memories: { ...platform.memories, gpu: { budget: 8e9, latency: 1e-6, bandwidth: 1e11 } },
});

describe('plan', () => {
  it('says what a run takes, with every task once, and runs nothing', () => {
    let calls = 0;
    const counted = delayed(
      (n: number) => {
        calls++;
        return n;
      },
      { cost: { seconds: 0.25 } },
    );
    const planned = plan({ all: [counted(1), counted(2)], more: new Map([['x', counted(3)]]) }, { workers: 2 });
    expect(planned).toMatchObject({ makespan: 0.5, lowerBound: 0.375, policy: 'order', spilled: 0 });
    expect(planned.tasks).toHaveLength(3);
    expect(planned.tasks.map(({ device, start, end }) => [device, start, end])).toEqual([
      ['js', 0, 0.25],
      ['js', 0, 0.25],
      ['js', 0.25, 0.5],
    ]);
    expect(calls).toBe(0);
  });

  it('starts no threads, and takes no memory', async () => {
    const runtime = createRuntime({ workers: 2 });
    const before = process.getActiveResourcesInfo().length;
    const { plan: planOf } = runtime;
    expect(planOf(nd.matmul(square(64), square(64, 2))).tasks.map(({ device }) => device)).toContain('wasm');
    expect(process.getActiveResourcesInfo()).toHaveLength(before);
    expect(runtime.lastRun).toBeUndefined();
    await runtime.close();
    expect(() => planOf(1)).toThrow(/closed/);
  });

  it('plans the tasks that compute runs: the passes of the same options, and each array in its bytes', async () => {
    const runtime = createRuntime({ workers: 1 });
    const x = square(100);
    const y = nd.sum(nd.exp(nd.add(nd.mul(x, 2), 1)));
    for (const optimize of [true, false]) {
      const planned = runtime.plan(y, { optimize });
      await runtime.compute(y, { optimize });
      expect(planned.tasks.map(({ key }) => key).sort()).toEqual(runtime.lastRun!.tasks.map(({ key }) => key).sort());
    }
    const fused = runtime.plan(y);
    expect(fused.tasks.length).toBeLessThan(runtime.plan(y, { optimize: false }).tasks.length);
    expect(runtime.plan(nd.matmul(x, x)).peak.host).toBe(2 * 80_000);
    await runtime.close();
  });

  it('gives an answer for anything: nothing, values, unknown shapes, raw structures', () => {
    expect(plan([])).toMatchObject({ makespan: 0, lowerBound: 0, tasks: [], peak: { host: 0 } });
    expect(plan({ a: 1 }).tasks).toEqual([]);
    expect(plan(nd.sum(nd.unique(square(4)))).makespan).toBeGreaterThan(0);
    expect(plan(delayed([step(1), 2])).makespan).toBeCloseTo(0.25, 5);
    expect(plan(step(1).toFixed(2)).tasks).toHaveLength(2);
  });

  it('survives JSON, explanations too', () => {
    const planned = plan(linalg.qr(square(40)).r, { memory: '64 MiB' });
    const copy = JSON.parse(JSON.stringify(planned));
    expect(copy).toEqual({ ...planned });
    expect(copy.platform.memories.host.budget).toBe(64 * 2 ** 20);
    const { key } = planned.tasks.find(({ device }) => device === 'wasm')!;
    expect(JSON.parse(JSON.stringify(planned.explain(key)))).toEqual({ ...planned.explain(key) });
  });

  it('takes the options of compute, and no others', () => {
    expect(plan([step(1), step(2)], { scheduler: 'sync', workers: 8 }).makespan).toBeCloseTo(0.5, 9);
    expect(() => plan(step(1), { worker: 2 } as object)).toThrow(
      "plan: there is no option 'worker'; did you mean 'workers'?",
    );
    expect(() => plan(step(1), { memory: 'much' })).toThrow(/option 'memory' must be/);
  });

  it('throws what compute would', () => {
    expect(() => plan(nd.exp(square(4)), { device: 'onnx' })).toThrow(DeviceUnavailableError);
    const onWasm = delayed((n: number) => n, { device: 'wasm', key: 'js-only' });
    expect(() => plan(onWasm(1))).toThrow(DeviceUnsupportedError);
    const [a, b] = [delayed(() => 1, { key: 'one' })(), delayed(() => 2, { key: 'one' })()];
    expect(() => plan([a, b])).toThrow(/have the key 'one'/);
  });

  it('refuses a budget that cannot be kept, naming the task and the bytes short', () => {
    const product = nd.matmul(square(128), square(128, 2));
    const error = (() => {
      try {
        plan(product, { memory: 300_000 });
      } catch (thrown) {
        return thrown as MemoryBudgetError;
      }
    })();
    expect(error).toBeInstanceOf(MemoryBudgetError);
    expect(error).toMatchObject({ key: product.key, bytes: 3 * 128 * 128 * 8 - 300_000 });
    expect(plan(product, { memory: 400_000 }).peak.host).toBeLessThanOrEqual(400_000);
  });

  it('counts what must be written to files, and the time of that; without files it is an error', () => {
    // Every block is needed again after something that is made of all of them
    const factor = square(64);
    const blocks = Array.from({ length: 8 }, (_, i) => nd.matmul(nd.add(factor, i), factor));
    const total = nd.max(nd.concat(blocks.map((block) => nd.sum(block, { axis: 0 }))));
    const target = blocks.map((block) => nd.sum(nd.matmul(nd.div(block, total), factor)));
    const free = plan(target, { workers: 1 });
    expect(free.spilled).toBe(0);
    const memory = free.peak.host! / 2;
    const spilling = plan(target, { workers: 1, memory });
    expect(spilling.spilled).toBeGreaterThan(0);
    expect(spilling.peak.host).toBeLessThanOrEqual(memory);
    expect(spilling.makespan).toBeGreaterThan(free.makespan);
    expect(String(spilling)).toMatch(/ written to files$/m);
    expect(() => plan(target, { workers: 1, memory, spill: false })).toThrow(MemoryBudgetError);
  });
});

describe('what-if', () => {
  const tasks = Array.from({ length: 8 }, (_, i) => step(i));

  it('with other workers, and another budget', () => {
    expect([1, 2, 4].map((workers) => plan(tasks, { workers }).makespan)).toEqual([2, 1, 0.5]);
    const [x, y] = [square(128), square(128, 2)];
    const target = Array.from({ length: 6 }, (_, i) => nd.sum(nd.matmul(nd.add(x, i), y)));
    const free = plan(target, { workers: 4 });
    const tight = plan(target, { workers: 4, memory: 0.7 * free.peak.host! });
    expect(tight.peak.host).toBeLessThanOrEqual(0.7 * free.peak.host!);
    expect(tight.makespan).toBeGreaterThan(free.makespan);
    const held = tight.tasks.map(({ key }) => tight.explain(key)).filter(({ waits }) => waits.memory > 0);
    expect(held.length).toBeGreaterThan(0);
    expect(String(held[0])).toMatch(/it waits .*for memory/);
  });

  it('with the own platform given back it is the same plan', () => {
    const target = nd.sum(nd.matmul(square(90), square(90, 3)));
    const own = plan(target, { workers: 3, memory: '1 GiB' });
    const again = plan(target, { platform: JSON.parse(JSON.stringify(own.platform)) });
    expect({ ...again }).toEqual({ ...own });
  });

  it('with twice the threads, written into the platform or beside it', () => {
    const own = plan(tasks, { workers: 2 });
    const twice = { ...own.platform, pools: { threads: { slots: 4 } } };
    expect(plan(tasks, { platform: twice }).makespan).toBe(0.5);
    expect(plan(tasks, { platform: twice, workers: 8 }).makespan).toBe(0.25);
    expect(plan(tasks, { platform: own.platform }).platform.pools).toEqual({ threads: { slots: 2 } });
  });

  it('with an accelerator of its own memory: what gains goes there, and its link and memory count', () => {
    const [x, y] = [square(512), square(512, 2)];
    const product = nd.matmul(x, y);
    const target = nd.sum(product);
    const own = plan(target, { workers: 2 });
    const planned = plan(target, { platform: withGpu(own.platform) });
    expect(planned.makespan).toBeLessThan(own.makespan / 10);
    expect(planned.policy).not.toBe('order');
    expect(planned.peak.gpu).toBeGreaterThanOrEqual(3 * 512 * 512 * 8);
    const why = planned.explain(product.key);
    expect(why.choices.map(({ device }) => device)).toEqual(['gpu', 'wasm', 'js']);
    const [gpu, wasm] = why.choices;
    expect(gpu!.transfer).toBeCloseTo(2 * (1e-6 + (512 * 512 * 8) / 1e11), 9);
    expect(gpu!.seconds).toBeCloseTo(1e-5 + (2 * 512 ** 3) / 1e14 / 0.5, 9);
    expect(wasm!.lost).toMatch(/^computes .* longer; would end .* later$/);
  });

  it('a device takes what its dtypes, its kernels and its memory allow, and functions where it says so', () => {
    const product = nd.matmul(square(256), square(256, 2));
    const own = plan(product).platform;
    const deviceOf = (gpu: object, memory = 8e9, target: Delayed<unknown> | typeof product = product): string => {
      const platform = withGpu(own, gpu);
      const memories = { ...platform.memories, gpu: { ...platform.memories!.gpu!, budget: memory } };
      return plan(target, { platform: { ...platform, memories } }).tasks.find(({ key }) => key === target.key)!.device;
    };
    expect(deviceOf({})).toBe('gpu');
    expect(deviceOf({ dtypes: ['float32'] })).toBe('wasm');
    expect(deviceOf({ kernels: ['sum'] })).toBe('wasm');
    expect(deviceOf({}, 1e6)).toBe('wasm');
    expect(deviceOf({ functions: true }, 8e9, step(1))).toBe('js');
    const platform = withGpu(own);
    const tiny = { ...platform, memories: { ...platform.memories, gpu: { ...platform.memories!.gpu!, budget: 1e6 } } };
    const choice = plan(product, { platform: tiny })
      .explain(product.key)
      .choices.find(({ device }) => device === 'gpu');
    expect(choice!.lost).toBe("needs 1.50 MiB at once; 'gpu' has 977 KiB");
    const alone = { devices: { gpu: platform.devices.gpu! }, memories: tiny.memories };
    expect(() => plan(product, { platform: alone })).toThrow(MemoryBudgetError);
    expect(() => plan(step(1), { platform: alone })).toThrow(/which no device of the platform calls \('gpu'\)/);
  });

  it('keeps to the devices that are asked for', () => {
    const product = nd.matmul(square(256), square(256, 2));
    const platform = withGpu(plan(product).platform);
    const deviceOf = (device: 'wasm' | 'gpu'): string =>
      plan(product, { platform, device }).tasks.find(({ key }) => key === product.key)!.device;
    expect([deviceOf('wasm'), deviceOf('gpu')]).toEqual(['wasm', 'gpu']);
    expect(() => plan(product, { platform, device: 'onnx' })).toThrow(
      "'onnx' is not available: the platform has no such device",
    );
  });

  it('names what is wrong in a platform', () => {
    const own = plan(step(1)).platform;
    const gpu = { flops: 1e12, bandwidth: 1e11 };
    const cases: readonly (readonly [unknown, string])[] = [
      [7, 'plan: platform must be an object, not 7'],
      [{}, 'plan: platform.devices has no entry'],
      [{ ...own, device: {} }, "plan: platform has no 'device'; did you mean 'devices'?"],
      [{ devices: { gpu: { ...gpu, flop: 1 } } }, "plan: platform.devices.gpu has no 'flop'; did you mean 'flops'?"],
      [{ devices: { gpu: { ...gpu, flops: -1 } } }, 'plan: platform.devices.gpu.flops must be a number > 0, not -1'],
      [{ devices: { gpu: { bandwidth: 1 } } }, 'plan: platform.devices.gpu.flops is missing'],
      [
        { devices: { gpu: { ...gpu, pool: 'cores' } } },
        "plan: platform.devices.gpu.pool is 'cores', but platform.pools has no entry",
      ],
      [
        { ...own, devices: { gpu: { ...gpu, pool: 'thread' } } },
        "which platform.pools has not; did you mean 'threads'?",
      ],
      [{ ...own, devices: { gpu: { ...gpu, pool: 'threads', slots: 2 } } }, "has both a 'pool' and 'slots'"],
      [
        { devices: { gpu: { ...gpu, memory: 'vram' } } },
        "plan: platform.devices.gpu.memory is 'vram', which platform.memories has not",
      ],
      [{ ...own, pools: { threads: {} } }, 'plan: platform.pools.threads.slots is missing'],
      [
        { ...own, pools: { threads: { slots: 0 } } },
        'plan: platform.pools.threads.slots must be a whole number ≥ 1, not 0',
      ],
      [{ ...own, memories: { gpu: {} } }, 'plan: platform.memories.gpu.bandwidth is missing'],
      [{ ...own, memories: { host: { bandwidth: 1 } } }, 'plan: platform.memories.host has a link'],
      [{ ...own, memories: { host: { budget: '2 GiB?' } } }, 'plan: platform.memories.host.budget must be'],
    ];
    for (const [platform, message] of cases) {
      expect(() => plan(step(1), { platform: platform as PlatformTable }), message).toThrow(message);
    }
  });
});

describe('the table of a plan', () => {
  const chain = (count: number) => {
    let last = step(0);
    for (let i = 1; i < count; i++) last = step(last);
    return last;
  };

  it('has every task of a small plan, and keys that explain takes', () => {
    const planned = plan(chain(5), { workers: 2 });
    const lines = planned.toString().split('\n');
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe(
      '1.25 s, 1.00 of the lower bound, on 2 threads (order); at most host 0 bytes of 1.00 GiB'.replace(
        /1\.00 GiB/,
        lines[0]!.split(' of ').at(-1)!,
      ),
    );
    expect(lines[1]).toMatch(/^task +device +starts +takes +gives$/);
    for (const line of lines.slice(2)) expect(planned.explain(line.split(' ')[0]!).device).toBe('js');
  });

  it('abbreviates a large one and says what it leaves out', () => {
    const text = plan([chain(1500), ...Array.from({ length: 500 }, (_, i) => nd.exp(square(8, i)))], {
      workers: 2,
    }).toString();
    const lines = text.split('\n');
    expect(lines.length).toBeLessThan(30);
    expect(text).toMatch(/^2000 tasks, by kind:$/m);
    expect(text).toMatch(/^step +js +1500 +375 s +250 ms$/m);
    expect(text).toMatch(/^exp +wasm +500 /m);
    expect(text).toMatch(/^… 1985 more, all of them in plan.tasks$/m);
    expect(text).toMatch(/^and 500 that take no time: values that are there, and what passes them on$/m);
  });
});
