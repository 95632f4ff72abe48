/**
 * Values on their way across a thread boundary. What structured clone carries faithfully goes as it is; the rest
 * (arrays of ours, functions, class instances, errors, getters, anything that contains them) becomes a parcel.
 * Nothing is sent that would silently arrive as something else.
 */
import { types } from 'node:util';
import { NDArray } from '../array/ndarray.js';
import { CaptureError } from '../errors.js';
import { type AnyFunction, NODE } from '../graph/node.js';
import { analyze } from './analyze.js';
import { isError, wireError } from './error-wire.js';
import { compact, isPlain, isPlainArray, isPlainObject } from './plain.js';
import type { Entry, Parcel, Ref } from './shipment.js';
import { findBuiltin, globalPath } from './well-known.js';

/** The way from what is sent to a value inside it: variables one after the other, each with its members. */
export class Path {
  readonly steps: readonly string[];

  constructor(steps: readonly string[]) {
    this.steps = steps;
  }

  variable(name: string): Path {
    return new Path([...this.steps, name]);
  }

  member(key: string | number): Path {
    const text =
      typeof key === 'number'
        ? `[${key}]`
        : /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`;
    return new Path([...this.steps.slice(0, -1), `${this.steps.at(-1) ?? ''}${text}`]);
  }

  get last(): string {
    return this.steps.at(-1) ?? '';
  }

  toString(): string {
    return this.steps.join(' → ');
  }
}

/** @throws CaptureError always: `what` it is, and `remedy` says what to do. */
export function refuse(path: Path, what: string, remedy: string, options?: ErrorOptions): never {
  const message = `'${path.last}' cannot be sent to a thread: ${what} (${path}); ${remedy}`;
  throw new CaptureError(path.last, path.steps, message, options);
}

/** What differs between sending to a thread and sending back. */
export interface Sender {
  /** Adds the entries of a function. @throws CaptureError */
  packFunction(fn: AnyFunction, packer: Packer, path: Path): Ref;
  /** How the other side finds a class. @throws CaptureError */
  classRef(cls: AnyFunction, packer: Packer, path: Path): Ref | string;
}

export class Packer {
  readonly entries: Entry[] = [];
  readonly #refs = new Map<unknown, Ref>();
  /** The keys of `#refs` in the order in which they came. */
  readonly #reserved: unknown[] = [];
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Reserves an index before its content is known, so that cycles end there. */
  reserve(value: unknown): Ref {
    const ref = this.entries.length;
    this.entries.push({ kind: 'data', value: undefined });
    this.#refs.set(value, ref);
    this.#reserved.push(value);
    return ref;
  }

  /** Runs `pack`; where it throws, everything it added is taken back, so that the packer can go on with something else. */
  attempt<T>(pack: () => T): T {
    const entries = this.entries.length;
    const reserved = this.#reserved.length;
    try {
      return pack();
    } catch (error) {
      this.entries.length = entries;
      for (const value of this.#reserved.splice(reserved)) this.#refs.delete(value);
      throw error;
    }
  }

  add(entry: Entry): Ref {
    this.entries.push(entry);
    return this.entries.length - 1;
  }

  /** @throws CaptureError naming what inside `value` cannot travel, and the path to it. */
  pack(value: unknown, path: Path): Ref {
    const known = this.#refs.get(value);
    if (known !== undefined) return known;
    if (typeof value === 'function') return this.#function(value as AnyFunction, path);
    if (typeof value === 'symbol') return this.#symbol(value);
    if (typeof value !== 'object' || value === null) return this.add({ kind: 'data', value });
    if (isPlain(value)) {
      const ref = this.reserve(value);
      this.entries[ref] = { kind: 'data', value: compact(value) };
      return ref;
    }
    return this.#object(value, path);
  }

  #function(fn: AnyFunction, path: Path): Ref {
    if (types.isProxy(fn)) return this.#proxy(fn, path);
    return this.#sender.packFunction(fn, this, path);
  }

  #proxy(value: object, path: Path): never {
    let isDelayed = false;
    try {
      isDelayed = NODE in value;
    } catch {
      // A proxy may refuse any question.
    }
    if (isDelayed) refuse(path, 'it is a delayed value', 'pass it as an argument, so that its result arrives instead');
    refuse(path, 'it is a Proxy', 'send the object behind it, or make it inside the function');
  }

