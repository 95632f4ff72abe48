/**
 * Building expressions: each method adds an instruction and answers its id. The same operation on the same values is
 * made once, and what does not depend on a loop's variables is put before the loop, so that an expression's form does
 * not depend on how it was written down. `inlineExpression` puts one expression into another: that is fusion.
 */
import type { DType } from '../array/dtype.js';
import { isFloat } from '../array/promote.js';
import { ArgumentError } from '../errors.js';
import type { BinaryOperation, Expression, Instruction, Loop, UnaryOperation, ValueId } from './expression.js';
import { canonical } from './expression-form.js';
import { binaryDType, checkConstant, isBinary, isUnary, unaryDType, whereDType } from './expression-rules.js';

/** Omit over each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type NewInstruction = Without<Instruction, 'id'>;

/** Instructions of one list: the expression's own, or those inside a loop. */
interface Level {
  readonly instructions: Instruction[];
  readonly byText: Map<string, ValueId>;
}

/**
 * @example
 * const b = new ExpressionBuilder();
 * const x = b.input(0, 'float64');
 * b.build(b.unary('exp', b.binary('mul', x, b.constant(-0.5, 'float64')))); // e^(−x/2)
 */
export class ExpressionBuilder {
  readonly #levels: Level[] = [{ instructions: [], byText: new Map() }];
  /** By id: the dtype (undefined for loops), and the level of the list that the instruction is in. */
  readonly #dtypes: (DType | undefined)[] = [];
  readonly #depths: number[] = [];
  readonly #constants = new Map<ValueId, number>();

  /** The dtype of a value. */
  dtype(id: ValueId): DType {
    const dtype = this.#dtypes[id];
    if (dtype === undefined) throw new ArgumentError(`expression: there is no value ${id}`);
    return dtype;
  }

  /** The value of a constant; undefined for what is none. */
  constantValue(id: ValueId): number | undefined {
    return this.#constants.get(id);
  }

  /** This place's element of input `input`. */
  input(input: number, dtype: DType): ValueId {
    return this.#add({ op: 'input', dtype, input }, 0);
  }

  /** A number, rounded to float32 or wrapped to an integer dtype where it is none already. */
  constant(value: number, dtype: DType): ValueId {
    const exact = castConstant(value, dtype);
    checkConstant(dtype, exact);
    const id = this.#add({ op: 'constant', dtype, value: exact }, 0);
    this.#constants.set(id, exact);
    return id;
  }

  /** This place's index along an axis of the iteration space. */
  index(axis: number, dtype: 'float64' | 'int32' = 'int32'): ValueId {
    return this.#add({ op: 'index', dtype, axis }, 0);
  }

  /** The value as `dtype`: itself where it has that dtype; casts of constants are constants. */
  cast(value: ValueId, dtype: DType): ValueId {
    if (this.dtype(value) === dtype) return value;
    const constant = this.#constants.get(value);
    if (constant !== undefined && (isFloat(dtype) || dtype === 'bool')) return this.constant(constant, dtype);
    return this.#add({ op: 'cast', dtype, args: [value] }, this.#depth(value));
  }

  /** @throws DTypeError when `op` does not take the value's dtype */
  unary(op: UnaryOperation, value: ValueId): ValueId {
    const dtype = unaryDType(op, this.dtype(value));
    return this.#add({ op, dtype, args: [value] }, this.#depth(value));
  }

  /** @throws DTypeError when the two dtypes differ or are none that `op` takes */
  binary(op: BinaryOperation, a: ValueId, b: ValueId): ValueId {
    const dtype = binaryDType(op, this.dtype(a), this.dtype(b));
    return this.#add({ op, dtype, args: [a, b] }, this.#depth(a, b));
  }

  /** condition (bool) ? a : b. @throws DTypeError */
  where(condition: ValueId, a: ValueId, b: ValueId): ValueId {
    const dtype = whereDType(this.dtype(condition), this.dtype(a), this.dtype(b));
    return this.#add({ op: 'where', dtype, args: [condition, a, b] }, this.#depth(condition, a, b));
  }

