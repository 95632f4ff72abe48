/**
 * Products as ONNX graphs. Which operator was measured (onnxruntime 1.30, AVX-512, n = 1024): MatMul is the fastest for
 * both dtypes. A transposed float64 matrix goes to Gemm, which reads it as it lies, a transposed float32 one to
 * onnxruntime's own FusedMatMul, whose products take 0.6 of the time of Gemm's; it has no float64.
 */
import type { DType } from '../../array/dtype.js';
import type { OnnxNode } from '../contract.js';

/** Operators that onnxruntime adds to ONNX's. */
const RUNTIME = 'com.microsoft';

/** The node of a product of two matrices, each possibly stored transposed. */
export function productNode(
  dtype: DType,
  [a, b]: readonly [string, string],
  transposeA: boolean,
  transposeB: boolean,
  output: string,
): OnnxNode {
  const inputs = [a, b];
  if (!transposeA && !transposeB) return { op: 'MatMul', inputs, output };
  const [forA, forB] = [Number(transposeA), Number(transposeB)];
  if (dtype === 'float64') return { op: 'Gemm', inputs, output, attributes: { transA: forA, transB: forB } };
  return { op: 'FusedMatMul', domain: RUNTIME, inputs, output, attributes: { transA: forA, transB: forB } };
}
