/**
 * What building graphs of blocks costs: microseconds for each task that a call makes, at 1k, 10k and 100k blocks; and
 * what planning them costs before anything runs: the walk that collects the tasks, and fusion, for each task walked.
 *
 *     npm run build && npx tsx bench/blocks/building.ts
 */
import { collect } from '../../dist/graph/collect.js';
import { buildProgram } from '../../dist/graph/program.js';
import { type LazyArray, nd, random } from '../../dist/index.js';
import { fuse } from '../../dist/kernels/fuse.js';
import { median } from '../support/measure.js';
import { machine, micros, printTable, short } from '../support/report.js';

const ROUNDS = 5;

/** What is built, and how many tasks for each block. */
const works: readonly [name: string, tasks: number, build: (x: LazyArray) => unknown][] = [
  ['random.normal', 1, (x) => random.normal(x.shape, { seed: 1, chunks: x.chunks! })],
  ['element-wise, one operand', 1, (x) => nd.exp(x)],
  ['element-wise, two operands', 1, (x) => nd.mul(x, x.add(1))],
  ['sum over all', 8 / 7, (x) => nd.sum(x)],
  ['sum of each row', 1, (x) => nd.sum(x, { axis: 1 })],
  ['variance', 3 + 2 / 7, (x) => nd.var(x)],
  ['transpose', 1, (x) => nd.transpose(x)],
  ['slice of columns', 1, (x) => nd.slice(x, [null, [1, 50]])],
  ['matrix product with a small matrix', 1, (x) => nd.matmul(x, nd.ones([100, 10]))],
  ['rechunk, two blocks to one', 1 / 2, (x) => nd.rechunk(x, [4, 100])],
];

/** What is planned, made of an array in blocks. */
const chains: readonly [name: string, build: (x: LazyArray) => unknown][] = [
  ['sum(2x + 1)', (x) => nd.sum(nd.add(nd.mul(x, 2), 1))],
  ['mean(sqrt(x) + exp(−x))', (x) => nd.mean(nd.add(nd.sqrt(x), nd.exp(nd.neg(x))))],
  ['var(x)', (x) => nd.var(x)],
  [
    'sum((x − mean) / std), along axis 0',
    (x) => nd.sum(nd.div(nd.sub(x, nd.mean(x, { axis: 0 })), nd.std(x, { axis: 0 }))),
  ],
  ['sum(2 · transposed x)', (x) => nd.sum(nd.mul(nd.transpose(x), 2))],
  ['sum(x · a small matrix)', (x) => nd.sum(nd.matmul(x, nd.ones([100, 10])))],
];

console.log(`${machine()}\n`);
const rows: string[][] = works.map(([name]) => [name]);
for (const blocks of [1000, 10_000, 100_000]) {
  works.forEach(([, tasks, build], i) => {
    const seconds = Array.from({ length: ROUNDS }, (_, round) => {
      const x = random.normal([2 * blocks, 100], { seed: round, chunks: [2, 100] });
      const start = performance.now();
      build(x);
      return (performance.now() - start) / 1000;
    });
    rows[i]!.push(micros(median(seconds), blocks * tasks));
  });
}
printTable(['µs a task', ...[1000, 10_000, 100_000].map((blocks) => `${short(blocks)} blocks`)], rows);

const planned: string[][] = chains.map(([name]) => [name]);
for (const blocks of [1000, 10_000, 100_000]) {
  chains.forEach(([, build], i) => {
    const parts = Array.from({ length: 3 }, (_, round) => {
      const start = performance.now();
      const target = build(random.normal([2 * blocks, 100], { seed: round, chunks: [2, 100] }));
      const built = performance.now();
      const program = buildProgram(collect(target).nodes);
      const walked = performance.now();
      fuse(program);
      const end = performance.now();
      const each = 1000 * program.nodes.length; // milliseconds to seconds
      return { all: (end - start) / each, walk: (walked - built) / each, fusion: (end - walked) / each };
    });
    const cell = (of: (part: (typeof parts)[number]) => number): string => micros(median(parts.map(of)), 1);
    planned[i]!.push(`${cell(({ walk }) => walk)} + ${cell(({ fusion }) => fusion)}, ${cell(({ all }) => all)}`);
  });
}
printTable(
  [
    'µs a task: walk + fusion, and all with building',
    ...[1000, 10_000, 100_000].map((blocks) => `${short(blocks)} blocks`),
  ],
  planned,
);
