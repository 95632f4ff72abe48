/**
 * More graphs for the scheduler's bench and tests: tiled factorisations, a tall QR, and the shapes of three scientific
 * workflows (Juve et al., "Characterizing and profiling scientific workflows", FGCS 29(3), 2013). As in workloads.ts:
 * seconds and bytes, device 0 is a core, device 1 an accelerator.
 */
import { generator } from '../../dist/kernels/generator.js';
import { type TaskSpec, type Workload, workload } from '../../dist/scheduler/workload.js';
import { LINK_BYTES_PER_SECOND } from './workloads.js';

type Tile = readonly [row: number, column: number];

/**
 * Seconds of tile kernels, 960 × 960 float32, on a core and on an accelerator. `gemm` and `trsm` are StarPU's published
 * calibration; the others have its rate for the kernel of their kind (`potrf` for panels, `gemm` for updates) and their
 * own operations (Buttari et al. 2009, table 1).
 */
export const factorSeconds = {
  getrf: [0.0377, 0.010734],
  trsm: [0.045647, 0.006394],
  gemm: [0.08778, 0.002805],
  geqrt: [0.0754, 0.021468],
  tsqrt: [0.1131, 0.032202],
  unmqr: [0.08778, 0.002805],
  tsmqr: [0.17556, 0.00561],
} as const satisfies Record<string, readonly number[]>;

/** Steps over the tiles of a matrix, each of which takes some and gives new versions of some. */
class Tiles {
  readonly #bytes: number;
  readonly #tiles: number;
  readonly #steps: { readonly spec: TaskSpec; readonly given: readonly Tile[] }[] = [];
  readonly #newest = new Map<string, number>();

  constructor(tiles: number, bytes: number) {
    this.#tiles = tiles;
    this.#bytes = bytes;
  }

