/**
 * Expressions by TensorFlow.js, one operator for an instruction. Its floats are float32 and its other type here is bool;
 * what it has not, or means differently in one
 * of its builds, is not taken: integers, loops, the index of a place, the sign of NaN.
 */
import type { DType } from '../../array/dtype.js';
import { type ArraySpec, sizeOf } from '../../array/ndarray.js';
import type { View } from '../../array/view.js';
import type { BinaryOperation, Expression, Instruction, UnaryOperation, ValueId } from '../expression.js';
import type { Call } from '../expression-call.js';
import type { BinaryFunction, Tensor, TensorFlow, UnaryFunction } from './tensors.js';

const unary: Partial<Record<UnaryOperation, UnaryFunction>> = {
  abs: 'abs',
  neg: 'neg',
  square: 'square',
  sqrt: 'sqrt',
  reciprocal: 'reciprocal',
  exp: 'exp',
  expm1: 'expm1',
  log: 'log',
  log1p: 'log1p',
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  asin: 'asin',
  acos: 'acos',
  atan: 'atan',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  asinh: 'asinh',
  acosh: 'acosh',
  atanh: 'atanh',
  floor: 'floor',
  ceil: 'ceil',
  round: 'round',
  logicalNot: 'logicalNot',
  isnan: 'isNaN',
  isfinite: 'isFinite',
  isinf: 'isInf',
};
const binary: Partial<Record<BinaryOperation, BinaryFunction>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  pow: 'pow',
  atan2: 'atan2',
  maximum: 'maximum',
  minimum: 'minimum',
  equal: 'equal',
  notEqual: 'notEqual',
  less: 'less',
  lessEqual: 'lessEqual',
  greater: 'greater',
  greaterEqual: 'greaterEqual',
  logicalAnd: 'logicalAnd',
  logicalOr: 'logicalOr',
  logicalXor: 'logicalXor',
};

const isType = (dtype: DType): boolean => dtype === 'float32' || dtype === 'bool';

/** Most axes that all of its operators take. */
const MOST_AXES = 4;

function hasOperator(instruction: Instruction): boolean {
  if (!isType(instruction.op === 'loop' ? 'int32' : instruction.dtype)) return false;
  switch (instruction.op) {
    case 'input':
    case 'constant':
    case 'cast':
    case 'where':
      return true;
    case 'index':
    case 'loop':
    case 'variable':
    case 'final':
      return false;
    default:
      return instruction.op in unary || instruction.op in binary;
  }
}

const computable = new WeakMap<Expression, boolean>();

function isComputable(expression: Expression): boolean {
  let known = computable.get(expression);
  if (known === undefined) {
    known = expression.instructions.every(hasOperator);
    computable.set(expression, known);
  }
  return known;
}

/** Each axis of the array along one axis of the view at most, and forwards. */
function isSimple(view: View): boolean {
  const used = view.axes.filter((axis) => axis !== null);
  return new Set(used).size === used.length && view.axes.every((axis, i) => axis === null || view.steps[i]! > 0);
}

/** Whether `evaluateOn` takes it. */
export function canEvaluateOn({ expression, inputs, views, shape }: Call): boolean {
  if (sizeOf(shape) === 0 || shape.length > MOST_AXES || !isComputable(expression)) return false;
  const fits = (input: ArraySpec): boolean => isType(input.dtype) && input.shape.length <= MOST_AXES;
  if (inputs.length === 0 || !inputs.every(fits)) return false;
  return views === undefined || views.every(isSimple);
}

/** What a view shows of a tensor; axes along which it stays have length 1. */
function seen(tf: TensorFlow, tensor: Tensor, view: View, of: readonly number[]): Tensor {
  const along = of.map((_, axis) => view.axes.indexOf(axis));
  const count = along.map((i) => (i < 0 ? 1 : view.shape[i]!));
  const step = along.map((i) => (i < 0 ? 1 : view.steps[i]!));
  const isWhole = of.every((length, axis) => count[axis] === length && view.start[axis] === 0);
  const end = of.map((_, axis) => view.start[axis]! + (count[axis]! - 1) * step[axis]! + 1);
  const part = isWhole ? tensor : tf.stridedSlice(tensor, [...view.start], end, step);
  // those that the view does not walk along have length 1 now
  const walked = view.axes.filter((axis) => axis !== null);
  const order = [...walked, ...of.keys()].filter((axis, i, all) => all.indexOf(axis) === i);
  const ordered = order.every((axis, i) => axis === i) ? part : tf.transpose(part, order);
  return tf.reshape(
    ordered,
    view.shape.map((length, i) => (view.axes[i] === null ? 1 : length)),
  );
}

/** The expression's values, in the shape of the iteration space. */
export function evaluateOn(tf: TensorFlow, call: Call, tensors: readonly Tensor[]): Tensor {
  const { expression, views, inputs, shape } = call;
  const values = new Map<ValueId, Tensor>();
  const of = (id: ValueId): Tensor => values.get(id)!;
  const compute = (instruction: Instruction): Tensor => {
    switch (instruction.op) {
      case 'input': {
        const { input } = instruction;
        const view = views?.[input];
        return view === undefined ? tensors[input]! : seen(tf, tensors[input]!, view, inputs[input]!.shape);
      }
      case 'constant': {
        const isBool = instruction.dtype === 'bool';
        return tf.scalar(isBool ? instruction.value !== 0 : instruction.value, instruction.dtype);
      }
      case 'cast': {
        const x = of(instruction.args[0]);
        if (x.dtype === instruction.dtype) return x;
        return instruction.dtype === 'bool' ? tf.notEqual(x, tf.scalar(0, x.dtype)) : tf.cast(x, instruction.dtype);
      }
      case 'where': {
        const [condition, a, b] = instruction.args.map(of) as [Tensor, Tensor, Tensor];
        return tf.where(condition, a, b);
      }
      case 'index':
      case 'loop':
      case 'variable':
      case 'final':
        throw new Error(`there is no operator for '${instruction.op}'`);
      default: {
        const [x, y] = instruction.args.map(of) as [Tensor, Tensor | undefined];
        const one = unary[instruction.op as UnaryOperation];
        const two = binary[instruction.op as BinaryOperation];
        if (y === undefined && one !== undefined) return tf[one](x);
        if (y !== undefined && two !== undefined) return tf[two](x, y);
        throw new Error(`there is no operator for '${instruction.op}'`);
      }
    }
  };
  for (const instruction of expression.instructions) values.set(instruction.id, compute(instruction));
  const result = of(expression.result);
  const isWhole = result.shape.length === shape.length && shape.every((length, axis) => result.shape[axis] === length);
  return isWhole ? result : tf.broadcastTo(result, [...shape]);
}
