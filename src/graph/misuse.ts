/**
 * What a delayed value answers when it is used as if it were there: an error that says what was done, and what to do
 * instead. One place for it, so that proxies and lazy arrays say the same.
 */
import { DelayedUseError } from '../errors.js';
import type { TaskNode } from './node.js';

/** The advice for what has no delayed form. */
export const computeFirst = 'compute it first (await value.compute()), or do it in a delayed function';
const arithmetic =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it shows a template
  'for arithmetic use nd.add(a, b) or nd.expr`(${a} + ${b}) / 2`, for anything else delayed((v) => …)(value); or compute it first (await value.compute())';

export function useError(node: TaskNode, how: string, advice: string): DelayedUseError {
  return new DelayedUseError(
    `the delayed value '${node.key}' was ${how}, but it has no value before it is computed; ${advice}`,
  );
}

/** The answer to `Symbol.toPrimitive`. */
export function refusePrimitive(node: TaskNode): (hint: string) => never {
  return (hint) => {
    throw useError(node, hint === 'string' ? 'used as a string' : 'used as a number or string', arithmetic);
  };
}

/** The answer to `toJSON`. */
export function refuseJson(node: TaskNode): () => never {
  return () => {
    throw useError(node, 'turned into JSON', computeFirst);
  };
}
