/**
 * How many rounds a loop can have: found by counting, where one of the conditions that its test is the conjunction of
 * compares a counter with a constant, and the counter starts at a constant and changes once in every round, by a
 * constant.
 */
import type { AnyNode, BinaryExpression, Expression as Syntax } from 'acorn';
import { assignmentsTo, conjuncts, hasContinue, nameOf } from './syntax.js';

export interface LoopSyntax {
  readonly test: Syntax | null | undefined;
  readonly update: Syntax | null | undefined;
  readonly body: AnyNode;
  /** The test comes after the first round. */
  readonly isDoWhile: boolean;
}

/** What is known before the loop. */
export interface Known {
  /** The value of a variable, where it is a constant number that no function changes. */
  variable(name: string): number | undefined;
  /** The value of an expression that does not change during the loop, where it is a constant number. */
  constant(node: Syntax): number | undefined;
  /** To the precision that numbers have. */
  round(value: number): number;
}

export interface Bound {
  /** The most rounds. */
  readonly rounds: number;
  /** Whether the test asks for nothing else. */
  readonly isExact: boolean;
}

/** More rounds than this are no bound: numbers of single precision cannot count further. */
export const MOST_ROUNDS = 2 ** 24;

type Compare = (a: number, b: number) => boolean;

const compare: Readonly<Record<string, Compare>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '!=': (a, b) => a !== b,
  '!==': (a, b) => a !== b,
};
const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** undefined where there is no condition that ends the loop for certain. */
export function boundOf(loop: LoopSyntax, known: Known): Bound | undefined {
  if (!loop.test) return undefined;
  const parts = conjuncts(loop.test);
  let best: number | undefined;
  for (const part of parts) {
    if (part.type !== 'BinaryExpression') continue;
    const rounds = roundsOf(part, loop, known);
    if (rounds !== undefined && (best === undefined || rounds < best)) best = rounds;
  }
  return best === undefined ? undefined : { rounds: best, isExact: parts.length === 1 };
}

function roundsOf(condition: BinaryExpression, loop: LoopSyntax, known: Known): number | undefined {
  const { left, right, operator } = condition;
  if (left.type === 'PrivateIdentifier') return undefined;
  return count(left, operator, right, loop, known) ?? count(right, mirrored[operator] ?? operator, left, loop, known);
}

function count(counter: Syntax, operator: string, limit: Syntax, loop: LoopSyntax, known: Known): number | undefined {
  const name = nameOf(counter);
  const holds = compare[operator];
  if (name === undefined || holds === undefined) return undefined;
  const start = known.variable(name);
  const end = known.constant(limit);
  const step = stepOf(name, loop, known);
  if (start === undefined || end === undefined || step === undefined) return undefined;
  let rounds = loop.isDoWhile ? 1 : 0;
  for (
    let value = loop.isDoWhile ? known.round(step(start)) : start;
    holds(value, end);
    value = known.round(step(value))
  ) {
    if (++rounds > MOST_ROUNDS) return undefined;
  }
  return rounds;
}

/** What every round makes of the counter. */
function stepOf(name: string, loop: LoopSyntax, known: Known): ((value: number) => number) | undefined {
  const all = assignmentsTo(name, [loop.test, loop.update, loop.body]);
  const [only] = all;
  if (all.length !== 1 || only === undefined) return undefined;
  const updates = loop.update?.type === 'SequenceExpression' ? loop.update.expressions : [loop.update];
  const statements = loop.body.type === 'BlockStatement' ? loop.body.body : [loop.body];
  const isEveryRound =
    updates.some((update) => update === only) ||
    (!hasContinue(loop.body) &&
      statements.some((statement) => statement.type === 'ExpressionStatement' && statement.expression === only));
  if (!isEveryRound) return undefined;
  if (only.type === 'UpdateExpression') return only.operator === '++' ? (value) => value + 1 : (value) => value - 1;
  if (only.type !== 'AssignmentExpression') return undefined;
  const by = known.constant(only.right);
  if (by === undefined) return undefined;
  switch (only.operator) {
    case '+=':
      return (value) => value + by;
    case '-=':
      return (value) => value - by;
    case '*=':
      return (value) => value * by;
    case '/=':
      return (value) => value / by;
    default:
      return undefined;
  }
}
