/**
 * The lane of JavaScript functions on pool threads. A message to a thread costs about as much as a hundred small calls,
 * so calls travel in batches, sized by what calls of that function took so far; a batch that turns out long gives its
 * rest back. A call whose function or values cannot travel is returned to the main thread, with one warning: correctness
 * never depends on what can be sent.
 */
import { freemem } from 'node:os';
import { CaptureError, ResultTransferError, WorkerLostError } from '../errors.js';
import type { AnyFunction } from '../graph/node.js';
import type { BatchCall, BatchOutcome, ThreadPool } from '../workers/pool.js';
import { ship } from '../workers/ship.js';
import type { Shipment } from '../workers/shipment.js';
import type { CallLane, FunctionCall, LaneSink } from './lanes.js';

/** A batch should take about this long … */
const BATCH_MS = 2;
/** … and gives back what it has not started after this long. */
const BUDGET_MS = 8;
const MAX_BATCH = 512;
/** A call whose result was lost with its thread this often is not run again. */
const MAX_LOSSES = 3;
/** What a call is expected to take while nothing is known of its function. */
const UNKNOWN_MS = BATCH_MS / 4;
/** A single thread gets calls that take so long, or that nothing is known of, one by one: their order is the run's. */
const ALONE_MS = UNKNOWN_MS;

/** Milliseconds per call by function, across runs: graphs are new every time, functions mostly are not. */
const pace = new WeakMap<AnyFunction, number>();
const warned = new WeakSet<AnyFunction>();

export class PoolCalls implements CallLane {
  readonly #pool: ThreadPool;
  readonly #sink: LaneSink;
  readonly #yieldThread: () => void;
  /** The form in which a function is sent, fixed for this run; null when it stays on the main thread. */
  readonly #shipments = new Map<AnyFunction, Shipment | null>();
  readonly #abortion = new AbortController();
  /** Calls that declare the memory they need run side by side only within this many bytes. */
  readonly #budget = freemem() / 2;
  #declared = 0;
  #queue: FunctionCall[] = [];
  #head = 0;
  /** How often a call had ended when its thread was lost together with the result. */
  readonly #losses = new Map<number, number>();
  readonly #batches = new Set<Promise<void>>();
  /** Calls in batches that are out. */
  #out = 0;

  /** @param yieldThread asks the kernels' pullers for a thread. */
  constructor(pool: ThreadPool, sink: LaneSink, yieldThread: () => void) {
    this.#pool = pool;
    this.#sink = sink;
    this.#yieldThread = yieldThread;
  }

  hasRoomFor(fn: AnyFunction, milliseconds: number | undefined): boolean {
    const calls = this.#queue.length - this.#head + this.#out;
    if (calls === 0) return true;
    const each = milliseconds ?? pace.get(fn) ?? UNKNOWN_MS;
    const { threads } = this.#pool;
    if (threads === 1 && each >= ALONE_MS) return false;
    // For each thread a batch that runs, one that waits for it, and two while the main thread is busy with something else
    return calls * each < 4 * BATCH_MS * threads;
  }

