/** Another shape over the same elements in the same order; the bytes are the input's own and are not copied. */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import { checkInputs, checkParams, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';

/** What `reshape` is called with. */
export function reshapeParams(shape: readonly number[]): KernelParams {
  return { shape: JSON.stringify(shape) };
}

function newShape(inputs: readonly ArraySpec[], params: KernelParams): readonly number[] {
  checkParams('reshape', params, ['shape']);
  checkInputs('reshape', inputs, 1, 1, 'x');
  const shape = JSON.parse(String(params.shape)) as number[];
  if (sizeOf(shape) !== sizeOf(inputs[0]!.shape)) {
    throw new ShapeError(`reshape: x ${show(inputs[0]!)} does not have as many elements as (${shape.join(', ')})`);
  }
  return shape;
}

/** x → x with another shape of as many elements. O(1): the bodies, which copy, are for where there is no alias. */
export const reshape: Kernel = {
  name: 'reshape',
  isAlias: true,
  infer: (inputs, params) => ({ outputs: [{ dtype: inputs[0]!.dtype, shape: newShape(inputs, params) }] }),
  cost: () => ({ flops: 0, bytes: 0 }),
  bodies: {
    js(inputs, outputs) {
      outputs[0]!.data.set(flat(inputs[0]!), outputs[0]!.offset);
    },
    wasm: {
      export: 'copyBytes',
      args: ([x], [out]) => [sizeOf(x!.shape) * itemSize(x!.dtype), x!.pointer, out!.pointer],
    },
  },
};
