/**
 * Factorisations as kernels: Cholesky, LU, QR with and without column pivoting. Inputs are matrices or stacks of them,
 * float64 or float32; the algorithms are in assembly/linalg, each opening with its source.
 */

import { LinearAlgebraError, OptionError } from '../../errors.js';
import { checkParams, flag, numeric } from '../checks.js';
import type { Kernel, KernelParams } from '../contract.js';
import { NOT_POSITIVE } from '../status.js';
import {
  type Batch,
  bytesOf,
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
import { choleskyReference, luReference, type Matrix, matrix, qrReference, times } from './reference.js';
import { isTall, pivotedSpace, qrSpace, tallSpace } from './workspace.js';

/**
 * A (…, n, n), lower triangle read → L (…, n, n) with A = L·Lᵀ. n³/3 flops. `before`: rows of the matrix that A is the last
 * of, which an error counts. @throws when A is not positive definite
 */
export const cholesky: Kernel = {
  name: 'cholesky',
  infer(inputs, params) {
    checkParams('cholesky', params, ['before']);
    numeric('cholesky', params, 'before', 0);
    const spec = onlyInput('cholesky', inputs);
    squareOf('cholesky', 'x', spec);
    return { outputs: [spec] };
  },
  cost([x]) {
    const { count, n } = squareOf('cholesky', 'x', x!);
    return { flops: (count * n ** 3) / 3, bytes: 16 * count * n * n };
  },
  failure: choleskyFailure,
  bodies: {
    js([x], [out], params) {
      const { count, n } = squareOf('cholesky', 'x', x!);
      readMatrices(x!, count, n, n).forEach((a, i) => {
        const l = choleskyReference(a);
        if (l === undefined) throw choleskyFailure(NOT_POSITIVE + (failedMinor(a) << MINOR_SHIFT), params);
        write(out!, i, l.data);
      });
    },
    wasm: {
      export: 'cholesky',
      isWide: ([x]) => cholesky.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], [out]) {
        const { count, n } = squareOf('cholesky', 'x', x!);
        return [isWide64(x!), count, n, x!.pointer, out!.pointer];
      },
    },
  },
};

/** The status of a factor that ended says at which leading minor, in the bits from here on. */
const MINOR_SHIFT = 8;

function choleskyFailure(status: number, params: KernelParams): Error {
  const code = status & (2 ** MINOR_SHIFT - 1);
  if (code !== NOT_POSITIVE || status < 0) return linalgFailure('cholesky', status);
  const minor = (status >>> MINOR_SHIFT) + numeric('cholesky', params, 'before', 0);
  return new LinearAlgebraError(
    `cholesky: the matrix is not positive definite: the pivot of its leading minor of order ${minor} is not positive`,
  );
}

/** The order of the first leading minor without a factor. */
function failedMinor({ data, rows: n }: Matrix): number {
  for (let size = 1; size < n; size++) {
    const lead = matrix(size, size);
    for (let i = 0; i < size; i++) lead.data.set(data.subarray(i * n, i * n + size), i * size);
    if (choleskyReference(lead) === undefined) return size;
  }
  return n;
}

const isPermuted = (params: KernelParams): boolean => flag('lu', params, 'permuted', false);

/** The factors in one matrix and two lists; `permuted`: also L before its rows are put into their places. */
function scratchLu(batch: Batch, params: KernelParams): number {
  const { m, n } = batch;
  return bytesOf(batch, m * n + (isPermuted(params) ? m * Math.min(m, n) : 0)) + 8 * m;
}

/**
 * A (…, m, n) → P (…, m, m), L (…, m, k), U (…, k, n) with A = P·L·U, partial pivoting, k = min(m, n). mn² − n³/3 flops
 * for m ≥ n. `permuted`: P·L and U only.
 */
export const lu: Kernel = {
  name: 'lu',
  infer(inputs, params) {
    checkParams('lu', params, ['permuted']);
    const batch = matricesOf('lu', 'x', onlyInput('lu', inputs));
    const { lead, m, n, dtype } = batch;
    const k = Math.min(m, n);
    const outputs = [...(isPermuted(params) ? [] : [[m, m]]), [m, k], [k, n]].map((shape) => ({
      dtype,
      shape: [...lead, ...shape],
    }));
    return { outputs, scratch: scratchLu(batch, params) };
  },
  cost([x]) {
    const { count, m, n } = matricesOf('lu', 'x', x!);
    const k = Math.min(m, n);
    return { flops: count * (m * n * k - k ** 3 / 3), bytes: 8 * count * (3 * m * n + m * m) };
  },
  failure: (status) => linalgFailure('lu', status),
  bodies: {
    js([x], outputs, params) {
      const [p, l, u] = isPermuted(params) ? [undefined, ...outputs] : outputs;
      const { count, m, n } = matricesOf('lu', 'x', x!);
      const k = Math.min(m, n);
      readMatrices(x!, count, m, n).forEach((a, index) => {
        const { lu: f, order } = luReference(a);
        const [pm, lm, um] = [matrix(m, m), matrix(m, k), matrix(k, n)];
        for (let i = 0; i < m; i++) {
          pm.data[order[i]! * m + i] = 1;
          for (let j = 0; j < n; j++) {
            if (j < i && j < k) lm.data[i * k + j] = f.data[i * n + j]!;
            if (j >= i && i < k) um.data[i * n + j] = f.data[i * n + j]!;
          }
          if (i < k) lm.data[i * k + i] = 1;
        }
        if (p !== undefined) write(p, index, pm.data);
        write(l!, index, p === undefined ? times(pm, lm).data : lm.data);
        write(u!, index, um.data);
      });
    },
    wasm: {
      export: 'lu',
      isWide: ([x]) => lu.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], outputs, params, scratch) {
        const { count, m, n } = matricesOf('lu', 'x', x!);
        const pointers = isPermuted(params) ? [0, ...pointersOf(outputs)] : pointersOf(outputs);
        return [isWide64(x!), count, m, n, x!.pointer, ...pointers, scratch];
      },
    },
  },
};

