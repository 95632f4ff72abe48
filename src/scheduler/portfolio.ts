/**
 * The plan-time portfolio: several ways of scheduling one graph, each simulated, the best kept. No list scheduler is good
 * everywhere (Coleman & Krishnamachari, arXiv 2403.07120: each is beaten by another twofold somewhere), and single
 * devices among the candidates see to it that the answer is never worse than doing without the others.
 *
 * Then the best is run again on the devices that it chose, its tasks ranked by the longest way to the end that remains
 * when devices and transfers are those; what was chosen for a rank that did not come true is put right by that. Over the
 * bench's graphs the two rounds take the mean distance from the lower bound from 0.56 to 0.53 of it.
 *
 * Does badly: on a few long tasks of many lengths, whose best split none of its candidates finds.
 */
import { generator } from '../kernels/generator.js';
import { insertionPlan } from './insertion.js';
import { noisy } from './noise.js';
import { type Platform, routeSeconds } from './platform.js';
import { dmdas, fixed, only, type Policy, sparing } from './policy.js';
import { type Ranks, ranksOf } from './rank.js';
import { type Simulation, simulate } from './simulate.js';
import type { Workload } from './workload.js';

export interface Candidate {
  readonly policy: Policy;
  readonly simulation: Simulation;
}

/** All candidates, the soonest end first. O((tasks + inputs) · devices · candidates), insertion plans included or not. */
export function candidates(work: Workload, platform: Platform, ranks: Ranks = ranksOf(work, platform)): Candidate[] {
  const planned = (['peft', 'heft'] as const).map((rule) => {
    const { device, start } = insertionPlan(work, platform, ranks, rule);
    return fixed(rule, device, (task) => -(start[task] as number));
  });
  const policies = [
    sparing(ranks, 1),
    sparing(ranks, 4),
    sparing(ranks, 0),
    dmdas(ranks),
    ...planned,
    ...platform.devices.map(({ name }, device) => only(device, name, ranks)),
  ];
  const all = policies.map((policy) => ({ policy, simulation: simulate(work, platform, policy) }));
  const sort = (): Candidate[] => all.sort((a, b) => a.simulation.makespan - b.simulation.makespan);
  // The best few without taking from others' queues, then the best of all with it
  const runAgain = (candidate: Candidate, steals: boolean): void => {
    const policy = again(work, platform, candidate, steals);
    all.push({ policy, simulation: simulate(work, platform, policy) });
  };
  for (const candidate of sort().slice(0, 3)) runAgain(candidate, false);
  runAgain(sort()[0] as Candidate, true);
  return sort();
}

/** What simulating a program takes, for each of its tasks; and how often `candidates` does. */
const SECONDS_A_TASK = 1.5e-6;
const SIMULATIONS = 14;

/** Seconds that `candidates` takes, about. */
export function candidatesSeconds({ size }: Workload): number {
  return SIMULATIONS * SECONDS_A_TASK * size;
}

/** Below this error of predictions the plan for the predicted times is the plan. */
const SURE = 0.05;
/** How many times each candidate is tried with other times, and how many candidates. */
const TRIALS = 5;
const FINALISTS = 8;

/**
 * The candidate to follow: the soonest end on average when times are wrong by as much as `error` says, the median error of
 * predictions' logarithms (CostModel.error). The trials' noise is lognormal and the same for all candidates.
 *
 * @param seconds that the trials may take, about: with fewer there are fewer candidates and trials, or none
 */
export function choose(
  work: Workload,
  platform: Platform,
  all: readonly Candidate[],
  error: number,
  seconds = Number.POSITIVE_INFINITY,
): Candidate {
  const [first] = all as [Candidate];
  const affordable = Math.floor(seconds / (SECONDS_A_TASK * Math.max(1, work.size)));
  if (error < SURE || affordable < 2) return first;
  // Of a normal distribution half lies within 0.6745 deviations
  const deviation = error / 0.6745;
  const finalists = all.slice(0, Math.min(FINALISTS, affordable));
  const trials = Math.max(1, Math.min(TRIALS, Math.floor(affordable / finalists.length)));
  const sums = finalists.map(() => 0);
  for (let trial = 0; trial < trials; trial++) {
    const actual = noisy(work.seconds, deviation, generator((trial + 1) * 0x9e3779b9));
    finalists.forEach(({ policy }, i) => {
      (sums[i] as number) += simulate(work, platform, policy, { actual }).makespan;
    });
  }
  return finalists[sums.indexOf(Math.min(...sums))] as Candidate;
}

/** The devices of a candidate, its tasks by the longest way that remains on those. */
function again(work: Workload, platform: Platform, { policy, simulation }: Candidate, steals: boolean): Policy {
  const { size, userStart, users, seconds, devices, bytes } = work;
  const { device } = simulation;
  const memoryOf = (task: number): number => platform.devices[device[task] as number]?.memory as number;
  const way = new Float64Array(size);
  for (let task = size - 1; task >= 0; task--) {
    let after = 0;
    for (let u = userStart[task] as number; u < (userStart[task + 1] as number); u++) {
      const user = users[u] as number;
      const transfer = routeSeconds(platform, memoryOf(task), memoryOf(user), bytes[task] as number);
      after = Math.max(after, transfer + (way[user] as number));
    }
    way[task] = after + (seconds[task * devices + (device[task] as number)] as number);
  }
  return fixed(`${policy.name} again`, device, (task) => way[task] as number, steals);
}
