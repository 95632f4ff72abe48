/**
 * A generator of cases for every kernel: inputs of awkward sizes and values, parameters, and the check that another
 * body's outputs must pass against the reference's. Every tolerance is derived: k·eps·|a|·|b| for sums of products, ulps
 * for functions, equality for what only moves or compares and for the solver, whose steps are the same in all bodies.
 */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import type { Case } from '../../dist/conformance/conform.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { arrayCases } from './cases-arrays.js';
import { elementwiseCases } from './cases-elementwise.js';
import { gpuJsCases } from './cases-gpu-js.js';
import { linalgCases } from './cases-linalg.js';
import { matmulAdd } from './cases-matmul-add.js';
import { productCases } from './cases-products.js';
import { randomCases } from './cases-random.js';
import { sortCases } from './cases-sort.js';
import { tileCases } from './cases-tiles.js';
import { runJs } from './harness.js';
import { array, draw, epsilon, flavours, generator, smallest, ulps, ulps32 } from './numbers.js';

export type { Case } from '../../dist/conformance/conform.js';

/** Around the widths of vectors, micro-tiles and unrolled loops. */
const size = fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65);
const someSize = size.filter((n) => n > 0);
/** Around the block of k (256). */
const depth = fc.oneof(size, fc.constantFrom(127, 128, 129, 255, 256, 257, 300));
/** Around the block of rows (128 or 132), and beyond the one of columns (1024 float64, 2048 float32). */
const tall = fc.oneof(size, fc.constantFrom(127, 129, 131, 133, 264, 265));
const wide = fc.oneof({ weight: 12, arbitrary: size }, { weight: 1, arbitrary: fc.constantFrom(1023, 1025, 2049) });

const common = {
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  flavour: fc.constantFrom(...flavours),
  strided: fc.boolean(),
};
const real = fc.constantFrom<DType>('float64', 'float32');

function fail(i: number, expected: number, actual: number, allowed: number): never {
  throw new Error(`element ${i} is ${actual}, the reference ${expected}, more than ${allowed} apart`);
}

/** Every element within bound(i) of the reference's; NaN and infinities must be the same. */
export function within(expected: NDArray, actual: NDArray, bound: (i: number) => number): void {
  for (let i = 0; i < expected.size; i++) {
    const [a, b] = [expected.data[i]!, actual.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    const allowed = bound(i);
    if (!(Math.abs(a - b) <= allowed)) fail(i, a, b, allowed);
  }
}

function withinUlps(expected: NDArray, actual: NDArray, allowed: number): void {
  const distance = expected.dtype === 'float32' ? ulps32 : ulps;
  for (let i = 0; i < expected.size; i++) {
    const [a, b] = [expected.data[i]!, actual.data[i]!];
    if (distance(a, b) > allowed) fail(i, a, b, allowed);
  }
}

function equal(expected: readonly NDArray[], actual: readonly NDArray[]): void {
  expected.forEach((array, i) => {
    withinUlps(array, actual[i]!, 0);
  });
}

export const scalar = (value: number): NDArray => new NDArray(Float64Array.of(value), { shape: [], dtype: 'float64' });

function absolute(x: NDArray): NDArray {
  const copy = x.copy();
  copy.data.forEach((value, i) => {
    copy.data[i] = Math.abs(value);
  });
  return copy;
}

/** (terms + 4)·eps·Σ|a||b| and what underflow may lose, for each element of a product of these inputs. */
function productBound(inputs: readonly NDArray[], params: KernelParams, kernel: string, terms: number) {
  const { data, dtype } = runJs(kernels.get(kernel)!, inputs.map(absolute), params)[0]!;
  return (i: number): number => (terms + 4) * (epsilon(dtype) * data[i]! + smallest(dtype));
}

const matmulSizes = fc.oneof(
  { weight: 12, arbitrary: fc.record({ m: tall, n: wide, k: depth }) },
  // small results of long sums, in pieces along k; many rows and columns of a small matrix
  { weight: 1, arbitrary: fc.record({ m: someSize, n: fc.constantFrom(1, 7, 16), k: fc.constantFrom(8192, 9001) }) },
  { weight: 1, arbitrary: fc.record({ m: fc.constantFrom(257, 1030), n: size, k: size }) },
  { weight: 1, arbitrary: fc.record({ m: tall, n: fc.constantFrom(300, 521), k: size }) },
);

const matmul = fc
  .record({
    sizes: matmulSizes,
    dtype: real,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    symmetric: fc.boolean(),
    ...common,
  })
  .map(({ sizes: { m, n, k }, dtype, transposeA, transposeB, symmetric, seed, ...options }): Case => {
    const random = generator(seed);
    const rows = symmetric ? Math.min(m, 300) : m;
    const a = array(random, transposeA ? [k, rows] : [rows, k], dtype, options);
    const inputs = symmetric ? [a] : [a, array(random, transposeB ? [n, k] : [k, n], dtype, options)];
    const params = symmetric ? { transposeA, symmetric } : { transposeA, transposeB };
    const check: Case['check'] = ([expected], [actual]) => {
      within(expected!, actual!, productBound(inputs, params, 'matmul', k));
      if (!symmetric) return;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < i; j++) {
          const [p, q] = [actual!.get(i, j), actual!.get(j, i)];
          if (!Object.is(p, q)) throw new Error(`elements (${i}, ${j}) and (${j}, ${i}) are ${p} and ${q}`);
        }
      }
    };
    return { inputs, params, check };
  });

