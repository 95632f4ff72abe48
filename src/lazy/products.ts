/**
 * Products of arrays by NumPy's rules: `matmul`, `dot`, `inner`, `vdot`, `outer`, `tensordot`, `kron`, `trace`. All are
 * contractions of labelled axes (contraction.ts); two plain matrices go to the kernel `matmul`, transposed or not.
 * Integers wrap as NumPy's; dtypes are promoted.
 */
import type { AnyTypedArray } from '../array/convert.js';
import { sizeOf } from '../array/ndarray.js';
import { isFloat, promoteTypes } from '../array/promote.js';
import { OptionError, ShapeError } from '../errors.js';
import { axisOf } from './axes.js';
import { isChunked } from './blocks/blocked.js';
import { contractAll, converted, type Labelled, labelLengths } from './contraction.js';
import { diagonal as diagonalOf } from './diagonal.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, asScalar, type LazyArray, type LazyScalar } from './lazy-array.js';
import { checkNames } from './options.js';
import { reduceArray, scalarOrArray } from './reduce.js';
import { arranged, shaped, termOf } from './term.js';
import { matrix, wholeProduct } from './whole-product.js';

export { einsum } from './einsum.js';

/** What is surely one axis of numbers. */
type Vector = AnyTypedArray | readonly number[];

/** A lazy array, or where no axes are left the delayed number: say which, as in `dot<LazyScalar>(x, y)`. */
export type Product = LazyArray | LazyScalar;

/**
 * The matrix product: of (m, k) and (k, n), or of stacks of such in the last two axes, the axes before them broadcast.
 * A vector counts as a row on the left, as a column on the right, and loses that axis in the result. O(mnk) per pair; a
 * matrix times itself transposed is recognised, exactly symmetric, and half the work.
 *
 * @throws ShapeError when the inner lengths differ, for scalars, and for stacks that do not broadcast
 *
 * @example
 * await nd.matmul([[1, 2]], [[3], [4]]).compute(); // [[11]]
 * await nd.matmul([[1, 2], [3, 4]], [1, 1]).compute(); // [3, 7]
 */
export function matmul(a: Vector, b: Vector): LazyScalar;
export function matmul<R extends Product = LazyArray>(a: ArrayInput, b: ArrayInput): R;
export function matmul(a: ArrayInput, b: ArrayInput): Product {
  return scalarOrArray(matmulOf(a, b));
}

function matmulOf(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.matmul';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  if (x.ndim === 0 || y.ndim === 0) {
    throw new ShapeError(`${where}: a ${show(x)} and b ${show(y)}: a number is no matrix; multiply with nd.mul`);
  }
  const plain = plainProduct(x, y);
  if (plain !== undefined) return plain;
  const [left, right] = [stack(x.ndim - 2), stack(y.ndim - 2)];
  const rows = x.ndim > 1 ? ['i'] : [];
  const columns = y.ndim > 1 ? ['j'] : [];
  const operands = [
    { array: x, labels: [...left, ...rows, 'k'] },
    { array: y, labels: [...right, 'k', ...columns] },
  ] as const;
  const longer = left.length > right.length ? left : right;
  return product(where, operands, [...longer, ...rows, ...columns], matmulOf);
}

/** Labels of the axes before the last two, counted from the last of them. */
function stack(count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, (_, i) => `.${count - 1 - i}`);
}

function show(x: LazyArray): string {
  return `[${x.shape.join(', ')}]`;
}

/** Two float matrices, each as it lies or transposed: the kernel for that. Rows and columns alone are no matrices. */
function plainProduct(x: LazyArray, y: LazyArray): LazyArray | undefined {
  if (x.ndim !== 2 || y.ndim !== 2 || isUnknown(x) || isUnknown(y) || isChunked(x) || isChunked(y)) return undefined;
  const dtype = promoteTypes(x.dtype, y.dtype);
  if (!isFloat(dtype) || x.shape[1] !== y.shape[0]) return undefined;
  if (x.shape[0] === 1 || y.shape[1] === 1 || x.shape[1] === 1) return undefined;
  const [left, right] = [matrix(converted(x, dtype)), matrix(converted(y, dtype))];
  if (left === undefined || right === undefined) return undefined;
  return wholeProduct(left, right, 'matmul');
}

