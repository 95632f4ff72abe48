/**
 * Arithmetic, element by element, with NumPy's broadcasting and dtypes. Operands are numbers or arrays, there already or
 * delayed; integers wrap around, as they do in NumPy.
 */
import { ArgumentError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { type Binary, binary, elementwise, type Numeric, type Unary, unary } from './elementwise.js';
import type { ArrayInput, LazyArray } from './lazy-array.js';

/**
 * The sum. Of booleans it is their `or`. Correctly rounded.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.add([1, 2], 10).compute(); // [11, 12]
 */
export const add: Binary = binary('add');

/**
 * The difference. Correctly rounded.
 *
 * @throws DTypeError for booleans, which have none
 *
 * @example
 * await nd.sub([5, 7], [1, 2]).compute(); // [4, 5]
 */
export const sub: Binary = binary('sub');

/**
 * The product. Of booleans it is their `and`. Correctly rounded.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.mul([[1], [2]], [10, 20]).compute(); // [[10, 20], [20, 40]]
 */
export const mul: Binary = binary('mul');

/**
 * The quotient; of whole numbers it is float64. Correctly rounded.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.div([1, 2], 4).compute(); // [0.25, 0.5]
 */
export const div: Binary = binary('div');

/**
 * The quotient rounded down. Integers divided by 0 give 0.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.floorDivide([7, -7], 2).compute(); // [3, -4]
 */
export const floorDivide: Binary = binary('floorDivide');

/**
 * The remainder of `floorDivide`, with the sign of the divisor. Integers divided by 0 give 0. Of floats it is exact
 * before the sign is turned.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.mod([7, -7], 3).compute(); // [1, 2]
 */
export const mod: Binary = binary('mod');

/**
 * The first to the power of the second; whole numbers stay whole. On arrays within 1 ulp in float64 and float32
 * (measured: 0.80).
 *
 * @throws ArgumentError for whole numbers to a negative power
 *
 * @example
 * await nd.pow([1, 2, 3], 2).compute(); // [1, 4, 9]
 */
export const pow: Binary = binary('pow');

/**
 * The larger of the two; NaN where one of them is. Of booleans it is their `or`.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.maximum([1, 5], [4, 2]).compute(); // [4, 5]
 */
export const maximum: Binary = binary('maximum');

/**
 * The smaller of the two; NaN where one of them is. Of booleans it is their `and`.
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.minimum([1, 5], [4, 2]).compute(); // [1, 2]
 */
export const minimum: Binary = binary('minimum');

/**
 * √(a² + b²), without overflow on the way. On arrays within 1 ulp in float64 and float32 (measured: 0.50).
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.hypot([3, 5], [4, 12]).compute(); // [5, 13]
 */
export const hypot: Binary = binary('hypot');

/**
 * The negative. Exact.
 *
 * @throws DTypeError for booleans, which have none
 *
 * @example
 * await nd.neg([1, -2]).compute(); // [-1, 2]
 */
export const neg: Unary = unary('neg');

/**
 * The absolute value. Exact.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.abs([1, -2]).compute(); // [1, 2]
 */
export const abs: Unary = unary('abs');

/**
 * −1, 0 or 1; NaN of NaN. Exact.
 *
 * @throws DTypeError for booleans
 *
 * @example
 * await nd.sign([-3, 0, 2]).compute(); // [-1, 0, 1]
 */
export const sign: Unary = unary('sign');

/**
 * The number times itself. Correctly rounded.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.square([2, 3]).compute(); // [4, 9]
 */
export const square: Unary = unary('square');

/**
 * 1 / x, of floats. Correctly rounded.
 *
 * @throws DTypeError for whole numbers, whose reciprocals are none
 *
 * @example
 * await nd.reciprocal([2, 4]).compute(); // [0.5, 0.25]
 */
export const reciprocal: Unary = unary('reciprocal');

/**
 * The numbers kept within `low … high`; NaN stays NaN. A bound that is null or undefined is none.
 *
 * @throws ArgumentError without a bound, ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.clip([1, 5, 9], 2, 6).compute(); // [2, 5, 6]
 */
export function clip(x: Numeric, low?: Numeric | null, high?: Numeric | null): Delayed<number>;
export function clip(x: ArrayInput, low?: ArrayInput | null, high?: ArrayInput | null): LazyArray;
export function clip(x: ArrayInput, low?: ArrayInput | null, high?: ArrayInput | null): unknown {
  const hasLow = low !== undefined && low !== null;
  const hasHigh = high !== undefined && high !== null;
  if (hasLow && hasHigh) return elementwise('clip', [x, low, high]);
  if (hasLow) return maximum(x, low);
  if (hasHigh) return minimum(x, high);
  throw new ArgumentError('nd.clip: both bounds are missing; give low, high or both');
}
