/**
 * The window: the admitted part of a program, laid out in shared memory so that pool threads pull its kernel tasks
 * without asking the main thread. Shared by the main side (window.ts) and the pulling side (window-worker.ts).
 *
 * A slot holds one task: the export to call, its arguments, how many inputs are still missing, and the list of slots
 * that wait for it. A slot is ready when its count reaches zero; it is then published in the ready ring, from which any
 * thread takes it. Finished slots go into the done ring, which the main thread empties and then reuses them.
 *
 * - The rings are bounded by the number of slots, so they never overflow. A cell holds the lap of its position as well
 *   as the slot, so a reader recognises a cell that is not written yet and nobody has to clear it.
 * - The waiting list of a slot is a linked list that the main thread prepends to (compare-and-swap) while the task may
 *   be finishing; the finishing thread takes the whole list at once by swapping in CLOSED. Whoever comes later sees
 *   CLOSED and knows the result is there.
 */
import { MAX_WASM_ARGS } from '../kernels/contract.js';

/** Slots of a window: how many kernel tasks may be admitted at a time. A power of two. */
export const SLOTS = 1 << 13;
export const EDGES = SLOTS * 4;
export const SLOT_BITS = 13;

/** Words of the header, each on a cache line of its own. */
export const READY_HEAD = 0;
export const READY_TAIL = 16;
export const DONE_TAIL = 32;
/** Calls that are running and whose loops others may help with. */
export const WIDE_CALLS = 48;
/** How many pullers should leave, because the threads have other work. */
export const LEAVE = 80;
/** Pullers in their loop. */
export const PULLERS = 96;
/** The main thread waits for this word to change. */
export const ATTENTION = 112;
/** The main thread wants to be woken when DONE_TAIL reaches this. */
export const WAKE_MAIN_AT = 128;
/** How many pullers the main thread would start if there were work for them. */
export const WANTED_PULLERS = 144;
/** Pullers without a task, those on their way included: what is ready beyond their number needs more of them. */
export const IDLE = 160;
export const HEADER_WORDS = 176;

/**
 * Words on the heap instead of in the window, since kernels that want help have to reach them too: sleeping pullers
 * wait for the first to change, the second counts them.
 */
export const WAKE = 0;
export const SLEEPERS = 1;
export const SLEEP_BYTES = 64;

/** No next edge. */
export const END = -1;
/** The waiting list of a finished slot. */
export const CLOSED = -2;

/** The callee of a slot that only waits for others. */
export const NO_CALL = -1;

/** Slot flags. */
export const NOTIFY = 1;
export const CANCEL = 2;
/** Others may help with its loops. */
export const WIDE = 4;
/** It needs generated code, which its row of arguments names. */
export const CODE = 8;

/** Numbers in a slot's row of arguments: what the export gets, then number, place, address and bytes of its code. */
export const ROW = MAX_WASM_ARGS + 4;

/** The words and arguments of a window over one shared buffer. */
export interface WindowArrays {
  readonly words: Int32Array;
  readonly ready: Int32Array;
  readonly done: Int32Array;
  readonly missing: Int32Array;
  readonly waiters: Int32Array;
  /** The waiting list as it was taken, for the main thread to give its edges back. */
  readonly taken: Int32Array;
  readonly flags: Int32Array;
  readonly status: Int32Array;
  /** Which thread ran it. */
  readonly thread: Int32Array;
  /** Index of the WebAssembly export to call, and how many arguments it takes after the arena. */
  readonly callee: Int32Array;
  readonly count: Int32Array;
  readonly edgeTarget: Int32Array;
  readonly edgeNext: Int32Array;
  /** Which slot a lane is running, -1 for none. */
  readonly running: Int32Array;
  readonly args: Float64Array;
  /** Start and end of each slot's run, milliseconds since the epoch. */
  readonly times: Float64Array;
}

export const MAX_LANES = 256;

const wordsPerSlot = 10;
const intWords = HEADER_WORDS + SLOTS * wordsPerSlot + EDGES * 2 + MAX_LANES;
const doublesAt = Math.ceil((intWords * 4) / 64) * 64;
export const WINDOW_BYTES = doublesAt + SLOTS * (ROW + 2) * 8;

export function windowArrays(buffer: SharedArrayBuffer): WindowArrays {
  let at = 0;
  const ints = (length: number): Int32Array => {
    const view = new Int32Array(buffer, at, length);
    at += length * 4;
    return view;
  };
  return {
    words: ints(HEADER_WORDS),
    ready: ints(SLOTS),
    done: ints(SLOTS),
    missing: ints(SLOTS),
    waiters: ints(SLOTS),
    taken: ints(SLOTS),
    flags: ints(SLOTS),
    status: ints(SLOTS),
    thread: ints(SLOTS),
    callee: ints(SLOTS),
    count: ints(SLOTS),
    edgeTarget: ints(EDGES),
    edgeNext: ints(EDGES),
    running: ints(MAX_LANES),
    args: new Float64Array(buffer, doublesAt, SLOTS * ROW),
    times: new Float64Array(buffer, doublesAt + SLOTS * ROW * 8, SLOTS * 2),
  };
}

/**
 * An empty window whose ring positions start at `position`: any number, since positions wrap. The cells hold what they
 * would have held one lap before, so that none of them is taken for a written one.
 */
export function resetWindow({ words, ready, done, running }: WindowArrays, position: number, pullers: number): void {
  words.fill(0);
  for (const word of [READY_HEAD, READY_TAIL, DONE_TAIL, WAKE_MAIN_AT]) words[word] = position;
  words[WANTED_PULLERS] = pullers;
  running.fill(-1);
  for (let i = 0; i < SLOTS; i++) {
    const before = position + i - SLOTS;
    ready[before & (SLOTS - 1)] = ringCell(before, 0);
    done[before & (SLOTS - 1)] = ringCell(before, 0);
  }
}

/** What a ring cell holds for `slot` at ring position `position` (positions count on and wrap at 2³²). */
export function ringCell(position: number, slot: number): number {
  return (lapOf(position) << SLOT_BITS) | slot;
}

/** The slot in a ring cell, or -1 when the cell has not been written for this position yet. */
export function slotInCell(cell: number, position: number): number {
  return cell >>> SLOT_BITS === lapOf(position) ? cell & (SLOTS - 1) : -1;
}

function lapOf(position: number): number {
  return position >>> SLOT_BITS;
}

/** Appends a slot to the ring whose tail is the header word `tail`. Any thread. Returns its position. */
export function push(words: Int32Array, ring: Int32Array, tail: number, slot: number): number {
  const position = Atomics.add(words, tail, 1);
  Atomics.store(ring, position & (SLOTS - 1), ringCell(position, slot));
  return position;
}
