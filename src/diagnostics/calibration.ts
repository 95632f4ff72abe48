/**
 * What `lazuli calibrate` measures, in a second or two for each device: what a kernel that does nothing takes, products
 * and triads by each body on one thread and on all, what waking the threads costs, the way of a call to a thread and back,
 * and the devices outside the pool (device-calibration.ts). Each is measured after the code was optimised; the times of
 * kernels on the threads are those of the runs' own records.
 */
import { deviceSources } from '../devices/sources.js';
import { delayed } from '../graph/delayed.js';
import { type LazyArray, nd, random } from '../lazy/index.js';
import { createRuntime, type Runtime } from '../runtime.js';
import { THREADS } from '../scheduler/knowledge.js';
import type { DeviceSpeed } from '../scheduler/model.js';
import { type MeasuredDevice, measureDevice } from './device-calibration.js';

/** Seconds, operations a second, bytes a second. */
export interface Calibration {
  /** By device, on one thread; `threads` is `wasm` on all of them, with what waking them costs as its overhead. */
  readonly speeds: Readonly<Record<string, DeviceSpeed>>;
  /** Of a product in float32, on one thread. */
  readonly singleFlops: number;
  /** Of x + s·y on one thread, by the bytes of the arrays. */
  readonly triads: readonly Triad[];
  /** Of a call that does nothing, to a thread and back. */
  readonly roundTrip: number;
  /** Those outside the pool that are there. */
  readonly others: readonly MeasuredDevice[];
}

export interface Triad {
  readonly bytes: number;
  readonly bandwidth: number;
}

/** Rows of the products, and elements of the triads' arrays: in the first cache, in the last, in memory. */
const sizes = { wasm: { product: 384, triads: [1000, 40_000, 2_000_000] }, js: { product: 64, triads: [40_000] } };

/** Each is run for so many milliseconds until the engine has optimised what it needs, and then measured for as long. */
const WARM_UP_MS = 40;
const MEASURED_MS = 25;
/** And at least so often. */
const LEAST_ROUNDS = 5;

type Way = { readonly scheduler: 'sync' | 'threads'; readonly device: 'wasm' | 'js' };

/**
 * Measures this machine. Takes a few seconds, in which nothing else should compute.
 * @param options as of createRuntime()
 */
export async function calibrate(
  options: { readonly revectorize?: boolean; readonly workers?: number } = {},
): Promise<Calibration> {
  const runtime = createRuntime(options);
  try {
    const host = await measure(runtime);
    const others: MeasuredDevice[] = [];
    for (const source of deviceSources()) {
      const found = await measureDevice(source);
      if (found !== undefined) others.push(found);
    }
    return { ...host, others };
  } finally {
    await runtime.close();
  }
}

async function measure(runtime: Runtime): Promise<Omit<Calibration, 'others'>> {
  const all: Way = { scheduler: 'threads', device: 'wasm' };
  const matrix = async (n: number): Promise<LazyArray> =>
    nd.array(await runtime.compute(random.uniform([n, n], { seed: n }), { scheduler: 'sync' }));
  const tiny = await matrix(2);
  const nothing = nd.matmul(tiny, tiny);

  const measured: Record<string, DeviceSpeed> = {};
  const triads: Triad[] = [];
  for (const device of ['wasm', 'js'] as const) {
    const way: Way = { scheduler: 'sync', device };
    const n = sizes[device].product;
    const x = await matrix(n);
    const flops = (2 * n ** 3) / (await kernelSeconds(runtime, nd.matmul(x, x), way));
    const own: Triad[] = [];
    for (const size of sizes[device].triads) own.push(await triad(runtime, size, way));
    const { bandwidth } = own.at(-1) as Triad;
    measured[device] = { overhead: await kernelSeconds(runtime, nothing, way), flops, bandwidth };
    if (device === 'wasm') triads.push(...own);
  }

  const n = sizes.wasm.product;
  const x = await matrix(n);
  const single = nd.array((await runtime.compute(nd.astype(x, 'float32'))).data, { shape: [n, n], dtype: 'float32' });
  const waking = (await wholeSeconds(runtime, nothing, 'threads')) - (await wholeSeconds(runtime, nothing, 'sync'));
  const call = delayed(() => 0, { name: 'nothing' })();
  const roundTrip = (await wholeSeconds(runtime, call, 'threads')) - (await wholeSeconds(runtime, call, 'sync'));
  measured[THREADS] = {
    overhead: Math.max(1e-6, waking),
    flops: (2 * n ** 3) / (await kernelSeconds(runtime, nd.matmul(x, x), all)),
    bandwidth: (await triad(runtime, sizes.wasm.triads.at(-1) as number, all)).bandwidth,
  };
  return {
    speeds: measured,
    singleFlops:
      (2 * n ** 3) / (await kernelSeconds(runtime, nd.matmul(single, single), { scheduler: 'sync', device: 'wasm' })),
    triads,
    roundTrip: Math.max(1e-6, roundTrip),
  };
}

/** Two arrays are read and one is written. */
async function triad(runtime: Runtime, size: number, way: Way): Promise<Triad> {
  const [x, y] = [1, 2].map((value) => nd.array(new Float64Array(size).fill(value))) as [LazyArray, LazyArray];
  const bytes = 3 * 8 * size;
  return { bytes, bandwidth: bytes / (await kernelSeconds(runtime, nd.add(x, nd.mul(y, 3)), way)) };
}

/** What the kernel behind an array takes, by the record of its run. */
async function kernelSeconds(runtime: Runtime, target: LazyArray, way: Way): Promise<number> {
  return typical(async () => {
    const held = await runtime.persist(target, way);
    held.release();
    const task = runtime.lastRun?.tasks.find(({ key }) => key === target.key);
    return task === undefined ? 0 : task.end - task.start;
  });
}

/** What a computation takes, all in all. */
async function wholeSeconds(runtime: Runtime, target: unknown, scheduler: 'sync' | 'threads'): Promise<number> {
  return typical(async () => {
    const start = performance.now();
    await runtime.compute(target, { scheduler });
    return (performance.now() - start) / 1000;
  });
}

/** The lower quartile: others on the machine make a measurement longer, never shorter. */
async function typical(measureOnce: () => Promise<number>): Promise<number> {
  const during = async (milliseconds: number): Promise<number[]> => {
    const times: number[] = [];
    const end = performance.now() + milliseconds;
    while (times.length < LEAST_ROUNDS || performance.now() < end) times.push(await measureOnce());
    return times.sort((a, b) => a - b);
  };
  await during(WARM_UP_MS);
  const times = await during(MEASURED_MS);
  return Math.max(1e-9, times[times.length >> 2] as number);
}
