/**
 * Runs a workload on a virtual clock with the dispatch of a real run: what a plan predicts, what a what-if answers, and
 * how policies are compared. Tasks take their predicted seconds, or those of `actual`, which the dispatch does not see.
 * Transfers take what their links say.
 */
import type { Admission } from './admission.js';
import { Dispatch } from './dispatch.js';
import { MaxHeap } from './heap.js';
import type { Platform } from './platform.js';
import type { Policy } from './policy.js';
import { type Workload, waitsOf } from './workload.js';

export interface Simulation {
  /** Seconds from the begin to the end of the last task. */
  readonly makespan: number;
  /** By task. */
  readonly device: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** The slot of its pool that each task ran in. */
  readonly slot: Int32Array;
  /** Bytes that links carried. */
  readonly moved: number;
}

export interface SimulateOptions {
  /** Seconds that task i really takes on device d, at [i·devices + d]. Default: as predicted. */
  readonly actual?: Float64Array | undefined;
  /** The host's budget. Default: none. */
  readonly admission?: Admission | undefined;
}

/**
 * O((tasks + inputs) · devices · log tasks).
 *
 * @throws Error when tasks are left that nothing will start, which is a defect of the policy or of admission.
 */
export function simulate(
  work: Workload,
  platform: Platform,
  policy: Policy,
  { actual = work.seconds, admission }: SimulateOptions = {},
): Simulation {
  const dispatch = new Dispatch({ work, platform, policy, admission });
  const device = new Int32Array(work.size);
  const start = new Float64Array(work.size);
  const end = new Float64Array(work.size);
  const slot = new Int32Array(work.size);
  const dataReady = new Float64Array(work.size);
  const idle = platform.pools.map(({ slots }) => Array.from({ length: slots }, (_, i) => slots - 1 - i));
  const waiting: number[][] = platform.pools.map(() => []);
  const running = new MaxHeap();
  let now = 0;
  const waits = waitsOf(work);
  const poolOf = (task: number): number => platform.devices[device[task] as number]?.pool as number;
  const busy = new Int32Array(platform.pools.length);
  const begin = (task: number, pool: number): void => {
    const { overhead } = platform.devices[device[task] as number] as { overhead: number };
    const seconds = actual[task * work.devices + (device[task] as number)] as number;
    slot[task] = (idle[pool] as number[]).pop() as number;
    (busy[pool] as number)++;
    start[task] = Math.max(now, dataReady[task] as number);
    end[task] = (start[task] as number) + overhead + seconds;
    running.push(task, -(end[task] as number));
  };
  /** Slots that a pool may use: those of the threads are fewer while others occupy cores. */
  const slotsOf = (pool: number): number => {
    let slots = platform.pools[pool]?.slots as number;
    if (pool !== 0) return slots;
    platform.pools.forEach(({ cores = 0 }, other) => {
      slots -= cores * (busy[other] as number);
    });
    return slots;
  };
  /** Of what a pool was given, the first whose inputs are there begins. */
  const advance = (pool: number): void => {
    const queue = waiting[pool] as number[];
    for (let i = 0; i < queue.length && (busy[pool] as number) < slotsOf(pool); ) {
      const task = queue[i] as number;
      if (waits[task] !== 0) {
        i++;
        continue;
      }
      queue.splice(i, 1);
      begin(task, pool);
    }
  };
  const fill = (): void => {
    for (const commitment of dispatch.next(now)) {
      device[commitment.task] = commitment.device;
      dataReady[commitment.task] = commitment.dataReady;
      (waiting[poolOf(commitment.task)] as number[]).push(commitment.task);
    }
    for (let pool = platform.pools.length - 1; pool >= 0; pool--) advance(pool);
  };
  dispatch.begin(now);
  fill();
  while (running.size > 0) {
    now = -running.peekKey();
    // All that end at one time, before anything is decided
    while (running.size > 0 && -running.peekKey() <= now) {
      const task = running.pop();
      const pool = poolOf(task);
      (idle[pool] as number[]).push(slot[task] as number);
      (busy[pool] as number)--;
      for (let u = work.userStart[task] as number; u < (work.userStart[task + 1] as number); u++) {
        (waits[work.users[u] as number] as number)--;
      }
      dispatch.end(task, now);
      advance(pool);
    }
    fill();
  }
  if (!dispatch.isDone) throw new Error(`simulate: policy '${policy.name}' left tasks that nothing will start`);
  return { makespan: now, device, start, end, slot, moved: dispatch.data.moved };
}
