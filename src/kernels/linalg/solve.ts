/** Systems of equations as kernels: general, positive definite and triangular ones, inverses, determinants, least squares. */

import { OptionError } from '../../errors.js';
import { checkParams, flag, numeric } from '../checks.js';
import type { Kernel, KernelParams } from '../contract.js';
import { NOT_FINITE, NOT_POSITIVE, SINGULAR } from '../status.js';
import {
  bytesOf,
  isWide64,
  linalgFailure,
  onlyInput,
  pointersOf,
  readMatrices,
  squareOf,
  systemOf,
  WIDE_FLOPS,
  write,
} from './matrices.js';
import {
  choleskyReference,
  identity,
  lstsqReference,
  luReference,
  type Matrix,
  matrix,
  solveReference,
  solveTriangleReference,
  times,
  transposed,
} from './reference.js';
import { lstsqSpace, refineSpace } from './workspace.js';

const forms = ['general', 'positive', 'lower', 'upper'] as const;

/** The number of a form in assembly/linalg/solve.ts, with its bits for transposed and unit. */
function formOf(params: KernelParams): number {
  const form = params.assume ?? 'general';
  const index = (forms as readonly unknown[]).indexOf(form);
  if (index < 0) {
    throw new OptionError(
      'assume',
      `solve: assume must be one of '${forms.join("', '")}', not ${JSON.stringify(form)}`,
    );
  }
  const isTransposed = flag('solve', params, 'transposed', false);
  return index + (isTransposed ? 4 : 0) + (flag('solve', params, 'unit', false) ? 8 : 0);
}

/**
 * A (…, n, n), B (…, n, k) → X (…, n, k) with A·X = B. `assume`: 'general' (LU with one step of refinement where it
 * helps), 'positive' (Cholesky, the lower triangle is read), 'lower' or 'upper' (one triangle is read;
 * with `transposed` it is used transposed, with `unit` its diagonal is taken as ones). ⅔n³ + 2n²k flops at most.
 * @throws when a pivot is zero, or not positive
 */
export const solve: Kernel = {
  name: 'solve',
  infer(inputs, params) {
    checkParams('solve', params, ['assume', 'transposed', 'unit']);
    formOf(params);
    const { a, k } = systemOf('solve', inputs, true);
    return { outputs: [inputs[1]!], scratch: bytesOf(a, a.n * (a.n + k) + refineSpace(a.n, k)) + 4 * a.n };
  },
  cost(inputs, params) {
    const { a, k } = systemOf('solve', inputs, true);
    const form = formOf(params) & 3;
    const factor = form === 0 ? (2 / 3) * a.n ** 3 : form === 1 ? a.n ** 3 / 3 : 0;
    return { flops: a.count * (factor + 2 * a.n * a.n * k), bytes: 8 * a.count * (a.n * a.n + 2 * a.n * k) };
  },
  failure: (status) => linalgFailure('solve', status),
  bodies: {
    js([a, b], [out], params) {
      const { a: batch, k } = systemOf('solve', [a!, b!], true);
      const { count, n } = batch;
      const sides = readMatrices(b!, count, n, k);
      readMatrices(a!, count, n, n).forEach((matrixA, i) => {
        write(out!, i, solveOne(matrixA, sides[i]!, params).data);
      });
    },
    wasm: {
      export: 'solve',
      isWide: (inputs, params) => solve.cost(inputs, params).flops > WIDE_FLOPS,
      args([a, b], [out], params, scratch) {
        const { a: batch, k } = systemOf('solve', [a!, b!], true);
        return [isWide64(a!), batch.count, formOf(params), batch.n, k, a!.pointer, b!.pointer, out!.pointer, scratch];
      },
    },
  },
};

