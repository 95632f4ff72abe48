/**
 * Kernels of your own: a scalar function that becomes WebAssembly and fuses with what is around it (the Mandelbrot set,
 * and a robust loss on real data), and a whole kernel with its own shapes, tested by the library's conformance suite.
 * Run it with
 *
 *     npx tsx examples/custom-kernel.ts [--workers 2] [--device auto | wasm | js | gpu | …]
 *         [--precision float64 | float32] [--scheduler threads | sync]
 */
import { fileURLToPath } from 'node:url';
import { compute, nd, readCsv, testKernel } from 'lazuli';
import { readOptions, run } from './options.js';

/** How many rounds z ← z² + c stays within 2, at most 100: a loop that every element leaves when it is done. */
const escapeTime = nd.kernel('escapeTime', (x: number, y: number) => {
  let re = 0;
  let im = 0;
  for (let n = 0; n < 100; n++) {
    if (re * re + im * im > 4) return n;
    const next = re * re - im * im + x;
    im = 2 * re * im + y;
    re = next;
  }
  return 100;
});

/** Huber's loss: squares near zero, straight lines beyond delta. */
const huber = nd.kernel('huber', (residual: number, delta: number) => {
  const size = Math.abs(residual);
  return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
});

/** Means of windows of `width` along a vector of n numbers: n − width + 1 of them. */
const movingMean = nd.defineKernel({
  name: 'movingMean',
  infer: ([x], { width }) => {
    const n = x?.shape[0] ?? 0;
    if (x?.shape.length !== 1 || n < Number(width))
      throw new RangeError(`movingMean: x must be ${width} numbers or more`);
    return { outputs: [{ dtype: 'float64', shape: [n - Number(width) + 1] }] };
  },
  cost: ([x], { width }) => ({ flops: Number(width) * (x?.shape[0] ?? 0), bytes: 16 * (x?.shape[0] ?? 0) }),
  bodies: {
    js: ([x], [means], { width }) => {
      if (x === undefined || means === undefined) return;
      for (let i = 0; i < means.data.length; i++) {
        let sum = 0;
        for (let k = 0; k < Number(width); k++) sum += Number(x.get(i + k));
        means.data[i] = sum / Number(width);
      }
    },
  },
});

async function main(): Promise<void> {
  const { out: _, ...options } = readOptions();

  const [columns, rows] = [64, 24];
  const x = nd.linspace(-2.2, 0.8, columns);
  const y = nd.array(
    Float64Array.from({ length: rows }, (_, i) => 1.2 - (2.4 * i) / (rows - 1)),
    { shape: [rows, 1] },
  );
  const times = await compute(escapeTime(x, y), options);
  for (const row of times.toNested() as number[][]) {
    console.log(row.map((time) => ' .:-=+*#%@'[Math.min(9, Math.floor(Math.log2(time + 1) * 1.5))]).join(''));
  }

  const { data } = readCsv(fileURLToPath(new URL('../data/diabetes.csv', import.meta.resolve('lazuli'))));
  const target = nd.array(Array.from({ length: data.shape[0] ?? 0 }, (_, i) => Number(data.get(i, -1))));
  const residuals = nd.sub(target, nd.mean(target));
  const [loss, smooth] = await compute(
    [nd.mean(huber(residuals, 50)), movingMean(target, { width: 50 })] as const,
    options,
  );
  console.log(`Huber loss of the mean: ${loss.toFixed(2)}; means of 50 targets: ${smooth.size}`);

  const cases = [huber, escapeTime].map((kernel) => testKernel(kernel, { runs: 20 }));
  const windows = testKernel(movingMean, {
    cases: (random) => ({ inputs: [random.array([random.length(5)])], params: { width: random.integer(1, 5) } }),
  });
  for (const { kernel, passed, bodies } of await Promise.all([...cases, windows])) {
    console.log(`${kernel}: ${passed} checks passed on ${bodies.join(', ')}`);
  }
}

await run(main);
