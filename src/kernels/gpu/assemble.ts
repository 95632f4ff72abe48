/**
 * Copies of boxes on the GPU: one pass for each piece, a thread for each of its elements. Of four-byte dtypes: threads
 * that write bytes of one word would be in each other's way.
 */
import { itemSize } from '../../array/dtype.js';
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuPass, KernelParams } from '../contract.js';
import type { Piece } from '../piece.js';
import { mainCode, spread } from './spread.js';
import { intWord } from './words.js';

/** More pieces than this are faster on the processor: each is a dispatch. */
const MOST_BOXES = 256;

function codeOf(axes: number): string {
  const dims = Array.from({ length: axes }, (_, i) => i);
  const fields = [
    'size: u32, width: u32, begin: u32, end: u32',
    ...dims.map((i) => `d${i}: u32, f${i}: u32, t${i}: u32`),
  ];
  const steps = dims
    .toReversed()
    .map((i) => `{ let x = rest % p.d${i}; rest /= p.d${i}; read += x * p.f${i}; write += x * p.t${i}; }`);
  return `struct P { ${fields.join(', ')} }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: P;
${mainCode(`var rest = i;
  var read = p.begin;
  var write = p.end;
  ${steps.join('\n  ')}
  out[write] = x[read];`)}`;
}

/** The body of `assemble`: `boxesOf` says what a call copies, and the shape it makes. */
export function assembleBody(
  boxesOf: (
    inputs: readonly ArraySpec[],
    params: KernelParams,
  ) => { readonly shape: readonly number[]; readonly boxes: readonly Piece[] },
): GpuBody {
  return {
    can(inputs, params, gpu) {
      const { dtype } = inputs[0]!;
      if (itemSize(dtype) !== 4) return false;
      const { shape, boxes } = boxesOf(inputs, params);
      const isBound = [shape, ...inputs.map((input) => input.shape)].every((one) => 4 * sizeOf(one) <= gpu.maxBinding);
      return isBound && boxes.length <= MOST_BOXES;
    },
    plan(inputs, _outputs, params, gpu) {
      const passes = boxesOf(inputs, params).boxes.map(([index, from, to, box, fromStrides, toStrides]): GpuPass => {
        const size = sizeOf(box);
        const { workgroups, width } = spread(size, gpu);
        const steps = box.flatMap((length, axis) => [length, intWord(fromStrides[axis]!), intWord(toStrides[axis]!)]);
        return {
          code: codeOf(box.length),
          operands: [
            { of: 'input', index },
            { of: 'output', index: 0 },
          ],
          numbers: [size, width, from, to, ...steps],
          workgroups,
        };
      });
      return { passes };
    },
  };
}
