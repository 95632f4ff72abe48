/** `random`: shapes, options, errors, that numbers depend on the seed and the place alone, and that they are random. */
import { describe, expect, it } from 'vitest';
import { type LazyArray, type NDArray, nd, OptionError, random } from '../../dist/index.js';

const values = async (lazy: LazyArray): Promise<number[]> => [...(await lazy.compute()).data];

/** Φ, by the series of Marsaglia (J. Stat. Software 11(4), 2004). */
function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let [sum, term] = [x, x];
  for (let i = 3; sum !== sum + term; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - 0.5 * Math.log(2 * Math.PI));
}

/** √n times the greatest distance of the empirical distribution from `cdf`; above 1.95 once in a thousand. */
function kolmogorovSmirnov(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  let most = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    most = Math.max(most, p - i / sorted.length, (i + 1) / sorted.length - p);
  });
  return most * Math.sqrt(sorted.length);
}

/** χ² of counts against equal chances, in deviations from what it is on average. */
function chiSquare(counts: readonly number[], weights = counts.map(() => 1 / counts.length)): number {
  const total = counts.reduce((a, b) => a + b);
  const sum = counts.reduce((s, count, i) => s + (count - total * weights[i]!) ** 2 / (total * weights[i]!), 0);
  return (sum - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}

function tally(sample: readonly number[], n: number): number[] {
  const counts = new Array<number>(n).fill(0);
  for (const value of sample) counts[value]!++;
  return counts;
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (a: readonly number[]): number => a.reduce((s, v) => s + v, 0) / a.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

const makers = {
  normal: (shape: number | number[], seed: number, chunks?: number) =>
    random.normal(shape, { seed, ...(chunks && { chunks }) }),
  normal32: (shape: number | number[], seed: number, chunks?: number) =>
    random.normal(shape, { seed, dtype: 'float32', ...(chunks && { chunks }) }),
  uniform: (shape: number | number[], seed: number, chunks?: number) =>
    random.uniform(shape, { seed, ...(chunks && { chunks }) }),
  uniform32: (shape: number | number[], seed: number, chunks?: number) =>
    random.uniform(shape, { seed, dtype: 'float32', ...(chunks && { chunks }) }),
  integers: (shape: number | number[], seed: number, chunks?: number) =>
    random.integers(shape, { low: 0, high: 3_000_000_000, seed, ...(chunks && { chunks }) }),
  bytes: (shape: number | number[], seed: number, chunks?: number) =>
    random.integers(shape, { low: 0, high: 256, dtype: 'uint8', seed, ...(chunks && { chunks }) }),
  wide: (shape: number | number[], seed: number, chunks?: number) =>
    random.integers(shape, { low: 0, high: 2 ** 50 + 1, seed, ...(chunks && { chunks }) }),
};

describe.each(Object.entries(makers))('%s', (_name, make) => {
  it('depends on the place alone, not on the shape', async () => {
    expect(await values(make([2, 3], 7))).toEqual(await values(make([6], 7)));
    expect((await make([2, 3], 7).compute()).shape).toEqual([2, 3]);
    expect(await values(make([4, 5, 7], 7))).toEqual(await values(make(140, 7)));
  });

  it('begins alike whatever its length', async () => {
    const long = await values(make(100_003, 3));
    for (const length of [0, 1, 5, 9, 16, 33, 1000, 16385]) {
      expect(await values(make(length, 3))).toEqual(long.slice(0, length));
    }
  });

  it('is the same in chunks', async () => {
    expect(await values(make([7, 11], 5, 4))).toEqual(await values(make([7, 11], 5)));
    expect(await values(make([3, 4, 5], 5, 2))).toEqual(await values(make([60], 5)));
    expect(await values(make(40_000, 5, 9_999))).toEqual(await values(make(40_000, 5)));
  });

  it('is the same again, another with another seed, and without seed another at every call', async () => {
    expect(await values(make(100, 11))).toEqual(await values(make(100, 11)));
    expect(await values(make(100, 11))).not.toEqual(await values(make(100, 12)));
    expect(await values(make(100, 11))).not.toEqual(await values(make(100, 11 + 2 ** 32)));
  });

  it('is the same on every device and for every number of threads', async () => {
    const x = make([300, 301], 9);
    const expected = await x.compute({ scheduler: 'sync', device: 'js' });
    for (const options of [{ workers: 1 }, { workers: 2 }, { scheduler: 'sync' }] as const) {
      expect(Buffer.compare(bytes(await x.compute(options)), bytes(expected))).toBe(0);
    }
  });

  it('has neighbours and seeds that know nothing of each other', async () => {
    const sample = await values(make(50_000, 1));
    const other = await values(make(50_000, 2));
    for (const lag of [1, 2, 3, 4, 8, 16]) {
      expect(Math.abs(correlation(sample.slice(lag), sample.slice(0, -lag)))).toBeLessThan(4.5 / Math.sqrt(50_000));
    }
    expect(Math.abs(correlation(sample, other))).toBeLessThan(4.5 / Math.sqrt(50_000));
  });
});

const bytes = (array: NDArray): Uint8Array => new Uint8Array(array.copy().data.buffer);

describe('random.normal', () => {
  it.each(['float64', 'float32'] as const)(
    'has the moments and the distribution of normal numbers in %s',
    async (dtype) => {
      const n = 400_000;
      const sample = await values(random.normal(n, { seed: 42, dtype }));
      const moment = (k: number): number => sample.reduce((sum, x) => sum + x ** k, 0) / n;
      // five deviations of the mean of xᵏ, whose variance is that of 2k-th moments 1, 3, 15, 105, 945, 10395
      expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
      expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
      expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
      expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
      expect(Math.abs(moment(6) - 15)).toBeLessThan(5 * Math.sqrt(10170 / n));
      expect(kolmogorovSmirnov(sample, normalCdf)).toBeLessThan(1.95);
      expect(kolmogorovSmirnov(sample, normalCdf)).toBeGreaterThan(0.3);
    },
  );

  it('has tails', async () => {
    const n = 4_000_000;
    const { data } = await random.normal(n, { seed: 3 }).compute();
    for (const [bound, share] of [
      [3, 2.6998e-3],
      [4, 6.334e-5],
      [4.5, 6.795e-6],
    ] as const) {
      const beyond = (data as Float64Array).reduce((count, x) => count + Number(Math.abs(x) > bound), 0);
      expect(Math.abs(beyond - n * share)).toBeLessThan(5 * Math.sqrt(n * share));
    }
  });

  it('has two halves of a pair that are independent in square too', async () => {
    const sample = await values(random.normal(100_000, { seed: 8 }));
    const [even, odd] = [sample.filter((_, i) => i % 2 === 0), sample.filter((_, i) => i % 2 === 1)];
    const square = (x: number): number => x * x;
    expect(Math.abs(correlation(even.map(square), odd.map(square)))).toBeLessThan(5 / Math.sqrt(50_000));
    expect(Math.abs(correlation(even, odd))).toBeLessThan(5 / Math.sqrt(50_000));
    const quadrants = tally(
      even.map((x, i) => Number(x > 0) * 2 + Number(odd[i]! > 0)),
      4,
    );
    expect(chiSquare(quadrants)).toBeLessThan(5);
    const octants = tally(
      even.map((x, i) => Math.floor(((Math.atan2(odd[i]!, x) + Math.PI) / (2 * Math.PI)) * 64) % 64),
      64,
    );
    expect(Math.abs(chiSquare(octants))).toBeLessThan(5);
  });

  it('is moved by loc and stretched by scale', async () => {
    const plain = await values(random.normal(50, { seed: 1 }));
    expect(await values(random.normal(50, { seed: 1, loc: 10, scale: 3 }))).toEqual(plain.map((x) => x * 3 + 10));
    expect(await values(random.normal(3, { seed: 1, scale: 0, loc: 2 }))).toEqual([2, 2, 2]);
  });

  it('without seed differs from call to call and not when it is computed again', async () => {
    const x = random.normal(5);
    expect(await values(x)).toEqual(await values(x));
    expect(await values(x)).not.toEqual(await values(random.normal(5)));
  });

  it('computes to a number without axes, and works in expressions', async () => {
    const single: unknown = await random.normal([], { seed: 1 }).compute();
    expect(single).toBe((await values(random.normal(1, { seed: 1 })))[0]);
    const sum = nd.sum(random.normal([100], { seed: 1 }));
    const sample = await values(random.normal([100], { seed: 1 }));
    expect(await sum.compute()).toBeCloseTo(
      sample.reduce((a, b) => a + b),
      10,
    );
  });
});

describe('random.uniform', () => {
  it.each(['float64', 'float32'] as const)('is evenly spread in [low, high) in %s', async (dtype) => {
    const sample = await values(random.uniform(200_000, { low: -2, high: 6, seed: 4, dtype }));
    expect(kolmogorovSmirnov(sample, (x) => (x + 2) / 8)).toBeLessThan(1.95);
    expect(Math.min(...sample.slice(0, 1e5))).toBeGreaterThanOrEqual(-2);
    expect(sample.every((x) => x >= -2 && x < 6)).toBe(true);
  });

  it('never answers high, however narrow the range', async () => {
    const high = 1 + 2 ** -52;
    expect(new Set(await values(random.uniform(100, { low: 1, high, seed: 1 })))).toEqual(new Set([1]));
    expect(new Set(await values(random.uniform(100, { low: 5, high: 5, seed: 1 })))).toEqual(new Set([5]));
    const single = await values(random.uniform(1000, { low: 1, high: 1 + 2 ** -22, seed: 1, dtype: 'float32' }));
    expect(new Set(single)).toEqual(new Set([1, 1 + 2 ** -23]));
  });
});

describe('random.integers', () => {
  it.each([2, 10, 100, 1000])('draws all of 0 … %i − 1 as often', async (n) => {
    const sample = await values(random.integers([100_000], { low: 0, high: n, seed: 17 }));
    expect(Math.abs(chiSquare(tally(sample, n)))).toBeLessThan(5);
  });

  it.each([
    ['int32', -(2 ** 31), 2 ** 31],
    ['uint32', 0, 2 ** 32],
    ['uint32', 0, 2 ** 31 + 2 ** 30],
    ['float64', -(2 ** 52), 2 ** 52],
    ['float64', 0, 3 * 2 ** 50],
  ] as const)('is evenly spread over %s from %d to %d', async (dtype, low, high) => {
    const sample = await values(random.integers([100_000], { low, high, dtype, seed: 5 }));
    expect(sample.every((x) => Number.isInteger(x) && x >= low && x < high)).toBe(true);
    expect(kolmogorovSmirnov(sample, (x) => (x - low) / (high - low))).toBeLessThan(1.95);
  });

  it('has the dtype that holds its bounds, and the same numbers in each', async () => {
    expect(random.integers(3, { high: 10 }).dtype).toBe('int32');
    expect(random.integers(3, { low: 5, high: 2 ** 32 }).dtype).toBe('uint32');
    expect(random.integers(3, { low: -1, high: 2 ** 32 }).dtype).toBe('float64');
    const small = { low: 3, high: 200, seed: 6 };
    const expected = await values(random.integers(99, small));
    for (const dtype of ['uint32', 'uint8'] as const) {
      const x = random.integers(99, { ...small, dtype });
      expect(x.dtype).toBe(dtype);
      expect(await values(x)).toEqual(expected);
    }
    const flags = await random.integers(1000, { high: 2, dtype: 'bool', seed: 1 }).compute();
    expect(flags.dtype).toBe('bool');
    expect(Math.abs(chiSquare(tally([...flags.data], 2)))).toBeLessThan(5);
  });

  it('includes the end when asked', async () => {
    const sample = await values(random.integers(1000, { low: 1, high: 6, endpoint: true, seed: 2 }));
    expect(new Set(sample)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    expect(await values(random.integers(5, { low: 3, high: 3, endpoint: true }))).toEqual([3, 3, 3, 3, 3]);
  });
});

describe('random.permutation', () => {
  it.each([0, 1, 2, 17, 32_768, 32_769, 100_000, 1_000_000])('puts all of %i numbers into an order', async (n) => {
    const { data } = await random.permutation(n, { seed: 1 }).compute();
    expect(data).toBeInstanceOf(Int32Array);
    expect(
      Int32Array.from(data)
        .sort()
        .every((value, i) => value === i),
    ).toBe(true);
    expect(data.length).toBe(n);
  });

  it('gives every order of four as often', async () => {
    const orders = new Map<string, number>();
    const runs = await Promise.all(Array.from({ length: 2400 }, (_, seed) => values(random.permutation(4, { seed }))));
    for (const order of runs) orders.set(order.join(), (orders.get(order.join()) ?? 0) + 1);
    expect(orders.size).toBe(24);
    expect(Math.abs(chiSquare([...orders.values()]))).toBeLessThan(5);
  });

  it('leaves no trace of where a number was, in many buckets too', async () => {
    const n = 200_000;
    const order = await values(random.permutation(n, { seed: 3 }));
    expect(
      Math.abs(
        correlation(
          order,
          order.map((_, i) => i),
        ),
      ),
    ).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(correlation(order.slice(1), order.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(n));
    const rises = order.filter((value, i) => i > 0 && value > order[i - 1]!).length;
    expect(Math.abs(rises - n / 2)).toBeLessThan(5 * Math.sqrt(n / 12));
    // displacement: place against value in 20 × 20 cells
    const cells = tally(
      order.map((value, i) => Math.floor((20 * value) / n) * 20 + Math.floor((20 * i) / n)),
      400,
    );
    expect(Math.abs(chiSquare(cells))).toBeLessThan(5);
    expect(Math.abs(order.filter((value, i) => value === i).length - 1)).toBeLessThan(7);
  });

  it('is the same on every device and for every number of threads', async () => {
    const x = random.permutation(150_000, { seed: 4 });
    const expected = await values(x);
    for (const options of [{ workers: 1 }, { workers: 2 }, { scheduler: 'sync', device: 'js' }] as const) {
      expect([...(await x.compute(options)).data]).toEqual(expected);
    }
  });

  it('reorders the rows, or another axis, of an array', async () => {
    const order = await values(random.permutation(3, { seed: 5 }));
    const rows = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    expect((await random.permutation(rows, { seed: 5 }).compute()).toNested()).toEqual(order.map((i) => rows[i]));
    const columns = await random
      .permutation(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { seed: 5, axis: -1 },
      )
      .compute();
    expect(columns.toNested()).toEqual([order.map((i) => i + 1), order.map((i) => i + 4)]);
    expect(await values(random.permutation([10], { seed: 1 }))).toEqual([10]);
  });
});

describe('random.choice', () => {
  it('draws elements in the shape asked for, in every form of the call', async () => {
    const expected = await random.choice([10, 20, 30], { shape: [2, 3], seed: 1 }).compute();
    expect(expected.shape).toEqual([2, 3]);
    expect([...expected.data].every((value) => [10, 20, 30].includes(value))).toBe(true);
    for (const other of [
      random.choice([10, 20, 30], { size: [2, 3], seed: 1 }),
      random.choice([10, 20, 30], [2, 3], { seed: 1 }),
      random.choice([2, 3], { a: [10, 20, 30], seed: 1 }),
    ]) {
      expect((await other.compute()).toNested()).toEqual(expected.toNested());
    }
    expect((await random.choice(5, { shape: 4, seed: 1 }).compute()).shape).toEqual([4]);
    expect(random.choice(5, { seed: 1 }).shape).toEqual([]);
    expect(
      random.choice(
        [
          [1, 2],
          [3, 4],
        ],
        { shape: 7, seed: 1 },
      ).shape,
    ).toEqual([7, 2]);
    expect(
      random.choice(
        [
          [1, 2, 3],
          [3, 4, 5],
        ],
        { shape: [7, 1], axis: 1, seed: 1 },
      ).shape,
    ).toEqual([2, 7, 1]);
  });

  it('draws each as often', async () => {
    const sample = await values(random.choice(7, { shape: 70_000, seed: 2 }));
    expect(Math.abs(chiSquare(tally(sample, 7)))).toBeLessThan(5);
  });

  it('draws with probabilities', async () => {
    const p = [0.1, 0, 0.2, 0.3, 0.4];
    const sample = await values(random.choice(5, { shape: 100_000, p, seed: 3 }));
    const counts = tally(sample, 5);
    expect(counts[1]).toBe(0);
    const possible = [0, 2, 3, 4];
    expect(
      Math.abs(
        chiSquare(
          possible.map((i) => counts[i]!),
          possible.map((i) => p[i]!),
        ),
      ),
    ).toBeLessThan(5);
  });

  it.each([
    [10, 10],
    [10, 3],
    [1000, 5],
    [1000, 100],
  ])('draws from %i elements %i without replacement', async (n, count) => {
    const sample = await values(random.choice(n, { shape: count, replace: false, seed: 4 }));
    expect(sample.length).toBe(count);
    expect(new Set(sample).size).toBe(count);
    expect(sample.every((value) => value >= 0 && value < n)).toBe(true);
  });

  it('draws without replacement each as often, whether few or many', async () => {
    for (const [n, count, rounds] of [
      [5, 2, 1500],
      [40, 1, 1600],
    ] as const) {
      const draws = await Promise.all(
        Array.from({ length: rounds }, (_, seed) => values(random.choice(n, { shape: count, replace: false, seed }))),
      );
      expect(
        Math.abs(
          chiSquare(
            tally(
              draws.map(([first]) => first!),
              n,
            ),
          ),
        ),
      ).toBeLessThan(5);
    }
  });

  it('draws without replacement as one after the other would be drawn with these probabilities', async () => {
    const p = [0.5, 0.3, 0.2];
    const rounds = 3000;
    const pairs = await Promise.all(
      Array.from({ length: rounds }, (_, seed) => values(random.choice(3, { shape: 2, replace: false, p, seed }))),
    );
    const kinds = [
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const;
    const counts = kinds.map(([i, j]) => pairs.filter(([a, b]) => a === i && b === j).length);
    const weights = kinds.map(([i, j]) => (p[i]! * p[j]!) / (1 - p[i]!));
    expect(counts.reduce((a, b) => a + b)).toBe(rounds);
    expect(Math.abs(chiSquare(counts, weights))).toBeLessThan(5);
  });
});

describe('what cannot be', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['an unknown option', () => random.normal(3, { ssed: 1 } as object), /no option 'ssed'; did you mean 'seed'\?/],
    ['a bad seed', () => random.normal(3, { seed: -1 }), /seed must be a whole number/],
    ['a seed with a fraction', () => random.permutation(3, { seed: 0.5 }), /seed must be a whole number/],
    ['a negative length', () => random.uniform([2, -1]), /random\.uniform: shape \[2, -1\]/],
    ['a shape of text', () => random.uniform('3' as never), /random\.uniform: the shape/],
    ['a negative scale', () => random.normal(3, { scale: -1 }), /random\.normal: scale must be at least 0/],
    ['a scale that is no number', () => random.normal(3, { scale: Number.NaN }), /scale/],
    ['high below low', () => random.uniform(3, { low: 2, high: 1 }), /high must be at least low/],
    ['an infinite range', () => random.uniform(3, { low: -1.7e308, high: 1.7e308 }), /difference finite/],
    ['a dtype of integers', () => random.normal(3, { dtype: 'int32' as never }), /dtype must be float64 or float32/],
    ['no high', () => random.integers(3, {} as never), /random\.integers: say up to where/],
    ['no options', () => (random.integers as (shape: number) => unknown)(3), /random\.integers: say up to where/],
    ['an empty range', () => random.integers(3, { low: 2, high: 2 }), /no whole numbers/],
    ['a fraction', () => random.integers(3, { low: 0.5, high: 2 }), /low must be a whole number/],
    ['what bytes do not hold', () => random.integers(3, { high: 300, dtype: 'uint8' }), /uint8 does not hold/],
    ['chunks that do not fit', () => random.normal([4], { chunks: [[1, 2]] }), /add up to 4/],
    ['chunks of too few axes', () => random.normal([4, 4], { chunks: [2] }), /one entry for each axis/],
    ['a negative permutation', () => random.permutation(-1), /random\.permutation/],
    ['an axis too far', () => random.permutation([1, 2], { axis: 1 }), /axis 1 is out of range for x of shape \[2\]/],
    ['nothing to draw from', () => random.choice([], { shape: 1 }), /nothing to draw from/],
    ['more than there are', () => random.choice(3, { shape: 4, replace: false }), /4 of 3/],
    ['p of another length', () => random.choice(3, { p: [0.5, 0.5] }), /p has the shape \[2\]/],
    ['p of another sum', () => random.choice(2, { p: [0.5, 0.6] }), /add up to 1/],
    ['a negative p', () => random.choice(2, { p: [-0.5, 1.5] }), /add up to 1/],
    ['too few above zero', () => random.choice(2, { p: [0, 1], shape: 2, replace: false }), /only 1 elements/],
  ])('%s is said when the call is made', (_what, call, message) => {
    expect(call).toThrow(message);
  });

  it('is an OptionError that names the option', () => {
    expect(() => random.normal(1, { scale: -2 })).toThrow(OptionError);
  });

  it('probabilities computed later are looked at then', async () => {
    const p = nd.mul([1, 1], 0.4);
    await expect(random.choice(2, { p, shape: 3 }).compute()).rejects.toThrow(/add up to 1/);
    await expect(random.choice(2, { p, shape: 1, replace: false }).compute()).rejects.toThrow(/add up to 1/);
  });
});
