/** `searchsorted`, where values belong in an ascending vector, and `bincount`, how often each small number occurs. */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { OptionError } from '../errors.js';
import { checkDTypeIn, checkExactShape, checkInputs, checkNdim, checkParams, flag, numeric } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { ascending, CONTEXT_BYTES, typeCode } from './lines.js';
import { BAD_COUNT, failureOf } from './status.js';

function checkSearch(inputs: readonly ArraySpec[], params: KernelParams): boolean {
  checkParams('searchsorted', params, ['right']);
  checkInputs('searchsorted', inputs, 2, 2, 'the sorted vector and values');
  checkNdim('searchsorted', 'sorted', inputs[0]!, 1);
  return flag('searchsorted', params, 'right', false);
}

/**
 * sorted (n) ascending with NaN last, values of any shape → int32 of values' shape: how many elements lie before each
 * value, those below it and, with `right`, its equals. Dtypes may differ: float64 holds them all. O(values · log n).
 */
export const searchsorted: Kernel = {
  name: 'searchsorted',
  infer(inputs, params) {
    checkSearch(inputs, params);
    return { outputs: [{ dtype: 'int32', shape: inputs[1]!.shape }], scratch: CONTEXT_BYTES };
  },
  cost([sorted, values]) {
    const m = sizeOf(values!.shape);
    const steps = Math.ceil(Math.log2(sorted!.shape[0]! + 1));
    return { flops: 4 * m * steps, bytes: m * (4 + itemSize(values!.dtype) + 8 * steps) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const right = checkSearch(inputs, params);
      const [sorted, values] = [flat(inputs[0]!), flat(inputs[1]!)];
      const [out] = outputs;
      for (let i = 0; i < values.length; i++) {
        let [low, high] = [0, sorted.length];
        while (low < high) {
          const middle = (low + high) >> 1;
          const order = ascending(sorted[middle]!, values[i]!);
          if (order < 0 || (right && order === 0)) low = middle + 1;
          else high = middle;
        }
        out!.data[out!.offset + i] = low;
      }
    },
    wasm: {
      export: 'searchsorted',
      isWide: ([, values]) => sizeOf(values!.shape) >= 1 << 14,
      args([sorted, values], [out], params, scratch) {
        const right = Number(checkSearch([sorted!, values!], params));
        const search = [typeCode(sorted!), sorted!.shape[0]!, sorted!.pointer];
        return [...search, typeCode(values!), sizeOf(values!.shape), values!.pointer, right, out!.pointer, scratch];
      },
    },
  },
};

function checkCount(inputs: readonly ArraySpec[], params: KernelParams): number {
  checkParams('bincount', params, ['length']);
  checkInputs('bincount', inputs, 1, 2, 'x, and weights where elements do not count 1');
  const [x, weights] = inputs as [ArraySpec, ArraySpec?];
  checkNdim('bincount', 'x', x, 1);
  if (weights !== undefined) {
    checkExactShape('bincount', 'weights', weights, x.shape, 'one weight for each element of x');
    checkDTypeIn('bincount', 'weights', weights, 'float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');
  }
  const length = numeric('bincount', params, 'length');
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new OptionError('length', `bincount: length must be a whole number ≥ 0, not ${length}`);
  }
  return length;
}

/**
 * x (n) of whole numbers from 0 to length − 1, and optionally weights (n) → (length): how often each number is in x
 * (int32), or the sum of its elements' weights in their order (float64). O(n + length).
 * @throws ArgumentError for an element of x that is no such number.
 */
export const bincount: Kernel = {
  name: 'bincount',
  infer(inputs, params) {
    const length = checkCount(inputs, params);
    return { outputs: [{ dtype: inputs.length > 1 ? 'float64' : 'int32', shape: [length] }] };
  },
  cost(inputs, params) {
    const n = inputs[0]!.shape[0]!;
    return { flops: 2 * n, bytes: 24 * n + 8 * checkCount(inputs, params) };
  },
  failure: (status) => failureOf('bincount', status),
  bodies: {
    js(inputs, outputs, params) {
      const length = checkCount(inputs, params);
      const x = flat(inputs[0]!);
      const weights = inputs[1] === undefined ? undefined : flat(inputs[1]);
      const { data, offset } = outputs[0]!;
      data.fill(0, offset, offset + length);
      for (let i = 0; i < x.length; i++) {
        const place = x[i]!;
        if (!Number.isInteger(place) || place < 0 || place >= length) throw failureOf('bincount', BAD_COUNT);
        data[offset + place]! += weights === undefined ? 1 : weights[i]!;
      }
    },
    wasm: {
      export: 'bincount',
      args(inputs, [out], params) {
        const length = checkCount(inputs, params);
        const [x, weights] = inputs;
        const [type, pointer] = weights === undefined ? [-1, 0] : [typeCode(weights), weights.pointer];
        return [typeCode(x!), x!.shape[0]!, x!.pointer, type, pointer, length, out!.pointer];
      },
    },
  },
};
