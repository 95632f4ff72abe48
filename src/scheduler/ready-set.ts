/**
 * The ready set: tasks that may start, taken in an order given once. A bitset over the places in that order, with summary
 * levels above it, so that adding and taking the first are O(log₃₂ n), at most four words for a million tasks, whatever
 * the number of tasks in it.
 */

/** The tasks, first to last, and the place of each. */
export interface RunOrder {
  readonly order: Int32Array;
  readonly position: Int32Array;
}

export class ReadySet {
  readonly #levels: readonly Int32Array[];
  readonly #order: RunOrder | undefined;
  #size = 0;

  /** @param order default: by number */
  constructor(capacity: number, order?: RunOrder) {
    this.#order = order;
    const levels: Int32Array[] = [];
    let words = capacity;
    do {
      words = Math.max(1, Math.ceil(words / 32));
      levels.push(new Int32Array(words));
    } while (words > 1);
    this.#levels = levels;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a task that is not in the set. */
  add(task: number): void {
    this.#size++;
    for (let level = 0, at = this.#place(task); level < this.#levels.length; level++) {
      const words = this.#levels[level] as Int32Array;
      const word = at >>> 5;
      const before = words[word] as number;
      words[word] = before | (1 << (at & 31));
      // Above a word that had a bit, every summary bit is there already.
      if (before !== 0) return;
      at = word;
    }
  }

  /** The first task, left in the set; -1 when it is empty. */
  first(): number {
    return this.#size === 0 ? -1 : this.#firstBelow(this.#levels.length - 1, 0);
  }

  /** The first task in the set after another one, which may be in it or not; -1 when there is none. */
  after(task: number): number {
    for (let level = 0, at = this.#place(task); level < this.#levels.length; level++) {
      const word = at >>> 5;
      const rest = (at & 31) === 31 ? 0 : ((this.#levels[level] as Int32Array)[word] as number) & (-2 << (at & 31));
      if (rest !== 0) {
        const found = word * 32 + 31 - Math.clz32(rest & -rest);
        return level === 0 ? this.#task(found) : this.#firstBelow(level - 1, found);
      }
      at = word;
    }
    return -1;
  }

  has(task: number): boolean {
    const place = this.#place(task);
    return (((this.#levels[0] as Int32Array)[place >>> 5] as number) & (1 << (place & 31))) !== 0;
  }

  /** The first task below a word of a level that has bits. */
  #firstBelow(top: number, word: number): number {
    let at = word;
    for (let level = top; level >= 0; level--) {
      const bits = (this.#levels[level] as Int32Array)[at] as number;
      at = at * 32 + 31 - Math.clz32(bits & -bits);
    }
    return this.#task(at);
  }

  #place(task: number): number {
    return this.#order === undefined ? task : (this.#order.position[task] as number);
  }

  #task(place: number): number {
    return this.#order === undefined ? place : (this.#order.order[place] as number);
  }

  /** Takes a task that is in the set out of it. */
  remove(task: number): void {
    this.#size--;
    for (let level = 0, at = this.#place(task); level < this.#levels.length; level++) {
      const words = this.#levels[level] as Int32Array;
      const word = at >>> 5;
      const after = (words[word] as number) & ~(1 << (at & 31));
      words[word] = after;
      if (after !== 0) return;
      at = word;
    }
  }

  /** Takes the first task out; -1 when the set is empty. */
  takeFirst(): number {
    const task = this.first();
    if (task >= 0) this.remove(task);
    return task;
  }
}
