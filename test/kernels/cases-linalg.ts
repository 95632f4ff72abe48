/**
 * Cases of the kernels of linear algebra: stacks of matrices of many kinds. Where a factorisation is not unique, what is
 * checked is LAPACK's residuals; where it is, the values against the reference's, to what the condition allows.
 */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { type NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { matrix, svdReference } from '../../dist/kernels/linalg/reference.js';
import {
  type Dense,
  dense,
  frobenius,
  kinds,
  LIMIT,
  type MatrixKind,
  matricesIn,
  matrixOf,
  orthogonality,
  require30,
  residual,
  scaledBy,
  stacked,
  times,
  timesDiagonal,
  transposed,
  vectorsIn,
} from '../linalg/matrices.js';
import type { Case } from './cases.js';
import { epsilon, generator, smallest } from './numbers.js';

/** Around the blocks of 8, 16 and 32, and where recursions have two and three levels. */
const little = fc.constantFrom(0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33);
const middling = fc.constantFrom(40, 63, 64, 65, 70);
const size = fc.oneof({ weight: 9, arbitrary: little }, { weight: 2, arbitrary: middling });
const large = fc.oneof(
  { weight: 9, arbitrary: little },
  { weight: 3, arbitrary: middling },
  { weight: 1, arbitrary: fc.constantFrom(96, 127, 128, 129, 130) },
);

const common = {
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  dtype: fc.constantFrom<'float64' | 'float32'>('float64', 'float32'),
  lead: fc.oneof(
    { weight: 4, arbitrary: fc.constant<readonly number[]>([]) },
    { weight: 1, arbitrary: fc.constantFrom<readonly number[]>([1], [3], [2, 2], [0]) },
  ),
};
const anyKind = fc.constantFrom<MatrixKind>(...kinds);
/** One time in `n` an element that is not finite. */
const spoilt = fc.oneof(
  { weight: 15, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
);

interface Recipe {
  readonly m: number;
  readonly n: number;
  readonly kind: MatrixKind;
  readonly seed: number;
  readonly dtype: 'float64' | 'float32';
  readonly lead: readonly number[];
  readonly bad?: number | undefined;
}

function input({ m, n, kind, seed, dtype, lead, bad }: Recipe, change = (a: Dense): Dense => a): NDArray {
  const random = generator(seed);
  const single = dtype === 'float32';
  const matrices = Array.from({ length: sizeOf(lead) }, () => change(matrixOf(random, kind, m, n, single)));
  const array = stacked(matrices, lead, dtype, m, n);
  if (bad !== undefined && array.size > 0) array.data[Math.floor(random() * array.size)] = bad;
  return array;
}

const allFinite = (arrays: readonly NDArray[]): boolean => arrays.every(({ data }) => data.every(Number.isFinite));

/** Whether something is not finite; then both sides must say so, and there is nothing else to compare. */
function isSpoilt(inputs: readonly NDArray[], expected: readonly NDArray[], actual: readonly NDArray[]): boolean {
  if (allFinite(inputs)) return false;
  if (allFinite(expected) !== allFinite(actual)) throw new Error('an input is not finite, and only one side shows it');
  return true;
}

function eachMatrix(arrays: readonly NDArray[], check: (matrices: readonly Dense[], i: number) => void): void {
  const lists = arrays.map(matricesIn);
  lists[0]!.forEach((_, i) => {
    check(
      lists.map((list) => list[i]!),
      i,
    );
  });
}

function isUpper({ m, n, data }: Dense): void {
  for (let i = 1; i < m; i++) {
    for (let j = 0; j < Math.min(i, n); j++)
      if (data[i * n + j] !== 0) throw new Error(`R has ${data[i * n + j]} at ${i}, ${j}`);
  }
}

/** |a − b| ≤ bound for all elements. */
function near(what: string, expected: ArrayLike<number>, actual: ArrayLike<number>, bound: number): void {
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i]!, actual[i]!];
    if (a !== b && !(Math.abs(a - b) <= bound))
      throw new Error(`${what}[${i}] is ${b}, the reference ${a}, more than ${bound} apart`);
  }
}

