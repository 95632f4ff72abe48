/**
 * Names under which a class is known on both sides of a thread boundary, so that an instance made by a thread becomes an
 * instance of the caller's own class. The main thread gives the names out; a pool thread notes those it receives.
 */
import { threadId } from 'node:worker_threads';
import type { AnyFunction } from '../graph/node.js';

const tags = new WeakMap<AnyFunction, string>();
const classes = new Map<string, WeakRef<AnyFunction>>();
let count = 0;

/** The tag of a class, given out when it is first asked for. */
export function tagOf(cls: AnyFunction): string {
  let tag = tags.get(cls);
  if (tag === undefined) {
    tag = `${threadId}:${++count}`;
    noteTag(cls, tag);
  }
  return tag;
}

/** The tag of a class that has one already. */
export function knownTag(cls: AnyFunction): string | undefined {
  return tags.get(cls);
}

export function noteTag(cls: AnyFunction, tag: string): void {
  tags.set(cls, tag);
  classes.set(tag, new WeakRef(cls));
}

/** The class behind a tag, if it still exists here. */
export function classOf(tag: string): AnyFunction | undefined {
  return classes.get(tag)?.deref();
}
