/**
 * The pulling side of the window: a loop on a pool thread that takes ready kernel tasks from shared memory, runs them
 * on the thread's own instance of the WebAssembly module, and releases their successors. It never waits for the main
 * thread. An idle puller spins briefly (waking a sleeping thread costs about 25 µs), then sleeps, then leaves, so that
 * the thread is free for JavaScript tasks.
 */
import { threadId } from 'node:worker_threads';
import { CANCELLED, MAX_WASM_ARGS } from '../kernels/contract.js';
import {
  ATTENTION,
  CANCEL,
  CLOSED,
  DONE_TAIL,
  END,
  IDLE,
  LEAVE,
  NO_CALL,
  NOTIFY,
  PULLERS,
  push,
  READY_HEAD,
  READY_TAIL,
  SLEEPERS,
  SLOTS,
  slotInCell,
  WAKE,
  WAKE_MAIN_AT,
  WANTED_PULLERS,
  type WindowArrays,
  windowArrays,
} from './window-layout.js';

export interface PullMessage {
  /** Distinguishes the windows of one process. */
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly module: unknown;
  readonly memory: unknown;
  readonly lane: number;
  /** Byte address of the lane's scratch arena. */
  readonly arena: number;
}

/** The status of a task whose WebAssembly code trapped, or whose thread was lost in it. */
export const TRAPPED = -2;
/** The status of a task that no thread could be found for. */
export const NO_THREAD = -3;

const SPIN_MS = 0.08;
const SLEEP_MS = 2;

type Export = (...args: number[]) => number;

interface Seat {
  readonly arrays: WindowArrays;
  readonly exports: readonly (Export | undefined)[];
  readonly memory: Int32Array;
}

const seats = new Map<number, Seat>();

function seatOf(message: PullMessage): Seat {
  let seat = seats.get(message.id);
  if (seat === undefined) {
    const memory = message.memory as WebAssembly.Memory;
    const module = message.module as WebAssembly.Module;
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const callable = WebAssembly.Module.exports(module).map(({ name }) => {
      const value = exports[name];
      return typeof value === 'function' ? (value as Export) : undefined;
    });
    seat = { arrays: windowArrays(message.buffer), exports: callable, memory: new Int32Array(memory.buffer) };
    seats.set(message.id, seat);
  }
  // A view keeps the length that the memory had: an arena made after the memory grew lies beyond it.
  if (seat.memory.length * 4 <= message.arena) {
    seat = { ...seat, memory: new Int32Array((message.memory as WebAssembly.Memory).buffer) };
    seats.set(message.id, seat);
  }
  return seat;
}

/** Pulls until there is nothing to do for a while or the thread is wanted elsewhere. Returns how many tasks it ran. */
export function pull(message: PullMessage): number {
  const seat = seatOf(message);
  const { arrays } = seat;
  const { words } = arrays;
  let ran = 0;
  // PULLERS and IDLE were raised by the main thread when it asked for this puller.
  for (let isIdle = true; ; ) {
    const slot = take(arrays);
    if (slot >= 0) {
      if (isIdle) Atomics.sub(words, IDLE, 1);
      isIdle = false;
      ran += runFrom(slot, seat, message);
    }
    if (lower(words, LEAVE)) {
      // What is ready stays: the main thread looks for it when it hears that this puller left.
      if (isIdle) Atomics.sub(words, IDLE, 1);
      Atomics.sub(words, PULLERS, 1);
      return ran;
    }
    if (slot >= 0) continue;
    if (!isIdle) Atomics.add(words, IDLE, 1);
    isIdle = true;
    if (waitForWork(arrays)) continue;
    Atomics.sub(words, IDLE, 1);
    Atomics.sub(words, PULLERS, 1);
    // Work that came between the last look and leaving must not be left lying.
    if (!hasReady(arrays)) return ran;
    Atomics.add(words, PULLERS, 1);
    Atomics.add(words, IDLE, 1);
  }
}

/**
 * Runs a task and then, one after the other, the first successor that each of them makes ready; a thread that is
 * wanted for other work leaves the successor to the others.
 */
function runFrom(first: number, seat: Seat, { lane, arena }: PullMessage): number {
  const { arrays } = seat;
  let ran = 0;
  let start = now();
  for (let slot = first; slot >= 0; ran++) {
    Atomics.store(arrays.running, lane, slot);
    arrays.status[slot] = call(slot, seat, arena);
    const end = now();
    arrays.times[slot * 2] = start;
    arrays.times[slot * 2 + 1] = end;
    arrays.thread[slot] = threadId;
    Atomics.store(arrays.running, lane, -1);
    start = end;
    slot = finish(slot, arrays);
    if (slot >= 0 && Atomics.load(arrays.words, LEAVE) > 0) {
      push(arrays.words, arrays.ready, READY_TAIL, slot);
      wakePullers(arrays.words, 1);
      slot = -1;
    }
  }
  return ran;
}

