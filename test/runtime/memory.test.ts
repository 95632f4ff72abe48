/** The options `memory` and `spill` as a user gives them, on runtimes of their own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createRuntime,
  delayed,
  MemoryBudgetError,
  nd,
  type Observer,
  OptionError,
  type RunRecord,
  type Runtime,
  random,
} from '../../dist/index.js';

const index = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const MiB = 2 ** 20;
const runtimes: Runtime[] = [];
const start = (options: Parameters<typeof createRuntime>[0]): Runtime => {
  const runtime = createRuntime(options);
  runtimes.push(runtime);
  return runtime;
};
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.close();
});

/** Blocks of a MiB each that are all needed twice: no order needs less than nearly all of them at once. */
function twice(blocks: number) {
  const xs = Array.from({ length: blocks }, (_, i) => random.uniform([256, 512], { seed: i }));
  const mean = nd.div(
    xs.slice(1).reduce((a, b) => nd.add(a, b), xs[0]!),
    blocks,
  );
  return nd.sqrt(xs.map((x) => nd.sum(nd.square(nd.sub(x, mean)))).reduce((a, b) => nd.add(a, b) as never));
}

const peakOf = (runtime: Runtime): number => (runtime.lastRun as RunRecord).peak.host;

describe('memory', () => {
  it('is a promise: the same result within it, by files, and the record says what was used', async () => {
    const free = start({ workers: 2 });
    const expected = await free.compute(twice(24));
    expect(peakOf(free)).toBeGreaterThan(20 * MiB);
    for (const memory of [8 * MiB, '8 MiB', { host: '8MiB' }] as const) {
      const tight = start({ workers: 2, memory });
      expect(await tight.compute(twice(24))).toBe(expected);
      expect(peakOf(tight)).toBeLessThanOrEqual(8 * MiB);
      expect(peakOf(tight)).toBeGreaterThan(4 * MiB);
    }
  }, 60_000);

  it('is kept under sync too, and per call', async () => {
    const runtime = start({ workers: 2 });
    const expected = await runtime.compute(twice(12), { scheduler: 'sync' });
    expect(await runtime.compute(twice(12), { scheduler: 'sync', memory: 6 * MiB })).toBe(expected);
    expect(peakOf(runtime)).toBeLessThanOrEqual(6 * MiB);
  }, 60_000);

  it('that a task does not fit into is an error before anything runs, naming the task and the bytes', async () => {
    const runtime = start({ workers: 2, memory: '2 MiB' });
    const started: unknown[] = [];
    const ran = delayed((): number => started.push('call'));
    const big = nd.matmul(random.uniform([512, 512], { seed: 1 }), random.uniform([512, 512], { seed: 2 }));
    const error = await runtime
      .compute([ran(), big], { observers: [{ onTaskStart: (task: unknown) => started.push(task) }] })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MemoryBudgetError);
    expect((error as MemoryBudgetError).bytes).toBe(4 * MiB);
    expect((error as MemoryBudgetError).message).toMatch(
      /task 'matmul-\w+' needs 6,291,456 bytes at once, 4,194,304 more/,
    );
    expect(started).toEqual([]);
  });

  it('counts what functions say they need: no more of them at once than fit', async () => {
    const runtime = start({ workers: 3, memory: '100 MB' });
    const wait = delayed(() => new Promise((resolve) => setTimeout(resolve, 20)), { memory: 40e6 });
    const running = new Set<string>();
    let most = 0;
    const observers: Observer[] = [
      {
        onTaskStart: ({ key }: { key: string }) => (most = Math.max(most, running.add(key).size)),
        onTaskEnd: ({ key }: { key: string }) => running.delete(key),
      },
    ];
    await runtime.compute(
      Array.from({ length: 8 }, () => wait()),
      { observers },
    );
    expect(most).toBeLessThanOrEqual(2);
    expect(peakOf(runtime)).toBe(80e6);
    const huge = delayed(() => 1, { memory: 120e6 });
    await expect(runtime.compute(huge())).rejects.toThrow(MemoryBudgetError);
  });

  it('is shared by what runs at once', async () => {
    const runtime = start({ workers: 2, memory: '10 MiB' });
    const expected = await runtime.compute(twice(16), { memory: '100 MiB' });
    const results = await Promise.all([1, 2, 3].map(() => runtime.compute(twice(16))));
    expect(results).toEqual([expected, expected, expected]);
    expect(peakOf(runtime)).toBeLessThanOrEqual(10 * MiB);
  }, 60_000);

  it('counts kept results, which go to files when others need the room, and come back', async () => {
    const runtime = start({ workers: 2, memory: '10 MiB' });
    const kept = await runtime.persist(Array.from({ length: 12 }, (_, i) => random.uniform([256, 512], { seed: i })));
    expect(peakOf(runtime)).toBeLessThanOrEqual(10 * MiB);
    const sums = await runtime.compute(kept.map((x) => nd.sum(x)));
    const expected = await start({}).compute(
      Array.from({ length: 12 }, (_, i) => nd.sum(random.uniform([256, 512], { seed: i }))),
    );
    expect(sums).toEqual(expected);
    expect(await runtime.compute(twice(12))).toBe(await start({}).compute(twice(12)));
    const [first] = await runtime.compute([kept[11]!]);
    expect((first as { nbytes: number }).nbytes).toBe(MiB);
    expect(peakOf(runtime)).toBeLessThanOrEqual(10 * MiB);
    // Without files what is in them still comes back
    const tail = await runtime.compute(nd.sum(kept[0]!), { spill: false, memory: '30 MiB' });
    expect(tail).toBe(expected[0]);
    for (const x of kept) x.release();
  }, 60_000);

  it.each([[0], [-1], ['many'], ['5 parsecs'], [{}], [{ cpu: 1 }], [{ host: 'x' }], [Number.NaN]])(
    'cannot be %j',
    (memory) => {
      expect(() => createRuntime({ memory } as never)).toThrow(OptionError);
    },
  );
});

