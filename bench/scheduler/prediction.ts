/**
 * How well the cost model predicts real runs: a mixed workload (products, factorisations, element-wise chains with
 * reductions, sorting, functions of several sizes), run ten times to learn and then measured: the error of a task is
 * |predicted − took| / took, by what `lastRun` says. Nothing is kept between processes, and nothing is calibrated, so
 * this is what a user sees who has just begun. Tasks under ten microseconds are counted apart: the clock and the caches
 * weigh more than the task. Beside it stands the error of the best constant, the median of the very times that are
 * predicted: no model of a call can do better, and on a machine that others use it is large.
 *
 *     npm run build && npx tsx bench/scheduler/prediction.ts [--runs 20] [--scheduler auto|threads|sync]
 */
import { parseArgs } from 'node:util';
import type { NDArray } from '../../dist/index.js';
import { median } from '../support/measure.js';
import { machine, printTable } from '../support/report.js';

process.env.LAZULI_CACHE = 'off';
const { createRuntime, delayed, linalg, nd, random } = await import('../../dist/index.js');

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, scheduler: { type: 'string', default: 'auto' } },
});
const scheduler = options.scheduler as 'auto' | 'threads' | 'sync';
const runtime = createRuntime({ workers: 2, scheduler });

const count = delayed(function countPrimes(limit: number): number {
  let found = 0;
  for (let n = 2; n < limit; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n && isPrime; d++) isPrime = n % d !== 0;
    if (isPrime) found++;
  }
  return found;
});
const spread = delayed(function spread(array: NDArray): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of array.data) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most - least;
});

const squares = await Promise.all([64, 128, 256, 384].map((n) => random.normal([n, n], { seed: n }).compute()));
const lines = await Promise.all([1e4, 1e5, 1e6].map((n) => random.uniform([n], { seed: n }).compute()));

/** The same work in every round, on numbers that are there already. */
function workload(): unknown[] {
  const targets: unknown[] = [];
  for (const square of squares) {
    const x = nd.array(square);
    targets.push(nd.matmul(x, x), nd.sum(nd.exp(nd.neg(nd.square(x))), { axis: 0 }), linalg.lu(x).u);
  }
  for (const line of lines) {
    const x = nd.array(line);
    targets.push(nd.sort(x), nd.mean(nd.sqrt(nd.add(nd.mul(x, 3), 1))), spread(x));
  }
  for (const limit of [2000, 20_000, 60_000]) targets.push(count(limit));
  return targets;
}

const LEARNING = 10;
const errors = new Map<string, number[]>();
const kindOf = (key: string, seconds: number): string =>
  seconds < 1e-5 ? 'under 10 µs' : /^(countPrimes|spread)/.test(key) ? 'functions' : 'kernels';
const times = new Map<string, number[]>();
const first: number[] = [];
for (let run = 0; run < LEARNING + Number(options.runs); run++) {
  await runtime.compute(workload());
  const { tasks } = runtime.lastRun as NonNullable<typeof runtime.lastRun>;
  for (const { key, start, end, predicted } of tasks) {
    const took = end - start;
    // Values and items only move references
    if (key.startsWith('array-') || key.endsWith(']') || predicted === undefined || !(took > 0)) continue;
    const error = Math.abs(predicted - took) / took;
    if (run === 0) first.push(error);
    if (run < LEARNING) continue;
    const kind = kindOf(key, took);
    errors.set(kind, [...(errors.get(kind) ?? []), error]);
    const call = `${kind} ${key.replace(/-\d+$/, '')} ${tasks.findIndex((task) => task.key === key)}`;
    times.set(call, [...(times.get(call) ?? []), took]);
  }
  await new Promise(setImmediate);
}
await runtime.close();

/** What the best constant for each call is wrong by. */
function unavoidable(kinds: readonly string[]): number[] {
  return [...times].flatMap(([call, own]) => {
    if (!kinds.some((kind) => call.startsWith(`${kind} `))) return [];
    const best = median(own);
    return own.map((took) => Math.abs(best - took) / took);
  });
}

const percent = (value: number | undefined): string => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);
const row = (name: string, values: readonly number[], kinds: readonly string[]): string[] => {
  return [name, String(values.length), ...quantiles(values), ...quantiles(unavoidable(kinds))];
};
const quantiles = (values: readonly number[]): string[] => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number | undefined =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return [percent(at(0.5)), percent(at(0.95))];
};
console.log(`${machine()}; 2 workers, ${scheduler}; error of predictions after ${LEARNING} runs\n`);
const counted = ['kernels', 'functions'].flatMap((kind) => errors.get(kind) ?? []);
printTable(
  ['tasks', 'samples', 'median', 'p95', 'best constant: median', 'p95'],
  [
    row('**all of 10 µs and more**', counted, ['kernels', 'functions']),
    ...['kernels', 'functions', 'under 10 µs'].map((kind) => row(kind, errors.get(kind) ?? [], [kind])),
    row('the first run', first, []),
  ],
);
console.log('target: median ≤ 10 %, p95 ≤ 50 %');
process.exit(0);
