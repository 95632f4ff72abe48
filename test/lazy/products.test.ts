/** Products of arrays against sums written out, over shapes, dtypes and call forms; and what is refused. */
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { NODE, type TaskNode } from '../../dist/graph/node.js';
import {
  type DType,
  type LazyArray,
  type LazyScalar,
  lastRun,
  NDArray,
  nd,
  OptionError,
  ShapeError,
} from '../../dist/index.js';
import { contractionOrder } from '../../dist/lazy/contraction.js';
import { asLazy } from '../../dist/lazy/lazy-array.js';
import { viewOf } from '../../dist/lazy/view.js';
import { array, epsilon, generator } from '../kernels/numbers.js';

const isFloat = (dtype: DType): boolean => dtype === 'float64' || dtype === 'float32';

/** Values of a dtype: integers of the whole range, so that products wrap; fractions for floats. */
function sample(random: () => number, shape: readonly number[], dtype: DType, strided = false): NDArray {
  if (isFloat(dtype)) return array(random, shape, dtype, { strided });
  const value = (): number => Math.floor(random() * (dtype === 'bool' ? 2 : 2 ** 32));
  return array(random, shape, dtype, { strided, value });
}

/** Einstein's sum by the definition: all indices, one after the other, exact for integers modulo 2³². */
function naive(
  inputs: readonly string[],
  out: string,
  arrays: readonly NDArray[],
  dtype: DType,
): { values: number[]; bounds: number[]; shape: number[] } {
  const lengths = new Map<string, number>();
  inputs.forEach((labels, i) => {
    [...labels].forEach((label, axis) => {
      lengths.set(label, Math.max(lengths.get(label) ?? 0, arrays[i]!.shape[axis]!));
      if (arrays[i]!.shape[axis] === 0) lengths.set(label, 0);
    });
  });
  const shape = [...out].map((label) => lengths.get(label)!);
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Array<bigint | number>(size).fill(isFloat(dtype) ? 0 : 0n);
  const bounds = new Array<number>(size).fill(0);
  const labels = [...lengths.keys()];
  const index = new Map<string, number>();
  const walk = (depth: number): void => {
    if (depth < labels.length) {
      for (let i = 0; i < lengths.get(labels[depth]!)!; i++) {
        index.set(labels[depth]!, i);
        walk(depth + 1);
      }
      return;
    }
    const factors = inputs.map((own, i) => {
      const at = [...own].map((label, axis) => (arrays[i]!.shape[axis] === 1 ? 0 : index.get(label)!));
      return Number(arrays[i]!.get(...at));
    });
    const place = [...out].reduce((sum, label, axis) => sum * shape[axis]! + index.get(label)!, 0);
    if (isFloat(dtype)) {
      const term = factors.reduce((a, b) => a * b, 1);
      values[place] = (values[place] as number) + term;
      bounds[place]! += Math.abs(term);
    } else values[place] = (values[place] as bigint) + factors.reduce((a, b) => a * BigInt(b), 1n);
  };
  walk(0);
  const wrap = (value: bigint): number => {
    if (dtype === 'bool') return Number(value !== 0n);
    if (dtype === 'uint8') return Number(BigInt.asUintN(8, value));
    return Number(dtype === 'int32' ? BigInt.asIntN(32, value) : BigInt.asUintN(32, value));
  };
  return { values: values.map((value) => (typeof value === 'bigint' ? wrap(value) : value)), bounds, shape };
}

async function check(
  actual: { compute(): Promise<unknown>; dtype: DType; shape: readonly number[] },
  inputs: readonly string[],
  out: string,
  arrays: readonly NDArray[],
  dtype: DType,
): Promise<void> {
  const expected = naive(inputs, out, arrays, dtype);
  expect(actual.dtype).toBe(dtype);
  const result = await actual.compute();
  const data = result instanceof NDArray ? [...result.copy().data] : [Number(result)];
  expect(actual.shape).toEqual(expected.shape);
  expect(data.length).toBe(expected.values.length);
  data.forEach((value, i) => {
    if (value === expected.values[i]) return;
    // a hundred terms at most, in float32 also rounded between pairs
    const allowed = isFloat(dtype) ? 300 * epsilon(dtype) * expected.bounds[i]! : 0;
    expect(Math.abs(value - expected.values[i]!), `${inputs}->${out} element ${i}`).toBeLessThanOrEqual(allowed);
  });
}

