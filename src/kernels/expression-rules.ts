/**
 * Which dtypes the operations of the expression form take and answer, and `validate`, which holds a whole expression
 * against these rules: whoever builds an expression finds out here, not in generated code.
 */
import type { DType } from '../array/dtype.js';
import { dtypes } from '../array/dtype.js';
import { isFloat, isInteger } from '../array/promote.js';
import { ArgumentError, DTypeError } from '../errors.js';
import {
  type BinaryOperation,
  binaryOperations,
  type Expression,
  type Instruction,
  type Loop,
  type UnaryOperation,
  unaryOperations,
  type ValueId,
} from './expression.js';

type Kind = 'float' | 'number' | 'integer' | 'bool' | 'bits' | 'any';

const unaryKinds = new Map<string, Kind>([
  ...unaryOperations.map((name): [string, Kind] => [name, 'float']),
  ...['neg', 'abs', 'sign', 'square', 'floor', 'ceil', 'round', 'trunc'].map((name): [string, Kind] => [
    name,
    'number',
  ]),
  ['logicalNot', 'bool'],
  ['bitwiseNot', 'bits'],
  ...['isnan', 'isfinite', 'isinf'].map((name): [string, Kind] => [name, 'any']),
]);

const binaryKinds = new Map<string, Kind>([
  ...binaryOperations.map((name): [string, Kind] => [name, 'number']),
  ...['div', 'atan2', 'hypot'].map((name): [string, Kind] => [name, 'float']),
  ...['maximum', 'minimum'].map((name): [string, Kind] => [name, 'any']),
  ...['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'].map((name): [string, Kind] => [name, 'any']),
  ...['logicalAnd', 'logicalOr', 'logicalXor'].map((name): [string, Kind] => [name, 'bool']),
  ...['bitwiseAnd', 'bitwiseOr', 'bitwiseXor'].map((name): [string, Kind] => [name, 'bits']),
  ...['shiftLeft', 'shiftRight'].map((name): [string, Kind] => [name, 'integer']),
]);

const answersBool = new Set<string>([
  ...['isnan', 'isfinite', 'isinf', 'equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'],
]);

const takes: Readonly<Record<Kind, (dtype: DType) => boolean>> = {
  float: isFloat,
  number: (dtype) => dtype !== 'bool',
  integer: isInteger,
  bool: (dtype) => dtype === 'bool',
  bits: (dtype) => !isFloat(dtype),
  any: () => true,
};

export function isUnary(op: string): op is UnaryOperation {
  return unaryKinds.has(op);
}

export function isBinary(op: string): op is BinaryOperation {
  return binaryKinds.has(op);
}

function answer(op: string, kind: Kind, dtype: DType): DType {
  if (!takes[kind](dtype)) {
    const good = dtypes.filter(takes[kind]);
    throw new DTypeError(`expression: '${op}' takes ${good.join(', ')}, not ${dtype}; cast its operands first`);
  }
  return answersBool.has(op) ? 'bool' : dtype;
}

/** The dtype that `op` of a value of `dtype` has. @throws DTypeError */
export function unaryDType(op: UnaryOperation, dtype: DType): DType {
  return answer(op, unaryKinds.get(op)!, dtype);
}

/** The dtype that `op` of two values has. @throws DTypeError when they differ or are none that it takes */
export function binaryDType(op: BinaryOperation, a: DType, b: DType): DType {
  if (a !== b) throw new DTypeError(`expression: '${op}' of ${a} and ${b}; cast one of them to the other's dtype`);
  return answer(op, binaryKinds.get(op)!, a);
}

/** The dtype of `where(condition, a, b)`. @throws DTypeError */
export function whereDType(condition: DType, a: DType, b: DType): DType {
  if (condition !== 'bool') throw new DTypeError(`expression: the condition of 'where' is ${condition}, not bool`);
  if (a !== b) throw new DTypeError(`expression: 'where' chooses between ${a} and ${b}; cast one to the other's dtype`);
  return a;
}

/** @throws ArgumentError when a constant of `dtype` cannot be `value`. */
export function checkConstant(dtype: DType, value: number): void {
  const fits =
    dtype === 'float64' ||
    (dtype === 'float32' && Object.is(Math.fround(value), value)) ||
    (dtype === 'int32' && (value | 0) === value) ||
    (dtype === 'uint32' && value >>> 0 === value) ||
    (dtype === 'uint8' && (value & 255) === value) ||
    (dtype === 'bool' && (value === 0 || value === 1));
  if (!fits) throw new ArgumentError(`expression: the constant ${value} is no ${dtype}`);
}

/** What is visible at one place: values by id, and the loops whose variables or last values may be read. */
class Scope {
  readonly #values: Map<ValueId, DType>;
  readonly #running: readonly Loop[];
  readonly #ended = new Map<ValueId, Loop>();

  constructor(outer?: Scope, loop?: Loop) {
    this.#values = new Map(outer === undefined ? [] : outer.#values);
    this.#running = outer === undefined ? [] : loop === undefined ? outer.#running : [...outer.#running, loop];
  }

  dtype(id: ValueId, what: string): DType {
    const dtype = this.#values.get(id);
    if (dtype === undefined) throw new ArgumentError(`expression: ${what} uses value ${id}, which is not made before`);
    return dtype;
  }

