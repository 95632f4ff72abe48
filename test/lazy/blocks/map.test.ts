/** Functions of blocks: `mapBlocks`, `mapOverlap`, `fromBlocks`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Boundary,
  compute,
  type LazyArray,
  NDArray,
  nd,
  OptionError,
  random,
  ShapeError,
} from '../../../dist/index.js';
import { sizesOf } from './arrays.js';

const each = (block: NDArray, change: (value: number) => number): NDArray =>
  new NDArray(
    Float64Array.from(block.copy().data, (value) => change(Number(value))),
    { shape: block.shape, dtype: 'float64' },
  );

const nested = async (x: LazyArray): Promise<unknown> => (await x.compute()).toNested();

describe('mapBlocks', () => {
  const x = random.normal([7, 5], { seed: 1, chunks: [3, 2] });

  it('calls the function once for each block, with its place', async () => {
    const places = await nested(
      x.mapBlocks(
        (block, { index, start, shape }) => {
          if (block.shape.join() !== shape.join()) throw new Error('another shape than said');
          return [[index[0]! * 100 + index[1]! * 10 + start[0]! + start[1]!]];
        },
        { chunks: [1, 1] },
      ),
    );
    expect(places).toEqual([
      [0, 12, 24],
      [103, 115, 127],
      [206, 218, 230],
    ]);
  });

  it('has the blocks, shape and dtype of the array, or those that are said', async () => {
    const same = x.mapBlocks((block) => each(block, (value) => value * 2));
    expect([same.shape, same.chunks, same.dtype]).toEqual([x.shape, x.chunks, 'float64']);
    expect(await nested(same)).toEqual(await nested(nd.mul(x, 2)));
    const halves = nd.mapBlocks((block) => each(block, Math.trunc), x, { dtype: 'int32', name: 'cut' });
    expect(halves.dtype).toBe('int32');
    expect((await halves.compute()).dtype).toBe('int32');
    const sums = x.mapBlocks((block) => (block.toNested() as number[][]).map((row) => [row.reduce((a, b) => a + b)]), {
      chunks: [[3, 3, 1], 1],
    });
    expect([sums.shape, sums.chunks]).toEqual([
      [7, 3],
      [
        [3, 3, 1],
        [1, 1, 1],
      ],
    ]);
    const [total, expected] = await compute([nd.sum(sums), nd.sum(x)]);
    expect(total).toBeCloseTo(expected, 12);
  });

  it('gives the function the blocks of several arrays that meet, after broadcasting', async () => {
    const row = nd.arange(5, { chunks: 5 });
    const added = nd.mapBlocks(
      (a, b, { shape }) => {
        const [rows, line] = [a.toNested() as number[][], b.toNested() as number[]];
        if (rows.length !== shape[0] || line.length !== shape[1]) throw new Error('blocks that do not meet');
        return rows.map((values) => values.map((value, j) => value + line[j]!));
      },
      [x, row],
    );
    expect(await nested(added)).toEqual(await nested(nd.add(x, row)));
  });

  it('takes arrays that are one block, and asynchronous functions', async () => {
    expect(await nested(nd.mapBlocks(async (block) => each(block, (value) => -value), [[1, 2]]) as LazyArray)).toEqual([
      -1, -2,
    ]);
    expect(await nested(nd.array([[1, 2]]).mapBlocks(async (block) => each(block, (value) => -value)))).toEqual([
      [-1, -2],
    ]);
  });

  it('computes only the blocks that the answer needs', async () => {
    const few = x.mapBlocks((block, { index }) => {
      if (index[0] !== 0) throw new Error('not needed');
      return block;
    });
    expect(await nested(nd.slice(few, [[0, 3]]))).toEqual(await nested(nd.slice(x, [[0, 3]])));
  });

  it('says which block has another shape than was said', async () => {
    const wrong = x.mapBlocks((block, { index }) => (index[0] === 1 && index[1] === 2 ? [[1, 2]] : block));
    await expect(wrong.compute()).rejects.toThrow(
      'nd.mapBlocks: block [1, 2] should have the shape [3, 1] and has [1, 2]',
    );
  });

  it('refuses what it cannot do before anything runs', () => {
    const fn = (block: NDArray) => block;
    // @ts-expect-error there is no such option
    expect(() => x.mapBlocks(fn, { type: 'float32' })).toThrow(OptionError);
    expect(() => x.mapBlocks(fn, { chunks: [1] })).toThrow('nd.mapBlocks: chunks has an entry for each axis');
    expect(() => x.mapBlocks(fn, { chunks: [[1, 2], 1] })).toThrow('there are 3 × 3 blocks of shape [7, 5]');
    expect(() => nd.mapBlocks(fn, [])).toThrow('give it an array');
    // @ts-expect-error no function
    expect(() => nd.mapBlocks(3, x)).toThrow('the first argument is a function of blocks');
    expect(() => nd.mapBlocks((a) => a, [x, nd.ones([4])])).toThrow(ShapeError);
    expect(() => nd.mapBlocks(fn, nd.unique(x))).toThrow('is not known before it is computed');
    expect(() => x.mapBlocks(fn, { retries: -1 })).toThrow(OptionError);
  });
});

describe('mapOverlap', () => {
  /** The sum of the 3 × 3 elements around each, of what there is. */
  const sums = (block: NDArray): NDArray => {
    const rows = block.toNested() as number[][];
    return nd9(
      rows.map((row, i) =>
        row.map((_, j) => {
          let sum = 0;
          for (let di = -1; di <= 1; di++) for (let dj = -1; dj <= 1; dj++) sum += rows[i + di]?.[j + dj] ?? 0;
          return sum;
        }),
      ),
    );
  };
  const nd9 = (rows: number[][]): NDArray =>
    new NDArray(Float64Array.from(rows.flat()), { shape: [rows.length, rows[0]!.length], dtype: 'float64' });

  it('gives the same for every chunking and boundary', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
          .chain((shape) => fc.tuple(fc.constant(shape), fc.tuple(...shape.map(sizesOf)))),
        fc.constantFrom<Boundary>('none', 'reflect', 'nearest', 'periodic', 0, 7.5),
        async ([shape, chunks], boundary) => {
          const x = random.integers(shape, { seed: 5, low: -9, high: 9 });
          const options = { depth: 1, boundary, dtype: 'float64' } as const;
          const whole = nd.mapOverlap(sums, x, options);
          const blocks = nd.rechunk(x, chunks).mapOverlap(sums, options);
          expect(await nested(blocks)).toEqual(await nested(whole));
        },
      ),
      { numRuns: 25, seed: 20261123 },
    );
  });

  it('knows what lies beyond', async () => {
    const x = nd.array([1, 2, 4], { chunks: 2 });
    const left = (block: NDArray): Float64Array => {
      const { data } = block.copy();
      return Float64Array.from(data, (_, i) => Number(data[i - 1] ?? Number.NaN));
    };
    const beyond = async (boundary: 'reflect' | 'nearest' | 'periodic' | number, depth: number) =>
      nested(x.mapOverlap((block) => Float64Array.from(left(block), (v, i) => (i === 0 ? 0 : v)), { depth, boundary }));
    expect(await beyond('reflect', 1)).toEqual([1, 1, 2]);
    expect(await beyond('nearest', 2)).toEqual([1, 1, 2]);
    expect(await beyond('periodic', 1)).toEqual([4, 1, 2]);
    expect(await beyond(9, 1)).toEqual([9, 1, 2]);
  });

  it('takes a depth for each axis, deeper than blocks, and results that are cut already', async () => {
    const x = nd.arange(12, { chunks: 2 });
    const around = (block: NDArray): Float64Array => {
      const { data } = block.copy();
      return Float64Array.from({ length: data.length - 6 }, (_, i) => {
        let sum = 0;
        for (let k = 0; k <= 6; k++) sum += Number(data[i + k]);
        return sum;
      });
    };
    const all = [0, 0, 0, ...Array.from({ length: 12 }, (_, i) => i), 0, 0, 0];
    const expected = Array.from({ length: 12 }, (_, i) => all.slice(i, i + 7).reduce((a, b) => a + b));
    expect(await nested(x.mapOverlap(around, { depth: [3], boundary: 0, trim: false }))).toEqual(expected);
  });

  it('refuses what it cannot do, and names the block that is wrong', async () => {
    const x = nd.arange(6, { chunks: 2 });
    const fn = (block: NDArray): NDArray => block;
    expect(() => x.mapOverlap(fn, { depth: -1 })).toThrow('nd.mapOverlap: depth is a whole number ≥ 0');
    expect(() => x.mapOverlap(fn, { depth: [1, 1] })).toThrow(OptionError);
    // @ts-expect-error no boundary
    expect(() => x.mapOverlap(fn, { depth: 1, boundary: 'wrap' })).toThrow("must be 'none', 'reflect'");
    expect(() => x.mapOverlap(fn, { depth: 7, boundary: 'reflect' })).toThrow(ShapeError);
    await expect(x.mapOverlap(() => [1], { depth: 1 }).compute()).rejects.toThrow(
      /nd\.mapOverlap: block \[\d\] should have the shape \[[34]\] and has \[1\]/,
    );
  });
});