// ---- Factorisations

/** B·Bᵀ + I, scaled, with rows and columns graded for some; or a matrix that is not positive definite. */
const cholesky = fc
  .record({
    n: large,
    kind: fc.constantFrom('random', 'graded', 'huge', 'denormal', 'identity', 'zero', 'indefinite'),
    bad: spoilt,
    ...common,
  })
  .map(({ kind, ...recipe }): Case => {
    const single = recipe.dtype === 'float32';
    const definite = (b: Dense): Dense => {
      const square = times(b, transposed(b));
      const scale = kind === 'huge' ? (single ? 1e30 : 1e150) : kind === 'denormal' ? (single ? 1e-39 : 1e-309) : 1;
      const fall = (i: number): number => (kind === 'graded' ? 10 ** ((single ? -15 : -140) * (i / b.n)) : 1);
      return dense(b.n, b.n, (i, j) => {
        if (kind === 'identity') return Number(i === j);
        if (kind === 'zero') return 0;
        const value = (square.data[i * b.n + j]! / b.n + Number(i === j)) * fall(i) * fall(j) * scale;
        return kind === 'indefinite' && i === j && i === b.n >> 1 ? -value : value;
      });
    };
    const x = input({ ...recipe, m: recipe.n, kind: 'random' }, definite);
    const check: Case['check'] = ([expected], [actual]) => {
      if (isSpoilt([x], [expected!], [actual!])) return;
      eachMatrix([x, actual!], ([a, l]) => {
        isUpper(transposed(l!));
        require30('‖A − LLᵀ‖', residual(a!, times(l!, transposed(l!)), recipe.dtype));
      });
    };
    return { inputs: [x], params: {}, check };
  });

const lu = fc
  .record({ m: large, n: large, kind: anyKind, permuted: fc.boolean(), bad: spoilt, ...common })
  .map(({ permuted, ...recipe }): Case => {
    const x = input(recipe);
    const check: Case['check'] = (expected, actual) => {
      if (isSpoilt([x], expected, actual)) return;
      if (permuted) {
        eachMatrix([x, ...actual], ([a, l, u]) => {
          isUpper(u!);
          for (const value of l!.data) if (!(Math.abs(value) <= 1)) throw new Error(`L has ${value}: not pivoted`);
          require30('‖A − PLU‖', residual(a!, times(l!, u!), recipe.dtype, Math.max(frobenius(a!), frobenius(u!))));
        });
        return;
      }
      eachMatrix([x, ...actual], ([a, p, l, u]) => {
        isUpper(u!);
        isUpper(transposed(l!));
        for (const value of l!.data) if (!(Math.abs(value) <= 1)) throw new Error(`L has ${value}: not pivoted`);
        for (const value of p!.data) if (value !== 0 && value !== 1) throw new Error(`P has ${value}`);
        require30('‖PᵀP − I‖', orthogonality(p!, recipe.dtype));
        const factors = times(l!, u!);
        const grown = Math.max(frobenius(a!), frobenius(u!));
        require30('‖A − PLU‖', residual(a!, times(p!, factors), recipe.dtype, grown));
      });
    };
    return { inputs: [x], params: permuted ? { permuted } : {}, check };
  });

/** R against the reference's where A's columns are independent enough that it is unique to many digits. */
function sameR(kind: MatrixKind, expected: Dense, actual: Dense, a: Dense, dtype: DType): void {
  if (kind !== 'random' || a.m < 2 * a.n) return;
  near('R', expected.data, actual.data, 1e4 * Math.max(a.m, a.n) * epsilon(dtype) * frobenius(a));
}