function call(slot: number, { arrays, exports, memory }: Seat, arena: number): number {
  if (arrays.callee[slot] === NO_CALL) return 0;
  const length = arrays.count[slot] as number;
  const at = slot * MAX_WASM_ARGS;
  const args = new Array<number>(length + 1);
  args[0] = arena;
  for (let i = 0; i < length; i++) args[i + 1] = arrays.args[at + i] as number;
  const callee = exports[arrays.callee[slot] as number] as Export;
  for (;;) {
    // In this order: whoever cancels raises the flag first and the word after it, so that one of the two is seen.
    Atomics.store(memory, arena >> 2, 0);
    if ((Atomics.load(arrays.flags, slot) & CANCEL) !== 0) return CANCELLED;
    let status: number;
    try {
      status = callee.apply(undefined, args);
    } catch {
      return TRAPPED;
    }
    // A cancel meant for the task before this one may have hit it: kernels are pure, so run it again.
    if (status !== CANCELLED) return status;
  }
}

/** Marks a task finished and releases its successors. Returns one that is ready now, to be run next, or -1. */
export function finish(slot: number, arrays: WindowArrays): number {
  const { words, missing, edgeTarget, edgeNext, flags } = arrays;
  const failed = arrays.status[slot] !== 0;
  const notifies = (Atomics.load(flags, slot) & NOTIFY) !== 0;
  const list = Atomics.exchange(arrays.waiters, slot, CLOSED);
  arrays.taken[slot] = list;
  let next = -1;
  let pushed = 0;
  for (let edge = list; edge !== END; ) {
    const target = edgeTarget[edge] as number;
    edge = edgeNext[edge] as number;
    if (failed) Atomics.or(flags, target, CANCEL);
    if (Atomics.sub(missing, target, 1) !== 1) continue;
    if (next < 0) {
      next = target;
    } else {
      push(words, arrays.ready, READY_TAIL, target);
      pushed++;
    }
  }
  if (pushed > 0) wakePullers(words, pushed);
  const position = push(words, arrays.done, DONE_TAIL, slot);
  const fewPullers = pushed > 0 && Atomics.load(words, PULLERS) < Atomics.load(words, WANTED_PULLERS);
  if (notifies || fewPullers || ((position + 1 - Atomics.load(words, WAKE_MAIN_AT)) | 0) >= 0) callMain(words);
  return next;
}

function take({ words, ready }: WindowArrays): number {
  for (;;) {
    const head = Atomics.load(words, READY_HEAD);
    const slot = slotInCell(Atomics.load(ready, head & (SLOTS - 1)), head);
    if (slot < 0) return -1;
    if (Atomics.compareExchange(words, READY_HEAD, head, (head + 1) | 0) === head) return slot;
  }
}

function hasReady({ words, ready }: WindowArrays): boolean {
  const head = Atomics.load(words, READY_HEAD);
  return slotInCell(Atomics.load(ready, head & (SLOTS - 1)), head) >= 0;
}

/** Waits for a ready task or for a request to leave. False when neither came for a while. */
function waitForWork(arrays: WindowArrays): boolean {
  const { words } = arrays;
  const spinUntil = performance.now() + SPIN_MS;
  do {
    for (let i = 0; i < 64; i++) if (hasReady(arrays)) return true;
    if (Atomics.load(words, LEAVE) > 0) return true;
  } while (performance.now() < spinUntil);
  const seen = Atomics.load(words, WAKE);
  Atomics.add(words, SLEEPERS, 1);
  if (!hasReady(arrays)) Atomics.wait(words, WAKE, seen, SLEEP_MS);
  Atomics.sub(words, SLEEPERS, 1);
  return hasReady(arrays);
}

/** Wakes up to `howMany` sleeping pullers, after work was published. Any thread. */
export function wakePullers(words: Int32Array, howMany: number): void {
  if (Atomics.load(words, SLEEPERS) === 0) return;
  Atomics.add(words, WAKE, 1);
  Atomics.notify(words, WAKE, howMany);
}

/** Wakes the main thread. Any thread. */
export function callMain(words: Int32Array): void {
  Atomics.add(words, ATTENTION, 1);
  Atomics.notify(words, ATTENTION);
}

/** Takes one off a counter that other threads lower too; false when it was zero already. */
function lower(words: Int32Array, word: number): boolean {
  for (;;) {
    const value = Atomics.load(words, word);
    if (value <= 0) return false;
    if (Atomics.compareExchange(words, word, value, value - 1) === value) return true;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
