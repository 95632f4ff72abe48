/**
 * The matrix product on device 'onnx': through the device (heap to heap, copies and the way between threads included)
 * against onnxruntime-node called directly with its own default options and tensors that are there already, and against
 * NumPy. All with as many threads as there are cores. Results are checked before anything is timed; rivals take turns in
 * one process; the least of many times counts.
 *
 *     npm run build && npx tsx bench/onnx/product.ts
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import type { DType } from '../../dist/array/dtype.js';
import { itemSize, viewOf } from '../../dist/array/dtype.js';
import { NDArray } from '../../dist/array/ndarray.js';
import type { Device } from '../../dist/devices/contract.js';
import { encodeModel } from '../../dist/devices/onnx/protobuf.js';
import { onnxSource } from '../../dist/devices/onnx/source.js';
import { matmul } from '../../dist/kernels/matmul.js';

const threads = availableParallelism();
const sizes = [256, 512, 1024, 2048];
const python = 'bench/.venv/bin/python';

const numpy = `
import sys, time, numpy as np
n, dtype = int(sys.argv[1]), sys.argv[2]
a = np.random.rand(n, n).astype(dtype); b = np.random.rand(n, n).astype(dtype); c = np.empty_like(a)
best = 1e9
end = time.perf_counter() + 2
while time.perf_counter() < end:
    t = time.perf_counter(); np.matmul(a, b, out=c); best = min(best, time.perf_counter() - t)
print(best)
`;

function numpySeconds(n: number, dtype: DType): number | undefined {
  const { status, stdout } = spawnSync(process.env.LAZULI_PYTHON ?? python, ['-c', numpy, String(n), dtype], {
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout) : undefined;
}

function shared(n: number, dtype: DType): NDArray {
  const data = viewOf(dtype, new SharedArrayBuffer(n * n * itemSize(dtype)), 0, n * n);
  for (let i = 0; i < data.length; i++) data[i] = Math.random();
  return new NDArray(data, { shape: [n, n], dtype });
}

function submit(device: Device, a: NDArray, b: NDArray, c: NDArray): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDone = (error: unknown): void => (error === undefined ? resolve() : reject(error));
    device.submit({ kernel: matmul, params: {}, inputs: [a, b], outputs: [c], onDone });
    device.flush();
  });
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** The threads of a session with default options turn in circles for 20 to 40 ms after a call: not while the rival runs. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

/** The least time of some calls in a row, after a pause: the first of them also wakes threads. */
async function leastOf(work: () => Promise<unknown>): Promise<number> {
  await pause();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) least = Math.min(least, await seconds(work));
  return least;
}

const device = await onnxSource(threads).open();
console.log(`matrix products on device 'onnx', ${threads} threads, GFLOP/s`);
for (const dtype of ['float64', 'float32'] as const) {
  for (const n of sizes) {
    const [a, b, c] = [shared(n, dtype), shared(n, dtype), shared(n, dtype)];
    const nodes = matmul.bodies.onnx!.model([a, b], {});
    const session = await ort.InferenceSession.create(encodeModel(nodes, [dtype, dtype], [dtype]), {
      intraOpNumThreads: threads,
    });
    const tensor = (from: NDArray): ort.Tensor => new ort.Tensor(dtype, from.data.slice() as never, [n, n]);
    const feeds = { in0: tensor(a), in1: tensor(b) };
    const direct = await session.run(feeds);
    await submit(device, a, b, c);
    const expected = direct.out0!.data as Float64Array;
    if (expected.some((value, i) => value !== c.data[i])) throw new Error(`n = ${n}: the results differ`);
    const best = { direct: Number.POSITIVE_INFINITY, lazuli: Number.POSITIVE_INFINITY };
    const directly = (): Promise<unknown> => session.run(feeds);
    const through = (): Promise<unknown> => submit(device, a, b, c);
    for (const end = performance.now() + 4000; performance.now() < end; ) {
      best.direct = Math.min(best.direct, await leastOf(directly));
      best.lazuli = Math.min(best.lazuli, await leastOf(through));
    }
    await session.release();
    const rival = numpySeconds(n, dtype);
    const rate = (time: number): string => ((2 * n ** 3) / time / 1e9).toFixed(0).padStart(5);
    const peer = rival === undefined ? '' : ` NumPy ${rate(rival)} (ours ${(rival / best.lazuli).toFixed(2)}×)`;
    console.log(
      `${dtype} n = ${String(n).padStart(4)}: lazuli ${rate(best.lazuli)}, directly ${rate(best.direct)}`,
      `(ours ${(best.direct / best.lazuli).toFixed(2)} of it)${peer}`,
    );
  }
}
await device.close();
