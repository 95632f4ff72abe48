/** Products by TensorFlow.js, whose floats are float32. */
import type { ArraySpec } from '../../array/ndarray.js';
import type { Contraction } from '../contraction-form.js';
import { denseProduct, isOrdered, isTransposed, type Layout } from '../dense-product.js';
import type { Tensor, TensorFlow } from './tensors.js';

/** Whether `contractOn` takes it. */
export function canContractOn(contraction: Contraction, inputs: readonly ArraySpec[]): boolean {
  return inputs[0]!.dtype === 'float32' && denseProduct(contraction, inputs) !== undefined;
}

/** `contract`: stacked products, of operands that are transposed first where matMul cannot read them as they lie. */
export function contractOn(
  tf: TensorFlow,
  contraction: Contraction,
  specs: readonly ArraySpec[],
  [a, b]: readonly Tensor[],
): Tensor {
  const product = denseProduct(contraction, specs);
  if (product === undefined) throw new Error('contract: these operands are not whole arrays');
  const stack = contraction.items.map(([length]) => length);
  const operand = (tensor: Tensor, { shape, permutation }: Layout): readonly [Tensor, boolean] => {
    const seen = tf.reshape(tensor, [...shape]);
    const isBack = !isOrdered(permutation) && isTransposed(permutation);
    const isReady = isBack || isOrdered(permutation);
    const ordered = isReady ? seen : tf.transpose(seen, [...permutation]);
    const items = ordered.shape.slice(0, -2);
    // stacks that differ are mixed up by its plain JavaScript, and by tfjs-node 4.22 with libtensorflow 2.21, which reads
    // beyond the shorter one
    const isShort = items.some((length, axis) => length !== stack[axis]);
    return [isShort ? tf.broadcastTo(ordered, [...stack, ...ordered.shape.slice(-2)]) : ordered, isBack];
  };
  const [first, transposeA] = operand(a!, product.a);
  const [second, transposeB] = operand(b!, product.b);
  return tf.matMul(first, second, transposeA, transposeB);
}
