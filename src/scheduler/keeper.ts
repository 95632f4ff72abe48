/**
 * Keeps a run within its memory budget: says which ready task may start, and makes room when there is none.
 *
 * While everything fits (`free`), any task may start. Where the safe order σ fits (`ordered`), admission decides, and
 * nobody waits for ever. Where it does not (`spilling`), tasks start along σ: for its first task that has not started,
 * arrays that are needed last go to files and those that it takes come back; others start meanwhile where they fit as
 * things are. All of that counts what the plan knows; besides, nothing is ever taken from the heap beyond the budget, so
 * a program whose sizes only show while it runs keeps it too: when it is stuck, it spills.
 *
 * Does badly: when spilling, on two branches that each fill the budget and could run at once half as wide: they take
 * turns, and each turn brings a branch's arrays in again.
 */
import { HeapExhaustedError, MemoryBudgetError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import type { Program } from '../graph/program.js';
import type { Handle } from '../memory/handle.js';
import type { Heap } from '../memory/heap.js';
import type { SpillStore } from '../memory/spill.js';
import { Admission } from './admission.js';
import { type MemoryPlan, persistedOf, type SafePlan, spilling } from './memory-plan.js';
import { needsOf, workloadOf } from './needs.js';
import { safeOrder } from './order.js';
import { keptOn } from './persisted.js';
import type { ReadySet } from './ready-set.js';
import type { Recorder } from './recorder.js';
import type { Results } from './results.js';
import { Spiller } from './spiller.js';
import { isAlias } from './ways.js';

export interface KeeperOptions {
  readonly program: Program;
  readonly plan: MemoryPlan;
  /** Bytes that arrays may take on the heap, whoever's they are. */
  readonly budget: number;
  readonly heap: Heap;
  readonly results: Results;
  readonly recorder: Recorder;
  /** Where arrays go that there is no room for; undefined where none may. */
  readonly store: SpillStore | undefined;
  readonly threads: number;
  /** There may be room now. */
  readonly wake: () => void;
  /** The run cannot go on. */
  readonly fail: (error: unknown) => void;
}

const WAITING = 0;
const STARTED = 1;
const ENDED = 2;

/** How many tasks of a ready set are looked at for one that may start. */
const TRIES = 32;
/** How often in a row room is made where the plan says that there is some. */
const MOST_RESCUES = 8;
/** When spilling, tasks start ahead of the first by at most so many places for each thread. */
const AHEAD = 8;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #isStarted: Uint8Array;
  /** Kept arrays that this run works on. */
  readonly #kept: ReadonlySet<Handle>;
  #safe: SafePlan | undefined;
  #admission: Admission | undefined;
  #spiller: Spiller | undefined;
  /** The place in σ before which everything has started. */
  #head = 0;
  /** Bytes that running calls said they need. */
  #declared = 0;
  #peak = 0;
  #rescues = 0;
  /** Room that was made for a task which has not started. */
  #promised: { readonly task: number; readonly bytes: number } | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const { program, plan } = options;
    this.#isStarted = new Uint8Array(program.nodes.length);
    this.#safe = plan.safe;
    if (plan.kind === 'ordered' && plan.safe !== undefined) {
      this.#admission = new Admission(plan.safe.work, plan.safe.sigma, plan.room);
    } else if (plan.kind === 'spilling' && plan.safe !== undefined) {
      this.#spill(plan.safe, plan.needs?.shown as Int32Array);
    }
    this.#kept = new Set(persistedOf(program).flatMap(({ handles }) => handles.map(({ owner }) => owner)));
    const { heap } = options;
    for (const handle of this.#kept) if (handle.heap === heap) keptOn(heap).set(handle, usersOf(handle) + 1);
  }

  /** Whether it has a say in what starts. */
  get isStrict(): boolean {
    return this.#admission !== undefined || this.#spiller !== undefined;
  }

  /** Whether arrays are on their way out or in: the run is not over before that is. */
  get isBusy(): boolean {
    return this.#spiller?.isBusy ?? false;
  }

  /** The most bytes that were in use at once, what running calls said they need included. */
  get peak(): number {
    return this.#peak;
  }

  /** Where it has a say, the task that memory is kept for: the first in σ that has not started; else −1. */
  get head(): number {
    return this.isStrict ? this.#headTask() : -1;
  }

  /** The first task of a ready set that may start now; -1 when none may. */
  pick(ready: ReadySet): number {
    if (!this.isStrict) return ready.first();
    const head = this.#headTask();
    if (head >= 0 && ready.has(head) && this.mayStart(head)) return head;
    for (let task = ready.first(), tries = TRIES; task >= 0 && tries > 0; task = ready.after(task), tries--) {
      if (task !== head && this.mayStart(task)) return task;
    }
    return -1;
  }

  /** Whether a ready task may start; it may make room for it, and then says so later by `wake`. */
  mayStart(task: number): boolean {
    if (this.#admission !== undefined) return this.#isStarted[task] !== WAITING || this.#admission.canStart(task);
    return this.#spiller === undefined || this.#mayStartSpilling(task, this.#spiller);
  }

  #mayStartSpilling(task: number, spiller: Spiller): boolean {
    const need = this.#ownBytes(task) + spiller.missingBytes(task, this.#isKernel(task));
    const isHead = task === this.#headTask();
    const over = this.#used(task) + need - this.#options.budget;
    const hasAll = spiller.away(task).length === 0;
    if (hasAll && (over <= 0 || need === 0)) return isHead || this.#isNear(task);
    if (!isHead || spiller.isBusy) return false;
    this.#promised = { task, bytes: need };
    if (!spiller.makeRoom(over, task)) {
      this.#promised = undefined;
      return false;
    }
    if (spiller.isBusy) return false;
    return spiller.away(task).length === 0;
  }

  /** Bytes in use or promised to others. */
  #used(task: number): number {
    const promised = this.#promised === undefined || this.#promised.task === task ? 0 : this.#promised.bytes;
    return this.#options.heap.arrays + this.#declared + promised;
  }

  /** What a task takes when it starts, besides its inputs. */
  #ownBytes(task: number): number {
    const { work } = this.#safe as SafePlan;
    const scratch = work.scratch[task] as number;
    return this.#isKernel(task) ? (work.bytes[task] as number) + scratch : scratch;
  }

  #isKernel(task: number): boolean {
    const node = this.#options.program.nodes[task] as TaskNode;
    return node.op.kind === 'kernel' && !isAlias(node);
  }

  #isNear(task: number): boolean {
    const place = this.#safe?.sigma.position[task] as number;
    return place - this.#head <= AHEAD * this.#options.threads;
  }

  #headTask(): number {
    const order = this.#safe?.sigma.order;
    if (order === undefined) return -1;
    while (this.#head < order.length && this.#isStarted[order[this.#head] as number] !== WAITING) this.#head++;
    return order[this.#head] ?? -1;
  }

  /**
   * To be called before so many bytes are taken from the heap.
   * @throws HeapExhaustedError when that is beyond the budget: the task has to wait
   */
  claim(bytes: number): void {
    if (this.#hasRoom(bytes)) return;
    const { heap, budget } = this.#options;
    throw new HeapExhaustedError(
      bytes,
      `no room for ${bytes} bytes within the memory budget of ${budget}: ${heap.arrays} are in use. Give it more with ` +
        "the option 'memory', or work on smaller blocks",
    );
  }

  #hasRoom(bytes: number): boolean {
    const { heap, budget } = this.#options;
    return heap.arrays + this.#declared + 64 * Math.ceil(bytes / 64) <= budget;
  }

  /** A task has arrays on the heap as its result. */
  held(task: number): void {
    this.#spiller?.held(task);
  }

  started(task: number): void {
    const { heap } = this.#options;
    this.#declared += this.#declaredOf(task);
    this.#peak = Math.max(this.#peak, heap.arrays + this.#declared);
    if (this.#promised?.task === task) this.#promised = undefined;
    if (this.#isStarted[task] !== WAITING) return;
    this.#isStarted[task] = STARTED;
    this.#admission?.start(task);
    this.#spiller?.started(task);
  }

  /** A task that had started is to start again. In the plan for memory it keeps what it took. */
  stopped(task: number): void {
    this.#declared -= this.#declaredOf(task);
    if (this.#spiller === undefined) return;
    this.#isStarted[task] = WAITING;
    this.#spiller.stopped(task);
    this.#head = Math.min(this.#head, this.#safe?.sigma.position[task] as number);
  }

  ended(task: number): void {
    this.#declared -= this.#declaredOf(task);
    this.#isStarted[task] = ENDED;
    this.#rescues = 0;
    this.#admission?.end(task);
    this.#spiller?.ended(task);
  }

  #declaredOf(task: number): number {
    return this.#options.program.nodes[task]?.settings.memory ?? 0;
  }

  /**
   * Nothing of the run goes on, and nobody else will give memory back: makes room for a task by spilling.
   * @param bytes what was lacking on the heap, where that is known
   * @throws MemoryBudgetError when not even that helps
   */
  rescue(task: number, bytes: number): void {
    const { program, store, budget, results } = this.#options;
    const head = this.#headTask();
    const first = head >= 0 ? head : task;
    if (
      this.#spiller !== undefined &&
      ++this.#rescues < MOST_RESCUES &&
      this.#spiller.makeRoom(Math.max(1, bytes), first)
    ) {
      return;
    }
    if (store === undefined || this.#spiller !== undefined) throw this.#tooMuch(first);
    const needs = needsOf(program);
    const work = workloadOf(program, needs);
    const safe = { work, sigma: safeOrder(work) };
    spilling(program, safe, budget, true);
    this.#admission = undefined;
    this.#head = 0;
    const spiller = this.#spill(safe, needs.shown);
    for (let at = 0; at < program.nodes.length; at++) {
      if (results.held(at) !== undefined) spiller.held(at);
      if (this.#isStarted[at] !== WAITING) spiller.started(at);
      if (this.#isStarted[at] === ENDED) spiller.ended(at);
    }
  }

  #tooMuch(task: number): MemoryBudgetError {
    const { program, heap, budget } = this.#options;
    const need = this.#safe === undefined ? 0 : this.#ownBytes(task);
    const missing = this.#spiller?.missingBytes(task, this.#isKernel(task)) ?? 0;
    const lack = Math.max(1, heap.arrays + need + missing - budget);
    return new MemoryBudgetError(program.nodes[task]?.key ?? '', lack, budget);
  }

  #spill(safe: SafePlan, shown: Int32Array): Spiller {
    const { program, results, heap, store, recorder, wake, fail } = this.#options;
    this.#safe = safe;
    const hasRoom = (bytes: number): boolean => this.#hasRoom(bytes);
    const events = { hasRoom, moved: wake, failed: fail };
    this.#spiller = new Spiller({ program, safe, shown, results, heap, store, recorder, ...events });
    return this.#spiller;
  }

  /** The run is over. */
  close(): void {
    const { heap } = this.#options;
    for (const handle of this.#kept) {
      if (handle.heap === heap && keptOn(heap).has(handle)) keptOn(heap).set(handle, usersOf(handle) - 1);
    }
  }
}

function usersOf(handle: Handle): number {
  return keptOn(handle.heap).get(handle) ?? 0;
}
