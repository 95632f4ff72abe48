/**
 * One line in blocks, sorted in blocks: each is sorted, and then pairs are merged and split in the order of Batcher's
 * odd-even merge exchange (Knuth, The Art of Computer Programming, vol. 3, 5.2.2, algorithm M), where a comparison of two
 * elements becomes a merge of two blocks (5.3.4, exercise 38). That holds for blocks of equal length, so short ones are
 * filled up with what sorts last. About k·log²k / 4 merges of k blocks; memory: two blocks, their merge, and the sort's own.
 */
import type { DType } from '../../array/dtype.js';
import { concat } from '../join.js';
import type { LazyArray } from '../lazy-array.js';
import { reshape } from '../manipulate.js';
import { pad } from '../pad.js';
import { slice } from '../slice.js';
import { fromBlocks } from './blocked.js';

/** Nothing sorts behind it. */
const last: Readonly<Record<DType, number | boolean>> = {
  float64: Number.NaN,
  float32: Number.NaN,
  int32: 2 ** 31 - 1,
  uint32: 2 ** 32 - 1,
  uint8: 255,
  bool: true,
};

/** All elements of `blocks`, at least one, in ascending order, in blocks as long as the longest. */
export function sortedInBlocks(blocks: readonly LazyArray[], sort: (vector: LazyArray) => LazyArray): LazyArray {
  const length = Math.max(...blocks.map(({ size }) => size));
  const total = blocks.reduce((sum, { size }) => sum + size, 0);
  const vectors = blocks.map((block) => {
    const vector = block.ndim === 1 ? block : reshape(block, [-1]);
    const whole =
      vector.size === length ? vector : pad(vector, [[0, length - vector.size]], { value: last[block.dtype] });
    return sort(whole);
  });
  for (const [i, j] of mergeExchange(vectors.length)) {
    const merged = sort(concat([vectors[i]!, vectors[j]!], { axis: 0 }));
    vectors[i] = slice(merged, [[0, length]]);
    vectors[j] = slice(merged, [[length, 2 * length]]);
  }
  // what was filled in is behind everything
  const sizes = vectors.map((_, i) => Math.max(0, Math.min(length, total - i * length)));
  const kept = vectors.filter((_, i) => sizes[i]! > 0).map((vector, i) => slice(vector, [[0, sizes[i]!]]));
  return fromBlocks([sizes.filter((size) => size > 0)], kept);
}

/** The comparisons that sort n elements. */
export function* mergeExchange(n: number): Generator<readonly [number, number]> {
  for (let p = 1; p < n; p *= 2) {
    for (let k = p; k >= 1; k >>= 1) {
      for (let j = k % p; j + k < n; j += 2 * k) {
        for (let i = j; i < Math.min(j + k, n - k); i++) {
          if (Math.floor(i / (2 * p)) === Math.floor((i + k) / (2 * p))) yield [i, i + k];
        }
      }
    }
  }
}
