/**
 * QR, singular values and least squares of matrices in blocks: LAPACK's residuals for any chunking of every kind of matrix,
 * the same values as the whole matrix has, small graphs, and matrices on disk that are larger than the budget.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeOf } from '../../../dist/graph/node.js';
import { buildProgram, type Program } from '../../../dist/graph/program.js';
import { createRuntime, type LazyArray, linalg, type NDArray, nd, random } from '../../../dist/index.js';
import { fuse } from '../../../dist/kernels/fuse.js';
import { blocksOf } from '../../../dist/lazy/blocks/blocked.js';
import { OUTPUT, waysOf } from '../../../dist/scheduler/ways.js';
import { generator } from '../../kernels/numbers.js';
import {
  cuts,
  type Dense,
  dense,
  frobenius,
  kinds,
  matricesIn,
  matrixOf,
  orthogonality,
  require30,
  residual,
  stacked,
  times,
  timesDiagonal,
  transposed,
  vectorsIn,
} from '../matrices.js';

const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());
const matrix = (x: unknown): Dense => matricesIn(x as NDArray)[0]!;
const array = (a: Dense): NDArray => stacked([a], [], 'float64', a.m, a.n);

const cases = fc.record({
  m: fc.constantFrom(1, 7, 30, 64, 150),
  n: fc.constantFrom(1, 5, 16, 40),
  kind: fc.constantFrom(...kinds),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});
const settings = { seed: 20_261_123, numRuns: 40 };

function made({ m, n, kind, seed }: { m: number; n: number; kind: (typeof kinds)[number]; seed: number }) {
  const next = generator(seed);
  const a = matrixOf(next, kind, m, n);
  return { a, next, x: nd.array(array(a), { chunks: [cuts(next, m), cuts(next, n)] }) };
}

describe('matrices in blocks', () => {
  it('have QR with LAPACK’s residuals, and the same R without Q', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { a, x } = made(one);
        const { q, r } = linalg.qr(x);
        const [qv, rv, alone] = (await runtime.compute([q, r, linalg.qr(x, { mode: 'r' }).r])).map(matrix) as Dense[];
        require30('A − QR', residual(a, times(qv!, rv!), 'float64'));
        require30('QᵀQ − I', orthogonality(qv!, 'float64'));
        rv!.data.forEach((value, i) => {
          if (Math.floor(i / rv!.n) > i % rv!.n) expect(Math.abs(value)).toBe(0);
        });
        require30('R − R', residual(rv!, alone!, 'float64'));
      }),
      settings,
    );
  });

  it('have an SVD with LAPACK’s residuals and the whole matrix’s values', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { a, x } = made(one);
        const { u, s, vt } = linalg.svd(x);
        const computed = await runtime.compute([u, s, vt, linalg.svdvals(x), linalg.svdvals(array(a))]);
        const [uv, vv] = [matrix(computed[0]), matrix(computed[2])];
        const [sv, alone, whole] = [1, 3, 4].map((i) => vectorsIn(computed[i] as NDArray)[0]!);
        require30('A − USVᵀ', residual(a, times(timesDiagonal(uv, sv!), vv), 'float64'));
        require30('UᵀU − I', orthogonality(uv, 'float64'));
        require30('VVᵀ − I', orthogonality(transposed(vv), 'float64'));
        const [first, size] = [whole![0]!, Math.max(a.m, a.n)];
        const least = 4 * size * Number.MIN_VALUE * size;
        whole!.forEach((value, i) => {
          const limit = 30 * size * 2 ** -52 * first + least;
          expect(Math.abs(value - sv![i]!)).toBeLessThanOrEqual(limit);
          expect(Math.abs(value - alone![i]!)).toBeLessThanOrEqual(limit);
          expect(sv![i]! <= (sv![i - 1] ?? Infinity)).toBe(true);
        });
      }),
      settings,
    );
  });

  it('keep the blocks of the long side', () => {
    const x = random.normal([70, 10], { seed: 1, chunks: [20, 4] });
    expect(linalg.svd(x).u.chunks).toEqual([[20, 20, 20, 10], [10]]);
    expect(linalg.svd(x).vt.chunks).toBeNull();
    expect(linalg.qr(x).q.chunks).toEqual([[20, 20, 20, 10], [10]]);
    expect(linalg.svd(nd.transpose(x)).vt.chunks).toEqual([[10], [20, 20, 20, 10]]);
  });

  it('refuse NaN as whole matrices do, and QR lets it through', async () => {
    const x = nd.array(
      [
        [1, 2],
        [3, Number.NaN],
        [5, 6],
        [7, 9],
      ],
      { chunks: [1, 2] },
    );
    await expect(runtime.compute(linalg.svdvals(x))).rejects.toThrow('LinearAlgebraError');
    await expect(runtime.compute(linalg.svd(x).u)).rejects.toThrow('svd');
    await expect(runtime.compute(linalg.lstsq(x, [1, 2, 3, 4]).x)).rejects.toThrow('lstsq');
    const r = matrix(await runtime.compute(linalg.qr(x).r));
    expect([...r.data].some(Number.isNaN)).toBe(true);
  });

  it('take zero rows and columns, full matrices, pivots and stacks', async () => {
    const empty = nd.zeros([6, 0], { chunks: [2, 1] });
    expect((await runtime.compute(linalg.svdvals(empty))).shape).toEqual([0]);
    expect(linalg.svd(empty).u.shape).toEqual([6, 0]);
    const x = random.normal([12, 5], { seed: 4, chunks: 3 });
    const { u, vt } = linalg.svd(x, { fullMatrices: true });
    require30('UᵀU − I', orthogonality(matrix(await runtime.compute(u)), 'float64'));
    expect([u.shape, vt.shape]).toEqual([
      [12, 12],
      [5, 5],
    ]);
    const { q, r, p } = linalg.qr(x, { pivoting: true });
    const [product, moved] = await runtime.compute([nd.matmul(q, r), nd.take(x, p, { axis: 1 })]);
    require30('AP − QR', residual(matrix(moved), matrix(product), 'float64'));
    const stack = random.normal([4, 6, 3], { seed: 5, chunks: [2, 3, 3] });
    const [values, whole] = await runtime.compute([linalg.svdvals(stack), linalg.svdvals(nd.add(stack, 0))]);
    expect(values.toNested()).toEqual(whole.toNested());
  });
});

describe('least squares in blocks', () => {
  it('answers as the whole matrix does', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom(0, 1, 3), async (one, k) => {
        const { a, next, x } = made({ ...one, kind: one.kind === 'denormal' ? 'random' : one.kind });
        const right = matrixOf(next, 'random', a.m, Math.max(1, k));
        const b = k === 0 ? nd.array(Array.from(right.data)) : nd.array(array(right), { chunks: [cuts(next, a.m), 2] });
        const [own, whole] = [linalg.lstsq(x, b), linalg.lstsq(array(a), b)];
        expect(own.x.shape).toEqual(whole.x.shape);
        expect(own.residuals.shape).toEqual(whole.residuals.shape);
        const computed = await runtime.compute([own.x, own.s, own.residuals, whole.x, whole.residuals]);
        // what is left over is orthogonal to the columns: of the size of rounding errors of ‖a‖ ‖b − ax‖ and ‖a‖² ‖x‖
        const flat = (value: unknown): Float64Array => Float64Array.from((value as NDArray).copy().data);
        const columns = Math.max(1, k);
        const xs: Dense = { m: a.n, n: columns, data: flat(computed[0]) };
        const product = times(a, xs);
        const rest = dense(a.m, columns, (i, j) => right.data[i * columns + j]! - product.data[i * columns + j]!);
        const size = frobenius(a);
        if (size === 0 || size > 1e100 || size < 1e-100) return;
        const wrong = frobenius(times(transposed(a), rest));
        const scale = size * (frobenius(right) + size * frobenius(xs));
        expect(wrong / scale / (Math.max(a.m, a.n) * 2 ** -52)).toBeLessThan(30);
      }),
      settings,
    );
  });

  it('has the residuals, the rank, the singular values and the solution of least norm that the whole matrix has', async () => {
    const random100 = (await runtime.compute(random.normal([100, 6], { seed: 1 }))) as NDArray;
    const mixing = nd.array([
      [1, 0, 0, 1, 2, 0],
      [0, 1, 0, 1, 0, 1],
      [0, 0, 1, 0, 1, 1],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
    const deficient = (await runtime.compute(nd.matmul(random100, mixing))) as NDArray;
    const b = (await runtime.compute(random.normal([100, 2], { seed: 2 }))) as NDArray;
    for (const [a, rank] of [
      [random100, 6],
      [deficient, 3],
    ] as const) {
      for (const chunks of [
        [17, 6],
        [40, 2],
        [6, 6],
      ]) {
        const own = await runtime.compute(linalg.lstsq(nd.array(a, { chunks }), nd.array(b, { chunks: [25, 1] })));
        const whole = await runtime.compute(linalg.lstsq(a, b));
        expect([own.rank, whole.rank]).toEqual([rank, rank]);
        expect(own.residuals.shape).toEqual(rank === 6 ? [2] : whole.residuals.shape);
        for (const name of ['x', 'residuals', 's'] as const) {
          const [found, expected] = [own[name] as NDArray, whole[name] as NDArray];
          const size = Math.max(...Array.from(expected.data, Math.abs), 0);
          Array.from(found.copy().data).forEach((value, at) => {
            expect(Math.abs(value - (expected.copy().data[at] as number)), name).toBeLessThan(1e-12 * size);
          });
        }
      }
    }
  });

  it('solves ill-conditioned systems whose normal equations are singular', async () => {
    // columns that differ by 1e-9: the condition is about 1e9, its square beyond 1/ε
    const [m, n] = [200, 4];
    const next = generator(5);
    const base = Array.from({ length: m }, () => next());
    const a = dense(m, n, (i, j) => base[i]! + (j === 0 ? 0 : 1e-9 * Math.cos(i * j)));
    const known = [1, 2, -1, 3];
    const b = Array.from({ length: m }, (_, i) => known.reduce((sum, value, j) => sum + value * a.data[i * n + j]!, 0));
    const { x, rank } = linalg.lstsq(nd.array(array(a), { chunks: [30, 4] }), b);
    const [found, count] = await runtime.compute([x, rank]);
    expect(count).toBe(4);
    known.forEach((value, j) => {
      expect(Math.abs(Number(found.get(j)) - value)).toBeLessThan(1e-5);
    });
  });
});

describe('what stands on the SVD', () => {
  const x = random.normal([90, 12], { seed: 8, chunks: [25, 5] });
  const whole = nd.add(random.normal([90, 12], { seed: 8 }), 0);

  it('norms, ranks, conditions, pseudo-inverses and symmetric eigenvalues', async () => {
    for (const ord of [undefined, 'fro', 'nuc', 1, -1, 2, -2, Infinity] as const) {
      const [own, other] = await runtime.compute([linalg.norm(x, ord), linalg.norm(whole, ord)]);
      expect(Math.abs(own - other) / other).toBeLessThan(1e-13);
    }
    const [rank, cond, other] = await runtime.compute([linalg.matrixRank(x), linalg.cond(x), linalg.cond(whole)]);
    expect(rank).toBe(12);
    expect(Math.abs(cond - other) / other).toBeLessThan(1e-12);
    const [pinv, expected] = await runtime.compute([linalg.pinv(x), linalg.pinv(whole)]);
    require30('pinv', residual(matrix(expected), matrix(pinv), 'float64'));
    const gram = nd.matmul(nd.transpose(x), x);
    const [values, squares] = await runtime.compute([linalg.eigh(gram).values, nd.square(linalg.svdvals(x))]);
    const [ascending, descending] = [vectorsIn(values)[0]!, vectorsIn(squares)[0]!];
    ascending.forEach((value, i) => {
      expect(Math.abs(value - descending[11 - i]!)).toBeLessThan(1e-12 * descending[0]!);
    });
  });

  it('compressed: the same for any chunks, and as near as the next singular value', async () => {
    const [m, n, k] = [300, 60, 8];
    const left = linalg.qr(random.normal([m, n], { seed: 1 })).q;
    const right = linalg.qr(random.normal([n, n], { seed: 2 })).q;
    const s = Array.from({ length: n }, (_, i) => 0.7 ** i);
    const a = (await runtime.compute(nd.matmul(nd.mul(left, nd.array(s)), right))) as NDArray;
    const options = { seed: 3, powerIterations: 2, oversampling: 6 };
    const whole = linalg.svdCompressed(a, k, options);
    const expected = vectorsIn((await runtime.compute(whole.s)) as NDArray)[0]!;
    // signs too: the largest component of each row is positive
    const rows = matrix(await runtime.compute(whole.vt));
    for (let i = 0; i < k; i++) {
      const row = rows.data.subarray(i * n, (i + 1) * n);
      expect(Math.max(...row)).toBe(Math.max(...row.map(Math.abs)));
    }
    for (const chunks of [
      [50, 60],
      [70, 13],
      [300, 20],
    ]) {
      for (const one of [nd.array(a, { chunks }), nd.transpose(nd.array(a, { chunks }))]) {
        const found = linalg.svdCompressed(one, k, options);
        const values = vectorsIn((await runtime.compute(found.s)) as NDArray)[0]!;
        values.forEach((value, i) => {
          expect(Math.abs(value - s[i]!)).toBeLessThan(1e-4 * s[i]!);
        });
        const product = nd.matmul(nd.mul(found.u, found.s), found.vt);
        const wrong = await runtime.compute(linalg.norm(nd.sub(one, product) as LazyArray, 2));
        expect(wrong).toBeLessThan(1.2 * s[k]!);
        if (one.shape[0] !== m) continue;
        values.forEach((value, i) => {
          expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-12);
        });
        const vt = matrix(await runtime.compute(found.vt));
        vt.data.forEach((value, i) => {
          expect(Math.abs(value - rows.data[i]!)).toBeLessThan(1e-9);
        });
      }
    }
  });
});

describe('graphs', () => {
  const programOf = (...values: readonly unknown[]): Program =>
    fuse(
      buildProgram(
        values.map((value) => nodeOf(value)!),
        false,
      ),
    );

  /** Tasks that take time: the blocks themselves do not count, nor what is but a name for an output of a task. */
  function counted(program: Program): number {
    const ways = waysOf(program, true, ['wasm', 'js']);
    return program.nodes.filter(({ op }, task) => !op.name.startsWith('random') && ways[task] !== OUTPUT).length;
  }

  it.each([
    [3, 64, 16],
    [4, 64, 64],
    [5, 1000, 1000],
    [9, 64, 16],
    [32, 64, 16],
    [32, 600, 600],
    [100, 600, 600],
  ])('%i blocks of %i × %i: at most 3 tasks a block for values, 5 with vectors', (k, rows, n) => {
    const x = random.normal([k * rows, n], { seed: 1, chunks: [rows, n] });
    expect(counted(programOf(linalg.svdvals(x)))).toBeLessThanOrEqual(3 * k);
    const { u, s, vt } = linalg.svd(x);
    const program = programOf(...blocksOf(u), s, vt);
    expect(counted(program)).toBeLessThanOrEqual(5 * k);
    // no task takes one of several outputs out of a record
    for (const { op, deps } of program.nodes) if (op.kind === 'item') expect(deps[0]!.op.kind).toBe('kernel');
  });

  it('let the Q of a block go with the product that needs it', () => {
    const x = random.normal([32 * 64, 16], { seed: 1, chunks: [64, 16] });
    const { u, s, vt } = linalg.svd(x);
    const { nodes, succStart, succs } = programOf(...blocksOf(u), s, vt);
    nodes.forEach(({ op }, task) => {
      if (op.name !== 'qr[0]') return;
      const users = Array.from(succs.subarray(succStart[task], succStart[task + 1]), (user) => nodes[user]!.op.name);
      expect(users).toEqual(['matmul']);
    });
    // R is taken as a copy, so that nothing else keeps the outputs of its task
    nodes.forEach(({ op }, task) => {
      if (op.name !== 'qr[1]') return;
      const users = Array.from(succs.subarray(succStart[task], succStart[task + 1]), (user) => nodes[user]!.op.name);
      expect(users).toEqual(['alone']);
    });
  });
});