const rowProducts = fc.record({ n: tall, m: tall, d: depth, same: fc.boolean(), dtype: real, ...common });

function pairOfRows(recipe: { n: number; m: number; d: number; same: boolean; dtype: DType; seed: number }) {
  const { n, m, d, same, dtype, seed, ...options } = recipe;
  const random = generator(seed);
  const x = array(random, [n, d], dtype, options);
  return same ? [x] : [x, array(random, [m, d], dtype, options)];
}

const linearKernel = rowProducts.map((recipe): Case => {
  const inputs = pairOfRows(recipe);
  const check: Case['check'] = ([expected], [actual]) =>
    within(expected!, actual!, productBound(inputs, {}, 'linearKernel', recipe.d));
  return { inputs, params: recipe.same ? { same: true } : {}, check };
});

const squaredDistances = rowProducts.map((recipe): Case => {
  const inputs = pairOfRows(recipe);
  const [x, y = x] = inputs as [NDArray, NDArray?];
  const norms = (rows: NDArray): Float64Array =>
    Float64Array.from({ length: rows.shape[0]! }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < recipe.d; k++) sum += (rows.get(i, k) as number) ** 2;
      return sum;
    });
  const check: Case['check'] = ([expected], [actual]) => {
    const [xx, yy] = [norms(x), norms(y)];
    const [eps, least] = [epsilon(recipe.dtype), smallest(recipe.dtype)];
    const m = y.shape[0]!;
    // three sums of d terms; |2xy| ≤ xx + yy
    within(expected!, actual!, (i) => 2 * (recipe.d + 4) * (eps * (xx[Math.floor(i / m)]! + yy[i % m]!) + 2 * least));
    if (recipe.same) {
      for (let i = 0; i < m; i++) {
        if (actual!.get(i, i) !== 0) throw new Error(`the diagonal is ${actual!.get(i, i)} at ${i}, not 0`);
        for (let j = 0; j < i; j++) {
          if (!Object.is(actual!.get(i, j), actual!.get(j, i))) throw new Error(`not symmetric at ${i}, ${j}`);
        }
      }
    }
  };
  return { inputs, params: {}, check };
});

const elementwise = fc.record({ n: size, m: size, dtype: real, gamma: fc.double({ min: -3, max: 3 }), ...common });

