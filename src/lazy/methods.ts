/**
 * The functions of `nd` that read well as methods of a lazy array: `x.add(y).sum({ axis: 0 })`. They are put on the
 * prototype here, since what they are made of needs LazyArray itself. To add one: its line in the interface, with the
 * types that it has as a method, and its name in the table.
 */
import type { DType } from '../array/dtype.js';
import type { NDArray } from '../array/ndarray.js';
import * as arithmetic from './arithmetic.js';
import type { Chunks } from './blocks/grid.js';
import { astype } from './cast.js';
import type { Numeric } from './elementwise.js';
import * as functions from './functions.js';
import { take } from './index-arrays.js';
import { type ArrayInput, addScalarMembers, LazyArray, type LazyScalar } from './lazy-array.js';
import * as logic from './logic.js';
import { expandDims, flip, ravel, reshape, squeeze, transpose } from './manipulate.js';
import { type BlockPlace, type BlockValue, type MapBlocksOptions, mapBlocks } from './map-blocks.js';
import { type MapOverlapOptions, mapOverlap } from './map-overlap.js';
import { type NormOptions, norm } from './norm.js';
import { dot, matmul } from './products.js';
import { type ChunkOptions, rechunk } from './rechunk.js';
import type { ReduceOptions, VarianceOptions, Whole } from './reduce.js';
import * as reductions from './reductions.js';
import { cumprod, cumsum, type ScanOptions } from './scans.js';
import { type SliceItem, slice } from './slice.js';
import { argsort, type SortOptions, sort } from './sorting.js';

/** A reduction as a method. */
interface ReductionMethod<R = number, O extends ReduceOptions = ReduceOptions> {
  (options?: Whole<O>): LazyScalar<R>;
  (options: O): LazyArray;
}

/** With another number a number, with an array an array. */
interface ScalarMethod<R = number> {
  (other: Numeric): LazyScalar<R>;
  (other: ArrayInput): LazyArray;
}

declare module './lazy-array.js' {
  interface ScalarMethods {
    readonly add: ScalarMethod;
    readonly sub: ScalarMethod;
    readonly mul: ScalarMethod;
    readonly div: ScalarMethod;
    readonly floorDivide: ScalarMethod;
    readonly mod: ScalarMethod;
    readonly pow: ScalarMethod;
    readonly maximum: ScalarMethod;
    readonly minimum: ScalarMethod;
    clip(low?: Numeric | null, high?: Numeric | null): LazyScalar;
    neg(): LazyScalar;
    abs(): LazyScalar;
    square(): LazyScalar;
    sqrt(): LazyScalar;
    exp(): LazyScalar;
    log(): LazyScalar;
    round(options?: functions.RoundOptions): LazyScalar;
    readonly equal: ScalarMethod<boolean>;
    readonly notEqual: ScalarMethod<boolean>;
    readonly less: ScalarMethod<boolean>;
    readonly lessEqual: ScalarMethod<boolean>;
    readonly greater: ScalarMethod<boolean>;
    readonly greaterEqual: ScalarMethod<boolean>;
    readonly logicalAnd: ScalarMethod<boolean>;
    readonly logicalOr: ScalarMethod<boolean>;
    logicalNot(): LazyScalar<boolean>;
    reshape(shape: number | readonly number[]): LazyArray;
    expandDims(axis: number | readonly number[]): LazyArray;
  }

