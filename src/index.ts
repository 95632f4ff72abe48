/** The public surface of `lazuli`, and nothing else. */
import type { RunOptions, RuntimeOptions } from './config.js';
import type { DeviceInfo } from './devices/discovery.js';
import { ProgressBar } from './diagnostics/progress.js';
import { visualize as draw } from './diagnostics/visualize.js';
import { installHooks } from './graph/hooks.js';
import type { RawGraph, RawKeys } from './graph/raw.js';
import type { Computed, Persisted, VisualizeOptions } from './graph/types.js';
import { keptArrays } from './lazy/lazy-array.js';
import { defaultRuntime, installProgressBar, type PlanOptions } from './runtime.js';
import { installLazyArrays } from './scheduler/kept.js';
import type { Plan } from './scheduler/planned.js';
import type { RunRecord } from './scheduler/recorder.js';

export { type CsvOptions, CsvTable, parseCsv, readCsv } from './array/csv.js';
export type { DType, TypedArray } from './array/dtype.js';
export type { ArraySpec, Nested } from './array/ndarray.js';
export { NDArray } from './array/ndarray.js';
export type { DeviceChoice, DeviceName, Precision, RunOptions, RuntimeOptions } from './config.js';
export type { Random } from './conformance/random.js';
export {
  type KernelCase,
  type KernelFailure,
  type KernelReport,
  type TestKernelOptions,
  type Tolerance,
  testKernel,
} from './conformance/test-kernel.js';
export type { DeviceInfo } from './devices/discovery.js';
export {
  ArgumentError,
  CaptureError,
  ComputationAbortedError,
  ConformanceError,
  ConvergenceError,
  CsvError,
  CycleError,
  DelayedUseError,
  DeviceUnavailableError,
  DeviceUnsupportedError,
  DTypeError,
  DuplicateKeyError,
  HeapExhaustedError,
  KernelSourceError,
  LazuliError,
  LinearAlgebraError,
  MemoryBudgetError,
  MissingKeyError,
  NpyError,
  OptionError,
  ReleasedError,
  ResultTransferError,
  RuntimeClosedError,
  ShapeError,
  SpillError,
  TaskError,
  TaskTimeoutError,
  WorkerLostError,
} from './errors.js';
export { delayed, isDelayed } from './graph/delayed.js';
export { literal, type RawGraph, type RawKeys } from './graph/raw.js';
export type { TaskOptions, ValueOptions } from './graph/task-options.js';
export type { Computed, Delayed, DelayedTask, Persisted, PersistedDelayed, VisualizeOptions } from './graph/types.js';
export type {
  GpuOperand,
  GpuPass,
  GpuPlan,
  GpuTraits,
  Inferred,
  JsBody,
  Kernel,
  KernelCost,
  KernelParams,
} from './kernels/contract.js';
export type { KernelDefinition, UserWasmBody } from './kernels/define.js';
export type { UserGpuBody } from './kernels/user-shader.js';
export type { UserKernel } from './lazy/define-kernel.js';
export type { GpuKernel, GpuKernelOptions, GpuKernelThis } from './lazy/gpu-kernel.js';
export {
  type ArrayInput,
  type BlockPlace,
  type BlockValue,
  type Boundary,
  type FromBlocksOptions,
  LazyArray,
  type LazyScalar,
  type MapBlocksOptions,
  type MapOverlapOptions,
  nd,
  type PersistedLazyArray,
  random,
} from './lazy/index.js';
export type { ScalarKernel, ScalarKernelOptions } from './lazy/kernel.js';
export * as linalg from './linalg/index.js';
export { createRuntime, type PlanOptions, type Runtime } from './runtime.js';
export type { Choice, Explanation } from './scheduler/explain.js';
export type { Observer } from './scheduler/observer.js';
export type { Plan, PlannedTask } from './scheduler/planned.js';
export type { DeviceTable, MemoryTable, PlatformTable, PoolTable } from './scheduler/platform-table.js';
export type { RunRecord, TaskRecord } from './scheduler/recorder.js';

