/**
 * Mathematical functions of one number, element by element: float32 stays float32, all else is computed in float64. An
 * ulp is the distance to the next number of the dtype; the errors said to be measured are the largest ones found
 * against results of higher precision.
 */
import type { DType } from '../array/dtype.js';
import { isFloat } from '../array/promote.js';
import { OptionError } from '../errors.js';
import type { Delayed } from '../graph/types.js';
import { argument } from './argument.js';
import { div, mul } from './arithmetic.js';
import { astype } from './cast.js';
import { type Binary, binary, elementwise, type Numeric, type Unary, unary } from './elementwise.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';

/**
 * The square root; NaN below 0. Correctly rounded.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.sqrt([4, 9]).compute(); // [2, 3]
 */
export const sqrt: Unary = unary('sqrt');

/**
 * The cube root. On arrays within 1 ulp in float64 and float32 (measured: 0.66).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.cbrt([8, -1]).compute(); // [2, -1]
 */
export const cbrt: Unary = unary('cbrt');

/**
 * e to the power x. On arrays within 1 ulp in float64 and float32 (measured: 0.93).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.exp([0]).compute(); // [1]
 */
export const exp: Unary = unary('exp');

/**
 * 2 to the power x. On arrays within 1 ulp in float64 and float32 (measured: 0.91).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.exp2([3, -1]).compute(); // [8, 0.5]
 */
export const exp2: Unary = unary('exp2');

/**
 * eˣ − 1, exact for small x too. On arrays within 1 ulp in float64 and float32 (measured: 0.82).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.expm1([0]).compute(); // [0]
 */
export const expm1: Unary = unary('expm1');

/**
 * The natural logarithm; −∞ at 0, NaN below. On arrays within 1 ulp in float64 and float32 (measured: 0.84).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.log([1]).compute(); // [0]
 */
export const log: Unary = unary('log');

/**
 * log(1 + x), exact for small x too. On arrays within 1 ulp in float64 and float32 (measured: 0.84).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.log1p([0]).compute(); // [0]
 */
export const log1p: Unary = unary('log1p');

/**
 * The logarithm to the base 2. On arrays within 1 ulp in float64 and float32 (measured: 0.79).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.log2([8, 1]).compute(); // [3, 0]
 */
export const log2: Unary = unary('log2');

/**
 * The logarithm to the base 10. On arrays within 1 ulp in float64 and float32 (measured: 0.69).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.log10([100, 1]).compute(); // [2, 0]
 */
export const log10: Unary = unary('log10');

/**
 * The sine of an angle in radians. On arrays within 1 ulp in float64 and float32 (measured: 0.78).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.sin([0]).compute(); // [0]
 */
export const sin: Unary = unary('sin');

/**
 * The cosine of an angle in radians. On arrays within 1 ulp in float64 and float32 (measured: 0.81).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.cos([0]).compute(); // [1]
 */
export const cos: Unary = unary('cos');

/**
 * The tangent of an angle in radians. On arrays within 1 ulp in float64 and float32 (measured: 0.93).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.tan([0]).compute(); // [0]
 */
export const tan: Unary = unary('tan');

/**
 * The angle in −π/2 … π/2 whose sine is x; NaN outside −1 … 1. On arrays within 1 ulp in float64 and float32 (measured:
 * 0.66).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.asin([0]).compute(); // [0]
 */
export const asin: Unary = unary('asin');

/**
 * The angle in 0 … π whose cosine is x; NaN outside −1 … 1. On arrays within 1 ulp in float64 and float32 (measured:
 * 0.60).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.acos([1]).compute(); // [0]
 */
export const acos: Unary = unary('acos');

/**
 * The angle in −π/2 … π/2 whose tangent is x. On arrays within 1 ulp in float64 and float32 (measured: 0.85).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.atan([0]).compute(); // [0]
 */
export const atan: Unary = unary('atan');

/**
 * The angle in −π … π of the point (second, first): atan(y / x) in the right quadrant. On arrays within 1 ulp in
 * float64 and float32 (measured: 0.66).
 *
 * @throws ShapeError for shapes that do not broadcast
 *
 * @example
 * await nd.atan2([0], [1]).compute(); // [0]
 */
