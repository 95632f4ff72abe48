/** Operations that wait until a shape is known run where the call that asked for them runs. */
import { expect, it } from 'vitest';
import { createRuntime, lastRun, linalg, nd } from '../../dist/index.js';

const rows = nd.array([
  [1, 2],
  [3, 4],
  [5, 6],
]);
/** A mask that is computed, so that the number of rows is not known before. */
const chosen = nd.compress(nd.greater(nd.array([1, 0, 1]), 0.5), rows, { axis: 0 });

it('in an isolated runtime, and not in the default one', async () => {
  expect(chosen.shape).toEqual([Number.NaN, 2]);
  const runtime = createRuntime({ workers: 1 });
  const product = await runtime.compute(nd.matmul(chosen.T, chosen));
  expect(product.toNested()).toEqual([
    [26, 32],
    [32, 40],
  ]);
  expect(runtime.lastRun?.tasks.length).toBeGreaterThan(0);
  // The default runtime has not run anything in this process.
  expect(lastRun.tasks).toEqual([]);
  await runtime.close();
});

it('under sync as the rest of the call', async () => {
  const runtime = createRuntime({ scheduler: 'sync' });
  const schedulers: string[] = [];
  const observer = { onStart: ({ scheduler }: { scheduler: string }) => void schedulers.push(scheduler) };
  runtime.configure({ observers: [observer] });
  const sum = await runtime.compute(nd.sum(nd.matmul(chosen.T, chosen)));
  expect(sum).toBe(130);
  // The call, and the operations within it.
  expect(schedulers.length).toBeGreaterThan(1);
  expect(new Set(schedulers)).toEqual(new Set(['sync']));
  await runtime.close();
});

it('and by default where the package’s own functions run', async () => {
  expect((await linalg.norm([3, 4]).compute()) as number).toBe(5);
  expect((await chosen.compute()).toNested()).toEqual([
    [1, 2],
    [5, 6],
  ]);
  expect(lastRun.tasks.length).toBeGreaterThan(0);
});
