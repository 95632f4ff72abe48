/**
 * Where a task would end soonest, from what is known now:
 *
 *   EFT = max( when a slot of the device's pool is free after what is queued there,
 *              when the last input is in the device's memory ) + overhead + predicted seconds
 *
 * Transfers over one link wait for each other (without that, heterogeneous list scheduling plans transfer-heavy graphs
 * worse than one device alone). An input that is nowhere near comes over the host.
 *
 * Does badly: it looks at one task at a time, so a slow device that is idle takes a task which a fast one, busy for a
 * little longer, would have ended sooner together with what follows; `score` of a policy may add what follows.
 */
import { type Platform, transferSeconds } from './platform.js';
import type { Workload } from './workload.js';

const NOWHERE = Number.POSITIVE_INFINITY;

/** Where every datum is or will be, and when; and when each link is free. Times in seconds. */
export class DataMap {
  readonly #work: Workload;
  readonly #platform: Platform;
  readonly #memories: number;
  /** When each datum is in each memory: [datum·memories + memory]. */
  readonly #at: Float64Array;
  /** When each memory's link is free, towards it and from it. */
  readonly #towards: Float64Array;
  readonly #from: Float64Array;
  /** 1 for a datum that is still to be made: `#at` says when and where. */
  readonly #promised: Uint8Array;
  #moved = 0;

  constructor(work: Workload, platform: Platform) {
    this.#work = work;
    this.#platform = platform;
    this.#memories = platform.memories.length;
    this.#at = new Float64Array(work.bytes.length * this.#memories).fill(NOWHERE);
    this.#promised = new Uint8Array(work.bytes.length);
    this.#towards = new Float64Array(this.#memories);
    this.#from = new Float64Array(this.#memories);
    for (let d = work.size; d < work.bytes.length; d++) this.#at[d * this.#memories] = 0;
  }

  /** Bytes that links have carried. */
  get moved(): number {
    return this.#moved;
  }

  isIn(datum: number, memory: number): boolean {
    return this.#at[datum * this.#memories + memory] !== NOWHERE;
  }

  made(datum: number, memory: number, time: number): void {
    this.#at[datum * this.#memories + memory] = time;
    this.#promised[datum] = 0;
  }

  /** A task that is on its way is expected to give its datum then. */
  promised(datum: number, memory: number, time: number): void {
    this.#at[datum * this.#memories + memory] = time;
    this.#promised[datum] = 1;
  }

  dropped(datum: number, memory: number): void {
    this.#at[datum * this.#memories + memory] = NOWHERE;
  }

  /** When all that a task takes could be in a memory, nothing else asking for the links meanwhile. */
  ready(task: number, memory: number, now: number): number {
    const { inputStart, inputs } = this.#work;
    let last = now;
    let towards = this.#towards[memory] as number;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      const here = this.#at[datum * this.#memories + memory] as number;
      if (here !== NOWHERE) {
        if (here > last) last = here;
        continue;
      }
      const bytes = this.#work.bytes[datum] as number;
      const time = this.#over(memory, this.#inHost(datum, bytes, now), towards, bytes);
      if (memory !== 0) towards = time;
      if (time > last) last = time;
    }
    return last;
  }

  /** Seconds of link that bringing all that a task takes into a memory would occupy. */
  transfers(task: number, memory: number): number {
    const { inputStart, inputs } = this.#work;
    let sum = 0;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (this.isIn(datum, memory)) continue;
      const bytes = this.#work.bytes[datum] as number;
      if (!this.isIn(datum, 0)) sum += transferSeconds(this.#platform.memories[this.#holder(datum)]?.link, bytes);
      sum += transferSeconds(this.#platform.memories[memory]?.link, bytes);
    }
    return sum;
  }

  /** When a datum is, or could be, in the host's memory. */
  #inHost(datum: number, bytes: number, now: number): number {
    const first = datum * this.#memories;
    if (this.#at[first] !== NOWHERE) return Math.max(now, this.#at[first] as number);
    const memory = this.#holder(datum);
    const start = Math.max(now, this.#at[first + memory] as number, this.#from[memory] as number);
    return start + transferSeconds(this.#platform.memories[memory]?.link, bytes);
  }

  #over(memory: number, inHost: number, free: number, bytes: number): number {
    if (memory === 0) return inHost;
    return Math.max(inHost, free) + transferSeconds(this.#platform.memories[memory]?.link, bytes);
  }

  /** The memory that has a datum first. */
  #holder(datum: number): number {
    const first = datum * this.#memories;
    let holder = 0;
    for (let m = 1; m < this.#memories; m++) {
      if ((this.#at[first + m] as number) < (this.#at[first + holder] as number)) holder = m;
    }
    return holder;
  }

  /** Brings all that a task takes into a memory; when the last of it is there, what is still made there apart. */
  fetch(task: number, memory: number, now: number): number {
    const { inputStart, inputs } = this.#work;
    let last = now;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      last = Math.max(last, this.#bring(inputs[e] as number, memory, now));
    }
    return last;
  }

  #bring(datum: number, memory: number, now: number): number {
    const first = datum * this.#memories;
    const here = this.#at[first + memory] as number;
    if (here !== NOWHERE) return this.#promised[datum] === 1 ? now : here;
    const bytes = this.#work.bytes[datum] as number;
    const inHost = this.#inHost(datum, bytes, now);
    if (this.#at[first] === NOWHERE) {
      this.#from[this.#holder(datum)] = inHost;
      this.#at[first] = inHost;
      this.#moved += bytes;
    }
    if (memory === 0) return inHost;
    const time = this.#over(memory, inHost, this.#towards[memory] as number, bytes);
    this.#towards[memory] = time;
    this.#at[first + memory] = time;
    this.#moved += bytes;
    return time;
  }
}
