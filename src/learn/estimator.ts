/** What searches need of an estimator: parameters that can be changed in a copy, and lazy fitting and scoring. */
import type { Pending } from '../graph/types.js';
import type { ArrayInput, LazyArray } from '../lazy/lazy-array.js';

/** A fitted model; everything it answers is lazy. */
export interface Model {
  predict(x: ArrayInput): LazyArray;
  /** The mean accuracy on these samples and labels. */
  score(x: ArrayInput, y: ArrayInput): Pending<number>;
}

/** A recipe for a model. Immutable: `with` gives another one. */
export interface Estimator<Options extends object = object> {
  readonly options: Readonly<Options>;
  /** The parameters that may be delayed numbers, so that a search can choose them inside the graph. */
  readonly delayable: ReadonlySet<string>;
  with(options: Partial<Options>): Estimator<Options>;
  fit(x: ArrayInput, y: ArrayInput): Model;
}

/** How a search scores a model: 'accuracy', or a function that answers a delayed number, the higher the better. */
export type Scoring = 'accuracy' | ((model: Model, x: LazyArray, y: LazyArray) => Pending<number>);
