/**
 * The order in which a run goes through its tasks: σ, where one worker does everything and memory is no question. The
 * behaviours that dask's tests of its order ask for, drawn here, and what dask does not know: sizes. Each by real runs,
 * on this thread and on a pool of one.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { collect } from '../../dist/graph/collect.js';
import { NODE, type TaskNode } from '../../dist/graph/node.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';
import { createRuntime, type Delayed, delayed, nd, type RunOptions } from '../../dist/index.js';
import { needsOf, workloadOf } from '../../dist/scheduler/needs.js';
import { footprint, orderRules, safeOrder } from '../../dist/scheduler/order.js';
import { runOrder } from '../../dist/scheduler/run-order.js';
import { randomGraph, randomOf } from './graphs.js';

const programOf = (targets: readonly unknown[]): Program =>
  buildProgram(targets.map((target) => (target as { [NODE]: TaskNode })[NODE]));

const runtime = createRuntime({ workers: 1 });
afterAll(() => runtime.close());

/** The ways in which a single worker does everything. */
const ways = [
  ['sync', { scheduler: 'sync' }],
  ['workers: 1', { scheduler: 'threads', workers: 1 }],
] as const satisfies readonly (readonly [string, RunOptions])[];

// biome-ignore lint/suspicious/noExplicitAny: tasks of any arity
type AnyTask = any;
/** A task with a key that takes others. */
const task = (key: string, ...inputs: AnyTask[]): Delayed<number> =>
  delayed((...values: number[]) => values.length, { key })(...inputs);

/** The keys of the tasks whose names are wanted, as they started. */
async function started(target: unknown, options: RunOptions, wanted = /./): Promise<string[]> {
  await runtime.compute(target, options);
  const tasks = runtime.lastRun!.tasks.filter(({ key }) => wanted.test(key));
  return [...tasks].sort((a, b) => a.start - b.start).map(({ key }) => key);
}

/** The most results that were needed at once, going through the tasks in an order. */
function pressure(inputs: Readonly<Record<string, readonly string[]>>, order: readonly string[]): number {
  const left = new Map<string, number>();
  for (const names of Object.values(inputs)) for (const name of names) left.set(name, (left.get(name) ?? 0) + 1);
  let live = 0;
  let most = 0;
  for (const name of order) {
    live++;
    most = Math.max(most, live);
    for (const input of inputs[name] ?? []) {
      const users = left.get(input)! - 1;
      left.set(input, users);
      if (users === 0) live--;
    }
    if (!left.has(name)) live--;
  }
  return most;
}

/** Delayed tasks from names and what each takes. */
function build(inputs: Readonly<Record<string, readonly string[]>>): Record<string, Delayed<number>> {
  const made: Record<string, Delayed<number>> = {};
  for (const [name, names] of Object.entries(inputs)) made[name] = task(name, ...names.map((input) => made[input]));
  return made;
}