  #symbol(value: symbol): Ref {
    const path = globalPath(value);
    if (path !== undefined) return this.add({ kind: 'global', path });
    const registered = Symbol.keyFor(value);
    const ref = this.reserve(value);
    this.entries[ref] = {
      kind: 'symbol',
      description: registered ?? value.description,
      registered: registered !== undefined,
    };
    return ref;
  }

  #object(value: object, path: Path): Ref {
    if (types.isProxy(value)) return this.#proxy(value, path);
    const global = globalPath(value);
    if (global !== undefined) return this.add({ kind: 'global', path: global });
    if (value instanceof NDArray) return this.#ndarray(value);
    if (Array.isArray(value) && isPlainArray(value)) {
      const ref = this.reserve(value);
      const items: Ref[] = [];
      for (let i = 0; i < value.length; i++) items.push(this.pack(value[i], path.member(i)));
      this.entries[ref] = { kind: 'array', items };
      return ref;
    }
    if (isPlainObject(value)) {
      const builtin = findBuiltinObject(value);
      if (builtin !== undefined) return this.add({ kind: 'builtin', ...builtin });
      return this.#plainObject(value, path);
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (types.isMap(value) && prototype === Map.prototype) {
      const ref = this.reserve(value);
      const keys: Ref[] = [];
      const values: Ref[] = [];
      for (const [key, item] of value) {
        keys.push(this.pack(key, path.member('<key>')));
        values.push(this.pack(item, path.member(typeof key === 'string' || typeof key === 'number' ? key : '<value>')));
      }
      this.entries[ref] = { kind: 'map', keys, values };
      return ref;
    }
    if (types.isSet(value) && prototype === Set.prototype) {
      const ref = this.reserve(value);
      const items: Ref[] = [];
      for (const item of value) items.push(this.pack(item, path.member('<item>')));
      this.entries[ref] = { kind: 'set', items };
      return ref;
    }
    if (Buffer.isBuffer(value)) {
      const ref = this.reserve(value);
      const isShared = types.isSharedArrayBuffer(value.buffer);
      this.entries[ref] = {
        kind: 'buffer',
        data: isShared
          ? new Uint8Array(value.buffer, value.byteOffset, value.length)
          : Uint8Array.prototype.slice.call(value),
      };
      return ref;
    }
    if (value instanceof URL && prototype === URL.prototype) {
      const ref = this.reserve(value);
      this.entries[ref] = { kind: 'url', href: value.href };
      return ref;
    }
    if (isError(value)) {
      const ref = this.reserve(value);
      this.entries[ref] = { kind: 'error', error: wireError(value) };
      return ref;
    }
    if (types.isModuleNamespaceObject(value)) return this.members(value, Object.keys(value), path);
    const builtin = findBuiltinObject(value);
    if (builtin !== undefined) return this.add({ kind: 'builtin', ...builtin });
    return this.#instance(value, path);
  }

  /** Only these members of a module-like object, read now. */
  members(value: object, keys: readonly string[], path: Path): Ref {
    const refs = keys.map((key) => this.pack((value as Record<string, unknown>)[key], path.member(key)));
    return this.add({ kind: 'object', keys: [...keys], refs, accessors: [] });
  }

  #ndarray(value: NDArray): Ref {
    const ref = this.reserve(value);
    // A small view of a large array would take the whole buffer along.
    const isWaste =
      !types.isSharedArrayBuffer(value.data.buffer) && value.data.buffer.byteLength > 2 * value.nbytes + 4096;
    const { data, shape, strides, offset, dtype } = isWaste ? value.copy() : value;
    this.entries[ref] = { kind: 'ndarray', data, shape, strides, offset, dtype };
    return ref;
  }

  #plainObject(value: object, path: Path): Ref {
    const ref = this.reserve(value);
    const keys: string[] = [];
    const refs: Ref[] = [];
    const accessors: [string, Ref, Ref][] = [];
    this.#properties(value, path, keys, refs, accessors);
    this.entries[ref] = { kind: 'object', keys, refs, accessors };
    return ref;
  }

  #properties(value: object, path: Path, keys: string[], refs: Ref[], accessors?: [string, Ref, Ref][]): void {
    for (const key of Object.keys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
      const inner = path.member(key);
      if ('value' in descriptor) {
        keys.push(key);
        refs.push(this.pack(descriptor.value, inner));
      } else if (accessors !== undefined) {
        accessors.push([
          key,
          descriptor.get ? this.pack(descriptor.get, inner) : -1,
          descriptor.set ? this.pack(descriptor.set, inner) : -1,
        ]);
      } else refuse(inner, 'it is a getter of an instance', 'send the value it gives instead');
    }
  }

  /** An instance of a class of the user's: its own properties travel, and the class by the function rule. */
  #instance(value: object, path: Path): Ref {
    const prototype = Object.getPrototypeOf(value) as { constructor?: unknown };
    const cls = prototype.constructor;
    const what = describeObject(value);
    if (typeof cls !== 'function' || (cls as { prototype?: unknown }).prototype !== prototype) {
      refuse(path, `it is ${what}`, 'send plain data (numbers, strings, arrays, objects, Map, Set, typed arrays)');
    }
    for (
      let at: object | null = prototype;
      at !== null && Object.getPrototypeOf(at) !== null;
      at = Object.getPrototypeOf(at)
    ) {
      const made: unknown = (at as { constructor?: unknown }).constructor;
      if (typeof made !== 'function') break;
      if (isNative(made as AnyFunction)) {
        refuse(
          path,
          `it is ${what}, which lives outside JavaScript`,
          'make it inside the function, or send what it was made from',
        );
      }
      if (hasPrivateState(made as AnyFunction)) {
        refuse(
          path,
          `it is ${what}, which has private state (#…)`,
          'send what it is made from and make it inside the function',
        );
      }
    }
    const ref = this.reserve(value);
    const keys: string[] = [];
    const refs: Ref[] = [];
    this.#properties(value, path, keys, refs);
    const of = this.#sender.classRef(cls as AnyFunction, this, path);
    this.entries[ref] = { kind: 'instance', of, keys, refs };
    return ref;
  }
}