  add({ id }: Instruction, dtype: DType): void {
    this.#values.set(id, dtype);
  }

  end(loop: Loop): void {
    this.#ended.set(loop.id, loop);
  }

  variable(instruction: Extract<Instruction, { op: 'variable' | 'final' }>): DType {
    const { op, loop: id, index } = instruction;
    const loop = op === 'final' ? this.#ended.get(id) : this.#running.find((one) => one.id === id);
    const variable = loop?.variables[index];
    if (variable === undefined)
      throw new ArgumentError(`expression: '${op}' ${index} of a loop ${id} that is not there`);
    return variable.dtype;
  }
}

class Checker {
  readonly #inputs: readonly DType[] | undefined;
  readonly #ids = new Set<ValueId>();

  constructor(inputs: readonly DType[] | undefined) {
    this.#inputs = inputs;
  }

  run(instructions: readonly Instruction[], scope: Scope): void {
    for (const instruction of instructions) this.#one(instruction, scope);
  }

  #one(instruction: Instruction, scope: Scope): void {
    const { id, op } = instruction;
    if (!Number.isSafeInteger(id) || id < 0 || this.#ids.has(id)) {
      throw new ArgumentError(`expression: ${id} is not a new whole number, as the id of '${op}' must be`);
    }
    this.#ids.add(id);
    if (instruction.op === 'loop') {
      this.#loop(instruction, scope);
      scope.end(instruction);
      return;
    }
    const found = this.#dtype(instruction, scope);
    if (found !== instruction.dtype) {
      throw new DTypeError(`expression: '${op}' (value ${id}) is ${found}, not ${instruction.dtype}`);
    }
    scope.add(instruction, found);
  }

  #dtype(instruction: Exclude<Instruction, Loop>, scope: Scope): DType {
    const of = (value: ValueId): DType => scope.dtype(value, `'${instruction.op}' (value ${instruction.id})`);
    switch (instruction.op) {
      case 'input':
        return this.#input(instruction.input, instruction.dtype);
      case 'constant':
        checkConstant(instruction.dtype, instruction.value);
        return instruction.dtype;
      case 'index': {
        const { axis, dtype } = instruction;
        if (!Number.isSafeInteger(axis) || axis < 0) throw new ArgumentError(`expression: there is no axis ${axis}`);
        if (dtype !== 'int32' && dtype !== 'float64') {
          throw new DTypeError(`expression: 'index' is float64 or int32, not ${dtype}`);
        }
        return dtype;
      }
      case 'cast':
        of(instruction.args[0]);
        if (!dtypes.includes(instruction.dtype)) throw new DTypeError(`expression: no dtype ${instruction.dtype}`);
        return instruction.dtype;
      case 'where': {
        const [condition, a, b] = instruction.args;
        return whereDType(of(condition), of(a), of(b));
      }
      case 'variable':
      case 'final':
        return scope.variable(instruction);
      default: {
        const [a, b] = instruction.args;
        if (isUnary(instruction.op) && b === undefined) return unaryDType(instruction.op, of(a));
        if (isBinary(instruction.op) && b !== undefined) return binaryDType(instruction.op, of(a), of(b));
        throw new ArgumentError(`expression: there is no operation '${instruction.op}' of ${instruction.args.length}`);
      }
    }
  }

  #input(input: number, dtype: DType): DType {
    if (!Number.isSafeInteger(input) || input < 0) throw new ArgumentError(`expression: there is no input ${input}`);
    if (!dtypes.includes(dtype)) throw new DTypeError(`expression: input ${input} has no dtype ${dtype}`);
    if (this.#inputs === undefined) return dtype;
    const given = this.#inputs[input];
    if (given !== undefined) return given;
    throw new ArgumentError(`expression: it reads input ${input}, and there are ${this.#inputs.length} inputs`);
  }

  #loop(loop: Loop, scope: Scope): void {
    if (!Number.isSafeInteger(loop.limit) || loop.limit < 0 || loop.limit > 2 ** 31 - 1) {
      throw new ArgumentError(`expression: a loop's limit must be a whole number from 0 to 2³¹ − 1, not ${loop.limit}`);
    }
    const inside = new Scope(scope, loop);
    const expect = (value: ValueId, from: Scope, dtype: DType, what: string): void => {
      const found = from.dtype(value, `loop ${loop.id}`);
      if (found !== dtype) throw new DTypeError(`expression: ${what} of loop ${loop.id} is ${found}, not ${dtype}`);
    };
    loop.variables.forEach(({ initial, dtype }, i) => {
      expect(initial, scope, dtype, `the first value of variable ${i}`);
    });
    this.run(loop.test, inside);
    expect(loop.condition, inside, 'bool', 'the condition');
    this.run(loop.body, inside);
    loop.variables.forEach(({ next, dtype }, i) => {
      expect(next, inside, dtype, `the next value of variable ${i}`);
    });
  }
}

/**
 * Checks an expression: every value made before it is used, every dtype what the rules say.
 *
 * @param inputs the dtypes of the kernel's inputs, where they are known
 * @returns the dtype of the result
 * @throws ArgumentError | DTypeError naming the instruction
 */
export function validate(expression: Expression, inputs?: readonly DType[]): DType {
  const scope = new Scope();
  new Checker(inputs).run(expression.instructions, scope);
  return scope.dtype(expression.result, 'the result');
}
