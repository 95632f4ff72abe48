/**
 * Calls of the two kernels that run an expression: `elementwise` and `reduce`. An expression and the views through
 * which it sees its inputs travel as text, so that they are part of a task's key and can be sent anywhere.
 */
import type { View } from '../array/view.js';
import type { Kernel } from '../kernels/contract.js';
import { kernels } from '../kernels/registry.js';
import { kernelCall1, type LazyArray } from './lazy-array.js';

/**
 * An array whose elements are what `expression` (its text) makes of the inputs' elements. Without `views` the inputs
 * broadcast by NumPy's rules; with them all views have one shape, the result's.
 */
export function elementwiseCall(
  name: string,
  expression: string,
  inputs: readonly LazyArray[],
  views?: readonly View[],
): LazyArray {
  const params = views === undefined ? { expression } : { expression, views: JSON.stringify(views) };
  return kernelCall1(kernels.get('elementwise') as Kernel, inputs, params, name);
}
