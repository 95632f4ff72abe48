/** Sorting, searching, counting, running sums and quantiles as `nd` has them: results, laws, and what is refused when. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import { compute, createRuntime, delayed } from '../../dist/index.js';
import { type LazyArray, nd } from '../../dist/lazy/index.js';
import { evaluate } from '../support/evaluate.js';

async function nested(value: unknown): Promise<unknown> {
  const result = await evaluate(value);
  return result instanceof NDArray ? result.toNested() : result;
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const matrix = [
  [3, 1, 2],
  [0, 5, 4],
];

/** Vectors with ties, NaN, infinities and both zeros. */
const values = fc.array(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(nan, inf, -inf, -0, 0)),
  { maxLength: 60 },
);
const some = values.filter((list) => list.length > 0);
const lazy = (list: readonly number[]): LazyArray => nd.array(Float64Array.from(list));
const vector = async (value: LazyArray): Promise<number[]> => (await nested(value)) as number[];

/** NaN last, zeros equal. */
const isAtMost = (a: number, b: number): boolean => a <= b || Number.isNaN(b);

describe('sort and argsort', () => {
  it('sort along an axis, the last by default, or everything', async () => {
    expect(await nested(nd.sort(matrix))).toEqual([
      [1, 2, 3],
      [0, 4, 5],
    ]);
    expect(await nested(nd.sort(matrix, { axis: 0 }))).toEqual([
      [0, 1, 2],
      [3, 5, 4],
    ]);
    expect(await nested(nd.sort(matrix, { axis: null }))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await nested(nd.argsort(matrix, { axis: -2 }))).toEqual([
      [1, 0, 0],
      [0, 1, 1],
    ]);
    expect(await nested(nd.argsort(matrix, { axis: null }))).toEqual([3, 1, 2, 0, 5, 4]);
  });

  it('keep what is known before computing', () => {
    const x = nd.array([[true, false]]);
    expect([nd.sort(x).shape, nd.sort(x).dtype]).toEqual([[1, 2], 'bool']);
    expect([nd.argsort(x, { axis: null }).shape, nd.argsort(x).dtype]).toEqual([[2], 'int32']);
    expect(nd.sort(nd.unique(x)).shape).toEqual([nan]);
    expect(nd.argsort(nd.unique(x)).dtype).toBe('int32');
  });

  it('take nothing, one element and numbers', async () => {
    expect(await nested(nd.sort(new Float64Array()))).toEqual([]);
    expect(await nested(nd.argsort([7]))).toEqual([0]);
    expect(await nested(nd.sort(3, { axis: null }))).toEqual([3]);
    expect(nd.sort(nd.zeros([0, 3]), { axis: 0 }).shape).toEqual([0, 3]);
  });

  it('give an ascending permutation, and equal elements in their order', () =>
    fc.assert(
      fc.asyncProperty(values, async (list) => {
        const sorted = await vector(nd.sort(lazy(list)));
        const order = await vector(nd.argsort(lazy(list)));
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
        for (let i = 1; i < list.length; i++) {
          const [a, b] = [list[order[i - 1]!]!, list[order[i]!]!];
          expect(isAtMost(a, b)).toBe(true);
          if (isAtMost(b, a)) expect(order[i - 1]).toBeLessThan(order[i]!);
        }
        sorted.forEach((value, i) => {
          expect(value + 0).toEqual(list[order[i]!]! + 0);
        });
      }),
    ));

  it('refuse axes and options that do not exist, when called', () => {
    expect(() => nd.sort(matrix, { axis: 2 })).toThrow(ShapeError);
    expect(() => nd.sort(matrix, { axis: 2 })).toThrow('nd.sort: axis 2 is out of range for x of shape [2, 3]');
    expect(() => nd.argsort(matrix, { axis: 0.5 })).toThrow('nd.argsort: axis 0.5 is out of range');
    expect(() => nd.sort(3)).toThrow('nd.sort: axis -1 is out of range for x of shape []');
    expect(() => nd.sort(matrix, { axes: 0 } as object)).toThrow(OptionError);
    expect(() => nd.sort(matrix, { axes: 0 } as object)).toThrow("no option 'axes'; did you mean 'axis'?");
  });
});