export const atan2: Binary = binary('atan2');

/**
 * The hyperbolic sine. On arrays within 1 ulp in float64 and float32 (measured: 0.71).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.sinh([0]).compute(); // [0]
 */
export const sinh: Unary = unary('sinh');

/**
 * The hyperbolic cosine. On arrays within 1 ulp in float64 and float32 (measured: 0.58).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.cosh([0]).compute(); // [1]
 */
export const cosh: Unary = unary('cosh');

/**
 * The hyperbolic tangent. On arrays within 1 ulp in float64 and float32 (measured: 0.93).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.tanh([0]).compute(); // [0]
 */
export const tanh: Unary = unary('tanh');

/**
 * The number whose hyperbolic sine is x. On arrays within 1 ulp in float64 and float32 (measured: 0.75).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.asinh([0]).compute(); // [0]
 */
export const asinh: Unary = unary('asinh');

/**
 * The number ≥ 0 whose hyperbolic cosine is x; NaN below 1. On arrays within 1 ulp in float64 and float32 (measured:
 * 0.75).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.acosh([1]).compute(); // [0]
 */
export const acosh: Unary = unary('acosh');

/**
 * The number whose hyperbolic tangent is x; NaN outside −1 … 1. On arrays within 1 ulp in float64 and float32
 * (measured: 0.54).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.atanh([0]).compute(); // [0]
 */
export const atanh: Unary = unary('atanh');

/**
 * The next whole number below; whole numbers keep their dtype. Exact.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.floor([1.5, -1.5]).compute(); // [1, -2]
 */
export const floor: Unary = unary('floor');

/**
 * The next whole number above; whole numbers keep their dtype. Exact.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.ceil([1.5, -1.5]).compute(); // [2, -1]
 */
export const ceil: Unary = unary('ceil');

/**
 * The whole part, towards 0; whole numbers keep their dtype. Exact.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.trunc([1.5, -1.5]).compute(); // [1, -1]
 */
export const trunc: Unary = unary('trunc');

export interface RoundOptions {
  /** Digits kept after the point; negative ones before it. Default 0. */
  readonly decimals?: number;
}

/**
 * The nearest number of `decimals` digits after the point, halves to the even one; whole numbers keep their dtype. As
 * NumPy it scales, rounds and scales back, so a digit beyond the 15th may differ from the decimal fraction's.
 *
 * @throws OptionError for decimals that are no whole number in −308 … 308
 *
 * @example
 * await nd.round([0.5, 1.5, -1.7]).compute(); // [0, 2, -2]
 * await nd.round([2.345, 17], { decimals: 1 }).compute(); // [2.3, 17]
 */
export function round(x: Numeric, options?: RoundOptions): Delayed<number>;
export function round(x: ArrayInput, options?: RoundOptions): LazyArray;
export function round(x: ArrayInput, options: RoundOptions = {}): unknown {
  checkNames('nd.round', options, ['decimals']);
  const decimals = options.decimals ?? 0;
  if (!Number.isInteger(decimals) || Math.abs(decimals) > 308) {
    throw new OptionError('decimals', `nd.round: decimals must be a whole number in -308 … 308, not ${decimals}`);
  }
  if (decimals === 0) return elementwise('round', [x]);
  const scale = 10 ** Math.abs(decimals);
  if (decimals > 0)
    return isWhole(x) ? asLazy(x, 'nd.round') : div(elementwise('round', [mul(x, scale)]) as LazyArray, scale);
  const rounded = mul(elementwise('round', [div(x, scale)]) as LazyArray, scale);
  const dtype = isWhole(x);
  return dtype === undefined ? rounded : astype(rounded, dtype);
}

/** The dtype of an array of whole numbers. */
function isWhole(x: ArrayInput): DType | undefined {
  const arg = argument(x, 'nd.round');
  return arg.kind === 'array' && !isFloat(arg.lazy.dtype) ? arg.lazy.dtype : undefined;
}
