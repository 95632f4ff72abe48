/**
 * Systems that elimination alone solves badly, judged by the backward error of each row, ω = max |b − Ax|ᵢ/(|A||x| + |b|)ᵢ
 * (Oettli & Prager 1964): the reference, which does not refine, is the measure of how bad. And what must not become a wrong
 * number: singular, indefinite, spoilt systems, whichever element it is and however the work is split.
 */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import type { KernelParams } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { machines, runJs } from '../kernels/harness.js';
import { epsilon, generator } from '../kernels/numbers.js';
import { type Dense, dense, matricesIn, matrixOf, stacked, times } from './matrices.js';

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
