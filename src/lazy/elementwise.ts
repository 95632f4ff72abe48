/**
 * Calls of element-wise functions. With an array among the operands a call is one kernel task, whose expression is
 * looked up by function and dtypes; on delayed numbers alone it is a task of a microsecond on the main thread; and where
 * nothing is known of an operand (the result of a delayed function), that is decided when it is there.
 */
import type { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Delayed, Pending } from '../graph/types.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { type Argument, argument, numberInput } from './argument.js';
import { elementwiseCall } from './expression-call.js';
import { type InlineTask, inline } from './inline.js';
import {
  type ArrayInput,
  asScalar,
  isSame,
  type LazyArray,
  markPlain,
  PLAIN_BOOLEAN,
  PLAIN_NUMBER,
} from './lazy-array.js';
import type { Lowered } from './lowered.js';
import { type Operand, type OperationName, operations, toValue } from './operations.js';

/** A number, there already or delayed. */
export type Numeric = number | Pending<number>;

/** An operand that is a boolean as well. */
export type Logical = Numeric | boolean | Pending<boolean>;

/**
 * A function of two arrays or numbers, which broadcast. Delayed numbers give a delayed number, and with an array the
 * result is a lazy array; a delayed value beside an array of known shape counts as a number, which is checked when it
 * is there.
 */
export interface Binary {
  (a: Numeric, b: Numeric): Delayed<number>;
  (a: ArrayInput, b: ArrayInput): LazyArray;
  (a: Numeric | Pending<NDArray>, b: Numeric | Pending<NDArray>): Delayed<NDArray>;
}

/** A function of one array or number; as `Binary`. */
export interface Unary {
  (a: Numeric): Delayed<number>;
  (a: ArrayInput): LazyArray;
  (a: Pending<NDArray>): Delayed<NDArray>;
}

/** A question about two arrays or numbers: as `Binary`, with booleans for answers. */
export interface Comparison {
  (a: Logical, b: Logical): Delayed<boolean>;
  (a: ArrayInput | Logical, b: ArrayInput | Logical): LazyArray;
  (a: Logical | Pending<NDArray>, b: Logical | Pending<NDArray>): Delayed<NDArray>;
}

/** A question about one array or number. */
export interface Test {
  (a: Logical): Delayed<boolean>;
  (a: ArrayInput): LazyArray;
  (a: Pending<NDArray>): Delayed<NDArray>;
}

/** An operand of a kernel's expression: which input it is, or a number that is there. */
export type Slot = { readonly input: number; readonly isWeak: boolean } | { readonly value: number };

/** Operands as the inputs of a kernel, each array once. */
export interface Operands {
  readonly inputs: readonly LazyArray[];
  readonly slots: readonly Slot[];
  /** What an expression depends on: the same text, the same expression. */
  readonly text: string;
}

/** Whether the operands make an array: a kernel task. */
export function hasArray(args: readonly Argument[]): boolean {
  for (const { kind } of args) if (kind === 'array') return true;
  return false;
}

export function operandsOf(args: readonly Argument[], where: string): Operands {
  const inputs: LazyArray[] = [];
  const slots: Slot[] = [];
  let text = '';
  for (const arg of args) {
    if (arg.kind === 'number') {
      slots.push({ value: arg.value });
      text += Object.is(arg.value, -0) ? ' -0' : ` ${arg.value}`;
      continue;
    }
    const lazy = arg.kind === 'unknown' ? numberInput(arg.value, where) : arg.lazy;
    const isWeak = arg.kind !== 'array' && lazy.dtype !== 'bool';
    let input = inputs.findIndex((other) => isSame(other, lazy));
    if (input < 0) input = inputs.push(lazy) - 1;
    slots.push({ input, isWeak });
    text += ` ${isWeak ? 'weak' : lazy.dtype}${input}`;
  }
  return { inputs, slots, text };
}

/** The operands of an expression that is being written. */
export function lowerSlots(builder: ExpressionBuilder, { inputs, slots }: Operands): Operand[] {
  return slots.map((slot) => {
    if ('value' in slot) return { kind: 'weak', value: slot.value };
    const { dtype } = inputs[slot.input]!;
    const id = builder.input(slot.input, dtype);
    return slot.isWeak ? { kind: 'weak', value: Number.NaN, id } : { kind: 'strong', id, dtype };
  });
}

