import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { DuplicateKeyError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { evaluate } from '../../dist/graph/evaluate.js';
import { nodeOf, TaskNode } from '../../dist/graph/node.js';
import { buildProgram, type Program, pathTo } from '../../dist/graph/program.js';
import { installFunctionHash } from '../../dist/graph/pure-key.js';
import { run, runAll } from './run.js';

const node = (value: unknown): TaskNode => nodeOf(value)!;
const programOf = (...values: unknown[]): Program => buildProgram(values.map(node));
const keysOf = (program: Program): string[] => program.nodes.map((n) => n.key);

/** What every program keeps. */
function checkInvariants(program: Program): void {
  const { nodes, depStart, deps, succStart, succs, pending } = program;
  const forward: string[] = [];
  const backward: string[] = [];
  nodes.forEach((n, i) => {
    const own = [...deps.slice(depStart[i], depStart[i + 1])];
    expect(own).toHaveLength(n.deps.length);
    expect(pending[i]).toBe(own.length);
    for (const [k, dep] of own.entries()) {
      expect(dep).toBeLessThan(i);
      expect(nodes[dep]!.key).toBe(n.deps[k]!.key);
      forward.push(`${dep} ${i}`);
    }
    for (const succ of succs.slice(succStart[i], succStart[i + 1])) backward.push(`${i} ${succ}`);
  });
  expect(backward.sort()).toEqual(forward.sort());
}

/** A random graph: task i takes earlier tasks, some twice. */
const graph = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 40 })
  .map((rows) => rows.map((row, i) => (i === 0 ? [] : row.map((n) => n % i))));

describe('a program', () => {
  it('is topological and has exactly what the targets need', () => {
    fc.assert(
      fc.property(graph, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), (rows, picks) => {
        const task = delayed((...args: readonly number[]) => args.reduce((a, b) => a + b, 1));
        const values: unknown[] = [];
        for (const row of rows) values.push(task(...(row.map((d) => values[d]) as number[])));
        const wanted = picks.map((p) => p % rows.length);
        const program = programOf(...wanted.map((w) => values[w]));
        checkInvariants(program);
        const reached = new Set<number>();
        const visit = (i: number): void => {
          reached.add(i);
          rows[i]!.forEach(visit);
        };
        wanted.forEach(visit);
        expect(new Set(program.nodes)).toEqual(new Set([...reached].map((i) => node(values[i]))));
        expect([...program.targets].map((id) => program.nodes[id])).toEqual(wanted.map((w) => node(values[w])));
      }),
      { numRuns: 60 },
    );
  });

  it('finishes what it starts: postorder, arguments from left to right', () => {
    const step = delayed((...args: unknown[]) => args.length);
    const named = (key: string, ...args: unknown[]): unknown => step.with({ key })(...args);
    //        root
    //      /      \
    //    left     right
    //    /  \     /   \
    //   a    b   b     c
    const [a, b, c] = [named('a'), named('b'), named('c')];
    const root = named('root', named('left', a, b), [named('right', { b }, c)]);
    expect(keysOf(programOf(root))).toEqual(['a', 'b', 'left', 'c', 'right', 'root']);
  });

  it('takes higher priority first where the order is free', () => {
    const step = delayed((...args: unknown[]) => args.length);
    const low = step.with({ key: 'low', priority: -1 })();
    const plain = step.with({ key: 'plain' })();
    const high = step.with({ key: 'high', priority: 5 })();
    expect(keysOf(programOf(step.with({ key: 'end' })(low, plain, high)))).toEqual(['high', 'plain', 'low', 'end']);
    expect(keysOf(programOf(low, high))).toEqual(['high', 'low']);
    const program = programOf(low, high);
    expect([...program.targets].map((id) => program.nodes[id]!.key)).toEqual(['low', 'high']);
  });

  it('has a task once, however often it is used', () => {
    const one = delayed(1);
    const program = programOf(delayed((a: number, b: number) => a + b)(one, one), one);
    expect(program.nodes).toHaveLength(2);
    expect([...program.deps]).toEqual([0, 0]);
    expect([...program.pending]).toEqual([0, 2]);
    expect([...program.succs]).toEqual([1, 1]);
  });

  it('is empty for no targets', () => {
    expect(buildProgram([]).nodes).toEqual([]);
  });

  it('says how a task leads to what was asked for, the shortest way', () => {
    const step = delayed((...args: unknown[]) => args.length);
    const named = (key: string, ...args: unknown[]): unknown => step.with({ key })(...args);
    const a = named('a');
    const program = programOf(named('end', named('b', named('c', a)), named('short', a)));
    const at = (key: string): number => keysOf(program).indexOf(key);
    expect(pathTo(program, at('a'))).toEqual(['a', 'short', 'end']);
    expect(pathTo(program, at('c'))).toEqual(['c', 'b', 'end']);
    expect(pathTo(program, at('end'))).toEqual(['end']);
  });

  it('may be built twice, and of overlapping graphs', () => {
    const one = delayed(1);
    const two = delayed((n: number) => n + 1)(one);
    expect(keysOf(programOf(two))).toEqual(keysOf(programOf(two)));
    const other = programOf(one);
    expect(keysOf(other)).toEqual([one.key]);
    expect(runAll(programOf(two, one))).toEqual([1, 2]);
  });
});

