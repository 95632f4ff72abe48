/**
 * The scheduler on real work. (a) Tiled Cholesky through delayed tiles: how near two workers come to twice the rate of
 * one thread, which is what the same kernels take one after the other on one thread. (b) Blocks of 4 GB through a budget
 * of 512 MiB, in two programs: one whose safe order fits though going level by level would not, and one that has to write
 * to files; each over the time of the same work without a budget to speak of.
 *
 *     npm run build && npx tsx bench/scheduler/real.ts [--only cholesky|budget] [--n 2048] [--tile 128] [--gb 4] [--rounds 5]
 */
import { parseArgs } from 'node:util';
import { createRuntime, type LazyArray, linalg, NDArray, nd, type Runtime } from '../../dist/index.js';
import { median } from '../support/measure.js';
import { machine, printTable } from '../support/report.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    n: { type: 'string', default: '2048' },
    tile: { type: 'string', default: '128' },
    gb: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const rounds = Number(values.rounds);
const wanted = (table: string): boolean => values.only === undefined || values.only === table;
const met = (isMet: boolean): string => (isMet ? 'met' : '**missed**');
console.log(`${machine()}\n`);

/** A positive definite matrix. */
function definite(n: number): NDArray {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) data[i * n + j] = i === j ? 2 : 1 / (1 + Math.abs(i - j)) ** 2;
  }
  return new NDArray(data, { shape: [n, n], dtype: 'float64' });
}

interface Ran {
  /** Seconds of the run, of its kernels added up, and of the longest way through them. */
  readonly makespan: number;
  readonly kernels: number;
  readonly lowerBound: number;
}

async function factor(runtime: Runtime, tiles: LazyArray): Promise<Ran> {
  const l = linalg.cholesky(tiles);
  const width = l.chunks![0]![0]!;
  const starts = l.chunks![0]!.map((_, i) => i * width);
  // the tiles themselves, not a matrix put together from them
  const wanted = starts.flatMap((i) =>
    starts
      .filter((j) => j <= i)
      .map((j) =>
        nd.slice(l, [
          [i, i + width],
          [j, j + width],
        ]),
      ),
  );
  const kept = await runtime.persist(wanted, { scheduler: 'threads' });
  const { makespan, lowerBound, tasks } = runtime.lastRun!;
  for (const one of kept) one.release();
  let kernels = 0;
  for (const { device, start, end } of tasks) if (device === 'wasm') kernels += end - start;
  return { makespan, kernels, lowerBound };
}

async function cholesky(): Promise<void> {
  const [n, tile] = [Number(values.n), Number(values.tile)];
  console.log(`## Tiled Cholesky, n = ${n}, tiles of ${tile}, float64\n`);
  const whole = definite(n);
  const tiles = nd.array(whole, { chunks: tile });
  const [one, two] = [createRuntime({ workers: 1 }), createRuntime({ workers: 2 })];
  const expected = await linalg.cholesky(whole).compute();
  const alone: Ran[] = [];
  const both: Ran[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = [await factor(one, tiles), await factor(two, tiles)];
    if (round === 0) {
      const found = await linalg.cholesky(tiles).compute();
      const values = expected.data as Float64Array;
      const most = (found.data as Float64Array).reduce(
        (max, value, i) => Math.max(max, Math.abs(value - values[i]!)),
        0,
      );
      console.log(`Largest difference from the factor of the whole matrix: ${most.toExponential(1)}\n`);
      continue;
    }
    alone.push(first);
    both.push(second);
  }
  const plan = two.plan(linalg.cholesky(tiles), { scheduler: 'threads' });
  const kernels = Math.min(...alone.map((ran) => ran.kernels));
  const row = (name: string, ran: readonly Ran[], threads: number): string[] => {
    const best = Math.min(...ran.map(({ makespan }) => makespan));
    return [
      name,
      `${(best * 1e3).toFixed(1)} ms`,
      `${(median(ran.map(({ makespan }) => makespan)) * 1e3).toFixed(1)} ms`,
      `${(Math.min(...ran.map((one) => one.kernels)) * 1e3).toFixed(1)} ms`,
      (kernels / threads / best).toFixed(3),
    ];
  };
  printTable(
    ['workers', 'best', 'median', 'its kernels, added up', 'of the single-thread kernel rate times workers'],
    [row('1', alone, 1), row('2', both, 2)],
  );
  const best = both.reduce((a, b) => (b.makespan < a.makespan ? b : a));
  const value = kernels / 2 / best.makespan;
  console.log(
    `Planned: ${(plan.makespan * 1e3).toFixed(1)} ms on two; a run's own lower bound ${(best.lowerBound * 1e3).toFixed(1)} ms.`,
  );
  console.log(`Target ≥ 0.9 of twice the rate of one thread: ${value.toFixed(3)}, ${met(value >= 0.9)}.\n`);
  await Promise.all([one.close(), two.close()]);
}

