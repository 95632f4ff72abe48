/**
 * The operations that are not instructions: functions of the kernel module on blocks of numbers (out, x[, y], n), by
 * the name of the operation and the type, and how operations that are neither are made of others.
 */
import type { DType } from '../../array/dtype.js';
import { isFloat } from '../../array/promote.js';
import type { BinaryOperation, Expression, Instruction, ValueId } from '../expression.js';
import { ExpressionBuilder, inlineExpression } from '../expression-builder.js';
import { inputCount } from '../expression-form.js';

const unaryCalls = new Set<string>([
  ...['cbrt', 'exp', 'exp2', 'expm1', 'log', 'log1p', 'log2', 'log10', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'],
  ...['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
]);
const binaryCalls = new Set<string>(['pow', 'atan2', 'hypot', 'mod', 'remainder']);

/** The block function that computes an instruction, e.g. `expF64`; undefined where it is made of instructions. */
export function blockFunction(instruction: Instruction): string | undefined {
  const { op } = instruction;
  if (!('args' in instruction)) return undefined;
  const { dtype } = instruction;
  if (op === 'pow' && !isFloat(dtype)) return dtype === 'int32' ? 'powI32' : 'powU32';
  if (!isFloat(dtype) || !(unaryCalls.has(op) || binaryCalls.has(op))) return undefined;
  return `${op}${dtype === 'float64' ? 'F64' : 'F32'}`;
}

/** Builds the same expression with floor division of floats and powers of bytes made of other operations. */
class Lowering extends ExpressionBuilder {
  override binary(op: BinaryOperation, a: ValueId, b: ValueId): ValueId {
    const dtype = this.dtype(a);
    if (op === 'floorDivide' && isFloat(dtype)) return this.#floorDivide(a, b, dtype);
    if (op === 'pow' && dtype === 'uint8') {
      return this.cast(super.binary('pow', this.cast(a, 'uint32'), this.cast(b, 'uint32')), 'uint8');
    }
    return super.binary(op, a, b);
  }

  /**
   * ⌊a / b⌋ of the exact quotient, as NumPy has it: (a − fmod(a, b)) / b is a whole number but for rounding. By zero it
   * is the quotient; a result of zero has the quotient's sign.
   */
  #floorDivide(a: ValueId, b: ValueId, dtype: DType): ValueId {
    const [zero, one, half] = [0, 1, 0.5].map((value) => this.constant(value, dtype)) as [ValueId, ValueId, ValueId];
    const quotient = this.binary('div', a, b);
    const rest = this.binary('remainder', a, b);
    const exact = this.binary('div', this.binary('sub', a, rest), b);
    const otherSign = this.binary('logicalXor', this.binary('less', b, zero), this.binary('less', rest, zero));
    const isBelow = this.binary('logicalAnd', this.binary('notEqual', rest, zero), otherSign);
    const lower = this.where(isBelow, this.binary('sub', exact, one), exact);
    const floor = this.unary('floor', lower);
    const tooLow = this.binary('greater', this.binary('sub', lower, floor), half);
    const whole = this.where(tooLow, this.binary('add', floor, one), floor);
    const signed = this.where(this.binary('notEqual', lower, zero), whole, this.binary('mul', quotient, zero));
    return this.where(this.binary('equal', b, zero), quotient, signed);
  }
}

/** The expression that code is generated for: the same values, with the operations that code has. */
export function lower(expression: Expression): Expression {
  const builder = new Lowering();
  const dtypes = new Map<number, DType>();
  const find = (instructions: readonly Instruction[]): void => {
    for (const instruction of instructions) {
      if (instruction.op === 'input') dtypes.set(instruction.input, instruction.dtype);
      if (instruction.op === 'loop') {
        find(instruction.test);
        find(instruction.body);
      }
    }
  };
  find(expression.instructions);
  const inputs = Array.from({ length: inputCount(expression) }, (_, i) => {
    const dtype = dtypes.get(i);
    return dtype === undefined ? -1 : builder.input(i, dtype);
  });
  return builder.build(inlineExpression(builder, expression, inputs));
}
