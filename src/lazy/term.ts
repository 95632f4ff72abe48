/**
 * Terms of a contraction: arrays whose axes have labels, seen through strides, so that transposing, slicing, repeating
 * and taking a diagonal cost nothing. Two terms make one (`contractPair`) by the kernel `contract`; what strides cannot
 * say in the loops it has is copied into order first.
 */
import type { DType } from '../array/dtype.js';
import { NDArray, rowMajorStrides, sizeOf } from '../array/ndarray.js';
import { isFloat } from '../array/promote.js';
import { viewStrides } from '../array/view.js';
import { assemble, assembleParams } from '../kernels/assemble.js';
import { contract, contractionParams } from '../kernels/contraction.js';
import type { ContractionAxis } from '../kernels/contraction-form.js';
import { reshape, reshapeParams } from '../kernels/reshape.js';
import { isChunked } from './blocks/blocked.js';
import { reshapeBlocks } from './blocks/reshape.js';
import { kernelCall1, type LazyArray, leaf } from './lazy-array.js';
import { lookThrough } from './seen.js';
import { type Matrix, wholeProduct } from './whole-product.js';

/** One axis of a term; a label occurs once. */
export interface Axis {
  readonly label: string;
  readonly length: number;
  /** Elements of the array between neighbours; 0 where it repeats itself. */
  readonly stride: number;
}

export interface Term {
  readonly array: LazyArray;
  /** The first element. */
  readonly from: number;
  readonly axes: readonly Axis[];
}

/**
 * `x` with labelled axes; axes of one label are walked together (a diagonal), and an axis of length 1 stretches to
 * what `lengths` has for its label.
 */
export function termOf(x: LazyArray, labels: readonly string[], lengths: ReadonlyMap<string, number>): Term {
  const { base, view } = lookThrough(x);
  const { strides, offset } = viewStrides(view, base.shape);
  const sums = new Map<string, number>();
  labels.forEach((label, axis) => {
    const stride = x.shape[axis] === 1 ? 0 : strides[axis]!;
    sums.set(label, (sums.get(label) ?? 0) + stride);
  });
  const axes = [...sums].map(([label, stride]) => ({ label, stride, length: lengths.get(label)! }));
  return { array: base, from: offset, axes };
}

function rowMajor(array: LazyArray, labels: readonly string[]): Term {
  const strides = rowMajorStrides(array.shape);
  const axes = labels.map((label, i) => ({ label, length: array.shape[i]!, stride: strides[i]! }));
  return { array, from: 0, axes };
}

/** The term as an array with its axes in the order of `labels`, which are all of its; a copy where they lie otherwise. */
export function arranged(term: Term, labels: readonly string[], name = 'contract'): LazyArray {
  const axes = labels.map((label) => axisOf(term, label)!);
  const shape = axes.map(({ length }) => length);
  const strides = rowMajorStrides(shape);
  const isInOrder =
    term.from === 0 &&
    sizeOf(shape) === term.array.size &&
    axes.every(({ length, stride }, i) => length === 1 || stride === strides[i]);
  if (isInOrder) return shaped(term.array, shape);
  const piece = [0, term.from, 0, shape, axes.map(({ stride }) => stride), strides] as const;
  return kernelCall1(assemble, [term.array], assembleParams(shape, [piece]), name);
}

/** `x` in another shape of as many elements. */
export function shaped(x: LazyArray, shape: readonly number[]): LazyArray {
  if (shape.length === x.ndim && shape.every((length, axis) => length === x.shape[axis])) return x;
  if (isChunked(x)) return reshapeBlocks(x, shape, shaped);
  return kernelCall1(reshape, [x], reshapeParams(shape));
}

function axisOf(term: Term, label: string): Axis | undefined {
  return term.axes.find((axis) => axis.label === label);
}

const ones = new Map<DType, LazyArray>();

/** The number 1 as a term without axes: what a term is multiplied with that is only summed up. */
function one(dtype: DType): Term {
  let array = ones.get(dtype);
  if (array === undefined) {
    const data = dtype === 'float64' ? Float64Array.of(1) : NDArray.zeros([], dtype).data.fill(1);
    array = leaf(new NDArray(data, { shape: [], dtype }));
    ones.set(dtype, array);
  }
  return { array, from: 0, axes: [] };
}

