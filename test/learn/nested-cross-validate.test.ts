/**
 * Nested cross-validation: with the readable js bodies one task after the other, and on the runtime with every
 * scheduler and device. The js bodies take long for ten digits; once is enough.
 */
import { afterAll } from 'vitest';
import { createRuntime } from '../../dist/index.js';
import { evaluate } from '../support/evaluate.js';
import { nestedCrossValidationSuite } from './nested-cross-validate.js';

nestedCrossValidationSuite('js bodies', evaluate);

for (const device of ['js', 'wasm'] as const) {
  const runtime = createRuntime({ workers: 2, device });
  afterAll(() => runtime.close());
  for (const scheduler of ['sync', 'threads'] as const) {
    const compute = (target: unknown): Promise<unknown> => runtime.compute(target, { scheduler });
    nestedCrossValidationSuite(`${scheduler}, ${device}`, compute, { digits: device === 'wasm' });
  }
}
