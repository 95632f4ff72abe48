/**
 * Element-wise kernels on the GPU: a thread for every element, or for every four where they have one byte. Arrays beyond
 * the size of a binding are gone through in parts where all lie alike; other walks through such arrays are left to the
 * processor.
 */
import { itemSize } from '../../array/dtype.js';
import type { ArraySpec } from '../../array/ndarray.js';
import { rowMajorStrides, sizeOf } from '../../array/ndarray.js';
import type { GpuBody, GpuOperand, GpuPass, GpuTraits, KernelParams } from '../contract.js';
import type { Call } from '../expression-call.js';
import { type Space, spaceOf, type Walk } from '../tiles.js';
import { storedCode, storedType } from './expression.js';
import { functionsCode } from './functions.js';
import { indicesCode, type Places, placesOf } from './places.js';
import { mainCode, spread } from './spread.js';

/** Elements of parts are multiples of this, so that every window begins at a multiple of 256 bytes. */
const ALIGNMENT = 256;

function spaceFor({ program, inputs, views, shape }: Call): Space {
  return spaceOf(program, inputs, views, shape, rowMajorStrides(shape));
}

const bytesOf = ({ dtype, shape }: ArraySpec): number => sizeOf(shape) * itemSize(dtype);

const isContiguous = ({ offset, strides, bytes }: Walk): boolean => offset === 0 && strides[0] === bytes;

/** Elements of a part: all, or what fits a binding where all operands are walked alike; 0 where that cannot be. */
function partSize(call: Call, { dims, walks }: Space, gpu: GpuTraits): number {
  const size = sizeOf(call.shape);
  const large = walks.filter(({ input }) => input >= 0 && bytesOf(call.inputs[input]!) > gpu.maxBinding);
  if (large.length === 0 && size * itemSize(call.dtype) <= gpu.maxBinding) return Math.max(1, size);
  if (dims.length !== 1 || !large.every(isContiguous)) return 0;
  const widest = Math.max(itemSize(call.dtype), ...walks.map(({ bytes }) => bytes));
  return Math.floor(gpu.maxBinding / widest / ALIGNMENT) * ALIGNMENT;
}

function codeOf({ dtype }: Call, { dims }: Space, places: Places): string {
  const { inputs, declarations, fields, functions, statements, result } = places;
  const isByte = itemSize(dtype) === 1;
  const type = isByte ? 'u32' : storedType(dtype);
  const store = isByte
    ? `var word = 0u;
  for (var e = 0u; e < 4u; e++) {
    if (i * 4u + e < p.count) { word |= element(i * 4u + e) << (e * 8u); }
  }
  out[i] = word;`
    : 'out[i] = element(i);';
  return `struct P { ${['size: u32, width: u32, count: u32', ...fields].join(', ')} }
${declarations}
@group(0) @binding(${inputs.length}) var<storage, read_write> out: array<${type}>;
@group(0) @binding(${inputs.length + 1}) var<uniform> p: P;
${functionsCode(functions)}
fn element(place: u32) -> ${type} {
  ${indicesCode(
    'place',
    dims.map((_, dim) => dim),
    'rest',
  )}
  ${statements}
  return ${storedCode(dtype, result)};
}
${mainCode(store)}`;
}

/** The body: `callOf` says what a call computes. */
export function elementwiseBody(callOf: (inputs: readonly ArraySpec[], params: KernelParams) => Call): GpuBody {
  return {
    can(inputs, params, gpu) {
      const call = callOf(inputs, params);
      const space = spaceFor(call);
      return partSize(call, space, gpu) > 0 && placesOf(call, space, gpu) !== undefined;
    },
    plan(inputs, _outputs, params, gpu) {
      const call = callOf(inputs, params);
      const space = spaceFor(call);
      const places = placesOf(call, space, gpu)!;
      const code = codeOf(call, space, places);
      const [total, each, bytes] = [sizeOf(call.shape), partSize(call, space, gpu), itemSize(call.dtype)];
      const passes: GpuPass[] = [];
      for (let start = 0; start < total; start += each) {
        const count = Math.min(each, total - start);
        const size = bytes === 1 ? Math.ceil(count / 4) : count;
        const { workgroups, width } = spread(size, gpu);
        const operands: GpuOperand[] = places.inputs.map((index) => {
          const item = itemSize(call.inputs[index]!.dtype);
          const isWhole = start === 0 && count === total;
          const isCut = !isWhole && space.walks.some((walk) => walk.input === index && isContiguous(walk));
          return { of: 'input', index, ...(isCut && { offset: start * item, bytes: count * item }) };
        });
        operands.push({ of: 'output', index: 0, offset: start * bytes, bytes: count * bytes });
        const words = start === 0 ? places.words : moved(places, space, start);
        passes.push({ code, operands, numbers: [size, width, count, ...words], workgroups });
      }
      return { passes };
    },
  };
}

/** The words of a part: indices begin where it begins. */
function moved({ words }: Places, { dims, walks }: Space, start: number): readonly number[] {
  const out = [...words];
  walks.forEach(({ index, strides }, w) => {
    const at = 1 + dims.length + w * (1 + dims.length);
    if (index !== undefined) out[at] = (out[at]! + start * strides[0]!) >>> 0;
  });
  return out;
}
