/**
 * `solveRight`: a triangle on the right of what is looked for, which is how the tiles below a factored one are found. The
 * wasm body is in assembly/linalg/solve.ts; left triangles are a form of `solve`.
 */
import { OptionError, ShapeError } from '../../errors.js';
import { checkInputs, checkParams, checkSameDType, show } from '../checks.js';
import type { ArraySpec, Kernel, KernelParams } from '../contract.js';
import { SINGULAR } from '../status.js';
import { isWide64, linalgFailure, matricesOf, readMatrices, squareOf, WIDE_FLOPS, write } from './matrices.js';
import type { Matrix } from './reference.js';

const name = 'solveRight';

function choice(params: KernelParams, param: string, values: readonly [string, string]): number {
  const value = params[param] ?? values[0];
  const index = (values as readonly unknown[]).indexOf(value);
  if (index >= 0) return index;
  throw new OptionError(param, `${name}: ${param} must be '${values.join("' or '")}', not ${JSON.stringify(value)}`);
}

const isUpper = (params: KernelParams): boolean => choice(params, 'triangle', ['lower', 'upper']) === 1;
const isZero = (params: KernelParams): boolean => choice(params, 'singular', ['error', 'zero']) === 1;

function callOf(inputs: readonly ArraySpec[]): { readonly m: number; readonly n: number } {
  checkInputs(name, inputs, 2, 2, 'a triangle and right-hand sides');
  const [first, second] = inputs as [ArraySpec, ArraySpec];
  const t = squareOf(name, 't', first);
  checkSameDType(name, 't', first, 'b', second);
  const b = matricesOf(name, 'b', second);
  if (t.lead.length === 0 && b.lead.length === 0 && b.n === t.n) return { m: b.m, n: b.n };
  throw new ShapeError(`${name}: b is ${show(second)} and does not go with t, which is ${show(first)}`);
}

/**
 * T (n, n), B (m, n) → X (m, n) with X·Tᵀ = B for `triangle` 'lower' (the default), X·T = B for 'upper'; beyond the triangle
 * nothing is read. `singular` says what becomes of a zero on the diagonal: 'error' (the default), or 'zero': that column of X
 * is zeros, and so are elements that are rounding error over a pivot that is rounding error, when larger than 1: these are
 * multipliers of elimination. mn² flops.
 */
export const solveRight: Kernel = {
  name,
  infer(inputs, params) {
    checkParams(name, params, ['triangle', 'singular']);
    isUpper(params);
    isZero(params);
    callOf(inputs);
    return { outputs: [inputs[1]!] };
  },
  cost(inputs) {
    const { m, n } = callOf(inputs);
    return { flops: m * n * n, bytes: 8 * (n * n + 2 * m * n) };
  },
  failure: (status) => linalgFailure(name, status),
  bodies: {
    js([t, b], [out], params) {
      const { m, n } = callOf([t!, b!]);
      const x = readMatrices(b!, 1, m, n)[0]!;
      const upper = upperOf(readMatrices(t!, 1, n, n)[0]!, isUpper(params));
      const epsilon = t!.dtype === 'float64' ? 2 ** -52 : 2 ** -23;
      if (!solveRows(upper, x, isZero(params) ? n * epsilon : undefined)) throw linalgFailure(name, SINGULAR);
      write(out!, 0, x.data);
    },
    wasm: {
      export: name,
      isWide: (inputs, params) => solveRight.cost(inputs, params).flops > WIDE_FLOPS,
      args([t, b], [out], params) {
        const { m, n } = callOf([t!, b!]);
        const flags = [Number(isUpper(params)), Number(isZero(params))];
        return [isWide64(t!), m, n, ...flags, t!.pointer, b!.pointer, out!.pointer];
      },
    },
  },
};

/** Element (i, j) at [i][j] of the upper triangle that X is multiplied with. */
function upperOf({ data, rows: n }: Matrix, isUpperTriangle: boolean): number[][] {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (__, j) => data[isUpperTriangle ? i * n + j : j * n + i]!),
  );
}

/** `noise`: how much of a column's largest element is rounding error. False where a pivot is zero and none is allowed. */
function solveRows(t: readonly (readonly number[])[], x: Matrix, noise: number | undefined): boolean {
  const { rows, columns: n, data } = x;
  for (let j = 0; j < n; j++) {
    const pivot = t[j]![j]!;
    if (pivot === 0 && noise === undefined) return false;
    let most = 0;
    for (let i = 0; i < j; i++) most = Math.max(most, Math.abs(t[i]![j]!));
    const isSmall = noise !== undefined && Math.abs(pivot) <= most * noise;
    for (let row = 0; row < rows; row++) {
      let sum = data[row * n + j]!;
      for (let i = 0; i < j; i++) sum -= data[row * n + i]! * t[i]![j]!;
      const isDropped = isSmall && (pivot === 0 ? !Number.isNaN(sum) : Math.abs(sum) > Math.abs(pivot));
      data[row * n + j] = isDropped ? 0 : sum / pivot;
    }
  }
  return true;
}
