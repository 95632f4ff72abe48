/**
 * Numbers of which any run can be raised, and the most of any run asked for: a segment tree whose raises stay on the
 * way (no pushing down), so both are O(log n) loops over two arrays.
 */
export class RangeMax {
  readonly #half: number;
  /** The most below each node, its own raise included. */
  readonly #most: Float64Array;
  readonly #raise: Float64Array;

  constructor(values: Float64Array) {
    let half = 1;
    while (half < values.length) half *= 2;
    this.#half = half;
    this.#most = new Float64Array(2 * half).fill(Number.NEGATIVE_INFINITY);
    this.#raise = new Float64Array(half);
    this.#most.set(values, half);
    for (let node = half - 1; node > 0; node--) this.#most[node] = this.#mostBelow(node);
  }

  #mostBelow(node: number): number {
    return Math.max(this.#most[2 * node] as number, this.#most[2 * node + 1] as number);
  }

  /** Adds `amount` to the numbers first … last, both included; nothing when last < first. */
  add(first: number, last: number, amount: number): void {
    if (last < first || amount === 0) return;
    const half = this.#half;
    let left = first + half;
    let right = last + half + 1;
    const lowest = left;
    const highest = right - 1;
    for (; left < right; left >>= 1, right >>= 1) {
      if (left & 1) this.#apply(left++, amount);
      if (right & 1) this.#apply(--right, amount);
    }
    this.#rebuild(lowest);
    this.#rebuild(highest);
  }

  #apply(node: number, amount: number): void {
    (this.#most[node] as number) += amount;
    if (node < this.#half) (this.#raise[node] as number) += amount;
  }

  #rebuild(leaf: number): void {
    for (let node = leaf >> 1; node > 0; node >>= 1) {
      this.#most[node] = this.#mostBelow(node) + (this.#raise[node] as number);
    }
  }

  /** The most of the numbers first … last, both included; -Infinity when last < first. */
  max(first: number, last: number): number {
    if (last < first) return Number.NEGATIVE_INFINITY;
    const { length } = this.#raise;
    let left = first + length;
    let right = last + length;
    let mostLeft = this.#most[left] as number;
    let mostRight = this.#most[right] as number;
    // Up both sides at once: what hangs between them counts whole, then the raises of the parents
    while (left >> 1 !== right >> 1) {
      if ((left & 1) === 0) mostLeft = Math.max(mostLeft, this.#most[left + 1] as number);
      if ((right & 1) === 1) mostRight = Math.max(mostRight, this.#most[right - 1] as number);
      left >>= 1;
      right >>= 1;
      mostLeft += this.#raise[left] as number;
      mostRight += this.#raise[right] as number;
    }
    let most = Math.max(mostLeft, mostRight);
    for (let node = left >> 1; node > 0; node >>= 1) most += this.#raise[node] as number;
    return most;
  }
}
