/** Grids, scores, cross-validation and the rules by which candidates are chosen. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nd } from '../../dist/lazy/index.js';
import {
  accuracyScore,
  type CrossValidation,
  crossValidate,
  type Estimator,
  KFold,
  type Model,
  type NestedCrossValidation,
  nestedCrossValidate,
  parameterGrid,
  SVC,
  standardize,
} from '../../dist/learn/index.js';
import { chooseBest, meanScore } from '../../dist/learn/scores.js';
import { evaluate, taskOf } from '../support/evaluate.js';
import { dataSet, reference } from './nested-cross-validate.js';

const { scores } = reference<{ scores: { stratified5: number[]; shuffled3: number[] } }>('learn.json');

describe('parameterGrid', () => {
  it('sorts names and varies the last one fastest', () => {
    expect(parameterGrid({ gamma: [1, 2], C: [10, 20], kernel: ['rbf'] })).toEqual([
      { C: 10, gamma: 1, kernel: 'rbf' },
      { C: 10, gamma: 2, kernel: 'rbf' },
      { C: 20, gamma: 1, kernel: 'rbf' },
      { C: 20, gamma: 2, kernel: 'rbf' },
    ]);
  });

  it('takes arrays, and refuses empty ones and what is still to be computed', () => {
    expect(parameterGrid({ C: nd.logspace(0, 2, 3) })).toEqual([{ C: 1 }, { C: 10 }, { C: 100 }]);
    expect(parameterGrid({ C: Float64Array.of(1, 2) })).toEqual([{ C: 1 }, { C: 2 }]);
    expect(() => parameterGrid({})).toThrow(ArgumentError);
    expect(() => parameterGrid({ C: [] })).toThrow("the list of values of 'C' is empty");
    expect(() => parameterGrid({ C: nd.add([1], 1) })).toThrow('not a list');
    expect(() => parameterGrid({ C: [null as unknown as number] })).toThrow(OptionError);
  });
});

describe('choosing', () => {
  it('takes the best mean, of equals the highest rank or else the first', () => {
    const equal = [
      [0.5, 0.7],
      [0.6, 0.6],
      [0.1, 0.1],
    ];
    expect(chooseBest(equal, null)).toEqual({ means: [0.6, 0.6, 0.1], best: 0 });
    expect(chooseBest(equal, [1, 2, 3]).best).toBe(1);
    expect(chooseBest(equal, [2, 1, 3]).best).toBe(0);
  });

  it('sums from left to right', () => {
    expect(meanScore([0.1, 0.2, 0.3])).toBe((0.1 + 0.2 + 0.3) / 3);
  });
});

describe('accuracyScore', () => {
  it('is the share of equal labels', async () => {
    expect(await evaluate(accuracyScore([0, 1, 1, 0], [0, 1, 0, 0]))).toBe(0.75);
    expect(() => accuracyScore([0, 1], [0])).toThrow(ShapeError);
    expect(() => accuracyScore([], [])).toThrow('not empty');
  });
});

describe('standardize', () => {
  it('centres and scales, and only centres what does not vary', async () => {
    const scaled = await evaluate(
      standardize([
        [1, 7],
        [3, 7],
      ]),
    );
    expect((scaled as { toNested(): unknown }).toNested()).toEqual([
      [-1, 0],
      [1, 0],
    ]);
    expect(() => standardize([1, 2])).toThrow(ShapeError);
  });
});

describe('crossValidate', () => {
  it('gives scikit-learn’s scores, stratified by default', async () => {
    const { x, y } = dataSet('wine');
    const result = await evaluate<CrossValidation>(crossValidate({ estimator: new SVC(), x, y }));
    expect(result.testScore).toEqual(scores.stratified5);
    expect(result.meanTestScore).toBe(meanScore(scores.stratified5));
    const cv = new KFold({ nSplits: 3, shuffle: true, seed: 1 });
    const shuffled = await evaluate<CrossValidation>(crossValidate({ estimator: new SVC({ C: 0.5 }), x, y, cv }));
    expect(shuffled.testScore).toEqual(scores.shuffled3);
  });

  it('takes another measure of a model', async () => {
    const { x, y } = dataSet('wine');
    const scoring = (model: Model, xTest: typeof x) => nd.mean(model.predict(xTest));
    const { testScore } = await evaluate<CrossValidation>(
      crossValidate({ estimator: new SVC(), x, y, cv: 2, scoring }),
    );
    for (const mean of testScore) expect(Math.abs(mean - 0.94)).toBeLessThan(0.1);
  });

  it('refuses what it cannot use', () => {
    const problem = { estimator: new SVC(), x: [[1], [2], [3]], y: [0, 1, 1] };
    expect(() => crossValidate({ ...problem, folds: 3 } as typeof problem)).toThrow("there is no option 'folds'");
    expect(() => crossValidate({ ...problem, y: [0, 1] })).toThrow(
      'expected x of shape [n, features] and y of shape [n]',
    );
    expect(() => crossValidate({ ...problem, cv: 'k' as unknown as number })).toThrow(OptionError);
    expect(() => crossValidate({ ...problem, estimator: {} as SVC })).toThrow('estimator must be one such as');
    expect(() => crossValidate({ ...problem, cv: new KFold({ nSplits: 4 }) })).toThrow('4 folds');
    expect(() => crossValidate({ estimator: new SVC(), x: [[1]] } as unknown as typeof problem)).toThrow(
      'both x and y',
    );
  });
});

/** A model whose score is its own parameters, so that what was chosen can be seen. */
class Fake implements Estimator<{ a?: number; b?: number; kind?: string }> {
  readonly options: { a?: number; b?: number; kind?: string };
  readonly delayable: ReadonlySet<string> = new Set(['a', 'b']);

