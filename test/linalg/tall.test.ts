/**
 * Matrices much taller than wide, which are factored in chunks of rows: LAPACK's residuals, LAPACK's signs, least squares, and
 * R alone the same as R beside Q. Sizes are those around which a chunk, or a level of chunks, begins.
 */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { svdReference } from '../../dist/kernels/linalg/reference.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines } from '../kernels/harness.js';
import { epsilon, generator } from '../kernels/numbers.js';
import {
  type Dense,
  dense,
  frobenius,
  kinds,
  LIMIT,
  matricesIn,
  matrixOf,
  orthogonality,
  residual,
  stacked,
  times,
  transposed,
} from './matrices.js';

type Real = 'float64' | 'float32';

const arrayOf = (a: Dense, dtype: Real = 'float64'): NDArray => stacked([a], [], dtype, a.m, a.n);
const matrixIn = (x: NDArray): Dense => matricesIn(x)[0]!;
const [qr, lstsq] = [kernels.get('qr')!, kernels.get('lstsq')!];

describe.each(machines)('tall matrices on $build', (machine) => {
  const factors = (x: NDArray): [Dense, Dense] => machine.run(qr, [x], {}).map(matrixIn) as [Dense, Dense];

  it.each([
    [1023, 2],
    [1024, 2],
    [1025, 3],
    [1280, 7],
    [2049, 31],
    [2047, 32],
    [2700, 33],
    [3300, 50],
    // two levels: the chunks' R are tall again
    [9000, 30],
  ])('QR of %i × %i has LAPACK’s residuals and signs', (m, n) => {
    for (const dtype of ['float64', 'float32'] as const) {
      const x = arrayOf(matrixOf(generator(m), 'random', m, n), dtype);
      const [q, r] = factors(x);
      expect(orthogonality(q, dtype)).toBeLessThan(LIMIT);
      expect(residual(matrixIn(x), times(q, r), dtype)).toBeLessThan(LIMIT);
      const [alone] = machine.run(qr, [x], { mode: 'r' });
      expect(matrixIn(alone!).data).toEqual(r.data);
      if (m > 3000) continue;
      const expected = thinReference(matrixIn(x));
      r.data.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!), `R[${i}]`).toBeLessThan(LIMIT * n * epsilon(dtype) * frobenius(r));
      });
    }
  });

  it.each(kinds)('QR of one that is %s', (kind) => {
    for (const [m, n] of [
      [1300, 9],
      [1400, 40],
    ] as const) {
      const x = arrayOf(matrixOf(generator(n), kind, m, n));
      const [q, r] = factors(x);
      expect(orthogonality(q, 'float64')).toBeLessThan(LIMIT);
      expect(residual(matrixIn(x), times(q, r), 'float64')).toBeLessThan(LIMIT);
    }
  });

  it('keeps a column that needs no reflection, as LAPACK does', () => {
    const [q, r] = factors(arrayOf(matrixOf(generator(1), 'identity', 1100, 5)));
    expect(r.data).toEqual(matrixOf(generator(1), 'identity', 5, 5).data);
    expect(q.data.filter((value) => value !== 0)).toEqual(new Float64Array(5).fill(1));
  });

  it.each([
    [1100, 4, 1],
    [1100, 4, 6],
    [2500, 33, 3],
    [1100, 4, 0],
  ])('least squares of %i × %i with %i right-hand sides', (m, n, k) => {
    for (const dtype of ['float64', 'float32'] as const) {
      const random = generator(m + k);
      const x = arrayOf(matrixOf(random, 'random', m, n), dtype);
      const y = arrayOf(matrixOf(random, 'random', m, k), dtype);
      const [a, b] = [matrixIn(x), matrixIn(y)];
      const [solution, left, rank, r] = machine.run(lstsq, [x, y], { limit: 1e-6 }) as [
        NDArray,
        NDArray,
        NDArray,
        NDArray,
      ];
      const found = matrixIn(solution);
      const rest = times(a, found).data.map((value, i) => b.data[i]! - value);
      // what is left is orthogonal to the columns
      const along = times(transposed(a), { m, n: k, data: rest });
      expect(frobenius(along)).toBeLessThan(
        LIMIT * m * epsilon(dtype) * frobenius(a) * frobenius(b) + Number.MIN_VALUE,
      );
      expect(rank.data[0]).toBe(n);
      for (let j = 0; j < k; j++) {
        let sum = 0;
        for (let i = 0; i < m; i++) sum += rest[i * k + j]! ** 2;
        expect(Math.abs(left.data[j]! / sum - 1)).toBeLessThan(LIMIT * m * epsilon(dtype));
      }
      const values = svdReference({ rows: n, columns: n, data: matrixIn(r).data })!.s;
      const gram = times(transposed(a), a);
      const squares = svdReference({ rows: n, columns: n, data: gram.data })!.s;
      values.forEach((value, i) => {
        expect(Math.abs(value - Math.sqrt(squares[i]!))).toBeLessThan(LIMIT * m * epsilon(dtype) * values[0]!);
      });
    }
  });

  it('sees that columns depend on each other', () => {
    const random = generator(5);
    const a = times(matrixOf(random, 'random', 1200, 3), matrixOf(random, 'random', 3, 7));
    const b = matrixOf(random, 'random', 1200, 1);
    const [solution, left, rank] = machine.run(lstsq, [arrayOf(a), arrayOf(b)], { limit: 1e-12 }) as [
      NDArray,
      NDArray,
      NDArray,
    ];
    expect(rank.data[0]).toBe(3);
    const x = matrixIn(solution);
    const rest = times(a, x).data.map((value, i) => b.data[i]! - value);
    expect(frobenius(times(transposed(a), { m: 1200, n: 1, data: rest }))).toBeLessThan(1e-9);
    expect(left.data[0]).toBeCloseTo(frobenius({ data: rest }) ** 2, 8);
    // of least norm: in the span of the rows
    const [u] = machine.run(kernels.get('svd')!, [arrayOf(transposed(a))], {});
    const basis = dense(7, 3, (i, j) => matrixIn(u!).data[i * u!.shape[1]! + j]!);
    const inside = times(basis, times(transposed(basis), x));
    x.data.forEach((value, i) => {
      expect(Math.abs(value - inside.data[i]!)).toBeLessThan(1e-11 * frobenius(x));
    });
  });
});

/** R (n × n) by Householder's reflections one by one, with LAPACK's signs; no Q, which qrReference would make m × m. */
function thinReference(a: Dense): Float64Array {
  const { m, n } = a;
  const data = a.data.slice();
  for (let j = 0; j < n; j++) {
    let size = 0;
    for (let i = j; i < m; i++) size = Math.hypot(size, data[i * n + j]!);
    const alpha = data[j * n + j]!;
    const beta = alpha < 0 ? size : -size;
    const tau = (beta - alpha) / beta;
    for (let i = j + 1; i < m; i++) data[i * n + j]! /= alpha - beta;
    for (let k = j + 1; k < n; k++) {
      let sum = data[j * n + k]!;
      for (let i = j + 1; i < m; i++) sum += data[i * n + j]! * data[i * n + k]!;
      data[j * n + k]! -= tau * sum;
      for (let i = j + 1; i < m; i++) data[i * n + k]! -= tau * sum * data[i * n + j]!;
    }
    data[j * n + j] = beta;
  }
  return Float64Array.from({ length: n * n }, (_, at) => (at % n < Math.floor(at / n) ? 0 : data[at]!));
}
