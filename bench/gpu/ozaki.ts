/**
 * float64 products on the GPU, by slices of integers (src/kernels/gpu/ozaki.ts): their rate against that of float32
 * products on the same device, and their error beside the processor's, both in units of 2⁻⁵³·(|a|·|b|) against exact sums,
 * of a sample of elements. Rows of one size, and rows graded along the sum, whose elements are computed one by one.
 *
 *     npm run build && npx tsx bench/gpu/ozaki.ts
 */

import { NDArray } from '../../dist/array/ndarray.js';
import { acquire, release } from '../../dist/devices/gpu/context.js';
import { openGpu } from '../../dist/devices/gpu/open.js';
import { createRuntime, nd } from '../../dist/index.js';
import { matmul } from '../../dist/kernels/matmul.js';
import { exactElement, relativeError } from '../../test/support/exact-product.js';
import { noGpu } from '../../test/support/software-gpu.js';
import { median } from '../support/measure.js';

const SAMPLE = 100;

async function bench(): Promise<void> {
  const context = await acquire();
  const device = await openGpu();
  const runtime = createRuntime({ device: 'wasm' });
  const { isSoftware, description } = context.facts;
  const rounds = isSoftware ? 5 : 9;
  console.log(description);
  console.log('    n  rows      f64 ms  GFLOP/s   f32 ms  GFLOP/s  f64/f32   error: ours  processor');
  try {
    for (const n of isSoftware ? [64, 128, 256] : [512, 1024, 2048, 4096]) {
      for (const rows of isSoftware && n > 64 ? ['alike'] : ['alike', 'graded']) {
        const value = (seed: number, i: number): number => {
          const noise = (((i + seed) * 2654435761) % 4294967291) / 2147483645.5 - 1;
          return rows === 'graded' ? noise * 2 ** -((i % n) % 60) : noise;
        };
        const double = [0, 77].map((seed) => array(n, Float64Array, (i) => value(seed, i)));
        const single = [0, 77].map((seed) => array(n, Float32Array, (i) => value(seed, i)));
        const [a, b] = double as [NDArray, NDArray];
        const [ours, times] = await timed(double);
        const [, singleTimes] = await timed(single);
        const theirs = await runtime.compute(nd.matmul(nd.array(a), nd.array(b)));
        const errors = [ours, theirs].map((c) => worst(a, b, c));
        const seconds = [times, singleTimes].map(median) as [number, number];
        const rate = (time: number): string => ((2 * n ** 3) / time / 1e6).toPrecision(3).padStart(8);
        const columns = [
          String(n).padStart(5),
          ` ${rows.padEnd(8)}`,
          ...seconds.flatMap((time) => [time.toFixed(2).padStart(8), rate(time)]),
          `1/${(seconds[0] / seconds[1]).toFixed(1)}`.padStart(8),
          ...errors.map((error) => error.toFixed(2).padStart(12)),
        ];
        console.log(columns.join(' '));
      }
    }
  } finally {
    await runtime.close();
    await device.close();
    await release(context);
  }

  /** A product, and the milliseconds that some more of them took. */
  async function timed(inputs: readonly NDArray[]): Promise<readonly [NDArray, number[]]> {
    const places = [...inputs, inputs[0] as NDArray].map((input) => {
      const place = device.memory.allocate(input);
      if (place === undefined) throw new Error('no room');
      device.memory.write(place, input);
      return place;
    });
    const times: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now();
      const error = await new Promise<unknown>((resolve) => {
        const [output] = places.slice(2);
        if (output === undefined) return;
        device.submit({ kernel: matmul, params: {}, inputs: places.slice(0, 2), outputs: [output], onDone: resolve });
        device.flush();
      });
      if (error !== undefined) throw error;
      // the first one compiles
      if (round > 0) times.push(performance.now() - start);
    }
    const [first] = inputs as [NDArray];
    const result = NDArray.zeros(first.shape, first.dtype);
    await device.memory.read(places[2] as (typeof places)[number], result);
    for (const place of places) device.memory.free(place);
    return [result, times];
  }
}

function array(n: number, Elements: typeof Float64Array | typeof Float32Array, value: (i: number) => number): NDArray {
  const data = new Elements(n * n);
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return new NDArray(data, { shape: [n, n], dtype: Elements === Float64Array ? 'float64' : 'float32' });
}

function worst(a: NDArray, b: NDArray, c: NDArray): number {
  const [n] = c.shape as [number];
  let largest = 0;
  for (let s = 0; s < SAMPLE; s++) {
    const [i, j] = [(s * 7919) % n, (s * 104729) % n];
    largest = Math.max(largest, relativeError(c.data[i * n + j] as number, exactElement(a, b, i, j)));
  }
  return largest;
}

if (noGpu === undefined) await bench();
else console.log(noGpu);
