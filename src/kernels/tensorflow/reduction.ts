/** Reductions by TensorFlow.js: of expressions that it computes, where its meaning is ours. */
import type { ReduceCall, Reduction } from '../reduction-form.js';
import { canEvaluateOn, evaluateOn } from './expression.js';
import type { ReducingFunction, Tensor, TensorFlow } from './tensors.js';

const functions: Partial<Record<Reduction, ReducingFunction>> = {
  sum: 'sum',
  prod: 'prod',
  mean: 'mean',
  min: 'min',
  max: 'max',
  any: 'any',
  all: 'all',
};

/** Whether `reduceOn` takes it. */
export function canReduceOn({ reduction, values }: ReduceCall): boolean {
  const takes = reduction === 'any' || reduction === 'all' ? 'bool' : 'float32';
  return reduction in functions && values.dtype === takes && canEvaluateOn(values);
}

/** The reduction; of values that it computes first, all at once. */
export function reduceOn(tf: TensorFlow, call: ReduceCall, tensors: readonly Tensor[]): Tensor {
  const { reduction, values, reduced, shape } = call;
  const name = functions[reduction];
  if (name === undefined) throw new Error(`there is no operator for '${reduction}'`);
  const axes = [...reduced.keys()].filter((axis) => reduced[axis]);
  return tf.reshape(tf[name](evaluateOn(tf, values, tensors), axes), [...shape]);
}
