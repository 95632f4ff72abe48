/**
 * Expressions as text, for a kernel's parameters: JSON of short lists, canonical (the same text for the same
 * expression however its values are numbered), so that equal work has an equal key. What is parsed is kept, since a
 * kernel's parameters are looked at several times for every call.
 */
import type { DType } from '../array/dtype.js';
import { ArgumentError } from '../errors.js';
import type { Expression, Instruction, Loop, ValueId } from './expression.js';
import { canonical } from './expression-form.js';
import { validate } from './expression-rules.js';

/** JSON has no NaN, no infinities and no −0. */
type Constant = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';
type Line = readonly unknown[];

const KEPT = 1000;
const parsed = new Map<string, Expression>();

function constantText(value: number): Constant {
  return Object.is(value, -0) || !Number.isFinite(value)
    ? ((Object.is(value, -0) ? '-0' : String(value)) as Constant)
    : value;
}

function line(instruction: Instruction): Line {
  const { op } = instruction;
  switch (instruction.op) {
    case 'input':
      return [op, instruction.dtype, instruction.input];
    case 'constant':
      return [op, instruction.dtype, constantText(instruction.value)];
    case 'index':
      return [op, instruction.dtype, instruction.axis];
    case 'variable':
    case 'final':
      return [op, instruction.dtype, instruction.loop, instruction.index];
    case 'loop': {
      const { limit, variables, test, condition, body } = instruction;
      const states = variables.map(({ dtype, initial, next }) => [dtype, initial, next]);
      return [op, limit, states, test.map(line), condition, body.map(line)];
    }
    default:
      return [op, instruction.dtype, ...instruction.args];
  }
}

/** The canonical text of an expression. */
export function serialize(expression: Expression): string {
  const { instructions, result } = canonical(expression);
  const text = JSON.stringify([instructions.map(line), result]);
  return text;
}

/** Numbers instructions as `canonical` does: in the order of the text, a loop before what is inside. */
class Reader {
  #next = 0;

  list(lines: unknown): Instruction[] {
    if (!Array.isArray(lines)) throw new ArgumentError('expression: a list of instructions is missing in the text');
    return lines.map((one) => this.#instruction(one as Line));
  }

  #instruction(given: Line): Instruction {
    if (!Array.isArray(given)) throw new ArgumentError('expression: an instruction of the text is no list');
    const id = this.#next++;
    const [op, dtype, ...rest] = given as [string, DType, ...ValueId[]];
    switch (op) {
      case 'input':
        return { id, op, dtype, input: rest[0]! };
      case 'constant':
        return { id, op, dtype, value: Number(rest[0]) };
      case 'index':
        return { id, op, dtype, axis: rest[0]! };
      case 'variable':
      case 'final':
        return { id, op, dtype, loop: rest[0]!, index: rest[1]! };
      case 'loop':
        return this.#loop(id, given);
      default:
        return { id, op, dtype, args: rest } as unknown as Instruction;
    }
  }

  #loop(id: ValueId, given: Line): Loop {
    const [, limit, states, test, condition, body] = given as [
      string,
      number,
      [DType, ValueId, ValueId][],
      Line[],
      ValueId,
      Line[],
    ];
    return {
      id,
      op: 'loop',
      limit,
      variables: states.map(([dtype, initial, next]) => ({ dtype, initial, next })),
      test: this.list(test),
      condition,
      body: this.list(body),
    };
  }
}

/**
 * The expression that `serialize` wrote. The same object for the same text, checked by `validate`.
 *
 * @throws ArgumentError | DTypeError when the text is no expression
 */
export function parse(text: string): Expression {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  let lists: unknown;
  try {
    lists = JSON.parse(text);
  } catch (cause) {
    throw new ArgumentError(`expression: '${text.slice(0, 60)}' is not the text of an expression`, { cause });
  }
  if (!Array.isArray(lists) || lists.length !== 2) {
    throw new ArgumentError(`expression: '${text.slice(0, 60)}' is not the text of an expression`);
  }
  const expression: Expression = { instructions: new Reader().list(lists[0]), result: lists[1] as ValueId };
  validate(expression);
  // The oldest goes first: a Map keeps the order of insertion
  if (parsed.size >= KEPT) parsed.delete(parsed.keys().next().value!);
  parsed.set(text, expression);
  return expression;
}