  submit(call: FunctionCall): void {
    if (this.#abortion.signal.aborted) return;
    if (this.#shipmentOf(call) === null) this.#sink.returned(call.task);
    else this.#queue.push(call);
  }

  flush(): void {
    // One batch more per thread than runs, so that a thread that ends finds the next one waiting.
    while (this.#head < this.#queue.length && this.#batches.size < this.#pool.threads * 2) {
      const batch = this.#nextBatch();
      if (batch.length === 0) break;
      const sent: Promise<void> = this.#send(batch).then(() => {
        this.#batches.delete(sent);
        this.flush();
      });
      this.#batches.add(sent);
    }
    if (this.#head > 4096 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (this.#batches.size > 0) this.#yieldThread();
  }

  async abort(): Promise<void> {
    this.#queue = [];
    this.#head = 0;
    this.#abortion.abort();
    await Promise.allSettled(this.#batches);
  }

  #shipmentOf(call: FunctionCall): Shipment | null {
    let shipment = this.#shipments.get(call.fn);
    if (shipment === undefined) {
      try {
        shipment = ship(call.fn);
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
        warnOnce(call, error.message);
        shipment = null;
      }
      this.#shipments.set(call.fn, shipment);
    }
    return shipment;
  }

  /** Calls from the front that should take BATCH_MS together, no more than a fair share, chains whole. */
  #nextBatch(): FunctionCall[] {
    const most = Math.min(MAX_BATCH, Math.ceil((this.#queue.length - this.#head) / this.#pool.threads));
    const batch: FunctionCall[] = [];
    let expected = 0;
    for (;;) {
      const call = this.#queue[this.#head];
      if (call === undefined) break;
      const { previous } = call;
      if (previous === undefined) {
        if (batch.length >= most || expected >= BATCH_MS) break;
      } else if (batch.at(-1)?.task !== previous.task) {
        // What it was to follow went elsewhere, or is done.
        this.#head++;
        this.#sink.unchained(call.task);
        continue;
      }
      if (call.memory > 0) {
        // Alone in its batch: what it declares is taken and given back with the batch.
        const fits = this.#declared === 0 || this.#declared + call.memory <= this.#budget;
        if (batch.length > 0 || !fits) break;
        this.#head++;
        return [call];
      }
      batch.push(call);
      this.#head++;
      expected += call.milliseconds ?? pace.get(call.fn) ?? UNKNOWN_MS;
    }
    return batch;
  }

  async #send(batch: readonly FunctionCall[]): Promise<void> {
    const memory = batch[0]?.memory ?? 0;
    this.#declared += memory;
    this.#out += batch.length;
    let isOut = true;
    const isBack = (): void => {
      if (isOut) this.#out -= batch.length;
      isOut = false;
    };
    try {
      const calls = batch.map(
        ({ fn, args, timeout, previous }): BatchCall => ({
          fn: this.#shipments.get(fn) as Shipment,
          args,
          ...(timeout === undefined ? undefined : { timeout }),
          ...(previous === undefined ? undefined : { previous: previous.position }),
        }),
      );
      const signal = this.#abortion.signal;
      const outcome = await this.#pool.runBatch({ calls, budget: BUDGET_MS }, { signal });
      isBack();
      if (!signal.aborted) this.#report(batch, outcome);
    } catch (error) {
      isBack();
      // No thread can be started, or the pool is closed: none of these calls has run.
      for (const { task } of batch) if (!this.#abortion.signal.aborted) this.#sink.failed(task, error, now(), now(), 0);
    } finally {
      this.#declared -= memory;
    }
  }

  #report(batch: readonly FunctionCall[], { threadId, calls }: BatchOutcome): void {
    const again: FunctionCall[] = [];
    let isRefused = false;
    for (let i = 0; i < batch.length; i++) {
      const call = batch[i] as FunctionCall;
      const outcome = calls[i];
      if (outcome?.status === 'done') {
        const took = outcome.end - outcome.start;
        const before = pace.get(call.fn);
        pace.set(call.fn, before === undefined ? took : before * 0.8 + took * 0.2);
        this.#sink.succeeded(call.task, outcome.value, outcome.start, outcome.end, threadId);
      } else if (outcome?.status === 'refused' || (outcome?.status === 'failed' && isAboutTravel(outcome.error))) {
        warnOnce(call, (outcome.error as Error).message);
        this.#shipments.set(call.fn, null);
        this.#sink.returned(call.task);
        isRefused = true;
      } else if (outcome?.status === 'failed') {
        this.#sink.failed(call.task, outcome.error, outcome.start, outcome.end, threadId);
      } else if (outcome?.status === 'lost' && this.#countLoss(call) > MAX_LOSSES) {
        const lost = new WorkerLostError(`its thread was lost ${MAX_LOSSES + 1} times before its result had arrived`);
        this.#sink.failed(call.task, lost, now(), now(), threadId);
      } else {
        again.push(call);
      }
    }
    if (again.length > 0) {
      this.#queue = [...again, ...this.#queue.slice(this.#head)];
      this.#head = 0;
    }
    if (isRefused) this.#giveBack();
  }

  #countLoss(call: FunctionCall): number {
    const losses = (this.#losses.get(call.task) ?? 0) + 1;
    this.#losses.set(call.task, losses);
    return losses;
  }

  /** Calls that wait here while their function turned out to be one that cannot be sent. */
  #giveBack(): void {
    const isSent = ({ fn }: FunctionCall): boolean => this.#shipments.get(fn) !== null;
    const rest = this.#queue.slice(this.#head);
    if (rest.every(isSent)) return;
    this.#queue = rest.filter(isSent);
    this.#head = 0;
    for (const call of rest) if (!isSent(call)) this.#sink.returned(call.task);
  }
}

/** Whether what failed is not the call but the sending of what it gave. */
function isAboutTravel(error: unknown): boolean {
  return error instanceof ResultTransferError || error instanceof CaptureError;
}

function warnOnce(call: FunctionCall, why: string): void {
  if (warned.has(call.fn)) return;
  warned.add(call.fn);
  process.emitWarning(`'${call.name}' runs on the main thread: ${why}`, { code: 'LAZULI_MAIN_THREAD' });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
