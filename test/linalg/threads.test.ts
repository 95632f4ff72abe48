/**
 * Large matrices through the runtime: the same bits with one, two and three threads, and residuals on samples, which cost
 * O(n²): rows of what should be zero, and what should be orthogonal applied to a random vector.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { createRuntime, type LazyArray, linalg, type NDArray, nd } from '../../dist/index.js';
import { epsilon, generator } from '../kernels/numbers.js';
import { type Dense, dense, frobenius, LIMIT, matrixOf, scaledBy, stacked, times, transposed } from './matrices.js';
import { isOrthogonal, isProduct } from './samples.js';

const runtimes = [1, 2, 3].map((workers) => createRuntime({ workers }));
afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

const matrixOfArray = (x: NDArray): Dense => ({
  m: x.shape[0]!,
  n: x.shape[1]!,
  data: Float64Array.from(x.copy().data),
});

/** What all threads make of it, which must be the same to the bit. */
async function everywhere(target: Readonly<Record<string, LazyArray>>): Promise<Record<string, NDArray>> {
  const [one, ...others] = (await Promise.all(runtimes.map((runtime) => runtime.compute(target)))) as Record<
    string,
    NDArray
  >[];
  for (const other of others) {
    for (const [name, array] of Object.entries(one!)) {
      const bytes = (x: NDArray): Uint8Array => new Uint8Array(x.copy().data.buffer);
      expect(Buffer.compare(bytes(array), bytes(other[name]!)), name).toBe(0);
    }
  }
  return one!;
}

const column = (random: () => number, n: number): Dense => dense(n, 1, () => 2 * random() - 1);

const diagonal = (s: NDArray): Dense => {
  const values = Float64Array.from(s.copy().data);
  return dense(values.length, values.length, (i, j) => (i === j ? values[i]! : 0));
};

describe.each([
  ['float64', 300, 260],
  ['float64', 513, 513],
  ['float64', 700, 190],
  ['float32', 400, 333],
] as const)('%s, %i × %i', (dtype, m, n) => {
  const random = generator(m * n);
  const eps = epsilon(dtype);
  const x = stacked([matrixOf(random, 'random', m, n)], [], dtype, m, n);
  const a = matrixOfArray(x);

  it('qr, lu and svd', async () => {
    const { q, r } = linalg.qr(x);
    const { p, l, u } = linalg.lu(x);
    const svd = linalg.svd(x);
    const all = await everywhere({ q, r, p, l, u, ...{ us: svd.u, s: svd.s, vt: svd.vt }, values: linalg.svdvals(x) });
    const of = (name: string): Dense => matrixOfArray(all[name]!);
    isOrthogonal(of('q'), random, eps);
    isProduct(a, [of('q'), of('r')], random, eps);
    isProduct(a, [of('p'), of('l'), of('u')], random, eps);
    isOrthogonal(of('us'), random, eps);
    isOrthogonal(transposed(of('vt')), random, eps);
    isProduct(a, [of('us'), diagonal(all.s!), of('vt')], random, eps);
    all.s!.data.forEach((value, i) => {
      expect(Math.abs(value - all.values!.data[i]!)).toBeLessThan(LIMIT * m * eps * all.s!.data[0]!);
    });
  });

  it('eigh, cholesky, solve, inv and lstsq', async () => {
    const gram = times(transposed(a), a);
    const square = stacked([scaledBy(gram, 1 / m)], [], dtype, n, n);
    const b = matrixOfArray(square);
    const sides = stacked([matrixOf(random, 'random', n, 3)], [], dtype, n, 3);
    const { values, vectors } = linalg.eigh(square);
    const targets = {
      values,
      vectors,
      l: linalg.cholesky(square),
      x: linalg.solve(square, sides),
      y: linalg.solve(square, sides, { assume: 'positive' }),
      inverse: linalg.inv(square),
      least: linalg.lstsq(x, stacked([matrixOf(random, 'random', m, 2)], [], dtype, m, 2)).x,
    };
    const all = await everywhere(targets);
    const of = (name: string): Dense => matrixOfArray(all[name]!);
    isOrthogonal(of('vectors'), random, eps);
    isProduct(b, [of('vectors'), diagonal(all.values!), transposed(of('vectors'))], random, eps);
    isProduct(b, [of('l'), transposed(of('l'))], random, eps);
    for (const name of ['x', 'y']) {
      const found = of(name);
      const left = times(b, found).data.map((value, i) => value - sides.data[i]!);
      expect(frobenius({ data: left }) / (frobenius(b) * frobenius(found) * n * eps), name).toBeLessThan(LIMIT);
    }
    const y = column(random, n);
    const back = times(b, times(of('inverse'), y)).data.map((value, i) => value - y.data[i]!);
    expect(frobenius({ data: back }) / (frobenius(b) * frobenius(of('inverse')) * frobenius(y) * n * eps)).toBeLessThan(
      LIMIT,
    );
  });
});

