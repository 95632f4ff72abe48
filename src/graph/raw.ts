/**
 * The raw form of a graph: a record from key to task or value. A task is an array whose first element is a function;
 * a string that equals a key stands for that key's result, as an argument, inside nested arrays, or alone (an alias);
 * `literal(x)` is never looked into; tasks nest. Objects are not searched for keys, but delayed values are found
 * everywhere. The graph is read, never changed, and only what the requested keys need is read.
 */
import { ArgumentError, CycleError, MissingKeyError, nearest } from '../errors.js';
import { specOf } from './delayed.js';
import { type AnyFunction, Hole, nodeOf, noSettings, type Op, Pattern, TaskNode, type TaskSettings } from './node.js';
import { capture, fill, holeAt, type Template } from './template.js';

/** A value that stands for itself in a raw graph: a string that is no key, an array that is no task. */
export class Literal<T = unknown> {
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Quotes a value in a raw graph: it is passed as it is and never looked into.
 *
 * @example
 * const graph = { name: 'Ada', greet: [(text: string) => `Hello, ${text}`, literal('name')] };
 * await get(graph, 'greet'); // 'Hello, name'
 */
export function literal<T>(value: T): Literal<T> {
  return new Literal(value);
}

/** A graph as plain data: key → task `[fn, ...args]`, alias, or value. */
export type RawGraph = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** A key, or keys nested in arrays; the answer has the same nesting. */
export type RawKeys = string | readonly RawKeys[];

export interface RawProgram {
  /** The tasks of the requested keys, from left to right. */
  readonly nodes: readonly TaskNode[];
  /** Whether no two tasks can have one key: no delayed values came in from outside. */
  readonly hasUniqueKeys: boolean;
  /** The answer, nested as the keys are, from the results of `nodes`. */
  rebuild(results: ArrayLike<unknown>): unknown;
}

/**
 * Makes the tasks that `keys` need. Linear in what it reads, without recursion.
 *
 * @throws MissingKeyError when a requested key is not in the graph, CycleError naming the keys of a cycle,
 * ArgumentError when the graph is no record or an array contains itself.
 * @example
 * const graph = { one: 1, two: [add, 'one', 1], both: ['one', 'two'] };
 * fromGraph(graph, ['two', ['both']]); // computes to [2, [[1, 2]]]
 */
export function fromGraph(graph: RawGraph, keys: RawKeys): RawProgram {
  const reader = new Reader(tableOf(graph));
  const nodes: TaskNode[] = [];
  const template = requested(keys, (key) => holeAt(nodes.push(reader.read(key)) - 1));
  return { nodes, hasUniqueKeys: reader.isClosed, rebuild: (results) => fill(template, results) };
}

/** The graph by key, whatever it is written as. */
interface Table {
  has(key: string): boolean;
  get(key: string): unknown;
  keys(): Iterable<string>;
}

function tableOf(graph: RawGraph): Table {
  if (graph instanceof Map) {
    for (const key of graph.keys()) {
      if (typeof key !== 'string')
        throw new ArgumentError(`get: the graph has a key of type ${typeof key}; expected strings`);
    }
    return graph as ReadonlyMap<string, unknown>;
  }
  if (typeof graph !== 'object' || graph === null || Array.isArray(graph)) {
    const what = Array.isArray(graph) ? 'an array' : String(graph);
    throw new ArgumentError(
      `get: the graph is ${what}; expected a record from key to task, such as { a: [fn, 1], b: [fn, 'a'] }`,
    );
  }
  const record = graph as Readonly<Record<string, unknown>>;
  return {
    has: (key) => Object.hasOwn(record, key),
    get: (key) => record[key],
    keys: () => Object.keys(record),
  };
}

/** The keys with each replaced by what `read` gives: a template of the answer. */
function requested(keys: RawKeys, read: (key: string) => Hole): Template {
  if (typeof keys === 'string') return read(keys);
  const patterns = new Map<unknown, Pattern>();
  const stack: { readonly items: readonly RawKeys[]; readonly out: unknown[] }[] = [];
  const enter = (items: RawKeys): Pattern => {
    if (!Array.isArray(items)) {
      throw new ArgumentError(`get: ${typeof items} is not a key; expected a string, or arrays of strings`);
    }
    const out: unknown[] = [];
    const pattern = new Pattern(out);
    patterns.set(items, pattern);
    stack.push({ items, out });
    return pattern;
  };
  const result = enter(keys);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { items, out } = frame;
    if (out.length === items.length) {
      stack.pop();
      continue;
    }
    const item = items[out.length] as RawKeys;
    out.push(typeof item === 'string' ? read(item) : (patterns.get(item) ?? enter(item)));
  }
  return result;
}

