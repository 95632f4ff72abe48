/** Constants and spaced numbers: small ones are values, large ones tasks, and the numbers are the same. */
import { describe, expect, it } from 'vitest';
import type { NDArray } from '../../dist/array/ndarray.js';
import { ArgumentError, DTypeError, OptionError, ShapeError } from '../../dist/errors.js';
import { delayed } from '../../dist/graph/delayed.js';
import { nd } from '../../dist/index.js';
import { evaluate, taskOf } from '../support/evaluate.js';
import { nested } from './elements.js';

describe('constants', () => {
  it('are values when they are small, and no array stands behind large ones', async () => {
    expect(taskOf(nd.zeros([3, 3])).op.kind).toBe('value');
    const large = nd.full([300, 400], 7, { dtype: 'int32' });
    expect(taskOf(large).op.kind).toBe('kernel');
    const found = await evaluate<NDArray>(large);
    expect([found.shape, found.dtype, found.get(0, 0), found.get(-1, -1)]).toEqual([[300, 400], 'int32', 7, 7]);
    expect(found.data.every((value) => value === 7)).toBe(true);
    expect(await nd.sum(nd.ones([300, 400])).compute()).toBe(120000);
  });

  it('convert the value to the dtype', async () => {
    expect(await nested(nd.full(2, 3, { dtype: 'bool' }))).toEqual([true, true]);
    expect(await nested(nd.full(2, 2.9, { dtype: 'int32' }))).toEqual([2, 2]);
    expect(() => nd.full(2, [1] as unknown as number)).toThrow(ArgumentError);
  });

  it('name a shape that is missing', () => {
    const none = undefined as unknown as number[];
    expect(() => nd.zeros(none)).toThrow('nd.zeros: a shape is a list of lengths, such as [2, 3], not undefined');
    expect(() => nd.fromDelayed(nd.add(1, 2), none as never)).toThrow('nd.fromDelayed: options come as one object');
    expect(() => nd.slice(nd.zeros([2, 3]), [0, 3])).toThrow(
      'nd.slice: index 3 is outside axis 1 of length 3, of shape [2, 3]',
    );
  });

  it('take shape and dtype of another array', async () => {
    const x = nd.array([[1, 2]], { dtype: 'int32' });
    expect(await nested(nd.zerosLike(x))).toEqual([[0, 0]]);
    expect([nd.onesLike(x).dtype, nd.onesLike(x, { dtype: 'uint8' }).dtype]).toEqual(['int32', 'uint8']);
    expect(await nested(nd.fullLike([1, 2], 5))).toEqual([5, 5]);
    const mask = nd.fromDelayed(delayed(() => [true, false])(), { shape: [2], dtype: 'bool' });
    const unknown = nd.compress(mask, [1, 2]);
    expect(await nested(nd.onesLike(unknown))).toEqual([1]);
    expect(() => nd.zerosLike(x, { dtype: 'int64' as 'int32' })).toThrow(DTypeError);
    expect(() => nd.zerosLike(x, { shape: [1] } as object)).toThrow(OptionError);
  });

  it('have ones on a diagonal', async () => {
    expect(await nested(nd.eye(2, { k: 1, dtype: 'int32' }))).toEqual([
      [0, 1],
      [0, 0],
    ]);
    expect(await nested(nd.eye(2, 3, { k: -1 }))).toEqual([
      [0, 0, 0],
      [1, 0, 0],
    ]);
    for (const [rows, columns, k] of [
      [40, 50, 0],
      [50, 40, 3],
      [40, 40, -39],
      [40, 40, 1e12],
    ] as const) {
      const found = await evaluate<NDArray>(nd.eye(rows, columns, { k, dtype: 'uint8' }));
      expect(found.dtype).toBe('uint8');
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) expect(found.get(i, j)).toBe(j - i === k ? 1 : 0);
      }
    }
    expect(() => nd.eye(2, 2, { k: 0.5 })).toThrow(ArgumentError);
    expect(() => nd.eye(-1)).toThrow(ShapeError);
  });
});

describe('spaced numbers', () => {
  it('are the same to the bit whether they are many or few', async () => {
    const many = 5000;
    const steps = await evaluate<NDArray>(nd.arange(0.1, 0.1 + many * 0.3, 0.3));
    const delta = 0.1 + 0.3 - 0.1;
    expect([...steps.data]).toEqual(Array.from(steps.data, (_, i) => 0.1 + i * delta));
    const spaced = await evaluate<NDArray>(nd.linspace(-1.3, 7.7, many));
    const step = (7.7 - -1.3) / (many - 1);
    expect([...spaced.data]).toEqual(Array.from({ length: many }, (_, i) => (i === many - 1 ? 7.7 : i * step + -1.3)));
    const open = await evaluate<NDArray>(nd.linspace(0, 1, many, { endpoint: false }));
    expect([...open.data]).toEqual(Array.from({ length: many }, (_, i) => i * (1 / many)));
  });

  it('take a dtype; integers are rounded down', async () => {
    const counts = await evaluate<NDArray>(nd.arange(3000, null, 1, { dtype: 'int32' }));
    expect([counts.dtype, counts.size, counts.get(-1)]).toEqual(['int32', 3000, 2999]);
    expect(await nested(nd.linspace(-1, 1, 4, { dtype: 'int32' }))).toEqual([-1, -1, 0, 1]);
    const large = await evaluate<NDArray>(nd.linspace(-1, 1, 4000, { dtype: 'int32' }));
    expect([large.get(0), large.get(1), large.get(2000), large.get(-1)]).toEqual([-1, -1, 0, 1]);
    expect(nd.arange(3, undefined, 1, { dtype: 'float32' }).dtype).toBe('float32');
  });

  it('know their ends', async () => {
    expect(await nested(nd.linspace(3, 5, 1))).toEqual([3]);
    expect(await nested(nd.linspace(3, 5, 0))).toEqual([]);
    expect(await nested(nd.linspace(3, 3, 3))).toEqual([3, 3, 3]);
    expect(await nested(nd.linspace(0, 5e-324, 3))).toEqual([0, 0, 5e-324]);
    expect(await nested(nd.arange(5, 1))).toEqual([]);
    expect(await nested(nd.logspace(-5, 3, 9))).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000]);
    expect(await nested(nd.logspace(0, 3, 4, { base: 2, dtype: 'int32' }))).toEqual([1, 2, 4, 8]);
    expect(await nested(nd.logspace(0, 2, 2, { endpoint: false }))).toEqual([1, 10]);
  });
});

describe('nd.array of a lazy array', () => {
  it('gives it another dtype or shape', async () => {
    const x = nd.arange(4);
    expect(nd.array(x)).toBe(x);
    expect(await nested(nd.array(x, { shape: [2, 2], dtype: 'bool' }))).toEqual([
      [false, true],
      [true, true],
    ]);
    expect(() => nd.array(x, { shape: [3] })).toThrow(ShapeError);
    expect(() => nd.array([1], { chunk: [1] } as object)).toThrow("there is no option 'chunk'");
  });
});
