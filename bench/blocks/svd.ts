/**
 * Singular values and vectors of matrices in blocks beside dask.array and NumPy on the same cores, and larger than memory
 * beside the same work in memory. Ours run on WebAssembly alone and on the best devices here; OpenBLAS with the kernels it
 * chooses itself and with those for AVX2. Values, residuals and orthogonality are checked before times count.
 *
 *     npm run build && npx tsx bench/blocks/svd.ts [--only exact|compressed|disk] [--rounds 3] [--scale 1]
 *
 * `--scale 0.2` makes every side a fifth as long. Inputs lie where each contestant keeps its arrays, and results stay there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createRuntime,
  type LazyArray,
  linalg,
  MemoryBudgetError,
  type NDArray,
  nd,
  type Runtime,
  random,
} from '../../dist/index.js';
import { blocksOf, fromBlocks } from '../../dist/lazy/blocks/blocked.js';
import { alternate, type Contestant } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable, times } from '../support/report.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
  },
});
const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
const wanted = (table: string): boolean => values.only === undefined || values.only === table;
const scaled = (length: number): number => Math.max(1, Math.round(length * scale));
const met = (ratio: number | undefined, target: number): string =>
  ratio === undefined ? '–' : `${ratio.toFixed(2)}, target ${target}: ${ratio >= target ? 'met' : '**missed**'}`;

interface SVD {
  readonly u: LazyArray;
  readonly s: LazyArray;
  readonly vt: LazyArray;
}

interface Answer {
  readonly seconds: number;
  readonly values: readonly number[];
  /** ‖x − u·s·vt‖/‖x‖ */
  readonly error: number;
}

/** One matrix in chunks, and its decomposition by ours and by the peers. */
interface Work {
  readonly name: string;
  readonly x: LazyArray;
  readonly ours: (x: LazyArray) => SVD;
  readonly dask: string;
  readonly numpy?: string;
  /** Whether residuals and singular values are those of rounding errors; else errors are compared with dask's. */
  readonly exact: boolean;
  /** Of dask's speed, with its own kernels: on WebAssembly alone, and on the best devices. */
  readonly targets: readonly [wasm: number, best: number];
}

const folder = mkdtempSync(join(tmpdir(), 'svd-'));
const runtimes = {
  wasm: createRuntime({ device: 'wasm' }),
  best: createRuntime({ device: 'auto', revectorize: true }),
};
type Own = keyof typeof runtimes;
const owns = Object.keys(runtimes) as Own[];
const script = new URL('./decompositions.py', import.meta.url);
const peers = {
  own: await PythonPeer.start(script, { OPENBLAS_CORETYPE: undefined }),
  AVX2: await PythonPeer.start(script, { OPENBLAS_CORETYPE: 'Zen' }),
};
type Peer = keyof typeof peers;
console.log(machine());
for (const peer of Object.values(peers)) console.log(typeof peer === 'string' ? peer : peer.versions);
console.log();

interface Kept {
  readonly array: LazyArray;
  release(): void;
}

/** `x` on the heap of a runtime, block by block. */
async function keep(runtime: Runtime, x: LazyArray): Promise<Kept> {
  const blocks = await runtime.persist(blocksOf(x));
  return {
    array: x.chunks === null ? blocks[0]! : fromBlocks(x.chunks, blocks),
    release() {
      for (const block of blocks) block.release();
    },
  };
}

const residual = (x: LazyArray, { u, s, vt }: SVD): LazyArray =>
  nd.sub(x, nd.matmul(nd.mul(u, s) as LazyArray, vt)) as LazyArray;

/** The error of ours, after a look at its values and at how orthogonal its vectors are. */
async function checked(runtime: Runtime, x: LazyArray, found: SVD, limit: number): Promise<Answer> {
  const { u, s, vt } = found;
  const skew = (q: LazyArray): LazyArray => nd.sub(nd.matmul(nd.transpose(q), q), nd.eye(q.shape[1]!)) as LazyArray;
  const [list, size, wrong, left, right] = await runtime.compute([
    s,
    linalg.norm(x),
    linalg.norm(residual(x, found)),
    linalg.norm(skew(u)),
    linalg.norm(skew(nd.transpose(vt))),
  ] as const);
  const most = Math.max(left, right);
  if (!(most < limit)) throw new Error(`singular vectors are orthonormal to ${most} only`);
  return { seconds: 0, values: Array.from(list.data as Float64Array), error: wrong / size };
}

