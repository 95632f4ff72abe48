/**
 * What this process knows of how long things take: the cost model and the measured speeds of the devices, one of each
 * for every build of the kernels. Read from the cost file at first use and written back now and then and at the end of
 * the process, so that the next one need not begin with nothing.
 *
 * `LAZULI_CACHE` names another folder for the file, or is `off`: then nothing is read or written. Threads of the pool
 * have no file either. Nothing here ever throws for a file: it is a cache.
 */
import { resolve } from 'node:path';
import type { KernelBuild } from '../devices/build.js';
import { codeHash } from '../devices/wasm-module.js';
import { isLazuliThread } from '../workers/thread.js';
import { CostFile, cacheFolder, machineKey } from './cost-file.js';
import { type Finished, Lesson, type Predictions } from './lessons.js';
import { CostModel, type DeviceSpeed } from './model.js';

/** How long after something was learned it is written, in milliseconds: whatever comes meanwhile is written with it. */
const SAVE_AFTER_MS = 30_000;

/** Finished runs that wait to be learned from; of more, those that waited longest teach nothing. */
const MOST_WAITING = 4;
/** The first runs of a process are learned from at once, later ones in groups: so far apart, in milliseconds, … */
const AT_ONCE = 64;
const PAUSE_MS = 20;
/** … and further where learning took more than this part of the time. */
const SHARE = 0.02;

/** The name under which calibration keeps what waking threads costs. */
export const THREADS = 'threads';
/** What that is assumed to be. */
const WAKING_SECONDS = 300e-6;

/** What is assumed of devices that were never measured. */
const assumed: readonly (readonly [string, DeviceSpeed])[] = [
  ['wasm', { overhead: 1e-6, flops: 3e10, bandwidth: 1e10 }],
  ['js', { overhead: 1e-6, flops: 1e9, bandwidth: 2e9 }],
];

export class Knowledge {
  readonly model: CostModel;
  readonly #file: CostFile | undefined;
  readonly #speeds = new Map<string, DeviceSpeed>(assumed);
  readonly #measured = new Map<string, DeviceSpeed>();
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;
  /** Runs learned from, and milliseconds until the next ones are. */
  #learned = 0;
  #pause = 0;
  #isChanged = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param file where it is kept; undefined for nowhere
   * @param code a hash of the compiled kernels
   */
  constructor(file: CostFile | undefined, code = '') {
    this.#file = file;
    const kept = file?.load();
    this.model = new CostModel(this.#speeds, kept?.model, code);
    for (const [device, speed] of Object.entries(kept?.speeds ?? {})) this.#setSpeed(device, speed);
  }

  /** The file that it is kept in; undefined where it is not kept. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  /** What calibration measured of a device; undefined when it was never done on this machine. */
  speed(device: string): DeviceSpeed | undefined {
    return this.#measured.get(device);
  }

  /** Seconds that it takes to wake the threads of a pool and to hear of the end, besides the work itself. */
  get waking(): number {
    return this.#measured.get(THREADS)?.overhead ?? WAKING_SECONDS;
  }

  /** Enters what calibration measured. */
  calibrated(speeds: Readonly<Record<string, DeviceSpeed>>): void {
    for (const [device, speed] of Object.entries(speeds)) this.#setSpeed(device, speed);
    this.#isChanged = true;
  }

  #setSpeed(device: string, speed: DeviceSpeed): void {
    this.#measured.set(device, speed);
    this.#speeds.set(device, speed);
  }

  /** Does it when this thread has nothing else to do. */
  later(learn: () => void): void {
    this.#waiting.push(learn);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const learnAll = (): void => {
      this.#isScheduled = false;
      this.#learnWaiting();
    };
    // Behind what this thread has to do now; the process need not wait for it
    if (this.#pause === 0) setImmediate(learnAll).unref();
    else setTimeout(learnAll, this.#pause).unref();
  }

  #learnWaiting(): void {
    const start = performance.now();
    const waiting = this.#waiting.splice(0);
    for (const learn of waiting) learn();
    this.#learned += waiting.length;
    if (this.#learned > AT_ONCE) this.#pause = Math.max(PAUSE_MS, (performance.now() - start) / SHARE);
  }

  /** What the model had expected of a run, and what it learns from it. */
  learn(run: Finished): Predictions {
    const lesson = new Lesson(run, this.model);
    if (lesson.teach(this.model)) this.#changed();
    return lesson.predictions;
  }

  /** The model has learned something: it will be written. */
  #changed(): void {
    this.#isChanged = true;
    if (this.#file === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.save();
    }, SAVE_AFTER_MS);
    this.#timer.unref();
  }

  /** Writes what was learned since the last time; what other processes wrote meanwhile stays where this one knows nothing. */
  save(): boolean {
    this.#learnWaiting();
    if (this.#file === undefined || !this.#isChanged) return false;
    const others = this.#file.load();
    if (others !== undefined) {
      this.model.add(others.model);
      for (const [device, speed] of Object.entries(others.speeds)) {
        if (!this.#measured.has(device)) this.#setSpeed(device, speed);
      }
    }
    this.#isChanged = false;
    return this.#file.save({ speeds: Object.fromEntries(this.#measured), model: this.model.toJSON() });
  }
}

const all = new Map<KernelBuild, Knowledge>();

/** The folder that `LAZULI_CACHE` names, the system's own without it; undefined for `off`. */
export function costFolder(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const { LAZULI_CACHE: said } = env;
  if (said === 'off') return undefined;
  return said === undefined || said === '' ? cacheFolder() : resolve(said);
}

/** What this process knows, for a build of the kernels. */
export function knowledgeOf(build: KernelBuild): Knowledge {
  let found = all.get(build);
  if (found === undefined) {
    const folder = isLazuliThread() ? undefined : costFolder();
    const file = folder === undefined ? undefined : new CostFile(folder, machineKey(build));
    found = new Knowledge(file, codeHash(build));
    if (all.size === 0 && file !== undefined) process.on('exit', saveAll);
    all.set(build, found);
  }
  return found;
}

function saveAll(): void {
  for (const knowledge of all.values()) knowledge.save();
}
