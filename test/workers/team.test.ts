/** Loops shared by threads: every iteration once, on any number of threads, whatever happens to those that help. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeRegistry } from '../../dist/devices/code-registry.js';
import { CANCELLED } from '../../dist/kernels/contract.js';
import { Heap } from '../../dist/memory/heap.js';
import { Window, type WindowOutcome, type WindowTask } from '../../dist/workers/window.js';
import { BAD_CODE, TRAPPED } from '../../dist/workers/window-worker.js';
import { generatedModule, type TeamModule, teamModule } from './team-module.js';
import { runOn, Threads } from './window-harness.js';

let team: TeamModule;
const teams: Team[] = [];

/** A window over threads of its own. */
class Team {
  readonly heap = new Heap({ base: team.base });
  readonly threads: Threads;
  readonly window: Window;
  readonly lost: unknown[] = [];
  readonly #blocks = new Map<Int32Array, number>();

  constructor(threads: number) {
    this.threads = new Threads(threads);
    this.window = new Window({
      heap: this.heap,
      module: team.module,
      threads,
      startPuller: this.threads.start,
      onPullerLost: (error) => this.lost.push(error),
    });
    teams.push(this);
  }

  /** Zeroed memory on the heap, as words. */
  words(length: number): Int32Array {
    const block = this.heap.allocate(4 * length);
    const words = new Int32Array(this.heap.buffer, this.heap.address(block), length);
    this.#blocks.set(words, block);
    return words.fill(0);
  }

  free(words: Int32Array): void {
    this.heap.free(this.#blocks.get(words) as number);
  }

  task(name: string, args: readonly number[], options: Partial<WindowTask> = {}) {
    return { callee: team.place(name), args, isWide: true, inputs: [], ...options };
  }

  admit(name: string, args: readonly number[], options: Partial<WindowTask> = {}) {
    let slot = -1;
    const done = new Promise<WindowOutcome>((onDone) => {
      this.window.hasRoomFor(0);
      slot = this.window.admit({ ...this.task(name, args, options), after: [], notify: true, onDone });
      this.window.flush(false);
    });
    return { slot, done };
  }
}

beforeAll(async () => {
  team = await teamModule();
}, 60_000);
afterAll(() => Promise.all(teams.map(({ threads }) => threads.close())));

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Whether each of n cells was counted in `loops` loops, and how many iterations helpers did. */
function checkCells(cells: Int32Array, n: number, loops: number): number {
  let helped = 0;
  for (let i = 0; i < n; i++) {
    if (cells[4 * i] !== loops || cells[4 * i + 1] !== loops * i) {
      throw new Error(`iteration ${i} of ${n} ran ${cells[4 * i]} times instead of ${loops}`);
    }
    helped += cells[4 * i + 2] as number;
  }
  return helped;
}

describe.each([1, 2, 3, 4])('shared loops on %i threads', (threads) => {
  it('runs every iteration of thousands of tasks once, among other tasks', async () => {
    const own = new Team(threads);
    const shapes = Array.from({ length: 3000 }, (_, i) => ({
      n: (i * 7) % 23,
      loops: 1 + (i % 5),
      spins: (i % 3) * 40,
    }));
    const tables = shapes.map(({ n }) => own.words(4 * n));
    const tasks = shapes.map(({ n, loops, spins }, i) =>
      own.task('count', [(tables[i] as Int32Array).byteOffset, n, loops, spins, spins], {
        isWide: i % 4 !== 3,
        ...(i > 20 && i % 2 === 0 ? { inputs: [i - 1, i - 20] } : {}),
      } as object),
    );
    const outcomes = await runOn(own.window, tasks);
    expect(outcomes.map(({ status }) => status).filter((status) => status !== 0)).toEqual([]);
    shapes.forEach(({ n, loops }, i) => {
      checkCells(tables[i] as Int32Array, n, loops);
    });
    own.window.close();
    await own.threads.close();
    own.window.dispose();
    own.heap.check();
  });

  it('shares long loops, also when the helpers sleep between them', async () => {
    const own = new Team(threads);
    const n = 64;
    const cells = own.words(4 * n);
    let helped = 0;
    // Threads may take their time to start: one long task after the other until they have helped.
    for (let round = 0; round < 200 && (round < 5 || (threads > 1 && helped === 0)); round++) {
      cells.fill(0);
      const { done } = own.admit('count', [cells.byteOffset, n, 3, 20_000, 3_000_000]);
      expect((await done).status).toBe(0);
      helped += checkCells(cells, n, 3);
    }
    if (threads === 1) expect(helped).toBe(0);
    else expect(helped).toBeGreaterThan(0);
  });

  it('runs a loop within a loop on one thread', async () => {
    const own = new Team(threads);
    const cell = own.words(1);
    const outcomes = await runOn(
      own.window,
      Array.from({ length: 200 }, () => own.task('nested', [50, cell.byteOffset])),
    );
    expect(outcomes.every(({ status }) => status === 0)).toBe(true);
    expect(cell[0]).toBe(200 * 50 * 10);
  });

  it('stops a loop when its task is cancelled, and no helper touches it afterwards', async () => {
    const own = new Team(threads);
    const cell = own.words(1);
    for (let round = 0; round < 60; round++) {
      const { slot, done } = own.admit('endless', [cell.byteOffset]);
      if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 5));
      own.window.cancel([slot]);
      expect((await done).status).toBe(CANCELLED);
      const count = Atomics.load(cell, 0);
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(Atomics.load(cell, 0)).toBe(count);
    }
  });

