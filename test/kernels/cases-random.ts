/** Cases of the random kernels: the reference and the WebAssembly draw the same numbers, to the bit. */
import fc from 'fast-check';
import { NDArray } from '../../dist/array/ndarray.js';
import { blockParams } from '../../dist/kernels/random.js';
import type { Case } from './cases.js';
import { generator } from './numbers.js';

const seed = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.maxSafeInteger().map(Math.abs));

const equal: Case['check'] = ([expected], [actual]) => {
  for (let i = 0; i < expected!.size; i++) {
    if (Object.is(expected!.data[i], actual!.data[i])) continue;
    throw new Error(`element ${i} is ${actual!.data[i]}, the reference ${expected!.data[i]}`);
  }
};

/** Lengths around the groups of 8 and 16 elements, and around the pieces that threads share. */
const length = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 129) },
  { weight: 1, arbitrary: fc.constantFrom(1024, 2049, 16384, 16391, 40000) },
);

/** A whole array, or a block somewhere in one; now and then so far out that numbers of more than 32 bits count it. */
const block = fc.oneof(
  fc.array(length, { maxLength: 1 }).map((shape) => blockParams({ shape })),
  fc
    .array(
      fc.record({
        length: fc.constantFrom(1, 1, 2, 3, 5, 9),
        before: fc.oneof(fc.nat(9), fc.constantFrom(0, 2 ** 31 - 3, 2 ** 34 + 1)),
        after: fc.nat(5),
      }),
      { maxLength: 6 },
    )
    .map((axes) => {
      let size = 1;
      const kept = axes.map(({ length: own, before, after }) => {
        const start = size * (before + own + after) < 2 ** 50 ? before : 0;
        size *= start + own + after;
        return { own, start, whole: start + own + after };
      });
      return blockParams({
        shape: kept.map(({ own }) => own),
        at: kept.map(({ start }) => start),
        within: kept.map(({ whole }) => whole),
      });
    }),
);

const real = fc.constantFrom('float64', 'float32');

const randomUniform = fc
  .record({ block, seed, dtype: real, bounds: fc.constantFrom([0, 1], [-3, 5], [1, 1], [-1, 0], [0.1, 0.1000001]) })
  .map(({ block: where, seed: key, dtype, bounds: [low, high] }): Case => {
    return { inputs: [], params: { ...where, seed: key, dtype, low: low!, high: high! }, check: equal };
  });

const randomNormal = fc
  .record({ block, seed, dtype: real, loc: fc.constantFrom(0, 100, -0.1), scale: fc.constantFrom(1, 0, 2.5) })
  .map(
    ({ block: where, seed: key, ...rest }): Case => ({
      inputs: [],
      params: { ...where, seed: key, ...rest },
      check: equal,
    }),
  );

const randomIntegers = fc
  .record({
    block,
    seed,
    of: fc.constantFrom(
      ['int32', 0, 10],
      ['int32', -(2 ** 31), 2 ** 31],
      ['int32', -5, 2 ** 31 - 7],
      ['uint32', 0, 2 ** 31 + 1],
      ['uint32', 7, 8],
      ['uint32', 0, 2 ** 32],
      ['uint8', 0, 256],
      ['uint8', 3, 10],
      ['bool', 0, 2],
      ['float64', 0, 1],
      ['float64', -3, 2 ** 33],
      ['float64', -(2 ** 52), 2 ** 52],
      ['uint8', 0, 300],
      ['int32', 5, 5],
    ) as fc.Arbitrary<[string, number, number]>,
  })
  .map(({ block: where, seed: key, of: [dtype, low, high] }): Case => {
    return { inputs: [], params: { ...where, seed: key, dtype, low, high }, check: equal };
  });

const randomPermutation = fc
  .record({ n: fc.oneof(length, fc.constantFrom(32768, 32769, 70001)), seed })
  .map((params): Case => ({ inputs: [], params, check: equal }));

const randomChoice = fc
  .record({
    n: fc.constantFrom(1, 2, 3, 10, 100),
    count: length,
    seed,
    spoiled: fc.constantFrom('', '', '', 'sum', 'sign', 'nan'),
  })
  .map(({ n, count, seed: key, spoiled }): Case => {
    const random = generator(key % 2 ** 32);
    const weights = Float64Array.from({ length: n }, () => (random() < 0.3 ? 0 : random()));
    weights[n - 1]! += 0.5;
    const sum = weights.reduce((a, b) => a + b);
    const p = weights.map((weight) => weight / sum);
    if (spoiled === 'sum') p[0]! += 0.01;
    if (spoiled === 'sign') p[0] = -0.1;
    if (spoiled === 'nan') p[0] = Number.NaN;
    const inputs = [new NDArray(p, { shape: [n], dtype: 'float64' })];
    return { inputs, params: { count, seed: key }, check: equal };
  });

export const randomCases = { randomUniform, randomNormal, randomIntegers, randomPermutation, randomChoice };
