/** Arrays for properties of blocks: the same numbers in one block and in blocks of any sizes. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type LazyArray, NDArray, nd } from '../../../dist/index.js';

export interface InChunks {
  readonly shape: readonly number[];
  readonly chunks: readonly (readonly number[])[];
  readonly whole: LazyArray;
  readonly chunked: LazyArray;
}

/** Sizes that add up to `length`: of one element, uneven ones, all of it. */
export function sizesOf(length: number): fc.Arbitrary<number[]> {
  return fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, length - 1) }), { maxLength: 4 }).map((cuts) => {
    const borders = [0, ...cuts.filter((cut) => cut < length).sort((a, b) => a - b), length];
    return borders.slice(1).map((border, i) => border - borders[i]!);
  });
}

/** An array of one to three axes; given `beside`, of a shape that broadcasts with that one. */
export function arrayInChunks(beside?: readonly number[], least = 0): fc.Arbitrary<InChunks> {
  const lengths = fc.array(fc.integer({ min: least, max: 7 }), { minLength: 1, maxLength: 3 });
  const shapes =
    beside === undefined
      ? lengths
      : fc
          .tuple(fc.integer({ min: 1, max: beside.length }), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
          .map(([ndim, ones]) => beside.slice(-ndim).map((length, axis) => (ones[axis] === true ? 1 : length)));
  return shapes.chain((shape) =>
    fc.tuple(fc.tuple(...shape.map(sizesOf)), fc.infiniteStream(element)).map(([chunks, stream]): InChunks => {
      const size = shape.reduce((product, length) => product * length, 1);
      const values = Float64Array.from([...stream.take(size)]);
      const data = new NDArray(values, { shape, dtype: 'float64' });
      return { shape, chunks, whole: nd.array(data), chunked: nd.array(data, { chunks }) };
    }),
  );
}

const element = fc.oneof(
  { arbitrary: fc.integer({ min: -3, max: 3 }), weight: 4 },
  { arbitrary: fc.double({ min: -10, max: 10, noNaN: true }), weight: 4 },
  { arbitrary: fc.constant(Number.NaN), weight: 1 },
);

/** The values as nested lists, numbers as they are. */
export function nested(value: unknown): unknown {
  return value instanceof NDArray
    ? { shape: value.shape, dtype: value.dtype, data: Array.from(value.copy().data) }
    : value;
}

/** Expects the same shape and dtype, and the same numbers to rounding. */
export function closeTo(actual: unknown, expected: unknown, tolerance = 1e-12): void {
  const [a, b] = [flatOf(actual), flatOf(expected)];
  expect(a.kind).toEqual(b.kind);
  a.values.forEach((value, i) => {
    const other = b.values[i]!;
    if (Object.is(value, other) || value === other) return;
    expect(Math.abs(value - other), `${value} at ${i}, where ${other} is expected`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(other)),
    );
  });
}

function flatOf(value: unknown): { readonly kind: unknown; readonly values: readonly number[] } {
  if (!(value instanceof NDArray)) return { kind: typeof value, values: [Number(value)] };
  return { kind: [value.shape, value.dtype], values: Array.from(value.copy().data) };
}
