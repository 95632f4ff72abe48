/**
 * Contractions of any number of arrays: what `einsum`, `matmul`, `dot`, `tensordot` and their like have in common. Axes
 * have labels; a label that is missing in the result is summed over. Two arrays are contracted at a time, in the order
 * that costs least: found by trying all orders for up to four arrays, by taking the cheapest pair beyond.
 */

import type { DType } from '../array/dtype.js';
import type { NDArray } from '../array/ndarray.js';
import { isFloat, promoteTypes } from '../array/promote.js';
import { NODE } from '../graph/node.js';
import type { KernelOp } from '../kernels/contract.js';
import { elementwise } from '../kernels/elementwise.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { matmul } from '../kernels/matmul.js';
import { matmulAdd } from '../kernels/matmul-add.js';
import { isChunked } from './blocks/blocked.js';
import { contractBlocks } from './blocks/products.js';
import { astype } from './cast.js';
import { isUnknown, late } from './late.js';
import { kernelCall, kernelCall1, type LazyArray } from './lazy-array.js';
import { arranged, contractPair, sumOut, type Term, termOf } from './term.js';
import { matrix, wholeProduct } from './whole-product.js';

/** An operand and the label of each of its axes. */
export interface Labelled {
  readonly array: LazyArray;
  readonly labels: readonly string[];
}

/**
 * The length of every label. @throws what `mismatch` makes of a label and the two lengths that it has
 */
export function labelLengths(
  operands: readonly Labelled[],
  mismatch: (label: string, lengths: readonly [number, number]) => Error,
): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const { array, labels } of operands) {
    labels.forEach((label, axis) => {
      const length = array.shape[axis]!;
      const known = lengths.get(label);
      if (known === undefined || known === 1 || (Number.isNaN(known) && length !== 1)) lengths.set(label, length);
      else if (length !== known && length !== 1 && !Number.isNaN(length)) throw mismatch(label, [known, length]);
    });
  }
  return lengths;
}

/** `x` in another dtype. */
export function converted(x: LazyArray, dtype: DType): LazyArray {
  return x.dtype === dtype ? x : astype(x, dtype);
}

/**
 * The sum over all labels that `out` lacks of the products of the operands, with the axes of `out` in that order, in
 * the dtype that holds all of them. Lengths must fit (`labelLengths`).
 *
 * @param again the same call on arrays that are there, for operands whose shape is not known yet
 */
export function contractAll(
  name: string,
  operands: readonly Labelled[],
  out: readonly string[],
  lengths: ReadonlyMap<string, number>,
  again: (...arrays: readonly NDArray[]) => LazyArray,
): LazyArray {
  const dtype = operands.map(({ array }) => array.dtype).reduce(promoteTypes);
  if (operands.some(({ array }) => isUnknown(array))) {
    const shape = out.map((label) => lengths.get(label)!);
    return late(
      name,
      operands.map(({ array }) => array),
      again,
      { shape, dtype },
    );
  }
  if (operands.some(({ array }) => isChunked(array))) {
    const list = operands.map(({ array, labels }) => ({ array: converted(array, dtype), labels }));
    return contractChunked(name, list, out, lengths);
  }
  let terms = operands.map(({ array, labels }) => termOf(converted(array, dtype), labels, lengths));
  for (const [i, j] of contractionOrder(
    terms.map((term) => term.axes.map(({ label }) => label)),
    out,
    lengths,
  )) {
    const rest = terms.filter((_, at) => at !== i && at !== j);
    const keep = [...new Set([...out, ...rest.flatMap((term) => term.axes.map(({ label }) => label))])];
    terms = [...rest, contractPair(terms[i]!, terms[j]!, keep, name)];
  }
  const [last] = terms as [Term];
  return arranged(sumOut(last, out, name), out, name);
}

/** The same of arrays in blocks of one dtype, two at a time in the same order. */
function contractChunked(
  name: string,
  operands: readonly Labelled[],
  out: readonly string[],
  lengths: ReadonlyMap<string, number>,
): LazyArray {
  const pair = (list: readonly Labelled[], keep: readonly string[]): LazyArray =>
    contractBlocks(list, keep, lengths, (blocks, own, sum) => {
      const product = matrixProduct(name, blocks, keep) ?? contractAll(name, blocks, keep, own, () => list[0]!.array);
      return sum === undefined ? product : added(sum, product, name);
    });
  let list = operands;
  const order = contractionOrder(
    operands.map(({ labels }) => [...new Set(labels)]),
    out,
    lengths,
  );
  order.forEach(([i, j], step) => {
    const rest = list.filter((_, at) => at !== i && at !== j);
    const own = new Set([...list[i]!.labels, ...list[j]!.labels]);
    const isWanted = (label: string): boolean =>
      own.has(label) && (out.includes(label) || rest.some(({ labels }) => labels.includes(label)));
    const all = [...new Set([...out, ...own])].filter(isWanted);
    const keep = step === order.length - 1 ? out : all;
    list = [...rest, { array: pair([list[i]!, list[j]!], keep), labels: keep }];
  });
  return order.length === 0 ? pair(list, out) : list[0]!.array;
}

