/**
 * Kernels of a run that may go to devices outside the pool's threads. The dispatch of the simulator decides, by the real
 * clock, which device a kernel goes to: to a line of its own (device-line.ts), or to the threads like any other kernel.
 *
 * What a device made stays in its memory. It is brought to the host once, and only when somebody there needs it
 * (homeward.ts); tasks of the host that take it are ready when it has come. What shows an array in another way is wherever that array is.
 */
import { TaskTimeoutError } from '../errors.js';
import type { TaskNode } from '../graph/node.js';
import type { Heap } from '../memory/heap.js';
import { DeviceLine, type LineHost } from './device-line.js';
import { repeat, toRepeat } from './device-recovery.js';
import { Dispatch, FOLLOWS, PLACED } from './dispatch.js';
import { Homeward, type HomewardHost } from './homeward.js';
import type { KernelFlow, Lack } from './kernel-flow.js';
import type { Placing } from './placing.js';
import type { Recorder } from './recorder.js';
import { Remote, RemoteArray, type RemoteCopy } from './remote.js';
import type { Results } from './results.js';
import { Revisions } from './revisions.js';
import { DONE, STARTED, type TaskTable, WAITING } from './table.js';
import { CALL, ELSEWHERE, HERE, isAlias, KERNEL, kernelDevice, kernelOf, OUTPUT, outputOf } from './ways.js';

/** What the devices ask of their run. */
export interface DeviceHost extends HomewardHost {
  /** A task has its result, on a device. */
  endedThere(task: number, start: number, end: number): void;
  limitOf(task: number): number | undefined;
  /** So many tasks that had ended are run again: their results were lost. */
  repeats(count: number): void;
}

export interface DeviceFlowOptions {
  readonly host: DeviceHost;
  readonly placing: Placing;
  readonly table: TaskTable;
  readonly results: Results;
  readonly kernels: KernelFlow;
  readonly heap: Heap;
  readonly recorder: Recorder;
  readonly isThreaded: boolean;
  readonly keepsResults: boolean;
  /** The threads' bodies that kernels may run by, best first. */
  readonly devices: readonly ('wasm' | 'js')[];
  /** Bytes by device, where the run may not take all of its memory. */
  readonly budgets: Readonly<Record<string, number | undefined>>;
}

export class DeviceFlow implements LineHost {
  readonly #options: DeviceFlowOptions;
  #dispatch: Dispatch;
  /** Seconds by task and device; Infinity where a device turned out to have no body, or to be gone. */
  readonly #seconds: Float64Array;
  readonly #revisions: Revisions;
  /** Tasks that a device had no body for. */
  #refused: { readonly task: number; readonly error: Error }[] = [];
  readonly #remote: Remote;
  readonly #lines: readonly (DeviceLine | undefined)[];
  /** 1 for what is made, or on its way, in a device's memory and not on the host. */
  readonly #away: Uint8Array;
  /** 1 for what is needed on the host for sure: it is asked for, or taken by a task that runs there. */
  readonly #needed: Uint8Array;
  readonly #homeward: Homeward;
  readonly #startedAt: number;
  #isCancelled = false;

