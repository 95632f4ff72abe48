/**
 * Loops that all idle threads may share. The thread that runs a kernel calls `parallelFor`; threads without work join
 * it and take iterations. Which thread runs an iteration must not matter: iterations write to disjoint places, and what
 * they are does not depend on how many threads there are, so results have the same bits for every number of threads.
 *
 * The loop lies in the header of the leader's arena. TICKET packs its number (high half) and how many iterations nobody
 * has claimed yet (low half); one compare-and-swap claims the next. BODY, CONTEXT and COUNT belong to the loop for as
 * long as a claimed iteration of it runs, so whoever claims reads them afterwards and never sees those of another. A
 * helper counts itself into INSIDE before it claims and out after it: the loop is over when nothing is left to claim
 * and nobody is inside. The leader waits for nothing else, so it makes no difference whether anybody comes.
 */
import { isCancelled } from './arena';

/** `body(work, index, context)`: `work` is the arena of the thread that runs it, `context` an address both can read. */
export type Body = (work: usize, index: i32, context: usize) => void;

/** Of a leader: 0 when nobody may help, 1 when anybody may, else the number of the code that helpers must have. */
const SESSION: usize = 4;
const TICKET: usize = 8;
const INSIDE: usize = 16;
const COUNT: usize = 20;
const BODY: usize = 24;
const CONTEXT: usize = 28;
/** Not zero when an iteration did not run as it should: results are void. */
const FAULT: usize = 32;
/** Of a helper: the arena of the leader that it is inside of. */
const HELPING: usize = 36;
/** Where sleeping threads wait: the word they wait on, then how many there are. */
const SLEEP: usize = 40;
/** Of a leader: OUTSIDE a loop, RUNNING one, or WAITING for helpers to come out of it. */
const LEADING: usize = 44;

const OUTSIDE: i32 = 0;
const RUNNING: i32 = 1;
const WAITING: i32 = 2;

/** A helper took a cancel that was meant for an earlier task of its thread for its own. */
const DISTURBED: i32 = 2;

/** How often a leader looks whether the helpers are out before it sleeps: some 20 µs. */
const SPINS: i32 = 10000;
const NAP: i64 = 1000000;

/** What `assist` found. */
const NOTHING: i32 = 0;
const HELPED: i32 = 1;

/**
 * Runs `body` for 0 ≤ index < count, in any order and on any thread; returns when all of them have ended. `body` is the
 * index of a function in the table (`f.index`). A loop within a loop runs on its own thread. False when the task was
 * cancelled: results are void.
 */
export function parallelFor(work: usize, count: i32, body: i32, context: usize): bool {
  if (count <= 1 || load<i32>(work, LEADING) != OUTSIDE || atomic.load<i32>(work, SESSION) == 0) {
    for (let i = 0; i < count; i++) {
      if (isCancelled(work)) return false;
      call_indirect(body, work, i, context);
    }
    return true;
  }
  store<i32>(work, count, COUNT);
  store<i32>(work, body, BODY);
  store<i32>(work, <i32>context, CONTEXT);
  atomic.store<i32>(work, RUNNING, LEADING);
  const loop = (atomic.load<u64>(work, TICKET) >> 32) + 1;
  atomic.store<u64>(work, (loop << 32) | <u64>count, TICKET);
  wake(work, count - 1);
  let isWhole = true;
  for (let left = unclaimed(work); left != 0; left = unclaimed(work)) {
    if (isCancelled(work) || atomic.load<i32>(work, FAULT) != 0) {
      isWhole = false;
      atomic.store<u64>(work, loop << 32, TICKET);
      break;
    }
    const ticket = (loop << 32) | <u64>left;
    if (atomic.cmpxchg<u64>(work, ticket, ticket - 1, TICKET) == ticket) {
      call_indirect(body, work, count - <i32>left, context);
    }
  }
  waitForHelpers(work);
  atomic.store<i32>(work, OUTSIDE, LEADING);
  return isWhole && atomic.load<i32>(work, FAULT) == 0;
}

/**
 * Runs one iteration of the loop of `leader`, if there is one to run and the thread has the code that its body needs:
 * `session` says for which it looked. The thread that calls it is `work`'s, and is not running a task.
 */
export function assist(work: usize, leader: usize, session: i32): i32 {
  if (unclaimed(leader) == 0) return NOTHING;
  store<i32>(work, <i32>leader, HELPING);
  atomic.add<i32>(leader, 1, INSIDE);
  let found = NOTHING;
  let ticket = atomic.load<u64>(leader, TICKET);
  // The session after the ticket: when the ticket is still the same below, it was that of this loop.
  while (<u32>ticket != 0 && atomic.load<i32>(leader, SESSION) == session) {
    const seen = atomic.cmpxchg<u64>(leader, ticket, ticket - 1, TICKET);
    if (seen == ticket) {
      const index = load<i32>(leader, COUNT) - <i32>(<u32>ticket);
      call_indirect(load<i32>(leader, BODY), work, index, <usize>load<i32>(leader, CONTEXT));
      if (isCancelled(work)) atomic.cmpxchg<i32>(leader, 0, DISTURBED, FAULT);
      found = HELPED;
      break;
    }
    ticket = seen;
  }
  const before = atomic.sub<i32>(leader, 1, INSIDE);
  store<i32>(work, 0, HELPING);
  if (before == 1 && atomic.load<i32>(leader, LEADING) == WAITING) atomic.notify(leader + INSIDE, 1);
  return found;
}

// @ts-ignore: decorator
@inline function unclaimed(leader: usize): u32 {
  return <u32>atomic.load<u64>(leader, TICKET);
}

/** Iterations that helpers have claimed are theirs to end, whatever else happens. */
function waitForHelpers(work: usize): void {
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(work, INSIDE) == 0) return;
  atomic.store<i32>(work, WAITING, LEADING);
  for (;;) {
    const inside = atomic.load<i32>(work, INSIDE);
    if (inside == 0) return;
    atomic.wait<i32>(work + INSIDE, inside, NAP);
  }
}

/** Wakes threads that sleep; nearly always there are none. */
// @ts-ignore: decorator
@inline function wake(work: usize, count: i32): void {
  const sleep = <usize>load<i32>(work, SLEEP);
  if (atomic.load<i32>(sleep, 4) == 0) return;
  atomic.add<i32>(sleep, 1);
  atomic.notify(sleep, count);
}
