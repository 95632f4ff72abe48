/**
 * `delayed`: a function becomes one whose calls make tasks, a value becomes a delayed value. Calling does no work and
 * is O(its own arguments): delayed values among the arguments become holes with a direct reference to their task, and
 * collections that contain some are copied, so that what happens to them later does not change the task.
 */
import { ArgumentError } from '../errors.js';
import { type AnyFunction, nodeOf, noSettings, type Op, Pattern, TaskNode, type TaskSettings } from './node.js';
import { isDelayed as isProxy, wrapPersisted as persistedOf, wrap as proxyOf } from './proxy.js';
import { functionHash, pureKey } from './pure-key.js';
import { reference } from './reference.js';
import { checkTaskOptions, settingsOf, type TaskOptions, type ValueOptions } from './task-options.js';
import { capture } from './template.js';
import type { Delayed, DelayedApi, PersistedDelayed } from './types.js';

/** What a delayed function knows of itself, under the property TASK. */
export interface TaskSpec {
  readonly fn: AnyFunction;
  readonly op: Op;
  readonly settings: TaskSettings;
  readonly key: string | undefined;
  readonly pure: boolean;
  /** The options as given, for `.with`. */
  readonly options: TaskOptions;
}

/** Every delayed function answers this property with its TaskSpec. */
export const TASK: unique symbol = Symbol('lazuli.task');

/** What a delayed function runs, undefined for everything else. */
export function specOf(value: unknown): TaskSpec | undefined {
  return typeof value === 'function' ? (value as { readonly [TASK]?: TaskSpec })[TASK] : undefined;
}

/** The delayed value of a node. */
export function wrap<T>(node: TaskNode): Delayed<T> {
  return proxyOf(node) as Delayed<T>;
}

/** The delayed value of a node whose result stays where it is until `release` is called. */
export function wrapPersisted<T>(node: TaskNode, release: () => void): PersistedDelayed<T> {
  return persistedOf(node, release) as PersistedDelayed<T>;
}

/** Whether `value` is a delayed value: made by `delayed`, or a lazy array. */
export function isDelayed(value: unknown): value is Delayed<unknown> {
  return isProxy(value);
}

function makeSpec(fn: AnyFunction, options: TaskOptions): TaskSpec {
  const name = options.name ?? (fn.name === '' ? 'anonymous' : fn.name);
  const pure = options.pure === true && options.key === undefined;
  return {
    fn,
    op: { kind: 'call', fn, name },
    settings: settingsOf(options) ?? noSettings,
    key: options.key,
    pure,
    options,
  };
}

/** The node of one call. `args` must be an array of the call's own: holes are put into it. */
export function callNode(spec: TaskSpec, args: unknown[]): TaskNode {
  const key = spec.pure ? pureKey(spec.op.name, [functionHash(spec.fn), args]) : undefined;
  const deps: TaskNode[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === 'object' || typeof arg === 'function') args[i] = capture(arg, deps);
  }
  return new TaskNode(spec.op, args, deps, spec.settings, key ?? spec.key, key !== undefined);
}

function makeTask(spec: TaskSpec): AnyFunction {
  const task = (...args: unknown[]): object => proxyOf(callNode(spec, args));
  return Object.assign(task, {
    [TASK]: spec,
    with: (options: TaskOptions = {}): AnyFunction => {
      checkTaskOptions(options, `${spec.op.name}.with`, false);
      return makeTask(makeSpec(spec.fn, { ...spec.options, ...options }));
    },
  });
}

function delayedFunction(fn: AnyFunction, options: TaskOptions | undefined): AnyFunction {
  if (options !== undefined) checkTaskOptions(options, 'delayed', false);
  const given = specOf(fn);
  if (given !== undefined) return makeTask(makeSpec(given.fn, { ...given.options, ...options }));
  if (isClass(fn)) {
    throw new ArgumentError(
      `delayed: ${fn.name} is a class; delay a function that makes one: delayed((...args) => new ${fn.name}(...args))`,
    );
  }
  return makeTask(makeSpec(fn, options ?? {}));
}

/** Classes written as such; built-in constructors such as Number may be called. */
function isClass(fn: AnyFunction): boolean {
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype');
  return prototype?.writable === false && Function.prototype.toString.call(fn).startsWith('class');
}

function delayedValue(value: unknown, options: ValueOptions | undefined): object {
  if (options === undefined) {
    if (nodeOf(value) !== undefined) return value as object;
  } else {
    checkTaskOptions(options, 'delayed', true);
  }
  const { name, key, pure, traverse } = options ?? {};
  const deps: TaskNode[] = [];
  const template = traverse === false ? value : capture(value, deps);
  const op: Op = { kind: template instanceof Pattern ? 'structure' : 'value', name: name ?? kindOf(value) };
  const hashed = pure === true && key === undefined ? pureKey(op.name, [value, traverse === false]) : undefined;
  const settings = (options && settingsOf(options)) ?? noSettings;
  return proxyOf(new TaskNode(op, [template], deps, settings, hashed ?? key, hashed !== undefined));
}

/** What a value is called in its key. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' && nodeOf(value) === undefined ? 'object' : 'value';
}

/** Properties that asking for must not make a function of: `await delayed.module(url)` and printing are fine. */
const notExports = new Set(['then', 'toJSON', 'constructor', 'asymmetricMatch', '$$typeof', 'nodeType']);

function delayedModule(url: string | URL, options: TaskOptions = {}): object {
  checkTaskOptions(options, 'delayed.module', false);
  const made = new Map<string, AnyFunction>();
  reference({ url, export: 'default' }); // a relative URL is an error here, not at the first use
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name === 'symbol' || notExports.has(name)) return undefined;
      let task = made.get(name);
      if (task === undefined) {
        task = makeTask(makeSpec(reference({ url, export: name }), options));
        made.set(name, task);
      }
      return task;
    },
  });
}

/**
 * Delays a function or a value.
 *
 * `delayed(fn, options?)` gives a function with the same parameters, each of which may be the value, a delayed one,
 * or arrays, plain objects, Maps and Sets that contain delayed values at any depth. Calling it does no work and gives
 * a delayed value. `.with(options)` gives the same function with other options.
 *
 * `delayed(value, options?)` wraps a value; delayed values inside it are found, unless `traverse` is false.
 *
 * `delayed.module(url)` gives the functions that a module exports, each delayed and sent to threads by its name.
 *
 * @throws OptionError for an option that does not exist or cannot have that value; ArgumentError for a class.
 * @example
 * const add = delayed((a: number, b: number) => a + b);
 * const sum = add(add(1, 2), 3);
 * await sum.compute(); // 6
 */
export const delayed: DelayedApi = Object.assign(
  (target: unknown, options?: ValueOptions): unknown =>
    typeof target === 'function' && nodeOf(target) === undefined
      ? delayedFunction(target as AnyFunction, options)
      : delayedValue(target, options),
  { module: delayedModule },
) as unknown as DelayedApi;
