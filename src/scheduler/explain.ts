/**
 * Why a task of a plan is where it is and starts when it does: for each device what running it there would have meant,
 * everything else as planned, in the first gap of that device's slots that is long enough after its inputs have come.
 *
 * Does badly: where one task elsewhere would have moved others too. What is said of a device is true of this task alone,
 * so one that would end sooner elsewhere may have lost to tasks that gained more there.
 */
import { ArgumentError, nearest } from '../errors.js';
import { type Platform, routeSeconds } from './platform.js';
import { columns, short, size, time } from './quantity.js';
import type { Simulation } from './simulate.js';
import type { Workload } from './workload.js';

/** What one device would have meant for a task. Times in seconds since the begin of the run. */
export interface Choice {
  readonly device: string;
  /** Predicted seconds of the task itself; null where the device has no body for it. */
  readonly seconds: number | null;
  /** Seconds of links that bringing its inputs there takes, with everything else placed as it is. */
  readonly transfer: number;
  /** When its last input can be there. */
  readonly inputs: number;
  /** When it would start, and end, between the device's other tasks; null where it cannot run. */
  readonly start: number | null;
  readonly end: number | null;
  /** Why it was not chosen; null for the one that was. */
  readonly lost: string | null;
}

/** Why a task is where it is. Plain data, and as a string a table. */
export interface Explanation {
  readonly key: string;
  readonly device: string;
  readonly start: number;
  readonly end: number;
  /** Bytes of its result, and that it needs besides while it runs. */
  readonly bytes: number;
  readonly scratch: number;
  /** Seconds from the end of the last of its inputs to its start: for links, for memory to become free, for a slot. */
  readonly waits: { readonly transfer: number; readonly memory: number; readonly slot: number };
  /** Every device, the chosen one first, then by when it would end. */
  readonly choices: readonly Choice[];
  toString(): string;
}

export interface ExplainerOptions {
  readonly work: Workload;
  readonly platform: Platform;
  readonly keys: readonly string[];
  readonly run: Simulation;
  readonly policy: string;
  /** Tasks that could not start as soon as they might have, for want of memory. */
  readonly refused: ReadonlySet<number>;
  /** Why a task cannot run on a device although it has a body for it. */
  readonly unfit?: ((task: number, device: number) => string | undefined) | undefined;
}

interface Intervals {
  /** By start, the ends alongside. */
  readonly starts: number[];
  readonly ends: number[];
  readonly tasks: number[];
}

export class Explainer {
  readonly #options: ExplainerOptions;
  #taskOf: Map<string, number> | undefined;
  #slots: Intervals[][] | undefined;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** O(devices · tasks of a pool). @throws ArgumentError for a key that is not planned */
  explain(key: string): Explanation {
    const { keys, platform, run, work } = this.#options;
    this.#taskOf ??= new Map(keys.map((name, task) => [name, task]));
    const task = this.#taskOf.get(key);
    if (task === undefined) {
      const near = nearest(key, this.#taskOf.keys());
      throw new ArgumentError(
        `explain: no task '${key}' is planned${near === undefined ? '; plan.tasks has all keys' : `; did you mean '${near}'?`}`,
      );
    }
    const choices = platform.devices.map((_, device) => this.#choice(task, device));
    const rank = ({ end, lost }: Choice): number => (lost === null ? -1 : (end ?? Number.POSITIVE_INFINITY));
    choices.sort((a, b) => rank(a) - rank(b) || 0);
    return new WholeExplanation({
      key,
      device: platform.devices[run.device[task] as number]?.name as string,
      start: run.start[task] as number,
      end: run.end[task] as number,
      bytes: work.bytes[task] as number,
      scratch: work.scratch[task] as number,
      waits: this.#waits(task),
      choices,
    });
  }

  /** When the inputs of a task were made, and when the last of them can be in a memory. */
  #inputs(task: number, memory: number): { readonly made: number; readonly ready: number; readonly transfer: number } {
    const { work, platform, run } = this.#options;
    let made = 0;
    let ready = 0;
    let transfer = 0;
    for (let e = work.inputStart[task] as number; e < (work.inputStart[task + 1] as number); e++) {
      const datum = work.inputs[e] as number;
      const isGiven = datum >= work.size;
      const from = isGiven ? 0 : (platform.devices[run.device[datum] as number]?.memory as number);
      const seconds = routeSeconds(platform, from, memory, work.bytes[datum] as number);
      const end = isGiven ? 0 : (run.end[datum] as number);
      made = Math.max(made, end);
      ready = Math.max(ready, end + seconds);
      transfer += seconds;
    }
    return { made, ready, transfer };
  }

  #waits(task: number): Explanation['waits'] {
    const { platform, run, refused } = this.#options;
    const { pool, memory } = platform.devices[run.device[task] as number] as { pool: number; memory: number };
    const start = run.start[task] as number;
    const { made, ready, transfer } = this.#inputs(task, memory);
    const there = Math.min(start, ready);
    // With a slot idle all the while, what it waited for was memory, or a link that was busy with other transfers
    const idle = this.#idleSeconds(pool, there, start);
    const isHeld = refused.has(task);
    const links = there - made + (!isHeld && transfer > 0 ? idle : 0);
    const held = isHeld ? idle : 0;
    return { transfer: links, memory: held, slot: Math.max(0, start - made - links - held) };
  }

