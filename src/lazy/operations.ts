/**
 * What every element-wise function is in the expression form, and of which dtype: NumPy 2's rules. An operand is
 * strong (an element of an array, with that array's dtype) or weak (a JavaScript number, which takes the dtype of what
 * it meets). A weak operand that is known is a constant; one still to be computed counts as a fraction.
 */
import type { DType } from '../array/dtype.js';
import { floatType, isFloat, resultType } from '../array/promote.js';
import { ArgumentError, DTypeError } from '../errors.js';
import type { BinaryOperation, UnaryOperation, ValueId } from '../kernels/expression.js';
import type { ExpressionBuilder } from '../kernels/expression-builder.js';
import { isUnary } from '../kernels/expression-rules.js';
import { scalarFunction } from './scalars.js';

export type Operand =
  | { readonly kind: 'strong'; readonly id: ValueId; readonly dtype: DType }
  /** A number; `id` is its float64 where it is still to be computed, and `value` is NaN then. */
  | { readonly kind: 'weak'; readonly value: number; readonly id?: ValueId };

/** The numbers that an integer dtype holds. */
const ranges: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  uint8: [0, 2 ** 8 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

function isWithin(value: number, dtype: DType): boolean {
  const range = ranges[dtype];
  return range === undefined || (value >= range[0] && value <= range[1]);
}

/** The dtype in which operands meet. */
function meeting(operands: readonly Operand[]): DType {
  const strong: DType[] = [];
  const weak: number[] = [];
  for (const operand of operands) {
    if (operand.kind === 'strong') strong.push(operand.dtype);
    else weak.push(operand.value);
  }
  return resultType(strong, weak);
}

/** An operand as a value of `dtype`. @throws ArgumentError for a whole number that an integer dtype does not hold */
export function toValue(b: ExpressionBuilder, operand: Operand, dtype: DType, where: string): ValueId {
  if (operand.kind === 'strong') return b.cast(operand.id, dtype);
  const { id, value } = operand;
  if (id !== undefined) return b.cast(id, dtype);
  if (!isWithin(value, dtype)) {
    const [low, high] = ranges[dtype]!;
    throw new ArgumentError(
      `${where}: ${value} is not a number of ${dtype} (${low} … ${high}), the dtype of the array beside it; cast the array first, for example with nd.astype(x, 'float64')`,
    );
  }
  return b.constant(value, dtype);
}

function apply(b: ExpressionBuilder, op: UnaryOperation | BinaryOperation, args: readonly ValueId[]): ValueId {
  const [first, second] = args as [ValueId, ValueId?];
  return second === undefined ? b.unary(op as UnaryOperation, first) : b.binary(op as BinaryOperation, first, second);
}

const strong = (id: ValueId, dtype: DType): Operand => ({ kind: 'strong', id, dtype });

/** What a function makes of its operands. */
type Lower = (b: ExpressionBuilder, operands: readonly Operand[], where: string) => Operand;

interface Operation {
  readonly arity: 1 | 2 | 3;
  readonly lower: Lower;
  /** The function on numbers that are there. */
  readonly scalar: (a: number, b: number, c: number) => number | boolean;
}

/** What booleans are to an operation: another operation, themselves, int32 numbers, or an error that says this. */
type OnBooleans = BinaryOperation | 'same' | 'int32' | { readonly refuse: string };

/** One dtype for operands and result. */
function arithmetic(op: UnaryOperation | BinaryOperation, onBooleans: OnBooleans): Lower {
  return (b, operands, where) => {
    let dtype = meeting(operands);
    let operation = op;
    if (dtype === 'bool') {
      if (typeof onBooleans === 'object') throw new DTypeError(`${where}: ${onBooleans.refuse}`);
      if (onBooleans === 'same') return operands[0]!;
      if (onBooleans === 'int32') dtype = 'int32';
      else operation = onBooleans;
    }
    const args = operands.map((operand) => toValue(b, operand, dtype, where));
    return result(apply(b, operation, args), dtype, operands);
  };
}

/** Floats only; integers and booleans become float64. */
function floating(op: UnaryOperation | BinaryOperation): Lower {
  return (b, operands, where) => {
    const dtype = floatType(meeting(operands));
    const args = operands.map((operand) => toValue(b, operand, dtype, where));
    return result(apply(b, op, args), dtype, operands);
  };
}

/** Whole numbers are left alone. */
function rounding(op: UnaryOperation): Lower {
  return (b, operands, where) =>
    isFloat(meeting(operands)) ? arithmetic(op, 'same')(b, operands, where) : operands[0]!;
}

/** Of what is weak only, the result is weak. */
function result(id: ValueId, dtype: DType, operands: readonly Operand[]): Operand {
  const isWeak = dtype === 'float64' && operands.every(({ kind }) => kind === 'weak');
  return isWeak ? { kind: 'weak', value: Number.NaN, id } : strong(id, dtype);
}

/** A comparison: exact also where a whole number is outside the range of the integers it is compared with. */
function comparison(op: BinaryOperation): Lower {
  return (b, operands, where) => {
    const met = meeting(operands);
    const fits = operands.every(
      (operand) => operand.kind === 'strong' || operand.id !== undefined || isWithin(operand.value, met),
    );
    const dtype = fits ? met : 'float64';
    const args = operands.map((operand) => toValue(b, operand, dtype, where));
    return strong(apply(b, op, args), 'bool');
  };
}

/** The truth of each operand: everything but 0. */
function logical(op: UnaryOperation | BinaryOperation): Lower {
  return (b, operands, where) => {
    const args = operands.map((operand) => toValue(b, operand, 'bool', where));
    return strong(apply(b, op, args), 'bool');
  };
}

/** Integers and booleans only. */
function bitwise(op: UnaryOperation | BinaryOperation, onBooleans: UnaryOperation | BinaryOperation | 'int32'): Lower {
  return (b, operands, where) => {
    const met = meeting(operands);
    if (isFloat(met)) {
      throw new DTypeError(`${where}: bits are those of integers and booleans, not of ${met}; see nd.astype`);
    }
    const dtype = met === 'bool' && onBooleans === 'int32' ? 'int32' : met;
    const operation = dtype === 'bool' && onBooleans !== 'int32' ? onBooleans : op;
    const args = operands.map((operand) => toValue(b, operand, dtype, where));
    return strong(apply(b, operation, args), dtype);
  };
}

/** A question about floats; for whole numbers `otherwise` answers it, compared with themselves. */
function test(op: UnaryOperation, otherwise: 'equal' | 'notEqual'): Lower {
  return (b, operands, where) => {
    const dtype = meeting(operands);
    const [value] = operands.map((operand) => toValue(b, operand, dtype, where));
    const id = isFloat(dtype) ? b.unary(op, value!) : b.binary(otherwise, value!, value!);
    return strong(id, 'bool');
  };
}

const add = arithmetic('add', 'logicalOr');
const mul = arithmetic('mul', 'logicalAnd');

function power(b: ExpressionBuilder, operands: readonly Operand[], where: string): Operand {
  const exponent = operands[1]!;
  if (exponent.kind === 'weak' && exponent.id === undefined) {
    const { value } = exponent;
    const isWhole = !isFloat(meeting(operands));
    if (isWhole && value < 0) {
      throw new ArgumentError(
        `${where}: whole numbers to the power ${value} are no whole numbers; cast them first: nd.astype(x, 'float64')`,
      );
    }
    if (value === 2) return arithmetic('square', 'int32')(b, [operands[0]!], where);
  }
  return arithmetic('pow', 'int32')(b, operands, where);
}

function select(b: ExpressionBuilder, operands: readonly Operand[], where: string): Operand {
  const [condition, first, second] = operands as [Operand, Operand, Operand];
  const dtype = meeting([first, second]);
  const test = toValue(b, condition, 'bool', where);
  const branches = [first, second].map((operand) => toValue(b, operand, dtype, where));
  return strong(b.where(test, branches[0]!, branches[1]!), dtype);
}

function clip(b: ExpressionBuilder, operands: readonly Operand[], where: string): Operand {
  const dtype = meeting(operands);
  const [x, low, high] = operands.map((operand) => toValue(b, operand, dtype, where));
  const [larger, smaller] =
    dtype === 'bool' ? (['logicalOr', 'logicalAnd'] as const) : (['maximum', 'minimum'] as const);
  return result(b.binary(smaller, b.binary(larger, x!, low!), high!), dtype, operands);
}

function reciprocal(b: ExpressionBuilder, operands: readonly Operand[], where: string): Operand {
  if (!isFloat(meeting(operands))) {
    throw new DTypeError(`${where}: the reciprocals of whole numbers are no whole numbers; use nd.div(1, x)`);
  }
  return floating('reciprocal')(b, operands, where);
}

const noDifference = { refuse: 'booleans have no difference; use nd.logicalXor, or cast with nd.astype first' };
const noNegative = { refuse: 'booleans have no negative; use nd.logicalNot, or cast with nd.astype first' };
const noSign = { refuse: 'booleans have no sign; cast with nd.astype first' };

const lowered = {
  add,
  sub: arithmetic('sub', noDifference),
  mul,
  div: floating('div'),
  floorDivide: arithmetic('floorDivide', 'int32'),
  mod: arithmetic('mod', 'int32'),
  pow: power,
  atan2: floating('atan2'),
  hypot: floating('hypot'),
  maximum: arithmetic('maximum', 'logicalOr'),
  minimum: arithmetic('minimum', 'logicalAnd'),
  neg: arithmetic('neg', noNegative),
  abs: arithmetic('abs', 'same'),
  sign: arithmetic('sign', noSign),
  square: arithmetic('square', 'int32'),
  reciprocal,
  sqrt: floating('sqrt'),
  cbrt: floating('cbrt'),
  exp: floating('exp'),
  exp2: floating('exp2'),
  expm1: floating('expm1'),
  log: floating('log'),
  log1p: floating('log1p'),
  log2: floating('log2'),
  log10: floating('log10'),
  sin: floating('sin'),
  cos: floating('cos'),
  tan: floating('tan'),
  asin: floating('asin'),
  acos: floating('acos'),
  atan: floating('atan'),
  sinh: floating('sinh'),
  cosh: floating('cosh'),
  tanh: floating('tanh'),
  asinh: floating('asinh'),
  acosh: floating('acosh'),
  atanh: floating('atanh'),
  floor: rounding('floor'),
  ceil: rounding('ceil'),
  trunc: rounding('trunc'),
  round: rounding('round'),
  equal: comparison('equal'),
  notEqual: comparison('notEqual'),
  less: comparison('less'),
  lessEqual: comparison('lessEqual'),
  greater: comparison('greater'),
  greaterEqual: comparison('greaterEqual'),
  logicalAnd: logical('logicalAnd'),
  logicalOr: logical('logicalOr'),
  logicalXor: logical('logicalXor'),
  logicalNot: logical('logicalNot'),
  bitwiseAnd: bitwise('bitwiseAnd', 'logicalAnd'),
  bitwiseOr: bitwise('bitwiseOr', 'logicalOr'),
  bitwiseXor: bitwise('bitwiseXor', 'logicalXor'),
  bitwiseNot: bitwise('bitwiseNot', 'logicalNot'),
  shiftLeft: bitwise('shiftLeft', 'int32'),
  shiftRight: bitwise('shiftRight', 'int32'),
  isnan: test('isnan', 'notEqual'),
  isfinite: test('isfinite', 'equal'),
  isinf: test('isinf', 'notEqual'),
  where: select,
  clip,
} as const satisfies Partial<Record<UnaryOperation | BinaryOperation | 'where' | 'clip', Lower>>;

export type OperationName = keyof typeof lowered;

function scalarOf(name: OperationName): Pick<Operation, 'arity' | 'scalar'> {
  if (name === 'where') return { arity: 3, scalar: (test, a, b) => (test === 0 ? b : a) };
  if (name === 'clip') return { arity: 3, scalar: (x, low, high) => Math.min(Math.max(x, low), high) };
  return { arity: isUnary(name) ? 1 : 2, scalar: scalarFunction(name) };
}

/** The element-wise functions by name. */
export const operations: Readonly<Record<OperationName, Operation>> = Object.fromEntries(
  Object.entries(lowered).map(([name, lower]) => [name, { lower, ...scalarOf(name as OperationName) }]),
) as unknown as Readonly<Record<OperationName, Operation>>;

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}
