/**
 * Float32 products on the GPU: ours against a plain gpu.js kernel and TensorFlow.js on the same device, alternating;
 * medians. Before anything is timed the results are compared. On a software GPU small sizes; on a real one the large ones, where ours
 * is to reach 50 to 60 % of what the adapter can do.
 *
 *     npm run build && npx tsx bench/gpu/products.ts
 */
import '../../test/support/software-gpu.js';
import { createRequire } from 'node:module';
import { GPU } from 'gpu.js';
import { NDArray } from '../../dist/array/ndarray.js';
import { acquire, release } from '../../dist/devices/gpu/context.js';
import { openGpu } from '../../dist/devices/gpu/open.js';
import { shareDevice } from '../../dist/devices/gpu/share.js';
import { productTiles } from '../../dist/kernels/gpu/product.js';
import { matmul } from '../../dist/kernels/matmul.js';
import { median } from '../support/measure.js';
import { peakOf } from './peak.js';

const context = await acquire();
const withdraw = await shareDevice(context);
const device = await openGpu();
const { isSoftware, description } = context.facts;
const sizes = isSoftware ? [128, 256, 512] : [512, 1024, 2048, 4096, 8192];
const largestRival = isSoftware ? 512 : 4096;
const rounds = isSoftware ? 5 : 9;

console.log(description);
console.log(`tile ${JSON.stringify(productTiles[device.gpu.productTile])}`);
const peak = await peakOf(device, isSoftware);
console.log(`peak of its float32 units, by a loop of multiply-adds: ${(peak / 1e9).toFixed(0)} GFLOP/s`);
const tensorflow = await loadTensorFlow();
if (tensorflow === undefined) console.log('tfjs-webgpu is not installed: npm install --prefix bench/peers');
console.log('    n   ours ms  GFLOP/s  of peak   gpu.js ms  ratio   tfjs-webgpu ms  ratio');

/** A rival's product of a matrix with itself: timed, and read. */
interface Rival {
  run(): Promise<void>;
  result(): Promise<(i: number, j: number) => number>;
  destroy(): void;
}

for (const n of sizes) {
  const shape = [n, n];
  const data = Float32Array.from({ length: n * n }, (_, i) => ((i * 2654435761) % 65521) / 32760.5 - 1);
  const source = new NDArray(data, { shape, dtype: 'float32' });
  const arrays = [0, 1, 2].map(() => device.memory.allocate(source));
  const [a, b, c] = arrays;
  if (a === undefined || b === undefined || c === undefined) break;
  device.memory.write(a, source);
  device.memory.write(b, source);
  const ours = async (): Promise<void> => {
    const error = await new Promise<unknown>((resolve) => {
      device.submit({ kernel: matmul, params: {}, inputs: [a, b], outputs: [c], onDone: resolve });
      device.flush();
    });
    if (error !== undefined) throw error;
  };
  await ours();
  const result = NDArray.zeros(shape, 'float32');
  await device.memory.read(c, result);
  const rivals = [n <= largestRival ? gpuJs(n, data) : undefined, tensorflow?.(n, data)];
  for (const rival of rivals) {
    if (rival === undefined) continue;
    const theirs = await rival.result();
    for (let i = 0; i < n; i += 7) {
      const j = (i * 3) % n;
      if (Math.abs(theirs(i, j) - result.data[i * n + j]!) > n * 1e-5) {
        throw new Error(`element ${i}, ${j} differs: ${theirs(i, j)} and ${result.data[i * n + j]}`);
      }
    }
  }
  const contestants = [ours, ...rivals.map((rival) => rival?.run)];
  const times: number[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      if (contestant === undefined) continue;
      const began = performance.now();
      await contestant();
      times[i]!.push(performance.now() - began);
    }
  }
  const [own, ...others] = times.map((each) => (each.length === 0 ? undefined : median(each)));
  const rate = (2 * n ** 3) / own! / 1e6;
  const part = `${((rate * 1e11) / peak).toFixed(0)} %`;
  const beside = others.flatMap((other) =>
    other === undefined ? ['', ''] : [other.toFixed(2), (other / own!).toFixed(2)],
  );
  const cells = [n, own!.toFixed(2), rate.toFixed(1), part, ...beside];
  console.log(cells.map((cell, i) => String(cell).padStart([5, 9, 8, 8, 11, 6, 16, 6][i]!)).join(' '));
  for (const array of arrays) if (array !== undefined) device.memory.free(array);
  for (const rival of rivals) rival?.destroy();
}

/** gpu.js's product as its manual writes it, of arrays that lie on the GPU, where the result stays too. */
function gpuJs(n: number, data: Float32Array): Rival {
  type Thread = { thread: { x: number; y: number }; constants: { n: number } };
  type Handle = { toArray(): Promise<Float32Array[]>; delete(): void };
  const gpu = new GPU({ mode: 'webgpu' } as never);
  const rows = Array.from({ length: n }, (_, i) => data.subarray(i * n, (i + 1) * n));
  const made = (body: (this: Thread, a: number[][], b: number[][]) => number) =>
    gpu
      .createKernel(body as never)
      .setConstants({ n })
      .setOutput([n, n])
      .setPipeline(true) as unknown as (...arrays: unknown[]) => Promise<Handle>;
  const copy = made(function (a) {
    return a[this.thread.y]![this.thread.x]!;
  });
  const product = made(function (a, b) {
    let sum = 0;
    for (let i = 0; i < this.constants.n; i++) sum += a[this.thread.y]![i]! * b[i]![this.thread.x]!;
    return sum;
  });
  const operand = copy(rows);
  const call = async (): Promise<Handle> => {
    const handle = await product(await operand, await operand);
    await context.device.queue.onSubmittedWorkDone();
    return handle;
  };
  return {
    run: async () => (await call()).delete(),
    async result() {
      const read = await (await call()).toArray();
      return (i, j) => read[i]![j]!;
    },
    destroy: () => void gpu.destroy(),
  };
}

/** TensorFlow.js on the same device, which it finds where gpu.js does; its own product of tensors that are there. */
async function loadTensorFlow(): Promise<((n: number, data: Float32Array) => Rival) | undefined> {
  interface Tensor {
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  interface TensorFlow {
    setBackend(name: string): Promise<boolean>;
    tensor2d(data: Float32Array, shape: readonly [number, number]): Tensor;
    matMul(a: Tensor, b: Tensor): Tensor;
    backend(): { endComputePassEncoder(): void; submitQueue(): void };
  }
  const require = createRequire(new URL('../peers/package.json', import.meta.url));
  let tf: TensorFlow;
  try {
    tf = require('@tensorflow/tfjs-core') as TensorFlow;
    require('@tensorflow/tfjs-backend-webgpu');
  } catch {
    return undefined;
  }
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs-webgpu is installed and does not find the GPU');
  return (n, data) => {
    const operand = tf.tensor2d(data, [n, n]);
    return {
      async run() {
        const product = tf.matMul(operand, operand);
        const backend = tf.backend();
        backend.endComputePassEncoder();
        backend.submitQueue();
        await context.device.queue.onSubmittedWorkDone();
        product.dispose();
      },
      async result() {
        const product = tf.matMul(operand, operand);
        const read = await product.data();
        product.dispose();
        return (i, j) => read[i * n + j]!;
      },
      destroy: () => operand.dispose(),
    };
  };
}

await device.close();
withdraw();
await release(context);