describe('spill', () => {
  it('false refuses what does not fit without files, before anything runs', async () => {
    const runtime = start({ workers: 2, memory: '8 MiB', spill: false });
    await expect(runtime.compute(twice(24))).rejects.toThrow(MemoryBudgetError);
    expect(await runtime.compute(nd.sum(nd.ones([256, 256])))).toBe(65536);
  });

  it('may name a folder, in which nothing stays', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lazuli-test-'));
    const runtime = start({ workers: 2, memory: '8 MiB', spill: folder });
    const seen = new Set<string>();
    const observers = [{ onSpill: () => seen.add(readdirSync(folder).join()) }];
    await runtime.compute(twice(24), { observers });
    expect(seen.size).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    const failing = delayed((x: number) => {
      if (x > 0) throw new Error('no');
      return x;
    })(twice(24) as never);
    await expect(runtime.compute(failing)).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
    const abort = new AbortController();
    const observer = { onSpill: () => abort.abort() };
    await expect(runtime.compute(twice(24), { signal: abort.signal, observers: [observer] })).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('that cannot be written to is an error that says so, and the next run works', async () => {
    const runtime = start({ workers: 2, memory: '8 MiB', spill: '/dev/null/nowhere' });
    await expect(runtime.compute(twice(24))).rejects.toMatchObject({ code: 'LAZULI_SPILL' });
    expect(await runtime.compute(nd.sum(nd.ones([256, 256])))).toBe(65536);
  });

  it('leaves nothing when the process exits in the middle; the environment may set both', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lazuli-test-'));
    const program = `
      import { readdirSync } from 'node:fs';
      import { createRuntime, nd, random } from ${JSON.stringify(index)};
      ${twice.toString()}
      const runtime = createRuntime();
      const onSpill = () => {
        console.log(readdirSync(process.env.LAZULI_SPILL).length);
        process.exit(3);
      };
      await runtime.compute(twice(24), { observers: [{ onSpill }] });
    `.replaceAll(/__vite_ssr_import_\d+__\./g, '');
    const env = { ...process.env, LAZULI_MEMORY: '8 MiB', LAZULI_SPILL: folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('1');
    expect(status).toBe(3);
    expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
