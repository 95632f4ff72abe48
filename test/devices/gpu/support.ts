/** What the tests of the GPU share: arrays, single calls, and how far results are off. */
import { expect } from 'vitest';
import { NDArray, sizeOf } from '../../../dist/array/ndarray.js';
import type { GpuDevice } from '../../../dist/devices/gpu/device.js';
import type { GpuArray } from '../../../dist/devices/gpu/memory.js';
import type { Kernel, KernelParams } from '../../../dist/kernels/contract.js';

/** The distance from 1 to the next float32. */
export const EPS32 = 2 ** -23;

export function floats(shape: readonly number[], value: (i: number) => number): NDArray {
  return new NDArray(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
    { shape, dtype: 'float32' },
  );
}

/** Numbers in [−1, 1) that repeat nowhere near. */
export const noise = (i: number): number => ((i * 2654435761) % 65521) / 32760.5 - 1;

export function put(device: GpuDevice, source: NDArray): GpuArray {
  const array = device.memory.allocate(source);
  if (array === undefined) throw new Error('no room');
  device.memory.write(array, source);
  return array;
}

export function submit(device: GpuDevice, kernel: Kernel, params: KernelParams, inputs: readonly GpuArray[]) {
  const [spec] = kernel.infer(inputs, params).outputs;
  const output = device.memory.allocate(spec!);
  if (output === undefined) throw new Error('no room');
  const done = new Promise<unknown>((resolve) => {
    device.submit({ kernel, params, inputs, outputs: [output], onDone: resolve });
  });
  return { output, done };
}

/** One call by itself. */
export async function run(device: GpuDevice, kernel: Kernel, params: KernelParams, inputs: readonly NDArray[]) {
  expect(device.can(kernel, inputs, params)).toBe(true);
  const given = inputs.map((input) => put(device, input));
  const { output, done } = submit(device, kernel, params, given);
  const into = NDArray.zeros(output.shape, output.dtype);
  const read = device.memory.read(output, into);
  expect(await done).toBeUndefined();
  await read;
  for (const array of [...given, output]) device.memory.free(array);
  return into;
}

/** ‖actual − expected‖∞ / ‖expected‖∞. */
export function error(expected: NDArray, actual: NDArray): number {
  let [worst, largest] = [0, Number.MIN_VALUE];
  for (let i = 0; i < expected.size; i++) {
    worst = Math.max(worst, Math.abs(expected.data[i]! - actual.data[i]!));
    largest = Math.max(largest, Math.abs(expected.data[i]!));
  }
  return worst / largest;
}
