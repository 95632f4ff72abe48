/**
 * Systems that elimination alone solves badly, judged by the backward error of each row, ω = max |b − Ax|ᵢ/(|A||x| + |b|)ᵢ
 * (Oettli & Prager 1964): the reference, which does not refine, is the measure of how bad. And what must not become a wrong
 * number: singular, indefinite, spoilt systems, whichever element it is and however the work is split.
 */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { LinearAlgebraError } from '../../dist/errors.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines, runJs } from '../kernels/harness.js';
import { epsilon, generator } from '../kernels/numbers.js';
import { type Dense, dense, frobenius, matricesIn, matrixOf, minus, stacked, times, transposed } from './matrices.js';

type Real = 'float64' | 'float32';

const arrayOf = (a: Dense, dtype: Real = 'float64'): NDArray => stacked([a], [], dtype, a.m, a.n);
const matrixIn = (x: NDArray): Dense => matricesIn(x)[0]!;

/** The largest ω of a column; sums in pairs of float64, which is more than float32 needs and enough for float64. */
function backwardError(a: Dense, x: Dense, b: Dense): number {
  let most = 0;
  for (let j = 0; j < b.n; j++) {
    for (let i = 0; i < a.m; i++) {
      let rest = b.data[i * b.n + j]!;
      let size = Math.abs(rest);
      for (let l = 0; l < a.n; l++) {
        const product = a.data[i * a.n + l]! * x.data[l * b.n + j]!;
        rest -= product;
        size += Math.abs(product);
      }
      most = Math.max(most, size === 0 ? 0 : Math.abs(rest) / size);
    }
  }
  return most;
}

const solve = kernels.get('solve')!;

describe.each(machines)('refinement on $build', (machine) => {
  const run = (inputs: readonly NDArray[], params: KernelParams = {}): Dense =>
    matrixIn(machine.run(solve, inputs, params)[0]!);

  it.each([1, 3, 8, 9, 40])('makes rows of all scales as right as the largest, with %i sides', (k) => {
    for (const dtype of ['float64', 'float32'] as const) {
      for (const n of [10, 63, 64, 65, 150]) {
        const random = generator(n + k);
        const span = dtype === 'float64' ? 200 : 25;
        const scales = Array.from({ length: n }, () => 10 ** (span * (random() - 0.5)));
        const even = matrixOf(random, 'random', n, n);
        const x = arrayOf(
          dense(n, n, (i, j) => even.data[i * n + j]! * scales[i]!),
          dtype,
        );
        const y = arrayOf(
          dense(n, k, (i) => (2 * random() - 1) * scales[i]!),
          dtype,
        );
        const [a, b] = [matrixIn(x), matrixIn(y)];
        const found = backwardError(a, run([x, y]), b);
        expect(found, `${dtype}, ${n}`).toBeLessThan(4 * n * epsilon(dtype));
        if (dtype === 'float32') continue;
        // without refinement rows that were taken too early are wrong by orders of magnitude
        const [rough] = runJs(solve, [x, y], {});
        if (n >= 63) expect(backwardError(a, matrixIn(rough!), b), `${n} without`).toBeGreaterThan(20 * found);
      }
    }
  });

  it('repairs what Wilkinson’s matrix loses to growth', () => {
    // partial pivoting doubles the last column at every step: 2ⁿ⁻¹
    const n = 50;
    const a = dense(n, n, (i, j) => (j === n - 1 || i === j ? 1 : i > j ? -1 : 0));
    const x = matrixOf(generator(3), 'random', n, 1);
    const b = times(a, x);
    const found = run([arrayOf(a), arrayOf(b)]);
    const [rough] = runJs(solve, [arrayOf(a), arrayOf(b)], {});
    expect(backwardError(a, found, b)).toBeLessThan(n * 2 ** -52);
    expect(backwardError(a, matrixIn(rough!), b)).toBeGreaterThan(1e-6);
  });
});

const allFinite = (x: NDArray): boolean => x.data.every((value) => Number.isFinite(value));

/** Around blocks of 8, 16, 32 and 64, in the first, a middle and the last of them. */
const places = [0, 7, 8, 31, 32, 63, 64, 65, 99];
const machine = machines.at(-1)!;
const call = (name: string, inputs: readonly NDArray[], params: KernelParams = {}): NDArray[] =>
  machine.run(kernels.get(name)!, inputs, params);