describe.each(['float64', 'float32'] as const)('%s', (dtype) => {
  const random = generator(17);
  const matrix = (m: number, n: number): NDArray => stacked([matrixOf(random, 'random', m, n)], [], dtype, m, n);
  const eps = epsilon(dtype);

  it('chunks of tall matrices, panels with pivoting, wide and deficient least squares', async () => {
    const [tall, square, wide] = [matrix(6000, 40), matrix(450, 450), matrix(120, 500)];
    const { q, r } = linalg.qr(tall);
    const pivoted = linalg.qr(square, { pivoting: true });
    const short = linalg.lstsq(wide, matrix(120, 2));
    const long = linalg.lstsq(tall, matrix(6000, 3));
    const twice = nd.concat([square, square], { axis: 1 });
    const deficient = linalg.lstsq(nd.transpose(twice), matrix(900, 1));
    const all = await everywhere({
      ...{ q, r, alone: linalg.qr(tall, { mode: 'r' }).r },
      ...{ pq: pivoted.q, pr: pivoted.r, p: pivoted.p },
      ...{
        short: short.x,
        shortS: short.s,
        long: long.x,
        longRest: long.residuals,
        longS: long.s,
        deficient: deficient.x,
      },
    });
    const of = (name: string): Dense => matrixOfArray(all[name]!);
    isOrthogonal(of('q'), random, eps);
    isProduct(matrixOfArray(tall), [of('q'), of('r')], random, eps);
    expect(of('alone').data).toEqual(of('r').data);
    const a = matrixOfArray(square);
    const columns = dense(450, 450, (i, j) => a.data[i * 450 + all.p!.data[j]!]!);
    isOrthogonal(of('pq'), random, eps);
    isProduct(columns, [of('pq'), of('pr')], random, eps);
  });

  it('systems that are refined', async () => {
    const n = 400;
    const even = matrixOf(random, 'random', n, n);
    const scales = Array.from({ length: n }, () => 10 ** (20 * random() - 10));
    const x = stacked([dense(n, n, (i, j) => even.data[i * n + j]! * scales[i]!)], [], dtype, n, n);
    const [one, many] = [1, 30].map((k) =>
      stacked([dense(n, k, (i) => (2 * random() - 1) * scales[i]!)], [], dtype, n, k),
    ) as [NDArray, NDArray];
    const all = await everywhere({ one: linalg.solve(x, one), many: linalg.solve(x, many) });
    for (const [name, b] of [
      ['one', one],
      ['many', many],
    ] as const) {
      const [a, found] = [matrixOfArray(x), matrixOfArray(all[name]!)];
      const product = times(a, found);
      const sizes = times({ ...a, data: a.data.map(Math.abs) }, { ...found, data: found.data.map(Math.abs) });
      product.data.forEach((value, i) => {
        const side = b.data[i]!;
        expect(Math.abs(side - value)).toBeLessThan(4 * n * eps * (sizes.data[i]! + Math.abs(side)));
      });
    }
  });
});

describe('stacks of small matrices', () => {
  it.each(['float64', 'float32'] as const)('of %s, each whole in the arena of a thread', async (dtype) => {
    for (const n of [1, 3, 17, 32, 50]) {
      const random = generator(n);
      const count = 60;
      const matrices = Array.from({ length: count }, () => matrixOf(random, 'random', n, n));
      const x = stacked(matrices, [count], dtype, n, n);
      const { u, s, vt } = linalg.svd(x);
      const { values, vectors } = linalg.eigh(x);
      const { q, r } = linalg.qr(x);
      const { l } = linalg.lu(x);
      const solution = linalg.solve(x, stacked(matrices, [count], dtype, n, n));
      const all = await everywhere({ u, s, vt, values, vectors, q, r, l, solution, det: linalg.det<LazyArray>(x) });
      const of = (name: string, i: number): Dense => {
        const size = n * n;
        return { m: n, n, data: Float64Array.from(all[name]!.data.slice(i * size, (i + 1) * size)) };
      };
      for (const i of [0, 1, 31, count - 1]) {
        const a = matrixOfArray(stacked([matrices[i]!], [], dtype, n, n));
        isProduct(a, [of('q', i), of('r', i)], random, epsilon(dtype));
        const values = all.s!.data.slice(i * n, (i + 1) * n);
        const diagonalOf = dense(n, n, (row, k) => (row === k ? values[row]! : 0));
        isProduct(a, [of('u', i), diagonalOf, of('vt', i)], random, epsilon(dtype));
        isOrthogonal(of('vectors', i), random, epsilon(dtype));
      }
    }
  });
});

describe('1000 × 1000', () => {
  it('is backward stable too', async () => {
    const n = 1000;
    const random = generator(n);
    const x = stacked([matrixOf(random, 'random', n, n)], [], 'float64', n, n);
    const a = matrixOfArray(x);
    const lower = dense(n, n, (i, j) => a.data[Math.max(i, j) * n + Math.min(i, j)]!);
    const { q, r } = linalg.qr(x);
    const { p, l, u } = linalg.lu(x);
    const svd = linalg.svd(x);
    const { values, vectors } = linalg.eigh(x);
    const target = { q, r, p, l, u, left: svd.u, s: svd.s, right: svd.vt, values, vectors };
    const all = (await runtimes[1]!.compute(target)) as Record<string, NDArray>;
    const of = (name: string): Dense => matrixOfArray(all[name]!);
    const eps = 2 ** -52;
    for (const name of ['q', 'left', 'right', 'vectors']) isOrthogonal(of(name), random, eps);
    isProduct(a, [of('q'), of('r')], random, eps);
    isProduct(a, [of('p'), of('l'), of('u')], random, eps);
    isProduct(a, [of('left'), diagonal(all.s!), of('right')], random, eps);
    isProduct(lower, [of('vectors'), diagonal(all.values!), transposed(of('vectors'))], random, eps);
  });
});
