/**
 * Cross-validation, plain and nested, as graphs: one score per fold and candidate, each from its own fit, and the
 * choice of the best parameters as a task inside the graph. Written with the public estimators and lazy arrays only;
 * the loops are those one would write by hand.
 */
import { ArgumentError, OptionError, ShapeError } from '../errors.js';
import type { Delayed, Pending } from '../graph/types.js';
import { asFloat64 } from '../lazy/cast.js';
import { inline } from '../lazy/inline.js';
import { type ArrayInput, asLazy, type LazyArray } from '../lazy/lazy-array.js';
import { checkNames } from '../lazy/options.js';
import { takeRows } from '../lazy/take.js';
import type { Estimator, Scoring } from './estimator.js';
import { type Fold, type Splitter, StratifiedKFold } from './folds.js';
import { type Grid, type Parameters, type ParameterValue, parameterGrid } from './grid.js';
import {
  type Choice,
  type CrossValidation,
  chooseBest,
  chosenValue,
  gatherNested,
  gatherScores,
  type NestedCrossValidation,
  scoreOfVariant,
} from './scores.js';

const bodies = new URL('./scores.js', import.meta.url).href;
const chooseTask = inline('chooseBest', chooseBest, bodies);
const valueTask = inline('chosenValue', chosenValue, bodies);
const variantTask = inline('scoreOfVariant', scoreOfVariant, bodies);
const scoresTask = inline('gatherScores', gatherScores, bodies);
const nestedTask = inline('gatherNested', gatherNested, bodies);

interface Problem {
  readonly estimator: Estimator;
  /** Samples (n, features). */
  readonly x: ArrayInput;
  /** Labels (n). */
  readonly y: ArrayInput;
  /** Default 'accuracy'. */
  readonly scoring?: Scoring;
}

export interface CrossValidateOptions extends Problem {
  /** How to divide the samples; a number means that many stratified folds. Default 5. */
  readonly cv?: Splitter | number;
}

export interface NestedCrossValidateOptions extends Problem {
  /** The values to try by parameter. */
  readonly grid: Grid;
  /** The folds that test; a number means that many stratified folds. Default 5. */
  readonly outer?: Splitter | number;
  /** The folds, within each outer training set, that choose the parameters. Default 5. */
  readonly inner?: Splitter | number;
}

/**
 * The score of the estimator on every test fold, delayed.
 *
 * @throws OptionError for an option that does not exist; what splitting and fitting throw
 *
 * @example
 * const { testScore } = await crossValidate({ estimator: new SVC(), x, y, cv: new KFold({ nSplits: 4 }) }).compute();
 */
export function crossValidate(options: CrossValidateOptions): Delayed<CrossValidation> {
  const where = 'crossValidate';
  checkNames(where, options, ['estimator', 'x', 'y', 'scoring', 'cv']);
  const { scoring = 'accuracy' } = options;
  const estimator = estimatorOf(options, where);
  const { x, y } = samplesOf(options, where);
  const scores: Pending<number>[] = [];
  for (const fold of splitter(options.cv, 'cv', where).split(x, y)) {
    scores.push(evaluate(estimator, scoring, divide(x, y, fold)));
  }
  return scoresTask(scores) as Delayed<CrossValidation>;
}

/**
 * Nested cross-validation, delayed: for every outer fold the parameters are chosen by inner folds within its training
 * rows, then a model with them is trained on all its training rows and scored on its test rows.
 *
 * A tie between candidates goes to the largest value when the grid has one numeric parameter, as `max` over (score,
 * parameter) pairs does, else to the first. Parameters that an estimator cannot take from inside the graph (a kernel's
 * name, say) cost one more outer fit for each of their combinations.
 *
 * @throws OptionError for an option or parameter that does not exist; what splitting and fitting throw
 *
 * @example
 * const result = nestedCrossValidate({
 *   estimator: new SVC(), grid: { C: [0.1, 1, 10] }, outer: new KFold({ nSplits: 4 }), inner: new KFold({ nSplits: 4 }), x, y,
 * });
 * const { testScore, bestParams } = await result.compute();
 */
