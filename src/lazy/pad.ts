/**
 * Padding: NumPy's modes. Along every axis the result is a row of segments, each a stretch of the array walked forwards,
 * backwards or not at all; the result is put together from the boxes that the segments of all axes make.
 */
import { rowMajorStrides } from '../array/ndarray.js';
import { broadcastView, type View, wholeView } from '../array/view.js';
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Pending } from '../graph/types.js';
import { assembleParts, fillPart, type Part, viewPart } from './assemble.js';
import { wholeNumber } from './axes.js';
import { isChunked } from './blocks/blocked.js';
import { astype } from './cast.js';
import { takeAxis } from './index-arrays.js';
import { concat } from './join.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, type LazyArray } from './lazy-array.js';
import { checkNames } from './options.js';
import { viewOf } from './view.js';

export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap';

export interface PadOptions {
  /**
   * `constant` (the default): `value`; `edge`: the last element; `reflect`: mirrored at the last element; `symmetric`:
   * mirrored beyond it; `wrap`: from the other end.
   */
  readonly mode?: PadMode;
  /** For mode `constant`, in the array's dtype; default 0. May be delayed. */
  readonly value?: number | boolean | Pending<number>;
}

const modes: readonly PadMode[] = ['constant', 'edge', 'reflect', 'symmetric', 'wrap'];

/**
 * The array with elements added before and after along each axis. `widths` is a list of `[before, after]` for each axis,
 * one such pair for all axes, or one number for all ends.
 *
 * @throws ArgumentError for widths that are no whole numbers ≥ 0, ShapeError when there is not a pair for each axis,
 * OptionError for a mode that there is not
 *
 * @example
 * await nd.pad([1, 2], [[1, 2]]).compute(); // [0, 1, 2, 0, 0]
 * await nd.pad([1, 2, 3], 2, { mode: 'reflect' }).compute(); // [3, 2, 1, 2, 3, 2, 1]
 */
export function pad(
  x: ArrayInput,
  widths: number | readonly number[] | readonly (readonly number[])[],
  options: PadOptions = {},
): LazyArray {
  const where = 'nd.pad';
  checkNames(where, options, ['mode', 'value']);
  const array = asLazy(x, where);
  const mode = options.mode ?? 'constant';
  if (!modes.includes(mode)) {
    throw new OptionError('mode', `${where}: there is no mode ${JSON.stringify(mode)}; use one of ${modes.join(', ')}`);
  }
  if (mode !== 'constant' && options.value !== undefined) {
    throw new OptionError('value', `${where}: a value is for mode 'constant', not '${mode}'`);
  }
  const pairs = pairsOf(widths, array.ndim, where);
  const shape = array.shape.map((length, axis) => length + pairs[axis]![0] + pairs[axis]![1]);
  if (isUnknown(array)) {
    return late('pad', [array], (known) => pad(known!, widths, options), { shape, dtype: array.dtype });
  }
  if (pairs.every(([before, after]) => before + after === 0)) return array;
  if (mode === 'constant') {
    const value = asLazy(options.value ?? 0, where);
    if (value.ndim > 0) throw new ShapeError(`${where}: the value must be one number, not an array`);
    return surrounded(array, pairs, shape, asLazy(astype(value, array.dtype), where));
  }
  pairs.forEach(([before, after], axis) => {
    if (array.shape[axis] !== 0 || before + after === 0) return;
    throw new ShapeError(`${where}: axis ${axis} has no elements to go on with in mode '${mode}'; use 'constant'`);
  });
  return extended(array, pairs, mode);
}

type Pair = readonly [before: number, after: number];

function pairsOf(widths: unknown, ndim: number, where: string): Pair[] {
  const pairOf = (pair: readonly number[]): Pair => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new ArgumentError(`${where}: ${JSON.stringify(pair)} is no pair [before, after]`);
    }
    return [wholeNumber(pair[0], 'a width', where, 0), wholeNumber(pair[1], 'a width', where, 0)];
  };
  const all = (pair: Pair): Pair[] => Array.from({ length: ndim }, () => pair);
  if (typeof widths === 'number') return all(pairOf([widths, widths]));
  if (!Array.isArray(widths)) throw new ArgumentError(`${where}: widths are a list of pairs [before, after]`);
  if (typeof widths[0] === 'number') return all(pairOf(widths));
  if (widths.length === 1) return all(pairOf(widths[0] as readonly number[]));
  if (widths.length === ndim) return widths.map(pairOf);
  throw new ShapeError(`${where}: ${widths.length} pairs of widths for an array with ${ndim} axes; give one for each`);
}

/** The array in the middle of a constant: along axis k a slab on either side that later axes span whole. */
function surrounded(array: LazyArray, pairs: readonly Pair[], shape: readonly number[], value: LazyArray): LazyArray {
  if (isChunked(array)) return surroundedBlocks(array, pairs, value);
  const strides = rowMajorStrides(shape);
  const before = pairs.map(([first]) => first);
  const middle = before.reduce((sum, width, axis) => sum + width * strides[axis]!, 0);
  const parts: Part[] = [viewPart(array, wholeView(array.shape), middle, strides)];
  pairs.forEach((pair, axis) => {
    const lead = before.slice(0, axis).reduce((sum, width, k) => sum + width * strides[k]!, 0);
    const starts = [0, pair[0] + array.shape[axis]!];
    pair.forEach((width, side) => {
      const box = [...array.shape.slice(0, axis), width, ...shape.slice(axis + 1)];
      parts.push(fillPart(value, box, lead + starts[side]! * strides[axis]!, strides));
    });
  });
  return assembleParts('pad', shape, parts);
}