/** The norms of the columns. */
const columnNorms = ({ m, n, data }: Dense): number[] =>
  Array.from({ length: n }, (_, j) => frobenius(dense(m, 1, (i) => data[i * n + j]!)));

const qr = fc
  .record({
    m: large,
    n: large,
    kind: anyKind,
    mode: fc.constantFrom('reduced', 'complete', 'r'),
    bad: spoilt,
    ...common,
  })
  .map(({ mode, ...recipe }): Case => {
    const x = input(recipe);
    const check: Case['check'] = (expected, actual) => {
      if (isSpoilt([x], expected, actual)) return;
      if (mode === 'r') {
        eachMatrix([x, actual[0]!, expected[0]!], ([a, r, reference]) => {
          isUpper(r!);
          // RᵀR = AᵀA, so the norm of every column is that of A
          near(
            'norms of columns',
            columnNorms(a!),
            columnNorms(r!),
            LIMIT * Math.max(recipe.m, recipe.n) * epsilon(recipe.dtype) * frobenius(a!) +
              recipe.m * smallest(recipe.dtype),
          );
          sameR(recipe.kind, reference!, r!, a!, recipe.dtype);
        });
        return;
      }
      eachMatrix([x, ...actual, expected[1]!], ([a, q, r, reference]) => {
        isUpper(r!);
        require30('‖QᵀQ − I‖', orthogonality(q!, recipe.dtype));
        require30('‖A − QR‖', residual(a!, times(q!, r!), recipe.dtype));
        sameR(recipe.kind, reference!, r!, a!, recipe.dtype);
      });
    };
    return { inputs: [x], params: { mode }, check };
  });

const qrTriangles = fc
  .record({
    n: size,
    count: fc.oneof(fc.constantFrom(2, 3), fc.integer({ min: 1, max: 8 })),
    kind: anyKind,
    mode: fc.constantFrom('reduced', 'r'),
    ...common,
  })
  .map(({ count, mode, n, ...recipe }): Case => {
    const triangles = Array.from({ length: count }, (_, c) => {
      const x = input({ ...recipe, m: n, n, seed: recipe.seed + c, lead: [] });
      for (let at = 0; at < x.size; at++) if (at % n < Math.floor(at / n)) x.data[at] = 0;
      return x;
    });
    const check: Case['check'] = (expected, actual) => {
      const parts = triangles.map((x) => matricesIn(x)[0]!.data);
      const all = dense(count * n, n, (i, j) => parts[i % count]![Math.floor(i / count) * n + j]!);
      const [r] = matricesIn(actual.at(-1)!);
      isUpper(r!);
      // RᵀR = AᵀA, so the norm of every column is that of A
      const bound = LIMIT * count * n * epsilon(recipe.dtype) * frobenius(all) + count * n * smallest(recipe.dtype);
      near('norms of columns', columnNorms(all), columnNorms(r!), bound);
      sameR(recipe.kind, matricesIn(expected.at(-1)!)[0]!, r!, all, recipe.dtype);
      if (mode === 'r') return;
      const [q] = matricesIn(actual[0]!);
      require30('‖QᵀQ − I‖', orthogonality(q!, recipe.dtype));
      require30('‖A − QR‖', residual(all, times(q!, r!), recipe.dtype));
    };
    return { inputs: triangles, params: { mode }, check };
  });

