/**
 * Which task may start, so that memory never exceeds its budget and the run never gets stuck for want of it.
 *
 * M[k] is what will be in use while σ_k runs, when everything that has not started is run one task after the other in
 * the order σ. What has not started always fits that way: that is kept true. The head of σ, its first task that has not
 * started, may start whenever its bytes are free: it changes no M. Another task i may start earlier only if M with what
 * it gives added from now to its place stays within the budget. So when nothing runs the head always fits, and there is
 * always progress (the idea of the banker's algorithm, Dijkstra 1965, with σ as the witness of safety).
 *
 * `used` counts what is really in use: results that are still needed, and results and scratch of what runs. What a
 * running task takes is in use until it ends. A task that fails keeps its bytes until it is tried again.
 *
 * Where σ itself does not fit, `footprint` is that of a plan with spills and `evict` makes room for the head.
 *
 * Does badly: on tasks side by side that each work in half of the budget, and a long one whose result is large and needed
 * last. σ puts it last; it may not begin earlier, although beside one of the others it would fit.
 */
import { usersBySigma } from './evict.js';
import type { SafeOrder } from './order.js';
import { RangeMax } from './range-max.js';
import { usesOf, type Workload } from './workload.js';

const WAITING = 0;
const RUNNING = 1;
const DONE = 2;

export class Admission {
  readonly #work: Workload;
  readonly #sigma: SafeOrder;
  readonly #budget: number;
  readonly #ahead: RangeMax;
  readonly #state: Uint8Array;
  /** How many tasks that take each datum have not ended. */
  readonly #unended: Int32Array;
  /** The users of each datum in the order σ, and where the last of them that has not started is at most. */
  readonly #users: Int32Array;
  readonly #last: Int32Array;
  #head = 0;
  #used = 0;
  #peak = 0;

  /**
   * @param budget bytes; at least σ's peak
   */
  constructor(work: Workload, sigma: SafeOrder, budget: number) {
    this.#work = work;
    this.#sigma = sigma;
    this.#budget = budget;
    this.#ahead = new RangeMax(sigma.profile);
    this.#state = new Uint8Array(work.size);
    this.#unended = usesOf(work);
    this.#users = usersBySigma(work, sigma.order);
    this.#last = work.userStart.slice(1);
    for (let d = work.size; d < work.bytes.length; d++) this.#used += work.bytes[d] as number;
    this.#peak = this.#used;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** The most bytes that were in use at once. */
  get peak(): number {
    return this.#peak;
  }

  /** The first task of σ that has not started; -1 when all have. */
  get head(): number {
    const { order } = this.#sigma;
    while (this.#head < order.length && this.#state[order[this.#head] as number] !== WAITING) this.#head++;
    return order[this.#head] ?? -1;
  }

  /** Bytes that a task takes when it starts. */
  need(task: number): number {
    return (this.#work.bytes[task] as number) + (this.#work.scratch[task] as number);
  }

  /** How short memory is, from 0, when 60 % of the budget or less is in use, to 1, when it is 90 % or more. */
  get pressure(): number {
    return Math.min(1, Math.max(0, (this.#used / this.#budget - 0.6) / 0.3));
  }

  /** The place of a task in σ. */
  place(task: number): number {
    return this.#sigma.position[task] as number;
  }

  /** Whether a task may start now. Its inputs are there. O(inputs · log n). */
  canStart(task: number): boolean {
    if (this.#used + this.need(task) > this.#budget) return false;
    if (task === this.head) return true;
    const place = this.#sigma.position[task] as number;
    const given = this.#work.bytes[task] as number;
    // Most often it fits with nothing taken off
    if (this.#ahead.max(this.#head, place - 1) + given <= this.#budget) return true;
    this.#shift(task, place, 1);
    const fits = this.#ahead.max(this.#head, place - 1) <= this.#budget;
    this.#shift(task, place, -1);
    return fits;
  }

  /** A task starts that may. */
  start(task: number): void {
    const place = this.#sigma.position[task] as number;
    if (task !== this.head) this.#shift(task, place, 1);
    this.#ahead.add(place, place, Number.NEGATIVE_INFINITY);
    this.#state[task] = RUNNING;
    this.#used += this.need(task);
    this.#peak = Math.max(this.#peak, this.#used);
  }

  /** A task ended; `dropped` is told of every datum that nobody needs any more. */
  end(task: number, dropped?: (datum: number) => void): void {
    const { inputStart, inputs, bytes, scratch, kept } = this.#work;
    this.#state[task] = DONE;
    this.#used -= scratch[task] as number;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (--(this.#unended[datum] as number) > 0 || kept[datum] !== 0) continue;
      this.#used -= bytes[datum] as number;
      dropped?.(datum);
    }
    if (this.#unended[task] === 0 && kept[task] === 0) {
      this.#used -= bytes[task] as number;
      dropped?.(task);
    }
  }

  /**
   * What starting a task before its place changes in M: its result is there from now on, and of what it takes, that
   * which nobody after the other users needs is gone after the last of them. `sign` −1 takes it back.
   */
  #shift(task: number, place: number, sign: 1 | -1): void {
    const { inputStart, inputs, bytes, kept } = this.#work;
    this.#ahead.add(this.#head, place - 1, sign * (bytes[task] as number));
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      if (kept[datum] !== 0) continue;
      const last = this.#lastUse(datum, task);
      if (last < place) this.#ahead.add(last + 1, place - 1, -sign * (bytes[datum] as number));
    }
  }

  /** The place of the last task but `other` that takes the datum and has not started; before the head when none. */
  #lastUse(datum: number, other: number): number {
    const first = this.#work.userStart[datum] as number;
    let at = this.#last[datum] as number;
    while (at > first && this.#state[this.#users[at - 1] as number] !== WAITING) at--;
    this.#last[datum] = at;
    while (at > first) {
      const user = this.#users[--at] as number;
      if (user !== other && this.#state[user] === WAITING) return this.#sigma.position[user] as number;
    }
    return this.#head - 1;
  }
}
