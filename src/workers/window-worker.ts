/**
 * The pulling side of the window: a loop on a pool thread that takes ready kernel tasks from shared memory, runs them
 * on the thread's own instance of the WebAssembly module, and releases their successors. It never waits for the main
 * thread. An idle puller spins briefly (waking a sleeping thread costs about 25 µs), then sleeps, then leaves, so that
 * the thread is free for JavaScript tasks.
 *
 * While wide calls run, a puller without a task helps with their loops, one iteration at a time, so that a task that
 * becomes ready and a request to leave never wait for more than that. It stays for as long as there are wide calls, but
 * sleeps through what they do alone; the next loop wakes it.
 */
import { threadId } from 'node:worker_threads';
import { CANCELLED, MAX_WASM_ARGS } from '../kernels/contract.js';
import { CodeTable } from './code-table.js';
import { instantiateKernels } from './kernel-code.js';
import {
  afterDisband,
  type CodePlace,
  closeSession,
  DISTURBED,
  disband,
  type Helper,
  hasIterations,
  helpOnce,
  openSession,
  RUINED,
  waitForHelpers,
} from './team.js';
import {
  ATTENTION,
  CANCEL,
  CLOSED,
  CODE,
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
  ROW,
  SLEEPERS,
  SLOTS,
  slotInCell,
  WAKE,
  WAKE_MAIN_AT,
  WANTED_PULLERS,
  WIDE,
  WIDE_CALLS,
  type WindowArrays,
  windowArrays,
} from './window-layout.js';

export interface PullMessage {
  /** Distinguishes the windows of one process. */
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly module: unknown;
  /** The module's micro-kernels where it imports them, and their version, else 0. */
  readonly micro: unknown;
  readonly microVersion: number;
  readonly memory: unknown;
  readonly lane: number;
  /** Byte address of the lane's scratch arena. */
  readonly arena: number;
  /** Those of all lanes. */
  readonly arenas: readonly number[];
  /** Byte address of the words that sleeping pullers wait on. */
  readonly sleep: number;
}

/** The status of a task whose WebAssembly code trapped, or whose thread was lost in it. */
export const TRAPPED = -2;
/** The status of a task that no thread could be found for. */
export const NO_THREAD = -3;
/** The status of a task whose generated code was not accepted. */
export const BAD_CODE = -4;

const SPIN_MS = 0.08;
/** How long a helper waits awake for the next loop. */
const HELPER_SPIN_MS = 1.5;
const SLEEP_MS = 2;

type Export = (...args: number[]) => number;

interface Seat {
  readonly microVersion: number;
  readonly arrays: WindowArrays;
  readonly exports: readonly (Export | undefined)[];
  readonly codes: CodeTable;
  readonly assist: Helper['assist'] | undefined;
  readonly memory: Int32Array;
  readonly sleep: Int32Array;
}

const seats = new Map<number, Seat>();

function seatOf(message: PullMessage): Seat {
  let seat = seats.get(message.id);
  const memory = message.memory as WebAssembly.Memory;
  if (seat?.microVersion !== message.microVersion) {
    const module = message.module as WebAssembly.Module;
    const exports = instantiateKernels(module, memory, message.micro as WebAssembly.Module | undefined);
    const callable = WebAssembly.Module.exports(module).map(({ name }) => {
      const value = exports[name];
      return typeof value === 'function' ? (value as Export) : undefined;
    });
    seat = {
      microVersion: message.microVersion,
      arrays: windowArrays(message.buffer),
      exports: callable,
      codes: new CodeTable(exports, memory),
      assist: exports.assist as Helper['assist'] | undefined,
      memory: new Int32Array(memory.buffer),
      sleep: new Int32Array(memory.buffer, message.sleep, 2),
    };
    seats.set(message.id, seat);
  }
  // A view keeps the length that the memory had, and arenas may lie beyond it or have been made anew.
  const end = Math.max(message.arena, ...message.arenas);
  if (seat.memory.length * 4 <= end || seat.sleep.byteOffset !== message.sleep) {
    const { buffer } = memory;
    seat = { ...seat, memory: new Int32Array(buffer), sleep: new Int32Array(buffer, message.sleep, 2) };
    seats.set(message.id, seat);
  }
  return seat;
}

/** Pulls until there is nothing to do for a while or the thread is wanted elsewhere. Returns how many tasks it ran. */
export function pull(message: PullMessage): number {
  const seat = seatOf(message);
  const { arrays } = seat;
  const { words } = arrays;
  const team = teamOf(seat, message);
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
    if (waitForWork(seat, team)) continue;
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
  const { arrays, sleep } = seat;
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
    slot = finish(slot, arrays, sleep);
    if (slot >= 0 && Atomics.load(arrays.words, LEAVE) > 0) {
      push(arrays.words, arrays.ready, READY_TAIL, slot);
      wakePullers(sleep, 1);
      slot = -1;
    }
  }
  return ran;
}

