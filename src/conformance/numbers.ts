/**
 * What tests of kernels draw their inputs from: a seeded generator, arrays of several flavours (ordinary, tiny, huge,
 * whole numbers with ties, special values sprinkled in) with and without strides, and distances in units of rounding.
 */
import { allocate, type DType } from '../array/dtype.js';
import { NDArray, sizeOf } from '../array/ndarray.js';

export { generator } from '../kernels/generator.js';

export const flavours = ['ordinary', 'tiny', 'huge', 'ties', 'denormal', 'special'] as const;
export type Flavour = (typeof flavours)[number];

const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324, 1e-310, 1e-40];

/** One value; `single` keeps scales within float32's range. */
export function draw(random: () => number, flavour: Flavour, single: boolean): number {
  const value = 2 * random() - 1;
  switch (flavour) {
    case 'ordinary':
      return value;
    case 'tiny':
      return value * (single ? 1e-15 : 1e-120);
    case 'huge':
      return value * (single ? 1e15 : 1e120);
    case 'ties':
      return Math.round(2 * value);
    case 'denormal':
      return value * (single ? 1e-40 : 1e-310);
    case 'special':
      return random() < 0.05 ? specials[Math.floor(random() * specials.length)]! : value;
  }
}

/** An array of a shape; `strided`: a view with gaps, reversed axes of memory and an offset, of the same values' kind. */
export function array(
  random: () => number,
  shape: readonly number[],
  dtype: DType,
  options: { flavour?: Flavour; strided?: boolean; value?: () => number } = {},
): NDArray {
  const { flavour = 'ordinary', strided = false } = options;
  const value = options.value ?? (() => draw(random, flavour, dtype === 'float32'));
  if (!strided) {
    const data = allocate(dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = value();
    return new NDArray(data, { shape, dtype });
  }
  // column-major with every second element used, counted backwards along the last axis
  const strides: number[] = [];
  let stride = 2;
  for (const length of shape) {
    strides.push(stride);
    stride *= Math.max(1, length) + 1;
  }
  const data = allocate(dtype, stride + 3);
  for (let i = 0; i < data.length; i++) data[i] = value();
  const last = shape.length - 1;
  let offset = 3;
  if (last >= 0 && shape[last]! > 0) {
    offset += (shape[last]! - 1) * strides[last]!;
    strides[last] = -strides[last]!;
  }
  return new NDArray(data, { shape, dtype, strides, offset });
}

export function epsilon(dtype: DType): number {
  return dtype === 'float32' ? 2 ** -23 : 2 ** -52;
}

/** The smallest positive number of a dtype. */
export function smallest(dtype: DType): number {
  return dtype === 'float32' ? 2 ** -149 : 5e-324;
}

/** Steps of the number line between two float64s; 0 for two NaNs and for ±0, Infinity where only one is NaN. */
export function ulps(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(Number(step64(a) - step64(b)));
}

/** The same for two float32s. */
export function ulps32(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(step32(a) - step32(b));
}

const bits = new DataView(new ArrayBuffer(8));

function step64(value: number): bigint {
  bits.setFloat64(0, value);
  const step = bits.getBigInt64(0);
  return step < 0n ? -(step & 0x7fffffffffffffffn) : step;
}

function step32(value: number): number {
  bits.setFloat32(0, value);
  const step = bits.getInt32(0);
  return step < 0 ? -(step & 0x7fffffff) : step;
}
