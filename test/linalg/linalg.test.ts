/** The functions of `linalg`: what they take, promise before they are computed, and refuse; identities of their results. */
import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  createRuntime,
  LazyArray,
  LinearAlgebraError,
  linalg,
  NDArray,
  nd,
  OptionError,
  random,
  ShapeError,
} from '../../dist/index.js';
import { array, generator } from '../kernels/numbers.js';

type Shape = readonly number[];
const normal = (shape: Shape, seed = 1): LazyArray => random.normal([...shape], { seed });

/** The largest difference of two arrays, computed together. */
async function apart(a: LazyArray, b: unknown): Promise<number> {
  const other = b instanceof LazyArray ? b : nd.array(b as number[][]);
  expect(a.shape).toEqual(other.shape);
  if (a.size === 0) return 0;
  return (await nd.max(nd.abs(nd.sub(a, other))).compute()) as number;
}
const near = async (a: LazyArray, b: unknown, bound = 1e-12): Promise<void> =>
  expect(await apart(a, b)).toBeLessThan(bound);

/** What a task failed with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: Error) => error.cause ?? error,
  );
}

describe('linalg.qr', () => {
  it('knows its shapes before it is computed', () => {
    for (const [m, n] of [
      [5, 3],
      [3, 5],
      [4, 4],
      [0, 3],
      [3, 0],
    ] as const) {
      const k = Math.min(m, n);
      const x = nd.zeros([2, m, n]);
      const reduced = linalg.qr(x);
      expect([reduced.q.shape, reduced.r.shape]).toEqual([
        [2, m, k],
        [2, k, n],
      ]);
      const complete = linalg.qr(x, { mode: 'complete' });
      expect([complete.q.shape, complete.r.shape]).toEqual([
        [2, m, m],
        [2, m, n],
      ]);
      expect(linalg.qr(x, { mode: 'r' })).toEqual({ r: expect.objectContaining({ shape: [2, k, n] }) });
      expect(linalg.qr(x, { pivoting: true }).p).toMatchObject({ shape: [2, n], dtype: 'int32' });
    }
  });

  it('is x again in every mode', async () => {
    for (const shape of [
      [7, 4],
      [4, 7],
      [3, 6, 5],
    ]) {
      const x = normal(shape);
      for (const mode of ['reduced', 'complete'] as const) {
        const { q, r } = linalg.qr(x, { mode });
        await near(nd.matmul(q, r), x);
        await near(
          nd.matmul(nd.swapaxes(q, -1, -2), q),
          nd.broadcastTo(nd.eye(q.shape.at(-1)!), [...shape.slice(0, -2), q.shape.at(-1)!, q.shape.at(-1)!]),
        );
      }
      await near(linalg.qr(x, { mode: 'r' }).r, linalg.qr(x).r, 1e-13);
    }
  });

  it('pivots: the columns in the order of p', async () => {
    const x = normal([8, 5]);
    for (const mode of ['reduced', 'complete'] as const) {
      const { q, r, p } = linalg.qr(x, { pivoting: true, mode });
      const order = Array.from((await p.compute()).data);
      await near(nd.matmul(q, r), nd.take(x, order, { axis: 1 }));
      const diagonal = Array.from((await nd.abs(nd.diagonal(r)).compute()).data);
      expect(diagonal).toEqual(diagonal.toSorted((a, b) => b - a));
      await near(nd.matmul(nd.transpose(q), q), nd.eye(q.shape[1]!));
    }
  });
});

describe('linalg.lu and cholesky', () => {
  it('are x again', async () => {
    for (const shape of [
      [5, 5],
      [6, 3],
      [3, 6],
      [2, 4, 4],
    ]) {
      const x = normal(shape);
      const { p, l, u } = linalg.lu(x);
      await near(nd.matmul(nd.matmul(p, l), u), x);
    }
    const x = normal([3, 4, 4]);
    const square = nd.add(nd.matmul(x, nd.swapaxes(x, 1, 2)), nd.eye(4));
    const l = linalg.cholesky(square);
    await near(nd.matmul(l, nd.swapaxes(l, 1, 2)), square);
    await near(nd.triu(l, 1), nd.zeros([3, 4, 4]), 1e-300);
  });

  it('cholesky reads the lower triangle only and says when there is no factor', async () => {
    expect(
      (
        await linalg
          .cholesky([
            [4, 99],
            [2, 5],
          ])
          .compute()
      ).toNested(),
    ).toEqual([
      [2, 0],
      [1, 2],
    ]);
    const error = await failure(
      linalg
        .cholesky([
          [1, 2],
          [2, 1],
        ])
        .compute(),
    );
    expect(error).toBeInstanceOf(LinearAlgebraError);
    expect(String(error)).toMatch(/cholesky: the matrix is not positive definite/);
  });
});

describe('linalg.solve', () => {
  it('takes vectors, matrices and stacks by NumPy’s rule', async () => {
    for (const [a, b, x] of [
      [[4, 4], [4], [4]],
      [
        [4, 4],
        [4, 2],
        [4, 2],
      ],
      [[3, 4, 4], [4], [3, 4]],
      [
        [3, 4, 4],
        [4, 2],
        [3, 4, 2],
      ],
      [
        [4, 4],
        [3, 4, 2],
        [3, 4, 2],
      ],
      [
        [2, 1, 4, 4],
        [3, 4, 2],
        [2, 3, 4, 2],
      ],
      [[0, 0], [0], [0]],
      [
        [4, 4],
        [4, 0],
        [4, 0],
      ],
    ] as const) {
      const matrix = nd.add(normal(a), nd.mul(nd.eye(a.at(-1)!), 6));
      const sides = normal(b, 2);
      const found = linalg.solve(matrix, sides);
      expect(found.shape).toEqual(x);
      const isVector = b.length === 1;
      const product = nd.matmul(matrix, isVector ? nd.expandDims(found, -1) : found);
      const expected = isVector ? nd.expandDims(sides, -1) : sides;
      await near(product, nd.broadcastTo(expected, product.shape));
    }
  });

  it('assumes what it is told, and reads no more', async () => {
    const x = normal([5, 5]);
    const b = normal([5, 2], 2);
    const positive = nd.add(nd.matmul(x, nd.transpose(x)), nd.eye(5));
    await near(linalg.solve(nd.tril(positive), b, { assume: 'positive' }), linalg.solve(positive, b));
    const full = nd.add(x, nd.mul(nd.eye(5), 6));
    await near(linalg.solve(full, b, { assume: 'lower' }), linalg.solve(nd.tril(full), b));
    await near(linalg.solve(full, b, { assume: 'upper' }), linalg.solve(nd.triu(full), b));
  });

  it('solveTriangular transposes and takes a diagonal of ones', async () => {
    const full = nd.add(normal([5, 5]), nd.mul(nd.eye(5), 6));
    const b = normal([5], 2);
    for (const lower of [true, false]) {
      const half = lower ? nd.tril(full) : nd.triu(full);
      for (const unitDiagonal of [true, false]) {
        const own = unitDiagonal ? nd.add(lower ? nd.tril(full, -1) : nd.triu(full, 1), nd.eye(5)) : half;
        for (const trans of [false, 0, 'N', true, 1, 'T', 2, 'C'] as const) {
          const isTransposed = [true, 1, 'T', 2, 'C'].includes(trans);
          const expected = linalg.solve(isTransposed ? nd.transpose(own) : own, b);
          await near(linalg.solveTriangular(full, b, { lower, trans, unitDiagonal }), expected);
        }
      }
    }
  });

  it('refines what elimination left inaccurate', async () => {
    // growth 2ⁿ⁻¹ of partial pivoting (Wilkinson): every step doubles the last column
    const n = 60;
    const a = nd.array(
      Array.from({ length: n }, (_, i) =>
        Array.from({ length: n }, (_, j) => (j === n - 1 || i === j ? 1 : i > j ? -1 : 0)),
      ),
    );
    const x = normal([n], 3);
    await near(linalg.solve(a, nd.matmul(a, x)), x, 1e-2);
  });

  it('says that a matrix is singular, or has NaN where its input has', async () => {
    for (const call of [
      linalg.solve(
        [
          [1, 2],
          [0, 0],
        ],
        [1, 2],
      ),
      linalg.inv([
        [1, 2],
        [0, 0],
      ]),
    ]) {
      const error = await failure(call.compute());
      expect(error).toBeInstanceOf(LinearAlgebraError);
      expect(String(error)).toMatch(/singular: a pivot is exactly zero/);
    }
    expect(
      String(
        await failure(
          linalg
            .solveTriangular(
              [
                [1, 2],
                [0, 0],
              ],
              [1, 2],
            )
            .compute(),
        ),
      ),
    ).toMatch(/singular/);
    const x = await linalg
      .solve(
        [
          [Number.NaN, 1],
          [1, 2],
        ],
        [1, 2],
      )
      .compute();
    expect(Array.from(x.data).every(Number.isNaN)).toBe(true);
  });
});

describe('linalg.det, slogdet, inv', () => {
  it('of one matrix are numbers, of a stack arrays', async () => {
    const x = normal([2, 3, 4, 4]);
    const { sign, logdet } = linalg.slogdet<LazyArray>(x);
    const dets = linalg.det<LazyArray>(x);
    expect(dets.shape).toEqual([2, 3]);
    await near(nd.mul(sign, nd.exp(logdet)), dets, 1e-11);
    expect(
      await linalg
        .det([
          [2, 0],
          [0, 3],
        ])
        .compute(),
    ).toBe(6);
    expect(await linalg.det(nd.zeros([0, 0])).compute()).toBe(1);
    const none = linalg.slogdet([
      [1, 2],
      [0, 0],
    ]);
    expect(await none.sign.compute()).toBe(0);
    expect(await none.logdet.compute()).toBe(Number.NEGATIVE_INFINITY);
    await near(nd.matmul(x, linalg.inv(x)), nd.broadcastTo(nd.eye(4), [2, 3, 4, 4]), 1e-10);
  });

  it('does not overflow where the determinant does', async () => {
    const x = nd.mul(nd.eye(400), -1e3);
    const { sign, logdet } = linalg.slogdet(x);
    expect(await linalg.det(x).compute()).toBe(Number.POSITIVE_INFINITY);
    expect(await sign.compute()).toBe(1);
    expect(await logdet.compute()).toBeCloseTo(400 * Math.log(1e3), 8);
  });
});

describe('linalg.eigh, svd', () => {
  it('are x again', async () => {
    for (const shape of [
      [5, 5],
      [3, 4, 4],
      [0, 0],
      [40, 40],
    ]) {
      const x = normal(shape);
      const symmetric = nd.add(x, nd.swapaxes(x, -1, -2));
      for (const lower of [true, false]) {
        const { values, vectors } = linalg.eigh(lower ? nd.tril(symmetric) : nd.triu(symmetric), { lower });
        expect(values.shape).toEqual(shape.slice(0, -1));
        await near(
          nd.matmul(nd.mul(vectors, nd.expandDims(values, -2)), nd.swapaxes(vectors, -1, -2)),
          symmetric,
          1e-11,
        );
      }
    }
    for (const shape of [
      [6, 4],
      [4, 6],
      [2, 5, 3],
      [0, 3],
      [50, 20],
    ]) {
      const x = normal(shape);
      for (const options of [{}, { accuracy: 'relative' }] as const) {
        const { u, s, vt } = linalg.svd(x, options);
        await near(nd.matmul(nd.mul(u, nd.expandDims(s, -2)), vt), x, 1e-11);
        await near(linalg.svdvals(x, options), s, 1e-11);
      }
    }
  });

  it('has full matrices', async () => {
    for (const [m, n] of [
      [6, 4],
      [4, 6],
      [5, 5],
    ] as const) {
      const x = normal([m, n]);
      const { u, s, vt } = linalg.svd(x, { fullMatrices: true });
      expect([u.shape, s.shape, vt.shape]).toEqual([[m, m], [Math.min(m, n)], [n, n]]);
      await near(nd.matmul(nd.transpose(u), u), nd.eye(m));
      await near(nd.matmul(vt, nd.transpose(vt)), nd.eye(n));
      const k = Math.min(m, n);
      await near(nd.matmul(nd.mul(nd.slice(u, [[], [0, k]]), s), nd.slice(vt, [[0, k]])), x);
    }
  });

  it('refuses what is not finite', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const call of [
        linalg.eigh([
          [bad, 1],
          [1, 2],
        ]).values,
        linalg.svdvals([[bad, 1]]),
        linalg.lstsq([[bad], [1]], [1, 2]).x,
      ]) {
        const error = await failure(call.compute());
        expect(error).toBeInstanceOf(LinearAlgebraError);
        expect(String(error)).toMatch(/NaN or infinite/);
      }
    }
  });
});

describe('linalg.lstsq and pinv', () => {
  it('least squares are the pseudo-inverse times b', async () => {
    for (const [m, n] of [
      [8, 3],
      [3, 8],
      [5, 5],
    ] as const) {
      for (const isDeficient of [false, true]) {
        const x = isDeficient ? nd.matmul(normal([m, 2]), normal([2, n], 2)) : normal([m, n]);
        for (const b of [normal([m], 3), normal([m, 4], 3)]) {
          const found = linalg.lstsq(x, b);
          await near(found.x, nd.matmul(linalg.pinv(x), b), 1e-10);
          expect(await found.rank.compute()).toBe(isDeficient ? 2 : Math.min(m, n));
          await near(found.s, linalg.svdvals(x), 1e-12);
          const left = nd.sub(b, nd.matmul(x, found.x));
          const squares = nd.sum(nd.square(b.ndim === 1 ? nd.expandDims(left, 1) : left), { axis: 0 });
          await near(found.residuals, squares, 1e-12);
        }
      }
    }
  });

  it('pinv satisfies Moore and Penrose, in stacks too', async () => {
    const x = nd.matmul(normal([2, 6, 3]), normal([2, 3, 5], 2));
    const inverse = linalg.pinv(x);
    expect(inverse.shape).toEqual([2, 5, 6]);
    const [xp, px] = [nd.matmul(x, inverse), nd.matmul(inverse, x)];
    await near(nd.matmul(xp, x), x, 1e-11);
    await near(nd.matmul(px, inverse), inverse, 1e-11);
    await near(xp, nd.swapaxes(xp, 1, 2), 1e-11);
    await near(px, nd.swapaxes(px, 1, 2), 1e-11);
    await near(linalg.pinv(nd.zeros([3, 2])), nd.zeros([2, 3]));
    expect(linalg.pinv(nd.zeros([0, 2])).shape).toEqual([2, 0]);
    await near(
      linalg.pinv(
        [
          [1, 0],
          [0, 1e-3],
        ],
        { rcond: 1e-2 },
      ),
      [
        [1, 0],
        [0, 0],
      ],
    );
  });
});

describe('linalg.norm, matrixRank, cond', () => {
  const x = [
    [1, -2, 3],
    [4, 5, -6],
  ];

  it('has NumPy’s norms', async () => {
    const s = Array.from((await linalg.svdvals(x).compute()).data);
    const columns = [5, 7, 9];
    const rows = [6, 15];
    const expected: [Parameters<typeof linalg.norm>[1], number][] = [
      [undefined, Math.sqrt(91)],
      ['fro', Math.sqrt(91)],
      ['nuc', s[0]! + s[1]!],
      [2, s[0]!],
      [-2, s[1]!],
      [1, Math.max(...columns)],
      [-1, Math.min(...columns)],
      [Number.POSITIVE_INFINITY, Math.max(...rows)],
      [Number.NEGATIVE_INFINITY, Math.min(...rows)],
    ];
    for (const [ord, value] of expected)
      expect(await linalg.norm(x, ord).compute(), String(ord)).toBeCloseTo(value, 12);
    expect(await linalg.norm([3, -4, 0], 0).compute()).toBe(2);
    expect(await linalg.norm([1, 2, 2], 3).compute()).toBeCloseTo(17 ** (1 / 3), 12);
  });

  it('is 0 where there is nothing, as NumPy’s, but not the smallest of nothing', async () => {
    const [most, least] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const shape of [
      [0, 0],
      [0, 3],
      [3, 0],
    ]) {
      for (const ord of [undefined, 'fro', 'nuc', 1, 2, most] as const) {
        expect(await linalg.norm(nd.zeros(shape), ord).compute(), `${ord} of ${shape}`).toBe(0);
      }
      expect(() => linalg.norm(nd.zeros(shape), -2)).toThrow(ShapeError);
    }
    expect(await linalg.norm(nd.zeros([0]), most).compute()).toBe(0);
    expect(() => linalg.norm(nd.zeros([0]), least)).toThrow(ShapeError);
    const along = linalg.norm<LazyArray>(nd.zeros([0, 2]), most, { axis: 0, keepdims: true });
    expect((await along.compute()).toNested()).toEqual([[0, 0]]);
    // The smallest sum is that of one of three empty rows.
    expect(await linalg.norm(nd.zeros([3, 0]), least).compute()).toBe(0);
    expect(() => linalg.norm(nd.zeros([0, 3]), least)).toThrow(ShapeError);
  });

  it('keeps single precision', async () => {
    const single = nd.ones([3, 2], { dtype: 'float32' });
    for (const ord of [undefined, 0, 1, 2, 3, Number.POSITIVE_INFINITY]) {
      const rows = linalg.norm<LazyArray>(single, ord, { axis: 1 });
      expect([rows.dtype, (await rows.compute()).dtype], String(ord)).toEqual(['float32', 'float32']);
    }
    expect(linalg.norm<LazyArray>(nd.ones([3, 2], { dtype: 'int32' }), 0, { axis: 1 }).dtype).toBe('float64');
  });

  it('takes axes and keeps them', async () => {
    const t = normal([3, 4, 5]);
    for (const ord of ['nuc', 2, -2, 'fro', 1] as const) {
      const kept = linalg.norm<LazyArray>(t, ord, { axis: [2, 0], keepdims: true });
      expect(kept.shape).toEqual([1, 4, 1]);
      const dropped = linalg.norm<LazyArray>(t, ord, { axis: [2, 0] });
      await near(nd.squeeze(kept), dropped, 1e-13);
      for (let i = 0; i < 4; i++) {
        const one = nd.transpose(nd.slice(t, [[], i]));
        expect(await linalg.norm(one, ord).compute()).toBeCloseTo(
          (await dropped.call('get', i).compute()) as number,
          12,
        );
      }
    }
  });

  it('counts independent columns', async () => {
    expect(await linalg.matrixRank(nd.matmul(normal([9, 4]), normal([4, 7], 2))).compute()).toBe(4);
    expect(await linalg.matrixRank(nd.zeros([3, 3])).compute()).toBe(0);
    expect(await linalg.matrixRank(nd.zeros([0, 3])).compute()).toBe(0);
    expect(await linalg.matrixRank([0, 0, 2]).compute()).toBe(1);
    expect(await linalg.matrixRank([0, -0.5, 2]).compute()).toBe(1);
    expect(await linalg.matrixRank([0, 0]).compute()).toBe(0);
    expect(await linalg.matrixRank(nd.zeros([0])).compute()).toBe(0);
    expect(await linalg.matrixRank(3).compute()).toBe(1);
    expect(await linalg.matrixRank([0, 0]).compute()).toBe(0);
    expect(
      await linalg
        .matrixRank(
          [
            [1, 0],
            [0, 1e-3],
          ],
          { tol: 1e-2 },
        )
        .compute(),
    ).toBe(1);
    expect(
      await linalg
        .matrixRank(
          [
            [1, 0],
            [0, 1e-3],
          ],
          { rtol: 1e-4 },
        )
        .compute(),
    ).toBe(2);
    const stack = linalg.matrixRank<LazyArray>([
      [
        [1, 2],
        [2, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    expect((await stack.compute()).toNested()).toEqual([1, 2]);
  });

  it('of a stack without matrices has no conditions', async () => {
    for (const p of [undefined, -2, 1, 'fro'] as const) {
      const none = linalg.cond<LazyArray>(nd.zeros([0, 3, 3]), p);
      expect([none.shape, (await none.compute()).shape], String(p)).toEqual([[0], [0]]);
      expect(() => linalg.cond(nd.zeros([2, 0, 0]), p)).toThrow(ShapeError);
    }
  });

  it('tells how ill conditioned a matrix is', async () => {
    const a = [
      [4, 1],
      [2, 3],
    ];
    const inverse = [
      [0.3, -0.1],
      [-0.2, 0.4],
    ];
    for (const p of ['fro', 'nuc', 1, -1, 2, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const) {
      const expected =
        ((await linalg.norm(a, p).compute()) as number) * ((await linalg.norm(inverse, p).compute()) as number);
      expect(await linalg.cond(a, p).compute(), String(p)).toBeCloseTo(expected, 11);
    }
    for (const p of [undefined, 1, 'fro'] as const) {
      expect(
        await linalg
          .cond(
            [
              [1, 0],
              [0, 0],
            ],
            p,
          )
          .compute(),
      ).toBe(Number.POSITIVE_INFINITY);
      expect(
        await linalg
          .cond(
            [
              [0, 0],
              [0, 0],
            ],
            p,
          )
          .compute(),
      ).toBe(Number.POSITIVE_INFINITY);
    }
    expect(
      await linalg
        .cond(
          [
            [Number.NaN, 1],
            [1, 2],
          ],
          1,
        )
        .compute(),
    ).toBeNaN();
  });
});

describe('linalg.svdCompressed', () => {
  it('finds the large singular values', async () => {
    const [m, n, k] = [200, 120, 5];
    const [u, v] = [linalg.qr(normal([m, 20])).q, linalg.qr(normal([n, 20], 2)).q];
    const s = Array.from({ length: 20 }, (_, i) => 2 ** -i);
    const x = nd.matmul(nd.mul(u, s), nd.transpose(v));
    for (const normalizer of ['qr', 'lu', 'none'] as const) {
      const found = linalg.svdCompressed(x, k, { powerIterations: 2, normalizer, seed: 3 });
      expect([found.u.shape, found.s.shape, found.vt.shape]).toEqual([[m, k], [k], [k, n]]);
      await near(found.s, s.slice(0, k), 1e-9);
      await near(nd.matmul(nd.transpose(found.u), found.u), nd.eye(k));
      const best = nd.matmul(nd.mul(nd.slice(u, [[], [0, k]]), s.slice(0, k)), nd.transpose(nd.slice(v, [[], [0, k]])));
      await near(nd.matmul(nd.mul(found.u, found.s), found.vt), best, 1e-7);
    }
  });

  it('is the same for the same seed, and exact when it samples everything', async () => {
    const x = normal([9, 6]);
    const first = linalg.svdCompressed(x, 6, { seed: 1 });
    expect(first.s.key).toBe(linalg.svdCompressed(x, 6, { seed: 1 }).s.key);
    await near(first.s, linalg.svdvals(x));
    const single = linalg.svdCompressed(nd.astype(x, 'float32'), 2, { seed: 1 });
    expect(single.u.dtype).toBe('float32');
  });
});

describe('every function', () => {
  const a = nd.array([
    [4, 1],
    [1, 3],
  ]);
  const calls: Record<string, (x: LazyArray) => LazyArray> = {
    qr: (x) => linalg.qr(x).r,
    lu: (x) => linalg.lu(x).u,
    cholesky: (x) => linalg.cholesky(x),
    solve: (x) => linalg.solve(x, [1, 2]),
    solveTriangular: (x) => linalg.solveTriangular(x, [1, 2]),
    lstsq: (x) => linalg.lstsq(x, [1, 2]).x,
    inv: (x) => linalg.inv(x),
    pinv: (x) => linalg.pinv(x),
    eigh: (x) => linalg.eigh(x).vectors,
    svd: (x) => linalg.svd(x).u,
    svdvals: (x) => linalg.svdvals(x),
  };

  it.each(Object.keys(calls))('%s keeps float32, promotes integers, takes views', async (name) => {
    const call = calls[name]!;
    const expected = call(a);
    expect(expected.dtype).toBe('float64');
    await near(call(nd.astype(a, 'int32')), expected, 1e-14);
    const single = call(nd.astype(a, 'float32'));
    // a vector on the right, [1, 2], is float64
    if (!['solve', 'solveTriangular', 'lstsq'].includes(name)) expect(single.dtype).toBe('float32');
    await near(nd.astype(single, 'float64'), expected, 1e-5);
    const strided = array(generator(1), [2, 2], 'float64', {
      strided: true,
      value: (() => {
        let i = 0;
        return () => 3 + (i++ % 5);
      })(),
    });
    await near(call(nd.array(strided)), call(nd.array(strided.copy())), 1e-13);
    await near(call(nd.transpose(nd.transpose(a))), expected, 1e-14);
  });

  it.each(['js', 'wasm'] as const)('runs on %s', async (device) => {
    const runtime = createRuntime({ workers: 1 });
    for (const [name, call] of Object.entries(calls)) {
      const value = await runtime.compute(call(a), { device });
      const expected = await call(a).compute();
      expected.data.forEach((one, i) => {
        expect(Math.abs(Math.abs(one) - Math.abs(value.data[i]!)), name).toBeLessThan(1e-14 * 10);
      });
    }
    await runtime.close();
  });

  it('names itself, the argument and the shapes in what it refuses', () => {
    const wrong: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
      [() => linalg.qr([1, 2]), ShapeError, /linalg\.qr: x must be a matrix.*float64 \[2\]/],
      [() => linalg.cholesky([[1, 2, 3]]), ShapeError, /linalg\.cholesky: x must be square.*\[1, 3\]/],
      [() => linalg.eigh([[1, 2, 3]]), ShapeError, /linalg\.eigh: x must be square/],
      [() => linalg.inv([[1, 2, 3]]), ShapeError, /linalg\.inv: x must be square/],
      [() => linalg.det([[1, 2, 3]]), ShapeError, /linalg\.det: x must be square/],
      [
        () =>
          linalg.solve(
            [
              [1, 2],
              [3, 4],
            ],
            [1, 2, 3],
          ),
        ShapeError,
        /linalg\.solve: a is float64 \[2, 2\], so b needs 2 rows, and is float64 \[3\]/,
      ],
      [
        () => linalg.solve(nd.zeros([3, 2, 2]), nd.zeros([4, 2, 1])),
        ShapeError,
        /linalg\.solve: the stacks of a .*\[3, 2, 2\].*\[4, 2, 1\]/,
      ],
      [() => linalg.solve([[1]], 3), ShapeError, /needs 1 rows/],
      [
        () =>
          linalg.lstsq(
            [
              [1, 2],
              [3, 4],
            ],
            [1, 2, 3],
          ),
        ShapeError,
        /linalg\.lstsq: a is float64 \[2, 2\], so b must be \[2\] or \[2, k\]/,
      ],
      [() => linalg.lstsq(nd.zeros([2, 2, 2]), [1, 2]), ShapeError, /linalg\.lstsq: a must be one matrix/],
      [
        () => linalg.qr(a, { mod: 'r' } as never),
        OptionError,
        /linalg\.qr: there is no option 'mod'; did you mean 'mode'\?/,
      ],
      [
        () => linalg.qr(a, { mode: 'full' } as never),
        OptionError,
        /mode must be one of 'reduced', 'complete', 'r', not "full"/,
      ],
      [() => linalg.svd(a, { fullMatrix: true } as never), OptionError, /did you mean 'fullMatrices'/],
      [() => linalg.svd(a, { accuracy: 'high' } as never), OptionError, /accuracy must be one of/],
      [() => linalg.solve(a, [1, 2], { assume: 'symmetric' } as never), OptionError, /assume must be one of/],
      [() => linalg.solveTriangular(a, [1, 2], { trans: 'X' } as never), OptionError, /trans must be one of/],
      [() => linalg.lstsq(a, [1, 2], { rcond: -1 }), OptionError, /rcond must be a number of at least 0/],
      [() => linalg.matrixRank(a, { tol: 1, rtol: 1 }), OptionError, /give tol or rtol, not both/],
      [() => linalg.norm([1, 2], 'nuc'), OptionError, /'nuc' is a norm of matrices/],
      [() => linalg.norm(a, { axis: 0 } as never), ArgumentError, /options come third/],
      [() => linalg.norm(a, undefined, { axes: 0 } as never), OptionError, /did you mean 'axis'/],
      [() => linalg.cond(nd.zeros([0, 0])), ShapeError, /has no elements/],
      [() => linalg.cond([[1, 2, 3]], 1), ShapeError, /must be square/],
      [() => linalg.svdCompressed(a, 3), ArgumentError, /k must be a whole number from 1 to 2/],
      [() => linalg.svdCompressed(a, 1, { oversampling: -1 }), OptionError, /oversampling must be a whole number/],
      [() => linalg.svdCompressed(a, 1, { normalizer: 'svd' } as never), OptionError, /normalizer must be one of/],
      [() => linalg.svdCompressed(nd.zeros([2, 3, 3]), 1), ShapeError, /x must be one matrix/],
    ];
    for (const [call, type, message] of wrong) {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    }
    expect(() => linalg.det(nd.unique([[1, 2]]))).toThrow(/known only when it is computed/);
  });

  it('is one task for equal calls', () => {
    expect(linalg.qr(a).q.key).toBe(linalg.qr(a).q.key);
    expect(linalg.svd(a).u.key).not.toBe(linalg.svd(a, { accuracy: 'relative' }).u.key);
    expect(new NDArray(new Float64Array(4), { shape: [2, 2], dtype: 'float64' }).shape).toEqual(linalg.inv(a).shape);
  });
});
