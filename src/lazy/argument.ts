/**
 * What the arguments of array functions are: numbers that are there, numbers still to be computed, arrays of known
 * shape, or delayed values of which nothing is known.
 */
import { toNDArray } from '../array/convert.js';
import { ArgumentError } from '../errors.js';
import { nodeOf } from '../graph/node.js';
import type { Delayed } from '../graph/types.js';
import { inline, lazyResult } from './inline.js';
import { LazyArray, leaf, PLAIN_BOOLEAN, PLAIN_NUMBER, specOf } from './lazy-array.js';

export type Argument =
  | { readonly kind: 'number'; readonly value: number }
  /** A delayed JavaScript number or boolean: no array is behind it. */
  | { readonly kind: 'plain'; readonly value: unknown; readonly lazy: LazyArray }
  | { readonly kind: 'array'; readonly value: unknown; readonly lazy: LazyArray }
  | { readonly kind: 'unknown'; readonly value: unknown };

/** @throws ArgumentError, ShapeError for what holds no numbers */
export function argument(value: unknown, where: string): Argument {
  if (typeof value === 'number') return { kind: 'number', value };
  if (value instanceof LazyArray) return { kind: 'array', value, lazy: value };
  const node = nodeOf(value);
  if (node === undefined) {
    const array = leaf(toNDArray(value, { where }));
    return { kind: 'array', value: array, lazy: array };
  }
  const spec = specOf(node);
  if (spec === undefined) return { kind: 'unknown', value };
  const lazy = new LazyArray(node, spec);
  return { kind: spec === PLAIN_NUMBER || spec === PLAIN_BOOLEAN ? 'plain' : 'array', value, lazy };
}

/** @internal The body of the check that a value which counts as a number is one. */
export function checkedNumber(value: unknown, where: string): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  const array = toNDArray(value, { where });
  if (array.ndim === 0) return Number(array.get());
  throw new ArgumentError(
    `${where}: a delayed value counted as a number and is an array of shape [${array.shape.join(', ')}]; say its shape with nd.fromDelayed(value, { shape, dtype })`,
  );
}

const asNumber = inline('number', checkedNumber, import.meta.url);

/** A delayed value of unknown shape beside an array counts as a number, which is checked when it is there. */
export function numberInput(value: unknown, where: string): LazyArray {
  return lazyResult(asNumber(value, where) as Delayed<unknown>, PLAIN_NUMBER);
}
