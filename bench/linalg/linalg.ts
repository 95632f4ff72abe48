/**
 * Linear algebra against NumPy and SciPy (OpenBLAS) and other JavaScript libraries. Inputs lie where each contestant
 * keeps its arrays before the clock starts, and results stay there; every result is checked (checks.ts) before its time
 * counts. Contestants alternate within a round; medians. SciPy runs twice: with the kernels that OpenBLAS chooses here,
 * and with those for AVX2 (`OPENBLAS_CORETYPE=Zen`), against which the targets are set; on one thread and on two.
 *
 *     npm run build && npx tsx bench/linalg/linalg.ts [--only products|factorisations|spectral|solvers|batches|<part of a name>] [--quick] [--best] [--cpu] [--revectorize]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compute, configure, devices, type LazyArray, type NDArray, nd, persist, random } from '../../dist/index.js';
import { alternate, type Contestant, median } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable } from '../support/report.js';
import * as checks from './checks.js';
import { type Clock, computing, LEAST, now, release, repeated, type Way } from './measure.js';
import { kernelAlone, microKernel, prepare } from './products.js';
import { type Floats, productRivals } from './rivals.js';
import { type Work, works } from './works.js';

const { only, quick, best, cpu, revectorize } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    best: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    revectorize: { type: 'boolean', default: false },
  },
}).values;
const wanted = (...names: readonly string[]): boolean =>
  only === undefined || names.some((name) => name.toLowerCase().includes(only.toLowerCase()));
/**
 * Works for 80 ms: threads of OpenBLAS go on spinning for some 25 ms after a call, on a core that two threads of ours would
 * need, and a core that has rested is slower for as long again.
 */
function settle(): void {
  for (const end = performance.now() + 80; performance.now() < end; ) microKernel('float64');
}

/** Where others use the same cores, the shortest time says more than the median. */
const how = {
  rounds: quick ? 3 : 7,
  warmUps: 1,
  patience: quick ? 3 : 8,
  before: settle,
  pick: best ? (values: readonly number[]) => Math.min(...values) : median,
};

if (revectorize) configure({ revectorize });
const build = prepare(revectorize);

const one: Way = { scheduler: 'sync' };
const two: Way = { workers: 2 };

/** What one thread takes: where others use the same cores, CPU time is what it would take without them. */
const clock: Clock = cpu ? 'cpu' : 'wall';

/** SciPy, by the kernels that it runs and its threads. */
const settings = {
  'own 1': { OPENBLAS_NUM_THREADS: '1', OPENBLAS_CORETYPE: undefined },
  'AVX2 1': { OPENBLAS_NUM_THREADS: '1', OPENBLAS_CORETYPE: 'Zen' },
  'own 2': { OPENBLAS_NUM_THREADS: '2', OPENBLAS_CORETYPE: undefined },
  'AVX2 2': { OPENBLAS_NUM_THREADS: '2', OPENBLAS_CORETYPE: 'Zen' },
} as const;
type Setting = keyof typeof settings;
const names = Object.keys(settings) as Setting[];
const peers = new Map<Setting, PythonPeer>();
const folder = mkdtempSync(join(tmpdir(), 'linalg-'));
console.log(`${machine()}; kernels '${build}': ${devices().find(({ name }) => name === 'wasm')?.description}`);
for (const name of names) {
  const peer = await PythonPeer.start(new URL('./peers.py', import.meta.url), settings[name]);
  console.log(typeof peer === 'string' ? peer : `${name}: ${peer.versions}`);
  if (typeof peer === 'string') break;
  peers.set(name, peer);
}
console.log();

/** Gives the arrays to all peers. */
async function tell(arrays: Readonly<Record<string, NDArray>>): Promise<void> {
  const load: Record<string, object> = {};
  for (const [name, { data, shape, dtype }] of Object.entries(arrays)) {
    const path = join(folder, name);
    writeFileSync(path, data as Uint8Array);
    load[name] = { path, shape, dtype };
  }
  for (const peer of peers.values()) await peer.ask({ load });
}

const inPython = (run: string): Record<string, Contestant> =>
  Object.fromEntries(
    Array.from(peers, ([name, peer]) => [
      name,
      async () => {
        const request = { run, least: LEAST, clock: name.endsWith('1') ? clock : 'wall' };
        return { seconds: (await peer.ask<{ seconds: number }>(request))!.seconds };
      },
    ]),
  );

/** One line of the table of targets: how many times a peer's speed (or whatever `of` says) ours is. */
interface Goal {
  readonly what: string;
  readonly of: string;
  readonly target: number;
  readonly ratio: number | undefined;
  /** The same against SciPy with the kernels that it chooses itself. */
  readonly own?: number | undefined;
}
const goals: Goal[] = [];

function goal(what: string, of: string, target: number, ratio: number | undefined, own?: number): void {
  if (ratio !== undefined && !Number.isNaN(ratio)) goals.push({ what, of, target, ratio, own });
}

