/**
 * `cumsum` and `cumprod`: running sums and products along an axis, one element after the other as NumPy does it, so that
 * the bits are the same whatever shares the work. float32 stays float32; integers and booleans answer float64.
 */
import { itemSize } from '../array/dtype.js';
import { sizeOf } from '../array/ndarray.js';
import { floatType } from '../array/promote.js';
import type { ArraySpec, Kernel } from './contract.js';
import { flat } from './flat.js';
import { scanBody } from './gpu/scan.js';
import { CONTEXT_BYTES, checkLines, forEachLine, typeCode } from './lines.js';

function scan(name: 'cumsum' | 'cumprod'): Kernel {
  const isProduct = name === 'cumprod';
  return {
    name,
    infer(inputs, params) {
      const { length } = checkLines(name, inputs, params);
      const [x] = inputs as [ArraySpec];
      const shape = params.axis === undefined ? [length] : x.shape;
      return { outputs: [{ dtype: floatType(x.dtype), shape }], scratch: CONTEXT_BYTES };
    },
    cost([x]) {
      const size = sizeOf(x!.shape);
      return { flops: 4 * size, bytes: size * (itemSize(x!.dtype) + itemSize(floatType(x!.dtype))) };
    },
    bodies: {
      js(inputs, outputs, params) {
        const lines = checkLines(name, inputs, params);
        const x = flat(inputs[0]!);
        const { data, offset, dtype } = outputs[0]!;
        const { length, inner } = lines;
        const round = dtype === 'float32' ? Math.fround : (value: number): number => value;
        forEachLine(lines, (start) => {
          for (let i = 0, sum = isProduct ? 1 : -0; i < length; i++) {
            const value = x[start + i * inner]!;
            sum = round(isProduct ? sum * value : sum + value);
            data[offset + start + i * inner] = sum;
          }
        });
      },
      gpu: scanBody(isProduct ? 'product' : 'sum', (inputs, params) => checkLines(name, inputs, params)),
      wasm: {
        export: 'cumulate',
        isWide(inputs, params) {
          const { outer, inner } = checkLines(name, inputs, params);
          return outer * inner > 1 && sizeOf(inputs[0]!.shape) >= 1 << 17;
        },
        args(inputs, [out], params, scratch) {
          const { outer, length, inner } = checkLines(name, inputs, params);
          const [x] = inputs;
          return [typeCode(x!), Number(isProduct), outer, length, inner, x!.pointer, out!.pointer, scratch];
        },
      },
    },
  };
}

/** x of any shape → the same shape: running sums along `axis`; without it, of x as one line (size). O(size). */
export const cumsum: Kernel = scan('cumsum');

/** As `cumsum`, with products. */
export const cumprod: Kernel = scan('cumprod');
