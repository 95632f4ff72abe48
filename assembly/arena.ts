/**
 * The calling thread's scratch arena: ARENA_BYTES at `work`, the first argument of every export. Its first 64 bytes
 * belong to the runtime: word 0 turns non-zero when the running task should give up, the others are how threads share
 * a loop (team.ts; src/workers/team.ts has the same numbers). Instances share their memory with other threads, so
 * nothing here is allocated and no global is ever written.
 */
export const ARENA_BYTES: usize = 4 << 20;
export const ARENA_START: usize = 64;

/** The first byte that belongs to no data segment, rounded up to a cache line: where the allocator may begin. */
export function heapBase(): i32 {
  return <i32>align64(__heap_base);
}

// @ts-ignore: decorator
@inline export function align64(p: usize): usize {
  return (p + 63) & ~63;
}

// @ts-ignore: decorator
@inline export function isCancelled(work: usize): bool {
  return atomic.load<i32>(work) != 0;
}
