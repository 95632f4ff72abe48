/**
 * The pool of threads: batches of calls and pull loops on piscina's workers. It knows which thread has which function,
 * watches timeouts and aborts from outside (a synchronous loop cannot be stopped from within), blames exactly the call
 * that was running when a thread is lost, and heals by itself. Idle threads stay warm and never keep the process alive.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import {
  CaptureError,
  ComputationAbortedError,
  ResultTransferError,
  RuntimeClosedError,
  TaskTimeoutError,
  WorkerLostError,
} from '../errors.js';
import { reviveThrown, type ThrownWire } from './error-wire.js';
import { workerFlags } from './flags.js';
import {
  type BatchMessage,
  type BatchReply,
  DONE,
  FAILED,
  NO_FUNCTION,
  PROGRESS_BYTES,
  type PullMessage,
} from './messages.js';
import { revive } from './revive.js';
import { argumentSender, shipByValue } from './ship.js';
import type { Parcel, Shipment } from './shipment.js';
import { ThreadMemory } from './thread-memory.js';
import { isPlain, packArguments } from './transfer.js';

export interface BatchCall {
  readonly fn: Shipment;
  readonly args: readonly unknown[];
  /** Milliseconds this call may run; none by default. */
  readonly timeout?: number;
}

export interface Batch {
  readonly calls: readonly BatchCall[];
  /** Milliseconds after which no further call of the batch is started; the first always is. Default: no limit. */
  readonly budget?: number;
}

/** Times are milliseconds since the epoch, with microseconds after the point, on one clock for all threads. */
export type CallOutcome =
  | { readonly status: 'done'; readonly value: unknown; readonly start: number; readonly end: number }
  | { readonly status: 'failed'; readonly error: unknown; readonly start: number; readonly end: number }
  /** It ran to its end, but the thread was lost before the result arrived. */
  | { readonly status: 'lost' }
  | { readonly status: 'not-started' }
  /** Never started: its function or arguments cannot be sent. */
  | { readonly status: 'refused'; readonly error: CaptureError };

export interface BatchOutcome {
  /** The thread it ran on; -1 when it never reached one. */
  readonly threadId: number;
  /** One per call, in the same order. */
  readonly calls: readonly CallOutcome[];
}

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

type Ending =
  | { readonly reason: 'abort'; readonly cause: unknown }
  | { readonly reason: 'timeout'; readonly index: number };

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

