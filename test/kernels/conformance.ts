/**
 * The conformance of kernel bodies: every body of every kernel against the readable `js` one, on the cases of cases.ts.
 * What a body must do to pass says src/conformance/conform.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Case, conform, type Runner } from '../../dist/conformance/conform.js';
import type { Kernel } from '../../dist/kernels/contract.js';

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
    const tested = [...kernels.values()];
    it.each(tested.map((kernel) => [kernel.name, kernel] as const))('%s', (name, kernel) => {
      const property = fc.property(cases[name]!, (instance) => {
        fc.pre(runner.has(kernel, instance.inputs, instance.params));
        conform(kernel, runner, instance);
      });
      fc.assert(property, { seed: 20_260_101, numRuns });
    });
  });
}
