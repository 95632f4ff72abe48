/**
 * Where the results of a run are in the memories of devices: copies of what is on the host, and what is nowhere else.
 * What an array takes is given back when the last that shows it is released (an alias and its source are two that do).
 */
import type { DeviceArray, DeviceMemory } from '../devices/contract.js';

/** An array in a device's memory with a count of who needs it. */
export class RemoteArray {
  readonly array: DeviceArray;
  readonly #memory: DeviceMemory;
  readonly #onFree: () => void;
  #count = 1;

  constructor(memory: DeviceMemory, array: DeviceArray, onFree: () => void = () => {}) {
    this.array = array;
    this.#memory = memory;
    this.#onFree = onFree;
  }

  retain(): this {
    this.#count++;
    return this;
  }

  release(): void {
    if (--this.#count > 0) return;
    this.#memory.free(this.array);
    this.#onFree();
  }
}

/** The arrays of one result in one device's memory: one for each output. */
export type RemoteCopy = readonly RemoteArray[];

/** What is in the memories of devices, by task and device. Devices are small integers. */
export class Remote {
  /** By task: the copy in each device's memory. */
  readonly #copies = new Map<number, (RemoteCopy | undefined)[]>();
  /** By device: the tasks that have a copy there. */
  readonly #tasks: readonly Set<number>[];

  constructor(devices: number) {
    this.#tasks = Array.from({ length: devices }, () => new Set<number>());
  }

  put(task: number, device: number, copy: RemoteCopy): void {
    let copies = this.#copies.get(task);
    if (copies === undefined) {
      copies = [];
      this.#copies.set(task, copies);
    }
    copies[device] = copy;
    this.#tasks[device]?.add(task);
  }

  at(task: number, device: number): RemoteCopy | undefined {
    return this.#copies.get(task)?.[device];
  }

  /** A device that has a copy; -1 when none does. */
  holder(task: number): number {
    return this.#copies.get(task)?.findIndex((copy) => copy !== undefined) ?? -1;
  }

  /** Bytes of a result, as far as it is in a device's memory. */
  bytesOf(task: number): number {
    const copy = this.#copies.get(task)?.find((each) => each !== undefined);
    return copy?.reduce((sum, { array }) => sum + array.nbytes, 0) ?? 0;
  }

  /** The tasks that have a copy in a device's memory. */
  tasksIn(device: number): ReadonlySet<number> {
    return this.#tasks[device] as Set<number>;
  }

  drop(task: number, device: number): void {
    const copies = this.#copies.get(task);
    const copy = copies?.[device];
    if (copies === undefined || copy === undefined) return;
    copies[device] = undefined;
    this.#tasks[device]?.delete(task);
    for (const array of copy) array.release();
  }

  /** Nobody needs the result any more. */
  release(task: number): void {
    const copies = this.#copies.get(task);
    if (copies === undefined) return;
    for (let device = 0; device < copies.length; device++) this.drop(task, device);
    this.#copies.delete(task);
  }

  releaseAll(): void {
    for (const task of [...this.#copies.keys()]) this.release(task);
  }
}
