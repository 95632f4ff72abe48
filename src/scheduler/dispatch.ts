/**
 * The dynamic rule: a task that becomes ready goes to the queue of the device where it ends soonest, the most urgent of a
 * queue leaves first, and only when its pool has room; until then it may still be placed elsewhere. A pool that would
 * idle takes from another's queue what it can end more than a tenth sooner (after StarPU's dmdas, Augonnet et al. 2011,
 * with PEFT's ranks as priorities and with late commitment).
 *
 * Decides and nothing else: the caller runs what it answers and reports what ended, by its own clock. So a simulation and
 * a real run go through the same lines.
 *
 * A pool that keeps the order of what it is given (a GPU's queue, the window of WebAssembly kernels) also gets tasks whose
 * inputs are still in flight there, where they end soonest of all: so a chain goes out as one batch. And a pool whose
 * tasks occupy cores of the host takes them from the slots of its threads while they run.
 *
 * Does badly: on a short queue of long tasks, where the last one starts late on the device that was best when it became
 * ready (the portfolio of plan.ts is the guard).
 */
import type { Admission } from './admission.js';
import { MaxHeap } from './heap.js';
import { DataMap } from './place.js';
import type { Platform } from './platform.js';
import type { Policy } from './policy.js';
import { type Workload, waitsOf } from './workload.js';

/** A task to run now, or as soon as a slot of its pool is free. */
export interface Commitment {
  readonly task: number;
  readonly device: number;
  /** When its inputs are in the device's memory. */
  readonly dataReady: number;
}

export interface DispatchOptions {
  readonly work: Workload;
  readonly platform: Platform;
  readonly policy: Policy;
  /** The host's budget; undefined for none. */
  readonly admission?: Admission | undefined;
  /** By task: PLACED, OUTSIDE or FOLLOWS. Default: all are placed here. */
  readonly kinds?: Uint8Array | undefined;
}

/** Placed by the dispatch. */
export const PLACED = 0;
/** Run by somebody else on the host, who reports its end. */
export const OUTSIDE = 1;
/** Shows what another task gives: it is there, and ends, with that. */
export const FOLLOWS = 2;

/** How many tasks of a queue are tried for one place: beyond, a budget that is nearly full would cost O(n²). */
const TRIES = 32;
/** How many tasks that may start are compared where memory is short. */
const CHOICES = 8;
/** How many tasks of other queues an idle pool looks at. */
const LOOKS = 64;
/** What ending elsewhere must gain, over the task's own seconds, to take it out of its queue. */
const WORTH = 0.1;

const IDLE = -1;

export class Dispatch {
  readonly data: DataMap;
  readonly #work: Workload;
  readonly #platform: Platform;
  #policy: Policy;
  readonly #admission: Admission | undefined;
  readonly #waits: Int32Array;
  /** The device that each queued task is placed on; IDLE when it is not queued. */
  readonly #placed: Int32Array;
  readonly #queues: readonly MaxHeap[];
  /** Predicted seconds in each queue, and how many tasks. */
  readonly #queued: Float64Array;
  readonly #counts: Int32Array;
  /** When each slot of each pool is predicted to be free. */
  readonly #free: readonly Float64Array[];
  readonly #committed: Int32Array;
  readonly #slotOf: Int32Array;
  readonly #deviceOf: Int32Array;
  readonly #kinds: Uint8Array;
  /** By task: inputs that neither ended nor are in flight. */
  readonly #open: Int32Array;
  /** The ordered pool that the first of a task's inputs in flight is in; and how many are in others. */
  readonly #chain: Int32Array;
  readonly #others: Int32Array;
  /** Predicted seconds of what each slot was given and has not ended; long queues are only those of ordered pools. */
  readonly #given: readonly Float64Array[];
  readonly #seconds: Float64Array;
  /** The largest priority by size, at least a little. */
  #mostUrgent = Number.MIN_VALUE;
  #ended = 0;

  constructor({ work, platform, policy, admission, kinds }: DispatchOptions) {
    this.#work = work;
    this.#platform = platform;
    this.#policy = policy;
    this.#admission = admission;
    this.data = new DataMap(work, platform);
    this.#waits = waitsOf(work);
    this.#placed = new Int32Array(work.size).fill(IDLE);
    this.#queues = platform.pools.map(() => new MaxHeap());
    this.#queued = new Float64Array(platform.pools.length);
    this.#counts = new Int32Array(platform.pools.length);
    this.#free = platform.pools.map(({ slots }) => new Float64Array(slots));
    this.#committed = new Int32Array(platform.pools.length);
    this.#slotOf = new Int32Array(work.size);
    this.#deviceOf = new Int32Array(work.size).fill(IDLE);
    this.#kinds = kinds ?? new Uint8Array(work.size);
    this.#open = this.#waits.slice();
    this.#chain = new Int32Array(work.size).fill(IDLE);
    this.#others = new Int32Array(work.size);
    this.#given = platform.pools.map(({ slots }) => new Float64Array(slots));
    this.#seconds = work.seconds.slice();
  }

