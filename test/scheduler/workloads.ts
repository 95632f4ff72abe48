/**
 * Graphs for the scheduler's tests and bench: seeded, so that a name and a seed are the graph. Times in seconds, sizes in
 * bytes; device 0 is a core, device 1 an accelerator where there is one.
 */
import { generator } from '../../dist/kernels/generator.js';
import type { Platform } from '../../dist/scheduler/platform.js';
import { type TaskSpec, type Workload, workload } from '../../dist/scheduler/workload.js';

/** Numbers spread evenly over the orders of magnitude between two bounds. */
const spread = (random: () => number, low: number, high: number): number => low * (high / low) ** random();

/** Random layers, each task taking up to three results of the three layers before. */
export function layered(
  count: number,
  seed: number,
  { width = 12, slowest = 0.5, fastest = 30, transfer = 0.1 }: Layering = {},
): Workload {
  const random = generator(seed);
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
  const random = generator(seed);
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

/** What the tasks of one step of a Task Bench pattern take of the step before (Slaughter et al., SC 2020). */
export const patterns = {
  trivial: () => [],
  stencil: (i: number, wide: number) => [i - 1, i, i + 1].filter((j) => j >= 0 && j < wide),
  dom: (i: number) => (i === 0 ? [0] : [i - 1, i]),
  tree: (i: number, wide: number, step: number) => (2 ** step >= wide ? [i] : [i >> 1]),
  fft: (i: number, wide: number, step: number) => {
    const far = 2 ** (step % Math.ceil(Math.log2(wide)));
    return [i - far, i, i + far].filter((j) => j >= 0 && j < wide);
  },
  'all to all': (_: number, wide: number) => Array.from({ length: wide }, (_, j) => j),
  nearest: (i: number, wide: number) => [i - 2, i - 1, i, i + 1, i + 2].filter((j) => j >= 0 && j < wide),
  spread: (i: number, wide: number, step: number) =>
    Array.from({ length: 5 }, (_, k) => (i + Math.floor((k * wide) / 5) + step) % wide),
} as const satisfies Record<string, (i: number, wide: number, step: number) => number[]>;

/** Steps of `wide` tasks each, taking results of the step before by one of Task Bench's patterns. */
export function taskBench(
  pattern: keyof typeof patterns,
  {
    wide = 24,
    steps = 12,
    transfer = 0.1,
    seed = 1,
  }: { wide?: number; steps?: number; transfer?: number; seed?: number },
): Workload {
  const random = generator(seed);
  const tasks: TaskSpec[] = [];
  const takes = patterns[pattern] as (i: number, wide: number, step: number) => number[];
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < wide; i++) {
      const inputs = step === 0 ? [] : [...new Set(takes(i, wide, step))].map((j) => (step - 1) * wide + j);
      const seconds = 0.01 * (0.5 + random());
      const bytes = Math.ceil(transfer * seconds * LINK_BYTES_PER_SECOND);
      tasks.push({ inputs, bytes, seconds: [seconds, seconds / spread(random, 1, 10)] });
    }
  }
  return workload(tasks);
}

