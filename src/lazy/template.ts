/** `nd.expr`: a whole template as one task. Numbers alone are computed on the main thread, arrays by one kernel. */
import type { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Delayed, Pending } from '../graph/types.js';
import type { ExpressionBuilder } from '../kernels/expression-builder.js';
import { argument } from './argument.js';
import { arrayCall, hasArray, isScalar, type Numeric } from './elementwise.js';
import { parseExpression, type Step, walk } from './expr.js';
import { inline } from './inline.js';
import { type ArrayInput, type LazyArray, markPlain, PLAIN_BOOLEAN, PLAIN_NUMBER } from './lazy-array.js';
import { type Operand, operations } from './operations.js';

/**
 * Arithmetic as a template over delayed and ordinary values: `+ - * / // % **`, comparisons, parentheses, and the
 * element-wise functions of `nd` by name. The whole template is one task.
 *
 * @throws ArgumentError naming the position, for text that is no expression; ShapeError, DTypeError as the functions
 *
 * @example
 * const mean = nd.expr`(${a} + ${b}) / 2`;
 * await nd.expr`where(${[1, -2]} > 0, ${[1, -2]}, 0) ** 2`.compute(); // [1, 0]
 */
export function expr(texts: TemplateStringsArray, ...values: readonly Numeric[]): Delayed<number>;
export function expr(texts: TemplateStringsArray, ...values: readonly ArrayInput[]): LazyArray;
export function expr(texts: TemplateStringsArray, ...values: readonly (Numeric | Pending<NDArray>)[]): Delayed<NDArray>;
export function expr(texts: TemplateStringsArray, ...values: readonly unknown[]): unknown {
  if (!Array.isArray(texts)) throw new ArgumentError(`nd.expr is a template: write nd.expr\`\${a} + \${b}\``);
  return evaluate(parseExpression(texts), values);
}

function evaluate(steps: readonly Step[], values: readonly unknown[]): unknown {
  const args = values.map((value) => argument(value, 'nd.expr'));
  if (hasArray(args)) {
    const form = `expr ${JSON.stringify(steps)}`;
    return arrayCall('expr', form, args, (builder, operands) => lowerSteps(builder, steps, operands));
  }
  const result = task(steps, ...args.map(({ value }) => value));
  if (args.every(({ kind }) => kind !== 'unknown')) {
    const last = steps.at(-1)!;
    const isBoolean = 'operation' in last && typeof operations[last.operation].scalar(0, 0, 0) === 'boolean';
    markPlain(nodeOf(result)!, isBoolean ? PLAIN_BOOLEAN : PLAIN_NUMBER);
  }
  return result;
}

/** Numbers among themselves are computed when the expression is written. */
function lowerSteps(builder: ExpressionBuilder, steps: readonly Step[], operands: readonly Operand[]): Operand {
  return walk<Operand>(
    steps,
    operands,
    (value) => ({ kind: 'weak', value }),
    (name, given) => {
      const { lower, scalar } = operations[name];
      const numbers = given.map((operand) =>
        operand.kind === 'weak' && operand.id === undefined ? operand.value : undefined,
      );
      if (numbers.includes(undefined)) return lower(builder, given, 'nd.expr');
      const [a = 0, b = 0, c = 0] = numbers;
      return { kind: 'weak', value: Number(scalar(a, b, c)) };
    },
  );
}

/** @internal A template of values that are there: a number of numbers, an array, which is computed, of arrays. */
export function applySteps(steps: readonly Step[], ...values: readonly unknown[]): unknown {
  if (!values.every(isScalar)) return (evaluate(steps, values) as LazyArray).compute();
  return walk<number | boolean>(
    steps,
    values as (number | boolean)[],
    (value) => value,
    (name, [a = 0, b = 0, c = 0]) => operations[name].scalar(Number(a), Number(b), Number(c)),
  );
}

const task = inline('expr', applySteps, import.meta.url);
