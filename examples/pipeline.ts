/**
 * A pipeline over files: load, clean, analyze, store. Once as a raw graph, where keys and strings say what depends on
 * what, and once with delayed functions, where ordinary code does. Run it with
 *
 *     npx tsx examples/pipeline.ts [--workers 2] [--device auto | wasm | js | gpu | …]
 *         [--precision float64 | float32] [--scheduler threads | sync] [--out folder]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delayed, get, readCsv } from 'lazuli';
import { readOptions, run } from './options.js';

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Row after row; the last column is the target. */
  readonly values: Float64Array;
  readonly dropped: number;
}

interface Finding {
  readonly name: string;
  readonly rows: number;
  readonly dropped: number;
  /** The feature that follows the target most closely, and its correlation with it. */
  readonly feature: string;
  readonly correlation: number;
}

/** The table of a CSV file. */
function load(path: string): Table {
  const { columns, data } = readCsv(path);
  const name = path.replace(/^.*[\\/]/, '').replace(/\.csv$/, '');
  return { name, columns, values: Float64Array.from(data.data), dropped: 0 };
}

/** Without the rows in which a value lies further than six standard deviations from its column's mean. */
function clean(table: Table): Table {
  const { columns, values } = table;
  const width = columns.length;
  const rows = values.length / width;
  const means = columns.map((_, j) => average(rows, (i) => values[i * width + j] ?? 0));
  const deviations = columns.map((_, j) =>
    Math.sqrt(average(rows, (i) => ((values[i * width + j] ?? 0) - (means[j] ?? 0)) ** 2)),
  );
  const kept: number[] = [];
  for (let i = 0; i < rows; i++) {
    const row = Array.from(values.subarray(i * width, (i + 1) * width));
    if (row.every((value, j) => Math.abs(value - (means[j] ?? 0)) <= 6 * (deviations[j] ?? 0))) kept.push(...row);
  }
  return { ...table, values: Float64Array.from(kept), dropped: rows - kept.length / width };
}

/** For every table, the feature whose correlation with the target is the largest in absolute value. */
function analyze(tables: readonly Table[]): Finding[] {
  return tables.map(({ name, columns, values, dropped }) => {
    const width = columns.length;
    const rows = values.length / width;
    const correlations = columns.slice(0, -1).map((_, j) => correlation(values, rows, width, j, width - 1));
    const strengths = correlations.map((value) => (Number.isNaN(value) ? 0 : Math.abs(value)));
    const best = strengths.indexOf(Math.max(...strengths));
    return { name, rows, dropped, feature: columns[best] ?? '', correlation: correlations[best] ?? 0 };
  });
}

/** Writes the findings, and answers where. */
function store(findings: readonly Finding[], path: string): string {
  writeFileSync(path, `${JSON.stringify(findings, null, 2)}\n`);
  return path;
}

function average(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum / count;
}

function correlation(values: Float64Array, rows: number, width: number, a: number, b: number): number {
  const at = (i: number, j: number): number => values[i * width + j] ?? 0;
  const meanA = average(rows, (i) => at(i, a));
  const meanB = average(rows, (i) => at(i, b));
  const together = average(rows, (i) => (at(i, a) - meanA) * (at(i, b) - meanB));
  const alone = average(rows, (i) => (at(i, a) - meanA) ** 2) * average(rows, (i) => (at(i, b) - meanB) ** 2);
  return together / Math.sqrt(alone);
}

// The same pipeline, twice --------------------------------------------------------------------------------------------

const files = ['breast_cancer', 'wine', 'diabetes'].map((name) =>
  fileURLToPath(new URL(`../data/${name}.csv`, import.meta.resolve('lazuli'))),
);

/** A graph is plain data: a record from key to task, and a string that equals a key stands for its result. */
function rawGraph(path: string) {
  return {
    'load-1': [load, files[0]],
    'load-2': [load, files[1]],
    'load-3': [load, files[2]],
    'clean-1': [clean, 'load-1'],
    'clean-2': [clean, 'load-2'],
    'clean-3': [clean, 'load-3'],
    analyze: [analyze, ['clean-1', 'clean-2', 'clean-3']],
    store: [store, 'analyze', path],
  };
}

/** The same graph from ordinary code. */
function delayedGraph(path: string) {
  const tables = files.map((file) => delayed(clean)(delayed(load)(file)));
  const findings = delayed(analyze)(tables);
  return { findings, stored: delayed(store)(findings, path) };
}

async function main(): Promise<void> {
  const { out, ...options } = readOptions();
  mkdirSync(out, { recursive: true });

  const [raw, stored] = (await get(rawGraph(join(out, 'pipeline-raw.json')), ['analyze', 'store'], options)) as [
    Finding[],
    string,
  ];
  for (const { name, rows, dropped, feature, correlation: r } of raw) {
    console.log(`${name}: ${rows} rows (${dropped} dropped), the target follows ${feature} (r = ${r.toFixed(3)})`);
  }
  console.log(`the raw graph wrote ${stored}`);

  const graph = delayedGraph(join(out, 'pipeline.json'));
  const path = await graph.stored.compute(options);
  console.log(`the delayed functions wrote ${path}`);
  const svg = join(out, 'pipeline.svg');
  await graph.stored.visualize({ filename: svg });
  console.log(`the graph: ${svg}`);

  const findings = await graph.findings.compute(options);
  if (JSON.stringify(findings) !== JSON.stringify(raw)) throw new Error('the two pipelines do not agree');
}

await run(main);