function solveOne(a: Matrix, b: Matrix, params: KernelParams): Matrix {
  const form = params.assume ?? 'general';
  let x: Matrix | undefined;
  if (form === 'general') {
    x = solveReference(a, b);
  } else if (form === 'positive') {
    const l = choleskyReference(a);
    if (l === undefined) throw linalgFailure('solve', NOT_POSITIVE);
    const y = solveTriangleReference(l, b, { lower: true });
    x = y && solveTriangleReference(transposed(l), y);
  } else {
    const isTransposed = params.transposed === true;
    const lower = (form === 'lower') !== isTransposed;
    x = solveTriangleReference(isTransposed ? transposed(a) : a, b, { lower, unit: params.unit === true });
  }
  if (x === undefined) throw linalgFailure('solve', SINGULAR);
  return x;
}

/**
 * A (…, n, n) → A⁻¹. 2n³ flops. `singular` says what becomes of a matrix with a zero pivot: 'error' (the default), or
 * 'infinite': every element is.
 */
export const inv: Kernel = {
  name: 'inv',
  infer(inputs, params) {
    checkParams('inv', params, ['singular']);
    isInfinite(params);
    const spec = onlyInput('inv', inputs);
    const batch = squareOf('inv', 'x', spec);
    return { outputs: [spec], scratch: bytesOf(batch, batch.n * batch.n) + 16 * batch.n };
  },
  cost([x]) {
    const { count, n } = squareOf('inv', 'x', x!);
    return { flops: 2 * count * n ** 3, bytes: 24 * count * n * n };
  },
  failure: (status) => linalgFailure('inv', status),
  bodies: {
    js([x], [out], params) {
      const { count, n } = squareOf('inv', 'x', x!);
      readMatrices(x!, count, n, n).forEach((a, i) => {
        const inverse = solveReference(a, identity(n));
        if (inverse === undefined && !isInfinite(params)) throw linalgFailure('inv', SINGULAR);
        write(out!, i, inverse?.data ?? new Float64Array(n * n).fill(Number.POSITIVE_INFINITY));
      });
    },
    wasm: {
      export: 'inv',
      isWide: ([x]) => inv.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], [out], params, scratch) {
        const { count, n } = squareOf('inv', 'x', x!);
        return [isWide64(x!), count, n, isInfinite(params) ? 1 : 0, x!.pointer, out!.pointer, scratch];
      },
    },
  },
};

function isInfinite({ singular = 'error' }: KernelParams): boolean {
  if (singular === 'error' || singular === 'infinite') return singular === 'infinite';
  throw new OptionError('singular', `inv: singular must be 'error' or 'infinite', not ${JSON.stringify(singular)}`);
}

function determinant(name: 'det' | 'slogdet', finish: (pivots: readonly number[], sign: number) => number[]): Kernel {
  const count = name === 'det' ? 1 : 2;
  const kernel: Kernel = {
    name,
    infer(inputs, params) {
      checkParams(name, params, []);
      const batch = squareOf(name, 'x', onlyInput(name, inputs));
      const outputs = Array.from({ length: count }, () => ({ dtype: batch.dtype, shape: batch.lead }));
      return { outputs, scratch: bytesOf(batch, batch.n * batch.n) + 4 * batch.n };
    },
    cost([x]) {
      const { count: matrices, n } = squareOf(name, 'x', x!);
      return { flops: (2 / 3) * matrices * n ** 3, bytes: 16 * matrices * n * n };
    },
    failure: (status) => linalgFailure(name, status),
    bodies: {
      js([x], outputs) {
        const { count: matrices, n } = squareOf(name, 'x', x!);
        readMatrices(x!, matrices, n, n).forEach((a, i) => {
          const { lu, sign } = luReference(a);
          const pivots = Array.from({ length: n }, (_, j) => lu.data[j * (n + 1)]!);
          finish(pivots, sign).forEach((value, o) => {
            write(outputs[o]!, i, [value]);
          });
        });
      },
      wasm: {
        export: name,
        isWide: (inputs) => kernel.cost(inputs, {}).flops > WIDE_FLOPS,
        args([x], outputs, _params, scratch) {
          const { count: matrices, n } = squareOf(name, 'x', x!);
          return [isWide64(x!), matrices, n, x!.pointer, ...pointersOf(outputs), scratch];
        },
      },
    },
  };
  return kernel;
}

