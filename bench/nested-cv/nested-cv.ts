/**
 * Nested cross-validation of a support vector classifier: ours on two threads, ours on one, and scikit-learn with
 * joblib on two processes, on the same samples, folds and grid. Every inner mean, every outer score and every choice
 * must agree before anything is timed. Ours is the whole of it: making the graph and running it.
 *
 *     npm run build && npx tsx bench/nested-cv/nested-cv.ts [--only digits] [--scaling]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compute, type NDArray, nd, readCsv } from '../../dist/index.js';
import { KFold, type NestedCrossValidation, nestedCrossValidate, SVC, standardize } from '../../dist/learn/index.js';
import { waitedSeconds } from '../support/contention.js';
import { alternate, type Contestant, median, timed } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable, times } from '../support/report.js';

interface Workload {
  readonly name: string;
  readonly data: string;
  readonly grid: Readonly<Record<string, readonly number[]>>;
  readonly outer: KFold;
  readonly inner: KFold;
  readonly rounds: number;
}

const digitsGrid = { C: [0.01, 0.1, 1, 10, 100], gamma: [0.01, 0.003, 0.001, 0.0003] };
const fineGrid = { C: [0.01, 0.1, 0.3, 1, 3, 10, 30, 100], gamma: [0.02, 0.01, 0.006, 0.003, 0.001, 0.0003] };
/** A round of scaling counts when its threads waited for a core for no more than this share of the time. */
const quiet = { share: 0.05, rounds: 6, wanted: 3 };

const workloads: readonly Workload[] = [
  {
    name: 'breast cancer, 4 × 4 folds, 5 candidates',
    data: 'breast_cancer',
    grid: { C: [0.01, 0.1, 1, 10, 100] },
    outer: new KFold({ nSplits: 4 }),
    inner: new KFold({ nSplits: 4 }),
    rounds: 9,
  },
  {
    name: 'digits, 3 × 3 folds, 5 × 4 candidates',
    data: 'digits',
    grid: digitsGrid,
    outer: new KFold({ nSplits: 3 }),
    inner: new KFold({ nSplits: 3 }),
    rounds: 5,
  },
  {
    name: 'digits, 5 × 5 shuffled folds, 8 × 6 candidates',
    data: 'digits',
    grid: fineGrid,
    outer: new KFold({ nSplits: 5, shuffle: true, seed: 1 }),
    inner: new KFold({ nSplits: 5, shuffle: true, seed: 2 }),
    rounds: 1,
  },
];

interface Found {
  readonly inner: readonly (readonly number[])[];
  readonly outer: readonly number[];
  readonly best: readonly object[];
}

interface Samples {
  readonly x: NDArray;
  readonly y: NDArray;
}

async function load(data: string): Promise<Samples> {
  const table = readCsv(new URL(`../../data/${data}.csv`, import.meta.url));
  const target = [standardize(table.without('target')), nd.array(table.column('target'))] as const;
  const [x, y] = await compute(target, { scheduler: 'sync' });
  return { x, y };
}

async function ours(workload: Workload, { x, y }: Samples, scheduler: 'sync' | 'threads'): Promise<Found> {
  const { grid, outer, inner } = workload;
  const graph = nestedCrossValidate({ estimator: new SVC(), grid, outer, inner, x, y });
  const answer: NestedCrossValidation = await graph.compute({ scheduler, workers: 2 });
  return { inner: answer.innerScores, outer: answer.outerScores, best: answer.bestParams };
}

const folder = mkdtempSync(join(tmpdir(), 'nested-cv-'));
const peer = await PythonPeer.start(new URL('./peers.py', import.meta.url));

/** What the peer is asked, the samples in files. */
function requestOf({ data, grid, outer, inner }: Workload, { x, y }: Samples): object {
  const files = { x: join(folder, `${data}-x`), y: join(folder, `${data}-y`) };
  writeFileSync(files.x, Float64Array.from(x.data));
  writeFileSync(files.y, Float64Array.from(y.data));
  const outerFolds = [...outer.split(x)];
  const lists = (folds: Iterable<readonly Int32Array[]>): number[][][] =>
    Array.from(folds, (fold) => fold.map((rows) => [...rows]));
  return {
    ...files,
    n: x.shape[0],
    grid,
    outer: lists(outerFolds),
    inner: outerFolds.map(([train]) => lists(inner.split(train.length))),
  };
}

