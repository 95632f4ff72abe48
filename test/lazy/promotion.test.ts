/**
 * Dtypes of results against NumPy 2's. Where NumPy answers int64, uint64 or float16, which do not exist here, the
 * tables say float64; where it answers int8 (booleans multiplied by themselves and the like), int32.
 */
import { describe, expect, it } from 'vitest';
import { type DType, dtypes } from '../../dist/array/dtype.js';
import type { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { type LazyArray, nd } from '../../dist/lazy/index.js';
import { evaluate } from '../support/evaluate.js';

const letters: Readonly<Record<string, DType>> = {
  '?': 'bool',
  B: 'uint8',
  i: 'int32',
  I: 'uint32',
  f: 'float32',
  d: 'float64',
};
const order = ['?', 'B', 'i', 'I', 'f', 'd'] as const;
const ones = (letter: string): LazyArray => nd.array([1, 1], { dtype: letters[letter]! });

async function dtypeOf(result: unknown): Promise<DType> {
  const known = (result as LazyArray).dtype;
  const computed = await evaluate<NDArray>(result);
  expect(computed.dtype).toBe(known);
  return known;
}

/** np.result_type of the dtype of the row and of the column. */
const meeting: Readonly<Record<string, string>> = {
  //   ?BiIfd
  '?': '?BiIfd',
  B: 'BBiIfd',
  i: 'iiiddd',
  I: 'IIdIdd',
  f: 'ffddfd',
  d: 'dddddd',
};

/** The results of functions of one array, for each dtype of `order`; a dash is an error. */
const unary: Readonly<Record<string, string>> = {
  neg: '-BiIfd',
  abs: '?BiIfd',
  sign: '-BiIfd',
  square: 'iBiIfd',
  sqrt: 'ddddfd',
  exp: 'ddddfd',
  log1p: 'ddddfd',
  tanh: 'ddddfd',
  floor: '?BiIfd',
  round: '?BiIfd',
  trunc: '?BiIfd',
  isnan: '??????',
  isfinite: '??????',
  logicalNot: '??????',
  bitwiseNot: '?BiI--',
  reciprocal: '----fd',
};

/** The results of functions of two arrays where they are not where the dtypes meet: by that dtype. */
const binary: Readonly<Record<string, string>> = {
  add: '?BiIfd',
  sub: '-BiIfd',
  mul: '?BiIfd',
  div: 'ddddfd',
  floorDivide: 'iBiIfd',
  mod: 'iBiIfd',
  pow: 'iBiIfd',
  maximum: '?BiIfd',
  minimum: '?BiIfd',
  atan2: 'ddddfd',
  hypot: 'ddddfd',
  less: '??????',
  equal: '??????',
  logicalAnd: '??????',
  bitwiseAnd: '?BiI--',
  shiftLeft: 'iBiI--',
};

const call = nd as unknown as Readonly<Record<string, (...args: readonly unknown[]) => LazyArray>>;

describe('dtypes of results', () => {
  it.each(Object.entries(unary))('of nd.%s are %s', async (name, results) => {
    for (const [i, letter] of order.entries()) {
      const expected = results[i]!;
      if (expected === '-') expect(() => call[name]!(ones(letter)), letter).toThrow(DTypeError);
      else expect(await dtypeOf(call[name]!(ones(letter))), letter).toBe(letters[expected]);
    }
  });

  it.each(Object.entries(binary))('of nd.%s are %s', async (name, results) => {
    for (const a of order) {
      for (const [i, b] of order.entries()) {
        const met = meeting[a]![i]!;
        const expected = results[order.indexOf(met as 'd')]!;
        const [x, y] = [ones(a), ones(b)];
        if (expected === '-') expect(() => call[name]!(x, y), `${a} ${b}`).toThrow(DTypeError);
        else expect(await dtypeOf(call[name]!(x, y)), `${a} ${b}`).toBe(letters[expected]);
      }
    }
  });

  it('of nd.where and nd.clip are those in which the arrays meet', async () => {
    for (const a of order) {
      for (const [i, b] of order.entries()) {
        const expected = letters[meeting[a]![i]!];
        expect(await dtypeOf(nd.where(ones('?'), ones(a), ones(b))), `${a} ${b}`).toBe(expected);
        expect(await dtypeOf(nd.clip(ones(a), ones(b), ones(b))), `${a} ${b}`).toBe(expected);
      }
    }
  });

  it('of nd.astype are what was asked for', async () => {
    for (const from of dtypes) {
      for (const to of dtypes) {
        const x = nd.array([0, 1], { dtype: from });
        const cast = nd.astype(x, to);
        expect(await dtypeOf(cast)).toBe(to);
        expect(cast === x).toBe(from === to);
      }
    }
  });

  it.each([
    // letter, number, sum, quotient
    ['?', 2, 'i', 'd'],
    ['?', 0.5, 'd', 'd'],
    ['B', 2, 'B', 'd'],
    ['B', 0.5, 'd', 'd'],
    ['i', -2, 'i', 'd'],
    ['i', Number.NaN, 'd', 'd'],
    ['I', 2, 'I', 'd'],
    ['f', 2, 'f', 'f'],
    ['f', 0.1, 'f', 'f'],
    ['d', 2, 'd', 'd'],
  ])('of an array of %s and the number %d: the number is weak', async (letter, number, sum, quotient) => {
    expect(await dtypeOf(nd.add(ones(letter), number))).toBe(letters[sum]);
    expect(await dtypeOf(nd.add(number, ones(letter)))).toBe(letters[sum]);
    expect(await dtypeOf(nd.div(ones(letter), number))).toBe(letters[quotient]);
    expect(await dtypeOf(nd.expr`${ones(letter)} + ${number} * 1`)).toBe(letters[sum]);
  });

  it('of delayed numbers are as of fractions, of reductions as of arrays', async () => {
    const number = delayed((n: number) => n)(1);
    expect(await dtypeOf(nd.add(ones('i'), number))).toBe('float64');
    expect(await dtypeOf(nd.add(ones('i'), nd.add(number, 1)))).toBe('float64');
    expect(await dtypeOf(nd.add(ones('f'), number))).toBe('float32');
    expect(await dtypeOf(nd.mul(ones('f'), nd.sum(ones('f'))))).toBe('float32');
    expect(await dtypeOf(nd.mul(ones('f'), nd.sum(ones('d'))))).toBe('float64');
    expect(await dtypeOf(nd.add(ones('i'), nd.max(ones('i'))))).toBe('int32');
    expect(await dtypeOf(nd.add(ones('i'), nd.less(nd.add(1, 0), 2) as unknown as number))).toBe('int32');
  });

  it.each([
    ['B', 256],
    ['B', -1],
    ['i', 2 ** 31],
    ['I', -1],
    ['I', 2 ** 32],
  ])('are an error where %s cannot hold the whole number %d', async (letter, number) => {
    expect(() => nd.add(ones(letter), number)).toThrow(ArgumentError);
    expect(() => nd.add(ones(letter), number)).toThrow(`${number} is not a number of ${letters[letter]}`);
    // Comparisons are exact instead.
    expect(await evaluate<NDArray>(nd.less(ones(letter), number)).then((x) => x.toNested())).toEqual(
      number > 0 ? [true, true] : [false, false],
    );
  });

  it('of int32 beside uint32 compare exactly', async () => {
    const [a, b] = [nd.array([-1], { dtype: 'int32' }), nd.array([2 ** 32 - 1], { dtype: 'uint32' })];
    expect((await evaluate<NDArray>(nd.equal(a, b))).toNested()).toEqual([false]);
    expect((await evaluate<NDArray>(nd.less(a, b))).toNested()).toEqual([true]);
  });

  it('refuse whole numbers to negative powers', () => {
    expect(() => nd.pow(ones('i'), -1)).toThrow('nd.pow: whole numbers to the power -1 are no whole numbers');
  });

  it.each([
    ['sum', 'ddddfd'],
    ['prod', 'ddddfd'],
    ['mean', 'ddddfd'],
    ['var', 'ddddfd'],
    ['std', 'ddddfd'],
    ['min', '?BiIfd'],
    ['max', '?BiIfd'],
    ['argmin', 'iiiiii'],
    ['argmax', 'iiiiii'],
    ['any', '??????'],
    ['all', '??????'],
    ['norm', 'ddddfd'],
  ])('of nd.%s along an axis are %s', async (name, results) => {
    for (const [i, letter] of order.entries()) {
      const x = nd.array([[1, 1]], { dtype: letters[letter]! });
      expect(await dtypeOf(call[name]!(x, { axis: 0 })), letter).toBe(letters[results[i]!]);
    }
  });
});