/** The task that makes the product, below what gives it another shape. */
function makerOf(product: LazyArray): TaskNode {
  const node = product[NODE];
  return node.op.name === 'reshape' ? node.deps[0]! : node;
}

const dtypes = ['float64', 'float32', 'int32', 'uint32', 'uint8', 'bool'] as const;
const anyDType = fc.constantFrom<DType>(...dtypes);

describe('nd.matmul', () => {
  it.each(dtypes)('multiplies matrices of %s', async (dtype) => {
    const random = generator(1);
    for (const [m, k, n] of [
      [1, 1, 1],
      [3, 4, 5],
      [17, 9, 33],
      [2, 70, 1],
      [1, 70, 2],
      [40, 1, 41],
      [65, 66, 67],
    ] as const) {
      const [a, b] = [sample(random, [m, k], dtype, m > 10), sample(random, [k, n], dtype)];
      await check(nd.matmul(a, b), ['ik', 'kj'], 'ij', [a, b], dtype);
    }
  });

  it('takes vectors on either side, and stacks that broadcast', async () => {
    const random = generator(2);
    const forms: [number[], number[], string, string, string][] = [
      [[5], [5], 'k', 'k', ''],
      [[5], [5, 3], 'k', 'kj', 'j'],
      [[4, 5], [5], 'ik', 'k', 'i'],
      [[2, 4, 5], [5], 'bik', 'k', 'bi'],
      [[5], [2, 5, 3], 'k', 'bkj', 'bj'],
      [[2, 4, 5], [2, 5, 3], 'bik', 'bkj', 'bij'],
      [[2, 4, 5], [5, 3], 'bik', 'kj', 'bij'],
      [[4, 5], [2, 5, 3], 'ik', 'bkj', 'bij'],
      [[6, 1, 4, 5], [2, 5, 3], 'abik', 'bkj', 'abij'],
      [[6, 1, 40, 5], [1, 2, 5, 30], 'abik', 'abkj', 'abij'],
      [[3, 0, 5], [5, 2], 'bik', 'kj', 'bij'],
      [[3, 4, 0], [0, 2], 'bik', 'kj', 'bij'],
    ];
    for (const [p, q, left, right, out] of forms) {
      for (const dtype of ['float64', 'int32'] as const) {
        const [a, b] = [sample(random, p, dtype), sample(random, q, dtype)];
        await check(nd.matmul(a, b), [left, right], out, [a, b], dtype);
      }
    }
  });

  it('promotes mixed dtypes', async () => {
    const random = generator(3);
    for (const [p, q, result] of [
      ['int32', 'float32', 'float64'],
      ['uint8', 'float32', 'float32'],
      ['uint8', 'int32', 'int32'],
      ['bool', 'uint8', 'uint8'],
      ['float64', 'float32', 'float64'],
    ] as const) {
      const a = array(random, [3, 4], p, { value: () => Math.floor(random() * 2) });
      const b = array(random, [4, 2], q, { value: () => Math.floor(random() * 9) });
      await check(nd.matmul(a, b), ['ik', 'kj'], 'ij', [a, b], result);
    }
  });

  it('is the same for every number of threads', async () => {
    const random = generator(4);
    for (const [p, q] of [
      [
        [300, 301],
        [301, 299],
      ],
      [
        [40, 30, 31],
        [31, 30],
      ],
      [[700, 900], [900]],
      [[300_000], [300_000]],
      [
        [20, 40_000],
        [40_000, 9],
      ],
      [
        [40_000, 20],
        [20, 9],
      ],
      [
        [3000, 8, 9],
        [3000, 9, 8],
      ],
      [[900], [900, 5000]],
    ] as const) {
      const product = nd.matmul(sample(random, p, 'float64'), sample(random, q, 'float64'));
      const bits = async (workers: number): Promise<Uint8Array> => {
        // on one device: another may add in another order, and 'auto' chooses by what it has measured
        const value: unknown = await product.compute({ workers, device: 'wasm' });
        const data = value instanceof NDArray ? value.copy().data : Float64Array.of(Number(value));
        return new Uint8Array(data.buffer);
      };
      const one = await bits(1);
      for (const workers of [2, 3]) expect(Buffer.compare(one, await bits(workers))).toBe(0);
    }
  });

  describe('of a matrix and itself transposed', () => {
    const x = sample(generator(5), [37, 11], 'float64');
    const t = nd.transpose(x);
    const wide = nd.reshape(x, [1, 37, 11]);
    const forms: [string, LazyArray, string[], string][] = [
      ['matmul, inner', nd.matmul(t, x), ['ki', 'kj'], 'ij'],
      ['matmul, outer', nd.matmul(x, t), ['ik', 'jk'], 'ij'],
      ['dot', nd.dot(t, x), ['ki', 'kj'], 'ij'],
      ['inner', nd.inner(x, x), ['ik', 'jk'], 'ij'],
      ['tensordot', nd.tensordot(x, x, { axes: [0, 0] }), ['ki', 'kj'], 'ij'],
      ['einsum', nd.einsum('ki,kj->ij', x, x), ['ki', 'kj'], 'ij'],
      ['einsum, other way round', nd.einsum('ik,jk->ji', x, x), ['ik', 'jk'], 'ij'],
      ['einsum, more axes', nd.einsum('abi,abj->ij', wide, wide), ['ki', 'kj'], 'ij'],
    ];

    it.each(forms)('computes half of it: %s', async (_title, product, inputs, out) => {
      await check(product, inputs, out, [x, x], 'float64');
      const task = makerOf(product);
      expect(task.op).toMatchObject({ kind: 'kernel', kernel: { name: 'matmul' }, params: { symmetric: true } });
      expect(task.deps).toHaveLength(1);
      const c = await product.compute();
      for (let i = 0; i < c.shape[0]!; i++) for (let j = 0; j < i; j++) expect(c.get(i, j)).toBe(c.get(j, i));
    });

    it('knows equal arrays, and does not take other products for it', async () => {
      expect(makerOf(nd.matmul(nd.transpose(x.copy()), x)).deps).toHaveLength(1);
      const square = sample(generator(6), [9, 9], 'float64');
      const others = [
        nd.matmul(square, square),
        nd.matmul(nd.transpose(square), nd.transpose(square)),
        nd.matmul(nd.transpose(square), sample(generator(7), [9, 9], 'float64')),
      ];
      for (const other of others) expect(makerOf(other).op).not.toMatchObject({ params: { symmetric: true } });
      await check(others[0]!, ['ik', 'kj'], 'ij', [square, square], 'float64');
      await check(others[1]!, ['ki', 'jk'], 'ij', [square, square], 'float64');
    });

    it('has the same bits for every number of threads', async () => {
      for (const shape of [
        [300, 500],
        [20_000, 30],
        [30_000, 12],
      ]) {
        const y = sample(generator(8), shape, 'float32');
        const bits = async (workers: number): Promise<Uint8Array> =>
          new Uint8Array((await nd.matmul(nd.transpose(y), y).compute({ workers })).copy().data.buffer);
        const one = await bits(1);
        for (const workers of [2, 3]) expect(Buffer.compare(one, await bits(workers))).toBe(0);
      }
    });
  });

  it('multiplies results of other tasks', async () => {
    const a = nd.add(nd.ones([2, 3]), 1);
    expect(
      await nd
        .matmul(nd.matmul(a, nd.eye(3)), [1, 1, 1])
        .toNested()
        .compute(),
    ).toEqual([6, 6]);
  });
});

