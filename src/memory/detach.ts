/**
 * What a JavaScript task returns may be, or contain, a view of the heap: of an input that is given back when its last
 * consumer ends. `detach` puts copies in place of such views. A view that came back from a thread has a buffer object
 * of its own over the same memory, so a heap is recognised by a secret it holds, not by identity.
 */
import { randomFillSync } from 'node:crypto';
import type { TypedArray } from '../array/dtype.js';
import { NDArray } from '../array/ndarray.js';
import type { Heap } from './heap.js';

export class HeapMark {
  readonly #heap: Heap;
  readonly #address: number;
  readonly #secret: Uint8Array;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#address = heap.address(heap.allocate(64));
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

  /** `value` with copies of every heap view in it, or `value` itself when there is none. O(size of its collections). */
  detach(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? this.#detach(value, new Map()) : value;
  }

  #detach(value: object, seen: Map<object, unknown>): unknown {
    if (value instanceof NDArray) return this.owns(value.data.buffer) ? value.copy() : value;
    if (ArrayBuffer.isView(value)) {
      return this.owns(value.buffer) ? (value as TypedArray).slice() : value;
    }
    if (seen.has(value)) return seen.get(value);
    seen.set(value, value);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item: unknown = value[i];
        if (typeof item !== 'object' || item === null) continue;
        const detached = this.#detach(item, seen);
        if (detached !== item) return this.#copy(value, seen);
      }
      return value;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain =
      prototype === Object.prototype || prototype === null || value instanceof Map || value instanceof Set;
    if (!isPlain) return value;
    const items = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
    const touched = items.some(
      (item: unknown) => typeof item === 'object' && item !== null && this.#detach(item, seen) !== item,
    );
    return touched ? this.#copy(value, seen) : value;
  }

  #copy(value: object, seen: Map<object, unknown>): unknown {
    const inner = (item: unknown): unknown =>
      typeof item === 'object' && item !== null ? this.#detach(item, seen) : item;
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      seen.set(value, copy);
      for (const item of value) copy.push(inner(item));
      return copy;
    }
    if (value instanceof Map) {
      const copy = new Map<unknown, unknown>();
      seen.set(value, copy);
      for (const [key, item] of value) copy.set(inner(key), inner(item));
      return copy;
    }
    if (value instanceof Set) {
      const copy = new Set<unknown>();
      seen.set(value, copy);
      for (const item of value) copy.add(inner(item));
      return copy;
    }
    const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(value) as object | null) as Record<
      string,
      unknown
    >;
    seen.set(value, copy);
    for (const [key, item] of Object.entries(value)) copy[key] = inner(item);
    return copy;
  }
}
