/**
 * Cases of the kernels that sort, search, count and accumulate. Their results are equal to the reference's, −0 and 0
 * being one value. Line lengths lie around the borders of the sort: insertion alone (32), narrow digits (4096), the
 * sample (16384), lines that all threads sort together (65536), and pieces of a line (32768).
 */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { type QuantileMethod, quantileMethods } from '../../dist/kernels/quantile.js';
import type { Case } from './cases.js';
import { array, draw, flavours, generator } from './numbers.js';

const dtype = fc.constantFrom<DType>('float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');
const common = { dtype, seed: fc.integer({ min: 0, max: 2 ** 31 }), strided: fc.boolean() };

const length = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 34, 64, 100, 255, 257, 1000) },
  { weight: 3, arbitrary: fc.constantFrom(4095, 4096, 4097, 16383, 16384, 20000) },
  { weight: 2, arbitrary: fc.constantFrom(65535, 65536, 70001, 100003) },
);

const distributions = [
  ...flavours,
  'wide',
  'sorted',
  'reversed',
  'constant',
  'few',
  'low bits',
  'stretch',
  'nan',
] as const;
type Distribution = (typeof distributions)[number];

/** A generator of values that a sort may find easy or hard. */
function valuesOf(random: () => number, distribution: Distribution, type: DType): () => number {
  const isSingle = type === 'float32';
  let next = 0;
  const few = Array.from({ length: 7 }, () => draw(random, 'ordinary', isSingle));
  const integers = type !== 'float64' && !isSingle;
  const scale = integers ? (type === 'bool' ? 1.99 : 2 ** 31) : 1;
  switch (distribution) {
    case 'wide':
      return () => (random() < 0.5 ? -1 : 1) * Math.exp((isSingle ? 80 : 600) * (random() - 0.5));
    case 'sorted':
      return () => next++ * (type === 'bool' ? 0 : 1);
    case 'reversed':
      return () => (type === 'bool' ? Number(next++ < 5) : (type === 'uint8' ? 255 : 2e6) - next++);
    case 'constant':
      return () => 1;
    case 'few':
      return () => Math.abs(few[Math.floor(random() * few.length)]!) * scale;
    case 'low bits':
      // two heaps, each of values that differ in their last bits only
      return () => (random() < 0.5 ? 1 + random() * 1e-9 : -1e5 - random() * 1e-7) * (integers ? scale / 2e5 : 1);
    case 'stretch':
      // a heap that a sample hardly meets
      return () => (random() < 0.01 ? 1 + random() * 1e-10 : draw(random, 'huge', isSingle)) * (integers ? 0.9 : 1);
    case 'nan':
      return () => (random() < 0.4 ? Number.NaN : draw(random, 'ties', isSingle) * (integers ? 3 : 1));
    default:
      return () => draw(random, distribution, isSingle) * (integers ? scale : 1);
  }
}

function arrayOf(
  random: () => number,
  shape: readonly number[],
  type: DType,
  strided: boolean,
  distribution: Distribution,
): NDArray {
  const draws = valuesOf(random, distribution, type);
  const value = type === 'bool' ? () => Number(Math.abs(draws()) >= 1) : draws;
  return array(random, shape, type, { strided, value });
}

const equal: Case['check'] = (expected, actual) => {
  expected.forEach((output, which) => {
    for (let i = 0; i < output.size; i++) {
      const [a, b] = [output.data[i]!, actual[which]!.data[i]!];
      if (a === b || Object.is(a, b)) continue;
      throw new Error(`output ${which}: element ${i} is ${b}, the reference ${a}`);
    }
  });
};

/** A shape with `length` elements along `axis`, and not too many in all. */
function around(random: () => number, n: number, ndim: number): { shape: number[]; axis: number } {
  const axis = Math.floor(random() * ndim);
  const most = n > 4000 ? 3 : n > 200 ? 6 : 20;
  const shape = Array.from({ length: ndim }, (_, i) => (i === axis ? n : Math.floor(random() * most)));
  return { shape, axis };
}

