/**
 * Cholesky of a matrix in tiles beside SciPy's and the factor of the whole matrix, all on the same cores, and LU beside
 * SciPy's; the largest difference from the whole matrix's factor is checked before times count. Ours and theirs alternate.
 *
 *     npm run build && npx tsx bench/blocks/cholesky.ts [--n 4000] [--tile 250] [--rounds 5] [--lu]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compute, linalg, NDArray, nd, type PersistedLazyArray } from '../../dist/index.js';
import { alternate, type Contestant } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable, times } from '../support/report.js';

const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '4000' },
    tile: { type: 'string', default: '250' },
    rounds: { type: 'string', default: '5' },
    lu: { type: 'boolean', default: false },
  },
});
const [n, tile] = [Number(values.n), Number(values.tile)];

const data = new Float64Array(n * n);
for (let i = 0; i < n; i++) {
  for (let j = 0; j < n; j++) data[i * n + j] = i === j ? 2 : Math.cos(i * j) / (1 + Math.abs(i - j)) ** 2;
}
const matrix = new NDArray(data, { shape: [n, n], dtype: 'float64' });
// both are on the heap before the clock starts, as SciPy's is in memory
const [whole, tiles] = await Promise.all([
  nd.array(matrix).persist(),
  (nd.add(nd.array(matrix, { chunks: tile }), 0) as PersistedLazyArray).persist(),
]);

const peer = await PythonPeer.start(new URL('../linalg/peers.py', import.meta.url));
console.log(`${machine()}${typeof peer === 'string' ? `\n${peer}` : `, ${peer.versions}`}\n`);
if (typeof peer !== 'string') {
  const folder = mkdtempSync(join(tmpdir(), 'cholesky-'));
  try {
    const path = join(folder, 'a');
    writeFileSync(path, data);
    await peer.ask({ load: { a: { path, shape: [n, n], dtype: 'float64' } } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

{
  const [own, other] = await compute([linalg.cholesky(tiles), linalg.cholesky(whole)]);
  let most = 0;
  const [a, b] = [own.data as Float64Array, other.data as Float64Array];
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  if (!(most < 1e-10)) throw new Error(`the factors differ by ${most}`);
}

/** Seconds until all of these stay on the heap. */
async function kept(make: () => { persist(): Promise<PersistedLazyArray> }[]): Promise<{ readonly seconds: number }> {
  const start = performance.now();
  const results = await Promise.all(make().map((one) => one.persist()));
  const seconds = (performance.now() - start) / 1000;
  for (const result of results) result.release();
  return { seconds };
}

type Name = 'tiles' | 'whole' | 'SciPy';
const rows: string[][] = [];
async function row(name: string, flops: number, contestants: Record<Name, Contestant>): Promise<void> {
  const medians = await alternate(contestants, { rounds: Number(values.rounds), warmUps: 1, patience: 120 });
  const cell = (one: Name): string => {
    const seconds = medians[one]?.seconds;
    return seconds === undefined
      ? '–'
      : `${(seconds * 1e3).toFixed(0)} ms, ${(flops / seconds / 1e9).toFixed(1)} GFlop/s`;
  };
  const [own, other] = [medians.tiles?.seconds, medians.SciPy?.seconds];
  rows.push([name, cell('tiles'), cell('whole'), cell('SciPy'), times(other, own)]);
}
const theirs =
  (run: string): Contestant =>
  async () => {
    if (typeof peer === 'string') return undefined;
    return (await peer.ask<{ seconds: number }>({ run, least: 0, clock: 'wall' })) ?? undefined;
  };

await row(`cholesky, tiles of ${tile}`, n ** 3 / 3, {
  tiles: () => kept(() => [linalg.cholesky(tiles)]),
  whole: () => kept(() => [linalg.cholesky(whole)]),
  SciPy: theirs('sl.cholesky(a, lower=True, check_finite=False)'),
});
if (values.lu) {
  await row(`solve, blocks of ${tile}`, (2 * n ** 3) / 3, {
    tiles: () => kept(() => [linalg.solve(tiles, nd.ones([n, 1]))]),
    whole: () => kept(() => [linalg.solve(whole, nd.ones([n, 1]))]),
    SciPy: theirs('sl.solve(a, np.ones((len(a), 1)), check_finite=False)'),
  });
}
printTable([`n = ${n}, float64`, 'in tiles', 'whole', 'SciPy', 'times SciPy (target ≥ 0.6)'], rows);
if (typeof peer !== 'string') peer.close();