describe('nd.dot, inner, vdot, outer, kron', () => {
  it('follow NumPy in their axes', async () => {
    const random = generator(5);
    for (const dtype of ['float64', 'int32'] as const) {
      const of = (...shape: number[]): NDArray => sample(random, shape, dtype);
      const [v, w, m, t] = [of(5), of(5), of(4, 5), of(2, 3, 5)];
      await check(nd.dot(v, w), ['k', 'k'], '', [v, w], dtype);
      await check(nd.dot(m, v), ['ik', 'k'], 'i', [m, v], dtype);
      await check(nd.dot(t, v), ['aik', 'k'], 'ai', [t, v], dtype);
      const [p, q] = [of(5, 6), of(3, 5, 2)];
      await check(nd.dot(m, p), ['ik', 'kj'], 'ij', [m, p], dtype);
      await check(nd.dot(t, q), ['abk', 'ckj'], 'abcj', [t, q], dtype);
      const s = of();
      await check(nd.dot(s, m), ['', 'ij'], 'ij', [s, m], dtype);
      await check(nd.dot(m, s), ['ij', ''], 'ij', [m, s], dtype);
      await check(nd.inner(t, m), ['abk', 'ck'], 'abc', [t, m], dtype);
      await check(nd.inner(v, w), ['k', 'k'], '', [v, w], dtype);
      await check(nd.vdot(m, m), ['ij', 'ij'], '', [m, m], dtype);
      await check(nd.outer(v, w), ['i', 'j'], 'ij', [v, w], dtype);
      const o = (await nd.outer(m, v).compute()).shape;
      expect(o).toEqual([20, 5]);
    }
    expect(
      (
        await nd
          .kron(
            [
              [1, 2],
              [3, 4],
            ],
            [
              [0, 1],
              [10, 0],
            ],
          )
          .compute()
      ).toNested(),
    ).toEqual([
      [0, 1, 0, 2],
      [10, 0, 20, 0],
      [0, 3, 0, 4],
      [30, 0, 40, 0],
    ]);
    expect((await nd.kron([1, 2], [[1, 1]]).compute()).toNested()).toEqual([[1, 1, 2, 2]]);
    expect(await nd.dot([1, 2, 3], [4, 5, 6]).compute()).toBe(32);
  });

  it('adds long vectors up in pieces', async () => {
    const random = generator(6);
    for (const [dtype, n] of [
      ['float64', 1_000_003],
      ['float32', 300_001],
    ] as const) {
      const [x, y] = [sample(random, [n], dtype), sample(random, [n], dtype)];
      let [exact, size] = [0, 0];
      for (let i = 0; i < n; i++) {
        exact += x.data[i]! * y.data[i]!;
        size += Math.abs(x.data[i]! * y.data[i]!);
      }
      const value = Number(await nd.dot(x, y).compute());
      // blocks of a few hundred, then sums in float64
      expect(Math.abs(value - exact)).toBeLessThan(80 * epsilon(dtype) * size);
    }
  });
});

