/** Comparisons, logic, bits and choice, element by element. Answers are booleans; everything but 0 counts as true. */
import type { Delayed } from '../graph/types.js';
import {
  type Binary,
  binary,
  type Comparison,
  comparison,
  elementwise,
  type Logical,
  type Numeric,
  type Test,
  test,
  type Unary,
  unary,
} from './elementwise.js';
import type { ArrayInput, LazyArray } from './lazy-array.js';

/**
 * Whether the two are equal; NaN equals nothing.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.equal([1, 2], [1, 3]).compute(); // [true, false]
 */
export const equal: Comparison = comparison('equal');

/**
 * Whether the two differ; NaN differs from everything.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.notEqual([1, 2], [1, 3]).compute(); // [false, true]
 */
export const notEqual: Comparison = comparison('notEqual');

/**
 * Whether the first is less.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.less([1, 2, 3], 2).compute(); // [true, false, false]
 */
export const less: Comparison = comparison('less');

/**
 * Whether the first is less or equal.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.lessEqual([1, 2, 3], 2).compute(); // [true, true, false]
 */
export const lessEqual: Comparison = comparison('lessEqual');

/**
 * Whether the first is greater.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.greater([1, 2, 3], 2).compute(); // [false, false, true]
 */
export const greater: Comparison = comparison('greater');

/**
 * Whether the first is greater or equal.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.greaterEqual([1, 2, 3], 2).compute(); // [false, true, true]
 */
export const greaterEqual: Comparison = comparison('greaterEqual');

/**
 * Whether both are true; everything but 0 is, NaN too.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.logicalAnd([1, 0], [2, 2]).compute(); // [true, false]
 */
export const logicalAnd: Comparison = comparison('logicalAnd');

/**
 * Whether one of them is true; everything but 0 is.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.logicalOr([1, 0], [0, 0]).compute(); // [true, false]
 */
export const logicalOr: Comparison = comparison('logicalOr');

/**
 * Whether exactly one of them is true; everything but 0 is.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.logicalXor([1, 0], [2, 2]).compute(); // [false, true]
 */
export const logicalXor: Comparison = comparison('logicalXor');

/**
 * Whether it is false, that is 0.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.logicalNot([1, 0]).compute(); // [false, true]
 */
export const logicalNot: Test = test('logicalNot');

/**
 * Whether it is NaN; whole numbers never are.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.isnan([1, Number.NaN]).compute(); // [false, true]
 */
export const isnan: Test = test('isnan');

/**
 * Whether it is neither NaN nor infinite; whole numbers always are.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.isfinite([1, Number.POSITIVE_INFINITY]).compute(); // [true, false]
 */
export const isfinite: Test = test('isfinite');

/**
 * Whether it is ∞ or −∞.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.isinf([1, Number.NEGATIVE_INFINITY]).compute(); // [false, true]
 */
export const isinf: Test = test('isinf');

/**
 * The bits that both have, of integers and booleans.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.bitwiseAnd(Int32Array.of(6, 5), 3).compute(); // [2, 1]
 */
export const bitwiseAnd: Binary = binary('bitwiseAnd');

/**
 * The bits that one of them has, of integers and booleans.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.bitwiseOr(Int32Array.of(6, 5), 3).compute(); // [7, 7]
 */
export const bitwiseOr: Binary = binary('bitwiseOr');

/**
 * The bits that exactly one of them has, of integers and booleans.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.bitwiseXor(Int32Array.of(6, 5), 3).compute(); // [5, 6]
 */
export const bitwiseXor: Binary = binary('bitwiseXor');

/**
 * All bits turned, of integers and booleans.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.bitwiseNot(Int32Array.of(0, 5)).compute(); // [-1, -6]
 */
export const bitwiseNot: Unary = unary('bitwiseNot');

/**
 * Bits moved to the left, of integers; 0 when there are more places than bits.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.shiftLeft(Int32Array.of(1, 3), 2).compute(); // [4, 12]
 */
export const shiftLeft: Binary = binary('shiftLeft');

/**
 * Bits moved to the right, of integers, the sign kept.
 *
 * @throws DTypeError for floats
 *
 * @example
 * await nd.shiftRight(Int32Array.of(8, -8), 2).compute(); // [2, -2]
 */
export const shiftRight: Binary = binary('shiftRight');

/**
 * `a` where the condition is true and `b` elsewhere. All three broadcast; the result has the dtype in which `a` and `b`
 * meet.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.where([true, false], [1, 2], [10, 20]).compute(); // [1, 20]
 */
export function where(condition: Logical, a: Numeric, b: Numeric): Delayed<number>;
export function where(condition: ArrayInput | Logical, a: ArrayInput, b: ArrayInput): LazyArray;
export function where(condition: unknown, a: unknown, b: unknown): unknown {
  return elementwise('where', [condition, a, b]);
}
