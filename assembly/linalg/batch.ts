/**
 * One matrix, or many of one size: what every driver of linear algebra does around its work. A single matrix, or few
 * large ones, are worked on one after the other, all threads helping within each; small ones are shared out whole, and
 * each then works in the arena of the thread that took it.
 */
import { ARENA_BYTES, isCancelled } from '../arena';
import { GEMM_END } from '../gemm';
import { CANCELLED, OK } from '../status';
import { Body, parallelFor } from '../team';

/** Where a driver's call lies in its thread's arena; what it calls uses the front of it. */
const CALL: usize = ARENA_BYTES - 1024;
/** Scratch for one small matrix, in a thread's arena. */
const SMALL: usize = GEMM_END + 64 * 1024;
const SMALL_BYTES: usize = CALL - SMALL;

/** A driver's arguments: sizes, arrays with the bytes from one matrix to the next, and what went wrong. */
@unmanaged export class Call {
  m: i32; n: i32; k: i32;
  option: i32;
  limit: f64;
  p0: usize; p1: usize; p2: usize; p3: usize; p4: usize; p5: usize;
  s0: usize; s1: usize; s2: usize; s3: usize; s4: usize; s5: usize;
  /** Scratch for matrices that are worked on one after the other; 0 when each takes the arena of its thread. */
  scratch: usize;
  status: i32;
}

/** Bytes of an element: `wide` 1 for float64, 0 for float32. */
// @ts-ignore: decorator
@inline export function size(wide: i32): usize {
  return wide ? 8 : 4;
}

export function newCall(work: usize, m: i32, n: i32, k: i32): Call {
  memory.fill(work + CALL, 0, offsetof<Call>());
  const call = changetype<Call>(work + CALL);
  call.m = m; call.n = n; call.k = k;
  return call;
}

/** Runs `body` for every matrix. `scratch` has room for `bytes`, what one matrix needs. */
export function launch(work: usize, batch: i32, body: Body, call: Call, scratch: usize, bytes: usize): i32 {
  if (batch > 1 && bytes <= SMALL_BYTES) {
    if (!parallelFor(work, batch, body.index, changetype<usize>(call))) return CANCELLED;
  } else {
    call.scratch = scratch;
    for (let i = 0; i < batch && call.status == OK; i++) {
      if (isCancelled(work)) return CANCELLED;
      body(work, i, changetype<usize>(call));
    }
  }
  return atomic.load<i32>(changetype<usize>(call) + offsetof<Call>('status'));
}

/** The scratch of an iteration. */
export function scratchOf(work: usize, call: Call): usize {
  return call.scratch != 0 ? call.scratch : work + SMALL;
}

/** The first thing that went wrong counts; a cancelled task has no other. */
export function report(call: Call, status: i32): void {
  if (status != OK) atomic.cmpxchg<i32>(changetype<usize>(call) + offsetof<Call>('status'), OK, status);
}