async function race({ name, x, ours, dask, numpy, exact, targets }: Work): Promise<string[]> {
  const [m, n] = x.shape as [number, number];
  const limit = 30 * Math.max(m, n) * 2 ** -52;
  const path = join(folder, 'x');
  const kept: Partial<Record<Own, Kept>> = {};
  for (const own of owns) kept[own] = await keep(runtimes[own], x);
  writeFileSync(path, ((await runtimes.wasm.compute(x)) as NDArray).data);
  for (const peer of Object.values(peers)) {
    if (typeof peer === 'string') continue;
    await peer.ask({ load: path, shape: [m, n], chunks: x.chunks!.map(([first]) => first) });
  }
  rmSync(path);

  const answers = new Map<string, Answer>();
  for (const own of owns) {
    const input = kept[own]!.array;
    answers.set(own, await checked(runtimes[own], input, ours(input), limit));
  }
  const contestants: Record<string, Contestant> = {};
  for (const own of owns) {
    contestants[own] = async () => {
      const start = performance.now();
      const { u, s, vt } = ours(kept[own]!.array);
      const results = await runtimes[own].persist([...blocksOf(u), s, ...blocksOf(vt)]);
      const seconds = (performance.now() - start) / 1000;
      for (const one of results) one.release();
      return { seconds };
    };
  }
  const asked =
    (kind: Peer, what: string, run: string): Contestant =>
    async () => {
      const peer = peers[kind];
      if (typeof peer === 'string') return undefined;
      const answer = await peer.ask<Answer>({ run });
      if (answer === null) return undefined;
      answers.set(`${what}, ${kind}`, answer);
      return { seconds: answer.seconds };
    };
  for (const kind of Object.keys(peers) as Peer[]) {
    contestants[`dask, ${kind}`] = asked(kind, 'dask', dask);
    if (numpy !== undefined) contestants[`NumPy, ${kind}`] = asked(kind, 'NumPy', numpy);
  }
  const medians = await alternate(contestants, { rounds, warmUps: 1, patience: 90 });
  for (const own of owns) kept[own]!.release();

  const first = answers.get('wasm')!;
  for (const [who, { values: list, error }] of answers) {
    if (!exact) {
      if (!(first.error <= 1.001 * error)) throw new Error(`${name}: the error is ${first.error}, of ${who} ${error}`);
      continue;
    }
    if (!(error < limit)) throw new Error(`${name}: the residual of ${who} is ${error}`);
    const most = Math.max(...list.map((value, i) => Math.abs(value - first.values[i]!)));
    if (!(most < limit * first.values[0]!)) throw new Error(`${name}: values of ${who} differ from ours by ${most}`);
  }
  const seconds = (who: string): number | undefined => medians[who]?.seconds;
  const cell = (who: string): string => {
    const one = seconds(who);
    return one === undefined ? '–' : `${one.toFixed(2)} (${answers.get(who)!.error.toExponential(exact ? 0 : 4)})`;
  };
  const against = (own: Own, kind: Peer): number | undefined => {
    const [mine, theirs] = [seconds(own), seconds(`dask, ${kind}`)];
    return mine === undefined || theirs === undefined ? undefined : theirs / mine;
  };
  console.log(
    `${name}: wasm of dask ${met(against('wasm', 'own'), targets[0])} (of AVX2 ${against('wasm', 'AVX2')?.toFixed(2) ?? '–'});`,
    `best ${met(against('best', 'own'), targets[1])} (of AVX2 ${against('best', 'AVX2')?.toFixed(2) ?? '–'})`,
  );
  const columns = ['wasm', 'best', 'dask, own', 'dask, AVX2', 'NumPy, own', 'NumPy, AVX2'];
  return [
    name,
    ...columns.map(cell),
    times(seconds('dask, own'), seconds('wasm')),
    times(seconds('dask, own'), seconds('best')),
  ];
}

/** Values fall off slowly, above noise. */
function sloping(m: number, n: number, chunks: readonly [number, number]): LazyArray {
  const rank = Math.min(200, m, n);
  const scales = nd.exp(nd.mul(nd.arange(rank), -6 / rank) as LazyArray) as LazyArray;
  const left = nd.mul(random.normal([m, rank], { seed: 1, chunks: [chunks[0], rank] }), scales) as LazyArray;
  const right = random.normal([rank, n], { seed: 2, chunks: [rank, chunks[1]] });
  return nd.add(
    nd.matmul(left, right),
    nd.mul(random.normal([m, n], { seed: 3, chunks: [...chunks] }), 0.01),
  ) as LazyArray;
}

