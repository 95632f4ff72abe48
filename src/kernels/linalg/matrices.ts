/**
 * What the kernels of linear algebra share: the last two axes are matrices, all before them count them; checks that name
 * the function and the shapes; matrices in and out of arrays for the reference bodies.
 */
import { itemSize } from '../../array/dtype.js';
import { type NDArray, sizeOf } from '../../array/ndarray.js';
import { ConvergenceError, LinearAlgebraError, ShapeError } from '../../errors.js';
import { checkDTypeIn, checkInputs, checkSameDType, show } from '../checks.js';
import type { ArraySpec, HeapArray } from '../contract.js';
import { flat } from '../flat.js';
import { NOT_CONVERGED, NOT_FINITE, NOT_POSITIVE, SINGULAR } from '../status.js';
import { type Matrix, matrix } from './reference.js';

/** The error of a status of the exports of assembly/linalg. */
export function linalgFailure(name: string, status: number): Error {
  switch (status) {
    case NOT_CONVERGED:
      return new ConvergenceError(`${name}: the iteration did not converge within its bound`);
    case NOT_FINITE:
      return new LinearAlgebraError(`${name}: the matrix has NaN or infinite elements; remove them first`);
    case SINGULAR:
      return new LinearAlgebraError(
        `${name}: the matrix is singular: a pivot is exactly zero; linalg.lstsq or linalg.pinv take it`,
      );
    case NOT_POSITIVE:
      return new LinearAlgebraError(`${name}: the matrix is not positive definite: a pivot is not positive`);
    default:
      return new Error(`${name}: the kernel ended with the unknown status ${status}`);
  }
}

/** Matrices of one shape, m × n, and what counts them. */
export interface Batch {
  readonly count: number;
  readonly lead: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly dtype: 'float64' | 'float32';
}

/** @throws ShapeError, DTypeError for what is no matrix, or stack of them, of floats. */
export function matricesOf(name: string, argument: string, spec: ArraySpec): Batch {
  checkDTypeIn(name, argument, spec, 'float64', 'float32');
  if (spec.shape.length < 2) {
    throw new ShapeError(`${name}: ${argument} must be a matrix, or a stack of them, not ${show(spec)}`);
  }
  const lead = spec.shape.slice(0, -2);
  const [m, n] = spec.shape.slice(-2) as [number, number];
  return { count: sizeOf(lead), lead, m, n, dtype: spec.dtype as 'float64' | 'float32' };
}

/** @throws as `matricesOf`, and ShapeError when the matrices are not square. */
export function squareOf(name: string, argument: string, spec: ArraySpec): Batch {
  const batch = matricesOf(name, argument, spec);
  if (batch.m !== batch.n) throw new ShapeError(`${name}: ${argument} must be square, not ${show(spec)}`);
  return batch;
}

export function onlyInput(name: string, inputs: readonly ArraySpec[]): ArraySpec {
  checkInputs(name, inputs, 1, 1, 'a matrix');
  return inputs[0]!;
}

/** A and right-hand sides B of as many rows, one B for each A. */
export function systemOf(
  name: string,
  inputs: readonly ArraySpec[],
  isSquare: boolean,
): { readonly a: Batch; readonly k: number } {
  checkInputs(name, inputs, 2, 2, 'a matrix and right-hand sides');
  const [first, second] = inputs as [ArraySpec, ArraySpec];
  const a = isSquare ? squareOf(name, 'a', first) : matricesOf(name, 'a', first);
  checkSameDType(name, 'a', first, 'b', second);
  const b = matricesOf(name, 'b', second);
  const fits = b.m === a.m && b.lead.length === a.lead.length && b.lead.every((length, i) => length === a.lead[i]);
  if (!fits) throw new ShapeError(`${name}: b is ${show(second)} and does not go with a, which is ${show(first)}`);
  return { a, k: b.n };
}

export const isWide64 = (spec: ArraySpec): number => (spec.dtype === 'float64' ? 1 : 0);

export const bytesOf = ({ dtype }: Pick<Batch, 'dtype'>, elements: number): number => elements * itemSize(dtype);

export const pointersOf = (arrays: readonly HeapArray[]): number[] => arrays.map(({ pointer }) => pointer);

/** The matrices of an array, in float64. */
export function readMatrices(array: NDArray, count: number, rows: number, columns: number): Matrix[] {
  const data = Float64Array.from(flat(array));
  const size = rows * columns;
  return Array.from({ length: count }, (_, i) => matrix(rows, columns, data.slice(i * size, (i + 1) * size)));
}

/** Writes matrix or vector `index` of an output. */
export function write(output: NDArray, index: number, values: ArrayLike<number>): void {
  output.data.set(values, output.offset + index * values.length);
}

/** Flops from which on threads share the work of one matrix, or a batch. */
export const WIDE_FLOPS = 2e6;
