/**
 * Graphs for the scheduler's tests and bench: seeded, so that a name and a seed are the graph. Times in seconds, sizes in
 * bytes; device 0 is a core, device 1 an accelerator where there is one.
 */
import { type TaskSpec, type Workload, workload } from '../../dist/scheduler/workload.js';

/** Uniform numbers in [0, 1) (mulberry32, after T. Ettinger). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}

/** Numbers spread evenly over the orders of magnitude between two bounds. */
const spread = (random: () => number, low: number, high: number): number => low * (high / low) ** random();

/** Random layers, each task taking up to three results of the three layers before. */
export function layered(
  count: number,
  seed: number,
  { width = 12, slowest = 0.5, fastest = 30, transfer = 0.1 }: Layering = {},
): Workload {
  const random = uniform(seed);
  const tasks: TaskSpec[] = [];
  let before: number[][] = [];
  while (tasks.length < count) {
    const layer: number[] = [];
    const wide = 1 + Math.floor(random() * 2 * width);
    for (let j = 0; j < wide && tasks.length < count; j++) {
      const from = before.flat();
      const inputs = new Set<number>();
      for (let k = 1 + Math.floor(random() * 3); k > 0 && from.length > 0; k--) {
        inputs.add(from[Math.floor(random() * from.length)]!);
      }
      const seconds = spread(random, 1e-3, 50e-3);
      const acceleration = spread(random, slowest, fastest);
      const bytes = Math.ceil(transfer * seconds * LINK_BYTES_PER_SECOND * (0.5 + random()));
      layer.push(tasks.length);
      tasks.push({ inputs: [...inputs], bytes, seconds: [seconds, seconds / acceleration] });
    }
    before = [...before.slice(-2), layer];
  }
  return workload(tasks);
}

export interface Layering {
  /** Mean tasks of a layer. */
  readonly width?: number;
  /** How much faster the accelerator is, at least and at most. */
  readonly slowest?: number;
  readonly fastest?: number;
  /** Seconds that a result's transfer takes, over seconds that making it takes. */
  readonly transfer?: number;
}

/** What the link of the graphs above carries. */
export const LINK_BYTES_PER_SECOND = 6e9;

/** Small graphs of many shapes with results of many sizes, for memory: one device. */
export function memoryGraph(kind: 'tree' | 'map-reduce' | 'layered', count: number, seed: number): Workload {
  const random = uniform(seed);
  const tasks: TaskSpec[] = [];
  const size = (): number => Math.ceil(4 * Math.exp(4 * random()));
  const seconds = (): number[] => [Math.ceil(10 * Math.exp(3 * random())) * 1e-3];
  const add = (inputs: readonly number[], bytes: number, scratch: number): number =>
    tasks.push({ inputs, bytes, scratch, seconds: seconds() }) - 1;
  if (kind === 'tree') {
    let level: number[] = [];
    for (let i = 0; i < count / 2; i++) level.push(add([], size(), Math.ceil(size() / 4)));
    while (level.length > 1) {
      const above: number[] = [];
      for (let i = 0; i < level.length; ) {
        const arity = Math.min(level.length - i, 2 + Math.floor(3 * random()));
        above.push(add(level.slice(i, i + arity), size(), Math.ceil(size() / 4)));
        i += arity;
      }
      level = above;
    }
  } else if (kind === 'map-reduce') {
    const wide = Math.max(1, Math.floor(count / 3));
    for (let i = 0; i < wide; i++) add([], 8 * size(), 0);
    for (let i = 0; i < wide; i++) add([i], size(), size());
    for (let i = 0; i < wide; i++) add([...new Set([wide + i, wide + ((i + 1) % wide)])], 2, 0);
  } else {
    let before: number[] = [];
    while (tasks.length < count) {
      const layer: number[] = [];
      for (let wide = 1 + Math.floor(14 * random()); wide > 0 && tasks.length < count; wide--) {
        const inputs = new Set<number>();
        for (let k = 1 + Math.floor(3 * random()); k > 0 && before.length > 0; k--) {
          inputs.add(before[Math.floor(random() * before.length)]!);
        }
        layer.push(add([...inputs], size(), random() < 0.3 ? size() : 0));
      }
      before = [...before.slice(-4), ...layer];
    }
  }
  return workload(tasks);
}

/** The tile algorithms' seconds on a core and on an accelerator, by kernel. */
export type TileSeconds = Readonly<Record<string, readonly number[]>>;

/** Tiled Cholesky (right-looking) of `tiles` × `tiles` tiles. */
export function cholesky(tiles: number, seconds: TileSeconds, bytes: number): Workload {
  const tasks: TaskSpec[] = [];
  const given = (tiles * (tiles + 1)) / 2;
  const count = tiles + tiles * (tiles - 1) + (tiles * (tiles - 1) * (tiles - 2)) / 6;
  const newest = new Map<number, number>();
  let named = 0;
  const tile = (i: number, j: number): number => {
    const key = i * tiles + j;
    let datum = newest.get(key);
    if (datum === undefined) {
      datum = count + named++;
      newest.set(key, datum);
    }
    return datum;
  };
  const add = (
    kernel: string,
    reads: readonly (readonly [number, number])[],
    write: readonly [number, number],
  ): void => {
    const inputs = reads.map(([i, j]) => tile(i, j));
    tasks.push({ inputs, bytes, seconds: seconds[kernel]! });
    newest.set(write[0] * tiles + write[1], tasks.length - 1);
  };
  for (let k = 0; k < tiles; k++) {
    add('potrf', [[k, k]], [k, k]);
    for (let i = k + 1; i < tiles; i++)
      add(
        'trsm',
        [
          [k, k],
          [i, k],
        ],
        [i, k],
      );
    for (let i = k + 1; i < tiles; i++) {
      add(
        'syrk',
        [
          [i, k],
          [i, i],
        ],
        [i, i],
      );
      for (let j = k + 1; j < i; j++)
        add(
          'gemm',
          [
            [i, k],
            [j, k],
            [i, j],
          ],
          [i, j],
        );
    }
  }
  return workload(
    tasks,
    Array.from({ length: given }, () => ({ bytes })),
  );
}
