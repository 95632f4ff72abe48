/**
 * Chains of calls: what only one task leads to can be called right after it in the same thread, so that the result in
 * between need not travel and a message serves many tasks.
 *
 * Does badly on: a chain whose first call is long, beside few others. Its rest is bound to that thread until the lane
 * gives it back.
 */
import { Hole, type TaskNode } from '../graph/node.js';
import type { Results } from './results.js';
import { type TaskTable, WAITING } from './table.js';
import { CALL } from './ways.js';

/** Calls that follow each other in one thread go together, up to this many. */
export const MAX_CHAIN = 256;

/**
 * The one call that waits for `task` alone and is alone in needing its result, and which of its arguments that is.
 * @param isSingle whether a task has to be called by itself: it may be tried again, or asks for memory
 */
export function followerOf(
  task: number,
  table: TaskTable,
  results: Results,
  isSingle: (node: TaskNode) => boolean,
): { readonly follower: number; readonly position: number } | undefined {
  const { way, state, blocking } = table;
  const { nodes, depStart, deps, succStart, succs } = table.program;
  const edge = succStart[task] as number;
  if ((succStart[task + 1] as number) - edge !== 1 || results.uses(task) !== 1) return undefined;
  const follower = succs[edge] as number;
  if (way[follower] !== CALL || state[follower] !== WAITING || blocking[follower] !== 1) return undefined;
  const node = nodes[follower] as TaskNode;
  if (isSingle(node) || isSingle(nodes[task] as TaskNode)) return undefined;
  const first = depStart[follower] as number;
  const position = node.args.findIndex((arg) => arg instanceof Hole && deps[first + arg.index] === task);
  return position < 0 ? undefined : { follower, position };
}
