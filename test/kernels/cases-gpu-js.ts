/** Cases of functions in gpu.js's form: sums, conditions, lists, and arguments that are arrays, numbers, or numbers in arrays. */
import fc from 'fast-check';
import { NDArray } from '../../dist/array/ndarray.js';
import type { Case } from './cases.js';
import { generator } from './numbers.js';

const sources = {
  product: `function (a, b, k) {
    let sum = 0;
    for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
    return sum * k;
  }`,
  pieces: `function (a, b, k) {
    const x = a[this.thread.y][0];
    if (x > k) return [x, b[0][this.thread.x]];
    return [Math.sqrt(Math.abs(x)), this.thread.x];
  }`,
};

const gpuKernel = fc
  .record({
    m: fc.integer({ min: 1, max: 20 }),
    n: fc.integer({ min: 1, max: 20 }),
    k: fc.integer({ min: 1, max: 20 }),
    source: fc.constantFrom<keyof typeof sources>('product', 'pieces'),
    isNumber: fc.boolean(),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ m, n, k, source, isNumber, seed }): Case => {
    const random = generator(seed);
    const array = (shape: number[]): NDArray => {
      const size = shape.reduce((a, b) => a * b, 1);
      return new NDArray(
        Float32Array.from({ length: size }, () => random() - 0.5),
        { shape, dtype: 'float32' },
      );
    };
    const [a, b, factor] = [array([m, k]), array([k, n]), array([])];
    const number = Number(factor.get());
    const params = {
      name: source,
      source: sources[source],
      output: JSON.stringify([n, m]),
      constants: JSON.stringify(source === 'product' ? { n: k } : {}),
      numbers: JSON.stringify([null, null, isNumber ? number : null]),
      flops: 2 * k,
    };
    const expected = (i: number, j: number, c: number): number => {
      if (source === 'product') {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += Number(a.get(i, l)) * Number(b.get(l, j));
        return sum * number;
      }
      const x = Number(a.get(i, 0));
      if (x > number) return c === 0 ? x : Number(b.get(0, j));
      return c === 0 ? Math.sqrt(Math.abs(x)) : j;
    };
    const check: Case['check'] = ([reference], [actual]) => {
      const components = source === 'product' ? 1 : 2;
      for (const result of [reference!, actual!]) {
        for (let at = 0; at < m * n * components; at++) {
          const [c, cell] = [at % components, Math.floor(at / components)];
          const value = expected(Math.floor(cell / n), cell % n, c);
          const got = Number(result.data[at]);
          const bound = 8 * (k + 2) * 2 ** -23 * Math.max(1, Math.abs(value));
          if (!(Math.abs(got - value) <= bound)) throw new Error(`element ${at} is ${got}, and ${value} was expected`);
        }
      }
    };
    return { inputs: isNumber ? [a, b] : [a, b, factor], params, check };
  });

export const gpuJsCases: Readonly<Record<string, fc.Arbitrary<Case>>> = { gpuKernel };
