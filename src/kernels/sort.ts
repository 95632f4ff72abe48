/**
 * `sort` and `argsort` along an axis: ascending, NaN last. The WebAssembly bodies are radix sorts (assembly/radix.ts);
 * `sort` puts −0 before 0 where it does not find the line sorted already, `argsort` is stable and takes them as equal.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import type { ArraySpec, Kernel, KernelParams } from './contract.js';
import { flat } from './flat.js';
import { sortBody } from './gpu/sort.js';
import { CONTEXT_BYTES, checkLines, forEachLine, PLAN_BYTES, sortedOrder, typeCode, WIDE } from './lines.js';

/** About 12 ns an element, two to three times that of what memory takes. */
const FLOPS = 24;

function isLarge([x]: readonly ArraySpec[]): boolean {
  return sizeOf(x!.shape) >= 1 << 15;
}

function cost([x]: readonly ArraySpec[], outBytes: number): { flops: number; bytes: number } {
  const size = sizeOf(x!.shape);
  return { flops: FLOPS * size, bytes: size * (7 * itemSize(x!.dtype) + outBytes) };
}

/** Bytes for lines of `length` elements that are gathered where they do not lie together. */
function scratch(x: ArraySpec, length: number, inner: number, word: number, words: number, outBytes: number): number {
  if (length < WIDE) return CONTEXT_BYTES;
  const gathered = inner > 1 ? length * (itemSize(x.dtype) + outBytes) : 0;
  return PLAN_BYTES + CONTEXT_BYTES + gathered + words * word * length;
}

/** x of any shape → the same shape, sorted along `axis`; without it, x as one line (size). O(n) a line, times its bits. */
export const sort: Kernel = {
  name: 'sort',
  infer(inputs, params) {
    const { length, inner } = checkLines('sort', inputs, params);
    const [x] = inputs as [ArraySpec];
    const shape = params.axis === undefined ? [length] : x.shape;
    const bytes = itemSize(x.dtype);
    return { outputs: [{ dtype: x.dtype, shape }], scratch: scratch(x, length, inner, bytes, 1, bytes) };
  },
  cost: (inputs) => cost(inputs, itemSize(inputs[0]!.dtype)),
  bodies: {
    js(inputs, [out], params) {
      const lines = checkLines('sort', inputs, params);
      const x = flat(inputs[0]!);
      const { length, inner } = lines;
      forEachLine(lines, (start) => {
        const line = x.slice(0, length);
        for (let i = 0; i < length; i++) line[i] = x[start + i * inner]!;
        line.sort();
        for (let i = 0; i < length; i++) out!.data[out!.offset + start + i * inner] = line[i]!;
      });
    },
    wasm: { export: 'sort', isWide: isLarge, args: lineArguments('sort') },
    gpu: sortBody('values'),
  },
};

function lineArguments(name: string) {
  return (
    inputs: readonly (ArraySpec & { readonly pointer: number })[],
    [out]: readonly { readonly pointer: number }[],
    params: KernelParams,
    room: number,
  ): number[] => {
    const { outer, length, inner } = checkLines(name, inputs, params);
    return [typeCode(inputs[0]!), outer, length, inner, inputs[0]!.pointer, out!.pointer, room];
  };
}

/** x of any shape → int32 of the same shape: for each line the positions that sort it, equal elements as they come. */
export const argsort: Kernel = {
  name: 'argsort',
  infer(inputs, params) {
    const { length, inner } = checkLines('argsort', inputs, params);
    const [x] = inputs as [ArraySpec];
    const shape = params.axis === undefined ? [length] : x.shape;
    return { outputs: [{ dtype: 'int32', shape }], scratch: scratch(x, length, inner, 8, 2, 4) };
  },
  cost: (inputs) => cost(inputs, 4),
  bodies: {
    js(inputs, [out], params) {
      const lines = checkLines('argsort', inputs, params);
      const x = flat(inputs[0]!);
      const { length, inner } = lines;
      forEachLine(lines, (start) => {
        const line = x.slice(0, length);
        for (let i = 0; i < length; i++) line[i] = x[start + i * inner]!;
        sortedOrder(line).forEach((position, i) => {
          out!.data[out!.offset + start + i * inner] = position;
        });
      });
    },
    wasm: { export: 'argsort', isWide: isLarge, args: lineArguments('argsort') },
    gpu: sortBody('positions'),
  },
};
