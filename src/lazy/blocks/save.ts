/**
 * Arrays in blocks into files: every block is written by a task on the main thread as soon as it is there, and needed no
 * longer. In a `.npy` file a block has its place, so that they come in any order; in a `.csv` file they come in order.
 */
import type { FileHandle } from 'node:fs/promises';
import { toNDArray } from '../../array/convert.js';
import { type CsvWriteOptions, csvParts } from '../../array/csv-write.js';
import { itemSize } from '../../array/dtype.js';
import { rowMajorStrides } from '../../array/ndarray.js';
import { npyHeader } from '../../array/npy.js';
import { delayed } from '../../graph/delayed.js';
import { hook } from '../../graph/hooks.js';
import type { LazyArray } from '../lazy-array.js';
import { blocksOf, type Chunked, sizesOf } from './blocked.js';
import { forEachBlock, startsOf } from './grid.js';
import { rechunked } from './rechunk.js';

/** A single write takes less than 2 GiB and may write less than it is given. `position`: default, where the last ended. */
async function writeWhole(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const length = Math.min(bytes.length - written, 1 << 30);
    const at = position === undefined ? undefined : position + written;
    written += (await file.write(bytes, written, length, at)).bytesWritten;
  }
}

/** Text or bytes after what was written last. */
export function writeText(file: FileHandle, part: Uint8Array | string): Promise<void> {
  return writeWhole(file, typeof part === 'string' ? Buffer.from(part) : part);
}

type Write = (block: unknown, ...before: readonly unknown[]) => Promise<void>;

/** A task that writes a block after those that `before` stand for. */
function writing(write: Write): (block: LazyArray, ...before: readonly unknown[]) => unknown {
  const task: unknown = delayed(write as (...args: never[]) => unknown, { name: 'save', cost: { seconds: 1e-6 } });
  return task as (block: LazyArray, ...before: readonly unknown[]) => unknown;
}

/** Writes `x` as a `.npy` file to `file`, which is empty. */
export async function saveNpyBlocks(file: FileHandle, x: Chunked): Promise<void> {
  const header = npyHeader(x);
  await writeWhole(file, header, 0);
  const strides = rowMajorStrides(x.shape);
  const starts = x.chunks.map(startsOf);
  const bytes = itemSize(x.dtype);
  const tasks: unknown[] = [];
  forEachBlock(x.chunks, (index, at) => {
    const to = index.reduce((sum, i, axis) => sum + starts[axis]![i]! * strides[axis]!, 0);
    const write: Write = async (value) => {
      const { data, offset, shape, size } = toNDArray(value, { where: 'nd.save' }).copy();
      const all = new Uint8Array(data.buffer, data.byteOffset + offset * bytes, size * bytes);
      // axes that the block has whole lie in one piece with the one before them
      let axis = shape.length;
      while (axis > 0 && shape[axis - 1] === x.shape[axis - 1]) axis--;
      const outer = shape.slice(0, Math.max(0, axis - 1));
      const run = size === 0 ? 0 : (size / outer.reduce((count, length) => count * length, 1)) * bytes;
      const place = outer.map(() => 0);
      for (let from = 0; from < all.length; from += run) {
        const first = place.reduce((sum, i, k) => sum + i * strides[k]!, to);
        await writeWhole(file, all.subarray(from, from + run), header.length + first * bytes);
        for (let k = place.length - 1; k >= 0; k--) {
          place[k] = place[k]! + 1;
          if (place[k]! < outer[k]!) break;
          place[k] = 0;
        }
      }
    };
    tasks.push(writing(write)(x.blocks![at]!));
  });
  await hook('compute')(tasks);
}

/** Writes a vector or matrix as CSV to `file`, which is empty. */
export async function saveCsvBlocks(file: FileHandle, x: Chunked, options: CsvWriteOptions): Promise<void> {
  const rows = rechunked(
    x,
    sizesOf(x).map((sizes, axis) => (axis === 0 ? sizes : [x.shape[axis]!])),
  );
  let last: unknown;
  blocksOf(rows).forEach((block, i) => {
    const { columns, ...rest } = options;
    const own = i === 0 ? options : rest;
    const write: Write = async (value) => {
      for (const part of csvParts(toNDArray(value, { where: 'nd.save', dtype: x.dtype }), own)) {
        await writeText(file, part);
      }
    };
    last = last === undefined ? writing(write)(block) : writing(write)(block, last);
  });
  await hook('compute')(last);
}
