/**
 * The same elements in another order of axes or another shape. Orders of axes and broadcasts are views, which consumers
 * walk over without a copy; other shapes are aliases of the same bytes.
 */
import { sizeOf } from '../array/ndarray.js';
import { broadcastView, type View, wholeView } from '../array/view.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { reshape as reshapeKernel, reshapeParams } from '../kernels/reshape.js';
import { axesOf, axisOf } from './axes.js';
import { isChunked } from './blocks/blocked.js';
import { reshapeBlocks } from './blocks/reshape.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';
import { isView } from './seen.js';
import { viewOf } from './view.js';

/** `build` of the array, now or, where its shape is not known, when it is there. */
function whenKnown(
  name: string,
  x: ArrayInput,
  shapeOf: (shape: readonly number[]) => readonly number[],
  build: (array: LazyArray) => LazyArray,
): LazyArray {
  const array = asLazy(x, `nd.${name}`);
  if (!isUnknown(array)) return build(array);
  return late(name, [array], (known) => build(asLazy(known!, `nd.${name}`)), {
    shape: shapeOf(array.shape),
    dtype: array.dtype,
  });
}

// Orders of axes -----------------------------------------------------------------------------------------------------

/**
 * The axes in another order: reversed, or as `axes` says (the result's axis i is the array's axis `axes[i]`).
 *
 * @throws ShapeError for axes that are no permutation
 *
 * @example
 * await nd.transpose([[1, 2, 3], [4, 5, 6]]).compute(); // [[1, 4], [2, 5], [3, 6]]
 * nd.transpose(nd.zeros([2, 3, 4]), [1, 0, 2]).shape; // [3, 2, 4]
 */
export function transpose(x: ArrayInput, axes?: readonly number[]): LazyArray {
  return permuted('transpose', x, (array) => {
    const { ndim } = array;
    if (axes === undefined) return Array.from({ length: ndim }, (_, i) => ndim - 1 - i);
    const order = axesOf(axes, array, 'nd.transpose');
    if (order.length === ndim) return order;
    throw new ShapeError(`nd.transpose: [${axes.join(', ')}] does not name each of the ${ndim} axes once`);
  });
}

/**
 * The array with two axes exchanged.
 *
 * @throws ShapeError for an axis out of range
 *
 * @example
 * nd.swapaxes(nd.zeros([2, 3, 4]), 0, -1).shape; // [4, 3, 2]
 */
export function swapaxes(x: ArrayInput, a: number, b: number): LazyArray {
  return permuted('swapaxes', x, (array) => {
    const [first, second] = [axisOf(a, array, 'nd.swapaxes'), axisOf(b, array, 'nd.swapaxes')];
    return array.shape.map((_, i) => (i === first ? second : i === second ? first : i));
  });
}

/**
 * The array with the axes `source` moved to the places `destination`; the others keep their order.
 *
 * @throws ShapeError for axes out of range or named twice, or lists of different lengths
 *
 * @example
 * nd.moveaxis(nd.zeros([2, 3, 4]), 0, -1).shape; // [3, 4, 2]
 */
export function moveaxis(
  x: ArrayInput,
  source: number | readonly number[],
  destination: number | readonly number[],
): LazyArray {
  const where = 'nd.moveaxis';
  return permuted('moveaxis', x, (array) => {
    const from = axesOf(source, array, where);
    const to = axesOf(destination, array, where);
    if (from.length !== to.length) {
      throw new ShapeError(`${where}: ${from.length} axes are to move to ${to.length} places`);
    }
    const rest = array.shape.map((_, i) => i).filter((axis) => !from.includes(axis));
    return array.shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)]! : rest.shift()!));
  });
}

function permuted(name: string, x: ArrayInput, orderOf: (array: LazyArray) => readonly number[]): LazyArray {
  const array = asLazy(x, `nd.${name}`);
  const order = orderOf(array);
  const shapeOf = (shape: readonly number[]): number[] => order.map((axis) => shape[axis]!);
  return whenKnown(name, array, shapeOf, (known) => {
    const start = known.shape.map(() => 0);
    return viewOf(known, { shape: shapeOf(known.shape), axes: order, steps: order.map(() => 1), start }, name);
  });
}