const modes = ['reduced', 'complete', 'r'];

function modeOf({ mode = 'reduced' }: KernelParams): string {
  if (modes.includes(mode as string)) return mode as string;
  throw new OptionError('mode', `qr: mode must be '${modes.join("', '")}', not ${JSON.stringify(mode)}`);
}

/** Columns of Q, rows of R. */
const columnsOf = ({ m, n }: Batch, params: KernelParams): number =>
  modeOf(params) === 'complete' ? m : Math.min(m, n);

/**
 * A (…, m, n) → Q (…, m, c), R (…, c, n) with A = Q·R, Householder's signs as LAPACK's; c = min(m, n), or m with
 * `mode` 'complete'; with 'r' R alone, in half the time. 4mn² − ⁴⁄₃n³ flops for m ≥ n.
 */
export const qr: Kernel = {
  name: 'qr',
  infer(inputs, params) {
    checkParams('qr', params, ['mode']);
    const batch = matricesOf('qr', 'x', onlyInput('qr', inputs));
    const { lead, m, n, dtype } = batch;
    const c = columnsOf(batch, params);
    const r = { dtype, shape: [...lead, c, n] };
    const isInPlace = modeOf(params) !== 'r' && c === n && !isTall(m, n);
    const own = isInPlace ? 0 : m * n;
    const scratch = bytesOf(batch, own + (c === n ? tallSpace(m, n, n) : qrSpace(m, n, c)));
    return { outputs: modeOf(params) === 'r' ? [r] : [{ dtype, shape: [...lead, m, c] }, r], scratch };
  },
  cost([x]) {
    const { count, m, n } = matricesOf('qr', 'x', x!);
    const k = Math.min(m, n);
    return { flops: count * (4 * m * n * k - (4 * k ** 3) / 3), bytes: 24 * count * m * n };
  },
  failure: (status) => linalgFailure('qr', status),
  bodies: {
    js([x], outputs, params) {
      const [q, r] = modeOf(params) === 'r' ? [undefined, ...outputs] : outputs;
      const batch = matricesOf('qr', 'x', x!);
      const { count, m, n } = batch;
      const c = columnsOf(batch, params);
      readMatrices(x!, count, m, n).forEach((a, i) => {
        const full = qrReference(a);
        if (q !== undefined) write(q, i, firstColumns(full.q.data, m, m, c));
        write(r!, i, full.r.data.subarray(0, c * n));
      });
    },
    wasm: {
      export: 'qr',
      isWide: ([x]) => qr.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], outputs, params, scratch) {
        const batch = matricesOf('qr', 'x', x!);
        const { count, m, n } = batch;
        const pointers = modeOf(params) === 'r' ? [0, ...pointersOf(outputs)] : pointersOf(outputs);
        return [isWide64(x!), count, m, n, columnsOf(batch, params), x!.pointer, ...pointers, scratch];
      },
    },
  },
};

function firstColumns(data: Float64Array, rows: number, columns: number, count: number): Float64Array {
  return Float64Array.from({ length: rows * count }, (_, i) => data[Math.floor(i / count) * columns + (i % count)]!);
}

/** As `qr` with column pivoting: Q, R and the columns of A in the order of R (…, n) int32; |R's diagonal| descends. */
export const qrPivoted: Kernel = {
  name: 'qrPivoted',
  infer(inputs, params) {
    checkParams('qrPivoted', params, []);
    const batch = matricesOf('qrPivoted', 'x', onlyInput('qrPivoted', inputs));
    const { lead, m, n, dtype } = batch;
    const k = Math.min(m, n);
    return {
      outputs: [
        { dtype, shape: [...lead, m, k] },
        { dtype, shape: [...lead, k, n] },
        { dtype: 'int32', shape: [...lead, n] },
      ],
      scratch: bytesOf(batch, (m + 3) * n + Math.max(qrSpace(m, n, n), pivotedSpace(m, n))),
    };
  },
  cost: (inputs) => qr.cost(inputs, {}),
  failure: (status) => linalgFailure('qrPivoted', status),
  bodies: {
    js([x], [q, r, order]) {
      const { count, m, n } = matricesOf('qrPivoted', 'x', x!);
      const k = Math.min(m, n);
      readMatrices(x!, count, m, n).forEach((a, i) => {
        const full = qrReference(a, true);
        write(q!, i, firstColumns(full.q.data, m, m, k));
        write(r!, i, full.r.data.subarray(0, k * n));
        write(order!, i, full.order);
      });
    },
    wasm: {
      export: 'qrPivoted',
      isWide: ([x]) => qr.cost([x!], {}).flops > WIDE_FLOPS,
      args([x], outputs, _params, scratch) {
        const { count, m, n } = matricesOf('qrPivoted', 'x', x!);
        return [isWide64(x!), count, m, n, x!.pointer, ...pointersOf(outputs), scratch];
      },
    },
  },
};