describe('nd.tensordot', () => {
  it('sums over the axes that are named', async () => {
    const random = generator(7);
    const [a, b] = [sample(random, [3, 4, 5], 'float64'), sample(random, [4, 3, 2], 'float64')];
    await check(
      nd.tensordot(a, b, {
        axes: [
          [1, 0],
          [0, 1],
        ],
      }),
      ['abk', 'bac'],
      'kc',
      [a, b],
      'float64',
    );
    await check(nd.tensordot(a, b, { axes: [[0], [1]] }), ['kbc', 'dke'], 'bcde', [a, b], 'float64');
    await check(nd.tensordot(a, b, { axes: [0, -2] }), ['kbc', 'dke'], 'bcde', [a, b], 'float64');
    await check(nd.tensordot(a, b, { axes: 0 }), ['abc', 'def'], 'abcdef', [a, b], 'float64');
    const c = sample(random, [4, 5, 6], 'float64');
    await check(nd.tensordot(a, c), ['abc', 'bcd'], 'ad', [a, c], 'float64');
    const d = sample(random, [5, 2], 'float64');
    await check(nd.tensordot(a, d, { axes: 1 }), ['abc', 'cd'], 'abd', [a, d], 'float64');
  });
});

describe('nd.trace', () => {
  it('sums along diagonals', async () => {
    const random = generator(8);
    const x = sample(random, [4, 6], 'float64', true);
    for (const offset of [-5, -4, -2, 0, 1, 5, 6, 9]) {
      let expected = 0;
      for (let i = 0; i < 4; i++) if (i + offset >= 0 && i + offset < 6) expected += x.get(i, i + offset) as number;
      expect(await nd.trace(x, { offset }).compute()).toBeCloseTo(expected, 12);
    }
    const t = sample(random, [3, 4, 3], 'float64');
    await check(nd.trace(t, { axis1: 0, axis2: -1 }), ['iai'], 'a', [t], 'float64');
    const whole = nd.trace(new NDArray(Uint8Array.of(200, 1, 1, 200), { shape: [2, 2], dtype: 'uint8' }));
    expect(whole.dtype).toBe('float64');
    expect(await whole.compute()).toBe(400);
  });
});

