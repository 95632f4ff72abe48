/** For every rule of the scheduler the graph on which its header says that it does badly, so that it stays known. */
import { describe, expect, it } from 'vitest';
import { generator } from '../../dist/kernels/generator.js';
import { Admission } from '../../dist/scheduler/admission.js';
import { spillPlan } from '../../dist/scheduler/evict.js';
import { insertionPlan } from '../../dist/scheduler/insertion.js';
import { CostModel } from '../../dist/scheduler/model.js';
import { noisy } from '../../dist/scheduler/noise.js';
import { orderBy, safeOrder } from '../../dist/scheduler/order.js';
import type { Platform } from '../../dist/scheduler/platform.js';
import { dmdas, fixed, inOrder, only, type Policy, sparing } from '../../dist/scheduler/policy.js';
import { candidates } from '../../dist/scheduler/portfolio.js';
import { ranksOf } from '../../dist/scheduler/rank.js';
import { simulate } from '../../dist/scheduler/simulate.js';
import { type TaskSpec, type Workload, workload } from '../../dist/scheduler/workload.js';
import { leastMoved } from './least-moved.js';
import { layered, machine } from './workloads.js';

const makespan = (work: Workload, platform: Platform, policy: Policy, admission?: Admission): number =>
  simulate(work, platform, policy, { admission }).makespan;

