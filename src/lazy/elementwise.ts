/**
 * Element-wise arithmetic on values that are there: numbers and NDArrays, with NumPy's broadcasting and dtypes. These
 * are the bodies of the tasks that `nd.add` and the others make: small, so they run where the scheduler finds it
 * cheapest. JavaScript numbers are weakly typed, as Python's: they take the dtype of the array beside them.
 */
import { broadcastShapes, broadcastTo } from '../array/broadcast.js';
import { toNDArray } from '../array/convert.js';
import { allocate, type DType, type TypedArray } from '../array/dtype.js';
import { gather, NDArray, sizeOf } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import type { ArraySpec } from '../kernels/contract.js';

/** A number, or an array with at least one axis. */
export type Value = number | NDArray;

interface Operation {
  readonly arity: 1 | 2;
  readonly apply: (a: number, b: number) => number;
  /** Whether integers stay integers; else they become float64. */
  readonly closed: boolean;
}

const unary = (apply: (a: number) => number, closed = false): Operation => ({ arity: 1, apply, closed });
const binary = (apply: (a: number, b: number) => number, closed = true): Operation => ({ arity: 2, apply, closed });

/** The operations by name; `mod` has the sign of the divisor, as in NumPy; comparisons answer `bool`. */
const operations = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b, false),
  mod: binary(floorMod),
  pow: binary(power),
  maximum: binary((a, b) => Math.max(a, b)),
  minimum: binary((a, b) => Math.min(a, b)),
  neg: unary((a) => -a, true),
  abs: unary(Math.abs, true),
  square: unary((a) => a * a, true),
  sqrt: unary(Math.sqrt),
  exp: unary(Math.exp),
  log: unary(Math.log),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}

export function arityOf(name: OperationName): 1 | 2 {
  return operations[name].arity;
}

function floorMod(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** As C and NumPy have it: 1 to any power is 1, and so is −1 to an infinite one. JavaScript answers NaN for both. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1;
  return a ** b;
}

/** What is known of an operand: `undefined` is a number still to be computed. Numbers are weakly typed. */
export type Operand = ArraySpec | undefined;

/**
 * The shape and dtype of a result. `bool` counts as int32; different integer types meet in float64 unless int32 holds
 * both. A number that is known and whole leaves integers integers.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export function inferOperation(name: OperationName, operands: readonly (Operand | number)[]): ArraySpec {
  const shapes = operands.map((operand) => (typeof operand === 'object' ? operand.shape : []));
  const dtype = resultDType(name, operands);
  return { shape: broadcastShapes(shapes, name), dtype };
}

function resultDType(name: OperationName, operands: readonly (Operand | number)[]): DType {
  const arrays = operands.filter((operand) => typeof operand === 'object');
  const dtypes = arrays.map(({ dtype }) => (dtype === 'bool' ? 'int32' : dtype));
  let result: DType = dtypes[0] ?? 'float64';
  for (const dtype of dtypes) {
    if (dtype === result) continue;
    result = [dtype, result].every((one) => one === 'uint8' || one === 'int32') ? 'int32' : 'float64';
  }
  if (result === 'float64' || result === 'float32') return result;
  const whole = operands.every((operand) => typeof operand === 'object' || Number.isInteger(operand));
  return operations[name].closed && whole ? result : 'float64';
}

/** A task's argument as a number or an array with axes. @throws ArgumentError for what is neither */
export function toValue(value: unknown, where: string): Value {
  if (typeof value === 'number') return value;
  const array = toNDArray(value, { where });
  return array.ndim === 0 ? Number(array.get()) : array;
}

/**
 * One operation on numbers and arrays: a number when all operands are, else an NDArray. O(size of the result).
 *
 * @example
 * applyOperation('add', undefined, [1, 2], 10).toNested(); // [11, 12]
 */
export function applyOperation(
  name: OperationName,
  expected: ArraySpec | undefined,
  ...operands: readonly unknown[]
): Value {
  const { apply, arity } = operations[name];
  const values = operands.map((operand) => toValue(operand, name));
  if (values.length !== arity) throw new ArgumentError(`${name}: takes ${arity} arguments, got ${values.length}`);
  const [a = 0, b = 0] = values;
  if (typeof a === 'number' && typeof b === 'number') return apply(a, b);
  const { shape, dtype: inferred } = inferOperation(name, values);
  checkExpected(shape, expected, `nd.${name}`);
  const dtype = expected?.dtype ?? inferred;
  const left = elements(a, shape);
  const right = arity === 1 ? left : elements(b, shape);
  const out = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < out.length; i++) out[i] = apply(left[i * +(left.length > 1)]!, right[i * +(right.length > 1)]!);
  return new NDArray(out, { shape, dtype });
}

/** @throws ShapeError when a delayed operand that counted as a number is an array of another shape after all */
export function checkExpected(shape: readonly number[], expected: ArraySpec | undefined, where: string): void {
  if (expected === undefined) return;
  if (shape.length === expected.shape.length && shape.every((length, axis) => length === expected.shape[axis])) return;
  throw new ShapeError(
    `${where}: the result was to have the shape [${expected.shape.join(', ')}] and has [${shape.join(', ')}]: a delayed value counted as a number and is an array; say its shape with nd.fromDelayed`,
  );
}

/** The elements in the order of `shape`; one element stands for all. */
function elements(value: Value, shape: readonly number[]): TypedArray {
  if (typeof value === 'number') return Float64Array.of(value);
  if (value.size === 1) return Float64Array.of(Number(value.data[value.offset]));
  const stretched = broadcastTo(value, shape);
  if (stretched.isContiguous) return value.data.subarray(value.offset, value.offset + value.size);
  const copy = allocate(value.dtype, sizeOf(shape));
  gather(stretched, copy);
  return copy;
}