const qrPivoted = fc.record({ m: size, n: size, kind: anyKind, bad: spoilt, ...common }).map((recipe): Case => {
  const x = input(recipe);
  const check: Case['check'] = (expected, actual) => {
    if (isSpoilt([x], expected, actual)) return;
    const orders = vectorsIn(actual[2]!);
    eachMatrix([x, actual[0]!, actual[1]!], ([a, q, r], index) => {
      const order = orders[index]!;
      if (new Set(order).size !== a!.n) throw new Error(`the order of columns is no permutation: ${[...order]}`);
      isUpper(r!);
      const permuted = dense(a!.m, a!.n, (i, j) => a!.data[i * a!.n + order[j]!]!);
      require30('‖QᵀQ − I‖', orthogonality(q!, recipe.dtype));
      require30('‖AP − QR‖', residual(permuted, times(q!, r!), recipe.dtype));
      // pivoting: no element of row i of R is longer than the diagonal's, nor a later diagonal's
      const slack = 1 + 100 * Math.max(a!.m, a!.n) * epsilon(recipe.dtype);
      const least = 1e3 * Math.max(a!.m, a!.n) * epsilon(recipe.dtype) * frobenius(a!) + smallest(recipe.dtype);
      for (let i = 0; i < r!.m; i++) {
        for (let j = i + 1; j < a!.n; j++) {
          let rest = 0;
          for (let k = i; k <= Math.min(j, r!.m - 1); k++) rest = Math.hypot(rest, r!.data[k * a!.n + j]!);
          const head = Math.abs(r!.data[i * a!.n + i]!);
          if (rest > head * slack + least)
            throw new Error(`R's column ${j} is longer (${rest}) than the pivot ${i} (${head})`);
        }
      }
    });
  };
  return { inputs: [x], params: {}, check };
});

// ---- Systems

/** Rows that a solve of is well defined: the diagonal outweighs; `singular`: a column of zeros. */
const square = fc.record({ n: large, kind: fc.constantFrom<MatrixKind>('random', 'huge', 'tiny'), ...common });

/** The matrix with its diagonal made large, and, where asked, a column of zeros. */
function regular(singular: boolean) {
  return (a: Dense): Dense => {
    const most = a.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    return dense(a.n, a.n, (i, j) => {
      if (singular && j === a.n >> 1) return 0;
      return a.data[i * a.n + j]! / Math.sqrt(a.n) + (i === j ? 2 * most : 0);
    });
  };
}

function solved(a: Dense, x: Dense, b: Dense, dtype: DType): void {
  require30('‖b − Ax‖', residual(b, times(a, x), dtype, Math.max(frobenius(a) * frobenius(x), frobenius(b))));
}

const solve = fc
  .tuple(
    square,
    fc.constantFrom(0, 1, 2, 5, 16, 33, 65),
    fc.constantFrom('general', 'positive', 'lower', 'upper'),
    fc.record({
      transposed: fc.boolean(),
      unit: fc.boolean(),
      singular: fc.constantFrom(true, false, false, false, false, false),
    }),
  )
  .map(([recipe, k, assume, options]): Case => {
    const { dtype, lead, n } = recipe;
    const isTriangle = assume === 'lower' || assume === 'upper';
    const change = regular(options.singular);
    const symmetric = (a: Dense): Dense => {
      const one = change(a);
      return dense(n, n, (i, j) => one.data[Math.max(i, j) * n + Math.min(i, j)]! * (assume === 'positive' ? 1 : 1));
    };
    // a triangle of ones is as well conditioned as its rest is small
    const isUnit = isTriangle && options.unit;
    const a = input(
      isUnit ? { ...recipe, kind: 'random', m: n } : { ...recipe, m: n },
      assume === 'positive' ? symmetric : (b) => (isUnit ? scaledBy(change(b), 0.25) : change(b)),
    );
    const b = input({ ...recipe, m: n, n: k, kind: 'random', seed: recipe.seed + 1, lead });
    const check: Case['check'] = (_, [actual]) => {
      eachMatrix([a, b, actual!], ([full, right, x]) => {
        const seen = dense(n, n, (i, j) => {
          if (assume === 'positive') return full!.data[Math.max(i, j) * n + Math.min(i, j)]!;
          if (!isTriangle) return full!.data[i * n + j]!;
          if (isUnit && i === j) return 1;
          const [row, column] = options.transposed ? [j, i] : [i, j];
          return (assume === 'lower' ? row >= column : row <= column) ? full!.data[row * n + column]! : 0;
        });
        solved(seen, x!, right!, dtype);
      });
    };
    const params = isTriangle ? { assume, transposed: options.transposed, unit: options.unit } : { assume };
    return { inputs: [a, b], params, check };
  });

