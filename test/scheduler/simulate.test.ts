/**
 * Dispatch on a virtual clock: every policy on random graphs and platforms, with noise and budgets; the lower bound below
 * every schedule; what lists of policies do badly.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../dist/kernels/generator.js';
import { Admission } from '../../dist/scheduler/admission.js';
import { lowerBound } from '../../dist/scheduler/bound.js';
import { insertionPlan } from '../../dist/scheduler/insertion.js';
import { safeOrder } from '../../dist/scheduler/order.js';
import { checkPlatform, type Platform, routeSeconds } from '../../dist/scheduler/platform.js';
import { dmdas, only, sparing } from '../../dist/scheduler/policy.js';
import { candidates } from '../../dist/scheduler/portfolio.js';
import { ranksOf } from '../../dist/scheduler/rank.js';
import { type Simulation, simulate } from '../../dist/scheduler/simulate.js';
import { type Workload, workload } from '../../dist/scheduler/workload.js';
import { cholesky, layered, machine, memoryGraph, widened } from './workloads.js';

/** Every task ran once, after its inputs had come, in a slot that was free, for as long as it takes. */
function isSchedule(work: Workload, platform: Platform, run: Simulation, actual = work.seconds): void {
  const slots = new Map<string, { start: number; end: number }[]>();
  for (let task = 0; task < work.size; task++) {
    const device = run.device[task]!;
    const model = platform.devices[device]!;
    const start = run.start[task]!;
    const end = run.end[task]!;
    expect(end).toBeCloseTo(start + model.overhead + actual[task * work.devices + device]!, 9);
    for (let e = work.inputStart[task]!; e < work.inputStart[task + 1]!; e++) {
      const datum = work.inputs[e]!;
      const from = datum < work.size ? platform.devices[run.device[datum]!]!.memory : 0;
      const made = datum < work.size ? run.end[datum]! : 0;
      // An earlier transfer may have brought it already
      const least = made + (from === model.memory ? 0 : routeSeconds(platform, from, model.memory, work.bytes[datum]!));
      const shared = work.userStart[datum + 1]! - work.userStart[datum]! > 1;
      expect(start).toBeGreaterThanOrEqual((shared ? made : least) - 1e-9);
    }
    const slot = `${model.pool}/${run.slot[task]}`;
    slots.set(slot, [...(slots.get(slot) ?? []), { start, end }]);
  }
  for (const [slot, intervals] of slots) {
    const [pool, index] = slot.split('/').map(Number) as [number, number];
    expect(index).toBeLessThan(platform.pools[pool]!.slots);
    intervals.sort((a, b) => a.start - b.start);
    intervals.slice(1).forEach(({ start }, i) => void expect(start).toBeGreaterThanOrEqual(intervals[i]!.end - 1e-9));
  }
}

const graphs = fc
  .record({ count: fc.integer({ min: 1, max: 60 }), seed: fc.nat(1e6), transfer: fc.constantFrom(0.01, 0.1, 1) })
  .map(({ count, seed, transfer }) => layered(count, seed, { transfer }));