/** A contraction of two arrays; lengths that do not fit are said with both shapes. */
function product(
  where: string,
  operands: readonly [Labelled, Labelled],
  out: readonly string[],
  again: (a: ArrayInput, b: ArrayInput) => LazyArray,
): LazyArray {
  const [{ array: x, labels: left }, { array: y, labels: right }] = operands;
  const mismatch = (p: number, q: number): Error =>
    new ShapeError(`${where}: a ${show(x)} and b ${show(y)}: the lengths ${p} and ${q}, which belong together, differ`);
  // only the axes of a stack stretch
  left.forEach((label, axis) => {
    const other = label.startsWith('.') ? -1 : right.indexOf(label);
    const [p, q] = [x.shape[axis]!, y.shape[other] ?? Number.NaN];
    if (other >= 0 && p !== q && !Number.isNaN(p + q)) throw mismatch(p, q);
  });
  const lengths = labelLengths(operands, (_label, [p, q]) => mismatch(p, q));
  return contractAll(where.replace('nd.', ''), operands, out, lengths, (p, q) => again(p!, q!));
}

/** Labels `prefix0`, `prefix1`, … for the axes of x. */
function labelsOf(prefix: string, x: LazyArray): string[] {
  return x.shape.map((_, axis) => `${prefix}${axis}`);
}

/**
 * NumPy's dot: of vectors their inner product, of matrices their product, with a number the multiple, else the sums
 * over the last axis of `a` and the last but one (or only) axis of `b`.
 *
 * @throws ShapeError when these axes differ in length
 *
 * @example
 * await nd.dot([1, 2, 3], [4, 5, 6]).compute(); // 32
 */
export function dot(a: Vector, b: Vector): LazyScalar;
export function dot<R extends Product = LazyArray>(a: ArrayInput, b: ArrayInput): R;
export function dot(a: ArrayInput, b: ArrayInput): Product {
  return scalarOrArray(dotOf(a, b));
}

function dotOf(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.dot';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  if (x.ndim === 2 && y.ndim === 2) {
    const plain = plainProduct(x, y);
    if (plain !== undefined) return plain;
  }
  const [left, right] = [labelsOf('a', x), labelsOf('b', y)];
  if (x.ndim > 0 && y.ndim > 0) {
    left[x.ndim - 1] = 'k';
    right[Math.max(0, y.ndim - 2)] = 'k';
  }
  const out = [...left, ...right].filter((label) => label !== 'k');
  const operands = [
    { array: x, labels: left },
    { array: y, labels: right },
  ] as const;
  return product(where, operands, out, dotOf);
}

/**
 * The sums of products over the last axes of both.
 *
 * @throws ShapeError when the last axes differ in length
 *
 * @example
 * await nd.inner([[1, 2], [3, 4]], [1, 1]).compute(); // [3, 7]
 */
export function inner(a: Vector, b: Vector): LazyScalar;
export function inner<R extends Product = LazyArray>(a: ArrayInput, b: ArrayInput): R;
export function inner(a: ArrayInput, b: ArrayInput): Product {
  return scalarOrArray(innerOf(a, b));
}

function innerOf(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.inner';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  const [left, right] = [labelsOf('a', x), labelsOf('b', y)];
  if (x.ndim > 0 && y.ndim > 0) {
    left[x.ndim - 1] = 'k';
    right[y.ndim - 1] = 'k';
  }
  const out = [...left, ...right].filter((label) => label !== 'k');
  const operands = [
    { array: x, labels: left },
    { array: y, labels: right },
  ] as const;
  return product(where, operands, out, innerOf);
}

/** `x` as a vector. */
function flattened(x: LazyArray): LazyArray {
  return shaped(x, [x.size]);
}

/**
 * The inner product of all elements of both, row by row.
 *
 * @throws ShapeError when they have not as many elements
 *
 * @example
 * await nd.vdot([[1, 2], [3, 4]], [[1, 1], [1, 1]]).compute(); // 10
 */
export function vdot(a: ArrayInput, b: ArrayInput): LazyScalar {
  return asScalar(vdotOf(a, b));
}

function vdotOf(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.vdot';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  const dtype = promoteTypes(x.dtype, y.dtype);
  if (isUnknown(x) || isUnknown(y)) return late('vdot', [x, y], (p, q) => vdotOf(p!, q!), { shape: [], dtype });
  if (x.size !== y.size) {
    throw new ShapeError(`${where}: a ${show(x)} has ${x.size} elements and b ${show(y)} ${y.size}`);
  }
  return dotOf(flattened(x), flattened(y));
}

