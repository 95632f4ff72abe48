/** Kernels on the main thread, over memory that others have used before. */
import { expect, it } from 'vitest';
import { createRuntime, nd } from '../../dist/index.js';
import { SVC } from '../../dist/learn.js';

it('is not taken for cancelled when its arena lies where another result has been', async () => {
  const runtime = createRuntime({ scheduler: 'sync' });
  // 8 MB that are given back, and no word of them is 0.
  const outer = nd.matmul(nd.full([1000, 1], 1 / 3), nd.full([1, 1000], 1));
  await runtime.compute(outer, { device: 'js' });
  const [x, y] = [
    [[0], [1], [2], [3]],
    [0, 0, 1, 1],
  ];
  expect(await runtime.compute(new SVC().fit(x, y).score(x, y), { device: 'wasm' })).toBe(1);
  await runtime.close();
});
