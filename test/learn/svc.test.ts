/** Support vector classifiers against scikit-learn's, through the whole graph of a fit, with the js bodies. */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nd } from '../../dist/lazy/index.js';
import { SVC, type SVCOptions } from '../../dist/learn/index.js';
import { evaluate, taskOf } from '../support/evaluate.js';
import { dataSet, reference } from './nested-cross-validate.js';

interface Machine {
  readonly data: string;
  readonly options: SVCOptions;
  readonly support: number[];
  readonly predicted: number[];
  readonly score: number;
  readonly decision: (number | number[])[];
  readonly pairs: (number | number[])[];
}

const { machines } = reference<{ machines: Machine[] }>('learn.json');

/** The rows that train (position not divisible by 3) and those that test. */
function divided(name: string) {
  const { x, y } = dataSet(name);
  const rows = Array.from({ length: x.shape[0] ?? 0 }, (_, i) => i);
  const [train, test] = [rows.filter((i) => i % 3 !== 0), rows.filter((i) => i % 3 === 0)];
  return { x, y, train, test };
}

/** Solutions are determined to the solver's tolerance of 1e-3, which two solvers use up differently. */
function expectClose(found: unknown, expected: unknown, tolerance: number): void {
  const [a, b] = [[found].flat(2) as number[], [expected].flat(2) as number[]];
  expect(a.length).toBe(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(tolerance);
}

const toy = { x: [[0], [1], [10], [11]], y: [5, 5, -2, -2] };

describe('SVC', () => {
  it.each(machines)('$data $options is scikit-learn’s', async ({ data, options, ...expected }) => {
    const { x, y, train, test } = divided(data);
    const xTest = nd.take(x, test);
    const model = new SVC(options).fit(nd.take(x, train), nd.take(y, train));
    const pairs = new SVC({ ...options, decisionFunctionShape: 'ovo' }).fit(nd.take(x, train), nd.take(y, train));
    const [predicted, score, decision, pairDecision, coefficients] = (await evaluate([
      model.predict(xTest),
      model.score(xTest, nd.take(y, test)),
      model.decisionFunction(nd.take(x, test.slice(0, 5))),
      pairs.decisionFunction(nd.take(x, test.slice(0, 5))),
      model.coefficients,
    ])) as [NDArray, number, NDArray, NDArray, NDArray];
    expect(predicted.toNested()).toEqual(expected.predicted);
    expect(score).toBe(expected.score);
    expectClose(decision.toNested(), expected.decision, 5e-3);
    expectClose(pairDecision.toNested(), expected.pairs, 5e-3);
    const n = train.length;
    const supports = train.filter((_, i) =>
      Array.from({ length: coefficients.shape[0] ?? 0 }, (_, pair) => coefficients.data[pair * n + i]).some(Boolean),
    );
    const total = expected.support.reduce((sum, one) => sum + one, 0);
    expect(Math.abs(supports.length - total)).toBeLessThanOrEqual(Math.ceil(0.02 * total));
  });

  it('gives the same with rows of a shared matrix and with a matrix of its own', async () => {
    const { x, y, train, test } = divided('wine');
    const whole = await evaluate<NDArray>(x);
    const labels = await evaluate<NDArray>(y);
    const pickRows = (rows: number[]) => rows.map((row) => (whole.at(row) as NDArray).toNested() as number[]);
    const pickLabels = (rows: number[]) => rows.map((row) => labels.get(row) as number);
    for (const options of [
      {},
      { gamma: 0.05 },
      { kernel: 'linear' },
      { kernel: 'poly', gamma: 'auto' },
    ] as SVCOptions[]) {
      const shared = new SVC(options).fit(nd.take(x, train), nd.take(y, train));
      const own = new SVC(options).fit(pickRows(train), pickLabels(train));
      const [a, b] = (await evaluate([
        shared.decisionFunction(nd.take(x, test)),
        own.decisionFunction(pickRows(test)),
      ])) as [NDArray, NDArray];
      expectClose(a.toNested(), b.toNested(), 1e-9);
    }
  });

  it('makes distances once for all rows, all C and all gammas', async () => {
    const { x, y, train, test } = divided('wine');
    const scores = [0.1, 1].flatMap((C) =>
      (['scale', 0.1, 0.2] as const).map((gamma) => {
        const model = new SVC({ C, gamma }).fit(nd.take(x, train), nd.take(y, train));
        return model.score(nd.take(x, test), nd.take(y, test));
      }),
    );
    const counted = { ran: new Map<string, number>() };
    await evaluate(scores, counted);
    expect(counted.ran.get('squaredDistances')).toBe(1);
    // Two cuts (train, test) of the distances for 'scale', and one whole matrix for either number.
    expect(counted.ran.get('takeGrid')).toBe(2);
    expect(counted.ran.get('rbfKernel')).toBe(4);
    expect(counted.ran.get('svcFit')).toBe(6);
  });

  it('does not make the whole matrix for a few training rows', () => {
    const x = nd.zeros([100, 2]);
    const y = nd.array(Array.from({ length: 100 }, (_, i) => i % 2));
    const names = (rows: number): string[] => {
      const model = new SVC({ gamma: 1 }).fit(nd.take(x, [...Array(rows).keys()]), nd.take(y, [...Array(rows).keys()]));
      const fit = taskOf(model.rho).deps[0]!;
      return fit.deps.map((dep) => dep.op.name);
    };
    expect(names(24)).toEqual(['rbfKernel', 'labels', 'number']);
    expect(names(25)).toEqual(['rbfKernel', 'labels', 'number', 'rows']);
  });

  it('takes nested arrays and keeps the labels as they are given', async () => {
    const model = new SVC({ kernel: 'linear' }).fit(toy.x, toy.y);
    expect(model.classes.toNested()).toEqual([-2, 5]);
    const predicted = await evaluate<NDArray>(model.predict([[2], [9]]));
    expect(predicted.toNested()).toEqual([5, -2]);
    expect(await evaluate(model.score([[2], [9], [12]], [5, 5, 77]))).toBe(1 / 3);
    expect((await evaluate<NDArray>(model.decisionFunction([[0], [11]]))).toNested()).toEqual([
      expect.closeTo(1.1, 0),
      expect.closeTo(-1.1, 0),
    ]);
  });

  it('takes integers and single-precision samples as float64', async () => {
    const integers = new SVC({ kernel: 'linear' }).fit(nd.array(toy.x, { dtype: 'int32' }), toy.y);
    const singles = new SVC({ kernel: 'linear' }).fit(nd.add(nd.array(toy.x, { dtype: 'float32' }), 0), toy.y);
    const rows = nd.take(nd.array(toy.x, { dtype: 'uint8' }), [0, 1, 2, 3]);
    const fromRows = new SVC({ kernel: 'linear' }).fit(rows, toy.y);
    const scores = [integers, singles, fromRows].map((model) => model.score(toy.x, toy.y));
    expect(await evaluate(scores)).toEqual([1, 1, 1]);
  });

  it('scores against labels that are still to be computed', async () => {
    const model = new SVC().fit(toy.x, toy.y);
    expect(await evaluate(model.score(toy.x, nd.add(toy.y, 0)))).toBe(1);
  });

  it('takes C and gamma from inside the graph', async () => {
    const { x, y, train, test } = divided('wine');
    const [fit, labels] = [nd.take(x, train), nd.take(y, train)];
    const chosen = delayed(() => ({ C: 0.05, gamma: 0.02 }))();
    const inGraph = new SVC({ C: chosen.C, gamma: chosen.gamma }).fit(fit, labels).decisionFunction(nd.take(x, test));
    const plain = new SVC({ C: 0.05, gamma: 0.02 }).fit(fit, labels).decisionFunction(nd.take(x, test));
    const [a, b] = (await evaluate([inGraph, plain])) as [NDArray, NDArray];
    expect(a.toNested()).toEqual(b.toNested());
    const bad = new SVC({ C: delayed(() => -1)() }).fit(fit, labels);
    await expect(evaluate(bad.rho)).rejects.toThrow('C must be a number > 0');
  });

  it('is not changed by with', () => {
    const svc = new SVC({ C: 2 });
    expect(svc.with({ gamma: 0.5 }).options).toEqual({ C: 2, gamma: 0.5 });
    expect(svc.options).toEqual({ C: 2 });
  });

  it.each([
    [{ c: 1 }, "there is no option 'c'; did you mean 'C'?"],
    [{ C: 0 }, 'C must be a number > 0, or a delayed one, got 0'],
    [{ C: '1' }, 'C must be'],
    [{ kernel: 'gauss' }, "kernel must be 'rbf', 'linear', 'poly' or 'sigmoid'"],
    [{ gamma: -1 }, 'gamma must be'],
    [{ gamma: 'auto ' }, 'gamma must be'],
    [{ degree: 1.5 }, 'degree must be a whole number'],
    [{ coef0: Number.NaN }, 'coef0 must be a finite number'],
    [{ tol: 0 }, 'tol must be'],
    [{ shrinking: 'yes' }, 'shrinking must be true or false'],
    [{ maxIter: 0 }, 'maxIter must be'],
    [{ decisionFunctionShape: 'all' }, 'decisionFunctionShape must be'],
  ])('refuses the options %j', (options, message) => {
    expect(() => new SVC(options as SVCOptions)).toThrow(OptionError);
    expect(() => new SVC(options as SVCOptions)).toThrow(message);
  });

  it('refuses samples and labels that do not fit, when the call is made', () => {
    const svc = new SVC();
    expect(() => svc.fit([1, 2], [0, 1])).toThrow(ShapeError);
    expect(() => svc.fit([[1], [2]], [0, 1, 1])).toThrow('SVC.fit: 2 samples and 3 labels');
    expect(() => svc.fit([[1], [2]], [1, 1])).toThrow('there must be at least two classes, all 2 labels are 1');
    expect(() => svc.fit([[1], [2]], [0, Number.NaN])).toThrow('a label is NaN');
    expect(() => svc.fit([[1], [2]], nd.add([0, 1], 0))).toThrow(ArgumentError);
    expect(() => svc.fit(nd.zeros([0, 3]), nd.array([]))).toThrow('not empty');
    const model = svc.fit([[1], [2]], [0, 1]);
    expect(() => model.predict([[1, 2]])).toThrow('the model was fitted on 1 features, these samples have 2');
    expect(() => model.score([[1]], [0, 1])).toThrow(ShapeError);
  });
});
