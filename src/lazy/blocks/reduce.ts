/**
 * Reductions of arrays in blocks: each block is reduced on its own, and the results of neighbours are combined, a few at
 * a time, level by level, in an order that the grid alone decides. Means and variances combine counts, means and sums
 * of squared deviations (Chan, Golub & LeVeque 1983, eq. 2.1), so that nothing is cancelled and the data is read once.
 */
import type { DType } from '../../array/dtype.js';
import { rowMajorStrides } from '../../array/ndarray.js';
import { isFloat } from '../../array/promote.js';
import { ShapeError } from '../../errors.js';
import { elementwise } from '../../kernels/elementwise.js';
import type { BinaryOperation } from '../../kernels/expression.js';
import { ExpressionBuilder } from '../../kernels/expression-builder.js';
import { serialize } from '../../kernels/expression-text.js';
import type { Reduction } from '../../kernels/reduction-form.js';
import { reshape, reshapeParams } from '../../kernels/reshape.js';
import { kernelResult, type LazyArray } from '../lazy-array.js';
import { type Chunked, fromBlocks } from './blocked.js';
import { blockStrides, forEachBlock, type Sizes, startsOf } from './grid.js';

/** Partial results that are combined at a time. */
const FAN_IN = 8;

/** The blocks of the answer, each with the blocks that are reduced to it and where these begin. */
export interface Plan {
  readonly chunks: Sizes;
  readonly groups: readonly (readonly Member[])[];
}

export interface Member {
  readonly block: LazyArray;
  /** Where the block begins in the array. */
  readonly start: readonly number[];
}

/** Which blocks meet in which block of the answer, whose reduced axes have length 1. */
export function planOf(x: Chunked, axes: readonly number[]): Plan {
  const chunks = x.chunks.map((sizes, axis) => (axes.includes(axis) ? [1] : sizes));
  const strides = blockStrides(chunks).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const starts = x.chunks.map(startsOf);
  const groups: Member[][] = Array.from({ length: chunks.reduce((n, sizes) => n * sizes.length, 1) }, () => []);
  forEachBlock(x.chunks, (index, at) => {
    const group = groups[index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!;
    group.push({ block: x.blocks![at]!, start: index.map((i, axis) => starts[axis]![i]!) });
  });
  return { chunks, groups };
}

/** A tree of `combine` over a list. */
export function tree<T>(list: readonly T[], combine: (few: readonly T[]) => T): T {
  let level = list;
  while (level.length > 1) {
    const next: T[] = [];
    for (let i = 0; i < level.length; i += FAN_IN) {
      const few = level.slice(i, i + FAN_IN);
      next.push(few.length === 1 ? few[0]! : combine(few));
    }
    level = next;
  }
  return level[0]!;
}

type WriteMapped = (builder: ExpressionBuilder, values: readonly number[]) => number;

const KEPT = 1000;
const texts = new Map<string, { readonly text: string; readonly dtype: DType }>();

/**
 * An element-wise task on arrays of one shape.
 *
 * @param form says all that `write` writes beside the inputs' number and dtype; without it nothing is remembered
 */
export function mapped(name: string, inputs: readonly LazyArray[], write: WriteMapped, form?: string): LazyArray {
  const key = form === undefined ? undefined : `${form} ${inputs.length} ${inputs[0]!.dtype}`;
  let lowered = key === undefined ? undefined : texts.get(key);
  if (lowered === undefined) {
    const builder = new ExpressionBuilder();
    const values = inputs.map(({ dtype }, i) => builder.input(i, dtype));
    const id = write(builder, values);
    lowered = { text: serialize(builder.build(id)), dtype: builder.dtype(id) };
    if (texts.size >= KEPT) texts.clear();
    if (key !== undefined) texts.set(key, lowered);
  }
  const { text, dtype } = lowered;
  return kernelResult(elementwise, inputs, { expression: text }, { shape: inputs[0]!.shape, dtype }, name);
}

/** Neighbours joined by one operation. */
function joined(name: string, few: readonly LazyArray[], join: BinaryOperation): LazyArray {
  return mapped(name, few, (b, values) => balanced(values, (p, q) => b.binary(join, p, q)), join);
}

const joins = {
  sum: 'add',
  prod: 'mul',
  min: 'minimum',
  max: 'maximum',
  any: 'logicalOr',
  all: 'logicalAnd',
} as const;

/** A reduction of one block over `axes`, which are kept with length 1. */
type ReduceBlock = (block: LazyArray, reduction: Reduction) => LazyArray;

/**
 * The reduction of an array in blocks over `axes`. O(blocks)
 *
 * @param reduce the reduction of a block over the same axes, kept or not
 */
export function reduceBlocks(
  name: string,
  x: Chunked,
  { reduction, axes, keepdims, ddof }: Required<BlockReduction>,
  reduce: (block: LazyArray, options: BlockReduction) => LazyArray,
): LazyArray {
  const { chunks, groups } = planOf(x, axes);
  const kept = keepdims ? chunks : chunks.filter((_, axis) => !axes.includes(axis));
  // no block meets another
  if (groups.every(({ length }) => length === 1)) {
    const all = groups.map((group) => reduce(group[0]!.block, { reduction, axes, keepdims, ddof }));
    return fromBlocks(kept, all);
  }
  if (reduction.startsWith('arg') && x.size > 2 ** 31) {
    throw new ShapeError(`nd.${name}: positions are int32, and an array of shape [${x.shape.join(', ')}] has more`);
  }
  const own: ReduceBlock = (block, of) => reduce(block, { reduction: of, axes, keepdims: true, ddof: 0 });
  const blocks = groups.map((group) => {
    const result = ofGroup(name, x, group, { reduction, axes, ddof }, own);
    if (keepdims) return result;
    const shape = result.shape.filter((_, axis) => !axes.includes(axis));
    return kernelResult(reshape, [result], reshapeParams(shape), { shape, dtype: result.dtype }, name);
  });
  return fromBlocks(kept, blocks);
}

/** What is reduced, and how. */
export interface BlockReduction {
  readonly reduction: Reduction;
  readonly axes: readonly number[];
  readonly keepdims?: boolean;
  readonly ddof?: number;
}

function ofGroup(
  name: string,
  x: Chunked,
  group: readonly Member[],
  { reduction, axes, ddof }: { readonly reduction: Reduction; readonly axes: readonly number[]; readonly ddof: number },
  reduce: ReduceBlock,
): LazyArray {
  switch (reduction) {
    case 'mean':
      return meanOf(name, group, axes, reduce);
    case 'var':
    case 'std':
      return varianceOf(name, group, axes, reduction, ddof, reduce);
    case 'argmin':
    case 'argmax':
      return positionOf(name, x, group, axes, reduction, reduce);
    default: {
      const parts = group.map(({ block }) => reduce(block, reduction));
      const { dtype } = parts[0]!;
      const join = reduction === 'min' || reduction === 'max' ? boolJoin(dtype, joins[reduction]) : joins[reduction];
      return tree(parts, (few) => joined(name, few, join));
    }
  }
}

/** `join` over a list in pairs, pairs of pairs and so on. */
function balanced(values: readonly number[], join: (p: number, q: number) => number): number {
  if (values.length === 1) return values[0]!;
  const middle = Math.ceil(values.length / 2);
  return join(balanced(values.slice(0, middle), join), balanced(values.slice(middle), join));
}

function countOf(block: LazyArray, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * block.shape[axis]!, 1);
}

