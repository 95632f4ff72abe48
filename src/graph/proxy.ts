/**
 * What a delayed value is at run time: a Proxy whose target is its task node. Reading a property makes another
 * delayed value without a task; it becomes an item task when it is used as a value, or a method task when it is
 * called, so that `text.split(',')` is one task and `text.split` alone none. Everything that would need the value at
 * once (arithmetic, iteration, `in`, JSON …) is an error that says what to do instead.
 */
import { ArgumentError } from '../errors.js';
import { hook } from './hooks.js';
import { computeFirst, refuseJson, refusePrimitive, useError } from './misuse.js';
import { NODE, nodeOf, type Op, TaskNode } from './node.js';
import { capture, holeAt } from './template.js';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const DISPOSE: symbol = Symbol.dispose ?? Symbol.for('Symbol.dispose');

/** The prototype that delayed values show, for those who print constructor names. */
class Delayed {}

/** The delayed value of a node. */
export function wrap(node: TaskNode): object {
  return new Proxy(node, valueHandler);
}

/** Whether `value` is a delayed value, a lazy array included. */
export function isDelayed(value: unknown): boolean {
  return nodeOf(value) !== undefined;
}

/** A delayed value backed by a result that stays; `release` gives the result up. */
export function wrapPersisted(node: TaskNode, release: () => void): object {
  return new Proxy(node, new PersistedHandler(release));
}

/** Traps that are the same for values and properties: none of them may answer without the value. */
abstract class LazyHandler<T extends object> implements ProxyHandler<T> {
  protected abstract nodeFor(target: T): TaskNode;

  get(target: T, name: string | symbol): unknown {
    if (name === NODE) return this.nodeFor(target);
    return typeof name === 'symbol' ? readSymbol(this.nodeFor(target), name) : this.read(target, name);
  }

  protected read(target: T, name: string): unknown {
    if (!isProbe(name)) return readName(this.nodeFor(target), name);
    return name === 'toJSON' ? refuseJson(this.nodeFor(target)) : undefined;
  }

  has(target: T, name: string | symbol): boolean {
    if (typeof name === 'symbol') return name === NODE || name === INSPECT;
    if (isProbe(name) || name === 'inspect') return false;
    if (own.has(name)) return true;
    throw useError(
      this.nodeFor(target),
      `asked for '${name}' with 'in'`,
      "compute it first, or delay the question: delayed((v) => 'x' in v)(value)",
    );
  }

  ownKeys(target: T): never {
    throw useError(this.nodeFor(target), 'asked for its property names (spread, Object.keys …)', computeFirst);
  }

  getOwnPropertyDescriptor(): undefined {
    return undefined;
  }

  getPrototypeOf(): object {
    return Delayed.prototype;
  }

  set(target: T, name: string | symbol): never {
    throw useError(
      this.nodeFor(target),
      `assigned to ('${String(name)}')`,
      'results are never changed; make a new value in a delayed function',
    );
  }

  deleteProperty(target: T, name: string | symbol): never {
    throw useError(
      this.nodeFor(target),
      `deleted from ('${String(name)}')`,
      'results are never changed; make a new value in a delayed function',
    );
  }

  defineProperty(target: T, name: string | symbol): never {
    return this.set(target, name);
  }

  preventExtensions(target: T): never {
    throw useError(this.nodeFor(target), 'frozen or sealed', computeFirst);
  }

  setPrototypeOf(target: T): never {
    throw useError(this.nodeFor(target), 'given another prototype', computeFirst);
  }
}

class ValueHandler extends LazyHandler<TaskNode> {
  protected override nodeFor(target: TaskNode): TaskNode {
    return target;
  }

  // The hot path: every delayed argument of every call is asked for NODE.
  override get(target: TaskNode, name: string | symbol): unknown {
    return name === NODE ? target : super.get(target, name);
  }
}

const valueHandler = new ValueHandler();

/** Answers a name about a task whose value is not there yet; undefined where that takes the value. */
export type Known = (node: TaskNode, name: string) => unknown;

class KnownHandler extends ValueHandler {
  readonly #known: Known;

  constructor(known: Known) {
    super();
    this.#known = known;
  }

  protected override read(target: TaskNode, name: string): unknown {
    const answer = this.#known(target, name);
    return answer === undefined ? super.read(target, name) : answer;
  }
}

/** As `wrap`, for values of which something is known before they are computed. */
export function wrapperWith(known: Known): (node: TaskNode) => object {
  const handler = new KnownHandler(known);
  return (node) => new Proxy(node, handler);
}

class PersistedHandler extends ValueHandler {
  readonly #release: () => void;

  constructor(release: () => void) {
    super();
    this.#release = release;
  }

  override get(target: TaskNode, name: string | symbol): unknown {
    return name === 'release' || name === DISPOSE ? this.#release : super.get(target, name);
  }
}

type Callable = (...args: unknown[]) => unknown;

