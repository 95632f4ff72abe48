/** Leaves out what an expression does not need for its result: instructions, loops, and variables of loops. */
import type { Expression, Instruction, Loop, ValueId } from '../expression.js';

/** The same expression without what is not needed. O(instructions). */
export function prune(instructions: readonly Instruction[], result: ValueId): Expression {
  const byId = new Map<ValueId, Instruction>();
  const register = (list: readonly Instruction[]): void => {
    for (const instruction of list) {
      byId.set(instruction.id, instruction);
      if (instruction.op !== 'loop') continue;
      register(instruction.test);
      register(instruction.body);
    }
  };
  register(instructions);

  const needed = new Set<ValueId>();
  const variables = new Map<ValueId, Set<number>>();
  const stack: ValueId[] = [result];
  const needVariable = (loopId: ValueId, index: number): void => {
    const loop = byId.get(loopId) as Loop;
    const used = variables.get(loopId) ?? new Set<number>();
    variables.set(loopId, used);
    if (used.has(index)) return;
    used.add(index);
    const variable = loop.variables[index];
    if (variable !== undefined) stack.push(variable.initial, variable.next);
    stack.push(loopId);
  };
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    const instruction = byId.get(id) as Instruction;
    if (instruction.op === 'variable' || instruction.op === 'final') needVariable(instruction.loop, instruction.index);
    else if (instruction.op === 'loop') stack.push(instruction.condition);
    else if ('args' in instruction) stack.push(...instruction.args);
  }

  const places = new Map([...variables].map(([loop, used]) => [loop, [...used].sort((a, b) => a - b)]));
  const keep = (list: readonly Instruction[]): Instruction[] =>
    list
      .filter(({ id }) => needed.has(id))
      .map((instruction) => {
        if (instruction.op === 'variable' || instruction.op === 'final') {
          return { ...instruction, index: (places.get(instruction.loop) ?? []).indexOf(instruction.index) };
        }
        if (instruction.op !== 'loop') return instruction;
        const kept = (places.get(instruction.id) ?? []).flatMap((index) => instruction.variables[index] ?? []);
        return { ...instruction, variables: kept, test: keep(instruction.test), body: keep(instruction.body) };
      });
  return { instructions: keep(instructions), result };
}