describe('what must not become a wrong number', () => {
  const n = 100;
  const random = generator(7);
  const base = matrixOf(random, 'random', n, n);
  const sides = arrayOf(matrixOf(random, 'random', n, 2));
  const positive = dense(
    n,
    n,
    (i, j) => base.data[Math.max(i, j) * n + Math.min(i, j)]! + (i === j ? 3 * Math.sqrt(n) : 0),
  );

  it('a zero column, wherever it is, is singular', () => {
    for (const place of places) {
      const x = arrayOf(dense(n, n, (i, j) => (j === place ? 0 : base.data[i * n + j]!)));
      for (const name of ['solve', 'inv']) {
        expect(() => call(name, name === 'solve' ? [x, sides] : [x]), `${name} ${place}`).toThrow(LinearAlgebraError);
      }
      expect(Math.abs(call('det', [x])[0]!.data[0]!)).toBe(0);
      expect(call('slogdet', [x]).map(({ data }) => data[0])).toEqual([0, Number.NEGATIVE_INFINITY]);
      expect(call('inv', [x], { singular: 'infinite' })[0]!.data.every((value) => value === Infinity)).toBe(true);
      const [, , rank] = call('lstsq', [x, sides], { limit: 1e-12 });
      expect(rank!.data[0]).toBe(n - 1);
    }
  });

  it('a zero on the diagonal of a triangle is singular, unless it is not read', () => {
    for (const place of places) {
      const x = arrayOf(dense(n, n, (i, j) => (i === j && i === place ? 0 : positive.data[i * n + j]!)));
      for (const assume of ['lower', 'upper']) {
        expect(() => call('solve', [x, sides], { assume })).toThrow(/singular/);
        const [solution] = call('solve', [x, sides], { assume, unit: true });
        expect(solution!.data.some(Number.isNaN)).toBe(false);
      }
    }
  });

  it('one negative pivot, wherever it is, is not positive definite', () => {
    for (const place of places) {
      const x = arrayOf(dense(n, n, (i, j) => positive.data[i * n + j]! * (i === j && i === place ? -1 : 1)));
      expect(() => call('cholesky', [x]), `cholesky ${place}`).toThrow(/not positive definite/);
      expect(() => call('solve', [x, sides], { assume: 'positive' })).toThrow(/not positive definite/);
    }
    // semidefinite: a pivot of exactly zero
    const ones = arrayOf(dense(n, n, () => 1));
    expect(() => call('cholesky', [ones])).toThrow(/not positive definite/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%d never disappears', (bad) => {
    for (const row of places) {
      for (const column of [0, 33, row, 99]) {
        const spoilt = (a: Dense): NDArray =>
          arrayOf(dense(n, n, (i, j) => (i === row && j === column ? bad : a.data[i * n + j]!)));
        const where = `${bad} at ${row}, ${column}`;
        const x = spoilt(base);
        const [, r] = call('qr', [x]);
        expect(allFinite(r!), `qr, ${where}`).toBe(false);
        expect(allFinite(call('qrPivoted', [x])[1]!), `qrPivoted, ${where}`).toBe(false);
        const [, l, u] = call('lu', [x]);
        expect(allFinite(l!) && allFinite(u!), `lu, ${where}`).toBe(false);
        expect(allFinite(call('det', [x])[0]!), `det, ${where}`).toBe(false);
        expect(() => call('lstsq', [x, sides], { limit: 1e-12 }), `lstsq, ${where}`).toThrow(/NaN or infinite/);
        // the upper triangle is not read; √∞ is a pivot like another
        if (row < column) expect(allFinite(call('cholesky', [spoilt(positive)])[0]!)).toBe(true);
        else if (row === column && bad > 0) expect(allFinite(call('cholesky', [spoilt(positive)])[0]!)).toBe(false);
        else expect(() => call('cholesky', [spoilt(positive)]), `cholesky, ${where}`).toThrow(/not positive/);
        if (!Number.isNaN(bad)) continue;
        expect(allFinite(call('solve', [x, sides])[0]!), `solve, ${where}`).toBe(false);
        expect(allFinite(call('inv', [x])[0]!), `inv, ${where}`).toBe(false);
      }
    }
  });

  it('a spoilt right-hand side spoils its own column only', () => {
    const k = 3;
    const b = arrayOf(dense(n, k, (i, j) => (i === 40 && j === 1 ? Number.NaN : i - j)));
    for (const params of [{}, { assume: 'positive' }, { assume: 'lower' }]) {
      const [x] = call('solve', [arrayOf(positive), b], params);
      const column = (j: number): number[] => Array.from({ length: n }, (_, i) => x!.data[i * k + j]!);
      expect(column(0).every(Number.isFinite)).toBe(true);
      expect(column(2).every(Number.isFinite)).toBe(true);
      expect(column(1).some(Number.isNaN)).toBe(true);
    }
  });
});

describe('rank without singular values', () => {
  it('is the number of those above the limit, on both sides of it', () => {
    const n = 40;
    const random = generator(11);
    const [q, p] = [0, 1].map(() => matrixIn(call('qr', [arrayOf(matrixOf(random, 'random', n, n))])[0]!)) as [
      Dense,
      Dense,
    ];
    for (const least of [1e-3, 1e-8, 1e-11, 3e-12, 1.0001e-12, 0.9999e-12, 3e-13, 1e-14, 0]) {
      for (const m of [n, 3 * n]) {
        const diagonal = dense(n, n, (i, j) => (i === j ? (i === n - 1 ? least : 1 - i / n) : 0));
        const square = times(times(q, diagonal), transposed(p));
        const a = dense(m, n, (i, j) => square.data[(i % n) * n + j]!);
        const b = matrixOf(random, 'random', m, 1);
        for (const [x, y] of [
          [a, b],
          [transposed(a), matrixOf(random, 'random', n, 1)],
        ] as const) {
          const [solution, , rank, r] = call('lstsq', [arrayOf(x), arrayOf(y)], { limit: 1e-12 }) as [
            NDArray,
            NDArray,
            NDArray,
            NDArray,
          ];
          const [s] = call('svdvals', [r]);
          // within rounding of the limit either is right
          if (Math.abs(least / 1e-12 - 1) > 1e-2) {
            expect(rank.data[0], `least ${least}`).toBe(s!.data.filter((value) => value > 1e-12 * s!.data[0]!).length);
            expect(rank.data[0], `least ${least}`).toBe(least > 1e-12 ? n : n - 1);
          }
          // what is left has nothing along the columns, so far as the rank goes
          const rest = minus(y, times(x, matrixIn(solution)));
          const along = frobenius(times(transposed(x), rest));
          const size = frobenius(x) * (frobenius(y) + frobenius(x) * frobenius(matrixIn(solution)));
          expect(along / size).toBeLessThan(1e-11);
        }
      }
    }
  });
});
