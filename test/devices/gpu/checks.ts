/**
 * What the GPU's float32 is held to where the kernels' own cases ask for the processor's bits or for numbers below the
 * normal ones, which a GPU may take for zero: within 8·k·ε of the terms' sizes, k being how many there are.
 */
import type { NDArray } from '../../../dist/array/ndarray.js';
import { runJs } from '../../../dist/conformance/machine.js';
import type { Kernel } from '../../../dist/kernels/contract.js';
import { type Case, within } from '../../kernels/cases.js';
import { EPS32 } from './support.js';

/** The least normal number. */
const LEAST = 2 ** -126;
/** Beyond, the order of additions decides what overflows. */
const LARGE = 1e34;

/** What a GPU may see of an array. */
function flushed(x: NDArray): NDArray {
  const copy = x.copy();
  for (let i = 0; i < copy.size; i++) if (Math.abs(copy.data[i]!) < LEAST) copy.data[i] = 0;
  return copy;
}

function absolute(x: NDArray): NDArray {
  const copy = x.copy();
  for (let i = 0; i < copy.size; i++) copy.data[i] = Math.abs(copy.data[i]!);
  return copy;
}

/** Of kernels that add up products of their inputs' elements: the sizes are what they make of the absolute values. */
function summing(kernel: Kernel, { inputs, params }: Case, terms: number): Case['check'] {
  return ([expected], [actual]) => {
    const alpha = params.alpha === undefined ? {} : { alpha: Math.abs(Number(params.alpha)) };
    const sizes = runJs(kernel, inputs.map(absolute), { ...params, ...alpha })[0]!;
    // infinity times what is taken for zero is NaN
    const other = runJs(kernel, inputs.map(flushed), params)[0]!;
    const seen = expected!.copy();
    for (let i = 0; i < seen.size; i++) if (Number.isNaN(actual!.data[i]!)) seen.data[i] = other.data[i]!;
    within(seen, actual!, (i) => {
      const size = sizes.data[i]!;
      return size < LARGE ? terms * (8 * EPS32 * size + LEAST) : Number.POSITIVE_INFINITY;
    });
  };
}

/** Running products: until one has left the normal numbers. */
function running({ inputs: [x], params }: Case): Case['check'] {
  return ([expected], [actual]) => {
    const axis = params.axis === undefined ? 0 : Number(params.axis);
    const shape = params.axis === undefined ? [x!.size] : x!.shape;
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const length = shape[axis] ?? 1;
    const isLost = (i: number): boolean => {
      for (let l = Math.floor(i / inner) % length, at = i; l >= 0; l--, at -= inner) {
        const size = Math.abs(expected!.data[at]!);
        if (size < LEAST && size > 0) return true;
      }
      return false;
    };
    within(expected!, actual!, (i) =>
      isLost(i) ? Number.POSITIVE_INFINITY : 8 * length * EPS32 * Math.abs(expected!.data[i]!),
    );
  };
}

/** The check of a case; undefined for the case's own. */
export function gpuCheck(kernel: Kernel, instance: Case): Case['check'] | undefined {
  const { inputs, params } = instance;
  switch (kernel.name) {
    case 'matmulAdd':
      return summing(kernel, instance, (inputs[1]!.shape[params.transposeA === true ? 0 : 1] ?? 0) + 2);
    case 'contract': {
      if (inputs[0]!.dtype !== 'float32') return undefined;
      const { k } = JSON.parse(String(params.contraction)) as { k: readonly number[] };
      return summing(kernel, instance, k[0]! + 1);
    }
    case 'cumsum':
      return summing(
        kernel,
        instance,
        params.axis === undefined ? inputs[0]!.size : inputs[0]!.shape[Number(params.axis)]!,
      );
    case 'cumprod':
      return running(instance);
    case 'randomNormal': {
      const size = Math.abs(Number(params.loc)) + 7 * Number(params.scale);
      return ([expected], [actual]) => within(expected!, actual!, () => 8 * EPS32 * size);
    }
    default:
      return undefined;
  }
}