describe.each(ways)('one worker, %s', (_, options) => {
  it('ends one chain before it begins the next', async () => {
    // a0 → a1 → a2 → a3        b0 → b1 → b2 → b3
    const made = build({ a0: [], b0: [], a1: ['a0'], b1: ['b0'], a2: ['a1'], b2: ['b1'], a3: ['a2'], b3: ['b2'] });
    expect(await started([made.b3, made.a3], options)).toEqual(['b0', 'b1', 'b2', 'b3', 'a0', 'a1', 'a2', 'a3']);
  });

  it('does siblings one after the other, whatever their names', async () => {
    //   z    a    m    b    y         s = all pairs: each pair's two inputs next to each other
    //    \  /      \  /
    //     p1        p2 …
    const inputs = { z: [], a: [], p1: ['z', 'a'], m: [], b: [], p2: ['m', 'b'], x: [], c: [], p3: ['x', 'c'] };
    const made = build({ ...inputs, s: ['p1', 'p2', 'p3'] });
    const order = await started(made.s, options);
    for (const [pair, left, right] of [
      ['p1', 'z', 'a'],
      ['p2', 'm', 'b'],
      ['p3', 'x', 'c'],
    ] as const) {
      const at = order.indexOf(pair);
      expect(order.slice(at - 2, at).sort()).toEqual([left, right].sort());
    }
    expect(pressure(inputs, order)).toBeLessThanOrEqual(5);
  });

  it('ends a branch before the next', async () => {
    //  load ─┬─ left0 ─ left1 ─ left2
    //        └─ right0 ─ right1 ─ right2
    const made = build({
      load: [],
      left0: ['load'],
      right0: ['load'],
      left1: ['left0'],
      right1: ['right0'],
      left2: ['left1'],
      right2: ['right1'],
    });
    const order = await started([made.left2, made.right2], options);
    expect(order).toEqual(['load', 'left0', 'left1', 'left2', 'right0', 'right1', 'right2']);
  });

  it('keeps three results of a sliding window', async () => {
    //  x0   x1   x2   x3 …
    //    \ /  \ /  \ /
    //    w0   w1   w2 …      each window's sum is taken away at once
    const count = 12;
    const inputs: Record<string, string[]> = {};
    for (let i = 0; i < count; i++) inputs[`x${i}`] = [];
    for (let i = 0; i < count - 1; i++) inputs[`w${i}`] = [`x${i}`, `x${i + 1}`];
    const numbers = Array.from({ length: count - 1 }, (_, i) => i);
    for (const asked of [numbers, [...numbers].reverse()]) {
      const made = build(inputs);
      const windows = asked.map((i) => made[`w${i}`]);
      expect(pressure(inputs, await started(windows, options))).toBe(3);
    }
  });

  it('goes through branches that end in one task depth first', async () => {
    //  a0 ─ a1 ─ a2 ─┐
    //  b0 ─ b1 ─ b2 ─┼─ end
    //  c0 ─ c1 ─ c2 ─┘
    const inputs: Record<string, string[]> = {};
    for (const name of ['a', 'b', 'c']) {
      inputs[`${name}0`] = [];
      inputs[`${name}1`] = [`${name}0`];
      inputs[`${name}2`] = [`${name}1`];
    }
    inputs.end = ['a2', 'b2', 'c2'];
    const order = await started(build(inputs).end, options);
    expect(order.map((key) => key[0]).join('')).toMatch(/^(aaa|bbb|ccc){3}e$/);
    expect(pressure(inputs, order)).toBe(4);
  });

  it('goes through a reduction tree keeping one result a level', async () => {
    const inputs: Record<string, string[]> = {};
    let level = Array.from({ length: 16 }, (_, i) => `leaf${i}`);
    for (const name of level) inputs[name] = [];
    for (let height = 0; level.length > 1; height++) {
      level = Array.from({ length: level.length / 2 }, (_, i) => {
        inputs[`sum${height}_${i}`] = level.slice(2 * i, 2 * i + 2);
        return `sum${height}_${i}`;
      });
    }
    const made = build(inputs);
    expect(pressure(inputs, await started(made[level[0]!], options))).toBe(6);
  });

  it('does first what needs more results while it is made, where sizes are not known', async () => {
    //  leaf ───────────┐
    //  x0 ─┐           ├─ end     the pair first, then the leaf: three at once rather than four… and deeper trees more
    //  x1 ─┴─ pair ────┘
    const inputs = { leaf: [], x0: [], x1: [], pair: ['x0', 'x1'], end: ['leaf', 'pair'] };
    const order = await started(build(inputs).end, options);
    expect(order.indexOf('leaf')).toBeGreaterThan(order.indexOf('pair'));
    expect(pressure(inputs, order)).toBe(3);
  });

  it('knows sizes: of two branches the one that frees more goes first', async () => {
    // Both give a number that the end takes; while it is made one takes 512 KiB, the other leaves 64 KiB to be kept
    const wide = nd.matmul(nd.ones([256, 64]), nd.ones([64, 256]));
    const narrow = nd.matmul(nd.ones([64, 8]), nd.ones([8, 128]));
    const small = nd.sum(wide);
    for (const target of [nd.mul(narrow, small), nd.mul(small, narrow)]) {
      const order = await started(target, options);
      expect(order.indexOf(wide.key)).toBeGreaterThanOrEqual(0);
      expect(order.indexOf(wide.key)).toBeLessThan(order.indexOf(narrow.key));
    }
  });

  it('lets the priorities of tasks decide where there are any', async () => {
    const wide = nd.matmul(nd.ones([256, 64]), nd.ones([64, 256]));
    const last = delayed((n: number) => n, { key: `last-${options === ways[0][1]}`, priority: -1 })(1);
    const first = delayed((n: number) => n, { key: `first-${options === ways[0][1]}`, priority: 9 })(2);
    const order = await started([last, nd.sum(wide), first], options, /^(last|first)/);
    expect(order.map((key) => key.split('-')[0])).toEqual(['first', 'last']);
  });

  it('is σ of what is known, on graphs of kernels with results of many sizes', async () => {
    // Blocks of many sizes, each multiplied and summed up, pairwise
    const random = randomOf(7);
    for (let round = 0; round < 10; round++) {
      const blocks = Array.from({ length: 8 }, () => {
        const rows = 8 * (1 + Math.floor(24 * random()));
        return nd.matmul(nd.ones([rows, 16]), nd.ones([16, rows]));
      });
      const sums = blocks.map((block, i) =>
        nd.matmul(nd.sum(block, { axis: 0, keepdims: true }), nd.ones([block.shape[0]!, 8 + i])),
      );
      const target = nd.concat(sums, { axis: 1 });
      const program = programOf([target]);
      const sigma = runOrder(program, needsOf(program));
      await runtime.compute(target, { ...options, optimize: false });
      const order = [...runtime.lastRun!.tasks]
        .filter(({ device }) => device === 'wasm')
        .sort((a, b) => a.start - b.start)
        .map(({ key }) => key);
      const expected = Array.from(sigma?.order ?? program.nodes.keys(), (id) => program.nodes[id]!.key);
      expect(order).toEqual(expected.filter((key) => order.includes(key)));
    }
  });
});

