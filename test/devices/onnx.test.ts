/** The device 'onnx' on onnxruntime-node, through the contract of devices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyKernel } from '../../dist/devices/bodies.js';
import type { Device } from '../../dist/devices/contract.js';
import { onnxSource } from '../../dist/devices/onnx/source.js';
import { matmul } from '../../dist/kernels/matmul.js';
import { deviceConformance } from './conform.js';
import { denseContractions } from './dense-contractions.js';
import { compute, filled } from './heap-arrays.js';

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