function compare(name: string, { inner, outer, best }: Found, theirs: Found): void {
  const near = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) < 1e-12);
  const isSame = near(outer, theirs.outer) && inner.every((row, i) => near(row, theirs.inner[i]!));
  const sorted = (all: readonly object[]): string =>
    JSON.stringify(all.map((one) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))));
  if (isSame && sorted(best) === sorted(theirs.best)) return;
  throw new Error(`${name}: the scores differ: ${JSON.stringify({ outer, best })} and ${JSON.stringify(theirs)}`);
}

/** Two threads against one, in rounds in which nobody else took the cores; a row of the table. */
async function scaling(workload: Workload, samples: Samples): Promise<string[]> {
  const rounds: { sync: number; threads: number; share: number }[] = [];
  const isQuiet = (round: { share: number }): boolean => round.share <= quiet.share;
  while (rounds.length < quiet.rounds && rounds.filter(isQuiet).length < quiet.wanted) {
    const before = waitedSeconds() ?? 0;
    const [, sync] = await timed(() => ours(workload, samples, 'sync'));
    const [, threads] = await timed(() => ours(workload, samples, 'threads'));
    rounds.push({ sync, threads, share: ((waitedSeconds() ?? 0) - before) / (sync + 2 * threads) });
  }
  const counted = rounds.some(isQuiet) ? rounds.filter(isQuiet) : rounds;
  return [
    workload.name,
    median(counted.map(({ sync }) => sync)).toFixed(2),
    median(counted.map(({ threads }) => threads)).toFixed(2),
    `${median(counted.map(({ sync, threads }) => sync / threads)).toFixed(2)}×`,
    `${counted.length} of ${rounds.length}${rounds.some(isQuiet) ? '' : ', none quiet'}`,
    `${Math.round(100 * median(counted.map(({ share }) => share)))} %`,
  ];
}

const { values: options } = parseArgs({ options: { only: { type: 'string' }, scaling: { type: 'boolean' } } });
console.log(`${machine()}; ${peer instanceof PythonPeer ? peer.versions : peer}\n`);
const rows: string[][] = [];
const scalings: string[][] = [];
for (const workload of workloads) {
  const { name, data, rounds } = workload;
  if (options.only !== undefined && !name.startsWith(options.only)) continue;
  const samples = await load(data);
  const request = requestOf(workload, samples);
  const found = await ours(workload, samples, 'sync');
  compare(`${name}, sync and threads`, found, await ours(workload, samples, 'threads'));
  // What takes a few hundredths of a second says nothing about scaling.
  if (data === 'digits') scalings.push(await scaling(workload, samples));
  if (options.scaling) continue;
  const contestants: Record<string, Contestant> = {
    threads: async () => ({ seconds: (await timed(() => ours(workload, samples, 'threads')))[1] }),
    sync: async () => ({ seconds: (await timed(() => ours(workload, samples, 'sync')))[1] }),
  };
  if (peer instanceof PythonPeer) {
    // The large one takes them a minute: once, and the way that is faster on the small ones.
    for (const way of rounds === 1 ? ['loops'] : ['loops', 'GridSearchCV']) {
      contestants[way] = async () => {
        const theirs = await peer.ask<Found & { seconds: number }>({ ...request, peer: way });
        compare(`${name}, ${way}`, found, theirs!);
        return { seconds: theirs!.seconds };
      };
    }
  }
  const medians = await alternate(contestants, { rounds, warmUps: 0, patience: 30 });
  const seconds = (who: string): number | undefined => medians[who]?.seconds;
  const cell = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(3));
  rows.push([
    name,
    cell(seconds('sync')),
    cell(seconds('threads')),
    times(seconds('sync'), seconds('threads')),
    cell(seconds('loops')),
    times(seconds('loops'), seconds('threads')),
    cell(seconds('GridSearchCV')),
    times(seconds('GridSearchCV'), seconds('threads')),
  ]);
}
if (scalings.length > 0) {
  console.log('### Two threads against one\n');
  printTable(['workload', 'sync, s', '2 threads, s', '×', 'quiet rounds', 'waited for a core'], scalings);
}
const header = ['workload', 'sync', '2 threads', '×', 'joblib loops, 2 processes', '×', 'GridSearchCV, n_jobs=2', '×'];
if (rows.length > 0) {
  console.log('### Against scikit-learn, seconds\n');
  printTable(header, rows);
}
rmSync(folder, { recursive: true });
if (peer instanceof PythonPeer) peer.close();
