/**
 * What the kernels that work along an axis share: an array seen as (outer, length, inner), a line being its elements at
 * one outer and one inner index; the order they agree on (NaN last, −0 and 0 equal); and the numbers that assembly/
 * knows dtypes by.
 */
import type { DType, TypedArray } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { OptionError } from '../errors.js';
import { checkInputs, checkParams, numeric, show } from './checks.js';
import type { ArraySpec, KernelParams } from './contract.js';

/** Lines of this length and longer are worked on by all threads together, in scratch; as in assembly/sort.ts. */
export const WIDE = 1 << 16;
/** Scratch of such a line's plan; as in assembly/sort.ts. */
export const PLAN_BYTES = 1 << 20;
/** Scratch for a context and for the alignment of buffers. */
export const CONTEXT_BYTES = 1024;

const codes: Readonly<Record<DType, number>> = { float64: 0, float32: 1, int32: 2, uint32: 3, uint8: 4, bool: 4 };

/** The number of a dtype in assembly/. */
export function typeCode({ dtype }: Pick<ArraySpec, 'dtype'>): number {
  return codes[dtype];
}

export interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** The lines of `shape` along `axis`; all of it as one line when there is none. */
export function linesOf(shape: readonly number[], axis: number | undefined): Lines {
  if (axis === undefined) return { outer: 1, length: sizeOf(shape), inner: 1 };
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

/**
 * The lines that a kernel of one input and the parameter `axis` works along.
 * @throws OptionError for an axis that x does not have
 */
export function checkLines(kernel: string, inputs: readonly ArraySpec[], params: KernelParams): Lines {
  checkParams(kernel, params, ['axis']);
  checkInputs(kernel, inputs, 1, 1, 'x');
  const [x] = inputs as [ArraySpec];
  if (params.axis === undefined) return linesOf(x.shape, undefined);
  const axis = numeric(kernel, params, 'axis');
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.shape.length) {
    throw new OptionError('axis', `${kernel}: axis ${axis} does not exist in x ${show(x)}`);
  }
  return linesOf(x.shape, axis);
}

/** Calls `visit` with the position of the first element of every line. */
export function forEachLine({ outer, length, inner }: Lines, visit: (start: number) => void): void {
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) visit(i * length * inner + j);
  }
}

/** Ascending with NaN last, −0 equal to 0. */
export function ascending(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** The positions 0 … n − 1 of `values` in ascending order of their values, equal ones as they come. */
export function sortedOrder(values: TypedArray): Int32Array {
  return Int32Array.from(values, (_, i) => i).sort((i, j) => ascending(values[i]!, values[j]!) || i - j);
}
