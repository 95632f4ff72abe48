/**
 * Sorting on the GPU: a stable merge sort of keys, whose passes all go out in one submission. Runs are made, and then
 * merged two by two; by workgroups in their own memory, or, where a processor plays the GPU and barriers are dear, by
 * threads alone. The result has no rounding: it has the bits of the reference, but for what a NaN carries.
 */
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuOperand, GpuPass, GpuPlan, KernelParams } from '../contract.js';
import { checkLines, type Lines } from '../lines.js';
import { hasPanels } from './product.js';
import type { Sorted, Sorting } from './sort-keys.js';
import { byThreads } from './sort-threads.js';
import { byTiles } from './sort-tiles.js';

/** Where the results of pass `step` of so many lie: the last one's are the output, those before it alternate. */
function targetsOf(wanted: Sorted, step: number, steps: number): readonly GpuOperand[] {
  const left = steps - 1 - step;
  const turn: GpuOperand = left % 2 === 0 ? { of: 'output', index: 0 } : { of: 'scratch', index: 0 };
  if (wanted === 'values') return [turn];
  return left === 0 ? [turn] : [{ of: 'scratch', index: 1 + ((left + 1) % 2) }, turn];
}

function planOf(sorting: Sorting): GpuPlan {
  const { wanted, lines, length, gpu } = sorting;
  if (lines * length === 0) return { passes: [] };
  const way = hasPanels(gpu) ? byTiles : byThreads;
  const steps = 1 + Math.ceil(Math.log2(Math.ceil(length / way.run)));
  const passes = Array.from({ length: steps }, (_, step): GpuPass => {
    const isLast = step === steps - 1;
    const made = step === 0 ? way.first(sorting, isLast) : way.merge(sorting, way.run * 2 ** (step - 1), isLast);
    const sources: readonly GpuOperand[] =
      step === 0 ? [{ of: 'input', index: 0 }] : targetsOf(wanted, step - 1, steps);
    return { ...made, operands: [...sources, ...targetsOf(wanted, step, steps)] };
  });
  const arrays = Math.min(steps - 1, 1) + (wanted === 'positions' ? Math.min(steps - 1, 2) : 0);
  return { passes, scratch: Array.from({ length: arrays }, () => 4 * lines * length) };
}

/** The body of `sort` and, of positions, of `argsort`: of float32, int32 and uint32 that can be bound in one piece. */
export function sortBody(wanted: Sorted): GpuBody {
  const linesOf = (inputs: readonly ArraySpec[], params: KernelParams): Lines =>
    checkLines(wanted === 'values' ? 'sort' : 'argsort', inputs, params);
  return {
    // a merge for every doubling, where the processor's radix sort takes a fixed number of turns
    times: (inputs, params) => Math.max(1, Math.log2(linesOf(inputs, params).length)),
    can([x], _params, gpu) {
      return ['float32', 'int32', 'uint32'].includes(x!.dtype) && 4 * sizeOf(x!.shape) <= gpu.maxBinding;
    },
    plan(inputs, _outputs, params, gpu) {
      const { outer, length, inner } = linesOf(inputs, params);
      return planOf({ dtype: inputs[0]!.dtype, wanted, lines: outer * inner, length, inner, gpu });
    },
  };
}
