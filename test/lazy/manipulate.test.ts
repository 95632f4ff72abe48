/** Views and other shapes, against plain functions of indices. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nd } from '../../dist/index.js';
import { taskOf } from '../support/evaluate.js';
import { axisOf, check, expectElements, nested, positive, samples, shapes } from './elements.js';

describe('orders of axes', () => {
  it('transpose', async () => {
    await check(samples(), ({ lazy, shape, dtype, at }) =>
      expectElements(nd.transpose(lazy), [...shape].reverse(), dtype, (index) => at([...index].reverse())),
    );
    const permuted = samples().chain((sample) =>
      fc.tuple(
        fc.constant(sample),
        fc.shuffledSubarray(
          sample.shape.map((_, i) => i),
          { minLength: sample.shape.length },
        ),
      ),
    );
    await check(permuted, ([{ lazy, shape, dtype, at }, axes]) => {
      const given = axes.map((axis, i) => (i % 2 === 0 ? axis : axis - shape.length));
      const source = (index: readonly number[]): number[] => shape.map((_, axis) => index[axes.indexOf(axis)]!);
      return expectElements(
        nd.transpose(lazy, given),
        axes.map((axis) => shape[axis]!),
        dtype,
        (i) => at(source(i)),
      );
    });
  });

  it('swapaxes and moveaxis are transpositions', () => {
    const x = nd.zeros([2, 3, 4, 5]);
    const hash = (key: string): string => key.split('-')[1]!;
    expect(hash(nd.swapaxes(x, 1, -1).key)).toBe(hash(nd.transpose(x, [0, 3, 2, 1]).key));
    expect(nd.moveaxis(x, 0, 2).shape).toEqual([3, 4, 2, 5]);
    expect(nd.moveaxis(x, [0, 1], [-1, -2]).shape).toEqual([4, 5, 3, 2]);
    expect(nd.moveaxis(x, [2, 0], [0, 1]).shape).toEqual([4, 2, 3, 5]);
    expect(() => nd.moveaxis(x, [0, 1], [0])).toThrow('nd.moveaxis: 2 axes are to move to 1 places');
    expect(() => nd.swapaxes(x, 0, 4)).toThrow('nd.swapaxes: axis 4 is out of range for x of shape [2, 3, 4, 5]');
  });

  it('flip', async () => {
    const flipped = samples(1).chain((sample) => fc.tuple(fc.constant(sample), axisOf(sample.shape.length)));
    await check(flipped, async ([{ lazy, shape, dtype, at }, axis]) => {
      const along = positive(axis, shape.length);
      const mirrored = (i: number, k: number): number => shape[k]! - 1 - i;
      await expectElements(nd.flip(lazy, { axis }), shape, dtype, (index) =>
        at(index.map((i, k) => (k === along ? mirrored(i, k) : i))),
      );
      await expectElements(nd.flip(lazy), shape, dtype, (index) => at(index.map(mirrored)));
    });
    expect(() => nd.flip([1], { axes: 0 } as object)).toThrow(OptionError);
    expect(() => nd.flip([[1]], { axis: [0, -2] })).toThrow('an axis is named twice');
  });

  it('say what is wrong', () => {
    const x = nd.zeros([2, 3]);
    expect(() => nd.transpose(x, [0, 2])).toThrow('nd.transpose: axis 2 is out of range for x of shape [2, 3]');
    expect(() => nd.transpose(x, [0])).toThrow('nd.transpose: [0] does not name each of the 2 axes once');
    expect(() => nd.transpose(x, [0, 0])).toThrow('nd.transpose: an axis is named twice in [0, 0]');
    expect(() => nd.transpose(x, 'ab' as unknown as number[])).toThrow(ArgumentError);
  });

  it('of a view are one view of the first array, and none when nothing changes', () => {
    const x = nd.reshape(nd.arange(2000), [40, 50]);
    const twice = nd.flip(
      nd.transpose(
        nd.slice(x, [
          [null, null, 2],
          [1, 9],
        ]),
      ),
      { axis: 0 },
    );
    expect(taskOf(twice).deps).toEqual(taskOf(nd.slice(x, [[1, 2]])).deps);
    expect(nd.transpose(nd.transpose(x)).key).toBe(x.key);
    expect(nd.flip(nd.flip(x)).key).toBe(x.key);
    expect(nd.slice(x, []).key).toBe(x.key);
  });
});

describe('broadcastTo', () => {
  it('repeats axes of length 1 and adds axes in front', async () => {
    const stretched = samples(0, 3).chain((sample) =>
      fc.tuple(fc.constant(sample), shapes(0, 2), fc.integer({ min: 0, max: 3 })),
    );
    await check(stretched, async ([{ lazy, shape, dtype, at }, lead, length]) => {
      const target = [...lead, ...shape.map((own) => (own === 1 ? length : own))];
      await expectElements(nd.broadcastTo(lazy, target), target, dtype, (index) =>
        at(index.slice(lead.length).map((i, k) => (shape[k] === 1 ? 0 : i))),
      );
    });
    expect(() => nd.broadcastTo([1, 2], [3])).toThrow('nd.broadcastTo: [2] does not broadcast to [3]');
    expect(() => nd.broadcastTo([[1]], 3)).toThrow(ShapeError);
    expect(() => nd.broadcastTo([1], [-1])).toThrow('nd.broadcastTo: [-1] is no shape');
  });
});

describe('slice', () => {
  it('takes indices and ranges as Python does', async () => {
    const end = fc.option(fc.integer({ min: -7, max: 7 }));
    const range = fc.tuple(end, end, fc.option(fc.integer({ min: -3, max: 3 }).filter((step) => step !== 0)));
    const sliced = samples(1, 3).chain((sample) =>
      fc.tuple(
        fc.constant(sample),
        fc.tuple(
          ...sample.shape.map((length) =>
            fc.oneof(range, length > 0 ? axisOf(length) : fc.constant(null), fc.constant(null)),
          ),
        ),
      ),
    );
    await check(
      sliced,
      async ([{ lazy, shape, dtype, at }, items]) => {
        const chosen = shape.map((length, axis) => {
          const item = items[axis]!;
          const all = Array.from({ length }, (_, i) => i);
          return item === null ? all : typeof item === 'number' ? [positive(item, length)] : pythonRange(all, ...item);
        });
        const kept = shape.map((_, axis) => axis).filter((axis) => typeof items[axis] !== 'number');
        const target = kept.map((axis) => chosen[axis]!.length);
        await expectElements(nd.slice(lazy, items), target, dtype, (index) =>
          at(chosen.map((list, axis) => list[kept.includes(axis) ? index[kept.indexOf(axis)]! : 0]!)),
        );
      },
      200,
    );
  });

  it('stands for axes that are not named', async () => {
    const x = nd.reshape(nd.arange(24), [2, 3, 4]);
    expect(await nested(nd.slice(x, [1, 2]))).toEqual([20, 21, 22, 23]);
    expect(await nested(nd.slice(x, ['...', 0]))).toEqual([
      [0, 4, 8],
      [12, 16, 20],
    ]);
    expect(await nested(nd.slice(x, [0, '...', [1, 2]]))).toEqual([[1], [5], [9]]);
    expect(await nested(nd.slice(x, [1, null, -1]))).toEqual([15, 19, 23]);
    expect(await nested(nd.slice(x, [-1, -1, -1]))).toBe(23);
    expect(nd.slice(x, ['...']).key).toBe(x.key);
  });

  it.each<[unknown, string]>([
    [[3], 'nd.slice: index 3 is outside axis 0 of length 3'],
    [[0, -3], 'nd.slice: index -3 is outside axis 1 of length 2'],
    [[0.5], 'nd.slice: index 0.5 of axis 0 is no whole number'],
    [[0, 0, 0], 'nd.slice: 3 items for an array with 2 axes, shape [3, 2]'],
    [[[null, null, 0]], 'nd.slice: the step of axis 0 is 0'],
    [[[0.5, 1]], 'nd.slice: axis 0 takes an index, null, or [start, stop, step] of whole numbers or null, not [0.5,1]'],
    [[[0, 1, 2, 3]], 'axis 0 takes an index'],
    [['all'], 'axis 0 takes an index'],
    [['...', '...'], "there can be one '...' only"],
    [1, 'give a list with an index or a range for each axis'],
  ])('refuses %j', (items, message) => {
    expect(() => nd.slice(nd.zeros([3, 2]), items as number[])).toThrow(message);
  });
});

/** Python's range of a slice, by its definition: the items that a walk from start meets before stop. */
function pythonRange(all: number[], start: number | null, stop: number | null, step: number | null): number[] {
  const by = step ?? 1;
  const n = all.length;
  const place = (end: number): number => (end < 0 ? end + n : end);
  const result: number[] = [];
  let i = start === null ? (by > 0 ? 0 : n - 1) : place(start);
  // a start outside is moved to the nearest place from which the walk can begin
  if (by > 0) i = Math.max(i, 0);
  else i = Math.min(i, n - 1);
  const isBefore = (at: number): boolean => stop === null || (by > 0 ? at < place(stop) : at > place(stop));
  for (; i >= 0 && i < n && isBefore(i); i += by) result.push(all[i]!);
  return result;
}

