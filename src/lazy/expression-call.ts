/**
 * Calls of the two kernels that run an expression: `elementwise` and `reduce`. An expression and the views through
 * which it sees its inputs travel as text, so that they are part of a task's key and can be sent anywhere. Making such a
 * call does not look into the text: shapes and dtypes are known already.
 */
import { broadcastShapes } from '../array/broadcast.js';
import { broadcastView, type View, wholeView } from '../array/view.js';
import type { Params } from '../graph/node.js';
import { elementwise as elementwiseKernel } from '../kernels/elementwise.js';
import { reduce as reduceKernel, reductionDType } from '../kernels/reduce.js';
import type { Reduction } from '../kernels/reduction-form.js';
import { isChunked, someChunked } from './blocks/blocked.js';
import { elementwiseBlocks } from './blocks/elementwise.js';
import { reduceBlocks } from './blocks/reduce.js';
import { isUnknown, late, lateShape } from './late.js';
import { kernelResult, type LazyArray, leaf } from './lazy-array.js';
import type { Lowered } from './lowered.js';

/**
 * An array whose elements are what `expression` makes of the inputs' elements. Without `views` the inputs broadcast by
 * NumPy's rules; with them all views have one shape, the result's. O(inputs × axes), nothing runs.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export function elementwiseCall(
  name: string,
  expression: Lowered,
  inputs: readonly LazyArray[],
  views?: readonly View[],
): LazyArray {
  const { text, dtype } = expression;
  if (views !== undefined) {
    const params = { expression: text, views: JSON.stringify(views) };
    return kernelResult(elementwiseKernel, inputs, params, { shape: views[0]!.shape, dtype }, name);
  }
  if (inputs.some(isUnknown)) {
    const spec = { shape: lateShape(inputs, `nd.${name}`), dtype };
    return late(
      name,
      inputs,
      (...values) =>
        elementwiseCall(
          name,
          expression,
          values.map((value) => leaf(value)),
        ),
      spec,
    );
  }
  const shapes = inputs.map(({ shape }) => shape);
  const shape = broadcastShapes(shapes, `nd.${name}`);
  if (someChunked(inputs) && !usesIndices(text)) {
    return elementwiseBlocks(inputs, shape, (blocks) => elementwiseCall(name, expression, blocks));
  }
  const isPlain = shapes.every((own) => own.length === shape.length && own.every((length, i) => length === shape[i]));
  if (isPlain) {
    // The inputs' shape serves every block
    return kernelResult(elementwiseKernel, inputs, plainParams(expression), { shape: shapes[0] ?? shape, dtype }, name);
  }
  const params = { expression: text, views: broadcastText(shapes, shape) };
  return kernelResult(elementwiseKernel, inputs, params, { shape, dtype }, name);
}

const plain = new WeakMap<Lowered, Params>();

/** One object for all blocks. */
function plainParams(expression: Lowered): Params {
  let params = plain.get(expression);
  if (params === undefined) {
    params = { expression: expression.text };
    plain.set(expression, params);
  }
  return params;
}

/** Whether elements depend on where they are: then a block is not made of blocks alone. */
function usesIndices(text: string): boolean {
  return text.includes('["index"');
}

/** The text of the views that stretch arrays of `shapes` to `shape`. */
function broadcastText(shapes: readonly (readonly number[])[], shape: readonly number[]): string {
  return JSON.stringify(shapes.map((own) => broadcastView(wholeView(own), shape, 'broadcast')));
}

export interface ReduceParams {
  readonly reduction: Reduction;
  /** Sorted, each once; default: all. */
  readonly axes?: readonly number[] | undefined;
  readonly keepdims?: boolean;
  readonly ddof?: number;
}

/** As `elementwiseCall`, reduced over axes that are known to be the array's. */
export function reduceCall(name: string, expression: Lowered, input: LazyArray, options: ReduceParams): LazyArray {
  const { reduction, axes, keepdims = false, ddof = 0 } = options;
  const isReduced = (axis: number): boolean => axes === undefined || axes.includes(axis);
  const shape = keepdims
    ? input.shape.map((length, axis) => (isReduced(axis) ? 1 : length))
    : input.shape.filter((_, axis) => !isReduced(axis));
  const spec = { shape, dtype: reductionDType(reduction, expression.dtype) };
  if (isUnknown(input))
    return late(name, [input], (value) => reduceCall(name, expression, leaf(value!), options), spec);
  if (isChunked(input)) {
    const all = axes ?? input.shape.map((_, axis) => axis);
    return reduceBlocks(name, input, { reduction, axes: all, keepdims, ddof }, (block, own) =>
      reduceCall(name, expression, block, { ...own, ...(own.axes!.length === input.ndim && { axes: undefined }) }),
    );
  }
  const params: Params = {
    expression: expression.text,
    reduction,
    ...(axes !== undefined && { axes: JSON.stringify(axes) }),
    ...(keepdims && { keepdims }),
    ...(ddof !== 0 && { ddof }),
  };
  return kernelResult(reduceKernel, [input], params, spec, name);
}
