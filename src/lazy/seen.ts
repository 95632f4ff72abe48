/** Which arrays are views of which, remembered by their tasks: what reads a view reads what it is a view of. */
import { type View, wholeView } from '../array/view.js';
import { NODE, type TaskNode } from '../graph/node.js';

/** A lazy array, as far as it matters here. */
interface Viewed {
  readonly [NODE]: TaskNode;
  readonly shape: readonly number[];
  readonly chunks: unknown;
}

export interface Seen<X extends Viewed> {
  readonly base: X;
  readonly view: View;
}

const seen = new WeakMap<TaskNode, Seen<Viewed>>();

/** What `x` is a view of, and which; itself and the whole of it where it is none. */
export function lookThrough<X extends Viewed>(x: X): Seen<X> {
  return (seen.get(x[NODE]) as Seen<X> | undefined) ?? { base: x, view: wholeView(x.shape) };
}

/** Whether `x` was made by `viewOf`. */
export function isView(x: Viewed): boolean {
  return x.chunks === null && seen.has(x[NODE]);
}

/** Remembers what the result of `viewOf` shows. */
export function rememberView<X extends Viewed>(result: X, what: Seen<X>): void {
  seen.set(result[NODE], what);
}