const along = fc
  .record({
    n: length,
    ndim: fc.constantFrom(1, 1, 1, 2, 2, 3),
    whole: fc.boolean(),
    distribution: fc.constantFrom(...distributions),
    ...common,
  })
  .map(({ n, ndim, whole, distribution, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const { shape, axis } = around(random, n, ndim);
    const x = arrayOf(random, shape, type, strided, distribution);
    return { inputs: [x], params: whole ? {} : { axis }, check: equal };
  });

const unique = fc
  .record({
    n: length,
    index: fc.boolean(),
    inverse: fc.boolean(),
    counts: fc.boolean(),
    plain: fc.boolean(),
    distribution: fc.constantFrom(...distributions),
    ...common,
  })
  .map(({ n, index, inverse, counts, plain, distribution, dtype: type, seed, strided }): Case => {
    const shape = n % 2 === 0 ? [2, n / 2] : [n];
    const x = arrayOf(generator(seed), shape, type, strided, distribution);
    return { inputs: [x], params: plain ? {} : { index, inverse, counts }, check: equal };
  });

const searchsorted = fc
  .record({
    n: length,
    m: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 17, 100) },
      { weight: 1, arbitrary: fc.constantFrom(8191, 8192, 8193, 20000) },
    ),
    right: fc.boolean(),
    other: dtype,
    distribution: fc.constantFrom(...distributions),
    ...common,
  })
  .map(({ n, m, right, other, distribution, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const sorted = arrayOf(random, [n], type, false, distribution);
    sorted.data.sort();
    const values = arrayOf(random, [m], other, strided, distribution);
    return { inputs: [sorted, values], params: { right }, check: equal };
  });

const bincount = fc
  .record({
    n: fc.constantFrom(0, 1, 2, 5, 100, 1000),
    length: fc.constantFrom(1, 2, 7, 300),
    weights: fc.option(dtype),
    spoiled: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'negative', 'large', 'fraction', 'nan'),
    ...common,
  })
  .map(({ n, length: bins, weights, spoiled, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const most = type === 'bool' ? Math.min(bins, 2) : bins;
    const bad = { negative: -1, large: bins, fraction: 0.5, nan: Number.NaN, no: 0 }[spoiled];
    const value = (): number =>
      spoiled !== 'no' && random() < 0.1 ? bad : Math.floor(random() * Math.min(most, type === 'uint8' ? 256 : most));
    const x = array(random, [n], type, { strided, value });
    const inputs = weights === null ? [x] : [x, arrayOf(random, [n], weights, strided, 'ordinary')];
    return { inputs, params: { length: bins }, check: equal };
  });

const scan = fc
  .record({
    n: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(0, 1, 2, 3, 7, 8, 9, 100, 511, 512, 513, 1025) },
      { weight: 1, arbitrary: fc.constantFrom(32767, 32768, 40000) },
    ),
    ndim: fc.constantFrom(1, 2, 2, 3),
    whole: fc.boolean(),
    distribution: fc.constantFrom(...flavours),
    ...common,
  })
  .map(({ n, ndim, whole, distribution, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const { shape, axis } = around(random, n, ndim);
    const x = arrayOf(random, random() < 0.5 ? shape : shape.toReversed(), type, strided, distribution);
    const other = random() < 0.5 ? axis : Math.floor(random() * ndim);
    return { inputs: [x], params: whole ? {} : { axis: other }, check: equal };
  });

const fraction = (random: () => number): number =>
  random() < 0.4 ? [0, 1, 0.5, 0.25, 0.75, 1 / 3][Math.floor(random() * 6)]! : random();

const quantile = fc
  .record({
    n: length,
    ndim: fc.constantFrom(1, 1, 2, 3, 4),
    count: fc.constantFrom(null, 0, 1, 2, 3, 8, 9, 20),
    spoiled: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1.5, -1e-9, Number.NaN),
    method: fc.constantFrom<QuantileMethod>(...quantileMethods),
    keepdims: fc.boolean(),
    distribution: fc.constantFrom(...distributions),
    ...common,
  })
  .map(({ n, ndim, count, spoiled, method, keepdims, distribution, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const { shape, axis } = around(random, n, ndim);
    const x = arrayOf(random, shape, type, strided, distribution);
    const q = new NDArray(
      Float64Array.from({ length: count ?? 1 }, () => fraction(random)),
      {
        shape: count === null ? [] : [count],
        dtype: 'float64',
      },
    );
    if (spoiled !== 0 && q.size > 0) q.data[q.size - 1] = spoiled;
    const axes = shape.map((_, i) => i).filter((i) => i === axis || random() < 0.3);
    const isEmpty = sizeOf(shape) === 0;
    const all = random() < 0.3 || sizeOf(axes.map((i) => shape[i]!)) > 3e5;
    // only the median of nothing is something
    const kind = isEmpty ? 'median' : method;
    const options = { method: kind, keepdims };
    return { inputs: [x, q], params: all ? options : { ...options, axes: axes.join(',') }, check: equal };
  });

export const sortCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  sort: along,
  argsort: along,
  unique,
  searchsorted,
  bincount,
  cumsum: scan,
  cumprod: scan,
  quantile,
};
