/**
 * Sums and means of values that are there, over all axes or some of them, with pairwise summation: the error grows with
 * the logarithm of the number of terms. Bodies of the tasks that `nd.sum` and `nd.mean` make.
 */
import { allocate, type DType } from '../array/dtype.js';
import { NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { toValue, type Value } from './elementwise.js';

export interface ReduceOptions {
  /** The axis or axes to reduce, negative ones counted from the end; default: all. */
  readonly axis?: number | readonly number[];
  /** Keep reduced axes with length 1; default false. */
  readonly keepdims?: boolean;
}

export type ReductionName = 'sum' | 'mean';

/** The reduced axes, sorted. @throws ShapeError for an axis out of range or named twice */
export function reducedAxes(ndim: number, options: ReduceOptions, where: string): number[] {
  for (const option of Object.keys(options)) {
    if (option !== 'axis' && option !== 'keepdims') {
      throw new OptionError(option, `${where}: there is no option '${option}'; use axis or keepdims`);
    }
  }
  const { axis } = options;
  if (axis === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const given = typeof axis === 'number' ? [axis] : [...axis];
  const axes = given.map((one) => {
    const positive = one < 0 ? one + ndim : one;
    if (Number.isInteger(positive) && positive >= 0 && positive < ndim) return positive;
    throw new ShapeError(`${where}: axis ${one} is out of range for an array with ${ndim} axes`);
  });
  if (new Set(axes).size < axes.length)
    throw new ShapeError(`${where}: an axis is named twice in [${given.join(', ')}]`);
  return axes.sort((a, b) => a - b);
}

/** Sums of float32 stay float32, of all else (counts too) are float64; means likewise. */
export function inferReduction(
  name: ReductionName,
  source: { shape: readonly number[]; dtype: DType },
  options: ReduceOptions,
): { shape: number[]; dtype: DType } {
  const axes = new Set(reducedAxes(source.shape.length, options, name));
  const shape = options.keepdims
    ? source.shape.map((length, axis) => (axes.has(axis) ? 1 : length))
    : source.shape.filter((_, axis) => !axes.has(axis));
  return { shape, dtype: source.dtype === 'float32' ? 'float32' : 'float64' };
}

/**
 * A sum or mean over `axis`: a number when nothing of the shape is left, else an NDArray. O(size).
 *
 * @example
 * applyReduction('mean', [[1, 2], [3, 4]], { axis: 0 }).toNested(); // [2, 3]
 */
export function applyReduction(name: ReductionName, input: unknown, options: ReduceOptions = {}): Value {
  const value = toValue(input, name);
  const array =
    typeof value === 'number' ? new NDArray(Float64Array.of(value), { shape: [], dtype: 'float64' }) : value;
  const axes = reducedAxes(array.ndim, options, name);
  const { shape, dtype } = inferReduction(name, array, options);
  const kept = Array.from({ length: array.ndim }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const terms = sizeOf(axes.map((axis) => array.shape[axis] ?? 1));
  if (terms === 0 && name === 'mean') throw new ArgumentError('mean: there are no elements to take the mean of');
  const keptOffsets = offsets(array, kept);
  const termOffsets = offsets(array, axes);
  const out = allocate(dtype, keptOffsets.length);
  const single = dtype === 'float32';
  for (let i = 0; i < out.length; i++) {
    const total = pairwise(array.data, array.offset + keptOffsets[i]!, termOffsets, 0, terms);
    out[i] = name === 'mean' ? (single ? Math.fround(total) : total) / terms : total;
  }
  return shape.length === 0 ? out[0]! : new NDArray(out, { shape, dtype });
}

/** The position of every index over `axes`, relative to the array's offset, in row-major order. */
function offsets(array: NDArray, axes: readonly number[]): Float64Array {
  let result = Float64Array.of(0);
  for (const axis of axes) {
    const length = array.shape[axis] ?? 0;
    const stride = array.strides[axis] ?? 0;
    const next = new Float64Array(result.length * length);
    let written = 0;
    for (const start of result) for (let i = 0; i < length; i++) next[written++] = start + i * stride;
    result = next;
  }
  return result;
}

function pairwise(data: ArrayLike<number>, base: number, offsets: Float64Array, from: number, to: number): number {
  if (to - from <= 8) {
    let total = 0;
    for (let i = from; i < to; i++) total += data[base + offsets[i]!]!;
    return total;
  }
  const middle = from + ((to - from) >> 1);
  return pairwise(data, base, offsets, from, middle) + pairwise(data, base, offsets, middle, to);
}