/** Arguments that cover a function's whole range as well as the flavours. */
function arguments_(recipe: { n: number; m: number; dtype: DType; seed: number; flavour: Case0 }, reach: number) {
  const { n, m, dtype, seed, ...options } = recipe;
  const random = generator(seed);
  const value = (): number =>
    random() < 0.5 ? draw(random, options.flavour, dtype === 'float32') : (2 * random() - 1) * reach * random();
  return array(random, [n, m], dtype, { ...options, value });
}
type Case0 = (typeof flavours)[number];

const rbfKernel = elementwise.map(({ gamma, ...recipe }): Case => {
  // 1 ulp on each side
  const check: Case['check'] = ([expected], [actual]) => withinUlps(expected!, actual!, 2);
  return { inputs: [arguments_(recipe, 800), scalar(gamma)], params: {}, check };
});

const sigmoidKernel = elementwise.map(({ gamma, ...recipe }): Case => {
  // 3 ulp here, 2 in Math.tanh
  const check: Case['check'] = ([expected], [actual]) => withinUlps(expected!, actual!, 5);
  return { inputs: [arguments_(recipe, 20), scalar(gamma)], params: { coef0: gamma / 2 }, check };
});

const polynomialKernel = fc
  .record({ recipe: elementwise, degree: fc.constantFrom(0, 1, 2, 3, 4, 7, 2.5, -1) })
  .map(({ recipe: { gamma, ...recipe }, degree }): Case => {
    const check: Case['check'] = ([expected], [actual]) => {
      const { data, dtype } = expected!;
      within(expected!, actual!, (i) => (degree + 4) * (epsilon(dtype) * Math.abs(data[i]!) + smallest(dtype)));
    };
    return { inputs: [arguments_(recipe, 5), scalar(gamma)], params: { coef0: 1, degree }, check };
  });

const anyDType = fc.constantFrom<DType>('float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');

/** Indices of an axis, counted from either end; now and then one outside. */
function indices(random: () => number, count: number, length: number, strided: boolean, signed = true): NDArray {
  const value = (): number => {
    if (random() < 0.002) return random() < 0.5 ? length : -length - 1;
    const index = Math.floor(random() * length);
    return signed && random() < 0.3 ? index - length : index;
  };
  return array(random, [length === 0 ? 0 : count], 'int32', { strided, value });
}

const takeGrid = fc
  .record({ n: size, m: size, p: size, q: size, dtype: anyDType, ...common })
  .map(({ n, m, p, q, dtype, seed, strided }): Case => {
    const random = generator(seed);
    const x = array(random, [n, m], dtype, { strided });
    const inputs = [x, indices(random, p, n, strided), indices(random, q, m, strided)];
    return { inputs, params: {}, check: equal };
  });

const svcGamma = fc
  .record({ n: someSize, d: depth.filter((d) => d > 0), count: someSize, some: fc.boolean(), dtype: real, ...common })
  .map(({ n, d, count, some, dtype, seed, ...options }): Case => {
    const random = generator(seed);
    const x = array(random, [n, d], dtype, options);
    const inputs = some ? [x, indices(random, count, n, options.strided, false)] : [x];
    // Two passes: a few roundings, times the growth of pairwise or compensated sums of ≤ 300 each. Squares of the
    // tiniest values underflow to zero, and then both answer 1.
    const check: Case['check'] = ([expected], [actual]) =>
      within(expected!, actual!, () => 400 * epsilon('float64') * Math.abs(expected!.data[0]!));
    return { inputs, params: {}, check };
  });

