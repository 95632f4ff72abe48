/**
 * Every function of nd beside NumPy's, over dtypes, axes, broadcasting and call forms: the expressions and NumPy's
 * answers are in references/arrays.json, made by references/arrays.py. NumPy's int64 is float64 here, or int32 where the
 * numbers are indices; everything else has NumPy's dtype.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type DType, NDArray, nd } from '../../dist/index.js';
import { ulps, ulps32 } from '../kernels/numbers.js';

type Item = number | boolean | 'NaN' | 'Infinity' | '-Infinity' | '-0';

interface Encoded {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly Item[];
}

interface Case {
  readonly nd: string;
  readonly numpy: string;
  readonly expected: Encoded;
  /** The units in the last place allowed; 'sign' for equality to the sign of zero; 's' for 8 eps of `scale`. */
  readonly bound: number | 'sign' | 's';
  readonly scale?: readonly Item[];
}

const { arrays, cases } = JSON.parse(readFileSync(new URL('../references/arrays.json', import.meta.url), 'utf8')) as {
  arrays: Record<string, Encoded>;
  cases: readonly Case[];
};

const sameDTypes: Readonly<Record<string, readonly DType[]>> = { int64: ['float64', 'int32'], uint64: ['float64'] };

const inputs = Object.entries(arrays).map(
  ([name, { dtype, shape, data }]) =>
    [name, new NDArray(typed(dtype, data.map(Number)), { shape, dtype: dtype as DType })] as const,
);

function typed(dtype: string, values: readonly number[]): NDArray['data'] {
  switch (dtype) {
    case 'float64':
      return Float64Array.from(values);
    case 'float32':
      return Float32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'uint32':
      return Uint32Array.from(values);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
    default:
      throw new TypeError(`no array of ${dtype}`);
  }
}

const names = inputs.map(([name]) => name);

function evaluate(text: string): { compute(options: object): Promise<unknown>; dtype?: DType } {
  return new Function('nd', ...names, `return ${text};`)(nd, ...inputs.map(([, array]) => array));
}

function isWithin({ bound, scale, expected }: Case, i: number, actual: number): boolean {
  const wanted = Number(expected.data[i]);
  if (Object.is(wanted, actual) || (bound !== 'sign' && wanted === actual)) return true;
  const single = expected.dtype === 'float32';
  if (typeof bound === 'number') return (single ? ulps32 : ulps)(wanted, actual) <= bound;
  if (bound === 'sign' || !Number.isFinite(wanted)) return false;
  return Math.abs(wanted - actual) <= 8 * (single ? 2 ** -23 : 2 ** -52) * Math.abs(Number(scale?.[i] ?? 0));
}

describe.each(['wasm', 'js'] as const)('on %s, nd answers what NumPy does', (device) => {
  it.each(cases.map((one) => [one.nd, one] as const))('%s', async (text, reference) => {
    const { expected, numpy } = reference;
    const lazy = evaluate(text);
    const result = await lazy.compute({ device });
    if (expected.shape.length === 0) {
      expect(typeof result, numpy).toBe(expected.dtype === 'bool' ? 'boolean' : 'number');
    } else {
      expect(result).toBeInstanceOf(NDArray);
      const { dtype, shape } = result as NDArray;
      expect(shape, `the shape of ${numpy}`).toEqual(expected.shape);
      expect(sameDTypes[expected.dtype] ?? [expected.dtype], `the dtype of ${numpy}`).toContain(dtype);
    }
    const values = result instanceof NDArray ? [...result.copy().data] : [Number(result)];
    values.forEach((value, i) => {
      if (!isWithin(reference, i, value)) {
        throw new Error(`${numpy}: element ${i} is ${value} and ${expected.data[i]} in NumPy`);
      }
    });
  });
});
