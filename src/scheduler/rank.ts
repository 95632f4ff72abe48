/**
 * How urgent each task is: how long what follows it takes at best. PEFT's optimistic cost table (Arabnejad & Barbosa,
 * IEEE TPDS 25(3), 2014, eq. 2): OCT(i, d) is the longest way from the end of task i, run on device d, to the end of the
 * graph, every task on it where it and its transfer cost least, as if nothing else ran.
 *
 *   OCT(i, d) = max over users j of min over devices e of ( OCT(j, e) + seconds(j, e) + transfer of i's result d → e )
 *
 * A task's rank is the mean of its row over the devices that can run it, plus its own mean time (upward rank in HEFT's
 * sense), so that of a task and its successor the first ranks higher.
 *
 * Does badly: on many equal ways to the end, which all rank the same however many share a device.
 */
import { type Platform, routeSeconds } from './platform.js';
import type { Workload } from './workload.js';

export interface Ranks {
  /** OCT(i, d) at [i·devices + d]. */
  readonly optimistic: Float64Array;
  /** By task; more is more urgent. */
  readonly rank: Float64Array;
  /** HEFT's upward rank (Topcuoglu, Hariri & Wu 2002, eq. 1), with mean times and mean transfers. */
  readonly upward: Float64Array;
}

/** O(inputs · devices²). */
export function ranksOf(work: Workload, platform: Platform): Ranks {
  const { size, userStart, users, bytes, seconds, devices } = work;
  const optimistic = new Float64Array(size * devices);
  const rank = new Float64Array(size);
  const upward = new Float64Array(size);
  const memoryOf = platform.devices.map(({ memory }) => memory);
  const transfer = new Float64Array(devices * devices);
  for (let task = size - 1; task >= 0; task--) {
    let meanTransfer = 0;
    for (let d = 0; d < devices; d++) {
      for (let e = 0; e < devices; e++) {
        const time = routeSeconds(platform, memoryOf[d] as number, memoryOf[e] as number, bytes[task] as number);
        transfer[d * devices + e] = time;
        meanTransfer += time / (devices * devices);
      }
    }
    let longest = 0;
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      longest = Math.max(longest, meanTransfer + (upward[user] as number));
      for (let d = 0; d < devices; d++) {
        let least = Number.POSITIVE_INFINITY;
        for (let e = 0; e < devices; e++) {
          const at = user * devices + e;
          const time = (optimistic[at] as number) + (seconds[at] as number) + (transfer[d * devices + e] as number);
          if (time < least) least = time;
        }
        const row = task * devices + d;
        if (least > (optimistic[row] as number)) optimistic[row] = least;
      }
    }
    let sum = 0;
    let own = 0;
    let able = 0;
    for (let d = 0; d < devices; d++) {
      const time = seconds[task * devices + d] as number;
      if (time === Number.POSITIVE_INFINITY) continue;
      able++;
      own += time;
      sum += optimistic[task * devices + d] as number;
    }
    rank[task] = sum / able;
    upward[task] = longest + own / able;
  }
  return { optimistic, rank, upward };
}
