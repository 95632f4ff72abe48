/**
 * Products of every row with every row: `squaredDistances` and `linearKernel` (the Gram matrix X·Yᵀ). With one input,
 * Y is X: half the work, and an exactly symmetric result. Distances are ‖x‖² + ‖y‖² − 2 x·y as in scikit-learn's
 * euclidean_distances, so rows that nearly coincide lose digits relative to their distance, not to their norms.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, checkSameDType, flag, show } from './checks.js';
import type { ArraySpec, HeapArray, Kernel, KernelCost, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { distancesBody } from './gpu/kernel-matrix.js';
import { productBody } from './gpu/matmul.js';
import { productNode } from './onnx/product.js';

interface Sizes {
  readonly n: number;
  readonly m: number;
  readonly d: number;
  readonly same: boolean;
}

function sizes(name: string, inputs: readonly ArraySpec[], params: KernelParams): Sizes {
  checkParams(name, params, ['same']);
  checkInputs(name, inputs, 1, 2, 'x, and y where it is not x itself');
  const x = inputs[0]!;
  const y = inputs[1] ?? x;
  const same = flag(name, params, 'same', inputs.length === 1);
  if (same !== (inputs.length === 1)) {
    throw new OptionError('same', `${name}: same is ${same} but ${inputs.length} inputs are given; same means x alone`);
  }
  checkNdim(name, 'x', x, 2);
  checkNdim(name, 'y', y, 2);
  checkDTypeIn(name, 'x', x, 'float64', 'float32');
  checkSameDType(name, 'x', x, 'y', y);
  const [n, d] = x.shape as [number, number];
  const [m, width] = y.shape as [number, number];
  if (d !== width) {
    throw new ShapeError(`${name}: x is ${show(x)} and y is ${show(y)}; their rows must have the same length`);
  }
  return { n, m, d, same };
}

function costOf(name: string, inputs: readonly ArraySpec[], params: KernelParams): KernelCost {
  const { n, m, d, same } = sizes(name, inputs, params);
  const products = same ? (n * (n + 1)) / 2 : n * m;
  const elements = inputs.reduce((sum, input) => sum + sizeOf(input.shape), n * m);
  return { flops: 2 * d * products + 4 * n * m, bytes: elements * itemSize(inputs[0]!.dtype) };
}

function common(name: string, inputs: readonly HeapArray[], params: KernelParams): number[] {
  const { n, m, d, same } = sizes(name, inputs, params);
  const x = inputs[0]!;
  const y = inputs[1] ?? x;
  return [x.dtype === 'float64' ? 1 : 0, n, m, d, x.pointer, y.pointer, Number(same)];
}

/**
 * (n, d), (m, d) → (n, m) squared Euclidean distances, ≥ 0, float64 or float32. One input (or `same: true`): between
 * its own rows, zero on the diagonal. O(nmd).
 */
export const squaredDistances: Kernel = {
  name: 'squaredDistances',
  infer(inputs, params) {
    const { n, m } = sizes(this.name, inputs, params);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape: [n, m] }], scratch: 8 * (n + m) };
  },
  cost(inputs, params) {
    return costOf(this.name, inputs, params);
  },
  bodies: {
    js(inputs, outputs, params) {
      const { n, m, d, same } = sizes('squaredDistances', inputs, params);
      const x = flat(inputs[0]!);
      const y = same ? x : flat(inputs[1]!);
      const out = outputs[0]!;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          let xx = 0;
          let yy = 0;
          let xy = 0;
          for (let k = 0; k < d; k++) {
            const u = x[i * d + k]!;
            const v = y[j * d + k]!;
            xx += u * u;
            yy += v * v;
            xy += u * v;
          }
          out.data[out.offset + i * m + j] = same && i === j ? 0 : Math.max(0, -2 * xy + xx + yy);
        }
      }
    },
    wasm: {
      export: 'squaredDistances',
      args: (inputs, outputs, params, scratch) => [
        ...common('squaredDistances', inputs, params),
        outputs[0]!.pointer,
        scratch,
      ],
    },
    gpu: distancesBody((inputs, params) => sizes('squaredDistances', inputs, params)),
  },
};

/**
 * (n, d), (m, d) → X·Yᵀ (n, m), float64 or float32: the linear kernel, and the Gram matrix that `polynomialKernel` and
 * `sigmoidKernel` start from. One input (or `same: true`): X·Xᵀ. O(nmd).
 */
export const linearKernel: Kernel = {
  name: 'linearKernel',
  infer(inputs, params) {
    const { n, m } = sizes(this.name, inputs, params);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape: [n, m] }] };
  },
  cost(inputs, params) {
    return costOf(this.name, inputs, params);
  },
  bodies: {
    js(inputs, outputs, params) {
      const { n, m, d, same } = sizes('linearKernel', inputs, params);
      const x = flat(inputs[0]!);
      const y = same ? x : flat(inputs[1]!);
      const out = outputs[0]!;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          let sum = 0;
          for (let k = 0; k < d; k++) sum += x[i * d + k]! * y[j * d + k]!;
          out.data[out.offset + i * m + j] = sum;
        }
      }
    },
    wasm: {
      export: 'gram',
      args: (inputs, outputs, params) => [...common('linearKernel', inputs, params), outputs[0]!.pointer],
    },
    gpu: productBody((inputs, params) => {
      const { n, m, d } = sizes('linearKernel', inputs, params);
      return { m: n, n: m, k: d, transposeA: false, transposeB: true };
    }),
    onnx: {
      can(inputs, params) {
        const { n, m, d } = sizes('linearKernel', inputs, params);
        return n * m * d > 0;
      },
      model(inputs, params) {
        const { n, m, same } = sizes('linearKernel', inputs, params);
        const names = ['in0', same ? 'in0' : 'in1'] as const;
        const nodes = [productNode(inputs[0]!.dtype, names, false, true, 'out0')];
        return { nodes, inputs: inputs.map(({ shape }) => shape), outputs: [[n, m]] };
      },
    },
    tensorflow: {
      can(inputs, params) {
        const { n, m, d } = sizes('linearKernel', inputs, params);
        return inputs[0]!.dtype === 'float32' && n * m * d > 0;
      },
      run: (tf, [x, y]) => [tf.matMul(x!, y ?? x!, false, true)],
    },
  },
};
