/**
 * Cases of functions in gpu.js's form: sums, conditions, loops that end at different times, functions within, lists, and
 * arguments that are arrays, numbers, or numbers in arrays.
 */
import fc from 'fast-check';
import { NDArray } from '../../dist/array/ndarray.js';
import type { Case } from './cases.js';
import { generator } from './numbers.js';

/** Of a call: the arrays, the number, and the element that is asked for (`c` where it is a list). */
interface Asked {
  readonly a: NDArray;
  readonly b: NDArray;
  readonly k: number;
  readonly i: number;
  readonly j: number;
  readonly c: number;
}

interface Function {
  readonly text: string;
  readonly components: number;
  expected(asked: Asked): number;
}

const sources: Readonly<Record<string, Function>> = {
  product: {
    text: `function (a, b, k) {
      let sum = 0;
      for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
      return sum * k;
    }`,
    components: 1,
    expected({ a, b, k, i, j }) {
      let sum = 0;
      for (let l = 0; l < a.shape[1]!; l++) sum += Number(a.get(i, l)) * Number(b.get(l, j));
      return sum * k;
    },
  },
  pieces: {
    text: `function (a, b, k) {
      const x = a[this.thread.y][0];
      if (x > k) return [x, b[0][this.thread.x]];
      return [Math.sqrt(Math.abs(x)), this.thread.x];
    }`,
    components: 2,
    expected({ a, b, k, i, j, c }) {
      const x = Number(a.get(i, 0));
      if (x > k) return c === 0 ? x : Number(b.get(0, j));
      return c === 0 ? Math.sqrt(Math.abs(x)) : j;
    },
  },
  steps: {
    // whole numbers, so that every precision takes as many steps
    text: `function (a, b, k) {
      let s = Math.floor(b[0][this.thread.x] * 8) + k * 0;
      let n = 0;
      while (s < 100) {
        s = s * 2 + 5;
        n++;
        if (n > 3 && this.thread.y > 2) break;
      }
      return n;
    }`,
    components: 1,
    expected({ b, i, j }) {
      let n = 0;
      for (let s = Math.floor(Number(b.get(0, j)) * 8); s < 100 && !(n > 3 && i > 2); n++) s = s * 2 + 5;
      return n;
    },
  },
  parts: {
    text: `function (a, b, k) {
      function half(x) {
        if (x > 0) return x / 2;
        return x;
      }
      k = half(k) + this.thread.x;
      return [half(a[this.thread.y][0]), k, half(b[0][this.thread.x]) - this.thread.y];
    }`,
    components: 3,
    expected({ a, b, k, i, j, c }) {
      const half = (x: number): number => (x > 0 ? x / 2 : x);
      return [half(Number(a.get(i, 0))), half(k) + j, half(Number(b.get(0, j))) - i][c]!;
    },
  },
};

const gpuKernel = fc
  .record({
    m: fc.integer({ min: 1, max: 20 }),
    n: fc.integer({ min: 1, max: 20 }),
    k: fc.integer({ min: 1, max: 20 }),
    source: fc.constantFrom(...Object.keys(sources)),
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
    const { text, components, expected } = sources[source]!;
    const params = {
      name: source,
      source: text,
      output: JSON.stringify([n, m]),
      constants: JSON.stringify(source === 'product' ? { n: k } : {}),
      numbers: JSON.stringify([null, null, isNumber ? number : null]),
      flops: 2 * k,
    };
    const check: Case['check'] = ([reference], [actual]) => {
      for (const result of [reference!, actual!]) {
        for (let at = 0; at < m * n * components; at++) {
          const [c, cell] = [at % components, Math.floor(at / components)];
          const value = expected({ a, b, k: number, i: Math.floor(cell / n), j: cell % n, c });
          const got = Number(result.data[at]);
          const bound = 8 * (k + 2) * 2 ** -23 * Math.max(1, Math.abs(value));
          if (!(Math.abs(got - value) <= bound)) throw new Error(`element ${at} is ${got}, and ${value} was expected`);
        }
      }
    };
    return { inputs: isNumber ? [a, b] : [a, b, factor], params, check };
  });

export const gpuJsCases: Readonly<Record<string, fc.Arbitrary<Case>>> = { gpuKernel };
