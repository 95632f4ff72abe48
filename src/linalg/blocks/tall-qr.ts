/**
 * TSQR, the QR factorisation of a tall matrix in blocks of rows (Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci. Comput. 34(1),
 * 2012; Q times a matrix as in Benson, Gleich & Demmel, IEEE BigData 2013): the QR of each block, then of the R of a few
 * neighbours on top of each other, level by level, in an order that the grid alone decides.
 *
 * R alone: 2mn² flops, k + (k − 1)/(f − 1) tasks for k blocks, f at a time. Q, or Q times a matrix, is formed from the
 * root down, each block of it by one product, after which the block's own Q is let go: 6mn² flops in all. Memory: R alone a
 * block, its QR's scratch and the R of each level; with Q also the Q of all blocks, as large as the matrix, which a budget
 * moves to disk and back; 3k + 4(k − 1)/(f − 1) + 1 tasks.
 */
import { rowMajorStrides } from '../../array/ndarray.js';
import { wholeView } from '../../array/view.js';
import { qr as qrKernel } from '../../kernels/linalg/factor.js';
import { MOST_TRIANGLES, qrTriangles } from '../../kernels/linalg/triangles-qr.js';
import { assembleParts, viewPart } from '../../lazy/assemble.js';
import { blocksOf, fromBlocks } from '../../lazy/blocks/blocked.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import { kernelCall, kernelCall1, type LazyArray } from '../../lazy/lazy-array.js';

/** R of so many blocks are factored at a time, at least and at most; the least takes no more memory than the SVD of one R. */
const LEAST = 3;
/** Numbers in the R that are factored at a time, where the blocks are no larger themselves. */
const STACK = 2 ** 16;

/** Blocks of rows of `n` columns and at least as many rows: neighbours with fewer are taken together. */
export function tallSizes(sizes: readonly number[], n: number): number[] {
  const result: number[] = [];
  let rows = 0;
  for (const size of sizes) {
    rows += size;
    if (rows < n) continue;
    result.push(rows);
    rows = 0;
  }
  if (result.length === 0) return [rows];
  result[result.length - 1]! += rows;
  return result;
}

/** A matrix in blocks of whole rows, none with fewer rows than columns where the matrix is tall. O(blocks) */
export function inRows(x: LazyArray): LazyArray {
  const n = x.shape[1]!;
  return rechunked(x, [tallSizes(x.chunks?.[0] ?? [x.shape[0]!], n), [n]]);
}

/** How many R are factored at a time: so many that they are no larger than a block, or than what is small. */
function fanIn(x: LazyArray): number {
  const n = x.shape[1]!;
  const rows = Math.max(...(x.chunks?.[0] ?? [x.shape[0]!]));
  return Math.max(LEAST, Math.min(MOST_TRIANGLES, Math.max(Math.floor(rows / n), Math.floor(STACK / (n * n)))));
}

/** Level by level, `count` neighbours at a time; what is left over goes to the next level, so that joins are few. */
function reduceGroups<T>(leaves: readonly T[], count: number, join: (group: readonly T[]) => T): T {
  let level = leaves;
  while (level.length > count) {
    const next: T[] = [];
    const whole = level.length - (level.length % count);
    for (let i = 0; i < whole; i += count) next.push(join(level.slice(i, i + count)));
    level = [...next, ...level.slice(whole)];
  }
  return level.length === 1 ? level[0]! : join(level);
}

/**
 * A copy: of R, that what needs it alone does not keep Q in memory, since outputs of one task come and go together; of some
 * rows, that the others need not be there.
 */
function alone(r: LazyArray): LazyArray {
  return assembleParts('alone', r.shape, [viewPart(r, wholeView(r.shape), 0, rowMajorStrides(r.shape))]);
}

/** The R of a matrix in blocks, (min(m, n), n), without Q. */
export function tallR(x: LazyArray): LazyArray {
  const tall = inRows(x);
  const leaves = blocksOf(tall).map((block) => kernelCall1(qrKernel, [block], { mode: 'r' }));
  return reduceGroups(leaves, fanIn(tall), (group) => kernelCall1(qrTriangles, group, { mode: 'r' }));
}

interface Factored {
  readonly q: LazyArray;
  readonly r: LazyArray;
  /** Whose R were factored, row i of Q being that of the one, row i + 1 that of the next; none for a block of the matrix. */
  readonly parts: readonly Factored[];
}

/** R, and how to multiply Q by a matrix. */
export interface TallQR {
  readonly r: LazyArray;
  /** Q times a matrix in one block, in the rows of the factored matrix's blocks. */
  times(c: LazyArray): LazyArray;
  /** Q itself. */
  q(): LazyArray;
}

/** QR of a matrix in blocks, at least as many rows as columns. */
export function tallQr(x: LazyArray): TallQR {
  const tall = inRows(x);
  const factored = ([q, r]: readonly LazyArray[], parts: readonly Factored[]): Factored => ({
    q: q!,
    r: alone(r!),
    parts,
  });
  const leaves = blocksOf(tall).map((block) => factored(kernelCall(qrKernel, [block]), []));
  const join = (group: readonly Factored[]): Factored => {
    const triangles = group.map(({ r }) => r);
    return factored(kernelCall(qrTriangles, triangles), group);
  };
  const root = reduceGroups(leaves, fanIn(tall), join);
  const formed = (c: LazyArray | undefined): LazyArray => {
    const blocks: LazyArray[] = [];
    const down = ({ q, parts }: Factored, factor: LazyArray | undefined): void => {
      const own = factor === undefined ? q : nd.matmul(q, factor);
      if (parts.length === 0) blocks.push(own);
      parts.forEach((part, i) => {
        const rows = nd.slice(own, [[i, null, parts.length]]);
        // beside a Q of several R there is no room for what the rows are a view of
        down(part, part.parts.length > 0 ? alone(rows) : rows);
      });
    };
    down(root, c);
    const columns = blocks[0]!.shape[1]!;
    const rows = blocks.map(({ shape }) => shape[0]!);
    const own = fromBlocks([rows, [columns]], blocks);
    return rechunked(own, [x.chunks?.[0] ?? [x.shape[0]!], [columns]]);
  };
  return { r: root.r, times: (c) => formed(c), q: () => formed(undefined) };
}
