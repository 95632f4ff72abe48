/**
 * NumPy's broadcasting: shapes are compared from the last axis backwards, and a length of 1 stretches. A stretched
 * axis has stride 0, so nothing is copied.
 */
import { ShapeError } from '../errors.js';
import { NDArray } from './ndarray.js';

/**
 * The shape that all the given shapes stretch to.
 *
 * @throws ShapeError naming the function and the shapes
 *
 * @example
 * broadcastShapes([[3, 1], [4]], 'add'); // [3, 4]
 */
export function broadcastShapes(shapes: readonly (readonly number[])[], where: string): number[] {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(ndim).fill(1);
  for (const shape of shapes) {
    const lead = ndim - shape.length;
    for (let axis = 0; axis < shape.length; axis++) {
      const length = shape[axis]!;
      const current = result[lead + axis]!;
      if (current === 1) result[lead + axis] = length;
      else if (length !== 1 && length !== current) {
        const list = shapes.map((s) => `[${s.join(', ')}]`).join(' and ');
        throw new ShapeError(
          `${where}: the shapes ${list} do not broadcast: compared from the last axis, lengths must be equal or 1`,
        );
      }
    }
  }
  return result;
}

/** `array` seen with the shape `shape`, which `broadcastShapes` gave; a view, nothing is copied. */
export function broadcastTo(array: NDArray, shape: readonly number[]): NDArray {
  const lead = shape.length - array.shape.length;
  const strides = shape.map((length, axis) => {
    const own = axis - lead;
    if (own < 0 || (array.shape[own] === 1 && length !== 1)) return 0;
    return array.strides[own] ?? 0;
  });
  return new NDArray(array.data, { shape, strides, offset: array.offset, dtype: array.dtype });
}
