/** Picking by indices on the GPU: a thread for every element. An index outside its axis sets the call's status. */
import { sizeOf } from '../../array/ndarray.js';
import type { ArraySpec, GpuBody, GpuPass, KernelParams } from '../contract.js';
import { INDEX_RANGE } from '../status.js';
import { mainCode, spread } from './spread.js';

const position = `fn position(index: i32, length: u32) -> u32 {
  let n = i32(length);
  if (index < -n || index >= n) { atomicMax(&status, ${INDEX_RANGE}u); return 0u; }
  return u32(select(index, index + n, index < 0));
}`;

const takeCode = `struct P { size: u32, width: u32, length: u32, inner: u32, count: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<storage, read_write> status: atomic<u32>;
@group(0) @binding(4) var<uniform> p: P;
${position}
${mainCode(`let row = i / p.inner;
  let at = position(indices[row % p.count], p.length);
  out[i] = x[((row / p.count) * p.length + at) * p.inner + i % p.inner];`)}`;

const gridCode = `struct P { size: u32, width: u32, rows: u32, columns: u32, count: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<i32>;
@group(0) @binding(2) var<storage, read> columns: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@group(0) @binding(4) var<storage, read_write> status: atomic<u32>;
@group(0) @binding(5) var<uniform> p: P;
${position}
${mainCode(`let row = position(rows[i / p.count], p.rows);
  out[i] = x[row * p.columns + position(columns[i % p.count], p.columns)];`)}`;

/** Words, all of which can be bound; a result without elements would leave its indices unseen. */
function fits(inputs: readonly ArraySpec[], size: number, maxBinding: number): boolean {
  const isWords = ['float32', 'int32', 'uint32'].includes(inputs[0]!.dtype);
  return isWords && size > 0 && [size, ...inputs.map(({ shape }) => sizeOf(shape))].every((n) => 4 * n <= maxBinding);
}

/** @param sizesOf outer, length, inner and the number of indices */
export function takeBody(
  sizesOf: (inputs: readonly ArraySpec[], params: KernelParams) => readonly [number, number, number, number],
): GpuBody {
  return {
    can(inputs, params, gpu) {
      const [outer, , inner, count] = sizesOf(inputs, params);
      return fits(inputs, outer * inner * count, gpu.maxBinding);
    },
    plan(inputs, _outputs, params, gpu) {
      const [outer, length, inner, count] = sizesOf(inputs, params);
      const size = outer * inner * count;
      const { workgroups, width } = spread(size, gpu);
      const pass: GpuPass = {
        code: takeCode,
        operands: [{ of: 'input', index: 0 }, { of: 'input', index: 1 }, { of: 'output', index: 0 }, { of: 'status' }],
        numbers: [size, width, length, inner, count],
        workgroups,
      };
      return { passes: [pass] };
    },
  };
}

/** The body of `takeGrid`. */
export const takeGridBody: GpuBody = {
  can: (inputs, _params, gpu) => fits(inputs, sizeOf(inputs[1]!.shape) * sizeOf(inputs[2]!.shape), gpu.maxBinding),
  plan([x, rows, columns], _outputs, _params, gpu) {
    const [n, m] = x!.shape as [number, number];
    const [p, q] = [sizeOf(rows!.shape), sizeOf(columns!.shape)];
    const { workgroups, width } = spread(p * q, gpu);
    const operands = [0, 1, 2].map((index) => ({ of: 'input', index }) as const);
    const pass: GpuPass = {
      code: gridCode,
      operands: [...operands, { of: 'output', index: 0 }, { of: 'status' }],
      numbers: [p * q, width, n, m, q],
      workgroups,
    };
    return { passes: [pass] };
  },
};
