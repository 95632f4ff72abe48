/** The reference of reductions: all values of an output in a list, and what NumPy makes of such a list. */
import type { NDArray } from '../../array/ndarray.js';
import { sizeOf } from '../../array/ndarray.js';
import type { Call } from '../expression-call.js';
import { evaluateBlocks } from './evaluate.js';

type List = Float64Array;

function pairwise(values: List, from: number, to: number): number {
  if (to - from <= 8) {
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    return sum;
  }
  const middle = from + ((to - from) >> 1);
  return pairwise(values, from, middle) + pairwise(values, middle, to);
}

const sum = (values: List): number => pairwise(values, 0, values.length);

/** The first place of the best value; NaN is better than any number. */
function best(values: List, isBetter: (a: number, b: number) => boolean): number {
  let at = 0;
  for (let i = 1; i < values.length && !Number.isNaN(values[at]!); i++) {
    if (Number.isNaN(values[i]!) || isBetter(values[i]!, values[at]!)) at = i;
  }
  return at;
}

function variance(values: List, ddof: number): number {
  const mean = sum(values) / values.length;
  return sum(values.map((x) => (x - mean) ** 2)) / Math.max(0, values.length - ddof);
}

const less = (a: number, b: number): boolean => a < b;
const greater = (a: number, b: number): boolean => a > b;

const reducers: Readonly<Record<string, (values: List, ddof: number) => number>> = {
  sum,
  prod: (values) => values.reduce((product, x) => product * x, 1),
  min: (values) => values[best(values, less)]!,
  max: (values) => values[best(values, greater)]!,
  any: (values) => Number(values.includes(1)),
  all: (values) => Number(!values.includes(0)),
  argmin: (values) => best(values, less),
  argmax: (values) => best(values, greater),
  mean: (values) => sum(values) / values.length,
  var: variance,
  std: (values, ddof) => Math.sqrt(variance(values, ddof)),
};

interface Reduced {
  readonly reduction: string;
  readonly values: Call;
  readonly reduced: readonly boolean[];
  readonly terms: number;
  readonly ddof: number;
}

/** Writes the reduction of an expression to `out`, outputs in row-major order. */
export function reduceTo(
  { reduction, values, reduced, terms, ddof }: Reduced,
  inputs: readonly NDArray[],
  out: NDArray,
) {
  const { shape } = values;
  const outputs = sizeOf(shape.filter((_, axis) => !reduced[axis]));
  const lists = Array.from({ length: outputs }, () => new Float64Array(terms));
  const filled = new Uint32Array(outputs);
  evaluateBlocks(values, inputs, (block, start) => {
    block.forEach((value, i) => {
      // which output this place belongs to
      let [rest, output, step] = [start + i, 0, 1];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const length = shape[axis]!;
        if (!reduced[axis]) {
          output += (rest % length) * step;
          step *= length;
        }
        rest = Math.floor(rest / length);
      }
      lists[output]![filled[output]!++] = value;
    });
  });
  lists.forEach((list, i) => {
    out.data[out.offset + i] = reducers[reduction]!(list, ddof);
  });
}
