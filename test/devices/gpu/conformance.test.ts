/** The GPU against the reference, by the suite of all devices. On a software GPU where there is no other. */

import { describe, it } from 'vitest';
import { gpuSource } from '../../../dist/devices/gpu/source.js';
import { noGpu } from '../../support/software-gpu.js';
import { deviceConformance } from '../conform.js';
import { gpuCheck } from './checks.js';

if (noGpu === undefined) {
  deviceConformance(gpuSource, {
    numRuns: 12,
    kernels: [
      'matmul',
      'elementwise',
      'reduce',
      'take',
      'takeGrid',
      'squaredDistances',
      'linearKernel',
      'rbfKernel',
      'polynomialKernel',
      'sigmoidKernel',
      'randomUniform',
      'randomIntegers',
      'matmulAdd',
      'contract',
      'assemble',
      'randomNormal',
      'sort',
      'argsort',
    ],
    check: gpuCheck,
    isRequired: true,
    timeout: 120_000,
  });
} else {
  describe('device gpu', () => {
    it.skip(noGpu as string, () => {});
  });
}
