/** `nd.gpuKernel` where there is no GPU: WebAssembly and JavaScript, arguments of every kind, errors before anything runs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compute,
  createRuntime,
  DeviceUnsupportedError,
  delayed,
  type GpuKernelThis,
  KernelSourceError,
  nd,
  OptionError,
  random,
} from '../../dist/index.js';

const product = nd.gpuKernel(
  function scaled(a, b, k) {
    let sum = 0;
    for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
    return sum * k;
  },
  { output: [3, 2], constants: { n: 4 } },
);

describe('gpuKernel', () => {
  it('is a product, from arrays of any dtype, lists, delayed numbers', async () => {
    expect([product.kernelName, product.parameters]).toEqual(['scaled', ['a', 'b', 'k']]);
    const [a, b] = [
      random.integers([2, 4], { seed: 1, low: -9, high: 9 }),
      random.integers([4, 3], { seed: 2, low: -9, high: 9 }),
    ];
    const two = delayed(() => 2)();
    const results = [product(a, b, 2), product(nd.astype(a, 'float32'), b, nd.sum([1, 1])), product(a, b, two)];
    for (const result of results) expect([result.shape, result.dtype]).toEqual([[2, 3], 'float32']);
    const [expected, lists, ...found] = await compute([nd.mul(nd.matmul(a, b), 2), a, ...results]);
    for (const result of found) expect(result.toNested()).toEqual((expected as typeof result).toNested());
    const again = await product(lists.toNested() as number[][], b, 2).compute();
    expect(again.toNested()).toEqual((expected as typeof again).toNested());
  });

  it('has results of one to three axes, and one more for lists', async () => {
    const cube = nd.gpuKernel(
      function () {
        return this.thread.x + 10 * this.thread.y + 100 * this.thread.z;
      },
      { output: [2, 3, 4] },
    );
    const values = await cube().compute();
    expect(values.shape).toEqual([4, 3, 2]);
    expect(values.get(3, 2, 1)).toBe(321);
    const pairs = nd.gpuKernel(
      function (a) {
        return [a[this.thread.x], this.thread.x];
      },
      { output: [3] },
    );
    expect((await pairs([7, 8, 9]).compute()).toNested()).toEqual([
      [7, 0],
      [8, 1],
      [9, 2],
    ]);
  });

  it('takes the lengths of its result by name', () => {
    const place = function (this: GpuKernelThis) {
      return this.thread.x;
    };
    expect(nd.gpuKernel(place, { output: { x: 5 } })().shape).toEqual([5]);
    expect(nd.gpuKernel(place, { output: { x: 5, y: 2 } })().shape).toEqual([2, 5]);
    expect(nd.gpuKernel(place, { output: { x: 5, y: 2, z: 3 } })().shape).toEqual([3, 2, 5]);
  });

  it('gives the same in WebAssembly and in JavaScript, on threads and on the calling thread', async () => {
    const text =
      'function (a, k) { let s = 0; for (let i = 0; i < 2000; i++) { s += a[this.thread.x] * k; if (s > 50) break; } return s; }';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 }), async (list) => {
        const expected = list.map((value) => {
          let s = 0;
          for (let i = 0; i < 2000 && s <= 50; i++) s += value * 0.5;
          return s;
        });
        const kernel = nd.gpuKernel(new Function(`return ${text}`)() as () => number, {
          output: [list.length],
          name: 'f',
        });
        for (const scheduler of ['threads', 'sync'] as const) {
          for (const device of ['wasm', 'js'] as const) {
            expect([...(await kernel(list, 0.5).compute({ scheduler, device })).data]).toEqual(expected);
          }
        }
      }),
      { numRuns: 8, seed: 20261123 },
    );
  });

  it('says where it ran: WebAssembly where gpu.js has it, else JavaScript', async () => {
    const runtime = createRuntime({ workers: 1 });
    const ran = (name: string): string | undefined =>
      runtime.lastRun!.tasks.find(({ key }) => key.startsWith(name))!.device;
    try {
      const [a, b] = [nd.ones([2, 4], { dtype: 'float32' }), nd.ones([4, 3], { dtype: 'float32' })];
      for (const device of ['js', 'wasm'] as const) {
        expect((await runtime.compute(product(a, b, 1), { device })).get(0, 0)).toBe(4);
        expect(ran('scaled')).toBe(device);
        expect((await runtime.compute(product(a, b, 1), { device, scheduler: 'sync' })).get(0, 0)).toBe(4);
        expect(ran('scaled')).toBe(device);
      }
      expect((await runtime.compute(product(a, b, 1), { device: ['wasm', 'js'] })).get(0, 0)).toBe(4);
      expect(ran('scaled')).toBe('wasm');
      const listed = nd.gpuKernel(
        function listed(a) {
          const pair = [1, 2];
          pair[0] = a[this.thread.x];
          return pair[0]! + pair[1]!;
        },
        { output: [3] },
      );
      expect([...(await runtime.compute(listed([1, 2, 3]), { device: ['wasm', 'js'] })).data]).toEqual([3, 4, 5]);
      expect(ran('listed')).toBe('js');
      const alone = runtime.compute(listed([1, 2, 3]), { device: 'wasm' });
      await expect(alone).rejects.toThrow(DeviceUnsupportedError);
      await expect(alone).rejects.toThrow(
        /^task 'listed-\w+': kernel 'gpuKernel' has no body for device 'wasm' with inputs float32\[3\]: nd.gpuKernel\('listed'\): line 3/,
      );
      await expect(alone).rejects.toThrow('WebAssembly backend does not yet support assignment');
    } finally {
      await runtime.close();
    }
  });

  it('prefers WebAssembly to JavaScript where all devices may be used, and plans for it', async () => {
    const runtime = createRuntime({ workers: 1 });
    try {
      const call = product(nd.ones([2, 4], { dtype: 'float32' }), nd.ones([4, 3], { dtype: 'float32' }), 1);
      const plan = await runtime.plan(call, { device: ['js', 'wasm'] });
      expect(plan.tasks.find(({ key }) => key.startsWith('scaled'))!.device).toBe('wasm');
      await runtime.compute(call, { device: 'auto' });
      expect(runtime.lastRun!.tasks.find(({ key }) => key.startsWith('scaled'))!.device).toBe('wasm');
    } finally {
      await runtime.close();
    }
  });

  it('has the same bits on one, two and three threads, for large results and small', async () => {
    const waves = nd.gpuKernel(
      function waves(a, k) {
        let sum = 0;
        for (let i = 0; i < 40; i++) sum += Math.sin(a[(this.thread.x + i) % 301]) * k;
        if (sum > this.thread.y) return sum / 3;
        return sum;
      },
      { output: [301, 97], flops: 800 },
    );
    const a = random.uniform([301], { seed: 3, dtype: 'float32' });
    const calls = [1, 2, 3, 4, 5, 6].map((k) => waves(a, k / 7));
    const all: Float32Array[][] = [];
    for (const workers of [1, 2, 3]) {
      const runtime = createRuntime({ workers, device: 'wasm' });
      try {
        all.push((await runtime.compute(calls)).map(({ data }) => Float32Array.from(data as Float32Array)));
      } finally {
        await runtime.close();
      }
    }
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
    expect(new Set(all[0]!.map((data) => data[100])).size).toBe(6);
  });

  it('runs once where function, options and arguments are equal', () => {
    const [a, b] = [nd.ones([2, 4]), nd.ones([4, 3])];
    expect(product(a, b, 2).key).toBe(product(a, b, 2).key);
    expect(product(a, b, 2).key).not.toBe(product(a, b, 3).key);
  });

  it('names the function and the line of what gpu.js cannot translate', () => {
    const tries = nd.gpuKernel(
      // biome-ignore format: lines are counted
      function tries(a) {
        let x = 1;
        try { x = a[0]; } catch { x = 2; }
        return x;
      },
      { output: [1] },
    );
    const failure = (call: () => unknown): KernelSourceError => {
      try {
        call();
      } catch (error) {
        if (error instanceof KernelSourceError) return error;
        throw error;
      }
      throw new Error('no error');
    };
    const first = failure(() => tries([1]));
    expect(first.message).toContain("nd.gpuKernel('tries')");
    expect(first.message).toContain('try');
    expect(first.line).toBe(3);
    const nested = nd.gpuKernel(
      // biome-ignore format: lines are counted
      function nested(a) {
        const x = a[0];
        const rows = [[1, 2], [3, x]];
        return rows[1]![0];
      },
      { output: [1] },
    );
    const second = failure(() => nested([1]));
    expect(second.message).toContain("nd.gpuKernel('nested'): line 3");
    expect(second.message).toContain('gpu.js says: Markup type Matrix(2) not handled\n');
    expect(second.line).toBe(3);
    const written = nd.gpuKernel(
      // biome-ignore format: lines are counted
      function written(a) {
        a[this.thread.x] += 1;
        return a[0];
      },
      { output: [1] },
    );
    const third = failure(() => written([1]));
    expect(third.message).toContain("an assignment to an element of 'a'");
    expect(third.line).toBe(2);
    const random_ = nd.gpuKernel(() => Math.random(), { output: [1] });
    expect(failure(() => random_()).message).toContain('Math.random');
    const foreign = nd.gpuKernel(new Function('return function foreign(a) { return other(a[0]); }')() as () => number, {
      output: [1],
    });
    expect(failure(() => foreign([1])).message).toContain("a call of 'other'");
    expect(() => nd.gpuKernel(({ x }) => x, { output: [1] })).toThrow('a parameter that is no plain name');
  });

  it('refuses what is no such kernel', () => {
    const fn = (): number => 1;
    expect(nd.gpuKernel(() => 1, { output: [1] })).toThrow(
      /that does not begin with `function`.*; write `function \(a, b\)/,
    );
    // @ts-expect-error no function
    expect(() => nd.gpuKernel('x', { output: [1] })).toThrow('the first argument is a function');
    // @ts-expect-error no output
    expect(() => nd.gpuKernel(fn, {})).toThrow(OptionError);
    expect(() => nd.gpuKernel(fn, { output: [0] })).toThrow('whole numbers > 0');
    // @ts-expect-error no such option
    expect(() => nd.gpuKernel(fn, { output: [1], outputs: [1] })).toThrow("did you mean 'output'");
    expect(() => nd.gpuKernel(fn, { output: { x: 2, w: 1 } as never })).toThrow('output must be the lengths');
    expect(() => nd.gpuKernel(fn, { output: { x: 2, y: 0 } })).toThrow('output must be the lengths');
    expect(() => nd.gpuKernel(fn, { output: [1], constants: { n: Number.NaN } })).toThrow(
      "constant 'n' must be a finite number",
    );
    expect(() => product(nd.ones([2, 4]))).toThrow("nd.gpuKernel('scaled'): 1 arguments given; it takes 3: a, b, k");
    expect(() => product(nd.ones([1, 1, 1, 1]), 1, 1)).toThrow('at most three axes');
    expect(() => product(1, 2, Number.POSITIVE_INFINITY)).toThrow('k must be a finite number');
  });
});
