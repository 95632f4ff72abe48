/**
 * What the float32 units of a GPU can do: multiply-adds of vectors in registers, as many chains beside each other as hide
 * their latency, and nothing else. Products are measured against it.
 */
import type { GpuDevice } from '../../dist/devices/gpu/device.js';
import type { Kernel } from '../../dist/kernels/contract.js';

const CHAINS = 8;
const THREADS = 256;

const chains = (line: (i: number) => string): string => Array.from({ length: CHAINS }, (_, i) => line(i)).join('\n');

const code = `struct P { steps: u32, by: f32, plus: f32 }
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> p: P;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let by = vec4<f32>(p.by);
  let plus = vec4<f32>(p.plus);
  ${chains((i) => `var x${i} = vec4<f32>(f32(id.x + ${i}u));`)}
  for (var step = 0u; step < p.steps; step++) {
    ${chains((i) => `x${i} = fma(x${i}, by, plus);`)}
  }
  let sum = ${Array.from({ length: CHAINS }, (_, i) => `x${i}`).join(' + ')};
  out[id.x] = sum.x + sum.y + sum.z + sum.w;
}`;

const word = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/** Operations a second, at best of several runs; an addition and a multiplication are two. */
export async function peakOf(device: GpuDevice, isSoftware: boolean): Promise<number> {
  const [groups, steps] = isSoftware ? [64, 256] : [4096, 8192];
  const spec = { dtype: 'float32', shape: [groups * THREADS] } as const;
  const flops = groups * THREADS * steps * CHAINS * 4 * 2;
  const kernel: Kernel = {
    name: 'peak',
    infer: () => ({ outputs: [spec] }),
    cost: () => ({ flops, bytes: 4 * groups * THREADS }),
    bodies: {
      js: () => {},
      gpu: {
        can: () => true,
        plan: () => ({
          passes: [
            {
              code,
              operands: [{ of: 'output', index: 0 }],
              numbers: [steps, word(0.999), word(0.5)],
              workgroups: [groups, 1, 1],
            },
          ],
        }),
      },
    },
  };
  const output = device.memory.allocate(spec);
  if (output === undefined) throw new Error('no room for the results of the loop that measures the peak');
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const began = performance.now();
    const error = await new Promise((resolve) => {
      device.submit({ kernel, params: {}, inputs: [], outputs: [output], onDone: resolve });
      device.flush();
    });
    if (error !== undefined) throw error;
    if (round > 0) least = Math.min(least, performance.now() - began);
  }
  device.memory.free(output);
  return flops / (least / 1000);
}