  get isDone(): boolean {
    return this.#ended === this.#work.size;
  }

  /** Queues everything that waits for nothing. */
  begin(now: number): void {
    for (let task = 0; task < this.#work.size; task++) {
      if (this.#waits[task] !== 0 || this.#kinds[task] !== PLACED) continue;
      if (this.#deviceOf[task] === IDLE && this.#placed[task] === IDLE) this.#queue(task, now);
    }
  }

  /**
   * Before `begin`, in the order of their numbers: a task of a run that is under way has ended, or was given to a device.
   * @param device where a placed one ran, or is to run
   */
  adopt(task: number, device: number, hasEnded: boolean, now: number): void {
    if (this.#placed[task] !== IDLE) this.#takeOut(task);
    if (hasEnded) {
      this.end(task, now, this.#device(device).memory);
      this.#deviceOf[task] = device;
      return;
    }
    this.#deviceOf[task] = device;
    this.#commit(task, now);
  }

  /**
   * Tasks take longer or shorter on a device than was predicted: those that are queued and could start are placed anew.
   * @param tasks those whose seconds are to be multiplied
   * @param policy what to follow from now on: a plan made for other times is none
   */
  revise(tasks: Iterable<number>, device: number, factor: number, policy: Policy, now: number): void {
    this.#policy = policy;
    for (const task of tasks) {
      // What is queued or given is counted with the seconds that it had
      if (this.#deviceOf[task] !== IDLE) continue;
      const isQueued = this.#placed[task] !== IDLE;
      const isChained = (this.#waits[task] as number) > 0;
      if (isQueued && isChained) continue;
      if (isQueued) this.#takeOut(task);
      (this.#seconds[task * this.#work.devices + device] as number) *= factor;
      if (isQueued) this.#queue(task, now);
    }
  }

  /** Whether anything is queued that no pool had room for. */
  get isWaiting(): boolean {
    return this.#counts.some((count) => count > 0);
  }

  /** What is to start now. Memory and slots are taken. */
  next(now: number): Commitment[] {
    const commitments: Commitment[] = [];
    for (let pool = 0; pool < this.#queues.length; pool++) {
      while (this.#room(pool, true) > 0) {
        const task = this.#take(pool, now);
        if (task < 0) break;
        commitments.push(this.#commit(task, now));
      }
    }
    // What is left in queues may run on a pool that has nothing of its own
    if (this.#policy.steals) {
      for (let pool = 0; pool < this.#queues.length; pool++) {
        while (this.#room(pool, false) > 0) {
          const task = this.#steal(pool, now);
          if (task < 0) break;
          commitments.push(this.#commit(task, now));
        }
      }
    }
    return commitments;
  }

  /** How many more tasks a pool takes. */
  #room(pool: number, isAhead: boolean): number {
    const { pools } = this.#platform;
    const { slots, ahead } = pools[pool] as { slots: number; ahead: number };
    let free = slots;
    if (pool === 0) {
      pools.forEach(({ slots: most, cores = 0 }, other) => {
        if (cores > 0) free -= cores * Math.min(most, this.#committed[other] as number);
      });
    }
    return (free < slots && free <= 0 ? 0 : free + (isAhead ? ahead : 0)) - (this.#committed[pool] as number);
  }

  /**
   * A task ended: its slot is free, and what waited for it alone is queued.
   * @param there where the result is of a task that was not placed here
   */
  end(task: number, now: number, there = 0): void {
    const { userStart, users } = this.#work;
    const device = this.#deviceOf[task] as number;
    this.#ended++;
    let pool = IDLE;
    let memory = there;
    if (device !== IDLE) {
      ({ pool, memory } = this.#device(device));
      if (this.#kinds[task] === PLACED) this.#leave(task, device, now);
    }
    this.data.made(task, memory, now);
    this.#admission?.end(task);
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      (this.#waits[user] as number)--;
      if (pool === IDLE) (this.#open[user] as number)--;
      else if (this.#chain[user] !== pool) (this.#others[user] as number)--;
      this.#inputChanged(user, now);
    }
  }

  #leave(task: number, device: number, now: number): void {
    const { pool, overhead } = this.#device(device);
    const slot = this.#slotOf[task] as number;
    const given = this.#given[pool] as Float64Array;
    (this.#committed[pool] as number)--;
    given[slot] = Math.max(0, (given[slot] as number) - overhead - this.#time(task, device));
    if (this.#committed[pool] === 0) given.fill(0);
    const isOrdered = this.#platform.pools[pool]?.isOrdered === true;
    (this.#free[pool] as Float64Array)[slot] = isOrdered ? now + (given[slot] as number) : now;
  }

  /** An input of a task was committed, or ended. */
  #inputChanged(task: number, now: number): void {
    if (this.#open[task] !== 0 || this.#deviceOf[task] !== IDLE || this.#placed[task] !== IDLE) {
      if (this.#kinds[task] === FOLLOWS && this.#waits[task] === 0) this.end(task, now);
      return;
    }
    const isThere = this.#waits[task] === 0;
    const chain = this.#others[task] === 0 ? (this.#chain[task] as number) : IDLE;
    if (this.#kinds[task] === PLACED) {
      if (isThere) this.#queue(task, now);
      else if (chain !== IDLE) this.#queue(task, now, chain);
    } else if (this.#kinds[task] === FOLLOWS) {
      if (isThere) this.end(task, now);
      else if (chain !== IDLE) this.#follow(task, chain, now);
    }
  }

  /** What shows the result of a task in flight is in flight with it. */
  #follow(task: number, pool: number, now: number): void {
    const device = this.#platform.devices.findIndex((model) => model.pool === pool);
    this.#deviceOf[task] = device;
    this.data.promised(task, this.#device(device).memory, now);
    this.#isOnItsWay(task, pool, now);
  }

  #isOnItsWay(task: number, pool: number, now: number): void {
    const { userStart, users } = this.#work;
    const isOrdered = this.#platform.pools[pool]?.isOrdered === true;
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      (this.#open[user] as number)--;
      if (isOrdered && this.#chain[user] === IDLE) this.#chain[user] = pool;
      else if (this.#chain[user] !== pool) (this.#others[user] as number)++;
      if (isOrdered) this.#inputChanged(user, now);
    }
  }

  #device(device: number): { pool: number; memory: number; overhead: number } {
    return this.#platform.devices[device] as { pool: number; memory: number; overhead: number };
  }

  #time(task: number, device: number): number {
    return this.#seconds[task * this.#work.devices + device] as number;
  }

  /** When a task would end on a device, after what is queued there. */
  finish(task: number, device: number, now: number): number {
    const { pool, memory, overhead } = this.#device(device);
    const free = this.#free[pool] as Float64Array;
    const slot = Math.max(now, free[first(free)] as number) + (this.#queued[pool] as number) / free.length;
    return Math.max(slot, this.data.ready(task, memory, now)) + overhead + this.#time(task, device);
  }

  #score(task: number, device: number, now: number): number {
    const transfers = this.data.transfers(task, this.#device(device).memory);
    return this.#policy.score(task, device, this.finish(task, device, now), transfers);
  }

  /** @param chain the pool that its missing inputs are in flight in: it is queued only if that is the best one. */
  #queue(task: number, now: number, chain = IDLE): void {
    let best = IDLE;
    let least = Number.POSITIVE_INFINITY;
    for (let device = 0; device < this.#work.devices; device++) {
      if (this.#time(task, device) === Number.POSITIVE_INFINITY) continue;
      const score = this.#score(task, device, now);
      if (best === IDLE || score < least) {
        best = device;
        least = score;
      }
    }
    if (best === IDLE) throw new Error(`dispatch: no device can run task ${task}`);
    if (chain === IDLE || this.#device(best).pool === chain) this.#put(task, best);
  }

  #put(task: number, device: number): void {
    const { pool } = this.#device(device);
    this.#placed[task] = device;
    (this.#queued[pool] as number) += this.#time(task, device);
    (this.#counts[pool] as number)++;
    const priority = this.#policy.priority(task);
    this.#mostUrgent = Math.max(this.#mostUrgent, Math.abs(priority));
    (this.#queues[pool] as MaxHeap).push(task, priority);
  }

  #takeOut(task: number): void {
    const device = this.#placed[task] as number;
    const { pool } = this.#device(device);
    this.#placed[task] = IDLE;
    (this.#counts[pool] as number)--;
    (this.#queued[pool] as number) -= this.#time(task, device);
    if (this.#counts[pool] === 0) this.#queued[pool] = 0;
  }

  #isIn(task: number, pool: number): boolean {
    const device = this.#placed[task] as number;
    return device !== IDLE && this.#device(device).pool === pool;
  }

  /**
   * The most urgent task of a pool's queue that may start; -1 when there is none. Where memory is short, the best of the
   * first few that may, by urgency and by its place in the safe order, which counts more the less memory there is (over
   * layered graphs within the least budget that takes 1.46 of the time without a budget; urgency alone 1.50, urgency and
   * bytes freed 1.50). Its device stays in `#deviceOf`.
   */
  #take(pool: number, now: number): number {
    const queue = this.#queues[pool] as MaxHeap;
    const pressure = this.#admission?.pressure ?? 0;
    const passed: number[] = [];
    let found = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let tries = TRIES, choices = pressure > 0 ? CHOICES : 1; queue.size > 0 && tries > 0 && choices > 0; ) {
      const key = queue.peekKey();
      const task = queue.pop();
      if (!this.#isIn(task, pool)) continue;
      passed.push(task);
      tries--;
      if (!(this.#admission?.canStart(task) ?? true)) continue;
      choices--;
      const urgency = pressure > 0 ? (1 - pressure) * (key / this.#mostUrgent) - pressure * this.#place(task) : 0;
      if (urgency <= most) continue;
      found = task;
      most = urgency;
    }
    // The head of the safe order always gets through, wherever in the queue it is
    const head = found < 0 ? (this.#admission?.head ?? -1) : -1;
    if (head >= 0 && this.#isIn(head, pool) && this.#admission?.canStart(head)) found = head;
    for (const task of passed) if (task !== found) queue.push(task, this.#policy.priority(task));
    if (found < 0) return -1;
    const device = this.#placed[found] as number;
    this.#takeOut(found);
    this.#deviceOf[found] = this.#policy.steals ? this.#reconsider(found, device, now) : device;
    return found;
  }

  /** Where a task is in the safe order, from 0 to 1. */
  #place(task: number): number {
    return (this.#admission?.place(task) ?? 0) / this.#work.size;
  }

  /** Another device of the same pool may have become better while the task was queued: placing again is free. */
  #reconsider(task: number, device: number, now: number): number {
    let best = device;
    let least = this.#score(task, device, now);
    const { pool } = this.#device(device);
    for (let other = 0; other < this.#work.devices; other++) {
      if (other === device || this.#device(other).pool !== pool) continue;
      if (this.#time(task, other) === Number.POSITIVE_INFINITY) continue;
      const score = this.#score(task, other, now);
      if (score < least) {
        best = other;
        least = score;
      }
    }
    return best;
  }

  /** The queued task that gains most by running on this idle pool instead; -1 when none gains enough. */
  #steal(pool: number, now: number): number {
    let best = -1;
    let bestDevice = IDLE;
    let most = 0;
    for (let victim = 0; victim < this.#queues.length; victim++) {
      if (victim === pool || this.#counts[victim] === 0) continue;
      const free = this.#free[victim] as Float64Array;
      const soonest = Math.max(now, free[first(free)] as number);
      let before = 0;
      let looks = 0;
      for (const task of (this.#queues[victim] as MaxHeap).items()) {
        if (!this.#isIn(task, victim) || (this.#waits[task] as number) > 0) continue;
        if (++looks > LOOKS) break;
        const there = this.#placed[task] as number;
        before += this.#time(task, there);
        const endsThere = soonest + before / free.length;
        for (let device = 0; device < this.#work.devices; device++) {
          if (this.#device(device).pool !== pool) continue;
          const own = this.#time(task, device);
          if (own === Number.POSITIVE_INFINITY) continue;
          const gain =
            endsThere - this.finish(task, device, now) - this.data.transfers(task, this.#device(device).memory);
          if (gain > most && gain > WORTH * own && (this.#admission?.canStart(task) ?? true)) {
            best = task;
            bestDevice = device;
            most = gain;
          }
        }
      }
    }
    if (best < 0) return -1;
    this.#takeOut(best);
    this.#deviceOf[best] = bestDevice;
    return best;
  }

  #commit(task: number, now: number): Commitment {
    const device = this.#deviceOf[task] as number;
    const { pool, memory, overhead } = this.#device(device);
    const free = this.#free[pool] as Float64Array;
    const slot = first(free);
    const seconds = overhead + this.#time(task, device);
    this.#admission?.start(task);
    const begin = Math.max(now, free[slot] as number, this.data.ready(task, memory, now));
    const dataReady = this.data.fetch(task, memory, now);
    free[slot] = begin + seconds;
    ((this.#given[pool] as Float64Array)[slot] as number) += seconds;
    this.#slotOf[task] = slot;
    (this.#committed[pool] as number)++;
    if (this.#platform.pools[pool]?.isOrdered === true) this.data.promised(task, memory, begin + seconds);
    this.#isOnItsWay(task, pool, now);
    return { task, device, dataReady };
  }
}

/** Where the least number is. */
function first(numbers: Float64Array): number {
  let at = 0;
  for (let i = 1; i < numbers.length; i++) if ((numbers[i] as number) < (numbers[at] as number)) at = i;
  return at;
}
