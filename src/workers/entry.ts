/**
 * The entry of a pool thread: runs batches of calls one after the other, and pull loops. It keeps the functions it was
 * given by their ids. Nothing a task does or returns may escape as an error of the thread itself.
 */
import type { AnyFunction } from '../graph/node.js';
import { type ThrownWire, wireThrown } from './error-wire.js';
import {
  type BatchMessage,
  type BatchReply,
  DONE,
  FAILED,
  NO_FUNCTION,
  NOT_STARTED,
  type PullMessage,
} from './messages.js';
import { isPlain } from './plain.js';
import { Reviver, reviverOf } from './revive.js';
import { markLazuliThread } from './thread.js';
import { packResult } from './transfer.js';
import { pull, type PullMessage as WindowMessage } from './window-worker.js';

markLazuliThread();
const functions = new Map<string, AnyFunction>();

/** What piscina calls, by way of entry-loader.cts, with every message of the pool. */
export default async function handle(message: BatchMessage | PullMessage): Promise<unknown> {
  if (message.kind === 'batch') return runBatch(message);
  return pull(message.message as WindowMessage);
}

async function runBatch(message: BatchMessage): Promise<BatchReply> {
  const { ids, fns, args, packed, chained, progress } = message;
  const count = fns.length;
  const broken = await define(message);
  const arriving = reviverOf(message.entries);
  const reviver = arriving instanceof Reviver ? arriving : await arriving;
  const table = ids.map((id) => functions.get(id));
  const running = new Int32Array(progress, 0, 1);
  const started = new Float64Array(progress, 8, 1);
  const origin = performance.timeOrigin;
  const status = new Uint8Array(count).fill(NOT_STARTED);
  const values = new Array<unknown>(count);
  const times = new Float64Array(2 * count);
  const packedValues: number[] = [];
  const untransferable: number[] = [];
  let nextPacked = 0;
  let now = performance.now();
  const deadline = now + message.budget;

  /** A result that the next call takes: it travels only when that call does not get done. */
  let kept: unknown;
  let keeper = -1;
  /** Results that calls up to here took, as long as what those gave may turn out not to travel: then they are needed. */
  let taken: { readonly index: number; readonly value: unknown }[] = [];
  /** Whether the result travels. */
  const put = (i: number, value: unknown): boolean => {
    if (
      typeof value !== 'object' || value === null
        ? typeof value !== 'function' && typeof value !== 'symbol'
        : isPlain(value)
    ) {
      values[i] = value;
      return true;
    }
    try {
      values[i] = packResult(value);
      packedValues.push(i);
      return true;
    } catch (error) {
      status[i] = FAILED;
      values[i] = wireThrown(error);
      untransferable.push(i);
      return false;
    }
  };
  /** What is called again elsewhere for want of its result needs its input there. */
  const send = (i: number, value: unknown): void => {
    if (!put(i, value)) while (taken.length > 0) if (sendLast()) break;
    taken = [];
  };
  const sendLast = (): boolean => {
    const last = taken.pop();
    return last === undefined || put(last.index, last.value);
  };
  const release = (): void => {
    if (keeper >= 0) send(keeper, kept);
    keeper = -1;
    kept = undefined;
  };

  for (let i = 0; i < count; i++) {
    if (now >= deadline && i > 0) break;
    const isPacked = packed[nextPacked] === i;
    if (isPacked) nextPacked++;
    const previous = chained[i] ?? -1;
    if (previous >= 0 && keeper !== i - 1) continue;
    const fn = table[fns[i] as number];
    if (fn === undefined) {
      status[i] = NO_FUNCTION;
      continue;
    }
    times[2 * i] = origin + now;
    started[0] = origin + now;
    Atomics.store(running, 0, i);
    try {
      const given = args[i] as unknown[];
      if (isPacked) for (let k = 0; k < given.length; k++) given[k] = reviver.value(given[k] as number);
      if (previous >= 0) given[previous] = kept;
      let value: unknown = fn(...given);
      if (isThenable(value)) value = await value;
      now = performance.now();
      status[i] = DONE;
      if (previous < 0) release();
      else if (isPlain(value)) taken = [];
      else taken.push({ index: i - 1, value: kept });
      keeper = -1;
      if ((chained[i + 1] ?? -1) >= 0) {
        keeper = i;
        kept = value;
      } else {
        send(i, value);
      }
    } catch (error) {
      now = performance.now();
      status[i] = FAILED;
      values[i] = wireThrown(error);
    }
    times[2 * i + 1] = origin + now;
  }
  release();
  // Whatever happens to this thread from here on is no call's fault.
  Atomics.store(running, 0, count);
  return { status, values, packed: packedValues, untransferable, times, broken };
}

async function define(message: BatchMessage): Promise<(readonly [string, ThrownWire])[]> {
  for (const id of message.forget) functions.delete(id);
  const broken: (readonly [string, ThrownWire])[] = [];
  for (const shipment of message.definitions) {
    try {
      const fn = (await reviverOf(shipment.entries)).value(shipment.root);
      if (typeof fn !== 'function') throw new TypeError(`'${shipment.name}' is not a function there but ${typeof fn}`);
      functions.set(shipment.id, fn as AnyFunction);
    } catch (error) {
      broken.push([shipment.id, wireThrown(error)]);
    }
  }
  return broken;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
