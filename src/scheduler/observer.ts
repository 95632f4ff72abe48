/**
 * What a run tells while it goes: the observer's contract and its events. Events are plain data that survive
 * `structuredClone` (apart from the thrown value of an error), so an observer may keep, send or print them.
 *
 * Every time is in seconds since the start of the run, every size in bytes. Calls come on the main thread, in the
 * order in which the scheduler learns of things: with threads, starts and ends that arrive together may come in one
 * batch, so the times inside the events, not the moment of the call, say when something happened. An observer only
 * looks: what it returns is ignored, and what it throws never reaches the run.
 */

/** The run begins: everything is checked and planned, nothing has run. */
export interface RunStartEvent {
  /** Tasks that will run: after culling and optimisation. */
  readonly tasks: number;
  /** `'sync'`, `'threads'` or the name of a scheduler object. */
  readonly scheduler: string;
  /** Pool threads that may run tasks; 0 when everything runs on the main thread. */
  readonly workers: number;
  /** Milliseconds since the epoch at the zero of all other times of the run. */
  readonly startedAt: number;
}

/** A task begins on a thread. Retried tasks begin more than once. */
export interface TaskStartEvent {
  readonly key: string;
  /** The name of what the task runs: the function's, the kernel's, or the task's `name` option. */
  readonly name: string;
  /** The task's place in the program of this run, from 0. */
  readonly index: number;
  readonly device: string;
  /** 0 is the main thread, 1 and up are the pool's. */
  readonly thread: number;
  readonly start: number;
}

/** A task has its result. */
export interface TaskEndEvent extends TaskStartEvent {
  readonly end: number;
  /** Size of the result, as far as it is known: 0 for what is not an array. */
  readonly bytes: number;
  /** Bytes the run holds on the host after this task, where the scheduler keeps account. */
  readonly used?: number;
}

/** A result crosses from one memory to another. */
export interface TransferEvent {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** A result is written to disk, or comes back from there. */
export interface SpillEvent {
  readonly key: string;
  readonly direction: 'out' | 'in';
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** A task failed. With `retrying` it will begin again; otherwise the run ends with this error. */
export interface TaskErrorEvent {
  readonly key: string;
  readonly name: string;
  readonly index: number;
  readonly error: unknown;
  readonly time: number;
  readonly retrying: boolean;
}

/** The run is over. Always the last event, also after an error or an abort. */
export interface RunFinishEvent {
  readonly ok: boolean;
  /** Tasks that have a result. */
  readonly tasks: number;
  readonly makespan: number;
  /** What the run was rejected with, when it was. */
  readonly error?: unknown;
}

/**
 * Looks at a run: `compute(x, { observers: [observer] })`. Every method is optional.
 *
 * ```ts
 * const slow = { onTaskEnd: (task) => task.end - task.start > 1 && console.log(task.key) };
 * await compute(result, { observers: [slow] });
 * ```
 */
export interface Observer {
  onStart?(run: RunStartEvent): void;
  onTaskStart?(task: TaskStartEvent): void;
  onTaskEnd?(task: TaskEndEvent): void;
  onTransfer?(transfer: TransferEvent): void;
  onSpill?(spill: SpillEvent): void;
  onError?(failure: TaskErrorEvent): void;
  onFinish?(run: RunFinishEvent): void;
}
