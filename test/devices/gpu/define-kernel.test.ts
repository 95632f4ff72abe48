/** nd.defineKernel with WGSL of a user's own: between other kernels, with scratch, with a status; mistakes named. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  createRuntime,
  type GpuPlan,
  type KernelDefinition,
  nd,
  random,
  type UserGpuBody,
} from '../../../dist/index.js';
import { noGpu } from '../../support/software-gpu.js';

const code = `struct P { rows: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> p: P;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.rows) { return; }
  var sum = 0.0;
  for (var j = 0u; j < p.columns; j++) { sum += x[id.x * p.columns + j]; }
  sums[id.x] = sum;
}`;

const gpu: UserGpuBody = {
  plan: ([x]) => {
    const [rows, columns] = x!.shape as [number, number];
    const operands = [
      { of: 'input', index: 0 },
      { of: 'output', index: 0 },
    ] as const;
    return { passes: [{ code, operands, numbers: [rows, columns], workgroups: [Math.ceil(rows / 64), 1, 1] }] };
  },
};

const rowSums = {
  name: 'rowSums',
  infer: ([x]) => ({ outputs: [{ dtype: x!.dtype, shape: x!.shape.slice(0, 1) }] }),
  cost: ([x]) => ({ flops: x!.shape[0]! * x!.shape[1]!, bytes: 4 * x!.shape[0]! * x!.shape[1]! }),
  bodies: {
    js: ([x], [sums]) => {
      for (let i = 0; i < x!.shape[0]!; i++) {
        let sum = 0;
        for (let j = 0; j < x!.shape[1]!; j++) sum += Number(x!.get(i, j));
        sums!.data[i] = sum;
      }
    },
    gpu,
  },
} satisfies KernelDefinition;

describe.skipIf(noGpu !== undefined)(
  `defineKernel${noGpu === undefined ? '' : `: ${noGpu}`}`,
  { timeout: 60_000 },
  () => {
    const runtime = createRuntime({ workers: 1, device: 'gpu' });
    afterAll(() => runtime.close());
    const x = random.uniform([100, 37], { seed: 1, dtype: 'float32' });
    const placesOf = (name: string): string[] =>
      runtime.lastRun!.tasks.filter(({ key }) => key.startsWith(name)).map(({ device }) => device);

    it('runs between other kernels, whose arrays stay there', async () => {
      const sums = nd.defineKernel(rowSums);
      const target = nd.square(sums(nd.mul(x, 2)));
      const there = await runtime.compute(target);
      expect(new Set(runtime.lastRun!.tasks.map(({ device }) => device))).toEqual(new Set(['gpu']));
      const here = await runtime.compute(target, { device: 'js' });
      there.data.forEach((value, i) => {
        expect(Math.abs(value - (here.data[i] as number))).toBeLessThan(1e-5 * value);
      });
    });

    it('may have several passes with scratch, and a status that is an error', async () => {
      const counted = nd.defineKernel({
        ...rowSums,
        name: 'counted',
        failure: (status) => new RangeError(`row ${status - 1} is negative`),
        bodies: {
          js: rowSums.bodies.js,
          gpu: {
            plan: (inputs, outputs, params, traits) => {
              const { passes } = gpu.plan(inputs, outputs, params, traits);
              const [first] = passes;
              const [rows] = inputs[0]!.shape as [number];
              const scratch = { of: 'scratch', index: 0 } as const;
              const copy = `struct P { rows: u32 }
@group(0) @binding(0) var<storage, read_write> made: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> status: atomic<u32>;
@group(0) @binding(3) var<uniform> p: P;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.rows) { return; }
  if (made[id.x] < 0.0) { atomicMax(&status, id.x + 1u); }
  sums[id.x] = made[id.x];
}`;
              return {
                scratch: [4 * rows],
                passes: [
                  { ...first!, operands: [first!.operands[0]!, scratch] },
                  {
                    code: copy,
                    operands: [scratch, { of: 'output', index: 0 }, { of: 'status' }],
                    numbers: [rows],
                    workgroups: [Math.ceil(rows / 64), 1, 1],
                  },
                ],
              };
            },
          },
        },
      });
      const sums = nd.defineKernel(rowSums);
      expect((await runtime.compute(counted(x))).data).toEqual((await runtime.compute(sums(x))).data);
      expect(placesOf('rowSums')).toEqual(['gpu']);
      const wrong = counted(nd.where(nd.equal(x, nd.max(x)), nd.full([], -1000, { dtype: 'float32' }), x));
      await expect(runtime.compute(wrong)).rejects.toThrow(/row \d+ is negative/);
    });

    it('goes elsewhere with what it does not take', async () => {
      const sums = nd.defineKernel(rowSums);
      const doubles = nd.array([[1, 2]]);
      await expect(runtime.compute(sums(doubles))).rejects.toThrow(
        /'rowSums' has no body for device 'gpu' with inputs float64/,
      );
      expect((await runtime.compute(sums(doubles), { device: ['gpu', 'js'] })).data[0]).toBe(3);
    });

    it('names what is wrong with a body', async () => {
      const defined = (body: unknown) => () =>
        nd.defineKernel({ ...rowSums, bodies: { js: rowSums.bodies.js, gpu: body as UserGpuBody } });
      expect(defined({})).toThrow("'rowSums': bodies.gpu.plan must be a function");
      expect(defined({ plan: gpu.plan, plans: 1 })).toThrow("there is no field 'plans' (did you mean 'plan'?)");
      const planned = (change: (plan: GpuPlan) => unknown) =>
        runtime.compute(
          defined({ plan: (...all: Parameters<typeof gpu.plan>) => change(gpu.plan(...all)) })()(x) as never,
        );
      const [first] = gpu.plan([{ dtype: 'float32', shape: [100, 37] }], [], {}, {} as never).passes;
      const changed = (change: object) => planned(() => ({ passes: [{ ...first, ...change }] }));
      await expect(planned(() => 1)).rejects.toThrow('rowSums: plan must answer { passes');
      await expect(planned((plan) => ({ ...plan, scratch: [3] }))).rejects.toThrow('multiples of 4');
      await expect(changed({ code: 1 })).rejects.toThrow('pass 0: code must be WGSL');
      await expect(changed({ operands: [{ of: 'input', index: 1 }] })).rejects.toThrow(
        'there are 1 inputs, 1 outputs and 0',
      );
      await expect(changed({ operands: [{ of: 'input', index: 0, offset: 4 }] })).rejects.toThrow('multiple of 256');
      await expect(changed({ numbers: [1.5] })).rejects.toThrow('32-bit words');
      await expect(changed({ workgroups: [1, 1] })).rejects.toThrow('three whole numbers');
      await expect(changed({ code: code.replace('sum +=', 'sum =+') })).rejects.toThrow(
        /kernel 'rowSums' was refused: Error while parsing WGSL/,
      );
      // and the next one is computed
      expect((await runtime.compute(nd.defineKernel(rowSums)(x))).size).toBe(100);
    });
  },
);
