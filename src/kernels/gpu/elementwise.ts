/**
 * Element-wise kernels on the GPU: a thread for every element, or for every four where they have one byte. Of results
 * beyond the size of a binding one part is made after the other.
 */
import { itemSize } from '../../array/dtype.js';
import type { ArraySpec } from '../../array/ndarray.js';
import { rowMajorStrides, sizeOf } from '../../array/ndarray.js';
import type { GpuBody, GpuPass, KernelParams } from '../contract.js';
import type { Call } from '../expression-call.js';
import { type Space, spaceOf } from '../tiles.js';
import { storedCode, storedType } from './expression.js';
import { functionsCode } from './functions.js';
import { indicesCode, type Places, placesOf } from './places.js';
import { mainCode, spread } from './spread.js';
import { partsOf, windowOf } from './windows.js';

function spaceFor({ program, inputs, views, shape }: Call): Space {
  return spaceOf(program, inputs, views, shape, rowMajorStrides(shape));
}

function codeOf({ dtype }: Call, { dims }: Space, places: Places): string {
  const { operands, declarations, fields, functions, statements, result } = places;
  const isByte = itemSize(dtype) === 1;
  const type = isByte ? 'u32' : storedType(dtype);
  const store = isByte
    ? `var word = 0u;
  for (var e = 0u; e < 4u; e++) {
    if (i * 4u + e < p.count) { word |= element(i * 4u + e) << (e * 8u); }
  }
  out[i] = word;`
    : 'out[i] = element(i);';
  return `struct P { ${['size: u32, width: u32, count: u32, first: u32', ...fields].join(', ')} }
${declarations}
@group(0) @binding(${operands.length}) var<storage, read_write> out: array<${type}>;
@group(0) @binding(${operands.length + 1}) var<uniform> p: P;
${functionsCode(functions)}
fn element(i: u32) -> ${type} {
  let place = p.first + i;
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
      const parts = partsOf(sizeOf(call.shape), itemSize(call.dtype), gpu);
      if (parts.length === 0) return placesOf(call, space, gpu) !== undefined;
      return parts.every((part) => placesOf(call, space, gpu, part) !== undefined);
    },
    plan(inputs, _outputs, params, gpu) {
      const call = callOf(inputs, params);
      const space = spaceFor(call);
      const [total, each] = [sizeOf(call.shape), itemSize(call.dtype)];
      const passes = partsOf(total, each, gpu).map((part): GpuPass => {
        const [first, count] = part;
        const size = each === 1 ? Math.ceil(count / 4) : count;
        const { workgroups, width } = spread(size, gpu);
        const places = placesOf(call, space, gpu, part)!;
        const code = codeOf(call, space, places);
        const operands = [...places.operands, windowOf('output', 0, part, each, total)];
        return { code, operands, numbers: [size, width, count, first, ...places.words], workgroups };
      });
      return { passes };
    },
  };
}
