/**
 * The runtime: compute, persist and get over one heap and one pool of threads. It ties the floors together and decides
 * nothing itself. The default runtime starts on first use and never keeps the process alive; createRuntime() gives an
 * isolated one.
 */

import {
  checkOptions,
  environmentOptions,
  type Precision,
  type RunOptions,
  type RuntimeOptions,
  resolveSettings,
  type Settings,
} from './config.js';
import type { DeviceSource } from './devices/contract.js';
import { type DeviceInfo, kernelDevices } from './devices/discovery.js';
import { Engines } from './devices/engines.js';
import type { LaneSink } from './devices/lanes.js';
import { closeIdleDevices, type KnownDevice, knownDevice } from './devices/leases.js';
import { renew } from './devices/revectorize.js';
import { deviceSources } from './devices/sources.js';
import { buildOf } from './devices/wasm-module.js';
import {
  ComputationAbortedError,
  DeviceUnavailableError,
  MemoryBudgetError,
  OptionError,
  RuntimeClosedError,
} from './errors.js';
import { collect, rebuild } from './graph/collect.js';
import { hook, installHooks } from './graph/hooks.js';
import type { AnyFunction, TaskNode } from './graph/node.js';
import { buildProgram, type Program } from './graph/program.js';
import { installFunctionHash } from './graph/pure-key.js';
import { fromGraph, type RawGraph, type RawKeys } from './graph/raw.js';
import type { Computed, Persisted as PersistedStructure, VisualizeOptions } from './graph/types.js';
import { fuse } from './kernels/fuse.js';
import { MAX_HEAP_BYTES } from './memory/heap.js';
import { measuredDevices } from './scheduler/device-speeds.js';
import { belongsHere, didHere } from './scheduler/inline.js';
import { aroundKept, keepAll, tasksToKeep } from './scheduler/kept.js';
import { knowledgeOf } from './scheduler/knowledge.js';
import { capacityOf, easier, type MemoryPlan, planMemory } from './scheduler/memory-plan.js';
import type { Observer } from './scheduler/observer.js';
import { type Placing, placingOf } from './scheduler/placing.js';
import type { Plan } from './scheduler/planned.js';
import { planProgram } from './scheduler/planner.js';
import type { PlatformTable } from './scheduler/platform-table.js';
import { Recorder, type RunRecord } from './scheduler/recorder.js';
import type { Results } from './scheduler/results.js';
import { Run } from './scheduler/run.js';
import { budgetByDefault, RunMemory } from './scheduler/run-memory.js';
import { waysOf } from './scheduler/ways.js';
import { readScripts } from './workers/locate.js';
import { functionHash } from './workers/ship.js';
import { isLazuliThread } from './workers/thread.js';

/** Makes the observer for `progress: true`; the diagnostics floor installs it, so that nothing here looks upwards. */
let progressBar: (() => Observer) | undefined;

export function installProgressBar(make: () => Observer): void {
  progressBar = make;
}

/** Options of plan(). */
export interface PlanOptions extends RunOptions {
  /** A platform to plan for instead of this machine: devices, threads, memories and links as plain JSON. */
  readonly platform?: PlatformTable | undefined;
}

/** Symbol.asyncDispose, which Node 20 lacks. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** Runs in progress, of all runtimes. */
let runs = 0;

/** So many functions of a program are looked at for the scripts that they come from, before it runs. */
const MOST_READ = 64;

/**
 * An isolated runtime: its own threads, memory and options.
 *
 * @example
 * const runtime = createRuntime({ workers: 2 });
 * const sum = await runtime.compute(delayed((a: number, b: number) => a + b)(1, 2)); // 3
 * await runtime.close();
 */
export class Runtime {
  #options: RuntimeOptions;
  #memory: RunMemory | undefined;
  readonly #engines = new Engines();
  #record: (() => RunRecord) | undefined;
  #closed = false;
  readonly #running = new Set<Pick<Run<unknown>, 'stop' | 'promise'>>();