const standardize = fc
  .record({ n: tall, d: size, mean: fc.constantFrom(0, 1, 1e3), constant: fc.boolean(), ...common })
  .map(({ n, d, mean, constant, seed, ...options }): Case => {
    const random = generator(seed);
    const x = array(random, [n, d], 'float64', {
      ...options,
      value: () => (constant ? 0.1 : mean + draw(random, options.flavour, true)),
    });
    const check: Case['check'] = ([expected], [actual]) => {
      for (let k = 0; k < d; k++) {
        let [largest, sum, squares] = [0, 0, 0];
        for (let i = 0; i < n; i++) {
          const value = x.get(i, k) as number;
          largest = Math.max(largest, Math.abs(value));
          sum += value / n;
        }
        for (let i = 0; i < n; i++) squares += ((x.get(i, k) as number) - sum) ** 2 / n;
        // the mean is off by eps·|x|, in units of the deviation; the deviation by n·eps of itself
        const centre = (4 * largest) / Math.sqrt(squares);
        const bound = (i: number): number =>
          epsilon('float64') *
          (8 + centre + (n + 8) * (1 + centre * epsilon('float64')) * Math.abs(expected!.data[i]!));
        const column = (z: NDArray): NDArray =>
          new NDArray(z.data, { shape: [n], strides: [d], offset: k, dtype: 'float64' }).copy();
        within(column(expected!), column(actual!), (i) => bound(i * d + k));
      }
    };
    return { inputs: [x], params: {}, check };
  });

const problem = fc.record({
  n: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.constantFrom(63, 64, 65, 130, 257)),
  d: fc.integer({ min: 1, max: 4 }),
  kernel: fc.constantFrom('rbf', 'linear', 'sigmoid', 'equal'),
  ties: fc.boolean(),
  c: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(1e-3, 0.1, 1, 10, 1000) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, Number.NaN) },
  ),
  shrinking: fc.boolean(),
  tolerance: fc.constantFrom(1e-3, 1e-5, 0.1),
  maxIterations: fc.constantFrom(20000, 20000, 20000, 5),
  rows: fc.boolean(),
  spoiled: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'no', 'sample', 'label', 'row', 'class'),
  seed: common.seed,
  strided: common.strided,
});
type Problem = typeof problem extends fc.Arbitrary<infer T> ? T : never;

/** A kernel matrix of random samples, maybe larger than the rows that are used, and these rows. */
function kernelProblem(recipe: Problem) {
  const { n, d, kernel, ties, spoiled } = recipe;
  const random = generator(recipe.seed);
  const length = recipe.rows ? n + 3 : n;
  const x = array(random, [length, d], 'float64', { flavour: ties ? 'ties' : 'ordinary' });
  const pair =
    kernel === 'rbf' ? runJs(kernels.get('squaredDistances')!, [x], {}) : runJs(kernels.get('linearKernel')!, [x], {});
  const matrix = pair[0]!;
  const f = {
    rbf: (v: number) => Math.exp(-v),
    linear: (v: number) => v,
    sigmoid: (v: number) => Math.tanh(v - 1),
    equal: () => 1,
  }[kernel]!;
  matrix.data.forEach((value, i) => {
    matrix.data[i] = f(value);
  });
  if (spoiled === 'sample') {
    // a sample with a NaN has NaN in its row and its column
    const bad = Math.floor(random() * length);
    for (let i = 0; i < length; i++) {
      matrix.data[i * length + bad] = Number.NaN;
      matrix.data[bad * length + i] = Number.NaN;
    }
  }
  const rows = indices(random, n, length, recipe.strided, false).copy();
  if (spoiled === 'row') rows.data[n - 1] = length;
  const order = new NDArray(rows.data, { shape: [n], dtype: 'int32' });
  return {
    random,
    x,
    matrix,
    inputs: recipe.rows ? [order] : [],
    rowOf: (i: number) => (recipe.rows ? rows.data[i]! : i),
  };
}

const options = ({ shrinking, tolerance, maxIterations }: Problem) => ({ shrinking, tolerance, maxIterations });

