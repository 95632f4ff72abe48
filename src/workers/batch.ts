/**
 * Batches: the calls that one thread runs one after the other, their message, and what became of each. A call whose
 * arguments cannot travel, or whose result could not, never disturbs the others.
 */
import { CaptureError, ResultTransferError } from '../errors.js';
import { reviveThrown, type ThrownWire } from './error-wire.js';
import { type BatchMessage, type BatchReply, DONE, FAILED, NO_FUNCTION, PROGRESS_BYTES } from './messages.js';
import { Packer } from './pack.js';
import { isPlain } from './plain.js';
import { revive } from './revive.js';
import { argumentSender, shipByValue } from './ship.js';
import type { Parcel, Shipment } from './shipment.js';
import { packArguments } from './transfer.js';

export interface BatchCall {
  readonly fn: Shipment;
  readonly args: readonly unknown[];
  /** Milliseconds this call may run; none by default. */
  readonly timeout?: number;
  /**
   * The position of the argument that is the result of the call before it in the batch. That result stays in the
   * thread, unless this call does not get done.
   */
  readonly previous?: number;
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

export const notStarted: CallOutcome = Object.freeze({ status: 'not-started' });
export const lost: CallOutcome = Object.freeze({ status: 'lost' });

export interface Prepared {
  readonly message: BatchMessage;
  readonly shipments: readonly Shipment[];
  /** Where the calls of the message stand in the batch. */
  readonly indices: readonly number[];
}

/** Builds the message; calls whose arguments cannot be sent get their outcome here. */
export function prepare(
  batch: Batch,
  outcomes: CallOutcome[],
  chosen: readonly number[] | undefined,
  replaced: ReadonlyMap<string, Shipment> | undefined,
): Prepared {
  const ids: string[] = [];
  const places = new Map<string, number>();
  const shipments: Shipment[] = [];
  const fns: number[] = [];
  const args: (readonly unknown[])[] = [];
  let packer: Packer | undefined;
  const packed: number[] = [];
  const indices: number[] = [];
  const chained: number[] = [];
  let isChained = false;
  let lastFn: Shipment | undefined;
  let lastPlace = 0;
  const count = chosen?.length ?? batch.calls.length;
  for (let k = 0; k < count; k++) {
    const index = chosen === undefined ? k : (chosen[k] as number);
    const call = batch.calls[index] as BatchCall;
    const { previous } = call;
    if (previous !== undefined && indices.at(-1) !== index - 1) {
      // What it needs is not made in this message.
      outcomes[index] = notStarted;
      continue;
    }
    let given = call.args;
    if (!isPlain(call.args)) {
      try {
        packer ??= new Packer(argumentSender());
        given = packArguments(call.args, call.fn.name, packer);
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
    isChained ||= previous !== undefined;
    chained.push(previous ?? -1);
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
    entries: packer?.entries ?? [],
    chained: isChained ? chained : [],
    budget,
    progress,
  };
  return { message, shipments, indices };
}

export function collect(reply: BatchReply, indices: readonly number[], outcomes: CallOutcome[]): void {
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

/**
 * For calls whose function the thread could not make: puts the function's form by value into `replaced` and gives the
 * calls to run again; where there is no other form, the call fails with the thread's reason.
 */
export function substitute(
  batch: Batch,
  reply: BatchReply,
  indices: readonly number[],
  replaced: Map<string, Shipment>,
  outcomes: CallOutcome[],
): number[] {
  const failures = new Map<string, unknown>();
  for (const [id, reason] of reply.broken) {
    const shipment = batch.calls.find(({ fn }) => fn.id === id)?.fn;
    const byValue = shipment === undefined || replaced.has(id) ? undefined : shipAgain(shipment);
    if (byValue === undefined) failures.set(id, reviveThrown(reason));
    else replaced.set(id, byValue);
  }
  const again: number[] = [];
  indices.forEach((index, i) => {
    if (reply.status[i] !== NO_FUNCTION) return;
    const call = batch.calls[index] as BatchCall;
    const { id } = call.fn;
    if (!failures.has(id)) {
      if (call.previous === undefined) again.push(index);
      else outcomes[index] = notStarted;
    } else outcomes[index] = { status: 'failed', error: failures.get(id), start: 0, end: 0 };
  });
  return again;
}

/** undefined when it cannot travel by value either: then the failed import is the better thing to report. */
function shipAgain(shipment: Shipment): Shipment | undefined {
  try {
    return shipByValue(shipment);
  } catch {
    return undefined;
  }
}

export function readProgress(progress: SharedArrayBuffer): { index: number; start: number } {
  const index = Atomics.load(new Int32Array(progress, 0, 1), 0);
  return { index, start: new Float64Array(progress, 8, 1)[0] ?? 0 };
}

function asCaptureError(error: unknown, name: string): CaptureError {
  if (error instanceof CaptureError) return error;
  const message = `the arguments of '${name}' cannot be sent to a thread: ${String(error)}; pass plain data`;
  return new CaptureError('arguments', [name, 'arguments'], message, { cause: error });
}

export function isCloneError(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'DataCloneError';
}

/** Something passed for plain data and was not: the calls that bring it are refused, the rest wait for another turn. */
export function refuseUncloneable(
  batch: Batch,
  indices: readonly number[],
  outcomes: CallOutcome[],
  error: unknown,
): void {
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
