/**
 * Calls of reductions: one `reduce` kernel on arrays, a small task on the main thread for lists of delayed numbers, and
 * where nothing is known of the operand, whatever it turns out to be. Axes and options are checked when the call is made.
 */
import type { ArraySource } from '../array/convert.js';
import type { NDArray } from '../array/ndarray.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Delayed, Pending } from '../graph/types.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import type { Reduction as ReductionName } from '../kernels/reduction-form.js';
import { argument } from './argument.js';
import { axesOf } from './axes.js';
import { finish, isScalar, type Numeric, remembered, type Write } from './elementwise.js';
import { reduceCall } from './expression-call.js';
import { type InlineTask, inline } from './inline.js';
import { type ArrayInput, asScalar, type LazyArray, type LazyScalar } from './lazy-array.js';
import { checkFlag, checkNames } from './options.js';
import { reduceNumbers } from './reduce-numbers.js';

export interface ReduceOptions {
  /** The axis or axes to reduce, negative ones counted from the end; default: all. */
  readonly axis?: number | readonly number[] | null | undefined;
  /** Keep reduced axes with length 1; default false. */
  readonly keepdims?: boolean | undefined;
}

export interface VarianceOptions extends ReduceOptions {
  /** What is taken from the count in the divisor: 1 for the unbiased estimate of a sample. Default 0. */
  readonly ddof?: number | undefined;
}

/** All elements at once: the answer is one number. */
export type Whole<O extends ReduceOptions> = Omit<O, 'axis' | 'keepdims'> & {
  readonly axis?: null | undefined;
  readonly keepdims?: false | undefined;
};

/** A reduction: of everything a delayed number, along axes a lazy array. */
export interface Reduction<R = number, O extends ReduceOptions = ReduceOptions> {
  (x: ArraySource | LazyArray, options?: Whole<O>): LazyScalar<R>;
  (x: ArrayInput | Pending<NDArray> | readonly Numeric[], options?: Whole<O>): Delayed<R>;
  (x: ArrayInput, options: O): LazyArray;
}

/** The reduced axes, sorted. @throws ShapeError for an axis out of range or named twice; OptionError for what is no axis */
export function reducedAxes(x: LazyArray, { axis }: ReduceOptions, where: string): number[] {
  const isAxis = (one: unknown): boolean => typeof one === 'number';
  if (axis !== undefined && axis !== null && !isAxis(axis) && !(Array.isArray(axis) && axis.every(isAxis))) {
    throw new OptionError('axis', `${where}: axis must be a number or a list of numbers, not ${JSON.stringify(axis)}`);
  }
  return axesOf(axis, x, where).sort((a, b) => a - b);
}

/** The options of a reduction, checked. */
interface Checked {
  readonly keepdims: boolean;
  readonly ddof: number;
}

function checked(name: ReductionName, options: VarianceOptions, where: string): Checked {
  const hasDdof = name === 'var' || name === 'std';
  checkNames(where, options, hasDdof ? ['axis', 'keepdims', 'ddof'] : ['axis', 'keepdims']);
  const { ddof = 0 } = options;
  const keepdims = checkFlag(where, 'keepdims', options.keepdims ?? false);
  if (typeof ddof !== 'number' || !Number.isFinite(ddof)) {
    throw new OptionError('ddof', `${where}: ddof must be a finite number, not ${JSON.stringify(ddof)}`);
  }
  const { axis } = options;
  if ((name === 'argmin' || name === 'argmax') && typeof axis === 'object' && axis !== null) {
    throw new OptionError('axis', `${where}: takes one axis, or none for all elements, not a list`);
  }
  return { keepdims, ddof };
}

const needsElements: ReadonlySet<ReductionName> = new Set<ReductionName>(['min', 'max', 'argmin', 'argmax']);

/**
 * A reduction of what `write` makes of an array's elements.
 *
 * @param form names what `write` writes: the same form, the same expression
 */
export function reduceArray(
  name: string,
  reduction: ReductionName,
  x: LazyArray,
  options: VarianceOptions,
  form = 'itself',
  write: Write = (_, [element]) => element!,
): LazyArray {
  const where = `nd.${name}`;
  const { keepdims, ddof } = checked(reduction, options, where);
  const axes = reducedAxes(x, options, where);
  if (needsElements.has(reduction) && axes.some((axis) => x.shape[axis] === 0)) {
    throw new ShapeError(
      `${where}: an array of shape [${x.shape.join(', ')}] has no elements along axis ${axes.find((axis) => x.shape[axis] === 0)}, and nothing is the ${reduction} of nothing`,
    );
  }
  const expression = remembered(`reduce ${form} ${x.dtype}`, () => {
    const builder = new ExpressionBuilder();
    const element = { kind: 'strong', id: builder.input(0, x.dtype), dtype: x.dtype } as const;
    return finish(builder, write(builder, [element]), where);
  });
  const some = axes.length < x.ndim && { axes };
  return reduceCall(name, expression, x, { reduction, ...some, keepdims, ddof });
}

/** A lazy array, or the delayed number that it is. */
export function scalarOrArray(result: LazyArray): LazyArray | LazyScalar {
  return result.ndim === 0 ? asScalar(result) : result;
}

const tasks = new Map<ReductionName, InlineTask>();

/** A call of a reduction. O(axes), nothing runs. */
export function reduce(name: ReductionName, x: unknown, options: VarianceOptions = {}): unknown {
  const where = `nd.${name}`;
  if (!holdsDelayed(x)) {
    const arg = argument(x, where);
    if (arg.kind === 'array') return scalarOrArray(reduceArray(name, name, arg.lazy, options));
  }
  checked(name, options, where);
  let task = tasks.get(name);
  if (task === undefined) {
    task = inline(name, applyReduction, import.meta.url);
    tasks.set(name, task);
  }
  return task(name, x, options);
}

/** Whether a list has delayed values inside, at any depth. */
export function holdsDelayed(x: unknown): boolean {
  return Array.isArray(x) && x.some((item) => nodeOf(item) !== undefined || holdsDelayed(item));
}

/**
 * @internal A reduction of values that are there: numbers here, anything else as an array, which is computed.
 * @throws ArgumentError for the extreme of nothing
 */
export function applyReduction(name: ReductionName, x: unknown, options: VarianceOptions): unknown {
  const numbers = isScalar(x) ? [x] : x;
  const isList = Array.isArray(numbers) && numbers.every(isScalar);
  const isWhole = (options.axis === undefined || options.axis === null) && options.keepdims !== true;
  if (isList && isWhole) {
    if (numbers.length === 0 && needsElements.has(name)) {
      throw new ArgumentError(`nd.${name}: the list is empty, and nothing is the ${name} of nothing`);
    }
    return reduceNumbers(name, Float64Array.from(numbers, Number), options.ddof ?? 0);
  }
  return (reduce(name, x, options) as LazyArray).compute();
}