const [m, n] = [scaled(5000), scaled(1000)];
const exact = {
  ours: linalg.svd,
  dask: 'da.linalg.svd(x)',
  numpy: 'np.linalg.svd(a, full_matrices=False)',
  exact: true,
  targets: [0.6, 1] as const,
};
const [long, wide, k] = [scaled(20_000), scaled(2000), scaled(100)];
const works: readonly Work[] = [
  ...[
    [n, n],
    [n, Math.ceil(n / 2)],
  ].map(([rows, columns]) => ({
    ...exact,
    name: `svd of ${m} × ${n} in chunks of ${rows} × ${columns}`,
    x: random.normal([m, n], { seed: 1, chunks: [rows!, columns!] }),
  })),
  ...[
    [Math.ceil(long / 10), wide],
    [Math.ceil(long / 10), Math.ceil(wide / 2)],
  ].map(([rows, columns]) => ({
    name: `svdCompressed of ${long} × ${wide}, k = ${k}, in chunks of ${rows} × ${columns}`,
    x: sloping(long, wide, [rows!, columns!]),
    ours: (x: LazyArray) => linalg.svdCompressed(x, k, { powerIterations: 2, seed: 1 }),
    dask: `da.linalg.svd_compressed(x, ${k}, n_power_iter=2, seed=1)`,
    exact: false,
    targets: [1.2, 1.2] as const,
  })),
];
const raced = works.filter(({ exact }) => wanted(exact ? 'exact' : 'compressed'));
const rows: string[][] = [];
for (const work of raced) rows.push(await race(work));
if (rows.length > 0) {
  console.log();
  printTable(
    [
      'seconds (‖x − u·s·vt‖/‖x‖)',
      'wasm',
      'best devices',
      'dask',
      'dask, AVX2',
      'NumPy',
      'NumPy, AVX2',
      'times dask: wasm',
      'best',
    ],
    rows,
  );
}

/** Values, vectors and the residual, from the heap without a budget and from a file within one. */
async function disk(): Promise<void> {
  const [length, width, rowsOfChunk, memory] = [scaled(30_000), scaled(1000), scaled(1000), scale ** 2 * 2 ** 26];
  const path = join(folder, 'x.npy');
  const chunks = [rowsOfChunk, width];
  await nd.save(path, random.normal([length, width], { seed: 1, chunks }));
  const loaded = nd.load(path, { chunks });
  const small = createRuntime({ device: 'wasm', memory });
  const kept = await keep(runtimes.wasm, loaded);
  const line: string[] = [];
  try {
    let peak = 0;
    const works: Record<string, (x: LazyArray) => readonly LazyArray[]> = {
      svdvals: (x) => [linalg.svdvals(x)],
      'svd and its residual': (x) => {
        const found = linalg.svd(x);
        return [found.s, linalg.norm(residual(x, found)) as unknown as LazyArray];
      },
    };
    for (const [name, work] of Object.entries(works)) {
      const run = (runtime: Runtime, x: LazyArray): Contestant => {
        return async () => {
          const start = performance.now();
          await runtime.compute(work(x));
          const seconds = (performance.now() - start) / 1000;
          if (runtime === small) peak = Math.max(peak, runtime.lastRun!.peak.host);
          return { seconds };
        };
      };
      peak = 0;
      let medians: Awaited<ReturnType<typeof alternate<'inside' | 'outside'>>>;
      try {
        medians = await alternate(
          { inside: run(runtimes.wasm, kept.array), outside: run(small, loaded) },
          { rounds, warmUps: 1, patience: 120 },
        );
      } catch (error) {
        if (!(error instanceof MemoryBudgetError)) throw error;
        console.log(`${name}: **missed**, ${error.message}`);
        continue;
      }
      const [inside, outside] = [medians.inside!.seconds!, medians.outside!.seconds!];
      const mega = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
      const isMet = outside <= 2 * inside;
      line.push(
        `| ${name} | ${inside.toFixed(2)} | ${outside.toFixed(2)} | ${(outside / inside).toFixed(2)} (≤ 2, ${isMet ? 'met' : '**missed**'}) | ${mega(peak)} (≤ ${mega(memory)}, ${peak <= memory ? 'met' : '**missed**'}) |`,
      );
    }
  } finally {
    kept.release();
    await small.close();
  }
  console.log(`| ${length} × ${width} | in memory, s | from disk, s | ratio | peak |\n| --- | --- | --- | --- | --- |`);
  console.log(`${line.join('\n')}\n`);
}

try {
  if (wanted('disk')) await disk();
} finally {
  for (const peer of Object.values(peers)) if (typeof peer !== 'string') peer.close();
  await Promise.all(Object.values(runtimes).map((runtime) => runtime.close()));
  rmSync(folder, { recursive: true });
}
