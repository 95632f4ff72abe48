/**
 * What is measured beside single products, each line in lazuli's and in SciPy's words. SciPy runs its fastest form of the
 * same thing: no checks for NaN, the driver that is fastest here. `check` is under 30 where our results are right; where
 * there are `values`, they are SciPy's too.
 */
import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';
import { type LazyArray, linalg, NDArray, nd, random } from '../../dist/index.js';
import * as checks from './checks.js';

type Named<T> = Readonly<Record<string, T>>;
type Vector = ArrayLike<number>;

export interface Work {
  readonly name: string;
  /** Of the program's arguments: only what matches is run. */
  readonly group: 'products' | 'factorisations' | 'spectral' | 'solvers' | 'batches';
  /** Inputs, by the names that they have in `scipy`. */
  readonly inputs: Named<LazyArray>;
  ours(inputs: Named<LazyArray>): unknown;
  readonly scipy: string;
  /** The same in SciPy as its users write it, for a column of its own. */
  readonly other?: { readonly name: string; readonly scipy: string };
  check(results: Named<NDArray>, inputs: Named<NDArray>): number;
  /** Numbers that must be equal: ours, and a Python expression of SciPy's result r. */
  readonly values?: { ours(results: Named<NDArray>): Vector; readonly scipy: string };
  readonly flops?: number;
  /** Ours over SciPy's speed, at least. */
  readonly target?: number;
  /** The same in ml-matrix, once, and how many times as long it must take. */
  readonly mlMatrix?: { run(inputs: Named<NDArray>): unknown; readonly target?: number };
}

let seed = 0;
const normal = (...shape: number[]): LazyArray => {
  seed += 1;
  return random.normal(shape, { seed });
};
const transposed = (x: LazyArray): LazyArray => nd.swapaxes(x, -1, -2);
const symmetric = (...shape: number[]): LazyArray => {
  const x = normal(...shape);
  return nd.mul(nd.add(x, transposed(x)), 0.5);
};
const definite = (...shape: number[]): LazyArray => {
  const x = normal(...shape);
  return nd.add(nd.div(nd.matmul(x, transposed(x)), shape.at(-1)!), nd.eye(shape.at(-1)!));
};

const by =
  (matrix: NDArray, isTransposed = false) =>
  (v: Vector): Vector =>
    checks.times(matrix, v, isTransposed);
const scaled =
  ({ data }: NDArray) =>
  (v: Vector): Vector =>
    Float64Array.from(v, (value, i) => value * data[i]!);

/** Matrix i of a stack. */
function matrixOf(stack: NDArray, i: number): NDArray {
  const shape = stack.shape.slice(-2);
  const size = shape[0]! * shape[1]!;
  return new NDArray(stack.data.slice(stack.offset + i * size, stack.offset + (i + 1) * size), {
    shape,
    dtype: stack.dtype,
  });
}

/** The worst of a few matrices of stacks. */
function someOf(stack: NDArray, check: (i: number) => number): number {
  const count = stack.shape[0]!;
  return Math.max(...[0, 1, count >> 1, count - 1].map(check));
}

const symmetricProducts: Work[] = [
  [500, 500],
  [1000, 1000],
  [2000, 500],
].map(([m, n]) => ({
  name: `aᵀa, a ${m} × ${n}`,
  group: 'products',
  inputs: { a: normal(m!, n!) },
  ours: ({ a }) => ({ c: nd.matmul(transposed(a!), a!) }),
  scipy: 'a.T @ a',
  check: ({ c }, { a }) =>
    checks.sameMap(c!, n!, checks.norm(a!.data) ** 2, by(c!), (v) => checks.times(a!, checks.times(a!, v), true)),
  flops: m! * n! * n!,
  target: 0.55,
}));

const vectorProducts: Work[] = [1000, 2000].flatMap((n) =>
  [false, true].map((isTransposed): Work => {
    const mark = isTransposed ? 'aᵀ' : 'a';
    return {
      name: `${mark}·v, n = ${n}`,
      group: 'products',
      inputs: { a: normal(n, n), v: normal(n) },
      ours: ({ a, v }) => ({ y: nd.matmul(isTransposed ? transposed(a!) : a!, v!) }),
      scipy: isTransposed ? 'a.T @ v' : 'a @ v',
      check: ({ y }, { a, v }) =>
        checks.sameValues(y!.data, checks.times(a!, v!.data, isTransposed), n, checks.epsilon(a!)),
      flops: 2 * n * n,
      target: 0.9,
    };
  }),
);

