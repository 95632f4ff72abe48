/** Exact sums of products of float64 numbers, to hold products against. */
import type { NDArray } from '../../dist/array/ndarray.js';

/** Every finite float64 is an integer times 2^-1074. */
const UNIT = 1074n;
const bits = new BigUint64Array(1);
const number = new Float64Array(bits.buffer);

/** A finite float64 as an integer of units of 2^-1074. */
export function exactly(value: number): bigint {
  number[0] = value;
  const word = bits[0] as bigint;
  const exponent = (word >> 52n) & 0x7ffn;
  const mantissa = (word & 0xfffffffffffffn) | (exponent === 0n ? 0n : 1n << 52n);
  const size = mantissa << (exponent === 0n ? 0n : exponent - 1n);
  return word >> 63n === 1n ? -size : size;
}

/** An element of a·b in units of 2^-2148, and of |a|·|b|. */
export function exactElement(a: NDArray, b: NDArray, i: number, j: number): { sum: bigint; sizes: bigint } {
  let [sum, sizes] = [0n, 0n];
  const [k, n] = b.shape as [number, number];
  for (let l = 0; l < k; l++) {
    const product = exactly(a.data[i * k + l] as number) * exactly(b.data[l * n + j] as number);
    sum += product;
    sizes += product < 0n ? -product : product;
  }
  return { sum, sizes };
}

const SCALE = 20n;

/**
 * |value − sum| / (2^-53 · sizes), to a millionth; infinite where something is wrong and there is nothing to be wrong about.
 * @param roundings that may each be off by half the least number
 */
export function relativeError(value: number, { sum, sizes }: { sum: bigint; sizes: bigint }, roundings = 0): number {
  const difference = (exactly(value) << UNIT) - sum;
  const off = (difference < 0n ? -difference : difference) - (BigInt(roundings) << (UNIT - 1n));
  if (off <= 0n) return 0;
  if (sizes === 0n) return Number.POSITIVE_INFINITY;
  return Number((off << (53n + SCALE)) / sizes) / 2 ** Number(SCALE);
}