/** The text of an expression whose result is `operand`. */
export function finish(builder: ExpressionBuilder, operand: Operand, where: string): Lowered {
  const dtype = operand.kind === 'strong' ? operand.dtype : 'float64';
  return { text: serialize(builder.build(toValue(builder, operand, dtype, where))), dtype };
}

const KEPT = 4096;
const cache = new Map<string, Lowered>();

/** What `make` makes, remembered under `key`. Constants are part of keys, so what is remembered is bounded. */
export function remembered(key: string, make: () => Lowered): Lowered {
  let lowered = cache.get(key);
  if (lowered === undefined) {
    if (cache.size >= KEPT) cache.clear();
    lowered = make();
    cache.set(key, lowered);
  }
  return lowered;
}

/** Writes what a call makes of its operands. */
export type Write = (builder: ExpressionBuilder, operands: readonly Operand[]) => Operand;

/**
 * A kernel task on operands of which one at least is an array.
 *
 * @param form with the operands' text: all that the expression depends on
 */
export function arrayCall(name: string, form: string, args: readonly Argument[], write: Write): unknown {
  const where = `nd.${name}`;
  const operands = operandsOf(args, where);
  const lowered = remembered(`${form}${operands.text}`, () => {
    const builder = new ExpressionBuilder();
    return finish(builder, write(builder, lowerSlots(builder, operands)), where);
  });
  const { inputs } = operands;
  // What changes nothing (floor of integers, a cast to the dtype that is there) is the array itself.
  const isInput = inputs.length === 1 && isInputItself(lowered.text);
  const result = isInput ? inputs[0]! : elementwiseCall(name, lowered, inputs);
  return result.ndim === 0 ? asScalar(result) : result;
}

function isInputItself(text: string): boolean {
  return /^\[\[\["input","\w+",0\]\],0\]$/.test(text);
}

const tasks = new Map<OperationName, InlineTask>();
/** A call of an element-wise function. O(operands), nothing runs. */
export function elementwise(name: OperationName, values: readonly unknown[]): unknown {
  const where = `nd.${name}`;
  const { arity, lower } = operations[name];
  if (values.length !== arity) {
    throw new ArgumentError(`${where}: takes ${arity} ${arity === 1 ? 'argument' : 'arguments'}, got ${values.length}`);
  }
  const args = values.map((value) => argument(value, where));
  if (hasArray(args)) {
    return arrayCall(name, name, args, (builder, operands) => lower(builder, operands, where));
  }
  let task = tasks.get(name);
  if (task === undefined) {
    task = inline(name, applyOperation, import.meta.url);
    tasks.set(name, task);
  }
  const result = task(name, ...args.map(({ value }) => value));
  for (const { kind } of args) if (kind === 'unknown') return result;
  markPlain(nodeOf(result)!, typeof operations[name].scalar(0, 0, 0) === 'boolean' ? PLAIN_BOOLEAN : PLAIN_NUMBER);
  return result;
}

/**
 * @internal An element-wise function of values that are there: a number or boolean of such, an array, which is computed
 * as any other, of arrays.
 */
export function applyOperation(name: OperationName, ...values: readonly unknown[]): unknown {
  const [a = 0, b = 0, c = 0] = values;
  if (isScalar(a) && isScalar(b) && isScalar(c)) return operations[name].scalar(Number(a), Number(b), Number(c));
  return (elementwise(name, values) as LazyArray).compute();
}

export function isScalar(value: unknown): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

export const binary = (name: OperationName): Binary => ((...values: unknown[]) => elementwise(name, values)) as Binary;
export const unary = (name: OperationName): Unary => ((...values: unknown[]) => elementwise(name, values)) as Unary;
export const comparison = (name: OperationName): Comparison =>
  ((...values: unknown[]) => elementwise(name, values)) as Comparison;
export const test = (name: OperationName): Test => ((...values: unknown[]) => elementwise(name, values)) as Test;
