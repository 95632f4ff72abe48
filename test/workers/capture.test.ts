/** What cannot be sent is refused by name, with the path to it; what would be lost counts as well. */
import { createHash } from 'node:crypto';
import { createServer, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { CaptureError } from '../../dist/errors.js';
import { type AnyFunction, NODE } from '../../dist/graph/node.js';
import { functionHash, ship } from '../../dist/workers/ship.js';

function refusal(fn: AnyFunction): CaptureError {
  try {
    ship(fn);
  } catch (error) {
    expect(error).toBeInstanceOf(CaptureError);
    return error as CaptureError;
  }
  throw new Error('it was not refused');
}

const socket = new Socket();
const cache = new WeakMap<object, number>();
const pending = Promise.resolve(1);
const server = createServer();
const deep = { level: [{ connection: socket }] };
const weird = { '1 x': socket };
class Safe {
  #code = 1;
  open(): number {
    return this.#code;
  }
}
const safe = new Safe();
class Vector extends Array<number> {}
const vector = Vector.from([1, 2]);
const delayedLike = new Proxy(() => 0, { has: (_, key) => key === NODE });
const plainProxy = new Proxy({ a: 1 }, {});
const generator = (function* () {
  yield 1;
})();

const helper = (): unknown => socket.destroyed;
function score(): unknown {
  return helper();
}

test.each<[string, AnyFunction, string[], RegExp]>([
  ['through a helper', score, ['score', 'helper', 'socket'], /an instance of Socket/],
  [
    'a weak map',
    function f() {
      return cache.get({});
    },
    ['f', 'cache'],
    /a WeakMap/,
  ],
  [
    'a promise',
    function f() {
      return pending;
    },
    ['f', 'pending'],
    /a Promise/,
  ],
  [
    'a server',
    function f() {
      return server.listening;
    },
    ['f', 'server'],
    /an instance of Server/,
  ],
  [
    'deep inside an object',
    function f() {
      return deep.level[0];
    },
    ['f', 'deep.level[0].connection'],
    /Socket/,
  ],
  [
    'an odd property',
    function f() {
      return weird;
    },
    ['f', 'weird["1 x"]'],
    /Socket/,
  ],
  [
    'private state',
    function f() {
      return safe.open();
    },
    ['f', 'safe'],
    /private state/,
  ],
  [
    'a subclass of Array',
    function f() {
      return vector.length;
    },
    ['f', 'vector'],
    /outside JavaScript/,
  ],
  [
    'a delayed value',
    function f() {
      return delayedLike();
    },
    ['f', 'delayedLike'],
    /delayed value.*argument/,
  ],
  [
    'a proxy',
    function f() {
      return plainProxy.a;
    },
    ['f', 'plainProxy'],
    /Proxy/,
  ],
  [
    'a generator',
    function f() {
      return generator.next();
    },
    ['f', 'generator'],
    /a generator/,
  ],
  [
    'eval',
    function f() {
      // biome-ignore lint/security/noGlobalEval: what is tested
      return eval('1');
    },
    ['f', 'eval'],
    /eval/,
  ],
])('%s', (_, fn, path, message) => {
  const error = refusal(fn);
  expect(error.path).toEqual(path);
  expect(error.variable).toBe(path.at(-1));
  expect(error.message).toContain(path.join(' → '));
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(/; \w+/);
});

test('native functions', () => {
  const native = createHash('sha256').update as unknown as AnyFunction;
  expect(refusal(native).message).toMatch(/node:|native/);
  const binding = (process as unknown as { binding(name: string): Record<string, AnyFunction> }).binding('util');
  const inner = Object.values(binding).find((value) => typeof value === 'function') as AnyFunction;
  const error = refusal(() => inner());
  expect(error.path).toEqual(['function', 'inner']);
  expect(error.message).toMatch(/native function/);
});

test('`this`, `arguments` and `super` of the code around', () => {
  class Base {
    value = 1;
    get(): number {
      return this.value;
    }
  }
  class Derived extends Base {
    arrow(): AnyFunction {
      return () => this.value;
    }
    override get(): number {
      return super.get();
    }
  }
  expect(refusal(new Derived().arrow()).variable).toBe('this');
  expect(refusal(Derived.prototype.get).variable).toBe('super');
  const outer = function outer(..._: unknown[]): AnyFunction {
    // biome-ignore lint/complexity/noArguments: what is tested
    return () => arguments;
  };
  expect(refusal(outer(1)).variable).toBe('arguments');
});

test('changes that would be lost', () => {
  let count = 0;
  const list: number[] = [];
  const record: Record<string, number> = {};
  const map = new Map<string, number>();
  const out = new Float64Array(2);
  const shared = new Float64Array(new SharedArrayBuffer(16));
  let last: unknown;
  expect(refusal(() => count++).message).toMatch(/assigns it/);
  expect(refusal(() => ([last] = [1])).variable).toBe('last');
  expect(refusal((x: number) => list.push(x)).message).toMatch(/\.push\(\)/);
  expect(
    refusal((x: number) => {
      record.a = x;
    }).message,
  ).toMatch(/changes it/);
  expect(refusal((x: number) => delete record[x]).variable).toBe('record');
  expect(refusal((x: number) => map.set('a', x)).variable).toBe('map');
  expect(
    refusal((x: number) => {
      out[0] = x;
    }).message,
  ).toMatch(/SharedArrayBuffer/);
  const fill = (): unknown => out.fill(1);
  expect(refusal(() => fill()).path).toEqual(['function', 'fill', 'out']);
  expect(
    ship((x: number) => {
      shared[0] = x;
    }).entries.length,
  ).toBeGreaterThan(0);
  expect(ship((x: number[]) => x.push(1)).entries.length).toBe(1);
  expect(
    ship(() => {
      const list: number[] = [];
      list.push(1);
      let count = 1;
      count++;
      return [list, count];
    }).entries.length,
  ).toBe(1);
  expect([count, list, last]).toEqual([0, [], undefined]);
});

test('a variable that is not initialised yet', () => {
  const early = (): number => late;
  // Node 20's inspector shows such a variable as undefined; later ones say so.
  if (Number(process.versions.node.split('.')[0]) >= 22) expect(refusal(early).message).toMatch(/not initialised/);
  const late = 1;
  expect(ship(early).entries).toContainEqual({ kind: 'data', value: 1 });
});

test('ids are equal exactly for equal functions with equal captured data', () => {
  const make =
    (k: unknown, other: unknown = 0): AnyFunction =>
    () => [k, other];
  const id = (k: unknown, other?: unknown): string => ship(make(k, other)).id;
  const samples: unknown[] = [
    0,
    -0,
    1,
    '1',
    true,
    null,
    undefined,
    1n,
    Number.NaN,
    [1],
    ['1'],
    [[1]],
    [],
    {},
    { a: 1 },
    { b: 1 },
    new Map([[1, 2]]),
    new Map([[2, 1]]),
    new Set([1]),
    new Date(1),
    /a/,
    /a/g,
    Float64Array.of(1),
    Float32Array.of(1),
    Float64Array.of(2),
    new NDArray(Float64Array.of(1), { shape: [1], dtype: 'float64' }),
    new NDArray(Float64Array.of(1), { shape: [], dtype: 'float64' }),
    (x: number) => x,
    (x: number) => x + 1,
    Math.max,
    Math.min,
  ];
  const ids = samples.map((sample) => id(sample));
  expect(new Set(ids).size).toBe(samples.length);
  expect(samples.map((sample) => id(structured(sample)))).toEqual(ids);
  expect(id(1, 2)).not.toBe(id(2, 1));
  const shared = new Float64Array(new SharedArrayBuffer(8));
  expect(id(shared)).toBe(id(shared));
  expect(id(shared)).not.toBe(id(new Float64Array(new SharedArrayBuffer(8))));
  expect(id(Symbol('s'))).not.toBe(id(Symbol('s')));
});

function structured(value: unknown): unknown {
  return typeof value === 'function' || value instanceof NDArray ? value : structuredClone(value);
}

test('content hashes for pure keys', () => {
  const make =
    (k: unknown): AnyFunction =>
    () =>
      k;
  expect(functionHash(make([1, 2]))).toBe(functionHash(make([1, 2])));
  expect(functionHash(make([1, 2]))).not.toBe(functionHash(make([1, 3])));
  const shared = new Float64Array(new SharedArrayBuffer(8));
  const before = functionHash(make(shared));
  expect(before).toBe(functionHash(make(new Float64Array(new SharedArrayBuffer(8)))));
  shared[0] = 1;
  expect(functionHash(make(shared))).not.toBe(before);
  expect(functionHash(make(socket))).toBeUndefined();
  expect(functionHash(make(Symbol('s')))).toBeUndefined();
  expect(functionHash(Math.max)).toBe(functionHash(Math.max));
  expect(functionHash(Math.max)).not.toBe(functionHash(Math.min));
});

test('shipping many functions leaves nothing behind in the inspector', () => {
  const make =
    (k: number): AnyFunction =>
    () =>
      k;
  const seen = new Set<string>();
  for (let k = 0; k < 200; k++) seen.add(ship(make(k)).id);
  expect(seen.size).toBe(200);
  expect(Reflect.ownKeys(globalThis)).not.toContain(Symbol.for('lazuli.inspected'));
});
