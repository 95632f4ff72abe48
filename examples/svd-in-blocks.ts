/**
 * The singular value decomposition of a matrix in blocks: exact, by QR factorisations of the blocks and of their R, and
 * compressed, by random projection with two power iterations. Prints residuals and times, and draws the graph. Run it with
 *
 *     npx tsx examples/svd-in-blocks.ts [--rows 5000] [--columns 1000] [--chunk 1000] [--k 100]
 *         [--workers 2] [--device auto | wasm | js | gpu | …]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compute, type LazyArray, linalg, nd, random, visualize } from 'lazuli';
import { readOptionsWithCounts, run } from './options.js';

async function main(): Promise<void> {
  const { out, rows, columns, chunk, k, ...options } = readOptionsWithCounts({
    rows: 5000,
    columns: 1000,
    chunk: 1000,
    k: 100,
  });
  // computed first, so that times are those of the decompositions
  const x = nd.array(await compute(random.normal([rows, columns], { seed: 1 }), options), { chunks: chunk });
  const size = await compute(linalg.norm(x), options);
  console.log(`x: ${rows} × ${columns} in blocks of ${chunk}, ‖x‖ = ${size.toFixed(3)}`);

  const works = {
    exact: linalg.svd(x),
    compressed: linalg.svdCompressed(x, Math.min(k, rows, columns), { powerIterations: 2, seed: 2 }),
  };
  for (const [name, { u, s, vt }] of Object.entries(works)) {
    const start = performance.now();
    const [left, values, right] = await compute([u, s, vt] as const, options);
    const seconds = (performance.now() - start) / 1000;
    const product = nd.matmul(nd.mul(left, values) as LazyArray, right);
    const gram = nd.matmul(nd.transpose(nd.array(left)), left);
    const [error, skew] = await compute(
      [
        linalg.norm(nd.sub(x, product) as LazyArray),
        linalg.norm(nd.sub(gram, nd.eye(values.size)) as LazyArray),
      ] as const,
      options,
    );
    console.log(
      `${name}: ${values.size} values from ${Number(values.get(0)).toFixed(3)} to ${Number(values.get(-1)).toFixed(3)}`,
    );
    console.log(`  ‖x − u·s·vt‖/‖x‖ = ${(error / size).toExponential(1)}, ‖uᵀu − 1‖ = ${skew.toExponential(1)}`);
    console.log(`  ${seconds.toFixed(2)} s`);
    mkdirSync(out, { recursive: true });
    const path = join(out, `svd-${name}.svg`);
    writeFileSync(path, await visualize([u, s, vt]));
    console.log(`  graph: ${path}`);
  }
}

await run(main);
