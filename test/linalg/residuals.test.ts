/**
 * Factorisations by LAPACK's residuals, on every size from 1 to 70, around the borders of blocks beyond, and on matrices
 * that are hard: clustered and glued eigenvalues, graded over hundreds of magnitudes, deficient. Each call is that of a
 * kernel's WebAssembly body with exactly the scratch it asked for, garbage in it and a guard around it.
 */
import { describe, expect, it } from 'vitest';
import type { DType } from '../../dist/array/dtype.js';
import type { NDArray } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines } from '../kernels/harness.js';
import { epsilon, generator } from '../kernels/numbers.js';
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
  residual,
  stacked,
  times,
  timesDiagonal,
  transposed,
} from './matrices.js';

// the last is the relaxed build where the engine has one
const machine = machines.at(-1)!;
type Real = Extract<DType, 'float64' | 'float32'>;

function run(name: string, inputs: readonly NDArray[], params: KernelParams = {}): NDArray[] {
  return machine.run(kernels.get(name)!, inputs, params);
}

const arrayOf = (a: Dense, dtype: Real = 'float64'): NDArray => stacked([a], [], dtype, a.m, a.n);
const matrixIn = (x: NDArray): Dense => matricesIn(x)[0]!;

/** Every residual of what `name` makes of a matrix. */
const residuals: Readonly<Record<string, (x: NDArray, dtype: Real) => number[]>> = {
  lu(x, dtype) {
    const a = matrixIn(x);
    const [l, u] = run('lu', [x], { permuted: true }).map(matrixIn) as [Dense, Dense];
    return [residual(a, times(l, u), dtype, Math.max(frobenius(a), frobenius(u)))];
  },
  qr(x, dtype) {
    const [q, r] = run('qr', [x]).map(matrixIn) as [Dense, Dense];
    return [orthogonality(q, dtype), residual(matrixIn(x), times(q, r), dtype)];
  },
  qrPivoted(x, dtype) {
    const [first, second, order] = run('qrPivoted', [x]) as [NDArray, NDArray, NDArray];
    const [a, q] = [matrixIn(x), matrixIn(first)];
    const permuted = dense(a.m, a.n, (i, j) => a.data[i * a.n + order.data[j]!]!);
    return [orthogonality(q, dtype), residual(permuted, times(q, matrixIn(second)), dtype)];
  },
  svd(x, dtype) {
    const [first, s, second] = run('svd', [x]) as [NDArray, NDArray, NDArray];
    const [u, vt] = [matrixIn(first), matrixIn(second)];
    const values = Array.from(s.data);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(values.every((value) => value >= 0)).toBe(true);
    const alone = run('svdvals', [x])[0]!.data;
    const n = Math.max(u.m, vt.n);
    const apart = Math.max(0, ...values.map((value, i) => Math.abs(value - alone[i]!)));
    return [
      orthogonality(u, dtype),
      orthogonality(transposed(vt), dtype),
      residual(matrixIn(x), times(timesDiagonal(u, values), vt), dtype),
      apart === 0 ? 0 : apart / (n * epsilon(dtype) * values[0]!),
    ];
  },
  eigh(x, dtype) {
    const [values, vectors] = run('eigh', [x]) as [NDArray, NDArray];
    const z = matrixIn(vectors);
    const n = z.n;
    const full = matrixIn(x);
    const a = dense(n, n, (i, j) => full.data[Math.max(i, j) * n + Math.min(i, j)]!);
    const all = Array.from(values.data);
    expect(all).toEqual(all.toSorted((p, q) => p - q));
    return [orthogonality(z, dtype), residual(times(a, z), timesDiagonal(z, all), dtype, frobenius(a))];
  },
};

function check(name: string, a: Dense, what: string, dtype: Real = 'float64'): void {
  for (const value of residuals[name]!(arrayOf(a, dtype), dtype)) {
    expect(value, `${name} of ${what}, ${a.m} × ${a.n}, ${dtype}`).toBeLessThan(LIMIT);
  }
}

/** Of every size another kind, so that all kinds meet all positions within a block. */
const kindsAt = (n: number, count: number): MatrixKind[] =>
  Array.from({ length: count }, (_, i) => kinds[(n * 5 + i * 3) % kinds.length]!);