const notStarted: CallOutcome = Object.freeze({ status: 'not-started' });
const lost: CallOutcome = Object.freeze({ status: 'lost' });
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
      filename: fileURLToPath(new URL('./entry.js', import.meta.url)),
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
    let replaced: Map<string, Shipment> | undefined;
    for (;;) {
      const prepared = prepare(batch, outcomes, chosen, replaced);
      if (prepared.indices.length === 0) return { threadId: -1, calls: outcomes };
      const job = new Job(prepared.message, prepared.shipments);
      const unwatch = this.#watchTimeouts(job, prepared.message, batch, prepared.indices);
      let reply: BatchReply;
      try {
        reply = (await this.#submit(job, options.signal)) as BatchReply;
      } catch (error) {
        if (this.#isClosed) throw new RuntimeClosedError();
        this.#afterLoss(job, prepared, batch, error, outcomes);
        return { threadId: job.threadId, calls: outcomes };
      } finally {
        unwatch();
      }
      collect(reply, prepared.indices, outcomes);
      if (reply.broken.length === 0) return { threadId: job.threadId, calls: outcomes };
      // A function could not be imported there: once more, by value.
      for (const [id] of reply.broken) this.#memory.forget(job.threadId, id);
      const again = prepared.indices.filter((_, i) => reply.status[i] === NO_FUNCTION);
      const before = replaced;
      replaced = new Map(before);
      chosen = again.filter((index) => {
        const fn = batch.calls[index]?.fn as Shipment;
        const reason = reply.broken.find(([id]) => id === fn.id)?.[1];
        const failure =
          before?.has(fn.id) === true ? reason : substitute(fn, replaced as Map<string, Shipment>, reason);
        if (failure === undefined) return true;
        outcomes[index] = failed(reviveThrown(failure), reply, 0);
        return false;
      });
      if (chosen.length === 0) return { threadId: job.threadId, calls: outcomes };
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
        const { missing, forget } = this.#memory.bring(worker.id, job.shipments);
        job.message.definitions = missing;
        job.message.forget = forget;
      }
    }
    return worker;
  }

  /** A thread failed with nothing to do: at its start, or in a callback that a task left behind. */
  #onIdleError(error: unknown): void {
    if (this.#piscina.threads.length > 0) return;
    const waiting = [...this.#running].filter((job) => job.threadId === -1);
    if (waiting.length === 0) {
      process.emitWarning(`a thread of lazuli ended with an error while it was idle: ${String(error)}`);
      return;
    }
    for (const job of waiting) {
      job.reject(new WorkerLostError(`no thread can be started: ${String(error)}`, { cause: error }));
      job.controller.abort();
    }
  }

  /** Looks at the progress when the running call may be overdue. Returns how to stop. */
  #watchTimeouts(job: Job, message: BatchMessage, batch: Batch, indices: readonly number[]): () => void {
    let shortest = Number.POSITIVE_INFINITY;
    for (const index of indices) shortest = Math.min(shortest, batch.calls[index]?.timeout ?? shortest);
    if (shortest === Number.POSITIVE_INFINITY) return () => {};
    let timer: NodeJS.Timeout;
    const look = (): void => {
      const { index, start } = readProgress(message.progress);
      const timeout = index < 0 ? undefined : batch.calls[indices[index] as number]?.timeout;
      const left = timeout === undefined ? shortest : start + timeout - (performance.timeOrigin + performance.now());
      if (left <= 0) {
        job.end({ reason: 'timeout', index });
        return;
      }
      timer = setTimeout(look, Math.max(1, Math.min(left, shortest)));
      timer.unref();
    };
    timer = setTimeout(look, shortest);
    timer.unref();
    return () => clearTimeout(timer);
  }

  #afterLoss(job: Job, prepared: Prepared, batch: Batch, error: unknown, outcomes: CallOutcome[]): void {
    const { message, indices } = prepared;
    if (isCloneError(error) && job.ending === undefined) {
      refuseUncloneable(batch, indices, outcomes, error);
      return;
    }
    if (job.threadId === -1) {
      if (job.ending === undefined) throw error;
      return;
    }
    const { index: running, start } = readProgress(message.progress);
    for (let i = 0; i < running; i++) outcomes[indices[i] as number] = lost;
    if (running < 0) {
      // Nothing had started. Without a reason of ours the thread cannot live, and trying again would not end.
      if (job.ending === undefined) throw lossError(error, batch.calls[indices[0] as number]?.fn.name ?? '');
      return;
    }
    const index = indices[running] as number;
    const call = batch.calls[index] as BatchCall;
    const end = performance.timeOrigin + performance.now();
    let why: Error;
    if (job.ending?.reason === 'timeout') {
      why = new TaskTimeoutError(call.timeout ?? 0);
    } else if (job.ending?.reason === 'abort') {
      why = new ComputationAbortedError(job.ending.cause);
    } else why = lossError(error, call.fn.name);
    outcomes[index] = { status: 'failed', error: why, start, end };
  }
}

interface Prepared {
  readonly message: BatchMessage;
  readonly shipments: readonly Shipment[];
  /** Where the calls of the message stand in the batch. */
  readonly indices: readonly number[];
}

/** Builds the message; calls whose arguments cannot be sent get their outcome here. */
function prepare(
  batch: Batch,
  outcomes: CallOutcome[],
  chosen: readonly number[] | undefined,
  replaced: ReadonlyMap<string, Shipment> | undefined,
): Prepared {
  const ids: string[] = [];
  const places = new Map<string, number>();
  const shipments: Shipment[] = [];
  const fns: number[] = [];
  const args: (readonly unknown[] | Parcel)[] = [];
  const packed: number[] = [];
  const indices: number[] = [];
  let lastFn: Shipment | undefined;
  let lastPlace = 0;
  const count = chosen?.length ?? batch.calls.length;
  for (let k = 0; k < count; k++) {
    const index = chosen === undefined ? k : (chosen[k] as number);
    const call = batch.calls[index] as BatchCall;
    let given: readonly unknown[] | Parcel = call.args;
    if (!isPlain(call.args)) {
      try {
        given = packArguments(call.args, call.fn.name, argumentSender());
        packed.push(fns.length);
      } catch (error) {
        outcomes[index] = { status: 'refused', error: asCaptureError(error, call.fn.name) };
        continue;
      }
    }
    if (call.fn !== lastFn) {
      lastFn = call.fn;
      const known = places.get(call.fn.id);
      lastPlace = known ?? ids.length;
      if (known === undefined) {
        places.set(call.fn.id, lastPlace);
        ids.push(call.fn.id);
        shipments.push(replaced?.get(call.fn.id) ?? call.fn);
      }
    }
    fns.push(lastPlace);
    args.push(given);
    indices.push(index);
  }
  const progress = new SharedArrayBuffer(PROGRESS_BYTES);
  new Int32Array(progress)[0] = -1;
  const budget = batch.budget ?? Number.POSITIVE_INFINITY;
  const message: BatchMessage = {
    kind: 'batch',
    ids,
    definitions: [],
    forget: [],
    fns,
    args,
    packed,
    budget,
    progress,
  };
  return { message, shipments, indices };
}

