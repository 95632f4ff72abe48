/**
 * Order, admission and eviction on random graphs: σ against the exact optimum, no budget exceeded, no run stuck, and
 * what the rules of their headers say they do badly.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../dist/kernels/generator.js';
import { Admission } from '../../dist/scheduler/admission.js';
import { Residents, spillPlan } from '../../dist/scheduler/evict.js';
import { footprint, orderBy, orderRules, type SafeOrder, safeOrder } from '../../dist/scheduler/order.js';
import { RangeMax } from '../../dist/scheduler/range-max.js';
import { type TaskSpec, type Workload, waitsOf, workload } from '../../dist/scheduler/workload.js';
import { leastPeak, memoryGraph } from './workloads.js';

const kinds = ['tree', 'map-reduce', 'layered'] as const;
const graphs = (most: number): fc.Arbitrary<Workload> =>
  fc
    .record({ kind: fc.constantFrom(...kinds), count: fc.integer({ min: 1, max: most }), seed: fc.nat(1e6) })
    .map(({ kind, count, seed }) => memoryGraph(kind, count, seed));

function inputsOf(work: Workload, task: number): readonly number[] {
  return [...work.inputs.subarray(work.inputStart[task], work.inputStart[task + 1])];
}

/** Whether `order` has every task once, each after its inputs. */
function isOrder(work: Workload, order: Int32Array): boolean {
  const seen = new Set<number>();
  for (const task of order) {
    if (inputsOf(work, task).some((datum) => datum < work.size && !seen.has(datum))) return false;
    seen.add(task);
  }
  return seen.size === work.size && order.length === work.size;
}