  interface LazyArray {
    /** `nd.add(this, other)` */
    add(other: ArrayInput): LazyArray;
    /** `nd.sub(this, other)` */
    sub(other: ArrayInput): LazyArray;
    /** `nd.mul(this, other)` */
    mul(other: ArrayInput): LazyArray;
    /** `nd.div(this, other)` */
    div(other: ArrayInput): LazyArray;
    /** `nd.floorDivide(this, other)` */
    floorDivide(other: ArrayInput): LazyArray;
    /** `nd.mod(this, other)` */
    mod(other: ArrayInput): LazyArray;
    /** `nd.pow(this, exponent)` */
    pow(exponent: ArrayInput): LazyArray;
    /** `nd.maximum(this, other)` */
    maximum(other: ArrayInput): LazyArray;
    /** `nd.minimum(this, other)` */
    minimum(other: ArrayInput): LazyArray;
    /** `nd.clip(this, low, high)` */
    clip(low?: ArrayInput | null, high?: ArrayInput | null): LazyArray;
    /** `nd.neg(this)` */
    neg(): LazyArray;
    /** `nd.abs(this)` */
    abs(): LazyArray;
    /** `nd.square(this)` */
    square(): LazyArray;
    /** `nd.sqrt(this)` */
    sqrt(): LazyArray;
    /** `nd.exp(this)` */
    exp(): LazyArray;
    /** `nd.log(this)` */
    log(): LazyArray;
    /** `nd.round(this, options)` */
    round(options?: functions.RoundOptions): LazyArray;
    /** `nd.equal(this, other)` */
    equal(other: ArrayInput): LazyArray;
    /** `nd.notEqual(this, other)` */
    notEqual(other: ArrayInput): LazyArray;
    /** `nd.less(this, other)` */
    less(other: ArrayInput): LazyArray;
    /** `nd.lessEqual(this, other)` */
    lessEqual(other: ArrayInput): LazyArray;
    /** `nd.greater(this, other)` */
    greater(other: ArrayInput): LazyArray;
    /** `nd.greaterEqual(this, other)` */
    greaterEqual(other: ArrayInput): LazyArray;
    /** `nd.logicalAnd(this, other)` */
    logicalAnd(other: ArrayInput): LazyArray;
    /** `nd.logicalOr(this, other)` */
    logicalOr(other: ArrayInput): LazyArray;
    /** `nd.logicalNot(this)` */
    logicalNot(): LazyArray;
    /** `nd.astype(this, dtype)` */
    astype(dtype: DType): LazyArray;
    /** `nd.sum(this, options)` */
    readonly sum: ReductionMethod;
    /** `nd.prod(this, options)` */
    readonly prod: ReductionMethod;
    /** `nd.mean(this, options)` */
    readonly mean: ReductionMethod;
    /** `nd.var(this, options)` */
    readonly var: ReductionMethod<number, VarianceOptions>;
    /** `nd.std(this, options)` */
    readonly std: ReductionMethod<number, VarianceOptions>;
    /** `nd.min(this, options)` */
    readonly min: ReductionMethod;
    /** `nd.max(this, options)` */
    readonly max: ReductionMethod;
    /** `nd.argmin(this, options)` */
    readonly argmin: ReductionMethod<number, reductions.ArgOptions>;
    /** `nd.argmax(this, options)` */
    readonly argmax: ReductionMethod<number, reductions.ArgOptions>;
    /** `nd.any(this, options)` */
    readonly any: ReductionMethod<boolean>;
    /** `nd.all(this, options)` */
    readonly all: ReductionMethod<boolean>;
    /** `nd.norm(this, options)` */
    readonly norm: ReductionMethod<number, NormOptions>;
    /** `nd.matmul(this, other)` */
    matmul<R extends LazyArray | LazyScalar = LazyArray>(other: ArrayInput): R;
    /** `nd.dot(this, other)` */
    dot<R extends LazyArray | LazyScalar = LazyArray>(other: ArrayInput): R;
    /** `nd.cumsum(this, options)` */
    cumsum(options?: ScanOptions): LazyArray;
    /** `nd.cumprod(this, options)` */
    cumprod(options?: ScanOptions): LazyArray;
    /** `nd.sort(this, options)` */
    sort(options?: SortOptions): LazyArray;
    /** `nd.argsort(this, options)` */
    argsort(options?: SortOptions): LazyArray;
    /** `nd.transpose(this, axes)` */
    transpose(axes?: readonly number[]): LazyArray;
    /** `nd.reshape(this, shape)` */
    reshape(shape: number | readonly number[]): LazyArray;
    /** `nd.ravel(this)` */
    ravel(): LazyArray;
    /** `nd.expandDims(this, axis)` */
    expandDims(axis: number | readonly number[]): LazyArray;
    /** `nd.squeeze(this, options)` */
    squeeze(options?: { readonly axis?: number | readonly number[] }): LazyArray;
    /** `nd.flip(this, options)` */
    flip(options?: { readonly axis?: number | readonly number[] }): LazyArray;
    /** `nd.slice(this, items)` */
    slice(items: readonly SliceItem[]): LazyArray;
    /** `nd.take(this, indices, options)` */
    take(indices: ArrayInput, options?: { readonly axis?: number }): LazyArray;
    /** `nd.mapBlocks(fn, this, options)` */
    mapBlocks(fn: (block: NDArray, place: BlockPlace) => BlockValue, options?: MapBlocksOptions): LazyArray;
    /** `nd.mapOverlap(fn, this, options)` */
    mapOverlap(fn: (block: NDArray, place: BlockPlace) => BlockValue, options: MapOverlapOptions): LazyArray;
    /** `nd.rechunk(this, chunks)` */
    rechunk(chunks: Chunks | ChunkOptions | null): LazyArray;
    /** The array with its axes in reverse order. */
    readonly T: LazyArray;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: functions of any further arguments
type Method = (x: LazyArray, ...args: any[]) => unknown;

const { add, sub, mul, div, floorDivide, mod, pow, maximum, minimum, clip, neg, abs, square } = arithmetic;
const { sqrt, exp, log, round } = functions;
const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr, logicalNot } = logic;
const { sum, prod, mean, std, min, max, argmin, argmax, any, all, var: variance } = reductions;

/** By the names they have as methods: each gets the array first, and what the method is given after it. */
const methods: Readonly<Record<string, Method>> = {
  ...{ add, sub, mul, div, floorDivide, mod, pow, maximum, minimum, clip, neg, abs, square },
  ...{ sqrt, exp, log, round },
  ...{ equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr, logicalNot },
  ...{ sum, prod, mean, std, var: variance, min, max, argmin, argmax, any, all, norm },
  ...{ transpose, reshape, ravel, expandDims, squeeze, flip, slice, take },
  ...{ matmul, dot, cumsum, cumprod, sort, argsort },
  ...{ astype, rechunk },
  mapBlocks: (x, fn, options) => mapBlocks(fn, x, options),
  mapOverlap: (x, fn, options) => mapOverlap(fn, x, options),
};

/** The same for what is read like a property. */
const properties: Readonly<Record<string, (x: LazyArray) => unknown>> = {
  T: (x) => transpose(x),
};

for (const [name, method] of Object.entries(methods)) {
  const value = function (this: LazyArray, ...args: unknown[]): unknown {
    return method(this, ...args);
  };
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(LazyArray.prototype, name, { value, writable: true, configurable: true });
}
for (const [name, property] of Object.entries(properties)) {
  const get = function (this: LazyArray): unknown {
    return property(this);
  };
  Object.defineProperty(LazyArray.prototype, name, { get, configurable: true });
}
addScalarMembers([...Object.keys(methods), ...Object.keys(properties)]);
