/**
 * Class labels. How many classes there are decides the shape of a classifier's graph, so labels are needed when the
 * graph is built: an array that is there, or rows taken from one. They are numbers; classes are sorted ascending.
 */
import { NDArray } from '../array/ndarray.js';
import { ArgumentError, ShapeError } from '../errors.js';
import { type ArrayInput, asLazy, type LazyArray, leaf, leafValue } from '../lazy/lazy-array.js';
import { takenFrom } from '../lazy/take.js';

const resolved = new WeakMap<object, Float64Array>();

/**
 * The labels as numbers, of shape (n).
 *
 * @throws ArgumentError when they are still to be computed, ShapeError when they are no vector
 */
export function labelValues(y: ArrayInput, where: string): Float64Array {
  const values = knownLabels(y, where);
  if (values !== undefined) return values;
  throw new ArgumentError(
    `${where}: the labels must be there when the graph is built, since the number of classes decides its shape; give an array, or nd.take of one`,
  );
}

/** As `labelValues`, but undefined when they are still to be computed. */
export function knownLabels(y: ArrayInput, where: string): Float64Array | undefined {
  const lazy = asLazy(y, where);
  if (lazy.ndim !== 1) {
    throw new ShapeError(`${where}: labels have one axis, got the shape [${lazy.shape.join(', ')}]`);
  }
  const origin = takenFrom(lazy);
  const array = leafValue(origin.base);
  if (array === undefined) return undefined;
  const cached = resolved.get(lazy);
  if (cached !== undefined) return cached;
  const values = new Float64Array(lazy.size);
  for (let i = 0; i < values.length; i++)
    values[i] = Number(array.get(origin.rows === undefined ? i : origin.rows[i]!));
  resolved.set(lazy, values);
  return values;
}

/** The different labels, ascending. @throws ArgumentError for NaN */
export function classesOf(labels: Float64Array, where: string): Float64Array {
  const classes = Float64Array.from(new Set(labels)).sort();
  if (classes.some(Number.isNaN)) throw new ArgumentError(`${where}: a label is NaN`);
  return classes;
}

/** The place of every label among the classes as int32 (n); −1 for a label that is none of them. O(n log classes). */
export function encode(labels: Float64Array, classes: Float64Array): LazyArray {
  const places = new Map(Array.from(classes, (label, place) => [label, place]));
  const data = Int32Array.from(labels, (label) => places.get(label) ?? -1);
  return leaf(new NDArray(data, { shape: [data.length], dtype: 'int32' }), 'labels');
}
