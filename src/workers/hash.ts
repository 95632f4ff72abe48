/**
 * Content hashes of parcels and of the values in them: equal content, equal hash, in this process and in the next.
 * Something that has no content to speak of (a unique symbol, a Blob) has no hash.
 */
import { createHash, type Hash } from 'node:crypto';
import { types } from 'node:util';
import type { Entry } from './shipment.js';

/** Shared memory counts by identity where two shipments are told apart, and by content where results are reused. */
export type SharedMemory = 'identity' | 'content';

const sharedIds = new WeakMap<object, number>();
let sharedCount = 0;

class Hasher {
  readonly #hash: Hash = createHash('sha256');
  readonly #shared: SharedMemory;
  #text = '';
  #seen: Map<object, number> | undefined;
  isComplete = true;

  constructor(shared: SharedMemory) {
    this.#shared = shared;
  }

  text(part: string): void {
    this.#text += `${part.length}:${part};`;
    if (this.#text.length > 65536) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#text);
    this.#text = '';
  }

  #bytes(buffer: ArrayBufferLike, offset: number, length: number): void {
    if (types.isSharedArrayBuffer(buffer)) {
      if (this.#shared === 'identity') {
        let id = sharedIds.get(buffer);
        if (id === undefined) {
          id = ++sharedCount;
          sharedIds.set(buffer, id);
        }
        this.text(`shared ${id} ${offset} ${length}`);
        return;
      }
      this.#flush();
      this.#hash.update(new Uint8Array(buffer, offset, length).slice());
      return;
    }
    this.#flush();
    this.#hash.update(new Uint8Array(buffer, offset, length));
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.text(`s${value}`);
        return;
      case 'number':
        this.text(Object.is(value, -0) ? 'n-0' : `n${value}`);
        return;
      case 'boolean':
      case 'undefined':
        this.text(String(value));
        return;
      case 'bigint':
        this.text(`b${value}`);
        return;
      case 'object':
        if (value === null) this.text('null');
        else this.#object(value);
        return;
      default:
        this.isComplete = false;
    }
  }

  #object(value: object): void {
    this.#seen ??= new Map();
    const before = this.#seen.get(value);
    if (before !== undefined) {
      this.text(`^${before}`);
      return;
    }
    this.#seen.set(value, this.#seen.size);
    if (ArrayBuffer.isView(value)) {
      this.text(`${value.constructor.name}${value.byteLength}`);
      this.#bytes(value.buffer, value.byteOffset, value.byteLength);
    } else if (Array.isArray(value)) {
      this.text(`[${value.length}`);
      for (const item of value) this.value(item);
    } else if (value instanceof Date) this.text(`d${value.getTime()}`);
    else if (value instanceof RegExp) this.text(`r${value}`);
    else if (value instanceof Map) {
      this.text(`m${value.size}`);
      for (const [key, item] of value) {
        this.value(key);
        this.value(item);
      }
    } else if (value instanceof Set) {
      this.text(`S${value.size}`);
      for (const item of value) this.value(item);
    } else if (types.isAnyArrayBuffer(value)) {
      this.text(`a${value.byteLength}`);
      this.#bytes(value, 0, value.byteLength);
    } else if (types.isBoxedPrimitive(value)) this.value((value as { valueOf(): unknown }).valueOf());
    else if (Object.prototype.toString.call(value) !== '[object Object]') this.isComplete = false;
    else {
      const keys = Object.keys(value);
      this.text(`{${keys.length}`);
      for (const key of keys) {
        this.text(key);
        this.value((value as Record<string, unknown>)[key]);
      }
    }
  }

  entry(entry: Entry): void {
    this.text(entry.kind);
    switch (entry.kind) {
      case 'data':
        this.value(entry.value);
        return;
      case 'buffer':
        this.value(entry.data);
        return;
      case 'symbol':
        if (!entry.registered) this.isComplete = false;
        this.text(entry.description ?? '');
        return;
      default:
        // What is left is plain data and references; tags differ from one process to the next.
        for (const [key, part] of Object.entries(entry)) {
          if (key === 'kind' || key === 'tag' || key === 'line' || key === 'column') continue;
          this.text(key);
          this.value(part);
        }
    }
  }

  digest(): string {
    this.#flush();
    return this.#hash.digest('base64url').slice(0, 27);
  }
}

/** The hash of a table of entries, or undefined when something in it has none. O(bytes). */
export function hashEntries(
  entries: readonly Entry[],
  shared: SharedMemory,
  extra: readonly string[],
): string | undefined {
  const hasher = new Hasher(shared);
  for (const text of extra) hasher.text(text);
  for (const entry of entries) hasher.entry(entry);
  return hasher.isComplete ? hasher.digest() : undefined;
}
