/** Plans as data and as a table: what they say is what the simulation of the same graph does, and why. */
import { describe, expect, it } from 'vitest';
import { MemoryBudgetError } from '../../dist/errors.js';
import { makePlan } from '../../dist/scheduler/plan.js';
import { workload } from '../../dist/scheduler/workload.js';
import { layered, machine, memoryGraph } from './workloads.js';

const unlimited = Number.POSITIVE_INFINITY;
const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `task-${i}`);

describe('makePlan', () => {
  it('plans every task once, in order of starts, within its makespan, which no bound exceeds', () => {
    const work = layered(120, 5);
    const plan = makePlan({ work, platform: machine(4, 1), keys: keysOf(120) });
    expect(new Set(plan.tasks.map(({ key }) => key)).size).toBe(120);
    expect(plan.makespan).toBeCloseTo(Math.max(...plan.tasks.map(({ end }) => end)), 9);
    expect(plan.lowerBound).toBeLessThanOrEqual(plan.makespan);
    plan.tasks.slice(1).forEach(({ start }, i) => void expect(start).toBeGreaterThanOrEqual(plan.tasks[i]!.start));
    expect(JSON.parse(JSON.stringify(plan))).toMatchObject({ makespan: plan.makespan, policy: plan.policy });
  });

  it('gives, for every device, its terms, and why it lost', () => {
    const work = workload([
      { bytes: 6e8, seconds: [0.1, unlimited] },
      { inputs: [0], bytes: 8, seconds: [0.05, 0.001] },
      { inputs: [0], bytes: 8, seconds: [1, 0.01] },
    ]);
    const plan = makePlan({ work, platform: machine(4, 1), keys: ['load', 'near', 'far'] });
    expect(plan.explain('load').choices).toMatchObject([
      { device: 'wasm', seconds: 0.1, end: 0.1, lost: null },
      { device: 'gpu1', seconds: null, end: null, lost: 'has no body for it' },
    ]);
    const far = plan.explain('far');
    expect(far).toMatchObject({ key: 'far', device: 'gpu1', bytes: 8, waits: { memory: 0 } });
    expect(far.choices[0]).toMatchObject({ device: 'gpu1', lost: null });
    const [, wasm] = far.choices;
    expect(wasm).toMatchObject({ device: 'wasm', transfer: 0, seconds: 1 });
    expect(wasm!.lost).toMatch(/^computes 990 ms longer; would end [\d.]+ ms later$/);
    expect(wasm!.end).toBeGreaterThan(far.end);
    expect(JSON.parse(JSON.stringify(far))).toEqual({ ...far });
    expect(() => plan.explain('faar')).toThrow("no task 'faar' is planned; did you mean 'far'?");
  });

  it('says what memory the graph needs, and within a budget that holds', () => {
    const work = memoryGraph('layered', 100, 3);
    const free = makePlan({ work, platform: machine(4), keys: keysOf(100) });
    const tight = makePlan({ work, platform: machine(4, 0, free.peak.host! * 0.6), keys: keysOf(100) });
    expect(tight.peak.host).toBeLessThanOrEqual(free.peak.host! * 0.6);
    expect(tight.makespan).toBeGreaterThanOrEqual(free.makespan * (1 - 1e-9));
  });

  it('answers what-if: more workers, another budget, another device table', () => {
    const work = memoryGraph('map-reduce', 90, 3);
    const makespans = [1, 2, 8].map((cores) => makePlan({ work, platform: machine(cores), keys: [] }).makespan);
    expect(makespans[0]).toBeGreaterThan(makespans[1]! * 1.5);
    expect(makespans[1]).toBeGreaterThan(makespans[2]! * 1.5);
    const table = JSON.parse(
      JSON.stringify({ ...machine(8, 0, 1e9), pools: [{ name: 'threads', slots: 2, ahead: 0 }] }),
    );
    expect(makePlan({ work, platform: table, keys: [] }).makespan).toBeCloseTo(makespans[1]!, 9);
  });

  it('refuses, before anything runs, what cannot fit, naming the task and the bytes short', () => {
    const work = workload([
      { bytes: 600, seconds: [1] },
      { inputs: [0], bytes: 300, scratch: 200, seconds: [1] },
    ]);
    const plan = (budget: number, spill: boolean) =>
      makePlan({ work, platform: machine(4, 0, budget), keys: ['load', 'solve'], spill });
    expect(plan(1100, false).spilled).toBe(0);
    const error = (() => {
      try {
        plan(1000, true);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(MemoryBudgetError);
    expect(error).toMatchObject({ key: 'solve', bytes: 100 });
    expect((error as Error).message).toBe(
      "task 'solve' needs 1,100 bytes at once, 100 more than the budget of 1,000; give it more memory, or work on smaller blocks",
    );
  });

  it('counts what has to be written to files, where that helps', () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const work = workload([
      { bytes: 600, seconds: [1] },
      { inputs: [0], bytes: 100, seconds: [1] },
      { inputs: [1], bytes: 700, seconds: [1] },
      { inputs: [2], bytes: 50, seconds: [1] },
      { inputs: [0, 3], bytes: 50, seconds: [1] },
    ]);
    const plan = makePlan({ work, platform: machine(4, 0, 1000), keys });
    expect(plan.spilled).toBe(600);
    expect(plan.peak.host).toBeLessThanOrEqual(1000);
    expect(plan.toString()).toMatch(/600 bytes written to files/);
  });

  it('is a readable table', () => {
    const work = workload([
      { bytes: 2048, seconds: [0.1] },
      { inputs: [0], bytes: 8, seconds: [0.0123] },
    ]);
    const plan = makePlan({ work, platform: machine(4), keys: ['load', 'sum'] });
    expect(plan.toString()).toBe(
      [
        '112 ms, 1.00 of the lower bound, on 4 threads (order); at most host 2.01 KiB',
        'task  device  starts    takes     gives',
        'load  wasm      0 ms   100 ms  2.00 KiB',
        'sum   wasm    100 ms  12.3 ms   8 bytes',
      ].join('\n'),
    );
    expect(plan.explain('sum').toString()).toBe(
      [
        'sum runs on wasm from 100 ms to 112 ms, gives 8 bytes',
        'device    takes  transfer  inputs there    ends',
        'wasm    12.3 ms      0 ms        100 ms  112 ms  chosen',
      ].join('\n'),
    );
  });
});
