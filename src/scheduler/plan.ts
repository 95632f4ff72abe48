/**
 * A plan: what running a graph on a platform is predicted to take, before anything runs, with the reasons. Where several
 * pools could do the work the portfolio decides; on one it is the order in which a run starts what is ready. Where the
 * budget is too small for the safe order, the tasks that make room or bring data back take the time of the files too.
 *
 * Data, a table and reasons: everything but `explain` and `toString` survives JSON.
 */
import { MemoryBudgetError } from '../errors.js';
import { Admission } from './admission.js';
import { lowerBound } from './bound.js';
import { type SpillPlan, spillPlan } from './evict.js';
import { Explainer, type Explanation } from './explain.js';
import { type SafeOrder, safeOrder } from './order.js';
import { peaksOf } from './peaks.js';
import { planText } from './plan-text.js';
import type { Plan, PlannedTask } from './planned.js';
import { checkPlatform, type Platform } from './platform.js';
import type { PlatformTable } from './platform-table.js';
import { inOrder, type Policy } from './policy.js';
import { candidates, choose } from './portfolio.js';
import { simulate } from './simulate.js';
import type { Workload } from './workload.js';

export interface PlanOptions {
  readonly work: Workload;
  readonly platform: Platform;
  /** The platform as its user knows it. */
  readonly table?: PlatformTable;
  /** By task. */
  readonly keys: readonly string[];
  /** The kind of each task, by which tables group them. Default: the key up to its last dash. */
  readonly names?: readonly string[];
  /** The median error of predictions so far (CostModel.error). */
  readonly error?: number;
  /** Whether data may be written to files where the budget is too small for the safe order. */
  readonly spill?: boolean;
  /** The place of each task in the order in which a run starts what is ready. Default: the safe order. */
  readonly position?: Int32Array | undefined;
  /** Why a task cannot run on a device although it has a body for it. */
  readonly unfit?: ((task: number, device: number) => string | undefined) | undefined;
}

/** Above this many tasks the portfolio would take longer than it gains. */
const PORTFOLIO_TASKS = 5000;
/** Bytes a second to and from files, as long as nobody has measured them. */
const FILE_BANDWIDTH = 1e9;

/**
 * The plan of a graph.
 *
 * @throws MemoryBudgetError when it cannot be run within the budget of the platform's host memory.
 */
export function makePlan(options: PlanOptions): Plan {
  const { platform, keys, error = 0, spill = true } = options;
  checkPlatform(platform);
  const { budget } = platform.memories[0] as { budget: number };
  const sigma = safeOrder(options.work);
  const files = spillsOf(options.work, sigma, budget, keys, spill);
  const work = files === undefined ? options.work : withFiles(options.work, platform, files);
  const isLimited = budget !== Number.POSITIVE_INFINITY && files === undefined;
  const admission = isLimited ? new WatchedAdmission(work, sigma, budget) : undefined;
  // As a run does: where not everything fits at once, what is ready starts along σ
  const position = neededAtOnce(work) <= budget ? options.position : undefined;
  let policy: Policy = inOrder(position ?? sigma.position);
  if (work.size > 0 && work.size <= PORTFOLIO_TASKS && platform.pools.length > 1) {
    policy = choose(work, platform, candidates(work, platform), error).policy;
  }
  const run = simulate(work, platform, policy, { admission });
  const peak = peaksOf(work, platform, run);
  const host = (platform.memories[0] as { name: string }).name;
  if (admission !== undefined) peak[host] = admission.peak;
  if (files !== undefined) peak[host] = Math.min(budget, peak[host] as number);
  const names = options.names ?? keys.map((key) => key.replace(/-[^-]*$/, ''));
  const refused = admission?.refused ?? new Set<number>();
  const explainer = new Explainer({ work, platform, keys, run, policy: policy.name, refused, unfit: options.unfit });
  const order = Array.from({ length: work.size }, (_, task) => task);
  order.sort((a, b) => (run.start[a] as number) - (run.start[b] as number) || a - b);
  const plan = {
    makespan: run.makespan,
    lowerBound: lowerBound(options.work, platform).seconds,
    peak,
    policy: policy.name,
    spilled: files?.written ?? 0,
    platform: options.table ?? { devices: {} },
    tasks: order.map((task) => ({
      key: keys[task] as string,
      device: platform.devices[run.device[task] as number]?.name as string,
      start: run.start[task] as number,
      end: run.end[task] as number,
      bytes: work.bytes[task] as number,
    })),
  };
  return new WholePlan(plan, explainer, () =>
    planText(
      plan,
      platform,
      order.map((task) => names[task] as string),
    ),
  );
}

/** Remembers which tasks it did not let start at once. */
class WatchedAdmission extends Admission {
  readonly refused = new Set<number>();

  override canStart(task: number): boolean {
    const may = super.canStart(task);
    if (!may) this.refused.add(task);
    return may;
  }
}

/** Bytes when everything is there at once. */
function neededAtOnce({ bytes, scratch }: Workload): number {
  let sum = 0;
  for (const size of bytes) sum += size;
  for (const size of scratch) sum += size;
  return sum;
}

/** What has to be written out; undefined when everything fits. */
function spillsOf(
  work: Workload,
  sigma: SafeOrder,
  budget: number,
  keys: readonly string[],
  mayFile: boolean,
): (SpillPlan & { readonly order: Int32Array }) | undefined {
  if (sigma.peak <= budget) return undefined;
  if (!mayFile) {
    const k = sigma.profile.findIndex((bytes) => bytes > budget);
    const task = sigma.order[k] as number;
    throw new MemoryBudgetError(keys[task] ?? '', Math.ceil((sigma.profile[k] as number) - budget), budget);
  }
  const files = spillPlan(work, sigma, budget);
  const { lack } = files;
  if (lack !== undefined) throw new MemoryBudgetError(keys[lack.task] ?? '', Math.ceil(lack.bytes), budget);
  return { ...files, order: sigma.order };
}

/** The same work, with the time of files in the tasks that wait for them. */
function withFiles(
  work: Workload,
  platform: Platform,
  { moved, order }: SpillPlan & { readonly order: Int32Array },
): Workload {
  const seconds = work.seconds.slice();
  order.forEach((task, k) => {
    for (let d = 0; d < platform.devices.length; d++) {
      (seconds[task * work.devices + d] as number) += (moved[k] as number) / FILE_BANDWIDTH;
    }
  });
  return { ...work, seconds };
}

class WholePlan implements Plan {
  readonly makespan: number;
  readonly lowerBound: number;
  readonly peak: Readonly<Record<string, number>>;
  readonly policy: string;
  readonly spilled: number;
  readonly tasks: readonly PlannedTask[];
  readonly platform: PlatformTable;
  readonly #explainer: Explainer;
  readonly #text: () => string;

  constructor(data: Omit<Plan, 'explain' | 'toString'>, explainer: Explainer, text: () => string) {
    this.makespan = data.makespan;
    this.lowerBound = data.lowerBound;
    this.peak = data.peak;
    this.policy = data.policy;
    this.spilled = data.spilled;
    this.tasks = data.tasks;
    this.platform = data.platform;
    this.#explainer = explainer;
    this.#text = text;
  }

  explain(key: string): Explanation {
    return this.#explainer.explain(key);
  }

  toString(): string {
    return this.#text();
  }
}
