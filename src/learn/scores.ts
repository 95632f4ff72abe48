/** The bodies of the small tasks that gather scores and choose by them; plain functions over plain numbers. */
import type { Parameters, ParameterValue } from './grid.js';

/** The sum, from left to right, divided by the count: as the loops of a cross-validation written by hand. */
export function meanScore(scores: readonly number[]): number {
  let total = 0;
  for (const score of scores) total += score;
  return total / scores.length;
}

/** The mean score of every candidate, and which one is chosen. */
export interface Choice {
  readonly means: readonly number[];
  readonly best: number;
}

/**
 * The candidate with the best mean score. `ranks` breaks ties: the highest among equals; without it, the first.
 *
 * @param scores one list of scores per candidate, a score per fold
 */
export function chooseBest(scores: readonly (readonly number[])[], ranks: readonly number[] | null): Choice {
  const means = scores.map(meanScore);
  let best = 0;
  for (let i = 1; i < means.length; i++) {
    const better = means[i]! > means[best]!;
    const tied = means[i] === means[best] && ranks !== null && ranks[i]! > ranks[best]!;
    if (better || tied) best = i;
  }
  return { means, best };
}

/** The value that the chosen candidate has. */
export function chosenValue(choice: Choice, values: readonly ParameterValue[]): ParameterValue {
  return values[choice.best]!;
}

/** One score of several: that of the variant to which the chosen candidate belongs. */
export function scoreOfVariant(choice: Choice, variantOf: readonly number[], scores: readonly number[]): number {
  return scores[variantOf[choice.best]!]!;
}

export interface CrossValidation {
  /** The score on every test fold. */
  testScore: number[];
  meanTestScore: number;
}

export function gatherScores(scores: readonly number[]): CrossValidation {
  return { testScore: [...scores], meanTestScore: meanScore(scores) };
}

export interface NestedCrossValidation {
  /** The mean of the outer scores. */
  testScore: number;
  /** The score on every outer test fold, of the model with the parameters chosen for that fold. */
  outerScores: number[];
  /** The parameters chosen for every outer fold. */
  bestParams: Parameters[];
  /** The mean inner score by outer fold and candidate, in the order of the grid. */
  innerScores: number[][];
}

export function gatherNested(
  outerScores: readonly number[],
  choices: readonly Choice[],
  candidates: readonly Parameters[],
): NestedCrossValidation {
  return {
    testScore: meanScore(outerScores),
    outerScores: [...outerScores],
    bestParams: choices.map((choice) => ({ ...candidates[choice.best]! })),
    innerScores: choices.map((choice) => [...choice.means]),
  };
}