describe('fromBlocks', () => {
  it('makes the blocks that are needed from their places', async () => {
    const x = nd.fromBlocks(
      ({ start, shape }) => {
        if (start[0]! >= 4) throw new Error('not needed');
        return Array.from({ length: shape[0]! }, (_, i) =>
          Array.from({ length: shape[1]! }, (_, j) => (start[0]! + i) * 10 + start[1]! + j),
        );
      },
      { shape: [6, 3], chunks: [2, 2], dtype: 'int32' },
    );
    expect([x.shape, x.chunks, x.dtype]).toEqual([
      [6, 3],
      [
        [2, 2, 2],
        [2, 1],
      ],
      'int32',
    ]);
    expect(await nested(nd.slice(x, [[0, 4]]))).toEqual([
      [0, 1, 2],
      [10, 11, 12],
      [20, 21, 22],
      [30, 31, 32],
    ]);
    await expect(x.compute()).rejects.toThrow('not needed');
  });

  it('refuses what it cannot do', () => {
    const fn = (): number[] => [1];
    // @ts-expect-error no shape
    expect(() => nd.fromBlocks(fn, { chunks: 2 })).toThrow('nd.fromBlocks: say the shape');
    expect(() => nd.fromBlocks(fn, { shape: [3], chunks: 0 })).toThrow(OptionError);
  });
});
