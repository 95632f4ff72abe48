/** The device 'onnx' on onnxruntime-node, through the contract of devices. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { haveSameBits } from '../../dist/conformance/conform.js';
import { applyKernel } from '../../dist/devices/bodies.js';
import type { Device } from '../../dist/devices/contract.js';
import { onnxSource } from '../../dist/devices/onnx/source.js';
import { DeviceUnavailableError } from '../../dist/errors.js';
import { matmul } from '../../dist/kernels/matmul.js';
import { deviceConformance } from './conform.js';
import { denseContractions } from './dense-contractions.js';
import { compute, filled, shared } from './heap-arrays.js';

const source = onnxSource(2);

deviceConformance(source, {
  isRequired: true,
  kernels: ['matmul', 'contract', 'linearKernel'],
  cases: { contract: denseContractions('float64', 'float32') },
});

let device: Device;

beforeAll(async () => {
  device = await source.open();
});

afterAll(() => device.close());

describe('onnx', () => {
  it('lets the event loop go on while it computes', async () => {
    const n = 1200;
    const a = filled('float64', [n, n], () => 1);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const started = performance.now();
    await compute(device, matmul, [a, a]);
    const took = performance.now() - started;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(took / 50);
  });

  it('gives exactly symmetric products of a matrix with its own transpose', async () => {
    for (const [m, k] of [
      [5, 7],
      [65, 129],
      [257, 300],
    ] as const) {
      for (const dtype of ['float64', 'float32'] as const) {
        const [c] = await compute(device, matmul, [filled(dtype, [m, k], (i) => Math.sin(i))], { symmetric: true });
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < i; j++) expect(c!.data[i * m + j]).toBe(c!.data[j * m + i]);
        }
      }
    }
  });

  it('gives the same bits with one thread and with two', async () => {
    const single = await onnxSource(1).open();
    try {
      const [a, b] = [filled('float64', [150, 333], Math.sin), filled('float64', [333, 170], Math.cos)];
      const [one] = await compute(single, matmul, [a, b]);
      const [two] = await compute(device, matmul, [a, b]);
      expect(haveSameBits(one!, two!)).toBe(true);
    } finally {
      await single.close();
    }
  });

  it('says the name of a kernel that fails, and goes on', async () => {
    const a = filled('float64', [2, 2], (i) => i);
    const calls = [shared({ dtype: 'float64', shape: [3, 3] }), shared({ dtype: 'float64', shape: [2, 2] })];
    const ends = await Promise.all(
      calls.map(
        (output) =>
          new Promise<unknown>((resolve) => {
            device.submit({ kernel: matmul, params: {}, inputs: [a, a], outputs: [output], onDone: resolve });
            device.flush();
          }),
      ),
    );
    expect(String(ends[0])).toMatch(/^Error: kernel 'matmul' failed on device 'onnx': .*does not match/s);
    expect((ends[0] as Error).cause).toBeInstanceOf(Error);
    expect(ends[1]).toBeUndefined();
    expect([...calls[1]!.data]).toEqual([2, 3, 6, 11]);
  });

  it('refuses arrays that are not on the heap', async () => {
    const a = new NDArray(new Float64Array(4), { shape: [2, 2], dtype: 'float64' });
    await expect(compute(device, matmul, [a, a])).rejects.toThrow('the shared heap');
    const b = filled('float64', [2, 2], (i) => i);
    const [c] = await compute(device, matmul, [b, b]);
    expect([...c!.data]).toEqual([2, 3, 6, 11]);
  });

  it('does not keep the process alive, open or closed', () => {
    const url = new URL('../../dist/devices/onnx/source.js', import.meta.url).href;
    const program = `
      import { onnxSource } from ${JSON.stringify(url)};
      const device = await onnxSource(1).open();
      if (process.argv[1] === 'close') await device.close();
      console.log('end');`;
    for (const mode of ['close', 'leave']) {
      const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program, mode], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect([ended.status, ended.stdout.trim(), ended.stderr]).toEqual([0, 'end', '']);
    }
  });

  it('is not there without its package, or with one that cannot be loaded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lazuli-onnx-'));
    try {
      const from = [pathToFileURL(join(folder, 'package.json')).href];
      const missing = onnxSource(1, from);
      expect(missing.discover()).toEqual({
        available: false,
        reason: 'the package onnxruntime-node is not installed (npm install onnxruntime-node)',
      });
      await expect(missing.open()).rejects.toThrow(DeviceUnavailableError);

      const root = join(folder, 'node_modules/onnxruntime-node');
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, 'package.json'), '{ "name": "onnxruntime-node", "version": "1.2.3" }');
      writeFileSync(join(root, 'index.js'), 'throw new Error("no such library");');
      const broken = onnxSource(1, from);
      expect(broken.discover()).toMatchObject({ available: true, description: 'onnxruntime-node 1.2.3, 1 thread' });
      await expect(broken.open()).rejects.toThrow('cannot be loaded: no such library');
      expect(broken.discover()).toMatchObject({ available: false, reason: expect.stringContaining('no such library') });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('survives a library that ends the process which loads it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lazuli-onnx-'));
    try {
      const root = join(folder, 'node_modules/onnxruntime-node');
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, 'package.json'), '{ "name": "onnxruntime-node", "version": "1.2.3" }');
      writeFileSync(join(root, 'index.js'), 'process.kill(process.pid, "SIGKILL");');
      const source = onnxSource(1, [pathToFileURL(join(folder, 'package.json')).href]);
      await expect(source.open()).rejects.toThrow(/crashed .*SIGKILL/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is there', () => {
    expect(source.discover()).toMatchObject({ available: true, description: expect.stringMatching(/onnxruntime/) });
  });

  it.each(['float64', 'float32'] as const)('multiplies %s matrices, transposed or not', async (dtype) => {
    const [m, k, n] = [33, 70, 29];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = filled(dtype, transposeA ? [k, m] : [m, k], (i) => Math.sin(i));
        const b = filled(dtype, transposeB ? [n, k] : [k, n], (i) => Math.cos(3 * i));
        const params = { transposeA, transposeB };
        expect(device.can(matmul, [a, b], params)).toBe(true);
        const [expected] = applyKernel(matmul, [a, b], params);
        const [actual] = await compute(device, matmul, [a, b], params);
        const bound = (k + 4) * k * (dtype === 'float64' ? 2 ** -52 : 2 ** -23);
        for (let i = 0; i < m * n; i++) {
          expect(Math.abs(actual!.data[i]! - expected!.data[i]!)).toBeLessThanOrEqual(bound);
        }
      }
    }
  });
});