describe('nd.einsum', () => {
  const forms: [string, number[][]][] = [
    ['ij->ij', [[3, 4]]],
    ['ij->ji', [[3, 4]]],
    ['ijk->kij', [[3, 4, 5]]],
    ['ij->', [[3, 4]]],
    ['ij->i', [[3, 4]]],
    ['ij->j', [[3, 4]]],
    ['ijk->j', [[3, 4, 5]]],
    ['ijkl->jl', [[3, 4, 5, 2]]],
    ['ijkl->lj', [[3, 4, 5, 2]]],
    ['ii->', [[4, 4]]],
    ['ii->i', [[4, 4]]],
    ['iij->ji', [[4, 4, 3]]],
    ['iii->i', [[4, 4, 4]]],
    ['ijij->', [[2, 3, 2, 3]]],
    ['i,i->', [[5], [5]]],
    ['i,i->i', [[5], [5]]],
    ['i,j->ij', [[5], [4]]],
    ['i,j->ji', [[5], [4]]],
    ['i,j->', [[5], [4]]],
    [
      'ij,ij->ij',
      [
        [3, 4],
        [3, 4],
      ],
    ],
    [
      'ij,ji->ij',
      [
        [3, 4],
        [4, 3],
      ],
    ],
    [
      'ij,ij->',
      [
        [3, 4],
        [3, 4],
      ],
    ],
    ['ij,j->ij', [[3, 4], [4]]],
    ['ij,i->ij', [[3, 4], [3]]],
    ['i,ij->ji', [[3], [3, 4]]],
    [
      'ij,jk->ik',
      [
        [3, 4],
        [4, 5],
      ],
    ],
    [
      'ij,jk->ki',
      [
        [3, 4],
        [4, 5],
      ],
    ],
    [
      'ji,jk->ik',
      [
        [4, 3],
        [4, 5],
      ],
    ],
    [
      'ij,kj->ik',
      [
        [3, 4],
        [5, 4],
      ],
    ],
    [
      'ij,jk->',
      [
        [3, 4],
        [4, 5],
      ],
    ],
    [
      'ij,jk->i',
      [
        [3, 4],
        [4, 5],
      ],
    ],
    [
      'bij,bjk->bik',
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
    ],
    [
      'bij,bjk->ikb',
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
    ],
    [
      'ijb,bjk->ikb',
      [
        [3, 4, 2],
        [2, 4, 5],
      ],
    ],
    [
      'bij,bij->b',
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
    ],
    [
      'bij,bji->b',
      [
        [2, 3, 4],
        [2, 4, 3],
      ],
    ],
    ['bi,b->bi', [[2, 3], [2]]],
    ['ib,b->ib', [[3, 2], [2]]],
    [
      'bi,bj->bij',
      [
        [2, 3],
        [2, 4],
      ],
    ],
    [
      'ijk,jil->kl',
      [
        [3, 4, 5],
        [4, 3, 2],
      ],
    ],
    [
      'ijk,kl->ijl',
      [
        [3, 4, 5],
        [5, 2],
      ],
    ],
    [
      'ijk,jl->ilk',
      [
        [3, 4, 5],
        [4, 2],
      ],
    ],
    [
      'ikj,kl->ijl',
      [
        [3, 4, 5],
        [4, 2],
      ],
    ],
    [
      'ijkl,klmn->ijmn',
      [
        [2, 3, 4, 5],
        [4, 5, 2, 3],
      ],
    ],
    [
      'ijkl,lkmn->mjni',
      [
        [2, 3, 4, 5],
        [5, 4, 2, 3],
      ],
    ],
    [
      'ii,ij->j',
      [
        [4, 4],
        [4, 3],
      ],
    ],
    [
      'ij,jk,kl->il',
      [
        [3, 4],
        [4, 5],
        [5, 2],
      ],
    ],
    [
      'ij,jk,kl,lm->mi',
      [
        [3, 4],
        [4, 5],
        [5, 2],
        [2, 6],
      ],
    ],
    ['i,ij,j->', [[3], [3, 4], [4]]],
    ['i,i,i->i', [[3], [3], [3]]],
    ['ij,j,k->ik', [[3, 4], [4], [5]]],
    ['a,b,c,d,e->ebadc', [[2], [3], [2], [3], [2]]],
    [
      'ab,bc,cd,de,ef,fa->',
      [
        [2, 3],
        [3, 2],
        [2, 3],
        [3, 2],
        [2, 3],
        [3, 2],
      ],
    ],
    ['i,ij->j', [[1], [3, 4]]],
    [
      'ij,jk->ik',
      [
        [3, 1],
        [4, 5],
      ],
    ],
    [
      'ij,ij->ij',
      [
        [3, 1],
        [1, 4],
      ],
    ],
    [
      'ij,jk->ik',
      [
        [3, 0],
        [0, 5],
      ],
    ],
    [
      'ij,jk->ik',
      [
        [0, 4],
        [4, 5],
      ],
    ],
    ['ij->j', [[0, 3]]],
  ];

  it.each(forms)('%s', async (subscripts, shapes) => {
    const random = generator(9);
    const [left = '', out = ''] = subscripts.split('->');
    for (const dtype of ['float64', 'float32', 'int32', 'bool'] as const) {
      const arrays = shapes.map((shape, i) => sample(random, shape, dtype, i % 2 === 0));
      await check(nd.einsum(subscripts, ...arrays), left.split(','), out, arrays, dtype);
    }
  });

  it('is the sum over all indices, whatever the subscripts', async () => {
    const term = fc.array(fc.constantFrom(...'abcde'), { maxLength: 4 });
    const property = fc.asyncProperty(
      fc.array(term, { minLength: 1, maxLength: 5 }),
      fc.array(fc.constantFrom(1, 2, 3, 4), { minLength: 5, maxLength: 5 }),
      fc.array(fc.constantFrom(...'abcde')),
      anyDType,
      fc.integer({ min: 0, max: 1000 }),
      async (inputs, sizes, wanted, dtype, seed) => {
        const random = generator(seed);
        const all = new Set(inputs.flat());
        const out = [...new Set(wanted)].filter((label) => all.has(label));
        const arrays = inputs.map((labels) => {
          const shape = labels.map((label) => sizes['abcde'.indexOf(label)]!);
          return sample(random, shape, dtype, random() < 0.5);
        });
        const subscripts = `${inputs.map((labels) => labels.join('')).join(',')}->${out.join('')}`;
        await check(
          nd.einsum(subscripts, ...arrays),
          inputs.map((labels) => labels.join('')),
          out.join(''),
          arrays,
          dtype,
        );
      },
    );
    await fc.assert(property, { seed: 20_260_102, numRuns: 250 });
  });

  it('orders the result by itself where nothing is said', async () => {
    const random = generator(10);
    const [a, b] = [sample(random, [3, 4], 'float64'), sample(random, [4, 5], 'float64')];
    await check(nd.einsum('ij,jk', a, b), ['ij', 'jk'], 'ik', [a, b], 'float64');
    await check(nd.einsum('cb,ba', a, b), ['cb', 'ba'], 'ac', [a, b], 'float64');
    const c = sample(random, [3, 3], 'float64');
    await check(nd.einsum('ii', c), ['ii'], '', [c], 'float64');
    await check(nd.einsum('ba', a), ['ba'], 'ab', [a], 'float64');
    await check(nd.einsum('bA', a), ['bA'], 'Ab', [a], 'float64');
  });

  it('stretches the axes of an ellipsis', async () => {
    const random = generator(11);
    const of = (...shape: number[]): NDArray => sample(random, shape, 'float64');
    const [a, b, c, v] = [of(2, 3, 4, 5), of(3, 5, 2), of(1, 5), of(5)];
    await check(nd.einsum('...ij,...jk->...ik', a, b), ['pqij', 'qjk'], 'pqik', [a, b], 'float64');
    await check(nd.einsum('...ij,...jk', a, b), ['pqij', 'qjk'], 'pqik', [a, b], 'float64');
    await check(nd.einsum('i...->...i', a), ['ipqr'], 'pqri', [a], 'float64');
    await check(nd.einsum('...i,...i->...', a, c), ['pqri', 'ri'], 'pqr', [a, c], 'float64');
    await check(nd.einsum(' ...i, i -> ... ', a, v), ['pqri', 'i'], 'pqr', [a, v], 'float64');
  });

  it('contracts in the order that costs least', () => {
    const lengths = new Map([
      ['i', 1000],
      ['j', 2],
      ['k', 1000],
      ['l', 2],
    ]);
    // (ij)(jk) first would be 1000 × 1000; (jk)(kl) first is 2 × 2
    expect(
      contractionOrder(
        [
          ['i', 'j'],
          ['j', 'k'],
          ['k', 'l'],
        ],
        ['i', 'l'],
        lengths,
      ),
    ).toEqual([
      [1, 2],
      [0, 1],
    ]);
    const chain = [
      ['i', 'j'],
      ['j', 'k'],
      ['k', 'l'],
      ['l', 'i'],
      ['i', 'j'],
    ];
    const order = contractionOrder(chain, [], lengths);
    expect(order.length).toBe(4);
    expect(order[0]).toEqual([0, 4]);
  });
});

