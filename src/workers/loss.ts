/** What the end of a thread means: which error a task fails with when its thread is lost under it. */
import { WorkerLostError } from '../errors.js';

/** Whether this is piscina's word that the thread is gone, rather than an error of what it ran. */
export function isThreadEnd(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return String(code).startsWith('ERR_WORKER') || /worker exited|Terminating worker/.test(String(message));
}

/** The error for the call that was running, by how the thread ended. */
export function lossError(error: unknown, name: string): WorkerLostError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const where = `the thread that ran ${name === '' ? 'a function' : `'${name}'`}`;
  if (error instanceof WorkerLostError) return error;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new WorkerLostError(`${where} ran out of memory; work on smaller pieces, or use fewer workers`, {
      cause: error,
    });
  }
  const exit = /worker exited with code: (-?\d+)/.exec(String(message))?.[1];
  if (exit !== undefined) {
    return new WorkerLostError(`${where} ended with exit code ${exit}; a task must not call process.exit()`, {
      cause: error,
    });
  }
  return new WorkerLostError(`${where} ended with an uncaught error: ${String(error)}`, { cause: error });
}
