/** Running sums and products along an axis, added one after the other as NumPy does it. */
import { floatType } from '../array/promote.js';
import type { Kernel } from '../kernels/contract.js';
import { cumprod as cumprodKernel, cumsum as cumsumKernel } from '../kernels/scan.js';
import { add, mul } from './arithmetic.js';
import { axisOf } from './axes.js';
import { type Chunked, fromBlocks, isChunked } from './blocks/blocked.js';
import { blockStrides, forEachBlock } from './blocks/grid.js';
import { isUnknown, late } from './late.js';
import { type ArrayInput, asLazy, kernelCall1, type LazyArray, leaf } from './lazy-array.js';
import { ravel } from './manipulate.js';
import { checkNames } from './options.js';
import { slice } from './slice.js';

export interface ScanOptions {
  /** The axis to go along, negative ones counted from the end; default: all of x as one line. */
  readonly axis?: number | null;
}

function scan(kernel: Kernel, x: ArrayInput, options: ScanOptions): LazyArray {
  const where = `nd.${kernel.name}`;
  checkNames(where, options, ['axis']);
  const axis = options.axis ?? null;
  const array = asLazy(x, where);
  const isScalar = array.ndim === 0 && (axis === 0 || axis === -1);
  const params = axis === null || isScalar ? {} : { axis: axisOf(axis, array, where) };
  if (isChunked(array)) {
    const lines = axis === null ? ravel(array) : array;
    return isChunked(lines) ? scanBlocks(kernel, lines, params.axis ?? 0) : scan(kernel, lines, options);
  }
  if (!isUnknown(array)) return kernelCall1(kernel, [array], params);
  const spec = { shape: axis === null ? [Number.NaN] : array.shape, dtype: floatType(array.dtype) };
  return late(kernel.name, [array], (value) => kernelCall1(kernel, [leaf(value)], params), spec);
}

/** The same of an array in blocks: each on its own, then joined with what all blocks before it come to. */
function scanBlocks(kernel: Kernel, x: Chunked, axis: number): LazyArray {
  const stride = blockStrides(x.chunks)[axis]!;
  const join = kernel.name === 'cumsum' ? add : mul;
  const own = x.blocks!.map((block) => kernelCall1(kernel, [block], { axis }));
  const before: LazyArray[] = [];
  const blocks: LazyArray[] = [];
  forEachBlock(x.chunks, (index, at) => {
    if (index[axis] === 0) {
      blocks.push(own[at]!);
      return;
    }
    const total = slice(
      own[at - stride]!,
      x.shape.map((_, k) => (k === axis ? [-1, null] : null)),
    );
    before[at] = index[axis] === 1 ? total : join(before[at - stride]!, total);
    blocks.push(join(own[at]!, before[at]!));
  });
  return fromBlocks(x.chunks, blocks);
}

/**
 * Running sums of x along an axis, of x's shape; without `axis` of all elements in row-major order, of one axis. float32
 * stays float32, whole numbers and booleans give float64. O(size).
 *
 * @throws ShapeError for an axis that x does not have
 *
 * @example
 * await nd.cumsum([1, 2, 3]).compute(); // [1, 3, 6]
 * await nd.cumsum([[1, 2], [3, 4]], { axis: 0 }).compute(); // [[1, 2], [4, 6]]
 */
export function cumsum(x: ArrayInput, options: ScanOptions = {}): LazyArray {
  return scan(cumsumKernel, x, options);
}

/**
 * Running products, otherwise as `cumsum`.
 *
 * @throws ShapeError, OptionError as `cumsum`
 *
 * @example
 * await nd.cumprod([1, 2, 3, 4]).compute(); // [1, 2, 6, 24]
 */
export function cumprod(x: ArrayInput, options: ScanOptions = {}): LazyArray {
  return scan(cumprodKernel, x, options);
}