describe('views', () => {
  const random = generator(12);
  const [p, q] = [sample(random, [6, 5], 'float64'), sample(random, [6, 7], 'float64')];
  const transposed = viewOf(asLazy(p, 'test'), { shape: [5, 6], axes: [1, 0], steps: [1, 1], start: [0, 0] });
  // rows 4, 2, 0 of p and all but the first of its columns
  const sliced = viewOf(asLazy(p, 'test'), { shape: [3, 4], axes: [0, 1], steps: [-2, 1], start: [4, 1] });
  const rows = NDArray.zeros([3, 4]);
  for (let i = 0; i < 3; i++) for (let j = 0; j < 4; j++) rows.data[4 * i + j] = p.get(4 - 2 * i, j + 1) as number;

  it('are multiplied where they lie', async () => {
    await check(nd.matmul(transposed, q), ['ki', 'kj'], 'ij', [p, q], 'float64');
    await check(nd.matmul(transposed, p), ['ki', 'kj'], 'ij', [p, p], 'float64');
    await check(nd.matmul(p, transposed), ['ik', 'jk'], 'ij', [p, p], 'float64');
    await check(
      nd.matmul(sliced, sample(generator(1), [4, 2], 'float64')),
      ['ik', 'kj'],
      'ij',
      [rows, sample(generator(1), [4, 2], 'float64')],
      'float64',
    );
    await check(nd.einsum('ij,ij->j', sliced, sliced), ['ij', 'ij'], 'j', [rows, rows], 'float64');
    await check(nd.einsum('ij->ji', sliced), ['ij'], 'ji', [rows], 'float64');
    await check(
      nd.dot(sliced, [1, 2, 3, 4]),
      ['ij', 'j'],
      'i',
      [rows, new NDArray(Float64Array.of(1, 2, 3, 4), { shape: [4], dtype: 'float64' })],
      'float64',
    );
    await check(
      nd.outer(sliced, transposed),
      ['i', 'j'],
      'ij',
      [
        new NDArray(rows.data, { shape: [12], dtype: 'float64' }),
        new NDArray((await transposed.compute()).data, { shape: [30], dtype: 'float64' }),
      ],
      'float64',
    );
    let trace = 0;
    for (let i = 0; i < 3; i++) trace += rows.get(i, i) as number;
    expect(await nd.trace(sliced).compute()).toBeCloseTo(trace, 12);
  });

  it('cost no copy', async () => {
    const { key } = nd.matmul(transposed, q);
    expect(key.startsWith('matmul-')).toBe(true);
    await nd.matmul(transposed, q).compute();
    expect(lastRun.tasks.filter(({ key: task }) => !task.startsWith('array-')).length).toBe(1);
    await nd.einsum('ij,ik->kj', sliced, sliced).compute();
    expect(lastRun.tasks.filter(({ key: task }) => !task.startsWith('array-')).length).toBe(1);
  });
});