describe('other shapes', () => {
  it('reshape and ravel keep the order', async () => {
    await check(samples(), async ({ lazy, shape, dtype, at }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const flat: (number | boolean)[] = [];
      const visit = (index: number[]): void => {
        if (index.length === shape.length) flat.push(at(index));
        else for (let i = 0; i < shape[index.length]!; i++) visit([...index, i]);
      };
      visit([]);
      await expectElements(nd.ravel(lazy), [size], dtype, ([i]) => flat[i!]!);
      await expectElements(nd.reshape(lazy, [1, size]), [1, size], dtype, ([, i]) => flat[i!]!);
      await expectElements(nd.reshape(lazy, -1), [size], dtype, ([i]) => flat[i!]!);
      if (size % 2 === 0 && size > 0) {
        await expectElements(nd.reshape(lazy, [-1, 2]), [size / 2, 2], dtype, ([i, j]) => flat[2 * i! + j!]!);
      }
    });
    expect(nd.flatten(nd.zeros([2, 3])).shape).toEqual([6]);
    expect(nd.reshape(nd.zeros([2, 3]), [2, 3]).key).toBe(nd.zeros([2, 3]).key);
  });

  it.each<[number | number[], string]>([
    [[4], 'nd.reshape: 6 elements, of shape [2, 3], do not fit the shape [4]'],
    [[4, -1], '6 elements, of shape [2, 3], do not fit the shape [4, -1]'],
    [[0, -1], 'do not fit the shape [0, -1]'],
    [[-1, -1], 'has more than one length of −1'],
    [[-2, 3], 'nd.reshape: [-2, 3] is no shape'],
    [[1.5, 4], 'is no shape'],
  ])('reshape refuses %j', (shape, message) => {
    expect(() => nd.reshape(nd.zeros([2, 3]), shape)).toThrow(ShapeError);
    expect(() => nd.reshape(nd.zeros([2, 3]), shape)).toThrow(message);
  });

  it('expandDims and squeeze', async () => {
    const expanded = samples().chain((sample) => fc.tuple(fc.constant(sample), axisOf(sample.shape.length + 1)));
    await check(expanded, async ([{ lazy, shape, dtype, at }, axis]) => {
      const place = positive(axis, shape.length + 1);
      const target = shape.toSpliced(place, 0, 1);
      const longer = nd.expandDims(lazy, axis);
      await expectElements(longer, target, dtype, (index) => at(index.toSpliced(place, 1)));
      await expectElements(nd.squeeze(longer, { axis }), shape, dtype, at);
      const squeezed = shape.filter((length) => length !== 1);
      await expectElements(nd.squeeze(longer), squeezed, dtype, (index) => {
        const rest = [...index];
        return at(shape.map((length) => (length === 1 ? 0 : rest.shift()!)));
      });
    });
    expect(nd.expandDims([1, 2], [0, 2]).shape).toEqual([1, 2, 1]);
    expect(() => nd.expandDims([1], 2)).toThrow(ShapeError);
    expect(() => nd.expandDims([1], [0, 0])).toThrow('named twice');
    expect(() => nd.expandDims([1], undefined as unknown as number)).toThrow(ArgumentError);
    expect(() => nd.squeeze(nd.zeros([1, 2]), { axis: 1 })).toThrow(
      'nd.squeeze: axis 1 of shape [1, 2] has length 2, not 1',
    );
  });

  it('atleast1d and atleast2d', async () => {
    expect(await nested(nd.atleast1d(3))).toEqual([3]);
    expect(nd.atleast2d(3).shape).toEqual([1, 1]);
    expect(nd.atleast2d([1, 2]).shape).toEqual([1, 2]);
    expect(nd.atleast2d(nd.zeros([2, 3, 4])).shape).toEqual([2, 3, 4]);
  });
});

