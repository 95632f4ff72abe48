/** Cases of `matmulAdd`: products added to what there is, around the sizes of micro-tiles and packed blocks. */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { matmulAdd as kernel } from '../../dist/kernels/matmul-add.js';
import type { Case } from './cases.js';
import { runJs } from './harness.js';
import { array, epsilon, flavours, generator, smallest } from './numbers.js';

const size = fc.constantFrom(0, 1, 2, 3, 7, 8, 9, 17, 33, 65, 129, 133);
const depth = fc.constantFrom(0, 1, 2, 9, 64, 255, 256, 257, 300);

function absolute(x: NDArray): NDArray {
  return new NDArray(x.copy().data.map(Math.abs) as never, { shape: x.shape, dtype: x.dtype });
}

export const matmulAdd: fc.Arbitrary<Case> = fc
  .record({
    sizes: fc.record({ m: size, n: size, k: depth }),
    dtype: fc.constantFrom<DType>('float64', 'float32'),
    alpha: fc.constantFrom(1, -1, 0.5),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    symmetric: fc.boolean(),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    flavour: fc.constantFrom(...flavours),
    strided: fc.boolean(),
  })
  .map(({ sizes: { m, n, k }, dtype, alpha, transposeA, transposeB, symmetric, seed, ...options }): Case => {
    const random = generator(seed);
    const s = array(random, [m, symmetric ? m : n], dtype, options);
    const a = array(random, transposeA ? [k, m] : [m, k], dtype, options);
    const inputs = symmetric ? [s, a] : [s, a, array(random, transposeB ? [n, k] : [k, n], dtype, options)];
    const params = symmetric ? { transposeA, symmetric, alpha } : { transposeA, transposeB, alpha };
    const check: Case['check'] = ([expected], [actual]) => {
      // (k + 6)·eps·(|s| + |alpha|·Σ|a||b|) and what underflow may lose
      const bound = runJs(kernel, inputs.map(absolute), { ...params, alpha: Math.abs(alpha) })[0]!;
      for (let i = 0; i < expected!.size; i++) {
        const [p, q] = [expected!.data[i]!, actual!.data[i]!];
        if (Object.is(p, q) || p === q) continue;
        const allowed = (k + 6) * (epsilon(dtype) * bound.data[i]! + smallest(dtype));
        if (!(Math.abs(p - q) <= allowed)) throw new Error(`element ${i} is ${q}, the reference ${p}`);
      }
    };
    return { inputs, params, check };
  });