const small = {
  inputs: { a: normal(10_000, 8, 8), b: normal(10_000, 8, 8) },
  ours: ({ a, b }: Named<LazyArray>) => ({ c: nd.matmul(a!, b!) }),
  check: ({ c }: Named<NDArray>, { a, b }: Named<NDArray>) =>
    someOf(c!, (i) => checks.sameProduct(matrixOf(c!, i), by(matrixOf(a!, i)), by(matrixOf(b!, i)))),
  flops: 10_000 * 2 * 8 ** 3,
};
const smallProducts: Work[] = [
  {
    ...small,
    name: '10,000 products of 8 × 8, a loop',
    group: 'products',
    scipy: '[p @ q for p, q in zip(a, b)]',
    target: 5,
  },
  { ...small, name: '10,000 products of 8 × 8, `np.matmul`', group: 'products', scipy: 'np.matmul(a, b)' },
];

const factorisations: Work[] = [500, 1000].flatMap((n): Work[] => [
  {
    name: `Cholesky, n = ${n}`,
    group: 'factorisations',
    inputs: { a: definite(n, n) },
    ours: ({ a }) => ({ l: linalg.cholesky(a!) }),
    scipy: 'sl.cholesky(a, lower=True, check_finite=False)',
    check: ({ l }, { a }) => checks.sameProduct(a!, by(l!), by(l!, true)),
    flops: n ** 3 / 3,
    target: 0.5,
  },
  {
    name: `LU, n = ${n}`,
    group: 'factorisations',
    inputs: { a: normal(n, n) },
    ours: ({ a }) => linalg.lu(a!),
    scipy: 'sl.lu(a, check_finite=False)',
    other: { name: 'lu_factor', scipy: 'sl.lu_factor(a, check_finite=False)' },
    check: ({ p, l, u }, { a }) => checks.sameProduct(a!, by(p!), by(l!), by(u!)),
    flops: (2 * n ** 3) / 3,
    target: 0.5,
  },
  {
    name: `QR, n = ${n}`,
    group: 'factorisations',
    inputs: { a: normal(n, n) },
    ours: ({ a }) => linalg.qr(a!),
    scipy: "sl.qr(a, mode='economic', check_finite=False)",
    check: ({ q, r }, { a }) => Math.max(checks.sameProduct(a!, by(q!), by(r!)), checks.orthonormal(q!)),
    flops: (8 * n ** 3) / 3,
    target: 0.5,
  },
]);

const spectral: Work[] = [500, 1000].flatMap((n): Work[] => [
  {
    name: `eigh, n = ${n}`,
    group: 'spectral',
    inputs: { a: symmetric(n, n) },
    ours: ({ a }) => linalg.eigh(a!),
    scipy: "sl.eigh(a, driver='evd', check_finite=False)",
    other: { name: "driver='evr'", scipy: 'sl.eigh(a, check_finite=False)' },
    check: ({ values, vectors }, { a }) =>
      Math.max(checks.sameProduct(a!, by(vectors!), scaled(values!), by(vectors!, true)), checks.orthonormal(vectors!)),
    values: { ours: ({ values }) => values!.data, scipy: 'r[0]' },
    target: 0.65,
    ...(n === 500 && {
      mlMatrix: {
        run: ({ a }: Named<NDArray>) =>
          new EigenvalueDecomposition(Matrix.from1DArray(n, n, Array.from(a!.data)), { assumeSymmetric: true }),
      },
    }),
  },
  {
    name: `SVD, n = ${n}`,
    group: 'spectral',
    inputs: { a: normal(n, n) },
    ours: ({ a }) => linalg.svd(a!),
    scipy: 'sl.svd(a, full_matrices=False, check_finite=False)',
    check: ({ u, s, vt }, { a }) =>
      Math.max(
        checks.sameProduct(a!, by(u!), scaled(s!), by(vt!)),
        checks.orthonormal(u!),
        checks.orthonormal(vt!, true),
      ),
    values: { ours: ({ s }) => s!.data, scipy: 'r[1]' },
    target: 0.65,
    ...(n === 500 && {
      mlMatrix: {
        run: ({ a }: Named<NDArray>) =>
          new SingularValueDecomposition(Matrix.from1DArray(n, n, Array.from(a!.data))).diagonal,
        target: 30,
      },
    }),
  },
  {
    name: `svdvals, n = ${n}`,
    group: 'spectral',
    inputs: { a: normal(n, n) },
    ours: ({ a }) => ({ s: linalg.svdvals(a!) }),
    scipy: 'sl.svdvals(a, check_finite=False)',
    check: ({ s }, { a }) => checks.sameValues([checks.norm(s!.data)], [checks.norm(a!.data)], n, checks.epsilon(a!)),
    values: { ours: ({ s }) => s!.data, scipy: 'r' },
    target: 0.65,
  },
]);

