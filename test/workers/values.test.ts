/** Whatever travels arrives as it was; what does not is said. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ResultTransferError } from '../../dist/errors.js';
import { reviveThrown, wireThrown } from '../../dist/workers/error-wire.js';
import { Packer } from '../../dist/workers/pack.js';
import { isPlain } from '../../dist/workers/plain.js';
import { revive } from '../../dist/workers/revive.js';
import { argumentSender } from '../../dist/workers/ship.js';
import { packArguments, packResult } from '../../dist/workers/transfer.js';

/** As a message would: structured clone between packing and reviving. */
function travel(value: unknown): unknown {
  if (isPlain(value)) return structuredClone(value);
  const packer = new Packer(argumentSender());
  const [root = -1] = packArguments([value], 'f', packer);
  return revive(structuredClone({ entries: packer.entries, root }));
}

const leaf = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constant(-0),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.float64Array({ maxLength: 4 }),
  fc.uint8Array({ maxLength: 4 }),
  fc.constant(/a+/gi),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.webUrl().map((href) => new URL(href)),
  fc.float64Array({ minLength: 6, maxLength: 6 }).map((data) => new NDArray(data, { shape: [2, 3], dtype: 'float64' })),
  fc.constant(Symbol.for('shared')),
  fc.constant(Symbol.iterator),
);
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
}));

test('any nest of values', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(isDeepStrictEqual(travel(value), value)).toBe(true);
      const back = isPlain(value) ? structuredClone(value) : revive(structuredClone(packResult(value)));
      expect(isDeepStrictEqual(back, value)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('cycles and shared parts, with and without something special inside', () => {
  const plain: Record<string, unknown> = { list: [] };
  plain.self = plain;
  const copy = travel(plain) as Record<string, unknown>;
  expect(copy.self).toBe(copy);
  const special: Record<string, unknown> = { f: (x: number) => x + 1, nd: NDArray.zeros([2]) };
  special.self = [special, special.nd];
  const arrived = travel(special) as { f: (x: number) => number; nd: NDArray; self: unknown[] };
  expect(arrived.self[0]).toBe(arrived);
  expect(arrived.self[1]).toBe(arrived.nd);
  expect(arrived.f(1)).toBe(2);
});

test('functions do not come back, and neither do instances of unknown classes', () => {
  class Unknown {
    x = 1;
  }
  expect(() => packResult({ a: [() => 1] })).toThrow(ResultTransferError);
  expect(() => packResult({ a: [() => 1] })).toThrow(
    /'result\.a\[0\]' cannot come back from a thread: it is a function/,
  );
  expect(() => packResult(new Map([['k', new Unknown()]]))).toThrow(/result\.k.*Unknown/);
  expect(() => packResult(new Promise(() => {}))).toThrow(/a Promise/);
  expect(() => packResult(Symbol('own'))).not.toThrow();
});

test('plain is exactly what clone keeps', () => {
  class Point {
    x = 1;
  }
  const getter = {
    get now(): number {
      return 1;
    },
  };
  for (const value of [
    1,
    'a',
    null,
    undefined,
    [1, [2]],
    { a: { b: 1 } },
    new Map(),
    new Set([1]),
    new Date(),
    /a/,
    new Float64Array(2),
    new ArrayBuffer(1),
    new SharedArrayBuffer(1),
    Object.create(null),
  ]) {
    expect(isPlain(value)).toBe(true);
  }
  for (const value of [
    () => 1,
    Symbol('s'),
    new Point(),
    [new Point()],
    { a: [() => 1] },
    getter,
    Buffer.from('a'),
    new Error('e'),
    new URL('a:b'),
    NDArray.zeros([1]),
    Promise.resolve(),
    new WeakMap(),
    new Map([[1, new Point()]]),
    new Proxy({}, {}),
    new (class extends Map {})(),
  ]) {
    expect(isPlain(value)).toBe(false);
  }
});

test('errors keep what they say', () => {
  const error = Object.assign(new RangeError('r', { cause: { plain: 1 } }), { code: 7, fn: () => 1 });
  const back = reviveThrown(structuredClone(wireThrown(error))) as RangeError & { code: number };
  expect(back).toBeInstanceOf(RangeError);
  expect(back).toMatchObject({ message: 'r', code: 7, cause: { plain: 1 } });
  expect(back.stack).toBe(error.stack);
  expect(Object.keys(back)).toEqual(['code']);
  const odd = {
    toString(): string {
      throw new Error('no');
    },
    f: () => 1,
  };
  expect(reviveThrown(wireThrown(odd))).toBe('[object Object]');
});
