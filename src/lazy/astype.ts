/** Element-wise tasks of the functions that move elements: casts, and numbers made of the places they stand at. */
import type { DType } from '../array/dtype.js';
import type { View } from '../array/view.js';
import type { Kernel } from '../kernels/contract.js';
import { ExpressionBuilder } from '../kernels/expression-builder.js';
import { serialize } from '../kernels/expression-text.js';
import { kernels } from '../kernels/registry.js';
import { isUnknown, late } from './late.js';
import { asLazy, kernelCall1, type LazyArray } from './lazy-array.js';

/** An array whose elements are what an expression makes of those that the views show. */
export function elementsCall(
  name: string,
  expression: { readonly text: string; readonly dtype: DType },
  inputs: readonly LazyArray[],
  views?: readonly View[],
): LazyArray {
  const params =
    views === undefined
      ? { expression: expression.text }
      : { expression: expression.text, views: JSON.stringify(views) };
  return kernelCall1(kernels.get('elementwise') as Kernel, inputs, params, name);
}

/** The same numbers as another dtype. */
export function astype(array: LazyArray, dtype: DType): LazyArray {
  if (array.dtype === dtype) return array;
  if (isUnknown(array)) {
    const { shape } = array;
    return late('astype', [array], (known) => astype(asLazy(known!, 'nd.astype'), dtype), { shape, dtype });
  }
  const b = new ExpressionBuilder();
  return elementsCall('astype', { text: serialize(b.build(b.cast(b.input(0, array.dtype), dtype))), dtype }, [array]);
}