const inv = fc.tuple(square, fc.constantFrom(true, false, false, false, false)).map(([recipe, singular]): Case => {
  const x = input({ ...recipe, m: recipe.n }, regular(singular));
  const isFilled = singular && recipe.seed % 2 === 0;
  const check: Case['check'] = ([expected], [actual]) => {
    if (isFilled) return near('inverse', Array.from(expected!.data), Array.from(actual!.data), 0);
    eachMatrix([x, actual!], ([a, inverse]) => {
      const identity = dense(a!.n, a!.n, (i, j) => Number(i === j));
      const norms = frobenius(a!) * frobenius(inverse!);
      require30('‖A·A⁻¹ − I‖', residual(identity, times(a!, inverse!), recipe.dtype, Math.max(1, norms)));
    });
  };
  return { inputs: [x], params: isFilled ? { singular: 'infinite' } : {}, check };
});

/** det's relative error is n·ε·κ at most to first order; κ of these is below 10. */
function determinants(name: 'det' | 'slogdet') {
  return fc
    .tuple(fc.record({ n: size, ...common }), fc.constantFrom('regular', 'singular', 'integer', 'zero', 'nan'))
    .map(([recipe, what]): Case => {
      const kind = what === 'integer' || what === 'zero' ? what : 'random';
      const n = what === 'integer' ? Math.min(recipe.n, 5) : recipe.n;
      const bad = what === 'nan' ? Number.NaN : undefined;
      const change = kind === 'random' ? regular(what === 'singular') : (a: Dense): Dense => a;
      const x = input({ ...recipe, kind, m: n, n, bad }, change);
      const check: Case['check'] = (expected, actual) => {
        expected.forEach((array, o) => {
          Float64Array.from(array.data).forEach((value, i) => {
            const found = actual[o]!.data[i]!;
            if (Object.is(value, found) || value === found) return;
            const scale = name === 'det' ? Math.abs(value) + (what === 'integer' ? 3 ** n : 0) : Math.abs(value) + 1;
            const bound = LIMIT * 10 * n * epsilon(recipe.dtype) * scale;
            if (what === 'integer' && name === 'slogdet') return;
            if (!(Math.abs(value - found) <= bound))
              throw new Error(`output ${o}[${i}] is ${found}, the reference ${value}`);
          });
        });
      };
      return { inputs: [x], params: {}, check };
    });
}

/** The singular values of a square array. */
function valuesOf(array: NDArray): Float64Array {
  const n = array.shape[0]!;
  return svdReference(matrix(n, n, Float64Array.from(array.data)))!.s;
}

