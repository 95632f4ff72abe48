/**
 * How functions that move elements are tested: an array whose elements tell where they are, a plain function from a
 * place of the result to the place it comes from, and any shape, dtype and way to see the array.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { allocate, type DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { type LazyArray, nd } from '../../dist/lazy/index.js';
import { evaluate } from '../support/evaluate.js';

export type Index = readonly number[];

/** An array, and what is at its places. */
export interface Sample {
  readonly lazy: LazyArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
  at(index: Index): number | boolean;
}

const dtype = fc.constantFrom<DType>('float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');

/** An array of this shape: there already, or a view of one that is. */
export const sampleOf = (shape: readonly number[]): fc.Arbitrary<Sample> =>
  fc.record({ dtype, isView: fc.boolean() }).map(({ dtype: type, isView }) => {
    const own = isView ? [...shape].reverse() : shape;
    const data = allocate(type, sizeOf(own));
    for (let i = 0; i < data.length; i++) data[i] = type === 'bool' ? Math.sign((i * i + i) % 3) : i + 1;

    const array = new NDArray(data, { shape: own, dtype: type });
    const lazy = isView ? nd.transpose(array) : nd.array(array);
    return { lazy, shape, dtype: type, at: (index) => array.get(...(isView ? [...index].reverse() : index)) };
  });

/** Lengths of up to four axes. */
export const shapes = (least = 0, most = 4, shortest = 0): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: shortest, max: 4 }), { minLength: least, maxLength: most });

export const samples = (least = 0, most = 4, shortest = 0): fc.Arbitrary<Sample> =>
  shapes(least, most, shortest).chain(sampleOf);

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const [length, ...rest] = shape;
  if (length === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < length; i++) for (const inner of indices(rest)) yield [i, ...inner];
}

/** Computes `lazy` and compares it with what should be at every place. */
export async function expectElements(
  lazy: LazyArray,
  shape: readonly number[],
  type: DType,
  at: (index: Index) => number | boolean,
): Promise<void> {
  expect([lazy.shape, lazy.dtype]).toEqual([shape, type]);
  const value = await evaluate(lazy);
  const result = value instanceof NDArray ? value : undefined;
  if (result !== undefined) expect([result.shape, result.dtype]).toEqual([shape, type]);
  for (const index of indices(shape)) {
    const found = result === undefined ? value : result.get(...index);
    if (!Object.is(found, at(index))) {
      throw new Error(`[${index}] is ${String(found)}, not ${String(at(index))}, of shape [${shape}] ${type}`);
    }
  }
}

/** The axis of a sample as a user may name it. */
export const axisOf = (ndim: number): fc.Arbitrary<number> => fc.integer({ min: -ndim, max: ndim - 1 });

export const positive = (axis: number, ndim: number): number => (axis < 0 ? axis + ndim : axis);

export function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, runs = 60): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: runs });
}

export const nested = async (lazy: unknown): Promise<unknown> => {
  const value = await evaluate(lazy);
  return value instanceof NDArray ? value.toNested() : value;
};
