/** Runtimes that are closed, that share results, and whose limits are odd. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createRuntime,
  delayed,
  type NDArray,
  nd,
  RuntimeClosedError,
  TaskError,
  TaskTimeoutError,
} from '../../dist/index.js';

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const never = delayed((_n: number) => new Promise((resolve) => setTimeout(resolve, 600_000)));
const chain = (length: number, side: number): ReturnType<typeof nd.full> => {
  let power = nd.full([side, side], 1 / side);
  for (let i = 0; i < length; i++) power = nd.matmul(power, nd.full([side, side], 1 / side));
  return power;
};

describe('close()', () => {
  it.each(['threads', 'sync'] as const)('rejects the runs in progress, whatever they are at: %s', async (scheduler) => {
    for (let round = 0; round < 6; round++) {
      const runtime = createRuntime({ workers: 2, scheduler });
      const runs = [
        runtime.compute([never(1), never(2), never(3), never(4), never(5), never(6)]),
        runtime.compute([chain(300, 150), never(1)]),
        runtime.persist([chain(20, 20), never(2)]),
      ].map(settled);
      await new Promise((resolve) => setTimeout(resolve, round * 12));
      await runtime.close();
      for (const error of await Promise.all(runs)) expect(error).toBeInstanceOf(RuntimeClosedError);
      expect(await settled(runtime.compute(1))).toBeInstanceOf(RuntimeClosedError);
      await runtime.close();
    }
  });

  it('lets the process end, with runs in progress and without close', () => {
    const index = new URL('../../dist/index.js', import.meta.url).href;
    const program = `
      import { createRuntime, delayed, nd } from '${index}';
      const runtime = createRuntime({ workers: 2 });
      const never = delayed(() => new Promise((resolve) => setTimeout(resolve, 600_000)));
      const run = runtime.compute([never(), nd.matmul(nd.full([90, 90], 1), nd.full([90, 90], 1)), never()]);
      run.catch((error) => console.log(error.name));
      setTimeout(() => runtime.close(), 150);
      const other = createRuntime({ workers: 2 });
      console.log(await other.compute(delayed((n) => n + 1)(1)));
    `;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 40_000,
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').sort()).toEqual(['2', 'RuntimeClosedError']);
    expect(status).toBe(0);
  });

  it('ends threads at any moment of their start, which must not end the process', () => {
    const index = new URL('../../dist/index.js', import.meta.url).href;
    const program = `
      import { createRuntime, delayed } from '${index}';
      for (let i = 0; i < 100; i++) {
        const runtime = createRuntime({ workers: 2 });
        const one = delayed((n) => n + 1);
        const run = runtime.compute([one(i), one(-i)]).catch((error) => error.name);
        await new Promise((resolve) => setTimeout(resolve, 25 + (i * 7) % 50));
        await runtime.close();
        await run;
      }
      console.log('all closed');
    `;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: 'all closed\n', stderr: '', status: 0 });
  });
});

describe('persisted results', () => {
  it('are used by another runtime, also after their own is closed', async () => {
    const [one, other] = [createRuntime({ workers: 1 }), createRuntime({ workers: 2 })];
    const kept = await one.persist(nd.matmul([[1, 2]], [[3], [4]]));
    const total = delayed((m: NDArray) => m.get(0, 0));
    const use = (): Promise<readonly unknown[]> => other.compute([nd.matmul(kept, [[2]]), total(kept as never)]);
    // Something of the other's own lies where the first one's array would be.
    await other.persist(nd.matmul(nd.full([40, 40], 1), nd.full([40, 40], 1)));
    for (let i = 0; i < 2; i++) {
      const [product, sum] = await use();
      expect((product as NDArray).toNested()).toEqual([[22]]);
      expect(sum).toBe(11);
      await one.close();
    }
    await other.close();
  });

  it('that are JavaScript values stay so, also when a kernel used them', async () => {
    const runtime = createRuntime({ workers: 1 });
    const list = delayed(() => [
      [1, 2],
      [3, 4],
    ])();
    const both = await runtime.persist([
      list,
      nd.matmul(nd.fromDelayed(list as never, { shape: [2, 2], dtype: 'float64' }), [[1], [1]]),
    ]);
    const [first, second] = (await runtime.compute(both)) as unknown as [unknown, NDArray];
    expect(first).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(second.toNested()).toEqual([[3], [7]]);
    await runtime.close();
  });
});

describe('limits', () => {
  it('longer than a timer can be are none', async () => {
    for (const scheduler of ['sync', 'threads'] as const) {
      const runtime = createRuntime({ workers: 1, scheduler });
      const slow = delayed(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return 7;
      });
      expect(await runtime.compute(slow(), { timeout: Number.POSITIVE_INFINITY })).toBe(7);
      expect(await runtime.compute(slow(), { timeout: 1e12 })).toBe(7);
      await runtime.close();
    }
  });

  it('hold for kernels too', async () => {
    for (const scheduler of ['sync', 'threads'] as const) {
      const runtime = createRuntime({ workers: 1, scheduler });
      const heavy = nd.matmul(nd.full([700, 700], 1), nd.full([700, 700], 1));
      const error = await settled(runtime.compute(heavy, { timeout: 0.01 }));
      expect(error).toBeInstanceOf(TaskError);
      expect((error as TaskError).cause).toBeInstanceOf(TaskTimeoutError);
      expect((await runtime.compute(nd.matmul([[2]], [[3]]))).toNested()).toEqual([[6]]);
      await runtime.close();
    }
  });
});

it('a thenable that throws, or calls back twice, is a result like others', async () => {
  const runtime = createRuntime({ scheduler: 'sync' });
  const odd = delayed((kind: string) => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
      if (kind === 'throws') throw new Error('thrown in then');
      resolve(kind);
      reject(new Error('too late'));
    },
  }));
  expect(await runtime.compute(odd('twice') as never)).toBe('twice');
  expect(((await settled(runtime.compute(odd('throws') as never))) as TaskError).message).toContain('thrown in then');
  await runtime.close();
});
