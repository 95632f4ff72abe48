/**
 * `matmul`: the product of two matrices, each possibly transposed, in float64 or float32. The wasm body is the packed
 * product of assembly/gemm.ts; transposing costs nothing there, so there is no kernel that transposes first.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, checkSameDType, flag, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';

const name = 'matmul';

/** Multiply-adds from which on threads share a product; as in assembly/gemm.ts. */
const WIDE_LEAST = 1e6;

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function sizes(inputs: readonly ArraySpec[], params: KernelParams): Sizes {
  checkParams(name, params, ['transposeA', 'transposeB']);
  checkInputs(name, inputs, 2, 2, 'a and b');
  const [a, b] = inputs as [ArraySpec, ArraySpec];
  checkNdim(name, 'a', a, 2);
  checkNdim(name, 'b', b, 2);
  checkDTypeIn(name, 'a', a, 'float64', 'float32');
  checkSameDType(name, 'a', a, 'b', b);
  const transposeA = flag(name, params, 'transposeA', false);
  const transposeB = flag(name, params, 'transposeB', false);
  const [m, k] = (transposeA ? a.shape.toReversed() : a.shape) as [number, number];
  const [inner, n] = (transposeB ? b.shape.toReversed() : b.shape) as [number, number];
  if (k !== inner) {
    const form = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}`;
    throw new ShapeError(
      `${name}: ${form} with a ${show(a)} and b ${show(b)}: the inner lengths ${k} and ${inner} differ`,
    );
  }
  return { m, n, k, transposeA, transposeB };
}

/**
 * (m, k) · (k, n) → (m, n), float64 or float32. Parameters `transposeA`, `transposeB` (default false): the input is
 * stored transposed. O(mnk); the error is within k·eps·|a|·|b| element by element.
 */
export const matmul: Kernel = {
  name,
  infer(inputs, params) {
    const { m, n } = sizes(inputs, params);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape: [m, n] }] };
  },
  cost(inputs, params) {
    const { m, n, k } = sizes(inputs, params);
    const [a, b] = inputs as [ArraySpec, ArraySpec];
    return { flops: 2 * m * n * k, bytes: (sizeOf(a.shape) + sizeOf(b.shape) + m * n) * itemSize(a.dtype) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const { m, n, k, transposeA, transposeB } = sizes(inputs, params);
      const a = flat(inputs[0]!);
      const b = flat(inputs[1]!);
      const c = outputs[0]!.data;
      const base = outputs[0]!.offset;
      const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
      const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum += a[i * rowA + l * columnA]! * b[l * rowB + j * columnB]!;
          c[base + i * n + j] = sum;
        }
      }
    },
    wasm: {
      export: 'matmul',
      isWide(inputs, params) {
        const { m, n, k } = sizes(inputs, params);
        return m * n * k >= WIDE_LEAST;
      },
      args(inputs, outputs, params) {
        const { m, n, k, transposeA, transposeB } = sizes(inputs, params);
        const [a, b] = inputs;
        const wide = a!.dtype === 'float64' ? 1 : 0;
        return [wide, m, n, k, a!.pointer, Number(transposeA), b!.pointer, Number(transposeB), outputs[0]!.pointer];
      },
    },
  },
};