describe.each(Object.keys(residuals))('%s', (name) => {
  it('is backward stable at every size from 1 to 70', () => {
    for (let n = 1; n <= 70; n++) {
      const random = generator(n);
      for (const kind of kindsAt(n, 3)) {
        check(name, matrixOf(random, kind, n, n), kind);
        check(name, matrixOf(random, kind, n, n, true), kind, 'float32');
        if (name === 'eigh') continue;
        const other = 1 + ((n * 37) % 70);
        check(name, matrixOf(random, kind, n, other), kind);
      }
    }
  });

  it('is backward stable for single rows and columns', () => {
    if (name === 'eigh') return check(name, matrixOf(generator(1), 'random', 1, 1), 'one element');
    for (const kind of kinds) {
      for (const [m, n] of [
        [1, 70],
        [70, 1],
        [1, 300],
        [300, 1],
      ] as const) {
        check(name, matrixOf(generator(m), kind, m, n), kind);
      }
    }
  });

  it('is backward stable around the borders of blocks', () => {
    for (const n of [95, 96, 97, 127, 128, 129, 160, 191, 193, 255, 256, 257]) {
      const random = generator(n);
      for (const kind of kindsAt(n, n < 200 ? 2 : 1)) check(name, matrixOf(random, kind, n, n), kind);
      if (name !== 'eigh' && n < 200) check(name, matrixOf(random, 'random', n, 40), 'random');
      if (name !== 'eigh' && n < 200) check(name, matrixOf(random, 'random', 33, n), 'random');
    }
  });

  it.each(kinds)('takes matrices that are %s, at 64 and 100', (kind) => {
    for (const n of [64, 100]) check(name, matrixOf(generator(n), kind, n, n), kind);
  });
});

/** Tridiagonal symmetric from its diagonals. */
const tridiagonal = (d: readonly number[], e: readonly number[]): Dense =>
  dense(d.length, d.length, (i, j) => (i === j ? d[i]! : Math.abs(i - j) === 1 ? e[Math.min(i, j)]! : 0));

/** Wilkinson's W⁺: pairs of eigenvalues that agree to more and more digits. */
function wilkinson(n: number): { d: number[]; e: number[] } {
  const half = (n - 1) / 2;
  return { d: Array.from({ length: n }, (_, i) => Math.abs(half - i)), e: Array.from({ length: n - 1 }, () => 1) };
}

/** Copies of W⁺ of 21 rows joined by a tiny element: clusters as large as there are copies. */
function glued(copies: number, glue: number): Dense {
  const { d, e } = wilkinson(21);
  const diagonals = Array.from({ length: copies }, () => d).flat();
  const others = Array.from({ length: copies }, (_, i) => (i + 1 < copies ? [...e, glue] : e)).flat();
  return tridiagonal(diagonals, others);
}

/** Q·diag(values)·Qᵀ with a random Q. */
function withValues(random: () => number, values: readonly number[]): Dense {
  const n = values.length;
  const q = matrixIn(run('qr', [arrayOf(matrixOf(random, 'random', n, n))])[0]!);
  const a = times(timesDiagonal(q, values), transposed(q));
  return dense(n, n, (i, j) => a.data[Math.max(i, j) * n + Math.min(i, j)]!);
}

const range = (n: number, value: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => value(i));

/** Spectra that divide and conquer finds hard: clusters, equal values, all magnitudes. */
const spectra: Readonly<Record<string, (n: number) => number[]>> = {
  'two clusters': (n) => range(n, (i) => (i % 2 === 0 ? 1 : -1) * (1 + 1e-14 * i)),
  'one value but for one': (n) => range(n, (i) => (i === 0 ? 1 : 1e-16)),
  'all equal': (n) => range(n, () => 3),
  geometric: (n) => range(n, (i) => 10 ** ((-300 * i) / n)),
  'near ε': (n) => range(n, (i) => (i === 0 ? 1 : 2 ** -52 * (1 + i))),
  arithmetic: (n) => range(n, (i) => 1 - (i / n) * (1 - 2 ** -52)),
  'in steps of √ε': (n) => range(n, (i) => 1 + 1.5e-8 * i),
};

describe('eigh of what is hard', () => {
  it('Wilkinson, single and glued', () => {
    for (const n of [21, 41, 101, 201]) {
      const { d, e } = wilkinson(n);
      check('eigh', tridiagonal(d, e), `W⁺ of ${n}`);
    }
    for (const glue of [1e-2, 1e-8, 1e-11, 1e-14, 1e-16, 1e-300, 0]) check('eigh', glued(7, glue), `glued by ${glue}`);
    check('eigh', glued(15, 1e-14), 'fifteen glued');
  });

  it.each(Object.keys(spectra))('a spectrum of %s', (name) => {
    for (const n of [40, 65, 150]) check('eigh', withValues(generator(n), spectra[name]!(n)), name);
  });

  it('tridiagonal matrices as they are', () => {
    for (const n of [33, 64, 65, 130]) {
      check(
        'eigh',
        tridiagonal(
          range(n, () => 2),
          range(n - 1, () => -1),
        ),
        'second differences',
      );
      check(
        'eigh',
        tridiagonal(
          range(n, () => 0),
          range(n - 1, () => 1),
        ),
        'zero diagonal',
      );
      check(
        'eigh',
        tridiagonal(
          range(n, (i) => 10 ** (-i * 2)),
          range(n - 1, (i) => 10 ** (-i * 2 - 1)),
        ),
        'graded',
      );
      check(
        'eigh',
        tridiagonal(
          range(n, (i) => 10 ** (i * 2 - n)),
          range(n - 1, (i) => 10 ** (i * 2 - n)),
        ),
        'graded upwards',
      );
      check(
        'eigh',
        tridiagonal(
          range(n, () => 1),
          range(n - 1, (i) => (i % 3 === 0 ? 0 : 1e-15)),
        ),
        'nearly diagonal',
      );
      check(
        'eigh',
        tridiagonal(
          range(n, (i) => i % 2),
          range(n - 1, () => 1e-9),
        ),
        'two clusters',
      );
    }
  });

  it('has the values of second differences, 2 − 2cos(kπ/(n + 1))', () => {
    const n = 200;
    const a = tridiagonal(
      range(n, () => 2),
      range(n - 1, () => -1),
    );
    const values = run('eigh', [arrayOf(a)])[0]!.data;
    for (let k = 1; k <= n; k++) {
      const exact = 4 * Math.sin((k * Math.PI) / (2 * (n + 1))) ** 2;
      expect(Math.abs(values[k - 1]! - exact)).toBeLessThan(LIMIT * n * 2 ** -52 * 4);
    }
  });
});

