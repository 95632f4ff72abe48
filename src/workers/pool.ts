/**
 * The pool of threads: batches of calls and pull loops on piscina's workers. It knows which thread has which function,
 * watches timeouts and aborts from outside (a synchronous loop cannot be stopped from within), blames exactly the call
 * that was running when a thread is lost, and heals by itself. Idle threads stay warm and never keep the process alive.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { ComputationAbortedError, RuntimeClosedError, TaskTimeoutError, WorkerLostError } from '../errors.js';
import {
  type Batch,
  type BatchCall,
  type BatchOutcome,
  type CallOutcome,
  collect,
  isCloneError,
  lost,
  notStarted,
  type Prepared,
  prepare,
  readProgress,
  refuseUncloneable,
  substitute,
} from './batch.js';
import { workerFlags } from './flags.js';
import { isThreadEnd, lossError } from './loss.js';
import type { BatchMessage, BatchReply, PullMessage } from './messages.js';
import type { Shipment } from './shipment.js';
import { ThreadMemory } from './thread-memory.js';

export type { Batch, BatchCall, BatchOutcome, CallOutcome } from './batch.js';

export interface RunOptions {
  readonly signal?: AbortSignal;
}

export interface ThreadPoolOptions {
  /** At most this many threads. */
  readonly threads: number;
  /** What threads find as `workerData`. */
  readonly workerData?: unknown;
  /** JavaScript heap of each thread in mebibytes; a task that needs more is a WorkerLostError. Default: V8's own limit. */
  readonly heapMiB?: number;
}

type Ending = { readonly reason: 'abort'; readonly cause: unknown } | { readonly reason: 'timeout' };

/** A message on its way through the pool. */
class Job {
  readonly message: BatchMessage | PullMessage;
  readonly shipments: readonly Shipment[];
  readonly controller = new AbortController();
  threadId = -1;
  ending: Ending | undefined;
  resolve!: (reply: unknown) => void;
  reject!: (error: unknown) => void;
  readonly settled: Promise<unknown>;

  constructor(message: BatchMessage | PullMessage, shipments: readonly Shipment[]) {
    this.message = message;
    this.shipments = shipments;
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  end(ending: Ending): void {
    this.ending ??= ending;
    this.controller.abort();
  }
}

/** How often a batch of which nothing had started is given to another thread. */
const startAttempts = 3;
const queueOptions = Piscina.queueOptionsSymbol;

/**
 * @example
 * const pool = new ThreadPool({ threads: 2 });
 * const { calls } = await pool.runBatch({ calls: [{ fn: ship((x: number) => x + 1), args: [1] }] });
 * calls[0]; // { status: 'done', value: 2, start, end }
 * await pool.close();
 */
export class ThreadPool {
  readonly threads: number;
  readonly #piscina: Piscina;
  readonly #queue: Job[] = [];
  readonly #running = new Set<Job>();
  readonly #memory = new ThreadMemory();
  #isClosed = false;