describe('runOrder', () => {
  const random = fc.record({ seed: fc.nat(1e6), count: fc.integer({ min: 2, max: 120 }) });

  it('has every task once, each after its inputs, and needs no more than the order of the program', () => {
    let own = 0;
    fc.assert(
      fc.property(random, ({ seed, count }) => {
        const { target } = randomGraph(randomOf(seed), count, false);
        const program = buildProgram(collect(target).nodes);
        const needs = needsOf(program);
        const sigma = runOrder(program, needs);
        if (sigma === undefined) return;
        own++;
        const { depStart, deps, nodes } = program;
        expect([...sigma.order].sort((a, b) => a - b)).toEqual([...nodes.keys()]);
        sigma.order.forEach((id, k) => void expect(sigma.position[id]).toBe(k));
        for (let id = 0; id < nodes.length; id++) {
          for (let e = depStart[id]!; e < depStart[id + 1]!; e++) {
            expect(sigma.position[deps[e]!]!).toBeLessThan(sigma.position[id]!);
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(own).toBeGreaterThan(50);
  });

  it('leaves the order of the program where there is nothing to decide or to gain', () => {
    let chain = task('chain0');
    for (let i = 1; i < 50; i++) chain = task(`chain${i}`, chain);
    expect(runOrder(programOf([chain]))).toBeUndefined();
    expect(runOrder(programOf(Array.from({ length: 100 }, (_, i) => task(`alone${i}`))))).toBeUndefined();
    expect(runOrder(programOf([]))).toBeUndefined();
  });

  it('leaves it, too, in large programs, and in those of many small results', () => {
    const inc = delayed((n: number, m: number) => n + m);
    const many = Array.from({ length: 400 }, (_, i) => inc(inc(i, 1), inc(inc(i, 2), inc(i, 3))));
    expect(runOrder(programOf(many.slice(0, 40)))).toBeDefined();
    const program = programOf(many);
    expect(runOrder(program)).toBeUndefined();
    expect(runOrder(program, needsOf(program))).toBeUndefined();
  });

  it('does badly where a function gives much and nobody said so', () => {
    // It keeps the large result, taken for small, while it makes two of a known size
    const large = task('large');
    const [x, y] = [nd.ones([64, 64]), nd.ones([64, 65])];
    const target = delayed((...values: unknown[]) => values.length, { key: 'end' })(large, nd.matmul(x, y) as never);
    const program = programOf([target]);
    const { order } = runOrder(program, needsOf(program)) ?? { order: Int32Array.from(program.nodes.keys()) };
    const work = workloadOf(program, needsOf(program));
    const bytes = work.bytes.slice();
    bytes[program.nodes.findIndex(({ key }) => key === 'large')] = 1e8;
    const scratch = work.scratch.slice();
    scratch[program.nodes.findIndex(({ op }) => op.name === 'matmul')] = 1e6;
    const real = { ...work, bytes, scratch };
    expect(footprint(real, order).peak).toBeGreaterThanOrEqual(safeOrder(real).peak);
    expect(orderRules).toContain(safeOrder(real).rule);
  });
});