  constructor(options: Fake['options'] = {}) {
    this.options = options;
  }

  with(options: Fake['options']): Fake {
    return new Fake({ ...this.options, ...options });
  }

  fit(): Model {
    const value = delayed(({ a = 0, b = 0, kind = '' }: Fake['options']) => a + 10 * b + (kind === 'high' ? 100 : 0));
    return { predict: () => nd.zeros([1]), score: () => value(this.options) };
  }
}

describe('nestedCrossValidate', () => {
  const folds = new KFold({ nSplits: 2 });
  const problem = { x: [[1], [2], [3], [4]], y: [0, 1, 0, 1], outer: folds, inner: folds };

  it('chooses inside the graph, by the means over the inner folds', async () => {
    const grid = { b: [1, 3, 2], a: [5, 4] };
    const found = await evaluate<NestedCrossValidation>(
      nestedCrossValidate({ estimator: new Fake(), grid, ...problem }),
    );
    expect(found.innerScores).toEqual([
      [15, 35, 25, 14, 34, 24],
      [15, 35, 25, 14, 34, 24],
    ]);
    expect(found.bestParams).toEqual([
      { a: 5, b: 3 },
      { a: 5, b: 3 },
    ]);
    expect(found).toMatchObject({ outerScores: [35, 35], testScore: 35 });
  });

  it('fits one outer model for every value that cannot come from the graph', async () => {
    const grid = { kind: ['low', 'high', 'middle'], a: [1, 2] };
    const found = await evaluate<NestedCrossValidation>(
      nestedCrossValidate({ estimator: new Fake(), grid, ...problem }),
    );
    expect(found.bestParams).toEqual([
      { a: 2, kind: 'high' },
      { a: 2, kind: 'high' },
    ]);
    expect(found.outerScores).toEqual([102, 102]);
  });

  it('gives ties to the larger of one numeric parameter, else to the first candidate', async () => {
    const best = async (grid: Record<string, (number | string)[]>) => {
      const scoring = () => delayed(() => 0.5)();
      const result = nestedCrossValidate({ estimator: new Fake(), grid, scoring, ...problem });
      return (await evaluate<NestedCrossValidation>(result)).bestParams[0];
    };
    expect(await best({ a: [1, 3, 2] })).toEqual({ a: 3 });
    expect(await best({ a: [1, 2], b: [1, 2] })).toEqual({ a: 1, b: 1 });
    expect(await best({ kind: ['x', 'y'] })).toEqual({ kind: 'x' });
  });

  it('searches over kernels as well', async () => {
    const { x, y } = dataSet('wine');
    const shuffled = new KFold({ nSplits: 2, shuffle: true, seed: 3 });
    const grid = { kernel: ['linear', 'rbf'], gamma: ['scale', 0.1], C: [0.1, 1] };
    const result = nestedCrossValidate({ estimator: new SVC(), grid, outer: shuffled, inner: shuffled, x, y });
    const found = await evaluate<NestedCrossValidation>(result);
    expect(found.innerScores.map((row) => row.length)).toEqual([8, 8]);
    found.outerScores.forEach((score) => {
      expect(score).toBeGreaterThan(0.9);
    });
    for (const params of found.bestParams) expect(parameterGrid(grid)).toContainEqual(params);
  });

  it('makes the whole data set’s distances once', async () => {
    const { x, y } = dataSet('wine');
    const shuffled = new KFold({ nSplits: 3, shuffle: true, seed: 5 });
    const result = nestedCrossValidate({
      estimator: new SVC(),
      grid: { C: [1, 10] },
      outer: shuffled,
      inner: shuffled,
      x,
      y,
    });
    const counted = { ran: new Map<string, number>() };
    await evaluate(result, counted);
    expect(counted.ran.get('squaredDistances')).toBe(1);
    expect(counted.ran.get('svcFit')).toBe(3 * (3 * 2 + 1));
    expect(taskOf(result).op.name).toBe('gatherNested');
  });

  it('refuses parameters that the estimator does not have', () => {
    const { x, y } = problem;
    const search = (grid: Record<string, number[]>) =>
      nestedCrossValidate({ estimator: new SVC(), grid, outer: 2, inner: 2, x: [...x, ...x], y: [...y, ...y] });
    expect(() => search({ c: [1] })).toThrow("SVC: there is no option 'c'; did you mean 'C'?");
    expect(() => search({ C: [1, -1] })).toThrow('C must be a number > 0');
    expect(() => search({})).toThrow('the grid is empty');
  });
});
