/** Cases of `contract` whose operands are whole arrays with their axes in any order: what libraries have products for. */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { contract, contractionParams } from '../../dist/kernels/contraction.js';
import { type Case, within } from '../kernels/cases.js';
import { runJs } from '../kernels/harness.js';
import { array, epsilon, flavours, generator, smallest } from '../kernels/numbers.js';

const length = fc.constantFrom(1, 2, 3, 5, 8, 17, 33, 64, 130);

const absolute = (x: NDArray): NDArray => new NDArray(x.data.map(Math.abs) as never, x);

/** The steps of axes of these lengths that lie in `order` in memory, 0 for those that repeat. */
function stepsOf(lengths: readonly number[], order: readonly number[], repeats: readonly boolean[]): number[] {
  const steps = lengths.map(() => 0);
  let step = 1;
  for (const axis of order.toReversed()) {
    if (repeats[axis]) continue;
    steps[axis] = step;
    step *= lengths[axis]!;
  }
  return steps;
}

/** @param dtypes of the operands */
export function denseContractions(...dtypes: readonly DType[]): fc.Arbitrary<Case> {
  return fc
    .record({
      items: fc.array(fc.constantFrom(1, 2, 3, 4), { maxLength: 3 }),
      m: length,
      n: length,
      k: length,
      dtype: fc.constantFrom(...dtypes),
      isInOrder: fc.boolean(),
      flavour: fc.constantFrom(...flavours),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
    })
    .map(({ items, m, n, k, dtype, isInOrder, flavour, seed }) => {
      const random = generator(seed);
      const operand = (rows: number, columns: number): { steps: number[]; values: NDArray } => {
        const lengths = [...items, rows, columns];
        const order = lengths.map((_, axis) => axis);
        if (!isInOrder) order.sort(() => random() - 0.5);
        const repeats = lengths.map((_, axis) => axis < items.length && random() < 0.2);
        const size = sizeOf(lengths.filter((_, axis) => !repeats[axis]));
        return { steps: stepsOf(lengths, order, repeats), values: array(random, [size], dtype, { flavour }) };
      };
      const a = operand(m, k);
      const b = operand(k, n);
      const rank = items.length;
      const params = contractionParams({
        shape: [...items, m, n],
        items: items.map((each, i) => [each, a.steps[i]!, b.steps[i]!] as const),
        m: [m, a.steps[rank]!, 0],
        n: [n, 0, b.steps[rank + 1]!],
        k: [k, a.steps[rank + 1]!, b.steps[rank]!],
        fromA: 0,
        fromB: 0,
      });
      const inputs = [a.values, b.values];
      const check: Case['check'] = ([expected], [actual]) => {
        const bounds = runJs(contract, inputs.map(absolute), params)[0]!;
        within(expected!, actual!, (i) => (k + 4) * (epsilon(dtype) * bounds.data[i]! + smallest(dtype)));
      };
      return { inputs, params, check };
    });
}
