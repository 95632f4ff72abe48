/**
 * The operations of the expression form on JavaScript numbers: what graphs of delayed numbers compute with, where a
 * kernel would cost more than the work. They are the kernels' own reference functions, of float64, with booleans for
 * answers where the answer is one.
 */
import type { BinaryOperation, UnaryOperation } from '../kernels/expression.js';
import { isUnary } from '../kernels/expression-rules.js';
import { binaryFunction, unaryFunction } from '../kernels/reference/functions.js';

/** A function of up to two numbers; it looks at no more than the operation has. */
export type Scalar = (a: number, b: number) => number | boolean;

const logical: Readonly<Partial<Record<UnaryOperation | BinaryOperation, Scalar>>> = {
  logicalNot: (a) => a === 0,
  logicalAnd: (a, b) => a !== 0 && b !== 0,
  logicalOr: (a, b) => a !== 0 || b !== 0,
  logicalXor: (a, b) => (a !== 0) !== (b !== 0),
};

const questions = ['isnan', 'isfinite', 'isinf', 'equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'];

/** The function that an operation on numbers is. Bits are those of int32. */
export function scalarFunction(op: UnaryOperation | BinaryOperation): Scalar {
  const known = logical[op];
  if (known !== undefined) return known;
  const dtype = op.startsWith('bitwise') || op.startsWith('shift') ? 'int32' : 'float64';
  const f = isUnary(op) ? unaryFunction(op, dtype) : binaryFunction(op as BinaryOperation, dtype);
  return questions.includes(op) ? (a, b) => f(a, b) !== 0 : (a, b) => f(a, b);
}