describe('unique', () => {
  it('has each value once, NaN and zero too, and says where, which and how many', async () => {
    const x = [nan, 1, nan, 0, 1, 0];
    expect(await nested(nd.unique(x))).toEqual([0, 1, nan]);
    const {
      values: found,
      index,
      inverse,
      counts,
    } = nd.unique(x, {
      returnIndex: true,
      returnInverse: true,
      returnCounts: true,
    });
    expect(await nested(found)).toEqual([0, 1, nan]);
    expect(await nested(index)).toEqual([3, 1, 0]);
    expect(await nested(inverse)).toEqual([2, 1, 2, 0, 1, 0]);
    expect(await nested(counts)).toEqual([2, 2, 2]);
  });

  it('does not know its length, but its dtype', () => {
    const plain = nd.unique(Int32Array.of(1, 1));
    expect([plain.shape, plain.dtype]).toEqual([[nan], 'int32']);
    const { inverse, counts } = nd.unique(matrix, { returnInverse: true, returnCounts: true });
    expect([inverse.shape, inverse.dtype, counts.shape]).toEqual([[2, 3], 'int32', [nan]]);
    expect(Object.keys(nd.unique(matrix, {}))).toEqual(['values']);
    expect(Object.keys(nd.unique(matrix, { returnIndex: false, returnCounts: true }))).toEqual(['values', 'counts']);
  });

  it('is sorted, undoes itself, and counts everything', () =>
    fc.assert(
      fc.asyncProperty(some, async (list) => {
        const parts = nd.unique(lazy(list), { returnIndex: true, returnInverse: true, returnCounts: true });
        const [found, index] = [await vector(parts.values), await vector(parts.index)];
        const [inverse, counts] = [await vector(parts.inverse), await vector(parts.counts)];
        // which zero stands for both is not said
        const noted = found.map((value) => value + 0);
        expect((await vector(nd.unique(lazy(found)))).map((value) => value + 0)).toEqual(noted);
        expect((await vector(nd.unique(nd.sort(lazy(list))))).map((value) => value + 0)).toEqual(noted);
        for (let i = 1; i < found.length; i++) expect(isAtMost(found[i]!, found[i - 1]!)).toBe(false);
        list.forEach((value, i) => {
          expect(found[inverse[i]!]! + 0).toEqual(value + 0);
        });
        index.forEach((first, k) => {
          expect(inverse.indexOf(k)).toBe(first);
          expect(counts[k]).toBe(inverse.filter((place) => place === k).length);
        });
      }),
    ));

  it('refuses options that do not exist or are no booleans', () => {
    expect(() => nd.unique([1], { returnCount: true } as object)).toThrow("did you mean 'returnCounts'?");
    expect(() => nd.unique([1], { returnCounts: 1 as unknown as boolean })).toThrow(
      'nd.unique: returnCounts must be true or false, not 1',
    );
  });
});

describe('searchsorted', () => {
  it('finds places on either side of equals, for any shape, and for numbers', async () => {
    const sorted = [1, 2, 2, 3, nan];
    expect(
      await nested(
        nd.searchsorted(sorted, [
          [0, 2],
          [nan, inf],
        ]),
      ),
    ).toEqual([
      [0, 1],
      [4, 4],
    ]);
    expect(await nested(nd.searchsorted(sorted, [0, 2, nan, inf], { side: 'right' }))).toEqual([0, 3, 5, 4]);
    expect(await nested(nd.searchsorted(sorted, 2.5))).toBe(3);
    expect(await nested(nd.searchsorted(Int32Array.of(1, 3), Float32Array.of(2.5)))).toEqual([1]);
    expect(await nested(nd.searchsorted(new Float64Array(), [1]))).toEqual([0]);
    expect(nd.searchsorted(sorted, nd.zeros([2, 2])).dtype).toBe('int32');
  });

  it('keeps order where it points, and has only equals between its sides', () =>
    fc.assert(
      fc.asyncProperty(values, values, async (list, wanted) => {
        const sorted = await vector(nd.sort(lazy(list)));
        const left = await vector(nd.searchsorted(lazy(sorted), lazy(wanted)));
        const right = await vector(nd.searchsorted(lazy(sorted), lazy(wanted), { side: 'right' }));
        wanted.forEach((value, i) => {
          sorted.forEach((element, at) => {
            expect(at < left[i]!).toBe(!isAtMost(value, element));
            expect(at < right[i]!).toBe(isAtMost(element, value));
          });
        });
      }),
    ));

  it('refuses matrices to search in, and sides that do not exist', () => {
    expect(() => nd.searchsorted(matrix, 1)).toThrow('nd.searchsorted: sorted must be a vector, its shape is [2, 3]');
    expect(() => nd.searchsorted([1], 1, { side: 'middle' as 'left' })).toThrow(OptionError);
    expect(() => nd.searchsorted([1], 1, { right: true } as object)).toThrow("there is no option 'right'");
  });
});

