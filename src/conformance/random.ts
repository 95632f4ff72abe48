/** What the cases of a user's kernel are drawn from: numbers and arrays that depend on a seed alone. */
import { checkDType, type DType } from '../array/dtype.js';
import { checkShape, type NDArray } from '../array/ndarray.js';
import { isFloat } from '../array/promote.js';
import { array, draw, type Flavour, flavours, generator } from './numbers.js';

/** Lengths around the widths of vectors and unrolled loops. */
const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100] as const;

/** Draws the inputs of one case. Every case has floats of one kind: ordinary, tiny, huge, equal ones, or special ones. */
export class Random {
  readonly #next: () => number;
  readonly #flavour: Flavour;

  constructor(seed: number) {
    this.#next = generator(seed);
    this.#flavour = this.pick(flavours);
  }

  /** Uniform in [0, 1). */
  number(): number {
    return this.#next();
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  /** A length of an axis, 0 among them, mostly around widths of vectors; at least `least`. */
  length(least = 0): number {
    const large = lengths.filter((length) => length >= least);
    return large.length === 0 ? least : this.pick(large);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#next() * items.length)] as T;
  }

  /**
   * An array of this shape. Floats are of the case's kind, so NaN, infinities, −0 and denormals come up; integers are
   * within ±100 (0 to 100 where unsigned). `value` draws each element instead.
   */
  array(shape: readonly number[], options: { readonly dtype?: DType; readonly value?: () => number } = {}): NDArray {
    const dtype = checkDType(options.dtype ?? 'float64', 'random.array');
    checkShape(shape, 'random.array');
    return array(this.#next, shape, dtype, { value: options.value ?? (() => this.#element(dtype)) });
  }

  #element(dtype: DType): number {
    if (isFloat(dtype)) return draw(this.#next, this.#flavour, dtype === 'float32');
    if (dtype === 'bool') return this.integer(0, 1);
    return this.integer(dtype === 'int32' ? -100 : 0, 100);
  }
}