function meanOf(name: string, group: readonly Member[], axes: readonly number[], reduce: ReduceBlock): LazyArray {
  const count = group.reduce((sum, { block }) => sum + countOf(block, axes), 0);
  const total = tree(
    group.map(({ block }) => reduce(block, 'sum')),
    (few) => joined('sum', few, 'add'),
  );
  return mapped(name, [total], (b, [value]) => b.binary('div', value!, b.constant(count, total.dtype)));
}

/** The mean and the sum of squared deviations from it, of so many elements. */
interface Moments {
  readonly mean: LazyArray;
  readonly squares: LazyArray;
  readonly count: number;
}

function varianceOf(
  name: string,
  group: readonly Member[],
  axes: readonly number[],
  reduction: 'var' | 'std',
  ddof: number,
  reduce: ReduceBlock,
): LazyArray {
  const moments = group.map(({ block }): Moments => {
    const count = countOf(block, axes);
    const variance = reduce(block, 'var');
    const squares = mapped(
      'squares',
      [variance],
      (b, [value]) => b.binary('mul', value!, b.constant(count, variance.dtype)),
      `times ${count}`,
    );
    return { mean: reduce(block, 'mean'), squares, count };
  });
  const { squares, count } = tree(moments, combined);
  return mapped(name, [squares], (b, [value]) => {
    const result = b.binary('div', value!, b.constant(Math.max(0, count - ddof), squares.dtype));
    return reduction === 'std' ? b.unary('sqrt', result) : result;
  });
}

