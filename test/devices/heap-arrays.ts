/** Arrays in shared memory and calls of a device on them, as the runtime makes them. */
import type { DType } from '../../dist/array/dtype.js';
import { itemSize, viewOf } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import type { Device } from '../../dist/devices/contract.js';
import type { ArraySpec, Kernel, KernelParams } from '../../dist/kernels/contract.js';

/** An array of shared memory, all bytes set. */
export function shared({ dtype, shape }: ArraySpec, filling = 0x5a): NDArray {
  const buffer = new SharedArrayBuffer(Math.max(8, sizeOf(shape) * itemSize(dtype)));
  new Uint8Array(buffer).fill(filling);
  return new NDArray(viewOf(dtype, buffer, 0, sizeOf(shape)), { dtype, shape });
}

/** An array of shared memory with the values that `value` gives for its places. */
export function filled(dtype: DType, shape: readonly number[], value: (i: number) => number): NDArray {
  const array = shared({ dtype, shape });
  for (let i = 0; i < array.size; i++) array.data[i] = value(i);
  return array;
}

/** Submits a call and flushes; the outputs when it is done. */
export function compute(
  device: Device,
  kernel: Kernel,
  inputs: readonly NDArray[],
  params: KernelParams = {},
): Promise<NDArray[]> {
  const outputs = kernel.infer(inputs, params).outputs.map((spec) => shared(spec));
  return new Promise((resolve, reject) => {
    device.submit({
      kernel,
      params,
      inputs,
      outputs,
      onDone: (error) => (error === undefined ? resolve(outputs) : reject(error)),
    });
    device.flush();
  });
}
