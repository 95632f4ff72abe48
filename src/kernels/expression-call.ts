/**
 * What the kernels that take an expression know of a call: the parsed expression and views, the iteration space, and
 * what the work costs. Kept by its text and shapes, since a kernel's parts are asked one after the other.
 */
import type { DType } from '../array/dtype.js';
import { itemSize } from '../array/dtype.js';
import type { ArraySpec } from '../array/ndarray.js';
import { sizeOf } from '../array/ndarray.js';
import type { View } from '../array/view.js';
import { ArgumentError, DTypeError, ShapeError } from '../errors.js';
import { checkExactShape, show } from './checks.js';
import type { KernelCost, KernelParams } from './contract.js';
import { blockFunction } from './emit/calls.js';
import { type Program, programOf } from './emit/program.js';
import type { Expression } from './expression.js';
import { parse } from './expression-text.js';

export const MAX_INPUTS = 16;
const KEPT = 1000;

export interface Call {
  readonly inputs: readonly ArraySpec[];
  /** The expression as it was given: the reference computes this one. */
  readonly expression: Expression;
  /** The expression as code is generated for it. */
  readonly program: Program;
  readonly views: readonly View[] | undefined;
  /** The iteration space. */
  readonly shape: readonly number[];
  /** Of the expression's result. */
  readonly dtype: DType;
}

const calls = new Map<string, Call>();

/** @throws ArgumentError | DTypeError | ShapeError naming the kernel */
export function callOf(kernel: string, inputs: readonly ArraySpec[], params: KernelParams): Call {
  const { expression: text, views = '', shape = '' } = params;
  let key = `${views} ${shape} ${text}`;
  for (const { dtype, shape: own } of inputs) key += ` ${dtype} ${own.join()}`;
  const known = calls.get(key);
  if (known !== undefined) return known;
  const call = makeCall(kernel, inputs, params);
  // The oldest goes first: a Map keeps the order of insertion
  if (calls.size >= KEPT) calls.delete(calls.keys().next().value!);
  calls.set(key, call);
  return call;
}

function makeCall(kernel: string, inputs: readonly ArraySpec[], params: KernelParams): Call {
  const text = params.expression;
  if (typeof text !== 'string') {
    throw new ArgumentError(`${kernel}: expression is missing; it is the text that \`serialize\` makes of one`);
  }
  if (inputs.length > MAX_INPUTS) {
    throw new ArgumentError(`${kernel}: ${inputs.length} inputs given; it takes up to ${MAX_INPUTS}`);
  }
  const expression = parse(text);
  const program = programOf(text);
  const views = list(kernel, 'views', params.views) as View[] | undefined;
  if (views !== undefined) checkViews(kernel, views, inputs);
  const given = list(kernel, 'shape', params.shape) as number[] | undefined;
  const shape = given ?? views?.[0]?.shape ?? inputs[0]?.shape;
  if (shape === undefined) throw new ShapeError(`${kernel}: without inputs it needs the parameter shape`);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new ShapeError(`${kernel}: shape [${shape.join(', ')}] is not a list of whole numbers ≥ 0`);
  }
  inputs.forEach((input, i) => {
    const seen = views === undefined ? input : { ...input, shape: views[i]!.shape };
    checkExactShape(kernel, `input ${i}`, seen, shape, 'all inputs have the shape of the iteration space');
  });
  for (const operand of program.operands) {
    if (operand.op === 'index') {
      if (operand.axis >= shape.length) {
        throw new ShapeError(`${kernel}: the expression asks for axis ${operand.axis} of shape [${shape.join(', ')}]`);
      }
      continue;
    }
    const input = inputs[operand.input];
    if (input === undefined) {
      throw new ArgumentError(`${kernel}: the expression reads input ${operand.input}; there are ${inputs.length}`);
    }
    if (input.dtype !== operand.dtype) {
      throw new DTypeError(
        `${kernel}: input ${operand.input} is ${show(input)}; the expression reads ${operand.dtype}`,
      );
    }
  }
  return {
    inputs: inputs.map(({ dtype, shape }) => ({ dtype, shape })),
    expression,
    program,
    views,
    shape,
    dtype: resultDType(expression),
  };
}

function list(kernel: string, name: string, text: unknown): unknown[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(String(text));
    if (Array.isArray(value)) return value;
  } catch {
    // the same answer as for other JSON
  }
  throw new ArgumentError(`${kernel}: ${name} must be a list in JSON, not '${String(text).slice(0, 60)}'`);
}

function checkViews(kernel: string, views: readonly View[], inputs: readonly ArraySpec[]): void {
  if (views.length !== inputs.length) {
    throw new ArgumentError(`${kernel}: ${views.length} views for ${inputs.length} inputs; give one for each`);
  }
  views.forEach(({ shape, axes, steps, start }, i) => {
    const of = inputs[i]!;
    const [first, last] = [[...start], [...start]];
    const fits =
      axes.length === shape.length &&
      steps.length === shape.length &&
      start.length === of.shape.length &&
      axes.every((axis) => axis === null || (Number.isInteger(axis) && axis >= 0 && axis < of.shape.length));
    if (fits) {
      axes.forEach((axis, k) => {
        if (axis === null) return;
        const reach = (shape[k]! - 1) * steps[k]!;
        if (reach > 0) last[axis]! += reach;
        else first[axis]! += reach;
      });
    }
    const inside = fits && of.shape.every((length, axis) => first[axis]! >= 0 && last[axis]! < length);
    if (!inside && !shape.includes(0)) {
      throw new ShapeError(`${kernel}: view ${i}, of shape [${shape.join(', ')}], reaches beyond input ${show(of)}`);
    }
  });
}

function resultDType({ instructions, result }: Expression): DType {
  const found = instructions.find(({ id }) => id === result)!;
  if (found.op === 'loop') throw new ArgumentError('expression: a loop is no result; use one of its last values');
  return found.dtype;
}

/** Rounds of a loop that costs are reckoned with. */
const ROUNDS = 8;
/** Seconds for one operation on one element, for one call of a function, and for a byte of memory: measured. */
const OPERATION = 0.15e-9;
const CALL = 3e-9;
const BYTE = 0.04e-9;
const CALL_FLOPS = 20;

/** Flops, bytes, and the time that a thread takes about. */
export function workOf(
  call: Call,
  outBytes = sizeOf(call.shape) * itemSize(call.dtype),
): KernelCost & { readonly seconds: number } {
  const size = sizeOf(call.shape);
  let [operations, functions] = [0, 0];
  const count = (instructions: Expression['instructions'], times: number): void => {
    for (const one of instructions) {
      if (one.op === 'loop') {
        count(one.test, times * Math.min(one.limit, ROUNDS));
        count(one.body, times * Math.min(one.limit, ROUNDS));
      } else if (blockFunction(one) !== undefined) functions += times;
      else if ('args' in one) operations += times;
    }
  };
  count(call.program.expression.instructions, 1);
  const bytes = call.inputs.reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * itemSize(dtype), outBytes);
  return {
    flops: size * (operations + CALL_FLOPS * functions),
    bytes,
    seconds: size * ((operations + call.program.operands.length) * OPERATION + functions * CALL) + bytes * BYTE,
  };
}