installProgressBar(() => new ProgressBar());
installLazyArrays(keptArrays);
installHooks({ visualize: (target, options) => draw(target, options, defaultRuntime.lastRun) });

/**
 * Runs what `target` needs and answers the same structure with results in the place of delayed values.
 *
 * @throws OptionError, DuplicateKeyError, DeviceUnavailableError before anything runs; TaskError when a task fails;
 * ComputationAbortedError when `signal` says so. Linear in the number of tasks.
 * @example
 * const inc = delayed((n: number) => n + 1);
 * await compute({ a: inc(1), rest: [inc(2), 'x'] }); // { a: 2, rest: [3, 'x'] }
 */
export function compute<const T>(target: T, options?: RunOptions): Promise<Computed<T>> {
  return defaultRuntime.compute(target, options);
}

/**
 * As `compute`, but results stay where they are: the same structure of delayed values, now backed by them. Each has
 * `release()`, which gives its memory back.
 *
 * @example
 * const squares = await persist(delayed((n: number) => n * n)(12));
 * await squares.compute(); // 144
 * squares.release();
 */
export function persist<const T>(target: T, options?: RunOptions): Promise<Persisted<T>> {
  return defaultRuntime.persist(target, options);
}

/**
 * Runs a raw graph: a record from key to task or value. A task is `[fn, ...args]`; a string that equals a key, also
 * inside nested arrays, stands for that key's result; `literal(x)` is never looked into. The answer has the nesting of
 * `keys`, and the graph is not changed.
 *
 * @throws CycleError, MissingKeyError before anything runs; otherwise as `compute`.
 * @example
 * await get({ a: 1, b: [(x: number) => x + 1, 'a'] }, ['b', 'a']); // [2, 1]
 */
export function get(graph: RawGraph, keys: RawKeys, options?: RunOptions): Promise<unknown> {
  return defaultRuntime.get(graph, keys, options);
}

/**
 * What computing `target` is predicted to take, before anything runs: the makespan beside the least that is possible, the
 * peak of every memory, where and when each task runs, and for each why. Takes the options of `compute`, and `platform`:
 * `plan.platform`, changed, is a what-if. Starts no threads and takes no memory.
 *
 * @throws OptionError, ArgumentError for a platform that is none, DuplicateKeyError, DeviceUnavailableError,
 * DeviceUnsupportedError; MemoryBudgetError naming the task that does not fit and the bytes it lacks
 * @example
 * const wait = delayed((n: number) => n, { cost: { seconds: 0.5 } });
 * const planned = plan([wait(1), wait(2), wait(3)], { workers: 2 });
 * planned.makespan; // 1
 * plan([wait(1), wait(2), wait(3)], { platform: { ...planned.platform, pools: { threads: { slots: 3 } } } }).makespan; // 0.5
 */
export function plan(target: unknown, options?: PlanOptions): Plan {
  return defaultRuntime.plan(target, options);
}

/** Sets options for every later call on the default runtime; those not named stay. */
export function configure(options: RuntimeOptions): void {
  defaultRuntime.configure(options);
}

/** Every device: available, or the reason why not. */
export function devices(): DeviceInfo[] {
  return defaultRuntime.devices();
}

/**
 * Draws the graph of `target`: resolves to SVG text, or writes the `.svg`, `.png`, `.dot` or `.html` file that
 * `filename` names and resolves to its path. Colours that show a run (`'device'`, `'time'`, …) show the last one.
 */
export function visualize(target: unknown, options?: VisualizeOptions): Promise<string> {
  return draw(target, options, defaultRuntime.lastRun);
}

/** The record of the run that ended last on the default runtime: plain data, all zero before the first. */
export const lastRun: RunRecord = {
  get makespan() {
    return defaultRuntime.lastRun?.makespan ?? 0;
  },
  get lowerBound() {
    return defaultRuntime.lastRun?.lowerBound ?? 0;
  },
  get peak() {
    return defaultRuntime.lastRun?.peak ?? { host: 0 };
  },
  get tasks() {
    return defaultRuntime.lastRun?.tasks ?? [];
  },
};
