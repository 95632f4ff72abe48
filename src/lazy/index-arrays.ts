/** Picking by arrays of indices or booleans. */
import { NDArray } from '../array/ndarray.js';
import { DTypeError, ShapeError } from '../errors.js';
import { take as takeKernel } from '../kernels/take.js';
import { axisOf } from './axes.js';
import { isChunked } from './blocks/blocked.js';
import { takeBlocks } from './blocks/take.js';
import { astype } from './cast.js';
import { type AxisOption, concat } from './join.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray, leaf, leafValue } from './lazy-array.js';
import { ravel, reshape } from './manipulate.js';
import { checkNames } from './options.js';
import { positionsOf, takeRows } from './take.js';

/**
 * The elements at `indices` along `axis`, by default the rows (NumPy's default would be all axes as one: that is
 * `nd.take(nd.ravel(x), indices)`). Indices are whole numbers of any shape, which takes the place of the axis; negative
 * ones count from the end. Those that are there are checked now, delayed ones when they are used.
 *
 * @throws ArgumentError for an index that does not exist, DTypeError for indices that are no whole numbers
 *
 * @example
 * await nd.take([10, 20, 30], [2, 0]).compute(); // [30, 10]
 * await nd.take([[1, 2, 3], [4, 5, 6]], [0, -1], { axis: 1 }).compute(); // [[1, 3], [4, 6]]
 */
export function take(x: ArrayInput, indices: ArrayInput, options: AxisOption = {}): LazyArray {
  const where = 'nd.take';
  checkNames(where, options, ['axis']);
  const array = asLazy(x, where);
  if (array.ndim === 0) throw new ShapeError(`${where}: a single number has no axis to take from`);
  const given = asLazy(indices, where);
  const known = leafValue(given);
  const axis = axisOf(options.axis ?? 0, array, where);
  if (isUnknown(array) || isUnknown(given)) {
    const shape = array.shape.toSpliced(axis, 1, ...given.shape);
    return late('take', [array, given], (a, i) => take(a!, i!, { axis }), { shape, dtype: array.dtype });
  }
  if (known === undefined) return kernelCall1(takeKernel, [array, delayedIndices(given)], { axis });
  if (axis === 0 && known.ndim === 1 && !isChunked(array)) return takeRows(array, known, where);
  const numbers = positionsOf(known, array.shape[axis]!, where);
  return takeKnown(array, numbers, known.shape, axis, 'take');
}

/** The elements at known positions 0 ≤ i < length along `axis`, as a task called `name`. */
export function takeAxis(array: LazyArray, indices: Int32Array, axis: number, name: string): LazyArray {
  return takeKnown(array, indices, [indices.length], axis, name);
}

function takeKnown(
  array: LazyArray,
  indices: Int32Array,
  shape: readonly number[],
  axis: number,
  name: string,
): LazyArray {
  if (isChunked(array)) {
    const one = (block: LazyArray, positions: Int32Array): LazyArray => takeAxis(block, positions, axis, name);
    const taken = takeBlocks(array, indices, axis, one, (parts) => concat(parts, { axis }));
    return shape.length === 1 ? taken : reshape(taken, array.shape.toSpliced(axis, 1, ...shape));
  }
  const input = leaf(new NDArray(indices, { shape, dtype: 'int32' }), 'indices');
  return kernelCall1(takeKernel, [array, input], { axis }, name);
}

/** Indices that are computed later, as int32. */
function delayedIndices(indices: LazyArray): LazyArray {
  const { dtype } = indices;
  if (dtype === 'float64' || dtype === 'float32' || dtype === 'bool') {
    const hint = dtype === 'bool' ? 'nd.compress takes by booleans' : "make them whole with nd.astype(x, 'int32')";
    throw new DTypeError(`nd.take: indices are whole numbers, these are ${dtype}; ${hint}`);
  }
  return asLazy(astype(indices, 'int32'), 'nd.take');
}

/**
 * The elements along `axis` where `mask` (booleans, or numbers that are not 0) is true; without `axis` in row-major
 * order over all axes. A mask that is there is looked at now. A delayed one leaves the length of the axis unknown (NaN)
 * until it is computed.
 *
 * @throws ShapeError for a mask that is no vector or longer than the axis
 *
 * @example
 * await nd.compress([true, false, true], [1, 2, 3]).compute(); // [1, 3]
 * await nd.compress([0, 1], [[1, 2], [3, 4]], { axis: 1 }).compute(); // [[2], [4]]
 */
export function compress(mask: ArrayInput, x: ArrayInput, options: AxisOption = {}): LazyArray {
  const where = 'nd.compress';
  checkNames(where, options, ['axis']);
  const given = asLazy(x, where);
  const array = options.axis === undefined ? ravel(given) : given;
  const axis = axisOf(options.axis ?? 0, array, where);
  const flags = asLazy(mask, where);
  const [length, count] = [array.shape[axis]!, flags.shape[0]!];
  if (flags.ndim !== 1) {
    throw new ShapeError(`${where}: the mask must have one axis, its shape is [${flags.shape.join(', ')}]`);
  }
  if (count > length) {
    throw new ShapeError(`${where}: a mask of length ${count} is longer than axis ${axis}, of length ${length}`);
  }
  const known = leafValue(flags);
  if (known === undefined || isUnknown(array)) {
    const shape = array.shape.with(axis, Number.NaN);
    return late('compress', [flags, array], (m, a) => compress(m!, a!, { axis }), { shape, dtype: array.dtype });
  }
  const chosen: number[] = [];
  let i = 0;
  for (const flag of known) {
    // NaN is not 0
    if (Number(flag) !== 0) chosen.push(i);
    i++;
  }
  return takeAxis(array, Int32Array.from(chosen), axis, 'compress');
}
