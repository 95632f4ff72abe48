/**
 * The accuracy of the SIMD exponential against exact arithmetic: e^x in 260-bit fixed point, over the whole range with
 * its ends, where results are denormal, overflow or underflow.
 */
import { describe, expect, it } from 'vitest';
import { NDArray } from '../../dist/array/ndarray.js';
import { kernels } from '../../dist/kernels/registry.js';
import { scalar } from './cases.js';
import { machines } from './harness.js';
import { generator } from './numbers.js';

const BITS = 260n;
const ONE = 1n << BITS;

/** ln 2 = Σ 1/(k·2^k). */
const LN2 = (() => {
  let sum = 0n;
  for (let k = 1n; k < BITS + 20n; k++) sum += (ONE >> k) / k;
  return sum;
})();

/** A float64 as mantissa · 2^exponent, exactly. */
function split(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const field = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent: Math.max(field, 1) - 1075 };
}

const shift = (value: bigint, by: number): bigint => (by >= 0 ? value << BigInt(by) : value >> BigInt(-by));

/** |actual − e^x| in units of the last place of a float64 near e^x. */
function ulpsFromExact(x: number, actual: number): number {
  const { mantissa, exponent } = split(x);
  const fixed = shift(mantissa, Number(BITS) + exponent);
  const n = Math.round(x / Math.LN2);
  const r = fixed - BigInt(n) * LN2;
  let term = ONE;
  let sum = ONE;
  for (let k = 1n; k < 70n; k++) {
    term = ((term * r) >> BITS) / k;
    sum += term;
  }
  // e^x = sum · 2^(n − BITS), with sum between 0.7 and 1.5
  const binary = sum >= ONE ? n : n - 1;
  const unit = Math.max(binary - 52, -1074);
  const found = split(actual);
  // both in units of 2^(unit − 60)
  const exact = shift(sum, n - Number(BITS) - unit + 60);
  const given = shift(found.mantissa, found.exponent - unit + 60);
  const difference = given - exact;
  return Number(difference < 0n ? -difference : difference) / 2 ** 60;
}

/** e^x through the kernel: exp(−gamma·D) with gamma = −1. */
function exponentials(machine: (typeof machines)[number], x: Float64Array): Float64Array {
  const inputs = [new NDArray(x, { shape: [x.length], dtype: 'float64' }), scalar(-1)];
  return machine.run(kernels.get('rbfKernel')!, inputs, {})[0]!.data as Float64Array;
}

it('the exact arithmetic agrees with what is known', () => {
  expect(ulpsFromExact(0, 1)).toBe(0);
  expect(ulpsFromExact(1, Math.E)).toBeLessThan(0.5);
  expect(ulpsFromExact(1, Math.E + 2 ** -51)).toBeGreaterThan(0.5);
  expect(ulpsFromExact(-1, 1 / Math.E)).toBeLessThan(1);
});

describe.each(machines.map((machine) => [machine.build, machine] as const))('exp on wasm %s', (_build, machine) => {
  it.each([
    ['around zero', 0.5, 3000],
    ['ordinary', 20, 3000],
    ['the whole range', 709.78, 3000],
  ])('is within 1 ulp: %s', (_title, reach, count) => {
    const random = generator(count + reach);
    const x = Float64Array.from({ length: count }, () => (2 * random() - 1) * reach);
    const y = exponentials(machine, x);
    expect(Math.max(...x.map((value, i) => ulpsFromExact(value, y[i]!)))).toBeLessThanOrEqual(1);
  });

  it('underflows gradually', () => {
    const random = generator(1);
    const x = Float64Array.from({ length: 1000 }, () => -708 - 38 * random());
    const y = exponentials(machine, x);
    expect(Math.max(...x.map((value, i) => ulpsFromExact(value, y[i]!)))).toBeLessThanOrEqual(1);
    expect(y.some((value) => value > 0 && value < 2 ** -1022)).toBe(true);
  });

  it('is exact where the answer is', () => {
    const special = [
      0,
      -0,
      Number.NEGATIVE_INFINITY,
      -746,
      -1e300,
      709.79,
      1e300,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ];
    const expected = [1, 1, 0, 0, 0, ...new Array(3).fill(Number.POSITIVE_INFINITY), Number.NaN];
    expect([...exponentials(machine, Float64Array.from(special))]).toEqual(expected);
  });
});
