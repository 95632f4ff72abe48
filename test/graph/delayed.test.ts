import { inspect } from 'node:util';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ArgumentError, OptionError } from '../../dist/errors.js';
import { delayed, isDelayed, specOf, wrap, wrapPersisted } from '../../dist/graph/delayed.js';
import { installHooks } from '../../dist/graph/hooks.js';
import { nodeOf, TaskNode } from '../../dist/graph/node.js';
import { buildProgram } from '../../dist/graph/program.js';
import { run, runAsync } from './run.js';

const add = delayed(function add(a: number, b: number) {
  return a + b;
});

/** How many tasks it takes to compute something. */
function tasksOf(...values: unknown[]): number {
  return buildProgram(values.map((value) => nodeOf(value)!)).nodes.length;
}

describe('a delayed function', () => {
  it('does no work when it is called', () => {
    let calls = 0;
    const count = delayed(() => ++calls);
    const value = count();
    expect(calls).toBe(0);
    expect(run(value)).toBe(1);
    expect(calls).toBe(1);
  });

  it('takes values and delayed values alike', () => {
    expect(run(add(add(1, 2), add(3, add(4, 5))))).toBe(15);
  });

  it('finds delayed values in arrays, objects, Maps and Sets at any depth', () => {
    const show = delayed((value: unknown) => value);
    const one = add(0, 1);
    const two = add(1, 1);
    const result = run(
      show({
        list: [one, [two, [{ deep: one }]]],
        map: new Map<unknown, unknown>([
          ['k', two],
          [one, new Set([two, 'x'])],
        ]),
        none: Object.assign(Object.create(null), { one }),
      }),
    );
    expect(result).toEqual({
      list: [1, [2, [{ deep: 1 }]]],
      map: new Map<unknown, unknown>([
        ['k', 2],
        [1, new Set([2, 'x'])],
      ]),
      none: { one: 1 },
    });
    expect(Object.getPrototypeOf((result as { none: object }).none)).toBe(null);
  });

  it('keeps symbol keys, and __proto__ as an own key, when it copies an object', () => {
    const tag = Symbol('tag');
    const given = JSON.parse('{"__proto__": 0, "a": 1}');
    given[tag] = 'kept';
    Object.defineProperty(given, '__proto__', { value: add(1, 1), enumerable: true });
    const result = run(delayed((value: unknown) => value)(given)) as Record<string | symbol, unknown>;
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect(Object.getOwnPropertyDescriptor(result, '__proto__')?.value).toBe(2);
    expect(result[tag]).toBe('kept');
    expect(result.a).toBe(1);
  });

  it('passes collections without delayed values, class instances and typed arrays as they are', () => {
    class Model {
      inner = add(1, 2);
    }
    const same = delayed((...values: unknown[]) => values);
    const values = [[1, [2]], new Model(), new Float64Array(2), new Date(), new Map([[1, [2]]]), { a: { b: [] } }];
    const result = run(same(...values)) as unknown[];
    values.forEach((value, i) => {
      expect(result[i]).toBe(value);
    });
  });

  it('keeps the parts without delayed values of a collection that has some', () => {
    const rest = [1, 2, 3];
    const result = run(delayed((value: unknown) => value)({ rest, sum: add(1, 2) })) as { rest: unknown };
    expect(result.rest).toBe(rest);
  });

  it('takes a snapshot of collections with delayed values', () => {
    const scores = [add(1, 2)];
    const total = delayed((list: readonly number[]) => list.length)(scores);
    scores.push(add(3, 4));
    expect(run(total)).toBe(1);
  });

  it('makes a new copy for every run, so that a task cannot change what another sees', () => {
    const push = delayed((list: number[]) => list.push(0));
    const value = push([add(1, 2)]);
    expect(run(value)).toBe(2);
    expect(run(value)).toBe(2);
  });

  it('finds delayed values in collections of another realm', () => {
    const [list, record, map, set] = vm.runInNewContext('(v) => [[v], { v }, new Map([["v", v]]), new Set([v])]')(
      add(1, 2),
    );
    expect(run(delayed((value: unknown) => value)([list, record, map, set]))).toEqual([
      [3],
      { v: 3 },
      new Map([['v', 3]]),
      new Set([3]),
    ]);
  });

  it('keeps cycles and sharing', () => {
    const cycle: unknown[] = [add(1, 2)];
    cycle.push(cycle, { back: cycle });
    const result = run(delayed((value: unknown) => value)(cycle)) as [number, unknown, { back: unknown }];
    expect(result[0]).toBe(3);
    expect(result[1]).toBe(result);
    expect(result[2].back).toBe(result);

    const plain: unknown[] = [1];
    plain.push({ plain });
    expect(run(delayed((value: unknown) => value)(plain))).toBe(plain);
  });

  it('waits for asynchronous functions through the evaluator', async () => {
    const later = delayed(async (n: number) => n + 1);
    expect(await runAsync(add(later(1), later(2)))).toBe(5);
  });

  it('is named after its function, counts its keys, and takes options with .with', () => {
    expect(add(1, 2).key).toMatch(/^add-\d+$/);
    expect(delayed(() => 1)().key).toMatch(/^anonymous-\d+$/);
    const named = delayed(() => 1, { name: 'load', retries: 2 });
    expect(named().key).toMatch(/^load-\d+$/);
    const other = named.with({ timeout: 5 });
    expect(nodeOf(other())?.settings).toEqual({ retries: 2, timeout: 5 });
    expect(other().key).toMatch(/^load-\d+$/);
    expect(nodeOf(named())?.settings).toEqual({ retries: 2 });
    expect(nodeOf(delayed(add, { priority: 1 })(1, 2))?.settings).toEqual({ priority: 1 });
    expect(named.with({ key: 'the-one' })().key).toBe('the-one');
  });

  it('is not a delayed value itself, and says what it runs', () => {
    const fn = (): number => 1;
    expect(isDelayed(delayed(fn))).toBe(false);
    expect(specOf(delayed(fn))?.fn).toBe(fn);
    expect(specOf(fn)).toBe(undefined);
  });

  it('refuses a class, and calls built-in constructors that can be called', () => {
    class Model {}
    expect(() => delayed(Model)).toThrow(ArgumentError);
    expect(() => delayed(Model)).toThrow('new Model(...args)');
    expect(run(delayed(Number)('5'))).toBe(5);
  });

  it('lets functions be arguments', () => {
    const twice = delayed((fn: (n: number) => number, n: number) => fn(fn(n)));
    expect(run(twice((n) => n + 1, add(1, 1)))).toBe(4);
  });
});

