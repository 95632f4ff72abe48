/** How so many threads are laid out in workgroups. */
import type { GpuTraits } from '../contract.js';

export interface Spread {
  readonly workgroups: readonly [number, number, number];
  /** Threads of a row of workgroups: thread (x, y) has the number x + y · width. */
  readonly width: number;
}

/** Threads of a workgroup of the kernels that work element by element. */
export const THREADS = 64;

/** So many workgroups in two dimensions where one does not suffice: (x, y) has the number x + y · row. */
export function rowsOf(
  groups: number,
  gpu: GpuTraits,
): { readonly workgroups: Spread['workgroups']; readonly row: number } {
  const row = Math.min(groups, gpu.maxWorkgroups);
  return { workgroups: [row, row === 0 ? 0 : Math.ceil(groups / row), 1], row };
}

/** Workgroups for `size` threads, in two dimensions where one does not suffice. */
export function spread(size: number, gpu: GpuTraits): Spread {
  const { workgroups, row } = rowsOf(Math.ceil(size / THREADS), gpu);
  return { workgroups, width: row * THREADS };
}

/** WGSL of the entry point of such a kernel: `i` is the number of the thread. The uniform has `width` and `size`. */
export function mainCode(body: string): string {
  return `@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x + id.y * p.width;
  if (i >= p.size) { return; }
  ${body}
}
`;
}