/** A parcel for a value that is not plain. @throws CaptureError */
export function packValue(value: unknown, sender: Sender, path: Path): Parcel {
  const packer = new Packer(sender);
  const root = packer.pack(value, path);
  return { entries: packer.entries, root };
}

export function isNative(fn: AnyFunction): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn)) || isNodeInternal(fn);
}

/** Classes of Node written in JavaScript: streams, sockets, events. */
function isNodeInternal(fn: AnyFunction): boolean {
  return globalPath(fn) !== undefined || findBuiltin(fn) !== undefined;
}

const privateStates = new WeakMap<AnyFunction, boolean>();

function hasPrivateState(cls: AnyFunction): boolean {
  let known = privateStates.get(cls);
  if (known === undefined) {
    try {
      known = analyze(Function.prototype.toString.call(cls), cls.name).hasPrivateState;
    } catch {
      known = true;
    }
    privateStates.set(cls, known);
  }
  return known;
}

function findBuiltinObject(value: object): { id: string; name: string } | undefined {
  // Modules of Node are objects full of functions; plain data never pays for the look-up.
  for (const key of Object.keys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (typeof descriptor?.value === 'function') return findBuiltin(value);
  }
  return undefined;
}

function describeObject(value: object): string {
  if (types.isPromise(value)) return 'a Promise';
  if (types.isWeakMap(value)) return 'a WeakMap';
  if (types.isWeakSet(value)) return 'a WeakSet';
  if (types.isGeneratorObject(value)) return 'a generator';
  const made: unknown = (value as { constructor?: unknown }).constructor;
  const name = typeof made === 'function' && made.name !== '' ? made.name : 'an unnamed class';
  return `an instance of ${name}`;
}
