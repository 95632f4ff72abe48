import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { contentHash } from '../../dist/graph/content-hash.js';
import { delayed } from '../../dist/graph/delayed.js';

const shared = new SharedArrayBuffer(8);
new Uint8Array(shared).fill(3);

/** Values that all differ from each other. */
const different: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 0,
  () => -0,
  () => 1,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => 1n,
  () => '1',
  () => '',
  () => 'n1;',
  () => true,
  () => false,
  () => 'true',
  () => Symbol.for('a'),
  () => Symbol.for('b'),
  () => '\ud800',
  () => '\ud801',
  () => 'x'.repeat(1000),
  () => `${'x'.repeat(1000)}y`,
  () => [],
  () => {
    return {};
  },
  () => Object.create(null),
  () => [1],
  () => ['1'],
  () => [[1]],
  () => [[], 1],
  () => [1, []],
  () => ['a', 'b'],
  () => ['ab'],
  () => ({ a: 1 }),
  () => ({ a: '1' }),
  () => ({ a: 1, b: 2 }),
  () => ({ a: undefined }),
  () => ['a', 1],
  () => new Map(),
  () => new Map([['a', 1]]),
  () => new Map<unknown, unknown>([[1, 'a']]),
  () => new Set(),
  () => new Set(['a', 1]),
  () => new Date(0),
  () => new Date(1),
  () => new Date(Number.NaN),
  () => /a/,
  () => /a/g,
  () => new URL('http://a/'),
  () => new Uint8Array([1, 2]),
  () => Buffer.from([1, 2]),
  () => new Int8Array([1, 2]),
  () => new Uint8ClampedArray([1, 2]),
  () => new Float64Array([1, 2]),
  () => new Float32Array([1, 2]),
  () => new Float64Array([1, -0]),
  () => new Float64Array([1, 0]),
  () => new BigInt64Array([1n]),
  () => new DataView(new ArrayBuffer(4)),
  () => new ArrayBuffer(4),
  () => shared,
  () => Array.from({ length: 40 }, (_, i) => i),
  () => Array.from({ length: 40 }, (_, i) => String(i)),
  () => Array.from({ length: 40 }, (_, i) => (i === 39 ? -0 : i)),
  () => Array.from({ length: 40 }, (_, i) => (i === 39 ? 0 : i)),
  () => new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [2, 2], dtype: 'float64' }),
  () => new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [4], dtype: 'float64' }),
  () => new NDArray(Float64Array.of(1, 2, 3, 5), { shape: [4], dtype: 'float64' }),
  () => new NDArray(Uint8Array.of(1, 0), { shape: [2], dtype: 'bool' }),
  () => new NDArray(Uint8Array.of(1, 0), { shape: [2], dtype: 'uint8' }),
];

