/**
 * Small computations, for which waking threads takes longer than the work: `auto` keeps their kernels on this thread,
 * `threads` never does, `sync` always. One call of `compute` each, from a graph that is there already; microseconds,
 * the median of many. `burst` begins eight of them at once. Every result is checked once.
 *
 *     npm run build && npx tsx bench/overhead/small.ts
 */
import { compute, type LazyArray, type NDArray, nd, random } from '../../dist/index.js';
import { alternate, type Contestant, timed } from '../support/measure.js';
import { machine, printTable } from '../support/report.js';

const workers = 2;
const schedulers = ['sync', 'threads', 'auto'] as const;

async function square(n: number): Promise<LazyArray> {
  const x = nd.array(await random.normal([n, n], { seed: n }).compute());
  return nd.matmul(x, x);
}

async function chain(length: number, size: number): Promise<LazyArray> {
  let x: LazyArray = nd.array(await random.uniform([size], { seed: 1 }).compute());
  for (let i = 0; i < length; i++) x = nd.sin(nd.add(x, i));
  return x;
}

async function many(count: number): Promise<LazyArray[]> {
  const one = nd.array(Float64Array.of(1, 1, 0, 1), { shape: [2, 2] });
  return Array.from({ length: count }, (_, i) =>
    nd.matmul(nd.array(Float64Array.of(1, i, 0, 1), { shape: [2, 2] }), one),
  );
}

const cases: Readonly<Record<string, readonly [target: LazyArray | LazyArray[], options?: { optimize: boolean }]>> = {
  'product, 32 × 32': [await square(32)],
  'product, 128 × 128': [await square(128)],
  'product, 256 × 256': [await square(256)],
  'product, 512 × 512': [await square(512)],
  '20 element-wise on 10,000, fused': [await chain(10, 10_000)],
  '20 element-wise on 10,000': [await chain(10, 10_000), { optimize: false }],
  'sum of 100,000': [[nd.sum(await random.uniform([100_000], { seed: 3 }).compute()) as unknown as LazyArray]],
  '100 products of 2 × 2': [await many(100)],
};

const bytesOf = (result: unknown): string => JSON.stringify([result].flat().map((one) => (one as NDArray).data ?? one));

console.log(`${machine()}; ${workers} workers; microseconds\n`);
const rows: string[][] = [];
for (const [name, [target, options]] of Object.entries(cases)) {
  const run = (scheduler: (typeof schedulers)[number]) => compute(target, { ...options, scheduler, workers });
  const expected = bytesOf(await run('sync'));
  for (const scheduler of schedulers) {
    if (bytesOf(await run(scheduler)) !== expected) throw new Error(`${name}: ${scheduler} has another result`);
  }
  const contestants: Record<string, Contestant> = {};
  for (const scheduler of schedulers) {
    contestants[scheduler] = async () => ({ run: (await timed(() => run(scheduler)))[1] });
    contestants[`${scheduler} burst`] = async () => {
      const burst = (): Promise<unknown> => Promise.all(Array.from({ length: 8 }, () => run(scheduler)));
      return { run: (await timed(burst))[1] / 8 };
    };
  }
  const medians = await alternate(contestants, { rounds: 60, warmUps: 10, patience: 3 });
  const cell = (who: string): string => ((medians[who]?.run ?? Number.NaN) * 1e6).toFixed(0);
  rows.push([name, ...schedulers.map(cell), ...schedulers.map((scheduler) => cell(`${scheduler} burst`))]);
}
printTable(['', ...schedulers, ...schedulers.map((scheduler) => `${scheduler}, burst`)], rows);
process.exit(0);
