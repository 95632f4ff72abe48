/**
 * The fusion pass on programs, without running them: what becomes one task and what does not. Letters in the drawings
 * are element-wise tasks, capital ones are asked for, R is a reduction and M a kernel that is neither.
 */
import { describe, expect, it } from 'vitest';
import { delayed } from '../../dist/graph/delayed.js';
import type { TaskNode } from '../../dist/graph/node.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';
import { elementwise } from '../../dist/kernels/elementwise.js';
import { eachInstruction } from '../../dist/kernels/expression.js';
import { parse } from '../../dist/kernels/expression-text.js';
import { fuse } from '../../dist/kernels/fuse.js';
import { type LazyArray, nd, random } from '../../dist/lazy/index.js';
import { kernelCall } from '../../dist/lazy/lazy-array.js';
import { identity, viewOf } from '../../dist/lazy/view.js';
import { taskOf } from '../support/evaluate.js';

const x = nd.array([
  [1, 2],
  [3, 4],
]);
const program = (...targets: readonly unknown[]): Program => buildProgram(targets.map(taskOf));
/** The names of the tasks that are left, without those of arrays that are there. */
const names = ({ nodes }: Program): string[] =>
  nodes.filter(({ op }) => op.kind !== 'value').map((node: TaskNode) => node.op.name);
const fused = (...targets: readonly unknown[]): string[] => names(fuse(program(...targets)));
const instructions = (node: TaskNode): number => {
  let count = 0;
  const params = node.op.kind === 'kernel' ? node.op.params : {};
  eachInstruction(parse(String(params.expression)).instructions, () => count++);
  return count;
};

/** Edges and counts say the same, dependencies come first, and every edge is one of a node's. */
function expectSound({ nodes, depStart, deps, succStart, succs, pending, targets }: Program): void {
  const forwards: string[] = [];
  const backwards: string[] = [];
  for (let task = 0; task < nodes.length; task++) {
    expect(pending[task]).toBe(depStart[task + 1]! - depStart[task]!);
    expect(nodes[task]!.deps).toHaveLength(pending[task]!);
    for (let e = depStart[task]!; e < depStart[task + 1]!; e++) {
      expect(deps[e]).toBeLessThan(task);
      backwards.push(`${deps[e]} ${task}`);
    }
    for (let e = succStart[task]!; e < succStart[task + 1]!; e++) forwards.push(`${task} ${succs[e]}`);
  }
  expect(forwards.sort()).toEqual(backwards.sort());
  for (const target of targets) expect(nodes[target]).toBeDefined();
}

describe('chains', () => {
  it('a → b → R is one task, which keeps the key that was asked for', () => {
    const target = nd.sum(nd.exp(nd.neg(x)));
    const result = fuse(program(target));
    expect(names(result)).toEqual(['neg-exp-sum']);
    expect(result.nodes[result.targets[0]!]!.key).toBe(target.key);
    expectSound(result);
  });

  it('a → b → M: the chain is one task with a key of its own', () => {
    const result = fuse(program(nd.matmul(nd.exp(nd.neg(x)), x)));
    expect(names(result)).toEqual(['neg-exp', 'matmul']);
    expect(result.nodes.map(({ key }) => key)).toContainEqual(expect.stringMatching(/^neg-exp-[0-9a-f]{20}$/));
    expect(fuse(program(nd.matmul(nd.exp(nd.neg(x)), x))).nodes.map(({ key }) => key)).toEqual(
      result.nodes.map(({ key }) => key),
    );
    expectSound(result);
  });

  it('long names keep both ends', () => {
    const chain = nd.log(nd.abs(nd.sub(nd.sqrt(nd.square(nd.neg(nd.add(x, 1)))), 1)));
    expect(fused(chain)).toEqual(['add-neg-(3)-abs-log']);
  });

  it('a value used twice is computed once', () => {
    const e = nd.exp(x);
    const result = fuse(program(nd.sum(nd.mul(nd.add(e, 1), nd.sub(e, 1)))));
    expect(names(result)).toHaveLength(1);
    const text = String((result.nodes.at(-1)!.op as { params: Record<string, unknown> }).params.expression);
    expect(text.split('"exp"')).toHaveLength(2);
  });

  it('A → B: what is asked for is not taken in', () => {
    const a = nd.exp(x);
    expect(fused(a, nd.neg(a))).toEqual(['exp', 'neg']);
  });

  it('a → R, a → R: with consumers in two groups it is written down once', () => {
    const a = nd.exp(x);
    expect(fused(nd.sum(a), nd.max(a)).sort()).toEqual(['exp', 'max', 'sum']);
  });

  it('a → M and a → b: somebody else wants it', () => {
    const a = nd.exp(x);
    expect(fused(nd.matmul(a, x), nd.neg(a)).sort()).toEqual(['exp', 'matmul', 'neg']);
  });

  it('a → M → b ← a makes no cycle', () => {
    const a = nd.exp(x);
    const result = fuse(program(nd.neg(nd.add(nd.matmul(a, x), a))));
    expect(names(result)).toEqual(['exp', 'matmul', 'add-neg']);
    expectSound(result);
  });

  it('tasks with settings of their own stay', () => {
    const spec = { expression: identity('float64').text };
    const [slow] = kernelCall(elementwise, [nd.exp(x)], spec, { device: 'js' }) as [LazyArray];
    expect(fused(nd.neg(slow))).toEqual(['exp', 'elementwise', 'neg']);
  });
});

