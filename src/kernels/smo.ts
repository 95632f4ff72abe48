/**
 * Training of support vector classifiers on kernel matrices: `smo`, one binary problem, and `svcFit`, all one-vs-one
 * problems of a classifier in one task. Both take the whole kernel matrix of their samples, or a larger one with the
 * rows to use, so that folds and pairs of classes share one matrix. The numbers are libsvm's (smo-solver.ts).
 */
import type { NDArray } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkExactShape, checkInputs, checkNdim, checkParams, flag, numeric, show } from './checks.js';
import { type ArraySpec, type Kernel, type KernelParams, SCRATCH_BYTES } from './contract.js';
import { flat } from './flat.js';
import { type SmoSolution, solveSmo } from './smo-solver.js';
import { BAD_C, BAD_LABEL, failureOf, INDEX_RANGE, ONE_CLASS } from './status.js';

const solverParams = ['tolerance', 'shrinking', 'maxIterations'] as const;

/** The most scratch that a solver asks for; a larger kernel matrix is cached in part. */
const CACHE_LIMIT = 64 << 20;

interface SolverOptions {
  readonly tolerance: number;
  readonly shrinking: boolean;
  readonly maxIterations: number;
}

function solverOptions(name: string, params: KernelParams): SolverOptions {
  const tolerance = numeric(name, params, 'tolerance', 1e-3);
  if (!(tolerance > 0)) throw new OptionError('tolerance', `${name}: tolerance is ${tolerance}; it must be > 0`);
  const maxIterations = numeric(name, params, 'maxIterations', -1);
  if (!Number.isInteger(maxIterations) || maxIterations < -1) {
    throw new OptionError('maxIterations', `${name}: maxIterations is ${maxIterations}; use a whole number ≥ 0, or −1`);
  }
  return { tolerance, shrinking: flag(name, params, 'shrinking', true), maxIterations };
}

/** Checks K, labels, C and rows; answers the number of samples. */
function checkProblem(name: string, inputs: readonly ArraySpec[]): number {
  checkInputs(name, inputs, 3, 4, 'kernel matrix, labels and C, and rows where only some of the matrix count');
  const [matrix, labels, c, rows] = inputs as [ArraySpec, ArraySpec, ArraySpec, ArraySpec?];
  checkNdim(name, 'the kernel matrix', matrix, 2);
  checkDTypeIn(name, 'the kernel matrix', matrix, 'float64');
  if (matrix.shape[0] !== matrix.shape[1]) {
    throw new ShapeError(`${name}: the kernel matrix is ${show(matrix)}; it must be square`);
  }
  if (rows !== undefined) {
    checkNdim(name, 'rows', rows, 1);
    checkDTypeIn(name, 'rows', rows, 'int32');
  }
  const count = (rows ?? matrix).shape[0]!;
  checkExactShape(
    name,
    'labels',
    labels,
    [count],
    `one per ${rows === undefined ? 'row of the kernel matrix' : 'used row'}`,
  );
  checkExactShape(name, 'C', c, [], 'it is one number');
  checkDTypeIn(name, 'C', c, 'float64');
  if (count === 0) throw new ShapeError(`${name}: there are no samples to train on`);
  return count;
}

/** Bytes of a solver of `size` samples with `cached` rows of its kernel matrix; as in assembly/smo.ts. */
function solverBytes(size: number, cached: number): number {
  const padded = Math.ceil(size / 4) * 4;
  return 1024 + padded * (68 + 4 * cached) + 768;
}

/** Scratch for a solver and `lists` bytes before it: none where both fit in the thread's arena. */
function solverScratch(size: number, lists: number): number {
  const whole = solverBytes(size, size);
  if (64 + lists + whole <= SCRATCH_BYTES) return 0;
  return lists + 192 + Math.min(whole, Math.max(CACHE_LIMIT, solverBytes(size, 64)));
}

function listBytes(classes: number, count: number): number {
  return Math.ceil((4 * (classes + 1 + count)) / 64) * 64;
}

/** Bytes of the float32 copy of the samples' part of the kernel matrix, grouped by class; as in assembly/grouped.ts. */
function groupedBytes(count: number): number {
  const padded = Math.ceil(count / 4) * 4;
  return 256 + padded * (13 + 4 * padded) + 320;
}

/** Whether svcFit makes that copy: where more than one pair reads a row, and the copy is not too large. */
function isGrouped(classes: number, count: number): boolean {
  return classes > 2 && groupedBytes(count) <= CACHE_LIMIT;
}

/** Scratch of svcFit: lists, then the grouped copy, then a solver where that does not fit in the arena. */
function fitScratch(classes: number, count: number): number {
  const lists = listBytes(classes, count);
  if (!isGrouped(classes, count)) return solverScratch(count, lists);
  return lists + 128 + groupedBytes(count) + 128 + solverScratch(count, 64);
}

