/**
 * What running an order within a budget must move at least, to compare eviction with: Belady's own algorithm where all
 * data have one size, which is optimal there, and the exact optimum of small graphs by trying every choice of victims.
 */
import { usesOf, type Workload } from '../../dist/scheduler/workload.js';

/** Data read back by MIN (Belady 1966), which knows the whole order; for data of one size, `room` of them at once. */
export function beladyReads(work: Workload, order: ArrayLike<number>, room: number): number {
  const uses: number[][] = Array.from({ length: work.bytes.length }, () => []);
  for (let k = 0; k < order.length; k++) {
    for (const datum of inputsOf(work, order[k]!)) uses[datum]!.push(k);
  }
  const next = (datum: number, k: number): number => uses[datum]!.find((use) => use > k) ?? Number.POSITIVE_INFINITY;
  const here = new Set<number>();
  let reads = 0;
  for (let k = 0; k < order.length; k++) {
    const inputs = inputsOf(work, order[k]!);
    for (const datum of here)
      if (next(datum, k - 1) === Number.POSITIVE_INFINITY && work.kept[datum] === 0) here.delete(datum);
    const missing = inputs.filter((datum) => !here.has(datum));
    reads += missing.length;
    while (here.size + missing.length + 1 > room) {
      let victim = -1;
      for (const datum of here) {
        if (!inputs.includes(datum) && (victim < 0 || next(datum, k) > next(victim, k))) victim = datum;
      }
      here.delete(victim);
    }
    for (const datum of [...missing, order[k]!]) here.add(datum);
  }
  return reads;
}

/** The least bytes written and read of all choices of victims; undefined where a task does not fit. Few tasks only. */
export function leastMoved(work: Workload, order: ArrayLike<number>, budget: number): number | undefined {
  const left = usesOf(work);
  // What is here and what has been written, as bit sets, and the least bytes that lead there
  let states = new Map<string, { here: number; written: number; moved: number }>([
    ['0/0', { here: 0, written: 0, moved: 0 }],
  ]);
  for (let k = 0; k < order.length; k++) {
    const task = order[k]!;
    const inputs = inputsOf(work, task);
    const pinned = inputs.reduce((set, datum) => set | (1 << datum), 0);
    const after = new Map<string, { here: number; written: number; moved: number }>();
    for (const state of states.values()) {
      const brought = pinned & ~state.here;
      const need = bytesOf(work, state.here | pinned) + work.bytes[task]! + work.scratch[task]! - budget;
      const loose = state.here & ~pinned;
      // Every set of victims that is enough; 0 is one when nothing need leave
      for (let victims = loose; ; victims = (victims - 1) & loose) {
        if (bytesOf(work, victims) >= need) {
          const written = state.written | victims;
          const moved = state.moved + bytesOf(work, brought) + bytesOf(work, victims & ~state.written);
          const here = ((state.here & ~victims) | pinned | (1 << task)) & ~deadAfter(work, left, inputs, task);
          const name = `${here}/${written}`;
          if ((after.get(name)?.moved ?? Number.POSITIVE_INFINITY) > moved) after.set(name, { here, written, moved });
        }
        if (victims === 0) break;
      }
    }
    for (const datum of inputs) left[datum]!--;
    if (after.size === 0) return undefined;
    states = after;
  }
  return Math.min(...Array.from(states.values(), ({ moved }) => moved));
}

function deadAfter(work: Workload, left: Int32Array, inputs: readonly number[], task: number): number {
  let dead = 0;
  for (const datum of inputs) if (left[datum] === 1 && work.kept[datum] === 0) dead |= 1 << datum;
  if (left[task] === 0 && work.kept[task] === 0) dead |= 1 << task;
  return dead;
}

function bytesOf(work: Workload, set: number): number {
  let bytes = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) bytes += work.bytes[31 - Math.clz32(rest & -rest)]!;
  return bytes;
}

function inputsOf(work: Workload, task: number): number[] {
  return [...work.inputs.subarray(work.inputStart[task], work.inputStart[task + 1])];
}