describe('a delayed value', () => {
  it('stands for the value, with delayed values inside found', () => {
    expect(run(delayed([add(1, 2), 4]))).toEqual([3, 4]);
    expect(run(delayed('text'))).toBe('text');
    expect(run(delayed(undefined))).toBe(undefined);
    expect(run(delayed(null))).toBe(null);
    const sum = add(1, 2);
    expect(delayed(sum)).toBe(sum);
    expect(delayed([1]).key).toMatch(/^array-\d+$/);
    expect(delayed(1, { name: 'one' }).key).toMatch(/^one-\d+$/);
  });

  it('is taken as it is with traverse: false', () => {
    const list = [add(1, 2)];
    const kept = run(delayed(list, { traverse: false })) as unknown[];
    expect(kept).toBe(list);
  });

  it('has every property and index of the value, lazily', () => {
    const pairs = delayed((): [string, number][] => [
      ['a', 1],
      ['b', 2],
    ])();
    expect(run(pairs[1])).toEqual(['b', 2]);
    expect(run(pairs[1][0])).toBe('b');
    expect(run(pairs.length)).toBe(2);
    const row = delayed({ name: 'Ada', tags: { x: 1 } });
    expect(run([row.name, row.tags.x])).toEqual(['Ada', 1]);
    expect(tasksOf(pairs[1])).toBe(2);
  });

  it('makes one task of a method call, with delayed arguments too', () => {
    const text = delayed('a,b,c');
    const parts = text.split(delayed(','));
    expect(run(parts)).toEqual(['a', 'b', 'c']);
    expect(tasksOf(parts)).toBe(3);
    expect(run(text.split(',')[1])).toBe('b');
    expect(run(delayed([1, 2, 3]).map((n) => n * 2))).toEqual([2, 4, 6]);
    expect(run(delayed(2.71).toFixed(1))).toBe('2.7');
    const held = text.split;
    expect(run(held(','))).toEqual(['a', 'b', 'c']);
  });

  it('gives one task to a property that is read once and used twice', () => {
    const name = delayed({ name: 'Ada' }).name;
    const pair = delayed([name, name]);
    expect(tasksOf(pair)).toBe(3);
    expect(name.key).toBe(name.key);
  });

  it('reaches names that collide through get and call', () => {
    const odd = delayed({
      key: 'mine',
      compute: (n: number) => n + 1,
      get: 5,
      toJSON: 'text',
    });
    expect(run(odd.get('key'))).toBe('mine');
    expect(run(odd.call('compute', add(1, 1)))).toBe(3);
    expect(run(odd.get('get'))).toBe(5);
    expect(run(odd.get('toJSON'))).toBe('text');
    const tag = Symbol('tag');
    expect(run(delayed({ [tag]: 1 }).get(tag))).toBe(1);
    expect(run(delayed(['a', 'b']).get(1))).toBe('b');
  });

  it('is never thenable, so await gives the delayed value itself', async () => {
    const value = add(1, 2);
    expect((value as { then?: unknown }).then).toBe(undefined);
    expect(isDelayed(await value)).toBe(true);
    expect((await value).key).toBe(value.key);
    const item = delayed({ a: 1 }).a;
    expect((await item).key).toBe(item.key);
  });

  it('can be destructured as far as nout says', () => {
    const qr = delayed((): [string, number] => ['q', 2], { nout: 2 });
    const [q, r] = qr();
    expect(run([q, r])).toEqual(['q', 2]);
    expect([...qr()]).toHaveLength(2);
    const items = [];
    for (const item of qr()) items.push(item);
    expect(run(items)).toEqual(['q', 2]);
  });

  it('says in a TypeError which property of what is missing', () => {
    const nothing = delayed(() => undefined as unknown as { a: () => 1; b: number })();
    expect(() => run(nothing.b)).toThrow(
      new RegExp(`^cannot read property 'b' of the result of '${nothing.key}', which is undefined`),
    );
    expect(() => run(nothing.b)).toThrow(TypeError);
    expect(() => run(nothing.a())).toThrow(TypeError);
    const row = delayed({ a: 1 } as unknown as { a: () => number; b: () => number });
    expect(() => run(row.a())).toThrow(`'a' of the result of '${row.key}' is a number; expected a method`);
    expect(() => run(row.b())).toThrow('is undefined; expected a method');
  });

  it('shows its key when it is printed', () => {
    const value = add(1, 2);
    expect(inspect(value)).toBe(`Delayed(${value.key})`);
    expect(inspect({ value })).toBe(`{ value: Delayed(${value.key}) }`);
    const item = delayed({ a: 1 }).a;
    expect(inspect(item)).toBe(`Delayed(${item.key})`);
    expect(inspect(nodeOf(value))).toBe(`TaskNode(${value.key})`);
    expect(Object.prototype.toString.call(value)).toBe('[object Delayed]');
  });

  it('goes to the installed hooks to compute, persist and draw', async () => {
    const value = add(1, 2);
    await expect(async () => value.compute()).rejects.toThrow("import delayed from 'lazuli' itself");
    const seen: unknown[] = [];
    installHooks({
      compute: async (target, options) => {
        seen.push(nodeOf(target), options);
        return run(target);
      },
      persist: async (target) => ({ persisted: nodeOf(target)?.key }),
      visualize: async (target) => `<svg>${nodeOf(target)?.key}</svg>`,
    });
    const options = {};
    expect(await value.compute(options)).toBe(3);
    expect(seen[0]).toBe(nodeOf(value));
    expect(seen[1]).toBe(options);
    expect(await value.persist()).toEqual({ persisted: value.key });
    expect(await value.visualize()).toBe(`<svg>${value.key}</svg>`);
    expect(await delayed({ a: 7 }).a.compute()).toBe(7);
  });

  it('can be released when it is persisted, and only then', () => {
    let released = 0;
    const node = new TaskNode({ kind: 'value', name: 'kept' }, [5], []);
    const kept = wrapPersisted<number>(node, () => released++);
    expect(run(add(kept, 1))).toBe(6);
    kept.release();
    kept[Symbol.dispose]();
    expect(released).toBe(2);
    const other = wrap<{ release: string }>(new TaskNode({ kind: 'value', name: 'row' }, [{ release: '1.0' }], []));
    expect(run(other.release)).toBe('1.0');
  });
});

