/**
 * Static plans by insertion: the tasks in the order of their ranks, each on the device and in the gap where it ends
 * soonest (HEFT, Topcuoglu, Hariri & Wu, IEEE TPDS 13(3), 2002), or where its end and what follows at best are soonest
 * (PEFT, Arabnejad & Barbosa 2014). Links carry one transfer at a time, in the order in which they were planned.
 *
 * Does badly: when times are not as predicted, since its order of a device's tasks was made for those times.
 */
import { MaxHeap } from './heap.js';
import { DataMap } from './place.js';
import type { Platform } from './platform.js';
import type { Ranks } from './rank.js';
import { type Workload, waitsOf } from './workload.js';

export interface StaticPlan {
  readonly device: Int32Array;
  readonly start: Float64Array;
  readonly makespan: number;
}

interface Interval {
  readonly start: number;
  readonly end: number;
}

/** O(tasks · devices · slots · tasks per slot) at worst. */
export function insertionPlan(work: Workload, platform: Platform, ranks: Ranks, rule: 'heft' | 'peft'): StaticPlan {
  const { size, devices, seconds, userStart, users } = work;
  const priority = rule === 'heft' ? ranks.upward : ranks.rank;
  const data = new DataMap(work, platform);
  const slots = platform.pools.map((pool) => Array.from({ length: pool.slots }, (): Interval[] => []));
  const device = new Int32Array(size);
  const start = new Float64Array(size);
  const waits = waitsOf(work);
  const ready = new MaxHeap();
  for (let task = size - 1; task >= 0; task--) if (waits[task] === 0) ready.push(task, priority[task] as number);
  let makespan = 0;
  while (ready.size > 0) {
    const task = ready.pop();
    let best: { device: number; slot: Interval[]; at: number; start: number; end: number } | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let d = 0; d < devices; d++) {
      const own = seconds[task * devices + d] as number;
      const model = platform.devices[d];
      if (own === Number.POSITIVE_INFINITY || model === undefined) continue;
      const length = own + model.overhead;
      const from = data.ready(task, model.memory, 0);
      const after = rule === 'peft' ? (ranks.optimistic[task * devices + d] as number) : 0;
      for (const slot of slots[model.pool] ?? []) {
        const gap = firstGap(slot, from, length);
        if (best !== undefined && gap.start + length + after >= least) continue;
        least = gap.start + length + after;
        best = { device: d, slot, at: gap.at, start: gap.start, end: gap.start + length };
      }
    }
    if (best === undefined) throw new Error(`insertionPlan: task ${task} has no device`);
    const { memory } = platform.devices[best.device] as { memory: number };
    data.fetch(task, memory, 0);
    data.made(task, memory, best.end);
    best.slot.splice(best.at, 0, { start: best.start, end: best.end });
    device[task] = best.device;
    start[task] = best.start;
    makespan = Math.max(makespan, best.end);
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      if (--(waits[user] as number) === 0) ready.push(user, priority[user] as number);
    }
  }
  return { device, start, makespan };
}

/** The first time from `from` on when a slot is free for `length`, and the place of that among its intervals. */
function firstGap(
  slot: readonly Interval[],
  from: number,
  length: number,
): { readonly at: number; readonly start: number } {
  let at = slot.length;
  // Gaps are sought from the end: all that ends before `from` is of no interest
  while (at > 0 && (slot[at - 1] as Interval).end > from) at--;
  for (; at < slot.length; at++) {
    const free = Math.max(from, at > 0 ? (slot[at - 1] as Interval).end : 0);
    if (free + length <= (slot[at] as Interval).start) return { at, start: free };
  }
  return { at, start: Math.max(from, at > 0 ? (slot[at - 1] as Interval).end : 0) };
}
