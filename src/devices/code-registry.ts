/**
 * The generated code that the kernels of one engine, or of the main thread, have asked for: one place in the function
 * table and one copy of the bytes on the heap for each key. Places and numbers are handed out here; threads compile
 * what they meet (workers/code-table.ts). What was not used for longest gives its place to new code, unless a call that
 * is in flight needs it, so a process that makes ever new shapes does not fill its memory with them.
 */
import type { GeneratedCode } from '../kernels/contract.js';
import type { Block, Heap } from '../memory/heap.js';
import { type CodePlace, FIRST_CODE } from '../workers/team.js';

/** Codes that are kept, unless more than that are in use. */
const MAX_CODES = 1024;

interface Entry extends CodePlace {
  readonly key: string;
  readonly block: Block;
  /** Calls in flight. */
  users: number;
}

export class CodeRegistry {
  readonly #heap: Heap;
  readonly #limit: number;
  /** The one used last is the last. */
  readonly #entries = new Map<string, Entry>();
  #nextId = FIRST_CODE;
  #places = 0;

  constructor(heap: Heap, limit = MAX_CODES) {
    this.#heap = heap;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Where the code is, until `release`. @throws HeapExhaustedError */
  take(code: GeneratedCode): CodePlace {
    const { key } = code;
    let entry = this.#entries.get(key);
    if (entry === undefined) entry = this.#add(code);
    else this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    return entry;
  }

  /** To be called once for every `take`. */
  release(place: CodePlace): void {
    (place as Entry).users--;
  }

  /** Gives the memory back: nothing is in flight any more. */
  dispose(): void {
    for (const { block } of this.#entries.values()) this.#heap.free(block);
    this.#entries.clear();
  }

  #add(code: GeneratedCode): Entry {
    const bytes = code.bytes();
    const block = this.#heap.allocateFixed(bytes.length);
    const address = this.#heap.address(block);
    new Uint8Array(this.#heap.buffer, address, bytes.length).set(bytes);
    const index = this.#entries.size < this.#limit ? this.#places++ : (this.#evict() ?? this.#places++);
    return { key: code.key, id: this.#nextId++, index, address, bytes: bytes.length, block, users: 0 };
  }

  /** The place of the code that was not used for longest. */
  #evict(): number | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.users > 0) continue;
      this.#entries.delete(entry.key);
      this.#heap.free(entry.block);
      return entry.index;
    }
    return undefined;
  }
}
