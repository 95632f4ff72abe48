/**
 * What each operation of the expression form means for one element, as plain JavaScript: the reference. Values are
 * numbers (bools 0 and 1), whatever the dtype; results are brought back into the dtype.
 */
import type { DType } from '../../array/dtype.js';
import { isFloat } from '../../array/promote.js';
import type { BinaryOperation, UnaryOperation } from '../expression.js';
import { castConstant } from '../expression-builder.js';

/** `value` as the dtype holds it: floats truncate and wrap to integers. */
export const cast = castConstant;

/** Half to even. */
function round(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest === 0.5) return floor % 2 === 0 ? (floor === 0 && x < 0 ? -0 : floor) : floor + 1 === 0 ? -0 : floor + 1;
  return rest < 0.5 ? (floor === 0 && (x < 0 || Object.is(x, -0)) ? -0 : floor) : floor + 1 === 0 ? -0 : floor + 1;
}

/** NumPy's sign: 0 for both zeros. */
function sign(x: number): number {
  if (Number.isNaN(x)) return x;
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

const ofFloats: Partial<Record<UnaryOperation, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  floor: Math.floor,
  ceil: Math.ceil,
  round,
  trunc: Math.trunc,
};

const same = (x: number): number => x;
const ofIntegers: Partial<Record<UnaryOperation, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign,
  square: (x) => Math.imul(x, x),
  floor: same,
  ceil: same,
  round: same,
  trunc: same,
  bitwiseNot: (x) => ~x,
};

const toBool: Partial<Record<UnaryOperation, (x: number) => number>> = {
  isnan: (x) => Number(Number.isNaN(x)),
  isfinite: (x) => Number(Number.isFinite(x)),
  isinf: (x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY),
  logicalNot: (x) => 1 - x,
};

/** The function that a unary operation on values of `dtype` is. */
export function unaryFunction(op: UnaryOperation, dtype: DType): (x: number) => number {
  const bool = toBool[op];
  if (bool !== undefined) return bool;
  if (dtype === 'bool') return (x) => 1 - x;
  const f = (isFloat(dtype) ? ofFloats : ofIntegers)[op]!;
  return dtype === 'float64' ? f : (x) => cast(f(x), dtype);
}

/** The remainder with the divisor's sign, as NumPy has it. */
function floorMod(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return Number.isNaN(rest) || b < 0 === rest < 0 ? rest : rest + b;
}

/** NumPy's floor division: the floor of the exact quotient. */
function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && b < 0 !== rest < 0) quotient -= 1;
  if (quotient === 0) return (a / b) * 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** In float32 every step is rounded, as the other bodies compute it. */
function floorDivide32(a: number, b: number): number {
  const f = Math.fround;
  if (b === 0) return f(a / b);
  const rest = f(a % b);
  let quotient = f(f(a - rest) / b);
  if (rest !== 0 && b < 0 !== rest < 0) quotient = f(quotient - 1);
  if (quotient === 0) return f(f(a / b) * 0);
  const floor = Math.floor(quotient);
  return f(quotient - floor) > 0.5 ? f(floor + 1) : floor;
}

/** Python's and NumPy's power: NaN only where C has it. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) ? 1 : a ** b;
}

const nan = (a: number, b: number): boolean => Number.isNaN(a) || Number.isNaN(b);

const binaryOfFloats: Partial<Record<BinaryOperation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floorDivide,
  mod: floorMod,
  remainder: (a, b) => a % b,
  pow: power,
  atan2: Math.atan2,
  hypot: Math.hypot,
  maximum: (a, b) => (nan(a, b) ? Number.NaN : Math.max(a, b)),
  minimum: (a, b) => (nan(a, b) ? Number.NaN : Math.min(a, b)),
};

/** aᵇ by squaring, modulo 2³²; for b < 0 the reciprocal truncated, 0 of 0. */
function integerPower(a: number, b: number, isSigned: boolean): number {
  if (isSigned && b < 0) {
    if (a === 1) return 1;
    return a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  }
  let [result, base, rest] = [1, a, b];
  while (rest > 0) {
    if (rest % 2 === 1) result = Math.imul(result, base);
    base = Math.imul(base, base);
    rest = Math.floor(rest / 2);
  }
  return result;
}

const binaryOfIntegers: Partial<Record<BinaryOperation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  floorDivide: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  remainder: (a, b) => (b === 0 ? 0 : a % b),
  maximum: Math.max,
  minimum: Math.min,
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  shiftLeft: (a, b) => (b < 0 || b > 31 ? 0 : a << b),
};

const comparisons: Partial<Record<BinaryOperation, (a: number, b: number) => number>> = {
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  logicalAnd: (a, b) => a & b,
  logicalOr: (a, b) => a | b,
  logicalXor: (a, b) => a ^ b,
};

/** The function that a binary operation on values of `dtype` is. */
export function binaryFunction(op: BinaryOperation, dtype: DType): (a: number, b: number) => number {
  const compare = comparisons[op];
  if (compare !== undefined) return compare;
  if (isFloat(dtype)) {
    if (dtype === 'float64') return binaryOfFloats[op]!;
    if (op === 'floorDivide') return floorDivide32;
    const f = binaryOfFloats[op]!;
    return (a, b) => Math.fround(f(a, b));
  }
  if (op === 'pow') return (a, b) => cast(integerPower(a, b, dtype === 'int32'), dtype);
  if (op === 'shiftRight') {
    if (dtype === 'int32') return (a, b) => (b < 0 || b > 31 ? a >> 31 : a >> b);
    return (a, b) => (b > 31 ? 0 : a >>> b);
  }
  const f = binaryOfIntegers[op]!;
  return (a, b) => cast(f(a, b), dtype);
}
