/** What a user can get wrong in a kernel call, and the words that answer; and that shapes and costs are told right. */
import { describe, expect, it } from 'vitest';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, ConvergenceError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import type { ArraySpec, KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { scalar } from './cases.js';
import { machines, runJs } from './harness.js';

const spec = (shape: readonly number[], dtype: DType = 'float64'): ArraySpec => ({ dtype, shape });
const ints = (...shape: number[]): ArraySpec => spec(shape, 'int32');
const f = (...shape: number[]): ArraySpec => spec(shape);

describe('infer refuses, naming the kernel and the shapes', () => {
  type Refusal = [string, readonly ArraySpec[], KernelParams, new (...args: never[]) => Error, string];
  const refusals: Refusal[] = [
    ['matmul', [f(2, 3)], {}, ArgumentError, 'matmul: 1 inputs given; it takes a and b'],
    [
      'matmul',
      [f(2, 3), f(2, 3)],
      {},
      ShapeError,
      'a·b with a float64 (2, 3) and b float64 (2, 3): the inner lengths 3 and 2 differ',
    ],
    ['matmul', [f(2, 3), f(2, 3)], { transposeA: true, transposeB: true }, ShapeError, 'aᵀ·bᵀ'],
    ['matmul', [f(3), f(3, 2)], {}, ShapeError, 'a must be a matrix, not float64 (3)'],
    ['matmul', [ints(2, 2), ints(2, 2)], {}, DTypeError, 'its dtype must be float64 or float32'],
    ['matmul', [f(2, 2), spec([2, 2], 'float32')], {}, DTypeError, 'make their dtypes equal'],
    [
      'matmul',
      [f(2, 2), f(2, 2)],
      { transposea: true },
      OptionError,
      "there is no parameter 'transposea' (did you mean 'transposeA'?)",
    ],
    ['matmul', [f(2, 2), f(2, 2)], { transposeA: 1 }, OptionError, 'transposeA must be true or false, not 1'],
    ['matmul', [f(2, 3), f(2, 3)], { symmetric: true }, ArgumentError, 'it takes a alone'],
    ['matmul', [f(2, 3)], { symmetric: true, transposeB: true }, OptionError, 'the second operand is a transposed'],
    ['squaredDistances', [f(4, 3), f(5, 2)], {}, ShapeError, 'their rows must have the same length'],
    ['squaredDistances', [f(4, 3), f(4, 3)], { same: true }, OptionError, 'same means x alone'],
    ['linearKernel', [f(4, 3)], { same: false }, OptionError, 'same is false but 1 inputs are given'],
    ['rbfKernel', [f(4, 4), f(1)], {}, ShapeError, 'gamma is float64 (1), expected shape (): it is one number'],
    ['rbfKernel', [f(4, 4), spec([], 'float32')], {}, DTypeError, 'gamma is float32 ()'],
    ['polynomialKernel', [f(4, 4), f()], { coef0: 0 }, OptionError, 'degree is missing; it must be a number'],
    ['sigmoidKernel', [f(4, 4), f()], { coef0: Number.NaN }, OptionError, 'coef0 is null; it must be a number'],
    ['take', [f(4, 4), f(2)], {}, DTypeError, 'indices is float64 (2); its dtype must be int32'],
    ['take', [f(4), ints(2)], { axis: 1 }, OptionError, 'axis 1 does not exist in x float64 (4)'],
    ['take', [f(), ints(2)], {}, ShapeError, 'x must have an axis to take from, it is float64 ()'],
    ['take', [f(4, 4, 4), ints(2)], { axis: 3 }, OptionError, 'axis 3 does not exist in x float64 (4, 4, 4)'],
    ['takeGrid', [f(4, 4), ints(2), ints(2, 2)], {}, ShapeError, 'columns must be a vector'],
    ['svcGamma', [f(0, 4)], {}, ShapeError, 'there is nothing to measure'],
    ['svcGamma', [f(3, 4), ints(0)], {}, ShapeError, 'there is nothing to measure'],
    ['standardize', [spec([3, 4], 'float32')], {}, DTypeError, 'its dtype must be float64'],
    ['smo', [f(3, 4), ints(3), f()], {}, ShapeError, 'the kernel matrix is float64 (3, 4); it must be square'],
    [
      'smo',
      [f(3, 3), ints(2), f()],
      {},
      ShapeError,
      'labels is int32 (2), expected shape (3): one per row of the kernel matrix',
    ],
    ['smo', [f(3, 3), ints(3), f(), ints(2)], {}, ShapeError, 'one per used row'],
    ['smo', [f(0, 0), ints(0), f()], {}, ShapeError, 'there are no samples to train on'],
    ['smo', [f(3, 3), ints(3), f()], { tolerance: 0 }, OptionError, 'tolerance is 0; it must be > 0'],
    ['smo', [f(3, 3), ints(3), f()], { maxIterations: 1.5 }, OptionError, 'use a whole number ≥ 0, or −1'],
    ['svcFit', [f(3, 3), ints(3), f()], {}, OptionError, 'nClasses is missing'],
    ['svcFit', [f(3, 3), ints(3), f()], { nClasses: 1 }, OptionError, 'it must be a whole number ≥ 2'],
    ['svcFit', [f(3, 3), f(3), f()], { nClasses: 2 }, DTypeError, 'labels is float64 (3)'],
    ['svcDecision', [f(3, 4), f(2, 4), f(2), ints(3)], {}, ShapeError, 'give both testRows and trainRows, or neither'],
    ['svcDecision', [f(3, 4), f(2, 3), f(2)], {}, ShapeError, 'a row per pair, a column per training row'],
    [
      'svcVote',
      [f(3, 4)],
      { nClasses: 3 },
      ShapeError,
      '3 classes make 3 pairs, but the decision values are float64 (3, 4)',
    ],
    ['accuracy', [ints(3), ints(4)], {}, ShapeError, 'truth is int32 (4), expected shape (3): as many as predicted'],
    ['accuracy', [ints(0), ints(0)], {}, ShapeError, 'there are no predictions to score'],
  ];

  it.each(refusals)('%s %j %j', (name, inputs, params, kind, words) => {
    let error: unknown;
    try {
      kernels.get(name)!.infer(inputs, params);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toContain(words);
    expect((error as Error).message.startsWith(`${name}: `)).toBe(true);
  });
});

describe('infer tells shapes', () => {
  it.each([
    ['matmul', [f(2, 3), f(4, 3)], { transposeB: true }, [f(2, 4)]],
    ['matmul', [f(2, 3)], { symmetric: true }, [f(2, 2)]],
    ['matmul', [f(2, 3)], { symmetric: true, transposeA: true }, [f(3, 3)]],
    ['squaredDistances', [f(5, 3)], {}, [f(5, 5)]],
    ['take', [spec([4, 3], 'uint8'), ints(7)], { axis: 1 }, [spec([4, 7], 'uint8')]],
    ['svcFit', [f(9, 9), ints(5), f(), ints(5)], { nClasses: 4 }, [f(6, 5), f(6), ints(6)]],
    ['svcDecision', [f(9, 9), f(6, 5), f(6), ints(4), ints(5)], {}, [f(4, 6)]],
  ] as [string, ArraySpec[], KernelParams, ArraySpec[]][])('%s', (name, inputs, params, outputs) => {
    expect(kernels.get(name)!.infer(inputs, params).outputs).toEqual(outputs);
  });
});

it('costs grow with the work', () => {
  const flops = (name: string, ...inputs: ArraySpec[]): number => kernels.get(name)!.cost(inputs, {}).flops;
  expect(kernels.get('matmul')!.cost([f(2, 3), f(3, 4)], {})).toEqual({ flops: 48, bytes: 8 * (6 + 12 + 8) });
  expect(kernels.get('matmul')!.cost([f(4, 3)], { symmetric: true })).toEqual({ flops: 60, bytes: 8 * (12 + 16) });
  expect(flops('squaredDistances', f(100, 50))).toBeLessThan(0.6 * flops('squaredDistances', f(100, 50), f(100, 50)));
  expect(flops('rbfKernel', f(10, 10), f())).toBe(100 * flops('rbfKernel', f(1, 1), f()));
});

describe('what only the values show', () => {
  const identity = new NDArray(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), { shape: [3, 3], dtype: 'float64' });
  const labels = (...values: number[]): NDArray =>
    new NDArray(Int32Array.from(values), { shape: [values.length], dtype: 'int32' });
  const spoiled = identity.copy();
  spoiled.data[8] = Number.POSITIVE_INFINITY;
  const failures: [string, NDArray[], KernelParams, new (...args: never[]) => Error, string][] = [
    ['smo', [identity, labels(1, -1, 1), scalar(0)], {}, ArgumentError, 'smo: C must be a number > 0'],
    ['smo', [identity, labels(1, 0, 1), scalar(1)], {}, ArgumentError, 'a label is not one of the allowed ones'],
    ['smo', [identity, labels(1, 1, 1), scalar(1)], {}, ArgumentError, 'must belong to at least two classes'],
    ['smo', [spoiled, labels(1, -1, 1), scalar(1)], {}, ArgumentError, 'the kernel matrix has NaN or infinite values'],
    [
      'smo',
      [identity, labels(1, -1, 1), scalar(1)],
      { maxIterations: 0 },
      ConvergenceError,
      'reached its bound of iterations',
    ],
    ['smo', [identity, labels(1, -1), scalar(1), labels(0, 3)], {}, ArgumentError, 'an index is outside the axis'],
    ['svcFit', [identity, labels(0, 1, 2), scalar(Number.NaN)], { nClasses: 3 }, ArgumentError, 'svcFit: C must be'],
    ['take', [identity, labels(3)], {}, ArgumentError, 'take: an index is outside the axis'],
    ['takeGrid', [identity, labels(0), labels(-4)], {}, ArgumentError, 'takeGrid: an index is outside the axis'],
    ['svcGamma', [identity, labels(-1)], {}, ArgumentError, 'svcGamma: an index is outside the axis'],
  ];

  it.each(failures)('%s fails alike in every body: %#', (name, inputs, params, kind, words) => {
    const kernel = kernels.get(name)!;
    for (const run of [runJs, ...machines.map((machine) => machine.run)]) {
      let error: unknown;
      try {
        run(kernel, inputs, params);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toContain(words);
    }
  });
});
