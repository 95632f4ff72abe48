/** Graphs of tasks that do next to nothing, raw and with `delayed`, and what each must give. The same as in peers.py. */
import { delayed, type RawGraph } from '../../dist/index.js';

export const shapes = ['independent', 'chain', 'tree', 'diamond'] as const;
export type Shape = (typeof shapes)[number];

const MODULUS = 1_000_003;

export function inc(a: number): number {
  return a + 1;
}

export function both(a: number, b: number): number {
  return (a + b + 1) % MODULUS;
}

/** The number of tasks that a shape of about `count` has: a tree has an odd number, a diamond a square one. */
export function sizeOf(shape: Shape, count: number): number {
  if (shape === 'tree') return count - 1;
  return shape === 'diamond' ? Math.floor(Math.sqrt(count)) ** 2 : count;
}

/** The graph of `n` tasks as a record, and the keys asked for. */
export function rawGraph(shape: Shape, n: number): { graph: RawGraph; keys: string | string[] } {
  const graph: Record<string, unknown> = {};
  const last = `t${n - 1}`;
  if (shape === 'independent') {
    for (let i = 0; i < n; i++) graph[`t${i}`] = [inc, i];
    return { graph, keys: Object.keys(graph) };
  }
  if (shape === 'chain') {
    graph.t0 = [inc, 0];
    for (let i = 1; i < n; i++) graph[`t${i}`] = [inc, `t${i - 1}`];
  } else if (shape === 'tree') {
    const leaves = (n + 1) / 2;
    for (let i = 0; i < leaves; i++) graph[`t${i}`] = [inc, i];
    for (let i = leaves; i < n; i++) graph[`t${i}`] = [both, `t${2 * (i - leaves)}`, `t${2 * (i - leaves) + 1}`];
  } else {
    const side = Math.sqrt(n);
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const up = i > 0 ? `t${(i - 1) * side + j}` : i;
        const left = j > 0 ? `t${i * side + j - 1}` : j;
        graph[`t${i * side + j}`] = [both, up, left];
      }
    }
  }
  return { graph, keys: last };
}

type Lazy = ReturnType<typeof lazyInc>;
const lazyInc = delayed(inc);
const lazyBoth = delayed(both);

/** The same with `delayed`: what to compute. */
export function delayedGraph(shape: Shape, n: number): Lazy[] {
  if (shape === 'independent') {
    const all = new Array<Lazy>(n);
    for (let i = 0; i < n; i++) all[i] = lazyInc(i);
    return all;
  }
  if (shape === 'chain') {
    let value = lazyInc(0);
    for (let i = 1; i < n; i++) value = lazyInc(value);
    return [value];
  }
  if (shape === 'tree') {
    const nodes: Lazy[] = [];
    for (let i = 0; i < (n + 1) / 2; i++) nodes.push(lazyInc(i));
    for (let first = 0; nodes.length < n; first += 2) nodes.push(lazyBoth(nodes[first]!, nodes[first + 1]!));
    return [nodes[n - 1]!];
  }
  const side = Math.sqrt(n);
  const row: (Lazy | number)[] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) row[j] = lazyBoth(i > 0 ? row[j]! : i, j > 0 ? row[j - 1]! : j);
  }
  return [row[side - 1] as Lazy];
}

/** The sum of the results, by plain loops. */
export function expected(shape: Shape, n: number): number {
  if (shape === 'independent') return (n * (n + 1)) / 2;
  if (shape === 'chain') return n;
  if (shape === 'tree') {
    const values: number[] = [];
    for (let i = 0; i < (n + 1) / 2; i++) values.push(inc(i));
    for (let first = 0; values.length < n; first += 2) values.push(both(values[first]!, values[first + 1]!));
    return values[n - 1]!;
  }
  const side = Math.sqrt(n);
  const row: number[] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) row[j] = both(i > 0 ? row[j]! : i, j > 0 ? row[j - 1]! : j);
  }
  return row[side - 1]!;
}
