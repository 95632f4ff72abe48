/**
 * Programs: an expression made ready for generated code, and the code itself, which depends on neither sizes nor the
 * values of constants, so that `x * 2 + 1` and `y * 3 − 1` of any shape share one module. Both are kept by their text.
 */
import type { GeneratedCode } from '../contract.js';
import type { Expression, Instruction, Loop } from '../expression.js';
import { parse, serialize } from '../expression-text.js';
import { lower } from './calls.js';
import { constantsOf, type GeneratedSegment, generate, type Operand, operandsOf } from './segment.js';

export interface Program {
  readonly expression: Expression;
  readonly operands: readonly Operand['instruction'][];
  readonly constants: readonly number[];
  /** The expression without its constants. */
  readonly form: string;
}

const KEPT = 1000;

/** The oldest goes first: a Map keeps the order of insertion. */
function remember<V>(map: Map<string, V>, key: string, value: V): V {
  if (map.size >= KEPT) map.delete(map.keys().next().value!);
  map.set(key, value);
  return value;
}

const programs = new Map<string, Program>();
const segments = new Map<string, GeneratedSegment>();

/** The program of an expression's text. @throws ArgumentError | DTypeError where the text is none */
export function programOf(text: string): Program {
  const known = programs.get(text);
  if (known !== undefined) return known;
  const expression = lower(parse(text));
  const operands = operandsOf(expression);
  const form = serialize({ ...expression, instructions: expression.instructions.map((one) => blank(one, operands)) });
  return remember(programs, text, { expression, operands, constants: constantsOf(expression), form });
}

/** The instruction with nothing that its code does not depend on: inputs are numbered as operands. */
function blank(instruction: Instruction, operands: Program['operands']): Instruction {
  const inside = (list: readonly Instruction[]): Instruction[] => list.map((one) => blank(one, operands));
  switch (instruction.op) {
    case 'constant':
      return { ...instruction, value: 0 };
    case 'input':
      return {
        ...instruction,
        input: operands.findIndex((one) => one.op === 'input' && one.input === instruction.input),
      };
    case 'index': {
      const { dtype, axis } = instruction;
      const same = (one: Program['operands'][number]): boolean =>
        one.op === 'index' && one.axis === axis && one.dtype === dtype;
      return { ...instruction, axis: operands.findIndex(same) };
    }
    case 'loop':
      return {
        ...instruction,
        limit: 0,
        test: inside(instruction.test),
        body: inside(instruction.body),
      } satisfies Loop;
    default:
      return instruction;
  }
}

function segmentOf(program: Program, splats: readonly boolean[], key: string): GeneratedSegment {
  const known = segments.get(key);
  if (known !== undefined) return known;
  const operands = program.operands.map((instruction, i): Operand => ({ instruction, isSplat: splats[i]! }));
  return remember(segments, key, generate(program.expression, operands));
}

/** The code of a program where `splats` says which operands are one number for a whole row. */
export function codeOf(program: Program, splats: readonly boolean[]): GeneratedCode {
  const key = keyOf(program, splats);
  return { key, bytes: () => segmentOf(program, splats, key).bytes };
}

/** The numbers that the code reads: the program's constants, then the code's own. */
export function numbersOf(program: Program, splats: readonly boolean[]): number[] {
  return [...program.constants, ...segmentOf(program, splats, keyOf(program, splats)).literals];
}

function keyOf({ form }: Program, splats: readonly boolean[]): string {
  return `${splats.map((isSplat) => (isSplat ? 's' : 'c')).join('')} ${form}`;
}
