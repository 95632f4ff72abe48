/**
 * What a task costs beyond its own work: graphs of no-op tasks from a thousand to a million, made raw and with
 * `delayed`, run by `sync` and on two threads, beside dask (two threads, and its own `sync`) and joblib (two threads,
 * two processes; it has no graphs, so independent calls only). Microseconds a task. Every result is checked.
 *
 *     npm run build && npx tsx bench/overhead/overhead.ts [--only independent] [--largest 1000000]
 */
import { parseArgs } from 'node:util';
import { compute, get } from '../../dist/index.js';
import { alternate, type Contestant, timed } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, micros, printTable, short, times } from '../support/report.js';
import { delayedGraph, expected, rawGraph, type Shape, shapes, sizeOf } from './graphs.js';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, largest: { type: 'string', default: '1000000' } },
});
const counts = [1000, 10_000, 100_000, 1_000_000].filter((count) => count <= Number(options.largest));
const workers = 2;

/** The most tasks with which a contestant ends within about ten seconds. */
const most: Readonly<Record<string, (shape: Shape) => number>> = {
  threads: (shape) => (shape === 'independent' || shape === 'tree' ? 1_000_000 : 10_000),
  'dask get': () => 100_000,
  'dask threads': () => 10_000,
  'dask sync': () => 10_000,
  threading: () => 100_000,
  loky: () => 100_000,
};

interface Measured {
  readonly build: number;
  readonly run: number;
  readonly value: number;
}

function checked(who: string, shape: Shape, n: number, { build, run, value }: Measured): Record<string, number> {
  if (value !== expected(shape, n))
    throw new Error(`${who}, ${shape} of ${n}: ${value} instead of ${expected(shape, n)}`);
  return { build, run };
}

function sumOf(result: unknown): number {
  return Array.isArray(result) ? (result as number[]).reduce((sum, value) => sum + value, 0) : (result as number);
}

async function ours(
  form: 'raw' | 'delayed',
  scheduler: 'sync' | 'threads',
  shape: Shape,
  n: number,
): Promise<Measured> {
  if (form === 'raw') {
    const [{ graph, keys }, build] = await timed(() => rawGraph(shape, n));
    const [result, run] = await timed(() => get(graph, keys, { scheduler, workers }));
    return { build, run, value: sumOf(result) };
  }
  const [target, build] = await timed(() => delayedGraph(shape, n));
  const [result, run] = await timed(() => compute(target, { scheduler, workers }));
  return { build, run, value: sumOf(result) };
}

const peer = await PythonPeer.start(new URL('./peers.py', import.meta.url));
const allowed = (who: string, shape: Shape, n: number): boolean =>
  n <= (most[who]?.(shape) ?? Number.POSITIVE_INFINITY);

function contestants(shape: Shape, n: number): Record<string, Contestant> {
  const all: Record<string, Contestant> = {};
  for (const form of ['raw', 'delayed'] as const) {
    for (const scheduler of ['sync', 'threads'] as const) {
      const name = `${form} ${scheduler}`;
      if (!allowed(scheduler, shape, n)) continue;
      all[name] = async () => checked(name, shape, n, await ours(form, scheduler, shape, n));
    }
  }
  if (peer instanceof PythonPeer) {
    for (const name of ['dask get', 'dask threads', 'dask sync', 'threading', 'loky']) {
      if (!allowed(name, shape, n)) continue;
      all[name] = async () => {
        const measured = await peer.ask<Measured>({ peer: name, shape, tasks: n });
        return measured === null ? undefined : checked(name, shape, n, measured);
      };
    }
  }
  return all;
}

console.log(`${machine()}; ${peer instanceof PythonPeer ? peer.versions : peer}\n`);
console.log('Microseconds a task; × is what theirs takes over ours.\n');

for (const shape of shapes) {
  if (options.only !== undefined && options.only !== shape) continue;
  const building: string[][] = [];
  const running: string[][] = [];
  for (const count of counts) {
    const n = sizeOf(shape, count);
    const rounds = n >= 1_000_000 ? 3 : n >= 100_000 ? 5 : n >= 10_000 ? 9 : 21;
    const medians = await alternate(contestants(shape, n), { rounds, warmUps: n >= 100_000 ? 1 : 3, patience: 4 });
    const builds = (name: string): number | undefined => medians[name]?.build;
    const runs = (name: string): number | undefined => medians[name]?.run;
    building.push([
      short(n),
      micros(builds('raw sync'), n),
      micros(builds('delayed sync'), n),
      micros(builds('dask get'), n),
      micros(builds('dask threads'), n),
      times(builds('dask threads'), builds('delayed sync')),
    ]);
    running.push([
      short(n),
      micros(runs('raw sync'), n),
      micros(runs('delayed sync'), n),
      micros(runs('dask sync'), n),
      micros(runs('raw threads'), n),
      micros(runs('delayed threads'), n),
      micros(runs('dask get'), n),
      times(runs('dask get'), runs('raw threads')),
      micros(runs('dask threads'), n),
      times(runs('dask threads'), runs('delayed threads')),
      ...(shape === 'independent' ? [micros(runs('threading'), n), micros(runs('loky'), n)] : []),
    ]);
  }
  console.log(`### ${shape}: building\n`);
  printTable(['tasks', 'raw', '`delayed`', 'dask raw', 'dask `delayed`', '×'], building);
  console.log(`### ${shape}: running\n`);
  const header = ['tasks', 'raw, sync', '`delayed`, sync', 'dask `delayed`, sync'];
  header.push('raw, threads', '`delayed`, threads', 'dask raw, threads', '×', 'dask `delayed`, threads', '×');
  if (shape === 'independent') header.push('joblib threads', 'joblib processes');
  printTable(header, running);
}
if (peer instanceof PythonPeer) peer.close();
