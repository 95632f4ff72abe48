/**
 * The GPU with bindings of a few hundred bytes, by the suite of all devices: whatever is larger is read through windows
 * and written in parts.
 */
import { describe, it } from 'vitest';
import { openGpu } from '../../../dist/devices/gpu/open.js';
import { gpuSource } from '../../../dist/devices/gpu/source.js';
import { noGpu } from '../../support/software-gpu.js';
import { deviceConformance } from '../conform.js';
import { gpuCheck } from './checks.js';

if (noGpu === undefined) {
  const source = {
    name: gpuSource.name,
    isSingle: true,
    discover: () => gpuSource.discover(),
    open: () => openGpu({ productTile: 6, maxBinding: 768 }),
  };
  deviceConformance(source, {
    numRuns: 12,
    kernels: [
      'elementwise',
      'reduce',
      'take',
      'takeGrid',
      'rbfKernel',
      'randomUniform',
      'randomIntegers',
      'randomNormal',
      'contract',
      'assemble',
    ],
    check: gpuCheck,
    timeout: 120_000,
  });
} else {
  describe('device gpu', () => {
    it.skip(noGpu as string, () => {});
  });
}
