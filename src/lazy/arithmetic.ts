/**
 * Arithmetic on delayed numbers and arrays. Each call is one task, or one for a whole `expr` template. Where all
 * shapes are known the result is a LazyArray and shapes that do not broadcast fail here; where a shape is not known
 * (the result of a delayed function) so is the result's.
 */
import { toNDArray } from '../array/convert.js';
import type { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Delayed, Pending } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { applyOperation, inferOperation, type Operand, type OperationName } from './elementwise.js';
import { evaluateExpression, inferExpression, parseExpression } from './expr.js';
import { type InlineTask, inline, lazyResult } from './inline.js';
import { type ArrayInput, asScalar, LazyArray, leaf, specOf } from './lazy-array.js';
import { applyReduction, inferReduction, type ReduceOptions, type ReductionName } from './reduce.js';

/** A number, there already or delayed. */
export type Numeric = number | Pending<number>;

/**
 * A binary operation: delayed numbers give a delayed number, and with an array the result is a lazy array; a delayed
 * value beside an array of known shape counts as a number, which is checked when it is there.
 */
export interface Binary {
  (a: Numeric, b: Numeric): Delayed<number>;
  (a: ArrayInput, b: ArrayInput): LazyArray;
  (a: Numeric | Pending<NDArray>, b: Numeric | Pending<NDArray>): Delayed<NDArray>;
}

/** A unary operation; as `Binary`. */
export interface Unary {
  (a: Numeric): Delayed<number>;
  (a: ArrayInput): LazyArray;
  (a: Pending<NDArray>): Delayed<NDArray>;
}

/** A sum or a mean: of everything a delayed number, along an axis a lazy array. */
export interface Reduction {
  (x: ArrayInput | Pending<NDArray> | readonly Numeric[], options?: Record<string, never>): Delayed<number>;
  (x: ArrayInput, options: ReduceOptions): LazyArray;
}

/** An operand as it goes into a task, and what is known of it: a number, a spec, or 'unknown'. */
interface Argument {
  readonly value: unknown;
  readonly known: Operand | number | 'unknown';
}

function argument(value: unknown, where: string): Argument {
  if (typeof value === 'number') return { value, known: value };
  if (value instanceof LazyArray) return { value, known: value };
  const node = nodeOf(value);
  if (node !== undefined) {
    const spec = specOf(node);
    if (spec === undefined) return { value, known: 'unknown' };
    return { value, known: spec.shape.length === 0 ? undefined : spec };
  }
  const array = leaf(toNDArray(value, { where }));
  return { value: array, known: array };
}

/** Beside an array of known shape, what is not known counts as a number; without one, so is the result unknown. */
function whatIsKnown(inputs: readonly Argument[]): (Operand | number)[] | undefined {
  const known = inputs.map((input) => input.known);
  if (!known.includes('unknown')) return known as (Operand | number)[];
  if (!known.some((one) => typeof one === 'object')) return undefined;
  return known.map((one) => (one === 'unknown' ? undefined : one));
}

/** The result of a task: a lazy array where its shape is known and has axes, else a delayed value. */
function result(value: Delayed<unknown>, spec: ArraySpec | undefined): unknown {
  if (spec === undefined) return value;
  const array = lazyResult(value, spec);
  return spec.shape.length === 0 ? asScalar(array) : array;
}

function operation(name: OperationName): (...operands: readonly unknown[]) => unknown {
  const task = inline(name, applyOperation, new URL('./elementwise.js', import.meta.url).href);
  return (...operands) => {
    const inputs = operands.map((operand) => argument(operand, `nd.${name}`));
    const known = whatIsKnown(inputs);
    const spec = known === undefined ? undefined : inferOperation(name, known);
    return result(task(name, spec, ...inputs.map((input) => input.value)), spec);
  };
}

function reduction(name: ReductionName): (x: unknown, options?: ReduceOptions) => unknown {
  const task: InlineTask = inline(name, applyReduction, new URL('./reduce.js', import.meta.url).href);
  return (x, options = {}) => {
    if (Array.isArray(x) && x.some((item) => nodeOf(item) !== undefined)) return task(name, x, options);
    const { value, known } = argument(x, `nd.${name}`);
    if (known === 'unknown') return task(name, value, options);
    const source = typeof known === 'object' ? known : SCALAR;
    return result(task(name, value, options), inferReduction(name, source, options));
  };
}

const SCALAR: ArraySpec = { shape: [], dtype: 'float64' };

export const add = operation('add') as Binary;
export const sub = operation('sub') as Binary;
export const mul = operation('mul') as Binary;
/** True division; integers give float64. */
export const div = operation('div') as Binary;
/** The remainder with the sign of the divisor. */
export const mod = operation('mod') as Binary;
export const pow = operation('pow') as Binary;
export const maximum = operation('maximum') as Binary;
export const minimum = operation('minimum') as Binary;
export const neg = operation('neg') as Unary;
export const abs = operation('abs') as Unary;
export const square = operation('square') as Unary;
export const sqrt = operation('sqrt') as Unary;
export const exp = operation('exp') as Unary;
/** The natural logarithm. */
export const log = operation('log') as Unary;
/** The sum over all elements or along `axis`, pairwise. Takes lists with delayed numbers inside, too. */
export const sum = reduction('sum') as Reduction;
/** The arithmetic mean, as `sum`. */
export const mean = reduction('mean') as Reduction;

/**
 * Arithmetic as a template: `+ - * / % **`, parentheses, and the functions above by name, over delayed and ordinary
 * values. The whole template is one task.
 *
 * @throws ArgumentError naming the position, for text that is no expression
 *
 * @example
 * const mean = nd.expr`(${a} + ${b}) / 2`;
 */
export function expr(texts: TemplateStringsArray, ...values: readonly Numeric[]): Delayed<number>;
export function expr(texts: TemplateStringsArray, ...values: readonly ArrayInput[]): LazyArray;
export function expr(texts: TemplateStringsArray, ...values: readonly (Numeric | Pending<NDArray>)[]): Delayed<NDArray>;
export function expr(texts: TemplateStringsArray, ...values: readonly unknown[]): unknown {
  if (!Array.isArray(texts)) throw new ArgumentError(`nd.expr is a template: write nd.expr\`\${a} + \${b}\``);
  const steps = parseExpression(texts);
  const inputs = values.map((value) => argument(value, 'nd.expr'));
  const known = whatIsKnown(inputs);
  const spec = known === undefined ? undefined : inferExpression(steps, known);
  return result(expression(steps, spec, ...inputs.map((input) => input.value)), spec);
}

const expression = inline('expr', evaluateExpression, new URL('./expr.js', import.meta.url).href);
