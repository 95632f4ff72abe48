/**
 * The types of delayed values, functions and structures. Two rules keep them simple and quick to check:
 * - A parameter takes a `Pending<T>`, which is only the brand and what every delayed value has: covariant in T, and
 *   compared in one step. `Delayed<T>` adds the members of T, each delayed, for the one who holds it.
 * - Members are mapped over keys that are a parameter of their own, because a mapped type over `keyof T` itself is an
 *   array for an array and a string for a string.
 */
import type { RunOptions } from '../config.js';
import type { AnyFunction } from './node.js';
import type { TaskOptions, ValueOptions } from './task-options.js';

/** Exists for the compiler alone: which result a delayed value stands for. */
export declare const RESULT: unique symbol;

/** Options of `.compute()` and `.persist()`. */
export type ComputeOptions = RunOptions;

/** What a drawing needs of a run's record. */
export interface RunTasks {
  readonly tasks: readonly {
    readonly key: string;
    readonly device?: string;
    readonly thread?: number;
    readonly start?: number;
    readonly end?: number;
    readonly bytes?: number;
  }[];
}

/** Options of `.visualize()`. */
export interface VisualizeOptions {
  /** Write a file instead of answering the SVG text; the extension decides: `.svg`, `.png`, `.dot` or `.html`. */
  readonly filename?: string | undefined;
  /**
   * What colours mean. `'function'` (the default), `'kind'` and `'order'` follow from the graph; `'device'`,
   * `'thread'`, `'time'` and `'memory'` from the records of a run. `'none'`: no colours.
   */
  readonly color?: 'function' | 'kind' | 'order' | 'device' | 'thread' | 'time' | 'memory' | 'none' | undefined;
  /**
   * `'auto'` (the default) draws every task of a small graph, and of a larger one as much as stays readable, tasks in
   * the same role sharing a box marked `×n`. `true`: one box for each role. `false`: every task, up to 2,000.
   */
  readonly group?: 'auto' | boolean | undefined;
  /** Where results flow. Default `'down'`. */
  readonly direction?: 'down' | 'right' | 'up' | 'left' | undefined;
  /** The run whose records colour the picture; by default the last run of the runtime that draws. */
  readonly run?: RunTasks | undefined;
  /** Pixels per point of a `.png`; default 2, less where the picture would exceed 16,384 pixels a side. */
  readonly scale?: number | undefined;
}

/** What every delayed value of a T has, whatever T is. */
export interface Pending<out T> {
  readonly [RESULT]: T;
  /** The key of its task. */
  readonly key: string;
  /** Runs what is needed and gives the result. */
  compute(options?: ComputeOptions): Promise<T>;
  /** A drawing of the graph: SVG text, or the path of the file that was asked for. */
  visualize(options?: VisualizeOptions): Promise<string>;
  /** Never thenable: `await` gives the delayed value itself. */
  readonly then?: never;
}

/** What every delayed value has and what depends on the members of T, so that it is not covariant in T. */
interface Access<T> {
  /** The same value, backed by a result that stays where it is until it is released. */
  persist(options?: ComputeOptions): Promise<PersistedDelayed<T>>;
  /** Property `name` of the value, also one whose name collides with those here. */
  get<const K extends PropertyKey>(name: K): Delayed<Property<T, K>>;
  /** A method call on the value, as one task, also for a name that collides with those here. */
  call<const K extends PropertyKey>(method: K, ...args: ArgsOf<Property<T, K>>): Delayed<ResultOf<Property<T, K>>>;
}

/** A value that does not exist yet: `Pending<T>`, and every property, index and method of T, delayed. */
export type Delayed<T> = Pending<T> & Access<T> & Members<T>;

/** A delayed value whose result stays where it is. */
export type PersistedDelayed<T> = Delayed<T> & {
  /** Gives the result up; computing with it afterwards is a ReleasedError. */
  release(): void;
  [Symbol.dispose](): void;
};

/** A delayed value that can be destructured: the result of a task with `nout`. */
export type DelayedOutputs<T> = Delayed<T> &
  (T extends readonly unknown[]
    ? { readonly [I in keyof T]: Delayed<T[I]> }
    : { [Symbol.iterator](): IterableIterator<Delayed<ItemOf<T>>> });

