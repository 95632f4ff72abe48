/**
 * Factorisations and systems of matrices in blocks: any chunking answers what the whole matrix does, to rounding, with
 * LAPACK's residuals; also where the tiles on the diagonal are singular, and the same bits for any number of threads.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRuntime, type LazyArray, linalg, type NDArray, nd, ShapeError } from '../../../dist/index.js';
import { generator } from '../../kernels/numbers.js';
import {
  cuts,
  type Dense,
  dense,
  frobenius,
  kinds,
  type MatrixKind,
  matricesIn,
  matrixOf,
  orthogonality,
  require30,
  residual,
  stacked,
  times,
  transposed,
} from '../matrices.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());
const run = async (x: LazyArray): Promise<Dense> => matricesIn((await runtime.compute(x)) as NDArray)[0]!;

const array = (a: Dense, dtype: 'float64' | 'float32' = 'float64'): NDArray => stacked([a], [], dtype, a.m, a.n);
const chunked = (a: Dense, random: () => number, dtype?: 'float64' | 'float32'): LazyArray =>
  nd.array(array(a, dtype), { chunks: [cuts(random, a.m), cuts(random, a.n)] });

function definite(random: () => number, n: number): Dense {
  const b = matrixOf(random, 'random', n, n);
  const square = times(b, transposed(b));
  return dense(n, n, (i, j) => square.data[i * n + j]! / n + Number(i === j));
}

const ones = (n: number): Dense => dense(n, n, (i, j) => Number(i === j));
const size = fc.constantFrom(1, 2, 5, 16, 31, 64, 77, 100);
const seeded = { seed: fc.integer({ min: 0, max: 2 ** 31 }) };
const settings = { seed: 20_260_102, numRuns: 12 };

describe('cholesky', () => {
  it('is that of the whole matrix for any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ n: size, ...seeded }), async ({ n, seed }) => {
        const random = generator(seed);
        const a = definite(random, n);
        const l = await run(linalg.cholesky(chunked(a, random)));
        const whole = await run(linalg.cholesky(array(a)));
        require30('‖A − LLᵀ‖', residual(a, times(l, transposed(l)), 'float64'));
        l.data.forEach((value, i) => {
          expect(Math.abs(value - whole.data[i]!)).toBeLessThan(1e-12);
        });
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l.data[i * n + j]).toBe(0);
      }),
      settings,
    );
  });

  it('says which leading minor is not positive, as the whole matrix does', async () => {
    const a = definite(generator(1), 40);
    a.data[29 * 40 + 29] = -1;
    for (const x of [nd.array(array(a)), nd.array(array(a), { chunks: 12 })]) {
      const failed = runtime.compute(linalg.cholesky(x));
      await expect(failed).rejects.toThrow(/LinearAlgebraError: .*leading minor of order 30 is not positive/);
    }
    a.data[29 * 40 + 29] = Number.NaN;
    await expect(runtime.compute(linalg.cholesky(nd.array(array(a), { chunks: 12 })))).rejects.toThrow('order 30');
  });

  it('refuses what is not square when it is called', () => {
    expect(() => linalg.cholesky(nd.ones([4, 6], { chunks: 2 }))).toThrow(ShapeError);
  });

  it('completes within a budget smaller than the matrix', async () => {
    const n = 1024;
    const tiles = nd.add(
      nd.div(nd.ones([n, n], { chunks: 128 }), n),
      nd.mul(nd.eye(n, n, { chunks: 128 }), 2),
    ) as LazyArray;
    const memory = 4 * 2 ** 20;
    const total = await runtime.compute(nd.sum(nd.square(linalg.cholesky(tiles))), { memory });
    expect(runtime.lastRun!.peak.host).toBeLessThanOrEqual(memory);
    // ‖L‖² is the trace
    expect(Math.abs((total as number) - (2 * n + 1))).toBeLessThan(1e-9 * n);
  });
});

async function checkLu(a: Dense, x: LazyArray, dtype: 'float64' | 'float32' = 'float64'): Promise<void> {
  const factors = linalg.lu(x);
  const [p, l, u] = (await Promise.all([run(factors.p), run(factors.l), run(factors.u)])) as [Dense, Dense, Dense];
  for (const value of p.data) expect(value === 0 || value === 1).toBe(true);
  require30('‖PᵀP − I‖', orthogonality(p, dtype));
  for (let i = 0; i < l.m; i++) {
    for (let j = i; j < l.n; j++) expect(l.data[i * l.n + j]).toBe(Number(i === j));
  }
  for (let i = 0; i < u.m; i++) for (let j = 0; j < Math.min(i, u.n); j++) expect(u.data[i * u.n + j]).toBe(0);
  require30('‖A − PLU‖', residual(a, times(times(p, l), u), dtype, Math.max(frobenius(a), frobenius(u))));
}

describe('lu', () => {
  it('has the residual of LAPACK for any shape, kind and chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          m: size,
          n: size,
          kind: fc.constantFrom<MatrixKind>(...kinds),
          dtype: fc.constantFrom<'float64' | 'float32'>('float64', 'float32'),
          ...seeded,
        }),
        async ({ m, n, kind, dtype, seed }) => {
          const random = generator(seed);
          const a = matrixOf(random, kind, m, n, dtype === 'float32');
          await checkLu(a, chunked(a, random, dtype), dtype);
        },
      ),
      { ...settings, numRuns: 40 },
    );
  });

  const n = 60;
  const random = generator(7);
  const full = matrixOf(random, 'random', n, n);
  const thin = [matrixOf(random, 'random', n, 3), matrixOf(random, 'random', 3, n)] as const;
  const matrices: Readonly<Record<string, Dense>> = {
    'singular tiles on the diagonal': dense(n, n, (i, j) => (i >> 4 === j >> 4 ? 1 : full.data[i * n + j]!)),
    'zero tiles on the diagonal': dense(n, n, (i, j) => (i >> 4 === j >> 4 ? 0 : full.data[i * n + j]!)),
    'rank 3': times(...thin),
    'a panel of rank 3 beside one of full rank': dense(n, n, (i, j) =>
      j < 16 ? times(...thin).data[i * n + j]! : full.data[i * n + j]!,
    ),
    ones: dense(n, n, () => 1),
    zeros: dense(n, n, () => 0),
    Hilbert: dense(n, n, (i, j) => 1 / (i + j + 1)),
    'rows graded to 1e-300': dense(n, n, (i, j) => full.data[i * n + j]! * 10 ** ((-300 * i) / n)),
    'columns graded to 1e-300': dense(n, n, (i, j) => full.data[i * n + j]! * 10 ** ((-300 * j) / n)),
    'the worst case of partial pivoting': dense(n, n, (i, j) => (j === n - 1 || i === j ? 1 : i > j ? -1 : 0)),
  };
  it.each(Object.entries(matrices))('of %s', async (_, a) => {
    for (const chunks of [16, [[1, 31, 28], [60]], [[60], [1, 1, 58]]] as const) {
      await checkLu(a, nd.array(array(a), { chunks }));
    }
  });

  it('shows a NaN', async () => {
    const a = dense(20, 20, (i, j) => (i === 9 && j === 4 ? Number.NaN : full.data[i * n + j]!));
    const u = await run(linalg.lu(nd.array(array(a), { chunks: 6 })).u);
    expect(u.data.some(Number.isNaN)).toBe(true);
  });

  it('is that of the whole matrix where one piece has all rows', async () => {
    const whole = linalg.lu(array(full));
    const tall = linalg.lu(nd.array(array(full), { chunks: [[n], [20, 25, 15]] }));
    expect((await run(tall.p)).data).toEqual((await run(whole.p)).data);
    const [l, expected] = [await run(tall.l), await run(whole.l)];
    l.data.forEach((value, i) => {
      expect(Math.abs(value - expected.data[i]!)).toBeLessThan(1e-11);
    });
  });

  it('has an empty matrix', async () => {
    const { p, u } = linalg.lu(nd.zeros([5, 0], { chunks: 2 }));
    expect((await run(p)).data).toEqual(ones(5).data);
    expect(u.shape).toEqual([0, 0]);
  });
});

describe('systems', () => {
  it('of any kind and chunks are solved with small residuals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          n: size,
          k: fc.constantFrom(1, 3, 40),
          assume: fc.constantFrom<'general' | 'positive' | 'lower' | 'upper'>('general', 'positive', 'lower', 'upper'),
          what: fc.constantFrom('both', 'a', 'b'),
          ...seeded,
        }),
        async ({ n, k, assume, what, seed }) => {
          const random = generator(seed);
          const a = definite(random, n);
          if (assume === 'general') a.data.set(matrixOf(random, 'random', n, n).data);
          const b = matrixOf(random, 'random', n, k);
          const left = what === 'b' ? array(a) : chunked(a, random);
          const right = what === 'a' ? array(b) : chunked(b, random);
          const x = await run(linalg.solve(left, right, { assume }));
          const seen = dense(n, n, (i, j) =>
            (assume === 'lower' && j > i) || (assume === 'upper' && j < i) ? 0 : a.data[i * n + j]!,
          );
          require30(
            '‖b − Ax‖',
            residual(b, times(seen, x), 'float64', Math.max(frobenius(seen) * frobenius(x), frobenius(b))),
          );
        },
      ),
      { ...settings, numRuns: 40 },
    );
  });

  it('of triangles seen in every way', async () => {
    const random = generator(5);
    const a = definite(random, 50);
    const b = matrixOf(random, 'random', 50, 2);
    for (const lower of [true, false]) {
      for (const trans of [true, false]) {
        for (const unitDiagonal of [true, false]) {
          const options = { lower, trans, unitDiagonal };
          const x = await run(linalg.solveTriangular(chunked(a, random), chunked(b, random), options));
          const whole = await run(linalg.solveTriangular(array(a), array(b), options));
          const most = Math.max(...whole.data.map(Math.abs));
          x.data.forEach((value, i) => {
            expect(Math.abs(value - whole.data[i]!)).toBeLessThan(1e-11 * most);
          });
        }
      }
    }
  });

  it('have a vector for a vector', async () => {
    const a = nd.array(array(definite(generator(2), 9)), { chunks: 4 });
    const b = nd.arange(9);
    const x = linalg.solve(a, b);
    expect(x.shape).toEqual([9]);
    const back = (await runtime.compute(nd.matmul(a, x))) as NDArray;
    for (let i = 0; i < 9; i++) expect(back.get(i)).toBeCloseTo(i, 12);
  });

  it('that are singular are errors, and of wrong shapes when they are made', async () => {
    const zeros = nd.zeros([6, 6], { chunks: 4 });
    await expect(runtime.compute(linalg.solve(zeros, nd.ones([6, 1])))).rejects.toThrow(
      /LinearAlgebraError: .*singular/,
    );
    await expect(runtime.compute(linalg.inv(zeros))).rejects.toThrow('singular');
    await expect(runtime.compute(linalg.solve(zeros, nd.ones([6, 1]), { assume: 'positive' }))).rejects.toThrow(
      'not positive definite',
    );
    expect(() => linalg.solve(zeros, nd.ones([5, 1]))).toThrow(ShapeError);
  });

  it('have inverses and determinants', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ n: fc.constantFrom(1, 2, 9, 33, 50), ...seeded }), async ({ n, seed }) => {
        const random = generator(seed);
        const a = matrixOf(random, 'random', n, n);
        const x = chunked(a, random);
        const inverse = await run(linalg.inv(x));
        const norms = frobenius(a) * frobenius(inverse);
        require30('‖A·A⁻¹ − I‖', residual(ones(n), times(a, inverse), 'float64', Math.max(1, norms)));
        const [own, whole] = [linalg.slogdet(x), linalg.slogdet(array(a))];
        const [det, sign, logdet, otherDet, otherSign, otherLog] = (await runtime.compute([
          linalg.det(x),
          own.sign,
          own.logdet,
          linalg.det(array(a)),
          whole.sign,
          whole.logdet,
        ])) as number[];
        expect(sign).toBe(otherSign);
        expect(Math.abs(logdet! - otherLog!)).toBeLessThan(1e-9);
        expect(Math.abs(det! - otherDet!)).toBeLessThanOrEqual(1e-9 * Math.abs(otherDet!));
      }),
      settings,
    );
    const singular = linalg.slogdet(nd.zeros([6, 6], { chunks: 4 }));
    expect(await runtime.compute([singular.sign, singular.logdet])).toEqual([0, Number.NEGATIVE_INFINITY]);
  });
});

it('answers the same bits for one, two and three threads', async () => {
  const random = generator(11);
  const a = definite(random, 300);
  const found: NDArray[][] = [];
  for (const workers of [1, 2, 3]) {
    const own = createRuntime({ workers });
    const x = nd.array(array(a), { chunks: 90 });
    const { l, u } = linalg.lu(x);
    found.push((await own.compute([linalg.cholesky(x), l, u, linalg.solve(x, nd.ones([300, 2]))])) as NDArray[]);
    await own.close();
  }
  for (const other of found.slice(1)) {
    other.forEach((one, i) => {
      expect(one.data).toEqual(found[0]![i]!.data);
    });
  }
});