function call(slot: number, seat: Seat, arena: number): number {
  const { arrays, exports, memory } = seat;
  if (arrays.callee[slot] === NO_CALL) return 0;
  const length = arrays.count[slot] as number;
  const at = slot * ROW;
  const callee = exports[arrays.callee[slot] as number] as Export;
  const special = Atomics.load(arrays.flags, slot) & (WIDE | CODE);
  let args: number[];
  if (special === 0) {
    args = new Array<number>(length + 1);
    args[0] = arena;
    for (let i = 0; i < length; i++) args[i + 1] = arrays.args[at + i] as number;
  } else {
    args = [arena];
    const code = (special & CODE) === 0 ? undefined : codeOf(slot, arrays);
    if (code !== undefined) {
      if (!tryLoad(seat.codes, code)) return BAD_CODE;
      args.push(seat.codes.at(code.index));
    }
    for (let i = 0; i < length; i++) args.push(arrays.args[at + i] as number);
    if ((special & WIDE) !== 0) return callWide(slot, seat, arena, callee, args, code);
  }
  for (;;) {
    // In this order: whoever cancels raises the flag first and the word after it, so that one of the two is seen.
    Atomics.store(memory, arena >>> 2, 0);
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

/** A call that others may help with, in the manner of `call`. */
function callWide(
  slot: number,
  { arrays, memory, sleep }: Seat,
  arena: number,
  callee: Export,
  args: readonly number[],
  code: CodePlace | undefined,
): number {
  const { words, flags } = arrays;
  Atomics.add(words, WIDE_CALLS, 1);
  // The main thread starts the pullers that do not exist, and those that sleep will help.
  if (Atomics.load(words, PULLERS) < Atomics.load(words, WANTED_PULLERS)) callMain(words);
  wakePullers(sleep, Number.POSITIVE_INFINITY);
  try {
    for (;;) {
      Atomics.store(memory, arena >>> 2, 0);
      if ((Atomics.load(flags, slot) & CANCEL) !== 0) return CANCELLED;
      openSession(memory, arena, code);
      let status: number;
      try {
        status = callee.apply(undefined, args as number[]);
      } catch {
        disband(memory, arena);
        waitForHelpers(memory, arena);
        afterDisband(memory, arena);
        return TRAPPED;
      }
      const fault = closeSession(memory, arena);
      if (fault === RUINED) return TRAPPED;
      if (fault !== DISTURBED && status !== CANCELLED) return status;
    }
  } finally {
    Atomics.sub(words, WIDE_CALLS, 1);
  }
}

function codeOf(slot: number, { args }: WindowArrays): CodePlace {
  const at = slot * ROW + MAX_WASM_ARGS;
  const [id, index, address, bytes] = [args[at], args[at + 1], args[at + 2], args[at + 3]] as [
    number,
    number,
    number,
    number,
  ];
  return { id, index, address, bytes };
}

function tryLoad(codes: CodeTable, code: CodePlace, isStill?: () => boolean): boolean {
  try {
    return codes.load(code, isStill);
  } catch {
    return false;
  }
}

/** How the thread helps others, and whom; undefined when nobody else is there or the module has no loops to share. */
interface Team {
  readonly helper: Helper;
  readonly leaders: readonly number[];
}

function teamOf({ memory, codes, assist }: Seat, { lane, arena, arenas }: PullMessage): Team | undefined {
  if (assist === undefined || arenas.length < 2) return undefined;
  const helper: Helper = {
    memory,
    arena,
    assist,
    hasCode: (id) => codes.has(id),
    loadCode: (code, isStill) => tryLoad(codes, code, isStill),
  };
  // The next lane first, so that helpers spread.
  return { helper, leaders: [...arenas.slice(lane + 1), ...arenas.slice(0, lane)] };
}

function help({ helper, leaders }: Team): boolean {
  for (const leader of leaders) if (helpOnce(helper, leader)) return true;
  return false;
}

/** Marks a task finished and releases its successors. Returns one that is ready now, to be run next, or -1. */
export function finish(slot: number, arrays: WindowArrays, sleep: Int32Array): number {
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
  if (pushed > 0) wakePullers(sleep, pushed);
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

/**
 * Waits for a ready task or for a request to leave, and helps others meanwhile. False when there was nothing of the
 * kind for a while.
 */
function waitForWork({ arrays, sleep }: Seat, team: Team | undefined): boolean {
  const { words } = arrays;
  const isWide = (): boolean => team !== undefined && Atomics.load(words, WIDE_CALLS) > 0;
  const isCalled = (): boolean => hasReady(arrays) || Atomics.load(words, LEAVE) > 0;
  let since = performance.now();
  for (let now = since, patience = SPIN_MS; now < since + patience; now = performance.now()) {
    if (team !== undefined && isWide()) {
      patience = HELPER_SPIN_MS;
      let helped = false;
      for (let i = 0; i < 32; i++) {
        if (isCalled()) return true;
        if (help(team)) helped = true;
      }
      if (helped) since = performance.now();
    } else {
      for (let i = 0; i < 64; i++) if (hasReady(arrays)) return true;
      if (Atomics.load(words, LEAVE) > 0) return true;
    }
  }
  for (;;) {
    const seen = Atomics.load(sleep, WAKE);
    Atomics.add(sleep, SLEEPERS, 1);
    const isNeeded = hasReady(arrays) || (isWide() && hasLoop(team));
    const isWoken = isNeeded || Atomics.wait(sleep, WAKE, seen, SLEEP_MS) !== 'timed-out';
    Atomics.sub(sleep, SLEEPERS, 1);
    if (isCalled()) return true;
    if (!isWide()) return false;
    if (isWoken) return true;
  }
}

function hasLoop(team: Team | undefined): boolean {
  return team?.leaders.some((leader) => hasIterations(team.helper.memory, leader)) ?? false;
}

/** Wakes up to `howMany` sleeping pullers, after work was published. Any thread. */
export function wakePullers(sleep: Int32Array, howMany: number): void {
  if (Atomics.load(sleep, SLEEPERS) === 0) return;
  Atomics.add(sleep, WAKE, 1);
  Atomics.notify(sleep, WAKE, howMany);
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