const solvers: Work[] = [
  {
    name: 'lstsq, 2000 × 500',
    group: 'solvers',
    inputs: { a: normal(2000, 500), b: normal(2000) },
    ours: ({ a, b }) => ({ x: linalg.lstsq(a!, b!).x }),
    scipy: 'sl.lstsq(a, b, check_finite=False)',
    other: { name: "lapack_driver='gelsy'", scipy: "sl.lstsq(a, b, check_finite=False, lapack_driver='gelsy')" },
    // The residual has nothing in the span of a's columns.
    check({ x }, { a, b }) {
      const left = checks.times(a!, x!.data).map((value, i) => b!.data[i]! - value);
      const [size, precision] = [checks.norm(a!.data), checks.epsilon(a!)];
      return (
        checks.norm(checks.times(a!, left, true)) /
        (size * (checks.norm(b!.data) + checks.norm(left)) * 500 * precision)
      );
    },
    values: { ours: ({ x }) => x!.data, scipy: 'r[0]' },
    target: 1,
  },
  {
    name: 'solve, n = 1000, one right-hand side',
    group: 'solvers',
    inputs: { a: normal(1000, 1000), b: normal(1000) },
    ours: ({ a, b }) => ({ x: linalg.solve(a!, b!) }),
    scipy: 'np.linalg.solve(a, b)',
    other: { name: 'scipy.linalg.solve', scipy: 'sl.solve(a, b, check_finite=False)' },
    check: ({ x }, { a, b }) => checks.solves(a!, x!.data, b!.data),
    target: 0.5,
  },
  {
    name: "solve, n = 1000, assume: 'positive'",
    group: 'solvers',
    inputs: { a: definite(1000, 1000), b: normal(1000) },
    ours: ({ a, b }) => ({ x: linalg.solve(a!, b!, { assume: 'positive' }) }),
    scipy: "sl.solve(a, b, assume_a='pos', check_finite=False)",
    check: ({ x }, { a, b }) => checks.solves(a!, x!.data, b!.data),
  },
  {
    name: 'inv, n = 500',
    group: 'solvers',
    inputs: { a: normal(500, 500) },
    ours: ({ a }) => ({ x: linalg.inv(a!) }),
    scipy: 'np.linalg.inv(a)',
    // Of the inverse of a matrix the error grows with its condition, which x's norm has.
    check: ({ x }, { a }) =>
      checks.sameMap(
        a!,
        500,
        checks.norm(a!.data) * checks.norm(x!.data),
        (v) => checks.times(a!, checks.times(x!, v)),
        (v) => v,
      ),
  },
];

const batches: Work[] = [
  {
    name: '1,000 Cholesky of 16 × 16',
    group: 'batches',
    inputs: { a: definite(1000, 16, 16) },
    ours: ({ a }) => ({ l: linalg.cholesky(a!) }),
    scipy: 'np.linalg.cholesky(a)',
    check: ({ l }, { a }) =>
      someOf(l!, (i) => checks.sameProduct(matrixOf(a!, i), by(matrixOf(l!, i)), by(matrixOf(l!, i), true))),
  },
  {
    name: '1,000 solve of 16 × 16',
    group: 'batches',
    inputs: { a: normal(1000, 16, 16), b: normal(1000, 16, 1) },
    ours: ({ a, b }) => ({ x: linalg.solve(a!, b!) }),
    scipy: 'np.linalg.solve(a, b)',
    check: ({ x }, { a, b }) =>
      someOf(x!, (i) =>
        checks.solves(matrixOf(a!, i), checks.times(matrixOf(x!, i), [1]), checks.times(matrixOf(b!, i), [1])),
      ),
  },
  {
    name: '1,000 QR of 32 × 8',
    group: 'batches',
    inputs: { a: normal(1000, 32, 8) },
    ours: ({ a }) => linalg.qr(a!),
    scipy: 'np.linalg.qr(a)',
    check: ({ q, r }, { a }) =>
      someOf(q!, (i) => {
        const [own, left] = [matrixOf(a!, i), matrixOf(q!, i)];
        return Math.max(checks.sameProduct(own, by(left), by(matrixOf(r!, i))), checks.orthonormal(left));
      }),
  },
  {
    name: '1,000 eigh of 16 × 16',
    group: 'batches',
    inputs: { a: symmetric(1000, 16, 16) },
    ours: ({ a }) => linalg.eigh(a!),
    scipy: 'np.linalg.eigh(a)',
    check: ({ vectors }) => someOf(vectors!, (i) => checks.orthonormal(matrixOf(vectors!, i))),
    values: { ours: ({ values }) => values!.data, scipy: 'r[0]' },
  },
  {
    name: '1,000 SVD of 16 × 16',
    group: 'batches',
    inputs: { a: normal(1000, 16, 16) },
    ours: ({ a }) => linalg.svd(a!),
    scipy: 'np.linalg.svd(a, full_matrices=False)',
    check: ({ u }) => someOf(u!, (i) => checks.orthonormal(matrixOf(u!, i))),
    values: { ours: ({ s }) => s!.data, scipy: 'r[1]' },
  },
];

export const works: readonly Work[] = [
  ...symmetricProducts,
  ...vectorProducts,
  ...smallProducts,
  ...factorisations,
  ...spectral,
  ...solvers,
  ...batches,
];
