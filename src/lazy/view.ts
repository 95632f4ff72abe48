/**
 * Views at call time: slicing, transposing, flipping and broadcasting make an `elementwise` task whose expression is the
 * element itself. What consumes such a task takes the view into its own loop (kernels/fuse.ts), so that a view costs a
 * copy only where something needs contiguous elements. A view of a view is one task on the first array.
 */
import type { DType } from '../array/dtype.js';
import { composeViews, type View } from '../array/view.js';
import { elementwise } from '../kernels/elementwise.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { viewBlocks } from './blocks/views.js';
import { kernelResult, type LazyArray } from './lazy-array.js';
import type { Lowered } from './lowered.js';
import { lookThrough, rememberView } from './seen.js';

/**
 * `x` seen through `view`, as a lazy array of the view's shape. O(axes); `x` itself where the view changes nothing.
 *
 * @param name what the task is called, for example `transpose`
 */
export function viewOf(x: LazyArray, view: View, name = 'view'): LazyArray {
  if (isWhole(view, x.shape)) return x;
  if (x.chunks !== null) return viewBlocks(x.chunks, x.blocks!, view, (block, own) => viewOf(block, own, name));
  const { base, view: inner } = lookThrough(x);
  const composed = composeViews(view, inner);
  if (isWhole(composed, base.shape)) return base;
  const { text, dtype } = identity(base.dtype);
  const params = { expression: text, views: JSON.stringify([composed]) };
  const result = kernelResult(elementwise, [base], params, { shape: composed.shape, dtype }, name);
  rememberView(result, { base, view: composed });
  return result;
}

const identities = new Map<DType, Lowered>();

/** The expression that is its input. */
export function identity(dtype: DType): Lowered {
  let lowered = identities.get(dtype);
  if (lowered === undefined) {
    const builder = new ExpressionBuilder();
    lowered = { text: serialize(builder.build(builder.input(0, dtype))), dtype };
    identities.set(dtype, lowered);
  }
  return lowered;
}

/** Whether a view shows an array of shape `of` as it is. */
function isWhole({ shape, axes, steps, start }: View, of: readonly number[]): boolean {
  return (
    shape.length === of.length &&
    start.every((index) => index === 0) &&
    axes.every((axis, i) => axis === i && (steps[i] === 1 || shape[i] === 1) && shape[i] === of[i])
  );
}
