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
  const { data, offset } = array.isContiguous ? array : array.copy();
  const values = new Float64Array(lazy.size);
  const { rows } = origin;
  for (let i = 0; i < values.length; i++) values[i] = data[offset + (rows === undefined ? i : rows[i]!)]!;
  resolved.set(lazy, values);
  return values;
}

const classesByLabels = new WeakMap<Float64Array, Float64Array>();

/** The different labels, ascending. @throws ArgumentError for NaN */
export function classesOf(labels: Float64Array, where: string): Float64Array {
  let classes = classesByLabels.get(labels);
  if (classes === undefined) {
    classes = Float64Array.from(new Set(labels)).sort();
    if (classes.some(Number.isNaN)) throw new ArgumentError(`${where}: a label is NaN`);
    classesByLabels.set(labels, classes);
  }
  return classes;
}

const encodings = new WeakMap<Float64Array, { classes: Float64Array; encoded: LazyArray }>();

/** The place of every label among the classes as int32 (n); −1 for a label that is none of them. O(n). */
export function encode(labels: Float64Array, classes: Float64Array): LazyArray {
  const known = encodings.get(labels);
  if (known !== undefined && known.classes.join() === classes.join()) return known.encoded;
  const places = new Map<number, number>();
  for (let place = 0; place < classes.length; place++) places.set(classes[place]!, place);
  const data = new Int32Array(labels.length);
  for (let i = 0; i < data.length; i++) data[i] = places.get(labels[i]!) ?? -1;
  const encoded = leaf(new NDArray(data, { shape: [data.length], dtype: 'int32' }), 'labels');
  encodings.set(labels, { classes, encoded });
  return encoded;
}
