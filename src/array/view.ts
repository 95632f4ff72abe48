/**
 * Views: how the index of an iteration space reaches the elements of an array. A view is in terms of axes, not of
 * strides, so that a view of a view is a view again whatever lies below: slicing, transposing, flipping, broadcasting
 * and adding axes are views; reshaping is not.
 */
import { ShapeError } from '../errors.js';

export interface View {
  /** The shape seen. */
  readonly shape: readonly number[];
  /** For each axis of `shape` the axis of the array that it walks along, null where it stays (broadcast, new axis). */
  readonly axes: readonly (number | null)[];
  /** For each axis of `shape` how many elements of that axis one step is; may be negative; 0 where it stays. */
  readonly steps: readonly number[];
  /** For each axis of the array the index at which the view starts. */
  readonly start: readonly number[];
}

/** The array as it is. */
export function wholeView(shape: readonly number[]): View {
  return { shape, axes: shape.map((_, axis) => axis), steps: shape.map(() => 1), start: shape.map(() => 0) };
}

/** What `outer` sees of what `inner` shows. */
export function composeViews(outer: View, inner: View): View {
  const start = [...inner.start];
  inner.axes.forEach((axis, k) => {
    if (axis !== null) start[axis] = start[axis]! + outer.start[k]! * inner.steps[k]!;
  });
  const axes = outer.axes.map((k) => (k === null ? null : inner.axes[k]!));
  const steps = outer.axes.map((k, i) => (k === null || axes[i] === null ? 0 : outer.steps[i]! * inner.steps[k]!));
  return { shape: outer.shape, axes, steps, start };
}

/** `view` stretched to `shape` by NumPy's rules. @throws ShapeError */
export function broadcastView(view: View, shape: readonly number[], where: string): View {
  const lead = shape.length - view.shape.length;
  const fits = lead >= 0 && view.shape.every((length, i) => length === shape[i + lead] || length === 1);
  if (!fits) {
    throw new ShapeError(`${where}: [${view.shape.join(', ')}] does not broadcast to [${shape.join(', ')}]`);
  }
  const from = (i: number): number => (i < lead || view.shape[i - lead] !== shape[i] ? -1 : i - lead);
  return {
    shape,
    axes: shape.map((_, i) => (from(i) < 0 ? null : view.axes[from(i)]!)),
    steps: shape.map((_, i) => (from(i) < 0 ? 0 : view.steps[from(i)]!)),
    start: view.start,
  };
}

/** The strides (in elements) and the first element of a view of a row-major array of shape `of`. */
export function viewStrides(view: View, of: readonly number[]): { strides: number[]; offset: number } {
  const own = new Array<number>(of.length);
  for (let axis = of.length - 1, step = 1; axis >= 0; axis--) {
    own[axis] = step;
    step *= of[axis]!;
  }
  const strides = view.axes.map((axis, i) => (axis === null ? 0 : view.steps[i]! * own[axis]!));
  return { strides, offset: view.start.reduce((sum, index, axis) => sum + index * own[axis]!, 0) };
}
