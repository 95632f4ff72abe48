/** Closures of every kind that a thread must run exactly as this thread does. Each is run here and there and compared. */
import * as path from 'node:path';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Matrix } from 'ml-matrix';
import { NDArray } from '../../../dist/array/ndarray.js';
import * as helpers from './helpers.js';
import negate, { Counter, offset, square, weigh } from './helpers.js';

// biome-ignore lint/suspicious/noExplicitAny: closures of every signature
type Any = any;

export interface Case {
  readonly name: string;
  readonly fn: (...args: Any[]) => unknown;
  readonly args: readonly unknown[];
}

const k = 3;
const big = 12345678901234567890n;
const typed = Float64Array.of(1, 2, 3);
const shared = new Float64Array(new SharedArrayBuffer(24));
shared.set([4, 5, 6]);
const map = new Map<string, unknown>([
  ['a', 1],
  ['b', { c: [2] }],
]);
const set = new Set([1, 2, 3]);
const date = new Date(86_400_000);
const pattern = /(\d+)-(\w+)/u;
const nested = { list: [1, { deep: [2, 3] }], text: 'x' };
const nd = new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2], dtype: 'float64' });
const negativeZero = -0;
const tools = {
  scale: 2,
  double(x: number): number {
    return x * this.scale;
  },
  get answer(): number {
    return this.scale * 21;
  },
  arrow: (x: number): number => x + k,
};
const cyclic: { name: string; self?: unknown } = { name: 'loop' };
cyclic.self = cyclic;
const tag = Symbol('tag');
const max = Math.max;
const bound = weigh.bind(null, [1, 2, 3]);
const lookup = new Map<string, (x: number) => number>([['square', square]]);

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
function isEven(n: number): boolean {
  return n === 0 || isOdd(n - 1);
}
function isOdd(n: number): boolean {
  return n !== 0 && isEven(n - 1);
}
function* upTo(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i * k;
}
async function later(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return x + k;
}

class Shape {
  static readonly unit = k;
  readonly sides: number;
  constructor(sides: number) {
    this.sides = sides;
  }
  get area(): number {
    return this.sides * Shape.unit;
  }
  static of(sides: number): Shape {
    return new Shape(sides);
  }
}
class Box extends Shape {
  #secret = 7;
  override get area(): number {
    return super.area + this.#secret;
  }
}

class Model {
  readonly weights: number[];
  constructor(weights: number[]) {
    this.weights = weights;
  }
  predict(x: number): number {
    return this.weights.reduce((sum, w, i) => sum + w * x ** i, 0);
  }
}
const model = new Model([1, 2, 3]);
const computed = 'computed';
const methods = {
  [computed](x: number): number {
    return x + k;
  },
  async slow(x: number): Promise<number> {
    return (await later(x)) + 1;
  },
  'quoted name'(x: number): number {
    return x - k;
  },
};

function counterFor(start: number): (x: number) => number {
  const step = start * 10;
  return (x) => x + step;
}
function withOwnGlobals(): (x: number) => number {
  const fetch = (x: number): number => x + k;
  const btoa = 7;
  return (x) => fetch(x) + btoa;
}
const loops: ((x: number) => number)[] = [];
for (let i = 0; i < 3; i++) loops.push((x) => x * 10 + i);

function withStatic(x: number): number {
  return x * withStatic.factor;
}
withStatic.factor = 6;