/** Solver work is iterations × samples, and iterations grow about with the samples; half of the matrix is read. */
function solverCost(count: number): { flops: number; bytes: number } {
  return { flops: 24 * count * count, bytes: 8 * count * count };
}

/** Checked rows of the kernel matrix; 0 … n − 1 where none are given. */
function usedRows(name: string, rows: ArrayLike<number> | undefined, length: number): Int32Array {
  if (rows === undefined) return Int32Array.from({ length }, (_, i) => i);
  return Int32Array.from(rows, (row) => {
    if (row < 0 || row >= length) throw failureOf(name, INDEX_RANGE);
    return row;
  });
}

/**
 * One binary C-SVC: kernel matrix K (n, n) float64, labels (n) ±1 int32 or float64, C () float64 → alpha·y (n) float64
 * and [rho, iterations, objective, number of support vectors] float64. With a fourth input rows (p) int32, the samples
 * are these rows of K and labels has one entry for each. The decision value of a sample is Σ_j (alpha·y)_j K_j − rho.
 *
 * Parameters: `tolerance` 1e-3, `shrinking` true, `maxIterations` −1 (max(10⁷, 100·n)). Time O(iterations · n).
 * @throws ArgumentError for C ≤ 0, labels other than ±1 or all equal, values of K that are not finite, rows outside K.
 * @throws ConvergenceError at the bound of iterations.
 */
export const smo: Kernel = {
  name: 'smo',
  infer(inputs, params) {
    checkParams('smo', params, solverParams);
    const count = checkProblem('smo', inputs);
    checkDTypeIn('smo', 'labels', inputs[1]!, 'int32', 'float64');
    solverOptions('smo', params);
    return {
      outputs: [
        { dtype: 'float64', shape: [count] },
        { dtype: 'float64', shape: [4] },
      ],
      scratch: solverScratch(count, 0),
    };
  },
  cost: ([, labels]) => solverCost(labels!.shape[0]!),
  failure: (status) => failureOf('smo', status),
  bodies: {
    js(inputs, outputs, params) {
      const length = inputs[0]!.shape[0]!;
      const matrix = flat(inputs[0]!);
      const labels = flat(inputs[1]!);
      const rows = usedRows('smo', inputs[3] && flat(inputs[3]), length);
      if (labels.some((label) => label !== 1 && label !== -1)) throw failureOf('smo', BAD_LABEL);
      if (labels.every((label) => label === labels[0])) throw failureOf('smo', ONE_CLASS);
      const solution = solveSmo({
        name: 'smo',
        size: rows.length,
        kernel: (i, j) => matrix[rows[i]! * length + rows[j]!]!,
        labels,
        c: inputs[2]!.get() as number,
        ...solverOptions('smo', params),
      });
      const [coefficients, info] = outputs;
      for (let i = 0; i < rows.length; i++) {
        coefficients!.data[coefficients!.offset + i] = solution.alpha[i]! * labels[i]!;
      }
      const { rho, iterations, objective, supportVectors } = solution;
      info!.data.set([rho, iterations, objective, supportVectors], info!.offset);
    },
    wasm: {
      export: 'smo',
      args(inputs, outputs, params, scratch) {
        const [matrix, labels, c, rows] = inputs;
        const [coefficients, info] = outputs;
        const { tolerance, shrinking, maxIterations } = solverOptions('smo', params);
        const count = labels!.shape[0]!;
        return [
          matrix!.pointer,
          matrix!.shape[0]!,
          count,
          rows?.pointer ?? 0,
          labels!.pointer,
          labels!.dtype === 'float64' ? 1 : 0,
          c!.pointer,
          tolerance,
          Number(shrinking),
          maxIterations,
          coefficients!.pointer,
          info!.pointer,
          scratch,
          solverScratch(count, 0),
        ];
      },
    },
  },
};

function classCount(params: KernelParams): number {
  const classes = numeric('svcFit', params, 'nClasses');
  if (!Number.isInteger(classes) || classes < 2) {
    throw new OptionError('nClasses', `svcFit: nClasses is ${classes}; it must be a whole number ≥ 2`);
  }
  return classes;
}

/**
 * All one-vs-one C-SVCs of a classifier: kernel matrix K (n, n) float64, class labels (n) int32 in 0 … nClasses − 1,
 * C () float64 → alpha·y (P, n) float64, rho (P) float64, iterations (P) int32 for the P = nClasses·(nClasses − 1)/2
 * pairs (0, 1), (0, 2) … (1, 2) …; alpha·y is zero for samples of other classes. With a fourth input rows (p) int32 the
 * samples are these rows of K, labels has one entry for each, and n above is p. In a pair (i, j) class i has label +1
 * and its samples come first, each class in its own order, as libsvm groups them. A class that does not occur loses
 * every pair (rho is ±infinity), which leaves votes as if it did not exist.
 *
 * Parameters: `nClasses`, and `smo`'s. Errors: `smo`'s, and ArgumentError where fewer than two classes occur.
 */
