/**
 * The device 'tensorflow'. Its bodies run on TensorFlow.js's build in plain JavaScript, which is always here, through the
 * same thread and the same contract; on tfjs-node where its native part has been built: LAZULI_TFJS_NODE is the folder
 * that has it in its node_modules (docs/tensorflow.md).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { findPeer } from '../../dist/devices/hosted/peer.js';
import { inSingle } from '../../dist/devices/single-precision.js';
import { restoreUtil } from '../../dist/devices/tensorflow/shim.js';
import { missingPart, tensorflowSource } from '../../dist/devices/tensorflow/source.js';
import { DeviceUnavailableError } from '../../dist/errors.js';
import type { Kernel } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import type { Case } from '../kernels/cases.js';
import { runJs } from '../kernels/harness.js';
import { epsilon } from '../kernels/numbers.js';
import { type DeviceConformanceOptions, deviceConformance } from './conform.js';
import { denseContractions } from './dense-contractions.js';
import { floatElementwise, floatReduce } from './float-expressions.js';
import { compute, filled } from './heap-arrays.js';

const absolute = (x: NDArray): NDArray => {
  const copy = x.copy();
  copy.data.forEach((value, i) => {
    copy.data[i] = Math.abs(value);
  });
  return copy;
};

/**
 * The check of a product in float32 whose library takes numbers below the least normal one for zero, and adds in an order
 * of its own: where the sum of the absolute values leaves the range, so may a part of the sum.
 */
function productCheck(kernel: Kernel, { inputs, params }: Case): Case['check'] {
  return ([expected], [actual]) => {
    const bounds = runJs(kernel, inputs.map(absolute), params)[0]!;
    const terms = Math.max(...inputs.flatMap(({ shape }) => shape)) + 4;
    const isNear = (i: number): boolean =>
      Math.abs(expected!.data[i]! - actual!.data[i]!) <= terms * (epsilon('float32') * bounds.data[i]! + 2 ** -126);
    for (let i = 0; i < bounds.size; i++) {
      if (!Number.isFinite(bounds.data[i]!) || isNear(i)) continue;
      throw new Error(`element ${i} is ${actual!.data[i]}, the reference ${expected!.data[i]}`);
    }
    if (inputs.length > 1) return;
    // of a matrix with itself: exactly symmetric
    const n = actual!.shape[0]!;
    for (let at = 0; at < n * n; at++) {
      const [row, column] = [Math.floor(at / n), at % n];
      expect(actual!.data[at]).toBe(actual!.data[column * n + row]);
    }
  };
}

const options: DeviceConformanceOptions = {
  kernels: ['matmul', 'contract', 'linearKernel', 'elementwise', 'reduce'],
  cases: { contract: denseContractions('float32'), elementwise: floatElementwise, reduce: floatReduce },
  numRuns: 100,
  check: (kernel, instance) =>
    ['matmul', 'contract', 'linearKernel'].includes(kernel.name) ? productCheck(kernel, instance) : undefined,
};

describe('in plain JavaScript', () => {
  deviceConformance(tensorflowSource({ package: '@tensorflow/tfjs' }), { ...options, isRequired: true });
});

const folder = process.env.LAZULI_TFJS_NODE;
describe('tfjs-node', () => {
  const source = tensorflowSource(folder === undefined ? {} : { from: [pathToFileURL(`${folder}/package.json`).href] });
  deviceConformance(source, { ...options, isRequired: folder !== undefined });
});

describe('in single precision', () => {
  it('takes float64 arrays, rounds what it copies, and gives float64', async () => {
    const device = inSingle(await tensorflowSource({ package: '@tensorflow/tfjs' }).open());
    try {
      const matmul = kernels.get('matmul')!;
      const x = filled('float64', [9, 9], (i) => Math.sin(i) + 2 ** -40);
      expect(device.can(matmul, [x, x], {})).toBe(true);
      const [product] = await compute(device, matmul, [x, x]);
      const [exact] = runJs(matmul, [x, x], {});
      expect(product!.dtype).toBe('float64');
      product!.data.forEach((value, i) => {
        expect(Math.fround(value)).toBe(value);
        expect(Math.abs(value - exact!.data[i]!)).toBeLessThan(9 * 9 * 2 ** -24);
      });
    } finally {
      await device.close();
    }
  });
});

describe('what is missing', () => {
  const peer = findPeer('@tensorflow/tfjs-node')!;

  it('is told of the package that is installed here without its native part, and of one that has it nothing', () => {
    const addon = `lib/napi-v${Math.min(8, Number(process.versions.napi))}/tfjs_binding.node`;
    const reason = missingPart(peer);
    if (existsSync(join(peer.root, addon))) expect(reason).toBeUndefined();
    else {
      expect(reason).toContain(`the native part of @tensorflow/tfjs-node is missing (${addon})`);
      expect(reason).toContain('docs/tensorflow.md');
    }
    const root = mkdtempSync(join(tmpdir(), 'lazuli-tfjs-'));
    try {
      expect(missingPart({ ...peer, root })).toContain(addon);
      mkdirSync(dirname(join(root, addon)), { recursive: true });
      writeFileSync(join(root, addon), '');
      expect(missingPart({ ...peer, root })).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('is the reason of the device, of open too', async () => {
    const source = tensorflowSource();
    const found = source.discover();
    if (found.available) return expect(missingPart(peer)).toBeUndefined();
    expect(found.reason).toBe(missingPart(peer));
    await expect(source.open()).rejects.toThrow(DeviceUnavailableError);
    await expect(source.open()).rejects.toThrow(found.reason);
  });

  it('is the whole package where it is not installed', () => {
    const source = tensorflowSource({ from: [pathToFileURL(join(tmpdir(), 'package.json')).href] });
    expect(source.discover()).toEqual({
      available: false,
      reason: 'the package @tensorflow/tfjs-node is not installed (npm install @tensorflow/tfjs-node)',
    });
  });

  it('of Node is put back for it, and what is there is left', () => {
    const own = (): boolean => true;
    const util: Record<string, unknown> = { isArray: own };
    restoreUtil(util);
    expect(util.isArray).toBe(own);
    const { isNullOrUndefined } = util as { isNullOrUndefined: (value: unknown) => boolean };
    expect([null, undefined, 0, ''].map(isNullOrUndefined)).toEqual([true, true, false, false]);
  });

  it('of a kernel is said with its name', async () => {
    const source = tensorflowSource({ package: '@tensorflow/tfjs' });
    const device = await source.open();
    try {
      const x = filled('float64', [3], (i) => i);
      const sort = kernels.get('sort')!;
      expect(device.can(sort, [x], {})).toBe(false);
      await expect(compute(device, sort, [x], {})).rejects.toThrow(
        "kernel 'sort' failed on device 'tensorflow': it has no body for TensorFlow.js",
      );
    } finally {
      await device.close();
    }
  });
});
