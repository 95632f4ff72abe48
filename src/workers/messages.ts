/** What the pool and its threads say to each other. Per-call data is in parallel arrays: a batch may have thousands. */
import type { ThrownWire } from './error-wire.js';
import type { Entry, Shipment } from './shipment.js';

export interface BatchMessage {
  readonly kind: 'batch';
  /** Ids of the functions that the calls name by index. */
  readonly ids: readonly string[];
  /** Functions among them that this thread does not have yet. */
  definitions: readonly Shipment[];
  /** Functions it may forget. */
  forget: readonly string[];
  /** Per call: an index into `ids`. */
  readonly fns: readonly number[];
  /** Per call: the arguments, or references to them in `entries` where `packed` names the call. */
  readonly args: readonly (readonly unknown[])[];
  readonly packed: readonly number[];
  /** Arguments that do not travel as they are, of all calls together: what they share is sent once. */
  readonly entries: readonly Entry[];
  /** Per call: which of its arguments is the result of the call before it, -1 for none. Empty: of no call. */
  readonly chained: readonly number[];
  /** Milliseconds after which no further call is started. */
  readonly budget: number;
  readonly progress: SharedArrayBuffer;
}

export interface PullMessage {
  readonly kind: 'pull';
  readonly message: unknown;
}

/** Per call in a reply. */
export const DONE = 0;
export const FAILED = 1;
export const NOT_STARTED = 2;
/** Its function could not be made there. */
export const NO_FUNCTION = 3;

export interface BatchReply {
  /** One of the constants above per call. */
  readonly status: Uint8Array;
  /** The result, a parcel of it, or the error thrown; nothing where the next call took it and is done. */
  readonly values: readonly unknown[];
  /** Calls whose value is a parcel. */
  readonly packed: readonly number[];
  /** Calls whose error is the transfer of the result, not the function's own. */
  readonly untransferable: readonly number[];
  /** Start and end of each call, in milliseconds since the epoch. */
  readonly times: Float64Array;
  /** Functions that could not be made, with the reason. */
  readonly broken: readonly (readonly [id: string, reason: ThrownWire])[];
}

/**
 * The progress of a batch, in memory that both sides see, so that after the loss of a thread it is known which call ran.
 * Word 0: the index of the running call, -1 before the first. Float 1: when it started, in milliseconds since the epoch.
 */
export const PROGRESS_BYTES = 16;
