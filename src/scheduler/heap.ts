/**
 * A binary heap of integers under a key each, the largest key first; among equal keys the one pushed last, so that work
 * goes on where it is. Keys are fixed when pushed: who changes one pushes again and drops what comes out stale.
 */
export class MaxHeap {
  readonly #items: number[] = [];
  readonly #keys: number[] = [];
  readonly #serials: number[] = [];
  #serial = 0;

  get size(): number {
    return this.#items.length;
  }

  /** O(log n). */
  push(item: number, key: number): void {
    const items = this.#items;
    const keys = this.#keys;
    const serials = this.#serials;
    const serial = ++this.#serial;
    let at = items.length;
    items.push(item);
    keys.push(key);
    serials.push(serial);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if ((keys[up] as number) > key) break;
      items[at] = items[up] as number;
      keys[at] = keys[up] as number;
      serials[at] = serials[up] as number;
      at = up;
    }
    items[at] = item;
    keys[at] = key;
    serials[at] = serial;
  }

  /** The first item; -1 when there is none. */
  peek(): number {
    return this.#items[0] ?? -1;
  }

  /** The first item's key; -Infinity when there is none. */
  peekKey(): number {
    return this.#keys[0] ?? Number.NEGATIVE_INFINITY;
  }

  /** The items, the first one first, the others in no order. */
  items(): readonly number[] {
    return this.#items;
  }

  /** Takes the first item; -1 when there is none. O(log n). */
  pop(): number {
    const items = this.#items;
    const keys = this.#keys;
    const serials = this.#serials;
    const first = items[0] ?? -1;
    const item = items.pop();
    const key = keys.pop() as number;
    const serial = serials.pop() as number;
    const count = items.length;
    if (item === undefined || count === 0) return first;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      const right = child + 1;
      if (right < count && this.#isBefore(right, keys[child] as number, serials[child] as number)) child = right;
      if (!this.#isBefore(child, key, serial)) break;
      items[at] = items[child] as number;
      keys[at] = keys[child] as number;
      serials[at] = serials[child] as number;
      at = child;
    }
    items[at] = item;
    keys[at] = key;
    serials[at] = serial;
    return first;
  }

  #isBefore(at: number, key: number, serial: number): boolean {
    const other = this.#keys[at] as number;
    return other > key || (other === key && (this.#serials[at] as number) > serial);
  }
}