  constructor(options: RuntimeOptions = {}) {
    this.#options = checkOptions(options, 'createRuntime', 'runtime');
    // So that `const { compute, close } = createRuntime()` works.
    for (const name of ['compute', 'persist', 'get', 'plan', 'visualize', 'configure', 'devices', 'close'] as const) {
      Object.defineProperty(this, name, { value: (this[name] as () => unknown).bind(this) });
    }
  }

  /**
   * Runs what `target` needs and answers the same structure with results in the place of delayed values. Everything
   * asked for in one call shares its intermediates.
   *
   * @throws OptionError, DuplicateKeyError, DeviceUnavailableError before anything runs; TaskError when a task fails;
   * ComputationAbortedError when `signal` says so.
   * @example
   * const inc = delayed((n: number) => n + 1);
   * await runtime.compute({ a: inc(1), rest: [inc(2), 'x'] }); // { a: 2, rest: [3, 'x'] }
   */
  async compute<const T>(target: T, options?: RunOptions): Promise<Computed<T>> {
    const settings = this.#settings(options, 'compute');
    const { nodes, template } = collect(target);
    const results = await this.#run(nodes, settings, takeAll);
    return rebuild(template, results) as Computed<T>;
  }

  /** As `compute`, but the results stay where they are: the same structure of delayed values backed by them. */
  async persist<const T>(target: T, options?: RunOptions): Promise<PersistedStructure<T>> {
    const settings = this.#settings(options, 'persist');
    const { nodes, template } = collect(target);
    const tasks = tasksToKeep(nodes);
    const kept = await this.#run(tasks.flat(), settings, keepAll, { keepsResults: true });
    return rebuild(template, aroundKept(nodes, tasks, kept)) as PersistedStructure<T>;
  }