/**
 * All products of an element of `a` and one of `b`, both flattened: (a.size, b.size).
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.outer([1, 2], [3, 4, 5]).compute(); // [[3, 4, 5], [6, 8, 10]]
 */
export function outer(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.outer';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  if (isUnknown(x) || isUnknown(y)) {
    const shape = [sizeOf(x.shape), sizeOf(y.shape)];
    return late('outer', [x, y], (p, q) => outer(p!, q!), { shape, dtype: promoteTypes(x.dtype, y.dtype) });
  }
  const operands = [
    { array: flattened(x), labels: ['i'] },
    { array: flattened(y), labels: ['j'] },
  ] as const;
  return product(where, operands, ['i', 'j'], outer);
}

export interface TensordotOptions {
  /** How many of the last axes of `a` and the first of `b`, or two lists of axes that belong together; default 2. */
  readonly axes?: number | readonly [number | readonly number[], number | readonly number[]];
}

/**
 * The sums of products over pairs of axes; the result has the other axes of `a`, then those of `b`.
 *
 * @throws ShapeError for axes that do not exist or differ in length, OptionError for what are no pairs of axes
 *
 * @example
 * await nd.tensordot([[1, 2], [3, 4]], [[1, 0], [0, 1]], { axes: 2 }).compute(); // 5
 * await nd.tensordot([[1, 2], [3, 4]], [[1, 0], [0, 2]], { axes: [0, 1] }).compute(); // [[1, 6], [2, 8]]
 */
export function tensordot<R extends Product = LazyArray>(
  a: ArrayInput,
  b: ArrayInput,
  options: TensordotOptions = {},
): R {
  return scalarOrArray(tensordotOf(a, b, options)) as R;
}

function tensordotOf(a: ArrayInput, b: ArrayInput, options: TensordotOptions): LazyArray {
  const where = 'nd.tensordot';
  checkNames(where, options, ['axes']);
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  const { axes = 2 } = options;
  const [ofX, ofY] = typeof axes === 'number' ? counted(where, axes, x, y) : listed(where, axes);
  const [left, right] = [labelsOf('a', x), labelsOf('b', y)];
  const first = ofX.map((axis) => axisOf(axis, x, where, 'a'));
  const second = ofY.map((axis) => axisOf(axis, y, where, 'b'));
  if (new Set(first).size < first.length || new Set(second).size < second.length) {
    throw new OptionError('axes', `${where}: an axis is named twice in ${JSON.stringify(axes)}`);
  }
  first.forEach((axis, i) => {
    left[axis] = `k${i}`;
    right[second[i]!] = `k${i}`;
  });
  const out = [...left, ...right].filter((label) => !label.startsWith('k'));
  const operands = [
    { array: x, labels: left },
    { array: y, labels: right },
  ] as const;
  return product(where, operands, out, (p, q) => tensordotOf(p, q, options));
}

function counted(where: string, count: number, x: LazyArray, y: LazyArray): readonly [number[], number[]] {
  if (!Number.isInteger(count) || count < 0 || count > Math.min(x.ndim, y.ndim)) {
    throw new ShapeError(`${where}: a ${show(x)} and b ${show(y)} have not ${count} axes in common; see axes`);
  }
  return [Array.from({ length: count }, (_, i) => x.ndim - count + i), Array.from({ length: count }, (_, i) => i)];
}

function listed(
  where: string,
  axes: readonly [number | readonly number[], number | readonly number[]],
): readonly [readonly number[], readonly number[]] {
  if (Array.isArray(axes) && axes.length === 2) {
    const [ofX, ofY] = axes.map((one: number | readonly number[]) => (typeof one === 'number' ? [one] : one));
    if (Array.isArray(ofX) && Array.isArray(ofY) && ofX.length === ofY.length) return [ofX, ofY];
  }
  throw new OptionError(
    'axes',
    `${where}: axes is a number or two lists of as many axes, such as [[0, 1], [1, 0]]; got ${JSON.stringify(axes)}`,
  );
}

/**
 * The Kronecker product: blocks of `b`, one for each element of `a`, times that element.
 *
 * @throws ArgumentError for what holds no numbers
 *
 * @example
 * await nd.kron([1, 10], [1, 2]).compute(); // [1, 2, 10, 20]
 */
