/**
 * One value a class from one value a pair of classes: votes first, and within equal votes the sum of confidences,
 * squeezed into (−1/3, 1/3) so that it never outweighs a vote. For two classes the single value, with the sign turned
 * so that positive means the second class. As scikit-learn's decision_function.
 */
import { toNDArray } from '../array/convert.js';
import { NDArray } from '../array/ndarray.js';

/** @param input decisions of shape (m, pairs), positive for the first class of the pair. O(m × pairs). */
export function ovrDecision(input: unknown, classes: number): NDArray {
  const decisions = toNDArray(input, { where: 'decisionFunction' });
  const [m = 0, pairs = 0] = decisions.shape;
  const { data } = decisions.isContiguous && decisions.offset === 0 ? decisions : decisions.copy();
  if (classes === 2) {
    return new NDArray(
      Float64Array.from({ length: m }, (_, i) => -data[i]!),
      { shape: [m], dtype: 'float64' },
    );
  }
  const votes = new Float64Array(m * classes);
  const confidences = new Float64Array(m * classes);
  for (let sample = 0; sample < m; sample++) {
    const row = sample * classes;
    let pair = sample * pairs;
    for (let first = 0; first < classes; first++) {
      for (let second = first + 1; second < classes; second++, pair++) {
        const value = data[pair]!;
        confidences[row + first]! += value;
        confidences[row + second]! -= value;
        votes[row + (value > 0 ? first : second)]! += 1;
      }
    }
  }
  const out = votes.map((vote, i) => vote + confidences[i]! / (3 * (Math.abs(confidences[i]!) + 1)));
  return new NDArray(out, { shape: [m, classes], dtype: 'float64' });
}