const over = (theirs: number | undefined, ours: number | undefined): number | undefined =>
  theirs === undefined || ours === undefined ? undefined : theirs / ours;
/** GFLOP/s times seconds per flop: which part of that rate it is. */
const times = (rate: number | undefined, perFlop: number | undefined): number | undefined =>
  rate === undefined || perFlop === undefined ? undefined : rate * 1e9 * perFlop;
const digits = (value: number | undefined, count = 3): string =>
  value === undefined || Number.isNaN(value) ? '–' : value >= 100 ? value.toFixed(0) : value.toPrecision(count);
const factor = (value: number | undefined): string => (value === undefined ? '–' : `${digits(value, 2)}×`);
const ms = (seconds: number | undefined): string => digits(seconds === undefined ? undefined : seconds * 1e3);

function checked(name: string, residual: number): void {
  if (!(residual < checks.THRESHOLD)) throw new Error(`${name}: wrong, its residual is ${residual} · nε`);
}

const isNewer = Number(process.versions.node.split('.')[0]) >= 24;
const ofNumpy = build === 'revectorized' ? 0.95 : isNewer ? 0.52 : 0.48;

async function products(): Promise<void> {
  const { rivals, absent } = await productRivals();
  for (const reason of absent) console.log(`${reason}\n`);
  for (const dtype of ['float64', 'float32'] as const) {
    const others = rivals.filter(({ dtypes }) => dtypes.includes(dtype));
    const rows: string[][] = [];
    for (const n of quick ? [128, 256, 500] : [128, 256, 500, 1000, 2000]) {
      const name = `${dtype} product, n = ${n}`;
      if (!wanted('products', name)) continue;
      const inputs = [1, 2].map((seed) => random.normal([n, n], { seed, dtype })) as [LazyArray, LazyArray];
      const [a, b] = (await compute(inputs)) as [NDArray, NDArray];
      const [x, y] = (await persist(inputs)) as [LazyArray, LazyArray];
      await tell({ a, b });
      const sum = (v: ArrayLike<number>): Float64Array => checks.times(a, checks.times(b, v));
      const check = (who: string, data: ArrayLike<number>): void => {
        const c = { data, shape: [n, n], dtype } as unknown as NDArray;
        const scale = checks.norm(a.data) * checks.norm(b.data);
        checked(
          `${name}, ${who}`,
          checks.sameMap(c, n, scale, (v) => checks.times(c, v), sum),
        );
      };
      const alone = kernelAlone(n, a.data as Floats, b.data as Floats);
      alone.multiply();
      check('the kernel', alone.elements());
      for (const way of [one, two]) check(JSON.stringify(way), (await nd.matmul(x, y).compute(way)).data);
      const contestants: Record<string, Contestant> = {
        micro: microAlone(dtype),
        kernel: repeated(() => alone.multiply(), clock),
        one: computing(() => nd.matmul(x, y), one, clock),
        two: computing(() => nd.matmul(x, y), two),
        ...inPython('a @ b'),
      };
      const prepared = [];
      for (const rival of others) {
        if (n > rival.most) continue;
        const own = await rival.prepare(n, a.data as Floats, b.data as Floats);
        check(rival.name, await own.elements());
        contestants[rival.name] = repeated(() => own.multiply(), clock);
        prepared.push(own);
      }
      const medians = await alternate(contestants, how);
      for (const own of prepared) own.dispose?.();
      release([x, y]);
      const seconds = (who: string): number | undefined => medians[who]?.seconds;
      const rate = (who: string): number | undefined => over((2 * n ** 3) / 1e9, seconds(who));
      const ours = seconds('kernel');
      const ofMicro = times(rate('kernel'), medians.micro?.perFlop);
      const ratios = names.map((who) => over(seconds(who), who.endsWith('1') ? ours : seconds('two')));
      rows.push([
        String(n),
        digits(rate('kernel')),
        ofMicro?.toFixed(2) ?? '–',
        digits(rate('one')),
        digits(rate('two')),
        factor(over(seconds('one'), seconds('two'))),
        `${(100 * (medians.two?.share ?? 0)).toFixed(0)} %`,
        ...names.flatMap((who, i) => [digits(rate(who)), ratios[i]?.toFixed(2) ?? '–']),
        ...others.flatMap((rival) => [digits(rate(rival.name)), factor(over(seconds(rival.name), ours))]),
      ]);
      goal(name, 'its micro-kernel', 0.92, ofMicro);
      goal(name, 'NumPy', ofNumpy, over(seconds('AVX2 1'), ours), over(seconds('own 1'), ours));
      goal(name, 'tfjs-wasm', 1.35, over(seconds('tfjs-wasm'), ours));
      goal(name, 'one thread', 1.93, over(seconds('one'), seconds('two')));
    }
    if (rows.length === 0) continue;
    console.log(`### Products of n × n, ${dtype}, GFLOP/s\n`);
    const header = ['n', 'kernel', 'of its micro-kernel', '`nd`, 1 thread', '2 threads', '×', 'waited'];
    for (const name of names) header.push(`NumPy ${name}`, '×');
    for (const { name } of others) header.push(name, '×');
    printTable(header, rows);
  }
}

