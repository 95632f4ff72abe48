/**
 * SVC through the kernels against scikit-learn's numbers (test/references/svc.py): iterations one for one, rho,
 * coefficients and predictions. Both answers are optimal to the tolerance 1e-3; they agree far closer because the
 * iterations are the same and only a kernel value may differ, by a rounding to float32 (6e-8) that tips over.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines, runJs } from './harness.js';

interface Reference {
  readonly data: string;
  readonly scale: boolean;
  readonly step: number;
  readonly rows: number;
  readonly gamma: number;
  readonly params: {
    readonly C: number;
    readonly gamma?: number | 'scale';
    readonly kernel?: 'linear' | 'poly' | 'sigmoid';
    readonly degree?: number;
    readonly coef0?: number;
    readonly shrinking?: boolean;
  };
  readonly rho: readonly number[];
  readonly iterations: readonly number[];
  readonly supportVectors: number;
  readonly predictions: string;
  readonly dual?: readonly (readonly (readonly [number, number])[])[];
}

type Run = (name: string, inputs: readonly NDArray[], params?: KernelParams) => NDArray[];

const text = readFileSync(new URL('../references/svc.json', import.meta.url), 'utf8');
const { cases } = JSON.parse(text) as { cases: Reference[] };

const scalar = (value: number): NDArray => new NDArray(Float64Array.of(value), { shape: [], dtype: 'float64' });

/** A data set's features and labels. */
function load(name: string): { x: NDArray; y: Int32Array } {
  const lines = readFileSync(new URL(`../../data/${name}.csv`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  const table = lines.map((line) => line.split(',').map(Number));
  const width = table[0]!.length - 1;
  const data = Float64Array.from(table.flatMap((row) => row.slice(0, width)));
  return {
    x: new NDArray(data, { shape: [table.length, width], dtype: 'float64' }),
    y: Int32Array.from(table, (row) => row[width]!),
  };
}

/** The reference's whole chain, from features to predictions, in kernels. */
function answer(run: Run, reference: Reference) {
  const { params, rows, step } = reference;
  const { x: all, y: allLabels } = load(reference.data);
  const features = reference.scale ? run('standardize', [all])[0]! : all;
  const chosen = Int32Array.from({ length: rows }, (_, i) => i * step);
  const indices = new NDArray(chosen, { shape: [rows], dtype: 'int32' });
  const x = run('take', [features, indices])[0]!;
  const y = new NDArray(
    chosen.map((i) => allLabels[i]!),
    { shape: [rows], dtype: 'int32' },
  );
  const nClasses = Math.max(...y.data) + 1;
  const gamma = params.gamma === 'scale' ? run('svcGamma', [x])[0]! : scalar(reference.gamma);
  const { coef0 = 0, degree = 3 } = params;
  const kernel = {
    rbf: () => run('rbfKernel', [run('squaredDistances', [x])[0]!, gamma])[0]!,
    linear: () => run('linearKernel', [x])[0]!,
    poly: () => run('polynomialKernel', [run('linearKernel', [x])[0]!, gamma], { coef0, degree })[0]!,
    sigmoid: () => run('sigmoidKernel', [run('linearKernel', [x])[0]!, gamma], { coef0 })[0]!,
  }[params.kernel ?? 'rbf']();
  const [coefficients, rho, iterations] = run('svcFit', [kernel, y, scalar(params.C)], {
    nClasses,
    shrinking: params.shrinking ?? true,
  }) as [NDArray, NDArray, NDArray];
  const decisions = run('svcDecision', [kernel, coefficients, rho])[0]!;
  const predictions = run('svcVote', [decisions], { nClasses })[0]!;
  return { gamma: gamma.get() as number, coefficients, rho, iterations, predictions, y };
}

const bodies: [string, Run][] = [
  ['js', (name, inputs, params = {}) => runJs(kernels.get(name)!, inputs, params)],
  ...machines.map((machine): [string, Run] => [
    `wasm ${machine.build}`,
    (name, inputs, params = {}) => machine.run(kernels.get(name)!, inputs, params),
  ]),
];

describe.each(bodies)('SVC as scikit-learn: %s', (body, run) => {
  // the readable bodies need seconds for the largest
  const feasible = body === 'js' ? cases.filter(({ rows }) => rows < 1000) : cases;

  it.each(feasible.map((reference) => [`${reference.data} ${JSON.stringify(reference.params)}`, reference] as const))(
    '%s',
    (_title, reference) => {
      const { gamma, coefficients, rho, iterations, predictions } = answer(run, reference);
      expect(Math.abs(gamma / reference.gamma - 1)).toBeLessThan(1e-13);
      expect([...iterations.data]).toEqual(reference.iterations);
      const { C } = reference.params;
      reference.rho.forEach((expected, pair) => {
        expect(Math.abs((rho.data[pair] ?? Number.NaN) - expected)).toBeLessThan(1e-6);
      });
      const n = reference.rows;
      const support = new Set<number>();
      coefficients.data.forEach((value, place) => {
        if (value !== 0) support.add(place % n);
      });
      expect(support.size).toBe(reference.supportVectors);
      reference.dual?.forEach((entries, pair) => {
        const dense = new Float64Array(n);
        for (const [row, value] of entries) dense[row] = value;
        for (let row = 0; row < n; row++) {
          expect(Math.abs(coefficients.data[pair * n + row]! - dense[row]!)).toBeLessThan(1e-6 * C);
        }
      });
      expect(predictions.data.join('')).toBe(reference.predictions);
    },
  );
});
