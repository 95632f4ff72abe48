/**
 * The main thread's side of the window: admits kernel tasks, hears what finished, cancels, and keeps as many pullers
 * on the pool's threads as there is work for. One window serves every computation of a runtime.
 */
import { MAX_WASM_ARGS, SCRATCH_BYTES } from '../kernels/contract.js';
import type { Heap } from '../memory/heap.js';
import {
  ATTENTION,
  CANCEL,
  CLOSED,
  DONE_TAIL,
  EDGES,
  END,
  HEADER_WORDS,
  IDLE,
  LEAVE,
  MAX_LANES,
  NOTIFY,
  PULLERS,
  push,
  READY_HEAD,
  READY_TAIL,
  SLOTS,
  slotInCell,
  WAKE_MAIN_AT,
  WANTED_PULLERS,
  WINDOW_BYTES,
  type WindowArrays,
  windowArrays,
} from './window-layout.js';
import { callMain, finish, type PullMessage, TRAPPED, wakePullers } from './window-worker.js';

/** A kernel task as the window runs it. */
export interface WindowTask {
  /** Index of the export in the module's export list. */
  readonly callee: number;
  readonly args: readonly number[];
  /** Slots whose results this task reads; slots already reported done must not be named. */
  readonly after: readonly number[];
  /** Whether the main thread waits for this very task, so that it is woken at once. */
  readonly notify: boolean;
  readonly onDone: (outcome: WindowOutcome) => void;
}

export interface WindowOutcome {
  /** 0, a kernel's own status, CANCELLED or TRAPPED. */
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly thread: number;
}

export interface WindowOptions {
  readonly heap: Heap;
  readonly module: WebAssembly.Module;
  readonly threads: number;
  /** Occupies one pool thread with `pull(message)` until it returns. */
  readonly startPuller: (message: PullMessage) => Promise<unknown>;
  /** Called when a puller ended by an error instead of returning: its thread is lost. */
  readonly onPullerLost: (error: unknown) => void;
}

let windows = 0;

export class Window {
  readonly #options: WindowOptions;
  readonly #id = ++windows;
  readonly #buffer = new SharedArrayBuffer(WINDOW_BYTES);
  readonly #arrays: WindowArrays = windowArrays(this.#buffer);
  readonly #freeSlots: number[] = [];
  readonly #freeEdges: number[] = [];
  readonly #listeners = new Array<((outcome: WindowOutcome) => void) | undefined>(SLOTS);
  readonly #arenas: number[] = [];
  readonly #freeLanes: number[] = [];
  #doneHead = 0;
  #inFlight = 0;
  #published = 0;
  #more = false;
  #listening = false;
  #closed = false;

  constructor(options: WindowOptions) {
    this.#options = options;
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#freeSlots.push(slot);
    for (let edge = EDGES - 1; edge >= 0; edge--) this.#freeEdges.push(edge);
    for (let lane = Math.min(options.threads, MAX_LANES) - 1; lane >= 0; lane--) this.#freeLanes.push(lane);
    this.#arrays.running.fill(-1);
    this.#arrays.words.fill(0, 0, HEADER_WORDS);
    this.#arrays.words[WANTED_PULLERS] = this.#freeLanes.length;
  }

  /** Tasks admitted and not yet reported done. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a task with this many unfinished inputs can be admitted now. */
  hasRoomFor(inputs: number): boolean {
    return this.#freeSlots.length > 0 && this.#freeEdges.length >= inputs;
  }

  /** Admits a task; it may start before this returns. `flush` must follow the last of a series. Returns its slot. */
  admit(task: WindowTask): number {
    const { words, ready, missing, waiters, flags, status, callee, count, args, edgeTarget, edgeNext } = this.#arrays;
    const slot = this.#freeSlots.pop();
    if (slot === undefined || task.args.length > MAX_WASM_ARGS) throw new RangeError('window: no room for this task');
    callee[slot] = task.callee;
    count[slot] = task.args.length;
    for (let i = 0, at = slot * MAX_WASM_ARGS; i < task.args.length; i++) args[at + i] = task.args[i] as number;
    Atomics.store(waiters, slot, END);
    Atomics.store(flags, slot, task.notify ? NOTIFY : 0);
    // One more than there are inputs, so that it cannot start before it is linked to all of them.
    Atomics.store(missing, slot, task.after.length + 1);
    this.#listeners[slot] = task.onDone;
    this.#inFlight++;
    for (const before of task.after) {
      const edge = this.#freeEdges.pop() as number;
      edgeTarget[edge] = slot;
      for (;;) {
        const head = Atomics.load(waiters, before);
        if (head === CLOSED) {
          this.#freeEdges.push(edge);
          if (status[before] !== 0) Atomics.or(flags, slot, CANCEL);
          Atomics.sub(missing, slot, 1);
          break;
        }
        edgeNext[edge] = head;
        if (Atomics.compareExchange(waiters, before, head, edge) === head) break;
      }
    }
    if (Atomics.sub(missing, slot, 1) === 1) {
      push(words, ready, READY_TAIL, slot);
      this.#published++;
    }
    return slot;
  }

