/** `random.permutation` and `random.choice`: elements in a random order, and elements drawn. */
import { NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { assemble, assembleParams } from '../kernels/assemble.js';
import { INTEGERS, Stream, UNIFORM64 } from '../kernels/philox.js';
import { blockParams, randomIntegers } from '../kernels/random.js';
import { randomChoice, randomPermutation } from '../kernels/random-order.js';
import { reshape, reshapeParams } from '../kernels/reshape.js';
import { take } from '../kernels/take.js';
import { axisOf } from './axes.js';
import { inline, lazyResult } from './inline.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray, leafValue } from './lazy-array.js';
import { checkNames } from './options.js';
import { type RandomShape, seedOr, shapeOf } from './random-options.js';

export interface PermutationOptions {
  /** A whole number from 0 to 2 ** 53 - 1; default: drawn by the system's generator when the call is made. */
  readonly seed?: number;
  /** The axis along which an array is put into another order, negative ones counted from the end; default 0. */
  readonly axis?: number;
}

export interface ChoiceOptions extends PermutationOptions {
  /** How many to draw, and in what shape; default: one, without axes. */
  readonly shape?: RandomShape;
  /** NumPy's name of `shape`. */
  readonly size?: RandomShape;
  /** Whether an element may be drawn again; default true. */
  readonly replace?: boolean;
  /** The probability of each element; default: all alike. They add up to 1. */
  readonly p?: ArrayInput;
  /** What to draw from, where the first argument is the shape. */
  readonly a?: number | ArrayInput;
}

/**
 * 0 … n − 1 in a random order (int32), or an array with its elements (rows, along `axis`) in a random order. Every order
 * is equally likely. O(n).
 *
 * @throws ShapeError for an axis that does not exist, OptionError for an option that does not
 *
 * @example
 * const order = await random.permutation(5, { seed: 1 }).compute();
 * [...order].toSorted(); // [0, 1, 2, 3, 4]
 */
export function permutation(x: number | ArrayInput, options: PermutationOptions = {}): LazyArray {
  const where = 'random.permutation';
  checkNames(where, options, ['seed', 'axis']);
  const seed = seedOr(where, options.seed);
  if (typeof x === 'number') {
    if (options.axis !== undefined) throw new OptionError('axis', `${where}: axis is for arrays, not for a number`);
    return order(where, x, seed);
  }
  const array = asLazy(x, where);
  const axis = axisOf(options.axis ?? 0, array, where);
  if (isUnknown(array)) return late(where, [array], (value) => permutation(value, { seed, axis }), array);
  return kernelCall1(take, [array, order(where, array.shape[axis]!, seed)], { axis });
}

/**
 * Elements of `a` (those of 0 … a − 1 where it is a number; rows, along `axis`, where it has several axes) drawn at
 * random, in the shape that is asked for: `choice(a, { shape })` or `choice(a, shape)`, or with the shape first and `a`
 * among the options. With `p` each has its probability: with `replace` by bisection of their sums, without as the
 * winners of an exponential race, which is drawing one after the other (Efraimidis & Spirakis 2006). O(n + draws).
 *
 * @throws OptionError for more draws without `replace` than elements; ShapeError for `p` of another length; when
 * computed ArgumentError for probabilities that are negative or do not add up to 1
 *
 * @example
 * const x = await random.choice([10, 20, 30], { shape: [2, 4], seed: 1 }).compute();
 * x.shape; // [2, 4]
 */
export function choice(
  a: number | ArrayInput,
  shapeOrOptions?: RandomShape | ChoiceOptions,
  rest: ChoiceOptions = {},
): LazyArray {
  const where = 'random.choice';
  const isShape = typeof shapeOrOptions === 'number' || Array.isArray(shapeOrOptions);
  const options = isShape ? { ...rest, shape: shapeOrOptions as RandomShape } : { ...shapeOrOptions, ...rest };
  checkNames(where, options, ['shape', 'size', 'replace', 'p', 'seed', 'axis', 'a']);
  const { a: source, ...others } = options as ChoiceOptions;
  if (source !== undefined) {
    if (others.shape !== undefined || others.size !== undefined) {
      throw new OptionError('a', `${where}: the first argument is what to draw from or the shape; both are said twice`);
    }
    return choice(source, { ...others, shape: a as RandomShape });
  }
  const shape = shapeOf(where, others.shape ?? others.size ?? []);
  const { replace = true } = others;
  if (typeof replace !== 'boolean') throw new OptionError('replace', `${where}: replace must be true or false`);
  const seed = seedOr(where, others.seed);
  if (typeof a === 'number') {
    if (others.axis !== undefined) throw new OptionError('axis', `${where}: axis is for arrays, not for a number`);
    return indices(where, a, shape, { ...others, replace, seed });
  }
  const array = asLazy(a, where);
  const axis = axisOf(others.axis ?? 0, array, where);
  const spec = { dtype: array.dtype, shape: [...array.shape.slice(0, axis), ...shape, ...array.shape.slice(axis + 1)] };
  if (isUnknown(array)) {
    const { p, ...known } = others;
    const again = { ...known, shape, replace, seed, axis };
    if (p === undefined) return late(where, [array], (value) => choice(value, again), spec);
    return late(where, [array, asLazy(p, where)], (value, weights) => choice(value, { ...again, p: weights }), spec);
  }
  return kernelCall1(take, [array, indices(where, array.shape[axis]!, shape, { ...others, replace, seed })], { axis });
}

function order(where: string, n: number, seed: number): LazyArray {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
    throw new ArgumentError(`${where}: expected a whole number from 0 to 2 ** 31 - 1 or an array, got ${n}`);
  }
  return kernelCall1(randomPermutation, [], { n, seed });
}

