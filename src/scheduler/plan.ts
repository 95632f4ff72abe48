/**
 * A plan: what running a graph on a platform is predicted to take, before anything runs, with the reasons. The portfolio
 * decides; per task the plan keeps what each device would have meant at the moment of the decision.
 *
 * Data and a table: everything but `explain` and `toString` survives JSON.
 */
import { ArgumentError, MemoryBudgetError, nearest } from '../errors.js';
import { Admission } from './admission.js';
import { type LowerBound, lowerBound } from './bound.js';
import { spillPlan } from './evict.js';
import { type SafeOrder, safeOrder } from './order.js';
import { checkPlatform, type Platform, routeSeconds } from './platform.js';
import { sparing } from './policy.js';
import { candidates, choose } from './portfolio.js';
import { ranksOf } from './rank.js';
import { type Simulation, simulate } from './simulate.js';
import type { Workload } from './workload.js';

/** What one device would have meant for a task. Times in seconds. */
export interface Choice {
  readonly device: string;
  /** Predicted seconds of the task itself; null where the device has no body for it. */
  readonly seconds: number | null;
  /** Seconds of links that bringing its inputs there takes, with everything else placed as it is. */
  readonly transfers: number;
  /** When its last input can be there. */
  readonly inputs: number;
  /** Why it was not chosen; undefined for the one that was. */
  readonly lost: string | undefined;
}

export interface PlannedTask {
  readonly key: string;
  readonly device: string;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
}

export interface Plan {
  /** Predicted seconds from begin to end. */
  readonly makespan: number;
  /** No schedule on this platform ends sooner, by the same predictions. */
  readonly lowerBound: number;
  /** Bytes, by memory. */
  readonly peak: Readonly<Record<string, number>>;
  /** The policy that was found best for the graph. */
  readonly policy: string;
  /** Bytes that have to be written out, so that the rest fits. */
  readonly spilled: number;
  /** In the order of their starts. */
  readonly tasks: readonly PlannedTask[];
  /** What each device would have meant for a task. @throws ArgumentError for a key that is not planned */
  explain(key: string): readonly Choice[];
  toString(): string;
}

export interface PlanOptions {
  readonly work: Workload;
  readonly platform: Platform;
  /** By task. */
  readonly keys: readonly string[];
  /** The median error of predictions so far (CostModel.error). */
  readonly error?: number;
  /** Whether data may be written to files where the budget is too small for the safe order. */
  readonly spill?: boolean;
}

/** Above this many tasks the portfolio would take longer than it gains. */
const PORTFOLIO_TASKS = 5000;

/**
 * The plan of a graph.
 *
 * @throws MemoryBudgetError when it cannot be run within the budget of the platform's host memory.
 */
export function makePlan({ work, platform, keys, error = 0, spill = true }: PlanOptions): Plan {
  checkPlatform(platform);
  const { name, budget } = platform.memories[0] as { name: string; budget: number };
  const sigma = safeOrder(work);
  const spilled = spilledBytes(work, sigma, budget, keys, spill);
  const bound = lowerBound(work, platform);
  const admission = budget === Number.POSITIVE_INFINITY || spilled > 0 ? undefined : new Admission(work, sigma, budget);
  const ranks = ranksOf(work, platform);
  let policy = sparing(ranks);
  if (work.size > 0 && work.size <= PORTFOLIO_TASKS && platform.devices.length > 1) {
    policy = choose(work, platform, candidates(work, platform, ranks), error).policy;
  }
  const run = simulate(work, platform, policy, { admission });
  const peak = admission?.peak ?? (spilled > 0 ? budget : unlimitedPeak(work, run));
  return new WholePlan(work, platform, keys, run, bound, { [name]: peak }, policy.name, spilled);
}

function spilledBytes(
  work: Workload,
  sigma: SafeOrder,
  budget: number,
  keys: readonly string[],
  mayFile: boolean,
): number {
  if (sigma.peak <= budget) return 0;
  if (!mayFile) {
    const k = sigma.profile.findIndex((bytes) => bytes > budget);
    const task = sigma.order[k] as number;
    throw new MemoryBudgetError(keys[task] ?? '', Math.ceil((sigma.profile[k] as number) - budget), budget);
  }
  const { lack, written } = spillPlan(work, sigma, budget);
  if (lack !== undefined) throw new MemoryBudgetError(keys[lack.task] ?? '', Math.ceil(lack.bytes), budget);
  return written;
}

/** The most bytes at once when nothing is held back: of all that runs and of all that is still needed. */
function unlimitedPeak(work: Workload, { start, end }: Simulation): number {
  const { size, bytes, scratch, kept, userStart, users } = work;
  const events: { readonly at: number; readonly change: number }[] = [];
  let live = 0;
  const lives = (datum: number, from: number): void => {
    let last = datum < size ? (end[datum] as number) : 0;
    for (let u = userStart[datum] as number; u < (userStart[datum + 1] as number); u++) {
      last = Math.max(last, end[users[u] as number] as number);
    }
    events.push({ at: from, change: bytes[datum] as number });
    if (kept[datum] === 0) events.push({ at: last, change: -(bytes[datum] as number) });
  };
  for (let datum = 0; datum < bytes.length; datum++) lives(datum, datum < size ? (start[datum] as number) : 0);
  for (let task = 0; task < size; task++) {
    if (scratch[task] === 0) continue;
    events.push({ at: start[task] as number, change: scratch[task] as number });
    events.push({ at: end[task] as number, change: -(scratch[task] as number) });
  }
  // What ends at a moment makes room for what starts then
  events.sort((a, b) => a.at - b.at || a.change - b.change);
  let peak = 0;
  for (const { change } of events) {
    live += change;
    peak = Math.max(peak, live);
  }
  return peak;
}