describe('arrays of a length that is not known yet', () => {
  const mask = delayed(() => [false, true, true, true]);
  const unknown = () =>
    nd.compress(
      nd.fromDelayed(mask(), { shape: [4], dtype: 'bool' }),
      [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      { axis: 0 },
    );

  it('keep what is known of their shape, and come out right', async () => {
    const x = unknown();
    expect(x.shape).toEqual([Number.NaN, 2]);
    expect(nd.transpose(x).shape).toEqual([2, Number.NaN]);
    expect(await nested(nd.transpose(x))).toEqual([
      [3, 5, 7],
      [4, 6, 8],
    ]);
    expect(await nested(nd.slice(x, [-1]))).toEqual([7, 8]);
    expect(nd.slice(x, [[1, null]]).shape).toEqual([Number.NaN, 2]);
    expect(await nested(nd.flip(x, { axis: 0 }))).toEqual([
      [7, 8],
      [5, 6],
      [3, 4],
    ]);
    expect(nd.reshape(x, [-1]).shape).toEqual([Number.NaN]);
    expect(await nested(nd.ravel(x))).toEqual([3, 4, 5, 6, 7, 8]);
    expect(nd.expandDims(x, 1).shape).toEqual([Number.NaN, 1, 2]);
    expect(() => nd.squeeze(x)).toThrow('is not known before it is computed; name them with axis');
    expect(await nested(nd.concat([x, [[0, 0]]]))).toEqual([
      [3, 4],
      [5, 6],
      [7, 8],
      [0, 0],
    ]);
    expect(await nested(nd.take(x, [0, -1], { axis: 0 }))).toEqual([
      [3, 4],
      [7, 8],
    ]);
  });

  it('fail when they are computed, as other arrays at the call', async () => {
    await expect(nested(nd.slice(unknown(), [3]))).rejects.toThrow('index 3 is outside axis 0 of length 3');
    await expect(nested(nd.squeeze(unknown(), { axis: 0 }))).rejects.toThrow(ShapeError);
    await expect(nested(nd.broadcastTo(unknown(), [4, 2]))).rejects.toThrow('does not broadcast');
  });
});