/** Upper bidiagonal. */
const bidiagonal = (d: readonly number[], e: readonly number[]): Dense =>
  dense(d.length, d.length, (i, j) => (i === j ? d[i]! : j === i + 1 ? e[i]! : 0));

describe('svd of what is hard', () => {
  it.each(Object.keys(spectra))('singular values that are %s', (name) => {
    for (const [m, n] of [
      [40, 40],
      [65, 65],
      [150, 150],
      [150, 60],
      [60, 150],
    ] as const) {
      const random = generator(m * n);
      const k = Math.min(m, n);
      const [q, p] = [m, n].map((rows) => matrixIn(run('qr', [arrayOf(matrixOf(random, 'random', rows, k))])[0]!));
      check('svd', times(timesDiagonal(q!, spectra[name]!(k).map(Math.abs)), transposed(p!)), name);
    }
  });

  it('bidiagonal matrices as they are', () => {
    for (const n of [33, 64, 65, 66, 130]) {
      check(
        'svd',
        bidiagonal(
          range(n, () => 1),
          range(n - 1, () => 1),
        ),
        'ones',
      );
      check(
        'svd',
        bidiagonal(
          range(n, () => 0),
          range(n - 1, () => 1),
        ),
        'zero diagonal',
      );
      check(
        'svd',
        bidiagonal(
          range(n, (i) => (i === n >> 1 ? 0 : 1)),
          range(n - 1, () => 0.5),
        ),
        'a zero in the middle',
      );
      check(
        'svd',
        bidiagonal(
          range(n, (i) => (i === n - 1 ? 0 : 1)),
          range(n - 1, () => 0.5),
        ),
        'a zero at the end',
      );
      check(
        'svd',
        bidiagonal(
          range(n, (i) => 10 ** (-2 * i)),
          range(n - 1, (i) => 10 ** (-2 * i - 1)),
        ),
        'graded',
      );
      check(
        'svd',
        bidiagonal(
          range(n, (i) => 10 ** (2 * i - n)),
          range(n - 1, (i) => 10 ** (2 * i - n)),
        ),
        'graded upwards',
      );
      check(
        'svd',
        bidiagonal(
          range(n, () => 1),
          range(n - 1, () => 1e-15),
        ),
        'nearly the identity',
      );
      check(
        'svd',
        bidiagonal(
          range(n, (i) => 1 + (i % 2)),
          range(n - 1, () => 1e-9),
        ),
        'two clusters',
      );
      check(
        'svd',
        bidiagonal(
          range(n, () => 1e-8),
          range(n - 1, () => 1),
        ),
        'nearly singular, n − 1 times',
      );
    }
  });

  it('finds small values to many digits where that is asked for', () => {
    // columns of random directions and sizes 10^−4j: Jacobi's rotations keep each column's digits
    for (const n of [5, 12, 20, 40]) {
      const random = generator(n);
      const a = matrixOf(random, 'random', n + 10, n);
      const d = range(n, (j) => 2 ** (-13 * j));
      const b = timesDiagonal(a, d);
      const [relative] = run('svdvals', [arrayOf(b)], { accuracy: 'relative' });
      // as right as the values of the matrix with its columns and rows the other way round
      const turned = dense(b.n, b.m, (j, i) => b.data[(b.m - 1 - i) * b.n + (b.n - 1 - j)]!);
      const [again] = run('svdvals', [arrayOf(turned)], { accuracy: 'relative' });
      relative!.data.forEach((value, i) => {
        expect(Math.abs(value - again!.data[i]!) / value, `value ${i} of ${n}: ${value}`).toBeLessThan(1e-11);
      });
    }
  });
});