  it('survives a storm of cancels among short loops', async () => {
    const own = new Team(threads);
    const shared = own.words(4);
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      const n = 1 + (round % 12);
      const cells = own.words(4 * n);
      const kept = own.admit('count', [cells.byteOffset, n, 4, 20, 20]);
      const doomed = Array.from({ length: 1 + (round % 3) }, () => own.admit('endless', [shared.byteOffset]));
      const cancel = (): void => own.window.cancel(doomed.map(({ slot }) => slot));
      if (round % 2 === 0) cancel();
      else setImmediate(cancel);
      expect((await kept.done).status).toBe(0);
      for (const { done } of doomed) expect((await done).status).toBe(CANCELLED);
      checkCells(cells, n, 4);
      own.free(cells);
    }
  });

  it('fails a task one of whose iterations traps, wherever that ran, and goes on', async () => {
    const own = new Team(threads);
    const gate = own.words(1);
    for (let round = 0; round < 100; round++) {
      const n = 2 + (round % 7);
      const { done } = own.admit('trap', [n, round % n, gate.byteOffset]);
      expect((await done).status).toBe(TRAPPED);
      const cells = own.words(4 * n);
      expect((await own.admit('count', [cells.byteOffset, n, 2, 0, 0]).done).status).toBe(0);
      checkCells(cells, n, 2);
    }
    expect(own.lost).toEqual([]);
  });

  it('runs generated code on every thread that takes part, and takes a place again for other code', async () => {
    const own = new Team(threads);
    const registry = new CodeRegistry(own.heap, 4);
    const [n, count] = [40, 60];
    const modules = await Promise.all(Array.from({ length: 12 }, (_, i) => generatedModule(i + 1)));
    const tables = Array.from({ length: count }, () => own.words(2 * n));
    const places = new Set<number>();
    for (let from = 0; from < count; from += 5) {
      const runs = tables.slice(from, from + 5).map((table, k) => {
        const i = ((from + k) * 5) % modules.length;
        const code = registry.take({ key: String(i), bytes: () => modules[i] as Uint8Array<ArrayBuffer> });
        places.add(code.index);
        const { done } = own.admit('generated', [n, table.byteOffset], { code });
        return { i, table, code, done };
      });
      for (const { i, table, code, done } of runs) {
        expect((await done).status).toBe(0);
        registry.release(code);
        const values = new Float64Array(table.buffer, table.byteOffset, n);
        expect([...values]).toEqual(Array.from({ length: n }, (_, k) => 3 * (i + 1) * (k + 1)));
      }
    }
    expect(places.size).toBeLessThan(8);
    registry.dispose();
    own.heap.check();
  });
});

describe('threads that are lost', () => {
  it('fails the task whose helper is lost in an iteration, and does not wait for it', async () => {
    const own = new Team(2);
    const cells = own.words(4);
    const { done } = own.admit('meet', [cells.byteOffset]);
    await until(() => Atomics.load(cells, 0) !== 0 && Atomics.load(cells, 1) !== 0);
    // The leader is done with its iteration and waits for the other one, which never ends.
    Atomics.store(cells, 2, 1);
    await own.threads.lose(helperLane(cells));
    expect((await done).status).toBe(TRAPPED);
    expect(own.lost).toHaveLength(1);
    await works(own);
  });

  it('fails the task whose leader is lost, but only when the helper has let go of its memory', async () => {
    const own = new Team(2);
    const cells = own.words(4);
    const { done } = own.admit('meet', [cells.byteOffset]);
    await until(() => Atomics.load(cells, 0) !== 0 && Atomics.load(cells, 1) !== 0);
    let isDone = false;
    void done.then(() => {
      isDone = true;
    });
    await own.threads.lose(1 - helperLane(cells));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isDone).toBe(false);
    Atomics.store(cells, 3, 1);
    expect((await done).status).toBe(TRAPPED);
    await works(own);
  });

  it('gives up on a task whose threads are all lost', async () => {
    const own = new Team(2);
    const cells = own.words(4);
    const { done } = own.admit('meet', [cells.byteOffset]);
    await until(() => Atomics.load(cells, 0) !== 0 && Atomics.load(cells, 1) !== 0);
    await Promise.all([own.threads.lose(0), own.threads.lose(1)]);
    expect((await done).status).toBe(TRAPPED);
    await works(own);
  });

  it('reports code that no thread takes', async () => {
    const own = new Team(2);
    const registry = new CodeRegistry(own.heap);
    const code = registry.take({ key: 'x', bytes: () => Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 99) });
    const { done } = own.admit('generated', [4, own.words(8).byteOffset], { code });
    expect((await done).status).toBe(BAD_CODE);
    registry.release(code);
    await works(own);
  });

  /** Lanes' arenas lie one after the other. */
  const helperLane = ([leader, helper]: Int32Array): number => ((helper as number) > (leader as number) ? 1 : 0);

  async function works(own: Team): Promise<void> {
    for (let i = 0; i < 20; i++) {
      const cells = own.words(4 * 30);
      expect((await own.admit('count', [cells.byteOffset, 30, 3, 1000, 0]).done).status).toBe(0);
      checkCells(cells, 30, 3);
    }
  }
});
