/** Runs without a runtime: one heap and one engine in the hands of the test, so that it can look at the memory. */
import { type RunOptions, resolveSettings } from '../../dist/config.js';
import { LocalKernels } from '../../dist/devices/bodies.js';
import { kernelDevices } from '../../dist/devices/discovery.js';
import { Engine } from '../../dist/devices/engine.js';
import { compileKernels, instantiate, LEAST_PAGES } from '../../dist/devices/wasm-module.js';
import { MemoryBudgetError } from '../../dist/errors.js';
import { collect, rebuild } from '../../dist/graph/collect.js';
import { buildProgram, type Program } from '../../dist/graph/program.js';
import { HeapMark } from '../../dist/memory/detach.js';
import { Heap } from '../../dist/memory/heap.js';
import { SpillStore } from '../../dist/memory/spill.js';
import { Crowd } from '../../dist/scheduler/crowd.js';
import { capacityOf, planMemory } from '../../dist/scheduler/memory-plan.js';
import { CostModel } from '../../dist/scheduler/model.js';
import type { Observer } from '../../dist/scheduler/observer.js';
import { type Placing, placingOf } from '../../dist/scheduler/placing.js';
import { Recorder } from '../../dist/scheduler/recorder.js';
import { Run } from '../../dist/scheduler/run.js';

export class Bench {
  readonly heap: Heap;
  readonly #mark: HeapMark;
  readonly #local: LocalKernels;
  /** How the last run with devices was placed; undefined where its kernels all stayed on the threads. */
  placing: Placing | undefined;
  readonly #crowd = new Crowd();
  readonly #engine: Engine | undefined;
  #running = 0;
  /** Where arrays go that there is no room for. */
  readonly store = new SpillStore();

  /** @param threads 0 for `sync` */
  constructor(threads: number, limit?: number, module: WebAssembly.Module = compileKernels()) {
    const probe = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: LEAST_PAGES, shared: true });
    const base = (instantiate(module, probe).heapBase as () => number)();
    this.heap = new Heap(limit === undefined ? { base } : { base, limit });
    this.#mark = new HeapMark(this.heap);
    this.#local = new LocalKernels(this.heap, { module });
    this.#engine = threads === 0 ? undefined : new Engine(this.heap, { module }, threads);
  }

  start(target: unknown, options: RunOptions = {}): Run<unknown> {
    const collected = collect(target);
    return this.#begin(collected, buildProgram(collected.nodes), options);
  }

  /** As `start`, with kernels also on devices outside the pool; `asked` names those that may be used. */
  async startOn(
    target: unknown,
    asked: readonly string[] | 'auto',
    options: RunOptions = {},
    model: CostModel = new CostModel(),
  ): Promise<Run<unknown>> {
    const collected = collect(target);
    const program = buildProgram(collected.nodes);
    const { host } = kernelDevices(asked);
    const isThreaded = this.#engine !== undefined;
    const threads = this.#engine?.threads ?? 1;
    const placing = await placingOf(program, { asked, isThreaded, threads, precision: 'float64', model });
    this.placing = placing;
    return this.#begin(collected, program, options, host, placing);
  }

  async computeOn(
    target: unknown,
    asked: readonly string[] | 'auto',
    options?: RunOptions,
    model?: CostModel,
  ): Promise<unknown> {
    return (await this.startOn(target, asked, options, model)).promise;
  }

  #begin(
    { template }: ReturnType<typeof collect>,
    program: Program,
    options: RunOptions,
    kernelDevices: readonly ('wasm' | 'js')[] = ['wasm', 'js'],
    placing?: Placing,
  ): Run<unknown> {
    const settings = resolveSettings(options);
    const engine = this.#engine;
    const budget = Math.min(settings.memory.host ?? this.heap.limit, capacityOf(this.heap, engine?.threads ?? 0));
    const recorder = new Recorder(program, {
      observers: settings.observers as Observer[],
      scheduler: engine === undefined ? 'sync' : 'threads',
      workers: engine?.threads ?? 0,
      peak: () => ({ host: this.heap.peak }),
    });
    const run = new Run(
      program,
      {
        heap: this.heap,
        mark: this.#mark,
        local: this.#local,
        crowd: this.#crowd,
        lanes: engine === undefined ? undefined : (sink) => engine.lanes(sink),
        threads: engine?.threads ?? 1,
        retries: settings.retries,
        timeout: settings.timeout,
        signal: settings.signal,
        kernelDevices,
        placing,
        recorder,
        budget,
        plan: planMemory(program, this.heap, budget, settings.spill !== false),
        store: settings.spill === false ? undefined : this.store,
      },
      (results) =>
        rebuild(
          template,
          Array.from(program.targets, (task) => results.take(task)),
        ),
    );
    run.start();
    return run;
  }

  /** As a runtime does it: a run that does not fit beside others begins when they have ended. */
  async compute(target: unknown, options?: RunOptions): Promise<unknown> {
    for (;;) {
      let run: Run<unknown> | undefined;
      try {
        run = this.start(target, options);
      } catch (error) {
        if (!(error instanceof MemoryBudgetError) || this.#running === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      this.#running++;
      return run.promise.finally(() => this.#running--);
    }
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    await this.store.close();
  }
}