/** A delayed function: `(...args: A) => R` with delayed arguments allowed and a delayed result. */
export type Task<A extends readonly unknown[], R, N extends number | undefined = undefined> = DelayedTask<
  (...args: A) => R,
  N
>;

/** The delayed form of a function type, up to four overloads of it. Of a generic function use an instantiation: `delayed(identity<number>)`. */
export type DelayedTask<F, N extends number | undefined = undefined> = Calls<F, N> & {
  /** The same function with other options; those not named stay. */
  with<M extends number | undefined = N>(options: OptionsFor<F, M>): DelayedTask<F, M>;
};

/** What a parameter of type T takes: the value, a delayed one, or a collection with delayed values inside. */
export type Arg<T> = IsAny<T> extends true ? T : T | Pending<T> | Parts<T>;

/** What `compute` makes of a structure: the same, with results in place of delayed values. */
export type Computed<T> =
  IsAny<T> extends true
    ? T
    : T extends Pending<infer R>
      ? R
      : T extends Leaf
        ? T
        : T extends ReadonlyMap<infer K, infer V>
          ? Map<Computed<K>, Computed<V>>
          : T extends ReadonlySet<infer V>
            ? Set<Computed<V>>
            : { [K in keyof T]: Computed<T[K]> };

/** What `persist` makes of a structure. */
export type Persisted<T> =
  IsAny<T> extends true
    ? T
    : T extends { persist(options?: ComputeOptions): Promise<infer P> }
      ? P
      : T extends Leaf
        ? T
        : T extends ReadonlyMap<infer K, infer V>
          ? Map<Persisted<K>, Persisted<V>>
          : T extends ReadonlySet<infer V>
            ? Set<Persisted<V>>
            : { [K in keyof T]: Persisted<T[K]> };

/** The functions among the exports of a module, delayed. */
export type DelayedModule<M> = {
  readonly [K in keyof M as M[K] extends AnyFunction ? K : never]: DelayedTask<M[K]>;
};

/** The type of `delayed`. */
export interface DelayedApi {
  /** A delayed function again, with other options. */
  <F, N extends number | undefined, M extends number | undefined = N>(
    task: DelayedTask<F, N> & { with: AnyFunction },
    options?: OptionsFor<F, M>,
  ): DelayedTask<F, M>;
  <F extends AnyFunction, N extends number | undefined = undefined>(
    fn: F,
    options?: OptionsFor<F, N>,
  ): DelayedTask<F, N>;
  <T>(value: T extends AnyFunction ? never : T, options?: ValueOptions): Delayed<Computed<T>>;
  /**
   * The functions of a module, delayed and sent to threads by name: without looking into closures, also in bundles.
   *
   * @example
   * const { load } = delayed.module<typeof import('./files.js')>(new URL('./files.js', import.meta.url));
   */
  module<M extends object = Readonly<Record<string, AnyFunction>>>(
    url: string | URL,
    options?: TaskOptions,
  ): DelayedModule<M>;
}

type IsAny<T> = 0 extends 1 & T ? true : false;

type OptionsFor<F, N extends number | undefined> = TaskOptions<
  F extends (...args: infer A extends Params) => unknown ? A : never[]
> & {
  readonly nout?: N;
};

/** What has nothing inside that delayed values are looked for in. */
type Leaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | AnyFunction
  | ArrayBufferView
  | ArrayBufferLike
  | Date
  | RegExp
  | URL
  | Error
  | PromiseLike<unknown>
  | { readonly dtype: unknown; readonly shape: readonly number[] };

type Parts<T> = T extends Leaf
  ? never
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<Arg<K>, Arg<V>>
    : T extends ReadonlySet<infer V>
      ? ReadonlySet<Arg<V>>
      : T extends object
        ? { readonly [K in keyof T]: Arg<T[K]> }
        : never;

type Params = readonly unknown[];
type Args<A extends Params> = { [I in keyof A]: Arg<A[I]> };
type ArgsOf<F> = F extends (...args: infer A extends Params) => unknown ? Args<A> : unknown[];
type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : unknown;