  #choice(task: number, device: number): Choice {
    const { work, platform, run, unfit } = this.#options;
    const { name, memory, pool, overhead } = platform.devices[device] as Platform['devices'][number];
    const own = work.seconds[task * work.devices + device] as number;
    const { ready, transfer } = this.#inputs(task, memory);
    const chosen = run.device[task] as number;
    if (own === Number.POSITIVE_INFINITY) {
      const lost = unfit?.(task, device) ?? 'has no body for it';
      return { device: name, seconds: null, transfer, inputs: ready, start: null, end: null, lost };
    }
    if (device === chosen) {
      const [start, end] = [run.start[task] as number, run.end[task] as number];
      return { device: name, seconds: own, transfer, inputs: ready, start, end, lost: null };
    }
    const held = this.#waits(task).memory;
    const start = Math.max(
      this.#firstGap(pool, task, ready, own + overhead),
      held > 0 ? (run.start[task] as number) : 0,
    );
    const end = start + overhead + own;
    const lost = this.#whyLost(task, device, { transfer, ready, start, end, own });
    return { device: name, seconds: own, transfer, inputs: ready, start, end, lost };
  }

  /** The reason that weighs most. */
  #whyLost(
    task: number,
    device: number,
    { transfer, ready, start, end, own }: { transfer: number; ready: number; start: number; end: number; own: number },
  ): string {
    const { work, platform, run, policy } = this.#options;
    const chosen = run.device[task] as number;
    const chosenDevice = platform.devices[chosen] as Platform['devices'][number];
    const later = end - (run.end[task] as number);
    const slower = own - (work.seconds[task * work.devices + chosen] as number);
    const because = chosenDevice.name;
    if (later > 1e-12 + 1e-6 * end) {
      const inputs = ready - Math.max(this.#inputs(task, chosenDevice.memory).ready, 0);
      const busy = start - Math.max(ready, run.start[task] as number);
      const most = Math.max(slower, inputs, busy);
      const why =
        most === slower
          ? `computes ${time(slower)} longer`
          : most === inputs
            ? `its inputs come ${time(inputs)} later`
            : `is busy for ${time(busy)} longer`;
      return `${why}; would end ${time(later)} later`;
    }
    const where = platform.devices[device] as Platform['devices'][number];
    if (later < -1e-12 - 1e-6 * end) {
      const links = transfer > 0 ? `, but keep links busy for ${time(transfer)}` : '';
      return `would end ${time(-later)} sooner by itself${links}; '${policy}' keeps it for tasks that gain more`;
    }
    if (where.pool === chosenDevice.pool) return `no better, and '${because}' comes first`;
    return transfer > 0 ? `no better, and would keep links busy for ${time(transfer)}` : 'no better';
  }

  #intervals(pool: number): Intervals[] {
    const { platform, run, work } = this.#options;
    if (this.#slots === undefined) {
      this.#slots = platform.pools.map(({ slots }) =>
        Array.from({ length: slots }, () => ({ starts: [], ends: [], tasks: [] })),
      );
      const order = Array.from({ length: work.size }, (_, task) => task);
      order.sort((a, b) => (run.start[a] as number) - (run.start[b] as number));
      for (const task of order) {
        const { pool } = platform.devices[run.device[task] as number] as { pool: number };
        const slot = this.#slots[pool]?.[run.slot[task] as number] as Intervals;
        slot.starts.push(run.start[task] as number);
        slot.ends.push(run.end[task] as number);
        slot.tasks.push(task);
      }
    }
    return this.#slots[pool] as Intervals[];
  }

  /** The first time from `from` on when a slot of a pool is free for `length`, the task itself not there. */
  #firstGap(pool: number, task: number, from: number, length: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { starts, ends, tasks } of this.#intervals(pool)) {
      let free = from;
      for (let i = 0; i < starts.length && free < least; i++) {
        if (tasks[i] === task || (ends[i] as number) <= free) continue;
        if (free + length <= (starts[i] as number) + 1e-15) break;
        free = ends[i] as number;
      }
      least = Math.min(least, free);
    }
    return least;
  }

  /** For how long between two times some slot of a pool was idle. */
  #idleSeconds(pool: number, from: number, to: number): number {
    if (to <= from) return 0;
    const slots = this.#intervals(pool);
    const changes: { readonly at: number; readonly by: number }[] = [];
    for (const { starts, ends } of slots) {
      for (let i = 0; i < starts.length; i++) {
        const [start, end] = [Math.max(from, starts[i] as number), Math.min(to, ends[i] as number)];
        if (end > start) changes.push({ at: start, by: 1 }, { at: end, by: -1 });
      }
    }
    changes.sort((a, b) => a.at - b.at);
    let idle = 0;
    let busy = 0;
    let last = from;
    for (const { at, by } of changes) {
      if (busy < slots.length) idle += at - last;
      busy += by;
      last = at;
    }
    return idle + (to - last);
  }
}

