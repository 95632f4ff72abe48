/** Functions in gpu.js's form on the GPU: there, and beside other kernels without leaving it. */
import { afterAll, describe, expect, it } from 'vitest';
import { createRuntime, nd, random } from '../../../dist/index.js';
import { noGpu } from '../../support/software-gpu.js';

describe.skipIf(noGpu !== undefined)(`gpuKernel${noGpu === undefined ? '' : `: ${noGpu}`}`, { timeout: 60_000 }, () => {
  const runtime = createRuntime({ workers: 1, device: 'gpu' });
  afterAll(() => runtime.close());

  it('runs on the GPU between other kernels, with numbers that come from them', async () => {
    const blur = nd.gpuKernel(
      function blur(a, k) {
        const x = this.thread.x;
        let sum = a[this.thread.y][x];
        if (x > 0) sum += k * a[this.thread.y][x - 1];
        if (x < this.constants.last) sum += k * a[this.thread.y][x + 1];
        return sum;
      },
      { output: [40, 30], constants: { last: 39 } },
    );
    const x = random.uniform([30, 40], { seed: 1, dtype: 'float32' });
    const scale = nd.mul(nd.max(x), 0.25);
    const blurred = nd.sum(nd.square(blur(x, nd.astype(scale, 'float32'))));
    const total = await runtime.compute(blurred);
    expect(new Set(runtime.lastRun!.tasks.map(({ device }) => device))).toEqual(new Set(['gpu']));
    for (const device of ['js', 'wasm'] as const) {
      const other = createRuntime({ workers: 1, device });
      try {
        const expected = await other.compute(blurred);
        expect(Math.abs(total - expected)).toBeLessThan(1e-4 * expected);
        expect(other.lastRun!.tasks.find(({ key }) => key.startsWith('blur'))!.device).toBe(device);
      } finally {
        await other.close();
      }
    }
  });

  it('takes nested lists and float64 arrays as they are, rounded on the way', async () => {
    const product = nd.gpuKernel(
      function product(a, b) {
        let sum = 0;
        for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
        return sum;
      },
      { output: [3, 2], constants: { n: 2 } },
    );
    const lists = product(
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 0, 1],
        [0, 1, 1],
      ],
    );
    const nested = [
      [1, 2, 3],
      [3, 4, 7],
    ];
    expect((await runtime.compute(lists)).toNested()).toEqual(nested);
    const turned = nd.transpose(
      nd.array([
        [1, 3],
        [2, 4],
      ]),
    );
    const arrays = product(
      turned,
      nd.array([
        [1, 0, 1],
        [0, 1, 1],
      ]),
    );
    expect((await runtime.compute(arrays)).toNested()).toEqual(nested);
    const { tasks } = runtime.lastRun!;
    expect(tasks.filter(({ key }) => !key.startsWith('array')).every(({ device }) => device === 'gpu')).toBe(true);
  });

  it('may change numbers that it is given, as everywhere else', async () => {
    const stepped = nd.gpuKernel(
      function stepped(k, by) {
        k += this.thread.x;
        by = by * 2;
        return k * by;
      },
      { output: [5] },
    );
    const call = stepped(nd.sum(nd.ones([2], { dtype: 'float32' })), 1.5);
    expect([...(await runtime.compute(call)).data]).toEqual([6, 9, 12, 15, 18]);
    expect(runtime.lastRun!.tasks.find(({ key }) => key.startsWith('stepped'))!.device).toBe('gpu');
  });

  it('has lines of more threads than one row of workgroups, three axes, and lists', async () => {
    const count = 65_535 * 64 + 1000;
    const line = nd.gpuKernel(
      function () {
        return this.thread.x % 1000;
      },
      { output: [count] },
    );
    const values = await runtime.compute(line());
    expect(values.get(count - 1)).toBe((count - 1) % 1000);
    expect(values.get(65_535 * 64 + 1)).toBe((65_535 * 64 + 1) % 1000);
    const cube = nd.gpuKernel(
      function (k) {
        return [this.thread.x * k, this.thread.y, this.thread.z];
      },
      { output: [3, 4, 5] },
    );
    const places = await runtime.compute(cube(2));
    expect(places.shape).toEqual([5, 4, 3, 3]);
    expect([0, 1, 2].map((c) => places.get(4, 3, 2, c))).toEqual([4, 3, 4]);
  });
});
