/** Cases of the kernels that take an expression: random expressions of mixed dtypes over random views. */
import fc from 'fast-check';
import { sizeOf } from '../../dist/array/ndarray.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import type { Case } from './cases.js';
import { anyDType, isExact, randomExpression, randomView, value } from './expressions.js';
import { array, generator, ulps } from './numbers.js';

/** Around the least columns of generated code (8), a tile (64), a block (512). */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33) },
  { weight: 2, arbitrary: fc.constantFrom(63, 64, 65, 127, 129) },
);
const long = fc.constantFrom(511, 512, 513, 1000, 16383, 16385, 33000);
export const shapes = fc
  .oneof(
    { weight: 5, arbitrary: fc.array(length, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.tuple(long).map((shape) => [...shape]) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(1, 2, 3, 17), long).map((shape) => [...shape]) },
    { weight: 1, arbitrary: fc.tuple(long, fc.constantFrom(1, 2, 3, 17)).map((shape) => [...shape]) },
  )
  .filter((shape) => sizeOf(shape) <= 70_000);

const elementwise = fc
  .record({
    shape: shapes,
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    dtypes: fc.array(fc.constantFrom(...anyDType), { maxLength: 4 }),
    operations: fc.constantFrom(0, 1, 2, 3, 5, 8, 20),
    viewed: fc.boolean(),
    strided: fc.boolean(),
  })
  .map(({ shape, seed, dtypes, operations, viewed, strided }): Case => {
    const random = generator(seed);
    const recipe = { inputs: dtypes, operations, ndim: shape.length, allowed: isExact, loops: true };
    const expression = serialize(randomExpression(random, recipe));
    const check: Case['check'] = ([expected], [actual]) => {
      expected!.data.forEach((one, i) => {
        if (ulps(one, actual!.data[i]!) > 0) throw new Error(`element ${i} is ${actual!.data[i]}, expected ${one}`);
      });
    };
    if (dtypes.length === 0) return { inputs: [], params: { expression, shape: JSON.stringify(shape) }, check };
    if (!viewed) {
      const inputs = dtypes.map((dtype) => array(random, shape, dtype, { strided, value: () => value(random, dtype) }));
      return { inputs, params: { expression }, check };
    }
    const seen = dtypes.map((dtype) => randomView(random, shape, dtype, strided));
    const params = { expression, views: JSON.stringify(seen.map(({ view }) => view)) };
    return { inputs: seen.map(({ input }) => input), params, check };
  });

export const elementwiseCases = { elementwise };
