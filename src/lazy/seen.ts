/** Which arrays are views of which, remembered by their tasks: what reads a view reads what it is a view of. */
import { type View, wholeView } from '../array/view.js';
import { NODE, type TaskNode } from '../graph/node.js';
import type { LazyArray } from './lazy-array.js';

export interface Seen {
  readonly base: LazyArray;
  readonly view: View;
}

const seen = new WeakMap<TaskNode, Seen>();

/** What `x` is a view of, and which; itself and the whole of it where it is none. */
export function lookThrough(x: LazyArray): Seen {
  return seen.get(x[NODE]) ?? { base: x, view: wholeView(x.shape) };
}

/** Whether `x` was made by `viewOf`. */
export function isView(x: LazyArray): boolean {
  return x.chunks === null && seen.has(x[NODE]);
}

/** Remembers what the result of `viewOf` shows. */
export function rememberView(result: LazyArray, what: Seen): void {
  seen.set(result[NODE], what);
}
