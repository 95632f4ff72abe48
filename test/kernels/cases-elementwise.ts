/** Cases of the kernels that take an expression: random expressions of mixed dtypes over random views. */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { type NDArray, sizeOf } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { serialize } from '../../dist/kernels/expression-text.js';
import { reductions } from '../../dist/kernels/reduction-form.js';
import { kernels } from '../../dist/kernels/registry.js';
import { type Case, within } from './cases.js';
import { anyDType, isExact, randomExpression, randomView, value } from './expressions.js';
import { runJs } from './harness.js';
import { array, epsilon, generator, smallest, ulps } from './numbers.js';

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

interface Recipe {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly dtypes: readonly DType[];
  readonly operations: number;
  readonly viewed: boolean;
  readonly strided: boolean;
}

const recipe: { readonly [K in keyof Recipe]: fc.Arbitrary<Recipe[K]> } = {
  shape: shapes,
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  dtypes: fc.array(fc.constantFrom(...anyDType), { maxLength: 4 }),
  operations: fc.constantFrom(0, 0, 1, 2, 3, 5, 8, 20),
  viewed: fc.boolean(),
  strided: fc.boolean(),
};

/** A random expression with inputs of a shape, seen through random views or as they are. */
function build({ shape, seed, dtypes, operations, viewed, strided }: Recipe) {
  const random = generator(seed);
  const expression = randomExpression(random, {
    inputs: dtypes,
    operations,
    ndim: shape.length,
    allowed: isExact,
    loops: true,
  });
  const text = serialize(expression);
  if (dtypes.length === 0) return { inputs: [], params: { expression: text, shape: JSON.stringify(shape) }, random };
  if (!viewed) {
    const inputs = dtypes.map((dtype) => array(random, shape, dtype, { strided, value: () => value(random, dtype) }));
    return { inputs, params: { expression: text }, random };
  }
  const seen = dtypes.map((dtype) => randomView(random, shape, dtype, strided));
  const params = { expression: text, views: JSON.stringify(seen.map(({ view }) => view)) };
  return { inputs: seen.map(({ input }) => input), params, random };
}

const equal: Case['check'] = ([expected], [actual]) => {
  expected!.data.forEach((one, i) => {
    if (ulps(one, actual!.data[i]!) > 0) throw new Error(`element ${i} is ${actual!.data[i]}, expected ${one}`);
  });
};

const elementwise = fc.record(recipe).map((given): Case => {
  const { inputs, params } = build(given);
  return { inputs, params, check: equal };
});

/** The values that are reduced, whatever the reduction. */
function valuesOf(inputs: Case['inputs'], params: KernelParams): NDArray {
  const { expression, views, shape } = params;
  const given = Object.entries({ expression, views, shape }).filter(([, one]) => one !== undefined);
  return runJs(kernels.get('elementwise')!, inputs, Object.fromEntries(given) as KernelParams)[0]!;
}

/** Additions that follow one another in the tree: 64 in a block (32 of float32), then its logarithm. */
const DEPTH = 100;

const reduce = fc
  .record({
    given: fc.record(recipe),
    reduction: fc.constantFrom(...reductions),
    some: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    all: fc.boolean(),
    keepdims: fc.boolean(),
    ddof: fc.constantFrom(0, 1, 3),
  })
  .map(({ given, reduction, some, all, keepdims, ddof }): Case => {
    const { inputs, params, random } = build(given);
    const ndim = given.shape.length;
    let axes = all ? undefined : given.shape.map((_, axis) => axis).filter((axis) => some[axis]);
    if (axes !== undefined && reduction.startsWith('arg')) axes = ndim === 0 ? [] : [Math.floor(random() * ndim)];
    const reducing = { ...params, reduction, keepdims, ddof, ...(axes && { axes: JSON.stringify(axes) }) };
    const check: Case['check'] = ([expected], [actual]) => {
      if (['min', 'max', 'any', 'all', 'argmin', 'argmax'].includes(reduction)) return equal([expected!], [actual!]);
      const values = valuesOf(inputs, params);
      let size = 0;
      for (const one of values.data) if (Number.isFinite(one)) size = Math.max(size, Math.abs(one));
      // Near overflow the order of operations decides
      if (size > (expected!.dtype === 'float32' ? 1e15 : 1e140)) return;
      const terms = values.size / Math.max(1, expected!.size);
      const eps = epsilon(expected!.dtype);
      within(expected!, actual!, (i) => {
        const of = Math.abs(expected!.data[i]!);
        if (reduction === 'sum') return DEPTH * eps * terms * size;
        if (reduction === 'mean') return DEPTH * eps * size;
        // The deviations' own rounding, and what the mean's error adds
        if (reduction === 'var') return DEPTH * eps * (of + size * Math.sqrt(of)) + (DEPTH * eps * size) ** 2;
        if (reduction === 'std') return DEPTH * eps * (of + size);
        return terms * eps * of + smallest(expected!.dtype);
      });
    };
    return { inputs, params: reducing, check };
  })
  // Products of many numbers leave the range in one order and not in another
  .filter(({ inputs, params }) => params.reduction !== 'prod' || safeProducts(valuesOf(inputs, params)));

/** Whether no order of multiplication over- or underflows: the logarithms of all factors together stay in range. */
function safeProducts({ data, dtype }: NDArray): boolean {
  let range = 0;
  for (const one of data) range += one === 0 ? 0 : Math.abs(Math.log2(Math.abs(one)));
  return range < (dtype === 'float32' ? 100 : 900);
}

export const elementwiseCases = { elementwise, reduce };