class WholeExplanation implements Explanation {
  readonly key: string;
  readonly device: string;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly scratch: number;
  readonly waits: Explanation['waits'];
  readonly choices: readonly Choice[];

  constructor({ key, device, start, end, bytes, scratch, waits, choices }: Omit<Explanation, 'toString'>) {
    this.key = key;
    this.device = device;
    this.start = start;
    this.end = end;
    this.bytes = bytes;
    this.scratch = scratch;
    this.waits = waits;
    this.choices = choices;
  }

  toString(): string {
    const { transfer, memory, slot } = this.waits;
    const waited = [
      ...(transfer > 0 ? [`${time(transfer)} for its inputs to come`] : []),
      ...(memory > 0 ? [`${time(memory)} for memory`] : []),
      ...(slot > 0 ? [`${time(slot)} for a slot`] : []),
    ];
    const gives = this.bytes > 0 ? `, gives ${size(this.bytes)}` : '';
    const works = this.scratch > 0 ? `, works in ${size(this.scratch)}` : '';
    const wait = waited.length > 0 ? `; its inputs made, it waits ${waited.join(', ')}` : '';
    const head = `${short(this.key)} runs on ${this.device} from ${time(this.start)} to ${time(this.end)}${gives}${works}${wait}`;
    const cell = (seconds: number | null): string => (seconds === null ? '–' : time(seconds));
    const rows = this.choices.map(({ device, seconds, transfer, inputs, end, lost }) => [
      device,
      cell(seconds),
      cell(transfer),
      cell(inputs),
      cell(end),
      lost ?? 'chosen',
    ]);
    const header = ['device', 'takes', 'transfer', 'inputs there', 'ends', ''];
    return [head, ...columns([header, ...rows], new Set([1, 2, 3, 4]))].join('\n');
  }
}
