/**
 * Small pure tasks in JavaScript: what there is no kernel for yet, and bookkeeping that takes microseconds. Their cost
 * is given, so that the scheduler does not carry to a thread what is done sooner here. Each function is an export of a
 * module of this package and carries that reference, so keys and threads need not look into it.
 */
import { delayed } from '../graph/delayed.js';
import { type AnyFunction, type CostHint, NODE } from '../graph/node.js';
import { REFERENCE } from '../graph/reference.js';
import type { Delayed } from '../graph/types.js';
import type { ArraySpec } from '../kernels/contract.js';
import { LazyArray } from './lazy-array.js';

/** A call of it is a task; arguments may be delayed at any depth. */
export type InlineTask = (...args: readonly unknown[]) => Delayed<unknown>;

/** Pure: the same function and arguments are one task. `fn` is exported under its own name by the module at `url`. */
export function inline(name: string, fn: AnyFunction, url: string): InlineTask {
  return inlineTask(name, fn, url, { seconds: 1e-6 });
}

/** As `inline`, for functions that take longer: `cost` says how long. */
export function inlineTask(
  name: string,
  fn: AnyFunction,
  url: string,
  cost: CostHint | ((...args: never[]) => CostHint),
): InlineTask {
  if (!Object.hasOwn(fn, REFERENCE)) {
    Object.defineProperty(fn, REFERENCE, { value: Object.freeze({ url, export: fn.name }) });
  }
  return delayed(fn as (...args: never[]) => unknown, { name, pure: true, cost }) as unknown as InlineTask;
}

/** The result of a task that is known to make an array like `spec`. */
export function lazyResult(value: Delayed<unknown>, spec: ArraySpec): LazyArray {
  return new LazyArray((value as unknown as LazyArray)[NODE], spec);
}