describe('matrices on disk, larger than the budget', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svd-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('have singular values and vectors within 4 MiB for 24 MB', async () => {
    const path = join(folder, 'x.npy');
    const [m, n, rows, memory] = [15_000, 200, 500, 4 * 2 ** 20];
    await nd.save(path, random.normal([m, n], { seed: 1, chunks: [rows, n] }));
    const x = nd.load(path, { chunks: [rows, n] });
    const small = createRuntime({ workers: 2, memory });
    try {
      const values = await small.compute(linalg.svdvals(x));
      expect(small.lastRun!.peak.host).toBeLessThanOrEqual(memory);
      const { u, s, vt } = linalg.svd(x);
      const wrong = nd.sub(x, nd.matmul(nd.mul(u, s) as LazyArray, vt)) as LazyArray;
      const [error, found] = await small.compute([linalg.norm(wrong), s]);
      expect(small.lastRun!.peak.host).toBeLessThanOrEqual(memory);
      const [first, last] = [Number(values.get(0)), Number(values.get(-1))];
      expect(error / (first * m * 2 ** -52)).toBeLessThan(30);
      expect(Math.abs(Number(found.get(-1)) - last)).toBeLessThan(1e-11 * first);
      // a random matrix's values lie between √m ∓ √n
      expect(first).toBeLessThan(Math.sqrt(m) + Math.sqrt(n) + 2);
      expect(last).toBeGreaterThan(Math.sqrt(m) - Math.sqrt(n) - 2);
    } finally {
      await small.close();
    }
  });
});
