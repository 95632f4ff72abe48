/**
 * What a JavaScript task returns may be, or contain, a view of the heap: of an input that is given back when its last
 * consumer ends. `detach` puts copies in place of such views. A view that came back from a thread has a buffer object
 * of its own over the same memory, so a heap is recognised by a secret it holds, not by identity.
 *
 * Arrays, plain objects, Maps and Sets with a view at some depth are copied, as templates are; in instances of classes
 * the properties are replaced in place, since nobody but the class can copy one. What only closures and private fields
 * can see stays: keep a copy there (`array.copy()`).
 */
import { randomFillSync } from 'node:crypto';
import { types } from 'node:util';
import { NDArray } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import { assemble, emptyLike, isCollection, itemsOf, spread } from '../graph/template.js';
import type { Heap } from './heap.js';

export class HeapMark {
  readonly #heap: Heap;
  readonly #address: number;
  readonly #secret: Uint8Array;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#address = heap.address(heap.allocateFixed(64));
    this.#secret = randomFillSync(new Uint8Array(32));
    new Uint8Array(heap.buffer, this.#address, 32).set(this.#secret);
  }

  /** Whether `buffer` is this heap's memory. */
  owns(buffer: ArrayBufferLike): boolean {
    if (buffer === this.#heap.buffer) return true;
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength < this.#address + 32) return false;
    const bytes = new Uint8Array(buffer, this.#address, 32);
    return this.#secret.every((byte, i) => bytes[i] === byte);
  }

  /**
   * `value` with copies of every heap view in it, or `value` itself when there is none. Keeps sharing and cycles. O(size
   * of its collections and objects), without recursion.
   *
   * @throws ArgumentError for what cannot be replaced: the heap's own buffer, and a view in a frozen instance.
   */
  detach(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const copies = new Map<object, object>();
    const copy = this.#copyOf(value, copies);
    if (copy !== undefined) return copy;
    const holders = this.#search(value, copies);
    if (holders === undefined) return value;
    for (const holder of holders) if (isCollection(holder)) copies.set(holder, emptyLike(holder));
    const replaced = (item: unknown): unknown => copies.get(item as object) ?? item;
    for (const holder of holders) {
      const target = copies.get(holder);
      if (target === undefined) replaceIn(holder, replaced);
      else assemble(target, holder, itemsOf(holder).map(replaced));
    }
    return replaced(value);
  }

  /** A copy of a heap view, one for each view; undefined for everything else. */
  #copyOf(value: object, copies: Map<object, object>): object | undefined {
    if (value instanceof SharedArrayBuffer) {
      if (!this.owns(value)) return undefined;
      throw new ArgumentError(
        "a task returned the memory that all arrays share ('.buffer' of an array it was given): return array.copy(), " +
          'or a slice() of its data',
      );
    }
    const view = value instanceof NDArray ? value.data : value;
    if (!ArrayBuffer.isView(view) || !this.owns(view.buffer)) return undefined;
    let copy = copies.get(value);
    if (copy === undefined) {
      copy = value instanceof NDArray ? value.copy() : copyView(view);
      copies.set(value, copy);
    }
    return copy;
  }

  /** Everything that holds a heap view at some depth; undefined when there is no view at all. */
  #search(root: object, copies: Map<object, object>): ReadonlySet<object> | undefined {
    const found = [root];
    const place = new Map([[root, 0]]);
    const holds: boolean[] = [];
    const inner: number[] = [];
    const outer: number[] = [];
    for (let i = 0; i < found.length; i++) {
      const items = contentsOf(found[i] as object);
      for (let k = 0; k < items.length; k++) {
        const item = items[k];
        if (typeof item !== 'object' || item === null) continue;
        if (this.#copyOf(item, copies) !== undefined) {
          holds[i] = true;
          continue;
        }
        let at = place.get(item);
        if (at === undefined) {
          at = found.push(item) - 1;
          place.set(item, at);
        }
        inner.push(at);
        outer.push(i);
      }
    }
    return copies.size === 0 ? undefined : spread(found, holds, inner, outer);
  }
}

function copyView(view: ArrayBufferView): object {
  if (view instanceof DataView) {
    return new DataView(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer);
  }
  // Not the method of the view's own class: a Buffer's shares its memory.
  return Uint8Array.prototype.slice.call(view);
}

const nothing: readonly unknown[] = [];

/** What is looked into: the items of a collection, the properties of an instance (no getter is called). */
function contentsOf(value: object): readonly unknown[] {
  if (isCollection(value)) return itemsOf(value);
  if (value instanceof NDArray || ArrayBuffer.isView(value) || types.isProxy(value)) return nothing;
  const properties = Object.keys(value).map((name) => Object.getOwnPropertyDescriptor(value, name)?.value as unknown);
  return value instanceof Map || value instanceof Set ? [...properties, ...itemsOf(value)] : properties;
}

/** Puts what `replaced` answers in the place of what an instance holds. */
function replaceIn(instance: object, replaced: (item: unknown) => unknown): void {
  for (const name of Object.keys(instance)) {
    const property = Object.getOwnPropertyDescriptor(instance, name) as PropertyDescriptor;
    const value = replaced(property.value);
    if (value === property.value) continue;
    if (!Reflect.defineProperty(instance, name, { ...property, value })) {
      throw new ArgumentError(
        `a task returned a frozen ${instance.constructor?.name ?? 'object'} whose '${name}' is an array that it was ` +
          'given: put a copy there (array.copy()), since the array itself lives only as long as it is needed',
      );
    }
  }
  if (instance instanceof Map) {
    const entries = [...instance];
    instance.clear();
    for (const [key, item] of entries) instance.set(replaced(key), replaced(item));
  } else if (instance instanceof Set) {
    const items = [...instance];
    instance.clear();
    for (const item of items) instance.add(replaced(item));
  }
}
