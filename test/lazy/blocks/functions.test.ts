/** Every function of `nd` answers for an array in blocks what it does for the same array in one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LazyArray, nd } from '../../../dist/index.js';
import { arrayInChunks, closeTo, nested } from './arrays.js';

type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T;
/** What a function makes of x, with arguments that are drawn for x's shape; undefined where there are none. */
type Call = (shape: readonly number[], draw: Draw) => ((x: LazyArray) => unknown) | undefined;

const axisOf = (shape: readonly number[]): fc.Arbitrary<number> =>
  fc.integer({ min: -shape.length, max: shape.length - 1 });
const small = fc.integer({ min: -3, max: 8 });

const finite = (x: LazyArray): LazyArray => nd.where(nd.isnan(x), 1, x);

/** What moves elements or works on them one by one: the same bits. */
const exact: Record<string, Call> = {
  transpose: (shape, draw) => {
    const order = draw(fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }));
    return (x) => nd.transpose(x, order);
  },
  flip: (shape, draw) => {
    const axis = draw(fc.subarray([...shape.keys()]));
    return (x) => nd.flip(x, { axis });
  },
  slice: (shape, draw) => {
    const range = fc.tuple(fc.option(small), fc.option(small), fc.constantFrom(null, 1, 2, 3, -1, -2));
    const items = shape.map((length) =>
      draw(length > 0 ? fc.oneof(range, fc.integer({ min: 0, max: length - 1 })) : range),
    );
    return (x) => nd.slice(x, items);
  },
  broadcastTo: (shape) => (x) => nd.broadcastTo(nd.expandDims(x, 0), [3, ...shape]),
  expandDims: (shape, draw) => {
    const axis = draw(fc.integer({ min: 0, max: shape.length }));
    return (x) => nd.squeeze(nd.expandDims(x, axis), { axis });
  },
  ravel: () => (x) => nd.ravel(x),
  reshape: (shape, draw) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const divisors = [1, 2, 3, 4, 6, 12].filter((divisor) => size % divisor === 0);
    const a = draw(fc.constantFrom(...divisors));
    if (size === 0) return undefined;
    const b = draw(fc.constantFrom(...divisors.filter((divisor) => (size / a) % divisor === 0)));
    const target = draw(fc.shuffledSubarray([a, b, size / a / b], { minLength: 3 }));
    return (x) => nd.reshape(x, target);
  },
  rechunk: (shape, draw) => {
    const chunks = draw(fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 5 }))));
    return (x) => nd.rechunk(x, chunks);
  },
  concat: (shape, draw) => {
    const axis = draw(axisOf(shape));
    return (x) => nd.concat([x, nd.mul(x, 2), nd.ones(shape)], { axis });
  },
  stack: (shape, draw) => {
    const axis = draw(axisOf(shape));
    return (x) => nd.stack([x, nd.neg(x)], { axis });
  },
  split: (shape, draw) => {
    const axis = draw(axisOf(shape));
    const cuts = draw(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 })).sort((a, b) => a - b);
    const part = draw(fc.integer({ min: 0, max: cuts.length }));
    return (x) => nd.split(x, cuts, { axis })[part];
  },
  take: (shape, draw) => {
    const axis = draw(axisOf(shape));
    const length = shape.at(axis)!;
    if (length === 0) return undefined;
    const indices = draw(fc.array(fc.integer({ min: -length, max: length - 1 }), { maxLength: 9 }));
    if (indices.length === 0) return undefined;
    return (x) => nd.take(x, nd.array(Int32Array.from(indices)), { axis });
  },
  compress: (shape, draw) => {
    const axis = draw(axisOf(shape));
    const mask = draw(fc.array(fc.boolean(), { minLength: shape.at(axis)!, maxLength: shape.at(axis)! }));
    return mask.length === 0 ? undefined : (x) => nd.compress(mask, x, { axis });
  },
  roll: (shape, draw) => {
    const [axis, shift] = [draw(fc.option(axisOf(shape), { nil: undefined })), draw(small)];
    return (x) => nd.roll(x, shift, axis === undefined ? {} : { axis });
  },
  pad: (shape, draw) => {
    const mode = draw(fc.constantFrom('constant', 'edge', 'reflect', 'symmetric', 'wrap'));
    if (shape.includes(0) && mode !== 'constant') return undefined;
    const width = fc.integer({ min: 0, max: 4 });
    const widths = shape.map(() => draw(fc.tuple(width, width)));
    return (x) => nd.pad(x, widths, { mode: mode as 'edge' });
  },
  tile: (_, draw) => {
    const counts = draw(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }));
    return (x) => nd.tile(x, counts);
  },
  repeat: (shape, draw) => {
    const [axis, count] = [draw(axisOf(shape)), draw(fc.integer({ min: 0, max: 3 }))];
    return (x) => nd.repeat(x, count, { axis });
  },
  'repeat by counts': (shape, draw) => {
    const axis = draw(axisOf(shape));
    const length = shape.at(axis)!;
    const counts = draw(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: length, maxLength: length }));
    return counts.length === 0 ? undefined : (x) => nd.repeat(x, counts, { axis });
  },
  diag: (shape, draw) => {
    const k = draw(fc.integer({ min: -3, max: 3 }));
    return shape.length > 2 ? undefined : (x) => nd.diag(x, k);
  },
  diagonal: (shape, draw) => {
    if (shape.length < 2) return undefined;
    const axes = draw(fc.shuffledSubarray([...shape.keys()], { minLength: 2, maxLength: 2 })) as [number, number];
    const offset = draw(fc.integer({ min: -3, max: 3 }));
    return (x) => nd.diagonal(x, { offset, axes });
  },
  tril: (shape, draw) => {
    const k = draw(fc.integer({ min: -3, max: 3 }));
    return shape.length < 2 ? undefined : (x) => nd.tril(x, k);
  },
  triu: (shape, draw) => {
    const k = draw(fc.integer({ min: -3, max: 3 }));
    return shape.length < 2 ? undefined : (x) => nd.triu(x, k);
  },
  astype: () => (x) => nd.astype(nd.isnan(x), 'int32'),
  clip: () => (x) => nd.clip(x, -1, 2),
  where: () => (x) => nd.where(nd.less(x, 0), 0, x),
  sort: (shape, draw) => {
    const axis = draw(fc.option(axisOf(shape)));
    // one line in blocks is merged, and which of −0 and 0 comes first is not said: adding 0 makes them one
    return axis === null || shape.length === 1 ? (x) => nd.add(nd.sort(x, { axis }), 0) : (x) => nd.sort(x, { axis });
  },
  argsort: (shape, draw) => {
    const axis = draw(fc.option(axisOf(shape)));
    return (x) => nd.argsort(x, { axis });
  },
  unique: () => (x) => nd.unique(x),
  searchsorted: () => (x) => nd.searchsorted([-2, 0, 1, 5], x),
  bincount: () => (x) => nd.bincount(nd.ravel(nd.astype(nd.isnan(x), 'int32'))),
  quantile: (shape, draw) => {
    const [axis, keepdims] = [draw(fc.option(axisOf(shape))), draw(fc.boolean())];
    return shape.includes(0) ? undefined : (x) => nd.quantile(x, [0.25, 0.5], { axis, keepdims });
  },
  median: (shape, draw) => {
    const axis = draw(axisOf(shape));
    return shape.includes(0) ? undefined : (x) => nd.median(x, { axis });
  },
  zerosLike: () => (x) => nd.zerosLike(x),
  'a scalar kernel': () => {
    const halved = nd.kernel('halved', (value) => (value > 0 ? value / 2 : -value));
    return (x) => halved(x);
  },
  'an expression': () => (x) => nd.expr`${x} * 2 + 1`,
};

