/**
 * The main thread's side of the window: admits kernel tasks, hears what finished, cancels, and keeps as many pullers
 * on the pool's threads as there is work for. One window serves every computation of a runtime.
 */
import { RuntimeClosedError } from '../errors.js';
import { CANCELLED, MAX_WASM_ARGS, SCRATCH_BYTES } from '../kernels/contract.js';
import type { Block, Heap } from '../memory/heap.js';
import type { KernelCode } from './kernel-code.js';
import { afterDisband, type CodePlace, clearHeader, disband, helpersOf, leaveForLost } from './team.js';
import {
  ATTENTION,
  CANCEL,
  CLOSED,
  CODE,
  DONE_TAIL,
  EDGES,
  END,
  IDLE,
  LEAVE,
  MAX_LANES,
  NOTIFY,
  PULLERS,
  push,
  READY_HEAD,
  READY_TAIL,
  ROW,
  resetWindow,
  SLEEP_BYTES,
  SLOTS,
  slotInCell,
  WAKE_MAIN_AT,
  WIDE,
  WIDE_CALLS,
  WINDOW_BYTES,
  type WindowArrays,
  windowArrays,
} from './window-layout.js';
import { callMain, finish, NO_THREAD, type PullMessage, TRAPPED, wakePullers } from './window-worker.js';

/** A kernel task as the window runs it. */
export interface WindowTask {
  /** Index of the export in the module's export list. */
  readonly callee: number;
  readonly args: readonly number[];
  /** Slots whose results this task reads; slots already reported done must not be named. */
  readonly after: readonly number[];
  /** Whether the main thread waits for this very task, so that it is woken at once. */
  readonly notify: boolean;
  /** Whether all idle threads should help with its loops. Default false. */
  readonly isWide?: boolean;
  /** Generated code that the export gets the index of before `args`. */
  readonly code?: CodePlace | undefined;
  readonly onDone: (outcome: WindowOutcome) => void;
}

export interface WindowOutcome {
  /** 0, a kernel's own status, CANCELLED, TRAPPED, NO_THREAD or BAD_CODE. */
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly thread: number;
}

export interface WindowOptions {
  readonly heap: Heap;
  readonly module: WebAssembly.Module;
  /** The micro-kernels that the module imports, where it does. */
  readonly micro?: KernelCode['micro'];
  readonly threads: number;
  /** Occupies one pool thread with `pull(message)` until it returns. */
  readonly startPuller: (message: PullMessage) => Promise<unknown>;
  /** Called when a puller ended by an error instead of returning: its thread is lost. */
  readonly onPullerLost: (error: unknown) => void;
  /** Where the rings' positions start: for tests of how they wrap. Default 0. */
  readonly position?: number;
}

/** After so many pullers were lost without one task ending, no thread can run kernels. */
const MAX_LOSSES = 3;

/** How long a lost thread's helpers are given before they are looked at again, in milliseconds. */
const HELPERS_MS = 1;

/** The lanes' arenas on the heap, and the words that sleeping pullers wait on. */
interface Arenas {
  readonly blocks: readonly Block[];
  readonly addresses: readonly number[];
  readonly sleep: Int32Array;
}

let windows = 0;

export class Window {
  readonly #options: WindowOptions;
  readonly #id = ++windows;
  readonly #buffer = new SharedArrayBuffer(WINDOW_BYTES);
  readonly #arrays: WindowArrays = windowArrays(this.#buffer);
  readonly #freeSlots: number[] = [];
  readonly #freeEdges: number[] = [];
  readonly #lanes: number;
  readonly #listeners = new Array<((outcome: WindowOutcome) => void) | undefined>(SLOTS);
  /** The scratch of every lane, taken at first use: starting a puller never lacks memory. */
  #arenas: Arenas | undefined;
  readonly #freeLanes: number[] = [];
  #doneHead = 0;
  #inFlight = 0;
  #published = 0;
  #publishesWide = false;
  #more = false;
  #listening = false;
  #closed = false;
  #losses = 0;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#lanes = Math.min(options.threads, MAX_LANES);
    for (let lane = this.#lanes - 1; lane >= 0; lane--) this.#freeLanes.push(lane);
    this.#reset();
  }