  /**
   * At most `limit` rounds, while `test` is true, of variables that start as `initial` and become what `body` answers.
   * Both functions are called once, with the variables' ids.
   *
   * @returns the variables' last values
   */
  loop(
    limit: number,
    initial: readonly ValueId[],
    test: (variables: readonly ValueId[]) => ValueId,
    body: (variables: readonly ValueId[]) => readonly ValueId[],
  ): ValueId[] {
    if (!Number.isSafeInteger(limit) || limit < 0 || limit > 2 ** 31 - 1) {
      throw new ArgumentError(`expression: a loop's limit must be a whole number from 0 to 2³¹ − 1, not ${limit}`);
    }
    const outer = this.#levels.length - 1;
    const id = this.#newId(undefined, outer);
    const level: Level = { instructions: [], byText: new Map() };
    this.#levels.push(level);
    const variables = initial.map((value, index) =>
      this.#add({ op: 'variable', dtype: this.dtype(value), loop: id, index }, outer + 1),
    );
    const condition = test(variables);
    const length = level.instructions.length;
    const next = body(variables);
    this.#levels.pop();
    if (next.length !== initial.length) {
      throw new ArgumentError(`expression: a loop of ${initial.length} variables got ${next.length} new values`);
    }
    const loop: Loop = {
      id,
      op: 'loop',
      limit,
      variables: initial.map((value, i) => ({ dtype: this.dtype(value), initial: value, next: next[i]! })),
      test: level.instructions.slice(0, length),
      condition,
      body: level.instructions.slice(length),
    };
    loop.variables.forEach(({ dtype }, i) => {
      const found = this.dtype(next[i]!);
      if (found !== dtype) {
        throw new ArgumentError(`expression: variable ${i} of a loop is ${dtype}, and its new value ${found}; cast it`);
      }
    });
    if (this.dtype(condition) !== 'bool') {
      throw new ArgumentError(`expression: a loop's condition is ${this.dtype(condition)}, not bool`);
    }
    this.#levels[outer]!.instructions.push(loop);
    return loop.variables.map(({ dtype }, index) => this.#add({ op: 'final', dtype, loop: id, index }, outer));
  }

  /** The expression of a value: what it does not need is left out, and ids count from 0 in the order of the list. */
  build(result: ValueId): Expression {
    this.dtype(result);
    return canonical({ instructions: this.#levels[0]!.instructions, result });
  }

  #depth(...values: readonly ValueId[]): number {
    return Math.max(...values.map((value) => this.#depths[value] ?? 0));
  }

  #newId(dtype: DType | undefined, depth: number): ValueId {
    this.#depths.push(depth);
    return this.#dtypes.push(dtype) - 1;
  }

  #add(instruction: NewInstruction, depth: number): ValueId {
    const level = this.#levels[depth];
    if (level === undefined) throw new ArgumentError('expression: a value of a loop is used after the loop');
    // −0 and NaN are other constants than 0 and null
    const text = JSON.stringify(instruction, (_, value) =>
      typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value))
        ? `${Object.is(value, -0) ? '-' : ''}${value}`
        : value,
    );
    const known = level.byText.get(text);
    if (known !== undefined) return known;
    const id = this.#newId('dtype' in instruction ? instruction.dtype : undefined, depth);
    level.instructions.push({ ...instruction, id } as Instruction);
    level.byText.set(text, id);
    return id;
  }
}

/** `value` as a constant of `dtype`: as a cast would give it. */
export function castConstant(value: number, dtype: DType): number {
  switch (dtype) {
    case 'float64':
      return value;
    case 'float32':
      return Math.fround(value);
    case 'int32':
      return value | 0;
    case 'uint32':
      return value >>> 0;
    case 'uint8':
      return value & 255;
    case 'bool':
      return value === 0 ? 0 : 1;
  }
}

/**
 * Adds the instructions of `expression` to `into`, with the values `args` in place of its inputs.
 *
 * @param indexOf what stands for its index along an axis, where it is not the same axis of the new iteration space
 * @returns the id of its result
 * @throws ArgumentError when an argument is missing or has another dtype than the input it stands for
 */
export function inlineExpression(
  into: ExpressionBuilder,
  expression: Expression,
  args: readonly ValueId[],
  indexOf: (axis: number, dtype: 'float64' | 'int32') => ValueId = (axis, dtype) => into.index(axis, dtype),
): ValueId {
  const values = new Map<ValueId, ValueId>();
  const loops = new Map<ValueId, { readonly variables?: readonly ValueId[]; readonly finals?: readonly ValueId[] }>();
  const of = (id: ValueId): ValueId => values.get(id)!;
  const copy = (instruction: Instruction): ValueId => {
    switch (instruction.op) {
      case 'input': {
        const arg = args[instruction.input];
        if (arg === undefined) throw new ArgumentError(`expression: nothing stands for input ${instruction.input}`);
        if (into.dtype(arg) !== instruction.dtype) {
          throw new ArgumentError(
            `expression: ${into.dtype(arg)} stands for input ${instruction.input}, which is ${instruction.dtype}`,
          );
        }
        return arg;
      }
      case 'constant':
        return into.constant(instruction.value, instruction.dtype);
      case 'index':
        return indexOf(instruction.axis, instruction.dtype as 'float64' | 'int32');
      case 'cast':
        return into.cast(of(instruction.args[0]), instruction.dtype);
      case 'where':
        return into.where(of(instruction.args[0]), of(instruction.args[1]), of(instruction.args[2]));
      case 'variable':
        return loops.get(instruction.loop)!.variables![instruction.index]!;
      case 'final':
        return loops.get(instruction.loop)!.finals![instruction.index]!;
      case 'loop':
        return copyLoop(instruction);
      default: {
        const [a, b] = instruction.args;
        if (isUnary(instruction.op)) return into.unary(instruction.op, of(a));
        if (isBinary(instruction.op)) return into.binary(instruction.op, of(a), of(b!));
        throw new ArgumentError(`expression: there is no operation '${instruction.op}'`);
      }
    }
  };
  const copyAll = (instructions: readonly Instruction[]): void => {
    for (const instruction of instructions) values.set(instruction.id, copy(instruction));
  };
  const copyLoop = (loop: Loop): ValueId => {
    const finals = into.loop(
      loop.limit,
      loop.variables.map(({ initial }) => of(initial)),
      (variables) => {
        loops.set(loop.id, { variables });
        copyAll(loop.test);
        return of(loop.condition);
      },
      () => {
        copyAll(loop.body);
        return loop.variables.map(({ next }) => of(next));
      },
    );
    loops.set(loop.id, { finals });
    return -1;
  };
  copyAll(expression.instructions);
  return of(expression.result);
}
