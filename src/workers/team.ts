/**
 * The shared loops of assembly/team.ts from outside: the words in the header of a lane's arena, a helper's side of a
 * loop, and what is done in the stead of a thread that can do nothing any more. Every loop that was opened is closed,
 * and every thread that was counted in is counted out, whatever became of it.
 */

/** Words of an arena's header, as in assembly/team.ts; word 0 is the cancel word. */
const CANCEL = 0;
const SESSION = 1;
const TICKET = 2;
const INSIDE = 4;
const FAULT = 8;
const HELPING = 9;
const SLEEP = 10;
const LEADING = 11;
/** The code that a session needs: its place in the table, where its bytes are, and how many. */
const CODE = 12;
const HEADER_WORDS = 16;

/** What became of a call that others helped with: FAULT's values. */
export const SOUND = 0;
/** A helper trapped, or was lost. */
export const RUINED = 1;
/** A helper took an old cancel for its own: the call is to be made again. */
export const DISTURBED = 2;

/** The session of a call without generated code. The others are named by the code, from FIRST_CODE on. */
const PLAIN = 1;
export const FIRST_CODE = 2;

/** What `assist` found. */
const HELPED = 1;

/** Generated code: its number (never used again), its place in the table, and where its bytes lie on the heap. */
export interface CodePlace {
  readonly id: number;
  readonly index: number;
  readonly address: number;
  readonly bytes: number;
}

/** An arena as it is before its first use. @param sleep the address of the words that sleeping threads wait on */
export function clearHeader(memory: Int32Array, arena: number, sleep: number): void {
  memory.fill(0, arena >>> 2, (arena >>> 2) + HEADER_WORDS);
  memory[(arena >>> 2) + SLEEP] = sleep;
}

/** Lets others help with the call that is about to be made over `arena`. */
export function openSession(memory: Int32Array, arena: number, code: CodePlace | undefined): void {
  const at = arena >>> 2;
  memory[at + FAULT] = SOUND;
  if (code !== undefined) {
    memory[at + CODE] = code.index;
    memory[at + CODE + 1] = code.address;
    memory[at + CODE + 2] = code.bytes;
  }
  Atomics.store(memory, at + SESSION, code?.id ?? PLAIN);
}

/** After the call: nobody helps any more. Returns whether helpers did what they took on. */
export function closeSession(memory: Int32Array, arena: number): number {
  const at = arena >>> 2;
  Atomics.store(memory, at + SESSION, 0);
  return Atomics.exchange(memory, at + FAULT, SOUND);
}

/** Whether a loop of this arena has iterations that nobody has claimed. */
export function hasIterations(memory: Int32Array, arena: number): boolean {
  // The low half of the ticket.
  return Atomics.load(memory, (arena >>> 2) + TICKET) !== 0;
}

/** What a helper needs: the exported function, and the code that its thread has. */
export interface Helper {
  readonly memory: Int32Array;
  readonly arena: number;
  readonly assist: (arena: number, leader: number, session: number) => number;
  /** Whether the thread has this code, or could get it with `load`. */
  readonly hasCode: (id: number) => boolean;
  readonly loadCode: (code: CodePlace, isStill: () => boolean) => boolean;
}

/** Runs one iteration for `leader`. False when there was none, or none that this thread can run. */
export function helpOnce({ memory, arena, assist, hasCode, loadCode }: Helper, leader: number): boolean {
  const at = leader >>> 2;
  const session = Atomics.load(memory, at + SESSION);
  if (session === 0 || !hasIterations(memory, leader)) return false;
  if (session !== PLAIN && !hasCode(session)) {
    const code = {
      id: session,
      index: memory[at + CODE] as number,
      address: (memory[at + CODE + 1] as number) >>> 0,
      bytes: memory[at + CODE + 2] as number,
    };
    // The bytes are there for as long as the session is.
    if (!loadCode(code, () => Atomics.load(memory, at + SESSION) === session)) return false;
  }
  // A cancel may have been left for a task that ran here before.
  Atomics.store(memory, (arena >>> 2) + CANCEL, 0);
  try {
    return assist(arena, leader, session) === HELPED;
  } catch {
    leaveForLost(memory, arena);
    return true;
  }
}

/** Counts the thread of `arena`, which will not do it itself, out of the loop that it was helping with; that fails. */
export function leaveForLost(memory: Int32Array, arena: number): void {
  const leader = Atomics.exchange(memory, (arena >>> 2) + HELPING, 0) >>> 0;
  if (leader === 0) return;
  const at = leader >>> 2;
  Atomics.store(memory, at + FAULT, RUINED);
  Atomics.sub(memory, at + INSIDE, 1);
  Atomics.notify(memory, at + INSIDE);
}

/**
 * Ends the loop and the session of an arena whose thread cannot: nothing of it is claimed after this. False when there
 * was no session.
 */
export function disband(memory: Int32Array, arena: number): boolean {
  const hadSession = Atomics.exchange(memory, (arena >>> 2) + SESSION, 0) !== 0;
  const tickets = new BigInt64Array(memory.buffer, arena + TICKET * 4, 1);
  for (;;) {
    const ticket = Atomics.load(tickets, 0);
    const closed = (ticket >> 32n) << 32n;
    if (Atomics.compareExchange(tickets, 0, ticket, closed) === ticket) return hadSession;
  }
}

/** How many helpers are still inside a loop. */
export function helpersOf(memory: Int32Array, arena: number): number {
  return Atomics.load(memory, (arena >>> 2) + INSIDE);
}

/** Once nobody is inside: the arena is as good as new. */
export function afterDisband(memory: Int32Array, arena: number): void {
  Atomics.store(memory, (arena >>> 2) + FAULT, SOUND);
  Atomics.store(memory, (arena >>> 2) + LEADING, 0);
}

/** On a pool thread: waits until nobody is inside. */
export function waitForHelpers(memory: Int32Array, arena: number): void {
  for (let inside = helpersOf(memory, arena); inside > 0; inside = helpersOf(memory, arena)) {
    Atomics.wait(memory, (arena >>> 2) + INSIDE, inside, 1);
  }
}
