/** Arrays joined, repeated, shifted, padded and picked from, against plain functions of indices. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promoteTypes } from '../../dist/array/promote.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { type ArrayInput, nd } from '../../dist/index.js';
import { axisOf, check, expectElements, nested, positive, type Sample, sampleOf, samples, shapes } from './elements.js';

/** What a sample holds, in another dtype. */
const asDType = (value: number | boolean, dtype: string): number | boolean =>
  dtype === 'bool' ? value : Number(value);

describe('joining', () => {
  const along = shapes(1).chain((shape) =>
    axisOf(shape.length).chain((axis) =>
      fc.record({
        axis: fc.constant(axis),
        arrays: fc.array(
          fc.integer({ min: 0, max: 3 }).chain((length) => sampleOf(shape.with(axis, length))),
          { minLength: 1, maxLength: 4 },
        ),
      }),
    ),
  );

  it('concat', async () => {
    await check(along, async ({ axis, arrays }) => {
      const first = arrays[0]!;
      const place = positive(axis, first.shape.length);
      const owner: [Sample, number][] = arrays.flatMap((one) =>
        Array.from({ length: one.shape[place]! }, (_, i) => [one, i] as [Sample, number]),
      );
      const dtype = arrays.map((one) => one.dtype).reduce(promoteTypes);
      const target = first.shape.with(place, owner.length);
      await expectElements(
        nd.concat(
          arrays.map((one) => one.lazy),
          { axis },
        ),
        target,
        dtype,
        (index) => {
          const [one, i] = owner[index[place]!]!;
          return asDType(one.at(index.with(place, i)), dtype);
        },
      );
    });
    expect(() => nd.concat([])).toThrow('nd.concat: the list of arrays is empty');
    expect(() => nd.concat([1, 2])).toThrow('single numbers have no axis');
    expect(() => nd.concat([[1], [[1]]])).toThrow(
      'nd.concat: array 1 of shape [1, 1] does not fit the first, of shape [1]',
    );
    expect(() => nd.concat([nd.zeros([2, 3]), nd.zeros([2, 2])])).toThrow(
      'all lengths but that of axis 0 must be equal',
    );
    expect(() => nd.concat([[1]], { axis: 1 })).toThrow(ShapeError);
    expect(() => nd.concat([[1]], { axes: 1 } as object)).toThrow(OptionError);
    expect(() => nd.concat(nd.zeros([2, 2]) as unknown as number[][])).toThrow('give a list of arrays');
  });

  it('takes many arrays, and one array many times', async () => {
    const one = nd.array([1, 2]);
    expect(await nested(nd.concat(Array.from({ length: 500 }, () => one)))).toEqual(
      Array.from({ length: 1000 }, (_, i) => 1 + (i % 2)),
    );
  });

  it('stack', async () => {
    const stacked = shapes(0, 3).chain((shape) =>
      fc.record({
        axis: axisOf(shape.length + 1),
        arrays: fc.array(sampleOf(shape), { minLength: 1, maxLength: 4 }),
      }),
    );
    await check(stacked, async ({ axis, arrays }) => {
      const { shape } = arrays[0]!;
      const place = positive(axis, shape.length + 1);
      const dtype = arrays.map((one) => one.dtype).reduce(promoteTypes);
      const lazy = nd.stack(
        arrays.map((one) => one.lazy),
        { axis },
      );
      await expectElements(lazy, shape.toSpliced(place, 0, arrays.length), dtype, (index) =>
        asDType(arrays[index[place]!]!.at(index.toSpliced(place, 1)), dtype),
      );
    });
    expect(() => nd.stack([[1], [1, 2]])).toThrow('nd.stack: array 1 has the shape [2] and the first [1]');
    expect(() => nd.stack([])).toThrow(ArgumentError);
  });

  it('takes delayed arrays and numbers in the list', async () => {
    const rows = delayed(() => [1, 2])();
    const known = nd.fromDelayed(rows, { shape: [2] });
    expect(await nested(nd.concat([known, [3]]))).toEqual([1, 2, 3]);
    expect(await nested(nd.stack([nd.sum(known), 4]))).toEqual([3, 4]);
  });

  it('split gives back what concat joined', async () => {
    await check(
      along,
      async ({ axis, arrays }) => {
        const { shape } = arrays[0]!;
        const place = positive(axis, shape.length);
        const ends: number[] = [];
        arrays.reduce((sum, one) => {
          ends.push(sum + one.shape[place]!);
          return sum + one.shape[place]!;
        }, 0);
        const parts = nd.split(
          nd.concat(
            arrays.map((one) => one.lazy),
            { axis },
          ),
          ends.slice(0, -1),
          { axis },
        );
        expect(parts.length).toBe(arrays.length);
        for (const [i, one] of arrays.entries()) {
          await expectElements(parts[i]!, one.shape, parts[i]!.dtype, (index) =>
            asDType(one.at(index), parts[i]!.dtype),
          );
        }
      },
      30,
    );
    const [low, high] = nd.split(nd.arange(6), 2);
    expect([await nested(low), await nested(high)]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(await Promise.all(nd.split([1, 2, 3], [2, 1, 9]).map(nested))).toEqual([[1, 2], [], [2, 3], []]);
    expect(() => nd.split([1, 2, 3], 2)).toThrow('nd.split: axis 0 of length 3 does not divide into 2 equal parts');
    expect(() => nd.split([1, 2, 3], 0)).toThrow('the number of parts must be a whole number ≥ 1');
    expect(() => nd.split(1, 1)).toThrow(ShapeError);
  });
});

describe('repeating', () => {
  it('tile', async () => {
    const tiled = samples(0, 3).chain((sample) => fc.tuple(fc.constant(sample), shapes(1, 4)));
    await check(tiled, async ([{ lazy, shape, dtype, at }, counts]) => {
      const ndim = Math.max(shape.length, counts.length);
      const own = [...new Array<number>(ndim - shape.length).fill(1), ...shape];
      const times = [...new Array<number>(ndim - counts.length).fill(1), ...counts];
      const target = own.map((length, i) => length * times[i]!);
      await expectElements(nd.tile(lazy, counts), target, dtype, (index) =>
        at(index.map((i, k) => i % own[k]!).slice(ndim - shape.length)),
      );
    });
    expect(() => nd.tile([1], -1)).toThrow('nd.tile: a count must be a whole number ≥ 0, got -1');
    expect(() => nd.tile([1], '2' as unknown as number)).toThrow(ArgumentError);
  });

  it('repeat', async () => {
    const repeated = samples(1, 3).chain((sample) =>
      fc.tuple(
        fc.constant(sample),
        axisOf(sample.shape.length),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
      ),
    );
    await check(repeated, async ([{ lazy, shape, dtype, at }, axis, numbers]) => {
      const place = positive(axis, shape.length);
      const length = shape[place]!;
      const once = numbers[0]!;
      const each = (i: number): number => Math.floor(i / once);
      await expectElements(nd.repeat(lazy, once, { axis }), shape.with(place, length * once), dtype, (index) =>
        at(index.with(place, each(index[place]!))),
      );
      const counts = numbers.slice(0, length);
      if (length === 1) return;
      const from = counts.flatMap((count, i) => new Array<number>(count).fill(i));
      await expectElements(nd.repeat(lazy, counts, { axis }), shape.with(place, from.length), dtype, (index) =>
        at(index.with(place, from[index[place]!]!)),
      );
    });
    expect(
      await nested(
        nd.repeat(
          [
            [1, 2],
            [3, 4],
          ],
          2,
        ),
      ),
    ).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(() => nd.repeat([1, 2, 3], [1, 2])).toThrow('nd.repeat: 2 counts are given for axis 0 of length 3');
    expect(() => nd.repeat([1, 2], 0.5)).toThrow(ArgumentError);
    expect(() => nd.repeat([1, 2], [[1]])).toThrow(ShapeError);
  });

  it('roll', async () => {
    const shift = fc.integer({ min: -9, max: 9 });
    const rolled = samples(1).chain((sample) =>
      fc.tuple(fc.constant(sample), axisOf(sample.shape.length), shift, shift),
    );
    const from = (i: number, by: number, length: number): number => (((i - by) % length) + length) % length;
    await check(rolled, async ([{ lazy, shape, dtype, at }, axis, by, other]) => {
      const place = positive(axis, shape.length);
      await expectElements(nd.roll(lazy, by, { axis }), shape, dtype, (index) =>
        at(index.with(place, from(index[place]!, by, shape[place]!))),
      );
      const last = shape.length - 1;
      const shifts = shape.map((_, k) => (k === 0 ? by : 0) + (k === last ? other : 0));
      await expectElements(nd.roll(lazy, [by, other], { axis: [0, -1] }), shape, dtype, (index) =>
        at(index.map((i, k) => from(i, shifts[k]!, shape[k]!))),
      );
    });
    expect(
      await nested(
        nd.roll(
          [
            [1, 2],
            [3, 4],
          ],
          1,
        ),
      ),
    ).toEqual([
      [4, 1],
      [2, 3],
    ]);
    expect(() => nd.roll([[1]], [1, 2], { axis: [0, 1, 0] })).toThrow('nd.roll: 2 shifts for 3 axes');
    expect(() => nd.roll([1], 0.5)).toThrow(ArgumentError);
  });
});

describe('pad', () => {
  const modes = ['edge', 'reflect', 'symmetric', 'wrap'] as const;
  /** One axis, as NumPy's documentation describes the modes. */
  const source = {
    edge: (i: number, n: number) => Math.min(n - 1, Math.max(0, i)),
    wrap: (i: number, n: number) => ((i % n) + n) % n,
    symmetric: (i: number, n: number) => {
      while (i < 0 || i >= n) i = i < 0 ? -1 - i : 2 * n - 1 - i;
      return i;
    },
    reflect: (i: number, n: number) => {
      if (n === 1) return 0;
      while (i < 0 || i >= n) i = i < 0 ? -i : 2 * n - 2 - i;
      return i;
    },
  };
  const width = fc.integer({ min: 0, max: 6 });
  const padded = samples(0, 3, 1).chain((sample) =>
    fc.record({
      sample: fc.constant(sample),
      mode: fc.constantFrom(...modes),
      widths: fc.array(fc.tuple(width, width), { minLength: sample.shape.length, maxLength: sample.shape.length }),
    }),
  );

  it('continues the array in every mode', async () => {
    await check(
      padded,
      async ({ sample: { lazy, shape, dtype, at }, mode, widths }) => {
        const target = shape.map((length, axis) => length + widths[axis]![0] + widths[axis]![1]);
        await expectElements(nd.pad(lazy, widths, { mode }), target, dtype, (index) =>
          at(index.map((i, axis) => source[mode](i - widths[axis]![0], shape[axis]!))),
        );
      },
      100,
    );
  });

  it('surrounds it with a constant', async () => {
    await check(padded, async ({ sample: { lazy, shape, dtype, at }, widths }) => {
      const target = shape.map((length, axis) => length + widths[axis]![0] + widths[axis]![1]);
      await expectElements(nd.pad(lazy, widths, { value: 7 }), target, dtype, (index) => {
        const own = index.map((i, axis) => i - widths[axis]![0]);
        const isInside = own.every((i, axis) => i >= 0 && i < shape[axis]!);
        return isInside ? at(own) : dtype === 'bool' ? true : 7;
      });
    });
    expect(await nested(nd.pad(nd.zeros([0, 1]), 1))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await nested(nd.pad([1, 2], 1, { value: nd.sum([3, 4]) }))).toEqual([7, 1, 2, 7]);
  });

  it('goes a long way on a short axis', async () => {
    const there = (i: number): number => source.reflect(i - 700, 2);
    const found = await nested(nd.pad([0, 1], [700, 3], { mode: 'reflect' }));
    expect(found).toEqual(Array.from({ length: 705 }, (_, i) => there(i)));
    const square = (await nested(
      nd.pad(
        [
          [0, 1],
          [2, 3],
        ],
        50,
        { mode: 'wrap' },
      ),
    )) as number[][];
    square.forEach((row, i) => {
      expect(row).toEqual(Array.from({ length: 102 }, (_, j) => 2 * (i % 2) + (j % 2)));
    });
  });

  it.each<[ArrayInput, unknown, object, string]>([
    [[1], [1], {}, '[1] is no pair [before, after]'],
    [
      [1],
      [
        [1, 2],
        [3, 4],
      ],
      {},
      'nd.pad: 2 pairs of widths for an array with 1 axes',
    ],
    [[1], -1, {}, 'a width must be a whole number ≥ 0, got -1'],
    [[1], 1, { mode: 'mean' }, 'nd.pad: there is no mode "mean"; use one of constant, edge'],
    [[1], 1, { mode: 'edge', value: 3 }, "a value is for mode 'constant', not 'edge'"],
    [[], 1, { mode: 'edge' }, "axis 0 has no elements to go on with in mode 'edge'"],
    [[1], 1, { values: 3 }, "did you mean 'value'?"],
    [[1], 1, { value: [1, 2] }, 'the value must be one number'],
  ])('refuses %j with widths %j and %j', (x, widths, options, message) => {
    expect(() => nd.pad(x, widths as number, options)).toThrow(message);
  });
});

describe('picking', () => {
  it('take', async () => {
    const picked = samples(1, 3, 1).chain((sample) =>
      axisOf(sample.shape.length).chain((axis) =>
        fc.record({
          sample: fc.constant(sample),
          axis: fc.constant(axis),
          shape: shapes(0, 2),
          seeds: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 16, maxLength: 16 }),
          isDelayed: fc.boolean(),
        }),
      ),
    );
    await check(picked, async ({ sample: { lazy, shape, dtype, at }, axis, shape: own, seeds, isDelayed }) => {
      const place = positive(axis, shape.length);
      const length = shape[place]!;
      const count = own.reduce((a, b) => a * b, 1);
      const numbers = Int32Array.from({ length: count }, (_, i) => (seeds[i % 16]! % (2 * length)) - length);
      const known = nd.array(numbers, { shape: own });
      const indices = isDelayed ? nd.add(known, nd.zeros(own, { dtype: 'int32' })) : known;
      const target = shape.toSpliced(place, 1, ...own);
      await expectElements(nd.take(lazy, indices, { axis }), target, dtype, (index) => {
        const inner = index.slice(place, place + own.length);
        const at_ = inner.reduce((sum, i, k) => sum * own[k]! + i, 0);
        return at(index.toSpliced(place, own.length, positive(numbers[at_]!, length)));
      });
    });
    const square = nd.reshape(nd.arange(1, 5), [2, 2]);
    expect(await nested(nd.take(nd.ravel(square), [[3, 0]]))).toEqual([[4, 1]]);
    expect(await nested(nd.take(square, 1, { axis: 0 }))).toEqual([3, 4]);
    expect(await nested(nd.take(square, [1]))).toEqual([[3, 4]]);
    expect(() => nd.take([1, 2], [[2]])).toThrow('nd.take: index 2 is outside the axis, which has length 2');
    expect(
      await nested(
        nd.take(
          [
            [1, 2],
            [3, 4],
          ],
          [1],
        ),
      ),
    ).toEqual([[3, 4]]);
    expect(() => nd.take([1, 2], [true])).toThrow(DTypeError);
    expect(() => nd.take([[1, 2]], [[0.5]], { axis: 1 })).toThrow(DTypeError);
    expect(() => nd.take([1, 2], nd.add([0, 1], 1))).toThrow("make them whole with nd.astype(x, 'int32')");
    expect(() => nd.take(1, [0])).toThrow(ShapeError);
    const late = nd.take([1, 2], nd.add(nd.array([5], { dtype: 'int32' }), 1));
    await expect(nested(late)).rejects.toThrow('take: an index is outside the axis it picks from');
  });

  it('compress', async () => {
    const chosen = samples(1, 3).chain((sample) =>
      axisOf(sample.shape.length).chain((axis) =>
        fc.record({
          sample: fc.constant(sample),
          axis: fc.constant(axis),
          mask: fc.array(fc.boolean(), { maxLength: sample.shape[positive(axis, sample.shape.length)]! }),
          isDelayed: fc.boolean(),
        }),
      ),
    );
    await check(chosen, async ({ sample: { lazy, shape, dtype, at }, axis, mask, isDelayed }) => {
      const place = positive(axis, shape.length);
      const known = nd.array(mask, { dtype: 'bool' });
      const flags = isDelayed
        ? nd.fromDelayed(delayed((list: boolean[]) => list)(mask), { shape: [mask.length], dtype: 'bool' })
        : known;
      const from = mask.flatMap((flag, i) => (flag ? [i] : []));
      const lazyResult = nd.compress(flags, lazy, { axis });
      if (isDelayed) expect(lazyResult.shape).toEqual(shape.with(place, Number.NaN));
      const now = isDelayed ? nd.compress(known, lazy, { axis }) : lazyResult;
      await expectElements(now, shape.with(place, from.length), dtype, (index) =>
        at(index.with(place, from[index[place]!]!)),
      );
      expect(await nested(lazyResult)).toEqual(await nested(now));
    });
    expect(
      await nested(
        nd.compress(
          [0, 1, Number.NaN],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      ),
    ).toEqual([2, 3]);
    expect(() => nd.compress([1, 1, 1], [1, 2])).toThrow('nd.compress: a mask of length 3 is longer than axis 0');
    expect(() => nd.compress([[1]], [1])).toThrow('nd.compress: the mask must have one axis');
  });
});