/** Seconds per flop of the micro-kernel. */
function microAlone(dtype: string): Contestant {
  return async () => {
    const before = now(clock);
    const flops = microKernel(dtype);
    return { perFlop: (now(clock) - before) / flops };
  };
}

/** Seconds by contestant. @throws when a result is wrong */
async function race(work: Work): Promise<string[]> {
  const arrays = (await compute(work.inputs)) as Record<string, NDArray>;
  const given = (await persist(work.inputs)) as Record<string, LazyArray>;
  await tell(arrays);
  for (const way of [one, two]) {
    const results = (await compute(work.ours(given), way)) as Record<string, NDArray>;
    checked(work.name, work.check(results, arrays));
    const peer = peers.get('own 1');
    if (work.values === undefined || peer === undefined) continue;
    await peer.ask({ run: work.scipy, least: 0, clock });
    const { values } = (await peer.ask<{ values: number[] }>({ values: work.values.scipy }))!;
    const n = Math.max(...Object.values(arrays)[0]!.shape.slice(-2));
    checked(`${work.name}, beside SciPy`, checks.sameValues(work.values.ours(results), values, n, 2 ** -52));
  }
  const contestants: Record<string, Contestant> = {
    micro: microAlone('float64'),
    one: computing(() => work.ours(given), one, clock),
    two: computing(() => work.ours(given), two),
    ...inPython(work.scipy),
  };
  if (work.other !== undefined && peers.has('AVX2 1')) contestants.other = inPython(work.other.scipy)['AVX2 1']!;
  if (work.mlMatrix !== undefined) {
    const { run } = work.mlMatrix;
    contestants.mlMatrix = repeated(() => run(arrays), clock);
  }
  const medians = await alternate(contestants, how);
  release(given);
  const seconds = (who: string): number | undefined => medians[who]?.seconds;
  const ratios = names.map((who) => over(seconds(who), seconds(who.endsWith('1') ? 'one' : 'two')));
  if (work.target !== undefined) goal(work.name, 'SciPy', work.target, ratios[1], ratios[0]);
  const ofMlMatrix = over(seconds('mlMatrix'), seconds('one'));
  if (work.mlMatrix?.target !== undefined) goal(work.name, 'ml-matrix', work.mlMatrix.target, ofMlMatrix);
  const rate = over(work.flops === undefined ? undefined : work.flops / 1e9, seconds('one'));
  return [
    work.name,
    ms(seconds('one')),
    ms(seconds('two')),
    factor(over(seconds('one'), seconds('two'))),
    digits(rate),
    times(rate, medians.micro?.perFlop)?.toFixed(2) ?? '–',
    ...names.flatMap((who, i) => [ms(seconds(who)), ratios[i]?.toFixed(2) ?? '–']),
    work.other === undefined ? '–' : `${work.other.name} ${ms(seconds('other'))}`,
    work.mlMatrix === undefined ? '–' : `ml-matrix ${ms(seconds('mlMatrix'))}, ${factor(ofMlMatrix)}`,
  ];
}

await products();
const titles: Readonly<Record<Work['group'], string>> = {
  products: 'Other products',
  factorisations: 'Factorisations',
  spectral: 'Eigenvalues and singular values',
  solvers: 'Systems',
  batches: 'Batches of small matrices',
};
for (const group of Object.keys(titles) as Work['group'][]) {
  const rows: string[][] = [];
  for (const work of works) {
    if (work.group === group && wanted(group, work.name)) rows.push(await race(work));
  }
  if (rows.length === 0) continue;
  console.log(`### ${titles[group]}, float64\n`);
  const header = ['ms', '1 thread', '2 threads', '×', 'GFLOP/s, 1 thread', 'of the micro-kernel'];
  for (const name of names) header.push(`SciPy ${name}`, '×');
  printTable([...header, 'SciPy otherwise, AVX2 1', 'others'], rows);
}

if (goals.length > 0) {
  console.log('### Targets\n');
  const mark = (ratio: number | undefined, target: number): string =>
    ratio === undefined ? '–' : `${digits(ratio, 3)} ${ratio >= target ? 'met' : '**missed**'}`;
  printTable(
    ['what', 'of the speed of', 'target', 'measured (SciPy: AVX2)', "against OpenBLAS's own choice"],
    goals.map(({ what, of, target, ratio, own }) => [what, of, `≥ ${target}`, mark(ratio, target), mark(own, target)]),
  );
}
for (const peer of peers.values()) peer.close();
rmSync(folder, { recursive: true });