describe('keys', () => {
  afterEach(() => installFunctionHash(undefined));

  it('fixed for a function that is called with different arguments are an error', () => {
    const load = delayed((n: number) => n, { key: 'load' });
    expect(() => programOf(load(1), load(2))).toThrow(DuplicateKeyError);
    expect(() => programOf(load(1), load(2))).toThrow(/different arguments.*'load'.*\.with\(\{ key \}\)/);
    expect(() => run([load(delayed(1)), load(delayed(1))])).toThrow(DuplicateKeyError);
  });

  it('fixed for a function that is called with the same arguments mean one task', () => {
    let calls = 0;
    const load = delayed((_: unknown) => ++calls, { key: 'load' });
    const one = delayed(1);
    expect(run([load({ a: [one] }), load({ a: [one] })])).toEqual([1, 1]);
    expect(run(load(2))).toBe(2);
  });

  it('that two functions share are an error', () => {
    const one = delayed(() => 1, { key: 'k' })();
    const two = delayed(() => 2, { key: 'k' })();
    expect(() => programOf(one, two)).toThrow(/two different tasks.*have the key 'k'/);
    expect(programOf(one, one).nodes).toHaveLength(1);
  });

  it('that look like another task’s counter are an error', () => {
    const counted = delayed(() => 1, { name: 'load' })();
    const clash = delayed(() => 2, { key: counted.key })();
    const near = delayed(() => 2, { key: `${counted.key}0` })();
    const other = delayed(() => 2, { key: counted.key.replace('load', 'store') })();
    expect(() => programOf(counted, clash)).toThrow(DuplicateKeyError);
    expect(() => programOf(clash, counted)).toThrow(counted.key);
    expect(programOf(counted, near, other).nodes).toHaveLength(3);
  });

  it('of pure tasks are equal for equal arguments, and such tasks run once', () => {
    let calls = 0;
    const square = delayed(
      (n: number) => {
        calls++;
        return n * n;
      },
      { pure: true, name: 'square' },
    );
    expect(square(3).key).toMatch(/^square-[0-9a-f]{24}$/);
    expect(square(3).key).toBe(square(3).key);
    expect(square(3).key).not.toBe(square(4).key);
    expect(run([square(3), [square(3)], square(4)])).toEqual([9, [9], 16]);
    expect(calls).toBe(2);
    expect(square(square(2)).key).toBe(square(square(2)).key);
  });

  it('of items of pure tasks are pure too', () => {
    const pair = delayed((n: number) => [n, { x: n }] as const, { pure: true });
    expect(pair(1)[1].x.key).toBe(pair(1)[1].x.key);
    expect(pair(1)[1].key).not.toBe(pair(1)[0].key);
    expect(programOf(pair(1)[0], pair(1)[0]).nodes).toHaveLength(2);
  });

  it('of pure tasks on values without content are their own', () => {
    class Model {}
    const size = delayed((m: Model) => Object.keys(m).length, { pure: true });
    const model = new Model();
    expect(size(model).key).not.toBe(size(model).key);
    expect(run([size(model), size(model)])).toEqual([0, 0]);
  });

  it('of pure tasks tell two functions apart, by identity or by the installed content hash', () => {
    const make = (): ((n: number) => number) => (n) => n;
    const f = delayed(make(), { pure: true, name: 'f' });
    const g = delayed(make(), { pure: true, name: 'f' });
    expect(f(1).key).not.toBe(g(1).key);
    installFunctionHash((fn) => String(fn));
    expect(f(1).key).toBe(g(1).key);
  });

  it('of pure values come from their content', () => {
    expect(delayed([1, 2], { pure: true }).key).toBe(delayed([1, 2], { pure: true }).key);
    expect(delayed([1, 2], { pure: true }).key).not.toBe(delayed([1, 3], { pure: true }).key);
  });

  it('merge tasks if and only if they are equal, in any graph of pure tasks', () => {
    const op = delayed((name: string, ...args: readonly number[]) => name.length + args.length, {
      pure: true,
      name: 'op',
    });
    fc.assert(
      fc.property(graph, fc.array(fc.constantFrom('x', 'y'), { minLength: 40, maxLength: 40 }), (rows, names) => {
        const values: unknown[] = [];
        const forms: string[] = [];
        rows.forEach((row, i) => {
          values.push(op(names[i]!, ...(row.map((d) => values[d]) as number[])));
          forms.push(
            JSON.stringify([names[i], row.map((d) => (forms[d]!.length > 200 ? keyOf(values[d]) : forms[d]))]),
          );
        });
        const program = programOf(...values);
        checkInvariants(program);
        expect(program.nodes.length).toBe(new Set(values.map(keyOf)).size);
        values.forEach((a, i) => {
          values.forEach((b, j) => {
            expect(keyOf(a) === keyOf(b)).toBe(forms[i] === forms[j]);
          });
        });
      }),
      { numRuns: 30 },
    );
  });
});

