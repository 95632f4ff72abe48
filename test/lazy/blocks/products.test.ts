/** Products of arrays in blocks, whatever the blocks of either side are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeOf } from '../../../dist/graph/node.js';
import { buildProgram } from '../../../dist/graph/program.js';
import { type LazyArray, nd, random } from '../../../dist/index.js';
import type { KernelOp } from '../../../dist/kernels/contract.js';
import { blocksOf } from '../../../dist/lazy/blocks/blocked.js';
import { closeTo, sizesOf } from './arrays.js';

const length = fc.integer({ min: 0, max: 6 });

interface Pair {
  readonly whole: readonly [LazyArray, LazyArray];
  readonly chunked: readonly [LazyArray, LazyArray];
}

/** Two arrays of these shapes; either may stay in one block. */
function pair(shapes: readonly [readonly number[], readonly number[]], dtype: 'float64' | 'float32' | 'int32') {
  const [a, b] = shapes;
  const both = [random.normal(a, { seed: 1 }), random.normal(b, { seed: 2 })].map((x) =>
    nd.astype(nd.mul(x, 4), dtype),
  ) as [LazyArray, LazyArray];
  return fc
    .tuple(fc.tuple(...a.map(sizesOf)), fc.tuple(...b.map(sizesOf)), fc.constantFrom('both', 'first', 'second'))
    .map(([p, q, which]): Pair => {
      const first = which === 'second' ? both[0] : nd.rechunk(both[0], p);
      const second = which === 'first' ? both[1] : nd.rechunk(both[1], q);
      return { whole: both, chunked: [first, second] };
    });
}

const calls: Record<string, [shapes: fc.Arbitrary<[number[], number[]]>, (a: LazyArray, b: LazyArray) => unknown]> = {
  matmul: [
    fc.tuple(length, length, length).map(([m, n, k]) => [
      [m, k],
      [k, n],
    ]),
    (a, b) => nd.matmul(a, b),
  ],
  'matmul of stacks': [
    fc.tuple(length, length, length).map(([m, n, k]) => [
      [2, m, k],
      [k, n],
    ]),
    (a, b) => nd.matmul(a, b),
  ],
  'matrix times vector': [fc.tuple(length, length).map(([m, k]) => [[m, k], [k]]), (a, b) => nd.matmul(a, b)],
  dot: [fc.tuple(length).map(([k]) => [[k], [k]]), (a, b) => nd.dot(a, b)],
  vdot: [
    fc.tuple(length, length).map(([m, n]) => [
      [m, n],
      [m, n],
    ]),
    (a, b) => nd.vdot(a, b),
  ],
  outer: [fc.tuple(length, length).map(([m, n]) => [[m], [n]]), (a, b) => nd.outer(a, b)],
  kron: [fc.tuple(length, length).map(([m, n]) => [[m, 2], [n]]), (a, b) => nd.kron(a, b)],
  tensordot: [
    fc.tuple(length, length, length).map(([m, n, k]) => [
      [m, k, 3],
      [3, n, k],
    ]),
    (a, b) =>
      nd.tensordot(a, b, {
        axes: [
          [1, 2],
          [2, 0],
        ],
      }),
  ],
  'einsum with a diagonal and a transpose': [
    fc.tuple(length, length).map(([m, k]) => [
      [k, m, k],
      [m, 2],
    ]),
    (a, b) => nd.einsum('iji,jk->kj', a, b),
  ],
  'einsum of three': [
    fc.tuple(length, length).map(([m, k]) => [
      [m, k],
      [k, 3],
    ]),
    (a, b) => nd.einsum('ij,jk,ij->ik', a, b, a),
  ],
  x·xᵀ: [fc.tuple(length, length).map(([m, k]) => [[m, k], [1]]), (a) => nd.matmul(a, nd.transpose(a))],
};

describe('products of arrays in blocks', () => {
  it.each(Object.keys(calls))('%s is that of the whole arrays', async (name) => {
    const [shapes, call] = calls[name]!;
    const dtypes = fc.constantFrom('float64' as const, 'float32' as const, 'int32' as const);
    const pairs = fc.tuple(shapes, dtypes).chain(([both, dtype]) => pair(both, dtype));
    await fc.assert(
      fc.asyncProperty(pairs, async ({ whole, chunked }) => {
        const [expected, result] = [call(...whole), call(...chunked)] as [LazyArray, LazyArray];
        expect([result.shape, result.dtype]).toEqual([expected.shape, expected.dtype]);
        closeTo(await result.compute(), await expected.compute(), result.dtype === 'float32' ? 1e-4 : 1e-12);
      }),
      { numRuns: 25 },
    );
  });

  it('add one product after the other to a sum', async () => {
    const a = nd.ones([4, 10], { chunks: 2 });
    const product = nd.matmul(a, nd.transpose(nd.mul(a, 3)));
    const names = buildProgram([nodeOf(blocksOf(product)[1])!], false).nodes.map(({ op }) =>
      op.kind === 'kernel' ? (op as KernelOp).kernel.name : op.kind,
    );
    expect(names.filter((name) => name === 'matmul')).toHaveLength(1);
    expect(names.filter((name) => name === 'matmulAdd')).toHaveLength(4);
    expect((await product.compute()).get(3, 0)).toBe(30);
  });
});
