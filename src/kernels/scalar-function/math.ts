/**
 * `Math` and the numeric globals in terms of the expression form. Where JavaScript's function differs from the form's
 * (which follows C and NumPy) it is put together so that it gives JavaScript's results, signed zeros included.
 */
import type { UnaryOperation } from '../expression.js';
import type { Emitter, Value } from './emitter.js';

const { E, LN10, LN2, LOG10E, LOG2E, PI, SQRT1_2, SQRT2 } = Math;
export const mathConstants: Readonly<Record<string, number>> = { E, LN10, LN2, LOG10E, LOG2E, PI, SQRT1_2, SQRT2 };

export const numberConstants: Readonly<Record<string, number>> = {
  EPSILON: Number.EPSILON,
  MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  MAX_VALUE: Number.MAX_VALUE,
  MIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
  MIN_VALUE: Number.MIN_VALUE,
  NEGATIVE_INFINITY: Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  POSITIVE_INFINITY: Number.POSITIVE_INFINITY,
};

export interface Callable {
  /** The least and the most arguments. */
  readonly arity: readonly [least: number, most: number];
  /** Of numbers. */
  emit(emitter: Emitter, args: readonly Value[]): Value;
}

const one = (emit: (emitter: Emitter, x: Value) => Value): Callable => ({
  arity: [1, 1],
  emit: (emitter, [x]) => emit(emitter, x as Value),
});
const two = (emit: (emitter: Emitter, a: Value, b: Value) => Value): Callable => ({
  arity: [2, 2],
  emit: (emitter, [a, b]) => emit(emitter, a as Value, b as Value),
});

/** Functions that the form has with JavaScript's meaning. */
const direct: readonly UnaryOperation[] = [
  'abs',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'cbrt',
  'ceil',
  'cos',
  'cosh',
  'exp',
  'expm1',
  'floor',
  'log',
  'log10',
  'log1p',
  'log2',
  'sin',
  'sinh',
  'sqrt',
  'tan',
  'tanh',
  'trunc',
];

export const mathFunctions: Readonly<Record<string, Callable>> = {
  ...Object.fromEntries(direct.map((op) => [op, one((emitter, x) => emitter.unary(op, x))])),
  atan2: two((emitter, y, x) => emitter.binary('atan2', y, x)),
  fround: one((emitter, x) => single(emitter, x)),
  hypot: {
    arity: [1, Number.POSITIVE_INFINITY],
    emit: (emitter, args) => {
      const [first, ...rest] = args as [Value, ...Value[]];
      return rest.reduce((sum, x) => emitter.binary('hypot', sum, x), emitter.unary('abs', first));
    },
  },
  max: {
    arity: [1, Number.POSITIVE_INFINITY],
    emit: (emitter, args) => args.reduce((best, x) => emitter.binary('maximum', best, x)),
  },
  min: {
    arity: [1, Number.POSITIVE_INFINITY],
    emit: (emitter, args) => args.reduce((best, x) => emitter.binary('minimum', best, x)),
  },
  pow: two(power),
  round: one(roundHalfUp),
  sign: one(sign),
};

export const numberFunctions: Readonly<Record<string, Callable>> = {
  isFinite: one((emitter, x) => emitter.unary('isfinite', x, 'boolean')),
  isInteger: one((emitter, x) =>
    emitter.and(
      emitter.unary('isfinite', x, 'boolean'),
      emitter.binary('equal', emitter.unary('trunc', x), x, 'boolean'),
    ),
  ),
  isNaN: one((emitter, x) => emitter.unary('isnan', x, 'boolean')),
};

/** `a ** b`: as C's, but NaN where the exponent is NaN or where ±1 has an infinite one. */
export function power(emitter: Emitter, a: Value, b: Value): Value {
  if (b.constant === 2) return emitter.unary('square', a);
  if (b.constant === 1) return a;
  const result = emitter.binary('pow', a, b);
  if (b.constant !== undefined && Number.isFinite(b.constant)) return result;
  const isOne = emitter.binary('equal', emitter.unary('abs', a), emitter.number(1), 'boolean');
  const isOdd = emitter.and(isOne, emitter.not(emitter.unary('isfinite', b, 'boolean')));
  return emitter.select(isOdd, emitter.number(Number.NaN), result);
}

/** −1, 1, or the zero or NaN itself. */
function sign(emitter: Emitter, x: Value): Value {
  const zero = emitter.number(0);
  const below = emitter.select(emitter.binary('less', x, zero, 'boolean'), emitter.number(-1), x);
  return emitter.select(emitter.binary('greater', x, zero, 'boolean'), emitter.number(1), below);
}

/**
 * Halves go up. `floor(x + 0.5)` would be wrong just below one half and from 2⁵² on, where x + 0.5 is rounded; the
 * difference from the floor decides instead. What rounds to zero keeps its sign.
 */
function roundHalfUp(emitter: Emitter, x: Value): Value {
  const down = emitter.unary('floor', x);
  const isHalf = emitter.binary('greaterEqual', emitter.binary('sub', x, down), emitter.number(0.5), 'boolean');
  const rounded = emitter.select(isHalf, emitter.binary('add', down, emitter.number(1)), down);
  const zero = emitter.number(0);
  const isZero = emitter.binary('equal', rounded, zero, 'boolean');
  return emitter.select(isZero, emitter.binary('mul', x, zero), rounded);
}

function single(emitter: Emitter, x: Value): Value {
  if (emitter.float === 'float32') return x;
  if (x.constant !== undefined) return emitter.number(Math.fround(x.constant));
  return { id: emitter.cast({ id: emitter.cast(x, 'float32'), kind: 'number' }, 'float64'), kind: 'number' };
}
