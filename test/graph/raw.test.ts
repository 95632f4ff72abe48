import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, CycleError, DuplicateKeyError, MissingKeyError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { buildProgram } from '../../dist/graph/program.js';
import { fromGraph, literal, type RawGraph, type RawKeys } from '../../dist/graph/raw.js';
import { runAll } from './run.js';

/** `get`, on this thread. */
function get(graph: RawGraph, keys: RawKeys): unknown {
  const { nodes, rebuild } = fromGraph(graph, keys);
  const program = buildProgram(nodes);
  const results = runAll(program);
  return rebuild(Array.from(program.targets, (id) => results[id]));
}

const add = (...numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
const inc = (n: number): number => n + 1;
const list = (...items: unknown[]): unknown[] => items;

describe('a raw graph', () => {
  it('runs the pipeline of the essay', () => {
    const load = (file: string): string => `data of ${file}`;
    const clean = (data: string): string => data.toUpperCase();
    const analyze = (parts: readonly string[]): string => parts.join(' + ');
    const stored: string[] = [];
    const graph = {
      'load-1': [load, 'myfile.a.data'],
      'load-2': [load, 'myfile.b.data'],
      'clean-1': [clean, 'load-1'],
      'clean-2': [clean, 'load-2'],
      analyze: [analyze, ['clean-1', 'clean-2']],
      store: [(result: string): number => stored.push(result), 'analyze'],
    };
    expect(get(graph, 'store')).toBe(1);
    expect(stored).toEqual(['DATA OF MYFILE.A.DATA + DATA OF MYFILE.B.DATA']);
  });

  it('answers with the nesting of the keys', () => {
    const graph = { a: 1, b: [inc, 'a'], c: [add, 'a', 'b'] };
    expect(get(graph, 'c')).toBe(3);
    expect(get(graph, ['a', ['b', ['c']], 'a', []])).toEqual([1, [2, [3]], 1, []]);
    expect(get(graph, [])).toEqual([]);
  });

  it('holds values of every kind, functions and empty arrays included', () => {
    const graph = { f: inc, empty: [], record: { a: 'a' }, none: undefined, nil: null, text: 'no key', a: 1 };
    expect(get(graph, ['f', 'empty', 'record', 'none', 'nil', 'text'])).toEqual([
      inc,
      [],
      { a: 'a' },
      undefined,
      null,
      'no key',
    ]);
  });

  it('takes strings that equal keys as references, also in nested arrays, but not in objects', () => {
    const graph = { a: 1, b: [list, 'a', ['a', ['a', 'x']], { a: 'a' }, new Set(['a']), 'aa'] };
    expect(get(graph, 'b')).toEqual([1, [1, [1, 'x']], { a: 'a' }, new Set(['a']), 'aa']);
  });

  it('knows aliases, and values that are lists of keys', () => {
    const graph = { a: [inc, 0], b: 'a', c: 'b', all: ['a', ['c', 'x']] };
    expect(get(graph, ['b', 'c', 'all'])).toEqual([1, 1, [1, [1, 'x']]]);
  });

  it('never looks into literals', () => {
    const inner = ['a', [inc, 'a']];
    const graph = {
      a: 1,
      b: [list, literal('a'), [literal('a'), 'a'], literal(inner)],
      c: literal('a'),
      d: literal([inc, 1]),
    };
    const [b, c, d] = get(graph, ['b', 'c', 'd']) as [unknown[], unknown, unknown];
    expect(b).toEqual(['a', ['a', 1], inner]);
    expect(b[2]).toBe(inner);
    expect(c).toBe('a');
    expect(d).toEqual([inc, 1]);
  });

  it('runs tasks nested in tasks and in lists, and names them after the key they are for', () => {
    const graph = { a: 1, b: [add, [inc, [inc, 'a']], [add, 'a', [inc, 1]]], c: [list, [[inc, 'a'], 'a']] };
    expect(get(graph, ['b', 'c'])).toEqual([6, [[2, 1]]]);
    const keys = buildProgram(fromGraph(graph, 'b').nodes).nodes.map((node) => node.key);
    expect(keys.filter((key) => /^b\/inc-\d+$/.test(key))).toHaveLength(3);
    expect(keys.at(-1)).toBe('b');
  });

  it('runs a nested task that is used twice once', () => {
    let calls = 0;
    const once = [(): number => ++calls];
    expect(get({ a: [list, once, [once]], b: [list, once] }, ['a', 'b'])).toEqual([[1, [1]], [1]]);
  });

  it('takes delayed values anywhere, and delayed functions with their options', () => {
    const two = delayed(inc)(1);
    const pair = delayed([5, 6]);
    const graph = {
      a: two,
      b: [add, two, 'a'],
      c: [list, { x: [two] }, [two, pair[1]], [pair[0], 'a']],
      d: [delayed(inc, { retries: 3 }), 'a'],
      e: [pair[1], 'a'],
    };
    expect(get(graph, ['a', 'b', 'c', 'd', 'e'])).toEqual([2, 4, [{ x: [2] }, [2, 6], [5, 2]], 3, [6, 2]]);
    expect(fromGraph(graph, 'd').nodes[0]?.settings).toEqual({ retries: 3 });
  });

  it('passes arrays without references as they are', () => {
    const data = [1, [2, 'x']];
    expect((get({ a: [list, data], b: data }, ['a', 'b']) as unknown[][])[0]?.[0]).toBe(data);
    expect(get({ b: data }, 'b')).toBe(data);
  });

  it('may be a Map, and may have keys like numbers and __proto__', () => {
    const graph = new Map<string, unknown>([
      ['__proto__', 1],
      ['constructor', [inc, '__proto__']],
      ['2', [add, 'constructor', '__proto__', 'toString'.length]],
    ]);
    expect(get(graph, ['2', ['constructor']])).toEqual([11, [2]]);
    const record = JSON.parse('{ "__proto__": 1, "constructor": "__proto__" }');
    record[7] = [list, '__proto__', 'constructor', 'toString', 7];
    expect(get(record, '7')).toEqual([1, 1, 'toString', 7]);
    expect(() => get({}, 'toString')).toThrow(MissingKeyError);
  });

  it('is never changed', () => {
    const graph = { a: 1, b: [list, 'a', ['a', [inc, 'a']], { a: 'a' }], c: ['a', 'b'] };
    const freeze = (value: unknown): void => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
    };
    freeze(graph);
    expect(get(graph, ['c', ['b']])).toEqual([[1, [1, [1, 2], { a: 'a' }]], [[1, [1, 2], { a: 'a' }]]]);
  });

  it('reads only what the keys need', () => {
    const graph = {
      a: 1,
      get b(): number {
        throw new Error('not needed');
      },
      loop: [inc, 'loop'],
    };
    expect(get(graph, 'a')).toBe(1);
  });

  it('names a missing key, and the one that was meant', () => {
    expect(() => get({ store: 1 }, 'stor')).toThrow(MissingKeyError);
    expect(() => get({ store: 1 }, ['store', ['stor']])).toThrow(
      "key 'stor' is not in the graph; did you mean 'store'?",
    );
    expect(() => get({}, 'x')).toThrow('it has no keys');
  });

  it('lists the keys of a cycle', () => {
    const graph = { in: [inc, 'a'], a: [inc, 'b'], b: [list, ['c']], c: [inc, [inc, 'a']], self: 'self' };
    expect(() => get(graph, 'in')).toThrow(CycleError);
    expect(() => get(graph, 'in')).toThrow('a → b → c → a');
    expect(() => get(graph, 'self')).toThrow('self → self');
  });

  it('refuses what is no graph and no key', () => {
    expect(() => get([] as unknown as RawGraph, 'a')).toThrow(ArgumentError);
    expect(() => get(null as unknown as RawGraph, 'a')).toThrow('expected a record');
    expect(() => get(new Map([[1, 1]]) as unknown as RawGraph, 'a')).toThrow('expected strings');
    expect(() => get({ 1: 1 }, 1 as unknown as string)).toThrow('number is not a key');
    expect(() => get({ 1: 1 }, [1] as unknown as string[])).toThrow(ArgumentError);
  });

  it('refuses arrays that contain themselves, unless they are quoted', () => {
    const loop: unknown[] = [1];
    loop.push(loop);
    const task: unknown[] = [inc];
    task.push(task);
    expect(() => get({ a: [list, loop] }, 'a')).toThrow("task 'a' contains itself; quote it with literal");
    expect(() => get({ a: [list, task] }, 'a')).toThrow("task 'a' contains itself");
    expect(get({ a: [list, literal(loop)] }, 'a')).toEqual([loop]);
  });

  it('has no task with the key of a delayed value in it', () => {
    const clash = delayed(inc, { key: 'a' })(1);
    expect(() => get({ a: 1, b: [add, 'a', clash] }, 'b')).toThrow(DuplicateKeyError);
  });

  it('computes what a recursive model computes, for any graph', () => {
    const item = (i: number): fc.Arbitrary<unknown> =>
      fc.letrec<{ item: unknown }>((tie) => ({
        item: fc.oneof(
          { depthSize: 'small' },
          i === 0 ? fc.constant('no key') : fc.nat(i - 1).map((k) => `k${k}`),
          fc.nat(),
          fc.array(tie('item'), { maxLength: 4 }),
          fc.array(tie('item'), { maxLength: 3 }).map((args) => [list, ...args]),
          fc.string().map((text) => literal(text)),
        ),
      })).item;
    const graphs = fc.tuple(...Array.from({ length: 8 }, (_, i) => item(i)));
    fc.assert(
      fc.property(graphs, (values) => {
        const graph = Object.fromEntries(values.map((value, i) => [`k${i}`, value]));
        const model = (value: unknown): unknown => {
          if (typeof value === 'string') return Object.hasOwn(graph, value) ? model(graph[value]) : value;
          if (!Array.isArray(value)) return value instanceof Object && 'value' in value ? value.value : value;
          return value[0] === list ? value.slice(1).map(model) : value.map(model);
        };
        const keys = Object.keys(graph);
        expect(get(graph, keys)).toEqual(keys.map(model));
      }),
    );
  });

  it('may be a chain of hundreds of thousands of tasks', () => {
    const graph: Record<string, unknown> = { k0: 0 };
    for (let i = 1; i <= 300_000; i++) graph[`k${i}`] = [inc, `k${i - 1}`];
    expect(get(graph, ['k300000', 'k5'])).toEqual([300_000, 5]);
  });

  it('may be nested a hundred thousand deep, in tasks, lists and keys', () => {
    let task: unknown = 'a';
    let nested: unknown = 'a';
    let keys: RawKeys = 'a';
    for (let i = 0; i < 100_000; i++) {
      task = [inc, task];
      nested = [nested];
      keys = [keys];
    }
    expect(get({ a: 1, b: task }, 'b')).toBe(100_001);
    let result = get({ a: 1, b: nested }, ['b', keys]) as unknown[];
    for (let side of result) {
      for (let i = 0; i < 100_000; i++) side = (side as unknown[])[0];
      expect(side).toBe(1);
    }
    result = [];
  });

  it('shares arrays instead of unfolding them', () => {
    let shared: unknown[] = ['a'];
    let tasks: unknown[] = [list, 'a'];
    for (let i = 0; i < 60; i++) {
      shared = [shared, shared];
      tasks = [list, tasks, tasks];
    }
    const { nodes } = fromGraph({ a: 1, b: [(v: unknown): boolean => Array.isArray(v), shared], c: tasks }, ['b', 'c']);
    expect(buildProgram(nodes).nodes).toHaveLength(63);
  });
});
