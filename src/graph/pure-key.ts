/**
 * Keys of pure tasks: a name and a hash of what is run and on what, so that equal tasks have equal keys and run once.
 * The content of a function is more than its source text, the variables it captures belong to it; only what ships
 * functions to threads knows those, and installs its hash here. Until then a function is equal to itself alone.
 */
import { contentHash, type FunctionHash } from './content-hash.js';
import type { AnyFunction } from './node.js';
import { referenceOf } from './reference.js';

let installed: FunctionHash | undefined;
let identities = 0;
const identity = new WeakMap<AnyFunction, number>();

/** Installs the hash of a function's content: source, captured variables, or module and export. */
export function installFunctionHash(hash: FunctionHash | undefined): void {
  installed = hash;
}

/** The content of a function; its identity in this process where the content is not known. */
export function functionHash(fn: AnyFunction): string {
  const to = referenceOf(fn);
  if (to !== undefined) return `reference ${to.export} ${to.url}`;
  const content = installed?.(fn);
  if (content !== undefined) return `content ${content}`;
  let number = identity.get(fn);
  if (number === undefined) {
    number = ++identities;
    identity.set(fn, number);
  }
  return `identity ${number}`;
}

/**
 * `name-<hash>` of the parts (functions among them by content), or undefined when one of them has no content: such a
 * task gets a key of its own, which is correct and only not shared.
 */
export function pureKey(name: string, parts: readonly unknown[]): string | undefined {
  const hash = contentHash(parts, functionHash);
  return hash === undefined ? undefined : `${name}-${hash}`;
}