  /**
   * After a series of admissions: wakes or starts pullers, and says when to be woken.
   * @param more whether the caller has tasks left to admit, so that it wants to hear before the window runs dry.
   */
  flush(more: boolean): void {
    const { words } = this.#arrays;
    if (this.#published > 0) wakePullers(words, this.#published);
    this.#published = 0;
    this.#more = more;
    // Whoever passed the mark before it was set did not see it.
    if (this.#setMark()) callMain(words);
    this.#ensurePullers();
    this.#listen();
  }

  /** Sets after how many completions the main thread wants to be woken. True when that many are there already. */
  #setMark(): boolean {
    const { words } = this.#arrays;
    const mark = (this.#doneHead + Math.max(1, this.#more ? this.#inFlight >> 1 : this.#inFlight)) | 0;
    Atomics.store(words, WAKE_MAIN_AT, mark);
    return ((Atomics.load(words, DONE_TAIL) - mark) | 0) >= 0;
  }

  /** Asks that these slots do not run, or stop if they poll. They are still reported done, as CANCELLED. */
  cancel(slots: Iterable<number>): void {
    const { flags, running } = this.#arrays;
    const cancelled = new Set<number>();
    for (const slot of slots) {
      Atomics.or(flags, slot, CANCEL);
      cancelled.add(slot);
    }
    const memory = new Int32Array(this.#options.heap.buffer);
    for (let lane = 0; lane < this.#arenas.length; lane++) {
      const arena = this.#arenas[lane];
      if (arena !== undefined && cancelled.has(Atomics.load(running, lane))) Atomics.store(memory, arena >> 2, 1);
    }
  }

  /** Asks for one thread back, for other work. */
  yieldThread(): void {
    const { words } = this.#arrays;
    if (Atomics.load(words, PULLERS) > Atomics.load(words, LEAVE)) Atomics.add(words, LEAVE, 1);
  }

  /** Stops pullers when they are idle; the window must be empty. */
  close(): void {
    this.#closed = true;
  }

  #readyCount(): number {
    const { words } = this.#arrays;
    return (Atomics.load(words, READY_TAIL) - Atomics.load(words, READY_HEAD)) | 0;
  }

  #ensurePullers(): void {
    const { words } = this.#arrays;
    // A puller that is busy may be so for long: only idle ones count.
    let wanted = Math.min(
      this.#readyCount() - Atomics.load(words, IDLE),
      this.#options.threads - Atomics.load(words, PULLERS),
    );
    for (; wanted > 0 && this.#freeLanes.length > 0 && !this.#closed; wanted--) {
      const lane = this.#freeLanes.pop() as number;
      this.#startPuller(lane);
    }
  }

  #startPuller(lane: number): void {
    const { heap, module, startPuller, onPullerLost } = this.#options;
    const { words, running } = this.#arrays;
    const arena = this.#arenas[lane] ?? heap.address(heap.allocate(SCRATCH_BYTES));
    this.#arenas[lane] = arena;
    Atomics.add(words, PULLERS, 1);
    Atomics.add(words, IDLE, 1);
    const message: PullMessage = { id: this.#id, buffer: this.#buffer, module, memory: heap.memory, lane, arena };
    const ended = (): void => {
      this.#freeLanes.push(lane);
      // A request to leave that nobody is there to follow must not hit the next puller.
      if (Atomics.load(words, PULLERS) === 0) Atomics.store(words, LEAVE, 0);
      if (this.#inFlight > 0) this.#ensurePullers();
    };
    startPuller(message).then(ended, (error: unknown) => {
      Atomics.sub(words, PULLERS, 1);
      const slot = Atomics.exchange(running, lane, -1);
      if (slot >= 0) this.#finishLost(slot);
      else Atomics.sub(words, IDLE, 1);
      ended();
      if (!this.#closed) onPullerLost(error);
    });
  }

  /** Reports the task that a lost thread was running as failed, in its stead. */
  #finishLost(slot: number): void {
    const { words, status, ready } = this.#arrays;
    status[slot] = TRAPPED;
    const next = finish(slot, this.#arrays);
    if (next >= 0) push(words, ready, READY_TAIL, next);
    callMain(words);
  }

  /** One pending wait at a time; runs for as long as tasks are in flight. */
  #listen(): void {
    if (this.#listening || this.#inFlight === 0) return;
    this.#listening = true;
    // A pending waitAsync does not keep Node alive; a timer does.
    const alive = setInterval(() => {}, 1 << 30);
    const done = (): void => {
      this.#listening = false;
      clearInterval(alive);
      // Something may have been admitted between the last report and here.
      this.#listen();
    };
    this.#waitLoop().then(done, (error: unknown) => {
      done();
      queueMicrotask(() => {
        throw error;
      });
    });
  }

  async #waitLoop(): Promise<void> {
    const { words } = this.#arrays;
    while (this.#inFlight > 0) {
      const seen = Atomics.load(words, ATTENTION);
      if (this.#drain() > 0) continue;
      this.#ensurePullers();
      if (this.#setMark()) continue;
      const wait = waitAsync(words, ATTENTION, seen);
      if (wait.async) await wait.value;
    }
  }

  /** Reports what has finished. Returns how many. */
  #drain(): number {
    const { done, taken, edgeNext, status, times, thread } = this.#arrays;
    let drained = 0;
    for (;;) {
      const slot = slotInCell(Atomics.load(done, this.#doneHead & (SLOTS - 1)), this.#doneHead);
      if (slot < 0) return drained;
      this.#doneHead = (this.#doneHead + 1) | 0;
      drained++;
      for (let edge = taken[slot] as number; edge !== END; edge = edgeNext[edge] as number) this.#freeEdges.push(edge);
      const listener = this.#listeners[slot];
      this.#listeners[slot] = undefined;
      this.#freeSlots.push(slot);
      this.#inFlight--;
      listener?.({
        status: status[slot] as number,
        start: times[slot * 2] as number,
        end: times[slot * 2 + 1] as number,
        thread: thread[slot] as number,
      });
    }
  }
}

type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
  timeout?: number,
) => { async: false; value: string } | { async: true; value: Promise<string> };

/** TypeScript's ES2022 library does not know Atomics.waitAsync yet. */
const waitAsync = (Atomics as unknown as { waitAsync: WaitAsync }).waitAsync;
