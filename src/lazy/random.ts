/**
 * `random`: arrays of random numbers, made where they are needed. Counter-based (Philox 4×32-10): number i of a stream
 * depends on the seed and on i alone, so threads, chunks and the way the numbers are shaped change nothing. Each kind
 * of numbers has a stream of its own; equal calls with equal seeds are one task. Without a seed one is drawn when the
 * call is made: another array every time, but the same one however often it is computed.
 */
import { type DType, isDType } from '../array/dtype.js';
import { OptionError } from '../errors.js';
import type { Kernel, KernelParams } from '../kernels/contract.js';
import { blockParams, randomIntegers, randomNormal, randomUniform } from '../kernels/random.js';
import { blocksBy } from './blocks/blocked.js';
import { chunksFor } from './blocks/budget.js';
import { chosenSizes, type Sizes } from './blocks/grid.js';
import { kernelCall1, kernelResult, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';
import { type RandomOptions, type RandomShape, seedOr, shapeOf } from './random-options.js';

export type { Chunks, RandomOptions, RandomShape } from './random-options.js';
export { type ChoiceOptions, choice, type PermutationOptions, permutation } from './random-order.js';

export interface NormalOptions extends RandomOptions {
  /** The mean; default 0. */
  readonly loc?: number;
  /** The standard deviation; default 1. */
  readonly scale?: number;
  readonly dtype?: 'float64' | 'float32';
}

export interface UniformOptions extends RandomOptions {
  /** The least number; default 0. */
  readonly low?: number;
  /** Above all numbers; default 1. */
  readonly high?: number;
  readonly dtype?: 'float64' | 'float32';
}

export interface IntegersOptions extends RandomOptions {
  /** The least number; default 0. */
  readonly low?: number;
  /** One more than the greatest number. */
  readonly high: number;
  /** Whether `high` itself may be drawn too; default false. */
  readonly endpoint?: boolean;
  /** Default: the first of int32, uint32 and float64 that holds the bounds. */
  readonly dtype?: 'int32' | 'uint32' | 'uint8' | 'bool' | 'float64';
}

/**
 * Normally distributed numbers: by Box and Muller from 52 bits each, so none lies more than 8.57 deviations off (6.76
 * in float32). O(size).
 *
 * @throws OptionError for a `scale` below 0, numbers that are not finite, an option that does not exist
 *
 * @example
 * const x = await random.normal([2, 3], { loc: 5, scale: 2, seed: 1 }).compute();
 * x.shape; // [2, 3]
 */
export function normal(shape: RandomShape, options: NormalOptions = {}): LazyArray {
  checkNames('random.normal', options, ['loc', 'scale', 'dtype', 'seed', 'chunks']);
  return filled('random.normal', randomNormal, shape, options);
}

/**
 * Numbers in [low, high), each as likely: low + u·(high − low) with u a multiple of 2⁻⁵³ (float32: 2⁻²⁴). O(size).
 *
 * @throws OptionError for `high` below `low`, numbers that are not finite, an option that does not exist
 *
 * @example
 * const x = await random.uniform(3, { low: 1, high: 2, seed: 1 }).compute();
 * Array.from(x.data).every((value) => value >= 1 && value < 2); // true
 */
export function uniform(shape: RandomShape, options: UniformOptions = {}): LazyArray {
  checkNames('random.uniform', options, ['low', 'high', 'dtype', 'seed', 'chunks']);
  return filled('random.uniform', randomUniform, shape, options);
}

/**
 * Whole numbers in [low, high), or [low, high] with `endpoint`, each exactly as likely (Lemire's multiplication with
 * rejection). int32, uint32, uint8 and bool give the same numbers for the same seed. O(size).
 *
 * @throws OptionError for an empty range, one that the dtype does not hold, an option that does not exist
 *
 * @example
 * const dice = await random.integers([100], { low: 1, high: 6, endpoint: true, seed: 1 }).compute();
 * Array.from(dice.data).every((value) => value >= 1 && value <= 6); // true
 */
export function integers(shape: RandomShape, options: IntegersOptions): LazyArray {
  const where = 'random.integers';
  checkNames(where, options ?? {}, ['low', 'high', 'endpoint', 'dtype', 'seed', 'chunks']);
  if (options?.high === undefined) {
    throw new OptionError('high', `${where}: say up to where: random.integers(shape, { low: 0, high: 10 })`);
  }
  const { low = 0, high, endpoint = false, ...rest } = options;
  if (typeof endpoint !== 'boolean') throw new OptionError('endpoint', `${where}: endpoint must be true or false`);
  const end = endpoint ? high + 1 : high;
  const dtype = rest.dtype ?? (low >= 0 && end > 2 ** 31 && end <= 2 ** 32 ? 'uint32' : smallest(low, end));
  return filled(where, randomIntegers, shape, { ...rest, low, high: end, dtype });
}

function smallest(low: number, end: number): DType {
  return low >= -(2 ** 31) && end <= 2 ** 31 ? 'int32' : 'float64';
}

function filled(
  where: string,
  kernel: Kernel,
  shape: RandomShape,
  options: RandomOptions & { readonly dtype?: DType; readonly low?: number; readonly high?: number },
): LazyArray {
  const { seed, chunks, ...rest } = options;
  const lengths = shapeOf(where, shape);
  if (rest.dtype !== undefined && !isDType(rest.dtype)) {
    throw new OptionError('dtype', `${where}: dtype ${JSON.stringify(rest.dtype)} does not exist`);
  }
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const params = { ...given, seed: seedOr(where, seed) } as KernelParams;
  const sizes = chosenSizes(where, chunks, lengths, chunksFor(lengths, rest.dtype ?? 'float64'));
  if (sizes === undefined) return kernelCall1(kernel, [], { ...params, ...blockParams({ shape: lengths }) });
  return inBlocks(kernel, params, lengths, sizes);
}

function inBlocks(kernel: Kernel, params: KernelParams, within: readonly number[], sizes: Sizes): LazyArray {
  const { outputs } = kernel.infer([], { ...params, ...blockParams({ shape: within }) });
  const { dtype } = outputs[0]!;
  return blocksBy(sizes, (shape, at) =>
    kernelResult(kernel, [], { ...params, ...blockParams({ shape, within, at }) }, { shape, dtype }, kernel.name),
  );
}