/** mean = m₀ + Σ nᵢ/n · (mᵢ − m₀); squares = Σ sᵢ + Σ nᵢ · (mᵢ − mean)². */
function combined(few: readonly Moments[]): Moments {
  const count = few.reduce((sum, one) => sum + one.count, 0);
  const { dtype } = few[0]!.mean;
  const add = (b: ExpressionBuilder) => (p: number, q: number) => b.binary('add', p, q);
  const meanIn = (b: ExpressionBuilder, means: readonly number[]): number => {
    const shifts = means
      .slice(1)
      .map((mean, i) =>
        b.binary('mul', b.binary('sub', mean, means[0]!), b.constant(few[i + 1]!.count / count, dtype)),
      );
    return b.binary('add', means[0]!, balanced(shifts, add(b)));
  };
  const means = few.map(({ mean }) => mean);
  const counts = few.map((one) => one.count).join();
  const mean = mapped('mean', means, meanIn, `mean ${counts}`);
  const squares = mapped(
    'squares',
    [...means, ...few.map((one) => one.squares)],
    (b, values) => {
      const own = values.slice(0, few.length);
      const middle = meanIn(b, own);
      const apart = own.map((value, i) =>
        b.binary('mul', b.unary('square', b.binary('sub', value, middle)), b.constant(few[i]!.count, dtype)),
      );
      return b.binary('add', balanced(values.slice(few.length), add(b)), balanced(apart, add(b)));
    },
    `squares ${counts}`,
  );
  return { mean, squares, count };
}

/** An extreme and where it is in the whole array. */
interface Found {
  readonly value: LazyArray;
  readonly position: LazyArray;
}

function positionOf(
  name: string,
  x: Chunked,
  group: readonly Member[],
  axes: readonly number[],
  reduction: 'argmin' | 'argmax',
  reduce: ReduceBlock,
): LazyArray {
  const extreme = reduction === 'argmin' ? 'min' : 'max';
  const found = group.map(({ block, start }): Found => {
    const local = reduce(block, reduction);
    const position = mapped('position', [local], (b, [value]) =>
      globalIndex(b, value!, x.shape, block.shape, start, axes),
    );
    return { value: reduce(block, extreme), position };
  });
  return tree(found, (few) => better(name, few, extreme)).position;
}

/** The index in the array of what has index `local` in a block of it: along the one axis, or over all of them. */
function globalIndex(
  b: ExpressionBuilder,
  local: number,
  shape: readonly number[],
  block: readonly number[],
  start: readonly number[],
  axes: readonly number[],
): number {
  const number = (value: number): number => b.constant(value, 'int32');
  if (axes.length === 1) return b.binary('add', local, number(start[axes[0]!]!));
  const [outer, inner] = [rowMajorStrides(shape), rowMajorStrides(block)];
  let result = number(start.reduce((sum, index, axis) => sum + index * outer[axis]!, 0));
  block.forEach((length, axis) => {
    if (length === 1) return;
    const index = b.binary('mod', b.binary('floorDivide', local, number(inner[axis]!)), number(length));
    result = b.binary('add', result, b.binary('mul', index, number(outer[axis]!)));
  });
  return result;
}

/** The first of the best; NaN is better than any number. */
function better(name: string, few: readonly Found[], extreme: 'min' | 'max'): Found {
  const values = few.map(({ value }) => value);
  const join = extreme === 'min' ? 'minimum' : 'maximum';
  const isFloating = isFloat(values[0]!.dtype);
  const value = mapped(extreme, values, (b, own) =>
    balanced(own, (p, q) => b.binary(boolJoin(values[0]!.dtype, join), p, q)),
  );
  const position = mapped(name, [...values, ...few.map((one) => one.position)], (b, all) => {
    let [best, at] = [all[0]!, all[few.length]!];
    for (let i = 1; i < few.length; i++) {
      const [other, place] = [all[i]!, all[few.length + i]!];
      const and = (p: number, q: number): number => b.binary('logicalAnd', p, q);
      const or = (p: number, q: number): number => b.binary('logicalOr', p, q);
      let isBetter = b.binary(extreme === 'min' ? 'less' : 'greater', other, best);
      let isEqual = b.binary('equal', other, best);
      if (isFloating) {
        const [nan, wasNan] = [b.unary('isnan', other), b.unary('isnan', best)];
        isBetter = or(isBetter, and(nan, b.unary('logicalNot', wasNan)));
        isEqual = or(isEqual, and(nan, wasNan));
      }
      const taken = or(isBetter, and(isEqual, b.binary('less', place, at)));
      best = b.where(taken, other, best);
      at = b.where(taken, place, at);
    }
    return at;
  });
  return { value, position };
}

/** Extremes of booleans are their `and` and `or`. */
function boolJoin(dtype: DType, join: 'minimum' | 'maximum'): 'minimum' | 'maximum' | 'logicalAnd' | 'logicalOr' {
  if (dtype !== 'bool') return join;
  return join === 'minimum' ? 'logicalAnd' : 'logicalOr';
}