/** The sum over all labels but those of `keep`; its axes come as near to the order of `keep` as they can. */
export function sumOut(given: Term, keep: readonly string[], name: string): Term {
  // over one element there is nothing to sum
  const axes = given.axes.filter(({ label, length }) => length !== 1 || keep.includes(label));
  const term = { ...given, axes };
  if (term.axes.every(({ label }) => keep.includes(label))) return term;
  const kept = keep.filter((label) => axisOf(term, label) !== undefined);
  const summed = byStride(
    term,
    term.axes.map(({ label }) => label).filter((label) => !kept.includes(label)),
  );
  // what does not lie in one run is summed up run by run, the longest first
  const runs = merge(term, empty(term), summed).toSorted((p, q) => q.axis[0] - p.axis[0]);
  const [longest] = runs;
  if (longest === undefined || runs.length === 1) {
    return multiply(term, one(term.array.dtype), { items: [], m: kept, n: [], k: summed }, name);
  }
  const others = byStride(term, [...kept, ...summed.filter((label) => !longest.labels.includes(label))]);
  const sums = multiply(term, one(term.array.dtype), { items: [], m: others, n: [], k: longest.labels }, name);
  return sumOut(sums, keep, name);
}

/** The labels, those of the longest strides first. */
function byStride(term: Term, labels: readonly string[]): string[] {
  const stride = (label: string): number => Math.abs(axisOf(term, label)?.stride ?? 0);
  return labels.toSorted((p, q) => stride(q) - stride(p));
}

/** The array of a term without any axis. */
const empty = ({ array }: Term): Term => ({ array, from: 0, axes: [] });

interface Groups {
  readonly items: readonly string[];
  readonly m: readonly string[];
  readonly n: readonly string[];
  readonly k: readonly string[];
}

/**
 * The product of two terms, summed over the labels that `keep` lacks. The result's axes come as near to the order of
 * `keep` as they can.
 */
export function contractPair(x: Term, y: Term, keep: readonly string[], name: string): Term {
  // where one side repeats itself and the other does not, the label is the other's alone
  const shared = (term: Term, other: Term): Term => ({
    ...term,
    axes: term.axes.filter(({ label, stride }) => stride !== 0 || axisOf(other, label) === undefined),
  });
  const left = shared(x, y);
  const right = shared(y, left);
  const labels = (term: Term): string[] => term.axes.map(({ label }) => label);
  const isIn =
    (term: Term) =>
    (label: string): boolean =>
      axisOf(term, label) !== undefined;
  const a = sumOut(left, [...new Set([...keep, ...labels(right)])], name);
  const b = sumOut(right, [...new Set([...keep, ...labels(left)])], name);
  const both = labels(a).filter(isIn(b));
  const items = keep.filter((label) => both.includes(label));
  const k = both.filter((label) => !keep.includes(label));
  const m = keep.filter((label) => isIn(a)(label) && !both.includes(label));
  const n = keep.filter((label) => isIn(b)(label) && !both.includes(label));
  if (k.length === 0 && (m.length === 0 || n.length === 0)) {
    // element by element: in the order wanted
    const all = keep.filter((label) => isIn(a)(label) || isIn(b)(label));
    return m.length === 0 && n.length > 0
      ? multiply(b, a, { items: [], m: all, n: [], k }, name)
      : multiply(a, b, { items: [], m: all, n: [], k }, name);
  }
  const last = keep.findLast((label) => m.includes(label) || n.includes(label));
  return last !== undefined && m.includes(last)
    ? multiply(b, a, { items, m: n, n: m, k }, name)
    : multiply(a, b, { items, m, n, k }, name);
}

/** Labels that are walked as one axis. */
interface Run {
  readonly axis: ContractionAxis;
  readonly labels: readonly string[];
}