export function kron(a: ArrayInput, b: ArrayInput): LazyArray {
  const where = 'nd.kron';
  const [x, y] = [asLazy(a, where), asLazy(b, where)];
  const ndim = Math.max(x.ndim, y.ndim);
  const full = (z: LazyArray): number[] => [...new Array<number>(ndim - z.ndim).fill(1), ...z.shape];
  const [p, q] = [full(x), full(y)];
  const shape = p.map((length, axis) => length * q[axis]!);
  if (isUnknown(x) || isUnknown(y)) {
    return late('kron', [x, y], (u, v) => kron(u!, v!), { shape, dtype: promoteTypes(x.dtype, y.dtype) });
  }
  const operands = [
    { array: shaped(x, p), labels: p.map((_, axis) => `a${axis}`) },
    { array: shaped(y, q), labels: q.map((_, axis) => `b${axis}`) },
  ] as const;
  const out = p.flatMap((_, axis) => [`a${axis}`, `b${axis}`]);
  return shaped(product(where, operands, out, kron), shape);
}

export interface TraceOptions {
  /** Which diagonal: above the main one where it is positive, below where it is negative; default 0. */
  readonly offset?: number;
  /** The axes of the rows and of the columns, negative ones counted from the end; default 0 and 1. */
  readonly axis1?: number;
  readonly axis2?: number;
}

/**
 * The sum along a diagonal of a matrix, a delayed number, or of each matrix that two axes span, an array
 * (`trace<LazyArray>(stack)`). Of integers and bools as float64.
 *
 * @throws ShapeError for less than two axes, or axes that do not exist
 *
 * @example
 * await nd.trace([[1, 2], [3, 4]]).compute(); // 5
 */
export function trace<R extends Product = LazyScalar>(x: ArrayInput, options: TraceOptions = {}): R {
  return scalarOrArray(traceOf(x, options)) as R;
}

function traceOf(x: ArrayInput, options: TraceOptions): LazyArray {
  const where = 'nd.trace';
  checkNames(where, options, ['offset', 'axis1', 'axis2']);
  const array = asLazy(x, where);
  if (array.ndim < 2) throw new ShapeError(`${where}: x ${show(array)} has no two axes that span a matrix`);
  const { offset = 0 } = options;
  if (!Number.isInteger(offset))
    throw new OptionError('offset', `${where}: offset must be a whole number, not ${offset}`);
  const rows = axisOf(options.axis1 ?? 0, array, where, 'x');
  const columns = axisOf(options.axis2 ?? 1, array, where, 'x');
  if (rows === columns) throw new OptionError('axis2', `${where}: axis1 and axis2 are the same axis ${rows}`);
  const rest = labelsOf('a', array).filter((_, axis) => axis !== rows && axis !== columns);
  const dtype = isFloat(array.dtype) ? array.dtype : 'float64';
  if (isUnknown(array)) {
    const shape = array.shape.filter((_, axis) => axis !== rows && axis !== columns);
    return late('trace', [array], (value) => traceOf(value!, options), { shape, dtype });
  }
  if (isChunked(array)) {
    const values = diagonalOf(array, { offset, axes: [rows, columns] });
    return reduceArray('trace', 'sum', values, { axis: -1 });
  }
  const [m, n] = [array.shape[rows]!, array.shape[columns]!];
  const [up, down] = [Math.max(0, offset), Math.max(0, -offset)];
  const length = Math.max(0, Math.min(m - down, n - up));
  const lengths = new Map(labelsOf('a', array).map((label, axis) => [label, array.shape[axis]!]));
  const term = termOf(array, labelsOf('a', array), lengths);
  const stride = (axis: number): number => term.axes[axis]!.stride;
  const diagonal = {
    array: term.array,
    from: length === 0 ? 0 : term.from + up * stride(columns) + down * stride(rows),
    axes: [
      ...term.axes.filter((_, axis) => axis !== rows && axis !== columns),
      { label: 'd', length, stride: stride(rows) + stride(columns) },
    ],
  };
  const values = converted(arranged(diagonal, [...rest, 'd'], 'trace'), dtype);
  return contractAll(
    'trace',
    [{ array: values, labels: [...rest, 'd'] }],
    rest,
    lengths.set('d', length),
    () => values,
  );
}