class WholePlan implements Plan {
  readonly makespan: number;
  readonly lowerBound: number;
  readonly peak: Readonly<Record<string, number>>;
  readonly policy: string;
  readonly spilled: number;
  readonly tasks: readonly PlannedTask[];
  readonly #work: Workload;
  readonly #platform: Platform;
  readonly #run: Simulation;
  readonly #keys: readonly string[];
  #taskOf: Map<string, number> | undefined;

  constructor(
    work: Workload,
    platform: Platform,
    keys: readonly string[],
    run: Simulation,
    bound: LowerBound,
    peak: Readonly<Record<string, number>>,
    policy: string,
    spilled: number,
  ) {
    this.makespan = run.makespan;
    this.lowerBound = bound.seconds;
    this.peak = peak;
    this.policy = policy;
    this.spilled = spilled;
    this.#work = work;
    this.#platform = platform;
    this.#run = run;
    this.#keys = keys;
    const order = Array.from({ length: work.size }, (_, task) => task);
    order.sort((a, b) => (run.start[a] as number) - (run.start[b] as number) || a - b);
    this.tasks = order.map((task) => ({
      key: keys[task] as string,
      device: platform.devices[run.device[task] as number]?.name as string,
      start: run.start[task] as number,
      end: run.end[task] as number,
      bytes: work.bytes[task] as number,
    }));
  }

  explain(key: string): readonly Choice[] {
    this.#taskOf ??= new Map(this.#keys.map((name, task) => [name, task]));
    const task = this.#taskOf.get(key);
    if (task === undefined) {
      const near = nearest(key, [...this.#taskOf.keys()]);
      throw new ArgumentError(
        `explain: no task '${key}' is planned${near === undefined ? '' : `; did you mean '${near}'?`}`,
      );
    }
    return this.#platform.devices.map((_, device) => this.#choice(task, device));
  }

  #choice(task: number, device: number): Choice {
    const { devices, inputStart, inputs, bytes, seconds, size } = this.#work;
    const { name, memory } = this.#platform.devices[device] as { name: string; memory: number };
    const own = seconds[task * devices + device] as number;
    let transfers = 0;
    let ready = 0;
    for (let e = inputStart[task] as number; e < (inputStart[task + 1] as number); e++) {
      const datum = inputs[e] as number;
      const from = datum < size ? (this.#platform.devices[this.#run.device[datum] as number]?.memory as number) : 0;
      const time = routeSeconds(this.#platform, from, memory, bytes[datum] as number);
      transfers += time;
      ready = Math.max(ready, (datum < size ? (this.#run.end[datum] as number) : 0) + time);
    }
    const isKnown = own !== Number.POSITIVE_INFINITY;
    const base = { device: name, seconds: isKnown ? own : null, transfers, inputs: ready };
    return { ...base, lost: this.#whyLost(task, device, ready, own, transfers) };
  }

  /** The reason that weighs most. */
  #whyLost(task: number, device: number, ready: number, own: number, transfers: number): string | undefined {
    const chosen = this.#run.device[task] as number;
    if (chosen === device) return undefined;
    if (own === Number.POSITIVE_INFINITY) return 'has no body for the task';
    const end = this.#run.end[task] as number;
    const chosenOwn = this.#work.seconds[task * this.#work.devices + chosen] as number;
    if (ready + own > end) {
      return transfers > own - chosenOwn
        ? `its inputs come too late: it would end ${milliseconds(ready + own - end)} later`
        : `computes longer: it would end ${milliseconds(ready + own - end)} later`;
    }
    if (transfers > 0) return `it would occupy links for ${milliseconds(transfers)}`;
    return own > chosenOwn ? `computes ${milliseconds(own - chosenOwn)} longer` : 'was busy with more urgent tasks';
  }

  toString(): string {
    const rows = this.tasks.map(({ key, device, start, end, bytes }) => [
      key,
      device,
      milliseconds(start),
      milliseconds(end - start),
      readable(bytes),
    ]);
    const table = [['task', 'device', 'starts', 'takes', 'gives'], ...rows];
    const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] as string).length))) ?? [];
    const lines = table.map((row) =>
      row
        .map((cell, c) => cell.padEnd(widths[c] as number))
        .join('  ')
        .trimEnd(),
    );
    const ratio = this.lowerBound > 0 ? ` (${(this.makespan / this.lowerBound).toFixed(2)} of the lower bound)` : '';
    const peaks = Object.entries(this.peak).map(([name, bytes]) => `${name} ${readable(bytes)}`);
    const spill = this.spilled > 0 ? `, ${readable(this.spilled)} written to files` : '';
    return [`${milliseconds(this.makespan)}${ratio}, at most ${peaks.join(', ')}${spill}`, ...lines].join('\n');
  }
}

function milliseconds(seconds: number): string {
  const value = seconds * 1e3;
  return `${value >= 100 ? value.toFixed(0) : value >= 1 || value === 0 ? value.toFixed(1) : value.toPrecision(2)} ms`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

function readable(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[power]}`;
}
