/**
 * The conformance of kernel bodies: every body of every kernel against the readable `js` one, on the cases of cases.ts.
 * A body passes when its outputs are within the case's tolerance, when it fails with the same error where the reference
 * fails, when it leaves alone what is not its own, and when it gives the same bits a second time over other garbage.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import type { Kernel, KernelParams } from '../../dist/kernels/contract.js';
import type { Case } from './cases.js';
import { runJs } from './harness.js';

/** Someone who can run bodies of one kind. */
export interface Runner {
  readonly title: string;
  has(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): boolean;
  run(kernel: Kernel, inputs: readonly NDArray[], params: KernelParams): NDArray[];
}

type Outcome = { readonly outputs: NDArray[] } | { readonly error: Error };

function outcome(run: () => NDArray[]): Outcome {
  try {
    return { outputs: run() };
  } catch (error) {
    return { error: error as Error };
  }
}

function describeCase({ inputs, params }: Case): string {
  const arrays = inputs.map(({ dtype, shape }) => `${dtype} (${shape.join(', ')})`);
  return `${arrays.join(', ')} ${JSON.stringify(params)}`;
}

/** One case on one runner. */
function conform(kernel: Kernel, runner: Runner, instance: Case): void {
  const { inputs, params } = instance;
  const expected = outcome(() => runJs(kernel, inputs, params));
  const actual = outcome(() => runner.run(kernel, inputs, params));
  const again = outcome(() => runner.run(kernel, inputs, params));
  const where = describeCase(instance);
  if ('error' in expected || 'error' in actual) {
    const message = (result: Outcome): string =>
      'error' in result ? `${result.error.name}: ${result.error.message}` : 'no error';
    expect(message(actual), where).toBe(message(expected));
    return;
  }
  try {
    instance.check(expected.outputs, actual.outputs);
  } catch (error) {
    throw new Error(`${kernel.name} on ${where}: ${(error as Error).message}`);
  }
  actual.outputs.forEach((output, i) => {
    const bytes = (array: NDArray): Uint8Array => new Uint8Array(array.data.buffer);
    const second = 'outputs' in again ? bytes(again.outputs[i]!) : new Uint8Array();
    expect(Buffer.compare(bytes(output), second), `the same bits twice: ${where}`).toBe(0);
  });
}

/** Defines the suite: every kernel × every runner that has a body for it. */
export function conformance(
  kernels: ReadonlyMap<string, Kernel>,
  cases: Readonly<Record<string, fc.Arbitrary<Case>>>,
  runners: readonly Runner[],
  numRuns: number,
): void {
  it('has a case generator for every kernel', () => {
    expect([...kernels.keys()].filter((name) => !Object.hasOwn(cases, name))).toEqual([]);
  });

  it.each(runners.map(({ title }) => title))('runs a body of every kernel on %s', (title) => {
    const runner = runners.find((candidate) => candidate.title === title)!;
    for (const kernel of kernels.values()) {
      const samples = fc.sample(cases[kernel.name]!, { numRuns: 20, seed: 1 });
      const count = samples.filter(({ inputs, params }) => runner.has(kernel, inputs, params)).length;
      expect(count, `${kernel.name}: cases with a body`).toBeGreaterThan(5);
    }
  });

  describe.each(runners.map((runner) => [runner.title, runner] as const))('%s', (_title, runner) => {
    it.each([...kernels.values()].map((kernel) => [kernel.name, kernel] as const))('%s', (name, kernel) => {
      const property = fc.property(cases[name]!, (instance) => {
        fc.pre(runner.has(kernel, instance.inputs, instance.params));
        conform(kernel, runner, instance);
      });
      fc.assert(property, { seed: 20_260_101, numRuns });
    });
  });
}
