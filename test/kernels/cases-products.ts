/** Cases of `contract`: products of strided arrays, in every loop that there is for them. */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { NDArray, sizeOf } from '../../dist/array/ndarray.js';
import { contract, contractionParams } from '../../dist/kernels/contraction.js';
import type { ContractionAxis } from '../../dist/kernels/contraction-form.js';
import type { Case } from './cases.js';
import { runJs } from './harness.js';
import { array, epsilon, flavours, generator, smallest } from './numbers.js';

const dtype = fc.constantFrom<DType>('float64', 'float32', 'float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');
const length = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0, 1, 1, 2, 3, 4, 7, 8, 9, 17, 33, 65) },
  { weight: 1, arbitrary: fc.constantFrom(130, 257, 300) },
);
const loops = fc.oneof(
  { weight: 12, arbitrary: fc.record({ m: length, n: length, k: length }) },
  // dot products in pieces, and matrix times vector in blocks of rows
  {
    weight: 1,
    arbitrary: fc.record({ m: fc.constantFrom(1, 3), n: fc.constant(1), k: fc.constantFrom(131072, 200003) }),
  },
  { weight: 1, arbitrary: fc.record({ m: fc.constant(5000), n: fc.constant(1), k: fc.constantFrom(1, 2, 40) }) },
  // columns cut along k as well; a matrix that no cache holds
  {
    weight: 1,
    arbitrary: fc.record({ m: fc.constantFrom(300, 4100), n: fc.constant(1), k: fc.constantFrom(901, 135) }),
  },
);

/** What an operand is laid out as: an order of its axes in memory, and those along which it repeats itself. */
interface Layout {
  readonly steps: readonly number[];
  readonly size: number;
}

function layout(random: () => number, lengths: readonly number[], gap: boolean): Layout {
  const order = lengths.map((_, axis) => axis);
  if (random() < 0.6) order.sort(() => random() - 0.5);
  const steps = lengths.map(() => 0);
  let stride = gap ? 2 : 1;
  for (const axis of order.toReversed()) {
    if (random() < 0.1) continue;
    steps[axis] = stride;
    stride *= Math.max(1, lengths[axis]!);
  }
  return { steps, size: stride };
}

function absolute(x: NDArray): NDArray {
  return new NDArray(x.copy().data.map(Math.abs) as never, { shape: x.shape, dtype: x.dtype });
}

const contractCase = fc
  .record({
    loops,
    items: fc.array(fc.constantFrom(1, 2, 3, 5), { maxLength: 3 }),
    dtype,
    gapA: fc.boolean(),
    gapB: fc.boolean(),
    backwards: fc.boolean(),
    along: fc.boolean(),
    flavour: fc.constantFrom(...flavours),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ loops: { m, n, k }, items, dtype: type, gapA, gapB, backwards, along, flavour, seed }): Case => {
    const random = generator(seed);
    const each = m * n * k > 1e5 ? [] : items;
    const isAlong = along && n === 1;
    const a = layout(random, [...each, m, k], gapA);
    const b = layout(random, isAlong ? [...each, m, k] : [...each, k, n], gapB);
    const stepsA = [...a.steps];
    let fromA = 0;
    if (backwards && k > 0) {
      fromA = (k - 1) * stepsA.at(-1)!;
      stepsA[stepsA.length - 1] = -stepsA.at(-1)!;
    }
    const rank = each.length;
    const axis = (value: number, inA: number, inB: number): ContractionAxis => [value, inA, inB];
    const params = contractionParams({
      shape: [...each, m, n],
      items: each.map((value, i) => axis(value, stepsA[i]!, b.steps[i]!)),
      m: axis(m, stepsA[rank]!, isAlong ? b.steps[rank]! : 0),
      n: axis(n, 0, isAlong ? 0 : b.steps[rank + 1]!),
      k: axis(k, stepsA[rank + 1]!, isAlong ? b.steps[rank + 1]! : b.steps[rank]!),
      fromA,
      fromB: 0,
    });
    const isFloat = type === 'float64' || type === 'float32';
    const value = (): number => Math.floor(random() * (type === 'bool' ? 1.2 : 2 ** 32));
    const operand = (size: number): NDArray =>
      array(random, [Math.max(1, size)], type, isFloat ? { flavour } : { value });
    const inputs = [operand(a.size), operand(b.size)];
    const check: Case['check'] = ([expected], [actual]) => {
      const bounds = isFloat ? runJs(contract, inputs.map(absolute), params)[0]! : undefined;
      for (let i = 0; i < sizeOf(expected!.shape); i++) {
        const [x, y] = [expected!.data[i]!, actual!.data[i]!];
        const allowed = bounds === undefined ? 0 : (k + 4) * (epsilon(type) * bounds.data[i]! + smallest(type));
        if (x === y || Object.is(x, y) || Math.abs(x - y) <= allowed) continue;
        throw new Error(`element ${i} is ${y}, the reference ${x}, more than ${allowed} apart`);
      }
    };
    return { inputs, params, check };
  });

export const productCases = { contract: contractCase };
