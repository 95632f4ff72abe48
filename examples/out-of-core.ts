/**
 * Singular values and vectors of a matrix on disk that is larger than the memory it may take: its blocks are read, factored
 * and let go, and what has no room waits on disk. Run it with
 *
 *     npx tsx examples/out-of-core.ts [--rows 30000] [--columns 1000] [--chunk 1000] [--memory 64]
 *         [--workers 2] [--device auto | wasm | js | gpu | …]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 *
 * `--memory` counts MiB. The SVD of the last R, columns × columns, is one task, and takes 61 bytes an element.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime, type LazyArray, linalg, nd, random } from 'lazuli';
import { readOptionsWithCounts, run } from './options.js';

async function main(): Promise<void> {
  const { out, rows, columns, chunk, memory, ...options } = readOptionsWithCounts({
    rows: 30_000,
    columns: 1000,
    chunk: 1000,
    memory: 64,
  });
  mkdirSync(out, { recursive: true });
  const path = join(out, 'out-of-core.npy');
  const chunks = [chunk, columns];
  await nd.save(path, random.normal([rows, columns], { seed: 1, chunks }));
  const x = nd.load(path, { chunks });
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const budget = memory * 2 ** 20;
  console.log(`${rows} × ${columns}, ${megabytes(8 * rows * columns)} on disk, in a budget of ${megabytes(budget)}`);

  const runtime = createRuntime({ ...options, memory: budget, progress: process.stderr.isTTY });
  try {
    const { u, s, vt } = linalg.svd(x);
    const wrong = linalg.norm(nd.sub(x, nd.matmul(nd.mul(u, s) as LazyArray, vt)) as LazyArray);
    const works = {
      values: async () => (await runtime.compute(linalg.svdvals(x))).get(0),
      'values, vectors, residual': async () => (await runtime.compute([wrong, s] as const))[0],
    };
    for (const [name, work] of Object.entries(works)) {
      const start = performance.now();
      const result = Number(await work());
      const seconds = ((performance.now() - start) / 1000).toFixed(2);
      const peak = runtime.lastRun?.peak.host ?? 0;
      console.log(`${name}: ${result.toPrecision(4)} in ${seconds} s, at most ${megabytes(peak)} in memory`);
      if (peak > budget) throw new Error(`more than the budget of ${megabytes(budget)}`);
    }
  } finally {
    await runtime.close();
    rmSync(path);
  }
}

await run(main);
