/**
 * Errors as plain data. An error keeps its class name, message, stack, chain of causes and own enumerable properties;
 * on the other side it becomes the built-in class when it is one, else an Error under its own name.
 */
import { types } from 'node:util';
import type { ErrorWire } from './shipment.js';

const builtins: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** A thrown value: an error, or anything else in `value`. */
export type ThrownWire = ErrorWire | { readonly value: unknown };

const depthLimit = 16;

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** Never throws: what cannot travel is left out (properties) or becomes its text (thrown values). */
export function wireThrown(thrown: unknown, depth = 0): ThrownWire {
  if (isError(thrown)) return wireError(thrown, depth);
  return { value: thrown === undefined ? undefined : (cloneable(thrown) ?? describe(thrown)) };
}

export function wireError(error: Error, depth = 0): ErrorWire {
  const properties: Record<string, unknown> = {};
  let hasProperties = false;
  for (const key of Object.keys(error)) {
    if (key === 'name' || key === 'message' || key === 'stack' || key === 'cause' || key === 'errors') continue;
    const value = cloneable(read(error, key));
    if (value === undefined) continue;
    properties[key] = value;
    hasProperties = true;
  }
  const cause =
    Object.hasOwn(error, 'cause') && depth < depthLimit ? { cause: wireThrown(error.cause, depth + 1) } : {};
  const members = read(error, 'errors');
  const errors =
    Array.isArray(members) && depth < depthLimit
      ? { errors: members.map((member) => wireThrown(member, depth + 1)) }
      : {};
  const stack = read(error, 'stack');
  return {
    name: nameOf(error),
    message: String(read(error, 'message')),
    stack: typeof stack === 'string' ? stack : undefined,
    ...cause,
    ...errors,
    ...(hasProperties ? { properties } : {}),
  };
}

/** `name`, or the class's name where the class did not set one. */
function nameOf(error: Error): string {
  const name = String(read(error, 'name'));
  const made: unknown = read(error, 'constructor');
  return name === 'Error' && typeof made === 'function' && made.name !== '' ? made.name : name;
}

export function reviveThrown(wire: ThrownWire): unknown {
  return 'stack' in wire ? reviveError(wire) : wire.value;
}

export function reviveError(wire: ErrorWire): Error {
  let error: Error;
  if (wire.errors !== undefined) error = new AggregateError(wire.errors.map(reviveThrown), wire.message);
  else error = new (builtins[wire.name] ?? Error)(wire.message);
  if (error.name !== wire.name) hide(error, 'name', wire.name);
  hide(error, 'stack', wire.stack ?? `${wire.name}: ${wire.message}`);
  if (wire.cause !== undefined) hide(error, 'cause', reviveThrown(wire.cause));
  return Object.assign(error, wire.properties);
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function read(owner: object, key: string): unknown {
  try {
    return (owner as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The value where it can be cloned, else undefined. */
function cloneable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  }
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
