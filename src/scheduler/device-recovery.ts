/**
 * What has to be run again when a device is lost with all that was in its memory. Kernels are functions of their inputs,
 * and so are values, items and structures: where an input of theirs is gone too, that is made again first. A JavaScript
 * function is never called twice: where a result of one that nobody has any more would be needed, the run fails.
 */
import type { TaskNode } from '../graph/node.js';
import type { Results } from './results.js';
import { DONE, STARTED, type TaskTable, WAITING } from './table.js';

/**
 * The tasks that are to be run, in flight or ended, so that `ends` have results again.
 * @param ends tasks whose results are gone, or never were
 */
export function toRepeat({
  table,
  results,
  ends,
}: {
  readonly table: TaskTable;
  readonly results: Results;
  readonly ends: ReadonlySet<number>;
}): { readonly tasks: Set<number>; readonly isImpossible: boolean } {
  const { program, state } = table;
  const { depStart, deps, nodes } = program;
  const tasks = new Set<number>();
  const stack = [...ends].filter((task) => state[task] !== DONE || results.uses(task) > 0);
  let isImpossible = false;
  while (stack.length > 0) {
    const task = stack.pop() as number;
    if (tasks.has(task)) continue;
    tasks.add(task);
    const { kind } = (nodes[task] as TaskNode).op;
    if (kind === 'call' || kind === 'method') isImpossible = true;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const dep = deps[e] as number;
      if (state[dep] === DONE && (results.uses(dep) === 0 || ends.has(dep))) stack.push(dep);
    }
  }
  return { tasks, isImpossible };
}

/** Has these tasks wait again. Those that had ended take their inputs once more. */
export function repeat(tasks: ReadonlySet<number>, table: TaskTable, results: Results): void {
  const { depStart, deps } = table.program;
  for (const task of tasks) {
    if (table.state[task] === STARTED) table.stop(task);
    if (table.state[task] !== DONE) continue;
    table.state[task] = WAITING;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      results.neededAgain(deps[e] as number);
    }
  }
}