describe('views and broadcasting', () => {
  it('a view is taken into every consumer, and into reductions', () => {
    const t = x.T;
    expect(fused(nd.sum(t), nd.add(t, 1)).sort()).toEqual(['sum', 'add'].sort());
    expect(fused(t)).toEqual(['transpose']);
    // the product reads transposed matrices as they are
    expect(fused(nd.matmul(t, x))).toEqual(['matmul']);
    expect(fused(nd.sort(t))).toEqual(['transpose', 'sort']);
  });

  it('what broadcasting would compute again is taken in only when that is cheap', () => {
    const row = nd.array([1, 2, 3]);
    const tall = nd.array(new Float64Array(30_000), { shape: [10_000, 3] });
    expect(fused(nd.mul(nd.exp(row), tall))).toEqual(['exp', 'mul']);
    expect(fused(nd.mul(nd.add(row, 1), tall))).toEqual(['add-mul']);
    // Of a few elements everything is cheap.
    expect(fused(nd.mul(nd.exp(row), nd.array([[1], [2]])))).toEqual(['exp-mul']);
    // A row has as many elements as the product of columns and rows when there is one row only.
    expect(fused(nd.mul(nd.exp(tall), nd.array([[1, 2, 3]])))).toEqual(['exp-mul']);
  });

  it('two views of one value that differ compute it twice, when that is cheap', () => {
    const n = 10_000;
    const line = nd.array(new Float64Array(n));
    const part = (y: LazyArray, start: number): LazyArray =>
      viewOf(y, { shape: [n - 1], axes: [0], steps: [1], start: [start] }, 'slice');
    const difference = (y: LazyArray): unknown => nd.sub(part(y, 1), part(y, 0));
    expect(fused(difference(nd.add(line, 1)))).toEqual(['add-sub']);
    expect(fused(difference(nd.exp(line)))).toEqual(['exp', 'sub']);
  });
});

describe('limits', () => {
  it('a group has at most 16 inputs', () => {
    const leaves = Array.from({ length: 40 }, (_, i) => nd.array([i, i + 1]));
    let total = leaves[0] as LazyArray;
    for (const leaf of leaves.slice(1)) total = nd.add(total, leaf);
    const result = fuse(program(total));
    expect(names(result)).toHaveLength(3);
    for (const node of result.nodes) expect(node.deps.length).toBeLessThanOrEqual(16);
    expectSound(result);
  });

  it('a group has at most 100 instructions', () => {
    let chain: LazyArray = x;
    for (let i = 0; i < 1000; i++) chain = nd.add(nd.sqrt(chain), i);
    const result = fuse(program(chain));
    expect(names(result).length).toBeLessThan(50);
    for (const node of result.nodes) if (node.op.kind === 'kernel') expect(instructions(node)).toBeLessThanOrEqual(100);
    expectSound(result);
  });
});

describe('programs with nothing to fuse', () => {
  it('are answered as they are', () => {
    const inc = delayed((n: number) => n + 1);
    for (const target of [inc(inc(1)), nd.matmul(x, x), nd.exp(x), nd.add(nd.matmul(nd.exp(x), x), 1)]) {
      const one = program(target);
      expect(fuse(one)).toBe(one);
    }
  });

  it('differ where the same tasks are put together in another way', () => {
    const [a, b] = [nd.exp(x), nd.neg(x)];
    const flipped = (of: LazyArray): LazyArray => nd.transpose(of);
    const params = (target: LazyArray): unknown => {
      const result = fuse(program(target));
      const { op } = result.nodes[result.targets[0]!]!;
      return op.kind === 'kernel' ? op.params : undefined;
    };
    const targets = [
      nd.sub(flipped(a), b),
      nd.sub(a, flipped(b)),
      nd.sub(b, flipped(a)),
      nd.sub(flipped(b), a),
      nd.sub(a, b),
      nd.sub(flipped(x), nd.exp(x)),
      nd.sub(x, nd.exp(flipped(x))),
      nd.sum(nd.sub(a, b), { axis: 0 }),
      nd.sum(nd.sub(a, b), { axis: 1 }),
      nd.sum(nd.sub(a, b), { axis: 1, keepdims: true }),
      nd.max(nd.sub(a, b), { axis: 1 }),
    ];
    expect(new Set(targets.map((target) => JSON.stringify(params(target)))).size).toBe(targets.length);
  });

  it('share their parameters where blocks are alike', () => {
    const rows = random.normal([12, 2], { seed: 1, chunks: [2, 2] });
    const result = fuse(program(nd.sum(nd.exp(nd.sub(rows, 1))), nd.sum(nd.exp(nd.sub(rows, 2)))));
    const kinds = new Set(
      result.nodes.map(({ op }) => (op.name === 'sub-exp-sum' && op.kind === 'kernel' ? op.params : null)),
    );
    kinds.delete(null);
    expect(kinds.size).toBe(2);
  });

  it('keep tasks of other kinds and their edges', () => {
    const scaled = nd.mul(nd.add(x, 1), 2);
    const shown = delayed((a: unknown, b: unknown) => [a, b])(scaled, x as never);
    const result = fuse(program(shown, scaled));
    expect(names(result)).toHaveLength(2);
    expect(result.nodes[result.targets[0]!]).toBe(taskOf(shown));
    const first = result.depStart[result.targets[0]!]!;
    expect([...result.deps.subarray(first, first + 2)].map((dep) => result.nodes[dep]!.key)).toEqual([
      scaled.key,
      x.key,
    ]);
    expectSound({ ...result, nodes: result.nodes });
  });
});
