/**
 * Prediction of support vector classifiers: `svcDecision` (decision values per one-vs-one pair), `svcVote` (the class
 * by libsvm's vote) and `accuracy`.
 */
import { sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkExactShape, checkInputs, checkNdim, checkParams, numeric, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { failureOf, INDEX_RANGE } from './status.js';

interface DecisionSizes {
  readonly height: number;
  readonly length: number;
  /** Test rows. */
  readonly m: number;
  /** Training rows. */
  readonly n: number;
  readonly pairs: number;
}

function decisionSizes(inputs: readonly ArraySpec[], params: KernelParams): DecisionSizes {
  const name = 'svcDecision';
  checkParams(name, params, []);
  if (inputs.length === 4) {
    throw new ShapeError(`${name}: give both testRows and trainRows, or neither`);
  }
  checkInputs(name, inputs, 3, 5, 'kernel matrix, coefficients and rho, and testRows and trainRows to pick from it');
  const [matrix, coefficients, rho, testRows, trainRows] = inputs as [
    ArraySpec,
    ArraySpec,
    ArraySpec,
    ArraySpec?,
    ArraySpec?,
  ];
  checkNdim(name, 'the kernel matrix', matrix, 2);
  checkNdim(name, 'coefficients', coefficients, 2);
  for (const [argument, spec] of [
    ['the kernel matrix', matrix],
    ['coefficients', coefficients],
    ['rho', rho],
  ] as const) {
    checkDTypeIn(name, argument, spec, 'float64');
  }
  for (const [argument, spec] of [
    ['testRows', testRows],
    ['trainRows', trainRows],
  ] as const) {
    if (spec === undefined) continue;
    checkNdim(name, argument, spec, 1);
    checkDTypeIn(name, argument, spec, 'int32');
  }
  const [height, length] = matrix.shape as [number, number];
  const m = testRows?.shape[0] ?? height;
  const n = trainRows?.shape[0] ?? length;
  const pairs = coefficients.shape[0]!;
  checkExactShape(name, 'coefficients', coefficients, [pairs, n], 'a row per pair, a column per training row');
  checkExactShape(name, 'rho', rho, [pairs], 'one per pair');
  return { height, length, m, n, pairs };
}

/**
 * Kernel matrix (m, n) between test and training rows, coefficients alpha·y (P, n), rho (P), all float64 → decision
 * values (m, P) = K·coefficientsᵀ − rho. With testRows (m) and trainRows (n) int32 the matrix is a larger one that
 * these pick from. Zero coefficients are skipped, as in libsvm, whatever the kernel value they stand at.
 * O(m · (n + non-zero coefficients)). @throws ArgumentError for rows outside the matrix.
 */
export const svcDecision: Kernel = {
  name: 'svcDecision',
  infer(inputs, params) {
    const { m, n, pairs } = decisionSizes(inputs, params);
    return {
      outputs: [{ dtype: 'float64', shape: [m, pairs] }],
      scratch: 12 * pairs * n + 4 * (2 * n + pairs + 1) + 64 * n + 512,
    };
  },
  cost(inputs, params) {
    const { m, n, pairs } = decisionSizes(inputs, params);
    // a one-vs-one pair of P has coefficients for about a 2/classes share of the rows, classes ≈ √(2P)
    const share = Math.min(1, 2 / Math.sqrt(2 * pairs));
    return { flops: 2 * m * n * pairs * share, bytes: 8 * (m * n + pairs * n + m * pairs) };
  },
  failure: (status) => failureOf('svcDecision', status),
  bodies: {
    js(inputs, outputs, params) {
      const { height, length, m, n, pairs } = decisionSizes(inputs, params);
      const [matrix, coefficients, rho] = inputs.map(flat) as [Float64Array, Float64Array, Float64Array];
      const testRows = inputs[3] === undefined ? Int32Array.from({ length: m }, (_, i) => i) : flat(inputs[3]);
      const trainRows = inputs[4] === undefined ? Int32Array.from({ length: n }, (_, j) => j) : flat(inputs[4]);
      const isOutside = (end: number) => (row: number) => row < 0 || row >= end;
      if (testRows.some(isOutside(height)) || trainRows.some(isOutside(length))) {
        throw failureOf('svcDecision', INDEX_RANGE);
      }
      const out = outputs[0]!;
      for (let i = 0; i < m; i++) {
        for (let p = 0; p < pairs; p++) {
          let sum = 0;
          for (let j = 0; j < n; j++) {
            const coefficient = coefficients[p * n + j]!;
            if (coefficient !== 0) sum += coefficient * matrix[testRows[i]! * length + trainRows[j]!]!;
          }
          out.data[out.offset + i * pairs + p] = sum - rho[p]!;
        }
      }
    },
    wasm: {
      export: 'svcDecision',
      args(inputs, outputs, params, scratch) {
        const { height, length, m, n, pairs } = decisionSizes(inputs, params);
        const [matrix, coefficients, rho, testRows, trainRows] = inputs;
        return [
          matrix!.pointer,
          height,
          length,
          m,
          testRows?.pointer ?? 0,
          n,
          trainRows?.pointer ?? 0,
          pairs,
          coefficients!.pointer,
          rho!.pointer,
          outputs[0]!.pointer,
          scratch,
        ];
      },
    },
  },
};

function voteClasses(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams('svcVote', params, ['nClasses']);
  checkInputs('svcVote', inputs, 1, 1, 'decision values');
  const decisions = inputs[0]!;
  checkNdim('svcVote', 'decision values', decisions, 2);
  checkDTypeIn('svcVote', 'decision values', decisions, 'float64');
  const classes = numeric('svcVote', params, 'nClasses');
  // the votes are counted in the thread's arena
  if (!Number.isInteger(classes) || classes < 2 || classes > 65536) {
    throw new OptionError('nClasses', `svcVote: nClasses is ${classes}; it must be a whole number from 2 to 65536`);
  }
  const pairs = (classes * (classes - 1)) / 2;
  if (decisions.shape[1] !== pairs) {
    throw new ShapeError(
      `svcVote: ${classes} classes make ${pairs} pairs, but the decision values are ${show(decisions)}`,
    );
  }
  return classes;
}

/**
 * Decision values (m, P) float64 → class (m) int32, by one-vs-one vote: a value > 0 is a vote for the first class of
 * its pair, else for the second; of equal counts the lowest class wins. Parameter `nClasses`, P = nClasses·(nClasses −
 * 1)/2.
 */
export const svcVote: Kernel = {
  name: 'svcVote',
  infer(inputs, params) {
    voteClasses(inputs, params);
    return { outputs: [{ dtype: 'int32', shape: [inputs[0]!.shape[0]!] }] };
  },
  cost([decisions]) {
    const size = sizeOf(decisions!.shape);
    return { flops: 2 * size, bytes: 8 * size + 4 * decisions!.shape[0]! };
  },
  bodies: {
    js(inputs, outputs, params) {
      const classes = voteClasses(inputs, params);
      const decisions = flat(inputs[0]!);
      const out = outputs[0]!;
      let next = 0;
      for (let i = 0; i < out.size; i++) {
        const votes = new Int32Array(classes);
        for (let a = 0; a < classes; a++) {
          for (let b = a + 1; b < classes; b++) votes[decisions[next++]! > 0 ? a : b]!++;
        }
        out.data[out.offset + i] = votes.indexOf(votes.reduce((most, count) => Math.max(most, count)));
      }
    },
    wasm: {
      export: 'svcVote',
      args: ([decisions], [out], params) => [
        decisions!.shape[0]!,
        Number(params.nClasses),
        decisions!.pointer,
        out!.pointer,
      ],
    },
  },
};

/** predicted (m) int32, truth (m) int32, m ≥ 1 → () float64: the share of equal ones. */
export const accuracy: Kernel = {
  name: 'accuracy',
  infer(inputs, params) {
    checkParams('accuracy', params, []);
    checkInputs('accuracy', inputs, 2, 2, 'predicted and truth');
    const [predicted, truth] = inputs as [ArraySpec, ArraySpec];
    checkNdim('accuracy', 'predicted', predicted, 1);
    checkDTypeIn('accuracy', 'predicted', predicted, 'int32');
    checkExactShape('accuracy', 'truth', truth, predicted.shape, 'as many as predicted');
    checkDTypeIn('accuracy', 'truth', truth, 'int32');
    if (predicted.shape[0] === 0) throw new ShapeError('accuracy: there are no predictions to score');
    return { outputs: [{ dtype: 'float64', shape: [] }] };
  },
  cost: ([predicted]) => ({ flops: predicted!.shape[0]!, bytes: 8 * predicted!.shape[0]! }),
  bodies: {
    js(inputs, outputs) {
      const predicted = flat(inputs[0]!);
      const truth = flat(inputs[1]!);
      let hits = 0;
      for (let i = 0; i < predicted.length; i++) if (predicted[i] === truth[i]) hits++;
      outputs[0]!.data[outputs[0]!.offset] = hits / predicted.length;
    },
    wasm: {
      export: 'accuracy',
      args: ([predicted, truth], [out]) => [predicted!.shape[0]!, predicted!.pointer, truth!.pointer, out!.pointer],
    },
  },
};