describe('a content hash', () => {
  it('differs where the content differs, and is the same where it is the same', () => {
    const hashes = different.map((make) => contentHash(make()));
    for (const [i, make] of different.entries()) {
      expect(hashes[i]).toMatch(/^[0-9a-f]{24}$/);
      expect(contentHash(make())).toBe(hashes[i]);
    }
    expect(new Set(hashes).size).toBe(different.length);
  });

  it('does not depend on the process', () => {
    expect(contentHash({ a: [1, 'x', null], b: new Float64Array([1.5]) })).toBe(
      contentHash({ b: Float64Array.of(1.5), a: [1, 'x', null] }),
    );
    expect(contentHash('lazuli')).toMatchInlineSnapshot(`"65c40df0cf53117fa998d61a"`);
  });

  it('is equal exactly for equal values, for any values', () => {
    const value = fc.object({
      withMap: true,
      withSet: true,
      withBigInt: true,
      withDate: true,
      withTypedArray: true,
      depthSize: 'small',
    });
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(contentHash(structuredClone(a))).toBe(contentHash(a));
        const unlike = contentHash([a]) === contentHash([b]);
        if (unlike) expect(structuredClone(a)).toEqual(b);
      }),
    );
  });

  it('of the elements of an n-dimensional array does not depend on its layout', () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const transposed = new NDArray(data, { shape: [3, 2], strides: [1, 3], dtype: 'float64' });
    expect(contentHash(transposed)).toBe(contentHash(transposed.copy()));
    const row = new NDArray(data, { shape: [3], offset: 3, dtype: 'float64' });
    expect(contentHash(row)).toBe(contentHash(row.copy()));
    expect(contentHash(row)).not.toBe(contentHash(transposed));
    const view = data.subarray(2, 4);
    expect(contentHash(view)).toBe(contentHash(Float64Array.of(3, 4)));
  });

  it('does not depend on sharing, and holds for cycles', () => {
    const row = [1, 2];
    expect(contentHash([row, row])).toBe(
      contentHash([
        [1, 2],
        [1, 2],
      ]),
    );
    let shared: unknown[] = ['x'];
    for (let i = 0; i < 100; i++) shared = [shared, shared];
    expect(contentHash(shared)).toBeTypeOf('string');

    const loop = (size: number, mark: unknown): unknown[] => {
      const first: unknown[] = [mark];
      let last = first;
      for (let i = 1; i < size; i++) {
        const next: unknown[] = [mark];
        last.push(next);
        last = next;
      }
      last.push(first);
      return first;
    };
    expect(contentHash(loop(3, 'a'))).toBe(contentHash(loop(3, 'a')));
    expect(contentHash(loop(3, 'a'))).not.toBe(contentHash(loop(4, 'a')));
    expect(contentHash(loop(3, 'a'))).not.toBe(contentHash(loop(3, 'b')));

    // The same pieces in the same places, but the last reference leads elsewhere.
    const p: unknown[] = [];
    const x = [p];
    p.push(x, 1);
    const q: unknown[] = [];
    const y = [q];
    q.push(y);
    expect(contentHash([p, [x]])).not.toBe(contentHash([p, q]));
  });

  it('of delayed values is their key', () => {
    const one = delayed(1);
    expect(contentHash([one])).toBe(contentHash([one]));
    expect(contentHash([one])).not.toBe(contentHash([delayed(1)]));
    expect(contentHash([one])).not.toBe(contentHash([one.key]));
  });

  it('of functions is what the given hash says', () => {
    const fn = (): number => 1;
    expect(contentHash([fn])).toBe(undefined);
    expect(contentHash([fn], () => 'body')).toBe(contentHash([() => 2], () => 'body'));
    expect(contentHash([fn], () => 'body')).not.toBe(contentHash([fn], () => 'other'));
    expect(contentHash([fn], () => undefined)).toBe(undefined);
  });

  it.each<[string, unknown]>([
    ['class instances', new (class Model {})()],
    ['subclasses of arrays', new (class extends Array {})()],
    ['subclasses of Map', new (class extends Map {})()],
    ['symbols of their own', Symbol('own')],
    ['promises', Promise.resolve(1)],
    ['weak maps', new WeakMap()],
    ['errors', new Error('x')],
    ['objects with symbol keys', { [Symbol('own')]: 1 }],
  ])('does not exist for %s', (_name, value) => {
    expect(contentHash(value)).toBe(undefined);
    expect(contentHash([1, { a: [value] }])).toBe(undefined);
  });

  it('of deep and long values is taken without overflow', () => {
    expect(contentHash(nested(50_000))).toBe(contentHash(nested(50_000)));
    expect(contentHash(nested(50_000))).not.toBe(contentHash(nested(50_001)));
    const rows = Array.from({ length: 50_000 }, (_, i) => [i, 'x']);
    expect(contentHash(rows)).not.toBe(contentHash(rows.slice(1)));
  });
});

function nested(depth: number): unknown {
  let deep: unknown = 1;
  for (let i = 0; i < depth; i++) deep = i % 2 === 0 ? [deep] : { deep };
  return deep;
}