describe('diagonals and triangles', () => {
  const k = fc.integer({ min: -5, max: 5 });

  it('diag in both directions', async () => {
    await check(fc.tuple(samples(1, 1), k), async ([{ lazy, shape, dtype, at }, offset]) => {
      const n = shape[0]! + Math.abs(offset);
      const zero = dtype === 'bool' ? false : 0;
      await expectElements(nd.diag(lazy, offset), [n, n], dtype, ([i, j]) =>
        j! - i! === offset ? at([Math.min(i!, j!)]) : zero,
      );
      await expectElements(nd.diag(nd.diag(lazy, offset), offset), shape, dtype, at);
    });
    expect(() => nd.diag(nd.zeros([1, 1, 1]))).toThrow('nd.diag: takes a vector or a matrix, not shape [1, 1, 1]');
    expect(() => nd.diag([1], 0.5)).toThrow(ArgumentError);
  });

  it('diagonal of any two axes', async () => {
    await check(fc.tuple(samples(2, 4), k, k, k), async ([{ lazy, shape, dtype, at }, offset, a, b]) => {
      const ndim = shape.length;
      const rows = ((a % ndim) + ndim) % ndim;
      const columns = (rows + 1 + (((b % (ndim - 1)) + ndim - 1) % (ndim - 1))) % ndim;
      const outer = shape.map((_, axis) => axis).filter((axis) => axis !== rows && axis !== columns);
      const [top, left] = [Math.max(0, -offset), Math.max(0, offset)];
      const count = Math.max(0, Math.min(shape[rows]! - top, shape[columns]! - left));
      const target = [...outer.map((axis) => shape[axis]!), count];
      await expectElements(nd.diagonal(lazy, { offset, axes: [rows - ndim, columns] }), target, dtype, (index) =>
        at(
          shape.map((_, axis) => {
            const i = index.at(-1)!;
            return axis === rows ? top + i : axis === columns ? left + i : index[outer.indexOf(axis)]!;
          }),
        ),
      );
    });
    expect(() => nd.diagonal([1])).toThrow('nd.diagonal: takes a matrix or more axes');
    expect(() => nd.diagonal([[1]], { axes: [0, -2] })).toThrow('are the same axis');
  });

  it('trace', async () => {
    const x = nd.reshape(nd.arange(12), [3, 4]);
    expect(await nested(nd.trace(x))).toBe(15);
    expect(await nested(nd.trace(x, { offset: -1 }))).toBe(13);
    expect(await nested(nd.trace(nd.reshape(nd.arange(8), [2, 2, 2])))).toEqual([6, 8]);
    expect(() => nd.trace([1, 2])).toThrow('nd.trace: x [2] has no two axes');
  });

  it('tril and triu', async () => {
    await check(fc.tuple(samples(2, 4), k), async ([{ lazy, shape, dtype, at }, offset]) => {
      const zero = dtype === 'bool' ? false : 0;
      const above = (index: readonly number[]): number => index.at(-1)! - index.at(-2)!;
      await expectElements(nd.tril(lazy, offset), shape, dtype, (i) => (above(i) <= offset ? at(i) : zero));
      await expectElements(nd.triu(lazy, offset), shape, dtype, (i) => (above(i) >= offset ? at(i) : zero));
    });
    expect(
      await nested(
        nd.triu(
          [
            [Number.NaN, 1],
            [Number.NaN, 2],
          ],
          1,
        ),
      ),
    ).toEqual([
      [0, 1],
      [0, 0],
    ]);
    expect(() => nd.tril([1, 2])).toThrow('nd.tril: takes a matrix or more axes, not shape [2]');
  });
});
