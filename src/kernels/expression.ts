/**
 * The expression form: what one element of the output is, as a list of typed instructions in single-assignment form. It
 * is plain data: built by `nd`, by fusion and from the source of user kernels, and read by every target (the reference
 * in JavaScript, WebAssembly, later WGSL). Types are explicit: all operands of an instruction have one dtype, and
 * conversions are `cast`s. A value that is used twice is computed once.
 *
 * Built with ExpressionBuilder (expression-builder.ts), checked by `validate` (expression-rules.ts), and carried in a
 * kernel's parameters as the text of `serialize` (expression-text.ts).
 *
 * NumPy's meaning throughout: integers wrap, `div` and the transcendental functions take floats only, `floorDivide` and
 * `mod` of integers by zero give 0, `mod` has the divisor's sign, comparisons and logical operations answer `bool`,
 * `maximum` and `minimum` pass NaN on, `cast` from float to integer truncates.
 */
import type { DType } from '../array/dtype.js';

export const unaryOperations = [
  'neg',
  'abs',
  'sign',
  'square',
  'sqrt',
  'cbrt',
  'reciprocal',
  'exp',
  'exp2',
  'expm1',
  'log',
  'log1p',
  'log2',
  'log10',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'floor',
  'ceil',
  'round',
  'trunc',
  'logicalNot',
  'bitwiseNot',
  'isnan',
  'isfinite',
  'isinf',
] as const;
export const binaryOperations = [
  'add',
  'sub',
  'mul',
  'div',
  'floorDivide',
  'mod',
  'remainder',
  'pow',
  'atan2',
  'hypot',
  'maximum',
  'minimum',
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'logicalAnd',
  'logicalOr',
  'logicalXor',
  'bitwiseAnd',
  'bitwiseOr',
  'bitwiseXor',
  'shiftLeft',
  'shiftRight',
] as const;

export type UnaryOperation = (typeof unaryOperations)[number];
export type BinaryOperation = (typeof binaryOperations)[number];

/** The number of the instruction that makes a value. Ids are unique in an expression, nested bodies included. */
export type ValueId = number;

export type Instruction =
  /** This place's element of the kernel's input `input`. */
  | { readonly id: ValueId; readonly op: 'input'; readonly dtype: DType; readonly input: number }
  | { readonly id: ValueId; readonly op: 'constant'; readonly dtype: DType; readonly value: number }
  /** This place's index along `axis` of the iteration space, as float64 or int32. */
  | { readonly id: ValueId; readonly op: 'index'; readonly dtype: DType; readonly axis: number }
  | { readonly id: ValueId; readonly op: 'cast'; readonly dtype: DType; readonly args: readonly [ValueId] }
  | { readonly id: ValueId; readonly op: UnaryOperation; readonly dtype: DType; readonly args: readonly [ValueId] }
  | {
      readonly id: ValueId;
      readonly op: BinaryOperation;
      readonly dtype: DType;
      readonly args: readonly [ValueId, ValueId];
    }
  /** args[0] (bool) ? args[1] : args[2] */
  | {
      readonly id: ValueId;
      readonly op: 'where';
      readonly dtype: DType;
      readonly args: readonly [ValueId, ValueId, ValueId];
    }
  | Loop
  /** Inside a loop's body: the variable's value at the start of the round. */
  | {
      readonly id: ValueId;
      readonly op: 'variable';
      readonly dtype: DType;
      readonly loop: ValueId;
      readonly index: number;
    }
  /** After a loop: the variable's last value. */
  | {
      readonly id: ValueId;
      readonly op: 'final';
      readonly dtype: DType;
      readonly loop: ValueId;
      readonly index: number;
    };

/**
 * At most `limit` rounds of `body`. In each round `condition` (a bool, computed by the instructions of `test`, which
 * see the variables too) is asked first: where it is false the element keeps its variables and is done. The body may
 * use the values of `test`, and both those made before the loop; what is made inside is not seen after it.
 */
export interface Loop {
  readonly id: ValueId;
  readonly op: 'loop';
  readonly limit: number;
  readonly variables: readonly { readonly dtype: DType; readonly initial: ValueId; readonly next: ValueId }[];
  readonly test: readonly Instruction[];
  readonly condition: ValueId;
  readonly body: readonly Instruction[];
}

/** Every value is made before it is used, in the order of the list. */
export interface Expression {
  readonly instructions: readonly Instruction[];
  readonly result: ValueId;
}

/** The instructions that an instruction takes values from, in order; of a loop the initial values only. */
export function operands(instruction: Instruction): readonly ValueId[] {
  if ('args' in instruction) return instruction.args;
  return instruction.op === 'loop' ? instruction.variables.map(({ initial }) => initial) : [];
}

/** Calls `visit` for every instruction, those of loops included, in the order in which they are computed. */
export function eachInstruction(instructions: readonly Instruction[], visit: (instruction: Instruction) => void): void {
  for (const instruction of instructions) {
    if (instruction.op === 'loop') {
      eachInstruction(instruction.test, visit);
      eachInstruction(instruction.body, visit);
    }
    visit(instruction);
  }
}