const smo = fc
  .record({ recipe: problem, dtype: fc.constantFrom<DType>('int32', 'float64') })
  .map(({ recipe, dtype }): Case => {
    const { random, matrix, inputs, rowOf, x } = kernelProblem(recipe);
    let i = 0;
    const value = (): number => {
      const row = Math.min(rowOf(i++), x.shape[0]! - 1);
      if (recipe.spoiled === 'class') return 1;
      return (x.get(Math.max(0, row), 0) as number) + random() - 0.5 > 0 ? 1 : -1;
    };
    const labels = array(random, [recipe.n], dtype, { value });
    if (recipe.spoiled === 'label') labels.data[0] = 2;
    return { inputs: [matrix, labels, scalar(recipe.c), ...inputs], params: options(recipe), check: equal };
  });

const svcFit = fc
  .record({ recipe: problem, nClasses: fc.constantFrom(2, 3, 4, 7) })
  .map(({ recipe, nClasses }): Case => {
    const { random, matrix, inputs } = kernelProblem(recipe);
    const value = (): number => (recipe.spoiled === 'class' ? 1 : Math.floor(random() * nClasses));
    const labels = array(random, [recipe.n], 'int32', { value });
    if (recipe.spoiled === 'label') labels.data[0] = random() < 0.5 ? -1 : nClasses;
    return {
      inputs: [matrix, labels, scalar(recipe.c), ...inputs],
      params: { nClasses, ...options(recipe) },
      check: equal,
    };
  });

const svcDecision = fc
  .record({
    m: tall,
    n: tall,
    pairs: fc.constantFrom(1, 3, 6, 10),
    some: fc.boolean(),
    density: fc.constantFrom(0, 0.2, 1),
    ...common,
  })
  .map(({ m, n, pairs, some, density, seed, ...rest }): Case => {
    const random = generator(seed);
    const matrix = array(random, [m, n], 'float64', rest);
    const testRows = indices(random, 13, m, rest.strided, false);
    const trainRows = indices(random, 17, n, rest.strided, false);
    const used = some ? trainRows.shape[0]! : n;
    const coefficients = array(random, [pairs, used], 'float64', {
      ...rest,
      value: () => (random() < density ? draw(random, rest.flavour, false) : 0),
    });
    const rho = array(random, [pairs], 'float64', { value: () => (random() < 0.1 ? Infinity : random() - 0.5) });
    const inputs = [matrix, coefficients, rho, ...(some ? [testRows, trainRows] : [])];
    const check: Case['check'] = ([expected], [actual]) => {
      const size = runJs(
        kernels.get('svcDecision')!,
        [absolute(matrix), absolute(coefficients), rho, ...inputs.slice(3)],
        {},
      )[0]!;
      within(
        expected!,
        actual!,
        (i) =>
          (used + 4) *
          (epsilon('float64') * (Math.abs(size.data[i]!) + 2 * Math.abs(rho.data[i % pairs]!)) + smallest('float64')),
      );
    };
    return { inputs, params: {}, check };
  });

const svcVote = fc
  .record({ m: size, nClasses: fc.constantFrom(2, 3, 4, 10), ...common })
  .map(({ m, nClasses, seed, ...rest }): Case => {
    const decisions = array(generator(seed), [m, (nClasses * (nClasses - 1)) / 2], 'float64', rest);
    return { inputs: [decisions], params: { nClasses }, check: equal };
  });

const accuracy = fc.record({ m: someSize, ...common }).map(({ m, seed, strided }): Case => {
  const random = generator(seed);
  const labels = (): NDArray => array(random, [m], 'int32', { strided, value: () => Math.floor(random() * 3) });
  return { inputs: [labels(), labels()], params: {}, check: equal };
});

/** By kernel name. A kernel without an entry makes the conformance suite fail. */
export const cases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  matmul,
  matmulAdd,
  squaredDistances,
  linearKernel,
  rbfKernel,
  polynomialKernel,
  sigmoidKernel,
  takeGrid,
  svcGamma,
  standardize,
  smo,
  svcFit,
  svcDecision,
  svcVote,
  accuracy,
  ...elementwiseCases,
  ...arrayCases,
  ...linalgCases,
  ...gpuJsCases,
  ...tileCases,
  ...productCases,
  ...randomCases,
  ...elementwiseCases,
  ...sortCases,
};
