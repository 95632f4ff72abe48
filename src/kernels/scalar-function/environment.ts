/**
 * Names and values while a scalar function is translated. A scope says which variable a name means; an environment says
 * which value a variable has at the place that is being translated, and lacks those that may have none there.
 *
 * Control flow is a completion: how statements end, in the cases that exclude one another and cover all: by reaching
 * their end, by `return`, by `break` or `continue` of some loop. Each case has the condition under which it occurs and
 * the values that hold then. Where ways meet, values are chosen with `where`: nothing is ever jumped over.
 */
import type { Emitter, Value } from './emitter.js';
import type { FunctionNode, Source } from './source.js';

/** What a captured name stands for. */
export type Captured =
  | { readonly kind: 'constant'; readonly value: number | boolean }
  | { readonly kind: 'function'; readonly source: string; readonly resolve: Resolve }
  /** Something else; `what` it is, for the message. */
  | { readonly kind: 'other'; readonly what: string };

/** Looks a name up outside of the function, or a property of what has that name; undefined where there is none. */
export type Resolve = (name: string, member?: string) => Captured | undefined;

/** A function text and its surroundings. */
export interface Unit {
  readonly source: Source;
  readonly resolve: Resolve;
}

/** A function that can be called: it is translated at every call. */
export interface Closure {
  readonly node: FunctionNode;
  readonly scope: Scope | undefined;
  readonly unit: Unit;
}

export class Variable {
  readonly name: string;
  readonly isConst: boolean;
  /** For names of functions. */
  closure: Closure | undefined;

  constructor(name: string, isConst: boolean) {
    this.name = name;
    this.isConst = isConst;
  }
}

export class Scope {
  readonly #names = new Map<string, Variable>();
  readonly #parent: Scope | undefined;

  constructor(parent: Scope | undefined) {
    this.#parent = parent;
  }

  declare(name: string, isConst: boolean): Variable {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const variable = new Variable(name, isConst);
    this.#names.set(name, variable);
    return variable;
  }

  find(name: string): Variable | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }
}

export type Environment = Map<Variable, Value>;

/** The values where `condition ? a : b` was taken; a variable that lacks a value in one of them lacks it. */
export function mergeEnvironments(emitter: Emitter, condition: Value, a: Environment, b: Environment): Environment {
  if (condition.constant !== undefined) return condition.constant === 1 ? a : b;
  const merged: Environment = new Map();
  for (const [variable, value] of a) {
    const other = b.get(variable);
    if (other !== undefined) merged.set(variable, emitter.select(condition, value, other));
  }
  return merged;
}

/** One way in which statements end. */
export interface Exit {
  readonly when: Value;
  readonly environment: Environment;
  /** Of `return`. */
  readonly value?: Value;
}

/** 'normal', 'return', or 'break' and 'continue' with the number of their loop. */
export type Way = 'normal' | 'return' | `break ${number}` | `continue ${number}`;
export type Completion = ReadonlyMap<Way, Exit>;

function mergeExits(emitter: Emitter, when: Value, condition: Value, a: Exit, b: Exit): Exit {
  const environment = mergeEnvironments(emitter, condition, a.environment, b.environment);
  if (a.value === undefined || b.value === undefined) return { when, environment };
  return { when, environment, value: emitter.select(condition, a.value, b.value) };
}

/** A way that is the only one is taken always; one that is never taken is none. */
function settled(emitter: Emitter, exits: Map<Way, Exit>): Completion {
  for (const [way, exit] of exits) if (exit.when.constant === 0) exits.delete(way);
  const [only] = exits;
  if (exits.size === 1 && only !== undefined) exits.set(only[0], { ...only[1], when: emitter.isTrue });
  return exits;
}

/** `condition ? a : b` */
export function choose(emitter: Emitter, condition: Value, a: Completion, b: Completion): Completion {
  const exits = new Map<Way, Exit>();
  for (const way of new Set([...a.keys(), ...b.keys()])) {
    const [first, second] = [a.get(way), b.get(way)];
    if (first !== undefined && second !== undefined) {
      const when = emitter.select(condition, first.when, second.when);
      exits.set(way, mergeExits(emitter, when, condition, first, second));
    } else if (first !== undefined) {
      exits.set(way, { ...first, when: emitter.and(condition, first.when) });
    } else if (second !== undefined) {
      exits.set(way, { ...second, when: emitter.and(emitter.not(condition), second.when) });
    }
  }
  return settled(emitter, exits);
}

/** `first`, and where that reaches its end, `second`. */
export function sequence(emitter: Emitter, first: Completion, second: Completion): Completion {
  const normal = first.get('normal');
  if (normal === undefined) return first;
  const exits = new Map(first);
  exits.delete('normal');
  for (const [way, exit] of second) {
    const when = emitter.and(normal.when, exit.when);
    const before = exits.get(way);
    if (before === undefined) exits.set(way, { ...exit, when });
    else exits.set(way, mergeExits(emitter, emitter.or(before.when, when), before.when, before, exit));
  }
  return settled(emitter, exits);
}

/** The completion in which `way` counts as having reached the end. */
export function absorb(emitter: Emitter, completion: Completion, way: Way): Completion {
  const exit = completion.get(way);
  if (exit === undefined) return completion;
  const exits = new Map(completion);
  exits.delete(way);
  const normal = exits.get('normal');
  const merged =
    normal === undefined ? exit : mergeExits(emitter, emitter.or(exit.when, normal.when), exit.when, exit, normal);
  exits.set('normal', { when: merged.when, environment: merged.environment });
  return settled(emitter, exits);
}