/** The same for an array in blocks, which stay as they are: one axis after the other gets a slab on either side. */
function surroundedBlocks(array: LazyArray, pairs: readonly Pair[], value: LazyArray): LazyArray {
  return pairs.reduce((result: LazyArray, pair, axis) => {
    if (pair[0] + pair[1] === 0) return result;
    const slab = (width: number): LazyArray =>
      viewOf(value, broadcastView(wholeView([]), result.shape.with(axis, width), 'nd.pad'), 'pad');
    return concat([slab(pair[0]), result, slab(pair[1])], { axis });
  }, array);
}

/** `length` elements of an axis, from `start` on, one `step` after the other, written from `to` on. */
interface Segment {
  readonly to: number;
  readonly length: number;
  readonly start: number;
  readonly step: number;
}

/** Beyond this many boxes it is cheaper to do one axis after the other. */
const MAX_BOXES = 256;

function extended(array: LazyArray, pairs: readonly Pair[], mode: PadMode): LazyArray {
  const segments = pairs.map((pair, axis) => segmentsOf(pair, array.shape[axis]!, mode));
  const boxes = segments.reduce((count, list) => count * list.length, 1);
  if (boxes <= MAX_BOXES) return boxed(array, segments);
  return segments.reduce((result, list, axis) => {
    if (list.length === 1 && list[0]!.length === array.shape[axis]) return result;
    if (list.length > MAX_BOXES) return takeAxis(result, indicesOf(list), axis, 'pad');
    const others = result.shape.map((length) => [{ to: 0, length, start: 0, step: 1 }]);
    return boxed(result, others.with(axis, list as { to: number; length: number; start: number; step: number }[]));
  }, array);
}

function boxed(array: LazyArray, segments: readonly (readonly Segment[])[]): LazyArray {
  if (isChunked(array)) return segments.reduce(joined, array as LazyArray);
  const shape = segments.map((list) => list.reduce((sum, { length }) => sum + length, 0));
  const strides = rowMajorStrides(shape);
  const axes = shape.map((_, axis) => axis);
  const parts: Part[] = [];
  const cut = (axis: number, chosen: readonly Segment[]): void => {
    if (axis === shape.length) {
      const view: View = {
        shape: chosen.map(({ length }) => length),
        axes,
        steps: chosen.map(({ step }) => step),
        start: chosen.map(({ start }) => start),
      };
      const to = chosen.reduce((sum, segment, k) => sum + segment.to * strides[k]!, 0);
      parts.push(viewPart(array, view, to, strides));
      return;
    }
    for (const segment of segments[axis]!) cut(axis + 1, [...chosen, segment]);
  };
  cut(0, []);
  return assembleParts('pad', shape, parts);
}

/** The segments of one axis of an array in blocks side by side. */
function joined(array: LazyArray, list: readonly Segment[], axis: number): LazyArray {
  if (list.length === 1 && list[0]!.length === array.shape[axis]) return array;
  const all = wholeView(array.shape);
  const parts = list.map(({ length, start, step }) =>
    viewOf(array, {
      shape: all.shape.with(axis, length),
      axes: all.axes,
      steps: all.steps.with(axis, step),
      start: all.start.with(axis, start),
    }),
  );
  return concat(parts, { axis });
}

function segmentsOf([before, after]: Pair, length: number, mode: PadMode): Segment[] {
  const at = sourceOf(mode, length);
  const left = runs(Array.from({ length: before }, (_, i) => at(i - before)));
  const right = runs(Array.from({ length: after }, (_, i) => at(length + i)));
  const all = [...left, ...(length > 0 ? [{ start: 0, step: 1, length }] : []), ...right];
  let to = 0;
  return all.map((run) => {
    to += run.length;
    return { ...run, to: to - run.length };
  });
}

/** Which element stands at position `i` before or after the axis. */
function sourceOf(mode: PadMode, length: number): (i: number) => number {
  const mirror = (i: number, period: number): number => {
    const place = ((i % period) + period) % period;
    return place < length ? place : period - place;
  };
  switch (mode) {
    case 'reflect':
      return length === 1 ? () => 0 : (i) => mirror(i, 2 * length - 2);
    case 'symmetric':
      return (i) => {
        const place = ((i % (2 * length)) + 2 * length) % (2 * length);
        return place < length ? place : 2 * length - 1 - place;
      };
    case 'wrap':
      return (i) => ((i % length) + length) % length;
    default:
      return (i) => (i < 0 ? 0 : length - 1);
  }
}

/** Positions as stretches of equal steps of −1, 0 or 1. */
function runs(positions: readonly number[]): Omit<Segment, 'to'>[] {
  const result: { start: number; step: number; length: number }[] = [];
  positions.forEach((position, i) => {
    const last = result.at(-1);
    const step = position - (positions[i - 1] ?? 0);
    if (last !== undefined && (last.length === 1 ? Math.abs(step) <= 1 : step === last.step)) {
      last.step = step;
      last.length++;
    } else {
      result.push({ start: position, step: 1, length: 1 });
    }
  });
  return result;
}

function indicesOf(segments: readonly Segment[]): Int32Array {
  const indices: number[] = [];
  for (const { start, step, length } of segments) for (let i = 0; i < length; i++) indices.push(start + i * step);
  return Int32Array.from(indices);
}
