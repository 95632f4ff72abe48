/** Random expressions, inputs and views for the tests of generated code. */
import type { DType } from '../../dist/array/dtype.js';
import type { NDArray } from '../../dist/array/ndarray.js';
import { isFloat } from '../../dist/array/promote.js';
import type { View } from '../../dist/array/view.js';
import { binaryOperations, type Expression, unaryOperations, type ValueId } from '../../dist/kernels/expression.js';
import { ExpressionBuilder } from '../../dist/kernels/expression-builder.js';
import { binaryDType, unaryDType } from '../../dist/kernels/expression-rules.js';
import { array } from './numbers.js';

export const anyDType: readonly DType[] = ['float64', 'float32', 'int32', 'uint32', 'uint8', 'bool'];

/** What is computed by functions on blocks, within ulps of the reference; all else gives the reference's bits. */
export const functions = new Set<string>([
  ...['cbrt', 'exp', 'exp2', 'expm1', 'log', 'log1p', 'log2', 'log10', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'],
  ...['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'pow', 'atan2', 'hypot'],
]);
/** Functions on blocks with exact results, of floats. */
export const exactFunctions = new Set<string>(['mod', 'remainder', 'floorDivide']);

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** Where an operation fits, its dtypes; the builder's rules decide. */
function fits(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** A value like those that each dtype's edge cases are made of. */
export function value(random: () => number, dtype: DType): number {
  switch (dtype) {
    case 'bool':
      return Math.floor(random() * 2);
    case 'uint8':
      return random() < 0.3 ? pick(random, [0, 1, 2, 7, 8, 127, 128, 254, 255]) : Math.floor(random() * 256);
    case 'int32':
      if (random() < 0.3) return pick(random, [0, 1, -1, 2, 31, 32, 33, 2 ** 31 - 1, -(2 ** 31), 65536]);
      return random() < 0.5 ? Math.floor(random() * 20) - 10 : Math.floor((random() - 0.5) * 2 ** 32);
    case 'uint32':
      if (random() < 0.3) return pick(random, [0, 1, 2, 31, 32, 2 ** 31, 2 ** 32 - 1, 65536]);
      return random() < 0.5 ? Math.floor(random() * 20) : Math.floor(random() * 2 ** 32);
    default: {
      const special = [
        0,
        -0,
        1,
        -1,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        Number.NaN,
        Infinity,
        -Infinity,
        5e-324,
        1e-40,
        1e300,
        3e9,
      ];
      const number = random() < 0.25 ? pick(random, special) : (random() - 0.5) * pick(random, [1, 10, 1e5, 1e12]);
      return dtype === 'float32' ? Math.fround(number) : number;
    }
  }
}

export interface Recipe {
  readonly inputs: readonly DType[];
  readonly operations: number;
  readonly ndim: number;
  /** Names of operations that may be used. */
  readonly allowed: (op: string, dtype: DType) => boolean;
  readonly loops: boolean;
}

/** A random expression that uses its inputs, constants, indices, casts and operations. */
export function randomExpression(random: () => number, recipe: Recipe): Expression {
  const b = new ExpressionBuilder();
  const values: ValueId[] = recipe.inputs.map((dtype, i) => b.input(i, dtype));
  const constant = (): ValueId => {
    const dtype = pick(random, anyDType);
    return b.constant(value(random, dtype), dtype);
  };
  values.push(constant());
  if (recipe.ndim > 0 && random() < 0.3) {
    values.push(b.index(Math.floor(random() * recipe.ndim), random() < 0.5 ? 'int32' : 'float64'));
  }
  /** One more value, made of `from`. */
  const grow = (from: readonly ValueId[]): ValueId => {
    const a = pick(random, from);
    const dtype = b.dtype(a);
    const like = from.filter((id) => b.dtype(id) === dtype);
    const kind = random();
    if (kind < 0.15) return b.cast(a, pick(random, anyDType));
    if (kind < 0.25) {
      const conditions = from.filter((id) => b.dtype(id) === 'bool');
      return conditions.length === 0 ? b.cast(a, 'bool') : b.where(pick(random, conditions), a, pick(random, like));
    }
    if (kind < 0.5) {
      const list = unaryOperations.filter((op) => recipe.allowed(op, dtype) && fits(() => unaryDType(op, dtype)));
      return list.length === 0 ? a : b.unary(pick(random, list), a);
    }
    const list = binaryOperations.filter(
      (op) => recipe.allowed(op, dtype) && fits(() => binaryDType(op, dtype, dtype)),
    );
    const other = random() < 0.8 ? pick(random, like) : b.cast(pick(random, from), dtype);
    return list.length === 0 ? a : b.binary(pick(random, list), a, other);
  };
  for (let i = 0; i < recipe.operations; i++) {
    if (recipe.loops && random() < 0.15) {
      const initial = Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(random, values));
      const finals = b.loop(
        Math.floor(random() * 6),
        initial,
        (variables) => b.cast(grow([...values, ...variables]), 'bool'),
        (variables) => {
          const inside = [...values, ...variables];
          for (let k = 0; k < 3; k++) inside.push(grow(inside));
          return initial.map((id) => b.cast(inside.at(-1 - Math.floor(random() * 3))!, b.dtype(id)));
        },
      );
      values.push(...finals);
    } else values.push(random() < 0.1 ? constant() : grow(values));
  }
  return b.build(values.at(-1)!);
}

/** An input of a random shape and a view that shows it with shape `shape`. */
export function randomView(
  random: () => number,
  shape: readonly number[],
  dtype: DType,
  strided: boolean,
): { input: NDArray; view: View } {
  const axes: (number | null)[] = [];
  const own: number[] = [];
  const start: number[] = [];
  const steps: number[] = [];
  const order = shape.map((_, axis) => axis);
  if (random() < 0.5) order.sort(() => random() - 0.5);
  const kept = order.filter(() => random() > 0.2);
  // the array's axes are those of the view that are kept, in another order
  const place = new Map(kept.map((axis, i) => [axis, i]));
  shape.forEach((length, axis) => {
    const at = place.get(axis);
    axes.push(at ?? null);
    steps.push(at === undefined ? 0 : pick(random, [1, 1, 1, 1, 2, -1, -2, 3]) * (length === 0 ? 1 : 1));
  });
  for (const axis of kept) {
    const reach = Math.max(0, shape[axis]! - 1) * steps[axis]!;
    const before = random() < 0.3 ? 2 : 0;
    own.push(Math.abs(reach) + 1 + before + (random() < 0.3 ? 1 : 0));
    start.push(reach < 0 ? -reach + before : before);
  }
  const input = array(random, own, dtype, { strided, value: () => value(random, dtype) });
  return { input, view: { shape, axes, steps, start } };
}

export const isExact = (op: string, dtype: DType): boolean =>
  !(isFloat(dtype) && (functions.has(op) || exactFunctions.has(op)));
