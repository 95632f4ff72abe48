/**
 * TSQR, the QR factorisation of a tall matrix in blocks of rows (Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci. Comput. 34(1),
 * 2012; Q times a matrix as in Benson, Gleich & Demmel, IEEE BigData 2013): the QR of each block, then of the R of a few
 * neighbours on top of each other, level by level, in an order that the grid alone decides.
 *
 * R alone: 2mn² flops, k + 2(k − 1)/(f − 1) tasks for k blocks, f at a time. Q, or Q times a matrix, is formed from the
 * root down, each block of it by one product, after which the block's own Q is let go: 6mn² flops in all. Memory: R alone a
 * block, its QR's scratch and the R of each level; with Q also the Q of all blocks, as large as the matrix, which a budget moves to disk and back; 2k + 4(k − 1)/(f − 1) + 2 tasks.
 */
import { rowMajorStrides } from '../../array/ndarray.js';
import { wholeView } from '../../array/view.js';
import { qr as qrKernel } from '../../kernels/linalg/factor.js';
import { assembleParts, viewPart } from '../../lazy/assemble.js';
import { blocksOf, fromBlocks } from '../../lazy/blocks/blocked.js';
import { rechunked } from '../../lazy/blocks/rechunk.js';
import { nd } from '../../lazy/index.js';
import { kernelCall, kernelCall1, type LazyArray } from '../../lazy/lazy-array.js';

/** R of so many blocks are factored at a time, at least and at most; the least takes less memory than the SVD of one R. */
const LEAST = 4;
const MOST = 8;
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
  return Math.max(LEAST, Math.min(MOST, Math.max(Math.floor(rows / n), Math.floor(STACK / (n * n)))));
}

/** Level by level; what is alone in its group stays as it is. */
function reduceGroups<T>(leaves: readonly T[], count: number, join: (group: readonly T[]) => T): T {
  let level = leaves;
  while (level.length > 1) {
    const next: T[] = [];
    for (let i = 0; i < level.length; i += count) {
      const group = level.slice(i, i + count);
      next.push(group.length === 1 ? group[0]! : join(group));
    }
    level = next;
  }
  return level[0]!;
}

/** A copy of R, that what needs it alone does not keep Q in memory: outputs of one task come and go together. */
function alone(r: LazyArray): LazyArray {
  return assembleParts('r', r.shape, [viewPart(r, wholeView(r.shape), 0, rowMajorStrides(r.shape))]);
}

const onTop = (list: readonly LazyArray[]): LazyArray => nd.concat(list as LazyArray[], { axis: 0 });

/** The R of a matrix in blocks, (min(m, n), n), without Q. */
export function tallR(x: LazyArray): LazyArray {
  const tall = inRows(x);
  const factor = (block: LazyArray): LazyArray => kernelCall1(qrKernel, [block], { mode: 'r' });
  return reduceGroups(blocksOf(tall).map(factor), fanIn(tall), (group) => factor(onTop(group)));
}

interface Factored {
  readonly q: LazyArray;
  readonly r: LazyArray;
  /** What was factored; none where it is a block of the matrix. */
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
  const n = x.shape[1]!;
  const tall = inRows(x);
  const factor = (block: LazyArray, parts: readonly Factored[]): Factored => {
    const [q, r] = kernelCall(qrKernel, [block]) as [LazyArray, LazyArray];
    return { q, r: alone(r), parts };
  };
  const leaves = blocksOf(tall).map((block) => factor(block, []));
  const root = reduceGroups(leaves, fanIn(tall), (group) => factor(onTop(group.map(({ r }) => r)), group));
  const formed = (c: LazyArray | undefined): LazyArray => {
    const blocks: LazyArray[] = [];
    const down = ({ q, parts }: Factored, factor: LazyArray | undefined): void => {
      const own = factor === undefined ? q : nd.matmul(q, factor);
      if (parts.length === 0) blocks.push(own);
      parts.forEach((part, i) => {
        down(part, nd.slice(own, [[i * n, (i + 1) * n]]));
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
