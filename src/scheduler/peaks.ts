/**
 * The most bytes at once in every memory, if what is needed is there and nothing else: results from the start of the task
 * that makes them to the end of the last that takes them, in memories besides the host's those that were made or taken
 * there; scratch while a task runs. What the host counts is the total: each result has its place there.
 */
import type { Platform } from './platform.js';
import type { Simulation } from './simulate.js';
import type { Workload } from './workload.js';

/** Bytes by the names of the memories. O(m log m) in tasks and inputs, for each memory. */
export function peaksOf(work: Workload, platform: Platform, run: Simulation): Record<string, number> {
  const peaks: Record<string, number> = {};
  platform.memories.forEach(({ name, budget }, memory) => {
    const isHost = memory === 0;
    const isIn = (task: number): boolean => isHost || platform.devices[run.device[task] as number]?.memory === memory;
    const peak = peakOf(work, run, isHost, isIn);
    // A memory that is a cache of the host's makes room for what comes
    peaks[name] = isHost ? peak : Math.min(budget, peak);
  });
  return peaks;
}

/** @param isIn whether a task computes in the memory, or has to be counted in it */
function peakOf(work: Workload, { start, end }: Simulation, isHost: boolean, isIn: (task: number) => boolean): number {
  const { size, bytes, scratch, kept, userStart, users } = work;
  const at: number[] = [];
  const change: number[] = [];
  const tell = (time: number, more: number): void => {
    at.push(time);
    change.push(more);
  };
  for (let datum = 0; datum < bytes.length; datum++) {
    if (bytes[datum] === 0) continue;
    let from = Number.POSITIVE_INFINITY;
    let last = 0;
    const see = (task: number, isMaker: boolean): void => {
      if (!isIn(task)) return;
      from = Math.min(from, start[task] as number);
      last = Math.max(last, end[task] as number);
      if (!isMaker) return;
      // Whoever takes it elsewhere takes it from here
      for (let u = userStart[datum] as number; u < (userStart[datum + 1] as number); u++) {
        last = Math.max(last, start[users[u] as number] as number);
      }
    };
    if (datum < size) see(datum, true);
    else if (isHost) from = 0;
    for (let u = userStart[datum] as number; u < (userStart[datum + 1] as number); u++) see(users[u] as number, false);
    if (from === Number.POSITIVE_INFINITY) continue;
    tell(from, bytes[datum] as number);
    if (kept[datum] === 0 || !isHost) tell(last, -(bytes[datum] as number));
  }
  for (let task = 0; task < size; task++) {
    if (scratch[task] === 0 || !isIn(task)) continue;
    tell(start[task] as number, scratch[task] as number);
    tell(end[task] as number, -(scratch[task] as number));
  }
  // What ends at a moment makes room for what starts then
  const order = at
    .map((_, i) => i)
    .sort((a, b) => (at[a] as number) - (at[b] as number) || (change[a] as number) - (change[b] as number));
  let live = 0;
  let peak = 0;
  for (const i of order) {
    live += change[i] as number;
    peak = Math.max(peak, live);
  }
  return peak;
}
