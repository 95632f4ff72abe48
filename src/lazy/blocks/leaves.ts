/** Blocks of arrays that are there: views of their memory, each with a key of its own made of the whole array's key. */
import { NDArray } from '../../array/ndarray.js';
import { TaskNode } from '../../graph/node.js';
import { arrayKey } from '../keys.js';
import { LazyArray } from '../lazy-array.js';
import { blocksBy } from './blocked.js';
import { blockCount, type Sizes } from './grid.js';

/** An array that is there in blocks of these sizes. Nothing is copied; O(blocks), and O(bytes) once for the key. */
export function leafBlocks(array: NDArray, chunks: Sizes): LazyArray {
  const whole = arrayKey(array);
  const isWhole = blockCount(chunks) === 1;
  return blocksBy(chunks, (shape, start) => {
    const { data, dtype, strides } = array;
    const offset = start.reduce((sum, index, axis) => sum + index * strides[axis]!, array.offset);
    const block = isWhole ? array : new NDArray(data, { shape, dtype, strides, offset });
    const key = isWhole ? whole : `${whole}[${start.map((from, axis) => `${from}:${from + shape[axis]!}`).join(',')}]`;
    const op = { kind: 'value', name: 'array' } as const;
    return new LazyArray(new TaskNode(op, [block], [], undefined, key, true), block);
  });
}
