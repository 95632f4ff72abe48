/**
 * What a function finds around it, for the translation of scalar functions: constants and other functions, asked of V8
 * the way functions are shipped to threads (workers/locate.ts). Values are those of the moment when the kernel is made.
 */
import type { AnyFunction } from '../graph/node.js';
import type { Captured, Resolve } from '../kernels/scalar-function/environment.js';
import { examine, type ScopeRecord } from '../workers/locate.js';

/** Looks up the names that `fn` uses and does not declare. The first look takes V8 20–100 ms, others about 0.1 ms. */
export function capturesOf(fn: AnyFunction): Resolve {
  let scopes: readonly ScopeRecord[] | undefined;
  const known = new Map<string, Captured | undefined>();
  return (name, member) => {
    const key = member === undefined ? name : `${name}.${member}`;
    if (known.has(key)) return known.get(key);
    scopes ??= scopesOf(fn);
    const found = lookUp(scopes, name, member);
    known.set(key, found);
    return found;
  };
}

function scopesOf(fn: AnyFunction): readonly ScopeRecord[] {
  try {
    return examine(fn).scopes();
  } catch {
    // Without V8's inspector nothing is found: the error says to pass it as a parameter
    return [];
  }
}

function lookUp(scopes: readonly ScopeRecord[], name: string, member: string | undefined): Captured | undefined {
  const scope = scopes.find(({ variables }) => Object.hasOwn(variables, name));
  if (scope === undefined) return undefined;
  let value: unknown;
  try {
    value = scope.variables[name];
    if (member !== undefined) {
      const isHolder = typeof value === 'object' && value !== null && member in value;
      if (!isHolder) return undefined;
      value = (value as Record<string, unknown>)[member];
    }
  } catch {
    return { kind: 'other', what: 'not initialised yet' };
  }
  return captured(value);
}

function captured(value: unknown): Captured {
  if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'constant', value };
  if (typeof value === 'function') {
    const fn = value as AnyFunction;
    return { kind: 'function', source: Function.prototype.toString.call(fn), resolve: capturesOf(fn) };
  }
  if (value === null || value === undefined) return { kind: 'other', what: String(value) };
  const name = Object.getPrototypeOf(value)?.constructor?.name as string | undefined;
  return { kind: 'other', what: typeof value === 'object' ? `of class ${name ?? 'Object'}` : `a ${typeof value}` };
}