export const cases: readonly Case[] = [
  { name: 'no capture', fn: (x: number) => x + 1, args: [1] },
  { name: 'constant', fn: (x: number) => x * k, args: [2] },
  { name: 'bigint', fn: () => big + 1n, args: [] },
  { name: 'negative zero', fn: () => [Object.is(negativeZero, -0), 1 / negativeZero], args: [] },
  { name: 'helper', fn: (x: number) => factorial(x), args: [6] },
  { name: 'function declaration itself', fn: factorial, args: [5] },
  { name: 'mutual recursion', fn: (n: number) => [isEven(n), isOdd(n)], args: [7] },
  {
    name: 'named function expression',
    fn: function fib(n: number): number {
      return n < 2 ? n : fib(n - 1) + fib(n - 2);
    },
    args: [10],
  },
  { name: 'imported function', fn: (x: number) => square(x) + weigh([x, 1]), args: [3] },
  { name: 'imported constant', fn: () => offset + 1, args: [] },
  { name: 'default import', fn: (x: number) => negate(x), args: [3] },
  { name: 'imported namespace', fn: (x: number) => helpers.square(x) + helpers.offset, args: [3] },
  { name: 'imported class', fn: (x: number) => new Counter(x).add(2).count, args: [3] },
  { name: 'instance of an imported class comes back', fn: (x: number) => new Counter(x).add(2), args: [3] },
  { name: 'function of a module itself', fn: weigh, args: [[1, 2, 3]] },
  { name: 'package', fn: (x: number) => Matrix.eye(2).mul(x).to2DArray(), args: [3] },
  { name: 'instance of a package class comes back', fn: (x: number) => Matrix.eye(2).mul(x), args: [3] },
  { name: 'node: named import', fn: (x: string) => join('a', x) + basename('/b/c.txt'), args: ['z'] },
  { name: 'node: namespace', fn: (x: string) => path.join('a', x) + path.sep, args: ['z'] },
  {
    name: 'global function',
    fn: (x: number) => max(x, 2) + Math.hypot(3, 4) + JSON.stringify({ x }).length,
    args: [1],
  },
  { name: 'typed array', fn: (i: number) => typed.reduce((a, b) => a + b, i), args: [1] },
  { name: 'shared array', fn: (i: number) => shared[i] ?? 0, args: [1] },
  { name: 'ndarray', fn: () => [nd.shape, nd.toNested(), nd instanceof NDArray], args: [] },
  { name: 'ndarray argument and result', fn: (x: NDArray) => ({ x, y: [x.at(0)] }), args: [nd] },
  { name: 'class', fn: (x: number) => [new Shape(x).area, Shape.of(2).sides], args: [4] },
  { name: 'subclass with private state', fn: (x: number) => new Box(x).area, args: [4] },
  { name: 'instance', fn: (x: number) => model.predict(x), args: [2] },
  { name: 'instance argument', fn: (m: Model, x: number) => m.predict(x), args: [model, 3] },
  { name: 'instance comes back', fn: (x: number) => new Model([x, x]), args: [3] },
  { name: 'default parameter that captures', fn: (x: number, y = k + offset) => x + y, args: [1] },
  {
    name: 'destructured parameters',
    fn: ({ a, b: [c = k, ...rest] }: Any) => [a, c, rest],
    args: [{ a: 1, b: [undefined, 5, 6] }],
  },
  {
    name: 'shadowing',
    fn: (k: number) => {
      {
        const k = 1;
        if (k !== 1) return 0;
      }
      return [1, 2].map((typed) => typed + k);
    },
    args: [9],
  },
  {
    name: 'shadowing by var and catch',
    fn: () => {
      try {
        throw new Error('e');
      } catch (k) {
        return (k as Error).message;
      }
    },
    args: [],
  },
  {
    name: 'arguments',
    fn: function (this: unknown) {
      // biome-ignore lint/complexity/noArguments: what is tested
      return Array.from(arguments as ArrayLike<unknown>).concat(this === undefined || this === globalThis);
    } as Any,
    args: [1, 2],
  },
  { name: 'template literal', fn: (x: number) => `${x}-${k}-${`${offset}`}`, args: [1] },
  {
    name: 'regular expression',
    fn: (x: string) => [pattern.exec(x)?.[2], x.replace(/\d/g, (d) => String(Number(d) + k)), pattern.flags],
    args: ['12-ab'],
  },
  { name: 'async', fn: async (x: number) => (await later(x)) * 2, args: [3] },
  {
    name: 'async iteration',
    fn: async () => {
      let sum = 0;
      for await (const x of (async function* () {
        yield k;
        yield 2;
      })())
        sum += x;
      return sum;
    },
    args: [],
  },
  { name: 'generator inside', fn: (n: number) => [...upTo(n)], args: [4] },
  { name: 'method', fn: tools.arrow, args: [1] },
  { name: 'methods and getters of a captured object', fn: (x: number) => tools.double(x) + tools.answer, args: [4] },
  { name: 'method shorthand', fn: methods.computed, args: [4] },
  { name: 'async method', fn: methods.slow, args: [4] },
  { name: 'quoted method', fn: methods['quoted name'], args: [4] },
  { name: 'map', fn: (key: string) => [map.get(key), map.size, map], args: ['b'] },
  { name: 'set', fn: (x: number) => [set.has(x), set], args: [2] },
  { name: 'date', fn: () => [date.getTime(), date], args: [] },
  { name: 'nested object', fn: () => [nested, (nested.list[1] as Any).deep[1]], args: [] },
  { name: 'cyclic object', fn: () => cyclic.self === cyclic, args: [] },
  { name: 'symbol', fn: () => [tag.description, { [tag]: 1 }[tag], typeof Symbol.iterator], args: [] },
  { name: 'bound function', fn: bound, args: [] },
  { name: 'bound function captured', fn: () => bound() + 1, args: [] },
  { name: 'map of functions', fn: (x: number) => lookup.get('square')?.(x), args: [5] },
  { name: 'closure of a call', fn: counterFor(4), args: [2] },
  ...loops.map((fn, i) => ({ name: `closure of a loop ${i}`, fn, args: [5] })),
  { name: 'names of globals, shadowed', fn: withOwnGlobals(), args: [1] },
  { name: 'names of globals, imported', fn: () => performance.now() > 0, args: [] },
  { name: 'function with a property', fn: withStatic, args: [7] },
  { name: 'function argument', fn: (f: (x: number) => number, x: number) => f(x) + 1, args: [(x: number) => x * k, 5] },
  {
    name: 'inner functions',
    fn: (x: number) => {
      const inner = (y: number) => y * k;
      function other(z: number) {
        return inner(z) + 1;
      }
      class Local {
        v = other(x);
      }
      return new Local().v;
    },
    args: [2],
  },
  {
    name: 'labels, switch and loops',
    fn: (n: number) => {
      let s = 0;
      outer: for (let i = 0; i < n; i++) {
        for (const j of [1, 2, 3]) {
          switch (j) {
            case 2: {
              continue outer;
            }
            default:
              s += j * k;
          }
        }
      }
      return s;
    },
    args: [3],
  },
  { name: 'typeof a name that does not exist', fn: () => typeof (globalThis as Any).doesNotExist, args: [] },
  { name: 'a buffer', fn: (b: Buffer) => [Buffer.isBuffer(b), b.toString('utf8')], args: [Buffer.from('grüße')] },
  { name: 'an error as a value', fn: (e: Error) => [e instanceof RangeError, e.message], args: [new RangeError('r')] },
  { name: 'dynamic import', fn: async () => (await import('node:path')).join('x', 'y'), args: [] },
  {
    name: 'dynamic import of a package',
    fn: async () => (await import('ml-matrix')).Matrix.ones(1, 2).to2DArray(),
    args: [],
  },
  { name: 'import.meta', fn: () => typeof import.meta.url, args: [] },
  { name: 'undefined results', fn: () => undefined, args: [] },
  { name: 'sparse values', fn: () => [null, undefined, Number.NaN, Number.POSITIVE_INFINITY, -0], args: [] },
  { name: 'shared result', fn: () => shared, args: [] },
];
