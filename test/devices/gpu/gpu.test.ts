/** What the GPU does beyond the suite of all devices: batches, splitting, every tile, its functions, memory, losing it. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import { acquire, release } from '../../../dist/devices/gpu/context.js';
import type { GpuDevice } from '../../../dist/devices/gpu/device.js';
import { ask } from '../../../dist/devices/gpu/discover.js';
import type { GpuArray } from '../../../dist/devices/gpu/memory.js';
import { type GpuOptions, openGpu } from '../../../dist/devices/gpu/open.js';
import { elementwise } from '../../../dist/kernels/elementwise.js';
import type { UnaryOperation } from '../../../dist/kernels/expression.js';
import { ExpressionBuilder } from '../../../dist/kernels/expression-builder.js';
import { serialize } from '../../../dist/kernels/expression-text.js';
import { productTiles } from '../../../dist/kernels/gpu/product.js';
import { matmul } from '../../../dist/kernels/matmul.js';
import { reduce } from '../../../dist/kernels/reduce.js';
import { noGpu } from '../../support/software-gpu.js';
import { EPS32, error, floats, noise, put, run, submit } from './support.js';

const ways = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

async function multiplies(
  options: GpuOptions,
  sizes: readonly (readonly [number, number, number])[],
  transposes: readonly (readonly [boolean, boolean])[] = ways,
): Promise<void> {
  const device = await openGpu(options);
  try {
    for (const [m, k, n] of sizes) {
      for (const [transposeA, transposeB] of transposes) {
        const a = floats(transposeA ? [k, m] : [m, k], noise);
        const b = floats(transposeB ? [n, k] : [k, n], (i) => noise(i + 7));
        const params = { transposeA, transposeB };
        const [expected] = runJs(matmul, [a, b], params);
        expect(error(expected!, await run(device, matmul, params, [a, b]))).toBeLessThanOrEqual(8 * k * EPS32);
      }
    }
  } finally {
    await device.close();
  }
}

describe.skipIf(noGpu !== undefined)(`gpu${noGpu === undefined ? '' : `: ${noGpu}`}`, { timeout: 120_000 }, () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openGpu({ productTile: 6 });
  }, 120_000);
  afterAll(() => device.close());

  it('runs a chain of 20 calls as one submission with one read', async () => {
    const x = put(
      device,
      floats([64], (i) => i / 64),
    );
    const builder = new ExpressionBuilder();
    const value = builder.input(0, 'float32');
    const half = builder.constant(0.5, 'float32');
    const expression = serialize(builder.build(builder.binary('add', builder.binary('mul', value, half), half)));
    const before = [device.submissions, device.memory.reads];
    const made: GpuArray[] = [];
    const ends: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      const { output, done } = submit(device, elementwise, { expression }, [made.at(-1) ?? x]);
      made.push(output);
      ends.push(done);
    }
    device.flush();
    const into = NDArray.zeros([64], 'float32');
    const countAfterFlush = device.submissions - before[0]!;
    await device.memory.read(made.at(-1)!, into);
    expect(await Promise.all(ends)).toEqual(ends.map(() => undefined));
    expect(countAfterFlush).toBe(1);
    expect(device.memory.reads - before[1]!).toBe(1);
    for (let i = 0; i < 64; i++) expect(into.data[i]).toBeCloseTo(1 + (i / 64 - 1) * 2 ** -20, 6);
    for (const array of [x, ...made]) device.memory.free(array);
  });

  it('sends a call and the read of its result together', async () => {
    const before = device.submissions;
    await run(device, matmul, {}, [floats([4, 4], noise), floats([4, 4], noise)]);
    expect(device.submissions - before).toBe(1);
  });

  it.each(productTiles.map((tile, i) => [i, JSON.stringify(tile)] as const))(
    'multiplies with tile %i %s',
    (tile, text) => {
      // Shaders with panels take a software GPU seconds to compile: each of the large ones is tried one way
      const isLarge = /"depth":[^0]/.test(text) && tile > 0;
      const sizes = isLarge
        ? ([[200, 36, 196]] as const)
        : ([
            [70, 36, 132],
            [5, 33, 3],
          ] as const);
      return multiplies({ productTile: tile }, sizes, isLarge ? [ways[tile % 4]!] : ways);
    },
  );

  it('cuts a long sum for a small result into pieces', () => multiplies({ productTile: 6 }, [[7, 3001, 12]]));

  it('multiplies a matrix and a vector, whichever side it is on, in parts too', async () => {
    await multiplies({ productTile: 6 }, [
      [1, 300, 70],
      [70, 300, 1],
      [1, 900, 1],
      [1, 1, 5],
    ]);
    await multiplies({ productTile: 6, maxBinding: 64 * 4 * 200 }, [
      [1, 200, 190],
      [190, 200, 1],
    ]);
  });

  it('multiplies in parts what is larger than a binding', () =>
    multiplies({ productTile: 6, maxBinding: 64 * 4 * 200 }, [
      [200, 130, 140],
      [130, 200, 190],
    ]));

  it('goes through arrays larger than a binding in parts, one-byte results too', async () => {
    const small = await openGpu({ productTile: 6, maxBinding: 4096 });
    try {
      const x = floats([5000], noise);
      const builder = new ExpressionBuilder();
      const value = builder.input(0, 'float32');
      const place = builder.cast(builder.index(0, 'int32'), 'float32');
      const sum = builder.build(builder.binary('add', value, place));
      const params = { expression: serialize(sum) };
      const [expected] = runJs(elementwise, [x], params);
      expect(error(expected!, await run(small, elementwise, params, [x]))).toBe(0);
      const other = new ExpressionBuilder();
      const isLess = other.build(other.binary('less', other.input(0, 'float32'), other.constant(0, 'float32')));
      const test = { expression: serialize(isLess) };
      const [bools] = runJs(elementwise, [x], test);
      expect((await run(small, elementwise, test, [x])).data).toEqual(bools!.data);
      // the other way round, and across
      const turned = { shape: [5000], axes: [0], steps: [-1], start: [4999] };
      const [wide, across] = [
        floats([50, 100], noise),
        { shape: [100, 50], axes: [1, 0], steps: [1, 1], start: [0, 0] },
      ];
      for (const [source, view] of [
        [x, turned],
        [wide, across],
      ] as const) {
        const viewed = { ...params, views: JSON.stringify([view]) };
        const [seen] = runJs(elementwise, [source], viewed);
        expect(error(seen!, await run(small, elementwise, viewed, [source]))).toBe(0);
      }
    } finally {
      await small.close();
    }
  });

  const functions: readonly [UnaryOperation, (x: number) => number, number, number, number][] = [
    ['exp', Math.exp, -80, 80, 4],
    ['exp2', (x) => 2 ** x, -120, 120, 4],
    ['expm1', Math.expm1, -3, 10, 6],
    ['log', Math.log, 1e-3, 1e6, 4],
    ['log1p', Math.log1p, -0.9, 100, 8],
    ['log2', Math.log2, 1e-3, 1e6, 6],
    ['log10', Math.log10, 1e-3, 1e6, 6],
    ['sinh', Math.sinh, -20, 20, 8],
    ['cosh', Math.cosh, -20, 20, 8],
    ['tanh', Math.tanh, -8, 8, 8],
    ['sqrt', Math.sqrt, 0, 1e6, 4],
    ['reciprocal', (x) => 1 / x, 0.1, 1e6, 4],
  ];
  it.each(functions)('%s is as exact as float32 allows', async (name, f, from, to, ulps) => {
    const x = floats([2000], (i) => from + ((to - from) * (i + 0.5)) / 2000);
    const builder = new ExpressionBuilder();
    const params = { expression: serialize(builder.build(builder.unary(name, builder.input(0, 'float32')))) };
    const actual = await run(device, elementwise, params, [x]);
    let worst = 0;
    for (let i = 0; i < x.size; i++) {
      const expected = f(x.data[i]!);
      worst = Math.max(worst, Math.abs(actual.data[i]! - expected) / Math.max(2 ** -126, Math.abs(expected)));
    }
    expect(worst / EPS32).toBeLessThan(ulps);
  });

  it.each(['sin', 'cos'] as const)('%s of small and of huge numbers', async (name) => {
    const x = floats([4000], (i) => (i < 2000 ? (i - 1000) / 50 : noise(i) * 2 ** ((i - 2000) / 16)));
    const builder = new ExpressionBuilder();
    const params = { expression: serialize(builder.build(builder.unary(name, builder.input(0, 'float32')))) };
    const actual = await run(device, elementwise, params, [x]);
    let worst = 0;
    for (let i = 0; i < x.size; i++) worst = Math.max(worst, Math.abs(actual.data[i]! - Math[name](x.data[i]!)));
    expect(worst / EPS32).toBeLessThan(3);
  });

  it('adds up a million numbers as exactly as blocks allow, and finds the first of the largest', async () => {
    const x = floats([1000, 1000], (i) => (i === 777_777 || i === 888_888 ? 9 : noise(i) + 0.5));
    const builder = new ExpressionBuilder();
    const expression = serialize(builder.build(builder.input(0, 'float32')));
    for (const reduction of ['sum', 'mean', 'std', 'min', 'max', 'argmax']) {
      const params = { expression, reduction };
      const [expected] = runJs(reduce, [x], params);
      const actual = await run(device, reduce, params, [x]);
      expect(error(expected!, actual), reduction).toBeLessThan(100 * EPS32);
      if (reduction === 'argmax') expect(actual.data[0]).toBe(777_777);
    }
    for (const axes of ['[0]', '[1]']) {
      const params = { expression, reduction: 'sum', axes };
      const [expected] = runJs(reduce, [x], params);
      expect(error(expected!, await run(device, reduce, params, [x]))).toBeLessThan(100 * EPS32);
    }
  });

  it('has no room beyond its capacity, and again when something is freed', async () => {
    const small = await openGpu({ productTile: 6, capacity: 1 << 20 });
    try {
      const half = { dtype: 'float32', shape: [1 << 17] } as const;
      const [a, b] = [small.memory.allocate(half), small.memory.allocate(half)];
      expect(a !== undefined && b !== undefined).toBe(true);
      expect(small.memory.allocate(half)).toBeUndefined();
      small.memory.free(a!);
      expect(small.memory.allocate(half)).toBeDefined();
    } finally {
      await small.close();
    }
  });

  it('destroys what it keeps for later where new sizes need the room, used or not', async () => {
    const small = await openGpu({ productTile: 6, capacity: 1 << 17 });
    try {
      for (let n = 40; n < 80; n += 4) {
        await run(small, matmul, {}, [floats([n, n], noise), floats([n, n], noise)]);
        expect(small.memory.pool.held).toBeLessThanOrEqual(1 << 17);
      }
      expect(small.memory.pool.used).toBe(0);
    } finally {
      await small.close();
    }
  });

  it('a write waits for calls that were submitted before and read what was there', async () => {
    const [a, b] = [floats([4, 4], noise), floats([4, 4], (i) => i)];
    const [x, y] = [put(device, a), put(device, b)];
    const { output, done } = submit(device, matmul, {}, [x, y]);
    device.memory.write(x, b);
    const into = NDArray.zeros([4, 4], 'float32');
    await device.memory.read(output, into);
    expect(await done).toBeUndefined();
    expect(error(runJs(matmul, [a, b], {})[0]!, into)).toBeLessThan(8 * 4 * EPS32);
    for (const array of [x, y, output]) device.memory.free(array);
  });

  it('a call with an array that was freed is told so', async () => {
    const x = put(device, floats([2, 2], noise));
    device.memory.free(x);
    const { output, done } = submit(device, matmul, {}, [x, x]);
    device.flush();
    expect(String(await done)).toMatch(/after it had been freed/);
    device.memory.free(output);
  });

  it('a lost device tells its calls an error, and the next one starts afresh', async () => {
    const lost = await openGpu({ productTile: 6 });
    const x = put(lost, floats([8, 8], noise));
    const context = await acquire();
    context.device.destroy();
    await context.ended;
    await release(context);
    const { done } = submitBlind(lost, x);
    lost.flush();
    expect(String(await done)).toMatch(/gpu/);
    await lost.close();
    await device.close();
    device = await openGpu({ productTile: 6 });
    await run(device, matmul, {}, [floats([4, 4], noise), floats([4, 4], noise)]);
  });

  it('a process that used it ends by itself', () => {
    const program = `
      import { NDArray } from './dist/array/ndarray.js';
      import { matmul } from './dist/kernels/matmul.js';
      import { openGpu } from './dist/devices/gpu/open.js';
      const device = await openGpu({ productTile: 6 });
      const a = device.memory.allocate({ dtype: 'float32', shape: [2, 2] });
      const c = device.memory.allocate({ dtype: 'float32', shape: [2, 2] });
      device.memory.write(a, new NDArray(Float32Array.of(1, 2, 3, 4), { dtype: 'float32', shape: [2, 2] }));
      const into = NDArray.zeros([2, 2], 'float32');
      device.submit({ kernel: matmul, params: {}, inputs: [a, a], outputs: [c], onDone() {} });
      await device.memory.read(c, into);
      await device.close();
      console.log([...into.data].join());`;
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    const { stdout, status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([signal, status, stdout.trim()]).toEqual([null, 0, '7,10,15,22']);
  });

  it('without a driver there is a reason', () => {
    const probe = fileURLToPath(new URL('../../../dist/devices/gpu/probe.js', import.meta.url));
    const before = process.env.VK_ICD_FILENAMES;
    process.env.VK_ICD_FILENAMES = '/nowhere/driver.json';
    try {
      expect(ask(probe)).toEqual({ reason: expect.stringMatching(/no GPU|Vulkan|adapter/i) });
    } finally {
      process.env.VK_ICD_FILENAMES = before;
    }
    expect(ask('/nowhere/probe.js')).toEqual({ reason: expect.stringMatching(/gave no answer/) });
  });
});

function submitBlind(device: GpuDevice, x: GpuArray): { readonly done: Promise<unknown> } {
  const done = new Promise<unknown>((resolve) => {
    device.submit({ kernel: matmul, params: {}, inputs: [x, x], outputs: [x], onDone: resolve });
  });
  return { done };
}