type Call<A extends readonly unknown[], R, N> = (
  ...args: Args<A>
) => N extends number ? DelayedOutputs<Awaited<R>> : Delayed<Awaited<R>>;

/**
 * The overloads of F in order. A function with fewer signatures than a pattern fills the first ones with unknown, and
 * mostly does not match it then; where it does (it has no parameters, say), OverloadCall drops those again.
 */
type Calls<F, N> = F extends {
  (...args: infer A1 extends Params): infer R1;
  (...args: infer A2 extends Params): infer R2;
  (...args: infer A3 extends Params): infer R3;
  (...args: infer A4 extends Params): infer R4;
}
  ? OverloadCall<A1, R1, N> & OverloadCall<A2, R2, N> & OverloadCall<A3, R3, N> & Call<A4, R4, N>
  : F extends {
        (...args: infer A1 extends Params): infer R1;
        (...args: infer A2 extends Params): infer R2;
        (...args: infer A3 extends Params): infer R3;
      }
    ? OverloadCall<A1, R1, N> & OverloadCall<A2, R2, N> & Call<A3, R3, N>
    : F extends { (...args: infer A1 extends Params): infer R1; (...args: infer A2 extends Params): infer R2 }
      ? OverloadCall<A1, R1, N> & Call<A2, R2, N>
      : F extends (...args: infer A extends Params) => infer R
        ? Call<A, R, N>
        : never;

type OverloadCall<A extends readonly unknown[], R, N> = unknown[] extends A
  ? unknown extends R
    ? unknown
    : Call<A, R, N>
  : Call<A, R, N>;

type ItemOf<T> = T extends { readonly [index: number]: infer E } ? E : unknown;

type Property<T, K> =
  IsAny<T> extends true
    ? T
    : K extends keyof T
      ? T[K]
      : K extends number
        ? `${K}` extends keyof T
          ? T[`${K}`]
          : unknown
        : unknown;

type Reserved = Exclude<keyof Pending<unknown>, symbol> | keyof Access<unknown> | 'toJSON' | 'constructor';

/** The members of T, delayed: of `any` every one, of a union those that all have. */
type Members<T> = [T] extends [never]
  ? unknown
  : IsAny<T> extends true
    ? { readonly [name: string]: T }
    : T extends readonly unknown[]
      ? Mapped<T, Exclude<keyof T, keyof ArrayMethods<unknown>>> & ArrayMethods<T[number]> & FirstItems<T>
      : Mapped<T, keyof T>;

type Mapped<T, K extends keyof T> = {
  readonly [P in K as Exclude<P, Reserved | symbol>]-?: Member<T[P] | Missing<T, P>>;
};

/** What reading P gives beyond its type: undefined where it is optional. */
type Missing<T, P extends PropertyKey> = T extends { readonly [Q in P]: unknown } ? never : undefined;

type Member<V> =
  IsAny<V> extends true ? Delayed<V> : [V] extends [AnyFunction] ? Pending<V> & Calls<V, undefined> : Delayed<V>;

/** The first items of an array by name, so that `pairs[1]` is no `Delayed | undefined` under noUncheckedIndexedAccess. */
type FirstItems<T extends readonly unknown[]> = number extends T['length']
  ? { readonly [K in '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9']: Delayed<T[number]> }
  : unknown;

/** The generic methods of arrays; mapping would lose what their callbacks return. */
interface ArrayMethods<E> {
  map<U>(callback: (item: E, index: number, array: E[]) => U): Delayed<U[]>;
  flatMap<U>(callback: (item: E, index: number, array: E[]) => U | readonly U[]): Delayed<U[]>;
  filter<S extends E>(predicate: (item: E, index: number, array: E[]) => item is S): Delayed<S[]>;
  filter(predicate: (item: E, index: number, array: E[]) => unknown): Delayed<E[]>;
  reduce<U>(callback: (sum: U, item: E, index: number, array: E[]) => U, initial: Arg<U>): Delayed<U>;
  reduce(callback: (sum: E, item: E, index: number, array: E[]) => E): Delayed<E>;
}
