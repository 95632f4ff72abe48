/**
 * The build whose micro-kernels are imported, with plain ones, on all kernels that multiply matrices: its tiles are
 * others, so blocks and panels end elsewhere.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conform } from '../../dist/conformance/conform.js';
import { createMachine } from '../../dist/conformance/machine.js';
import { kernels } from '../../dist/kernels/registry.js';
import { cases } from './cases.js';
import { linalgCases } from './cases-linalg.js';
import { productCases } from './cases-products.js';
import { machines } from './harness.js';

const machine = createMachine('revectorized');

it('is accepted wherever the relaxed build is', () => {
  expect(machine !== undefined).toBe(machines.some(({ build }) => build === 'relaxed'));
});

if (machine !== undefined) {
  const runner = { title: 'wasm revectorized', has: machine.has, run: machine.run };
  describe('the revectorized build', () => {
    it.each(['matmul', 'linearKernel', 'rbfKernel', ...Object.keys(productCases), ...Object.keys(linalgCases)])(
      'runs %s',
      (name) => {
        const kernel = kernels.get(name)!;
        const property = fc.property(cases[name]!, (instance) => {
          fc.pre(runner.has(kernel, instance.inputs, instance.params));
          conform(kernel, runner, instance);
        });
        fc.assert(property, { seed: 20_260_102, numRuns: 60 });
      },
    );
  });
}
