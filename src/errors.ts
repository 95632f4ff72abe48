/**
 * Every error lazuli throws: one class per kind, each with a stable `code`. A message says what was wrong,
 * what was expected and what to do; the original error, where there is one, is kept as `cause`.
 */

/** The base of every error of this library; `code` is stable across versions. */
export class LazuliError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An option that does not exist, or one with a value it cannot have. */
export class OptionError extends LazuliError {
  readonly option: string;

  constructor(option: string, message: string) {
    super('LAZULI_OPTION', message);
    this.option = option;
  }
}

/** An argument of the wrong kind or value. */
export class ArgumentError extends LazuliError {
  constructor(message: string, options?: ErrorOptions) {
    super('LAZULI_ARGUMENT', message, options);
  }
}

/** Shapes that do not fit each other, or an axis out of range. The message names the function and the shapes. */
export class ShapeError extends LazuliError {
  constructor(message: string) {
    super('LAZULI_SHAPE', message);
  }
}

/** A dtype that does not exist or that the function does not take. */
export class DTypeError extends LazuliError {
  constructor(message: string) {
    super('LAZULI_DTYPE', message);
  }
}

/** Malformed CSV; `line` and `column` count from 1. */
export class CsvError extends LazuliError {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number, options?: ErrorOptions) {
    super('LAZULI_CSV', message, options);
    this.line = line;
    this.column = column;
  }
}

/** A malformed `.npy` file, or one whose numbers cannot be held exactly. */
export class NpyError extends LazuliError {
  constructor(message: string, options?: ErrorOptions) {
    super('LAZULI_NPY', message, options);
  }
}

/** A graph in which a task waits for itself. `cycle` lists the keys, the first repeated at the end. */
export class CycleError extends LazuliError {
  readonly cycle: readonly string[];

  constructor(cycle: readonly string[]) {
    super('LAZULI_CYCLE', `the graph has a cycle: ${elide(cycle).join(' → ')}; a task cannot depend on its own result`);
    this.cycle = cycle;
  }
}

/** A key that was asked for and is not in the graph. */
export class MissingKeyError extends LazuliError {
  readonly key: string;

  constructor(key: string, message: string) {
    super('LAZULI_MISSING_KEY', message);
    this.key = key;
  }
}

/** Two different tasks with one key. */
export class DuplicateKeyError extends LazuliError {
  readonly key: string;

  constructor(key: string, message: string) {
    super('LAZULI_DUPLICATE_KEY', message);
    this.key = key;
  }
}

/** A delayed value used as if it were there already: as a number, a string, in `for…of` or with `in`. */
export class DelayedUseError extends TypeError {
  readonly code = 'LAZULI_DELAYED_USE';

  constructor(message: string) {
    super(message);
    this.name = 'DelayedUseError';
  }
}

/** A task failed. `cause` is the original error; `path` leads from the task to what was asked for. */
export class TaskError extends LazuliError {
  readonly key: string;
  readonly path: readonly string[];

  constructor(key: string, path: readonly string[], cause: unknown) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : `thrown value: ${String(cause)}`;
    const way = path.length > 1 ? ` (on the way ${elide(path).join(' → ')})` : '';
    super('LAZULI_TASK', `task '${key}' failed with ${what}${way}`, { cause });
    this.key = key;
    this.path = path;
  }
}

/** A task took longer than its `timeout`. */
export class TaskTimeoutError extends LazuliError {
  readonly timeout: number;

  constructor(timeout: number) {
    super('LAZULI_TIMEOUT', `the task ran longer than its timeout of ${timeout} ms`);
    this.timeout = timeout;
  }
}

/** The computation was aborted through its `signal`; `cause` is the signal's reason. */
export class ComputationAbortedError extends LazuliError {
  constructor(reason: unknown) {
    const why = reason instanceof Error ? reason.message : String(reason);
    super('LAZULI_ABORTED', `the computation was aborted: ${why}`, { cause: reason });
  }
}

/** The thread that ran a task ended (process.exit, out of memory, a crash). A new one has taken its place. */
export class WorkerLostError extends LazuliError {
  constructor(message: string, options?: ErrorOptions) {
    super('LAZULI_WORKER_LOST', message, options);
  }
}

/** A function that cannot be sent to a thread: `variable` is what stands in the way, `path` leads to it. */
export class CaptureError extends LazuliError {
  readonly variable: string;
  readonly path: readonly string[];

  constructor(variable: string, path: readonly string[], message: string, options?: ErrorOptions) {
    super('LAZULI_CAPTURE', message, options);
    this.variable = variable;
    this.path = path;
  }
}

/** A result that cannot travel from a thread back to the caller. */
export class ResultTransferError extends LazuliError {
  constructor(message: string, options?: ErrorOptions) {
    super('LAZULI_RESULT', message, options);
  }
}

/** A device that was asked for and is not available here; `reasons` has one line per device. */
export class DeviceUnavailableError extends LazuliError {
  readonly reasons: Readonly<Record<string, string>>;

