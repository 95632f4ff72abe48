/**
 * What tests of linear algebra draw on: matrices of many kinds, and the residuals by which LAPACK's own tests judge a
 * factorisation: a norm of what is wrong over (norm of the matrix · n · ε), which a stable algorithm keeps below 30
 * whatever the condition. Everything here is plain float64 loops.
 */
import type { DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { epsilon, smallest } from '../kernels/numbers.js';

export interface Dense {
  readonly m: number;
  readonly n: number;
  readonly data: Float64Array;
}

export const dense = (m: number, n: number, value: (i: number, j: number) => number): Dense => {
  const data = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data[i * n + j] = value(i, j);
  return { m, n, data };
};

export const transposed = ({ m, n, data }: Dense): Dense => dense(n, m, (i, j) => data[j * n + i]!);

export function times(a: Dense, b: Dense): Dense {
  const out = dense(a.m, b.n, () => 0);
  for (let i = 0; i < a.m; i++) {
    for (let k = 0; k < a.n; k++) {
      const value = a.data[i * a.n + k]!;
      if (value === 0) continue;
      for (let j = 0; j < b.n; j++) out.data[i * b.n + j]! += value * b.data[k * b.n + j]!;
    }
  }
  return out;
}

/** Frobenius' norm, safe from overflow. */
export function frobenius({ data }: Pick<Dense, 'data'>): number {
  const most = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (!(most > 0) || most === Number.POSITIVE_INFINITY) return most;
  return most * Math.sqrt(data.reduce((sum, value) => sum + (value / most) ** 2, 0));
}

export const minus = (a: Dense, b: Dense): Dense => ({ ...a, data: a.data.map((value, i) => value - b.data[i]!) });

export const scaledBy = (a: Dense, factor: number): Dense => ({ ...a, data: a.data.map((value) => value * factor) });

/** The columns of `a` times the elements of `s`. */
export const timesDiagonal = (a: Dense, s: ArrayLike<number>): Dense =>
  dense(a.m, a.n, (i, j) => a.data[i * a.n + j]! * s[j]!);

/** The matrices of an array. */
export function matricesIn(array: NDArray): Dense[] {
  const [m, n] = array.shape.slice(-2) as [number, number];
  const data = Float64Array.from(array.copy().data);
  return Array.from({ length: sizeOf(array.shape.slice(0, -2)) }, (_, i) => ({
    m,
    n,
    data: data.slice(i * m * n, (i + 1) * m * n),
  }));
}

/** The vectors along the last axis of an array. */
export function vectorsIn(array: NDArray): Float64Array[] {
  const n = array.shape.at(-1)!;
  const data = Float64Array.from(array.copy().data);
  return Array.from({ length: sizeOf(array.shape.slice(0, -1)) }, (_, i) => data.slice(i * n, (i + 1) * n));
}

/** ‖A − B‖/(size·n·ε), with what underflow may lose granted; `size` is ‖A‖ where it is not given. */
export function residual(a: Dense, b: Dense, dtype: DType, size = frobenius(a)): number {
  const n = Math.max(a.m, a.n, 1);
  const wrong = frobenius(minus(a, b));
  const lost = 4 * n * smallest(dtype) * Math.sqrt(a.data.length);
  if (wrong <= lost) return 0;
  return (wrong - lost) / size / (n * epsilon(dtype));
}

/** ‖QᵀQ − I‖/(n·ε). */
export function orthogonality(q: Dense, dtype: DType): number {
  const gram = times(transposed(q), q);
  const identity = dense(q.n, q.n, (i, j) => Number(i === j));
  return frobenius(minus(gram, identity)) / (Math.max(q.m, 1) * epsilon(dtype));
}

/** The bound of every residual, as in LAPACK's tests. */
export const LIMIT = 30;

/** @throws when a residual is not below the limit */
export function require30(what: string, value: number): void {
  record(what, value);
  if (!(value < LIMIT)) throw new Error(`${what} is ${value}, not below ${LIMIT}`);
}

const worst = new Map<string, number>();

function record(what: string, value: number): void {
  worst.set(what, Math.max(worst.get(what) ?? 0, value));
}

/** The largest residuals so far, for a look at how far the limit is. */
export const largest = (): Record<string, number> => Object.fromEntries(worst);

export const kinds = [
  'random',
  'integer',
  'graded rows',
  'graded columns',
  'graded',
  'deficient',
  'zero',
  'identity',
  'hilbert',
  'kahan',
  'huge',
  'tiny',
  'denormal',
  'ones',
] as const;
export type MatrixKind = (typeof kinds)[number];

/** A matrix of a kind; `single`: for float32, whose range is smaller. */
export function matrixOf(random: () => number, kind: MatrixKind, m: number, n: number, single = false): Dense {
  const value = (): number => 2 * random() - 1;
  const span = single ? 30 : 300;
  const fall = (i: number, count: number): number => 10 ** ((-span * i) / Math.max(1, count - 1));
  switch (kind) {
    case 'random':
      return dense(m, n, value);
    case 'integer':
      return dense(m, n, () => Math.round(3 * value()));
    case 'graded rows':
      return dense(m, n, (i) => value() * fall(i, m));
    case 'graded columns':
      return dense(m, n, (_, j) => value() * fall(j, n));
    case 'graded':
      return dense(m, n, (i, j) => value() * Math.sqrt(fall(i, m)) * Math.sqrt(fall(j, n)));
    case 'deficient': {
      const rank = Math.ceil(Math.min(m, n) / 3);
      return times(dense(m, rank, value), dense(rank, n, value));
    }
    case 'zero':
      return dense(m, n, () => 0);
    case 'identity':
      return dense(m, n, (i, j) => Number(i === j));
    case 'hilbert':
      return dense(m, n, (i, j) => 1 / (i + j + 1));
    case 'kahan': {
      const [s, c] = [Math.sin(1.2), Math.cos(1.2)];
      return dense(m, n, (i, j) => (i === j ? s ** i : i < j ? -c * s ** i : 0));
    }
    case 'huge':
      return dense(m, n, () => value() * (single ? 1e30 : 1e150));
    case 'tiny':
      return dense(m, n, () => value() * (single ? 1e-30 : 1e-150));
    case 'denormal':
      return dense(m, n, () => value() * (single ? 1e-39 : 1e-309));
    case 'ones':
      return dense(m, n, () => 1);
  }
}

/** An array of matrices of one shape, in a stack of shape `lead`. */
export function stacked(
  matrices: readonly Dense[],
  lead: readonly number[],
  dtype: DType,
  m: number,
  n: number,
): NDArray {
  const array = NDArray.zeros([...lead, m, n], dtype);
  matrices.forEach(({ data }, i) => {
    array.data.set(data, i * m * n);
  });
  return array;
}

/** Sizes of blocks that add up to `length`; one element at the least. */
export function cuts(next: () => number, length: number): number[] {
  const sizes: number[] = [];
  const most = 1 + Math.floor(next() * 40);
  for (let left = length; left > 0; ) {
    const size = Math.min(left, 1 + Math.floor(next() * most));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}
