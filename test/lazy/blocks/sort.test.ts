/** Sorting one line in blocks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskNode } from '../../../dist/graph/node.js';
import { nodeOf } from '../../../dist/graph/node.js';
import { buildProgram } from '../../../dist/graph/program.js';
import { type NDArray, nd, random } from '../../../dist/index.js';
import { fuse } from '../../../dist/kernels/fuse.js';
import { blocksOf } from '../../../dist/lazy/blocks/blocked.js';
import { mergeExchange } from '../../../dist/lazy/blocks/sort.js';
import { sizesOf } from './arrays.js';

const numbers = (array: NDArray): (number | boolean)[] => Array.from(array.copy().data, (value) => value);

describe('merge exchange', () => {
  it('sorts every list of zeros and ones, and so everything', () => {
    for (let n = 0; n <= 12; n++) {
      const pairs = [...mergeExchange(n)];
      for (let bits = 0; bits < 2 ** n; bits++) {
        const list = Array.from({ length: n }, (_, i) => (bits >> i) & 1);
        for (const [i, j] of pairs) [list[i], list[j]] = [Math.min(list[i]!, list[j]!), Math.max(list[i]!, list[j]!)];
        expect(list.every((value, i) => i === 0 || list[i - 1]! <= value)).toBe(true);
      }
    }
  });

  it('takes about k·log²k / 4 comparisons', () => {
    expect([...mergeExchange(16)]).toHaveLength(63);
    expect([...mergeExchange(64)]).toHaveLength(543);
  });
});

describe('a line in blocks', () => {
  const values = fc.oneof(
    { arbitrary: fc.integer({ min: -4, max: 4 }), weight: 5 },
    { arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), weight: 1 },
  );

  it('is sorted as the whole is, whatever its blocks, with NaN last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(values, { minLength: 1, maxLength: 24 })
          .chain((list) => fc.tuple(fc.constant(list), sizesOf(list.length))),
        fc.constantFrom<'float64' | 'float32'>('float64', 'float32'),
        async ([list, sizes], dtype) => {
          const x = nd.array(list, { dtype });
          const blocks = nd.rechunk(x, [sizes]);
          const sorted = nd.sort(blocks);
          expect(sorted.chunks).toEqual(blocks.chunks);
          expect(numbers(await sorted.compute())).toEqual(numbers(await nd.sort(x).compute()));
        },
      ),
      { numRuns: 40, seed: 20261123 },
    );
  });

  it.each(['int32', 'uint32', 'uint8', 'bool'] as const)(
    'keeps the largest of %s, which also fills up',
    async (dtype) => {
      const most = { int32: 2 ** 31 - 1, uint32: 2 ** 32 - 1, uint8: 255, bool: 1 }[dtype];
      const list = [0, most, 1, most, 0, most, 1].map((value) => (dtype === 'bool' ? value > 0 : value));
      const x = nd.array(list, { dtype });
      const sorted = await nd.sort(nd.rechunk(x, [[3, 1, 3]])).compute();
      expect(sorted.dtype).toBe(dtype);
      expect(numbers(sorted)).toEqual(numbers(await nd.sort(x).compute()));
    },
  );

  it('is all elements of an array with axes', async () => {
    const x = random.integers([7, 9], { seed: 1, low: -50, high: 50, chunks: [3, 4] });
    const whole = await nd.sort(nd.rechunk(x, null), { axis: null }).compute();
    const sorted = nd.sort(x, { axis: null });
    expect(sorted.shape).toEqual([63]);
    expect(numbers(await sorted.compute())).toEqual(numbers(whole));
  });

  it('never takes more than two blocks at a time, and only what the answer needs', () => {
    const x = random.normal([16_000], { seed: 1, chunks: 1000 });
    const sorted = nd.sort(x);
    const nodes = (values: readonly unknown[]): readonly TaskNode[] =>
      fuse(
        buildProgram(
          values.map((value) => nodeOf(value)!),
          false,
        ),
      ).nodes as readonly TaskNode[];
    const all = nodes(blocksOf(sorted));
    const sorts = all.filter(({ op }) => op.name.startsWith('sort'));
    expect(sorts).toHaveLength(16 + 63);
    const first = nodes([blocksOf(sorted)[0]]).filter(({ op }) => op.name.startsWith('sort'));
    expect(first.length).toBeLessThan(sorts.length);
  });
});
