/**
 * What runs the WebAssembly of kernels that users define: their function is called once for every chunk, on as many
 * threads as are idle. It gets the calling thread's arena, the chunk's number and the address of the call's context,
 * whose first 32 bits it sets to a positive status where something is wrong (src/lazy/define-kernel.ts says the rest).
 */
import { CANCELLED } from './status';
import { parallelFor } from './team';

export function userKernel(work: usize, run: i32, chunks: i32, context: usize): i32 {
  if (!parallelFor(work, chunks, run, context)) return CANCELLED;
  const status = atomic.load<i32>(context);
  return status < 0 ? -status : status;
}
