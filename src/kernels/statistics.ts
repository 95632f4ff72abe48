/**
 * `svcGamma`, the scale of SVC's default kernel, and `standardize`. Both take means first and deviations in a second
 * pass, so that a large mean costs no digits.
 */
import { sizeOf } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { failureOf, INDEX_RANGE } from './status.js';

/** Σ term(i) for first ≤ i < end, added in pairs: the error grows with log n. */
function pairwiseSum(first: number, end: number, term: (i: number) => number): number {
  if (end - first > 128) {
    const middle = first + ((end - first) >> 1);
    return pairwiseSum(first, middle, term) + pairwiseSum(middle, end, term);
  }
  let sum = 0;
  for (let i = first; i < end; i++) sum += term(i);
  return sum;
}

function checkGamma(inputs: readonly ArraySpec[], params: KernelParams): void {
  checkParams('svcGamma', params, []);
  checkInputs('svcGamma', inputs, 1, 2, 'x, and rows where only some count');
  const [x, rows] = inputs as [ArraySpec, ArraySpec?];
  checkNdim('svcGamma', 'x', x, 2);
  checkDTypeIn('svcGamma', 'x', x, 'float64', 'float32');
  if (rows !== undefined) {
    checkNdim('svcGamma', 'rows', rows, 1);
    checkDTypeIn('svcGamma', 'rows', rows, 'int32');
  }
  if (sizeOf(x.shape) === 0 || rows?.shape[0] === 0) {
    throw new ShapeError(
      `svcGamma: x is ${show(x)}${rows ? ` and rows ${show(rows)}` : ''}; there is nothing to measure`,
    );
  }
}

/**
 * X (n, d) float64 or float32, and optionally rows (p) int32 of it → () float64: 1 / (d · var) with the population
 * variance of all chosen elements, or 1 where that is zero; scikit-learn's `gamma='scale'`. O(nd).
 * @throws ArgumentError for a row outside 0 … n − 1.
 */
export const svcGamma: Kernel = {
  name: 'svcGamma',
  infer(inputs, params) {
    checkGamma(inputs, params);
    return { outputs: [{ dtype: 'float64', shape: [] }] };
  },
  cost([x, rows]) {
    const [n, d] = x!.shape as [number, number];
    const elements = (rows?.shape[0] ?? n) * d;
    return { flops: 4 * elements, bytes: 16 * elements };
  },
  failure: (status) => failureOf('svcGamma', status),
  bodies: {
    js(inputs, outputs) {
      const x = flat(inputs[0]!);
      const [n, d] = inputs[0]!.shape as [number, number];
      const rows = inputs[1] === undefined ? Int32Array.from({ length: n }, (_, i) => i) : flat(inputs[1]);
      if (rows.some((row) => row < 0 || row >= n)) throw failureOf('svcGamma', INDEX_RANGE);
      const size = rows.length * d;
      const element = (i: number): number => x[rows[Math.floor(i / d)]! * d + (i % d)]!;
      const mean = pairwiseSum(0, size, element) / size;
      const variance = pairwiseSum(0, size, (i) => (element(i) - mean) ** 2) / size;
      outputs[0]!.data[outputs[0]!.offset] = variance === 0 ? 1 : 1 / (d * variance);
    },
    wasm: {
      export: 'svcGamma',
      args([x, rows], [out]) {
        const [n, d] = x!.shape as [number, number];
        const wide = x!.dtype === 'float64' ? 1 : 0;
        return [wide, n, d, x!.pointer, rows?.shape[0] ?? n, rows?.pointer ?? 0, out!.pointer];
      },
    },
  },
};

function checkStandardize(inputs: readonly ArraySpec[], params: KernelParams): void {
  checkParams('standardize', params, []);
  checkInputs('standardize', inputs, 1, 1, 'x');
  checkNdim('standardize', 'x', inputs[0]!, 2);
  checkDTypeIn('standardize', 'x', inputs[0]!, 'float64');
}

/**
 * X (n, d) float64 → (X − column mean) / population standard deviation (n, d). A column that is constant to rounding
 * (its variance is within what n additions of its mean can make) gives zeros. O(nd).
 */
export const standardize: Kernel = {
  name: 'standardize',
  infer(inputs, params) {
    checkStandardize(inputs, params);
    return { outputs: [{ dtype: 'float64', shape: inputs[0]!.shape }], scratch: 24 * inputs[0]!.shape[1]! };
  },
  cost([x]) {
    const size = sizeOf(x!.shape);
    return { flops: 7 * size, bytes: 32 * size };
  },
  bodies: {
    js(inputs, outputs) {
      const x = flat(inputs[0]!);
      const [n, d] = inputs[0]!.shape as [number, number];
      const out = outputs[0]!;
      for (let k = 0; k < d; k++) {
        const element = (i: number): number => x[i * d + k]!;
        const mean = pairwiseSum(0, n, element) / n;
        const rest = pairwiseSum(0, n, (i) => element(i) - mean) / n;
        const centre = mean + rest;
        const variance = pairwiseSum(0, n, (i) => (element(i) - mean) ** 2) / n - rest * rest;
        const isConstant = variance <= n * Number.EPSILON * variance + (n * centre * Number.EPSILON) ** 2;
        const deviation = Math.sqrt(variance);
        for (let i = 0; i < n; i++) {
          out.data[out.offset + i * d + k] = isConstant ? 0 : (element(i) - centre) / deviation;
        }
      }
    },
    wasm: {
      export: 'standardize',
      args([x], [out], _params, scratch) {
        const [n, d] = x!.shape as [number, number];
        return [n, d, x!.pointer, out!.pointer, scratch];
      },
    },
  },
};
