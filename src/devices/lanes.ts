/**
 * Lanes: the ways a task can leave the main thread. The execution loop hands a task to a lane and hears of its end
 * through the sink; what lies between (batches, messages, shared memory) is the lane's own business.
 */
import type { AnyFunction } from '../graph/node.js';
import type { HeapArray, Kernel, KernelParams } from '../kernels/contract.js';

/** Where a lane reports. Times are milliseconds since the epoch; thread 0 is the main thread. */
export interface LaneSink {
  succeeded(task: number, value: unknown, start: number, end: number, thread: number): void;
  failed(task: number, error: unknown, start: number, end: number, thread: number): void;
  /** A call cannot be sent: it is to run on the main thread. */
  returned(task: number): void;
  /** A call that was to follow another in its thread has not been made: it is to be submitted by itself. */
  unchained(task: number): void;
}

/** A JavaScript call whose arguments are all there. */
export interface FunctionCall {
  readonly task: number;
  readonly name: string;
  readonly fn: AnyFunction;
  readonly args: readonly unknown[];
  /** Milliseconds. */
  readonly timeout: number | undefined;
  /** Bytes the call was said to need while it runs, 0 when nothing was said. */
  readonly memory: number;
  /** Milliseconds it was said to take. */
  readonly milliseconds: number | undefined;
  /**
   * The call submitted just before, whose result is the argument at this position: the two are made one after the
   * other in one thread, and the result in between, which nobody else needs, does not travel.
   */
  readonly previous: { readonly task: number; readonly position: number } | undefined;
}

/** Runs JavaScript functions. */
export interface CallLane {
  /**
   * Whether another call should be submitted now. What is not submitted yet can still be overtaken by what becomes ready
   * and is more urgent; what is, cannot.
   *
   * @param milliseconds what it was said to take
   */
  hasRoomFor(fn: AnyFunction, milliseconds: number | undefined): boolean;
  /** May answer with `returned` at once. */
  submit(call: FunctionCall): void;
  /** After a series of submissions. */
  flush(): void;
  /** Stops what runs and forgets what waits; nothing is reported any more. Resolves when all of it has stopped. */
  abort(): Promise<void>;
}

/** A kernel whose inputs and outputs have their places on the heap. */
export interface KernelCall {
  readonly task: number;
  readonly kernel: Kernel;
  readonly params: KernelParams;
  readonly inputs: readonly HeapArray[];
  readonly outputs: readonly HeapArray[];
  /** Address of the scratch that the kernel asked for, 0 for none. */
  readonly scratch: number;
}

/** Inputs or outputs of a kernel call. */
export type HeapCallArrays = readonly HeapArray[];

/** Runs kernels whose inputs may still be computed: `after` names the tickets of those that are. */
export interface KernelLane {
  /** @throws HeapExhaustedError when there is no memory for the threads' own scratch. */
  hasRoomFor(inputs: number): boolean;
  /** Returns the kernel's ticket. */
  admit(call: KernelCall, after: readonly number[]): number;
  /** Has the main thread woken when all of these tickets have ended: something outside this lane waits for them. */
  join(after: readonly number[]): void;
  /** After a series of admissions. @param more whether there will be more as soon as there is room. */
  flush(more: boolean): void;
  /** Cancels these tickets; each is still reported, as failed. */
  cancel(tickets: Iterable<number>): void;
}