/**
 * The sum of two arrays of one shape, of which the second is a product. A matrix product is added in place; nothing else
 * is fused with the sum, so that the products of a long one need not all be there before it is begun.
 */
function added(sum: LazyArray, product: LazyArray, name: string): LazyArray {
  const op = product[NODE].op as KernelOp;
  if (op.kernel === matmul)
    return kernelCall1(matmulAdd, [sum, ...(op.specs as readonly LazyArray[])], op.params, name);
  const builder = new ExpressionBuilder();
  const result = builder.binary('add', builder.input(0, sum.dtype), builder.input(1, sum.dtype));
  const settings = { priority: 0 };
  return kernelCall(elementwise, [sum, product], { expression: serialize(builder.build(result)) }, settings, 'add')[0]!;
}

/** The product of two blocks that are whole matrices, found without the search for the best way. */
function matrixProduct(name: string, blocks: readonly Labelled[], out: Labels): LazyArray | undefined {
  const [a, b] = blocks;
  if (a === undefined || b === undefined || out.length !== 2) return undefined;
  const isFit = (x: LazyArray): boolean => x.ndim === 2 && isFloat(x.dtype) && x.shape[0]! > 1 && x.shape[1]! > 1;
  const isPair = a.labels[0] === out[0] && b.labels[1] === out[1] && a.labels[1] === b.labels[0];
  const isPlain = isPair && a.labels[1] !== out[0] && a.labels[1] !== out[1] && out[0] !== out[1];
  if (!isPlain || !isFit(a.array) || !isFit(b.array) || a.array.shape[1] !== b.array.shape[0]) return undefined;
  const [left, right] = [matrix(a.array), matrix(b.array)];
  return left === undefined || right === undefined ? undefined : wholeProduct(left, right, name);
}

type Labels = readonly string[];
type Pair = readonly [number, number];

/** Beyond this many operands the cheapest pair is taken each time. */
const EXHAUSTIVE = 4;

/**
 * Which two terms are contracted, time after time: both go, and the result comes last. Cost is counted in multiply-adds
 * and, where that is equal, in elements of the results.
 */
export function contractionOrder(terms: readonly Labels[], out: Labels, lengths: ReadonlyMap<string, number>): Pair[] {
  const sizeOfAll = (labels: Iterable<string>): number => {
    let size = 1;
    for (const label of labels) size *= lengths.get(label)!;
    return size;
  };
  const join = (list: readonly Labels[], [i, j]: Pair): { next: readonly Labels[]; cost: number } => {
    const rest = list.filter((_, at) => at !== i && at !== j);
    const needed = new Set([...out, ...rest.flat()]);
    const union = new Set([...list[i]!, ...list[j]!]);
    const result = [...union].filter((label) => needed.has(label));
    return { next: [...rest, result], cost: sizeOfAll(union) + sizeOfAll(result) / 4 };
  };
  const pairs = (count: number): Pair[] => {
    const all: Pair[] = [];
    for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) all.push([i, j]);
    return all;
  };
  const best = (list: readonly Labels[]): { order: Pair[]; cost: number } => {
    if (list.length < 2) return { order: [], cost: 0 };
    let found: { order: Pair[]; cost: number } | undefined;
    for (const pair of pairs(list.length)) {
      const { next, cost } = join(list, pair);
      const rest = best(next);
      if (found === undefined || cost + rest.cost < found.cost) {
        found = { order: [pair, ...rest.order], cost: cost + rest.cost };
      }
    }
    return found!;
  };
  const order: Pair[] = [];
  let list = terms;
  while (list.length > EXHAUSTIVE) {
    let cheapest: { pair: Pair; next: readonly Labels[]; cost: number } | undefined;
    for (const pair of pairs(list.length)) {
      const joined = join(list, pair);
      // what it costs, less what is then no longer there
      const cost = joined.cost - sizeOfAll(list[pair[0]]!) - sizeOfAll(list[pair[1]]!);
      if (cheapest === undefined || cost < cheapest.cost) cheapest = { pair, next: joined.next, cost };
    }
    order.push(cheapest!.pair);
    list = cheapest!.next;
  }
  return [...order, ...best(list).order];
}