  constructor(options: ThreadPoolOptions) {
    this.threads = options.threads;
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./entry-loader.cjs', import.meta.url)),
      atomics: 'disabled',
      minThreads: 0,
      maxThreads: options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      execArgv: [...workerFlags().execArgv],
      workerData: options.workerData,
      ...(options.heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.heapMiB } }),
      loadBalancer: (task, workers) => this.#place(task as unknown as { [queueOptions]?: Job }, workers),
    });
    this.#piscina.on('error', (error: unknown) => this.#onIdleError(error));
  }

  /** Threads that exist now. */
  get size(): number {
    return this.#piscina.threads.length;
  }

  /** How many more batches would start at once. */
  get idle(): number {
    return Math.max(0, this.threads - this.#running.size - this.#queue.length);
  }

  /**
   * Runs the calls one after the other on one thread; asynchronous functions are awaited. Never rejects for what a call
   * does: see CallOutcome.
   * @throws RuntimeClosedError when the pool is closed; WorkerLostError when no thread can be started at all.
   */
  async runBatch(batch: Batch, options: RunOptions = {}): Promise<BatchOutcome> {
    const outcomes = new Array<CallOutcome>(batch.calls.length).fill(notStarted);
    if (options.signal?.aborted) return { threadId: -1, calls: outcomes };
    let chosen: readonly number[] | undefined;
    const replaced = new Map<string, Shipment>();
    for (let attempt = 1; ; ) {
      const prepared = prepare(batch, outcomes, chosen, replaced);
      const { message, shipments, indices } = prepared;
      if (indices.length === 0) return { threadId: -1, calls: outcomes };
      const job = new Job(message, shipments);
      const unwatch = watchTimeouts(job, prepared, batch);
      try {
        const reply = (await this.#submit(job, options.signal)) as BatchReply;
        collect(reply, indices, outcomes);
        if (reply.broken.length === 0) return { threadId: job.threadId, calls: outcomes };
        for (const [id] of reply.broken) this.#memory.forget(job.threadId, id);
        chosen = substitute(batch, reply, indices, replaced, outcomes);
      } catch (error) {
        if (this.#isClosed) throw new RuntimeClosedError();
        if (job.ending === undefined && isCloneError(error)) refuseUncloneable(batch, indices, outcomes, error);
        else if (!settleLoss(job, prepared, batch, error, outcomes)) {
          // Nothing had started: an earlier task's remains may have ended the thread, or no thread can live here.
          if (attempt++ < startAttempts && job.threadId !== -1) continue;
          throw lossError(error, batch.calls[indices[0] as number]?.fn.name ?? '');
        }
        return { threadId: job.threadId, calls: outcomes };
      } finally {
        unwatch();
      }
    }
  }

  /**
   * Occupies a thread with the pull loop of `window-worker.js`, and gives what that returns.
   * @throws ComputationAbortedError, WorkerLostError, RuntimeClosedError
   */
  async runPull(message: unknown, options: RunOptions = {}): Promise<unknown> {
    if (options.signal?.aborted) throw new ComputationAbortedError(options.signal.reason);
    const job = new Job({ kind: 'pull', message }, []);
    try {
      return await this.#submit(job, options.signal);
    } catch (error) {
      if (this.#isClosed) throw new RuntimeClosedError();
      if (job.ending?.reason === 'abort') throw new ComputationAbortedError(job.ending.cause);
      if (job.threadId === -1 || isThreadEnd(error)) throw lossError(error, 'kernels');
      throw error;
    }
  }

  /** Ends every thread at once; what still runs fails with RuntimeClosedError. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const job of this.#queue.splice(0)) job.reject(new RuntimeClosedError());
    await this.#piscina.destroy();
  }

  async #submit(job: Job, signal: AbortSignal | undefined): Promise<unknown> {
    if (this.#isClosed) throw new RuntimeClosedError();
    const onAbort = (): void => {
      const place = this.#queue.indexOf(job);
      job.end({ reason: 'abort', cause: signal?.reason });
      if (place < 0) return;
      this.#queue.splice(place, 1);
      job.reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#queue.push(job);
    this.#pump();
    try {
      return await job.settled;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #pump(): void {
    while (this.#running.size < this.threads) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#running.add(job);
      Object.defineProperty(job.message, queueOptions, { value: job });
      const release = (): void => {
        this.#running.delete(job);
        this.#pump();
      };
      this.#piscina.run(job.message, { signal: job.controller.signal }).then(
        (reply) => {
          release();
          job.resolve(reply);
        },
        (error: unknown) => {
          this.#memory.drop(job.threadId);
          release();
          job.reject(error);
        },
      );
    }
  }

  /** Piscina asks which worker gets a message; the message then gets what that worker lacks. */
  #place<W extends { readonly id: number; readonly currentUsage: number }>(
    task: { [queueOptions]?: Job },
    workers: readonly W[],
  ): W | null {
    const idle = workers.filter((worker) => worker.currentUsage === 0);
    // A thread that is up and knows something comes before one that is still starting.
    const worker = idle.find(({ id }) => this.#memory.knows(id)) ?? idle[0];
    if (worker === undefined) return null;
    const job = task[queueOptions];
    if (job !== undefined) {
      job.threadId = worker.id;
      if (job.message.kind === 'batch') {
        const { missing, forget } = this.#memory.bring(worker.id, job.shipments, workers);
        job.message.definitions = missing;
        job.message.forget = forget;
      }
    }
    return worker;
  }

  /** A thread failed with nothing to do: at its start, or in a callback that a task left behind. */
  #onIdleError(error: unknown): void {
    // The answer to a call that was given up: its thread had sent it when it was ended
    if (error instanceof Error && error.message.startsWith('Unexpected message from Worker')) return;
    const waiting = [...this.#running].filter((job) => job.threadId === -1);
    if (waiting.length === 0) {
      process.emitWarning(`a thread of lazuli ended with an error while it was idle: ${String(error)}`);
      return;
    }
    // Another thread, if there is one, takes what waits.
    if (this.#piscina.threads.length > 0) return;
    for (const job of waiting) {
      job.reject(new WorkerLostError(`no thread can be started: ${String(error)}`, { cause: error }));
      job.controller.abort();
    }
  }
}

/** Looks at the progress when the running call may be overdue. Returns how to stop. */
function watchTimeouts(job: Job, { message, indices }: Prepared, batch: Batch): () => void {
  let shortest = Number.POSITIVE_INFINITY;
  for (const index of indices) shortest = Math.min(shortest, batch.calls[index]?.timeout ?? shortest);
  if (shortest === Number.POSITIVE_INFINITY) return () => {};
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const { index, start } = readProgress(message.progress);
    const timeout = batch.calls[indices[index] ?? -1]?.timeout;
    const left = timeout === undefined ? shortest : start + timeout - (performance.timeOrigin + performance.now());
    if (left <= 0) {
      job.end({ reason: 'timeout' });
      return;
    }
    timer = setTimeout(look, Math.max(1, Math.min(left, shortest)));
    timer.unref();
  };
  timer = setTimeout(look, shortest);
  timer.unref();
  return () => clearTimeout(timer);
}

/** What became of the calls of a batch whose thread is gone. False when none had started and nobody asked for the end. */
function settleLoss(
  job: Job,
  { message, indices }: Prepared,
  batch: Batch,
  error: unknown,
  outcomes: CallOutcome[],
): boolean {
  const { index: running, start } = readProgress(message.progress);
  if (job.threadId === -1 || running < 0) return job.ending !== undefined;
  for (let i = 0; i < Math.min(running, indices.length); i++) outcomes[indices[i] as number] = lost;
  const index = indices[running];
  if (index === undefined) return true;
  const call = batch.calls[index] as BatchCall;
  let why: Error;
  if (job.ending?.reason === 'timeout') why = new TaskTimeoutError(call.timeout ?? 0);
  else if (job.ending?.reason === 'abort') why = new ComputationAbortedError(job.ending.cause);
  else why = lossError(error, call.fn.name);
  outcomes[index] = { status: 'failed', error: why, start, end: performance.timeOrigin + performance.now() };
  return true;
}