/** Chain, reduction tree, wavefront, map and reduce, and nested cross-validation, with times and sizes that vary. */
export function shape(
  kind: 'chain' | 'reduction' | 'wavefront' | 'map-reduce' | 'cross-validation',
  seed: number,
  transfer = 0.1,
): Workload {
  const random = generator(seed);
  const tasks: TaskSpec[] = [];
  const add = (inputs: readonly number[], scale = 1): number => {
    const seconds = 0.01 * scale * (0.5 + random());
    const bytes = Math.ceil(transfer * seconds * LINK_BYTES_PER_SECOND);
    return tasks.push({ inputs, bytes, seconds: [seconds, seconds / spread(random, 0.5, 20)] }) - 1;
  };
  if (kind === 'chain') {
    let last = add([]);
    for (let i = 0; i < 99; i++) last = add([last]);
  } else if (kind === 'reduction') {
    let level = Array.from({ length: 128 }, () => add([]));
    while (level.length > 1)
      level = level.filter((_, i) => i % 2 === 0).map((_, i) => add(level.slice(2 * i, 2 * i + 2)));
  } else if (kind === 'wavefront') {
    const wide = 18;
    const at: number[] = [];
    for (let i = 0; i < wide * wide; i++) {
      const inputs = [i >= wide ? at[i - wide]! : -1, i % wide > 0 ? at[i - 1]! : -1].filter((j) => j >= 0);
      at.push(add(inputs));
    }
  } else if (kind === 'map-reduce') {
    const mapped = Array.from({ length: 60 }, () => add([]));
    const reduced = Array.from({ length: 12 }, () => add(mapped, 2));
    add(reduced);
  } else {
    const data = add([]);
    const outer = Array.from({ length: 5 }, () => {
      const train = add([data], 0.2);
      const inner = Array.from({ length: 5 }, () => add([train], 0.1));
      const scores = Array.from({ length: 8 }, () =>
        add(
          inner.map((fold) => add([fold], 2)),
          0.01,
        ),
      );
      return add([train, add(scores, 0.01)], 3);
    });
    add(outer, 0.01);
  }
  return workload(tasks);
}

/** A graph for one accelerator as one for several. */
export function widened(work: Workload, accelerators: number): Workload {
  const devices = accelerators + 1;
  const seconds = new Float64Array(work.size * devices);
  for (let i = 0; i < work.size; i++) {
    for (let d = 0; d < devices; d++) seconds[i * devices + d] = work.seconds[i * 2 + Math.min(d, 1)]!;
  }
  return { ...work, devices, seconds };
}

/** The least peak of all orders, by dynamic programming over the sets of tasks that have run; up to 18 tasks. */
export function leastPeak(work: Workload): number {
  const { size, bytes, scratch, kept } = work;
  const needs = Array.from({ length: size }, (_, i) =>
    work.inputs.subarray(work.inputStart[i], work.inputStart[i + 1]).reduce((set, d) => set | (1 << d), 0),
  );
  const users = needs.map((_, i) => needs.reduce((set, need, j) => (need & (1 << i) ? set | (1 << j) : set), 0));
  const best = new Float64Array(1 << size).fill(Number.POSITIVE_INFINITY);
  best[0] = 0;
  for (let set = 0; set < best.length - 1; set++) {
    if (best[set] === Number.POSITIVE_INFINITY) continue;
    let live = 0;
    for (let i = 0; i < size; i++) if (set & (1 << i) && (kept[i] || users[i]! & ~set)) live += bytes[i]!;
    for (let i = 0; i < size; i++) {
      if (set & (1 << i) || needs[i]! & ~set) continue;
      const with1 = set | (1 << i);
      best[with1] = Math.min(best[with1]!, Math.max(best[set]!, live + bytes[i]! + scratch[i]!));
    }
  }
  return best.at(-1)!;
}

/** Some cores and accelerators with a memory each; device 0 is the cores. */
export function machine(cores: number, accelerators = 0, budget = Number.POSITIVE_INFINITY): Platform {
  const numbers = Array.from({ length: accelerators }, (_, i) => i + 1);
  const link = { latency: 1e-5, bandwidth: LINK_BYTES_PER_SECOND };
  return {
    devices: [
      { name: 'wasm', pool: 0, memory: 0, overhead: 0 },
      ...numbers.map((i) => ({ name: `gpu${i}`, pool: i, memory: i, overhead: 0 })),
    ],
    pools: [
      { name: 'threads', slots: cores, ahead: 0 },
      ...numbers.map((i) => ({ name: `gpu${i}`, slots: 1, ahead: 1 })),
    ],
    memories: [
      { name: 'host', budget, link: undefined },
      ...numbers.map((i) => ({ name: `gpu${i}`, budget: Number.POSITIVE_INFINITY, link })),
    ],
  };
}