describe('shapes that only values tell', () => {
  it('are looked at when they are there', async () => {
    const some = nd.unique([3, 1, 2, 3]) as unknown as Parameters<typeof nd.dot>[0];
    expect(await nd.dot(some, some).compute()).toBe(14);
    expect((await nd.outer(some, [1, 2]).compute()).toNested()).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    expect(await nd.einsum('i->', some).compute()).toBe(6);
    expect((await nd.matmul(some, nd.ones([3, 2])).compute()).toNested()).toEqual([6, 6]);
    await expect(nd.matmul(some, nd.ones([4, 2])).compute()).rejects.toThrow(/nd\.matmul: a \[3\] and b \[4, 2\]/);
  });
});

describe('what cannot be', () => {
  const m = nd.ones([2, 3]);
  it.each<[string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    [
      'inner lengths',
      () => nd.matmul(m, nd.ones([2, 3])),
      ShapeError,
      /nd\.matmul: a \[2, 3\] and b \[2, 3\].* 3 and 2/,
    ],
    ['a number', () => nd.matmul(m, 2), ShapeError, /a number is no matrix/],
    [
      'stacks',
      () => nd.matmul(nd.ones([2, 3, 4]), nd.ones([3, 4, 5])),
      ShapeError,
      /nd\.matmul: a \[2, 3, 4\] and b \[3, 4, 5\]/,
    ],
    ['one is not stretched', () => nd.matmul(nd.ones([2, 1]), nd.ones([3, 2])), ShapeError, /1 and 3/],
    ['dot', () => nd.dot([1, 2], [1, 2, 3]), ShapeError, /nd\.dot: a \[2\] and b \[3\]/],
    ['inner', () => nd.inner(m, [1, 2]), ShapeError, /nd\.inner/],
    ['vdot', () => nd.vdot(m, [1, 2]), ShapeError, /6 elements and b \[2\] 2/],
    [
      'tensordot, too many',
      () => nd.tensordot(m, m, { axes: 3 }),
      ShapeError,
      /nd\.tensordot: a \[2, 3\] and b \[2, 3\]/,
    ],
    [
      'tensordot, axis',
      () => nd.tensordot(m, m, { axes: [2, 0] }),
      ShapeError,
      /axis 2 is out of range for a of shape \[2, 3\]/,
    ],
    ['tensordot, lists', () => nd.tensordot(m, m, { axes: [[0, 1], [0]] }), OptionError, /two lists/],
    [
      'tensordot, twice',
      () =>
        nd.tensordot(m, m, {
          axes: [
            [0, 0],
            [0, 1],
          ],
        }),
      OptionError,
      /named twice/,
    ],
    [
      'tensordot, option',
      () => nd.tensordot(m, m, { axis: 1 } as object),
      OptionError,
      /no option 'axis'; did you mean 'axes'\?/,
    ],
    ['trace of a vector', () => nd.trace([1, 2]), ShapeError, /nd\.trace: x \[2\]/],
    ['trace, one axis', () => nd.trace(m, { axis1: 1 }), OptionError, /same axis/],
    ['einsum, number of operands', () => nd.einsum('ij,jk->ik', m), Error, /for 2 operands, 1 were given/],
    ['einsum, axes', () => nd.einsum('ijk->i', m), ShapeError, /'ijk' of 'ijk->i' does not name the 2 axes/],
    [
      'einsum, lengths',
      () => nd.einsum('ij,jk->ik', m, m),
      ShapeError,
      /'j' are 3 and 2 long; the operands are \[2, 3\] and \[2, 3\]/,
    ],
    ['einsum, diagonal', () => nd.einsum('ii', m), ShapeError, /'i'.*\[2, 3\]/],
    ['einsum, result', () => nd.einsum('ij->ik', m), Error, /'k' of the result/],
    ['einsum, twice', () => nd.einsum('ij->ii', m), Error, /once/],
    ['einsum, letters', () => nd.einsum('i1->i', m), Error, /not of the form/],
    ['einsum, arrows', () => nd.einsum('i->j->k', m), Error, /not of the form/],
    ['einsum, lost ellipsis', () => nd.einsum('...j->j', m), Error, /say where it goes/],
    ['einsum, no text', () => nd.einsum(m as never, m), Error, /subscripts come first/],
  ])('%s', (_what, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

describe('a product without axes left', () => {
  it('is a delayed number, and its types say so where the call does', async () => {
    const [v, w] = [nd.array([1, 2, 3]), nd.array([4, 5, 6])];
    const dots = [
      nd.dot([1, 2, 3], [4, 5, 6]),
      nd.dot<LazyScalar>(v, w),
      nd.matmul<LazyScalar>(v, w),
      nd.inner<LazyScalar>(v, w),
      nd.vdot(v, w),
      nd.tensordot<LazyScalar>(v, w, { axes: 1 }),
      nd.einsum<LazyScalar>('i,i', v, w),
      v.dot<LazyScalar>(w),
    ];
    for (const dot of dots) {
      expectTypeOf(dot.compute()).toEqualTypeOf<Promise<number>>();
      expect([dot.shape, dot.dtype]).toEqual([[], 'float64']);
      expect(await dot.div(2).compute()).toBe(16);
    }
    const square = [
      [1, 2],
      [3, 4],
    ];
    expectTypeOf(nd.trace(square).compute()).toEqualTypeOf<Promise<number>>();
    expect(await nd.trace(square).neg().compute()).toBe(-5);
    const traces = nd.trace<LazyArray>(nd.ones([3, 2, 2]), { axis1: 1, axis2: 2 });
    expectTypeOf(traces.compute()).toEqualTypeOf<Promise<NDArray>>();
    expect((await traces.compute()).toNested()).toEqual([2, 2, 2]);
  });
});
