/**
 * Buffers outside the heap: libraries take no shared memory, so inputs are copied to such and outputs from them. They
 * are kept for the next call, because fresh memory costs as much again as the copy (its pages are made when they are
 * first touched), up to a bound; the ones used longest ago go first.
 */
export class Staging {
  readonly #limit: number;
  readonly #free = new Map<number, ArrayBuffer[]>();
  #kept = 0;

  /** @param limit bytes that may be kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are kept. */
  get kept(): number {
    return this.#kept;
  }

  /** A buffer of so many bytes with anything in it. */
  take(bytes: number): ArrayBuffer {
    const known = this.#free.get(bytes)?.pop();
    if (known === undefined) return new ArrayBuffer(bytes);
    this.#kept -= bytes;
    return known;
  }

  give(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength;
    if (bytes === 0 || bytes > this.#limit) return;
    const list = this.#free.get(bytes) ?? [];
    list.push(buffer);
    // lengths in the order of their last use
    this.#free.delete(bytes);
    this.#free.set(bytes, list);
    this.#kept += bytes;
    for (const [length, buffers] of this.#free) {
      while (this.#kept > this.#limit && buffers.length > 0) {
        buffers.pop();
        this.#kept -= length;
      }
      if (buffers.length === 0) this.#free.delete(length);
      if (this.#kept <= this.#limit) return;
    }
  }
}
