/**
 * Templates: collections with holes where results go. `capture` finds the delayed values in an argument and puts
 * holes in their place, `fill` puts results into the holes. Arrays, plain objects, Maps and Sets are searched at any
 * depth; everything else (class instances, typed arrays, dates …) is a leaf. Neither recurses, so depth is bounded by
 * memory only; both keep sharing and cycles, and what contains no delayed value keeps its identity.
 */
import { types } from 'node:util';
import { Hole, nodeOf, Pattern, type TaskNode } from './node.js';

/** A template: a Hole, a Pattern, or a value that stands for itself. */
export type Template = unknown;

type Plain = Record<string, unknown>;

const holes = Array.from({ length: 64 }, (_, index) => new Hole(index));

/** The hole for `deps[index]`. Holes are immutable, so the first ones are shared. */
export function holeAt(index: number): Hole {
  return holes[index] ?? new Hole(index);
}

const lists: (readonly Hole[])[] = [];

/** Holes for the results of all of so many inputs, in order: one list for all tasks with few inputs. */
export function holesFor(count: number): readonly Hole[] {
  const known = lists[count];
  if (known !== undefined) return known;
  const made = Object.freeze(Array.from({ length: count }, (_, i) => holeAt(i)));
  if (count < 64) lists[count] = made;
  return made;
}

/** Whether delayed values inside `value` are looked for. */
export function isCollection(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Array.isArray(value)) return true;
  if (prototype === Map.prototype || prototype === Set.prototype) return true;
  return isForeignCollection(value, prototype as object);
}

/** Plain objects, Maps and Sets of another realm (a vm context), whose prototypes are not ours. */
function isForeignCollection(value: object, prototype: object): boolean {
  const base: unknown = Object.getPrototypeOf(prototype);
  if (base === null) return Object.hasOwn(prototype, 'isPrototypeOf');
  return Object.getPrototypeOf(base) === null && (types.isMap(value) || types.isSet(value));
}

/**
 * The template of `value`: delayed values become holes, their nodes are appended to `deps` from left to right.
 * A collection with delayed values inside is copied, one without is returned as it is. O(size of `value`).
 */
export function capture(value: unknown, deps: TaskNode[]): Template {
  if (typeof value === 'object' ? value === null : typeof value !== 'function') return value;
  const node = nodeOf(value);
  if (node !== undefined) return holeAt(deps.push(node) - 1);
  if (typeof value === 'function' || !isCollection(value as object)) return value;
  if (Array.isArray(value)) {
    const flat = captureFlat(value, deps);
    if (flat !== undefined) return flat;
  }
  const holders = holdersOf(value as object);
  return holders === undefined ? value : captureCollection(value as object, holders, deps);
}

/** The common case, an array without collections inside; undefined when there is one. */
function captureFlat(items: readonly unknown[], deps: TaskNode[]): Template {
  const first = deps.length;
  let out: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (typeof item === 'object' ? item !== null : typeof item === 'function') {
      const node = nodeOf(item);
      if (node !== undefined) {
        out ??= items.slice(0, i);
        out.push(holeAt(deps.push(node) - 1));
        continue;
      }
      if (typeof item === 'object' && isCollection(item as object)) {
        deps.length = first;
        return undefined;
      }
    }
    out?.push(item);
  }
  return out === undefined ? items : new Pattern(out);
}

/** What a collection contains, in order: for a Map its keys and values in turn. */
export function itemsOf(collection: object): readonly unknown[] {
  if (Array.isArray(collection)) return collection;
  if (types.isMap(collection)) return [...collection].flat();
  if (types.isSet(collection)) return [...collection];
  return Object.values(collection);
}

const nothing: ReadonlySet<object> = new Set();

/**
 * The collections within `root` that contain a delayed value at some depth, or undefined when there is no delayed
 * value at all. One search down over all collections, then one propagation up from those that hold a delayed value
 * directly, so cycles need no special case. `nothing` stands for “only the root”.
 */
function holdersOf(root: object): ReadonlySet<object> | undefined {
  const found: object[] = [root];
  const holds: boolean[] = [false];
  let place: Map<object, number> | undefined;
  const inner: number[] = [];
  const outer: number[] = [];
  let any = false;
  for (let i = 0; i < found.length; i++) {
    const items = itemsOf(found[i] as object);
    for (let k = 0; k < items.length; k++) {
      const item = items[k];
      if (typeof item === 'object' ? item === null : typeof item !== 'function') continue;
      if (nodeOf(item) !== undefined) {
        holds[i] = true;
        any = true;
        continue;
      }
      if (typeof item === 'function' || !isCollection(item as object)) continue;
      place ??= new Map([[root, 0]]);
      let j = place.get(item as object);
      if (j === undefined) {
        j = found.push(item as object) - 1;
        holds.push(false);
        place.set(item as object, j);
      }
      inner.push(j);
      outer.push(i);
    }
  }
  if (!any) return undefined;
  return place === undefined ? nothing : spread(found, holds, inner, outer);
}

/** Everything from which `holds` can be reached along the edges outer → inner. */
export function spread(
  found: readonly object[],
  holds: readonly boolean[],
  inner: readonly number[],
  outer: readonly number[],
): ReadonlySet<object> {
  const first = new Int32Array(found.length).fill(-1);
  const next = new Int32Array(inner.length);
  for (let e = 0; e < inner.length; e++) {
    next[e] = first[inner[e] as number] as number;
    first[inner[e] as number] = e;
  }
  const reached = new Set<object>();
  const work: number[] = [];
  for (let i = 0; i < found.length; i++) if (holds[i]) work.push(i);
  for (let i = work.pop(); i !== undefined; i = work.pop()) {
    if (reached.has(found[i] as object)) continue;
    reached.add(found[i] as object);
    for (let e = first[i] as number; e >= 0; e = next[e] as number) work.push(outer[e] as number);
  }
  return reached;
}

