/** WGSL of a user's own as a body: what its `plan` answers is checked, so that mistakes are named where they were made. */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ArgumentError } from '../errors.js';
import type { ArraySpec, GpuBody, GpuPass, GpuPlan, GpuTraits, KernelParams } from './contract.js';
import { WINDOW } from './gpu/windows.js';

/** WGSL of a user's own; see `nd.defineKernel`. */
export interface UserGpuBody {
  /**
   * Whether it takes these dtypes and shapes on a GPU with these limits. Default: float32, int32 and uint32, as long as each
   * array fits one binding and all of them fit one shader.
   */
  can?(inputs: readonly ArraySpec[], params: KernelParams, gpu: GpuTraits): boolean;
  /** The passes of a call, one after the other, and bytes of the scratch arrays that they share. */
  plan(inputs: readonly ArraySpec[], outputs: readonly ArraySpec[], params: KernelParams, gpu: GpuTraits): GpuPlan;
}

/**
 * @param infer what the kernel's outputs are
 * @param hasFailure whether the kernel says what a status means
 */
export function gpuBody(
  name: string,
  user: UserGpuBody,
  infer: (inputs: readonly ArraySpec[], params: KernelParams) => readonly ArraySpec[],
  hasFailure: boolean,
): GpuBody {
  return {
    can(inputs, params, gpu) {
      if (user.can !== undefined) return user.can(inputs, params, gpu);
      const all = [...inputs, ...infer(inputs, params)];
      const fits = ({ dtype, shape }: ArraySpec): boolean =>
        ['float32', 'int32', 'uint32'].includes(dtype) && sizeOf(shape) * itemSize(dtype) <= gpu.maxBinding;
      return all.length <= gpu.maxArrays && all.every(fits);
    },
    plan(inputs, outputs, params, gpu) {
      const plan: unknown = user.plan(inputs, outputs, params, gpu);
      const { passes, scratch = [] } = (plan ?? {}) as Partial<GpuPlan>;
      if (!Array.isArray(passes)) throw new ArgumentError(`${name}: plan must answer { passes: [{ code, … }, …] }`);
      if (!Array.isArray(scratch) || !scratch.every((bytes) => isWhole(bytes) && bytes > 0 && bytes % 4 === 0)) {
        throw new ArgumentError(`${name}: the scratch of a plan is a list of bytes, multiples of 4 and > 0`);
      }
      const counts = { input: inputs.length, output: outputs.length, scratch: scratch.length };
      for (const [i, pass] of passes.entries()) checkPass(`${name}: pass ${i}`, pass ?? {}, counts, hasFailure, gpu);
      return { passes, scratch };
    },
  };
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function checkPass(
  where: string,
  { code, operands, numbers, workgroups }: Partial<GpuPass>,
  counts: Readonly<Record<'input' | 'output' | 'scratch', number>>,
  hasFailure: boolean,
  { maxArrays, maxWorkgroups }: GpuTraits,
): void {
  if (typeof code !== 'string') throw new ArgumentError(`${where}: code must be WGSL, with the entry point main`);
  if (!Array.isArray(operands) || operands.length === 0 || operands.length > maxArrays) {
    throw new ArgumentError(`${where}: operands must be a list of 1 to ${maxArrays} arrays`);
  }
  for (const [i, operand] of operands.entries()) {
    const { of, index, offset = 0, bytes } = operand ?? {};
    if (of === 'status' && hasFailure) continue;
    if (of === 'status') throw new ArgumentError(`${where}: a status needs a failure, which says what it means`);
    const count = counts[of as keyof typeof counts] as number | undefined;
    if (count === undefined || !isWhole(index) || index >= count) {
      throw new ArgumentError(
        `${where}: operand ${i} must be { of: 'input' | 'output' | 'scratch', index }, or { of: 'status' }; there are ` +
          `${counts.input} inputs, ${counts.output} outputs and ${counts.scratch} scratch arrays`,
      );
    }
    if (!isWhole(offset) || offset % WINDOW !== 0 || (bytes !== undefined && (!isWhole(bytes) || bytes === 0))) {
      throw new ArgumentError(
        `${where}: operand ${i}: offset must be a multiple of ${WINDOW} bytes, bytes more than 0`,
      );
    }
  }
  if (!Array.isArray(numbers) || numbers.length === 0 || !numbers.every((word) => isWhole(word) && word < 2 ** 32)) {
    throw new ArgumentError(
      `${where}: numbers must be a list of 32-bit words, whole numbers from 0 to 2³² − 1, at least one`,
    );
  }
  if (
    !Array.isArray(workgroups) ||
    workgroups.length !== 3 ||
    !workgroups.every((n) => isWhole(n) && n <= maxWorkgroups)
  ) {
    throw new ArgumentError(`${where}: workgroups must be three whole numbers from 0 to ${maxWorkgroups}`);
  }
}