  #reset(): void {
    const position = (this.#options.position ?? 0) | 0;
    resetWindow(this.#arrays, position, this.#lanes);
    this.#doneHead = position;
    this.#inFlight = 0;
    this.#published = 0;
    this.#publishesWide = false;
    this.#clearHeaders();
    this.#freeSlots.length = 0;
    this.#freeEdges.length = 0;
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#freeSlots.push(slot);
    for (let edge = EDGES - 1; edge >= 0; edge--) this.#freeEdges.push(edge);
  }

  /** Tasks admitted and not yet reported done. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Whether a task with this many unfinished inputs can be admitted now. Takes the threads' scratch the first time.
   * @throws HeapExhaustedError when there is no room for that; RuntimeClosedError
   */
  hasRoomFor(inputs: number): boolean {
    if (this.#closed) throw new RuntimeClosedError();
    this.#arenas ??= this.#takeArenas();
    return this.#freeSlots.length > 0 && this.#freeEdges.length >= inputs;
  }

  /** Admits a task; it may start before this returns. `flush` must follow the last of a series. Returns its slot. */
  admit(task: WindowTask): number {
    const { words, ready, missing, waiters, flags, status, callee, count, args, edgeTarget, edgeNext } = this.#arrays;
    this.#arenas ??= this.#takeArenas();
    const { code, isWide = false } = task;
    const slot = this.#freeSlots.pop();
    if (slot === undefined || task.args.length > MAX_WASM_ARGS) throw new RangeError('window: no room for this task');
    callee[slot] = task.callee;
    count[slot] = task.args.length;
    const at = slot * ROW;
    for (let i = 0; i < task.args.length; i++) args[at + i] = task.args[i] as number;
    if (code !== undefined) args.set([code.id, code.index, code.address, code.bytes], at + MAX_WASM_ARGS);
    Atomics.store(waiters, slot, END);
    Atomics.store(flags, slot, (task.notify ? NOTIFY : 0) | (isWide ? WIDE : 0) | (code === undefined ? 0 : CODE));
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
      if (isWide) this.#publishesWide = true;
    }
    return slot;
  }

  /**
   * After a series of admissions: wakes or starts pullers, and says when to be woken.
   * @param more whether the caller has tasks left to admit, so that it wants to hear before the window runs dry.
   */
  flush(more: boolean = this.#more): void {
    const { words } = this.#arrays;
    const isWide = this.#publishesWide;
    if (this.#published > 0) this.#wake(isWide ? Number.POSITIVE_INFINITY : this.#published);
    this.#published = 0;
    this.#publishesWide = false;
    this.#more = more;
    // Whoever passed the mark before it was set did not see it.
    if (this.#setMark()) callMain(words);
    this.#ensurePullers(isWide);
    this.#listen();
  }

  #wake(howMany: number): void {
    if (this.#arenas !== undefined) wakePullers(this.#arenas.sleep, howMany);
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
    const memory = this.#memory();
    this.#arenas?.addresses.forEach((arena, lane) => {
      if (cancelled.has(Atomics.load(running, lane))) Atomics.store(memory, arena >>> 2, 1);
    });
  }

  /** Has the main thread woken by each of these slots. */
  alert(slots: Iterable<number>): void {
    for (const slot of slots) Atomics.or(this.#arrays.flags, slot, NOTIFY);
    // Those that are ending right now may have missed it.
    callMain(this.#arrays.words);
  }

  /** Asks for one thread back, for other work. */
  yieldThread(): void {
    const { words } = this.#arrays;
    if (Atomics.load(words, PULLERS) > Atomics.load(words, LEAVE)) Atomics.add(words, LEAVE, 1);
    // One that sleeps while others are at wide calls would not leave by itself.
    if (Atomics.load(words, WIDE_CALLS) > 0) this.#wake(1);
  }

  /** To be called before the threads are ended: nothing is admitted and no puller started any more. */
  close(): void {
    this.#closed = true;
  }

  /** To be called when the threads have ended: what was in flight is reported cancelled, and the memory given back. */
  dispose(): void {
    this.#abandon(CANCELLED);
    for (const block of this.#arenas?.blocks ?? []) this.#options.heap.free(block);
    this.#arenas = undefined;
  }

  /** Reports everything that is in flight as ended with `status`, when no puller is left that could run it. */
  #abandon(status: number): void {
    const abandoned = this.#listeners.splice(0).filter((listener) => listener !== undefined);
    this.#reset();
    callMain(this.#arrays.words);
    const time = performance.timeOrigin + performance.now();
    for (const listener of abandoned) listener({ status, start: time, end: time, thread: 0 });
  }

  #takeArenas(): Arenas {
    const { heap } = this.#options;
    const blocks: Block[] = [];
    try {
      while (blocks.length < this.#lanes) blocks.push(heap.allocateFixed(SCRATCH_BYTES));
      blocks.push(heap.allocateFixed(SLEEP_BYTES));
    } catch (error) {
      for (const block of blocks) heap.free(block);
      throw error;
    }
    const addresses = blocks.map((block) => heap.address(block));
    const sleep = new Int32Array(heap.buffer, addresses.pop(), SLEEP_BYTES / 4);
    this.#arenas = { blocks, addresses, sleep };
    this.#clearHeaders();
    return this.#arenas;
  }

  /** The heap gives out memory as its last user left it. */
  #clearHeaders(): void {
    if (this.#arenas === undefined) return;
    const { addresses, sleep } = this.#arenas;
    const memory = this.#memory();
    sleep.fill(0);
    for (const arena of addresses) clearHeader(memory, arena, sleep.byteOffset);
  }

  #memory(): Int32Array {
    return new Int32Array(this.#options.heap.buffer);
  }

  #readyCount(): number {
    const { words } = this.#arrays;
    return (Atomics.load(words, READY_TAIL) - Atomics.load(words, READY_HEAD)) | 0;
  }

  /** @param isWide whether there is work for all threads, though it may be one task. */
  #ensurePullers(isWide = false): void {
    const { words } = this.#arrays;
    const missing = this.#options.threads - Atomics.load(words, PULLERS);
    // A puller that is busy may be so for long: only idle ones count.
    const lacking = this.#readyCount() - Atomics.load(words, IDLE);
    let wanted = isWide || Atomics.load(words, WIDE_CALLS) > 0 ? missing : Math.min(lacking, missing);
    for (; wanted > 0 && this.#freeLanes.length > 0 && !this.#closed; wanted--) {
      const lane = this.#freeLanes.pop() as number;
      this.#startPuller(lane);
    }
  }

  #startPuller(lane: number): void {
    const { heap, module, micro, startPuller, onPullerLost } = this.#options;
    const newest = micro?.();
    const { words } = this.#arrays;
    const { addresses, sleep } = this.#arenas as Arenas;
    Atomics.add(words, PULLERS, 1);
    Atomics.add(words, IDLE, 1);
    const message: PullMessage = {
      id: this.#id,
      buffer: this.#buffer,
      module,
      micro: newest?.module,
      microVersion: newest?.version ?? 0,
      memory: heap.memory,
      lane,
      arena: addresses[lane] as number,
      arenas: addresses,
      sleep: sleep.byteOffset,
    };
    const ended = (): void => {
      this.#freeLanes.push(lane);
      // A request to leave that nobody is there to follow must not hit the next puller.
      if (Atomics.load(words, PULLERS) === 0) Atomics.store(words, LEAVE, 0);
      if (this.#inFlight > 0) this.#ensurePullers();
    };
    startPuller(message).then(ended, (error: unknown) => {
      if (this.#closed) return;
      this.#buryPuller(lane, () => {
        onPullerLost(error);
        // Its lane is free again below, so it counts as if it were.
        if (++this.#losses >= MAX_LOSSES && this.#freeLanes.length === this.#lanes - 1) this.#abandon(NO_THREAD);
        ended();
      });
    });
  }

  /** Does what a lost thread cannot do any more: for the loop that it helped with, and for the task that it ran. */
  #buryPuller(lane: number, then: () => void): void {
    const { words, running } = this.#arrays;
    const arena = this.#arenas?.addresses[lane] as number;
    const memory = this.#memory();
    leaveForLost(memory, arena);
    Atomics.sub(words, PULLERS, 1);
    const slot = Atomics.exchange(running, lane, -1);
    if (slot < 0) {
      Atomics.sub(words, IDLE, 1);
      then();
      return;
    }
    // Its memory must not be given away while helpers write to it.
    if (disband(memory, arena)) Atomics.sub(words, WIDE_CALLS, 1);
    const whenAlone = (): void => {
      if (this.#closed) return;
      if (helpersOf(memory, arena) > 0) {
        setTimeout(whenAlone, HELPERS_MS);
        return;
      }
      afterDisband(memory, arena);
      this.#finishLost(slot);
      then();
    };
    whenAlone();
  }

  /** Reports the task that a lost thread was running as failed, in its stead. */
  #finishLost(slot: number): void {
    const { words, status, ready, times, thread } = this.#arrays;
    status[slot] = TRAPPED;
    times.fill(performance.timeOrigin + performance.now(), slot * 2, slot * 2 + 2);
    thread[slot] = 0;
    const next = finish(slot, this.#arrays, (this.#arenas as Arenas).sleep);
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
    // Not before the caller is through: nothing is reported from within its admissions.
    const loop = Promise.resolve().then(() => this.#waitLoop());
    loop.then(done, (error: unknown) => {
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
      // Past the mark with nothing to drain: a thread is between taking its place in the ring and filling it.
      const wait = waitAsync(words, ATTENTION, seen, this.#setMark() ? 1 : Number.POSITIVE_INFINITY);
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
      this.#losses = 0;
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
