/** `lazuli/learn`: folds, estimators and searches. Everything numeric is lazy. */
export {
  type CrossValidateOptions,
  crossValidate,
  type NestedCrossValidateOptions,
  nestedCrossValidate,
} from './cross-validate.js';
export type { Estimator, Model, Scoring } from './estimator.js';
export { type Fold, type FoldOptions, KFold, type Samples, type Splitter, StratifiedKFold } from './folds.js';
export { type Grid, type Parameters, type ParameterValue, parameterGrid } from './grid.js';
export { accuracyScore } from './metrics.js';
export type { CrossValidation, NestedCrossValidation } from './scores.js';
export { standardize } from './standardize.js';
export { SVC, SVCModel } from './svc.js';
export type { SVCOptions } from './svc-options.js';