describe('simulate', () => {
  it('makes a schedule of any graph, by any policy, on any platform, whatever the noise; none beats the lower bound', () => {
    const numbers = fc.record({
      cores: fc.integer({ min: 1, max: 5 }),
      accelerators: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
      noise: fc.constantFrom(0, 0.3),
    });
    fc.assert(
      fc.property(graphs, numbers, (graph, { cores, accelerators, seed, noise }) => {
        const work = widened(graph, accelerators);
        const platform = machine(cores, accelerators);
        checkPlatform(platform);
        const random = generator(seed);
        const actual = work.seconds.map((time) => time * Math.exp(noise * (2 * random() - 1)));
        const bound = lowerBound({ ...work, seconds: actual }, platform).seconds;
        for (const { policy } of candidates(work, platform)) {
          const run = simulate(work, platform, policy, { actual });
          isSchedule(work, platform, run, actual);
          expect(run.makespan).toBeCloseTo(Math.max(...run.end), 9);
          expect(run.makespan).toBeGreaterThanOrEqual(bound * (1 - 1e-9));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('ends within any budget that the safe order fits, and never uses more', () => {
    const kinds = fc.constantFrom('tree', 'map-reduce', 'layered') as fc.Arbitrary<'tree' | 'map-reduce' | 'layered'>;
    fc.assert(
      fc.property(kinds, fc.nat(1e6), fc.integer({ min: 1, max: 8 }), fc.nat(3), (kind, seed, cores, slack) => {
        const work = memoryGraph(kind, 60, seed);
        const platform = machine(cores, 0);
        const sigma = safeOrder(work);
        const budget = Math.floor(sigma.peak * (1 + slack / 4));
        const admission = new Admission(work, sigma, budget);
        const run = simulate(work, platform, sparing(ranksOf(work, platform)), { admission });
        isSchedule(work, platform, run);
        expect(admission.peak).toBeLessThanOrEqual(budget);
        expect(admission.used).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('runs one worker through the safe order when only that fits', () => {
    const work = memoryGraph('layered', 50, 11);
    const platform = machine(1, 0);
    const sigma = safeOrder(work);
    const admission = new Admission(work, sigma, sigma.peak);
    const run = simulate(work, platform, sparing(ranksOf(work, platform)), { admission });
    expect(admission.peak).toBeLessThanOrEqual(sigma.peak);
    expect(run.makespan).toBeCloseTo(
      work.seconds.reduce((sum, time) => sum + time, 0),
      9,
    );
  });

  it('never sends a task to a device that has no body for it', () => {
    const nowhere = Number.POSITIVE_INFINITY;
    const work = workload(
      Array.from({ length: 40 }, (_, i) => ({
        inputs: i === 0 ? [] : [i - 1],
        bytes: 100,
        seconds: i % 3 === 0 ? [1, nowhere] : i % 3 === 1 ? [nowhere, 1] : [1, 0.1],
      })),
    );
    const platform = machine(2, 1);
    for (const { simulation } of candidates(work, platform)) {
      for (let task = 0; task < work.size; task++) {
        if (task % 3 === 0) expect(simulation.device[task]).toBe(0);
        if (task % 3 === 1) expect(simulation.device[task]).toBe(1);
      }
      expect(simulation.makespan).toBeLessThan(Number.POSITIVE_INFINITY);
    }
  });

  it('does badly, by the dynamic rule, where one slow device is idle early; the portfolio does not', () => {
    // A chain that each time has a task for the idle slow core: taking it costs more than waiting for the accelerator.
    const tasks = Array.from({ length: 30 }, (_, i) => ({
      inputs: i < 2 ? [] : [i - 1 - (i % 2)],
      bytes: 6e7,
      seconds: [0.03, 0.02],
    }));
    const work = workload(tasks);
    const platform = machine(1, 1);
    const greedy = simulate(work, platform, sparing(ranksOf(work, platform), 0)).makespan;
    const [best] = candidates(work, platform);
    const alone = simulate(work, platform, only(1, 'gpu1', ranksOf(work, platform))).makespan;
    expect(greedy).toBeGreaterThan(best!.simulation.makespan * 1.05);
    expect(best!.simulation.makespan).toBeLessThanOrEqual(alone);
  });
});

describe('insertionPlan', () => {
  it('fills gaps: ends no later than the sum of the work, and is what its simulation makes where nothing differs', () => {
    fc.assert(
      fc.property(graphs, (work) => {
        const platform = machine(2, 1);
        const ranks = ranksOf(work, platform);
        for (const rule of ['heft', 'peft'] as const) {
          const plan = insertionPlan(work, platform, ranks, rule);
          expect(plan.makespan).toBeGreaterThanOrEqual(lowerBound(work, platform).seconds * (1 - 1e-9));
          for (let task = 0; task < work.size; task++) {
            for (let e = work.inputStart[task]!; e < work.inputStart[task + 1]!; e++) {
              const datum = work.inputs[e]!;
              const end = plan.start[datum]! + work.seconds[datum * 2 + plan.device[datum]!]!;
              expect(plan.start[task]).toBeGreaterThanOrEqual(end - 1e-9);
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the portfolio', () => {
  const tile = {
    potrf: [0.01885, 0.005367],
    trsm: [0.045647, 0.006394],
    syrk: [0.04389, 0.001403],
    gemm: [0.08778, 0.002805],
  };

  it('comes within 5 % of the lower bound on a tiled Cholesky of 24 × 24 tiles, 8 cores and an accelerator', () => {
    const work = cholesky(24, tile, 3686400);
    const platform = machine(8, 1);
    const [best] = candidates(work, platform);
    expect(best!.simulation.makespan / lowerBound(work, platform).seconds).toBeLessThanOrEqual(1.05);
  });

  it('is nearer to the bound than dmdas over graphs of every kind, and never worse than one device alone', () => {
    const works = [
      ...[4, 8, 12].map((tiles) => cholesky(tiles, tile, 3686400)),
      ...[0.01, 0.1, 0.5, 1].flatMap((transfer) => [1, 2, 3].map((seed) => layered(150, seed, { transfer }))),
    ];
    const platform = machine(8, 1);
    let ours = 0;
    let theirs = 0;
    for (const work of works) {
      const ranks = ranksOf(work, platform);
      const [best] = candidates(work, platform, ranks);
      ours += Math.log(best!.simulation.makespan) / works.length;
      theirs += Math.log(simulate(work, platform, dmdas(ranks)).makespan) / works.length;
      for (const device of [0, 1]) {
        const alone = simulate(work, platform, only(device, '', ranks)).makespan;
        expect(best!.simulation.makespan).toBeLessThanOrEqual(alone);
      }
    }
    expect(Math.exp(theirs - ours)).toBeGreaterThan(1.1);
  });
});

describe('lowerBound', () => {
  it('is the best split of the work over two kinds of device', () => {
    // 8 tasks of 1 s on the core, 0.25 s on the accelerator: with one core, 8·x/1 = (8 − 8·x)·0.25
    const work = workload(Array.from({ length: 8 }, () => ({ seconds: [1, 0.25] })));
    expect(lowerBound(work, machine(1, 1)).area).toBeCloseTo(1.6, 2);
  });

  it('is the longest way where the graph is a chain', () => {
    const work = workload(Array.from({ length: 8 }, (_, i) => ({ inputs: i ? [i - 1] : [], seconds: [1, 0.25] })));
    expect(lowerBound(work, machine(4, 4)).seconds).toBeCloseTo(2, 9);
  });
});

describe('checkPlatform', () => {
  it('names what does not fit', () => {
    const base = machine(2, 1);
    const cases: readonly (readonly [Platform, RegExp])[] = [
      [{ ...base, devices: [] }, /no devices/],
      [{ ...base, pools: base.pools.slice(0, 1) }, /'gpu1' names pool 1; there are 1/],
      [{ ...base, memories: base.memories.slice(0, 1) }, /'gpu1' names memory 1; there are 1/],
      [{ ...base, memories: [base.memories[1]!, base.memories[1]!] }, /memory 0 must be the host/],
      [{ ...base, pools: [{ name: 'threads', slots: 0, ahead: 0 }, base.pools[1]!] }, /'threads' has 0 slots/],
      [{ ...base, memories: [base.memories[0]!, { ...base.memories[0]!, name: 'gpu1' }] }, /'gpu1' has no link/],
    ];
    for (const [platform, message] of cases) expect(() => checkPlatform(platform)).toThrow(message);
  });
});