/** A task that is being read: one for a key's task or value, one for a task nested in another. */
interface TaskFrame {
  readonly kind: 'task';
  /** The key; undefined for a nested task. */
  readonly key: string | undefined;
  /** The key that it is for, a nested task's included. */
  readonly root: string;
  readonly op: Op;
  readonly settings: TaskSettings;
  /** The task's own array, of which the first element is the function; for a value, the value alone. */
  readonly items: readonly unknown[];
  /** Where the arguments begin in `items`. */
  readonly first: 0 | 1;
  readonly out: unknown[];
  readonly deps: TaskNode[];
  /** What the arrays within have become; also says that one is being read, so that none contains itself. */
  lists: Map<readonly unknown[], Template> | undefined;
}

/** An array that is being read, an argument or inside of one; its holes belong to `owner`. */
interface ListFrame {
  readonly kind: 'list';
  readonly owner: TaskFrame;
  readonly items: readonly unknown[];
  readonly first: 0;
  readonly out: unknown[];
}

const BUSY: unique symbol = Symbol('being read');
const valueOp: Op = { kind: 'value', name: 'value' };
const structureOp: Op = { kind: 'structure', name: 'array' };

const noDeps: readonly TaskNode[] = [];

class Reader {
  readonly #table: Table;
  /** The keys met so far: their nodes, or that they are being read. */
  readonly #known = new Map<string, TaskNode | typeof BUSY>();
  /** Tasks nested in others, by their arrays: one that is used twice runs once. */
  readonly #nested = new Map<unknown, TaskNode | typeof BUSY>();
  readonly #ops = new Map<AnyFunction, Op>();
  readonly #stack: (TaskFrame | ListFrame)[] = [];
  /** No delayed value has been met. */
  isClosed = true;

  constructor(table: Table) {
    this.#table = table;
  }

  /** The node of a requested key. */
  read(key: string): TaskNode {
    const known = this.#known.get(key);
    if (known !== undefined) return known as TaskNode;
    if (!this.#table.has(key)) throw this.#missing(key);
    this.#openKey(key);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) this.#advance(frame);
    return this.#known.get(key) as TaskNode;
  }

  /** Reads items until one has to be read first, or all are there. */
  #advance(frame: TaskFrame | ListFrame): void {
    const { items, out, first } = frame;
    const depth = this.#stack.length;
    while (first + out.length < items.length) {
      const part = this.#part(items[first + out.length], frame.kind === 'task' ? frame : frame.owner);
      if (this.#stack.length !== depth) return;
      out.push(part);
    }
    this.#stack.pop();
    if (frame.kind === 'task') this.#closeTask(frame);
    else this.#closeList(frame);
  }

  /** What stands in a template for one item; or, when that is not known yet, opens the frame that will tell. */
  #part(item: unknown, owner: TaskFrame): Template {
    if (typeof item === 'string') {
      const node = this.#known.get(item);
      if (node === BUSY) throw this.#cycle(item);
      if (node !== undefined) return holeAt(owner.deps.push(node) - 1);
      if (!this.#table.has(item)) return item;
      this.#openKey(item);
      const made = this.#known.get(item);
      return made === BUSY || made === undefined ? undefined : holeAt(owner.deps.push(made) - 1);
    }
    if (typeof item !== 'object' || item === null) return this.#capture(item, owner);
    if (item instanceof Literal) return item.value;
    if (!Array.isArray(item)) return this.#capture(item, owner);
    if (isTask(item)) {
      const node = this.#nested.get(item);
      if (node === BUSY) throw selfContaining(owner.root);
      if (node !== undefined) return holeAt(owner.deps.push(node) - 1);
      this.#nested.set(item, BUSY);
      return this.#openTask(undefined, owner.root, item);
    }
    owner.lists ??= new Map();
    if (owner.lists.has(item)) {
      const list = owner.lists.get(item);
      if (list === BUSY) throw selfContaining(owner.root);
      return list;
    }
    owner.lists.set(item, BUSY);
    this.#stack.push({ kind: 'list', owner, items: item, first: 0, out: [] });
    return undefined;
  }

  /** What is no part of the graph's own notation; delayed values in it bring tasks with keys of their own. */
  #capture(item: unknown, owner: TaskFrame): Template {
    const before = owner.deps.length;
    const part = capture(item, owner.deps);
    if (owner.deps.length > before) this.isClosed = false;
    return part;
  }

