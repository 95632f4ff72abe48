/** The expression form: building, canonical text, inlining, and what is refused. */
import { describe, expect, it } from 'vitest';
import { ArgumentError, DTypeError } from '../../dist/errors.js';
import type { Expression } from '../../dist/kernels/expression.js';
import { ExpressionBuilder, inlineExpression } from '../../dist/kernels/expression-builder.js';
import { inputCount } from '../../dist/kernels/expression-form.js';
import { validate } from '../../dist/kernels/expression-rules.js';
import { parse, serialize } from '../../dist/kernels/expression-text.js';

/** Newton's iteration for the square root, at most 20 rounds. */
function newton(): Expression {
  const b = new ExpressionBuilder();
  const x = b.input(0, 'float64');
  const half = b.constant(0.5, 'float64');
  const [, root] = b.loop(
    20,
    [b.constant(Number.POSITIVE_INFINITY, 'float64'), x],
    ([before, now]) => b.binary('notEqual', before!, now!),
    ([, now]) => [now!, b.binary('mul', half, b.binary('add', now!, b.binary('div', x, now!)))],
  );
  return b.build(root!);
}

describe('ExpressionBuilder', () => {
  it('makes the same operation on the same values once, and leaves out what the result does not need', () => {
    const b = new ExpressionBuilder();
    const x = b.input(0, 'float64');
    expect(b.unary('exp', x)).toBe(b.unary('exp', b.input(0, 'float64')));
    b.unary('sin', x);
    expect(b.constant(-0, 'float64')).not.toBe(b.constant(0, 'float64'));
    const { instructions, result } = b.build(b.binary('add', b.unary('exp', x), b.unary('exp', x)));
    expect(instructions.map(({ op }) => op)).toEqual(['input', 'exp', 'add']);
    expect(result).toBe(2);
  });

  it('puts what does not change in a loop before it', () => {
    const b = new ExpressionBuilder();
    const [x, y] = [b.input(0, 'float64'), b.input(1, 'float64')];
    const [last] = b.loop(
      3,
      [x],
      ([v]) => b.binary('less', v!, b.unary('sqrt', y)),
      ([v]) => [b.binary('add', v!, b.unary('sqrt', y))],
    );
    const { instructions } = b.build(last!);
    expect(instructions.map(({ op }) => op)).toEqual(['input', 'input', 'sqrt', 'loop', 'final']);
    expect(validate(b.build(last!), ['float64', 'float64'])).toBe('float64');
  });

  it('writes constants as their dtype holds them', () => {
    const b = new ExpressionBuilder();
    expect(b.constantValue(b.constant(0.1, 'float32'))).toBe(Math.fround(0.1));
    expect(b.constantValue(b.constant(300, 'uint8'))).toBe(44);
    expect(b.constantValue(b.constant(-1, 'uint32'))).toBe(4294967295);
    expect(b.constantValue(b.cast(b.constant(3, 'int32'), 'float64'))).toBe(3);
  });

  it.each<[string, (b: ExpressionBuilder) => unknown, new (...args: never[]) => Error, string]>([
    ['a function of integers', (b) => b.unary('exp', b.input(0, 'int32')), DTypeError, "'exp' takes float64, float32"],
    ['two dtypes', (b) => b.binary('add', b.input(0, 'int32'), b.input(1, 'float64')), DTypeError, "'add' of int32"],
    ['a number as condition', (b) => b.where(0 * b.input(0, 'int32'), 0, 0), DTypeError, "'where' is int32, not bool"],
    ['arithmetic of bools', (b) => b.binary('add', b.input(0, 'bool'), b.input(0, 'bool')), DTypeError, 'not bool'],
    ['an unknown value', (b) => b.unary('exp', 7), ArgumentError, 'no value 7'],
    [
      'a loop that changes a dtype',
      (b) =>
        b.loop(
          2,
          [b.input(0, 'int32')],
          () => b.constant(1, 'bool'),
          ([v]) => [b.cast(v!, 'float64')],
        ),
      ArgumentError,
      'variable 0 of a loop is int32',
    ],
  ])('refuses %s', (_, build, kind, words) => {
    expect(() => build(new ExpressionBuilder())).toThrow(kind);
    expect(() => build(new ExpressionBuilder())).toThrow(words);
  });
});

describe('the text of an expression', () => {
  it('comes back as the same expression', () => {
    const b = new ExpressionBuilder();
    const specials = [Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1].map((value) => b.constant(value, 'float64'));
    const sum = specials.reduce((a, c) => b.binary('add', a, c), b.cast(b.index(1), 'float64'));
    const chosen = b.where(b.unary('isnan', sum), b.input(3, 'float64'), sum);
    for (const expression of [b.build(chosen), newton()]) {
      const text = serialize(expression);
      expect(parse(text)).toEqual(expression);
      expect(parse(text)).toBe(parse(text));
      expect(serialize(parse(text))).toBe(text);
    }
    expect(inputCount(b.build(chosen))).toBe(4);
  });

  it.each([
    ['no JSON', 'not the text'],
    ['{}', 'not the text'],
    ['[[["input","float64",0]],1]', 'the result uses value 1'],
    ['[[["exp","float64",0]],0]', 'value 0, which is not made before'],
    ['[[["input","float64",0],["foo","float64",0]],1]', "no operation 'foo'"],
    ['[[["input","float64",0],["exp","float32",0]],1]', "'exp' (value 1) is float64, not float32"],
    ['[[["constant","uint8",256]],0]', 'the constant 256 is no uint8'],
  ])('%s is refused', (text, words) => {
    expect(() => parse(text)).toThrow(words);
  });

  it('is refused where inputs are missing or differ', () => {
    const b = new ExpressionBuilder();
    const expression = b.build(b.input(1, 'float32'));
    expect(() => validate(expression, ['float32'])).toThrow('it reads input 1, and there are 1 inputs');
    expect(() => validate(expression, ['float32', 'int32'])).toThrow('is int32, not float32');
    expect(validate(expression, ['int32', 'float32'])).toBe('float32');
  });
});

describe('inlineExpression', () => {
  it('puts one expression into another, loops included', () => {
    const b = new ExpressionBuilder();
    const root = inlineExpression(b, newton(), [b.binary('add', b.input(0, 'float64'), b.input(1, 'float64'))]);
    const whole = b.build(b.unary('neg', root));
    expect(validate(whole, ['float64', 'float64'])).toBe('float64');
    expect(whole.instructions.map(({ op }) => op)).toEqual([
      ...['input', 'input', 'add', 'constant', 'constant', 'loop', 'final', 'neg'],
    ]);
    expect(parse(serialize(whole))).toEqual(whole);
  });

  it('refuses arguments that are missing or of another dtype', () => {
    const b = new ExpressionBuilder();
    expect(() => inlineExpression(b, newton(), [])).toThrow('nothing stands for input 0');
    expect(() => inlineExpression(b, newton(), [b.input(0, 'int32')])).toThrow('int32 stands for input 0');
  });

  it('asks what stands for an index', () => {
    const inner = new ExpressionBuilder();
    const b = new ExpressionBuilder();
    const id = inlineExpression(b, inner.build(inner.index(0, 'float64')), [], (axis, dtype) =>
      b.index(axis + 1, dtype),
    );
    expect(b.build(id).instructions[0]).toMatchObject({ op: 'index', axis: 1 });
  });
});