/** The target of every property: callable, and without properties of its own that would bind the traps. */
const callable = Object.assign((): void => {}, {
  [INSPECT](this: unknown): string {
    return `Delayed(${nodeOf(this)?.key ?? 'property'})`;
  },
});

/** `owner[name]`, not yet a task. */
class PropertyHandler extends LazyHandler<Callable> {
  readonly #owner: TaskNode;
  readonly #name: PropertyKey;
  #node: TaskNode | undefined;

  constructor(owner: TaskNode, name: PropertyKey) {
    super();
    this.#owner = owner;
    this.#name = name;
  }

  protected override nodeFor(): TaskNode {
    this.#node ??= itemNode(this.#owner, this.#name);
    return this.#node;
  }

  apply(_target: Callable, _self: unknown, args: unknown[]): object {
    return wrap(methodNode(this.#owner, this.#name, args));
  }
}

function property(owner: TaskNode, name: PropertyKey): object {
  return new Proxy<Callable>(callable, new PropertyHandler(owner, name));
}

/** Names by which libraries and the language ask what kind of thing this is; no delayed value has them. */
function isProbe(name: string): boolean {
  switch (name) {
    case 'then':
    case 'toJSON':
    case 'asymmetricMatch':
    case 'nodeType':
      return true;
    default:
      return name.startsWith('$$') || name.startsWith('@@');
  }
}

function readName(node: TaskNode, name: string): unknown {
  switch (name) {
    case 'key':
      return node.key;
    case 'compute':
      return (options?: object) => hook('compute')(wrap(node), options);
    case 'persist':
      return (options?: object) => hook('persist')(wrap(node), options);
    case 'visualize':
      return (options?: object) => hook('visualize')(wrap(node), options);
    case 'get':
      return (key: PropertyKey) => property(node, checkName(key, 'get'));
    case 'call':
      return (method: PropertyKey, ...args: unknown[]) => wrap(methodNode(node, checkName(method, 'call'), args));
    case 'constructor':
      return Delayed;
    default:
      return property(node, isIndex(name) ? Number(name) : name);
  }
}

/** What every delayed value has, computed or not. */
const own: ReadonlySet<string> = new Set(['key', 'compute', 'persist', 'visualize', 'get', 'call', 'constructor']);

function checkName(name: PropertyKey, where: string): PropertyKey {
  if (typeof name === 'string' || typeof name === 'number' || typeof name === 'symbol') return name;
  throw new ArgumentError(`${where}: the property is ${typeof name}; expected a string, a number or a symbol`);
}

/** Whether a property name is the canonical form of an index. */
function isIndex(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 48 && first <= 57 && String(Number(name)) === name && Number.isSafeInteger(Number(name));
}

function readSymbol(node: TaskNode, name: symbol): unknown {
  switch (name) {
    case Symbol.toPrimitive:
      return refusePrimitive(node);
    case Symbol.iterator:
      return () => items(node);
    case Symbol.asyncIterator:
      return () => {
        throw useError(node, 'iterated with for await', 'loop over await value.compute()');
      };
    case Symbol.toStringTag:
      return 'Delayed';
    case INSPECT:
      return () => `Delayed(${node.key})`;
    default:
      return undefined;
  }
}

/** The outputs of a task with `nout`, one delayed value each. */
function items(node: TaskNode): Iterator<object> {
  const { nout } = node.settings;
  if (nout === undefined) {
    throw useError(
      node,
      'iterated or destructured',
      'give its function the number of outputs (delayed(fn, { nout: 2 })), take items by index (value[0]), or compute it first',
    );
  }
  return Array.from({ length: nout }, (_, i) => property(node, i)).values();
}

/** `owner[name]` as a task. An item of a pure task is pure. */
export function itemNode(owner: TaskNode, name: PropertyKey): TaskNode {
  const access = typeof name === 'number' ? `[${name}]` : typeof name === 'symbol' ? `[${String(name)}]` : `.${name}`;
  const isPure = owner.isPure && typeof name !== 'symbol';
  const op: Op = { kind: 'item', name: `${nameOf(owner)}${access}` };
  return new TaskNode(op, [holeAt(0), name], [owner], undefined, isPure ? `${owner.key}${access}` : undefined, isPure);
}

/** `owner[name](...args)` as one task. */
export function methodNode(owner: TaskNode, name: PropertyKey, args: readonly unknown[]): TaskNode {
  const deps = [owner];
  const filled: unknown[] = [holeAt(0), name];
  for (const arg of args) filled.push(capture(arg, deps));
  return new TaskNode({ kind: 'method', name: `${nameOf(owner)}.${String(name)}` }, filled, deps);
}

/** What accesses are named after; of a chain of accesses only the last is named, so that names stay short. */
function nameOf(owner: TaskNode): string {
  return owner.op.kind === 'item' || owner.op.kind === 'method' ? '' : owner.op.name;
}
