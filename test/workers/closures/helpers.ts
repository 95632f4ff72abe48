/** A module of ordinary exports, for closures that import it: by reference where threads can import it. */
export const offset = 100;

const weights = [1, 2, 3];

export function weigh(values: readonly number[]): number {
  return values.reduce((sum, value, i) => sum + value * (weights[i % weights.length] ?? 0), 0);
}

export const square = (x: number): number => x * x;

export class Counter {
  count: number;

  constructor(count: number) {
    this.count = count;
  }

  add(n: number): Counter {
    return new Counter(this.count + n);
  }
}

export default function negate(x: number): number {
  return -x;
}
