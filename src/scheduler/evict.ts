/**
 * Which data leave a memory that is full. First those that nobody takes any more, then the one whose next use on σ is
 * furthest away (Belady 1966; for data of one size no other choice reloads less). Data never change, so one that was
 * written out once is written no second time.
 *
 * Does badly: with data of many sizes it may evict one large datum where several small ones, needed a little earlier,
 * would have made the room exactly (choosing them is NP-hard: Chrobak et al. 2012).
 */
import { MaxHeap } from './heap.js';
import type { SafeOrder } from './order.js';
import { usesOf, type Workload } from './workload.js';

/** The users of each datum in the order σ: of datum d between userStart[d] and userStart[d + 1]. Linear. */
export function usersBySigma({ inputStart, inputs, userStart, users }: Workload, order: Int32Array): Int32Array {
  const sorted = new Int32Array(users.length);
  const cursor = userStart.slice(0, -1);
  for (const task of order) {
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      sorted[(cursor[datum] as number)++] = task;
    }
  }
  return sorted;
}

/** The data that lie in one memory, the one that is needed last at hand. */
export class Residents {
  readonly #work: Workload;
  readonly #position: Int32Array;
  readonly #users: Int32Array;
  /** Of each datum, its first user that has not started. */
  readonly #cursor: Int32Array;
  readonly #isStarted: Uint8Array;
  readonly #isHere: Uint8Array;
  /** How many running tasks need each datum where it is. */
  readonly #pins: Int32Array;
  readonly #byNextUse = new MaxHeap();

  constructor(work: Workload, sigma: Pick<SafeOrder, 'order' | 'position'>) {
    this.#work = work;
    this.#position = sigma.position;
    this.#users = usersBySigma(work, sigma.order);
    this.#cursor = work.userStart.slice(0, -1);
    this.#isStarted = new Uint8Array(work.size);
    this.#isHere = new Uint8Array(work.bytes.length);
    this.#pins = new Int32Array(work.bytes.length);
  }

  has(datum: number): boolean {
    return this.#isHere[datum] === 1;
  }

  /** The place on σ of the first task that takes the datum and has not started; Infinity when there is none. */
  nextUse(datum: number): number {
    const end = this.#work.userStart[datum + 1] as number;
    let at = this.#cursor[datum] as number;
    while (at < end && this.#isStarted[this.#users[at] as number] === 1) at++;
    this.#cursor[datum] = at;
    return at < end ? (this.#position[this.#users[at] as number] as number) : Number.POSITIVE_INFINITY;
  }

  add(datum: number): void {
    this.#isHere[datum] = 1;
    this.#byNextUse.push(datum, this.nextUse(datum));
  }

  remove(datum: number): void {
    this.#isHere[datum] = 0;
  }

  /** A task starts: what it takes and what it gives must stay while it runs. */
  started(task: number): void {
    this.#isStarted[task] = 1;
    (this.#pins[task] as number)++;
    const { inputStart, inputs } = this.#work;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      (this.#pins[inputs[e] as number] as number)++;
    }
  }

  ended(task: number): void {
    this.#unpin(task);
    const { inputStart, inputs } = this.#work;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++)
      this.#unpin(inputs[e] as number);
  }

  /** A task that had started has not, after all. */
  stopped(task: number): void {
    this.ended(task);
    this.#isStarted[task] = 0;
    const { inputStart, inputs, userStart } = this.#work;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      this.#cursor[datum] = userStart[datum] as number;
      if (this.has(datum)) this.#byNextUse.push(datum, this.nextUse(datum));
    }
  }

  #unpin(datum: number): void {
    if (--(this.#pins[datum] as number) === 0 && this.has(datum)) this.#byNextUse.push(datum, this.nextUse(datum));
  }

  /**
   * Data that make `bytes` free when they leave, needed last first, or all that may leave where that is not enough. They
   * stay until `remove` is called. `spared`: a task whose inputs stay too.
   */
  victims(bytes: number, spared: number): { readonly data: readonly number[]; readonly isEnough: boolean } {
    const found: number[] = [];
    const passed: number[] = [];
    let freed = 0;
    while (freed < bytes && this.#byNextUse.size > 0) {
      const key = this.#byNextUse.peekKey();
      const datum = this.#byNextUse.pop();
      if (!this.has(datum) || this.#pins[datum] !== 0 || key !== this.nextUse(datum)) continue;
      passed.push(datum);
      if (this.#takes(spared, datum) || found.includes(datum)) continue;
      found.push(datum);
      freed += this.#work.bytes[datum] as number;
    }
    for (const datum of passed) this.#byNextUse.push(datum, this.nextUse(datum));
    return { data: found, isEnough: freed >= bytes };
  }

  #takes(task: number, datum: number): boolean {
    const { inputStart, inputs } = this.#work;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      if (inputs[e] === datum) return true;
    }
    return false;
  }
}

/** What running σ within a budget moves. */
export interface SpillPlan {
  /** Bytes in use while order[k] runs. */
  readonly profile: Float64Array;
  readonly peak: number;
  /** Bytes written out and bytes read back. */
  readonly written: number;
  readonly read: number;
  /** Bytes that are written and read before order[k] runs. */
  readonly moved: Float64Array;
  /** Where even everything else written out leaves too little: the task, and how many bytes it lacks. */
  readonly lack: { readonly task: number; readonly bytes: number } | undefined;
}

/** Runs σ one task after the other within `budget`, writing out what is needed last. O(m log m). */
export function spillPlan(work: Workload, sigma: SafeOrder, budget: number): SpillPlan {
  const { size, inputStart, inputs, bytes, scratch, kept } = work;
  const residents = new Residents(work, sigma);
  const isWritten = new Uint8Array(bytes.length);
  const left = usesOf(work);
  const profile = new Float64Array(size);
  const moved = new Float64Array(size);
  let used = 0;
  let written = 0;
  let read = 0;
  let peak = 0;
  const arrive = (datum: number): void => {
    residents.add(datum);
    used += bytes[datum] as number;
  };
  for (let d = size; d < bytes.length; d++) arrive(d);
  const makeRoom = (need: number, spared: number): boolean => {
    if (used + need <= budget) return true;
    const { data, isEnough } = residents.victims(used + need - budget, spared);
    for (const datum of data) {
      residents.remove(datum);
      used -= bytes[datum] as number;
      if (isWritten[datum] === 0) written += bytes[datum] as number;
      isWritten[datum] = 1;
    }
    return isEnough;
  };
  for (let k = 0; k < size; k++) {
    const task = sigma.order[k] as number;
    const before = written + read;
    let need = (bytes[task] as number) + (scratch[task] as number);
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (!residents.has(datum)) need += bytes[datum] as number;
    }
    if (!makeRoom(need, task)) {
      let whole = (bytes[task] as number) + (scratch[task] as number);
      for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
        whole += bytes[inputs[e] as number] as number;
      }
      return { profile, peak, written, read, moved, lack: { task, bytes: whole - budget } };
    }
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (residents.has(datum)) continue;
      arrive(datum);
      read += bytes[datum] as number;
    }
    moved[k] = written + read - before;
    residents.started(task);
    arrive(task);
    profile[k] = used + (scratch[task] as number);
    peak = Math.max(peak, profile[k] as number);
    residents.ended(task);
    const drop = (datum: number): void => {
      if (left[datum] !== 0 || kept[datum] !== 0) return;
      residents.remove(datum);
      used -= bytes[datum] as number;
    };
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      left[datum] = (left[datum] as number) - 1;
      drop(datum);
    }
    drop(task);
  }
  return { profile, peak, written, read, moved, lack: undefined };
}
