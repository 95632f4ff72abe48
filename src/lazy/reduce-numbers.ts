/** Reductions of JavaScript numbers, for lists of delayed ones: a handful, which a kernel would take longer to reach. */

import type { Reduction } from '../kernels/reduction-form.js';

/** Σ of numbers, added in pairs: the error grows with log n. */
function pairwise(numbers: Float64Array): number {
  if (numbers.length <= 8) return numbers.reduce((sum, number) => sum + number, 0);
  const middle = numbers.length >> 1;
  return pairwise(numbers.subarray(0, middle)) + pairwise(numbers.subarray(middle));
}

function variance(numbers: Float64Array, ddof: number): number {
  const mean = pairwise(numbers) / numbers.length;
  return pairwise(numbers.map((number) => (number - mean) ** 2)) / Math.max(numbers.length - ddof, 0);
}

/** The place of the first extreme, or of the first NaN. */
function placeOf(numbers: Float64Array, isBetter: (number: number, best: number) => boolean): number {
  let best = 0;
  for (let i = 0; i < numbers.length; i++) {
    if (Number.isNaN(numbers[i])) return i;
    if (isBetter(numbers[i]!, numbers[best]!)) best = i;
  }
  return best;
}

/** What the reduction kernel makes of a float64 vector. O(n) */
export function reduceNumbers(name: Reduction, numbers: Float64Array, ddof: number): number | boolean {
  switch (name) {
    case 'sum':
      return pairwise(numbers);
    case 'prod':
      return numbers.reduce((product, number) => product * number, 1);
    case 'mean':
      return pairwise(numbers) / numbers.length;
    case 'var':
      return variance(numbers, ddof);
    case 'std':
      return Math.sqrt(variance(numbers, ddof));
    case 'min':
      return numbers.reduce((least, number) => Math.min(least, number));
    case 'max':
      return numbers.reduce((most, number) => Math.max(most, number));
    case 'argmin':
      return placeOf(numbers, (number, best) => number < best);
    case 'argmax':
      return placeOf(numbers, (number, best) => number > best);
    case 'any':
      return numbers.some((number) => number !== 0);
    case 'all':
      return numbers.every((number) => number !== 0);
    default:
      return name satisfies never;
  }
}
