/** Residuals of large factorisations on a random vector, which cost O(n²): what should be zero or orthogonal, applied to it. */
import { expect } from 'vitest';
import { type Dense, dense, frobenius, LIMIT, times, transposed } from './matrices.js';

const column = (random: () => number, n: number): Dense => dense(n, 1, () => 2 * random() - 1);

/** ‖QᵀQx − x‖ of a random x, in units of ‖x‖·m·ε. */
export function isOrthogonal(q: Dense, random: () => number, eps: number, what = ''): void {
  const x = column(random, q.n);
  const back = times(transposed(q), times(q, x));
  const wrong = frobenius({ data: back.data.map((value, i) => value - x.data[i]!) });
  expect(wrong / (frobenius(x) * q.m * eps), what).toBeLessThan(LIMIT);
}

/** ‖A·x − F₁·F₂…·x‖ of a random x, in units of ‖A‖·‖x‖·n·ε. */
export function isProduct(a: Dense, factors: readonly Dense[], random: () => number, eps: number, what = ''): void {
  const x = column(random, a.n);
  const expected = times(a, x);
  const actual = factors.reduceRight((y, factor) => times(factor, y), x);
  const wrong = frobenius({ data: expected.data.map((value, i) => value - actual.data[i]!) });
  const size = frobenius(a) * frobenius(x) * Math.max(a.m, a.n) * eps;
  expect(size === 0 ? wrong : wrong / size, what).toBeLessThan(LIMIT);
}
