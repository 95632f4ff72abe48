import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, OptionError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nd } from '../../dist/lazy/index.js';
import { KFold, StratifiedKFold } from '../../dist/learn/index.js';
import { reference } from './nested-cross-validate.js';

interface Case {
  readonly kind: 'KFold' | 'StratifiedKFold';
  readonly options: { n_splits: number; shuffle?: boolean; random_state?: number };
  readonly y: number[];
  readonly tests: number[][];
}

const { folds } = reference<{ folds: Case[] }>('learn.json');
const kinds = { KFold, StratifiedKFold };

describe('folds', () => {
  it.each(folds)('are scikit-learn’s: $kind $options of $y.length', ({ kind, options, y, tests }) => {
    const { n_splits: nSplits, shuffle, random_state: seed } = options;
    const splitter = new kinds[kind]({ nSplits, ...(shuffle ? { shuffle, seed: seed! } : {}) });
    const found = [...splitter.split(y.length, y)];
    expect(found.map(([, test]) => Array.from(test))).toEqual(tests);
    for (const [train, test] of found) {
      expect([...train, ...test].sort((a, b) => a - b)).toEqual(y.map((_, i) => i));
      expect(Array.from(train)).toEqual(Array.from(train).sort((a, b) => a - b));
    }
  });

  it('test every sample once, and sizes differ by one at most', () => {
    const problem = fc.record({ nSplits: fc.integer({ min: 2, max: 9 }), extra: fc.nat(40), shuffle: fc.boolean() });
    fc.assert(
      fc.property(problem, ({ nSplits, extra, shuffle }) => {
        const n = nSplits + extra;
        const tests = Array.from(new KFold({ nSplits, shuffle }).split(n), ([, test]) => test);
        const sizes = tests.map((test) => test.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(tests.flatMap((test) => Array.from(test)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
  });

  it('take whatever says how many samples there are', () => {
    const tests = (x: Parameters<KFold['split']>[0]) => [...new KFold({ nSplits: 2 }).split(x)].map(([, test]) => test);
    const expected = tests(3);
    expect(tests([[1], [2], [3]])).toEqual(expected);
    expect(tests(Float64Array.of(1, 2, 3))).toEqual(expected);
    expect(tests(NDArray.zeros([3, 4]))).toEqual(expected);
    expect(tests(nd.zeros([3, 4]))).toEqual(expected);
    expect(() => tests(delayed((n: number) => n)(3))).toThrow(ArgumentError);
  });

  it('take labels from rows of an array', () => {
    const y = nd.take([9, 0, 0, 1, 1, 9], [1, 2, 3, 4]);
    const tests = [...new StratifiedKFold({ nSplits: 2 }).split(4, y)].map(([, test]) => Array.from(test));
    expect(tests).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('refuse what cannot be divided', () => {
    expect(() => [...new KFold({ nSplits: 4 }).split(3)]).toThrow('4 folds need at least as many samples, there are 3');
    expect(() => [...new KFold().split(-1)]).toThrow(ArgumentError);
    expect(() => [...new StratifiedKFold({ nSplits: 3 }).split(4, [0, 0, 1, 1])]).toThrow('the largest has 2');
    expect(() => [...new StratifiedKFold().split(4)]).toThrow('the labels are needed');
    expect(() => [...new StratifiedKFold().split(3, [0, 1])]).toThrow('3 samples and 2 labels');
    const lazily = nd.add([0, 1], 1);
    expect(() => [...new StratifiedKFold().split(2, lazily)]).toThrow('the labels must be there');
  });

  it.each([
    [{ nSplits: 1 }, 'nSplits must be a whole number of at least 2'],
    [{ nSplits: 2.5 }, 'nSplits must be'],
    [{ nsplits: 3 }, "there is no option 'nsplits'; did you mean 'nSplits'?"],
    [{ shuffle: 1 }, 'shuffle is true or false'],
    [{ shuffle: true, seed: -1 }, 'seed must be'],
    [{ seed: 1 }, 'a seed has no effect without { shuffle: true }'],
  ])('refuse the options %j', (options, message) => {
    expect(() => new KFold(options as object)).toThrow(OptionError);
    expect(() => new KFold(options as object)).toThrow(message);
  });
});