/** The labels, in this order, as few axes as can be. */
function merge(a: Term, b: Term, labels: readonly string[]): Run[] {
  const runs: { axis: [number, number, number]; labels: string[] }[] = [];
  for (const label of labels) {
    const [inA, inB] = [axisOf(a, label), axisOf(b, label)];
    const { length } = (inA ?? inB)!;
    const [stepA, stepB] = [inA?.stride ?? 0, inB?.stride ?? 0];
    const outer = runs.at(-1);
    if (outer !== undefined && (length === 1 || outer.axis[0] === 1)) {
      if (length !== 1) outer.axis = [length, stepA, stepB];
      outer.labels.push(label);
    } else if (outer !== undefined && outer.axis[1] === stepA * length && outer.axis[2] === stepB * length) {
      outer.axis = [outer.axis[0] * length, stepA, stepB];
      outer.labels.push(label);
    } else runs.push({ axis: length === 1 ? [1, 0, 0] : [length, stepA, stepB], labels: [label] });
  }
  return runs;
}

/** Inner runs of at least this many rows or columns are multiplied run by run rather than copied together. */
const RUN = 64;

/** The term as a whole matrix of floats with these rows and columns (length and stride), if it is one. */
function matrixOf(
  { array, from }: Term,
  [rows, rowStep]: readonly [number, number],
  [columns, columnStep]: readonly [number, number],
): Matrix | undefined {
  if (!isFloat(array.dtype) || rows < 2 || columns < 2 || from !== 0 || array.size !== rows * columns) return undefined;
  if (rowStep === columns && columnStep === 1) return { base: shaped(array, [rows, columns]), isTransposed: false };
  if (rowStep === 1 && columnStep === rows) return { base: shaped(array, [columns, rows]), isTransposed: true };
  return undefined;
}

const NONE: Run = { axis: [1, 0, 0], labels: [] };

function multiply(x: Term, y: Term, { items, m, n, k }: Groups, name: string): Term {
  let [a, b] = [x, y];
  // the labels of the sums in an order in which they are one axis in both, or at least in the larger
  const [larger, smaller] = a.array.size >= b.array.size ? [a, b] : [b, a];
  const orders = [byStride(larger, k), byStride(smaller, k)];
  const order = orders.find((labels) => merge(a, b, labels).length <= 1) ?? orders[0]!;
  const inOrder = (term: Term, free: readonly string[]): Term => {
    const labels = [...items, ...free, ...order].filter((label) => axisOf(term, label) !== undefined);
    return rowMajor(arranged(term, labels, name), labels);
  };
  if (merge(a, b, order).length > 1) {
    if (merge(a, empty(a), order).length > 1) a = inOrder(a, m);
    if (merge(a, b, order).length > 1) b = inOrder(b, n);
  }
  // rows and columns in several runs: as more items, or copied together where the runs are short
  const isShort = (term: Term, labels: readonly string[]): boolean => {
    const runs = merge(term, empty(term), labels);
    return runs.length > 1 && runs.at(-1)!.axis[0] < RUN;
  };
  const isProduct = k.length > 0 && n.length > 0;
  if (isProduct && isShort(a, m)) a = inOrder(a, m);
  if (isProduct && isShort(b, n)) b = inOrder(b, n);
  const rows = merge(a, b, m);
  const columns = merge(a, b, n);
  const outer = [...merge(a, b, items), ...rows.slice(0, -1), ...columns.slice(0, -1)];
  const [row, column] = [rows.at(-1) ?? NONE, columns.at(-1) ?? NONE];
  const inner = merge(a, b, order)[0] ?? NONE;
  if (outer.length === 0) {
    const left = matrixOf(a, [row.axis[0], row.axis[1]], [inner.axis[0], inner.axis[1]]);
    const right = matrixOf(b, [inner.axis[0], inner.axis[2]], [column.axis[0], column.axis[2]]);
    if (left !== undefined && right !== undefined) {
      const names = [...row.labels, ...column.labels];
      const lengths = names.map((label) => (axisOf(a, label) ?? axisOf(b, label))!.length);
      return rowMajor(shaped(wholeProduct(left, right, name), lengths), names);
    }
  }
  const labels = [...outer, row, column].flatMap((run) => run.labels);
  const shape = labels.map((label) => (axisOf(a, label) ?? axisOf(b, label))!.length);
  const params = contractionParams({
    shape,
    items: outer.map(({ axis }) => axis),
    m: row.axis,
    n: column.axis,
    k: inner.axis,
    fromA: a.from,
    fromB: b.from,
  });
  return rowMajor(kernelCall1(contract, [a.array, b.array], params, name), labels);
}
