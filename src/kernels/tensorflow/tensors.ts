/**
 * What bodies use of TensorFlow.js, by its names there. Interfaces of our own: the package is an optional peer, and its
 * types need not be there.
 */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The elements in row-major order. */
  dataSync(): Float32Array | Int32Array | Uint8Array;
  dispose(): void;
}

export const unaryFunctions = [
  'abs',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'exp',
  'expm1',
  'floor',
  'isFinite',
  'isInf',
  'isNaN',
  'log',
  'log1p',
  'logicalNot',
  'neg',
  'reciprocal',
  'round',
  'sin',
  'sinh',
  'sqrt',
  'square',
  'tan',
  'tanh',
] as const;
export const binaryFunctions = [
  'add',
  'atan2',
  'div',
  'equal',
  'greater',
  'greaterEqual',
  'less',
  'lessEqual',
  'logicalAnd',
  'logicalOr',
  'logicalXor',
  'maximum',
  'minimum',
  'mul',
  'notEqual',
  'pow',
  'sub',
] as const;
export const reducingFunctions = ['all', 'any', 'max', 'mean', 'min', 'prod', 'sum'] as const;

export type UnaryFunction = (typeof unaryFunctions)[number];
export type BinaryFunction = (typeof binaryFunctions)[number];
export type ReducingFunction = (typeof reducingFunctions)[number];

/** The part of the package that bodies call. */
export type TensorFlow = Readonly<Record<UnaryFunction, (x: Tensor) => Tensor>> &
  Readonly<Record<BinaryFunction, (a: Tensor, b: Tensor) => Tensor>> &
  Readonly<Record<ReducingFunction, (x: Tensor, axes: number[]) => Tensor>> & {
    tensor(data: ArrayBufferView, shape: number[], dtype: string): Tensor;
    scalar(value: number | boolean, dtype: string): Tensor;
    cast(x: Tensor, dtype: string): Tensor;
    reshape(x: Tensor, shape: number[]): Tensor;
    transpose(x: Tensor, permutation: number[]): Tensor;
    broadcastTo(x: Tensor, shape: number[]): Tensor;
    stridedSlice(x: Tensor, begin: number[], end: number[], strides: number[]): Tensor;
    where(condition: Tensor, a: Tensor, b: Tensor): Tensor;
    matMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor;
  };
