/**
 * The order in which a run starts what is ready: σ, the safe order (order.ts), so that a run with one worker goes through
 * σ task by task and keeps little at once. Sizes are those that are known beforehand; what a JavaScript function gives,
 * and arrays whose shapes depend on values, count as one small size, so that of several such results few are kept.
 *
 * The program's own order stays where the user set priorities, which the walk that numbered the tasks obeyed, where there
 * is nothing to decide, and for large programs: σ costs about a microsecond a task for each of its rules, which a million
 * tiny tasks would notice. The program's order is a postorder, σ's rule of that name.
 *
 * Does badly: where a function's result is large and nobody said so.
 */
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import { type Needs, needsOf, workloadOf } from './needs.js';
import { type SafeOrder, safeOrder } from './order.js';
import { isAlias, outputOf } from './ways.js';

/** Above this many tasks an order of their own would cost more than it gains. */
const MOST_TASKS = 5000;
/** Bytes of a result that nothing is known of. */
const UNKNOWN_BYTES = 64;

/**
 * The order of a program; undefined for the order of its numbers. O(m log m) in tasks and inputs up to 5000 tasks, O(1)
 * beyond.
 *
 * @param needs what is known of its memory, where that has been asked already
 */
export function runOrder(program: Program, needs?: Needs): SafeOrder | undefined {
  const { nodes } = program;
  if (nodes.length > MOST_TASKS || !hasChoice(program)) return undefined;
  if (nodes.some(({ settings }) => settings.priority !== undefined)) return undefined;
  const work = workloadOf(program, needs ?? needsOf(program));
  const bytes = work.bytes.slice();
  for (let task = 0; task < nodes.length; task++) {
    if (bytes[task] === 0 && isMade(program, task)) bytes[task] = UNKNOWN_BYTES;
  }
  return safeOrder({ ...work, bytes });
}

/** Whether more than one order is possible that does not begin with what is there: some task takes two that others make, or several ends are asked for. */
function hasChoice({ nodes, depStart }: Program): boolean {
  let ends = 0;
  for (let task = 0; task < nodes.length; task++) {
    if ((depStart[task + 1] as number) - (depStart[task] as number) > 1) return true;
    if ((depStart[task + 1] as number) === (depStart[task] as number)) ends++;
  }
  return ends > 1;
}

/** Whether a task makes something new: no value that is there, and no other view of a result. */
function isMade(program: Program, task: number): boolean {
  const node = program.nodes[task] as TaskNode;
  if (node.op.kind === 'value') return false;
  if (node.op.kind === 'item') return false;
  return !isAlias(node) && outputOf(program, task) === undefined;
}
