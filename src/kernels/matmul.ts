/**
 * `matmul`: the product of two matrices, each possibly transposed, or of one matrix with itself transposed, in float64 or
 * float32. The wasm body is assembly/matmul.ts; transposing costs nothing there, so there is no kernel that transposes
 * first.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { OptionError, ShapeError } from '../errors.js';
import { checkDTypeIn, checkInputs, checkNdim, checkParams, checkSameDType, flag, show } from './checks.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { isDirect } from './contraction.js';
import { flat } from './flat.js';
import { productBody } from './gpu/matmul.js';
import { productNode } from './onnx/product.js';

const name = 'matmul';

/** Multiply-adds from which on threads share a product, packed or not; as in assembly/gemm.ts and matmul.ts. */
const WIDE_LEAST = 1e6;
const WIDE_DIRECT = 262144;

/** A small result of a long sum is made in pieces along k that threads share: at most so many, of whole blocks. */
const SMALL_RESULT = 128 * 128;
const LONG_SUM = 8192;
const MOST_PIECES = 32;
const BLOCK = 256;

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly symmetric: boolean;
}

function sizes(inputs: readonly ArraySpec[], params: KernelParams): Sizes {
  checkParams(name, params, ['transposeA', 'transposeB', 'symmetric']);
  const symmetric = flag(name, params, 'symmetric', false);
  const transposeA = flag(name, params, 'transposeA', false);
  if (symmetric) {
    checkInputs(name, inputs, 1, 1, 'a alone, which is both operands, where symmetric is true');
    if (params.transposeB !== undefined) {
      throw new OptionError('transposeB', `${name}: with symmetric the second operand is a transposed; leave it out`);
    }
  } else checkInputs(name, inputs, 2, 2, 'a and b');
  const a = inputs[0]!;
  const b = inputs[1] ?? a;
  checkNdim(name, 'a', a, 2);
  checkNdim(name, 'b', b, 2);
  checkDTypeIn(name, 'a', a, 'float64', 'float32');
  checkSameDType(name, 'a', a, 'b', b);
  const transposeB = symmetric ? !transposeA : flag(name, params, 'transposeB', false);
  const [m, k] = (transposeA ? a.shape.toReversed() : a.shape) as [number, number];
  const [inner, n] = (transposeB ? b.shape.toReversed() : b.shape) as [number, number];
  if (k !== inner) {
    const form = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}`;
    throw new ShapeError(
      `${name}: ${form} with a ${show(a)} and b ${show(b)}: the inner lengths ${k} and ${inner} differ`,
    );
  }
  return { m, n, k, transposeA, transposeB, symmetric };
}

/** The length of the pieces along k; 0 where it is not cut. */
function pieceLength({ m, n, k }: Sizes): number {
  if (m * n > SMALL_RESULT || k < LONG_SUM) return 0;
  return Math.max(4 * BLOCK, Math.ceil(k / MOST_PIECES / BLOCK) * BLOCK);
}

/** Multiply-adds: half where what is above the diagonal is not computed. */
const work = ({ m, n, k, symmetric }: Sizes): number => (symmetric ? (m * (m + 1) * k) / 2 : m * n * k);

/**
 * (m, k) · (k, n) → (m, n), float64 or float32. Parameters `transposeA`, `transposeB` (default false): the input is
 * stored transposed. With `symmetric` there is one input and the product is a·aᵀ, with `transposeA` aᵀ·a. O(mnk); the
 * error is within k·eps·|a|·|b| element by element.
 */
export const matmul: Kernel = {
  name,
  infer(inputs, params) {
    const call = sizes(inputs, params);
    const { m, n, k } = call;
    const length = pieceLength(call);
    const { dtype } = inputs[0]!;
    const scratch = length > 0 ? Math.ceil(k / length) * m * n * itemSize(dtype) : 0;
    return { outputs: [{ dtype, shape: [m, n] }], ...(scratch > 0 && { scratch }) };
  },
  cost(inputs, params) {
    const call = sizes(inputs, params);
    const elements = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), call.m * call.n);
    return { flops: 2 * work(call), bytes: elements * itemSize(inputs[0]!.dtype) };
  },
  bodies: {
    js(inputs, outputs, params) {
      const { m, n, k, transposeA, transposeB } = sizes(inputs, params);
      const a = flat(inputs[0]!);
      const b = inputs.length === 1 ? a : flat(inputs[1]!);
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
        const call = sizes(inputs, params);
        const isSmall = isDirect(call.m, call.n, call.k, itemSize(inputs[0]!.dtype));
        return work(call) >= (isSmall ? WIDE_DIRECT : WIDE_LEAST);
      },
      args(inputs, outputs, params, scratch) {
        const call = sizes(inputs, params);
        const { m, n, k, transposeA, transposeB, symmetric } = call;
        const a = inputs[0]!;
        const b = inputs[1] ?? a;
        const wide = a.dtype === 'float64' ? 1 : 0;
        const operands = [a.pointer, Number(transposeA), b.pointer, Number(transposeB), outputs[0]!.pointer];
        return [wide, m, n, k, ...operands, Number(symmetric), pieceLength(call), scratch];
      },
    },
    onnx: {
      can(inputs, params) {
        const { m, n, k } = sizes(inputs, params);
        return m * n * k > 0;
      },
      model(inputs, params) {
        const { m, n, transposeA, transposeB, symmetric } = sizes(inputs, params);
        const names = ['in0', symmetric ? 'in0' : 'in1'] as const;
        const nodes = [productNode(inputs[0]!.dtype, names, transposeA, transposeB, 'out0')];
        return { nodes, inputs: inputs.map(({ shape }) => shape), outputs: [[m, n]] };
      },
    },
    tensorflow: {
      can(inputs, params) {
        const { m, n, k } = sizes(inputs, params);
        return inputs[0]!.dtype === 'float32' && m * n * k > 0;
      },
      run(tf, [a, b], inputs, params) {
        const { transposeA, transposeB } = sizes(inputs, params);
        return [tf.matMul(a!, b ?? a!, transposeA, transposeB)];
      },
    },
    gpu: productBody(sizes),
  },
};
