/**
 * The task node, the one structure of a graph: what to run, an argument template with holes, and direct references
 * to the nodes that fill the holes. Making one is O(its own arguments); nothing is merged or copied, and a graph is
 * whatever is reachable from what is asked for.
 */
// biome-ignore lint/suspicious/noExplicitAny: the one place where "any function" is meant
export type AnyFunction = (...args: any[]) => unknown;

/** Static parameters of a kernel call: plain data, part of the task's key. What is computed is an argument instead. */
export type Params = Readonly<Record<string, number | string | boolean>>;

/** What a graph knows of a kernel: its name. Only devices look inside. */
export interface KernelLike {
  readonly name: string;
}

/** A hint of what a task costs; a function of the task's own (filled) arguments where it depends on them. */
export type CostHint = { readonly flops?: number; readonly bytes?: number; readonly seconds?: number };

/** Every delayed value answers this property with its TaskNode. */
export const NODE: unique symbol = Symbol('lazuli.node');

/** Per-task options, shared by every call of one delayed function. */
export interface TaskSettings {
  readonly device?: string | readonly string[];
  readonly cost?: CostHint | ((...args: never[]) => CostHint);
  readonly memory?: number;
  readonly retries?: number;
  readonly timeout?: number;
  readonly priority?: number;
  readonly nout?: number;
}

/** What a task runs. `args` below are the node's arguments with every hole filled. */
export type Op =
  /** fn(...args) */
  | { readonly kind: 'call'; readonly fn: AnyFunction; readonly name: string }
  /** args[0], as it is */
  | { readonly kind: 'value'; readonly name: string }
  /** args[0], rebuilt with its holes filled */
  | { readonly kind: 'structure'; readonly name: string }
  /** args[0][args[1]] */
  | { readonly kind: 'item'; readonly name: string }
  /** args[0][args[1]](...args.slice(2)) */
  | { readonly kind: 'method'; readonly name: string }
  /** a kernel on arrays; every argument is a hole; several outputs come as an array of arrays */
  | { readonly kind: 'kernel'; readonly name: string; readonly kernel: KernelLike; readonly params: Params };

/** A hole: stands for the result of `deps[index]`. */
export class Hole {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** A collection that has holes at some depth; `fill` rebuilds it. Collections without holes stand as they are. */
export class Pattern {
  readonly collection: unknown;

  constructor(collection: unknown) {
    this.collection = collection;
  }
}

let serials = 0;
/** The settings of a task without any. */
export const noSettings: TaskSettings = Object.freeze({});

export class TaskNode {
  readonly op: Op;
  /** Hole, Pattern, or a value as it is. */
  readonly args: readonly unknown[];
  readonly deps: readonly TaskNode[];
  readonly settings: TaskSettings;
  /** Counts up with every node made in this process. */
  readonly serial: number;
  /** An explicit, pure or raw key; undefined for `name-serial`. */
  readonly givenKey: string | undefined;
  /** Whether `givenKey` says all there is to say: same key, same task (pure tasks and kernels). */
  readonly isPure: boolean;

  /** Scratch fields of the walk (program.ts): the walk that saw this node last, and its place in that program. */
  mark = 0;
  place = -1;

  constructor(
    op: Op,
    args: readonly unknown[],
    deps: readonly TaskNode[],
    settings: TaskSettings = noSettings,
    givenKey?: string,
    isPure = false,
  ) {
    this.op = op;
    this.args = args;
    this.deps = deps;
    this.settings = settings;
    this.serial = ++serials;
    this.givenKey = givenKey;
    this.isPure = isPure;
  }

  get key(): string {
    return this.givenKey ?? `${this.op.name}-${this.serial}`;
  }

  /** What console.log shows. Node calls it on the target of a proxy, with the proxy as `this`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return nodeOf(this) === undefined ? `TaskNode(${this.key})` : `Delayed(${this.key})`;
  }
}

/** The task behind a delayed value (a `Delayed`, a lazy array), undefined for everything else. */
export function nodeOf(value: unknown): TaskNode | undefined {
  if (typeof value === 'object' ? value === null : typeof value !== 'function') return undefined;
  const node = (value as { readonly [NODE]?: unknown })[NODE];
  return node instanceof TaskNode ? node : undefined;
}