interface Draws extends ChoiceOptions {
  readonly replace: boolean;
  readonly seed: number;
}

/** Which of n elements are drawn: int32 of shape `shape`. */
function indices(where: string, n: number, shape: readonly number[], { replace, seed, p }: Draws): LazyArray {
  if (!Number.isInteger(n) || n < 0 || n > 2 ** 31) {
    throw new ArgumentError(`${where}: expected a whole number from 0 to 2 ** 31 or an array to draw from, got ${n}`);
  }
  const count = sizeOf(shape);
  if (n === 0 && count > 0) throw new ArgumentError(`${where}: there is nothing to draw from`);
  if (!replace && count > n) {
    throw new OptionError('replace', `${where}: ${count} of ${n} elements cannot be drawn without replacement`);
  }
  if (n === 0) return kernelCall1(reshape, [order(where, 0, seed)], reshapeParams(shape));
  const drawn = p === undefined ? evenly(where, n, count, replace, seed) : weighted(where, n, p, count, replace, seed);
  return shape.length === 1 ? drawn : kernelCall1(reshape, [drawn], reshapeParams(shape));
}

/** Fewer draws than this part of the elements are made one by one rather than by ordering all. */
const FEW = 1 / 32;

function evenly(where: string, n: number, count: number, replace: boolean, seed: number): LazyArray {
  const spec = { dtype: 'int32', shape: [count] } as const;
  if (replace) {
    const block = blockParams({ shape: [count] });
    return kernelCall1(randomIntegers, [], { ...block, low: 0, high: n, dtype: 'int32', seed });
  }
  if (count < FEW * n) return lazyResult(distinct(seed, n, count), spec);
  const all = order(where, n, seed);
  if (count === n) return all;
  return kernelCall1(assemble, [all], assembleParams([count], [[0, 0, 0, [count], [1], [1]]]));
}

function weighted(where: string, n: number, p: ArrayInput, count: number, replace: boolean, seed: number): LazyArray {
  const weights = asLazy(p, where, 'float64');
  if (isUnknown(weights)) {
    const build = (value: NDArray): LazyArray => weighted(where, n, value, count, replace, seed);
    return late(where, [weights], build, { dtype: 'int32', shape: [count] });
  }
  if (weights.ndim !== 1 || weights.shape[0] !== n) {
    throw new ShapeError(`${where}: p has the shape [${weights.shape.join(', ')}]; there are ${n} elements, so [${n}]`);
  }
  if (weights.dtype !== 'float64') throw new OptionError('p', `${where}: p must be float64, not ${weights.dtype}`);
  const known = leafValue(weights);
  if (known !== undefined) checkWeights(where, known, replace ? 1 : count);
  if (replace) return kernelCall1(randomChoice, [weights], { count, seed });
  return lazyResult(race(weights, seed, count), { dtype: 'int32', shape: [count] });
}

/** @throws ArgumentError for what are no probabilities, or too few that are above zero */
function checkWeights(where: string, p: NDArray, least: number): Float64Array {
  const weights = Float64Array.from(p.isContiguous && p.offset === 0 ? p.data.subarray(0, p.size) : p.copy().data);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!weights.every((weight) => weight >= 0) || !(Math.abs(sum - 1) <= 1.5e-8)) {
    throw new ArgumentError(
      `${where}: the probabilities must be numbers ≥ 0 that add up to 1; divide them by their sum (${sum})`,
    );
  }
  const possible = weights.reduce((total, weight) => total + Number(weight > 0), 0);
  if (possible < least) {
    throw new ArgumentError(`${where}: only ${possible} elements have a probability above 0, ${least} are to be drawn`);
  }
  return weights;
}

/** @internal `count` different numbers of 0 … n − 1: those of the stream of integers, without what was there before. */
export function drawDistinct(seed: number, n: number, count: number): NDArray {
  const stream = new Stream(seed, INTEGERS);
  const drawn = new Set<number>();
  for (let i = 0; drawn.size < count; i++) drawn.add(stream.integer(i, n));
  return new NDArray(Int32Array.from(drawn), { shape: [count], dtype: 'int32' });
}

/** @internal The `count` first in a race where element i needs −ln(uᵢ)/pᵢ. */
export function drawByRace(p: NDArray, seed: number, count: number): NDArray {
  const weights = checkWeights('random.choice', p, count);
  const stream = new Stream(seed, UNIFORM64);
  const times = weights.map((weight, i) => (weight > 0 ? -Math.log1p(-stream.uniform(i)) / weight : Infinity));
  const first = Int32Array.from(times, (_, i) => i).sort((i, j) => times[i]! - times[j]! || i - j);
  return new NDArray(first.slice(0, count), { shape: [count], dtype: 'int32' });
}

const distinct = inline('choice', drawDistinct, import.meta.url);
const race = inline('choice', drawByRace, import.meta.url);