/**
 * The array with the elements along `axis` (one, a list, or by default all axes) in reverse order.
 *
 * @throws ShapeError for an axis out of range or named twice
 *
 * @example
 * await nd.flip([[1, 2], [3, 4]], { axis: 1 }).compute(); // [[2, 1], [4, 3]]
 * await nd.flip([1, 2, 3]).compute(); // [3, 2, 1]
 */
export function flip(x: ArrayInput, options: { readonly axis?: number | readonly number[] } = {}): LazyArray {
  const where = 'nd.flip';
  checkNames(where, options, ['axis']);
  const array = asLazy(x, where);
  const axes = axesOf(options.axis, array, where);
  return whenKnown(
    'flip',
    array,
    (shape) => shape,
    (known) => {
      const { shape } = known;
      const steps = shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
      const start = shape.map((length, axis) => (axes.includes(axis) ? Math.max(0, length - 1) : 0));
      return viewOf(known, { ...wholeView(shape), steps, start }, 'flip');
    },
  );
}

/**
 * The array stretched to `shape` by NumPy's rules: axes of length 1 repeat, axes are added in front.
 *
 * @throws ShapeError when it does not stretch to it
 *
 * @example
 * await nd.broadcastTo([1, 2], [2, 2]).compute(); // [[1, 2], [1, 2]]
 */
export function broadcastTo(x: ArrayInput, shape: number | readonly number[]): LazyArray {
  const where = 'nd.broadcastTo';
  const lengths = lengthsOf(shape, where);
  return whenKnown(
    'broadcastTo',
    x,
    () => lengths,
    (known) => viewOf(known, broadcastView(wholeView(known.shape), lengths, where), 'broadcastTo'),
  );
}

// Other shapes -------------------------------------------------------------------------------------------------------

/**
 * The same elements, in row-major order, in another shape; one length may be −1 and follows from the others.
 *
 * @throws ShapeError when the numbers of elements differ
 *
 * @example
 * await nd.reshape([1, 2, 3, 4, 5, 6], [2, -1]).compute(); // [[1, 2, 3], [4, 5, 6]]
 */
export function reshape(x: ArrayInput, shape: number | readonly number[]): LazyArray {
  const where = 'nd.reshape';
  const lengths = lengthsOf(shape, where, -1);
  const holes = lengths.filter((length) => length === -1).length;
  if (holes > 1) throw new ShapeError(`${where}: [${lengths.join(', ')}] has more than one length of −1`);
  const known = (size: number): number[] => {
    const rest = -sizeOf(lengths);
    return lengths.map((length) => (length === -1 ? size / rest : length));
  };
  return whenKnown(
    'reshape',
    x,
    () => lengths.map((length) => (length === -1 ? Number.NaN : length)),
    (array) => {
      const target = holes === 0 ? lengths : known(array.size);
      if (target.every(Number.isInteger) && sizeOf(target) === array.size) return shaped(array, target, 'reshape');
      throw new ShapeError(
        `${where}: ${array.size} elements, of shape [${array.shape.join(', ')}], do not fit the shape [${lengths.join(', ')}]`,
      );
    },
  );
}

/**
 * All elements along one axis, in row-major order.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.ravel([[1, 2], [3, 4]]).compute(); // [1, 2, 3, 4]
 */
export function ravel(x: ArrayInput): LazyArray {
  return whenKnown(
    'ravel',
    x,
    () => [Number.NaN],
    (array) => shaped(array, [array.size], 'ravel'),
  );
}

/**
 * As `ravel`, by NumPy's other name: arrays here never change, so there is no difference.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.flatten([[1, 2], [3, 4]]).compute(); // [1, 2, 3, 4]
 */
export const flatten: (x: ArrayInput) => LazyArray = ravel;

/**
 * The array with axes of length 1 added, so that they are the result's axes `axis` (one or a list).
 *
 * @throws ShapeError for an axis out of range or named twice
 *
 * @example
 * nd.expandDims([1, 2, 3], 1).shape; // [3, 1]
 * nd.expandDims([1, 2, 3], [0, -1]).shape; // [1, 3, 1]
 */
export function expandDims(x: ArrayInput, axis: number | readonly number[]): LazyArray {
  const where = 'nd.expandDims';
  const array = asLazy(x, where);
  if (axis === undefined) throw new ArgumentError(`${where}: say where the new axis is to be, such as 0 or -1`);
  const count = typeof axis === 'number' ? 1 : axis.length;
  const added = axesOf(axis, array.ndim + count, where);
  const kept = Array.from({ length: array.ndim + count }, (_, i) => i).filter((one) => !added.includes(one));
  const from = Array.from({ length: array.ndim + count }, (_, i) => (added.includes(i) ? null : kept.indexOf(i)));
  return withAxes('expandDims', array, from);
}