export function nestedCrossValidate(options: NestedCrossValidateOptions): Delayed<NestedCrossValidation> {
  const where = 'nestedCrossValidate';
  checkNames(where, options, ['estimator', 'x', 'y', 'scoring', 'grid', 'outer', 'inner']);
  const { scoring = 'accuracy' } = options;
  const estimator = estimatorOf(options, where);
  const { x, y } = samplesOf(options, where);
  const candidates = parameterGrid(options.grid, where);
  const inner = splitter(options.inner, 'inner', where);
  const outerScores: Pending<number>[] = [];
  const choices: Delayed<Choice>[] = [];
  for (const fold of splitter(options.outer, 'outer', where).split(x, y)) {
    const outerParts = divide(x, y, fold);
    const { xTrain, yTrain } = outerParts;
    const innerParts = Array.from(inner.split(xTrain, yTrain), (innerFold) => divide(xTrain, yTrain, innerFold));
    const scores = candidates.map((candidate) => {
      const configured = estimator.with(candidate);
      return innerParts.map((parts) => evaluate(configured, scoring, parts));
    });
    const choice = chooseTask(scores, tieRanks(candidates)) as Delayed<Choice>;
    choices.push(choice);
    outerScores.push(scoreOfChoice(estimator, candidates, choice, (chosen) => evaluate(chosen, scoring, outerParts)));
  }
  return nestedTask(outerScores, choices, candidates) as Delayed<NestedCrossValidation>;
}

interface Parts {
  readonly xTrain: LazyArray;
  readonly yTrain: LazyArray;
  readonly xTest: LazyArray;
  readonly yTest: LazyArray;
}

function divide(x: LazyArray, y: LazyArray, [train, test]: Fold): Parts {
  return {
    xTrain: takeRows(x, train),
    yTrain: takeRows(y, train),
    xTest: takeRows(x, test),
    yTest: takeRows(y, test),
  };
}

/** Trains on the training rows of a fold and scores its test rows. */
function evaluate(estimator: Estimator, scoring: Scoring, { xTrain, yTrain, xTest, yTest }: Parts): Pending<number> {
  const model = estimator.fit(xTrain, yTrain);
  return scoring === 'accuracy' ? model.score(xTest, yTest) : scoring(model, xTest, yTest);
}

/**
 * The outer score of the chosen candidate. Parameters that may be delayed come out of the choice; for every combination
 * of the others there is a variant of the model, and the choice picks the score of the right one.
 */
function scoreOfChoice(
  estimator: Estimator,
  candidates: readonly Parameters[],
  choice: Delayed<Choice>,
  score: (estimator: Estimator) => Pending<number>,
): Pending<number> {
  const chosen: Record<string, unknown> = {};
  const fixedNames: string[] = [];
  for (const name of Object.keys(candidates[0] ?? {})) {
    const values = candidates.map((candidate) => candidate[name]!);
    const inGraph = estimator.delayable.has(name) && values.every((value) => typeof value === 'number');
    if (inGraph) chosen[name] = valueTask(choice, values);
    else fixedNames.push(name);
  }
  const variants = new Map<string, Record<string, ParameterValue>>();
  const keys = candidates.map((candidate) => {
    const fixed = Object.fromEntries(fixedNames.map((name) => [name, candidate[name]!]));
    const key = JSON.stringify(Object.entries(fixed));
    variants.set(key, fixed);
    return key;
  });
  const scores = Array.from(variants.values(), (fixed) => score(estimator.with({ ...fixed, ...chosen })));
  const [only] = scores;
  if (scores.length === 1 && only !== undefined) return only;
  const places = [...variants.keys()];
  const variantOf = keys.map((key) => places.indexOf(key));
  return variantTask(choice, variantOf, scores) as Pending<number>;
}

/** What breaks ties: the parameter's value when there is one numeric parameter. */
function tieRanks(candidates: readonly Parameters[]): number[] | null {
  const ranks = candidates.map((candidate) => {
    const values = Object.values(candidate);
    return values.length === 1 ? values[0] : undefined;
  });
  return ranks.every((rank) => typeof rank === 'number') ? ranks : null;
}

function estimatorOf({ estimator }: Problem, where: string): Estimator {
  if (typeof estimator?.fit === 'function' && typeof estimator.with === 'function') return estimator;
  throw new OptionError('estimator', `${where}: estimator must be one such as new SVC({ C: 1 })`);
}

function samplesOf({ x, y }: Problem, where: string): { x: LazyArray; y: LazyArray } {
  if (x === undefined || y === undefined) throw new ArgumentError(`${where}: both x and y are needed`);
  const samples = asFloat64(asLazy(x, `${where}: x`));
  const labels = asLazy(y, `${where}: y`);
  if (samples.ndim !== 2 || labels.ndim !== 1 || samples.shape[0] !== labels.shape[0]) {
    throw new ShapeError(
      `${where}: expected x of shape [n, features] and y of shape [n], got [${samples.shape.join(', ')}] and [${labels.shape.join(', ')}]`,
    );
  }
  return { x: samples, y: labels };
}

function splitter(given: Splitter | number | undefined, name: string, where: string): Splitter {
  if (given === undefined || typeof given === 'number') return new StratifiedKFold({ nSplits: given ?? 5 });
  if (typeof given === 'object' && given !== null && typeof given.split === 'function') return given;
  throw new OptionError(name, `${where}: ${name} must be folds such as new KFold({ nSplits: 4 }), or their number`);
}
