/** What a reduction is, for the kernel and for its bodies on devices. */
import type { DType } from '../array/dtype.js';
import type { Call } from './expression-call.js';

export const reductions = [
  'sum',
  'prod',
  'min',
  'max',
  'any',
  'all',
  'argmin',
  'argmax',
  'mean',
  'var',
  'std',
] as const;
export type Reduction = (typeof reductions)[number];

/** A reduction of a call. */
export interface ReduceCall {
  readonly reduction: Reduction;
  /** The values that are reduced: the expression, cast where the reduction needs it. */
  readonly values: Call;
  readonly reduced: readonly boolean[];
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** How many values an output is made of. */
  readonly terms: number;
  readonly ddof: number;
}
