/** Generated code: every operation on every dtype against the reference, one module per form, and only legal modules. */
import { describe, expect, it } from 'vitest';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { codeOf, programOf } from '../../dist/kernels/emit/program.js';
import {
  type BinaryOperation,
  binaryOperations,
  type Expression,
  type UnaryOperation,
  unaryOperations,
} from '../../dist/kernels/expression.js';
import { ExpressionBuilder } from '../../dist/kernels/expression-builder.js';
import { binaryDType, unaryDType } from '../../dist/kernels/expression-rules.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import { kernels } from '../../dist/kernels/registry.js';
import { anyDType, functions, randomExpression, value } from './expressions.js';
import { machines, runJs } from './harness.js';
import { array, generator, ulps, ulps32 } from './numbers.js';

const elementwise = kernels.get('elementwise')!;

/** Ulps between a function of the kernel module and JavaScript's own, each of which is within a few of the truth. */
const FUNCTION_ULPS = 4;

function takes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** Runs an expression on every build and holds it against the reference. */
function compare(
  expression: string,
  inputs: readonly NDArray[],
  allowed: number | ((i: number) => number),
  more: KernelParams = {},
): void {
  const bound = typeof allowed === 'number' ? () => allowed : allowed;
  const params = { expression, ...more };
  const [expected] = runJs(elementwise, inputs, params);
  const distance = expected!.dtype === 'float32' ? ulps32 : ulps;
  for (const machine of machines) {
    const [actual] = machine.run(elementwise, inputs, params);
    expected!.data.forEach((one, i) => {
      const apart = distance(one, actual!.data[i]!);
      if (apart > bound(i)) {
        const args = inputs.map(({ data }) => data[i % data.length]).join(', ');
        throw new Error(`${machine.build}: of (${args}) is ${actual!.data[i]}, expected ${one}: ${apart} ulps`);
      }
    });
  }
}

function operation(build: (b: ExpressionBuilder) => number): string {
  const b = new ExpressionBuilder();
  return serialize(b.build(build(b)));
}

function values(dtype: DType, seed: number, n = 1003): NDArray {
  const random = generator(seed);
  return array(random, [n], dtype, { value: () => value(random, dtype) });
}

type Unary = [UnaryOperation, DType];
type Binary = [BinaryOperation, DType];
const unaryCases = unaryOperations.flatMap((op) => anyDType.map((dtype): Unary => [op, dtype]));
const binaryCases = binaryOperations.flatMap((op) => anyDType.map((dtype): Binary => [op, dtype]));

describe('every operation on every dtype that it takes', () => {
  it.each(unaryCases.filter(([op, dtype]) => takes(() => unaryDType(op, dtype))))('%s of %s', (op, dtype) => {
    const expression = operation((b) => b.unary(op, b.input(0, dtype)));
    compare(expression, [values(dtype, 1)], functions.has(op) ? FUNCTION_ULPS : 0);
  });

  it.each(binaryCases.filter(([op, dtype]) => takes(() => binaryDType(op, dtype, dtype))))('%s of %s', (op, dtype) => {
    const expression = operation((b) => b.binary(op, b.input(0, dtype), b.input(1, dtype)));
    const isFunction = functions.has(op) && dtype.startsWith('float');
    compare(expression, [values(dtype, 1), values(dtype, 2)], isFunction ? FUNCTION_ULPS : 0);
  });

  it.each(anyDType.flatMap((from) => anyDType.map((to): [DType, DType] => [from, to])))(
    'cast of %s to %s',
    (from, to) => {
      compare(
        operation((b) => b.cast(b.input(0, from), to)),
        [values(from, 3)],
        0,
      );
    },
  );

  it.each(anyDType)('where of %s', (dtype) => {
    const choose = operation((b) => b.where(b.input(0, 'bool'), b.input(1, dtype), b.input(2, dtype)));
    compare(choose, [values('bool', 1), values(dtype, 2), values(dtype, 3)], 0);
    const compared = operation((b) =>
      b.where(
        b.binary('less', b.input(0, 'float64'), b.constant(0.5, 'float64')),
        b.input(1, dtype),
        b.input(2, dtype),
      ),
    );
    compare(compared, [values('float64', 1), values(dtype, 2), values(dtype, 3)], 0);
  });

  it.each(anyDType)('a constant and a broadcast %s', (dtype) => {
    const expression = operation((b) => {
      const x = b.binary('maximum', b.input(0, dtype), b.input(1, dtype));
      return b.binary('minimum', x, b.constant(dtype === 'bool' ? 1 : 100, dtype));
    });
    const whole = { shape: [1003], axes: [0], steps: [1], start: [0] };
    const one = { shape: [1003], axes: [null], steps: [0], start: [] };
    const scalar = new NDArray(values(dtype, 9, 1).data, { shape: [], dtype });
    compare(expression, [values(dtype, 4), scalar], 0, { views: JSON.stringify([whole, one]) });
  });
});

