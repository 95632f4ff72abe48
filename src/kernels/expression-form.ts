/**
 * The canonical form of an expression: only what its result needs, ids counted from 0 in the order of the list, so that
 * equal expressions are equal data.
 */
import { type Expression, eachInstruction, type Instruction, operands, type ValueId } from './expression.js';

/** The same expression without instructions that nothing uses, its ids counted from 0 in the order of the list. */
export function canonical({ instructions, result }: Expression): Expression {
  const used = new Set<ValueId>([result]);
  // Backwards, so that a value's uses are known before it is looked at
  const mark = (list: readonly Instruction[]): void => {
    for (const instruction of list.toReversed()) {
      if (!used.has(instruction.id)) continue;
      if (instruction.op === 'variable' || instruction.op === 'final') used.add(instruction.loop);
      if (instruction.op === 'loop') {
        used.add(instruction.condition);
        for (const { next } of instruction.variables) used.add(next);
        mark(instruction.body);
        mark(instruction.test);
      }
      for (const id of operands(instruction)) used.add(id);
    }
  };
  mark(instructions);
  const names = new Map<ValueId, ValueId>();
  const name = (id: ValueId): ValueId => names.get(id)!;
  const keep = (list: readonly Instruction[]): Instruction[] => list.filter(({ id }) => used.has(id)).map(rename);
  const rename = (instruction: Instruction): Instruction => {
    // A loop's own id comes before those inside, which name it
    const id = names.size;
    names.set(instruction.id, id);
    if (instruction.op === 'loop') {
      const variables = instruction.variables.map((variable) => ({ ...variable, initial: name(variable.initial) }));
      const test = keep(instruction.test);
      const body = keep(instruction.body);
      return {
        ...instruction,
        id,
        variables: variables.map((variable) => ({ ...variable, next: name(variable.next) })),
        test,
        condition: name(instruction.condition),
        body,
      };
    }
    if (instruction.op === 'variable' || instruction.op === 'final') {
      return { ...instruction, id, loop: name(instruction.loop) };
    }
    if ('args' in instruction)
      return { ...instruction, id, args: instruction.args.map(name) } as unknown as Instruction;
    return { ...instruction, id };
  };
  const kept = keep(instructions);
  return { instructions: kept, result: name(result) };
}

/** How many inputs an expression needs: one more than the largest number it reads; 0 without any. */
export function inputCount({ instructions }: Expression): number {
  let count = 0;
  eachInstruction(instructions, (instruction) => {
    if (instruction.op === 'input') count = Math.max(count, instruction.input + 1);
  });
  return count;
}