  constructor(options: DeviceFlowOptions) {
    this.#options = options;
    const { placing, table, results, recorder, heap } = options;
    const { work, platform, policy, kinds, sources, precision } = placing;
    this.#seconds = work.seconds.slice();
    this.#dispatch = new Dispatch({ work, platform, policy, kinds });
    this.#revisions = new Revisions(table.program, this.#seconds, work.devices);
    const remote = new Remote(sources.length);
    this.#remote = remote;
    results.remote = remote;
    options.kernels.hearsAll = true;
    this.#lines = sources.map((source, index) =>
      source === undefined
        ? undefined
        : new DeviceLine({
            ...{ index, source, host: this, table, results, remote, heap, recorder, kinds, precision },
            budget: options.budgets[source.name],
          }),
    );
    this.#away = new Uint8Array(table.program.nodes.length);
    this.#needed = this.#findNeeded();
    this.#homeward = new Homeward({
      ...{ host: options.host, table, kinds, results, remote, heap, recorder, keepsResults: options.keepsResults },
      ...{ lines: this.#lines, away: this.#away },
      arrived: (task) => {
        this.#dispatch.data.made(task, 0, this.#now());
        this.#arrived(task);
      },
      lost: (task) => {
        this.#needed[task] = 1;
      },
    });
    this.#startedAt = recorder.now();
  }

  #findNeeded(): Uint8Array {
    const { way, program } = this.#options.table;
    const { kinds } = this.#options.placing;
    const { succStart, succs, targets, nodes } = program;
    const needed = new Uint8Array(nodes.length);
    for (const target of targets) needed[target] = 1;
    for (let task = nodes.length - 1; task >= 0; task--) {
      for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
        const user = succs[e] as number;
        if (kinds[user] === FOLLOWS ? needed[user] === 1 : way[user] !== ELSEWHERE) needed[task] = 1;
      }
    }
    return needed;
  }

  /** Whether something of it is going on by itself. */
  get isBusy(): boolean {
    return this.#homeward.isBusy || this.#lines.some((line) => line?.isBusy);
  }

  /** Whether results that were asked for have to come yet. */
  get owes(): boolean {
    return this.#homeward.owes;
  }

  /** What waits for room on the host's heap. */
  get lack(): Lack | undefined {
    return this.#homeward.lack ?? this.#lines.find((line) => line?.lack !== undefined)?.lack;
  }

  /** Whether kernels wait for room on the threads. */
  get isWaiting(): boolean {
    return this.#dispatch.isWaiting;
  }

  #now(): number {
    return (this.#options.recorder.now() - this.#startedAt) / 1000;
  }

  begin(): void {
    this.#dispatch.begin(this.#now());
  }

  /** Places what can be placed, and sends it. */
  pump(): void {
    if (this.#isCancelled) return;
    for (const { task, device } of this.#dispatch.next(this.#now())) {
      const line = this.#lines[device];
      if (line === undefined) this.#toThreads(task);
      else line.queue.push(task);
    }
    for (const line of this.#lines) line?.pump();
    if (this.#refused.length > 0) this.#placeRefused();
    this.#homeward.fetch();
  }

  #placeRefused(): void {
    for (const { task, error } of this.#refused.splice(0)) {
      if (this.#isAble(task)) continue;
      const now = this.#options.recorder.now();
      this.failed(task, error, now, now);
      return;
    }
    this.#placeAnew();
    this.wake();
  }

  /** A task of the host has its result. Times are milliseconds. */
  endedOnHost(task: number, start: number, end: number): void {
    const { kinds } = this.#options.placing;
    // What shows another result is ended with that
    if (kinds[task] === FOLLOWS || this.#isCancelled) return;
    this.#dispatch.end(task, this.#now());
    if (kinds[task] === PLACED) this.#learn(task, 0, (end - start) / 1000);
  }

  /** Where a kernel takes much longer or shorter than predicted, those of its kind that wait are placed anew. */
  #learn(task: number, device: number, seconds: number): void {
    const revision = this.#revisions.of(task, device, seconds);
    if (revision === undefined) return;
    const { dynamic } = this.#options.placing;
    this.#dispatch.revise(revision.tasks, device, revision.factor, dynamic, this.#now());
  }

  /** Sends a kernel to the threads, where it starts when its inputs are on the host. */
  #toThreads(task: number): void {
    const { table, devices, isThreaded } = this.#options;
    const body = kernelDevice(table.program.nodes[task] as TaskNode, undefined, devices);
    this.#sendHere(task, body === 'wasm' && isThreaded ? KERNEL : HERE);
  }

  #sendHere(task: number, to: number): void {
    const { table, kernels } = this.#options;
    const { program, state, ticket, way } = table;
    const { depStart, deps } = program;
    let blocking = 0;
    let distant = 0;
    for (let e = depStart[task] as number; e < (depStart[task + 1] as number); e++) {
      const dep = deps[e] as number;
      if (this.isOnHost(dep)) continue;
      const isInWindow = (ticket[dep] as number) >= 0 && state[dep] !== DONE;
      if (!isInWindow) distant++;
      if (!isInWindow || to !== KERNEL) blocking++;
      if (this.#away[dep] === 1) this.want(dep);
    }
    way[task] = to;
    table.blocking[task] = blocking;
    // One more and one less: if all are in the window, the main thread is woken when they have ended
    table.distant[task] = distant + 1;
    if (blocking === 0) table.makeReady(task);
    else if (to !== KERNEL) kernels.approach(task);
  }

  // What lines ask.

  isOnHost(task: number): boolean {
    return this.#options.table.state[task] === DONE && this.#away[task] === 0;
  }

  want(task: number): void {
    this.#homeward.want(task);
  }

  nextUse(task: number): number {
    const { program, state } = this.#options.table;
    const { kinds } = this.#options.placing;
    let next = Number.POSITIVE_INFINITY;
    for (let e = program.succStart[task] as number; e < (program.succStart[task + 1] as number); e++) {
      const user = program.succs[e] as number;
      if (kinds[user] === FOLLOWS) next = Math.min(next, this.nextUse(user));
      else if (state[user] !== DONE) next = Math.min(next, user);
    }
    return next;
  }

  sent(task: number, device: number): void {
    if (this.#remote.at(task, device) === undefined) return;
    this.#away[task] = 1;
    this.#follow(task, device);
    if (this.#needed[task] === 1) this.#homeward.readEarly(task, device);
  }

  /** What shows the arrays of a result is where they are. */
  #follow(task: number, device: number): void {
    const { table } = this.#options;
    const { succStart, succs } = table.program;
    const { kinds } = this.#options.placing;
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const shows = succs[e] as number;
      if (kinds[shows] !== FOLLOWS || table.way[shows] !== OUTPUT || table.state[shows] !== WAITING) continue;
      table.start(shows);
      this.#away[shows] = 1;
      const copy = this.#shown(shows, task, device);
      if (copy !== undefined) this.#remote.put(shows, device, copy);
      this.#follow(shows, device);
    }
  }

  /** An array as it is shown by a task; undefined where that can only be done on the host. */
  #shown(task: number, source: number, device: number): RemoteCopy | undefined {
    const { program } = this.#options.table;
    const node = program.nodes[task] as TaskNode;
    const arrays = this.#remote.at(source, device);
    if (arrays === undefined) return undefined;
    if (!isAlias(node)) {
      const array = arrays[outputOf(program, task)?.output ?? -1];
      return array === undefined ? undefined : [array.retain()];
    }
    const memory = this.#lines[device]?.memory;
    const [first] = arrays;
    if (memory?.alias === undefined || first === undefined) return undefined;
    try {
      const { kernel, params } = kernelOf(node);
      const spec = kernel.infer([first.array], params).outputs[0];
      if (spec === undefined) return undefined;
      first.retain();
      return [new RemoteArray(memory, memory.alias(first.array, spec), () => first.release())];
    } catch {
      // It is an error of that task, when its turn comes
      return undefined;
    }
  }

  ended(task: number, device: number, start: number, end: number): void {
    const { host } = this.#options;
    if (!host.isGoing) return;
    const limit = host.limitOf(task);
    if (limit !== undefined && end - start > limit) {
      host.failedThere(task, new TaskTimeoutError(limit), start, end);
      return;
    }
    this.#dispatch.end(task, this.#now());
    this.#learn(task, device, (end - start) / 1000);
    this.#endedThere(task, start, end);
    if (this.#away[task] === 0) this.#arrived(task);
  }

  #endedThere(task: number, start: number, end: number): void {
    const { host, table } = this.#options;
    const { succStart, succs } = table.program;
    const shows: number[] = [];
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const user = succs[e] as number;
      const isShown = this.#options.placing.kinds[user] === FOLLOWS && table.state[user] === STARTED;
      // What can only be shown on the host keeps its source until it is there
      if (isShown && this.#away[user] === 1 && this.#remote.holder(user) >= 0) shows.push(user);
    }
    host.endedThere(task, start, end);
    for (const user of shows) this.#endedThere(user, end, end);
    if (this.#options.placing.kinds[task] !== FOLLOWS) this.#wantNeeded(task);
  }

  /** Of a result and what shows it, what is needed on the host. When all that needed it shows it, it is gone by now. */
  #wantNeeded(task: number): void {
    const { succStart, succs } = this.#options.table.program;
    if (this.#away[task] === 1 && this.#needed[task] === 1) this.want(task);
    for (let e = succStart[task] as number; e < (succStart[task + 1] as number); e++) {
      const user = succs[e] as number;
      if (this.#options.placing.kinds[user] === FOLLOWS) this.#wantNeeded(user);
    }
  }

  failed(task: number, error: unknown, start: number, end: number): void {
    const { host } = this.#options;
    if (host.isGoing) host.failedThere(task, error, start, end);
    else host.wake();
  }

  refused(task: number, device: number, error: Error): void {
    this.#bar(task, device);
    this.#refused.push({ task, error });
  }

  #bar(task: number, device: number): void {
    this.#seconds[task * this.#lines.length + device] = Number.POSITIVE_INFINITY;
  }

  #isAble(task: number): boolean {
    const { length } = this.#lines;
    return this.#seconds.subarray(task * length, (task + 1) * length).some((time) => time !== Number.POSITIVE_INFINITY);
  }

  /** What has not run, and what was nowhere else and is needed, is computed elsewhere, where that can be. */
  lost(device: number, error: unknown, tasks: readonly number[]): void {
    const { host, table, recorder, placing, results } = this.#options;
    if (!host.isGoing) return;
    const { program } = table;
    const first = tasks[0] ?? 0;
    const fail = (task: number): void => this.failed(task, error, recorder.now(), recorder.now());
    for (let task = 0; task < program.nodes.length; task++) this.#bar(task, device);
    const gone = [...this.#remote.tasksIn(device)].filter((task) => this.#away[task] === 1);
    for (const task of [...this.#remote.tasksIn(device)]) this.#remote.drop(task, device);
    this.#homeward.forgetReads();
    const ends = new Set([...tasks, ...gone].filter((task) => this.#remote.holder(task) < 0));
    const again = toRepeat({ table, results, ends });
    const undone = Array.from(table.state.keys()).filter((task) => table.state[task] !== DONE || again.tasks.has(task));
    const isHopeless = undone.some((task) => placing.kinds[task] === PLACED && !this.#isAble(task));
    if (isHopeless || again.isImpossible || table.keeper?.isStrict) {
      fail(first);
      return;
    }
    for (const task of ends) {
      if (this.#homeward.unwant(task)) this.#needed[task] = 1;
      this.#away[task] = 0;
    }
    // What can only be shown on the host waits for its source again
    for (let task = 0; task < program.nodes.length; task++) {
      const isWaiting = placing.kinds[task] === FOLLOWS && table.state[task] === STARTED && this.#away[task] === 1;
      if (isWaiting && this.#remote.holder(task) < 0) again.tasks.add(task);
    }
    const repeated = [...again.tasks].filter((task) => table.state[task] === DONE);
    repeat(again.tasks, table, results);
    host.repeats(repeated.length);
    for (const task of again.tasks) {
      this.#away[task] = 0;
      if (placing.kinds[task] === PLACED) table.way[task] = ELSEWHERE;
      else this.#sendHere(task, placing.kinds[task] === FOLLOWS ? OUTPUT : HERE);
    }
    this.#placeAnew();
  }

  /** A dispatch of what is left, as things are. */
  #placeAnew(): void {
    const { placing, table } = this.#options;
    const { work, platform, policy, kinds } = placing;
    const { state, way } = table;
    const now = this.#now();
    const given = new Int32Array(work.size).fill(-1);
    this.#lines.forEach((line, device) => {
      for (const task of [...(line?.queue ?? []), ...(line?.inFlight.keys() ?? [])]) given[task] = device;
    });
    const dispatch = new Dispatch({ work: { ...work, seconds: this.#seconds }, platform, policy, kinds });
    for (let task = 0; task < work.size; task++) {
      if (kinds[task] === FOLLOWS) continue;
      const isDone = state[task] === DONE;
      let device = given[task] as number;
      if (device < 0 && this.#away[task] === 1) device = this.#remote.holder(task);
      if (device < 0 && (isDone || way[task] !== ELSEWHERE)) {
        device = this.#seconds[task * this.#lines.length] === Number.POSITIVE_INFINITY ? 1 : 0;
      }
      if (isDone || (device >= 0 && kinds[task] === PLACED)) dispatch.adopt(task, Math.max(0, device), isDone, now);
    }
    this.#dispatch = dispatch;
    dispatch.begin(now);
  }

  wake(): void {
    this.#options.host.wake();
  }

  /** The most bytes that were in each device's own memory. */
  get peaks(): Record<string, number> {
    const peaks: Record<string, number> = {};
    for (const line of this.#lines) if (line?.memory !== undefined) peaks[line.source.name] = line.memory.peak;
    return peaks;
  }

  // To the host.

  /** A result is on the host: tasks there that take it may be ready. */
  #arrived(task: number): void {
    const { table, kernels } = this.#options;
    const { way, state, program } = table;
    for (let e = program.succStart[task] as number; e < (program.succStart[task + 1] as number); e++) {
      const user = program.succs[e] as number;
      if (this.#away[user] === 1 && this.#options.placing.kinds[user] === FOLLOWS) {
        if (state[user] === DONE && this.#options.results.uses(user) === 0) continue;
        try {
          kernels.takeOutput(user);
        } catch (error) {
          const now = this.#options.recorder.now();
          this.failed(user, error, now, now);
          return;
        }
        this.#away[user] = 0;
        const now = this.#options.recorder.now();
        if (state[user] === STARTED) this.#options.host.endedThere(user, now, now);
        this.#arrived(user);
      } else if (
        (way[user] === HERE || way[user] === CALL || way[user] === KERNEL || way[user] === OUTPUT) &&
        state[user] === WAITING
      ) {
        table.unblock(user);
        if (way[user] !== KERNEL) kernels.approach(user);
      }
    }
  }

  // The end.

  cancel(): void {
    this.#isCancelled = true;
    this.#homeward.clear();
    for (const line of this.#lines) line?.cancel();
  }

  close(): void {
    this.#remote.releaseAll();
    for (const line of this.#lines) line?.close();
  }
}
