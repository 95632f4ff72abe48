/**
 * No schedule can end sooner than this. The larger of
 *
 * - the longest way through the graph, each task where it runs fastest;
 * - the work: for any weights y_p ≥ 0 with Σ slots_p·y_p = 1, Σ_i min over devices d of y_pool(d)·seconds(i, d) (linear
 *   programming duality: the schedule's length times Σ slots·y is at least what is spent, weighted). The best weights are
 *   sought by projected subgradient steps; every step's value is a bound, so the search may stop anywhere.
 *
 * Transfers count for nothing and memory is no limit, so it may lie far below what can be done where data are heavy.
 */
import type { Platform } from './platform.js';
import type { Workload } from './workload.js';

export interface LowerBound {
  /** Seconds. */
  readonly seconds: number;
  /** The longest way. */
  readonly path: number;
  /** The work over the slots. */
  readonly area: number;
}

const STEPS = 200;

/** O(tasks · devices · steps). */
export function lowerBound(work: Workload, platform: Platform): LowerBound {
  const path = longestWay(work);
  const area = leastArea(work, platform);
  return { seconds: Math.max(path, area), path, area };
}

function longestWay({ size, devices, seconds, userStart, users }: Workload): number {
  const way = new Float64Array(size);
  let longest = 0;
  for (let task = size - 1; task >= 0; task--) {
    let after = 0;
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      after = Math.max(after, way[users[u] as number] as number);
    }
    let least = Number.POSITIVE_INFINITY;
    for (let d = 0; d < devices; d++) least = Math.min(least, seconds[task * devices + d] as number);
    way[task] = after + least;
    longest = Math.max(longest, way[task] as number);
  }
  return longest;
}

function leastArea({ size, devices, seconds }: Workload, platform: Platform): number {
  const slots = platform.pools.map((pool) => pool.slots);
  const poolOf = platform.devices.map(({ pool }) => pool);
  // z_p = slots_p · y_p lies in the unit simplex; where one pool alone could do everything, half of what is sought is known
  let z = slots.map(() => 1 / slots.length);
  let best = 0;
  let smoothing = 0.5;
  for (let step = 0; step < STEPS; step++) {
    const spent = slots.map(() => 0);
    let value = 0;
    for (let task = 0; task < size; task++) {
      let least = Number.POSITIVE_INFINITY;
      let chosen = 0;
      for (let d = 0; d < devices; d++) {
        const pool = poolOf[d] as number;
        const time = seconds[task * devices + d] as number;
        if (time === Number.POSITIVE_INFINITY) continue;
        const weighted = (time * (z[pool] as number)) / (slots[pool] as number);
        if (weighted < least) {
          least = weighted;
          chosen = d;
        }
      }
      value += least;
      const pool = poolOf[chosen] as number;
      (spent[pool] as number) += (seconds[task * devices + chosen] as number) / (slots[pool] as number);
    }
    best = Math.max(best, value);
    const total = spent.reduce((sum, time) => sum + time, 0);
    if (slots.length === 1 || total === 0) break;
    // Multiplicative steps stay in the simplex by themselves (exponentiated gradient)
    const moved = z.map((weight, p) => weight * Math.exp((smoothing * (spent[p] as number) * slots.length) / total));
    const sum = moved.reduce((a, b) => a + b, 0);
    z = moved.map((weight) => weight / sum);
    smoothing *= 0.98;
  }
  return best;
}