describe('RangeMax', () => {
  it('is what a plain array would be', () => {
    const operation = fc.record({ from: fc.nat(20), to: fc.nat(20), amount: fc.integer({ min: -50, max: 50 }) });
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 21 }), fc.array(operation), (start, operations) => {
        const plain = [...start];
        const tree = new RangeMax(Float64Array.from(start));
        for (const { from, to, amount } of operations) {
          const last = Math.min(to, plain.length - 1);
          tree.add(from, last, amount);
          for (let i = from; i <= last; i++) plain[i]! += amount;
          for (let i = 0; i < plain.length; i++) {
            expect(tree.max(i, last)).toBe(Math.max(...plain.slice(i, last + 1)));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('safeOrder', () => {
  it('orders every task after its inputs, by each rule, with the peak it says', () => {
    fc.assert(
      fc.property(graphs(120), (work) => {
        const best = safeOrder(work);
        for (const rule of orderRules) {
          const { order, position, peak } = orderBy(work, rule);
          expect(isOrder(work, order)).toBe(true);
          order.forEach((task, k) => void expect(position[task]).toBe(k));
          expect(peak).toBeGreaterThanOrEqual(best.peak);
          expect(peak).toBe(footprint(work, order).peak);
        }
      }),
    );
  });

  it('peaks at most 2 % above the exact optimum, on average over small graphs', () => {
    const ratios = kinds.flatMap((kind) =>
      Array.from({ length: 30 }, (_, i) => {
        const work = memoryGraph(kind, 14, 17 * i + 3);
        return work.size > 18 ? 1 : safeOrder(work).peak / leastPeak(work);
      }),
    );
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(1);
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThanOrEqual(1.02);
  });

  const chain = (length: number, from: number, inputs: readonly number[] = []): TaskSpec[] =>
    Array.from({ length }, (_, i) => ({ inputs: i === 0 ? inputs : [from + i - 1], bytes: 1, seconds: [1] }));

  it('ends one chain before it begins the next', () => {
    const { order } = safeOrder(workload([...chain(4, 0), ...chain(4, 4)]));
    expect([...order]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('ends one chain before the next where the graph was written level by level', () => {
    const levels: TaskSpec[] = Array.from({ length: 12 }, (_, i) => ({
      inputs: i < 3 ? [] : [i - 3],
      bytes: 1,
      seconds: [1],
    }));
    const { order, peak } = safeOrder(workload(levels));
    const chainOf = [...order].map((task) => task % 3);
    expect(chainOf).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect(peak).toBe(2);
  });

  it('keeps three results of a sliding window', () => {
    const count = 12;
    const loads: TaskSpec[] = Array.from({ length: count }, () => ({ bytes: 1, seconds: [1] }));
    const pairs: TaskSpec[] = Array.from({ length: count - 1 }, (_, i) => ({
      inputs: [i, i + 1],
      bytes: 1,
      seconds: [1],
    }));
    expect(safeOrder(workload([...loads, ...pairs])).peak).toBe(3);
  });

  it('knows sizes: makes what needs much room and leaves little first', () => {
    const tasks: TaskSpec[] = [
      { bytes: 1, seconds: [1] },
      { bytes: 100, seconds: [1] },
      { inputs: [1], bytes: 1, seconds: [1] },
      { inputs: [0, 2], bytes: 1, seconds: [1] },
    ];
    expect([...safeOrder(workload(tasks)).order]).toEqual([1, 2, 0, 3]);
  });

  it('is beaten on graphs where each of its rules does badly', () => {
    // depth-first: two ends share large results; freeing: the way to the freeing step leads over one that frees nothing
    const ratios = Array.from({ length: 200 }, (_, seed) => {
      const work = memoryGraph('layered', 12, seed);
      const least = leastPeak(work);
      return orderRules.map((rule) => orderBy(work, rule).peak / least);
    });
    orderRules.forEach((_, i) => void expect(Math.max(...ratios.map((ratio) => ratio[i]!))).toBeGreaterThan(1.1));
  });
});

interface Outcome {
  readonly peak: number;
  readonly ended: number;
}

/** Runs a graph with `threads` tasks at once, starting whatever admission lets start, in the order of random numbers. */
function run(work: Workload, sigma: SafeOrder, budget: number, threads: number, seed: number): Outcome {
  const random = generator(seed);
  const admission = new Admission(work, sigma, budget);
  const waits = waitsOf(work);
  const ready = Array.from({ length: work.size }, (_, i) => i).filter((i) => waits[i] === 0);
  const running: number[] = [];
  const live = new Map<number, number>();
  let peak = 0;
  let ended = 0;
  for (;;) {
    for (let tries = ready.length; tries > 0 && running.length < threads; tries--) {
      const [task] = ready.splice(Math.floor(random() * ready.length), 1) as [number];
      if (admission.canStart(task)) {
        admission.start(task);
        running.push(task);
        live.set(task, work.bytes[task]!);
        let used = 0;
        for (const bytes of live.values()) used += bytes;
        for (const other of running) used += work.scratch[other]!;
        expect(admission.used).toBe(used);
        peak = Math.max(peak, used);
      } else ready.push(task);
    }
    if (running.length === 0) {
      const { head } = admission;
      if (head < 0) break;
      if (!admission.canStart(head)) break;
      ready.splice(ready.indexOf(head), 1);
      admission.start(head);
      running.push(head);
      live.set(head, work.bytes[head]!);
      peak = Math.max(peak, admission.used);
    }
    const [task] = running.splice(Math.floor(random() * running.length), 1) as [number];
    ended++;
    admission.end(task, (datum) => void expect(live.delete(datum)).toBe(true));
    for (let u = work.userStart[task]!; u < work.userStart[task + 1]!; u++) {
      const user = work.users[u]!;
      if (--waits[user]! === 0) ready.push(user);
    }
  }
  expect(peak).toBe(admission.peak);
  return { peak, ended };
}

describe('Admission', () => {
  it('never exceeds the budget and never gets stuck, whatever starts first', () => {
    fc.assert(
      fc.property(
        graphs(80),
        fc.integer({ min: 1, max: 6 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.nat(),
        (work, threads, share, seed) => {
          const sigma = safeOrder(work);
          const budget = Math.floor(sigma.peak * share);
          const { peak, ended } = run(work, sigma, budget, threads, seed);
          expect(ended).toBe(work.size);
          expect(peak).toBeLessThanOrEqual(budget);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('lets everything start at once where the budget is no limit', () => {
    const work = memoryGraph('map-reduce', 60, 5);
    const sigma = safeOrder(work);
    const admission = new Admission(work, sigma, 1e12);
    for (let task = 0; task < 20; task++) {
      expect(admission.canStart(task)).toBe(true);
      admission.start(task);
    }
  });

  it('holds back what a naive check of free bytes would start, and would then be stuck', () => {
    // Two loads fill the memory; each load's sum needs one more byte.
    const tasks: TaskSpec[] = [
      { bytes: 10, seconds: [1] },
      { inputs: [0], bytes: 1, seconds: [1] },
      { bytes: 10, seconds: [1] },
      { inputs: [2], bytes: 1, seconds: [1] },
    ];
    const work = workload(tasks);
    const sigma = safeOrder(work);
    const admission = new Admission(work, sigma, 20);
    admission.start(0);
    expect(admission.used + admission.need(2)).toBeLessThanOrEqual(20);
    expect(admission.canStart(2)).toBe(false);
  });
});

describe('spillPlan', () => {
  it('stays within any budget that holds the largest task, and says which task lacks how much otherwise', () => {
    fc.assert(
      fc.property(graphs(80), fc.double({ min: 0.3, max: 1.2, noNaN: true }), (work, share) => {
        const sigma = safeOrder(work);
        const budget = Math.ceil(sigma.peak * share);
        const whole = (task: number): number =>
          inputsOf(work, task).reduce((sum, d) => sum + work.bytes[d]!, work.bytes[task]! + work.scratch[task]!);
        const largest = Math.max(...Array.from({ length: work.size }, (_, i) => whole(i)));
        const plan = spillPlan(work, sigma, budget);
        if (plan.lack === undefined) {
          expect(largest).toBeLessThanOrEqual(budget);
          expect(plan.peak).toBeLessThanOrEqual(budget);
          if (budget >= sigma.peak) expect(plan.written + plan.read).toBe(0);
        } else {
          expect(whole(plan.lack.task) - budget).toBe(plan.lack.bytes);
          expect(plan.lack.bytes).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('writes a datum once however often it is read back', () => {
    // A large datum is needed between tasks that fill the memory.
    const tasks: TaskSpec[] = [
      { bytes: 6, seconds: [1] },
      { bytes: 8, seconds: [1] },
      { inputs: [1], bytes: 1, seconds: [1] },
      { inputs: [0, 2], bytes: 1, seconds: [1] },
      { inputs: [3], bytes: 8, seconds: [1] },
      { inputs: [4], bytes: 1, seconds: [1] },
      { inputs: [0, 5], bytes: 1, seconds: [1] },
    ];
    const work = workload(tasks);
    const plan = spillPlan(work, orderBy(work, 'given'), 10);
    expect(plan).toMatchObject({ written: 6, read: 12, lack: undefined });
  });
});

describe('Residents', () => {
  it('gives up what is needed last, and nothing that a running task needs', () => {
    const work = workload(
      Array.from({ length: 6 }, (_, i) => ({ inputs: i < 3 ? [] : [i - 3], bytes: 4, seconds: [1] })),
    );
    const residents = new Residents(work, orderBy(work, 'given'));
    for (const datum of [0, 1, 2]) residents.add(datum);
    expect(residents.victims(4, -1).data).toEqual([2]);
    expect(residents.victims(5, -1).data).toEqual([2, 1]);
    expect(residents.victims(4, 5).data).toEqual([1]);
    residents.started(5);
    expect(residents.victims(12, -1).isEnough).toBe(false);
    expect(residents.victims(4, -1).data).toEqual([1]);
  });
});