  add(kernel: keyof typeof factorSeconds, reads: readonly Tile[], writes: readonly Tile[]): void {
    const made: number[] = [];
    const given: Tile[] = [];
    for (const tile of reads) {
      const newest = this.#newest.get(String(tile));
      if (newest === undefined) given.push(tile);
      else if (!made.includes(newest)) made.push(newest);
    }
    const spec = { inputs: made, bytes: this.#bytes * writes.length, seconds: factorSeconds[kernel] };
    this.#steps.push({ spec, given });
    for (const tile of writes) this.#newest.set(String(tile), this.#steps.length - 1);
  }

  workload(): Workload {
    const count = this.#steps.length;
    const specs = this.#steps.map(({ spec, given }) => ({
      ...spec,
      inputs: [...(spec.inputs ?? []), ...given.map(([i, j]) => count + i * this.#tiles + j)],
    }));
    return workload(
      specs,
      Array.from({ length: this.#tiles ** 2 }, () => ({ bytes: this.#bytes })),
    );
  }
}

/** LU of tiles without pivoting across them. */
export function lu(tiles: number, bytes: number): Workload {
  const all = new Tiles(tiles, bytes);
  for (let k = 0; k < tiles; k++) {
    all.add('getrf', [[k, k]], [[k, k]]);
    for (let i = k + 1; i < tiles; i++) {
      all.add(
        'trsm',
        [
          [k, k],
          [i, k],
        ],
        [[i, k]],
      );
      all.add(
        'trsm',
        [
          [k, k],
          [k, i],
        ],
        [[k, i]],
      );
    }
    for (let i = k + 1; i < tiles; i++) {
      for (let j = k + 1; j < tiles; j++)
        all.add(
          'gemm',
          [
            [i, k],
            [k, j],
            [i, j],
          ],
          [[i, j]],
        );
    }
  }
  return all.workload();
}

/** QR of tiles, each column of them reduced from the top (Buttari et al. 2009). */
export function qr(tiles: number, bytes: number): Workload {
  const all = new Tiles(tiles, bytes);
  for (let k = 0; k < tiles; k++) {
    all.add('geqrt', [[k, k]], [[k, k]]);
    for (let j = k + 1; j < tiles; j++)
      all.add(
        'unmqr',
        [
          [k, k],
          [k, j],
        ],
        [[k, j]],
      );
    for (let i = k + 1; i < tiles; i++) {
      all.add(
        'tsqrt',
        [
          [k, k],
          [i, k],
        ],
        [
          [k, k],
          [i, k],
        ],
      );
      for (let j = k + 1; j < tiles; j++)
        all.add(
          'tsmqr',
          [
            [i, k],
            [k, j],
            [i, j],
          ],
          [
            [k, j],
            [i, j],
          ],
        );
    }
  }
  return all.workload();
}

/** QR of a tall matrix in blocks of rows: a tree of small factors, and the way back to the blocks of Q. */
export function tsqr(blocks: number, seed: number, transfer = 0.1): Workload {
  const { add, tasks } = maker(seed, transfer);
  const local = Array.from({ length: blocks }, () => add([], 1));
  let level = local;
  const tree: (readonly number[])[] = [];
  while (level.length > 1) {
    const above = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
      add(level.slice(2 * i, 2 * i + 2), 0.1),
    );
    tree.push(above);
    level = above;
  }
  let down = level;
  for (const factors of tree.reverse()) {
    const below = factors === tree.at(-1) ? blocks : factors.length * 2;
    down = Array.from({ length: below }, (_, i) => {
      const factor = factors[Math.min(i >> 1, factors.length - 1)]!;
      const upper = down[Math.min(i >> 1, down.length - 1)]!;
      return add([...new Set([factor, upper])], 0.1);
    });
  }
  local.forEach((block, i) => void add([...new Set([block, down[i] ?? block])], 1));
  return workload(tasks);
}

/** Shapes of workflows whose tasks are programs: many of few kinds, with joints that everything goes through. */
export function workflow(kind: 'Montage' | 'CyberShake' | 'Epigenomics', seed: number, transfer = 0.1): Workload {
  const { add, tasks } = maker(seed, transfer);
  if (kind === 'Montage') {
    const images = Array.from({ length: 40 }, () => add([], 1.4));
    const pairs = images.flatMap((image, i) =>
      [1, 7].flatMap((step) => (i + step < images.length ? [[image, images[i + step]!]] : [])),
    );
    const differences = pairs.map((pair) => add(pair, 0.7, 0.3));
    const model = add([add(differences, 14, 0.01)], 38, 0.01);
    const corrected = images.map((image) => add([image, model], 1));
    const table = add(corrected, 3, 0.01);
    const mosaic = add([table, ...corrected], 28, 2);
    add([add([mosaic], 6, 0.1)], 1, 0.1);
  } else if (kind === 'CyberShake') {
    const synthesised: number[] = [];
    for (let site = 0; site < 4; site++) {
      const tensor = add([], 11, 4);
      for (let i = 0; i < 35; i++) synthesised.push(add([tensor], 8, 0.05));
    }
    const peaks = synthesised.map((seismogram) => add([seismogram], 0.1, 0.02));
    add(synthesised, 10, 0.1);
    add(peaks, 7, 0.1);
  } else {
    const merged = Array.from({ length: 4 }, () => {
      const split = add([], 3.5, 2);
      const maps = Array.from({ length: 16 }, () => add([add([add([add([split], 0.3)], 0.05)], 0.14)], 20, 0.2));
      return add(maps, 1.5, 1);
    });
    add([add([add(merged, 6, 2)], 4, 1)], 5, 1);
  }
  return workload(tasks);
}

function maker(
  seed: number,
  transfer: number,
): { readonly tasks: TaskSpec[]; add(inputs: readonly number[], scale: number, share?: number): number } {
  const random = generator(seed);
  const tasks: TaskSpec[] = [];
  const add = (inputs: readonly number[], scale: number, share = 1): number => {
    const seconds = 0.01 * scale * (0.5 + random());
    const bytes = Math.ceil(transfer * share * 0.01 * LINK_BYTES_PER_SECOND * (0.5 + random()));
    return tasks.push({ inputs, bytes, seconds: [seconds, seconds / (0.5 * 40 ** random())] }) - 1;
  };
  return { tasks, add };
}
