/**
 * A chain of element-wise functions with a reduction at the end over 10⁸ float64s in chunks, beside dask.array on the
 * same cores. Ours and dask's alternate; sums are compared before times count.
 *
 *     npm run build && npx tsx bench/blocks/chain.ts [--size 1e8] [--chunk 4e6]
 */
import { parseArgs } from 'node:util';
import { type LazyArray, type LazyScalar, nd } from '../../dist/index.js';
import { alternate, type Contestant } from '../support/measure.js';
import { PythonPeer } from '../support/python.js';
import { machine, printTable, times } from '../support/report.js';

const { values } = parseArgs({
  options: { size: { type: 'string', default: '1e8' }, chunk: { type: 'string', default: '4e6' } },
});
const [size, chunk] = [Number(values.size), Number(values.chunk)];

/** x is 0, 1, …, n − 1 over n, made in blocks as part of the work. */
const works: Readonly<Record<string, readonly [ours: (x: LazyArray) => LazyScalar, theirs: string]>> = {
  'sum(x)': [(x) => nd.sum(x), 'x.sum()'],
  'sum((2x − 1)² · x)': [
    (x) => nd.sum(nd.mul(nd.square(nd.sub(nd.mul(x, 2), 1)), x)),
    '(da.square(x * 2 - 1) * x).sum()',
  ],
  'mean(sqrt(x) + exp(−x))': [
    (x) => nd.mean(nd.add(nd.sqrt(x), nd.exp(nd.neg(x)))),
    '(da.sqrt(x) + da.exp(-x)).mean()',
  ],
  'std(sin(x))': [(x) => nd.std(nd.sin(x)), 'da.sin(x).std()'],
  'sum(((x − mean(x)) / std(x))²)': [
    (x) => nd.sum(nd.square(nd.div(nd.sub(x, nd.mean(x)), nd.std(x)) as LazyArray)),
    'da.square((x - x.mean()) / x.std()).sum()',
  ],
  'sum(x where x < ½)': [(x) => nd.sum(nd.where(nd.less(x, 0.5), x, 0) as LazyArray), 'da.where(x < 0.5, x, 0).sum()'],
  'count of 2x > 1': [(x) => nd.sum(nd.greater(nd.mul(x, 2), 1)), '(x * 2 > 1).sum()'],
  'sum(log(1 + x) · exp(−x))': [
    (x) => nd.sum(nd.mul(nd.log(nd.add(x, 1)), nd.exp(nd.neg(x))) as LazyArray),
    '(da.log(x + 1) * da.exp(-x)).sum()',
  ],
  'sum(mean(rows of 1000, axis 0))': [
    (x) => nd.sum(nd.mean(nd.reshape(x, [size / 1000, 1000]), { axis: 0 })),
    'x.reshape((-1, 1000)).mean(0).sum()',
  ],
  'max(x · (1 − x))': [(x) => nd.max(nd.mul(x, nd.sub(1, x) as LazyArray)), '(x * (1 - x)).max()'],
};

const peer = await PythonPeer.start(new URL('./peers.py', import.meta.url));
console.log(`${machine()}${typeof peer === 'string' ? `\n${peer}` : `, ${peer.versions}`}\n`);

const rows: string[][] = [];
for (const [name, [ours, theirs]] of Object.entries(works)) {
  const results: Partial<Record<'ours' | 'dask', number>> = {};
  const contestants: Record<'ours' | 'dask', Contestant> = {
    ours: async () => {
      const start = performance.now();
      results.ours = await ours(nd.div(nd.arange(0, size, 1, { chunks: chunk }), size) as LazyArray).compute();
      return { seconds: (performance.now() - start) / 1000 };
    },
    dask: async () => {
      if (typeof peer === 'string') return undefined;
      const reply = await peer.ask<{ seconds: number; result: number }>({ size, chunk, work: theirs });
      if (reply === null) return undefined;
      results.dask = reply.result;
      return { seconds: reply.seconds };
    },
  };
  const medians = await alternate(contestants, { rounds: 3, warmUps: 1, patience: 60 });
  const [a, b] = [results.ours!, results.dask];
  if (b !== undefined && Math.abs(a - b) > 1e-9 * Math.abs(b)) throw new Error(`${name}: ours is ${a}, dask's ${b}`);
  const [own, other] = [medians.ours?.seconds, medians.dask?.seconds];
  rows.push([name, own?.toFixed(2) ?? '–', other?.toFixed(2) ?? '–', times(other, own)]);
}
printTable(
  [`${size.toExponential()} float64s in chunks of ${chunk.toExponential()}`, 'ours, s', 'dask, s', 'times'],
  rows,
);
if (typeof peer !== 'string') peer.close();