function keyOf(value: unknown): string {
  return (value as { key: string }).key;
}

describe('evaluating', () => {
  it('refuses kernels, which only devices can run', () => {
    const kernel = new TaskNode({ kind: 'kernel', name: 'matmul', kernel: { name: 'matmul' }, params: {} }, [], []);
    expect(() => evaluate(kernel, [])).toThrow("'matmul'");
  });

  it('passes any number of arguments, and undefined as the receiver', () => {
    const count = delayed(function (this: unknown, ...args: unknown[]) {
      return [this, ...args];
    });
    for (let n = 0; n < 6; n++) {
      const args = Array.from({ length: n }, (_, i) => i);
      expect(run(count(...args))).toEqual([undefined, ...args]);
    }
  });
});

describe('a million tasks', () => {
  const MANY = 1_000_000;

  it('in a chain are walked and evaluated without overflow', () => {
    const next = delayed((n: number) => n + 1);
    let value: unknown = 0;
    for (let i = 0; i < MANY; i++) value = next(value as number);
    const program = programOf(value);
    expect(program.nodes).toHaveLength(MANY);
    expect(runAll(program).at(-1)).toBe(MANY);
    expect(pathTo(program, 0)).toHaveLength(MANY);
  });

  it('side by side become the inputs of one task', () => {
    const id = delayed((n: number) => n);
    const list = Array.from({ length: MANY }, (_, i) => id(i));
    const program = programOf(delayed((all: readonly number[]) => all.length)(list));
    expect(program.nodes).toHaveLength(MANY + 1);
    expect(runAll(program).at(-1)).toBe(MANY);
  });
});