interface Frame {
  readonly source: object;
  readonly pattern: Pattern;
  readonly items: readonly unknown[];
  readonly out: unknown[];
}

function captureCollection(root: object, holders: ReadonlySet<object>, deps: TaskNode[]): Pattern {
  const patterns = new Map<object, Pattern>();
  const stack: Frame[] = [];
  const enter = (source: object): Pattern => {
    const pattern = new Pattern(emptyLike(source));
    patterns.set(source, pattern);
    stack.push({ source, pattern, items: itemsOf(source), out: [] });
    return pattern;
  };
  const result = enter(root);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { items, out } = frame;
    const depth = stack.length;
    while (out.length < items.length && stack.length === depth) {
      const item = items[out.length];
      const node = nodeOf(item);
      if (node !== undefined) out.push(holeAt(deps.push(node) - 1));
      else if (holders.has(item as object)) out.push(patterns.get(item as object) ?? enter(item as object));
      else out.push(item);
    }
    if (stack.length > depth) continue;
    stack.pop();
    assemble(frame.pattern.collection as object, frame.source, out);
  }
  return result;
}

/** The empty collection of the same kind. */
export function emptyLike(collection: object): object {
  if (Array.isArray(collection)) return [];
  if (types.isMap(collection)) return new Map();
  if (types.isSet(collection)) return new Set();
  return Object.getPrototypeOf(collection) === null ? Object.create(null) : {};
}

/** Puts `items`, in the order of `itemsOf(source)`, into `target`, an empty collection of the same kind. */
export function assemble(target: object, source: object, items: readonly unknown[]): void {
  if (Array.isArray(target)) {
    for (const item of items) target.push(item);
  } else if (target instanceof Map) {
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  } else if (target instanceof Set) {
    for (const item of items) target.add(item);
  } else {
    const keys = Object.keys(source);
    for (let i = 0; i < keys.length; i++) setOwn(target as Plain, keys[i] as string, items[i]);
    for (const symbol of Object.getOwnPropertySymbols(source)) {
      if (Object.prototype.propertyIsEnumerable.call(source, symbol)) {
        (target as Record<symbol, unknown>)[symbol] = (source as Record<symbol, unknown>)[symbol];
      }
    }
  }
}

/** `target[key] = value`, also for the key '__proto__', which an assignment would not create. */
function setOwn(target: Plain, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The value of a template with `results[i]` in place of hole i. O(size of its patterns); leaves are not looked into. */
export function fill(template: Template, results: ArrayLike<unknown>): unknown {
  if (template instanceof Hole) return results[template.index];
  if (!(template instanceof Pattern)) return template;
  const root = template.collection as object;
  if (Array.isArray(root)) {
    const flat = fillFlat(root, results);
    if (flat !== undefined) return flat;
  }
  return fillDeep(template, results);
}

/** The common case, an array of holes and values; undefined when there is a pattern inside. */
function fillFlat(items: readonly unknown[], results: ArrayLike<unknown>): unknown[] | undefined {
  const out = new Array<unknown>(items.length);
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item instanceof Pattern) return undefined;
    out[i] = item instanceof Hole ? results[item.index] : item;
  }
  return out;
}

function fillDeep(template: Pattern, results: ArrayLike<unknown>): unknown {
  const made = new Map<Pattern, object>();
  const work: Pattern[] = [];
  const make = (pattern: Pattern): object => {
    const known = made.get(pattern);
    if (known !== undefined) return known;
    const target = emptyLike(pattern.collection as object);
    made.set(pattern, target);
    work.push(pattern);
    return target;
  };
  const resolve = (item: unknown): unknown => {
    if (item instanceof Hole) return results[item.index];
    return item instanceof Pattern ? make(item) : item;
  };
  const result = make(template);
  for (let pattern = work.pop(); pattern !== undefined; pattern = work.pop()) {
    const source = pattern.collection as object;
    assemble(made.get(pattern) as object, source, itemsOf(source).map(resolve));
  }
  return result;
}

/** Whether two templates have the same holes and values in the same places. */
export function sameTemplate(a: Template, b: Template): boolean {
  const matched = new Map<Pattern, Set<Pattern>>();
  const work: [Template, Template][] = [[a, b]];
  for (let pair = work.pop(); pair !== undefined; pair = work.pop()) {
    const [one, other] = pair;
    if (one instanceof Hole && other instanceof Hole) {
      if (one.index !== other.index) return false;
    } else if (one instanceof Pattern && other instanceof Pattern) {
      const partners = matched.get(one) ?? new Set();
      if (partners.has(other)) continue;
      matched.set(one, partners.add(other));
      const left = itemsOf(one.collection as object);
      const right = itemsOf(other.collection as object);
      if (left.length !== right.length || !sameForm(one.collection as object, other.collection as object)) return false;
      for (let i = 0; i < left.length; i++) work.push([left[i], right[i]]);
    } else if (!Object.is(one, other)) {
      return false;
    }
  }
  return true;
}

/** Whether two collections are of one kind, with the same names where they have names. */
function sameForm(a: object, b: object): boolean {
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) || a instanceof Map || a instanceof Set) return true;
  const names = Object.keys(b);
  return Object.keys(a).every((name, i) => name === names[i]);
}
