/**
 * Nested cross-validation on real data against scikit-learn: the cases, as a function over whatever computes them, so
 * that every scheduler and device runs the same ones.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../dist/array/csv.js';
import { nd } from '../../dist/lazy/index.js';
import { KFold, type NestedCrossValidation, nestedCrossValidate, SVC, standardize } from '../../dist/learn/index.js';

/** The results in place of the delayed values of `target`. */
export type Compute = (target: unknown) => Promise<unknown>;

const here = new URL('.', import.meta.url);

export function reference<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../references/${name}`, here), 'utf8')) as T;
}

export function dataSet(name: string): { x: ReturnType<typeof standardize>; y: ReturnType<typeof nd.array> } {
  const table = readCsv(new URL(`../../data/${name}.csv`, here));
  return { x: standardize(table.without('target')), y: nd.array(table.column('target')) };
}

interface Expected {
  testScore: number;
  outerScores: number[];
  innerScores: number[][];
}

/** The same scores: they are ratios of counts, so the only difference can be in the last bits of their sums. */
export function expectScores(found: NestedCrossValidation, expected: Expected): void {
  const flat = [found.testScore, ...found.outerScores, ...found.innerScores.flat()];
  const flatExpected = [expected.testScore, ...expected.outerScores, ...expected.innerScores.flat()];
  expect(flat.length).toBe(flatExpected.length);
  for (const [i, score] of flat.entries()) expect(Math.abs(score - flatExpected[i]!)).toBeLessThan(1e-14);
}

export function nestedCrossValidationSuite(name: string, compute: Compute, { digits = true } = {}): void {
  describe(`nested cross-validation: ${name}`, () => {
    it('breast cancer: every inner score, chosen C and outer score is scikit-learn’s', async () => {
      const expected = reference<Expected & { bestC: number[] }>('nested-cv-breast-cancer.json');
      const folds = new KFold({ nSplits: 4 });
      const grid = { C: nd.logspace(-2, 2, 5) };
      const result = nestedCrossValidate({
        estimator: new SVC(),
        grid,
        outer: folds,
        inner: folds,
        ...dataSet('breast_cancer'),
      });
      const found = (await compute(result)) as NestedCrossValidation;
      expectScores(found, expected);
      expect(found.bestParams).toEqual(expected.bestC.map((C) => ({ C })));
    });

    const timeout = 240_000;
    const ten = async (): Promise<void> => {
      const expected = reference<Expected & { grid: { C: number[]; gamma: number[] }; bestParams: object[] }>(
        'nested-cv-digits.json',
      );
      const folds = new KFold({ nSplits: 3 });
      const problem = { estimator: new SVC(), grid: expected.grid, outer: folds, inner: folds, ...dataSet('digits') };
      const found = (await compute(nestedCrossValidate(problem))) as NestedCrossValidation;
      expectScores(found, expected);
      expect(found.bestParams).toEqual(expected.bestParams);
    };
    if (digits) it('digits: ten classes, a grid over C and gamma', ten, timeout);
  });
}