  #openKey(key: string): void {
    this.#known.set(key, BUSY);
    const source = this.#table.get(key);
    if (Array.isArray(source) && isTask(source)) this.#openTask(key, key, source);
    else this.#open(key, key, [source], 0, valueOp, noSettings);
  }

  #openTask(key: string | undefined, root: string, source: readonly unknown[]): void {
    const fn = source[0] as AnyFunction;
    const spec = specOf(fn);
    const run = spec?.fn ?? fn;
    let op = this.#ops.get(fn);
    if (op === undefined || key === undefined) {
      const name = spec?.op.name ?? (fn.name === '' ? 'anonymous' : fn.name);
      op = { kind: 'call', fn: run, name: key === undefined ? `${root}/${name}` : name };
      if (key !== undefined) this.#ops.set(fn, op);
    }
    const settings = spec?.settings ?? noSettings;
    if (key === undefined || !this.#makeFlat(key, source, op, settings)) this.#open(key, root, source, 1, op, settings);
  }

  /** The common case, without a frame: every argument is a plain value or a key that has been read. False if not so. */
  #makeFlat(key: string, source: readonly unknown[], op: Op, settings: TaskSettings): boolean {
    const args = new Array<unknown>(source.length - 1);
    let deps: TaskNode[] | undefined;
    for (let i = 1; i < source.length; i++) {
      const item = source[i];
      let part: Template = item;
      if (typeof item === 'string') {
        const node = this.#known.get(item);
        if (node === BUSY || (node === undefined && this.#table.has(item))) return false;
        if (node !== undefined) {
          deps ??= [];
          part = holeAt(deps.push(node) - 1);
        }
      } else if (typeof item === 'object' ? item !== null : typeof item === 'function') {
        return false;
      }
      args[i - 1] = part;
    }
    this.#known.set(key, new TaskNode(op, args, deps ?? noDeps, settings, key));
    return true;
  }

  #open(
    key: string | undefined,
    root: string,
    items: readonly unknown[],
    first: 0 | 1,
    op: Op,
    settings: TaskSettings,
  ): void {
    this.#stack.push({ kind: 'task', key, root, op, settings, items, first, out: [], deps: [], lists: undefined });
  }

  #closeTask(frame: TaskFrame): void {
    const { key, out, deps, settings } = frame;
    const op = frame.op === valueOp && out[0] instanceof Pattern ? structureOp : frame.op;
    const node = new TaskNode(op, out, deps, settings, key);
    if (key === undefined) {
      this.#nested.set(frame.items, node);
    } else {
      this.#known.set(key, node);
    }
  }

  /** An array in which nothing was replaced stands for itself. */
  #closeList(frame: ListFrame): void {
    const { items, out, owner } = frame;
    let same = true;
    let holds = false;
    for (let i = 0; i < items.length; i++) {
      const part = out[i];
      if (part instanceof Hole || part instanceof Pattern) holds = true;
      if (!Object.is(part, items[i])) same = false;
    }
    owner.lists?.set(items, holds ? new Pattern(out) : same ? items : out);
  }

  #missing(key: unknown): Error {
    if (typeof key !== 'string') return new ArgumentError(`get: a ${typeof key} is not a key; expected a string`);
    const candidates: string[] = [];
    for (const candidate of this.#table.keys()) {
      if (candidates.push(candidate) === 10_000) break;
    }
    const near = nearest(key, candidates);
    const advice =
      near === undefined ? `it has ${candidates.slice(0, 8).join(', ') || 'no keys'}` : `did you mean '${near}'?`;
    return new MissingKeyError(key, `get: key '${key}' is not in the graph; ${advice}`);
  }

  /** The keys from `key` to what is being read, which needs `key` again. */
  #cycle(key: string): CycleError {
    const keys = this.#stack.flatMap((frame) => (frame.kind === 'task' && frame.key !== undefined ? [frame.key] : []));
    return new CycleError([...keys.slice(keys.indexOf(key)), key]);
  }
}

/** An item of a delayed value is a function too, for the sake of methods, but it is a value. */
function isTask(array: readonly unknown[]): boolean {
  return typeof array[0] === 'function' && nodeOf(array[0]) === undefined;
}

function selfContaining(root: string): ArgumentError {
  return new ArgumentError(`get: an array in the task '${root}' contains itself; quote it with literal(array)`);
}