describe('does badly', () => {
  it('admission: on tasks side by side that fit, where σ has a large result between them', () => {
    // Four pairs of tasks, each of which works in half of the budget; `early` gives a third of it, needed by the end.
    // σ makes `early` last; a thread that has nothing else to do may not begin it, however long it takes.
    const pairs: TaskSpec[] = Array.from({ length: 6 }, () => ({ bytes: 1, scratch: 45, seconds: [1] }));
    const early: TaskSpec = { bytes: 34, seconds: [6] };
    const end: TaskSpec = { inputs: [0, 1, 2, 3, 4, 5, 6], bytes: 1, seconds: [0.1] };
    const work = workload([...pairs, early, end]);
    const sigma = safeOrder(work);
    const platform = machine(2);
    const budget = 80;
    expect(sigma.peak).toBeLessThanOrEqual(budget);
    const first = makespan(work, platform, inOrder(sigma.position), new Admission(work, sigma, budget));
    // `early` first and the others one after the other beside it: 34 + 45 + what they give
    const order = Int32Array.from([6, 0, 1, 2, 3, 4, 5, 7]);
    const position = new Int32Array(8);
    order.forEach((task, k) => {
      position[task] = k;
    });
    const witness = { ...sigma, order, position, profile: Float64Array.from([34, 80, 81, 82, 83, 84, 85, 41]) };
    const better = makespan(work, platform, inOrder(position), new Admission(work, witness, 86));
    expect(better).toBeCloseTo(6.1, 9);
    expect(first).toBeGreaterThan(better * 1.3);
  });

  it('eviction: with one large result needed last and several small ones needed a little earlier', () => {
    // Ten bytes are there, one result of 6 needed last and four of 1; two bytes are lacking
    const tasks: TaskSpec[] = [
      { bytes: 6, seconds: [1] },
      { bytes: 1, seconds: [1] },
      { bytes: 1, seconds: [1] },
      { bytes: 2, scratch: 2, seconds: [1] },
      { inputs: [3], bytes: 1, seconds: [1] },
      { inputs: [1, 4], bytes: 1, seconds: [1] },
      { inputs: [2, 5], bytes: 1, seconds: [1] },
      { inputs: [0, 6], bytes: 1, seconds: [1] },
    ];
    const work = workload(tasks);
    const given = orderBy(work, 'given');
    const plan = spillPlan(work, given, 10);
    const least = leastMoved(work, given.order, 10)!;
    expect(plan.lack).toBeUndefined();
    expect(plan.written + plan.read).toBe(12);
    expect(least).toBe(4);
  });

  it('placing: an idle slow device takes what the fast one would have ended sooner, with what follows', () => {
    const tasks: TaskSpec[] = [
      { bytes: 8, seconds: [1, 0.2] },
      { bytes: 8, seconds: [1, 0.9] },
      { inputs: [1], bytes: 6e8, seconds: [9, 0.2] },
    ];
    const work = workload(tasks);
    const platform = machine(1, 1);
    const greedy = makespan(work, platform, sparing(ranksOf(work, platform), 0));
    const best = makespan(
      work,
      platform,
      fixed('best', Int32Array.from([0, 1, 1]), (task) => task),
    );
    expect(greedy).toBeGreaterThan(best);
  });

  it('dispatch: the last long task of a short queue starts late on the device that was best when it became ready', () => {
    const works = Array.from({ length: 40 }, (_, seed) => {
      const random = generator(seed);
      return workload(
        Array.from({ length: 5 }, () => {
          const seconds = 1 + 3 * random();
          return { bytes: 8, seconds: [seconds, seconds / (1.2 + random())] };
        }),
      );
    });
    const platform = machine(1, 1);
    const ratios = works.map((work) => {
      const dynamic = makespan(work, platform, sparing(ranksOf(work, platform)));
      return dynamic / exhaustive(work);
    });
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(1 - 1e-9);
    expect(Math.max(...ratios)).toBeGreaterThan(1.15);
  });

  it('insertion: when times are not as predicted', () => {
    const platform = machine(4, 1);
    const ratios = Array.from({ length: 12 }, (_, seed) => {
      const work = layered(120, seed);
      const ranks = ranksOf(work, platform);
      const { device, start } = insertionPlan(work, platform, ranks, 'heft');
      const heft = fixed('heft', device, (task) => -start[task]!);
      const actual = noisy(work.seconds, 0.8, generator(seed + 1));
      const run = (policy: Policy) => simulate(work, platform, policy, { actual }).makespan;
      return run(heft) / run(sparing(ranks));
    });
    expect(Math.max(...ratios)).toBeGreaterThan(1.05);
  });

  it('the portfolio: none of its candidates is the optimum of every small graph', () => {
    const platform = machine(1, 1);
    const ratios = Array.from({ length: 60 }, (_, seed) => {
      const random = generator(seed + 100);
      const work = workload(
        Array.from({ length: 6 }, () => {
          const seconds = 1 + 3 * random();
          return { bytes: 0, seconds: [seconds, seconds / (0.5 + 2 * random())] };
        }),
      );
      const [best] = candidates(work, platform);
      return best!.simulation.makespan / exhaustive(work);
    });
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(1 - 1e-9);
    expect(Math.max(...ratios)).toBeGreaterThan(1.01);
  });

  it('sparing: keeps a link idle that nobody else wants', () => {
    const work = workload([
      { bytes: 6e8, seconds: [0.1, Number.POSITIVE_INFINITY] },
      { inputs: [0], bytes: 8, seconds: [0.45, 0.1] },
    ]);
    const platform = machine(1, 1);
    const ranks = ranksOf(work, platform);
    expect(makespan(work, platform, sparing(ranks, 4))).toBeGreaterThan(
      makespan(work, platform, sparing(ranks, 0)) * 1.3,
    );
  });

  it('dmdas: what was placed stays, however wrong the times were', () => {
    const work = workload(Array.from({ length: 12 }, () => ({ bytes: 8, seconds: [1, 1] })));
    const platform = machine(1, 1);
    const ranks = ranksOf(work, platform);
    // The core turns out to be five times slower than predicted
    const actual = work.seconds.map((seconds, i) => (i % 2 === 0 ? 5 * seconds : seconds));
    const stays = simulate(work, platform, dmdas(ranks), { actual }).makespan;
    const steals = simulate(work, platform, sparing(ranks), { actual }).makespan;
    expect(stays).toBeGreaterThan(steals * 1.3);
  });

  it('one device alone: wherever two would share the work', () => {
    const work = workload(Array.from({ length: 8 }, () => ({ seconds: [1, 1] })));
    const platform = machine(1, 1);
    const ranks = ranksOf(work, platform);
    expect(makespan(work, platform, only(0, 'wasm', ranks))).toBe(8);
    expect(makespan(work, platform, sparing(ranks))).toBe(4);
  });

  it('the order of a run: it goes by memory, and a long way to the end may start late', () => {
    // Ten short tasks that give nothing, and a chain numbered after them
    const short: TaskSpec[] = Array.from({ length: 10 }, () => ({ seconds: [1] }));
    const chain: TaskSpec[] = Array.from({ length: 10 }, (_, i) => ({
      inputs: i === 0 ? [] : [9 + i],
      bytes: 8,
      seconds: [1],
    }));
    const work = workload([...short, ...chain]);
    const platform = machine(2);
    expect(makespan(work, platform, inOrder(safeOrder(work).position))).toBeGreaterThan(
      makespan(work, platform, sparing(ranksOf(work, platform))) * 1.3,
    );
  });

  it('ranks: many equal ways to the end rank the same however many share a device', () => {
    // `wide` leads to four tasks, `narrow` to one; all take the same time, so both rank the same
    const tasks: TaskSpec[] = [
      { seconds: [1] },
      { seconds: [1] },
      { inputs: [0], seconds: [1] },
      ...Array.from({ length: 4 }, () => ({ inputs: [1], seconds: [1] })),
    ];
    const work = workload(tasks);
    const { rank } = ranksOf(work, machine(1));
    expect(rank[0]).toBe(rank[1]);
    expect(rank[2]).toBe(rank[3]);
  });

  it('the cost model: on kernels whose time depends on values', () => {
    const model = new CostModel();
    const call = { kernel: 'solver', device: 'wasm', signature: 'float64(100,100)', flops: 1e6, bytes: 1e5 };
    for (let i = 0; i < 40; i++) model.observe(call, i % 2 === 0 ? 1e-3 : 1e-1);
    // Half of its predictions are wrong by more than half
    expect(model.error).toBeGreaterThan(0.5);
  });
});

/** The least makespan of independent tasks on one core and one accelerator: every split is tried. */
function exhaustive(work: Workload): number {
  let least = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 1 << work.size; set++) {
    let [core, accelerator] = [0, 0];
    for (let task = 0; task < work.size; task++) {
      if (set & (1 << task)) core += work.seconds[2 * task]!;
      else accelerator += work.seconds[2 * task + 1]!;
    }
    least = Math.min(least, Math.max(core, accelerator));
  }
  return least;
}