describe('task options', () => {
  const fn = (): number => 1;

  it('are refused when the name is wrong, with the one that was meant', () => {
    expect(() => delayed(fn, { retires: 1 } as object)).toThrow(OptionError);
    expect(() => delayed(fn, { retires: 1 } as object)).toThrow(
      "there is no option 'retires'; did you mean 'retries'?",
    );
    expect(() => delayed(fn).with({ zzz: 1 } as object)).toThrow('the options are name, key, pure');
    expect(() => delayed(1, { travers: false } as object)).toThrow("did you mean 'traverse'?");
    expect(() => delayed(fn, { traverse: false } as object)).toThrow('an option of delayed(value)');
    expect(() => delayed(fn, 5 as unknown as object)).toThrow('expected an object');
  });

  it.each([
    ['name', ''],
    ['key', 5],
    ['pure', 'yes'],
    ['nout', 0],
    ['nout', 1.5],
    ['device', 'gpuu'],
    ['device', []],
    ['cost', { flop: 1 }],
    ['cost', { flops: -1 }],
    ['memory', -1],
    ['retries', 0.5],
    ['timeout', 0],
    ['priority', Number.NaN],
  ])('are refused when %s is %j', (name, value) => {
    const message = new RegExp(`option '${name}' is .*; expected `);
    expect(() => delayed(fn, { [name]: value })).toThrow(message);
    expect(() => delayed(fn).with({ [name]: value })).toThrow(OptionError);
  });

  it('reach the node', () => {
    const cost = (n: number): { flops: number } => ({ flops: n });
    const value = delayed((n: number) => n, { device: ['js', 'wasm'], cost, memory: 10, priority: -1 })(3);
    expect(nodeOf(value)?.settings).toEqual({ device: ['js', 'wasm'], cost, memory: 10, priority: -1 });
  });
});
