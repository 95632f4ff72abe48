/** Cases of the kernels that work on tiles: triangles on the right, with pivots that are zero or rounding error too. */
import fc from 'fast-check';
import {
  type Dense,
  dense,
  frobenius,
  matricesIn,
  matrixOf,
  require30,
  residual,
  stacked,
  times,
} from '../linalg/matrices.js';
import type { Case } from './cases.js';
import { epsilon, generator } from './numbers.js';

const solveRight = fc
  .record({
    m: fc.constantFrom(0, 1, 2, 7, 16, 33, 65, 130),
    n: fc.constantFrom(0, 1, 2, 5, 8, 31, 64, 65, 96, 129),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    dtype: fc.constantFrom<'float64' | 'float32'>('float64', 'float32'),
    triangle: fc.constantFrom<'lower' | 'upper'>('lower', 'upper'),
    singular: fc.constantFrom('error', 'zero'),
    pivot: fc.constantFrom('regular', 'regular', 'zero', 'noise'),
  })
  .map(({ m, n, seed, dtype, triangle, singular, pivot }): Case => {
    const random = generator(seed);
    const single = dtype === 'float32';
    const isUpper = triangle === 'upper';
    const at = n >> 1;
    const full = matrixOf(random, 'random', n, n, single);
    const t = dense(n, n, (i, j) => {
      if (i !== j) return full.data[i * n + j]! / Math.sqrt(n);
      if (i !== at || pivot === 'regular' || (pivot === 'noise' && at === 0))
        return 4 + Math.abs(full.data[i * n + j]!);
      return pivot === 'zero' ? 0 : 1e-3 * epsilon(dtype);
    });
    // of a panel that is eliminated: what is in the column without a pivot depends on the columns before it
    const x = matrixOf(random, 'random', m, n, single);
    const seen = (matrix: Dense): Dense =>
      dense(n, n, (i, j) => (i > j ? 0 : isUpper ? matrix.data[i * n + j]! : matrix.data[j * n + i]!));
    const isHeld = pivot !== 'regular' && singular === 'zero';
    const chosen = dense(m, n, (i, j) => (isHeld && j === at ? 0 : x.data[i * n + j]!));
    const b = isHeld ? times(chosen, seen(t)) : x;
    const inputs = [stacked([t], [], dtype, n, n), stacked([b], [], dtype, m, n)];
    const check: Case['check'] = (_, [actual]) => {
      const [found] = matricesIn(actual!) as [Dense];
      const [upper] = [seen(matricesIn(inputs[0]!)[0]!)];
      const [right] = matricesIn(inputs[1]!) as [Dense];
      const norm = Math.max(frobenius(upper) * frobenius(found), frobenius(right));
      if (pivot !== 'noise' || singular === 'zero') {
        require30('‖b − XT‖', residual(right, times(found, upper), dtype, norm));
      }
      if (n === 0 || !isHeld || (pivot === 'noise' && at === 0)) return;
      for (let i = 0; i < m; i++) {
        const value = found.data[i * n + at]!;
        if (!(Math.abs(value) <= 1)) throw new Error(`the multiplier of a pivot without weight is ${value}`);
      }
    };
    return { inputs, params: { triangle, singular }, check };
  });

export const tileCases: Readonly<Record<string, fc.Arbitrary<Case>>> = { solveRight };
