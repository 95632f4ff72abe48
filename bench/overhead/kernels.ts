/**
 * What a WebAssembly kernel costs beyond its own work, on pool threads that pull from shared memory:
 *
 * - window: kernels that only count, admitted straight to the window. “pull” is the threads' side alone, measured on a
 *   window that is full before the first task may start; “all” is from the first admission to the last report.
 * - end to end: products of 2 × 2 matrices, from `nd` to `compute`; × is the same graph under `sync`.
 *
 * Graphs: independent, a chain, and a stencil (every task after three of the row before). Microseconds a task.
 *
 *     npm run build && npx tsx bench/overhead/kernels.ts
 */
import { Worker } from 'node:worker_threads';
import binaryen from 'binaryen';
import { compute, type LazyArray, type NDArray, nd } from '../../dist/index.js';
import { Heap } from '../../dist/memory/heap.js';
import { Window } from '../../dist/workers/window.js';
import { SLOTS } from '../../dist/workers/window-layout.js';
import type { PullMessage } from '../../dist/workers/window-worker.js';
import { alternate, type Contestant, timed } from '../support/measure.js';
import { machine, micros, printTable, short, times } from '../support/report.js';

const shapes = ['independent', 'chain', 'stencil'] as const;
type Shape = (typeof shapes)[number];
const WIDTH = 16;

/** The earlier tasks that task i needs. */
function inputsOf(shape: Shape, i: number): number[] {
  if (shape === 'independent' || i === 0) return [];
  if (shape === 'chain') return [i - 1];
  const column = i % WIDTH;
  if (i < WIDTH) return [];
  return [column - 1, column, column + 1].filter((j) => j >= 0 && j < WIDTH).map((j) => i - column - WIDTH + j);
}

// The window alone ----------------------------------------------------------------------------------------------------

const COUNT = 0;
const GATE = 1;

/** `count` adds one to a cell; `gate` waits until a cell is not zero. */
function countingModule(): WebAssembly.Module {
  const module = binaryen.parseText(`
  (module
    (import "env" "memory" (memory 1 65536 shared))
    (func (export "count") (param $work i32) (param $cell i32) (result i32)
      (i32.store (local.get $cell) (i32.add (i32.load (local.get $cell)) (i32.const 1)))
      (i32.const 0))
    (func (export "gate") (param $work i32) (param $cell i32) (result i32)
      (loop $again (br_if $again (i32.eqz (i32.atomic.load (local.get $cell)))))
      (i32.const 0)))`);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return new WebAssembly.Module(bytes);
}

class Threads {
  readonly #idle: Worker[];

  constructor(count: number) {
    this.#idle = Array.from({ length: count }, () => new Worker(new URL('./puller.js', import.meta.url)));
    for (const worker of this.#idle) worker.unref();
  }

  /** A window starts no more pullers than there are threads, so one is always idle. */
  start = (message: PullMessage): Promise<unknown> =>
    new Promise((resolve) => {
      const worker = this.#idle.pop()!;
      worker.once('message', (ran) => {
        this.#idle.push(worker);
        resolve(ran);
      });
      worker.postMessage(message);
    });
}

class Pulling {
  readonly #heap = new Heap({ base: 4096 });
  readonly #window: Window;
  readonly #cells: number;
  readonly #gate: number;

