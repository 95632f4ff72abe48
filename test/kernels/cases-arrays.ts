/** Cases of the kernels that move elements: results are equal, whatever the elements are. */
import fc from 'fast-check';
import type { DType } from '../../dist/array/dtype.js';
import { type NDArray, rowMajorStrides } from '../../dist/array/ndarray.js';
import { assembleParams } from '../../dist/kernels/assemble.js';
import type { Piece } from '../../dist/kernels/piece.js';
import { reshapeParams } from '../../dist/kernels/reshape.js';
import type { Case } from './cases.js';
import { array, generator } from './numbers.js';

const dtype = fc.constantFrom<DType>('float64', 'float32', 'int32', 'uint32', 'uint8', 'bool');
const shape = fc.array(fc.constantFrom<number>(0, 1, 1, 2, 3, 5, 8, 9, 17), { maxLength: 4 });
const common = { dtype, seed: fc.integer({ min: 0, max: 2 ** 31 }), strided: fc.boolean() };

/** An array of any dtype; special values among floats, all values of the range among integers. */
function any(random: () => number, lengths: readonly number[], type: DType, strided: boolean): NDArray {
  if (type === 'float64' || type === 'float32') return array(random, lengths, type, { strided, flavour: 'special' });
  const value = (): number => Math.floor(random() * (type === 'bool' ? 2 : 2 ** 32));
  return array(random, lengths, type, { strided, value });
}

const equal: Case['check'] = ([expected], [actual]) => {
  for (let i = 0; i < expected!.size; i++) {
    if (Object.is(expected!.data[i], actual!.data[i])) continue;
    throw new Error(`element ${i} is ${actual!.data[i]}, the reference ${expected!.data[i]}`);
  }
};

/** A box of `box` cut out of an input somewhere, walked forwards or backwards, or repeated; put at `to` of the output. */
function pieceOf(
  random: () => number,
  input: number,
  source: readonly number[],
  box: readonly number[],
  to: number,
  toStrides: readonly number[],
): Piece {
  const own = rowMajorStrides(source);
  let from = 0;
  const fromStrides = box.map((length, axis) => {
    const slack = source[axis]! - length;
    if (slack < 0 || random() < 0.2) {
      from += Math.floor(random() * source[axis]!) * own[axis]!;
      return 0;
    }
    const start = Math.floor(random() * (slack + 1));
    const isBackwards = random() < 0.2;
    from += (isBackwards ? start + length - 1 : start) * own[axis]!;
    return isBackwards ? -own[axis]! : own[axis]!;
  });
  return [input, from, to, box, fromStrides, toStrides];
}

/** The output is cut at one place of every axis; every one of the boxes comes from somewhere. */
const assemble = fc
  .record({
    shape: fc.oneof(
      { weight: 15, arbitrary: shape },
      { weight: 1, arbitrary: fc.constantFrom<number[]>([70000], [300, 701], [2, 3, 65537]) },
    ),
    ...common,
  })
  .map(({ shape: lengths, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const sources = [lengths.map((length) => length + 1), lengths.map((length) => Math.max(1, length >> 1)), []];
    const inputs = sources.map((source) => any(random, source, type, strided));
    const strides = rowMajorStrides(lengths);
    const pieces: Piece[] = [];
    const cut = (axis: number, to: number, box: readonly number[]): void => {
      if (axis === lengths.length) {
        const input = Math.floor(random() * 3);
        const source = sources[input]!;
        if (source.length === 0) pieces.push([input, 0, to, box, box.map(() => 0), strides]);
        else pieces.push(pieceOf(random, input, source, box, to, strides));
        return;
      }
      const at = Math.floor(random() * (lengths[axis]! + 1));
      for (const [start, end] of [
        [0, at],
        [at, lengths[axis]!],
      ] as const) {
        if (end > start) cut(axis + 1, to + start * strides[axis]!, [...box, end - start]);
      }
    };
    cut(0, 0, []);
    return { inputs, params: assembleParams(lengths, pieces), check: equal };
  });

const reshape = fc.record({ shape, ...common }).map(({ shape: lengths, dtype: type, seed, strided }): Case => {
  const random = generator(seed);
  const size = lengths.reduce((a, b) => a * b, 1);
  const half = size % 2 === 0 ? [2, size / 2] : [1, size, 1];
  const target = [half, [size], [...lengths].reverse(), [1, ...lengths]][Math.floor(random() * 4)]!;
  return { inputs: [any(random, lengths, type, strided)], params: reshapeParams(target), check: equal };
});

const take = fc
  .record({
    before: fc.array(fc.constantFrom<number>(0, 1, 2, 3), { maxLength: 2 }),
    length: fc.constantFrom(0, 1, 2, 7, 64, 65),
    after: fc.array(fc.constantFrom<number>(0, 1, 2, 3, 4, 8, 9, 17), { maxLength: 2 }),
    picked: fc.array(fc.constantFrom<number>(0, 1, 2, 3, 16, 33), { maxLength: 3 }),
    outside: fc.constantFrom(0, 0, 0, 0, 0.01),
    ...common,
  })
  .map(({ before, length, after, picked, outside, dtype: type, seed, strided }): Case => {
    const random = generator(seed);
    const x = any(random, [...before, length, ...after], type, strided);
    const value = (): number => {
      if (random() < outside) return random() < 0.5 ? length : -length - 1;
      return Math.floor(random() * 2 * length) - length;
    };
    const indices = array(random, length === 0 && outside === 0 ? [0] : picked, 'int32', { strided, value });
    return { inputs: [x, indices], params: { axis: before.length }, check: equal };
  });

export const arrayCases = { assemble, reshape, take };
