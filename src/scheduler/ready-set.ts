/**
 * The ready set: tasks that may start, taken in the program's order. A bitset with summary levels above it, so that
 * adding and taking the first are O(log₃₂ n), at most four words for a million tasks, whatever the number of tasks in it.
 */
export class ReadySet {
  readonly #levels: readonly Int32Array[];
  #size = 0;

  constructor(capacity: number) {
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
    for (let level = 0, at = task; level < this.#levels.length; level++) {
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
    if (this.#size === 0) return -1;
    let at = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const bits = (this.#levels[level] as Int32Array)[at] as number;
      at = at * 32 + 31 - Math.clz32(bits & -bits);
    }
    return at;
  }

  /** Takes a task that is in the set out of it. */
  remove(task: number): void {
    this.#size--;
    for (let level = 0, at = task; level < this.#levels.length; level++) {
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
