/** Eigenvalues of symmetric matrices and singular values as kernels. Computed in float64 whatever the input. */

import { OptionError } from '../../errors.js';
import { checkParams } from '../checks.js';
import type { Kernel, KernelParams } from '../contract.js';
import { NOT_FINITE } from '../status.js';
import {
  isWide64,
  linalgFailure,
  matricesOf,
  onlyInput,
  pointersOf,
  readMatrices,
  squareOf,
  WIDE_FLOPS,
  write,
} from './matrices.js';
import { eighReference, svdReference } from './reference.js';
import { eighSpace, svdScratch } from './workspace.js';

/**
 * A (…, n, n) symmetric, lower triangle read → values (…, n) ascending and vectors (…, n, n) as columns. Tridiagonal
 * form, divide and conquer, back-transformation: about 4n³ flops, less what is deflated.
 */
export const eigh: Kernel = {
  name: 'eigh',
  infer(inputs, params) {
    checkParams('eigh', params, []);
    const spec = onlyInput('eigh', inputs);
    const { lead, n, dtype } = squareOf('eigh', 'x', spec);
    return { outputs: [{ dtype, shape: [...lead, n] }, spec], scratch: 8 * eighSpace(n) };
  },
  cost([x]) {
    const { count, n } = squareOf('eigh', 'x', x!);
    return { flops: 4.5 * count * n ** 3, bytes: 8 * count * n * n * (2 + n / 3) };
  },
  failure: (status) => linalgFailure('eigh', status),
  bodies: {
    js([x], [values, vectors]) {
      const { count, n } = squareOf('eigh', 'x', x!);
      readMatrices(x!, count, n, n).forEach((a, i) => {
        const found = eighReference(a);
        if (found === undefined) throw linalgFailure('eigh', NOT_FINITE);
        write(values!, i, found.values);
        write(vectors!, i, found.vectors.data);
      });
    },
    wasm: {
      export: 'eigh',
      isWide: ([x]) => eigh.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], [values, vectors], _params, scratch) {
        const { count, n } = squareOf('eigh', 'x', x!);
        return [isWide64(x!), count, n, x!.pointer, values!.pointer, vectors!.pointer, scratch];
      },
    },
  },
};

function isRelative(params: KernelParams): number {
  const accuracy = params.accuracy ?? 'absolute';
  if (accuracy === 'absolute') return 0;
  if (accuracy === 'relative') return 1;
  throw new OptionError('accuracy', `svd: accuracy must be 'absolute' or 'relative', not ${JSON.stringify(accuracy)}`);
}

function singular(name: 'svd' | 'svdvals'): Kernel {
  const hasVectors = name === 'svd';
  const kernel: Kernel = {
    name,
    infer(inputs, params) {
      checkParams(name, params, ['accuracy']);
      const { lead, m, n, dtype } = matricesOf(name, 'x', onlyInput(name, inputs));
      const k = Math.min(m, n);
      const values = { dtype, shape: [...lead, k] };
      const outputs = hasVectors
        ? [{ dtype, shape: [...lead, m, k] }, values, { dtype, shape: [...lead, k, n] }]
        : [values];
      return { outputs, scratch: 8 * svdScratch(m, n, dtype === 'float64', hasVectors, isRelative(params) === 1) };
    },
    cost([x]) {
      const { count, m, n } = matricesOf(name, 'x', x!);
      const [large, small] = [Math.max(m, n), Math.min(m, n)];
      const flops = hasVectors ? 6 * large * small * small + 8 * small ** 3 : 2 * large * small ** 2 + small ** 3;
      return { flops: count * flops, bytes: 8 * count * large * small * (4 + small / 3) };
    },
    failure: (status) => linalgFailure(name, status),
    bodies: {
      js([x], outputs) {
        const { count, m, n } = matricesOf(name, 'x', x!);
        readMatrices(x!, count, m, n).forEach((a, i) => {
          const found = svdReference(a);
          if (found === undefined) throw linalgFailure(name, NOT_FINITE);
          const parts = hasVectors ? [found.u.data, found.s, found.vt.data] : [found.s];
          parts.forEach((part, o) => {
            write(outputs[o]!, i, part);
          });
        });
      },
      wasm: {
        export: 'svd',
        isWide: (inputs) => kernel.cost(inputs, {}).flops > WIDE_FLOPS,
        args([x], outputs, params, scratch) {
          const { count, m, n } = matricesOf(name, 'x', x!);
          const pointers = hasVectors ? pointersOf(outputs) : [0, outputs[0]!.pointer, 0];
          return [isWide64(x!), count, m, n, hasVectors ? 1 : 0, isRelative(params), x!.pointer, ...pointers, scratch];
        },
      },
    },
  };
  return kernel;
}

/**
 * A (…, m, n) → U (…, m, k), s (…, k) descending, Vᵀ (…, k, n) with A = U·diag(s)·Vᵀ, k = min(m, n). Bidiagonal form
 * (QR first when tall), divide and conquer; `accuracy: 'relative'`, and small matrices: one-sided Jacobi.
 */
export const svd: Kernel = singular('svd');

/** A (…, m, n) → singular values (…, k) descending. */
export const svdvals: Kernel = singular('svdvals');
