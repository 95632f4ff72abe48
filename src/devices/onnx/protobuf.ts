/**
 * Writes the ONNX file of a graph: the few messages of onnx.proto (ONNX IR version 8, operator set 17) that a handful of
 * nodes needs, in protobuf's wire format (protobuf.dev/programming-guides/encoding). Lengths are left open, so that one
 * model serves all shapes of as many axes.
 */
import type { DType } from '../../array/dtype.js';
import type { OnnxModel, OnnxNode } from '../../kernels/contract.js';

const IR_VERSION = 8;
const OPERATORS = 17;
/** Of the operators that the runtime adds to ONNX's. */
const EXTRA_OPERATORS = 1;

/** TensorProto.DataType. */
const types: Readonly<Record<DType, number>> = { float32: 1, uint8: 2, int32: 6, bool: 9, float64: 11, uint32: 12 };

/** AttributeProto.AttributeType. */
const INT = 2;
const INTS = 7;

const VARINT = 0;
const BYTES = 2;

/** An unsigned number, seven bits to a byte. Negative ones as 64 bits of two's complement. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

const number = (field: number, value: number): number[] => [...varint((field << 3) | VARINT), ...varint(value)];
const message = (field: number, bytes: readonly number[]): number[] => [
  ...varint((field << 3) | BYTES),
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

function attribute(name: string, value: number | readonly number[]): number[] {
  if (typeof value === 'number') return [...text(1, name), ...number(3, value), ...number(20, INT)];
  return [...text(1, name), ...value.flatMap((one) => number(8, one)), ...number(20, INTS)];
}

function node({ op, domain, inputs, output, attributes = {} }: OnnxNode): number[] {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, attribute(name, value))),
    ...(domain === undefined ? [] : text(7, domain)),
  ];
}

/** ValueInfoProto of a tensor with so many axes of any lengths. */
function value(name: string, dtype: DType, ndim: number): number[] {
  const shape = Array.from({ length: ndim }, () => message(1, [])).flat();
  const tensor = [...number(1, types[dtype]), ...message(2, shape)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

const operators = (domain: string, version: number): number[] =>
  message(8, [...(domain === '' ? [] : text(1, domain)), ...number(2, version)]);

/** The bytes of a ModelProto. */
export function encodeModel(model: OnnxModel, inputs: readonly DType[], outputs: readonly DType[]): Uint8Array {
  const { nodes } = model;
  const graph = [
    ...nodes.flatMap((one) => message(1, node(one))),
    ...text(2, 'kernel'),
    ...inputs.flatMap((dtype, i) => message(11, value(`in${i}`, dtype, model.inputs[i]!.length))),
    ...outputs.flatMap((dtype, i) => message(12, value(`out${i}`, dtype, model.outputs[i]!.length))),
  ];
  const domains = new Set(nodes.flatMap(({ domain }) => domain ?? []));
  return Uint8Array.from([
    ...number(1, IR_VERSION),
    ...message(7, graph),
    ...operators('', OPERATORS),
    ...[...domains].flatMap((domain) => operators(domain, EXTRA_OPERATORS)),
  ]);
}