const BLOCK = 16 * 2 ** 20;

/** Numbers made by a kernel, so that a block exists only from then on. */
const block = (i: number): LazyArray => {
  const side = Math.sqrt(BLOCK / 8) | 0;
  return nd.add(nd.mul(nd.reshape(nd.arange(side * side), [side, side]), 1e-6), i);
};

/** Blocks made level by level on paper, each summed up when all the others are there: σ needs one or two at a time. */
function streaming(blocks: number): unknown {
  const made = Array.from({ length: blocks }, (_, i) => nd.exp(nd.neg(block(i))));
  const sums = made.map((one) =>
    nd.matmul(nd.reshape(nd.sum(one, { axis: 0 }), [1, -1]), nd.reshape(nd.sum(one, { axis: 1 }), [-1, 1])),
  );
  return nd.sum(nd.concat(sums));
}

/** Blocks that are all needed again once something of all of them is known: most have to go to files meanwhile. */
function revisited(blocks: number): unknown {
  const half = Array.from({ length: blocks / 2 }, (_, i) => nd.cumsum(block(i), { axis: 0 }));
  const total = nd.max(nd.concat(half.map((one) => nd.reshape(nd.max(one), [1]))));
  return half.map((one) => nd.sum(nd.cumsum(nd.div(one, total), { axis: 1 })));
}

async function budget(): Promise<void> {
  const limit = 512 * 2 ** 20;
  const blocks = Math.round((Number(values.gb) * 1e9) / BLOCK);
  console.log(`## ${values.gb} GB in ${blocks} blocks of 16 MiB through 512 MiB\n`);
  const rows: string[][] = [];
  for (const [name, make, most] of [
    ['each block used up before the next', streaming, 2],
    ['every block needed twice, far apart', revisited, 2],
  ] as const) {
    const runtime = createRuntime({ workers: 2 });
    const free: number[] = [];
    const tight: number[] = [];
    let peak = 0;
    let expected: unknown;
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      expected = await runtime.compute(make(blocks), { memory: '3.5 GiB' });
      free.push(runtime.lastRun!.makespan);
      const found = await runtime.compute(make(blocks), { memory: limit });
      tight.push(runtime.lastRun!.makespan);
      peak = Math.max(peak, runtime.lastRun!.peak.host);
      if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${name}: the results differ`);
    }
    const plan = runtime.plan(make(blocks), { memory: limit });
    const ratio = Math.min(...tight) / Math.min(...free);
    rows.push([
      name,
      `${Math.min(...free).toFixed(2)} s`,
      `${Math.min(...tight).toFixed(2)} s`,
      `${ratio.toFixed(2)} (≤ ${most}, ${met(ratio <= most)})`,
      `${(peak / 2 ** 20).toFixed(0)} MiB (≤ 512, ${met(peak <= limit)})`,
      `${(plan.spilled / 2 ** 20).toFixed(0)} MiB`,
    ]);
    await runtime.close();
  }
  printTable(['program', 'with 3.5 GiB', 'with 512 MiB', 'ratio', 'peak', 'planned to be written'], rows);
}

if (wanted('cholesky')) await cholesky();
if (wanted('budget')) await budget();