/**
 * The array without axes of length 1: all of them, or those that `axis` names.
 *
 * @throws ShapeError for an axis that is longer or does not exist
 *
 * @example
 * nd.squeeze(nd.zeros([1, 3, 1])).shape; // [3]
 * nd.squeeze(nd.zeros([1, 3, 1]), { axis: 0 }).shape; // [3, 1]
 */
export function squeeze(x: ArrayInput, options: { readonly axis?: number | readonly number[] } = {}): LazyArray {
  const where = 'nd.squeeze';
  checkNames(where, options, ['axis']);
  const array = asLazy(x, where);
  const { shape } = array;
  if (options.axis === undefined && isUnknown(array)) {
    throw new ShapeError(
      `${where}: which of the axes of shape [${shape.map((length) => (Number.isNaN(length) ? '?' : length)).join(', ')}] have length 1 is not known before it is computed; name them with axis`,
    );
  }
  const all = shape.map((_, axis) => axis);
  const removed =
    options.axis === undefined ? all.filter((axis) => shape[axis] === 1) : axesOf(options.axis, array, where);
  for (const axis of removed) {
    if (shape[axis] === 1 || Number.isNaN(shape[axis])) continue;
    throw new ShapeError(`${where}: axis ${axis} of shape [${shape.join(', ')}] has length ${shape[axis]}, not 1`);
  }
  return withAxes(
    'squeeze',
    array,
    all.filter((axis) => !removed.includes(axis)),
  );
}

/**
 * The array with at least one axis: a single number becomes an array of one.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.atleast1d(3).compute(); // [3]
 */
export function atleast1d(x: ArrayInput): LazyArray {
  const array = asLazy(x, 'nd.atleast1d');
  return array.ndim > 0 ? array : shaped(array, [1], 'atleast1d');
}

/**
 * The array with at least two axes: a vector becomes a matrix of one row.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * nd.atleast2d([1, 2, 3]).shape; // [1, 3]
 */
export function atleast2d(x: ArrayInput): LazyArray {
  const array = atleast1d(x);
  return array.ndim > 1 ? array : expandDims(array, 0);
}

/** The array with the axes `from` (null: a new one), which differ from its own in axes of length 1 only. */
function withAxes(name: string, x: LazyArray, from: readonly (number | null)[]): LazyArray {
  const shapeOf = (shape: readonly number[]): number[] => from.map((axis) => (axis === null ? 1 : shape[axis]!));
  return whenKnown(name, x, shapeOf, (array) => {
    const shape = shapeOf(array.shape);
    if (sizeOf(shape) !== array.size) {
      throw new ShapeError(`nd.${name}: an axis of shape [${array.shape.join(', ')}] that is to go has not length 1`);
    }
    return shaped(array, shape, name, {
      shape,
      axes: from,
      steps: from.map((axis) => (axis === null ? 0 : 1)),
      start: array.shape.map(() => 0),
    });
  });
}

/** The array with the same elements in another shape; of a view another view, where there is one that shows it so. */
function shaped(array: LazyArray, shape: readonly number[], name: string, view?: View): LazyArray {
  if (shape.length === array.ndim && shape.every((length, axis) => length === array.shape[axis])) return array;
  if (isChunked(array)) {
    return reshapeBlocks(array, shape, (block, own) =>
      shaped(block, own, name, view && { ...view, shape: own, start: block.shape.map(() => 0) }),
    );
  }
  if (view !== undefined && isView(array)) return viewOf(array, view, name);
  return kernelCall1(reshapeKernel, [array], reshapeParams(shape), name);
}

/** A shape that is given as a list or, for one axis, as a number. */
function lengthsOf(shape: number | readonly number[], where: string, least = 0): readonly number[] {
  const lengths = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(lengths)) throw new ArgumentError(`${where}: a shape is a list of lengths, got ${String(shape)}`);
  if (lengths.every((length) => Number.isSafeInteger(length) && length >= least)) return [...lengths];
  throw new ShapeError(`${where}: [${lengths.join(', ')}] is no shape: lengths are whole numbers ≥ ${least}`);
}
