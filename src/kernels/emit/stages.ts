/**
 * Which loop computes what. Functions on blocks cut an expression into stages: stage 0 computes what the first calls
 * take, the calls of level 1 follow, stage 1 computes on with their results, and so on. A value is computed in the first
 * stage that needs it and kept in a temporary block for later ones; inputs and constants are read again instead.
 */
import { type Expression, type Instruction, type Loop, operands, type ValueId } from '../expression.js';
import { blockFunction } from './calls.js';

export interface Call {
  readonly instruction: Instruction;
  readonly name: string;
}

export interface Stages {
  /** For each stage what its loop computes, in order. */
  readonly stages: readonly (readonly Instruction[])[];
  /** For each stage the calls after its loop; none after the last. */
  readonly calls: readonly (readonly Call[])[];
  /** For each stage the values that its loop writes to temporary blocks: for later stages and for calls. */
  readonly stores: readonly ReadonlySet<ValueId>[];
  readonly byId: ReadonlyMap<ValueId, Instruction>;
}

/** What a loop uses of what lies outside of it. */
export function outerValues(loop: Loop): Set<ValueId> {
  const inside = new Set<ValueId>();
  const used = new Set<ValueId>(loop.variables.map(({ initial }) => initial));
  const visit = (one: Loop): void => {
    for (const list of [one.test, one.body]) {
      for (const instruction of list) {
        inside.add(instruction.id);
        for (const id of operands(instruction)) used.add(id);
        if (instruction.op === 'loop') visit(instruction);
      }
    }
    used.add(one.condition);
    for (const { next } of one.variables) used.add(next);
  };
  visit(loop);
  for (const id of inside) used.delete(id);
  return used;
}

function sources(instruction: Instruction): Iterable<ValueId> {
  if (instruction.op === 'loop') return outerValues(instruction);
  if (instruction.op === 'final') return [instruction.loop];
  return operands(instruction);
}

/** Whether a value is read wherever it is needed instead of being computed once. */
export function isRead({ op }: Instruction): boolean {
  return op === 'input' || op === 'index' || op === 'constant';
}

/** `isBlock`: whether an input lies in memory as a call takes it. */
export function stagesOf({ instructions, result }: Expression, isBlock: (input: Instruction) => boolean): Stages {
  const byId = new Map(instructions.map((instruction) => [instruction.id, instruction]));
  const isCall = (id: ValueId): boolean => blockFunction(byId.get(id)!) !== undefined;
  // The stage from which on a value can be there
  const level = new Map<ValueId, number>();
  for (const instruction of instructions) {
    let own = 0;
    for (const id of sources(instruction)) own = Math.max(own, level.get(id)!);
    level.set(instruction.id, isCall(instruction.id) ? own + 1 : own);
  }
  const last = level.get(result)!;
  // The first stage that needs a value
  const need = new Map<ValueId, number>([[result, last]]);
  for (const instruction of instructions.toReversed()) {
    const at = need.get(instruction.id);
    if (at === undefined) continue;
    const stage = isCall(instruction.id) ? level.get(instruction.id)! - 1 : at;
    for (const id of sources(instruction)) need.set(id, Math.min(need.get(id) ?? stage, stage));
  }
  // A loop's last values are there when the loop has run, whoever needs them first
  for (const one of instructions) if (one.op === 'final' && need.has(one.id)) need.set(one.id, need.get(one.loop)!);
  const perStage = <T>(make: () => T): T[] => Array.from({ length: last + 1 }, make);
  const stages = perStage((): Instruction[] => []);
  const calls = perStage((): Call[] => []);
  const stores = perStage(() => new Set<ValueId>());
  const read = (source: Instruction, stage: number): void => {
    if (!stages[stage]!.includes(source)) stages[stage]!.push(source);
  };
  for (const instruction of instructions) {
    const at = need.get(instruction.id);
    if (at === undefined) continue;
    const name = blockFunction(instruction);
    const stage = name === undefined ? at : level.get(instruction.id)! - 1;
    for (const id of sources(instruction)) {
      const source = byId.get(id)!;
      const made = need.get(id)!;
      if (isRead(source)) {
        if (name === undefined) read(source, stage);
        else if (!isBlock(source)) {
          read(source, stage);
          stores[stage]!.add(id);
        }
      } else if (!isCall(id) && source.op !== 'loop' && (name !== undefined || made < stage)) stores[made]!.add(id);
    }
    if (name !== undefined) calls[stage]!.push({ instruction, name });
    else if (!isRead(instruction) || instruction.id === result) stages[stage]!.push(instruction);
  }
  return { stages, calls, stores, byId };
}