export const svcFit: Kernel = {
  name: 'svcFit',
  infer(inputs, params) {
    checkParams('svcFit', params, ['nClasses', ...solverParams]);
    const count = checkProblem('svcFit', inputs);
    checkDTypeIn('svcFit', 'labels', inputs[1]!, 'int32');
    solverOptions('svcFit', params);
    const classes = classCount(params);
    const pairs = (classes * (classes - 1)) / 2;
    return {
      outputs: [
        { dtype: 'float64', shape: [pairs, count] },
        { dtype: 'float64', shape: [pairs] },
        { dtype: 'int32', shape: [pairs] },
      ],
      scratch: fitScratch(classes, count),
    };
  },
  cost(inputs, params) {
    const classes = classCount(params);
    const count = inputs[1]!.shape[0]!;
    const pairs = (classes * (classes - 1)) / 2;
    const { flops, bytes } = solverCost((2 * count) / classes);
    return { flops: pairs * flops, bytes: pairs * (bytes + 8 * count) };
  },
  failure: (status) => failureOf('svcFit', status),
  bodies: {
    js(inputs, outputs, params) {
      const length = inputs[0]!.shape[0]!;
      const matrix = flat(inputs[0]!);
      const labels = flat(inputs[1]!);
      const c = inputs[2]!.get() as number;
      const classes = classCount(params);
      const options = solverOptions('svcFit', params);
      if (!(c > 0)) throw failureOf('svcFit', BAD_C);
      const rows = usedRows('svcFit', inputs[3] && flat(inputs[3]), length);
      if (labels.some((label) => label < 0 || label >= classes)) throw failureOf('svcFit', BAD_LABEL);
      const samples = Array.from({ length: classes }, (): number[] => []);
      labels.forEach((label, sample) => {
        samples[label]!.push(sample);
      });
      if (samples.filter((list) => list.length > 0).length < 2) throw failureOf('svcFit', ONE_CLASS);

      const [coefficients, rhos, iterations] = outputs as [NDArray, NDArray, NDArray];
      coefficients.data.fill(0, coefficients.offset, coefficients.offset + coefficients.size);
      let pair = 0;
      for (let i = 0; i < classes; i++) {
        for (let j = i + 1; j < classes; j++, pair++) {
          const members = [...samples[i]!, ...samples[j]!];
          const signs = members.map((_, t) => (t < samples[i]!.length ? 1 : -1));
          const solution: Pick<SmoSolution, 'alpha' | 'rho' | 'iterations'> =
            samples[i]!.length > 0 && samples[j]!.length > 0
              ? solveSmo({
                  name: 'svcFit',
                  size: members.length,
                  kernel: (s, t) => matrix[rows[members[s]!]! * length + rows[members[t]!]!]!,
                  labels: signs,
                  c,
                  ...options,
                })
              : unopposed(samples[i]!.length, samples[j]!.length);
          members.forEach((sample, t) => {
            coefficients.data[coefficients.offset + pair * rows.length + sample] = solution.alpha[t]! * signs[t]!;
          });
          rhos.data[rhos.offset + pair] = solution.rho;
          iterations.data[iterations.offset + pair] = solution.iterations;
        }
      }
    },
    wasm: {
      export: 'svcFit',
      args(inputs, outputs, params, scratch) {
        const [matrix, labels, c, rows] = inputs;
        const [coefficients, rho, iterations] = outputs;
        const { tolerance, shrinking, maxIterations } = solverOptions('svcFit', params);
        const classes = classCount(params);
        const count = labels!.shape[0]!;
        return [
          matrix!.pointer,
          matrix!.shape[0]!,
          count,
          rows?.pointer ?? 0,
          labels!.pointer,
          classes,
          c!.pointer,
          tolerance,
          Number(shrinking),
          maxIterations,
          coefficients!.pointer,
          rho!.pointer,
          iterations!.pointer,
          Number(isGrouped(classes, count)),
          scratch,
          fitScratch(classes, count),
        ];
      },
    },
  },
};

/** A pair in which one class, or both, have no samples: the other wins by an infinite rho. */
function unopposed(first: number, second: number): { alpha: Float64Array; rho: number; iterations: number } {
  const rho = first > 0 ? Number.NEGATIVE_INFINITY : second > 0 ? Number.POSITIVE_INFINITY : 0;
  return { alpha: new Float64Array(first + second), rho, iterations: 0 };
}