describe('bincount', () => {
  it('counts, sums weights, and fills up', async () => {
    expect(await nested(nd.bincount([0, 2, 2]))).toEqual([1, 0, 2]);
    expect(await nested(nd.bincount([0, 2, 2], { weights: [0.5, 1, 0.25], minlength: 4 }))).toEqual([0.5, 0, 1.25, 0]);
    expect(await nested(nd.bincount([true, false, true]))).toEqual([1, 2]);
    expect(await nested(nd.bincount(new Int32Array(), { minlength: 2 }))).toEqual([0, 0]);
    const known = nd.bincount(Uint8Array.of(3, 1));
    expect([known.shape, known.dtype]).toEqual([[4], 'int32']);
    const unknown = nd.bincount(nd.argsort([2, 1]), { weights: [1, 2] });
    expect([unknown.shape, unknown.dtype]).toEqual([[nan], 'float64']);
  });

  it('names what it cannot count, at once where x is there', async () => {
    expect(() => nd.bincount([0, -1])).toThrow(ArgumentError);
    expect(() => nd.bincount([0, -1])).toThrow('nd.bincount: element 1 of x is -1; it counts numbers ≥ 0');
    expect(() => nd.bincount([0.5])).toThrow(DTypeError);
    expect(() => nd.bincount(matrix)).toThrow('nd.bincount: x must be a vector, its shape is [2, 3]');
    expect(() => nd.bincount([1, 2], { weights: [1] })).toThrow('x has the shape [2] and weights [1]');
    expect(() => nd.bincount([1], { minlength: -1 })).toThrow('minlength must be a whole number ≥ 0, not -1');
    expect(() => nd.bincount([1], { minLength: 1 } as object)).toThrow("did you mean 'minlength'?");
    const later = nd.bincount(nd.fromDelayed(delayed(() => [1, -2])(), { shape: [2] }));
    await expect(compute(later)).rejects.toThrow('element 1 of x is -2');
  });
});

it('names options that are no object', () => {
  const bare = 0 as unknown as { axis: number };
  for (const name of ['sort', 'argsort', 'cumsum', 'cumprod'] as const) {
    expect(() => nd[name]([1, 2], bare)).toThrow(
      `nd.${name}: options come as one object, such as { axis: … }, not as a number`,
    );
  }
});

describe('running sums and products', () => {
  it('go along an axis, or over everything', async () => {
    expect(await nested(nd.cumsum(matrix))).toEqual([3, 4, 6, 6, 11, 15]);
    expect(await nested(nd.cumsum(matrix, { axis: 1 }))).toEqual([
      [3, 4, 6],
      [0, 5, 9],
    ]);
    expect(await nested(nd.cumprod(matrix, { axis: 0 }))).toEqual([
      [3, 1, 2],
      [0, 5, 8],
    ]);
    expect(await nested(nd.cumsum(5))).toEqual([5]);
    expect(await nested(nd.cumprod([2, nan, 3]))).toEqual([2, nan, nan]);
  });

  it('round in their dtype and have no more than one rounding a step', async () => {
    expect(nd.cumsum(Float32Array.of(1)).dtype).toBe('float32');
    expect(nd.cumprod(Uint8Array.of(200, 2)).dtype).toBe('float64');
    expect(await nested(nd.cumprod(Uint8Array.of(200, 2)))).toEqual([200, 400]);
    expect(await nested(nd.cumsum(Float32Array.of(16777216, 1, 1)))).toEqual([16777216, 16777216, 16777216]);
    expect(await nested(nd.cumsum([0.1, 0.2, 0.3]))).toEqual([0.1, 0.1 + 0.2, 0.1 + 0.2 + 0.3]);
  });

  it('refuse axes and options that do not exist', () => {
    expect(() => nd.cumsum(matrix, { axis: 2 })).toThrow('nd.cumsum: axis 2 is out of range for x of shape [2, 3]');
    expect(() => nd.cumprod(matrix, { dim: 1 } as object)).toThrow("nd.cumprod: there is no option 'dim'");
  });
});