  constructor(reasons: Readonly<Record<string, string>>) {
    const lines = Object.entries(reasons).map(([device, reason]) => `'${device}' is not available: ${reason}`);
    super('LAZULI_DEVICE_UNAVAILABLE', `${lines.join('; ')}. devices() lists what this machine has`);
    this.reasons = reasons;
  }
}

/** A task that has no body for the device it was asked to run on. */
export class DeviceUnsupportedError extends LazuliError {
  readonly key: string;

  constructor(key: string, message: string) {
    super('LAZULI_DEVICE_UNSUPPORTED', message);
    this.key = key;
  }
}

/** A device that went away while it was used: what was in its memory is lost. It may be there again later. */
export class DeviceLostError extends LazuliError {
  readonly device: string;

  constructor(device: string, reason: string, options?: ErrorOptions) {
    super('LAZULI_DEVICE_LOST', `device '${device}' was lost: ${reason}`, options);
    this.device = device;
  }
}

/** The shared heap has no room for an array. */
export class HeapExhaustedError extends LazuliError {
  readonly bytes: number;

  constructor(bytes: number, message: string) {
    super('LAZULI_HEAP', message);
    this.bytes = bytes;
  }
}

/** A task that cannot run within the memory budget whatever is written to files. Thrown before anything runs. */
export class MemoryBudgetError extends LazuliError {
  /** The key of the task. */
  readonly key: string;
  /** How many bytes it lacks. */
  readonly bytes: number;

  constructor(key: string, bytes: number, budget: number) {
    const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });
    super(
      'LAZULI_MEMORY_BUDGET',
      `task '${key}' needs ${number(budget + bytes)} bytes at once, ${number(bytes)} more than the budget of ` +
        `${number(budget)}; give it more memory, or work on smaller blocks`,
    );
    this.key = key;
    this.bytes = bytes;
  }
}

/** An array could not be written to a file, or did not come back as it was written. */
export class SpillError extends LazuliError {
  constructor(message: string, cause?: unknown) {
    super('LAZULI_SPILL', message, cause === undefined ? undefined : { cause });
  }
}

/**
 * A function that cannot become a kernel: `construct` is what stands in the way, at `line` and `column`, which count
 * from 1 in the function's own source text as JavaScript sees it (`String(fn)`).
 */
export class KernelSourceError extends LazuliError {
  readonly construct: string;
  readonly line: number;
  readonly column: number;

  /** @param where the call; @param hint what to write instead; @param shown the line of source text. */
  constructor(where: string, construct: string, hint: string, line: number, column: number, shown: string) {
    const { text, caret } = frame(shown, column);
    super(
      'LAZULI_KERNEL_SOURCE',
      `${where}: line ${line}, column ${column}: ${construct} cannot be part of a kernel; ${hint}\n  ${text}\n  ${' '.repeat(caret)}^`,
    );
    this.construct = construct;
    this.line = line;
    this.column = column;
  }
}

/** A line cut to what stands around a column, for tools put whole functions on one line. */
function frame(line: string, column: number, width = 96): { text: string; caret: number } {
  const from = Math.max(0, Math.min(column - 1 - (width >> 1), line.length - width));
  const head = from > 0 ? '…' : '';
  const tail = from + width < line.length ? '…' : '';
  return { text: `${head}${line.slice(from, from + width)}${tail}`, caret: column - 1 - from + head.length };
}

/** A kernel whose bodies do not keep the rules, or do not agree; `report` is what `testKernel` found. */
export class ConformanceError extends LazuliError {
  readonly report: { readonly passed: number; readonly failures: readonly { readonly message: string }[] };

  constructor(message: string, report: ConformanceError['report']) {
    super('LAZULI_CONFORMANCE', message);
    this.report = report;
  }
}

/** An iteration that reached its bound without converging. */
export class ConvergenceError extends LazuliError {
  constructor(message: string) {
    super('LAZULI_CONVERGENCE', message);
  }
}

/** A matrix that an operation cannot take: singular, not positive definite, with NaN or infinite elements. */
export class LinearAlgebraError extends LazuliError {
  constructor(message: string) {
    super('LAZULI_LINEAR_ALGEBRA', message);
  }
}

/** A runtime that was closed, asked to compute. */
export class RuntimeClosedError extends LazuliError {
  constructor() {
    super('LAZULI_CLOSED', 'this runtime is closed; create another with createRuntime()');
  }
}

/** A persisted value whose result was released. */
export class ReleasedError extends LazuliError {
  constructor(key: string) {
    super('LAZULI_RELEASED', `the persisted result of '${key}' was released; compute it again from its own graph`);
  }
}

/** Long lists in messages keep both ends. */
export function elide(items: readonly string[], ends = 6): string[] {
  if (items.length <= 2 * ends + 1) return [...items];
  return [...items.slice(0, ends), `… ${items.length - 2 * ends} more …`, ...items.slice(-ends)];
}

/** The candidate nearest to `word` by edit distance, for “did you mean”; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