  constructor(threads: number) {
    const pool = new Threads(threads);
    this.#window = new Window({
      heap: this.#heap,
      module: countingModule(),
      threads,
      startPuller: pool.start,
      onPullerLost: (error) => {
        throw error;
      },
    });
    this.#cells = this.#heap.address(this.#heap.allocate(4 * SLOTS));
    this.#gate = this.#heap.address(this.#heap.allocate(4));
  }

  /** Seconds on the threads, with everything admitted before the gate opens; n < SLOTS. */
  async pull(shape: Shape, n: number): Promise<number> {
    const { memory, gate } = this.#clear();
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    await new Promise<void>((resolve) => {
      let left = n + 1;
      const onDone = (): void => {
        if (--left === 0) resolve();
      };
      const head = this.#window.admit({
        callee: GATE,
        args: [this.#gate],
        after: [],
        notify: false,
        onDone: ({ end }) => {
          first = end;
          onDone();
        },
      });
      const slots: number[] = [];
      for (let i = 0; i < n; i++) {
        const inputs = inputsOf(shape, i);
        const after = inputs.length === 0 ? [head] : inputs.map((input) => slots[input]!);
        slots[i] = this.#window.admit({
          callee: COUNT,
          args: [this.#cells + 4 * i],
          after,
          notify: false,
          onDone: ({ end }) => {
            last = Math.max(last, end);
            onDone();
          },
        });
      }
      this.#window.flush(false);
      Atomics.store(memory, gate, 1);
    });
    this.#check(n, 1);
    return (last - first) / 1000;
  }

  /** Seconds from the first admission to the last report, for any n: cells are used again. */
  async all(shape: Shape, n: number): Promise<number> {
    this.#clear();
    const slots = new Int32Array(n).fill(-1);
    const [, seconds] = await timed(
      () =>
        new Promise<void>((resolve) => {
          let next = 0;
          let left = n;
          let isAdmitting = false;
          const admit = (): void => {
            isAdmitting = false;
            for (; next < n; next++) {
              const after: number[] = [];
              for (const input of inputsOf(shape, next)) if (slots[input]! >= 0) after.push(slots[input]!);
              if (!this.#window.hasRoomFor(after.length)) break;
              const index = next;
              slots[index] = this.#window.admit({
                callee: COUNT,
                args: [this.#cells + 4 * (index % SLOTS)],
                after,
                notify: false,
                onDone: () => {
                  slots[index] = -1;
                  if (--left === 0) {
                    resolve();
                  } else if (!isAdmitting && next < n) {
                    isAdmitting = true;
                    queueMicrotask(admit);
                  }
                },
              });
            }
            this.#window.flush(next < n);
          };
          admit();
        }),
    );
    if (n <= SLOTS) this.#check(n, 1);
    return seconds;
  }

  #clear(): { memory: Int32Array; gate: number } {
    const memory = new Int32Array(this.#heap.buffer);
    memory.fill(0, this.#cells >> 2, (this.#cells >> 2) + SLOTS);
    memory[this.#gate >> 2] = 0;
    return { memory, gate: this.#gate >> 2 };
  }

  #check(n: number, value: number): void {
    const cells = new Int32Array(this.#heap.buffer, this.#cells, n);
    if (!cells.every((cell) => cell === value)) throw new Error('a kernel did not run exactly once');
  }
}

// End to end ----------------------------------------------------------------------------------------------------------

let graphs = 0;

/**
 * Products of 2 × 2 matrices of whole numbers, and the entry by which each is known. Shears add: [[1, a], [0, 1]] times
 * [[1, 1], [0, 1]] has a + 1. In the stencil [[1, 0], [a, 0]] times the same with b has a, that of the left neighbour.
 * Every graph starts from numbers of its own, since equal products would be one task.
 */
function products(shape: Shape, n: number): { target: LazyArray[]; entries: number[] } {
  const shear = (a: number): LazyArray => nd.array(Float64Array.of(1, a, 0, 1), { shape: [2, 2] });
  const base = ++graphs * n;
  const one = shear(1);
  if (shape === 'independent') {
    const target = Array.from({ length: n }, (_, i) => nd.matmul(shear(base + i), one));
    return { target, entries: target.map((_, i) => base + i + 1) };
  }
  if (shape === 'chain') {
    let value = shear(base);
    for (let i = 0; i < n; i++) value = nd.matmul(value, one);
    return { target: [value], entries: [base + n] };
  }
  let entries = Array.from({ length: WIDTH }, (_, j) => base + j);
  let row = entries.map((a) => nd.array(Float64Array.of(1, 0, a, 0), { shape: [2, 2] }));
  for (let made = 0; made < n; made += WIDTH) {
    const before = (j: number): number => (j + WIDTH - 1) % WIDTH;
    row = row.map((own, j) => nd.matmul(row[before(j)]!, own));
    entries = entries.map((_, j) => entries[before(j)]!);
  }
  return { target: row, entries };
}

async function endToEnd(shape: Shape, n: number, scheduler: 'sync' | 'threads') {
  const [{ target, entries }, build] = await timed(() => products(shape, n));
  const [results, run] = await timed(() => compute(target, { scheduler, workers: 2 }));
  (results as NDArray[]).forEach((result, i) => {
    const entry = shape === 'stencil' ? result.get(1, 0) : result.get(0, 1);
    if (entry !== entries[i]) throw new Error(`${shape} of ${n}: product ${i} has ${entry} instead of ${entries[i]}`);
  });
  return { build, run };
}

console.log(`${machine()}\n`);
const pools = [1, 2].map((threads) => new Pulling(threads));
const rows: string[][] = [];
const far = 100_000;
const near = SLOTS - WIDTH;
for (const shape of shapes) {
  const contestants: Record<string, Contestant> = {};
  pools.forEach((pool, i) => {
    contestants[`pull ${i + 1}`] = async () => ({ run: await pool.pull(shape, near) });
    contestants[`all ${i + 1}`] = async () => ({ run: await pool.all(shape, near) });
    contestants[`far ${i + 1}`] = async () => ({ run: await pool.all(shape, far) });
  });
  const medians = await alternate(contestants, { rounds: 15, warmUps: 5, patience: 12 });
  for (const threads of [1, 2]) {
    rows.push([
      shape,
      String(threads),
      micros(medians[`pull ${threads}`]?.run, near),
      micros(medians[`all ${threads}`]?.run, near),
      micros(medians[`far ${threads}`]?.run, far),
    ]);
  }
}
console.log('### The window alone\n');
printTable(
  ['graph', 'threads', `pull, ${short(near)} tasks`, `all, ${short(near)} tasks`, `all, ${short(far)} tasks`],
  rows,
);

const ends: string[][] = [];
for (const shape of shapes) {
  for (const n of [1024, 10_240, 102_400]) {
    const { sync, threads } = await alternate(
      { sync: () => endToEnd(shape, n, 'sync'), threads: () => endToEnd(shape, n, 'threads') },
      { rounds: n > 100_000 ? 3 : 9, warmUps: n > 100_000 ? 1 : 3, patience: 10 },
    );
    ends.push([
      shape,
      short(n),
      micros(threads?.build, n),
      micros(sync?.run, n),
      micros(threads?.run, n),
      times(sync?.run, threads?.run),
    ]);
  }
}
console.log('### End to end, 2 × 2 products\n');
printTable(['graph', 'tasks', 'build', 'run, sync', 'run, 2 threads', '×'], ends);
process.exit(0);
