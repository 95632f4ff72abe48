/** `contract` as an ONNX graph: dense-product.ts says which, and an operand that MatMul cannot read is transposed first. */
import type { ArraySpec, OnnxModel, OnnxNode } from '../contract.js';
import type { Contraction } from '../contraction-form.js';
import { denseProduct, isOrdered, isTransposed, type Layout } from '../dense-product.js';
import { productNode } from './product.js';

/** Whether there is a graph for it. */
export function canContract(contraction: Contraction, inputs: readonly ArraySpec[]): boolean {
  const { dtype } = inputs[0]!;
  return (dtype === 'float64' || dtype === 'float32') && denseProduct(contraction, inputs) !== undefined;
}

/** @throws Error where there is none */
export function contractModel(contraction: Contraction, inputs: readonly ArraySpec[]): OnnxModel {
  const operands = denseProduct(contraction, inputs);
  if (operands === undefined) throw new Error('contract: there is no ONNX graph for these operands');
  const { dtype } = inputs[0]!;
  const { items, m, n } = contraction;
  const nodes: OnnxNode[] = [];
  // Gemm, for float64, takes matrices only
  const canTranspose = dtype === 'float32' || items.length === 0;
  const operand = ({ permutation }: Layout, name: string): readonly [name: string, isTransposed: boolean] => {
    if (isOrdered(permutation)) return [name, false];
    if (canTranspose && isTransposed(permutation)) return [name, true];
    const output = `${name} in order`;
    nodes.push({ op: 'Transpose', inputs: [name], output, attributes: { perm: permutation } });
    return [output, false];
  };
  const [a, transposeA] = operand(operands.a, 'in0');
  const [b, transposeB] = operand(operands.b, 'in1');
  nodes.push(productNode(dtype, [a, b], transposeA, transposeB, 'out0'));
  return {
    nodes,
    inputs: [operands.a.shape, operands.b.shape],
    outputs: [[...items.map(([length]) => length), m[0], n[0]]],
  };
}
