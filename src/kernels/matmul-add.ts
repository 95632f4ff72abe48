/**
 * `matmulAdd`: a sum of products over blocks, one product after the other: what there is already plus alpha times the
 * product of two matrices. The wasm body is assembly/matmul-add.ts. Also the update of a matrix by blocks of its factors
 * (alpha = −1).
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { ShapeError } from '../errors.js';
import { checkInputs, checkSameDType, flag, numeric, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { productBody } from './gpu/matmul.js';
import { matmul } from './matmul.js';

const name = 'matmulAdd';

interface Call {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly alpha: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly symmetric: boolean;
}

function callOf(inputs: readonly ArraySpec[], params: KernelParams): Call {
  const { alpha: _, ...rest } = params;
  const symmetric = flag(name, params, 'symmetric', false);
  const count = symmetric ? 2 : 3;
  checkInputs(name, inputs, count, count, symmetric ? 's and a' : 's, a and b');
  const [s, a] = inputs as [ArraySpec, ArraySpec];
  const [m, n] = matmul.infer(inputs.slice(1), rest).outputs[0]!.shape as [number, number];
  checkSameDType(name, 's', s, 'a', a);
  if (s.shape.length !== 2 || s.shape[0] !== m || s.shape[1] !== n) {
    throw new ShapeError(`${name}: s is ${show(s)} and the product has the shape (${m}, ${n})`);
  }
  numeric(name, params, 'alpha', 1);
  return checkedCall(inputs, params);
}

/** The same of inputs and parameters that `infer` has seen: a run asks for it several times a task, for thousands of them. */
function checkedCall([s, a]: readonly ArraySpec[], params: KernelParams): Call {
  const symmetric = params.symmetric === true;
  const transposeA = params.transposeA === true;
  return {
    m: s!.shape[0]!,
    n: s!.shape[1]!,
    k: a!.shape[transposeA ? 0 : 1]!,
    alpha: (params.alpha as number | undefined) ?? 1,
    transposeA,
    transposeB: symmetric ? !transposeA : params.transposeB === true,
    symmetric,
  };
}

/** Multiply-adds: half where what is above the diagonal is not computed. */
const work = ({ m, n, k, symmetric }: Call): number => (symmetric ? (m * (m + 1) * k) / 2 : m * n * k);

/** As in assembly/gemm.ts. */
const WIDE_LEAST = 1e6;

/**
 * s (m, n) + alpha · (m, k) · (k, n) → (m, n), float64 or float32; inputs s, a, b. Parameters `transposeA`, `transposeB`
 * and `symmetric` as of `matmul` (with `symmetric` the inputs are s, a symmetric s, and a), and `alpha` (default 1).
 * O(mnk); the error is within (k + 1)·eps·(|s| + |alpha|·|a|·|b|) element by element.
 */
export const matmulAdd: Kernel = {
  name,
  infer(inputs, params) {
    callOf(inputs, params);
    return { outputs: [{ dtype: inputs[0]!.dtype, shape: inputs[0]!.shape }] };
  },
  cost(inputs, params) {
    const elements = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), sizeOf(inputs[0]!.shape));
    return { flops: 2 * work(checkedCall(inputs, params)), bytes: elements * itemSize(inputs[0]!.dtype) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const { m, n, k, alpha, transposeA, transposeB, symmetric } = checkedCall(inputs, params);
      const [s, a] = [flat(inputs[0]!), flat(inputs[1]!)];
      const b = symmetric ? a : flat(inputs[2]!);
      const { data, offset } = outputs[0]!;
      const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
      const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          // of what is symmetric the lower half counts
          const [row, column] = symmetric && j > i ? [j, i] : [i, j];
          let sum = 0;
          for (let l = 0; l < k; l++) sum += a[row * rowA + l * columnA]! * b[l * rowB + column * columnB]!;
          data[offset + i * n + j] = s[row * n + column]! + alpha * sum;
        }
      }
    },
    wasm: {
      export: 'matmulAdd',
      isWide(inputs, params) {
        return work(checkedCall(inputs, params)) >= WIDE_LEAST;
      },
      args(inputs, outputs, params) {
        const { m, n, k, alpha, transposeA, transposeB, symmetric } = checkedCall(inputs, params);
        const [s, a] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
        const b = symmetric ? a : inputs[2]!;
        const operands = [s.pointer, a.pointer, Number(transposeA), b.pointer, Number(transposeB)];
        return [s.dtype === 'float64' ? 1 : 0, m, n, k, alpha, ...operands, outputs[0]!.pointer, Number(symmetric)];
      },
    },
    gpu: productBody((inputs, params) => {
      const { alpha, symmetric, ...sizes } = checkedCall(inputs, params);
      return { ...sizes, onto: { alpha, symmetric } };
    }),
  },
};