describe('stages', () => {
  const chain = (b: ExpressionBuilder): number => {
    const [x, y] = [b.input(0, 'float64'), b.input(1, 'float32')];
    const wide = b.cast(y, 'float64');
    const inner = b.binary('mul', b.unary('tanh', b.binary('add', x, wide)), wide);
    const small = b.unary('sin', b.cast(inner, 'float32'));
    const isBig = b.binary('greater', wide, b.constant(0.25, 'float64'));
    return b.where(isBig, b.binary('hypot', inner, b.constant(2, 'float64')), b.cast(small, 'float64'));
  };

  it.each([8, 9, 511, 512, 513, 515, 1031, 20_000])('functions on functions, %i elements', (n) => {
    const random = generator(n);
    const inputs = [array(random, [n], 'float64'), array(random, [n], 'float32')];
    // where the sine of a float32 is the answer, one of its units is 2²⁹ of float64's
    compare(operation(chain), inputs, (i) => (inputs[1]!.data[i]! > 0.25 ? 2 ** 12 : 2 ** 30));
  });

  it('a function in a loop, whose rounds differ from element to element', () => {
    const expression = operation((b) => {
      const x = b.input(0, 'float64');
      const [last, count] = b.loop(
        50,
        [x, b.constant(0, 'int32')],
        ([v]) => b.binary('greater', v!, b.constant(0.3, 'float64')),
        ([v, n]) => [b.unary('sin', v!), b.binary('add', n!, b.constant(1, 'int32'))],
      );
      return b.binary('add', last!, b.cast(count!, 'float64'));
    });
    const random = generator(1);
    compare(expression, [array(random, [1003], 'float64', { value: () => 3 * random() })], 64);
  });

  it('a loop of no rounds gives its first values', () => {
    const expression = operation((b) => {
      const x = b.unary('exp', b.input(0, 'float64'));
      const [last] = b.loop(
        0,
        [x],
        () => b.constant(1, 'bool'),
        ([v]) => [b.binary('mul', v!, x)],
      );
      return b.binary('add', last!, b.binary('mul', x, x));
    });
    compare(expression, [array(generator(2), [100], 'float64')], 8);
  });
});

describe('modules', () => {
  const affine = (scale: number, shift: number, input: number): Expression => {
    const b = new ExpressionBuilder();
    const x = b.binary('mul', b.input(input, 'float64'), b.constant(scale, 'float64'));
    return b.build(b.binary('add', x, b.constant(shift, 'float64')));
  };
  const keyOf = (expression: Expression, splats: boolean[]): string =>
    codeOf(programOf(serialize(expression)), splats).key;

  it('are the same whatever the constants, the sizes and the numbers of inputs', () => {
    const key = keyOf(affine(2, 1, 0), [false]);
    expect(keyOf(affine(-3.5, Number.NaN, 4), [false])).toBe(key);
    expect(keyOf(affine(2, 1, 0), [true])).not.toBe(key);
    const spec = (n: number) => [{ dtype: 'float64' as const, shape: [n] }];
    const params = { expression: serialize(affine(2, 1, 0)) };
    const { code } = elementwise.bodies.wasm!;
    expect(code!(spec(10), params).key).toBe(key);
    expect(code!(spec(1e6), params).key).toBe(key);
  });

  it('differ where the operations, the dtypes or the order of operands do', () => {
    const b = new ExpressionBuilder();
    const [x, y] = [b.input(0, 'float64'), b.input(1, 'float64')];
    const texts = [
      b.build(b.binary('sub', x, y)),
      b.build(b.binary('add', x, y)),
      b.build(b.binary('sub', x, x)),
      b.build(b.binary('sub', b.input(0, 'float32'), b.input(1, 'float32'))),
    ];
    const keys = texts.map((one) => keyOf(one, [false, false]));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('of 300 random expressions are all valid', () => {
    const random = generator(7);
    for (let i = 0; i < 300; i++) {
      const inputs = Array.from({ length: Math.floor(random() * 5) }, () => anyDType[Math.floor(random() * 6)]!);
      const allowed = (): boolean => true;
      const expression = randomExpression(random, { inputs, operations: i % 30, ndim: 2, allowed, loops: true });
      const program = programOf(serialize(expression));
      const splats = program.operands.map(() => random() < 0.4);
      expect(WebAssembly.validate(codeOf(program, splats).bytes()), serialize(expression)).toBe(true);
    }
  });
});
