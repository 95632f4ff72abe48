/**
 * Type tests: `tsc -p test` checks them. Making tasks does no work, so all of it may run too; what is an error at run
 * time as well stands in functions that are never called.
 */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { delayed } from '../../dist/graph/delayed.js';
import { installHooks } from '../../dist/graph/hooks.js';
import type { Arg, Computed, Delayed, Pending, Persisted, PersistedDelayed, Task } from '../../dist/graph/types.js';

// Nothing here waits for a result.
installHooks({ compute: () => new Promise(() => {}) });

interface Fold {
  readonly train: readonly number[];
  readonly test: Float64Array;
}
interface Score {
  score: number;
  names?: string[];
}

const fold = delayed(
  async (x: Float64Array, y: readonly number[], options: { k: number; w: Float32Array }): Promise<Score> => ({
    score: x.length + y.length + options.k,
  }),
);
const rows = delayed((n: number) => new Float64Array(n))(4);
const weights = new Float32Array(1);
const number = delayed(1 as number);

describe('a delayed function', () => {
  it('takes values, delayed values, and collections with delayed values inside', () => {
    const score = fold(rows, [1, number], { k: number, w: weights });
    fold(new Float64Array(1), delayed([1, 2]), delayed({ k: 1, w: weights }));
    expectTypeOf(score.compute()).toEqualTypeOf<Promise<Score>>();
    const mean = delayed((scores: readonly Score[]) => scores.length)([score, score, { score: number }]);
    expectTypeOf(mean.compute()).toEqualTypeOf<Promise<number>>();
    const sizes = delayed((m: ReadonlyMap<string, number>, s: ReadonlySet<Fold>) => m.size + s.size);
    sizes(new Map([['a', number]]), new Set([delayed({ train: [1], test: new Float64Array(1) })]));
    expect(score.key).toMatch(/-\d+$/);
  });

  it('refuses wrong arguments, plain or delayed', () => {
    // @ts-expect-error a string is no Float64Array
    fold('x', [1], { k: 1, w: weights });
    // @ts-expect-error a delayed number is no Float64Array
    fold(number, [1], { k: 1, w: weights });
    // @ts-expect-error a delayed string inside an array of numbers
    fold(rows, [delayed('x' as string)], { k: 1, w: weights });
    // @ts-expect-error a wrong property, nested
    fold(rows, [1], { k: delayed('x' as string), w: weights });
    // @ts-expect-error a missing property
    fold(rows, [1], { k: 1 });
    // @ts-expect-error a missing argument
    fold(rows, [1]);
    // @ts-expect-error one argument too many
    delayed((n: number) => n)(1, 2);
    // @ts-expect-error a promise is no delayed value
    delayed((n: number) => n)(Promise.resolve(1));
    // @ts-expect-error any collection of the wrong thing
    delayed((s: ReadonlySet<string>) => s)(new Set([number]));
    expect(number.key).toMatch(/^value-/);
  });

  it('keeps optional and rest parameters', () => {
    const pad = delayed((text: string, width?: number, ...more: readonly boolean[]) => `${text}${width}${more}`);
    pad('a');
    pad('a', number);
    pad('a', 1, true, delayed(true as boolean));
    // @ts-expect-error a rest argument of the wrong type
    pad('a', 1, 'no');
    const sum = delayed((...numbers: readonly number[]) => numbers.length);
    expectTypeOf(sum(1, number).compute()).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error
    sum('a');
    expect(pad('a').key).toMatch(/^pad-|^anonymous-/);
  });

  it('keeps overloads', () => {
    function parse(text: string): number;
    function parse(text: number[]): string;
    function parse(text: string | number[]): number | string {
      return text.length;
    }
    const task = delayed(parse);
    expectTypeOf(task('a').compute()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(task([number]).compute()).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error neither of the two
    task(true);
    expect(task('a').key).toMatch(/^parse-/);
  });

  it('of a generic function is one of its instantiations', () => {
    const identity = <T>(value: T): T => value;
    const task = delayed(identity<Score>);
    expectTypeOf(task({ score: number }).score).toEqualTypeOf<Delayed<number>>();
    // @ts-expect-error
    task({ score: 'x' });
    const loose = delayed(identity)(5);
    expectTypeOf(loose.compute()).toEqualTypeOf<Promise<unknown>>();
    expect(loose.key).toMatch(/^identity-/);
  });

  it('takes unions and subtypes', () => {
    const show = delayed((value: string | number | undefined) => String(value));
    show(number);
    show(delayed('x' as string));
    show(delayed(undefined));
    // @ts-expect-error
    show(delayed(true as boolean));
    interface Animal {
      name: string;
    }
    interface Dog extends Animal {
      bark(): void;
    }
    const names = delayed((animals: readonly Animal[]) => animals.length);
    const dogs = delayed((): Dog[] => [])();
    names(dogs);
    names([delayed((): Dog => ({ name: 'Rex', bark() {} }))()]);
    expectTypeOf<Delayed<Dog>>().toExtend<Pending<Animal>>();
    expectTypeOf<Delayed<Animal>>().not.toExtend<Pending<Dog>>();
    expect(dogs.key).toMatch(/-\d+$/);
  });

  it('of unknown and any parameters takes everything', () => {
    const keep = delayed((value: unknown) => value);
    keep(1);
    keep(number);
    keep([number, { a: number }]);
    const parsed = delayed(JSON.parse)('{"rows": [1]}');
    expectTypeOf(parsed.compute()).toEqualTypeOf<Promise<ReturnType<typeof JSON.parse>>>();
    delayed((n: number) => n)(parsed);
    delayed((n: number) => n)(parsed.rows[0].x);
    // @ts-expect-error unknown is not any
    delayed((n: number) => n)(keep(1));
    expectTypeOf<Arg<unknown>>().toEqualTypeOf<unknown>();
    expect(parsed.key).toMatch(/^parse-/);
  });

  it('is a Task, and so is what .with gives', () => {
    const task: Task<[n: number], string> = delayed((n: number) => `${n}`);
    const other: Task<[n: number], string> = task.with({ retries: 1 });
    expectTypeOf(other(1).compute()).toEqualTypeOf<Promise<string>>();
    expect(other(1).key).toMatch(/-\d+$/);
  });

  it('knows the options', () => {
    delayed((n: number) => n, { cost: (n) => ({ flops: n * 2 }), device: 'js' });
    const never = (): unknown[] => [
      // @ts-expect-error no such option
      delayed((n: number) => n, { retires: 1 }),
      // @ts-expect-error a wrong value
      delayed((n: number) => n, { retries: 'x' }),
      // @ts-expect-error a cost of other arguments
      delayed((n: number) => n, { cost: (n: string) => ({ flops: n.length }) }),
      // @ts-expect-error traverse is for values
      delayed((n: number) => n, { traverse: false }),
      // @ts-expect-error no such option
      delayed((n: number) => n).with({ nam: 'x' }),
    ];
    expect(never).toThrow();
  });
});

describe('a delayed value', () => {
  it('has the members of its value, delayed', () => {
    const score = fold(rows, [1], { k: 1, w: weights });
    expectTypeOf(score.score).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(score.names.compute()).toEqualTypeOf<Promise<string[] | undefined>>();
    expectTypeOf(rows.length).toEqualTypeOf<Delayed<number>>();
    // @ts-expect-error no such member
    score.scor;
    // @ts-expect-error a delayed number is no number
    const plain: number = score.score;
    expect(() => plain + 1).toThrow(TypeError);
  });

  it('has indices', () => {
    const pairs = delayed((): [score: number, name: string][] => [])();
    expectTypeOf(pairs[1]).toEqualTypeOf<Delayed<[score: number, name: string]>>();
    expectTypeOf(pairs[1][0]).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(pairs[1][1]).toEqualTypeOf<Delayed<string>>();
    const best = delayed((list: readonly (readonly [number, number])[]) => list[0] ?? ([0, 0] as const));
    const c = best([[number, 1]])[1];
    expectTypeOf(c.compute()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(rows[3]?.compute()).toEqualTypeOf<Promise<number> | undefined>();
    expectTypeOf(delayed(['a']).get(12).compute()).toEqualTypeOf<Promise<string>>();
    expect(c.key).toMatch(/-\d+$/);
  });

  it('has methods that take delayed arguments', () => {
    const text = delayed('a,b' as string);
    expectTypeOf(text.split(',')).toEqualTypeOf<Delayed<string[]>>();
    expectTypeOf(text.split(delayed(',' as string))[0]).toEqualTypeOf<Delayed<string>>();
    expectTypeOf(number.toFixed(2).compute()).toEqualTypeOf<Promise<string>>();
    expectTypeOf(delayed([1, 2]).map((n) => `${n}`)).toEqualTypeOf<Delayed<string[]>>();
    expectTypeOf(delayed([1, 2]).slice(1).compute()).toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(text.call('indexOf', 'a').compute()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(text.get('length').compute()).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error
    text.split(5);
    // @ts-expect-error
    number.toFixed('x');
    expect(text.key).toMatch(/^value-/);
  });

  it('is not iterable and not thenable without nout', async () => {
    const pair = delayed((): [string, number] => ['a', 1]);
    // @ts-expect-error not iterable
    expect(() => [...pair()]).toThrow(TypeError);
    expectTypeOf(await pair()).toEqualTypeOf<Delayed<[string, number]>>();
    const [a, b] = pair.with({ nout: 2 })();
    expectTypeOf(a.compute()).toEqualTypeOf<Promise<string>>();
    expectTypeOf(b.compute()).toEqualTypeOf<Promise<number>>();
    const [x, y] = delayed((): Float64Array[] => [], { nout: 2 })();
    expectTypeOf(x.compute()).toEqualTypeOf<Promise<Float64Array>>();
    expectTypeOf(y).toEqualTypeOf<Delayed<Float64Array>>();
  });

  it('of a structure has the structure of the results', () => {
    const both = delayed({ a: rows, b: [number, 2], c: 'x' });
    expectTypeOf(both.compute()).toEqualTypeOf<Promise<{ a: Float64Array<ArrayBuffer>; b: number[]; c: string }>>();
    expectTypeOf(both.b[0].compute()).toEqualTypeOf<Promise<number>>();
    expect(both.key).toMatch(/^object-/);
  });

  it('of never, void, any, unknown and unions is safe', () => {
    const fails = delayed((): never => {
      throw new Error('never runs');
    })();
    expectTypeOf(fails.key).toEqualTypeOf<string>();
    expectTypeOf(delayed((): void => {})().compute()).toEqualTypeOf<Promise<void>>();
    const either = delayed((): string | number[] => 'a')();
    expectTypeOf(either.length.compute()).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error only strings have it
    either.charAt;
    const maybe = delayed((): Score | undefined => undefined)();
    // @ts-expect-error it may be undefined
    maybe.score;
    expect(fails.key).toMatch(/-\d+$/);
  });
});

describe('structures', () => {
  it('compute to results in place of delayed values', () => {
    expectTypeOf<Computed<Delayed<number>>>().toEqualTypeOf<number>();
    expectTypeOf<Computed<{ a: Delayed<number>[]; b: readonly [Delayed<string>, Date] }>>().toEqualTypeOf<{
      a: number[];
      b: readonly [string, Date];
    }>();
    expectTypeOf<Computed<Map<string, Delayed<number>>>>().toEqualTypeOf<Map<string, number>>();
    expectTypeOf<Computed<Delayed<number> | string>>().toEqualTypeOf<number | string>();
    expectTypeOf<Computed<{ a: Delayed<unknown> }>>().toEqualTypeOf<{ a: unknown }>();
    expectTypeOf<Computed<Float64Array>>().toEqualTypeOf<Float64Array>();
    expectTypeOf<Persisted<[Delayed<number>, string]>>().toEqualTypeOf<[PersistedDelayed<number>, string]>();
    expectTypeOf<Persisted<Delayed<number>>>().toHaveProperty('release');
    expect(delayed([1]).key).toMatch(/^array-/);
  });
});

describe('delayed.module', () => {
  it('has the functions that the module exports', () => {
    const path = delayed.module<typeof import('node:path')>('node:path');
    expectTypeOf(path.basename('a/b').compute()).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error a string is expected
    path.basename(5);
    // @ts-expect-error no function
    path.sep;
    expect(path.basename('a').key).toMatch(/^basename-/);
  });
});
