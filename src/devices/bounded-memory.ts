/** A device's memory as one run sees it: of no more than its budget, with an account of what the run has there. */
import type { NDArray } from '../array/ndarray.js';
import type { ArraySpec } from '../kernels/contract.js';
import type { DeviceArray, DeviceMemory } from './contract.js';

export class BoundedMemory implements DeviceMemory {
  readonly capacity: number;
  readonly link: DeviceMemory['link'];
  /** As the device's own: missing where it has none. */
  readonly alias: DeviceMemory['alias'];
  readonly #memory: DeviceMemory;
  /** Bytes of the arrays that are there; aliases are not among them. */
  readonly #sizes = new Map<DeviceArray, number>();
  #used = 0;
  #peak = 0;

  constructor(memory: DeviceMemory, budget = Number.POSITIVE_INFINITY) {
    this.#memory = memory;
    this.capacity = Math.min(memory.capacity, budget);
    this.link = memory.link;
    this.alias = memory.alias?.bind(memory);
  }

  /** The most bytes that were there at once. */
  get peak(): number {
    return this.#peak;
  }

  allocate(spec: ArraySpec): DeviceArray | undefined {
    if (this.#used >= this.capacity) return undefined;
    const array = this.#memory.allocate(spec);
    if (array === undefined) return undefined;
    if (this.#used + array.nbytes > this.capacity) {
      this.#memory.free(array);
      return undefined;
    }
    this.#sizes.set(array, array.nbytes);
    this.#used += array.nbytes;
    this.#peak = Math.max(this.#peak, this.#used);
    return array;
  }

  free(array: DeviceArray): void {
    this.#used -= this.#sizes.get(array) ?? 0;
    this.#sizes.delete(array);
    this.#memory.free(array);
  }

  write(array: DeviceArray, source: NDArray): void {
    this.#memory.write(array, source);
  }

  read(array: DeviceArray, into: NDArray): Promise<void> {
    return this.#memory.read(array, into);
  }
}