/** A (…, n, n) → det A (…): the product of LU's pivots. ⅔n³ flops. */
export const det: Kernel = determinant('det', (pivots, sign) => [
  pivots.reduce((product, pivot) => product * pivot, sign),
]);

/** A (…, n, n) → the sign of det A (0 when singular) and log|det A| (−∞ then), which does not overflow. */
export const slogdet: Kernel = determinant('slogdet', (pivots, sign) => {
  const signs = pivots.reduce(
    (product, pivot) => product * (Number.isNaN(pivot) ? Number.NaN : Math.sign(pivot)),
    sign,
  );
  const sum = pivots.reduce((total, pivot) => total + Math.log(Math.abs(pivot)), 0);
  return [signs === 0 ? 0 : signs, signs === 0 ? Number.NEGATIVE_INFINITY : sum];
});

/**
 * A (m, n), B (m, k) → X (n, k) of least norm with least ‖A·X − B‖, the squared norms of what is left (k), the rank () int32
 * and R (k, k), k = min(m, n), of a QR factorisation of A, or of Aᵀ where A is wide: its singular values are A's. `limit`:
 * singular values up to so many times the largest count as zero. Of full rank by QR, else by the SVD of R.
 */
export const lstsq: Kernel = {
  name: 'lstsq',
  infer(inputs, params) {
    checkParams('lstsq', params, ['limit']);
    numeric('lstsq', params, 'limit');
    const { a, k } = systemOf('lstsq', inputs, false);
    if (a.lead.length > 0) systemOf('lstsq', [{ ...inputs[0]!, shape: [] }, inputs[1]!], false);
    const { m, n, dtype } = a;
    const small = Math.min(m, n);
    return {
      outputs: [
        { dtype, shape: [n, k] },
        { dtype, shape: [k] },
        { dtype: 'int32', shape: [] },
        { dtype, shape: [small, small] },
      ],
      scratch: 8 * lstsqSpace(m, n, k),
    };
  },
  cost(inputs) {
    const { a, k } = systemOf('lstsq', inputs, false);
    const { m, n } = a;
    const small = Math.min(m, n);
    return { flops: 2 * m * n * small - small ** 3 / 3 + 4 * m * n * k, bytes: 8 * (2 * m * n + 3 * m * k) };
  },
  failure: (status) => linalgFailure('lstsq', status),
  bodies: {
    js([a, b], [x, residuals, rank, r], params) {
      const { a: batch, k } = systemOf('lstsq', [a!, b!], false);
      const { m, n } = batch;
      const [matrixA, matrixB] = [readMatrices(a!, 1, m, n)[0]!, readMatrices(b!, 1, m, k)[0]!];
      const found = lstsqReference(matrixA, matrixB, numeric('lstsq', params, 'limit'));
      if (found === undefined) throw linalgFailure('lstsq', NOT_FINITE);
      const left = matrix(1, k);
      times(matrixA, found.x).data.forEach((value, i) => {
        left.data[i % k]! += (value - matrixB.data[i]!) ** 2;
      });
      write(x!, 0, found.x.data);
      write(residuals!, 0, left.data);
      write(rank!, 0, [found.rank]);
      write(r!, 0, found.r.data);
    },
    wasm: {
      export: 'lstsq',
      isWide: (inputs, params) => lstsq.cost(inputs, params).flops > WIDE_FLOPS,
      args([a, b], outputs, params, scratch) {
        const { a: batch, k } = systemOf('lstsq', [a!, b!], false);
        const limit = numeric('lstsq', params, 'limit');
        return [isWide64(a!), batch.m, batch.n, k, limit, a!.pointer, b!.pointer, ...pointersOf(outputs), scratch];
      },
    },
  },
};