const lstsq = fc
  .record({
    m: size,
    n: size,
    k: fc.constantFrom(0, 1, 3, 17),
    kind: fc.constantFrom<MatrixKind>('random', 'deficient', 'zero', 'identity', 'huge', 'tiny', 'denormal', 'ones'),
    bad: spoilt,
    ...common,
  })
  .map(({ k, ...given }): Case => {
    const recipe = { ...given, lead: [] };
    const { m, n, dtype } = recipe;
    const a = input(recipe);
    // denormal matrices with sides as small, or no x is a number
    const sides = given.kind === 'denormal' ? given.kind : 'random';
    const b = input({ ...recipe, n: k, kind: sides, seed: recipe.seed + 1, bad: undefined });
    const limit = dtype === 'float64' ? 1e-12 : 1e-5;
    const check: Case['check'] = (expected, actual) => {
      const [x, left, rank] = expected.map(({ data }) => Float64Array.from(data)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const [s, found] = [expected[3]!, actual[3]!].map(valuesOf) as [Float64Array, Float64Array];
      if (rank[0] !== actual[2]!.data[0]) throw new Error(`the rank is ${actual[2]!.data[0]}, not ${rank[0]}`);
      const unit = LIMIT * Math.max(m, n) * epsilon(dtype);
      const most = s[0] ?? 0;
      near('singular values of r', s, found, unit * most + smallest(dtype));
      const least = s[rank[0]! - 1] ?? 1;
      const condition = most / least;
      const [sizeX, sizeB] = [frobenius({ data: x }), frobenius({ data: Float64Array.from(b.data) })];
      // Wedin's bound
      near('x', x, actual[0]!.data, unit * condition * (sizeX + (condition * sizeB) / (most || 1)) + smallest(dtype));
      const rest = unit * (most * sizeX + sizeB);
      near('residuals', left, actual[1]!.data, 2 * rest * Math.sqrt(Math.max(0, ...left)) + rest * rest);
    };
    return { inputs: [a, b], params: { limit }, check };
  });

// ---- Eigenvalues and singular values

const eigh = fc.record({ n: size, kind: anyKind, bad: spoilt, ...common }).map((recipe): Case => {
  const { dtype, n } = recipe;
  const x = input({ ...recipe, m: n });
  const check: Case['check'] = ([values], [actualValues, actualVectors]) => {
    const [all, found] = [vectorsIn(values!), vectorsIn(actualValues!)];
    eachMatrix([x, actualVectors!], ([full, z], i) => {
      const a = dense(n, n, (row, column) => full!.data[Math.max(row, column) * n + Math.min(row, column)]!);
      const most = Array.from(all[i] ?? []).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      near('values', all[i]!, found[i]!, LIMIT * n * epsilon(dtype) * most + smallest(dtype));
      for (let j = 1; j < n; j++) if (!(found[i]![j - 1]! <= found[i]![j]!)) throw new Error('values do not ascend');
      require30('‖ZᵀZ − I‖', orthogonality(z!, dtype));
      require30('‖AZ − ZΛ‖', residual(times(a, z!), timesDiagonal(z!, found[i]!), dtype, frobenius(a)));
    });
  };
  return { inputs: [x], params: {}, check };
});

function singular(hasVectors: boolean) {
  return fc
    .record({ m: size, n: size, kind: anyKind, relative: fc.boolean(), bad: spoilt, ...common })
    .map(({ relative, ...recipe }): Case => {
      const { dtype } = recipe;
      const x = input(recipe);
      const check: Case['check'] = (expected, actual) => {
        const at = hasVectors ? 1 : 0;
        const [all, found] = [vectorsIn(expected[at]!), vectorsIn(actual[at]!)];
        const n = Math.max(recipe.m, recipe.n);
        all.forEach((values, i) => {
          near('s', values, found[i]!, LIMIT * n * epsilon(dtype) * (values[0] ?? 0) + smallest(dtype));
          for (let j = 1; j < values.length; j++)
            if (!(found[i]![j - 1]! >= found[i]![j]!)) throw new Error('values do not descend');
          if (found[i]!.some((value) => !(value >= 0))) throw new Error('a value is negative');
        });
        if (!hasVectors) return;
        eachMatrix([x, actual[0]!, actual[2]!], ([a, u, vt], i) => {
          require30('‖UᵀU − I‖', orthogonality(u!, dtype));
          require30('‖VᵀV − I‖', orthogonality(transposed(vt!), dtype));
          require30('‖A − USVᵀ‖', residual(a!, times(timesDiagonal(u!, found[i]!), vt!), dtype));
        });
      };
      return { inputs: [x], params: relative ? { accuracy: 'relative' } : {}, check };
    });
}

export const linalgCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  cholesky,
  lu,
  qr,
  qrTriangles,
  qrPivoted,
  solve,
  inv,
  det: determinants('det'),
  slogdet: determinants('slogdet'),
  lstsq,
  eigh,
  svd: singular(true),
  svdvals: singular(false),
};
