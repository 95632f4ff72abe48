/** The program of the process that tries a library out: loads it, multiplies two small matrices, and prints `good`. */
import type { HostData, HostedArray, LibraryModule } from './library.js';

const { module, entry, threads } = JSON.parse(process.argv[2] ?? '{}') as HostData;
const matrix = (...values: readonly number[]): HostedArray => ({
  dtype: 'float32',
  shape: [2, 2],
  data: Float32Array.from(values),
});

const { load } = (await import(module)) as LibraryModule;
const library = await load({ entry, threads });
const product = matrix(0, 0, 0, 0);
await library.run({
  id: 0,
  kernel: 'matmul',
  params: {},
  inputs: [matrix(1, 2, 3, 4), matrix(5, 6, 7, 8)],
  outputs: [product],
});
await library.close();
if (product.data.join() !== '19,22,43,50') throw new Error(`it multiplies wrongly: ${product.data.join(', ')}`);
process.stdout.write('good', () => process.exit());
