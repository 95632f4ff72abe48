/**
 * Factorisations and systems around the borders of their blocks up to 1000, where recursions are deepest and strips, panels and
 * packed blocks end within each other. Residuals cost O(n²): what should be zero is applied to a random vector. Both dtypes.
 */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines } from '../kernels/harness.js';
import { epsilon, generator } from '../kernels/numbers.js';
import {
  type Dense,
  dense,
  frobenius,
  LIMIT,
  matricesIn,
  matrixOf,
  minus,
  stacked,
  times,
  transposed,
} from './matrices.js';

type Real = 'float64' | 'float32';

// the last is the relaxed build where the engine has one
const machine = machines.at(-1)!;
const run = (name: string, inputs: readonly NDArray[], params = {}): NDArray[] =>
  machine.run(kernels.get(name)!, inputs, params);
const arrayOf = (a: Dense, dtype: Real): NDArray => stacked([a], [], dtype, a.m, a.n);
const matrixIn = (x: NDArray): Dense => matricesIn(x)[0]!;

/** ‖A·y − F₁·F₂…·y‖/(‖A‖·‖y‖·n·ε) for a random y. */
function residualOf(a: Dense, factors: readonly Dense[], dtype: Real, size = frobenius(a)): number {
  const y = matrixOf(generator(a.n), 'random', a.n, 1);
  const product = factors.reduceRight((vector, factor) => times(factor, vector), y);
  return frobenius(minus(times(a, y), product)) / (size * frobenius(y) * Math.max(a.m, a.n) * epsilon(dtype));
}

function orthogonalityOf(q: Dense, dtype: Real): number {
  const y = matrixOf(generator(q.n + 1), 'random', q.n, 1);
  return frobenius(minus(times(transposed(q), times(q, y)), y)) / (frobenius(y) * q.m * epsilon(dtype));
}

/** Between 256 and 1000, one beside each power of two, KC and MC of the product, and multiples of the panels. */
const sizes = [257, 383, 385, 447, 511, 512, 513, 640, 767, 801, 895, 897, 999, 1000];

describe.each(sizes)('%i × %i', (n) => {
  // sizes take turns, so that both dtypes meet odd ones and powers of two
  const dtype: Real = sizes.indexOf(n) % 3 === 1 ? 'float32' : 'float64';
  const random = generator(n);
  const x = arrayOf(matrixOf(random, 'random', n, n), dtype);
  const a = matrixIn(x);

  it('Cholesky', () => {
    const full = dense(
      n,
      n,
      (i, j) => a.data[Math.max(i, j) * n + Math.min(i, j)]! + (i === j ? 1.5 * Math.sqrt(n) : 0),
    );
    const positive = matrixIn(arrayOf(full, dtype));
    const l = matrixIn(run('cholesky', [arrayOf(full, dtype)])[0]!);
    expect(residualOf(positive, [l, transposed(l)], dtype)).toBeLessThan(LIMIT);
    expect(l.data.every((value, at) => at % n <= Math.floor(at / n) || value === 0)).toBe(true);
  });

  it('LU', () => {
    const [p, l, u] = run('lu', [x]).map(matrixIn) as [Dense, Dense, Dense];
    expect(residualOf(a, [p, l, u], dtype, Math.max(frobenius(a), frobenius(u)))).toBeLessThan(LIMIT);
    expect(l.data.every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it('QR, with and without pivoting', () => {
    const [q, r] = run('qr', [x]).map(matrixIn) as [Dense, Dense];
    expect(orthogonalityOf(q, dtype)).toBeLessThan(LIMIT);
    expect(residualOf(a, [q, r], dtype)).toBeLessThan(LIMIT);
    const [pq, pr, order] = run('qrPivoted', [x]) as [NDArray, NDArray, NDArray];
    const columns = dense(n, n, (i, j) => a.data[i * n + order.data[j]!]!);
    const upper = matrixIn(pr);
    expect(orthogonalityOf(matrixIn(pq), dtype)).toBeLessThan(LIMIT);
    expect(residualOf(columns, [matrixIn(pq), upper], dtype)).toBeLessThan(LIMIT);
    const diagonal = Array.from({ length: n }, (_, i) => Math.abs(upper.data[i * (n + 1)]!));
    expect(diagonal.every((value, i) => i === 0 || value < diagonal[i - 1]! * (1 + 1e-5))).toBe(true);
  });

  it('systems, inverses and least squares', () => {
    const y = arrayOf(matrixOf(random, 'random', n, 3), dtype);
    const b = matrixIn(y);
    const s = matrixIn(run('solve', [x, y])[0]!);
    expect(frobenius(minus(times(a, s), b)) / (frobenius(a) * frobenius(s) * n * epsilon(dtype))).toBeLessThan(LIMIT);
    const inverse = matrixIn(run('inv', [x])[0]!);
    const size = frobenius(a) * frobenius(inverse);
    const identity = dense(n, n, (i, j) => Number(i === j));
    expect(residualOf(identity, [inverse, a], dtype, size)).toBeLessThan(LIMIT);
    const tall = dense(n, n >> 1, (i, j) => a.data[i * n + j]!);
    for (const [matrix, sides] of [
      [tall, b],
      [transposed(tall), dense(n >> 1, 3, (i, j) => b.data[i * 3 + j]!)],
    ] as const) {
      const [found, , rank] = run('lstsq', [arrayOf(matrix, dtype), arrayOf(sides, dtype)], { limit: 1e-6 });
      const solution = matrixIn(found!);
      expect(rank!.data[0]).toBe(n >> 1);
      const rest = minus(sides, times(matrix, solution));
      const scale = frobenius(matrix) * (frobenius(matrix) * frobenius(solution) + frobenius(sides));
      expect(frobenius(times(transposed(matrix), rest)) / (scale * n * epsilon(dtype))).toBeLessThan(LIMIT);
    }
  });

  it('triangles on the left, upper, lower and transposed', () => {
    const k = 5;
    const y = arrayOf(matrixOf(random, 'random', n, k), dtype);
    const strong = arrayOf(
      dense(n, n, (i, j) => a.data[i * n + j]! / n + Number(i === j)),
      dtype,
    );
    const t = matrixIn(strong);
    for (const assume of ['lower', 'upper'] as const) {
      const triangle = dense(n, n, (i, j) => ((assume === 'lower' ? i >= j : i <= j) ? t.data[i * n + j]! : 0));
      for (const isTransposed of [false, true]) {
        const s = matrixIn(run('solve', [strong, y], { assume, transposed: isTransposed })[0]!);
        const used = isTransposed ? transposed(triangle) : triangle;
        const rest = minus(times(used, s), matrixIn(y));
        expect(frobenius(rest) / (frobenius(used) * frobenius(s) * n * epsilon(dtype))).toBeLessThan(LIMIT);
      }
    }
  });
});