  /**
   * Runs a raw graph: a record from key to task or value, where a task is `[fn, ...args]` and a string that equals a
   * key stands for that key's result. The answer has the nesting of `keys`.
   *
   * @throws CycleError, MissingKeyError before anything runs; otherwise as `compute`.
   * @example
   * await runtime.get({ a: 1, b: [(x: number) => x + 1, 'a'] }, ['b', 'a']); // [2, 1]
   */
  async get(graph: RawGraph, keys: RawKeys, options?: RunOptions): Promise<unknown> {
    const settings = this.#settings(options, 'get');
    const { nodes, hasUniqueKeys, rebuild: rebuildKeys } = fromGraph(graph, keys);
    return rebuildKeys(await this.#run(nodes, settings, takeAll, { hasUniqueKeys }));
  }

  /**
   * What computing `target` is predicted to take, with the reasons, without running anything: no thread is started and
   * no memory taken. Takes the options of `compute`, and `platform`: `plan.platform` changed is a what-if.
   *
   * @throws OptionError, ArgumentError for a platform that is none, DuplicateKeyError, DeviceUnavailableError,
   * DeviceUnsupportedError; MemoryBudgetError naming the task that does not fit and the bytes it lacks
   * @example
   * const inc = delayed((n: number) => n + 1, { cost: { seconds: 0.5 } });
   * runtime.plan([inc(1), inc(2)], { workers: 1 }).makespan; // 1
   */
  plan(target: unknown, options?: PlanOptions): Plan {
    const { platform, ...rest } = options ?? {};
    const settings = this.#settings(options === undefined ? undefined : rest, 'plan');
    const { nodes } = collect(target);
    const built = buildProgram(nodes);
    const program = optimized(built, settings);
    const isThreaded = settings.scheduler !== 'sync';
    let others = new Map<string, KnownDevice>();
    if (platform === undefined) {
      const isAuto = settings.devices === 'auto';
      const found = kernelDevices(settings.devices);
      others = othersOf(isAuto ? deviceSources() : found.others, !isAuto, settings.precision);
      if (others.size === 0) waysOf(program, isThreaded, found.host);
    }
    const threads = isThreaded ? settings.workers : 1;
    const budget = Math.min(settings.memory.host ?? this.#memory?.budget ?? budgetByDefault(), MAX_HEAP_BYTES);
    const asked = rest as RunOptions;
    const how = {
      allowed: settings.devices === 'auto' ? undefined : settings.devices,
      // A platform says itself what it has; only what is asked for in the same call goes before it
      threads: platform === undefined || asked.workers !== undefined || !isThreaded ? threads : undefined,
      budget: platform === undefined || asked.memory !== undefined ? budget : undefined,
      spill: settings.spill !== false,
      platform,
      others,
      model: knowledgeOf(buildOf(this.#memory?.revectorize ?? settings.revectorize)).model,
    };
    const planned = (form: Program): { readonly plan: Plan; readonly moved: number } => {
      const plan = planProgram(form, how);
      return { plan, moved: plan.spilled };
    };
    return easier(program, () => built, planned).plan.plan;
  }

  /** Draws the graph of `target`; colours that show a run show the last one of this runtime. */
  visualize(target: unknown, options: VisualizeOptions = {}): Promise<string> {
    const run = this.lastRun;
    const shown = run === undefined || options.run !== undefined ? options : { ...options, run };
    return hook('visualize')(target, shown) as Promise<string>;
  }

  /**
   * Sets options for later calls; those not named stay.
   * @throws OptionError; also for `revectorize` after the first computation, which has settled it for this runtime
   */
  configure(options: RuntimeOptions): void {
    const checked = checkOptions(options, 'configure', 'runtime');
    const settled = this.#memory?.revectorize;
    if (settled !== undefined && (checked.revectorize ?? settled) !== settled) {
      throw new OptionError(
        'revectorize',
        `configure: option 'revectorize' is ${settled} since this runtime first computed; set it before that, or ` +
          'make another runtime with createRuntime()',
      );
    }
    this.#options = { ...this.#options, ...checked };
  }

  /** Every device: available, with its speed where `lazuli calibrate` has measured it, or the reason why not. */
  devices(): DeviceInfo[] {
    return measuredDevices(
      this.#memory?.revectorize ?? resolveSettings(this.#options, environmentOptions()).revectorize,
    );
  }

  /** The record of the run that ended last, undefined before the first. */
  get lastRun(): RunRecord | undefined {
    return this.#record?.();
  }

  /** Ends the threads and gives the memory back. Runs in progress are rejected with a RuntimeClosedError. */
  async close(): Promise<void> {
    this.#closed = true;
    const runs = [...this.#running];
    for (const run of runs) run.stop(new RuntimeClosedError());
    await this.#engines.close();
    await Promise.allSettled(runs.map((run) => run.promise));
    await closeIdleDevices();
    await this.#memory?.close();
    this.#memory = undefined;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #settings(options: RunOptions | undefined, where: string): Settings {
    if (this.#closed) throw new RuntimeClosedError();
    const call = checkOptions(options, where, 'run');
    // In a pool thread everything is in use already: work in place unless told otherwise.
    const nested: RunOptions = isLazuliThread() ? { scheduler: 'sync' } : {};
    return resolveSettings(call, this.#options, environmentOptions(), nested);
  }

  #memoryOf({ revectorize }: Settings): RunMemory {
    this.#memory ??= new RunMemory(revectorize);
    return this.#memory;
  }

  /**
   * What `plan` answers; undefined where memory is short because of other runs, which will give some back. A run on behalf
   * of a task is not to wait for them: the task's own run waits for it.
   */
  #ifThereIsRoom<T>(plan: () => T): T | undefined {
    try {
      return plan();
    } catch (error) {
      if (error instanceof MemoryBudgetError && surroundings === undefined && this.#running.size > 0) return undefined;
      throw error;
    }
  }

  async #whenThereIsRoom<T>(plan: () => T, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      await Promise.race(Array.from(this.#running, ({ promise }) => promise.catch(() => {})));
      if (signal?.aborted) throw new ComputationAbortedError(signal.reason);
      if (this.#closed) throw new RuntimeClosedError();
      const planned = this.#ifThereIsRoom(plan);
      if (planned !== undefined) return planned;
    }
  }

  /** How kernels go to devices outside the pool; undefined where none does. */
  #places(program: Program, isThreaded: boolean, settings: Settings): Promise<Placing | undefined> | undefined {
    if (deviceSources().length === 0) return undefined;
    const { devices: asked, workers: threads, precision } = settings;
    return placingOf(program, {
      asked,
      isThreaded,
      threads,
      precision,
      model: this.#memoryOf(settings).knowledge.model,
    });
  }

  async #run<T>(
    nodes: readonly TaskNode[],
    settings: Settings,
    take: (program: Program, results: Results) => T,
    { hasUniqueKeys = false, keepsResults = false } = {},
  ): Promise<T> {
    const devices = kernelDevices(settings.devices).host;
    const built = buildProgram(nodes, hasUniqueKeys);
    const memory = this.#memoryOf(settings);
    const { heap, crowd, mark, local } = memory;
    const store = memory.storeOf(settings.spill);
    const budget = Math.min(settings.memory.host ?? memory.budget, capacityOf(heap, settings.workers));
    const planned = (form: Program): MemoryPlan => planMemory(form, heap, budget, store !== undefined);
    const fused = optimized(built, settings);
    const choose = () => easier(fused, () => built, planned);
    const isThreaded = settings.scheduler !== 'sync';
    const places = this.#places(fused, isThreaded, settings);
    let placing = places === undefined ? undefined : await places;
    const { program, plan } = this.#ifThereIsRoom(choose) ?? (await this.#whenThereIsRoom(choose, settings.signal));
    if (placing !== undefined && program !== fused) placing = await this.#places(program, isThreaded, settings);
    if (placing !== undefined && plan.kind !== 'free') placing = withinBudget(placing, settings);
    if (this.#closed) throw new RuntimeClosedError();
    const keepsKernels =
      settings.scheduler === 'auto' &&
      placing === undefined &&
      belongsHere(program, memory.knowledge, devices, settings.workers);
    // Without calls there is nothing left for threads, and none need be started
    const threaded = isThreaded && program.nodes.length > 0 && !(keepsKernels && !hasCalls(program));
    if (memory.code.micro !== undefined) {
      if (threaded) readScripts(functionsOf(program));
      if (runs === 0) renew();
    }
    const { progress, observers } = settings;
    const bar = progress === true ? progressBar?.() : progress === false ? undefined : progress;
    if (this.#running.size === 0) memory.heap.resetPeak();
    let run: Run<T> | undefined;
    const recorder = new Recorder(program, {
      observers: bar === undefined ? (observers as Observer[]) : [...(observers as Observer[]), bar as Observer],
      scheduler: threaded ? 'threads' : 'sync',
      workers: settings.scheduler === 'sync' ? 0 : settings.workers,
      peak: () => ({ host: Math.max(memory.heap.peak, run?.peak ?? 0), ...run?.devicePeaks }),
      knowledge: memory.knowledge,
      precision: settings.precision,
    });
    const used = threaded ? this.#engines.take(settings.workers, heap, memory.code) : undefined;
    const { workers: threads, retries, timeout, signal } = settings;
    const lanes = used === undefined ? undefined : (sink: LaneSink) => used.engine.lanes(sink);
    const context = {
      heap,
      crowd,
      mark,
      local,
      lanes,
      threads,
      retries,
      timeout,
      signal,
      kernelDevices: devices,
      keepsKernels,
      placing,
      recorder,
      budget,
      plan,
      budgets: settings.memory,
      store,
      keepsResults,
      within: <R>(work: () => R): R => onBehalfOf({ runtime: this, settings }, work),
    };
    try {
      run = new Run(program, context, (results) => take(program, results));
      this.#running.add(run);
      runs++;
      const start = keepsKernels ? performance.now() : 0;
      run.start();
      if (keepsKernels) didHere(performance.now() - start);
      return await run.promise;
    } finally {
      if (run !== undefined) {
        if (this.#running.delete(run)) runs--;
        this.#record = recorder.toRecord();
      }
      used?.done();
      // The files of a run are gone when it is over; those of kept results stay.
      if (store?.isOpen) await store.tidy();
    }
  }
}

/**
 * Where memory decides what starts, a device must not hold places for tasks that may not start yet: where the threads may
 * compute everything they do, else a device is given all that is ready.
 */
function withinBudget(placing: Placing, { devices }: Settings): Placing | undefined {
  if (devices === 'auto' || devices.includes('wasm') || devices.includes('js')) return undefined;
  const { platform } = placing;
  const pools = platform.pools.map((pool) => ({ ...pool, ahead: Number.POSITIVE_INFINITY }));
  return { ...placing, platform: { ...platform, pools } };
}

/**
 * What is known of devices besides the threads, by name.
 * @throws DeviceUnavailableError for one that has to be known and was not used yet
 */
function othersOf(
  sources: readonly DeviceSource[],
  isRequired: boolean,
  precision: Precision,
): Map<string, KnownDevice> {
  const known = new Map<string, KnownDevice>();
  for (const source of sources) {
    const device = knownDevice(source, precision);
    if (device !== undefined) known.set(source.name, device);
    else if (isRequired) {
      throw new DeviceUnavailableError({
        [source.name]:
          'what it can do is known only after it was used: compute something on it, or give plan a platform',
      });
    }
  }
  return known;
}

/** A program after the passes over it. */
function optimized(program: Program, { passes }: Settings): Program {
  return passes.includes('fuse') ? fuse(program) : program;
}

/** Whether a program has tasks that are for threads, or may take their time on this one. */
function hasCalls({ nodes }: Program): boolean {
  return nodes.some(({ op }) => op.kind === 'call' || op.kind === 'method');
}

/** Among the calls of a program that has kernels too, which may be many, some of the functions. */
function functionsOf({ nodes }: Program): ReadonlySet<AnyFunction> {
  const found = new Set<AnyFunction>();
  let hasKernels = false;
  for (const { op } of nodes) {
    if (op.kind === 'call' && found.size < MOST_READ) found.add(op.fn);
    hasKernels ||= op.kind === 'kernel';
  }
  return hasKernels ? found : new Set();
}

function takeAll({ targets }: Program, results: Results): unknown[] {
  return Array.from(targets, (task) => results.take(task));
}

/** A run that this thread works for at the moment. */
interface Surroundings {
  readonly runtime: Runtime;
  readonly settings: Settings;
}

let surroundings: Surroundings | undefined;

function onBehalfOf<R>(run: Surroundings, work: () => R): R {
  const before = surroundings;
  surroundings = run;
  try {
    return work();
  } finally {
    surroundings = before;
  }
}

/**
 * Where `.compute()` of a delayed value goes: to the default runtime, but within a task that runs on this thread to the
 * runtime of that task, and in the same way. An operation that waits for a shape (lazy/late.ts) is such a task.
 */
function here(options: object | undefined): readonly [Runtime, RunOptions] {
  if (surroundings === undefined) return [defaultRuntime, options ?? {}];
  const { scheduler, devices, precision, workers, memory, spill, passes, signal } = surroundings.settings;
  const way = { scheduler, device: devices, precision, workers, spill, optimize: passes, signal };
  const budget = memory.host === undefined ? {} : { memory: memory.host };
  return [surroundings.runtime, { ...way, ...budget, ...options }];
}

/** The runtime behind the functions of the package. */
export const defaultRuntime = new Runtime();

// A pure task's key covers what its function captured.
installFunctionHash(functionHash);

installHooks({
  compute(target, options) {
    const [runtime, way] = here(options);
    return runtime.compute(target, way);
  },
  persist(target, options) {
    const [runtime, way] = here(options);
    return runtime.persist(target, way);
  },
});

/** An isolated runtime with its own threads, memory and options. */
export function createRuntime(options?: RuntimeOptions): Runtime {
  return new Runtime(options);
}
