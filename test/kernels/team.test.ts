/**
 * Every built-in kernel as the runtime runs it, with its loops shared by force however small the inputs: the same bits
 * on the calling thread, where nobody helps, and on pools of one, two and three threads.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { TypedArray } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { createRuntime, type Runtime } from '../../dist/index.js';
import type { Kernel, KernelParams, WasmBody } from '../../dist/kernels/contract.js';
import { kernels } from '../../dist/kernels/registry.js';
import { asLazy, kernelCall } from '../../dist/lazy/lazy-array.js';
import { type Case, cases } from './cases.js';
import { machines } from './harness.js';

const sync = createRuntime({ scheduler: 'sync' });
const pools = [1, 2, 3].map((workers) => createRuntime({ scheduler: 'threads', workers }));
afterAll(() => Promise.all([sync, ...pools].map((runtime) => runtime.close())));

/** The same kernel, which asks for help with every call. */
function widened(kernel: Kernel): Kernel {
  const { wasm } = kernel.bodies;
  if (wasm === undefined) return kernel;
  const wide: WasmBody = Object.assign(Object.create(wasm) as WasmBody, { isWide: () => true });
  return Object.assign(Object.create(kernel) as Kernel, { bodies: { ...kernel.bodies, wasm: wide } });
}

/**
 * WebAssembly leaves sign and payload of a NaN open (core specification 4.3.3, NaN propagation), and the engine's two
 * compilers differ in them: a thread that still runs the first compiler's code answers another NaN than one that runs
 * the second's. All NaNs count as one; every other value by its bits.
 */
function withOneNaN(data: TypedArray): TypedArray {
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return data;
  return data.map((value) => (Number.isNaN(value) ? Number.NaN : value));
}

/** Hashes of the outputs' bytes, or what went wrong. */
type Outcome = { readonly bits: readonly string[] } | { readonly error: string };

async function outcome(runtime: Runtime, kernel: Kernel, { inputs, params }: Case): Promise<Outcome> {
  try {
    const lazy = inputs.map((input) => asLazy(input, 'test'));
    const results = await runtime.compute(kernelCall(kernel, lazy, params as KernelParams));
    return {
      bits: (results as readonly (NDArray | number | boolean)[]).map((result) => {
        const { data } = result instanceof NDArray ? result : { data: Float64Array.of(Number(result)) };
        const values = withOneNaN(data);
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        return createHash('sha256').update(bytes).digest('hex');
      }),
    };
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return { error: String(cause ?? error) };
  }
}

const [machine] = machines;

describe('kernels on the runtime', () => {
  it.each([...kernels.keys()])('%s: the same bits for every number of threads', async (name) => {
    const kernel = kernels.get(name)!;
    const wide = widened(kernel);
    const samples = fc
      .sample(cases[name]!, { numRuns: 30, seed: 7 })
      .filter(({ inputs, params }) => kernel.bodies.wasm === undefined || machine!.has(kernel, inputs, params))
      .slice(0, 12);
    expect(samples.length).toBeGreaterThan(3);
    for (const sample of samples) {
      const expected = await outcome(sync, kernel, sample);
      for (const pool of pools) expect(await outcome(pool, wide, sample)).toEqual(expected);
    }
  });
});