/** What adds up in another order: the same to rounding. */
const close: Record<string, Call> = {
  cumsum: (shape, draw) => {
    const axis = draw(fc.option(axisOf(shape)));
    return (x) => nd.cumsum(x, { axis });
  },
  cumprod: (shape, draw) => {
    const axis = draw(fc.option(axisOf(shape)));
    return (x) => nd.cumprod(x, { axis });
  },
  norm: (shape, draw) => {
    const axis = draw(axisOf(shape));
    const ord = draw(fc.constantFrom(1, 2, 3));
    return (x) => nd.norm(x, { axis, ord });
  },
  'variance with ddof': (shape, draw) => {
    const axis = draw(fc.option(axisOf(shape)));
    return (x) => nd.std(x, { axis: axis as number, ddof: 1 });
  },
  matmul: (shape) => (shape.length < 2 ? undefined : (x) => nd.matmul(finite(x), nd.swapaxes(finite(x), -1, -2))),
  trace: (shape, draw) => {
    const offset = draw(fc.integer({ min: -2, max: 2 }));
    return shape.length < 2 ? undefined : (x) => nd.trace(x, { offset });
  },
};

const draws = (
  call: Call,
  run: (make: (x: LazyArray) => unknown, whole: LazyArray, chunked: LazyArray) => Promise<void>,
) =>
  fc.assert(
    fc.asyncProperty(arrayInChunks(), fc.gen(), async (x, draw) => {
      const make = call(x.shape, (arbitrary) => draw(() => arbitrary));
      if (make !== undefined) await run(make, x.whole, x.chunked);
    }),
    { numRuns: 30, interruptAfterTimeLimit: 20_000 },
  );

describe('functions of arrays in blocks', () => {
  it.each(Object.keys(exact))('%s gives the bits of the whole array', (name) =>
    draws(exact[name]!, async (make, whole, chunked) => {
      const [expected, result] = [make(whole), make(chunked)] as LazyArray[];
      expect(result!.shape).toEqual(expected!.shape);
      expect(nested(await result!.compute())).toEqual(nested(await expected!.compute()));
    }),
  );

  it.each(Object.keys(close))('%s gives the numbers of the whole array', (name) =>
    draws(close[name]!, async (make, whole, chunked) => {
      const [expected, result] = [make(whole), make(chunked)] as LazyArray[];
      closeTo(await result!.compute(), await expected!.compute());
    }),
  );
});
