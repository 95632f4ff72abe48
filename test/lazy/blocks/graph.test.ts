/** Graphs of arrays in blocks: what is known before anything runs, and that no task is made that is not needed. */
import { describe, expect, it } from 'vitest';
import { nodeOf, type TaskNode } from '../../../dist/graph/node.js';
import { buildProgram } from '../../../dist/graph/program.js';
import { LazyArray as Lazy, type LazyArray, NDArray, nd, OptionError, persist, random } from '../../../dist/index.js';
import { fuse } from '../../../dist/kernels/fuse.js';
import { blocksOf, fromBlocks, gathered } from '../../../dist/lazy/blocks/blocked.js';

function tasks(...values: readonly unknown[]): readonly TaskNode[] {
  const nodes = values.map((value) => nodeOf(value)!);
  return fuse(buildProgram(nodes, false)).nodes as readonly TaskNode[];
}

const named = (nodes: readonly TaskNode[], name: string): number =>
  nodes.filter(({ op }) => op.name.startsWith(name)).length;

describe('arrays in blocks', () => {
  const x = random.normal([100, 40], { seed: 3, chunks: [25, 40] });

  it('know their blocks before they are computed', () => {
    expect(x.chunks).toEqual([[25, 25, 25, 25], [40]]);
    expect(nd.array([1, 2, 3, 4, 5], { chunks: 2 }).chunks).toEqual([[2, 2, 1]]);
    expect(nd.zeros([4, 5], { chunks: [[1, 3], 2] }).chunks).toEqual([
      [1, 3],
      [2, 2, 1],
    ]);
    expect(nd.eye(5, 5, { chunks: 3 }).chunks).toEqual([
      [3, 2],
      [3, 2],
    ]);
    expect(nd.linspace(0, 1, 10, { chunks: 4 }).chunks).toEqual([[4, 4, 2]]);
    expect(nd.add(x, nd.ones([100, 1], { chunks: [30, 1] })).chunks![0]).toEqual([25, 5, 20, 10, 15, 15, 10]);
    expect(nd.transpose(x).chunks).toEqual([[40], [25, 25, 25, 25]]);
    expect(nd.ones([3, 3]).chunks).toBeNull();
    expect(nd.ones([3, 3], { chunks: 3 }).chunks).toBeNull();
  });

  it('are cut by themselves where they are large', () => {
    expect(nd.zeros([2 ** 26]).chunks).toBeNull();
    expect(nd.zeros([2 ** 27]).chunks).toEqual([new Array(16).fill(2 ** 23)]);
    expect(nd.zeros([2 ** 17, 2 ** 10]).chunks).toEqual([new Array(16).fill(2 ** 13), [2 ** 10]]);
    expect(random.normal([2 ** 17, 2 ** 10], { seed: 1, chunks: [2 ** 17, 2 ** 10] }).chunks).toBeNull();
  });

  it('refuse blocks that do not add up, naming the function', () => {
    expect(() => nd.array([1, 2, 3], { chunks: [[1, 1]] })).toThrow(OptionError);
    expect(() => nd.ones([2, 2], { chunks: [1] })).toThrow('nd.ones: chunks is one size, or one entry for each axis');
    expect(() => nd.rechunk(x, 0)).toThrow('nd.rechunk: chunks of axis 0 must be a whole number > 0');
    // @ts-expect-error there is no such option
    expect(() => nd.rechunk(x, { chunk: 2 })).toThrow("nd.rechunk: there is no option 'chunk'; did you mean 'chunks'?");
  });

  it('are asked for as an argument, as an option and as a method', () => {
    const whole = nd.arange(10);
    expect(nd.rechunk(whole, 4).chunks).toEqual([[4, 4, 2]]);
    expect(nd.rechunk(whole, { chunks: 4 }).chunks).toEqual([[4, 4, 2]]);
    expect(whole.rechunk([[3, 7]]).chunks).toEqual([[3, 7]]);
    expect(whole.rechunk(4).rechunk(null).chunks).toBeNull();
  });

  it('are the same numbers for any blocks', async () => {
    const makers: readonly ((options: object) => LazyArray)[] = [
      (options) => random.normal([30, 20], { seed: 5, ...options }),
      (options) => random.integers([30, 20], { seed: 5, high: 9, ...options }),
      (options) => nd.reshape(nd.arange(3, 1803, 3, options), [30, 20]),
      (options) => nd.eye(30, 20, { k: -4, ...options }),
    ];
    for (const make of makers) {
      const [expected, result] = await Promise.all([
        make({}).compute(),
        make({ chunks: make({}).ndim === 2 && make !== makers[2] ? [7, 9] : 11 }).compute(),
      ]);
      expect(result.toNested()).toEqual(expected.toNested());
    }
    const line = { chunks: 700 };
    expect((await nd.linspace(-1, 2, 5000, line).compute()).toNested()).toEqual(
      (await nd.linspace(-1, 2, 5000).compute()).toNested(),
    );
  });

  it('are computed as far as they are needed', () => {
    const part = nd.sum(nd.slice(nd.exp(x), [[30, 45]]));
    expect(named(tasks(part), 'randomNormal')).toBe(1);
    expect(named(tasks(nd.take(nd.exp(x), [99, 0])), 'randomNormal')).toBe(2);
  });

  it('are one kernel per block for a chain with a reduction at the end', () => {
    const total = nd.sum(nd.mul(nd.exp(nd.neg(x)), 2));
    const all = tasks(total);
    expect(named(all, 'neg-exp-mul-sum')).toBe(4);
    // four blocks, four chains, one sum of theirs, and its shape
    expect(all.length).toBe(10);
  });

  it('merge what is the same in them', () => {
    const [a, b] = [nd.exp(nd.ones([100, 100], { chunks: 50 })), nd.exp(nd.ones([100, 100], { chunks: 50 }))];
    expect(named(tasks(nd.sort(a), nd.sort(b)), 'sort')).toBe(1);
  });

  it('keep their blocks when they persist', async () => {
    const kept = await nd.mul(x, 2).persist();
    expect(kept.chunks).toEqual(x.chunks);
    expect(blocksOf(kept)).toHaveLength(4);
    const [sum, other] = [await nd.sum(kept).compute(), await nd.sum(x).compute()];
    expect(sum).toBeCloseTo(2 * other, 9);
    kept.release();
    await expect(nd.sum(kept).compute()).rejects.toThrow();
  });

  it('keep their blocks when a structure persists, and one block stays one', async () => {
    const kept = await persist({ list: [x, nd.sum(x)], whole: nd.rechunk(x, null) } as const);
    const [blocks, sum] = kept.list;
    expect(blocks.chunks).toEqual(x.chunks);
    expect(blocksOf(blocks)).toHaveLength(4);
    expect(kept.whole.chunks).toBeNull();
    expect(await nd.sum(blocks).compute()).toBe(await sum.compute());
    expect((await kept.whole.compute()).toNested()).toEqual((await x.compute()).toNested());
    for (const one of [blocks, sum, kept.whole]) one.release();
    await expect(nd.sum(blocks).compute()).rejects.toThrow();
  });

  it('are made of blocks, and give them', async () => {
    const made = fromBlocks([[1, 2], [2]], [nd.array([[1, 2]]), nd.ones([2, 2])]);
    expect(made).toBeInstanceOf(Lazy);
    expect([made.shape, made.chunks]).toEqual([
      [3, 2],
      [[1, 2], [2]],
    ]);
    expect((await made.compute()).toNested()).toEqual([
      [1, 2],
      [1, 1],
      [1, 1],
    ]);
    expect(gathered(made).chunks).toBeNull();
    expect((await gathered(made).compute()).toNested()).toEqual((await made.compute()).toNested());
    expect(() => fromBlocks([[1, 2], [2]], [nd.ones([3, 2])])).toThrow(RangeError);
  });

  it('are delayed values as others are', async () => {
    const value = nd.array(Float64Array.of(1, 2, 3), { chunks: 2 });
    expect(await value.toNested().compute()).toEqual([1, 2, 3]);
    expect(await value.call('get', 2).compute()).toBe(3);
    expect(await nd.unique(value).compute()).toBeInstanceOf(NDArray);
    expect(value.toString()).toContain('of shape [3]');
  });
});
