import { describe, expect, it } from 'vitest';
import { broadcastShapes, broadcastTo } from '../../dist/array/broadcast.js';
import { toNDArray } from '../../dist/array/convert.js';
import { ShapeError } from '../../dist/errors.js';

describe('broadcasting', () => {
  it('stretches lengths of 1 and missing axes', () => {
    expect(broadcastShapes([[3, 1], [4]], 'add')).toEqual([3, 4]);
    expect(broadcastShapes([[], [2, 1, 5], [3, 1]], 'add')).toEqual([2, 3, 5]);
    expect(broadcastShapes([[0], [1]], 'add')).toEqual([0]);
  });

  it('names the function and the shapes that do not fit', () => {
    expect(() => broadcastShapes([[3], [4]], 'nd.add')).toThrow(ShapeError);
    expect(() => broadcastShapes([[2, 3], [2]], 'nd.add')).toThrow(
      'nd.add: the shapes [2, 3] and [2] do not broadcast',
    );
  });

  it('views an array in the larger shape without a copy', () => {
    const column = toNDArray([[1], [2]]);
    const wide = broadcastTo(column, [3, 2, 2]);
    expect(wide.data).toBe(column.data);
    const block = [
      [1, 1],
      [2, 2],
    ];
    expect(wide.toNested()).toEqual([block, block, block]);
  });
});
