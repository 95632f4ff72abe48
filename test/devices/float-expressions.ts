/**
 * Cases of `elementwise` and `reduce` for devices that compute in float32: every operator that they have by itself, and
 * small expressions of exact ones, over views. What functions may be off by is what float32 libraries promise, a dozen
 * ulps; numbers below the least normal one may be taken for zero.
 */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { type NDArray, sizeOf } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { elementwise } from '../../dist/kernels/elementwise.js';
import {
  type BinaryOperation,
  binaryOperations,
  type UnaryOperation,
  unaryOperations,
  type ValueId,
} from '../../dist/kernels/expression.js';
import { ExpressionBuilder } from '../../dist/kernels/expression-builder.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import { type Case, within } from '../kernels/cases.js';
import { randomView } from '../kernels/expressions.js';
import { runJs } from '../kernels/harness.js';
import { array, generator } from '../kernels/numbers.js';

const LEAST = 2 ** -126;
const EPSILON = 2 ** -23;
/** What a function of float32 may be off by, relative to its value and, where it is periodic, to 1. */
const FUNCTION = 16 * EPSILON;

const exactUnary = ['neg', 'abs', 'sign', 'square', 'floor', 'ceil', 'round', 'isnan', 'isfinite', 'isinf'] as const;
const exactBinary = ['add', 'sub', 'mul', 'maximum', 'minimum', 'less', 'greaterEqual', 'equal', 'notEqual'] as const;

const shape: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(1, 2, 3, 5, 8, 17, 33), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<readonly number[]>([1000], [3, 513], [129, 65], [4, 3, 5, 7]) },
);

interface Made {
  readonly inputs: NDArray[];
  readonly params: KernelParams;
  readonly isExact: boolean;
  readonly isPeriodic: boolean;
}

function operand(random: () => number): number {
  const kind = random();
  if (kind < 0.1) return [0, 1, -1, 0.5, 2.5, -2.5, Number.NaN, Infinity, -Infinity][Math.floor(random() * 9)]!;
  return Math.fround((random() - 0.5) * [1, 4, 20][Math.floor(random() * 3)]!);
}

/** One operator, or a few exact ones, of two float32 inputs and sometimes a bool. */
function make(seed: number, of: readonly number[], isViewed: boolean, isSingle: boolean): Made {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const b = new ExpressionBuilder();
  const [x, y, c] = [b.input(0, 'float32'), b.input(1, 'float32'), b.input(2, 'bool')];
  let result: ValueId = x;
  let name: UnaryOperation | BinaryOperation = 'add';
  let isExact = true;
  const real = (id: ValueId): ValueId => (b.dtype(id) === 'float32' ? id : b.cast(id, 'float32'));
  if (isSingle) {
    const integral = ['bitwiseNot', 'bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'shiftLeft', 'shiftRight'];
    name = pick([...unaryOperations, ...binaryOperations].filter((one) => !integral.includes(one)));
    const [p, q] = name.startsWith('logical') ? [c, b.cast(y, 'bool')] : [x, y];
    const isUnary = unaryOperations.includes(name as UnaryOperation);
    result = isUnary ? b.unary(name as UnaryOperation, p) : b.binary(name as BinaryOperation, p, q);
    isExact = [...exactUnary, ...exactBinary].includes(name as never);
  } else {
    const values = [x, y, b.constant(operand(random), 'float32'), b.cast(c, 'float32')];
    for (let i = 0; i < 5; i++) {
      const [p, q] = [pick(values), pick(values)];
      const kind = random();
      if (kind < 0.2) result = b.where(c, p, q);
      else if (kind < 0.5) result = real(b.unary(pick(exactUnary), p));
      else result = real(b.binary(pick(exactBinary), p, q));
      values.push(result);
    }
    if (random() < 0.2) result = b.cast(result, 'bool');
  }
  const dtypes: readonly DType[] = ['float32', 'float32', 'bool'];
  const value = (dtype: DType) => (): number => {
    if (dtype === 'bool') return Math.floor(random() * 2);
    const number = operand(random);
    // JavaScript's own ** has 1 ** NaN as NaN
    return name === 'pow' && !Number.isFinite(number) ? 1 : number;
  };
  const expression = serialize(b.build(result));
  const isPeriodic = ['sin', 'cos', 'tan'].includes(name);
  if (!isViewed) {
    const inputs = dtypes.map((dtype) => array(random, of, dtype, { value: value(dtype) }));
    return { inputs, params: { expression }, isExact, isPeriodic };
  }
  const seen = dtypes.map((dtype) => randomView(random, of, dtype, false));
  seen.forEach(({ input }, i) => {
    for (let at = 0; at < input.data.length; at++) input.data[at] = value(dtypes[i]!)();
  });
  const views = JSON.stringify(seen.map(({ view }) => view));
  return { inputs: seen.map(({ input }) => input), params: { expression, views }, isExact, isPeriodic };
}

const recipe = {
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  shape,
  isViewed: fc.boolean(),
  isSingle: fc.boolean(),
};

export const floatElementwise: fc.Arbitrary<Case> = fc.record(recipe).map(({ seed, shape, isViewed, isSingle }) => {
  const { inputs, params, isExact, isPeriodic } = make(seed, shape, isViewed, isSingle);
  const check: Case['check'] = ([expected], [actual]) =>
    within(expected!, actual!, (i) => {
      if (isExact) return 2 * LEAST;
      const size = Math.abs(expected!.data[i]!);
      return FUNCTION * (isPeriodic ? Math.max(1, size ** 2) : size) + 2 * LEAST;
    });
  return { inputs, params, check };
});

export const floatReduce: fc.Arbitrary<Case> = fc
  .record({
    ...recipe,
    reduction: fc.constantFrom('sum', 'prod', 'mean', 'min', 'max', 'any', 'all'),
    reduced: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    isWhole: fc.boolean(),
    keepdims: fc.boolean(),
  })
  .map(({ seed, shape, isViewed, reduction, reduced, isWhole, keepdims }) => {
    const { inputs, params } = make(seed, shape, isViewed, false);
    const axes = isWhole ? undefined : shape.map((_, axis) => axis).filter((axis) => reduced[axis]);
    const reducing = { ...params, reduction, keepdims, ...(axes && { axes: JSON.stringify(axes) }) };
    const check: Case['check'] = ([expected], [actual]) => {
      if (!['sum', 'prod', 'mean'].includes(reduction)) return within(expected!, actual!, () => 2 * LEAST);
      const values = runJs(elementwise, inputs, params)[0]!;
      let size = 0;
      for (const one of values.data) if (Number.isFinite(one)) size = Math.max(size, Math.abs(one));
      const terms = sizeOf(shape) / Math.max(1, expected!.size);
      within(expected!, actual!, (i) => {
        const of = Math.abs(expected!.data[i]!);
        if (reduction === 'prod') return terms * EPSILON * of + 2 * LEAST;
        return terms * EPSILON * size * (reduction === 'sum' ? terms : 1);
      });
    };
    return { inputs, params: reducing, check };
  })
  // products of many numbers leave the range in one order and not in another
  .filter(({ inputs, params }) => params.reduction !== 'prod' || inputs[0]!.size <= 33);
