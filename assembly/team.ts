/**
 * Loops that all idle threads may share. The thread that runs a kernel calls `parallelFor`; threads without work join
 * it and take iterations. Which thread runs an iteration must not matter: iterations write to disjoint places, and what
 * they are does not depend on how many threads there are, so results have the same bits for every number of threads.
 */
import { isCancelled } from './arena';

/** `body(work, index, context)`: `work` is the arena of the thread that runs it, `context` an address both can read. */
export type Body = (work: usize, index: i32, context: usize) => void;

/**
 * Runs `body` for 0 ≤ index < count, in any order and on any thread; returns when all of them have ended. `body` is the
 * index of a function in the table (`f.index`). Not to be nested. False when the task was cancelled: results are void.
 */
export function parallelFor(work: usize, count: i32, body: i32, context: usize): bool {
  for (let i = 0; i < count; i++) {
    if (isCancelled(work)) return false;
    call_indirect(body, work, i, context);
  }
  return true;
}