describe('quantiles', () => {
  // numpy.quantile([1, 2, 3, 4], p, method=…) for p = 0, 0.1, 0.25, 0.5, 0.75, 0.9, 1
  const fractions = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
  it.each([
    ['linear', [1, 1.3, 1.75, 2.5, 3.25, 3.7, 4]],
    ['lower', [1, 1, 1, 2, 3, 3, 4]],
    ['higher', [1, 2, 2, 3, 4, 4, 4]],
    ['nearest', [1, 1, 2, 3, 3, 4, 4]],
    ['midpoint', [1, 1.5, 1.5, 2.5, 3.5, 3.5, 4]],
  ] as const)('are NumPy’s by the method %s', async (method, expected) => {
    expect(await nested(nd.quantile([4, 2, 3, 1], fractions, { method }))).toEqual(expected);
    const percents = fractions.map((p) => 100 * p);
    expect(await nested(nd.percentile([4, 2, 3, 1], percents, { method }))).toEqual(expected);
  });

  it('go over axes, keep them where asked, and put the quantiles in front', async () => {
    const cube = nd.array(
      Float64Array.from({ length: 24 }, (_, i) => i),
      { shape: [2, 3, 4] },
    );
    expect(nd.quantile(cube, [0.5, 1], { axis: [0, 2] }).shape).toEqual([2, 3]);
    expect(await nested(nd.quantile(cube, [0.5, 1], { axis: [0, -1] }))).toEqual([
      [7.5, 11.5, 15.5],
      [15, 19, 23],
    ]);
    expect(nd.median(cube, { axis: 1, keepdims: true }).shape).toEqual([2, 1, 4]);
    expect(await nested(nd.median(cube))).toBe(11.5);
    expect(nd.quantile(cube, [[0, 1]], { axis: 0 }).shape).toEqual([1, 2, 3, 4]);
    expect(nd.median(nd.unique(cube)).shape).toEqual([]);
  });

  it('go over any axes', async () => {
    const lengths = [2, 3, 2, 3, 2] as const;
    const x = nd.array(
      Float64Array.from({ length: 72 }, (_, i) => (i * 29) % 72),
      { shape: [...lengths] },
    );
    const expected = Array.from({ length: 3 }, (_, b) =>
      Array.from({ length: 3 }, (__, d) => {
        const line: number[] = [];
        for (const a of [0, 1])
          for (const c of [0, 1])
            for (const e of [0, 1]) line.push((((((a * 3 + b) * 2 + c) * 3 + d) * 2 + e) * 29) % 72);
        line.sort((p, q) => p - q);
        return (line[3]! + line[4]!) / 2;
      }),
    );
    expect(await nested(nd.median(x, { axis: [0, 2, 4] }))).toEqual(expected);
    expect((await compute(nd.median(x, { axis: [0, 2, 4] }))).toNested()).toEqual(expected);
  });

  it('have the dtype of what they answer', () => {
    const bytes = Uint8Array.of(1, 2);
    expect(nd.quantile(bytes, 0.5).dtype).toBe('float64');
    expect(nd.quantile(bytes, 0.5, { method: 'higher' }).dtype).toBe('uint8');
    expect(nd.median(Float32Array.of(1, 2)).dtype).toBe('float32');
  });

  it('pass NaN on, and have NumPy’s median of nothing and of infinities', async () => {
    expect(
      await nested(
        nd.quantile(
          [
            [1, nan],
            [2, 3],
          ],
          0,
          { axis: 1 },
        ),
      ),
    ).toEqual([nan, 2]);
    expect(await nested(nd.median(new Float64Array()))).toBe(nan);
    expect(await nested(nd.median([1, inf, inf, inf]))).toBe(inf);
    expect(await nested(nd.median([inf, -inf]))).toBe(nan);
    expect(await nested(nd.quantile([inf, inf], 0.5))).toBe(nan);
    expect(await nested(nd.median([true, false, true, true]))).toBe(1);
  });

  it('interpolate between the sorted neighbours', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (list, q) => {
          const sorted = [...list].sort((a, b) => a - b);
          const place = q * (list.length - 1);
          const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
          const expected = low + (high - low) * (place - Math.floor(place));
          const found = (await nested(nd.quantile(list, q))) as number;
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(
            4 * Number.EPSILON * Math.max(-low, high, 0, low, -high),
          );
          expect(((await nested(nd.quantile(list, q, { method: 'lower' }))) as number) + 0).toBe(low + 0);
          expect(((await nested(nd.quantile(list, q, { method: 'higher' }))) as number) + 0).toBe(high + 0);
        },
      ),
    ));

  it('refuse what is outside, empty or unknown, when called', () => {
    expect(() => nd.quantile([1], 1.5)).toThrow(ArgumentError);
    expect(() => nd.quantile([1], [0, nan])).toThrow('nd.quantile: q must be from 0 to 1, got NaN');
    expect(() => nd.percentile([1], -1)).toThrow('nd.percentile: p must be from 0 to 100, got -1');
    expect(() => nd.quantile([], 0.5)).toThrow(
      'nd.quantile: x has the shape [0]: there is nothing to take quantiles of',
    );
    expect(() => nd.quantile([1], 0.5, { method: 'lineal' as 'linear' })).toThrow('method must be one of');
    expect(() => nd.median(matrix, { axis: [0, -2] })).toThrow('an axis is named twice');
    expect(() => nd.median(matrix, { axis: 3 })).toThrow('nd.median: axis 3 is out of range for x of shape [2, 3]');
    expect(() => nd.median(matrix, { keepdims: 1 as unknown as boolean })).toThrow('keepdims must be true or false');
    expect(() => nd.median(matrix, { keepDims: true } as object)).toThrow("did you mean 'keepdims'?");
  });
});