function collect(reply: BatchReply, indices: readonly number[], outcomes: CallOutcome[]): void {
  const { status, values, packed, untransferable, times } = reply;
  let nextPacked = 0;
  let nextUntransferable = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    const start = times[2 * i] as number;
    const end = times[2 * i + 1] as number;
    if (status[i] === DONE) {
      let value = values[i];
      if (packed[nextPacked] === i) {
        nextPacked++;
        try {
          value = revive(value as Parcel);
        } catch (error) {
          const message = `the result cannot be rebuilt here: ${String(error)}`;
          outcomes[index] = { status: 'failed', error: new ResultTransferError(message, { cause: error }), start, end };
          continue;
        }
      }
      outcomes[index] = { status: 'done', value, start, end };
    } else if (status[i] === FAILED) {
      let error = reviveThrown(values[i] as ThrownWire);
      if (untransferable[nextUntransferable] === i) {
        nextUntransferable++;
        error = new ResultTransferError((error as Error).message);
      }
      outcomes[index] = { status: 'failed', error, start, end };
    }
  }
}

function failed(error: unknown, reply: BatchReply, i: number): CallOutcome {
  return { status: 'failed', error, start: reply.times[2 * i] ?? 0, end: reply.times[2 * i] ?? 0 };
}

/** Puts the function's form by value into `replaced`; gives the reason when there is none. */
function substitute(
  fn: Shipment,
  replaced: Map<string, Shipment>,
  reason: ThrownWire | undefined,
): ThrownWire | undefined {
  if (replaced.has(fn.id)) return undefined;
  try {
    const byValue = shipByValue(fn);
    if (byValue === undefined) return reason ?? { value: undefined };
    replaced.set(fn.id, byValue);
    return undefined;
  } catch {
    return reason ?? { value: undefined };
  }
}

function readProgress(progress: SharedArrayBuffer): { index: number; start: number } {
  const index = Atomics.load(new Int32Array(progress, 0, 1), 0);
  return { index, start: new Float64Array(progress, 8, 1)[0] ?? 0 };
}

function asCaptureError(error: unknown, name: string): CaptureError {
  if (error instanceof CaptureError) return error;
  const message = `the arguments of '${name}' cannot be sent to a thread: ${String(error)}; pass plain data`;
  return new CaptureError('arguments', [name, 'arguments'], message, { cause: error });
}

function isCloneError(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'DataCloneError';
}

/** Something passed for plain data and was not: the calls that bring it are refused, the rest wait for another turn. */
function refuseUncloneable(batch: Batch, indices: readonly number[], outcomes: CallOutcome[], error: unknown): void {
  let found = false;
  for (const index of indices) {
    const call = batch.calls[index] as BatchCall;
    try {
      structuredClone(call.args);
      structuredClone(call.fn);
    } catch (reason) {
      found = true;
      outcomes[index] = { status: 'refused', error: asCaptureError(reason, call.fn.name) };
    }
  }
  if (found) return;
  for (const index of indices) {
    outcomes[index] = { status: 'refused', error: asCaptureError(error, batch.calls[index]?.fn.name ?? '') };
  }
}

function isThreadEnd(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return String(code).startsWith('ERR_WORKER') || /worker exited|Terminating worker/.test(String(message));
}

function lossError(error: unknown, name: string): WorkerLostError {
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