describe('lengths that only values tell', () => {
  it('are found on the way, whatever follows', async () => {
    const x = nd.unique([3, 1, 3, 2]);
    const results = await compute({
      sorted: nd.sort(x),
      order: nd.argsort(x, { axis: null }),
      sums: nd.cumsum(x),
      median: nd.median(x),
      places: nd.searchsorted(x, [2, 9]),
      counts: nd.bincount(x),
      again: nd.unique(x, { returnCounts: true }),
    });
    const plain = (value: unknown): unknown => (value instanceof NDArray ? value.toNested() : value);
    expect(plain(results.sorted)).toEqual([1, 2, 3]);
    expect(plain(results.order)).toEqual([0, 1, 2]);
    expect(plain(results.sums)).toEqual([1, 3, 6]);
    expect(plain(results.median)).toBe(2);
    expect(plain(results.places)).toEqual([1, 3]);
    expect(plain(results.counts)).toEqual([0, 1, 1, 1]);
    expect(plain(results.again.counts)).toEqual([1, 1, 1]);
  });

  it('come out of the threads as they should', async () => {
    const x = Float64Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 1000);
    const { values: found, counts } = nd.unique(x, { returnCounts: true });
    const results = await compute([found, counts, nd.sort(x), nd.argsort(x)]);
    expect(results[0]!.shape).toEqual([1000]);
    expect(results[1]!.data.every((count) => count === 200)).toBe(true);
    const [sorted, order] = [results[2]!.data, results[3]!.data];
    expect(sorted.every((value, i) => value === Math.floor(i / 200))).toBe(true);
    for (let i = 0; i < order.length; i++) {
      if (x[order[i]!] !== sorted[i] || (i % 200 > 0 && order[i]! < order[i - 1]!)) throw new Error(`place ${i}`);
    }
  });

  it('have the same bits for every number of threads', async () => {
    const x = nd.array(Float64Array.from({ length: 150_000 }, (_, i) => Math.sin(i) * Math.exp(i % 40)));
    const all = () => ({
      sorted: nd.sort(x),
      order: nd.argsort(x),
      distinct: nd.unique(nd.array(x)),
      places: nd.searchsorted(nd.sort(x), x),
      columns: nd.sort(
        nd.array(
          Float64Array.from({ length: 90_000 }, (_, i) => Math.cos(i)),
          { shape: [300, 300] },
        ),
        { axis: 0 },
      ),
      quantiles: nd.quantile(x, [0.1, 0.5]),
    });
    const results: NDArray[][] = [];
    for (const workers of [1, 2, 3]) {
      const runtime = createRuntime({ workers });
      results.push(Object.values(await runtime.compute(all())) as NDArray[]);
      await runtime.close();
    }
    const bytes = ({ data }: NDArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (const other of results.slice(1)) {
      other.forEach((array, i) => {
        expect(bytes(array).equals(bytes(results[0]![i]!))).toBe(true);
      });
    }
  });
});
